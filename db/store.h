/*
 * store - everything that lasts: log, messages, dossiers, review queue
 *
 * Synopsis
 *      struct store *store;
 *      enum store_status st = store_open(directory, STORE_READ, &store, &err);
 *      ...
 *      store_close(store);
 *
 * One interface; SQLite stands behind it and no type of it here. One process at a time opens
 * a store for writing (STORE_WRITE takes <directory>/scribe.lock): temoind's scribe or, when
 * that is stopped, a command. Any number of readers, each thread with a store of its own.
 * No store crosses a fork.
 *
 * Files under the store directory: log.db (truth: records, leaves, recent messages, indexes),
 * volumes/YYYY-MM.db (message bytes of past days), bodies/ (large bodies until their volume
 * takes them), spool/ (bodies still arriving), seal/seal.db (signatures; db/seal_store.h),
 * register.db (db/register.h).
 *
 * Functions return a status; with anything but STORE_OK, `err` (when not NULL) holds what,
 * where and how to mend it. STORE_BUSY, STORE_FULL and STORE_IO are failures like any other:
 * the transaction is rolled back.
 */
#ifndef TEMOIN_DB_STORE_H
#define TEMOIN_DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/entry.h"

enum store_status {
    STORE_OK,
    STORE_NOT_FOUND, /* no such store, entry or invoice */
    STORE_BUSY,      /* locked by another process for too long */
    STORE_FULL,      /* no space left */
    STORE_IO,        /* the disk or file system failed */
    STORE_CORRUPT,   /* what was read is not what was written */
    STORE_DENIED,    /* permissions */
    STORE_SCHEMA,    /* written by a newer version of this program */
    STORE_NO_MEMORY,
    STORE_INVALID, /* the request makes no sense */
};

/* An error sentence; truncated where it does not fit. */
struct store_error {
    char text[400];
};

/* Fill `err` (may be NULL) and return `status`. */
enum store_status store_fail(struct store_error *err, enum store_status status, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));
/* The same for a failed system call: the status follows from `errnum` (ENOSPC: STORE_FULL, …),
   and its text is appended. */
