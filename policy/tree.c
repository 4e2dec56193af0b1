/*
 * tree - RFC 6962 Merkle tree hashing over an append-only list of leaves
 *
 * A tree of n leaves is a row of perfect subtrees, one for every set bit of n, the largest to
 * the left (RFC 6962, 2.1: the split is at the largest power of two below n). Appending merges
 * equal neighbours as binary addition carries; the root folds the row from the right.
 */
#include "policy/tree.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

bool tree_node_hash(const unsigned char left[TREE_HASH], const unsigned char right[TREE_HASH],
                    unsigned char hash[TREE_HASH])
{
    unsigned char node[1 + 2 * TREE_HASH];
    node[0] = 0x01;
    memcpy(node + 1, left, TREE_HASH);
    memcpy(node + 1 + TREE_HASH, right, TREE_HASH);
    return SHA256(node, sizeof node, hash) != NULL;
}

bool tree_leaf_hash(const void *data, size_t len, unsigned char leaf[TREE_HASH])
{
    static const unsigned char prefix = 0x00;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, &prefix, 1) == 1 &&
                EVP_DigestUpdate(context, data, len) == 1 &&
                EVP_DigestFinal_ex(context, leaf, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

bool tree_append_noting(struct tree *t, const unsigned char leaf[TREE_HASH],
                        unsigned char made[TREE_DEPTH][TREE_HASH], unsigned *levels)
{
    if (t->size == UINT64_MAX)
        return false;
    unsigned k = 0;
    memcpy(made[0], leaf, TREE_HASH);
    for (; t->size >> k & 1; k++)
        if (!tree_node_hash(t->edge[k], made[k], made[k + 1]))
            return false;
    memcpy(t->edge[k], made[k], TREE_HASH);
    t->size++;
    *levels = k + 1;
    return true;
}

bool tree_append(struct tree *t, const unsigned char leaf[TREE_HASH])
{
    unsigned char made[TREE_DEPTH][TREE_HASH];
    unsigned levels;
    return tree_append_noting(t, leaf, made, &levels);
}

bool tree_root(const struct tree *t, unsigned char root[TREE_HASH])
{
    if (!t->size)
        return SHA256((const unsigned char *)"", 0, root) != NULL;
    unsigned k = 0;
    while (!(t->size >> k & 1))
        k++;
    memcpy(root, t->edge[k], TREE_HASH);
    for (k++; k < TREE_DEPTH; k++)
        if ((t->size >> k & 1) && !tree_node_hash(t->edge[k], root, root))
            return false;
    return true;
}

size_t tree_save(const struct tree *t, unsigned char state[TREE_STATE_MAX])
{
    size_t len = 0;
    for (unsigned shift = 64; shift; shift -= 8)
        state[len++] = (unsigned char)(t->size >> (shift - 8));
    for (unsigned k = TREE_DEPTH; k-- > 0;) {
        if (t->size >> k & 1) {
            memcpy(state + len, t->edge[k], TREE_HASH);
            len += TREE_HASH;
        }
    }
    return len;
}

bool tree_load(struct tree *t, const unsigned char *state, size_t len)
{
    *t = (struct tree){0};
    if (len < 8)
        return false;
    uint64_t size = 0;
    for (unsigned i = 0; i < 8; i++)
        size = size << 8 | state[i];
    size_t at = 8;
    for (unsigned k = TREE_DEPTH; k-- > 0;) {
        if (!(size >> k & 1))
            continue;
        if (len - at < TREE_HASH) {
            *t = (struct tree){0};
            return false;
        }
        memcpy(t->edge[k], state + at, TREE_HASH);
        at += TREE_HASH;
    }
    if (at != len) {
        *t = (struct tree){0};
        return false;
    }
    t->size = size;
    return true;
}
