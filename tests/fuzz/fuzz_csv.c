/* A table, and each of its fields as an amount and as a date. */
#include "tests/fuzz/fuzz.h"

#include "policy/amounts.h"
#include "policy/csv.h"
#include "policy/date.h"
#include "policy/money.h"

static void read_field(const char *text)
{
    char date[DATE_CHARS + 1], written[MONEY_CHARS];
    struct money m;
    const char *why = NULL;
    PROMISED(date_parse(text, date, &why) || why);
    if (!money_parse(text, NULL, &m, &why)) {
        PROMISED(why != NULL);
        return;
    }
    money_format(m.amount, m.currency, written);
    struct money again;
    PROMISED(money_parse(written, m.currency, &again, &why) && again.amount == m.amount);
    amount_stands_in(text, m.amount, m.currency);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {0};
    struct strings row = {0};
    const char *charset;
    if (csv_decode(data, size, &text, &charset)) {
        struct csv c = {0};
        enum csv_result result;
        csv_open(&c, text.data ? text.data : "", text.len);
        do {
            const char *why = NULL;
            result = csv_next(&c, &row, &why);
            PROMISED(result != CSV_NO_MEMORY && (result != CSV_BAD || why));
            for (size_t i = 0; result == CSV_ROW && i < row.count; i++)
                read_field(row.items[i]);
        } while (result != CSV_END);
    }
    strings_free(&row);
    bytes_free(&text);
    return 0;
}
