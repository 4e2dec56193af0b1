/*
 * other - what came in and is neither a report about our mail nor anybody's answer
 *
 * Newsletters, lists, complaint reports (RFC 5965), DMARC (RFC 7489) and TLS reports (RFC 8460),
 * invitations and the answers to them, what programs send of themselves, and empty mail.
 */
#ifndef TEMOIN_POLICY_OTHER_H
#define TEMOIN_POLICY_OTHER_H

#include "policy/mail.h"

/* Its form tells: a report of another kind, or a calendar's mail. No automatic reply, either. */
bool other_by_form(const struct mail *m);

/* Of what is no bounce, receipt or automatic reply: did nobody write it to answer? `body` is what
   mail_body() gives. False: out of memory. */
bool other_read(const struct mail *m, const struct bytes *body, bool *found);

#endif
