/*
 * test_note - signed notes against Go's own example, checkpoints, header fields, damaged input
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "policy/note.h"

/* The example of golang.org/x/mod/sumdb/note. */
static const char go_key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char go_note[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKv"
    "qfqdngotpRZb6KE6RyyBwJnAM=\n";

static const char origin[] = "temoin.creditor.example/0a1b2c3d";
static const unsigned char seed[32] = {1, 2, 3};

static EVP_PKEY *key_of(const unsigned char secret[32], unsigned char public_key[NOTE_KEY])
{
    size_t len = NOTE_KEY;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, public_key, &len), 1);
    return key;
}

/* A signed checkpoint of `size` entries with a root of sevens. */
static struct bytes signed_checkpoint(uint64_t size, unsigned char public_key[NOTE_KEY])
{
    unsigned char root[TREE_HASH];
    memset(root, 7, sizeof root);
    struct bytes note = {0};
    EVP_PKEY *key = key_of(seed, public_key);
    assert_true(checkpoint_text(origin, size, root, &note));
    assert_true(note_sign(origin, key, &note));
    EVP_PKEY_free(key);
    return note;
}

static void test_note_of_go(void **state)
{
    (void)state;
    char *name;
    unsigned char key[NOTE_KEY];
    struct bytes again = {0};
    assert_true(note_verifier_parse(go_key, &name, key));
    assert_string_equal(name, "PeterNeumann");
    assert_int_equal(note_judge(go_note, strlen(go_note), name, key), NOTE_SIGNED);
    assert_true(note_verifier(name, key, &again));
    assert_string_equal(again.data, go_key);
    bytes_free(&again);
    free(name);
}

static void test_every_octet_counts(void **state)
{
    (void)state;
    unsigned char key[NOTE_KEY];
    char *name, copy[sizeof go_note];
    assert_true(note_verifier_parse(go_key, &name, key));
    for (size_t i = 0; i + 1 < sizeof go_note; i++) {
        memcpy(copy, go_note, sizeof copy);
        copy[i] ^= 1;
        assert_int_not_equal(note_judge(copy, sizeof go_note - 1, name, key), NOTE_SIGNED);
        assert_int_not_equal(note_judge(go_note, i, name, key), NOTE_SIGNED);
    }
    key[5] ^= 1;
    assert_int_not_equal(note_judge(go_note, strlen(go_note), name, key), NOTE_SIGNED);
    free(name);
}

static void test_signed_by_us(void **state)
{
    (void)state;
    unsigned char key[NOTE_KEY], other[NOTE_KEY], wrong[32] = {9};
    struct bytes note = signed_checkpoint(1234, key);
    struct checkpoint c;
    const char *why;
    assert_int_equal(note_judge(note.data, note.len, origin, key), NOTE_SIGNED);
    assert_true(checkpoint_parse(note.data, note.len, &c, &why));
    assert_string_equal(c.origin, origin);
    assert_int_equal(c.size, 1234);
    assert_int_equal(c.root[0], 7);
    checkpoint_free(&c);
    EVP_PKEY_free(key_of(wrong, other));
    assert_int_equal(note_judge(note.data, note.len, origin, other), NOTE_UNSIGNED);
    assert_int_equal(note_judge(note.data, note.len, "else", key), NOTE_UNSIGNED);
    bytes_free(&note);
}

/* Several signatures: one of them is enough, a forged one of ours is said to be so. */
static void test_witnesses(void **state)
{
    (void)state;
    unsigned char key[NOTE_KEY];
    struct bytes note = signed_checkpoint(3, key);
    assert_true(bytes_puts(&note, "\xe2\x80\x94 witness AAAAAAAA\n"));
    assert_int_equal(note_judge(note.data, note.len, origin, key), NOTE_SIGNED);
    char *size = strstr(note.data, "\n3\n");
    size[1] = '4';
    assert_int_equal(note_judge(note.data, note.len, origin, key), NOTE_FORGED);
    size[1] = '3';
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        assert_true(bytes_puts(&note, "\xe2\x80\x94 witness AAAAAAAA\n"));
    assert_int_equal(note_judge(note.data, note.len, origin, key), NOTE_MALFORMED);
    bytes_free(&note);
}

/* A signature and something behind it, in its own line: two spellings of one note. */
static void test_longer_signature(void **state)
{
    (void)state;
    enum { OCTETS = NOTE_KEY_ID + 64, DIGITS = 92 };
    unsigned char key[NOTE_KEY], octets[DIGITS / 4 * 3 + 1];
    char digits[DIGITS + 1];
    struct bytes note = signed_checkpoint(3, key);
    char *line = note.data + note.len - 1 - DIGITS;
    assert_int_equal(EVP_DecodeBlock(octets, (unsigned char *)line, DIGITS), OCTETS + 1);
    octets[OCTETS] = 7; /* instead of padding */
    assert_int_equal(EVP_EncodeBlock((unsigned char *)digits, octets, OCTETS + 1), DIGITS);
    memcpy(line, digits, DIGITS);
    assert_int_equal(note_judge(note.data, note.len, origin, key), NOTE_FORGED);
    bytes_free(&note);
}

