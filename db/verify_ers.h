/*
 * verify_ers - evidence records (RFC 4998), reduced from the files that they are about to the
 *              timestamps that date them
 *
 * Synopsis
 *      struct ers e = {0};
 *      if (!ers_reduce(der, len, count, hash, context, &e, &why)) ...does not hold: why...
 *      ... e.tokens[0] is the first token, e.tokens[e.count - 1] the one that renews all ...
 *
 * Both renewals are followed (RFC 4998, 5.2): of the timestamp, where the next one covers the
 * token before it, and of the tree, where a new chain covers the files again together with all
 * chains before it. The tokens themselves are the caller's to judge.
 */
#ifndef TEMOIN_DB_VERIFY_ERS_H
#define TEMOIN_DB_VERIFY_ERS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

enum { ERS_TOKENS_MAX = 100, ERS_GROUP_MAX = 16 };

struct ers_token {
    const unsigned char *der; /* into the caller's octets */
    size_t len;
};

struct ers {
    struct ers_token tokens[ERS_TOKENS_MAX]; /* in order of time */
    size_t count;
};

/* The hash of file `i` of the group, EVP_MD_get_size(md) octets. False: it cannot be had. */
typedef bool (*ers_file_hash)(size_t i, const EVP_MD *md, unsigned char *hash, void *context);

/* Does the record of `len` octets reduce, for the group of `count` files (at most ERS_GROUP_MAX),
   to the imprint of each of its tokens? The first list of the tree must hold the hashes of the
   whole group and no other. False: *why is static text. */
bool ers_reduce(const void *der, size_t len, size_t count, ers_file_hash hash, void *context,
                struct ers *e, const char **why);

#endif
