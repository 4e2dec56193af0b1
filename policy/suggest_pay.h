/*
 * suggest_pay - which days and sums belong to a promise, a payment or a request for time
 *
 * "un acompte de 1 200 € le 15/12 puis le solde au 31/01" is two payments: sums and days are
 * paired in the order in which they stand. The date of a document ("votre facture du 15 octobre")
 * is no payment's.
 */
#ifndef TEMOIN_POLICY_SUGGEST_PAY_H
#define TEMOIN_POLICY_SUGGEST_PAY_H

#include "policy/suggest_match.h"

enum { PAYMENTS_MAX = 8 };

struct payment {
    char date[DATE_CHARS + 1]; /* "": none is told */
    bool has_amount;
    int64_t amount;
};

/* Give the words where a day to come begins that may be a payment's the class DAY_AHEAD. Is there
   one? */
bool clause_mark_days(struct clause *c);

/* The payments that the clause tells of in this kind; 0: neither day nor sum. */
size_t payments_of(const struct clause *c, enum suggestion_kind kind,
                   struct payment payments[PAYMENTS_MAX]);

#endif
