/*
 * seal_tree - the subtrees of the log's tree that seal.db keeps for proofs
 *
 * Of every fourth level (16, 256, 4,096, … leaves) each complete subtree's hash is a row of
 * `node`, written in the transaction that signs its last entry. A subtree of a level between is
 * folded from at most 8 rows of the one below. The rows follow from the leaves and can always be
 * made again: a seal.db of before they existed gets them at the next round of the sealer.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/seal_internal.h"

enum { SLICE = 4096 };

enum store_status seal_tree_append(struct seal_store *s, struct tree *tree,
                                   const unsigned char leaf[TREE_HASH], struct store_error *err)
{
    unsigned char made[TREE_DEPTH][TREE_HASH];
    unsigned levels;
    if (!tree_append_noting(tree, leaf, made, &levels))
        return store_fail(err, STORE_INVALID, "the crypto library cannot hash");
    enum store_status st = STORE_OK;
    for (unsigned level = SEAL_NODE_STEP; st == STORE_OK && level < levels; level += SEAL_NODE_STEP)
        st = db_run(s->db, "INSERT OR REPLACE INTO node(level, n, hash) VALUES(?, ?, ?)", err,
                    "iib", (int64_t)level, (int64_t)((tree->size - 1) >> level),
                    (const void *)made[level], (size_t)TREE_HASH);
    return st;
}

enum store_status seal_tree_nodes(struct seal_store *s, unsigned level, uint64_t first,
                                  size_t count, unsigned char *hashes, struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = true;
    uint64_t next = first;
    enum store_status st =
        db_query(s->db, "SELECT n, hash FROM node WHERE level = ? AND n >= ? AND n < ? ORDER BY n",
                 &row, err, "iii", (int64_t)level, (int64_t)first, (int64_t)(first + count));
    while (st == STORE_OK) {
        st = db_step(s->db, row, &found, err);
        if (st != STORE_OK || !found || (uint64_t)sqlite3_column_int64(row, 0) != next ||
            sqlite3_column_bytes(row, 1) != TREE_HASH)
            break;
        memcpy(hashes + (next - first) * TREE_HASH, sqlite3_column_blob(row, 1), TREE_HASH);
        next++;
    }
    db_done(row);
    if (st == STORE_OK && next != first + count)
        st = store_fail(err, STORE_CORRUPT,
                        "seal.db: the subtree %" PRIu64 " of level %u is missing", next, level);
    return st;
}

/* All rows once more, from the leaves of the first `size` entries. */
static enum store_status rebuild(struct store *log, struct seal_store *s, uint64_t size,
                                 struct store_error *err)
{
    unsigned char *leaves = malloc((size_t)SLICE * TREE_HASH);
    struct tree tree = {0};
    enum store_status st = leaves ? db_exec(s->db, "DELETE FROM node", err)
                                  : store_fail(err, STORE_NO_MEMORY, "out of memory");
    while (st == STORE_OK && tree.size < size) {
        size_t count = size - tree.size < SLICE ? (size_t)(size - tree.size) : SLICE;
        st = store_leaves(log, tree.size + 1, count, leaves, err);
        for (size_t i = 0; st == STORE_OK && i < count; i++)
            st = seal_tree_append(s, &tree, leaves + i * TREE_HASH, err);
    }
    free(leaves);
    return st;
}

enum store_status seal_tree_catch_up(struct store *log, struct seal_store *s,
                                     const struct tree *tree, struct store_error *err)
{
    int64_t there = 0;
    uint64_t blocks = tree->size >> SEAL_NODE_STEP;
    if (!blocks)
        return STORE_OK;
    enum store_status st =
        db_number(s->db, "SELECT count(*) FROM node WHERE level = ? AND n = ?", 0, &there, err,
                  "ii", (int64_t)SEAL_NODE_STEP, (int64_t)(blocks - 1));
    return st != STORE_OK || there ? st : rebuild(log, s, tree->size, err);
}
