/*
 * dkim_entry - the entry that tells which DNS keys the signatures of a message were to be checked
 *              with, and the file dkim/NNN.txt that is made of it
 *
 * Private part of an entry with the event "dkim-key":
 *      signed_entry  number of the message's entry
 *      keys          a list, one for each key:
 *          domain, selector, algorithm, name (selector._domainkey.domain), asked (time)
 *          result    "found", "absent" (there is none), "unanswered" (given up)
 *          dnssec    "secure", "insecure", "unchecked", "bogus"; absent when unanswered
 *          chain     true: `records` hold all that leads to the trust anchor
 *          why       what is wrong, or why nothing could be checked; may be absent
 *          texts     the key records' texts
 *          records   all records, lines of a zone file (db/dns_records.h)
 *
 * dkim/NNN.txt is a zone file (RFC 1035, 5) with comments: any DNS library reads it. For tools
 * that only want the key, each text is there as a comment line "; key NAME TEXT" too. It is a pure
 * function of the private parts, so that whoever has these can make it again and compare.
 */
#ifndef TEMOIN_DB_DKIM_ENTRY_H
#define TEMOIN_DB_DKIM_ENTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/attribution.h"

#define DKIM_EVENT "dkim-key"

enum { DKIM_ENTRIES_MAX = 8 }; /* about one message; later ones are not shown */

/* The number of the message that an entry's keys are about; 0: it does not say. */
uint64_t dkim_entry_message(const json_t *private_part);

/* Need this key not be asked for again? */
bool dkim_entry_is_final(const json_t *key);

/* What an entry tells about the key of a domain, or about the best of all (`domain` NULL). */
enum key_kept dkim_entry_kept(const json_t *private_part, const char *domain);

/* Does DNSSEC's whole chain stand with one of the keys? */
bool dkim_entry_has_chain(const json_t *private_part);

/* The keys of an entry in words, one clause each, parted by "; ". False: out of memory. */
bool dkim_entry_words(const json_t *private_part, enum language language, struct bytes *out);

/* Append dkim/NNN.txt, of all entries about one message in their order. False: out of memory. */
bool dkim_entry_file(json_t *const *private_parts, size_t count, struct bytes *out);

#endif
