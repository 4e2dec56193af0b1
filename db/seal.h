/*
 * seal - CAdES signatures of records, and the store of signatures and tree heads (seal.db)
 *
 * Signature: CMS SignedData, detached, CAdES-B-B (ETSI EN 319 122-1): content-type,
 * signing-time, message-digest, signing-certificate-v2. seal.db has one writer at a time
 * (<directory>/seal/seal.lock): the sealer process or, with the daemon stopped, a command.
 */
#ifndef TEMOIN_DB_SEAL_H
#define TEMOIN_DB_SEAL_H

#include "db/store.h"
#include "policy/settings.h"
#include "policy/tree.h"

struct seal_key; /* private key and certificate */

/* Generate a P-256 key and a self-signed certificate for `company` (valid 10 years), written
   as <name>.key (0400) and <name>.pem (0444) in `directory`; refuses to overwrite. */
enum store_status seal_key_create(const char *directory, const char *name, const char *company,
                                  struct store_error *err);

/* `uri`: of OpenSSL's STORE, such as "file:/etc/temoin/keys/seal.key" or "pkcs11:token=…".
   STORE_NOT_FOUND, STORE_DENIED: one of the files; STORE_CORRUPT: no key or certificate there;
   STORE_INVALID: they do not belong together, or the key is too weak. */
enum store_status seal_key_open(const char *uri, const char *certificate_file,
                                struct seal_key **key, struct store_error *err);
void seal_key_free(struct seal_key *key);

/* The path of a file URI (RFC 8089), in it; NULL: another scheme. */
const char *seal_key_file(const char *uri);

/* Hex SHA-256 of the first certificate (DER) of a PEM file. */
enum store_status seal_fingerprint(const char *certificate_file, char hex[65],
                                   struct store_error *err);

/* CAdES-B-B: for records. */
enum store_status seal_sign(const struct seal_key *key, const void *data, size_t len,
                            struct bytes *signature, struct store_error *err);
/* The same with the key's chain and the revocation lists of these files (PEM or DER), for
   exports: with lists and a timestamp, all that CAdES-B-LT wants. */
enum store_status seal_sign_export(const struct seal_key *key, const struct strings *crl_files,
                                   const void *data, size_t len, struct bytes *signature,
                                   struct store_error *err);
/* Does this signature say that it is over these octets? Nothing is verified. */
bool seal_names(const void *signature, size_t signature_len, const void *data, size_t len);
/* STORE_OK: this signature is by this certificate (PEM file) over these octets; STORE_CORRUPT:
   it is not, and err says why. */
struct seal_judge;
enum store_status seal_judge_open(const char *certificate_file, struct seal_judge **judge,
                                  struct store_error *err);
enum store_status seal_judge_check(struct seal_judge *judge, const void *data, size_t len,
                                   const void *signature, size_t signature_len,
                                   struct store_error *err);
void seal_judge_close(struct seal_judge *judge);

/* seal.db */
struct seal_store;
enum store_status seal_store_create(const char *directory, struct store_error *err);
enum store_status seal_store_open(const char *directory, enum store_mode mode,
                                  struct seal_store **store, struct store_error *err);
void seal_store_close(struct seal_store *store);
/* STORE_NOT_FOUND: not signed yet. */
enum store_status seal_signature(struct seal_store *store, uint64_t seq, struct bytes *signature,
                                 struct store_error *err);
/* As store_view_begin() and store_view_end(). */
enum store_status seal_view_begin(struct seal_store *store, struct store_error *err);
void seal_view_end(struct seal_store *store);
/* The tree's state after the last signed entry. */
enum store_status seal_head(struct seal_store *store, struct tree *tree, struct store_error *err);
/* The last entry that has a signature; 0: none. */
enum store_status seal_last(struct seal_store *store, uint64_t *seq, struct store_error *err);
/* How many signatures are of no entry from 1 to `size`. */
enum store_status seal_surplus(struct seal_store *store, uint64_t size, uint64_t *surplus,
                               struct store_error *err);

/* Sign what was committed and is not yet signed, at most `limit` entries, in one transaction;
 *done is how many. Idempotent: begins after the last one in seal.db. */
enum store_status seal_pending(struct store *log, struct seal_store *seals,
                               const struct seal_key *key, size_t limit, size_t *done,
                               struct store_error *err);

/* The process: wakes when `wake_fd` is readable (or every second), ends when `control_fd` says
   {"op": "stop"} or is hung up. Returns a sysexits status. */
int sealer_run(const struct settings *settings, int control_fd, int wake_fd);

/* For commands: wait at most timeout_ms until entry `seq` is signed; with the daemon stopped,
   sign oneself. */
enum store_status seal_wait(const struct settings *s, uint64_t seq, int timeout_ms,
                            struct store_error *err);

#endif
