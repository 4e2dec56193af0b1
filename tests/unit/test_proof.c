/*
 * test_proof - inclusion and consistency in every small tree, against roots folded otherwise,
 *              and touched proofs
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "policy/proof.h"

enum { LEAVES = 70 };

struct world {
    unsigned char leaves[LEAVES][TREE_HASH];
    unsigned char roots[LEAVES + 1][TREE_HASH]; /* by tree.c, which appends */
};

static int make_world(void **state)
{
    static struct world w;
    struct tree t = {0};
    assert_true(tree_root(&t, w.roots[0]));
    for (int i = 0; i < LEAVES; i++) {
        char text[20];
        int len = snprintf(text, sizeof text, "leaf %d", i);
        assert_true(tree_leaf_hash(text, (size_t)len, w.leaves[i]));
        assert_true(tree_append(&t, w.leaves[i]));
        assert_true(tree_root(&t, w.roots[i + 1]));
    }
    *state = &w;
    return 0;
}

static bool subtree(void *context, unsigned level, uint64_t index, unsigned char hash[TREE_HASH])
{
    const struct world *w = context;
    if (((index + 1) << level) > LEAVES)
        return false;
    if (level == 0) {
        memcpy(hash, w->leaves[index], TREE_HASH);
        return true;
    }
    unsigned char left[TREE_HASH], right[TREE_HASH];
    return subtree(context, level - 1, 2 * index, left) &&
           subtree(context, level - 1, 2 * index + 1, right) && tree_node_hash(left, right, hash);
}

static void test_roots(void **state)
{
    struct world *w = *state;
    unsigned char root[TREE_HASH];
    for (uint64_t size = 0; size <= LEAVES; size++) {
        assert_true(proof_root_of(size, subtree, w, root));
        assert_memory_equal(root, w->roots[size], TREE_HASH);
    }
    assert_false(proof_root_of(LEAVES + 1, subtree, w, root));
}

static void test_every_path(void **state)
{
    struct world *w = *state;
    for (uint64_t size = 1; size <= LEAVES; size++)
        for (uint64_t i = 0; i < size; i++) {
            struct bytes p = {0};
            assert_true(proof_path(i, size, subtree, w, &p));
            assert_true(proof_path_check(w->leaves[i], i, size, p.data, p.len, w->roots[size]));
            assert_false(proof_path_check(w->leaves[(i + 1) % LEAVES], i, size, p.data, p.len,
                                          w->roots[size]));
            assert_false(
                proof_path_check(w->leaves[i], i, size, p.data, p.len, w->roots[size - 1]));
            if (i > 0)
                assert_false(
                    proof_path_check(w->leaves[i], i - 1, size, p.data, p.len, w->roots[size]));
            bytes_free(&p);
        }
    /* an entry behind the end is none, though its path leads to the root */
    assert_true(proof_path_check(w->leaves[0], 0, 1, "", 0, w->roots[1]));
    assert_false(proof_path_check(w->leaves[0], 1, 1, "", 0, w->roots[1]));
    assert_false(proof_path_check(w->leaves[0], 0, 0, "", 0, w->leaves[0]));
    struct bytes p = {0};
    assert_false(proof_path(5, 5, subtree, w, &p));
    bytes_free(&p);
}

static void test_every_link(void **state)
{
    struct world *w = *state;
    for (uint64_t size = 1; size <= LEAVES; size++)
        for (uint64_t old = 1; old <= size; old++) {
            struct bytes p = {0};
            assert_true(proof_link(old, size, subtree, w, &p));
            assert_true(proof_link_check(old, w->roots[old], size, w->roots[size], p.data, p.len));
            assert_false(
                proof_link_check(old, w->roots[old - 1], size, w->roots[size], p.data, p.len));
            assert_false(
                proof_link_check(old, w->roots[old], size, w->roots[size - 1], p.data, p.len));
            if (old > 1)
                assert_false(
                    proof_link_check(old - 1, w->roots[old], size, w->roots[size], p.data, p.len));
            bytes_free(&p);
        }
    struct bytes p = {0};
    assert_false(proof_link(0, 5, subtree, w, &p));
    assert_false(proof_link(6, 5, subtree, w, &p));
    assert_false(proof_link_check(0, w->roots[0], 5, w->roots[5], "", 0));
    bytes_free(&p);
}

