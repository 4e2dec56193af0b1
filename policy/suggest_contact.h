/*
 * suggest_contact - does a sentence send the reader to somebody else?
 */
#ifndef TEMOIN_POLICY_SUGGEST_CONTACT_H
#define TEMOIN_POLICY_SUGGEST_CONTACT_H

#include "policy/bytes.h"
#include "policy/suggest_words.h"

/* "merci de contacter Mme Martin", "écrivez à compta@…", and, when a program answered, an address
   or telephone number of somebody else. `senders` are the message's own addresses, normalised.
   *begin is the word where it begins, *sends whether it says where to send documents. */
bool contact_named(const struct words *w, const char *sentence, const struct strings *senders,
                   bool automatic, size_t *begin, bool *sends);

#endif
