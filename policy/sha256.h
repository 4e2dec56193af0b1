/*
 * sha256 - SHA-256 (FIPS 180-4) for those who hash much
 *
 * Synopsis
 *      EVP_MD_CTX *hash = sha256_new();
 *      sha256_of(hash, nonce, sizeof nonce, data, len, commitment);
 *      EVP_MD_CTX_free(hash);
 *
 * Asking OpenSSL 3 for the function costs a lock that all threads share, and as much as hashing a
 * record does. A context that has been asked for once does not ask again.
 */
#ifndef TEMOIN_POLICY_SHA256_H
#define TEMOIN_POLICY_SHA256_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

enum { SHA256_HASH = 32 };

/* A context of SHA-256, for one thread at a time. NULL: out of memory, or the crypto library
   failed. */
EVP_MD_CTX *sha256_new(void);

/* The hash of two runs of octets, one behind the other; either may be empty. `hash` NULL, or the
   crypto library failed: false. */
bool sha256_of(EVP_MD_CTX *hash, const void *first, size_t first_len, const void *second,
               size_t second_len, unsigned char out[SHA256_HASH]);

/* Begin anew, for EVP_DigestUpdate(). */
bool sha256_begin(EVP_MD_CTX *hash);

#endif
