/*
 * reply_text - what the sender of a reply wrote: without quotes, signature, disclaimer, history
 *
 * Synopsis
 *      struct bytes text = {0};
 *      if (!reply_text(body, len, &text)) ...out of memory...
 *
 * An answer written inside the quote is kept together with the quoted line that it answers. When
 * everything looks like a quote, nothing is left, and that is what is said. Linear.
 */
#ifndef TEMOIN_POLICY_REPLY_TEXT_H
#define TEMOIN_POLICY_REPLY_TEXT_H

#include "policy/bytes.h"

/* Append at most READ_REPLY_MAX octets. `body` is UTF-8 with LF line ends, quotes as "> ". */
bool reply_text(const char *body, size_t len, struct bytes *text);

#endif
