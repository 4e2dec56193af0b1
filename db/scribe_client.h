/*
 * scribe_client - asking the only writer to take something in
 *
 * Synopsis
 *      struct scribe_client *c = scribe_client_new(run_directory, store_directory);
 *      struct appended done;
 *      enum store_status st = scribe_append(c, &entry, timeout_ms, &done, &err);
 *
 * Safe from several threads: each request takes a connection from a pool. When scribe dies
 * with a request in flight, the request is sent again to its successor as long as the time
 * allows; the entry's retry key makes sure that it enters once. Entries without a retry key
 * are given a random one.
 *
 * Requests (JSON of the frame): {"op": "append", …entry…}; {"op": "reserve", "count": n};
 * {"op": "stamped", "retry": hex, "token": n, "invoices": […], "edits": […], …};
 * {"op": "recall", "token": n}; {"op": "ping"}.
 */
#ifndef TEMOIN_DB_SCRIBE_CLIENT_H
#define TEMOIN_DB_SCRIBE_CLIENT_H

#include "db/store.h"

struct scribe_client;

/* `run_directory` holds scribe's socket "scribe.sock". NULL: out of memory. Connects lazily. */
struct scribe_client *scribe_client_new(const char *run_directory);
void scribe_client_free(struct scribe_client *c);

/* Each waits at most timeout_ms and then returns STORE_BUSY with *err saying so; whatever
   scribe answers is returned as it is. STORE_NOT_FOUND: no scribe is listening at all (the
   daemon is stopped). */
enum store_status scribe_append(struct scribe_client *c, struct entry *e, int timeout_ms,
                                struct appended *out, struct store_error *err);
enum store_status scribe_reserve(struct scribe_client *c, uint64_t count, int timeout_ms,
                                 uint64_t *first, struct store_error *err);
enum store_status scribe_ping(struct scribe_client *c, int timeout_ms, struct store_error *err);
/* facts.db was changed: something is to be read again. */
enum store_status scribe_reread(struct scribe_client *c, int timeout_ms, struct store_error *err);

/* The stamping listener's word to the archiving one, kept in scribe's memory only (at most
   10,000, the oldest forgotten first). */
struct stamped {
    unsigned char retry[HASH_OCTETS]; /* the message as the stamping listener received it */
    uint64_t token;
    struct strings invoices;
    bool reminder;
    char *rule;
    char *learn_debtor;
    struct strings learn_addresses;
    struct strings overridden;
    struct edits edits;
};
void stamped_free(struct stamped *s);

/* Tell; when `retry` is known already (in memory, or as an entry within the retry window), *known
   is true and token and edits are replaced by those of then. */
enum store_status scribe_stamped(struct scribe_client *c, struct stamped *s, int timeout_ms,
                                 bool *known, struct store_error *err);
/* Recall by message number. STORE_NOT_FOUND: scribe does not know it. */
enum store_status scribe_recall(struct scribe_client *c, uint64_t token, int timeout_ms,
                                struct stamped *s, struct store_error *err);

/* For commands: append through scribe or, with the daemon stopped, as the writer oneself
   (takes the store's lock). */
enum store_status log_append(const struct settings *s, struct entry *e, struct appended *out,
                             struct store_error *err);

/* The same for many, in order; each has a retry key. *taken: so many of the first are in the log,
   whatever the status. With the daemon stopped they are one group. */
enum store_status log_append_all(const struct settings *s, struct entry *entries, size_t count,
                                 size_t *taken, struct store_error *err);

#endif
