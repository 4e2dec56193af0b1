/*
 * import - from the octets of a table to rows, the bad ones told by line
 *
 * A table must be stable: what is imported twice changes nothing. So lines that contradict
 * each other (one invoice with two amounts) are refused here, and a debtor has the first name
 * that the table gives.
 */
#include "db/import.h"

#include <glib.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/csv.h"
#include "policy/date.h"
#include "policy/money.h"

enum { TEXT_MAX = 200, PROBLEMS_MAX = 1000 };

/* What parsing needs beside the plan. */
struct parse {
    struct import *plan;
    GHashTable *seen;  /* key of a row -> its position + 1 */
    GHashTable *names; /* debtor's code -> first name */
};

bool import_problem(struct import *plan, unsigned line, const char *format, ...)
{
    plan->skipped++;
    if (plan->problems.count == PROBLEMS_MAX)
        return strings_add(&plan->problems, "further problems are not listed");
    if (plan->problems.count > PROBLEMS_MAX)
        return true;
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct bytes all = {0};
    bool done = bytes_printf(&all, "%s:%u: %s", plan->name, line, text) &&
                strings_add(&plan->problems, all.data);
    bytes_free(&all);
    return done;
}

static void row_clear(struct import_row *row)
{
    for (int k = 0; k < COLUMN_COUNT; k++)
        free(row->text[k]);
    *row = (struct import_row){0};
}

void import_free(struct import *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        row_clear(&plan->rows[i]);
    free(plan->rows);
    free(plan->name);
    strings_free(&plan->header);
    strings_free(&plan->problems);
    strings_free(&plan->warnings);
    *plan = (struct import){0};
}

/* Texts become keys, subjects and log lines: no control characters, no endless names. Line ends
   inside a quoted name are blanks. */
static const char *text_fault(char *text)
{
    for (char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
        if ((unsigned char)*c < ' ' || *c == 127)
            return "holds a control character: remove it";
    }
    return strlen(text) > TEXT_MAX ? "is longer than 200 octets: shorten it" : NULL;
}

static const char *required_fault(const struct import_map *map, const struct import_row *row,
                                  enum import_column column)
{
    static const bool required[][COLUMN_COUNT] = {
        [IMPORT_INVOICES] = {[COLUMN_INVOICE] = true,
                             [COLUMN_DEBTOR] = true,
                             [COLUMN_DUE] = true,
                             [COLUMN_AMOUNT] = true},
        [IMPORT_CONTACTS] = {[COLUMN_DEBTOR] = true, [COLUMN_ADDRESS] = true},
        [IMPORT_PAYMENTS] = {[COLUMN_INVOICE] = true, [COLUMN_AMOUNT] = true, [COLUMN_DATE] = true},
    };
    return required[map->kind][column] && !row->text[column] ? "is empty: fill it in" : NULL;
}

/* Replace a text by its normal form. *why is NULL when memory is short. */
static bool set_date(char **text, const char **why)
{
    char date[DATE_CHARS + 1];
    if (!*text)
        return true;
    if (!date_parse(*text, date, why))
        return false;
    *why = NULL;
    char *copy = strdup(date);
    if (!copy)
        return false;
    free(*text);
    *text = copy;
    return true;
}

/* An address, "@domain", or a bare domain. */
static bool set_address(char **text, const char **why)
{
    const char *at = strrchr(*text, '@');
    bool domain = !at || at == *text;
    const char *name = at ? at + 1 : *text;
    *why = "is neither an address nor a domain: write it as name@domain or @domain";
    if (!strchr(name, '.') || name[0] == '.' || strpbrk(*text, " \t<>,;\"()[]") ||
        (at && strchr(*text, '@') != at))
        return false;
    *why = NULL;
    char *normal = domain ? domain_normalise(name) : address_normalise(*text);
    struct bytes all = {0};
    bool done = normal && bytes_printf(&all, "%s%s", domain ? "@" : "", normal);
    free(normal);
    char *copy = done ? bytes_steal(&all) : NULL;
    bytes_free(&all);
    if (!copy)
        return false;
    free(*text);
    *text = copy;
    return true;
}

/* The currency column's word, or NULL where the table or the line has none. */
static const char *currency_of(struct import_row *row)
{
    char *code = row->text[COLUMN_CURRENCY];
    if (!code)
        return NULL;
    if (strcmp(code, "\u20ac") == 0 || strcasecmp(code, "euro") == 0 ||
        strcasecmp(code, "euros") == 0)
        return "EUR";
    for (char *c = code; *c; c++)
        *c = g_ascii_toupper(*c);
    return code;
}

/* Amounts of payments without a currency are read once the invoice's is known. */
static bool set_amount(const struct import_map *map, struct import_row *row, const char **why)
{
    struct money m;
    const char *currency = currency_of(row);
    if (!row->text[COLUMN_AMOUNT] || (map->kind == IMPORT_PAYMENTS && !currency))
        return true;
    if (!money_parse(row->text[COLUMN_AMOUNT], currency, &m, why))
        return false;
    row->amount = m.amount;
    memcpy(row->currency, m.currency, sizeof row->currency);
    return true;
}

