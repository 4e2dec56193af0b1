/*
 * found_tokens - where a message carries tokens of ours, whatever it is
 */
#ifndef TEMOIN_POLICY_FOUND_TOKENS_H
#define TEMOIN_POLICY_FOUND_TOKENS_H

#include "policy/understood.h"

/* Comes last: looks at the ids and the envelope ID that the parsers found, too. `body` is what
   mail_body() gives. False: out of memory. */
bool found_tokens(const struct mail *m, const struct bytes *body,
                  const struct understanding_tools *tools, struct understood *u);

#endif