/* Sizes that the hashes do not belong to, from whoever signs the checkpoint as well. */
static void test_wrong_sizes(void **state)
{
    struct world *w = *state;
    struct bytes p = {0}, chosen = {0};
    /* the last of four entries, in a log that says it has one */
    assert_true(proof_path(3, 4, subtree, w, &p));
    assert_false(proof_path_check(w->leaves[3], 0, 1, p.data, p.len, w->roots[4]));
    bytes_free(&p);
    /* a link to itself needs no hash, and has none */
    assert_true(proof_link_check(5, w->roots[5], 5, w->roots[5], "", 0));
    assert_false(proof_link_check(5, w->roots[5], 5, w->roots[5], w->leaves[0], TREE_HASH));
    /* five entries as the beginning of three */
    for (int i = 0; i < 3; i++)
        assert_true(bytes_append(&chosen, w->leaves[i], TREE_HASH));
    assert_false(proof_link_check(5, w->leaves[0], 3, w->roots[3], chosen.data, chosen.len));
    bytes_free(&chosen);
}

/* One bit of any hash, one hash more or less: no proof. */
static void test_touched(void **state)
{
    struct world *w = *state;
    const uint64_t size = 53, at = 37;
    struct bytes path = {0}, link = {0};
    assert_true(proof_path(at, size, subtree, w, &path));
    assert_true(proof_link(at, size, subtree, w, &link));
    for (size_t i = 0; i < path.len; i++) {
        path.data[i] ^= 1;
        assert_false(
            proof_path_check(w->leaves[at], at, size, path.data, path.len, w->roots[size]));
        path.data[i] ^= 1;
    }
    for (size_t i = 0; i < link.len; i++) {
        link.data[i] ^= 1;
        assert_false(proof_link_check(at, w->roots[at], size, w->roots[size], link.data, link.len));
        link.data[i] ^= 1;
    }
    for (size_t len = 0; len < path.len; len++)
        assert_false(proof_path_check(w->leaves[at], at, size, path.data, len, w->roots[size]));
    for (size_t len = 0; len < link.len; len++)
        assert_false(proof_link_check(at, w->roots[at], size, w->roots[size], link.data, len));
    assert_true(bytes_append(&path, w->roots[3], TREE_HASH));
    assert_true(bytes_append(&link, w->roots[3], TREE_HASH));
    assert_false(proof_path_check(w->leaves[at], at, size, path.data, path.len, w->roots[size]));
    assert_false(proof_link_check(at, w->roots[at], size, w->roots[size], link.data, link.len));
    bytes_free(&path);
    bytes_free(&link);
}

/* What a leaf completes: the subtrees that end with it, level by level. */
static void test_noted_subtrees(void **state)
{
    struct world *w = *state;
    struct tree t = {0};
    for (uint64_t i = 0; i < LEAVES; i++) {
        unsigned char made[TREE_DEPTH][TREE_HASH], hash[TREE_HASH];
        unsigned levels;
        assert_true(tree_append_noting(&t, w->leaves[i], made, &levels));
        for (unsigned level = 0; level < levels; level++) {
            assert_true(subtree(w, level, i >> level, hash));
            assert_memory_equal(hash, made[level], TREE_HASH);
        }
        assert_false((i + 1) % (UINT64_C(1) << levels) == 0);
    }
}

/* Sizes near 2^64 end, and claim nothing. */
static void test_huge(void **state)
{
    struct world *w = *state;
    unsigned char hashes[64 * TREE_HASH] = {0};
    assert_false(proof_path_check(w->leaves[0], UINT64_MAX - 1, UINT64_MAX, hashes, sizeof hashes,
                                  w->roots[1]));
    assert_false(proof_link_check(UINT64_MAX - 1, w->roots[1], UINT64_MAX, w->roots[2], hashes,
                                  sizeof hashes));
    struct bytes p = {0};
    assert_false(proof_path(0, UINT64_MAX, subtree, w, &p));
    assert_false(proof_link(UINT64_MAX - 1, UINT64_MAX, subtree, w, &p));
    bytes_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),       cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_every_link),  cmocka_unit_test(test_touched),
        cmocka_unit_test(test_wrong_sizes), cmocka_unit_test(test_noted_subtrees),
        cmocka_unit_test(test_huge),
    };
    return cmocka_run_group_tests(tests, make_world, NULL);
}
