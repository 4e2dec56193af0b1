/*
 * test_mail - a message taken apart, and what of it a parser may see
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mail.h"
#include "policy/mail_tame.h"

static void repeat(struct bytes *b, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        assert_true(bytes_puts(b, text));
}

static size_t let_through(const struct bytes *b)
{
    struct ranges r = {0};
    size_t octets = 0;
    assert_true(mail_tame(b->data, b->len, &r));
    for (size_t i = 0; i < r.count; i++) {
        assert_true(r.items[i].begin < r.items[i].end && r.items[i].end <= b->len);
        assert_true(i == 0 || r.items[i].begin > r.items[i - 1].end);
        octets += r.items[i].end - r.items[i].begin;
    }
    ranges_free(&r);
    return octets;
}

static void test_ordinary_mail_passes_whole(void **state)
{
    (void)state;
    struct bytes b = {0};
    repeat(&b, "From: a@b.example\r\nTo: c@d.example,\r\n e@f.example\r\n\r\n", 1);
    repeat(&b, "text: that looks like a header\r\n", 500);
    repeat(&b, "-- \r\n", 1);
    repeat(&b, "prose without end\r\n", 5000);
    assert_int_equal(let_through(&b), b.len);
    bytes_free(&b);
}

static void test_a_million_header_lines(void **state)
{
    (void)state;
    struct bytes b = {0};
    repeat(&b, "a:b\n", 1000000);
    assert_int_equal(let_through(&b), 4 * MAIL_HEADER_LINES_MAX);
    repeat(&b, "\nbody\n", 1);
    assert_int_equal(let_through(&b), 4 * MAIL_HEADER_LINES_MAX + 6);
    bytes_free(&b);
    /* of a part, too */
    repeat(&b, "X: y\n\n--b\n", 1);
    repeat(&b, "a:b\n", 10000);
    assert_int_equal(let_through(&b), 10 + 4 * MAIL_HEADER_LINES_MAX);
    bytes_free(&b);
}

static void test_a_long_field_keeps_its_beginning_and_its_end_of_line(void **state)
{
    (void)state;
    struct bytes b = {0};
    repeat(&b, "X: ", 1);
    repeat(&b, "y", 3 * FIELD_MAX);
    repeat(&b, "\n Z\nFrom: a@b.example\n\n", 1);
    assert_int_equal(let_through(&b), FIELD_MAX + 1 + strlen("From: a@b.example\n\n"));
    struct mail m = {0};
    assert_true(mail_parse(b.data, b.len, &m));
    assert_true(m.cut);
    assert_int_equal(m.reading.from.count, 1);
    mail_free(&m);
    bytes_free(&b);
}

static void test_commas_are_counted(void **state)
{
    (void)state;
    struct bytes b = {0};
    repeat(&b, "To: ", 1);
    repeat(&b, "a,", MAIL_FIELD_COMMAS_MAX);
    assert_int_equal(let_through(&b), b.len);
    repeat(&b, "b,", 30000);
    repeat(&b, "\nSubject: x\n\na,b,c\n", 1);
    assert_int_equal(let_through(&b),
                     4 + 2 * MAIL_FIELD_COMMAS_MAX + 1 + strlen("\nSubject: x\n\na,b,c\n"));
    bytes_free(&b);
    for (int i = 0; i < 20; i++) {
        repeat(&b, "Cc: ", 1);
        repeat(&b, "a,", 400);
        repeat(&b, "\n", 1);
    }
    size_t passed = let_through(&b);
    assert_in_range(passed, 2 * MAIL_COMMAS_MAX, 2 * MAIL_COMMAS_MAX + 20 * 6);
    bytes_free(&b);
}

static void test_delimiters_end_somewhere(void **state)
{
    (void)state;
    struct bytes b = {0};
    repeat(&b, "X: y\n\n", 1);
    repeat(&b, "--b\n\nx\n", MAIL_DELIMITERS_MAX + 10);
    assert_int_equal(let_through(&b), 6 + 7 * MAIL_DELIMITERS_MAX);
    bytes_free(&b);
}

static void test_parts_in_order_and_depth(void **state)
{
    (void)state;
    static const char octets[] =
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=o\n\n"
        "--o\nContent-Type: multipart/alternative; boundary=i\n\n"
        "--i\nContent-Type: text/plain\n\nplain\n"
        "--i\nContent-Type: text/html\n\n<p>html\n--i--\n"
        "--o\nContent-Type: message/rfc822\n\nMessage-ID: <x@y>\nSubject: inside\n\nreturned\n"
        "--o\nContent-Type: application/pdf; name=\"../a/F-1.pdf\"\n"
        "Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nUERG\n--o--\n";
    static const struct {
        const char *type;
        unsigned depth;
        bool returned;
    } expected[] = {{"multipart/mixed", 0, false}, {"multipart/alternative", 1, false},
                    {"text/plain", 2, false},      {"text/html", 2, false},
                    {"message/rfc822", 1, false},  {"text/plain", 2, true},
                    {"application/pdf", 1, false}};
    struct mail m = {0};
    struct bytes text = {0};
    bool from_markup = true;
    char *id = NULL;
    assert_true(mail_parse(octets, sizeof octets - 1, &m));
    assert_int_equal(m.count, sizeof expected / sizeof *expected);
    assert_false(m.cut);
    for (size_t i = 0; i < m.count; i++) {
        assert_string_equal(m.parts[i].type, expected[i].type);
        assert_int_equal(m.parts[i].depth, expected[i].depth);
        assert_int_equal(m.parts[i].returned, expected[i].returned);
    }
    assert_string_equal(m.parts[6].name, "F-1.pdf");
    assert_true(m.parts[6].attachment);
    assert_true(mail_field(&m.parts[4].inner, "message-id", &id));
    assert_string_equal(id, "<x@y>");
    assert_true(mail_body(&m, &text, &from_markup));
    assert_non_null(strstr(text.data, "plain"));
    assert_null(strstr(text.data, "returned"));
    assert_null(strstr(text.data, "html"));
    assert_false(from_markup);
    free(id);
    bytes_free(&text);
    mail_free(&m);
}

static void test_depth_and_number_are_bounded(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct mail m = {0};
    for (int i = 0; i < 1000; i++)
        assert_true(
            bytes_printf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i));
    assert_true(mail_parse(b.data, b.len, &m));
    assert_true(m.cut);
    assert_in_range(m.count, 2, MAIL_DEPTH_MAX + 1);
    mail_free(&m);
    bytes_free(&b);
    repeat(&b, "Content-Type: multipart/mixed; boundary=b\n\n", 1);
    repeat(&b, "--b\n\nx\n", 2 * MAIL_PARTS_MAX);
    assert_true(mail_parse(b.data, b.len, &m));
    assert_true(m.cut);
    assert_int_equal(m.count, MAIL_PARTS_MAX);
    mail_free(&m);
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_mail_passes_whole),
        cmocka_unit_test(test_a_million_header_lines),
        cmocka_unit_test(test_a_long_field_keeps_its_beginning_and_its_end_of_line),
        cmocka_unit_test(test_commas_are_counted),
        cmocka_unit_test(test_delimiters_end_somewhere),
        cmocka_unit_test(test_parts_in_order_and_depth),
        cmocka_unit_test(test_depth_and_number_are_bounded),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
