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

static bool same_hashes(const struct ers_list *list, const struct ers_hash *files, size_t count)
{
    struct ers_hash sorted[ERS_GROUP], wanted[ERS_GROUP];
    if (list->count != count || count > ERS_GROUP)
        return false;
    memcpy(sorted, list->hashes, count * sizeof *sorted);
    memcpy(wanted, files, count * sizeof *wanted);
    qsort(sorted, count, sizeof *sorted, ers_compare);
    qsort(wanted, count, sizeof *wanted, ers_compare);
    return memcmp(sorted, wanted, count * sizeof *wanted) == 0;
}

/* A single file may stand in the first list together with its sibling. */
static bool first_list_holds(const struct ers_list *list, const struct ers_hash *files,
                             size_t count)
{
    if (count != 1)
        return same_hashes(list, files, count);
    for (size_t i = 0; i < list->count && list->count <= 2; i++)
        if (ers_compare(&list->hashes[i], files) == 0)
            return true;
    return false;
}

static bool root_of_lists(EVP_MD_CTX *hash, const struct ers_read_stamp *stamp,
                          struct ers_hash *root)
{
    if (!ers_node(hash, stamp->lists[0].hashes, stamp->lists[0].count, root))
        return false;
    for (size_t i = 1; i < stamp->list_count; i++) {
        struct ers_list with = stamp->lists[i];
        if (with.count == 0 || with.count == ERS_GROUP)
            return false;
        with.hashes[with.count++] = *root;
        if (!ers_node(hash, with.hashes, with.count, root))
            return false;
    }
    return true;
}

bool ers_stamp_root(const struct ers_read_stamp *stamp, const struct ers_hash *files, size_t count,
                    struct ers_hash *root)
{
    if (count == 0)
        return false;
    if (stamp->list_count == 0) { /* the token is over one file itself */
        *root = files[0];
        return count == 1;
    }
    EVP_MD_CTX *hash = sha256_new();
    bool done = hash && first_list_holds(&stamp->lists[0], files, count) &&
                root_of_lists(hash, stamp, root);
    EVP_MD_CTX_free(hash);
    return done;
}
