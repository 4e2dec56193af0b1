/*
 * test_token - tokens and their keys (policy/token.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/token.h"

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "FF0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
static const char domain[] = "creditor.example";

static struct keyring ring_of(const char *text)
{
    struct keyring ring;
    char *error = NULL;
    assert_true(keyring_parse(text, "token.keys", &ring, &error));
    assert_null(error);
    return ring;
}

static void test_known_token(void **state)
{
    (void)state;
    /* computed with Python's hmac and base64, so that the format cannot drift */
    struct keyring ring = ring_of("7 " HEX_A " active\n");
    char token[TOKEN_CHARS + 1];
    assert_true(token_make(&ring, domain, 0x0102030405, token));
    assert_string_equal(token, "a4aqeayeawasdmullo2zo7seey");
}

static void test_round_trip(void **state)
{
    (void)state;
    struct keyring ring = ring_of("0 " HEX_A " active\n");
    static const uint64_t numbers[] = {1, 2, 255, 256, 70000, TOKEN_NUMBER_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char token[TOKEN_CHARS + 1];
        uint64_t number = 0;
        assert_true(token_make(&ring, domain, numbers[i], token));
        assert_int_equal(strlen(token), TOKEN_CHARS);
        assert_int_equal(strspn(token, "abcdefghijklmnopqrstuvwxyz234567"), TOKEN_CHARS);
        assert_true(token_check(&ring, domain, token, &number));
        assert_true(number == numbers[i]);
        for (char *p = token; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        assert_true(token_check(&ring, domain, token, &number));
        assert_false(token_check(&ring, "other.example", token, &number));
    }
    char token[TOKEN_CHARS + 1];
    assert_false(token_make(&ring, domain, 0, token));
    assert_false(token_make(&ring, domain, TOKEN_NUMBER_MAX + 1, token));
}

static void test_every_changed_character_is_refused(void **state)
{
    (void)state;
    struct keyring ring = ring_of("0 " HEX_A " active\n1 " HEX_B " old\n");
    char token[TOKEN_CHARS + 1];
    uint64_t number;
    assert_true(token_make(&ring, domain, 4711, token));
    for (size_t i = 0; i < TOKEN_CHARS; i++) {
        for (const char *c = "abcdefghijklmnopqrstuvwxyz234567018-"; *c; c++) {
            char changed[TOKEN_CHARS + 1];
            memcpy(changed, token, sizeof changed);
            changed[i] = *c;
            if (*c != token[i])
                assert_false(token_check(&ring, domain, changed, &number));
        }
    }
    assert_false(token_check(&ring, domain, "", &number));
    token[TOKEN_CHARS - 1] = '\0';
    assert_false(token_check(&ring, domain, token, &number));
}

static void test_rotation(void **state)
{
    (void)state;
    struct keyring before = ring_of("1 " HEX_A " active\n");
    struct keyring after = ring_of("# rotated\n1 " HEX_A " old\n\n 2\t" HEX_B " active # new\r\n");
    struct keyring dropped = ring_of("2 " HEX_B " active");
    char token[TOKEN_CHARS + 1], fresh[TOKEN_CHARS + 1];
    uint64_t number = 0;
    assert_true(token_make(&before, domain, 9, token));
    assert_true(token_check(&after, domain, token, &number));
    assert_int_equal(number, 9);
    assert_true(token_make(&after, domain, 9, fresh));
    assert_string_not_equal(token, fresh);
    assert_false(token_check(&dropped, domain, token, &number));
    assert_true(token_check(&dropped, domain, fresh, &number));
    keyring_wipe(&after);
    struct keyring empty = {0};
    assert_memory_equal(&after, &empty, sizeof empty);
    assert_false(token_make(&after, domain, 9, token));
}

static void expect_refused(const char *text, const char *expected)
{
    struct keyring ring, empty = {0};
    char *error = NULL;
    assert_false(keyring_parse(text, "k", &ring, &error));
    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(strstr(error, "0405"));
    assert_memory_equal(&ring, &empty, sizeof ring);
    free(error);
}

static void test_key_files(void **state)
{
    (void)state;
    expect_refused("", "k:1: no active key: mark one key \"active\"");
    expect_refused("# only\n1 " HEX_A " old\n", "k:2: no active key: mark one key \"active\"");
    expect_refused("x", "k:1: no key number: begin the line with a number from 0 to 255");
    expect_refused("256 " HEX_A " active",
                   "k:1: no key number: begin the line with a number from 0 to 255");
    expect_refused("1 " HEX_A " active\n1 " HEX_B " old",
                   "k:2: this key number is there twice: give each key a number of its own");
    expect_refused("1 " HEX_A " active\n2 " HEX_B " active",
                   "k:2: a second active key: mark all but one \"old\"");
    static const char no_key[] =
        "k:1: no key: write 32 octets as 64 hexadecimal digits behind the number";
    expect_refused("1 0405 active", no_key);
    expect_refused("1 " HEX_A "00 active", no_key);
    expect_refused("1 0g0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1f1f1f active",
                   no_key);
    static const char no_state[] = "k:1: no state: end the line with \"active\" or \"old\"";
    expect_refused("1 " HEX_A, no_state);
    expect_refused("1 " HEX_A " new", no_state);
    expect_refused("1 " HEX_A " active now", no_state);
}

static void test_in_address(void **state)
{
    (void)state;
#define T "abcdefghijklmnopqrstuvwxy2"
    static const char *const yes[] = {"j+g" T "@a", "j+x+G" T "@a.b", "\"j d+g" T "\"@a"};
    static const char *const no[] = {"j+g" T,     "+g" T "@a",   "j-g" T "@a", "jg" T "@a",
                                     "j+" T "@a", "j+g" T "x@a", "j+gabc@a",   "@",
                                     "",          "j@a+g" T};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        const char *token = token_in_address(yes[i], '+');
        assert_non_null(token);
        assert_memory_equal(token, T, TOKEN_CHARS);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_null(token_in_address(no[i], '+'));
}

static void test_in_message_id(void **state)
{
    (void)state;
    assert_memory_equal(token_in_message_id("<" T "@temoin.a>"), T, TOKEN_CHARS);
    assert_memory_equal(token_in_message_id(T "@TEMOIN.a"), T, TOKEN_CHARS);
    static const char bare[] = "<" T;
    const char *const no[] = {bare,
                              "<" T "@a>",
                              "<x" T "@temoin.a>",
                              "<" T "@temoin>",
                              "<abc@temoin.a>",
                              "<abcdefghijklmnopqrstuvwxy1@temoin.a>",
                              "<",
                              ""};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_null(token_in_message_id(no[i]));
}

static size_t scan(const struct keyring *ring, const char *text, size_t len)
{
    struct tokens found = {0};
    assert_true(token_scan(ring, domain, text, len, &found));
    size_t count = found.count;
    if (count)
        assert_int_equal(found.numbers[0], 4711);
    tokens_free(&found);
    return count;
}

static void test_scan_contexts(void **state)
{
    (void)state;
    struct keyring ring = ring_of("0 " HEX_A " active\n");
    char t[TOKEN_CHARS + 1], text[200];
    assert_true(token_make(&ring, domain, 4711, t));
    static const char *const found[] = {
        "%s",
        "Reply-To: j+g%s@a.example",
        "j+G%s@a",
        "<%s@temoin.a>",
        "x %s\n",
        "\xc3\xa9%s0",
        "ENVID=3D%s",
        "j%%2Bg%s@a",
        "rfc822;j+2Bg%s@a",
        "g%s",
        "=\n%s",
    };
    static const char *const not_found[] = {"a%s", "%sa", "ga%s", "x2Bg%s", "g%sg", "=2Bgg%s"};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        const char *at = strstr(found[i], "%s");
        struct bytes b = {0};
        assert_true(bytes_append(&b, found[i], (size_t)(at - found[i])) && bytes_puts(&b, t) &&
                    bytes_puts(&b, at + 2));
        assert_int_equal(scan(&ring, b.data, b.len), 1);
        for (size_t k = 0; k < b.len; k++)
            b.data[k] = (char)toupper((unsigned char)b.data[k]);
        assert_int_equal(scan(&ring, b.data, b.len), 1);
        bytes_free(&b);
    }
    for (size_t i = 0; i < sizeof not_found / sizeof *not_found; i++) {
        const char *at = strstr(not_found[i], "%s");
        size_t n = (size_t)(at - not_found[i]);
        memcpy(text, not_found[i], n);
        memcpy(text + n, t, TOKEN_CHARS);
        strcpy(text + n + TOKEN_CHARS, at + 2);
        assert_int_equal(scan(&ring, text, strlen(text)), 0);
    }
    memcpy(text, "\0\0", 2);
    memcpy(text + 2, t, TOKEN_CHARS);
    text[2 + TOKEN_CHARS] = '\0';
    assert_int_equal(scan(&ring, text, 3 + TOKEN_CHARS), 1);
    assert_int_equal(scan(&ring, text, 1 + TOKEN_CHARS), 0); /* cut off */
}

