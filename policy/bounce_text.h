/*
 * bounce_text - the recipients that the words of a notice tell of, and what was said about each
 *
 * A recipient's passage begins at the line that lists it and ends where the next one is listed.
 * In it, the first SMTP reply that says something is the diagnostic; where no server replied, the
 * notice's own explanation is: behind the address, below it, or behind "because:" and its like.
 */
#ifndef TEMOIN_POLICY_BOUNCE_TEXT_H
#define TEMOIN_POLICY_BOUNCE_TEXT_H

#include "policy/bounce_notice.h"
#include "policy/bounce_signs.h"
#include "policy/understood.h"

/* Append recipients to `u`, with status, remote server and diagnostic, without action. `failed`
   are the addresses that the header names (perhaps none): then they are the recipients. *evidence:
   a server's reply or an explanation stands with one. False: out of memory. */
bool text_recipients(const struct notice *n, const struct strings *failed, struct understood *u,
                     struct evidence *evidence);

/* Fill what a recipient lacks of status, remote server and diagnostic; `alone`: the notice is about
   nobody else. *evidence as above. False: out of memory. */
bool text_complete(const struct notice *n, struct read_recipient *r, bool alone,
                   struct evidence *evidence);

#endif
