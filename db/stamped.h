/*
 * stamped - what the stamping listener told, as JSON and in scribe's bounded memory
 *
 * Synopsis
 *      struct stamped_memory *m = stamped_memory_new(capacity);
 *      stamped_memory_put(m, json, &stamped, now_ms);
 *      const struct remembered *r = stamped_by_token(m, number);
 *
 * The table holds at most `capacity` messages; the oldest is forgotten first. It is used by
 * one thread. Nothing here is durable: what must outlive scribe is the entry that follows.
 */
#ifndef TEMOIN_DB_STAMPED_H
#define TEMOIN_DB_STAMPED_H

#include "db/scribe_client.h"

/* A message's stamp as JSON with this "op" (NULL: none), and back. NULL / false: out of memory
   or not their form; then stamped_free(). */
json_t *stamped_to_json(const struct stamped *s, const char *op);
bool stamped_from_json(const json_t *json, struct stamped *s);

struct remembered {
    unsigned char retry[HASH_OCTETS];
    uint64_t token;
    int64_t since_ms; /* monotonic */
    json_t *json;     /* as it was told */
};

struct stamped_memory;

/* NULL: out of memory. */
struct stamped_memory *stamped_memory_new(size_t capacity);
void stamped_memory_free(struct stamped_memory *m);

/* NULL: not known, or forgotten. Valid until the next put. */
const struct remembered *stamped_by_retry(const struct stamped_memory *m,
                                          const unsigned char retry[HASH_OCTETS]);
const struct remembered *stamped_by_token(const struct stamped_memory *m, uint64_t token);

/* Remember; an older stamp of the same retry key or token is forgotten. `json` is shared. */
void stamped_memory_put(struct stamped_memory *m, json_t *json,
                        const unsigned char retry[HASH_OCTETS], uint64_t token, int64_t now_ms);

#endif
