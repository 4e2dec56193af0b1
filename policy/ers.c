/*
 * ers - evidence records (RFC 4998): trees of hashes
 *
 * The encoding is in ers_der.c.
 */
#include "policy/ers.h"

#include <stdlib.h>
#include <string.h>

int ers_compare(const void *a, const void *b)
{
    return memcmp(((const struct ers_hash *)a)->octets, ((const struct ers_hash *)b)->octets,
                  ERS_HASH);
}

bool ers_node(EVP_MD_CTX *hash, const struct ers_hash *hashes, size_t count, struct ers_hash *node)
{
    struct ers_hash sorted[ERS_GROUP];
    if (count == 0 || count > ERS_GROUP)
        return false;
    memcpy(sorted, hashes, count * sizeof *hashes);
    if (count == 1) {
        *node = sorted[0];
        return true;
    }
    qsort(sorted, count, sizeof *sorted, ers_compare);
    return sha256_of(hash, sorted, count * sizeof *sorted, NULL, 0, node->octets);
}

/* Turn nodes into those one level up; *count falls to half, rounded up. */
static bool level_up(EVP_MD_CTX *hash, struct ers_hash *nodes, size_t *count)
{
    size_t up = 0;
    for (size_t i = 0; i < *count; i += 2, up++) {
        size_t both = i + 1 < *count ? 2 : 1;
        if (!ers_node(hash, nodes + i, both, nodes + up))
            return false;
    }
    *count = up;
    return true;
}

static bool path_up(EVP_MD_CTX *hash, struct ers_hash *nodes, size_t count, size_t index,
                    struct ers_path *path)
{
    for (; count > 1; index /= 2) {
        size_t beside = index ^ 1;
        if (beside < count) {
            if (path->count == ERS_DEPTH)
                return false;
            path->siblings[path->count++] = nodes[beside];
        }
        if (!level_up(hash, nodes, &count))
            return false;
    }
    return true;
}

bool ers_path_up(struct ers_hash *nodes, size_t count, size_t index, struct ers_path *path)
{
    EVP_MD_CTX *hash = sha256_new();
    bool done = hash && index < count && path_up(hash, nodes, count, index, path);
    EVP_MD_CTX_free(hash);
    return done;
}

bool ers_root(struct ers_hash *nodes, size_t count, struct ers_hash *root)
{
    EVP_MD_CTX *hash = sha256_new();
    bool done = hash && count > 0;
    while (done && count > 1)
        done = level_up(hash, nodes, &count);
    if (done)
        *root = nodes[0];
    EVP_MD_CTX_free(hash);
    return done;
}
