/*
 * test_ers - evidence records: trees, their encoding, and octets that are none
 *
 * Roots are compared with the definition of RFC 4998, 4.2, computed here with recursion over
 * whole levels; what BouncyCastle thinks of the records is asked in tests/judges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ers.h"
#include "tests/unit/ers_read.h"

enum { MOST = 300 };

/* A DER SEQUENCE that stands for a token: { INTEGER n }. */
static void token_of(unsigned char token[5], unsigned char n)
{
    memcpy(token, (const unsigned char[]){0x30, 0x03, 0x02, 0x01, n}, 5);
}

static struct ers_hash hash_of(unsigned n)
{
    struct ers_hash h;
    SHA256((const unsigned char *)&n, sizeof n, h.octets);
    return h;
}

static struct ers_hash pair_of(struct ers_hash a, struct ers_hash b)
{
    unsigned char both[2 * ERS_HASH];
    bool first = memcmp(a.octets, b.octets, ERS_HASH) <= 0;
    memcpy(both, first ? a.octets : b.octets, ERS_HASH);
    memcpy(both + ERS_HASH, first ? b.octets : a.octets, ERS_HASH);
    struct ers_hash up;
    SHA256(both, sizeof both, up.octets);
    return up;
}

/* The root of nodes first..first+count-1, whose height is that of the next power of two. */
static struct ers_hash naive(const struct ers_hash *nodes, size_t count)
{
    if (count == 1)
        return nodes[0];
    size_t half = 1;
    while (half * 2 < count)
        half *= 2;
    return pair_of(naive(nodes, half), naive(nodes + half, count - half));
}

static void sorted_leaves(struct ers_hash *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        leaves[i] = hash_of((unsigned)i);
    qsort(leaves, count, sizeof *leaves, ers_compare);
}

static void roots_of_all_sizes(void **state)
{
    (void)state;
    struct ers_hash leaves[MOST], copy[MOST], root, expected;
    for (size_t count = 1; count <= MOST; count++) {
        sorted_leaves(leaves, count);
        expected = naive(leaves, count);
        memcpy(copy, leaves, sizeof copy);
        assert_true(ers_root(copy, count, &root));
        assert_memory_equal(root.octets, expected.octets, ERS_HASH);
    }
    assert_false(ers_root(leaves, 0, &root));
}

static void a_group_is_its_sorted_hashes(void **state)
{
    (void)state;
    EVP_MD_CTX *hash = sha256_new();
    struct ers_hash group[3] = {hash_of(3), hash_of(1), hash_of(2)}, node, again;
    assert_true(ers_node(hash, group, 3, &node));
    qsort(group, 3, sizeof *group, ers_compare);
    unsigned char all[3 * ERS_HASH], expected[ERS_HASH];
    for (int i = 0; i < 3; i++)
        memcpy(all + i * ERS_HASH, group[i].octets, ERS_HASH);
    SHA256(all, sizeof all, expected);
    assert_memory_equal(node.octets, expected, ERS_HASH);
    assert_true(ers_node(hash, group, 1, &again));
    assert_memory_equal(again.octets, group[0].octets, ERS_HASH);
    assert_false(ers_node(hash, group, 0, &again));
    assert_false(ers_node(hash, group, ERS_GROUP + 1, &again));
    assert_false(ers_node(NULL, group, 3, &again));
    EVP_MD_CTX_free(hash);
}

/* Make a record of group {a, b} among `count` leaves, at `index`. */
static void make(size_t count, size_t index, const struct ers_hash group[2], struct ers_hash *root,
                 struct bytes *der)
{
    static struct ers_hash leaves[MOST];
    struct ers_path path = {0};
    unsigned char token[5];
    EVP_MD_CTX *hash = sha256_new();
    for (size_t i = 0; i < count; i++)
        leaves[i] = hash_of((unsigned)(1000 + i));
    assert_true(ers_node(hash, group, 2, &leaves[index]));
    EVP_MD_CTX_free(hash);
    struct ers_hash copy[MOST];
    memcpy(copy, leaves, sizeof copy);
    *root = naive(leaves, count);
    assert_true(ers_path_up(copy, count, index, &path));
    assert_memory_equal(copy[0].octets, root->octets, ERS_HASH);
    token_of(token, 7);
    struct ers_stamp stamp = {group, 2, &path, token, sizeof token};
    assert_true(ers_encode(&stamp, 1, der));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 2, 3, 7, 8, 255, 256, 257, MOST};
    struct ers_hash group[2] = {hash_of(1), hash_of(2)}, root, found;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t index = 0; index < sizes[s]; index += 1 + sizes[s] / 9) {
            struct bytes der = {0};
            struct ers_record record;
            unsigned char token[5];
            token_of(token, 7);
            make(sizes[s], index, group, &root, &der);
            assert_true(ers_decode(der.data, der.len, &record));
            assert_int_equal(record.count, 1);
            assert_int_equal(record.stamps[0].token.len, sizeof token);
            assert_memory_equal(record.stamps[0].token.data, token, sizeof token);
            struct ers_hash other_order[2] = {group[1], group[0]};
            assert_true(ers_stamp_root(&record.stamps[0], other_order, 2, &found));
            assert_memory_equal(found.octets, root.octets, ERS_HASH);
            ers_record_free(&record);
            bytes_free(&der);
        }
}