enum store_status store_fail_errno(struct store_error *err, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum store_mode { STORE_READ, STORE_WRITE };

struct store;

/* Create directories and an empty log at schema version 1 with this origin. */
enum store_status store_create(const char *directory, const char *origin, struct store_error *err);

/* STORE_WRITE migrates an older schema, sweeps orphans in bodies/ and spool/, and finishes
   what a crash left (idempotent). STORE_BUSY: another writer holds the lock. */
enum store_status store_open(const char *directory, enum store_mode mode, struct store **store,
                             struct store_error *err);
void store_close(struct store *store);

/* Keep one idle handle of register.db open until store_close(), so that its -wal and -shm files
   are live and processes that may only read can open it cheaply (db/sqlite.c has the essay).
   STORE_NOT_FOUND: there is no register yet; ask again later. */
enum store_status store_hold_register(struct store *store, struct store_error *err);

/* --- writing: group commit ------------------------------------------------------------------
   store_begin, any number of store_append, store_commit; after a failure store_rollback.
   One failing append (STORE_INVALID, or a duplicate) does not spoil the group: it is undone
   by itself. STORE_FULL, STORE_IO, STORE_BUSY, STORE_CORRUPT spoil it. */

struct store_context {
    const char *key_fingerprint; /* hex SHA-256 of the seal certificate */
    const char *software;        /* version */
    const char *software_hash;   /* hex SHA-256 of the writing program's file */
    const char *process;         /* "scribe" or "command" */
    unsigned uid;                /* of the peer who asked */
    unsigned retry_window_s;
};

enum store_status store_begin(struct store *store, struct store_error *err);
enum store_status store_append(struct store *store, const struct store_context *context,
                               const struct entry *e, struct appended *out,
                               struct store_error *err);
enum store_status store_commit(struct store *store, struct store_error *err);
void store_rollback(struct store *store);

/* What the entry that brought this retry key within the window was told: seq, token, edits
   (scribe's "stamped" request). For the writer, outside or inside a group. STORE_NOT_FOUND:
   no such entry. */
enum store_status store_find_retry(struct store *store, const unsigned char retry[HASH_OCTETS],
                                   unsigned window_s, struct appended *out,
                                   struct store_error *err);

/* Reserve `count` message numbers, never given out again; own transaction, or inside the
   group's when one is open. */
enum store_status store_reserve_numbers(struct store *store, uint64_t count, uint64_t *first,
                                        struct store_error *err);

/* A piece of housekeeping off the commit path, at most some 50 ms: finish erasures
   (store_erase.h), move messages of past days to their volume, then forget retry keys of messages
   beyond the window. *more tells whether to call again. Between groups only. */
enum store_status store_tidy(struct store *store, int64_t now, unsigned retry_window_s, bool *more,
                             struct store_error *err);

/* PASSIVE checkpoint by a handle of its own (any thread of the writing process), or
   RESTART from the writer when the WAL is above 64 MB. */
enum store_status store_checkpoint_passive(const char *directory, struct store_error *err);
enum store_status store_checkpoint_restart(struct store *store, struct store_error *err);

/* --- reading --------------------------------------------------------------------------------*/

enum store_status store_origin(struct store *store, char **origin, struct store_error *err);
enum store_status store_last_seq(struct store *store, uint64_t *seq, struct store_error *err);

/* A record as stored. Byte strings are owned by the caller; private_part is NULL once erased. */
struct stored_entry {
    uint64_t seq;
    char *event;
    struct bytes record;       /* public part, the octets that are hashed and signed */
    struct bytes private_part; /* octets as committed to in the record; data NULL once erased */
    unsigned char leaf[HASH_OCTETS];
    bool has_message;   /* its octets are kept: not "dropped" (record.h), not erased */
    uint64_t size;      /* of the message, kept or not; 0: none */
    uint64_t erased_by; /* private_part NULL: seq of the erasure; 0: of none (store_erase.h) */
};
void stored_entry_free(struct stored_entry *e);

enum store_status store_entry(struct store *store, uint64_t seq, struct stored_entry *out,
                              struct store_error *err);

/* Between these two everything read is of one moment, and locks are taken once. For some dozen
   milliseconds at most: meanwhile the writer cannot begin its WAL anew. A message that is moved
   to its volume in between may not be found until the view is ended. */
enum store_status store_view_begin(struct store *store, struct store_error *err);
void store_view_end(struct store *store); /* outside of a view, or NULL: does nothing */

/* Call `each` for seq = from, from+1, … as they are stored (a gap shows as a jump), in slices
   so that the WAL can reset; stops when `each` returns false. */
enum store_status store_each_entry(struct store *store, uint64_t from,
                                   bool (*each)(const struct stored_entry *e, void *context),
                                   void *context, struct store_error *err);

/* The leaf hashes of entries first to first + count - 1 into `leaves` (count * HASH_OCTETS).
   STORE_CORRUPT: one of them is missing. */
enum store_status store_leaves(struct store *store, uint64_t first, size_t count,
                               unsigned char *leaves, struct store_error *err);

/* Write the message of an entry, as archived, in chunks. STORE_NOT_FOUND: it has none (kept
   as hash only, or erased). STORE_CORRUPT: it should be there and is not, or not whole; part of
   it may have been written. False from `sink` stops with STORE_IO. */
enum store_status store_message(struct store *store, uint64_t seq,
                                bool (*sink)(const void *data, size_t len, void *context),
                                void *context, struct store_error *err);

struct dossier {
    char *invoice;
    unsigned char id[16];
    uint64_t count;                       /* entries 1..count */
    uint64_t paused_by;                   /* seq of the entry that paused it; 0: not paused */
    unsigned char last_leaf[HASH_OCTETS]; /* which the next entry is to name */
    uint64_t *seqs;                       /* seqs[n - 1] is entry n */
};
void dossier_free(struct dossier *d);

/* STORE_NOT_FOUND: no entry was ever filed for this invoice. */
enum store_status store_dossier(struct store *store, const char *invoice, struct dossier *out,
                                struct store_error *err);
/* The invoice numbers that have a dossier, sorted. */
enum store_status store_dossiers(struct store *store, struct strings *invoices,
                                 struct store_error *err);

struct review_item {
    uint64_t seq;
    char *invoice;       /* proposed */
    char *state;         /* "open", "assigned", "dismissed" */
    uint64_t decided_by; /* seq of the decision; 0 while open */
};
enum store_status store_reviews(struct store *store, bool open_only, struct review_item **items,
                                size_t *count, struct store_error *err);
void review_items_free(struct review_item *items, size_t count);

/* What an entry says of itself (record.h) that the indexes must repeat; for verify. */
struct index_claim {
    uint64_t seq;
    bool outbound, pauses;
    bool erased;             /* its private part is gone: the rest cannot be compared */
    size_t erases;           /* an erasure: so many entries */
    uint64_t token;          /* message number; 0: none */
    uint64_t about;          /* the entry that it decides about; 0: no decision */
    const char *proposed;    /* up for review for this invoice; NULL: not; not owned */
    struct strings target;   /* where it is filed */
    struct strings invoices; /* where it is filed or noted; empty: it does not say */
    struct strings ids;      /* Message-IDs that name it */
};
void index_claim_free(struct index_claim *claim);

struct index_faults {
    struct strings own;      /* phrases about this entry; none: the indexes agree */
    struct strings misnamed; /* dossiers that list it under a number it does not name */
};
void index_faults_free(struct index_faults *f);

/* `faults` is empty before; index_faults_free() it in any case. */
enum store_status store_index_check(struct store *store, const struct index_claim *claim,
                                    struct index_faults *faults, struct store_error *err);
/* Rows of the indexes about what no entry knows. */
enum store_status store_index_strays(struct store *store, uint64_t *strays,
                                     struct store_error *err);

struct store_figures {
    uint64_t entries, dossiers, messages, message_octets, stored_octets, open_reviews,
        log_file_octets, wal_octets, volumes, bodies;
};
enum store_status store_figures(struct store *store, struct store_figures *out,
                                struct store_error *err);

/* --- a message's questions (milter and `temoin file`) ---------------------------------------*/

/* Opens log.db and register.db for reading; one per thread at a time (milter keeps a pool). */
struct lookup;
enum store_status lookup_open(const char *directory, struct lookup **lookup,
                              struct store_error *err);
void lookup_close(struct lookup *lookup);

/* Answer a query. `base_subject` may be NULL. `f` is empty before; facts_free() it. */
enum store_status lookup_facts(struct lookup *lookup, const struct query *q,
                               const char *base_subject, struct facts *f, struct store_error *err);

const char *store_status_text(enum store_status status);

#endif