/* Judge and convert one column. 1 good, 0 a problem was noted, -1 out of memory. */
static int take_column(struct import *plan, struct import_row *row, enum import_column column)
{
    char **text = &row->text[column];
    const char *why = required_fault(&plan->map, row, column);
    bool good = !why;
    if (good && *text) {
        why = text_fault(*text);
        good = !why;
    }
    if (good && (column == COLUMN_ISSUED || column == COLUMN_DUE || column == COLUMN_DATE))
        good = set_date(text, &why);
    else if (good && column == COLUMN_ADDRESS && *text)
        good = set_address(text, &why);
    else if (good && column == COLUMN_AMOUNT)
        good = set_amount(&plan->map, row, &why);
    if (good)
        return 1;
    if (!why)
        return -1;
    const char *title = plan->header.items[plan->map.at[column]];
    return import_problem(plan, row->line, "%s \"%.60s\" %s%s", title, *text ? *text : "", why,
                          strchr(why, ':') ? "" : ": correct it in the table")
               ? 0
               : -1;
}

/* What a line is about: a second line about the same must say the same. */
static bool row_key(const struct import_map *map, const struct import_row *row, struct bytes *key)
{
    const char *invoice = row->text[COLUMN_INVOICE];
    if (map->kind == IMPORT_INVOICES)
        return bytes_puts(key, invoice);
    if (map->kind == IMPORT_CONTACTS)
        return bytes_printf(key, "%s\n%s", row->text[COLUMN_DEBTOR], row->text[COLUMN_ADDRESS]);
    return bytes_printf(key, "%s\n%s", invoice, row->text[COLUMN_REFERENCE]);
}

static bool same_text(const struct import_row *a, const struct import_row *b)
{
    for (int k = 0; k < COLUMN_COUNT; k++)
        if (g_strcmp0(a->text[k], b->text[k]) != 0)
            return false;
    return true;
}

/* Payments without a reference get one from what they are: date, amount, and the how-manieth
   such payment of the table it is. */
static bool derive_reference(struct parse *p, struct import_row *row)
{
    struct money m;
    const char *why;
    char amount[MONEY_CHARS] = ""; /* one form, however the table writes it */
    if (money_parse(row->text[COLUMN_AMOUNT], currency_of(row), &m, &why))
        money_format(m.amount, m.currency, amount);
    for (unsigned n = 1; n < IMPORT_ROWS_MAX; n++) {
        struct bytes reference = {0}, key = {0};
        bool done = bytes_printf(&reference, "%s %s #%u", row->text[COLUMN_DATE],
                                 amount[0] ? amount : row->text[COLUMN_AMOUNT], n);
        row->text[COLUMN_REFERENCE] = done ? bytes_steal(&reference) : NULL;
        bytes_free(&reference);
        if (!row->text[COLUMN_REFERENCE] || !row_key(&p->plan->map, row, &key)) {
            bytes_free(&key);
            return false;
        }
        bool taken = g_hash_table_contains(p->seen, key.data);
        bytes_free(&key);
        if (!taken)
            return true;
        free(row->text[COLUMN_REFERENCE]);
        row->text[COLUMN_REFERENCE] = NULL;
    }
    return false;
}

/* 1: keep the row; 0: it repeats or contradicts an earlier one; -1 out of memory. */
static int judge_repetition(struct parse *p, const struct import_row *row)
{
    struct import *plan = p->plan;
    struct bytes key = {0};
    if (!row_key(&plan->map, row, &key)) {
        bytes_free(&key);
        return -1;
    }
    size_t before = GPOINTER_TO_SIZE(g_hash_table_lookup(p->seen, key.data));
    int verdict = 0;
    if (!before) {
        g_hash_table_insert(p->seen, g_strdup(key.data), GSIZE_TO_POINTER(plan->count + 1));
        verdict = 1;
    } else if (same_text(&plan->rows[before - 1], row)) {
        plan->unchanged++;
    } else if (!import_problem(plan, row->line,
                               "says something else about the same %s as line %u: keep one",
                               plan->map.kind == IMPORT_CONTACTS   ? "contact"
                               : plan->map.kind == IMPORT_PAYMENTS ? "payment reference"
                                                                   : "invoice",
                               plan->rows[before - 1].line)) {
        verdict = -1;
    }
    bytes_free(&key);
    return verdict;
}

/* One debtor, one name: the table's first. */
static bool settle_name(struct parse *p, struct import_row *row)
{
    char **name = &row->text[COLUMN_NAME];
    if (p->plan->map.kind != IMPORT_INVOICES)
        return true;
    const char *first = g_hash_table_lookup(p->names, row->text[COLUMN_DEBTOR]);
    if (!first && *name)
        g_hash_table_insert(p->names, g_strdup(row->text[COLUMN_DEBTOR]), g_strdup(*name));
    if (!first || (*name && strcmp(first, *name) == 0))
        return true;
    free(*name);
    *name = strdup(first);
    return *name != NULL;
}

