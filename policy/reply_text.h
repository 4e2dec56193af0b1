/*
 * reply_text - what the sender of a reply wrote: without quotes, signature, disclaimer, history
 *
 * Synopsis
 *      struct bytes text = {0};
 *      if (!reply_text(body, len, &text)) ...out of memory...
 *
 * Every line of the body is the sender's, quoted, history, signature or notice; only the sender's
 * come out, in their order, without control characters and trailing blanks, and with at most one
 * empty line between two others. Nothing is added but this: when answers are written inside the
 * quote, each begins with the last line that it answers, as "> Quand passez-vous ?", directly above
 * it. What stands below the whole quote is not inside it and comes alone.
 *
 * When everything looks like a quote or history (a forward without a word), nothing is left, and
 * that is what is said. What looks like a signature is given all the same when there is nothing
 * else and it has sentences in it: rather too much than a person's words lost.
 *
 * Linear. Limits: REPLY_BODY_MAX octets and REPLY_LINES_MAX lines of the body are looked at.
 */
#ifndef TEMOIN_POLICY_REPLY_TEXT_H
#define TEMOIN_POLICY_REPLY_TEXT_H

#include "policy/bytes.h"

/* Append at most READ_REPLY_MAX octets of UTF-8 with LF line ends. `body` is what mail_body()
   gives: LF line ends, quotes as "> ". False: out of memory. */
bool reply_text(const char *body, size_t len, struct bytes *text);

#endif
