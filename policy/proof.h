/*
 * proof - RFC 6962 (and 9162) proofs over a log's tree: made from its subtrees, and checked
 *
 * Synopsis
 *      struct bytes hashes = {0};
 *      proof_path(seq - 1, size, subtree, context, &hashes);       // is this entry in it?
 *      proof_path_check(leaf, seq - 1, size, hashes.data, hashes.len, root);
 *
 *      proof_link(old_size, size, subtree, context, &hashes);      // is the old log its beginning?
 *      proof_link_check(old_size, old_root, size, root, hashes.data, hashes.len);
 *
 * Leaves are counted from 0, entries of the log from 1. A proof is its hashes, TREE_HASH octets
 * each, in the order of the RFC. Pure.
 */
#ifndef TEMOIN_POLICY_PROOF_H
#define TEMOIN_POLICY_PROOF_H

#include "policy/bytes.h"
#include "policy/tree.h"

/* Gives the hash of the complete subtree of 2^level leaves that begins at leaf index * 2^level.
   False: it cannot be had; the proof is given up. */
typedef bool (*proof_subtree)(void *context, unsigned level, uint64_t index,
                              unsigned char hash[TREE_HASH]);

/* The root of the first `size` leaves. False: `subtree` or the crypto library failed. */
bool proof_root_of(uint64_t size, proof_subtree subtree, void *context,
                   unsigned char root[TREE_HASH]);

/* Inclusion of leaf `index` (below `size`) / consistency of the first `old` leaves (at least 1,
   at most `size`) with the first `size`. Appends to `hashes`. False: no such leaf, `subtree`
   failed, out of memory. */
bool proof_path(uint64_t index, uint64_t size, proof_subtree subtree, void *context,
                struct bytes *hashes);
bool proof_link(uint64_t old, uint64_t size, proof_subtree subtree, void *context,
                struct bytes *hashes);

/* Does the proof hold? `len` is in octets. */
bool proof_path_check(const unsigned char leaf[TREE_HASH], uint64_t index, uint64_t size,
                      const void *hashes, size_t len, const unsigned char root[TREE_HASH]);
bool proof_link_check(uint64_t old, const unsigned char old_root[TREE_HASH], uint64_t size,
                      const unsigned char root[TREE_HASH], const void *hashes, size_t len);

#endif
