/*
 * seal_internal - what the parts of seal share and nobody else needs
 *
 * seal_key.c makes keys, seal_key_load.c and seal_key_token.c load them, seal_sign.c signs and
 * judges, seal_store.c keeps seal.db, seal_tree.c its subtrees and checkpoint.c its checkpoints,
 * sealer.c puts them to work. The writing half of seal.db is here and not in seal.h, because the
 * sealer alone may use it.
 */
#ifndef TEMOIN_DB_SEAL_INTERNAL_H
#define TEMOIN_DB_SEAL_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "db/seal.h"
#include "db/sqlite.h"
#include "policy/sha256.h"

enum { SEAL_NODE_STEP = 4 }; /* subtrees of every fourth level are kept */

struct seal_store {
    struct db *db;
    int lock_fd;      /* -1: opened for reading */
    EVP_MD_CTX *hash; /* of sha256.h */
};

struct seal_key {
    EVP_PKEY *private_key;
    X509 *certificate;
    STACK_OF(X509) * chain; /* the certificates above it, as far as its file holds them */
};

/* Octets for CMS_verify(), behind a filter: of bare memory it makes a copy of the BIO, which
   OpenSSL 3.0 leaks when a signature cannot be read. BIO_free_all() it; `data` must live as long.
   NULL: out of memory, or above INT_MAX. */
BIO *seal_octets(const void *data, size_t len);

/* The reason of OpenSSL's last error, or "no reason given"; empties its queue. Static text. */
const char *seal_crypto_reason(void);

/* Read the first certificate of a PEM file. NULL: *err and *status say why. */
X509 *seal_certificate_read(const char *file, enum store_status *status, struct store_error *err);

/* A URI for messages: a PIN stays out of logs. */
enum { SEAL_URI_SHOWN = 200 };
void seal_uri_shown(const char *uri, char shown[SEAL_URI_SHOWN]);

/* The key that one of OpenSSL's STORE loaders finds. NULL: none; why is in OpenSSL's queue. */
EVP_PKEY *seal_key_from_store(const char *uri);

/* Is it a PKCS#11 URI (RFC 7512)? Its key, usable as long as the token is there. NULL: *status
   STORE_NOT_FOUND: no such token or key, or no way to tokens; STORE_INVALID: the token refuses
   the PIN, or there is none; STORE_NOT_FOUND, STORE_DENIED: the PIN's file. */
bool seal_key_in_token(const char *uri);
EVP_PKEY *seal_key_from_token(const char *uri, enum store_status *status, struct store_error *err);

/* Write a memory BIO's contents to a new file, synced; after a failure nothing is left behind.
   Sync a directory. The status follows from the system call that failed. */
enum store_status seal_file_create(const char *path, mode_t mode, BIO *content,
                                   struct store_error *err);
enum store_status seal_directory_sync(const char *directory, struct store_error *err);

/* Writing seal.db: begin, any number of put, then commit with the tree's new state, or
   rollback. `seq` must be one more than the last one. */
enum store_status seal_store_begin(struct seal_store *store, struct store_error *err);
enum store_status seal_store_put(struct seal_store *store, uint64_t seq,
                                 const struct bytes *signature, struct store_error *err);
enum store_status seal_store_commit(struct seal_store *store, const struct tree *tree,
                                    struct store_error *err);
void seal_store_rollback(struct seal_store *store);

/* seal_tree.c: append a leaf to the tree and keep the subtrees that it completes (inside a
   transaction); make the rows again when they are not there; `count` subtrees of a kept level from
   number `first` on (STORE_CORRUPT: one is missing). */
enum store_status seal_tree_append(struct seal_store *store, struct tree *tree,
                                   const unsigned char leaf[TREE_HASH], struct store_error *err);
enum store_status seal_tree_catch_up(struct store *log, struct seal_store *store,
                                     const struct tree *tree, struct store_error *err);
enum store_status seal_tree_nodes(struct seal_store *store, unsigned level, uint64_t first,
                                  size_t count, unsigned char *hashes, struct store_error *err);

#endif
