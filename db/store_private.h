/*
 * store_private - what the files of the store share among themselves
 *
 * store.c opens and closes, store_write.c appends, store_read.c reads, store_body.c keeps
 * large bodies, store_volume.c knows the months' files and store_tidy.c moves messages there,
 * store_message.c and store_unpack.c bring them back, lookup.c answers questions.
 */
#ifndef TEMOIN_DB_STORE_PRIVATE_H
#define TEMOIN_DB_STORE_PRIVATE_H

#include <openssl/evp.h>
#include <zstd.h>

#include "db/schema.h"
#include "db/sqlite.h"
#include "db/store.h"

enum { KEY_OCTETS = 16, BODY_NAME = 33, PIECE_OCTETS = 1024 * 1024 };

/* A keyed hash of ids, subjects and logins: says nothing to who has not the key, and cannot be
   filled with chosen collisions from outside. */
struct keyed_hash {
    EVP_MAC_CTX *ctx;
    unsigned char key[KEY_OCTETS];
};

struct mover; /* store_tidy.c: a large message on its way to a volume */

struct store {
    char *directory;
    enum store_mode mode;
    struct db *log;
    struct db *registry; /* idle: store_hold_register() */
    int lock_fd;
    char *origin;
    struct keyed_hash hash;

    bool in_view;

    /* the open group */
    bool in_group;
    bool spoiled;
    bool unsure;           /* a commit failed in a way that may yet have reached the disk */
    uint64_t last_seq;     /* of the group */
    uint64_t seq_on_disk;  /* after the last commit */
    struct strings linked; /* names in bodies/ that belong to the group */
    uint64_t messages, octets;

    struct db *volume;
    int64_t volume_month; /* 202611 */
    struct mover *mover;
    ZSTD_DCtx *spare; /* these two wait for the next message that is unpacked */
    char *spare_out;
    bool erasing; /* something is left to be done for erased entries: store_erase.c */

    /* forgetting retry keys: a pass through the table, in slices */
    bool pruning;
    unsigned char prune_after[HASH_OCTETS];
    int64_t pruned; /* when the last pass ended; 0: none yet */
};

/* "<directory>/<name>" into `path`. */
enum store_status store_path(const char *directory, const char *name, char *path, size_t room,
                             struct store_error *err);

/* store.c: the keyed hash; `kind` keeps uses apart. A false return: the crypto library failed. */
bool keyed_hash_open(struct keyed_hash *h, struct db *log, struct store_error *err);
void keyed_hash_close(struct keyed_hash *h);
bool keyed_hash_64(struct keyed_hash *h, char kind, const char *text, uint64_t *hash);
bool keyed_hash_128(struct keyed_hash *h, char kind, const char *text, unsigned char hash[16]);

/* The keyed hash of a base subject; 0 for none. */
bool keyed_hash_subject(struct keyed_hash *h, const char *base_subject, uint64_t *hash);

/* store_body.c: give the spilled file `fd` a random name in bodies/ (linked where it can be,
   else copied and synced). The group's names are remembered by the caller. */
enum store_status body_keep(struct store *store, int fd, uint64_t size, char name[BODY_NAME],
                            struct store_error *err);
enum store_status body_open(struct store *store, const char *name, int *fd,
                            struct store_error *err);
void body_remove(struct store *store, const char *name);
enum store_status bodies_sync(struct store *store, struct store_error *err);

/* Remove what no entry refers to (bodies/) or what was left behind (spool/). */
enum store_status bodies_sweep(struct store *store, struct store_error *err);

/* store_unpack.c: zstd frames, fed in parts, written to a sink as they open up. */
struct unpack {
    struct store *store; /* that keeps its means when it is closed */
    ZSTD_DCtx *ctx;
    char *out;
    uint64_t written, size; /* so far; in all, as recorded */
    bool in_frame;
    bool (*sink)(const void *data, size_t len, void *context);
    void *context;
};
bool unpack_open(struct unpack *u, struct store *store, uint64_t size,
                 bool (*sink)(const void *data, size_t len, void *context), void *context);
/* STORE_CORRUPT: no zstd frames, or more octets than recorded; STORE_IO: the sink said no. */
enum store_status unpack_feed(struct unpack *u, const void *data, size_t len,
                              struct store_error *err);
/* Octets that were not packed. */
enum store_status unpack_plain(struct unpack *u, const void *data, size_t len,
                               struct store_error *err);
/* STORE_CORRUPT: fewer octets than recorded. */
enum store_status unpack_end(struct unpack *u, struct store_error *err);
void unpack_close(struct unpack *u);
void unpack_spare_free(struct store *store);

/* store_volume.c: open the volume of a month (202611) into store->volume. STORE_NOT_FOUND: it is
   not there, and not to be created. */
enum store_status volume_use(struct store *store, int64_t month, bool create,
                             struct store_error *err);
/* Append piece `n` of a message to `out`. STORE_CORRUPT: it is not there. */
enum store_status volume_piece(struct store *store, int64_t seq, int64_t n, struct bytes *out,
                               struct store_error *err);
/* (Re)write a message's pieces from `n` on; *n is the number of the next. */
enum store_status volume_put(struct store *store, int64_t seq, int64_t *n, const char *data,
                             size_t len, struct store_error *err);
/* Finish what a crash left in volumes/. */
enum store_status volumes_recover(struct store *store, struct store_error *err);
/* The month of an instant, UTC. */
int64_t month_of(int64_t seconds);

/* store_retry.c: one slice of forgetting the keys of messages whose window is over; every hour
   anew. *more: call again. */
enum store_status retry_prune(struct store *store, int64_t now, unsigned window_s, bool *more,
                              struct store_error *err);

/* store_erase.c: may the entries that an erasure names be erased? STORE_INVALID says why not. */
enum store_status erasure_check(struct store *store, const struct entry *e,
                                struct store_error *err);
/* Inside a group: take away what the erasure, appended as `seq`, names. */
enum store_status erasure_put(struct store *store, const struct entry *e, uint64_t seq,
                              struct store_error *err);
/* When a store is opened for writing: is anything left to be done? */
enum store_status erasures_recover(struct store *store, struct store_error *err);
/* Append to the list of erasures what is not in it yet, some at a time. */
enum store_status erasures_list(struct store *store, bool *more, struct store_error *err);
/* Remove the month's file if no message is in it any more and none will come. */
enum store_status volume_drop(struct store *store, int64_t month, int64_t now,
                              struct store_error *err);

/* derived_erase.c: take what is told about these entries out of facts.db and dkim.db. STORE_BUSY:
   somebody writes there. */
enum store_status derived_erase(const char *directory, const int64_t *seqs, size_t count,
                                struct store_error *err);
/* And out of their write-ahead logs. *done false: a reader is in the way. */
enum store_status derived_scrub(const char *directory, bool *done, struct store_error *err);
/* Remove such a file, with what SQLite put beside it: it is made anew. */
enum store_status derived_remove(const char *path, struct store_error *err);

/* store_tidy.c: forget what is under way. */
void mover_free(struct mover *m);

#endif
