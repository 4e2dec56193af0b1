/*
 * ers - evidence records (RFC 4998): hash trees over groups of files, and the record's encoding
 *
 * Synopsis
 *      struct ers_hash group[2] = {record, signature}, leaf;
 *      ers_node(hash, group, 2, &leaf);                       // a group's leaf
 *      qsort(leaves, n, sizeof *leaves, ers_compare);
 *      struct ers_path path = {0};
 *      ers_path_up(leaves, n, index, &path);            // siblings up to the root
 *      struct ers_stamp stamp = {group, 2, &path, token, token_len};
 *      ers_encode(&stamp, 1, &der);
 *
 * The tree is binary: two neighbours, sorted and concatenated, are hashed; one that has no
 * neighbour goes up unchanged (RFC 4998, 4.2). A leaf is a data object group: the hash of its
 * files' sorted hashes. SHA-256 throughout. Functions return false when the crypto library or
 * memory fails, unless they say otherwise.
 */
#ifndef TEMOIN_POLICY_ERS_H
#define TEMOIN_POLICY_ERS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/bytes.h"
#include "policy/sha256.h"

enum { ERS_HASH = 32, ERS_GROUP = 8, ERS_DEPTH = 40, ERS_STAMPS = 64 };

struct ers_hash {
    unsigned char octets[ERS_HASH];
};

/* The hashes beside the way from a leaf to the root, from below. */
struct ers_path {
    size_t count;
    struct ers_hash siblings[ERS_DEPTH];
};

/* Binary ascending order, for qsort(3) and bsearch(3). */
int ers_compare(const void *a, const void *b);

/* The hash of `count` sorted and concatenated hashes, 1 to ERS_GROUP; of a single one, itself.
   `hash` is a context of sha256.h. */
bool ers_node(EVP_MD_CTX *hash, const struct ers_hash *hashes, size_t count, struct ers_hash *node);

/* Append the siblings of nodes[index] up to the root of these nodes, and replace nodes[0] by that
   root; the other nodes are spoiled. False too when the path would be longer than ERS_DEPTH. */
bool ers_path_up(struct ers_hash *nodes, size_t count, size_t index, struct ers_path *path);

/* The root alone, in the same way. `count` is at least 1. */
bool ers_root(struct ers_hash *nodes, size_t count, struct ers_hash *root);

/* One archive timestamp: a group, the way from its leaf to the root, the token over the root. */
struct ers_stamp {
    const struct ers_hash *group;
    size_t group_count; /* 0: no hash tree, the token is over the file's hash itself */
    const struct ers_path *path;
    const void *token; /* DER of the TimeStampToken, kept as it is */
    size_t token_len;
};

/* Append the DER of an EvidenceRecord whose one chain holds these stamps, the first first and
   each later one renewing the one before it (RFC 4998, 5.2). False too when a token is no DER
   SEQUENCE. */
bool ers_encode(const struct ers_stamp *stamps, size_t count, struct bytes *der);

#endif
