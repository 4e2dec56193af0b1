/*
 * autoreply - was a message sent by a program on somebody's behalf (RFC 3834, and without it)?
 *
 * Synopsis
 *      bool found;
 *      if (!autoreply_read(&m, &body, &found)) ...out of memory...
 *
 * Vacation notices, acknowledgements of ticket systems, notices that somebody left, challenges of
 * spam filters. The header decides where it tells (autoreply_signs.h); else the words do, and then
 * a person who writes by hand that she is away is a person: she speaks of the matter, or quotes.
 * What a program wrote that answers nothing (an invoice of the debtor's accounting program,
 * "Auto-Submitted: auto-generated") is no automatic reply.
 */
#ifndef TEMOIN_POLICY_AUTOREPLY_H
#define TEMOIN_POLICY_AUTOREPLY_H

#include "policy/mail.h"

/* `body` is what mail_body() gives. Receipts, bounces and reports, which programs send too, have
   been looked for before. Pure. False: out of memory. */
bool autoreply_read(const struct mail *m, const struct bytes *body, bool *found);

/* Does the message answer one: an id in In-Reply-To or References, or "Re:" in its subject? */
bool autoreply_answers(const struct mail *m);

#endif
