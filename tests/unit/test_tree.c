/*
 * test_tree - RFC 6962 tree hashing (policy/tree.h)
 *
 * Known roots are those of the Certificate Transparency project's reference tests; sizes 0 to
 * 70 are compared with the RFC's recursive definition, computed here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "policy/sha256.h"
#include "policy/tree.h"

enum { MOST = 70 };

static const struct {
    const char *octets;
    size_t len;
} classic[8] = {
    {"", 0},
    {"\x00", 1},
    {"\x10", 1},
    {"\x20\x21", 2},
    {"\x30\x31", 2},
    {"\x40\x41\x42\x43", 4},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
};

static const char *const classic_roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void expect_hex(const unsigned char hash[TREE_HASH], const char *hex)
{
    char text[2 * TREE_HASH + 1];
    for (size_t i = 0; i < TREE_HASH; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, hex);
}

static void test_classic_leaves(void **state)
{
    (void)state;
    struct tree t = {0};
    unsigned char hash[TREE_HASH];
    for (size_t i = 0; i <= 8; i++) {
        assert_true(tree_root(&t, hash));
        expect_hex(hash, classic_roots[i]);
        if (i == 8)
            break;
        assert_true(tree_leaf_hash(classic[i].octets, classic[i].len, hash));
        assert_true(tree_append(&t, hash));
        assert_int_equal(t.size, i + 1);
    }
}

/* MTH of RFC 6962, 2.1, as it is written there. */
static void naive_root(unsigned char leaves[][TREE_HASH], size_t n, unsigned char root[TREE_HASH])
{
    if (n == 0) {
        SHA256((const unsigned char *)"", 0, root);
        return;
    }
    if (n == 1) {
        memcpy(root, leaves[0], TREE_HASH);
        return;
    }
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    unsigned char node[1 + 2 * TREE_HASH] = {1};
    naive_root(leaves, k, node + 1);
    naive_root(leaves + k, n - k, node + 1 + TREE_HASH);
    SHA256(node, sizeof node, root);
}

static void test_against_the_definition(void **state)
{
    (void)state;
    static unsigned char leaves[MOST][TREE_HASH];
    struct tree t = {0};
    for (size_t n = 0; n <= MOST; n++) {
        unsigned char root[TREE_HASH], expected[TREE_HASH], octets[TREE_STATE_MAX];
        assert_true(tree_root(&t, root));
        naive_root(leaves, n, expected);
        assert_memory_equal(root, expected, TREE_HASH);

        /* a saved and loaded tree goes on as if nothing had been */
        struct tree again;
        memset(&again, 0xaa, sizeof again);
        size_t len = tree_save(&t, octets);
        assert_true(tree_load(&again, octets, len));
        assert_int_equal(again.size, n);
        assert_true(tree_root(&again, root));
        assert_memory_equal(root, expected, TREE_HASH);
        if (n == MOST)
            break;
        assert_true(tree_leaf_hash(&n, sizeof n, leaves[n]));
        assert_true(tree_append(&again, leaves[n]));
        t = again;
    }
}

static void test_saved_octets(void **state)
{
    (void)state;
    struct tree t = {0};
    unsigned char octets[TREE_STATE_MAX], leaf[TREE_HASH];
    assert_int_equal(tree_save(&t, octets), 8);
    for (int i = 0; i < 5; i++) {
        memset(leaf, i, sizeof leaf);
        assert_true(tree_append(&t, leaf));
    }
    assert_int_equal(tree_save(&t, octets), 8 + 2 * TREE_HASH);
    assert_memory_equal(octets, "\0\0\0\0\0\0\0\5", 8);
    /* the lone fifth leaf is the lowest subtree, so it is last */
    assert_memory_equal(octets + 8 + TREE_HASH, leaf, TREE_HASH);
}

static void test_load_refuses_other_octets(void **state)
{
    (void)state;
    struct tree t = {0};
    unsigned char octets[TREE_STATE_MAX + 1] = {0};
    octets[7] = 5;
    assert_true(tree_load(&t, octets, 8 + 2 * TREE_HASH));
    assert_false(tree_load(&t, octets, 8 + 2 * TREE_HASH - 1));
    assert_int_equal(t.size, 0);
    assert_false(tree_load(&t, octets, 8 + 2 * TREE_HASH + 1));
    assert_false(tree_load(&t, octets, 8));
    assert_false(tree_load(&t, octets, 7));
    assert_false(tree_load(&t, octets, 0));
    memset(octets, 0xff, 8);
    assert_true(tree_load(&t, octets, TREE_STATE_MAX));
    unsigned char leaf[TREE_HASH] = {0};
    assert_false(tree_append(&t, leaf)); /* 2^64 leaves have no size */
    assert_false(tree_load(&t, octets, TREE_STATE_MAX + 1));
}

/* FIPS 180-4: the context is used again, and the runs may be cut anywhere. */
static void hashes_in_two_runs(void **state)
{
    static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const unsigned char expected[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8,
                                             0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
                                             0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67,
                                             0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};
    unsigned char found[SHA256_HASH];
    EVP_MD_CTX *hash = sha256_new();
    (void)state;
    assert_non_null(hash);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        memset(found, 0, sizeof found);
        assert_true(sha256_of(hash, text, cut, text + cut, sizeof text - 1 - cut, found));
        assert_memory_equal(found, expected, sizeof found);
    }
    assert_true(sha256_begin(hash)); /* half done: the next begins anew */
    assert_int_equal(EVP_DigestUpdate(hash, text, 3), 1);
    assert_true(sha256_of(hash, text, sizeof text - 1, NULL, 0, found));
    assert_memory_equal(found, expected, sizeof found);
    assert_false(sha256_of(NULL, text, 3, NULL, 0, found));
    EVP_MD_CTX_free(hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_in_two_runs),
        cmocka_unit_test(test_classic_leaves),
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_saved_octets),
        cmocka_unit_test(test_load_refuses_other_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
