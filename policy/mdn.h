/*
 * mdn - read receipts: message disposition notifications (RFC 8098), and what some clients send
 *       instead ("Lu : …", "Read: …", "Not read: …")
 */
#ifndef TEMOIN_POLICY_MDN_H
#define TEMOIN_POLICY_MDN_H

#include "policy/understood.h"

/* `body` is what mail_body() gives. *found: it is one; disposition, recipients and original ids
   are in `u`. False: out of memory. */
bool mdn_read(const struct mail *m, const struct bytes *body, struct understood *u, bool *found);

#endif
