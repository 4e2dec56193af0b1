/*
 * suggest_amount - amounts of money as people write them in a sentence
 *
 * "1.200 €", "1 200,50 EUR", "1200 euros", "€1,200.50", "EUR 500", "1,2 k€"; without a currency
 * only what has two decimals and is no date ("1 200,50"). A last mark with three digits behind it
 * stands between thousands: people do not write tenths of a cent. In minor units of two decimals.
 */
#ifndef TEMOIN_POLICY_SUGGEST_AMOUNT_H
#define TEMOIN_POLICY_SUGGEST_AMOUNT_H

#include "policy/suggest_words.h"

/* Is there an amount at word `at`? Its value into *amount, the word behind it into *end. */
bool amount_at(const struct words *w, size_t at, size_t *end, int64_t *amount);

#endif
