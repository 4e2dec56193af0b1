/*
 * batch_internal - what the parts of batch share and nobody else needs
 *
 * batch_store.c opens and reads batch.db, batch_group.c hashes what an entry consists of,
 * batch_close.c makes batches, batch_stamp.c asks the authorities and logs tokens, batch_renew.c
 * renews them, batch_record.c builds evidence records.
 */
#ifndef TEMOIN_DB_BATCH_INTERNAL_H
#define TEMOIN_DB_BATCH_INTERNAL_H

#include "db/batch.h"
#include "db/seal.h"
#include "db/sqlite.h"
#include "db/tsa.h"
#include "policy/ers.h"

enum { TILE = 256, GROUP_MOST = 4 };

struct batch_db {
    char *directory;
    struct db *db;
    int lock_fd;         /* -1: reading */
    EVP_MD_CTX *hash;    /* of sha256.h */
    struct store *store; /* these two are opened when first needed */
    struct seal_store *seals;
};

/* SQL: the newest token of each batch, on which it still rests, and when its certificates end. */
#define BATCH_STANDING                                                                             \
    "SELECT b.number AS number, coalesce(r.token, b.token) AS token, coalesce(r.ends, b.ends) AS " \
    "ends FROM batch b LEFT JOIN renewal r ON r.number ="                                          \
    " (SELECT max(renewal) FROM renewed WHERE batch = b.number)"

/* For writing: takes the lock, makes what is missing, migrates. STORE_BUSY: another process
   holds it. */
enum store_status batch_open_write(const char *store_directory, struct batch_db **db,
                                   struct store_error *err);

/* Open log.db and seal.db for reading, once. */
enum store_status batch_open_log(struct batch_db *db, struct store_error *err);

/* The hashes of the files that entry `e` consists of now: record, signature, private part,
   message. STORE_NOT_FOUND: it is not signed. */
enum store_status batch_group(struct batch_db *db, const struct stored_entry *e,
                              struct ers_hash group[GROUP_MOST], size_t *count,
                              struct store_error *err);
/* The same of what has been read already; `hash` is a context of sha256.h. */
enum store_status batch_group_of(EVP_MD_CTX *hash, const struct stored_entry *e,
                                 const struct bytes *signature, const json_t *private_part,
                                 struct ers_hash group[GROUP_MOST], size_t *count,
                                 struct store_error *err);
/* Those of {checkpoint, log key}. False: the crypto library failed. */
bool batch_checkpoint_group(const struct bytes *checkpoint, const struct bytes *log_key,
                            struct ers_hash group[2]);

bool batch_hash(const void *data, size_t len, struct ers_hash *hash);

/* Ask the authorities in their order. STORE_BUSY: none answered well; err holds the last reason,
   `remarks` each. */
enum store_status batch_ask(struct batch_db *db, const struct settings *s, bool patient,
                            const struct ers_hash *root, struct tsa_stamp *stamp,
                            const struct tsa **by, struct strings *remarks,
                            struct store_error *err);

/* A chain that is stored once, however many tokens it belongs to; inside a transaction. */
enum store_status batch_put_chain(struct batch_db *db, const struct bytes *chain, int64_t *id,
                                  struct store_error *err);

/* Enter every token that is not yet in the log. */
enum store_status batch_log_tokens(struct batch_db *db, const struct settings *s, const char *actor,
                                   struct store_error *err);

#endif
