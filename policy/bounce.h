/*
 * bounce - non-delivery notices of servers that follow no RFC, read from their words
 *
 * A bounce is known by who sends it (a mailer daemon, the null sender's Return-Path), by what it
 * says, and by the message that it returns; one sign alone is not enough, for people forward
 * bounces, quote them and ask about them. Never is a human reply taken for a bounce.
 */
#ifndef TEMOIN_POLICY_BOUNCE_H
#define TEMOIN_POLICY_BOUNCE_H

#include "policy/understood.h"

/* `body` is what mail_body() gives. *found: it is one; recipients and original ids are in `u`.
   False: out of memory. */
bool bounce_read(const struct mail *m, const struct bytes *body, struct understood *u, bool *found);

/* A report (dsn.h) that leaves out the diagnostic of what was not delivered: look for it, and for
   a status that is missing, in its words. False: out of memory. */
bool bounce_complete(const struct mail *m, const struct bytes *body, struct understood *u);

#endif
