/*
 * tree - RFC 6962 Merkle tree hashing over an append-only list of leaves
 *
 * Synopsis
 *      struct tree t = {0};
 *      unsigned char leaf[TREE_HASH];
 *      tree_leaf_hash(record, len, leaf);
 *      tree_append(&t, leaf);
 *      tree_root(&t, root);
 *
 * The state is the right edge of the tree (one hash for every set bit of the size), which is
 * all that appending needs; tree_save/tree_load turn it into octets.
 */
#ifndef TEMOIN_POLICY_TREE_H
#define TEMOIN_POLICY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TREE_HASH = 32, TREE_DEPTH = 64, TREE_STATE_MAX = 8 + TREE_DEPTH * TREE_HASH };

struct tree {
    uint64_t size;
    unsigned char edge[TREE_DEPTH][TREE_HASH]; /* edge[k] is valid when bit k of size is set */
};

/* SHA-256(0x00 || data). False: the crypto library failed. */
bool tree_leaf_hash(const void *data, size_t len, unsigned char leaf[TREE_HASH]);

/* SHA-256(0x01 || left || right); `hash` may be one of them. False: the crypto library failed. */
bool tree_node_hash(const unsigned char left[TREE_HASH], const unsigned char right[TREE_HASH],
                    unsigned char hash[TREE_HASH]);

/* False: the crypto library failed; the tree is then unchanged. */
bool tree_append(struct tree *t, const unsigned char leaf[TREE_HASH]);

/* The same; made[0] to made[*levels - 1] are the subtrees that the leaf completes, by level. */
bool tree_append_noting(struct tree *t, const unsigned char leaf[TREE_HASH],
                        unsigned char made[TREE_DEPTH][TREE_HASH], unsigned *levels);

/* The root of the tree; of the empty one, SHA-256 of nothing. False: the crypto library failed. */
bool tree_root(const struct tree *t, unsigned char root[TREE_HASH]);

/* Octets written to `state` (size big endian, then the edge from the highest bit down). */
size_t tree_save(const struct tree *t, unsigned char state[TREE_STATE_MAX]);

/* False: the octets are no saved tree. */
bool tree_load(struct tree *t, const unsigned char *state, size_t len);

#endif
