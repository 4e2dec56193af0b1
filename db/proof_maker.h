/*
 * proof_maker - inclusion and consistency proofs out of a store
 *
 * Synopsis
 *      struct proof_maker *maker;
 *      proof_open(store, seals, size, &maker, &err);
 *      proof_root(maker, root);
 *      struct bytes hashes = {0};
 *      proof_inclusion(maker, seq, &hashes, &err);         // of entry `seq` in the first `size`
 *      proof_consistency(maker, old_size, &hashes, &err);  // of the first old_size with `size`
 *      proof_close(maker);
 *
 * seal.db keeps the hash of every complete subtree of 16, 256, 4,096, … leaves, 2.2 octets an
 * entry and some 0.5 around them; inside the smallest ones the leaves are read from log.db. So a
 * proof costs a few dozen rows, however large the log is. Each proof is checked against the root
 * before it is given out.
 */
#ifndef TEMOIN_DB_PROOF_MAKER_H
#define TEMOIN_DB_PROOF_MAKER_H

#include "db/seal.h"
#include "policy/proof.h"

struct proof_maker;

/* Both stores must outlive it. STORE_INVALID: fewer than `size` entries are signed, or 0. */
enum store_status proof_open(struct store *store, struct seal_store *seals, uint64_t size,
                             struct proof_maker **maker, struct store_error *err);
void proof_root(const struct proof_maker *maker, unsigned char root[TREE_HASH]);

/* Append the hashes (TREE_HASH octets each). STORE_INVALID: no such entry or size in the tree;
   STORE_CORRUPT: log.db and seal.db contradict each other. */
enum store_status proof_inclusion(struct proof_maker *maker, uint64_t seq, struct bytes *hashes,
                                  struct store_error *err);
enum store_status proof_consistency(struct proof_maker *maker, uint64_t old_size,
                                    struct bytes *hashes, struct store_error *err);
void proof_close(struct proof_maker *maker);

#endif
