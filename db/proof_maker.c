/*
 * proof_maker - inclusion and consistency proofs out of a store (see proof_maker.h)
 */
#include "db/proof_maker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/seal_internal.h"

enum { GROUP = 1 << SEAL_NODE_STEP }; /* leaves, or children of a kept subtree */

struct proof_maker {
    struct store *log;
    struct seal_store *seals;
    uint64_t size;
    unsigned char root[TREE_HASH];
    uint64_t group; /* whose leaves are held */
    size_t held;    /* how many of them */
    unsigned char leaves[GROUP][TREE_HASH];
    enum store_status status; /* why the last subtree could not be had */
    struct store_error err;
};

/* --- subtrees -------------------------------------------------------------------------------*/

static bool fold(unsigned char hashes[][TREE_HASH], size_t count)
{
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            if (!tree_node_hash(hashes[2 * i], hashes[2 * i + 1], hashes[i]))
                return false;
    return true;
}

/* The leaves of one group of 16, as far as the tree goes; the last group is kept. */
static bool hold(struct proof_maker *m, uint64_t group)
{
    uint64_t first = group * GROUP;
    if (m->held && m->group == group)
        return true;
    size_t count = m->size - first < GROUP ? (size_t)(m->size - first) : GROUP;
    m->held = 0;
    m->status = store_leaves(m->log, first + 1, count, m->leaves[0], &m->err);
    if (m->status != STORE_OK)
        return false;
    m->group = group;
    m->held = count;
    return true;
}

static bool subtree(void *context, unsigned level, uint64_t index, unsigned char hash[TREE_HASH])
{
    struct proof_maker *m = context;
    unsigned char below[GROUP][TREE_HASH];
    unsigned base = level - level % SEAL_NODE_STEP;
    size_t count = (size_t)1 << (level - base);
    uint64_t first = index * count;
    if (base == 0) {
        if (!hold(m, first / GROUP))
            return false;
        memcpy(below, m->leaves[first % GROUP], count * TREE_HASH);
    } else {
        m->status = seal_tree_nodes(m->seals, base, first, count, below[0], &m->err);
        if (m->status != STORE_OK)
            return false;
    }
    if (!fold(below, count)) {
        m->status = store_fail(&m->err, STORE_INVALID, "the crypto library cannot hash");
        return false;
    }
    memcpy(hash, below[0], TREE_HASH);
    return true;
}

/* What a failed making came from; no memory when no subtree was at fault. */
static enum store_status failure(const struct proof_maker *m, struct store_error *err)
{
    if (m->status == STORE_OK)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    return store_fail(err, m->status, "%s", m->err.text);
}

/* --- proofs ---------------------------------------------------------------------------------*/

/* The tree's root, which must be the sealer's where that speaks of the same size. */
static enum store_status measure(struct proof_maker *m, struct store_error *err)
{
    struct tree head;
    unsigned char sealed[TREE_HASH];
    enum store_status st = seal_head(m->seals, &head, err);
    if (st != STORE_OK)
        return st;
    if (m->size == 0 || m->size > head.size)
        return store_fail(err, STORE_INVALID,
                          "no proof in a tree of %" PRIu64 " entries: %" PRIu64 " are signed",
                          m->size, head.size);
    if (!proof_root_of(m->size, subtree, m, m->root))
        return failure(m, err);
    if (m->size == head.size &&
        (!tree_root(&head, sealed) || memcmp(sealed, m->root, TREE_HASH) != 0))
        return store_fail(err, STORE_CORRUPT,
                          "seal.db: its subtrees and its head contradict each other, run \"temoin "
                          "verify --log\"");
    return STORE_OK;
}

enum store_status proof_open(struct store *store, struct seal_store *seals, uint64_t size,
                             struct proof_maker **maker, struct store_error *err)
{
    *maker = NULL;
    struct proof_maker *m = calloc(1, sizeof *m);
    if (!m)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    m->log = store;
    m->seals = seals;
    m->size = size;
    enum store_status st = measure(m, err);
    if (st != STORE_OK) {
        free(m);
        return st;
    }
    *maker = m;
    return STORE_OK;
}

void proof_close(struct proof_maker *maker)
{
    free(maker);
}

void proof_root(const struct proof_maker *m, unsigned char root[TREE_HASH])
{
    memcpy(root, m->root, TREE_HASH);
}

/* Give out what was made, if it holds. */
static enum store_status finish(struct bytes *made, bool holds, struct bytes *hashes,
                                struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (!holds)
        st = store_fail(err, STORE_CORRUPT,
                        "log.db and seal.db contradict each other, run \"temoin verify --log\"");
    else if (!bytes_append(hashes, made->data ? made->data : "", made->len))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    bytes_free(made);
    return st;
}

enum store_status proof_inclusion(struct proof_maker *m, uint64_t seq, struct bytes *hashes,
                                  struct store_error *err)
{
    struct bytes made = {0};
    if (seq == 0 || seq > m->size)
        return store_fail(err, STORE_INVALID,
                          "entry %" PRIu64 " is not among the first %" PRIu64 " of the log", seq,
                          m->size);
    m->status = STORE_OK;
    if (!proof_path(seq - 1, m->size, subtree, m, &made) || !hold(m, (seq - 1) / GROUP)) {
        bytes_free(&made);
        return failure(m, err);
    }
    bool holds = proof_path_check(m->leaves[(seq - 1) % GROUP], seq - 1, m->size,
                                  made.data ? made.data : "", made.len, m->root);
    return finish(&made, holds, hashes, err);
}

enum store_status proof_consistency(struct proof_maker *m, uint64_t old_size, struct bytes *hashes,
                                    struct store_error *err)
{
    struct bytes made = {0};
    unsigned char old_root[TREE_HASH];
    if (old_size == 0 || old_size > m->size)
        return store_fail(err, STORE_INVALID,
                          "no consistency of %" PRIu64 " with %" PRIu64 " entries", old_size,
                          m->size);
    m->status = STORE_OK;
    if (!proof_root_of(old_size, subtree, m, old_root) ||
        !proof_link(old_size, m->size, subtree, m, &made)) {
        bytes_free(&made);
        return failure(m, err);
    }
    bool holds = proof_link_check(old_size, old_root, m->size, m->root, made.data ? made.data : "",
                                  made.len);
    return finish(&made, holds, hashes, err);
}