static void other_files_are_not_covered(void **state)
{
    (void)state;
    struct ers_hash group[2] = {hash_of(1), hash_of(2)}, root, found;
    struct ers_hash more[3] = {hash_of(1), hash_of(2), hash_of(3)};
    struct ers_hash wrong[2] = {hash_of(1), hash_of(3)}, twice[2] = {hash_of(1), hash_of(1)};
    struct bytes der = {0};
    struct ers_record record;
    make(9, 4, group, &root, &der);
    assert_true(ers_decode(der.data, der.len, &record));
    assert_false(ers_stamp_root(&record.stamps[0], wrong, 2, &found));
    assert_false(ers_stamp_root(&record.stamps[0], twice, 2, &found));
    assert_false(ers_stamp_root(&record.stamps[0], more, 3, &found));
    assert_false(ers_stamp_root(&record.stamps[0], group, 0, &found));
    ers_record_free(&record);
    bytes_free(&der);
}

static void renewals_follow_one_another(void **state)
{
    (void)state;
    struct ers_hash group[2] = {hash_of(1), hash_of(2)}, old, sibling = hash_of(5), found;
    unsigned char first[5], second[5], third[5];
    token_of(first, 1);
    token_of(second, 2);
    token_of(third, 3);
    struct ers_path none = {0}, one = {.count = 1, .siblings = {sibling}};
    SHA256(first, sizeof first, old.octets);
    struct ers_stamp stamps[3] = {{group, 2, &none, first, sizeof first},
                                  {&old, 1, &one, second, sizeof second},
                                  {NULL, 0, NULL, third, sizeof third}};
    struct bytes der = {0};
    struct ers_record record;
    assert_true(ers_encode(stamps, 3, &der));
    assert_true(ers_decode(der.data, der.len, &record));
    assert_int_equal(record.count, 3);
    assert_int_equal(record.stamps[1].list_count, 1); /* one list of two */
    assert_int_equal(record.stamps[2].list_count, 0);
    assert_true(ers_stamp_root(&record.stamps[1], &old, 1, &found));
    struct ers_hash expected = pair_of(old, sibling);
    assert_memory_equal(found.octets, expected.octets, ERS_HASH);
    assert_false(ers_stamp_root(&record.stamps[1], group, 1, &found));
    ers_record_free(&record);
    bytes_free(&der);
}

static void tokens_that_are_none_are_refused(void **state)
{
    (void)state;
    struct ers_hash group[2] = {hash_of(1), hash_of(2)};
    struct bytes der = {0};
    const unsigned char integer[] = {0x02, 0x01, 0x01}, cut[] = {0x30, 0x03, 0x02};
    const unsigned char more[] = {0x30, 0x00, 0x00};
    struct ers_stamp stamps[] = {{group, 2, NULL, integer, sizeof integer},
                                 {group, 2, NULL, cut, sizeof cut},
                                 {group, 2, NULL, more, sizeof more},
                                 {group, 2, NULL, cut, 0}};
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++)
        assert_false(ers_encode(&stamps[i], 1, &der));
    assert_false(ers_encode(stamps, 0, &der));
    bytes_free(&der);
}

static void touched_octets(void **state)
{
    (void)state;
    struct ers_hash group[2] = {hash_of(1), hash_of(2)}, root, found;
    struct bytes der = {0};
    struct ers_record record;
    make(5, 2, group, &root, &der);
    for (size_t len = 0; len < der.len; len++) {
        assert_false(ers_decode(der.data, len, &record));
        ers_record_free(&record);
    }
    for (size_t at = 0; at < der.len; at++) {
        der.data[at] ^= 1;
        /* a change is no record any more, or other files, another root or another token */
        bool same = ers_decode(der.data, der.len, &record) &&
                    ers_stamp_root(&record.stamps[0], group, 2, &found) &&
                    memcmp(found.octets, root.octets, ERS_HASH) == 0 &&
                    record.stamps[0].token.len == 5 && record.stamps[0].token.data[4] == 7 &&
                    memcmp(record.stamps[0].token.data, "\x30\x03\x02\x01", 4) == 0;
        if (same)
            fail_msg("octet %zu can be changed", at);
        ers_record_free(&record);
        der.data[at] ^= 1;
    }
    bytes_free(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_all_sizes),
        cmocka_unit_test(a_group_is_its_sorted_hashes),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(other_files_are_not_covered),
        cmocka_unit_test(renewals_follow_one_another),
        cmocka_unit_test(tokens_that_are_none_are_refused),
        cmocka_unit_test(touched_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
