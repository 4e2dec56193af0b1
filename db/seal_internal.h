/*
 * seal_internal - what the parts of seal share and nobody else needs
 *
 * seal_key.c makes and loads keys, seal_sign.c signs and judges, seal_store.c keeps seal.db,
 * sealer.c puts them to work. The writing half of seal.db is here and not in seal.h, because
 * the sealer alone may use it.
 */
#ifndef TEMOIN_DB_SEAL_INTERNAL_H
#define TEMOIN_DB_SEAL_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "db/seal.h"

struct seal_key {
    EVP_PKEY *private_key;
    X509 *certificate;
};

/* The reason of OpenSSL's last error, or "no reason given"; empties its queue. Static text. */
const char *seal_crypto_reason(void);

/* Read the first certificate of a PEM file. NULL: *err and *status say why. */
X509 *seal_certificate_read(const char *file, enum store_status *status, struct store_error *err);

/* Writing seal.db: begin, any number of put, then commit with the tree's new state, or
   rollback. `seq` must be one more than the last one. */
enum store_status seal_store_begin(struct seal_store *store, struct store_error *err);
enum store_status seal_store_put(struct seal_store *store, uint64_t seq,
                                 const struct bytes *signature, struct store_error *err);
enum store_status seal_store_commit(struct seal_store *store, const struct tree *tree,
                                    struct store_error *err);
void seal_store_rollback(struct seal_store *store);

#endif
