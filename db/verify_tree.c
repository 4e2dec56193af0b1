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

struct claims {
    struct claim {
        uint64_t size;
        unsigned char root[TREE_HASH]; /* "the log's first `size` entries had this root" */
        bool from_outside;
    } * items; /* by size */
    size_t count, room;
};

struct pass {
    struct verification *all;
    struct claims *claims;
    struct seal_store *seals;
    unsigned char key[NOTE_KEY]; /* the log's */
    bool has_key;
    bool failed; /* out of memory */
    bool node_reported;
    enum store_status status;
    struct store_error *err;
};

/* A finding about the whole; the arguments are verdict_add()'s. Workers may still have some. */
#define FIND(p, ...)                                         \
    do {                                                     \
        pthread_mutex_lock(&(p)->all->lock);                 \
        if (!verdict_add((p)->all->verdict, 0, __VA_ARGS__)) \
            (p)->failed = true;                              \
        pthread_mutex_unlock(&(p)->all->lock);               \
    } while (0)

/* --- what is claimed ------------------------------------------------------------------------*/

static void add_claim(struct pass *p, uint64_t size, const unsigned char root[TREE_HASH],
                      bool from_outside)
{
    struct claims *c = p->claims;
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        struct claim *grown = realloc(c->items, room * sizeof *grown);
        if (!grown) {
            p->failed = true;
            return;
        }
        c->items = grown;
        c->room = room;
    }
    c->items[c->count] = (struct claim){.size = size, .from_outside = from_outside};
    memcpy(c->items[c->count++].root, root, TREE_HASH);
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
    for (size_t i = 0; i < p->claims->count; i++) {
        const struct claim *c = &p->claims->items[i];
        if (c->from_outside && c->size > sealed)
            FIND(p,
                 "the checkpoint speaks of %" PRIu64
                 " entries, which this log has not, or not signed: its end was cut off",
                 c->size);
        else if (!c->from_outside && readable && c->size > head.size)
            FIND(p, "seal.db: a checkpoint speaks of %" PRIu64 " entries, which its head does not",
                 c->size);
        else if (c->size <= sealed)
            p->claims->items[kept++] = *c;
    }
    p->claims->count = kept;
}

static enum store_status pass_end(struct pass *p, enum store_status st)
{
    if (st == STORE_OK)
        st = p->status;
    if (st == STORE_OK && p->failed)
        st = store_fail(p->err, STORE_NO_MEMORY, "out of memory");
    seal_store_close(p->seals);
    return st;
}

enum store_status verify_claims(struct verification *all, struct store_error *err)
{
    const struct checkpoint *witness = all->verdict->witness;
    const struct settings *s = all->settings;
    struct store_error none;
    all->claims = calloc(1, sizeof *all->claims);
    if (!all->claims)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    struct pass p = {.all = all, .claims = all->claims, .err = err};
    enum store_status st = seal_store_open(s->store_directory, STORE_READ, &p.seals, err);
    p.has_key = log_public_key(s->key_directory, p.key, &none) == STORE_OK;
    if (st == STORE_OK)
        st = checkpoint_each(p.seals, take_kept, &p, err);
    if (st == STORE_OK && witness)
        add_claim(&p, witness->size, witness->root, true);
    if (st == STORE_OK && !p.failed) {
        drop_newer(&p);
        if (all->claims->count > 1)
            qsort(all->claims->items, all->claims->count, sizeof *all->claims->items, claim_order);
    }
    return pass_end(&p, st);
}

void verify_claims_free(struct verification *all)
{
    if (all->claims)
        free(all->claims->items);
    free(all->claims);
    all->claims = NULL;
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
        for (; next < p->claims->count && p->claims->items[next].size == seq; next++) {
            if (!tree_root(&tree, root))
                return false;
            check_claim(p, &p->claims->items[next], root);
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
    struct pass p = {.all = all, .claims = all->claims, .err = err};
    enum store_status st =
        seal_store_open(all->settings->store_directory, STORE_READ, &p.seals, err);
    if (st == STORE_OK && !(walk(&p) && check_head(&p)))
        st = store_fail(err, STORE_INVALID, "the crypto library cannot hash");
    st = pass_end(&p, st);
    all->verdict->root_checked = st == STORE_OK;
    return st;
}
