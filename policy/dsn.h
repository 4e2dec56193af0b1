/*
 * dsn - delivery status notifications (RFC 3464, RFC 6533), as their machine part tells them
 *
 * Looks for a message/delivery-status or message/global-delivery-status part wherever it stands,
 * whatever the message calls itself; for programs that send its fields elsewhere see bounce.h.
 * Missing and doubled fields, a status without action and an action without status are read
 * for what they tell.
 */
#ifndef TEMOIN_POLICY_DSN_H
#define TEMOIN_POLICY_DSN_H

#include "policy/understood.h"

/* *found: it is one, and names recipients; they and the original ids are in `u`. A report without
   any is left to bounce.h. False: out of memory. */
bool dsn_read(const struct mail *m, struct understood *u, bool *found);

/* Complete every recipient from what is known of it: the status from the SMTP reply in the
   diagnostic, the action from the status' class, the remote server from the diagnostic's words.
   False: out of memory. */
bool dsn_complete(struct understood *u);

#endif