static bool add_row(struct import *plan, struct import_row *row)
{
    if (plan->count == plan->room) {
        size_t room = plan->room ? plan->room * 2 : 64;
        struct import_row *grown = realloc(plan->rows, room * sizeof *grown);
        if (!grown)
            return false;
        plan->rows = grown;
        plan->room = room;
    }
    plan->rows[plan->count++] = *row;
    *row = (struct import_row){0};
    return true;
}

static bool copy_fields(const struct import *plan, const struct strings *fields,
                        struct import_row *row, bool *empty)
{
    *empty = true;
    for (size_t i = 0; i < fields->count; i++)
        *empty = *empty && fields->items[i][0] == '\0';
    for (int k = 0; k < COLUMN_COUNT; k++) {
        int at = plan->map.at[k];
        const char *text = at >= 0 && (size_t)at < fields->count ? fields->items[at] : "";
        if (*text && !(row->text[k] = strdup(text)))
            return false;
    }
    return true;
}

static bool too_wide(const struct import *plan, const struct strings *fields)
{
    for (size_t i = plan->header.count; i < fields->count; i++)
        if (fields->items[i][0])
            return true;
    return false;
}

/* False: out of memory. */
static bool take_row(struct parse *p, const struct strings *fields, struct import_row *row)
{
    struct import *plan = p->plan;
    bool empty;
    if (!copy_fields(plan, fields, row, &empty))
        return false;
    if (empty)
        return true;
    if (too_wide(plan, fields))
        return import_problem(plan, row->line,
                              "has %zu fields, the header %zu: quote the field that holds a "
                              "separator",
                              fields->count, plan->header.count);
    for (int k = 0; k < COLUMN_COUNT; k++) {
        int good = plan->map.at[k] < 0 ? 1 : take_column(plan, row, k);
        if (good <= 0)
            return good == 0;
    }
    if (plan->map.kind == IMPORT_PAYMENTS && !row->text[COLUMN_REFERENCE] &&
        !derive_reference(p, row))
        return false;
    if (!settle_name(p, row))
        return false;
    int kept = judge_repetition(p, row);
    return kept > 0 ? add_row(plan, row) : kept == 0;
}

static bool take_rows(struct parse *p, struct csv *csv, struct strings *fields)
{
    const char *why;
    for (;;) {
        struct import_row row = {0};
        enum csv_result result = csv_next(csv, fields, &why);
        row.line = csv->line;
        if (result == CSV_END || result == CSV_NO_MEMORY)
            return result == CSV_END;
        bool done = result == CSV_ROW
                        ? take_row(p, fields, &row)
                        : import_problem(p->plan, row.line, "%s: correct the table", why);
        row_clear(&row);
        if (!done)
            return false;
        if (p->plan->count == IMPORT_ROWS_MAX)
            return import_problem(p->plan, csv->line, "more than 1000000 lines: split the file");
    }
}

static bool parse_table(struct import *plan, const struct bytes *text)
{
    struct csv csv;
    struct strings fields = {0};
    const char *why = NULL;
    csv_open(&csv, text->data, text->len);
    enum csv_result result = csv_next(&csv, &fields, &why);
    bool done = result != CSV_NO_MEMORY;
    if (result == CSV_END || result == CSV_BAD) {
        done = import_problem(plan, 1, "%s: is this a table with a header line?",
                              result == CSV_END ? "the file is empty" : why);
    } else if (done && strings_add_all(&plan->header, &fields)) {
        struct parse p = {.plan = plan,
                          .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                          .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
        if (import_recognise(&plan->header, &plan->map, &why))
            done = take_rows(&p, &csv, &fields);
        else
            done = import_problem(plan, csv.line, "the header line does not tell %s", why);
        g_hash_table_destroy(p.seen);
        g_hash_table_destroy(p.names);
    }
    strings_free(&fields);
    return done;
}

bool import_parse(const void *data, size_t len, const char *file_name, struct import *plan)
{
    const char *slash = strrchr(file_name, '/');
    unsigned char hash[SHA256_DIGEST_LENGTH];
    *plan = (struct import){.charset = ""};
    plan->name = strdup(slash ? slash + 1 : file_name);
    if (!plan->name || !SHA256(data, len, hash))
        return false;
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(plan->sha256 + 2 * i, 3, "%02x", hash[i]);
    struct bytes text = {0};
    bool done;
    if (csv_decode(data, len, &text, &plan->charset))
        done = parse_table(plan, &text);
    else
        done =
            import_problem(plan, 1, "is no text in UTF-8, UTF-16 or Windows-1252: export as CSV");
    bytes_free(&text);
    return done;
}
