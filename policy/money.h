/*
 * money - amounts as accounting programs write them, in integer minor units
 *
 * Synopsis
 *      struct money m;
 *      const char *why;
 *      if (!money_parse("1 234,56 EUR", NULL, &m, &why)) ...tell why...
 *      char text[MONEY_CHARS];
 *      money_format(m.amount, m.currency, text);     // "1234.56"
 *
 * Understood: comma or point as decimal sign; blanks, no-break blanks, apostrophes and the
 * other sign between thousands; a minus before or after; parentheses for negative amounts; the
 * euro and pound signs or an ISO 4217 code before or after. What can be read two ways, such as
 * "1,234" in a currency with decimals, is refused: money is not guessed.
 */
#ifndef TEMOIN_POLICY_MONEY_H
#define TEMOIN_POLICY_MONEY_H

#include <stdbool.h>
#include <stdint.h>

enum { MONEY_CHARS = 32, CURRENCY_CHARS = 3 };

struct money {
    int64_t amount; /* minor units */
    char currency[CURRENCY_CHARS + 1];
};

/* How many decimals the currency has: 2 for most, 0 (JPY, XPF…), 3 (TND…). */
unsigned currency_decimals(const char *currency);

/* Three ASCII capital letters? */
bool currency_is_code(const char *text);

/* `currency` is what the amount is in when the text does not say; NULL: EUR. False: *why is a
   static phrase ("is no amount", …). */
bool money_parse(const char *text, const char *currency, struct money *m, const char **why);

/* "-1234.56": for people and programs alike, no grouping. */
void money_format(int64_t amount, const char *currency, char text[MONEY_CHARS]);

#endif
