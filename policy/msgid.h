/*
 * msgid - message-ids in Message-ID, In-Reply-To and References fields
 *
 * In-Reply-To was once free text (RFC 822: "Your message of …"), and its comments may hold
 * things that look like ids: those do not count. White space inside the brackets (a fold) is
 * removed. Limits: ids up to MSGID_MAX octets without control characters; of a value that is
 * longer than FIELD_MAX octets its beginning and its end, half of that each.
 */
#ifndef TEMOIN_POLICY_MSGID_H
#define TEMOIN_POLICY_MSGID_H

#include <stdbool.h>

#include "policy/bytes.h"

enum { MSGID_MAX = 998 };

/* Append the distinct ids "<…>" of a raw field value, in order. `out` holds at most IDS_MAX: of
   more ids the first and the last ones are kept, for a thread's root and the parent (RFC 5322,
   3.6.4) stand at the ends. A value that is a single word with "@" and no brackets is one id.
   Linear in the value's length. False: out of memory. */
bool msgids_parse(const char *value, struct strings *out);

/* The first id of a raw field value, malloc'd, in *id; NULL: there is none.
   False: out of memory. */
bool msgid_first(const char *value, char **id);

#endif
