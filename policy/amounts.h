/*
 * amounts - does a text name this amount?
 */
#ifndef TEMOIN_POLICY_AMOUNTS_H
#define TEMOIN_POLICY_AMOUNTS_H

#include <stdbool.h>
#include <stdint.h>

/* Does the amount (minor units, above 0) stand in the text, written in any way that money_parse()
   understands, as a number of its own ("1 200,00 €", "EUR 1,200.00", "1200")? What can be read two
   ways is not found. Linear in the text's length. */
bool amount_stands_in(const char *text, int64_t amount, const char *currency);

#endif