static void test_field_and_back(void **state)
{
    (void)state;
    unsigned char key[NOTE_KEY];
    struct bytes note = signed_checkpoint(UINT64_MAX, key), value = {0}, back = {0}, mail = {0};
    assert_true(note_field(note.data, note.len, &value));
    assert_int_equal(value.data[0], ' ');
    size_t column = strlen(CHECKPOINT_FIELD ":");
    for (const char *p = value.data; *p; p++) {
        column = *p == '\n' ? 0 : column + 1;
        assert_true(column <= 78);
    }
    assert_true(note_from_field(value.data, &back));
    assert_int_equal(back.len, note.len);
    assert_memory_equal(back.data, note.data, note.len);
    bytes_free(&back);
    assert_true(bytes_printf(
        &mail, "From: a@b\r\nTEMOIN-checkpoint:%s\r\nSubject: x\r\n\r\nbody\r\n", value.data));
    assert_true(note_find(mail.data, mail.len, &back));
    assert_string_equal(back.data, note.data);
    bytes_free(&back);
    assert_true(note_find(note.data, note.len, &back));
    assert_string_equal(back.data, note.data);
    bytes_free(&back);
    bytes_free(&mail);
    bytes_free(&value);
    bytes_free(&note);
}

static void test_no_field(void **state)
{
    (void)state;
    static const char *const bad[] = {"", " ", "a", "====", "AB==", "A?==", "AAAA=", "AA=A"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bytes note = {0};
        if (note_from_field(bad[i], &note))
            fail_msg("\"%s\"", bad[i]);
        bytes_free(&note);
    }
}

#define ROOT "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
#define SIGNED "\n\xe2\x80\x94 o AAAAAAAA\n"

static void test_no_checkpoint(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n\n\n\n",
        "o\n3\n" ROOT,
        "o\n3\n" ROOT "\n",
        "\n3\n" ROOT SIGNED,
        "o o\n3\n" ROOT SIGNED,
        "o\n03\n" ROOT SIGNED,
        "o\n-3\n" ROOT SIGNED,
        "o\n+3\n" ROOT SIGNED,
        "o\n\n" ROOT SIGNED,
        "o\n18446744073709551616\n" ROOT SIGNED,
        "o\n3\nAAAA\n" SIGNED,
        "o\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd=\n" SIGNED,
        "o\n3\n" ROOT "\nx\n" SIGNED,
        "o\r\n3\r\n" ROOT SIGNED,
        "o\xff\n3\n" ROOT SIGNED,
        "o\n3\n" ROOT SIGNED "\n",
        "o\n3\n" ROOT "extension\x01\n" SIGNED,
        "o\n3\n" ROOT "extension\r\n" SIGNED,
        "o\n3\n" ROOT "extension\xff\n" SIGNED,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct checkpoint c;
        const char *why = NULL;
        if (checkpoint_parse(bad[i], strlen(bad[i]), &c, &why))
            fail_msg("%zu: %s", i, bad[i]);
        assert_non_null(why);
        assert_null(c.origin);
    }
    struct checkpoint c;
    const char *why;
    static const char good[] = "o\n0\n" ROOT "extension\n" SIGNED;
    assert_true(checkpoint_parse(good, strlen(good), &c, &why));
    checkpoint_free(&c);
}

static void test_names(void **state)
{
    (void)state;
    unsigned char root[TREE_HASH] = {0};
    static const char *const bad[] = {"", "a b", "a+b", "a\nb", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bytes text = {0};
        assert_false(checkpoint_text(bad[i], 1, root, &text));
        bytes_free(&text);
    }
    char *name;
    unsigned char key[NOTE_KEY];
    char other[sizeof go_key];
    memcpy(other, go_key, sizeof other);
    *strstr(other, "c74f20a3") = 'd';
    const char *const no_keys[] = {"", "a", "a+b", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbz",
                                   other};
    for (size_t i = 0; i < sizeof no_keys / sizeof *no_keys; i++)
        assert_false(note_verifier_parse(no_keys[i], &name, key));
}

/* Scratched and cut notes: any answer but a crash. */
static void test_damage(void **state)
{
    (void)state;
    unsigned char key[NOTE_KEY];
    struct bytes note = signed_checkpoint(99, key);
    unsigned random = 4711;
    for (int round = 0; round < 20000; round++) {
        char copy[600];
        memcpy(copy, note.data, note.len);
        for (int i = 0; i < 3; i++) {
            random = random * 1103515245U + 12345U;
            copy[(random >> 8) % note.len] = "\n+ =A0\xe2\x94"[(random >> 20) % 8];
        }
        struct checkpoint c;
        const char *why;
        struct bytes found = {0};
        size_t len = round % 2 ? note.len : (random >> 8) % note.len;
        if (checkpoint_parse(copy, len, &c, &why))
            checkpoint_free(&c);
        note_judge(copy, len, origin, key);
        note_find(copy, len, &found);
        bytes_free(&found);
    }
    bytes_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note_of_go),
        cmocka_unit_test(test_every_octet_counts),
        cmocka_unit_test(test_signed_by_us),
        cmocka_unit_test(test_witnesses),
        cmocka_unit_test(test_longer_signature),
        cmocka_unit_test(test_field_and_back),
        cmocka_unit_test(test_no_field),
        cmocka_unit_test(test_no_checkpoint),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
