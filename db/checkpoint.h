/*
 * checkpoint - the log's own key, and the checkpoints that it signs
 *
 * Synopsis
 *      log_key_create(key_directory, &err);                        // temoin init
 *      log_key_load(key_directory, &key, &err);                    // the sealer
 *      checkpoint_write(seals, key, origin, now, &err);
 *
 *      struct bytes note = {0};
 *      checkpoint_latest(seals, &note, &err);                      // who may read seal.db
 *      checkpoint_at(seals, 1234, &note, &err);
 *
 * A checkpoint is a signed note (policy/note.h) that says: the log of this origin had so many
 * entries, and this was the root of their tree. The sealer writes one after each group that it
 * signed, so a checkpoint never speaks of an entry that is not signed.
 *
 * What is kept in seal.db: all of the last two days (UTC), and of older days the last one. Those
 * that went out are kept where they went: in the archived copy of the reminder
 * (Temoin-Checkpoint), in the batch that was timestamped, in the "checkpoint" entry of the mail
 * to checkpoint_to. Any size's root can be computed again (db/proof_maker.h); the signature of a
 * given text by an Ed25519 key is always the same.
 *
 * The key: log.key (Ed25519, PKCS#8 PEM, 0400, the sealer's) and log.pub.pem (0444) in
 * key_directory. Its name in notes is the log's origin.
 */
#ifndef TEMOIN_DB_CHECKPOINT_H
#define TEMOIN_DB_CHECKPOINT_H

#include "db/seal.h"
#include "policy/note.h"

struct log_key;

/* STORE_INVALID: there is one already; it is not overwritten. */
enum store_status log_key_create(const char *directory, struct store_error *err);
/* STORE_NOT_FOUND, STORE_DENIED; STORE_CORRUPT: no Ed25519 key in clear PEM. */
enum store_status log_key_load(const char *directory, struct log_key **key,
                               struct store_error *err);
void log_key_free(struct log_key *key);

/* The public key of <directory>/log.pub.pem / of a file: PEM, or "name+hex+base64" (*name is then
   the log's origin, owned by the caller; else NULL). */
enum store_status log_public_key(const char *directory, unsigned char key[NOTE_KEY],
                                 struct store_error *err);
enum store_status log_public_key_file(const char *file, unsigned char key[NOTE_KEY], char **name,
                                      struct store_error *err);

/* Sign and keep a checkpoint of what is signed; nothing when the latest says the same. For who has
   seal.db open for writing, outside of a transaction. `now` is seconds since 1970. */
enum store_status checkpoint_write(struct seal_store *seals, const struct log_key *key,
                                   const char *origin, int64_t now, struct store_error *err);

/* Append the note. STORE_NOT_FOUND: none yet / none of exactly this size is kept. */
enum store_status checkpoint_latest(struct seal_store *seals, struct bytes *note,
                                    struct store_error *err);
enum store_status checkpoint_at(struct seal_store *seals, uint64_t size, struct bytes *note,
                                struct store_error *err);

/* Call `each` for all that are kept, by size; stops when it returns false. */
enum store_status checkpoint_each(struct seal_store *seals,
                                  bool (*each)(uint64_t size, const void *note, size_t len,
                                               void *context),
                                  void *context, struct store_error *err);

#endif
