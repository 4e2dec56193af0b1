/*
 * verify_tree - the part of verify that computes the tree of all leaves once more: is its root the
 *               sealer's, are the checkpoints its beginnings, are the kept subtrees its subtrees?
 *
 * What seal.db says is held against one pass over the leaves. A checkpoint from outside
 * (verdict.witness) is the strongest of these: the log and seal.db may both have been written
 * anew, the paper in somebody's hands was not.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/checkpoint.h"
#include "db/seal_internal.h"
#include "db/verify_internal.h"

/* "The log's first `size` entries had this root." */
struct claim {
    uint64_t size;
    unsigned char root[TREE_HASH];
    bool from_outside;
};

struct pass {
    struct verification *all;
    struct seal_store *seals;
    unsigned char key[NOTE_KEY]; /* the log's */
    bool has_key;
    struct claim *claims; /* by size */
    size_t count, room;
    bool failed; /* out of memory */
    bool node_reported;
    enum store_status status;
    struct store_error *err;
};

/* A finding about the whole; the arguments are verdict_add()'s. */
#define FIND(p, ...)                                         \
    do {                                                     \
        if (!verdict_add((p)->all->verdict, 0, __VA_ARGS__)) \
            (p)->failed = true;                              \
    } while (0)

/* --- what is claimed ------------------------------------------------------------------------*/

static void add_claim(struct pass *p, uint64_t size, const unsigned char root[TREE_HASH],
                      bool from_outside)
{
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        struct claim *grown = realloc(p->claims, room * sizeof *grown);
        if (!grown) {
            p->failed = true;
            return;
        }
        p->claims = grown;
        p->room = room;
    }
    p->claims[p->count] = (struct claim){.size = size, .from_outside = from_outside};
    memcpy(p->claims[p->count++].root, root, TREE_HASH);
}

static bool take_kept(uint64_t size, const void *note, size_t len, void *context)
{
    struct pass *p = context;
    struct checkpoint c;
    const char *why;
    if (!checkpoint_parse(note, len, &c, &why) || c.size != size)
        FIND(p, "seal.db: the checkpoint of %" PRIu64 " entries is altered", size);
    else if (p->has_key && note_judge(note, len, c.origin, p->key) != NOTE_SIGNED)
        FIND(p, "seal.db: the checkpoint of %" PRIu64 " entries is not signed by the log key",
             size);
    else
        add_claim(p, size, c.root, false);
    checkpoint_free(&c);
    return !p->failed;
}

static int claim_order(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    return x->size < y->size ? -1 : x->size > y->size;
}

/* The sealer may go on meanwhile: what it wrote after the measuring is not looked at, but none of
   its checkpoints may go beyond its head. */
static void drop_newer(struct pass *p)
{
    struct tree head;
    struct store_error unread;
    uint64_t sealed = p->all->verdict->sealed;
    bool readable = seal_head(p->seals, &head, &unread) == STORE_OK;
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct claim *c = &p->claims[i];
        if (c->from_outside && c->size > sealed)
            FIND(p,
                 "the checkpoint speaks of %" PRIu64
                 " entries, which this log has not, or not signed: its end was cut off",
                 c->size);
        else if (!c->from_outside && readable && c->size > head.size)
            FIND(p, "seal.db: a checkpoint speaks of %" PRIu64 " entries, which its head does not",
                 c->size);
        else if (c->size <= sealed)
            p->claims[kept++] = *c;
    }
    p->count = kept;
}

static enum store_status collect(struct pass *p)
{
    const struct checkpoint *witness = p->all->verdict->witness;
    const struct settings *s = p->all->settings;
    struct store_error none;
    enum store_status st = seal_store_open(s->store_directory, STORE_READ, &p->seals, p->err);
    p->has_key = log_public_key(s->key_directory, p->key, &none) == STORE_OK;
    if (st == STORE_OK)
        st = checkpoint_each(p->seals, take_kept, p, p->err);
    if (st == STORE_OK && witness)
        add_claim(p, witness->size, witness->root, true);
    if (st == STORE_OK && !p->failed) {
        drop_newer(p);
        if (p->count > 1)
            qsort(p->claims, p->count, sizeof *p->claims, claim_order);
    }
    return st;
}

/* --- one pass over the leaves -----------------------------------------------------------------*/

/* Subtrees that a leaf completed; the first one that differs is enough to know. */
static void check_nodes(struct pass *p, const struct tree *tree,
                        unsigned char made[TREE_DEPTH][TREE_HASH], unsigned levels)
{
    unsigned char kept[TREE_HASH];
    struct store_error err;
    for (unsigned level = SEAL_NODE_STEP; level < levels && !p->node_reported;
         level += SEAL_NODE_STEP) {
        enum store_status st =
            seal_tree_nodes(p->seals, level, (tree->size - 1) >> level, 1, kept, &err);
        if (st == STORE_OK && memcmp(kept, made[level], TREE_HASH) == 0)
            continue;
        p->node_reported = true;
        if (st != STORE_OK && st != STORE_CORRUPT)
            p->status = store_fail(p->err, st, "%s", err.text);
        else
            FIND(p, "seal.db: a subtree of proofs is altered or missing (entry %" PRIu64 ")",
                 tree->size);
    }
}

static void check_claim(struct pass *p, const struct claim *c, const unsigned char root[TREE_HASH])
{
    bool same = memcmp(c->root, root, TREE_HASH) == 0;
    if (c->from_outside)
        p->all->verdict->witnessed = same;
    if (same)
        return;
    if (c->from_outside)
        FIND(p,
             "the checkpoint of %" PRIu64 " entries is no beginning of this log: it was written "
             "anew, or is another",
             c->size);
    else
        FIND(p, "seal.db: the root of the checkpoint of %" PRIu64 " entries is not the log's",
             c->size);
}

static bool walk(struct pass *p)
{
    struct verdict *v = p->all->verdict;
    struct tree tree = {0};
    size_t next = 0;
    for (uint64_t seq = 0; seq <= v->sealed && !p->failed && p->status == STORE_OK; seq++) {
        unsigned char made[TREE_DEPTH][TREE_HASH], root[TREE_HASH];
        unsigned levels = 0;
        if (seq &&
            !tree_append_noting(&tree, p->all->leaves + (seq - 1) * TREE_HASH, made, &levels))
            return false;
        check_nodes(p, &tree, made, levels);
        for (; next < p->count && p->claims[next].size == seq; next++) {
            if (!tree_root(&tree, root))
                return false;
            check_claim(p, &p->claims[next], root);
        }
    }
    return tree_root(&tree, v->root);
}

/* Is the root that of the sealer's head? */
static bool check_head(struct pass *p)
{
    struct verification *all = p->all;
    unsigned char sealed[TREE_HASH];
    if (all->head_damaged)
        return true;
    if (!tree_root(&all->head, sealed))
        return false;
    if (memcmp(sealed, all->verdict->root, TREE_HASH) != 0)
        FIND(p, "seal.db: the root of its head is not that of the log's first %" PRIu64 " entries",
             all->verdict->sealed);
    return true;
}

enum store_status verify_tree(struct verification *all, struct store_error *err)
{
    struct pass p = {.all = all, .err = err};
    enum store_status st = collect(&p);
    if (st == STORE_OK && !(walk(&p) && check_head(&p)))
        st = store_fail(err, STORE_INVALID, "the crypto library cannot hash");
    if (st == STORE_OK)
        st = p.status;
    if (st == STORE_OK && p.failed)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    all->verdict->root_checked = st == STORE_OK;
    seal_store_close(p.seals);
    free(p.claims);
    return st;
}
