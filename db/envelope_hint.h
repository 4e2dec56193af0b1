/*
 * envelope_hint - the envelope of a message that is no longer in transport
 *
 * Local delivery writes the envelope into the header: Return-Path, X-Original-To (the address
 * before aliases, with its plus tag), Delivered-To, Envelope-To, and "for <…>" in Received.
 */
#ifndef TEMOIN_DB_ENVELOPE_HINT_H
#define TEMOIN_DB_ENVELOPE_HINT_H

#include "policy/message.h"
#include "policy/settings.h"

/* Fill in what `e` lacks (a sender that is NULL, recipients when there are none). A report
   without Return-Path has the null sender; without any hint, sender and recipients are From and
   those of To and Cc that are ours. *guessed: something was filled in. False: out of memory. */
bool envelope_hints(const struct settings *s, const struct fields *f, const struct reading *r,
                    struct envelope *e, bool *guessed);

#endif