static void test_scan_counts_distinct(void **state)
{
    (void)state;
    struct keyring ring = ring_of("0 " HEX_A " active\n");
    struct bytes text = {0};
    struct tokens found = {0};
    char t[TOKEN_CHARS + 1];
    for (uint64_t n = 1; n <= 10; n++) {
        assert_true(token_make(&ring, domain, 1 + n % 5, t));
        assert_true(bytes_printf(&text, "%s ", t));
    }
    assert_true(token_scan(&ring, domain, text.data, text.len, &found));
    assert_int_equal(found.count, 5);
    assert_int_equal(found.numbers[0], 2);
    assert_int_equal(found.tried, 10);
    tokens_free(&found);
    bytes_free(&text);
}

static void test_scan_is_bounded(void **state)
{
    (void)state;
    struct keyring ring = ring_of("0 " HEX_A " active\n");
    struct bytes text = {0};
    struct tokens found = {0};
    char t[TOKEN_CHARS + 1];
    /* key 0, number not 0, spare bits 0: all cost a MAC */
    while (text.len < 1 << 20)
        assert_true(bytes_puts(&text, "aaaaaaaabbbbbbbbbbbbbbbbba "));
    assert_true(token_make(&ring, domain, 4711, t));
    assert_true(bytes_puts(&text, t));
    assert_true(token_scan(&ring, domain, text.data, text.len, &found));
    assert_int_equal(found.tried, TOKEN_TRIES_MAX);
    assert_int_equal(found.count, 0);
    tokens_free(&found);
    /* an unknown key number, or a long run, costs none */
    for (size_t i = 0; i + 27 < text.len; i += 27)
        text.data[i] = 'z';
    found = (struct tokens){0};
    assert_true(token_scan(&ring, domain, text.data, text.len, &found));
    assert_int_equal(found.tried, 1);
    assert_int_equal(found.count, 1);
    tokens_free(&found);
    memset(text.data, 'a', text.len);
    found = (struct tokens){0};
    assert_true(token_scan(&ring, domain, text.data, text.len, &found));
    assert_int_equal(found.tried, 0);
    tokens_free(&found);
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_token),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_changed_character_is_refused),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_key_files),
        cmocka_unit_test(test_in_address),
        cmocka_unit_test(test_in_message_id),
        cmocka_unit_test(test_scan_contexts),
        cmocka_unit_test(test_scan_counts_distinct),
        cmocka_unit_test(test_scan_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
