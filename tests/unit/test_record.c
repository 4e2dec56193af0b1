/*
 * test_record - the two JSON parts of an entry
 */
#include "tests/unit/store_world.h"

#include <openssl/evp.h>

#include "policy/tree.h"

struct made {
    struct bytes public_part, private_part;
    unsigned char leaf[HASH_OCTETS];
};

static void make(struct made *m, struct entry *e)
{
    static const unsigned char id[16] = {0xab}, prev[HASH_OCTETS] = {0xcd};
    struct record_place places[] = {{id, 1, NULL}, {id, 2, prev}};
    struct record r = {.seq = 7,
                       .time = 1795295227,
                       .origin = "temoin.creditor.example",
                       .places = places,
                       .place_count = 2};
    memset(r.nonce, 0x11, sizeof r.nonce);
    *m = (struct made){0};
    assert_true(record_make(&r, &world_context, e, &m->public_part, &m->private_part, m->leaf));
}

static void made_free(struct made *m)
{
    bytes_free(&m->public_part);
    bytes_free(&m->private_part);
}

static void record_has_the_documented_form(void **state)
{
    (void)state;
    struct entry e;
    struct made m;
    fact(&e, "note", NULL);
    make(&m, &e);
    const char *expected =
        "{\"actor\":{\"process\":\"command\",\"uid\":7},"
        "\"algorithms\":{\"commitment\":\"sha256(nonce||data)\",\"leaf\":\"rfc6962-sha256\"},"
        "\"dossiers\":[{\"id\":\"ab000000000000000000000000000000\",\"n\":1},"
        "{\"id\":\"ab000000000000000000000000000000\",\"n\":2,\"prev\":"
        "\"cd00000000000000000000000000000000000000000000000000000000000000\"}],"
        "\"event\":\"note\","
        "\"key\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
        "\"log\":\"temoin.creditor.example\",\"private\":\"";
    assert_memory_equal(m.public_part.data, expected, strlen(expected));
    const char *rest = strstr(m.public_part.data, "\",\"seq\"");
    assert_string_equal(rest,
                        "\",\"seq\":7,\"software\":{\"name\":\"temoin\",\"sha256\":"
                        "\"ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\","
                        "\"version\":\"0.1\"},\"time\":\"2026-11-21T21:07:07Z\",\"v\":1}");
    assert_string_equal(m.private_part.data,
                        "{\"actor\":\"jeanne\",\"nonce\":"
                        "\"1111111111111111111111111111111111111111111111111111111111111111\","
                        "\"text\":\"called, no answer\"}");
    made_free(&m);
    entry_free(&e);
}

static void commitments_open_with_the_nonce(void **state)
{
    (void)state;
    struct entry e;
    struct made m;
    unsigned char nonce[NONCE_OCTETS], commitment[HASH_OCTETS], leaf[HASH_OCTETS];
    char hex[2 * HASH_OCTETS + 1];
    fact(&e, "note", NULL);
    make(&m, &e);
    assert_true(record_nonce(m.private_part.data, m.private_part.len, nonce));
    assert_int_equal(nonce[31], 0x11);
    assert_true(record_commit(nonce, m.private_part.data, m.private_part.len, commitment));
    record_hex(commitment, sizeof commitment, hex);
    assert_non_null(strstr(m.public_part.data, hex));
    assert_true(tree_leaf_hash(m.public_part.data, m.public_part.len, leaf));
    assert_memory_equal(leaf, m.leaf, sizeof leaf);
    assert_false(record_message(m.public_part.data, m.public_part.len, commitment));
    made_free(&m);
    entry_free(&e);
}

static void message_is_committed_to(void **state)
{
    (void)state;
    struct entry e;
    struct made m;
    struct bytes head = {0};
    unsigned char found[HASH_OCTETS], expected[HASH_OCTETS];
    entry_init(&e);
    e.event = "reply";
    e.direction = "inbound";
    assert_true(bytes_puts(&head, "A: b\r\n\r\n"));
    assert_true(entry_take_message(&e, &head, "body", 4, -1, 0, true, NULL));
    make(&m, &e);
    assert_true(record_message(m.public_part.data, m.public_part.len, found));
    assert_true(record_commit(e.message.nonce, "A: b\r\n\r\nbody", 12, expected));
    assert_memory_equal(found, expected, sizeof found);
    assert_non_null(strstr(m.public_part.data, "\"size\":12"));
    assert_non_null(strstr(m.public_part.data, "\"direction\":\"inbound\""));
    assert_non_null(strstr(m.private_part.data, "\"sha256\":\""));
    assert_null(strstr(m.private_part.data, "\"bytes\""));
    made_free(&m);
    bytes_free(&head);
    entry_free(&e);
}

static void dropped_bytes_are_said(void **state)
{
    (void)state;
    struct entry e;
    struct made m;
    struct bytes head = {0};
    entry_init(&e);
    e.event = "reply";
    assert_true(entry_take_message(&e, &head, "body", 4, -1, 0, false, NULL));
    assert_int_equal(e.message.packed.len, 0);
    make(&m, &e);
    assert_non_null(strstr(m.private_part.data, "\"bytes\":\"dropped\""));
    made_free(&m);
    entry_free(&e);
}

static void reals_and_bad_text_are_refused(void **state)
{
    (void)state;
    struct entry e;
    struct bytes a = {0}, b = {0};
    unsigned char leaf[HASH_OCTETS];
    struct record r = {.seq = 1, .origin = "o"};
    fact(&e, "note", NULL);
    json_object_set_new(e.private_part, "deep", json_pack("[{s:f}]", "x", 1.5));
    assert_false(record_make(&r, &world_context, &e, &a, &b, leaf));
    json_object_del(e.private_part, "deep");
    r.origin = "\xff\xfe";
    assert_false(record_make(&r, &world_context, &e, &a, &b, leaf));
    bytes_free(&a);
    bytes_free(&b);
    entry_free(&e);
}

static void callers_private_part_stays_as_it_is(void **state)
{
    (void)state;
    struct entry e;
    struct made m;
    fact(&e, "note", NULL);
    make(&m, &e);
    assert_int_equal(json_object_size(e.private_part), 1);
    made_free(&m);
    entry_free(&e);
}

static void odd_private_parts_have_no_nonce(void **state)
{
    (void)state;
    unsigned char nonce[NONCE_OCTETS];
    const char *odd[] = {
        "", "{}", "[]", "{\"nonce\":1}", "{\"nonce\":\"11\"}", "{\"nonce\":\"zz\"}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_false(record_nonce(odd[i], strlen(odd[i]), nonce));
    char text[] =
        "{\"nonce\":\"1111111111111111111111111111111111111111111111111111111111111111\"}";
    assert_true(record_nonce(text, strlen(text), nonce));
    text[20] = 'A'; /* lower case only: one way to write it */
    assert_false(record_nonce(text, strlen(text), nonce));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_has_the_documented_form),
        cmocka_unit_test(commitments_open_with_the_nonce),
        cmocka_unit_test(message_is_committed_to),
        cmocka_unit_test(dropped_bytes_are_said),
        cmocka_unit_test(reals_and_bad_text_are_refused),
        cmocka_unit_test(callers_private_part_stays_as_it_is),
        cmocka_unit_test(odd_private_parts_have_no_nonce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
