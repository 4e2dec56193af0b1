/*
 * test_message_text - what a person reads in a message, whatever the message is
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "db/message_text.h"
#include "db/reader.h"

static struct reader *reader;

static int start(void **state)
{
    struct store_error err = {0};
    (void)state;
    g_mime_init();
    assert_int_equal(reader_start(&reader_limits_default, &reader, &err), STORE_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    reader_stop(reader);
    return 0;
}

static void read_octets(const char *octets, size_t len, struct message_text *t)
{
    struct store_error err = {0};
    struct reader_outcome how;
    json_t *answer;
    const struct reader_options options = {.text = true};
    *t = (struct message_text){0};
    if (reader_read(reader, octets, len, &options, &answer, &how, &err) != STORE_OK)
        fail_msg("%s", err.text);
    if (!answer)
        fail_msg("%s", how.why);
    assert_true(message_text_from_json(json_object_get(answer, "text"), t));
    json_decref(answer);
}

static void read_one(const char *octets, struct message_text *t)
{
    read_octets(octets, strlen(octets), t);
}

static void plain(void **state)
{
    struct message_text t;
    (void)state;
    read_one("Subject: =?utf-8?Q?Impay=C3=A9?=\r\nX-Long: one\r\n two\r\n"
             "Content-Type: text/plain; charset=iso-8859-15\r\n\r\n"
             "Montant : 12 \xa4\r\n\r\n\r\n\r\nMerci\x1b[31m\r\n",
             &t);
    assert_true(t.read);
    assert_string_equal(t.header, "Subject: Impayé\nX-Long: one two\n"
                                  "Content-Type: text/plain; charset=iso-8859-15");
    assert_string_equal(t.body, "Montant : 12 €\n\nMerci [31m");
    assert_false(t.cut);
    assert_int_equal(t.part_count, 0);
    message_text_free(&t);
}

#define MIXED                                                                      \
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"                     \
    "Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n"               \
    "Content-Type: text/plain; charset=windows-1252\r\n\r\nd\xe9j\xe0 pay\xe9\r\n" \
    "--c\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--c--\r\n--b\r\n"        \
    "Content-Type: application/pdf; name=\"a\"\r\n"                                \
    "Content-Disposition: attachment; filename=\"../<b>.pdf\"\r\n"                 \
    "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--b\r\n"                 \
    "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b--\r\n"

static void alternatives_and_attachments(void **state)
{
    struct message_text t;
    (void)state;
    read_one(MIXED, &t);
    assert_string_equal(t.body, "déjà payé");
    assert_false(t.from_markup);
    assert_int_equal(t.part_count, 2);
    assert_string_equal(t.parts[0].name, "<b>.pdf");
    assert_string_equal(t.parts[0].type, "application/pdf");
    assert_int_equal(t.parts[0].size, 5);
    assert_string_equal(t.parts[1].type, "message/rfc822");
    message_text_free(&t);
}

static void markup_only(void **state)
{
    struct message_text t;
    (void)state;
    read_one("Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>x</title>"
             "<style>p{}</style></head><body><script>alert(1)</script><p>D&eacute;j&agrave;</p>"
             "<div>pay&eacute; &lt;b&gt;</div></body></html>",
             &t);
    assert_true(t.from_markup);
    assert_string_equal(t.body, "Déjà\n\npayé <b>");
    message_text_free(&t);
}

/* Nothing, NULs, no header, endless nesting, unknown charset: something is always said. */
static void odd(void **state)
{
    struct message_text t;
    struct bytes nested = {0};
    (void)state;
    read_one("", &t);
    assert_true(t.read);
    assert_string_equal(t.body, "");
    message_text_free(&t);
    read_octets("Subject: a\0b\r\n\r\nx\0y\xff\r\n", 22, &t);
    assert_true(t.read);
    assert_true(g_utf8_validate(t.body, -1, NULL));
    message_text_free(&t);
    read_one("Content-Type: text/plain; charset=x-no-such\r\n\r\nabc\r\n", &t);
    assert_true(t.read);
    assert_string_equal(t.body, "abc");
    message_text_free(&t);
    for (int i = 0; i < 3000; i++)
        assert_true(bytes_printf(
            &nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i));
    read_octets(nested.data, nested.len, &t);
    assert_true(t.read && t.cut);
    message_text_free(&t);
    nested.len = 0;
    assert_true(bytes_puts(&nested, "Content-Type: text/html\r\n\r\n"));
    for (int i = 0; i < 50000; i++)
        assert_true(bytes_puts(&nested, "<div>"));
    assert_true(bytes_puts(&nested, "deep"));
    read_octets(nested.data, nested.len, &t);
    message_text_free(&t);
    bytes_free(&nested);
    read_one("\r\nstill there", &t);
    assert_string_equal(t.body, "still there");
    message_text_free(&t);
}

static void bounded(void **state)
{
    struct message_text t;
    struct bytes long_one = {0};
    (void)state;
    assert_true(bytes_puts(&long_one, "Subject: s\r\n\r\n"));
    while (long_one.len < TEXT_BODY_MAX + 1000)
        assert_true(bytes_puts(&long_one, "é"));
    read_octets(long_one.data, long_one.len, &t);
    assert_true(t.cut);
    assert_true(strlen(t.body) <= TEXT_BODY_MAX);
    assert_true(g_utf8_validate(t.body, -1, NULL));
    message_text_free(&t);
    bytes_free(&long_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),       cmocka_unit_test(alternatives_and_attachments),
        cmocka_unit_test(markup_only), cmocka_unit_test(odd),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
