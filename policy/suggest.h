/*
 * suggest - what a reply may mean for the claim: a promise, a dispute, a payment made, a request
 *
 * Always a suggestion, each with the sentence that it rests on; a person confirms it. French and
 * English. Dates that are relative ("vendredi prochain", "fin de mois") count from the message's
 * own Date field; without one they are left out.
 */
#ifndef TEMOIN_POLICY_SUGGEST_H
#define TEMOIN_POLICY_SUGGEST_H

#include "policy/understood.h"

/* `text` is what reply_text() gives. False: out of memory. */
bool suggest_read(const struct mail *m, const char *text, struct understood *u);

#endif
