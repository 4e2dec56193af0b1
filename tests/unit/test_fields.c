/*
 * test_fields - the list of header fields and the envelope (policy/message.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy/message.h"

static size_t octets_of(const struct fields *f)
{
    size_t octets = 0;
    for (size_t i = 0; i < f->count; i++)
        octets += strlen(f->items[i].name) + strlen(f->items[i].value);
    return octets;
}

static void test_order_and_octets(void **state)
{
    (void)state;
    struct fields f = {0}, copy = {0};
    assert_true(fields_add(&f, "A", " 1"));
    assert_true(fields_add(&f, "b", " 2"));
    assert_true(fields_insert(&f, 0, "B", " 0"));
    assert_true(fields_insert(&f, 99, "C", " 3"));
    assert_string_equal(f.items[0].value, " 0");
    assert_string_equal(f.items[3].name, "C");
    assert_int_equal(fields_count(&f, "B"), 2);
    assert_int_equal(fields_find(&f, "b", 1), 0);
    assert_int_equal(fields_find(&f, "B", 2), 2);
    assert_int_equal(fields_find(&f, "B", 3), f.count);
    assert_int_equal(fields_find(&f, "X", 1), f.count);
    assert_true(fields_set(&f, 2, " longer"));
    assert_int_equal(f.octets, octets_of(&f));
    assert_true(fields_copy(&f, &copy));
    fields_remove(&f, 0);
    assert_string_equal(f.items[0].name, "A");
    assert_int_equal(f.octets, octets_of(&f));
    assert_int_equal(copy.count, 4);
    assert_string_equal(copy.items[2].value, " longer");
    fields_free(&f);
    fields_free(&copy);
    assert_int_equal(copy.count, 0);
}

static void test_render(void **state)
{
    (void)state;
    struct fields f = {0};
    struct bytes out = {0};
    assert_true(fields_add(&f, "Subject", " a\n b\r\n\tc"));
    assert_true(fields_add(&f, "X", "no space"));
    assert_true(fields_add(&f, "Empty", ""));
    assert_true(fields_render(&f, &out));
    assert_string_equal(out.data, "Subject: a\r\n b\r\n\tc\r\nX:no space\r\nEmpty:\r\n\r\n");
    bytes_free(&out);
    fields_free(&f);
}

static void expect_parsed(const char *message, size_t len, const char *rendered, const char *rest)
{
    struct fields f = {0};
    struct bytes out = {0};
    size_t body = 0;
    assert_true(fields_parse(message, len, &f, &body));
    assert_true(fields_render(&f, &out));
    assert_string_equal(out.data, rendered);
    assert_int_equal(len - body, strlen(rest));
    assert_memory_equal(message + body, rest, strlen(rest));
    bytes_free(&out);
    fields_free(&f);
}

#define EXPECT_PARSED(message, rendered, rest) \
    expect_parsed(message, sizeof message - 1, rendered, rest)

static void test_parse(void **state)
{
    (void)state;
    EXPECT_PARSED("A: 1\r\nB: 2\r\n 3\r\n\r\nbody\r\n", "A: 1\r\nB: 2\r\n 3\r\n\r\n", "body\r\n");
    EXPECT_PARSED("A: 1\nB: 2\n\t3\n\nbody", "A: 1\r\nB: 2\r\n\t3\r\n\r\n", "body");
    EXPECT_PARSED("From a@b Mon Jan  1 00:00:00\nA: 1\n\n", "A: 1\r\n\r\n", "");
    EXPECT_PARSED("A :1\nno field\n with a continuation\nB:2\n\n", "A:1\r\nB:2\r\n\r\n", "");
    EXPECT_PARSED("\r\nbody", "\r\n", "body");
    EXPECT_PARSED("A: no final line end", "A: no final line end\r\n\r\n", "");
    EXPECT_PARSED("A: x\0y\nB: 2\r\n\n", "A: x y\r\nB: 2\r\n\r\n", "");
    EXPECT_PARSED("", "\r\n", "");
    EXPECT_PARSED(":nameless\n\xc3\xa9: not ASCII\n\nx", "\r\n", "x");
}

static void test_parse_and_render_agree(void **state)
{
    (void)state;
    static const char message[] = "Received: by x\r\n\tfor y;\r\n  date\r\n"
                                  "DKIM-Signature:v=1\r\nSubject:  \xff two  \r\nX:\r\n\r\n";
    EXPECT_PARSED(message, message, "");
}

static void test_large(void **state)
{
    (void)state;
    struct bytes message = {0}, out = {0};
    struct fields f = {0};
    size_t body;
    assert_true(bytes_puts(&message, "Big:"));
    assert_true(bytes_reserve(&message, 1 << 20));
    memset(message.data + message.len, 'x', 1 << 20);
    message.len += 1 << 20;
    for (int i = 0; i < 100000; i++)
        assert_true(bytes_puts(&message, "\r\nA: b"));
    assert_true(bytes_puts(&message, "\r\n\r\n"));
    assert_true(fields_parse(message.data, message.len, &f, &body));
    assert_int_equal(f.count, 100001);
    assert_int_equal(body, message.len);
    assert_true(fields_render(&f, &out));
    assert_int_equal(out.len, message.len);
    assert_memory_equal(out.data, message.data, out.len);
    fields_free(&f);
    bytes_free(&out);
    bytes_free(&message);
}

static void test_envelope_address(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"<a@b>", "a@b"},
        {" <a@b> ", "a@b"},
        {"a@b", "a@b"},
        {"<>", ""},
        {"", ""},
        {"  ", ""},
        {"<@r1,@r2:a@b>", "a@b"},
        {"<\"a>b\"@c>", "\"a>b\"@c"},
        {"<a@b", "a@b"},
        {"<", ""},
        {"<@x>", "@x"},
        {"J\xff@b", "J\xff@b"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *address = envelope_address(pairs[i][0]);
        assert_string_equal(address, pairs[i][1]);
        free(address);
    }
}

static void test_envelope_free(void **state)
{
    (void)state;
    struct envelope e = {.queue_id = strdup("Q"),
                         .sender = strdup("a@b"),
                         .login = strdup("l"),
                         .client_address = strdup("192.0.2.1"),
                         .client_name = strdup("n"),
                         .helo = strdup("h"),
                         .tls_version = strdup("TLSv1.3")};
    assert_true(strings_add(&e.recipients, "c@d"));
    envelope_free(&e);
    assert_null(e.sender);
    assert_int_equal(e.recipients.count, 0);
    envelope_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_octets),
        cmocka_unit_test(test_render),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_and_render_agree),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_envelope_address),
        cmocka_unit_test(test_envelope_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
