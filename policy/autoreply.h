/*
 * autoreply - was a message sent by a program on somebody's behalf (RFC 3834, and without it)?
 */
#ifndef TEMOIN_POLICY_AUTOREPLY_H
#define TEMOIN_POLICY_AUTOREPLY_H

#include "policy/mail.h"

/* `body` is what mail_body() gives. Receipts and bounces, which programs send too, have been
   looked for before. Pure. */
bool autoreply_is(const struct mail *m, const struct bytes *body);

#endif
