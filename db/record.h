/*
 * record - the two JSON parts of an entry (EVIDENCE 2)
 *
 * Synopsis
 *      struct record r = {.seq = 7, .time = now, .origin = origin, …};
 *      struct bytes public_part = {0}, private_part = {0};
 *      if (!record_make(&r, context, entry, &public_part, &private_part, leaf)) ...
 *
 * Both: sorted keys, compact, UTF-8, integers only. What is hashed, signed and stored are these
 * octets; nobody serialises them again. Hashes, nonces and ids are lower-case hexadecimal.
 *
 * Public part, the leaf:
 *      actor       {"login": pseudonym or absent, "process": "scribe", "uid": 109}
 *      algorithms  {"commitment": "sha256(nonce||data)", "leaf": "rfc6962-sha256"}
 *      direction   "outbound" or "inbound"; absent for facts
 *      dossiers    [{"id": 32 digits, "n": 3, "prev": leaf of entry n-1; absent for n = 1}]
 *      event, key, level (may be absent), log, seq
 *      message     commitment to the message; absent when there is none
 *      private     commitment to the private part
 *      size        of the message, octets; absent when there is none
 *      software    {"name": "temoin", "sha256": …, "version": …}
 *      time        "2026-11-21T21:07:07Z"
 *      v           1
 *
 * Private part: the caller's keys (db/entry.h), and
 *      actor       who, when the caller said so and the entry has no "envelope"
 *      bytes       "dropped" when only hash and size of the message were kept
 *      about       the entry that a decision is about, when the caller did not put it there
 *      edits       what was changed, when the caller did not put it there
 *      invoice     where it is filed, when the caller put neither this nor "proposed" there
 *      nonce       32 octets; it opens both commitments
 *      number      message number of its token
 *      pauses      true: it pauses its dossier
 *      proposed    what the review proposes, when the caller did not put it there
 *      sha256      of the message
 */
#ifndef TEMOIN_DB_RECORD_H
#define TEMOIN_DB_RECORD_H

#include "db/store.h"

enum { RECORD_TIME = sizeof "2026-11-21T21:07:07Z" };

/* What the writer knows about an entry that its bringer does not. */
struct record {
    uint64_t seq;
    int64_t time; /* seconds since 1970, UTC */
    const char *origin;
    char login[33]; /* pseudonym of the actor; "": none */
    unsigned char nonce[NONCE_OCTETS];
    struct record_place {
        const unsigned char *id; /* 16 octets */
        uint64_t n;
        const unsigned char *prev; /* leaf hash; NULL when n is 1 */
    } * places;
    size_t place_count;
};

/* Write both parts and the leaf hash. False: out of memory, a text that is not UTF-8, or the
   crypto library failed. */
bool record_make(const struct record *r, const struct store_context *context, const struct entry *e,
                 struct bytes *public_part, struct bytes *private_part,
                 unsigned char leaf[HASH_OCTETS]);

/* SHA-256(nonce || data). False: the crypto library failed. */
bool record_commit(const unsigned char nonce[NONCE_OCTETS], const void *data, size_t len,
                   unsigned char commitment[HASH_OCTETS]);

/* Read the nonce of a private part. False: there is none. */
bool record_nonce(const void *private_part, size_t len, unsigned char nonce[NONCE_OCTETS]);

/* Read the message commitment of a public part. False: it is about no message. */
bool record_message(const void *public_part, size_t len, unsigned char commitment[HASH_OCTETS]);

/* "2026-11-21T21:07:07Z". */
void record_time(int64_t seconds, char text[RECORD_TIME]);

/* Lower-case hexadecimal, 2 * len digits and a NUL. */
void record_hex(const unsigned char *octets, size_t len, char *text);

#endif
