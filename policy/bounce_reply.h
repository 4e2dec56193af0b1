/*
 * bounce_reply - SMTP replies and enhanced status codes within the words of a notice
 *
 * Synopsis
 *      char status[STATUS_CHARS + 1];
 *      if (reply_status("550 5.1.1 <a@b.example>: no such user", status)) ...
 *
 * The enhanced status (RFC 3463) is the one stated: behind the reply code ("550 5.1.1",
 * "550-5.1.1", "550 #5.1.1", "550 [5.1.1]"), or elsewhere in the text of the same class. A reply
 * without one tells its class alone: "550" is "5.0.0", "451" is "4.0.0" (RFC 3463, 3.1: X.0.0,
 * other undefined status). Addresses of hosts and versions of programs are neither.
 */
#ifndef TEMOIN_POLICY_BOUNCE_REPLY_H
#define TEMOIN_POLICY_BOUNCE_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum { STATUS_CHARS = 9 }; /* "5.123.123" */

/* The first enhanced status of classes 2, 4, 5 in a text; `class` '2', '4', '5', or 0 for any.
 *end, when not NULL, points behind it. False: there is none. */
bool reply_enhanced(const char *text, char class, char status[STATUS_CHARS + 1], const char **end);

/* The first reply code ("550") in a text that is one line: three digits that stand alone. NULL:
   there is none. Points into `text`. */
const char *reply_code(const char *text);

/* Where a reply of a refusal (4yz, 5yz) begins in text[begin..end), which is part of a sentence or
   of a dialogue: at its beginning, behind what introduces one ("said:", "'", "#", "error"), or
   before an enhanced status. *introduced: not the last of these, by which it may be a part of
   the sentence. False: there is none. */
bool reply_begins(const char *text, size_t begin, size_t end, size_t *at, bool *introduced);

/* The status that a text with a reply in it tells. False: it tells none. */
bool reply_status(const char *text, char status[STATUS_CHARS + 1]);

/* What a status of this class means as an action: "failed", "delayed", "delivered"; static.
   NULL: none of them. */
const char *reply_action(const char *status);

#endif
