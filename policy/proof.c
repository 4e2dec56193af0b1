/*
 * proof - RFC 6962 (and 9162) proofs over a log's tree: made from its subtrees, and checked
 *
 * Making follows the recursive definitions of RFC 6962, 2.1.1 and 2.1.2; a range that is no
 * complete subtree (the right edge) is folded from those that it consists of. Checking follows
 * the loops of RFC 9162, 2.1.3.2 and 2.1.4.2, which need no recursion and take any input.
 */
#include "policy/proof.h"

#include <openssl/sha.h>
#include <string.h>

struct making {
    proof_subtree subtree;
    void *context;
    struct bytes *hashes;
};

/* The largest power of two below n (n above 1). */
static uint64_t split_at(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k) /* 2k < n without overflow */
        k <<= 1;
    return k;
}

static unsigned level_of(uint64_t power)
{
    unsigned level = 0;
    while (power >>= 1)
        level++;
    return level;
}

/* MTH(D[begin : begin + n]), n at least 1. Recursion halves n: at most 64 deep. */
static bool range(const struct making *m, uint64_t begin, uint64_t n, unsigned char hash[TREE_HASH])
{
    if ((n & (n - 1)) == 0)
        return m->subtree(m->context, level_of(n), begin / n, hash);
    unsigned char left[TREE_HASH], right[TREE_HASH];
    uint64_t k = split_at(n);
    return range(m, begin, k, left) && range(m, begin + k, n - k, right) &&
           tree_node_hash(left, right, hash);
}

static bool add_range(const struct making *m, uint64_t begin, uint64_t n)
{
    unsigned char hash[TREE_HASH];
    return range(m, begin, n, hash) && bytes_append(m->hashes, hash, sizeof hash);
}

bool proof_root_of(uint64_t size, proof_subtree subtree, void *context,
                   unsigned char root[TREE_HASH])
{
    const struct making m = {subtree, context, NULL};
    if (!size)
        return SHA256((const unsigned char *)"", 0, root) != NULL;
    return range(&m, 0, size, root);
}

static bool path(const struct making *m, uint64_t index, uint64_t begin, uint64_t n)
{
    if (n == 1)
        return true;
    uint64_t k = split_at(n);
    if (index < k)
        return path(m, index, begin, k) && add_range(m, begin + k, n - k);
    return path(m, index - k, begin + k, n - k) && add_range(m, begin, k);
}

bool proof_path(uint64_t index, uint64_t size, proof_subtree subtree, void *context,
                struct bytes *hashes)
{
    const struct making m = {subtree, context, hashes};
    return index < size && path(&m, index, 0, size);
}

/* SUBPROOF(old, D[begin : begin + n], known): `known` while the old tree's root is at hand. */
static bool sub(const struct making *m, uint64_t old, uint64_t begin, uint64_t n, bool known)
{
    if (old == n)
        return known || add_range(m, begin, n);
    uint64_t k = split_at(n);
    if (old <= k)
        return sub(m, old, begin, k, known) && add_range(m, begin + k, n - k);
    return sub(m, old - k, begin + k, n - k, false) && add_range(m, begin, k);
}

bool proof_link(uint64_t old, uint64_t size, proof_subtree subtree, void *context,
                struct bytes *hashes)
{
    const struct making m = {subtree, context, hashes};
    return old >= 1 && old <= size && sub(&m, old, 0, size, true);
}

/* --- checking -------------------------------------------------------------------------------*/

bool proof_path_check(const unsigned char leaf[TREE_HASH], uint64_t index, uint64_t size,
                      const void *hashes, size_t len, const unsigned char root[TREE_HASH])
{
    const unsigned char *p = hashes, *end = p + len;
    unsigned char r[TREE_HASH];
    if (index >= size || len % TREE_HASH)
        return false;
    uint64_t fn = index, sn = size - 1;
    memcpy(r, leaf, sizeof r);
    for (; p < end; p += TREE_HASH, fn >>= 1, sn >>= 1) {
        if (sn == 0)
            return false;
        bool from_left = (fn & 1) || fn == sn;
        if (!(from_left ? tree_node_hash(p, r, r) : tree_node_hash(r, p, r)))
            return false;
        while (from_left && fn && !(fn & 1)) {
            fn >>= 1;
            sn >>= 1;
        }
    }
    return sn == 0 && memcmp(r, root, sizeof r) == 0;
}

bool proof_link_check(uint64_t old, const unsigned char old_root[TREE_HASH], uint64_t size,
                      const unsigned char root[TREE_HASH], const void *hashes, size_t len)
{
    const unsigned char *p = hashes, *end = p + len;
    unsigned char fr[TREE_HASH], sr[TREE_HASH];
    if (old < 1 || old > size || len % TREE_HASH)
        return false;
    if (old == size)
        return len == 0 && memcmp(old_root, root, TREE_HASH) == 0;
    if (len == 0)
        return false;
    bool power = (old & (old - 1)) == 0; /* then the old root is the first hash */
    const unsigned char *first = power ? old_root : p;
    p += power ? 0 : TREE_HASH;
    memcpy(fr, first, sizeof fr);
    memcpy(sr, first, sizeof sr);
    uint64_t fn = old - 1, sn = size - 1;
    for (; fn & 1; fn >>= 1)
        sn >>= 1;
    for (; p < end; p += TREE_HASH, fn >>= 1, sn >>= 1) {
        if (sn == 0)
            return false;
        bool from_left = (fn & 1) || fn == sn;
        if (from_left ? !tree_node_hash(p, fr, fr) || !tree_node_hash(p, sr, sr)
                      : !tree_node_hash(sr, p, sr))
            return false;
        while (from_left && fn && !(fn & 1)) {
            fn >>= 1;
            sn >>= 1;
        }
    }
    return sn == 0 && memcmp(fr, old_root, sizeof fr) == 0 && memcmp(sr, root, sizeof sr) == 0;
}
