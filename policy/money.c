/*
 * money - amounts as accounting programs write them, in integer minor units
 *
 * First what stands around the number (signs, parentheses, currency) is peeled off and every
 * kind of blank and apostrophe becomes a group mark; then digits, points and commas are judged
 * as a whole, because only the last mark can tell what the others mean.
 */
#include "policy/money.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_CHARS = 64, GROUP = ' ', GROUP_DIGITS = 3 };

unsigned currency_decimals(const char *currency)
{
    /* ISO 4217, list one: the currencies that have not two decimals. */
    static const char none[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
    if (!currency_is_code(currency))
        return 2;
    if (strstr(none, currency))
        return 0;
    return strstr(three, currency) ? 3 : 2;
}

bool currency_is_code(const char *text)
{
    for (size_t i = 0; i < CURRENCY_CHARS; i++)
        if (text[i] < 'A' || text[i] > 'Z')
            return false;
    return text[CURRENCY_CHARS] == '\0';
}

/* If `text` begins with one of the marks, its length. */
static size_t mark_length(const char *text, const char *const *marks)
{
    for (; *marks; marks++) {
        size_t len = strlen(*marks);
        if (strncmp(text, *marks, len) == 0)
            return len;
    }
    return 0;
}

static size_t blank_length(const char *text)
{
    /* blank, tab, NBSP, narrow NBSP, thin space, figure space */
    static const char *const blanks[] = {" ", "\t", "\u00a0", "\u202f", "\u2009", "\u2007", NULL};
    return mark_length(text, blanks);
}

static size_t apostrophe_length(const char *text)
{
    static const char *const apostrophes[] = {"'", "\u2019", NULL};
    return mark_length(text, apostrophes);
}

static size_t minus_length(const char *text)
{
    static const char *const minuses[] = {"-", "\u2212", NULL};
    return mark_length(text, minuses);
}

/* A currency at `text`: its length, and its code into `code`. */
static size_t currency_length(const char *text, char code[CURRENCY_CHARS + 1])
{
    static const struct {
        const char *sign, *code;
    } signs[] = {{"\u20ac", "EUR"}, {"\u00a3", "GBP"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(text, signs[i].sign, strlen(signs[i].sign)) == 0) {
            memcpy(code, signs[i].code, CURRENCY_CHARS + 1);
            return strlen(signs[i].sign);
        }
    char word[CURRENCY_CHARS + 1];
    snprintf(word, sizeof word, "%s", text);
    if (!currency_is_code(word) || (text[CURRENCY_CHARS] >= 'A' && text[CURRENCY_CHARS] <= 'Z'))
        return 0;
    memcpy(code, word, sizeof word);
    return CURRENCY_CHARS;
}

/* What stands around the number. */
struct peeled {
    char number[NUMBER_CHARS]; /* digits, '.', ',', GROUP */
    size_t len;
    bool minus, open, closed;
    char currency[CURRENCY_CHARS + 1];
};

static bool peel_mark(const char **text, struct peeled *p)
{
    size_t len = minus_length(*text);
    if (len && !p->minus) {
        p->minus = true;
        *text += len;
        return true;
    }
    if (**text == '(' && !p->open && !p->len) {
        p->open = true;
        (*text)++;
        return true;
    }
    if (**text == ')' && p->open && !p->closed && p->len) {
        p->closed = true;
        (*text)++;
        return true;
    }
    len = p->currency[0] ? 0 : currency_length(*text, p->currency);
    *text += len;
    return len > 0;
}

/* Once something follows the number, no digit may come any more. */
static bool peel(const char *text, struct peeled *p)
{
    bool ended = false;
    while (*text) {
        size_t blank = blank_length(text), apostrophe = apostrophe_length(text);
        bool number = (*text >= '0' && *text <= '9') || *text == '.' || *text == ',';
        if (p->len + 1 >= sizeof p->number)
            return false;
        if (number && !ended) {
            p->number[p->len++] = *text++;
        } else if (blank || apostrophe) {
            if (p->len && !ended)
                p->number[p->len++] = GROUP;
            text += blank + apostrophe;
        } else if (peel_mark(&text, p)) {
            ended = p->len > 0;
        } else {
            return false;
        }
    }
    while (p->len && p->number[p->len - 1] == GROUP)
        p->len--;
    p->number[p->len] = '\0';
    return p->len > 0 && p->open == p->closed && !(p->open && p->minus);
}

/* Where the decimals begin: the position of the decimal mark, or the number's length. False:
   it can be read two ways, or in none. */
static bool find_decimals(const struct peeled *p, unsigned decimals, size_t *at, const char **why)
{
    const char *n = p->number;
    size_t last = p->len;
    unsigned points = 0, commas = 0;
    for (size_t i = 0; i < p->len; i++) {
        points += n[i] == '.';
        commas += n[i] == ',';
        if (n[i] == '.' || n[i] == ',')
            last = i;
    }
    *at = p->len;
    if (points + commas == 0)
        return true;
    bool both = points && commas;
    unsigned same = n[last] == '.' ? points : commas;
    size_t behind = p->len - last - 1;
    if (both && same > 1) {
        *why = "is no amount";
        return false;
    }
    if (!both && same > 1) /* 1.234.567: all of them stand between thousands */
        return true;
    if (!both && behind == GROUP_DIGITS && last >= 1 && last <= GROUP_DIGITS && n[0] != '0' &&
        !strchr(n, GROUP)) {
        *why = "can be read two ways: write the decimals too";
        return decimals == 0;
    }
    *at = last;
    return true;
}

/* The whole part: digits in groups of three behind the first, one kind of mark. */
static bool take_whole(const struct peeled *p, size_t end, int64_t *value)
{
    char mark = '\0';
    size_t group = 0;
    *value = 0;
    for (size_t i = 0; i < end; i++) {
        char c = p->number[i];
        if (c >= '0' && c <= '9') {
            if (__builtin_mul_overflow(*value, 10, value) ||
                __builtin_add_overflow(*value, c - '0', value))
                return false;
            group++;
            continue;
        }
        if ((mark && (c != mark || group != GROUP_DIGITS)) || group == 0 || group > GROUP_DIGITS)
            return false;
        mark = c;
        group = 0;
    }
    return mark ? group == GROUP_DIGITS : group > 0;
}

/* The decimals, filled up with zeros; further ones must be zero. */
static bool take_decimals(const char *text, unsigned decimals, int64_t *value, const char **why)
{
    unsigned taken = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            *why = "is no amount";
            return false;
        }
        if (taken == decimals) {
            *why = "has more decimals than its currency";
            if (*text != '0')
                return false;
            continue;
        }
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, *text - '0', value))
            return false;
        taken++;
    }
    for (; taken < decimals; taken++)
        if (__builtin_mul_overflow(*value, 10, value))
            return false;
    return true;
}

