/*
 * suggest_amount - amounts of money as people write them in a sentence
 */
#include "policy/suggest_amount.h"

#include <string.h>

enum { NUMBER_CHARS = 40, WHOLE_DIGITS_MAX = 12 };

static bool is_currency(const struct words *w, size_t at)
{
    return at < w->count && (word_is(&w->items[at], "eur euro euros gbp usd chf pounds dollars") ||
                             (w->items[at].kind == WORD_MARK && w->items[at].text[0] == '$'));
}

/* Thousands behind the number: "k€", "keur", "k euros". */
static bool is_kilo(const struct words *w, size_t at, size_t *end)
{
    if (at >= w->count)
        return false;
    *end = at + 1;
    if (word_is(&w->items[at], "keur keuro keuros"))
        return true;
    *end = at + 2;
    return word_is(&w->items[at], "k") && is_currency(w, at + 1);
}

/* The digits and marks of a number, groups that blanks divide made one: "1", "200,50". */
static size_t take_number(const struct words *w, size_t at, char number[NUMBER_CHARS])
{
    size_t len = strlen(w->items[at].text), end = at + 1;
    if (len >= NUMBER_CHARS)
        return at;
    memcpy(number, w->items[at].text, len + 1);
    bool grouped = len <= 3 && strspn(number, "0123456789") == len;
    while (grouped && end < w->count && w->items[end].kind == WORD_NUMBER &&
           w->items[end].begin <= w->items[end - 1].end + 3) {
        const char *next = w->items[end].text;
        size_t digits = strspn(next, "0123456789"), more = strlen(next);
        if (digits != 3 || len + more >= NUMBER_CHARS)
            break;
        memcpy(number + len, next, more + 1);
        len += more;
        end++;
        grouped = more == 3;
    }
    return end;
}

/* The value in hundredths; *decimals: how many were written. */
static bool value_of(const char *number, int64_t *value, unsigned *decimals)
{
    const char *last = NULL;
    size_t digits = 0;
    if (strpbrk(number, "/:-"))
        return false;
    for (const char *c = number; *c; c++)
        if (*c == '.' || *c == ',')
            last = c;
    size_t behind = last ? strlen(last + 1) : 0;
    bool thousands = behind == 3 || (last && memchr(number, *last, (size_t)(last - number)));
    if (thousands && behind != 3)
        return false;
    if (last && !thousands && behind > 2)
        return false;
    *decimals = last && !thousands ? (unsigned)behind : 0;
    *value = 0;
    for (const char *c = number; *c && !(c == last && !thousands); c++)
        if (*c >= '0' && *c <= '9') {
            *value = *value * 10 + (*c - '0');
            if (++digits > WHOLE_DIGITS_MAX)
                return false;
        }
    *value *= 100;
    if (*decimals)
        *value += (last[1] - '0') * 10 + (behind == 2 ? last[2] - '0' : 0);
    return digits > 0;
}

/* "15.12" could be a day: an amount without a currency is longer, or has a comma. */
static bool plainly_money(const char *number, unsigned decimals)
{
    const char *mark = strpbrk(number, ".,");
    return decimals == 2 && mark && (*mark == ',' || mark - number >= 3);
}

bool amount_at(const struct words *w, size_t at, size_t *end, int64_t *amount)
{
    char number[NUMBER_CHARS];
    unsigned decimals;
    bool before = is_currency(w, at);
    size_t first = at + before;
    if (first >= w->count || w->items[first].kind != WORD_NUMBER)
        return false;
    *end = take_number(w, first, number);
    if (*end == first || !value_of(number, amount, &decimals))
        return false;
    bool currency = before;
    size_t kilo;
    if (is_kilo(w, *end, &kilo)) {
        *amount *= 1000;
        *end = kilo;
        currency = true;
    } else if (!before && is_currency(w, *end)) {
        ++*end;
        currency = true;
        /* "12€50" */
        if (*end < w->count && decimals == 0 && w->items[*end].joined &&
            w->items[*end].kind == WORD_NUMBER && strlen(w->items[*end].text) == 2 &&
            strspn(w->items[*end].text, "0123456789") == 2) {
            *amount += (w->items[*end].text[0] - '0') * 10 + (w->items[*end].text[1] - '0');
            ++*end;
        }
    }
    return *amount > 0 && (currency || plainly_money(number, decimals));
}
