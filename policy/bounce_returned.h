/*
 * bounce_returned - which message of ours a notice is about
 *
 * The header that comes back tells it: as message/rfc822 or message/global, as
 * text/rfc822-headers or message/global-headers, whole or cut, or as the notice's own text. Where
 * nothing came back, the notice's In-Reply-To and References do, which servers set as well.
 */
#ifndef TEMOIN_POLICY_BOUNCE_RETURNED_H
#define TEMOIN_POLICY_BOUNCE_RETURNED_H

#include "policy/understood.h"

/* Set the original message-id, unless it is set, from what came back as parts of their own: first
   from messages and headers, then from what is declared as something else.
   False: out of memory. */
bool returned_parts(const struct mail *m, struct understood *u);

/* Where in a notice's text the message that comes back begins: at the line that announces it, or
   at its header; `len` when it does not. */
size_t returned_begins(const char *text, size_t len);

/* Set the original message-id and envelope ID, unless they are set, from fields within a text.
   False: out of memory. */
bool returned_text(const char *text, size_t len, struct understood *u);

/* The original message-id from what comes back, where its lines were lost. False: out of memory. */
bool returned_anywhere(const char *text, size_t len, struct understood *u);

/* The same from the notice's own ids, the last resort. False: out of memory. */
bool returned_thread(const struct mail *m, struct understood *u);

#endif