bool money_parse(const char *text, const char *currency, struct money *m, const char **why)
{
    struct peeled p = {.len = 0};
    *m = (struct money){.amount = 0};
    *why = "is no amount";
    if (!peel(text, &p))
        return false;
    if (p.currency[0] && currency && strcmp(p.currency, currency) != 0) {
        *why = "is in another currency than its column says";
        return false;
    }
    const char *code = p.currency[0] ? p.currency : currency ? currency : "EUR";
    if (!currency_is_code(code)) {
        *why = "is in a currency that is no ISO 4217 code";
        return false;
    }
    memcpy(m->currency, code, CURRENCY_CHARS + 1);

    unsigned decimals = currency_decimals(code);
    size_t at;
    int64_t value;
    if (!find_decimals(&p, decimals, &at, why))
        return false;
    *why = "is no amount";
    if (at < p.len && at + 1 == p.len) /* "12," */
        return false;
    if (!take_whole(&p, at, &value))
        return false;
    *why = "is too large";
    if (!take_decimals(at < p.len ? p.number + at + 1 : "", decimals, &value, why))
        return false;
    m->amount = p.minus || p.open ? -value : value;
    return true;
}

void money_format(int64_t amount, const char *currency, char text[MONEY_CHARS])
{
    unsigned decimals = currency ? currency_decimals(currency) : 2;
    uint64_t size = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
    uint64_t unit = 1;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    const char *sign = amount < 0 ? "-" : "";
    if (decimals == 0)
        snprintf(text, MONEY_CHARS, "%s%llu", sign, (unsigned long long)size);
    else
        snprintf(text, MONEY_CHARS, "%s%llu.%0*llu", sign, (unsigned long long)(size / unit),
                 (int)decimals, (unsigned long long)(size % unit));
}
