/*
 * dsn_fields - the fields of a delivery status notification, wherever they stand
 *
 * Synopsis
 *      if (!dsn_fields(text, len, &u)) ...out of memory...
 *
 * Reads RFC 3464's groups of fields as senders really write them: a group of fields ends at an
 * empty line, or where a second recipient begins without one; a field that is given twice counts
 * once; a group that names nobody completes the recipient before it; a diagnostic may go on
 * without being folded. What a recipient's fields leave out is drawn from the others: a status
 * from the SMTP reply in the diagnostic, an action from the status' class, the remote server from
 * the words of the diagnostic. X-Actual-Recipient and other additions are not looked at.
 */
#ifndef TEMOIN_POLICY_DSN_FIELDS_H
#define TEMOIN_POLICY_DSN_FIELDS_H

#include "policy/understood.h"

/* Append recipients, and set the envelope ID unless it is set. `text` has LF line ends and no
   NUL. Groups about nobody are dropped when somebody is named; otherwise one of them stays, as
   a recipient without addresses. False: out of memory. */
bool dsn_fields(const char *text, size_t len, struct understood *u);

/* The address that a recipient field's value names, normalised and malloc'd; *address NULL:
   none. `encoded`: it may be xtext (Original-Recipient). False: out of memory. */
bool dsn_address(const char *value, bool encoded, char **address);

#endif
