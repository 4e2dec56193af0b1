/*
 * facts_json - facts about a message as a confined process tells them: what may be kept of it
 *
 * Synopsis
 *      json_t *facts = facts_take(answer_facts);
 *      if (!facts_check_tokens(facts, ring, domain)) ...out of memory...
 *
 * Whoever takes a reading process over writes the answer. So nothing is kept but the members of
 * DESIGN 7, each of its type, words out of their lists, texts without control characters.
 */
#ifndef TEMOIN_DB_FACTS_JSON_H
#define TEMOIN_DB_FACTS_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "policy/token.h"

/* A new object with a "kind" at least. NULL: out of memory, or `from` is no object with one. */
json_t *facts_take(const json_t *from);

/* Say of each token whether it is valid, and take off candidates (policy/understood.h) that are
   not. `ring` or `domain` NULL: candidates go, nothing is said of the rest. False: out of memory.
 */
bool facts_check_tokens(json_t *facts, const struct keyring *ring, const char *domain);

/* What is left when nothing but the header was read: kind "other". False: out of memory. */
bool facts_header_only(json_t *facts);

#endif
