/*
 * batch - entries of the log, dated together by one timestamp; what is shown of it later
 *
 * Synopsis
 *      struct batch_closed done;
 *      st = batch_close(settings, actor, false, &done, &err);     // temoin seal
 *
 *      struct batch_db *db;
 *      if (batch_open(settings->store_directory, &db, &err) == STORE_OK) {
 *          struct batch_token t = {0};
 *          st = batch_for_entry(db, seq, &t, &err);               // no later than t.gen_time
 *          batch_token_free(&t);
 *          st = batch_evidence_record(db, seq, &ers, &err);       // RFC 4998
 *          batch_close_db(db);
 *      }
 *
 * Each entry is a data object group: its public record, its signature, its private part and its
 * message, as far as they are there. A batch holds the groups of the entries since the last one
 * and the group {newest checkpoint, public key of the log}; one token is over the root of their
 * tree. The token's hash then becomes an entry of the log ("timestamp"), so that what comes after
 * it in the log is younger than the token.
 *
 * <store>/batch.db has one writer at a time, a command that holds <store>/batch.lock; both
 * belong to `user`. It keeps 32 octets for each entry (the hash of its group) and one node for
 * every 256 of them, so that a record costs the same however large its batch is.
 */
#ifndef TEMOIN_DB_BATCH_H
#define TEMOIN_DB_BATCH_H

#include "db/store.h"
#include "policy/settings.h"

enum {
    BATCH_MOST = 16384,         /* entries in a batch; what is more goes into the next one */
    BATCH_IDLE_S = 24 * 3600,   /* with nothing new, a batch is closed so often all the same */
    BATCH_WARN_S = 3600,        /* no batch should stay open longer */
    BATCH_RENEW_S = 90 * 86400, /* a token is renewed so long before its certificates end */
};

/* --- closing and renewing ---------------------------------------------------------------------*/

struct batch_closed {
    uint64_t batches;       /* how many were closed; 0: nothing new */
    uint64_t entries;       /* in them */
    uint64_t number;        /* of the last one */
    int64_t gen_time;       /* of the last one, seconds since 1970 */
    struct strings remarks; /* what went wrong with authorities that were asked before another one
                               answered, and clocks that disagree */
};
void batch_closed_free(struct batch_closed *done);

/* Close the batch: let the sealer sign what is pending (for a moment), date it, store it, log it.
   `patient`: leave alone authorities that failed a short time ago (for timers). Whatever the
   status, what *done counts is stored. STORE_NOT_FOUND: no authority is configured. STORE_BUSY:
   none answered well, or is to be asked yet, or another process is at it; the entries stay pending.
 */
enum store_status batch_close(const struct settings *s, const char *actor, bool patient,
                              struct batch_closed *done, struct store_error *err);

/* RFC 4998 timestamp renewal: one new token over all tokens whose certificates end within
   BATCH_RENEW_S. done->entries counts renewed batches. Statuses as batch_close(). STORE_INVALID:
   the authorities' certificates do not live longer than those of the old tokens. */
enum store_status batch_renew(const struct settings *s, const char *actor,
                              struct batch_closed *done, struct store_error *err);

/* --- reading ----------------------------------------------------------------------------------*/

struct batch_db;

/* STORE_NOT_FOUND: nothing was ever dated. One thread at a time. */
enum store_status batch_open(const char *store_directory, struct batch_db **db,
                             struct store_error *err);
void batch_close_db(struct batch_db *db); /* NULL does nothing */

struct batch_token {
    uint64_t number;
    uint64_t first, last; /* the entries in it */
    int64_t gen_time;     /* seconds since 1970 */
    int64_t ends;         /* when the first certificate of the token's chain ends */
    bool claims_qualified;
    uint64_t entry;                  /* seq of its "timestamp" entry; 0: not yet in the log */
    unsigned char root[HASH_OCTETS]; /* what the token is over */
    char *tsa;                       /* the authority's name in the configuration then */
    struct bytes token;              /* DER, as it came */
    struct bytes chain;              /* PEM, from its signer to the anchor */
    struct bytes checkpoint;         /* the note; empty: there was none */
    struct bytes log_key;            /* log.pub.pem then */
};
void batch_token_free(struct batch_token *t);

/* The batch that holds entry `seq`: it existed no later than its gen_time. `t` is empty before.
   STORE_NOT_FOUND: not yet dated. */
enum store_status batch_for_entry(struct batch_db *db, uint64_t seq, struct batch_token *t,
                                  struct store_error *err);

/* The newest batch whose "timestamp" entry stands before entry `seq` in the log: the entry was
   written no earlier than its gen_time. STORE_NOT_FOUND: there is none. */
enum store_status batch_previous(struct batch_db *db, uint64_t seq, struct batch_token *t,
                                 struct store_error *err);

/* A batch by its number, 1 to the newest. STORE_NOT_FOUND: there is none. */
enum store_status batch_by_number(struct batch_db *db, uint64_t number, struct batch_token *t,
                                  struct store_error *err);

/* Both bounds of an entry at once; 0 where there is none. */
struct batch_bounds {
    int64_t not_before, not_after;    /* seconds since 1970 */
    uint64_t previous_number, number; /* the batches that they rest on */
};
enum store_status batch_bounds(struct batch_db *db, uint64_t seq, struct batch_bounds *bounds,
                               struct store_error *err);

/* Append the evidence record (RFC 4998, DER) of the group of entry `seq`, with all renewals.
   STORE_NOT_FOUND: not yet dated, or its group is no more whole (erased since): then the record
   of the checkpoint and an inclusion proof date the public record. STORE_CORRUPT: what the store
   holds is not what was dated. */
enum store_status batch_evidence_record(struct batch_db *db, uint64_t seq, struct bytes *ers,
                                        struct store_error *err);

/* The same for the group {checkpoint, log key} of a batch. STORE_NOT_FOUND: it had none. */
enum store_status batch_checkpoint_record(struct batch_db *db, uint64_t number, struct bytes *ers,
                                          struct store_error *err);

struct batch_figures {
    uint64_t batches, renewals;
    uint64_t dated;        /* entries in a batch: 1 to this */
    uint64_t open;         /* entries in none */
    int64_t open_since;    /* time of the first of these that is no "timestamp"; 0: none */
    int64_t last_gen_time; /* 0: none */
    int64_t earliest_end;  /* of the certificates that a token still rests on; 0: none */
    uint64_t unlogged;     /* tokens that are not yet an entry of the log */
    char *trouble;         /* the last failure of an authority that is not over; NULL: none */
};
/* With no batch.db, the figures of a store in which nothing is dated. */
enum store_status batch_figures(const char *store_directory, struct batch_figures *f,
                                struct store_error *err);
void batch_figures_free(struct batch_figures *f);

#endif
