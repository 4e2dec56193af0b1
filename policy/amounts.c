/*
 * amounts - does a text name this amount?
 *
 * A candidate begins at a digit that continues no word or number and goes on over digits and what
 * may stand between them. It is tried at every end where a number may end, longest first, so
 * that "1 200,00 15/12" is found to begin with 1 200,00. Candidates are short: linear.
 */
#include "policy/amounts.h"

#include <ctype.h>
#include <string.h>

#include "policy/money.h"

enum { CANDIDATE_MAX = 24 };

/* Octets of a separator that may stand inside a number: blank, no-break blanks, . , ' */
static size_t separator(const char *p)
{
    static const char *const separators[] = {" ", ".", ",", "'", "\xc2\xa0", "\xe2\x80\xaf"};
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        size_t len = strlen(separators[i]);
        if (strncmp(p, separators[i], len) == 0)
            return len;
    }
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, and separators with a digit behind them. */
static size_t span_of(const char *p)
{
    size_t len = 0;
    while (len < CANDIDATE_MAX) {
        size_t between = is_digit(p[len]) ? 1 : separator(p + len);
        if (!between || (!is_digit(p[len]) && !is_digit(p[len + between])))
            break;
        len += between;
    }
    return len;
}

/* Where a shorter number than p[0..len) may end: before a blank, unless three digits behind it
   belong to the same number. 0: nowhere. */
static size_t shorten(const char *p, size_t len)
{
    size_t at = len;
    while (at > 1) {
        at--;
        size_t blank = p[at] == '.' || p[at] == ',' || p[at] == '\'' ? 0 : separator(p + at);
        if (!blank || !is_digit(p[at - 1]))
            continue;
        bool decimals = memchr(p, ',', at) || memchr(p, '.', at);
        if (decimals || strspn(p + at + blank, "0123456789") != 3)
            return at;
    }
    return 0;
}

static bool is_amount(const char *p, size_t len, int64_t amount, const char *currency)
{
    char text[CANDIDATE_MAX + 8];
    struct money m;
    const char *why;
    memcpy(text, p, len);
    text[len] = '\0';
    return money_parse(text, currency, &m, &why) && m.amount == amount;
}

/* Is one of the candidate's beginnings this amount? */
static bool holds(const char *p, size_t len, int64_t amount, const char *currency)
{
    /* What goes on as a word, a date or a number with a dash ends in the middle. */
    if (isalpha((unsigned char)p[len]) || p[len] == '/' || p[len] == '-')
        len = shorten(p, len);
    for (; len; len = shorten(p, len))
        if (is_amount(p, len, amount, currency))
            return true;
    return false;
}

bool amount_stands_in(const char *text, int64_t amount, const char *currency)
{
    bool inside = false; /* a word, a date or a number of which this is the middle */
    for (const char *p = text; amount > 0 && *p;) {
        size_t len = is_digit(*p) && !inside ? span_of(p) : 0;
        if (len && holds(p, len, amount, currency))
            return true;
        inside = isalnum((unsigned char)*p) || strchr("/-_", *p);
        p++;
        while (inside && is_digit(*p))
            p++;
    }
    return false;
}
