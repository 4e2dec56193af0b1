/*
 * test_attachment - file names of attachments, from the body as it passes (policy/attachment.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <string.h>

#include "policy/attachment.h"

static void expect_names(struct attachments *a, const char *joined)
{
    struct bytes text = {0};
    assert_false(a->out_of_memory);
    for (size_t i = 0; i < a->names.count; i++)
        assert_true(bytes_printf(&text, "%s%s", i ? "|" : "", a->names.items[i]));
    assert_string_equal(text.data ? text.data : "", joined);
    bytes_free(&text);
    attachments_free(a);
}

/* Octet by octet and cut in two at every place, with LF and with CRLF. */
static void expect_everywhere(const char *body, const char *joined)
{
    struct bytes crlf = {0};
    for (const char *p = body; *p; p++)
        assert_true(*p == '\n' ? bytes_puts(&crlf, "\r\n") : bytes_append(&crlf, p, 1));
    const char *const forms[] = {body, crlf.data ? crlf.data : ""};
    for (size_t f = 0; f < 2; f++) {
        size_t len = strlen(forms[f]);
        for (size_t cut = 0; cut <= len; cut++) {
            struct attachments a = {0};
            attachments_feed(&a, forms[f], cut);
            attachments_feed(&a, forms[f] + cut, len - cut);
            attachments_end(&a);
            expect_names(&a, joined);
        }
        struct attachments a = {0};
        for (size_t i = 0; i < len; i++)
            attachments_feed(&a, forms[f] + i, 1);
        attachments_end(&a);
        expect_names(&a, joined);
    }
    bytes_free(&crlf);
}

static void test_a_message(void **state)
{
    (void)state;
    expect_everywhere("preamble\n--B\nContent-Type: text/plain\n\nBonjour,\nfilename=\"no.pdf\"\n"
                      "-- \nJeanne\nContent-Disposition: attachment; filename=prose.pdf\n\n"
                      "--B\nContent-Type: application/pdf;\n name=\"F-2026-001.pdf\"\n"
                      "Content-Transfer-Encoding: base64\n"
                      "Content-Disposition: attachment;\n\tfilename=\"F-2026-001.pdf\"\n\n"
                      "JVBERi0xLjQK\n--B\n"
                      "content-disposition : attachment; FILENAME=two.xml\n\nx\n--B--\n",
                      "F-2026-001.pdf|two.xml");
}

static void test_encodings(void **state)
{
    (void)state;
    expect_everywhere("--B\nContent-Disposition: attachment;\n"
                      " filename*=UTF-8''Facture%20n%C2%B0%201.pdf\n\n"
                      "--B\nContent-Disposition: attachment;\n filename*0*=iso-8859-1''Relev%E9;\n"
                      " filename*1*=%20de%20compte;\n filename*2=\".pdf\"\n\n"
                      "--B\nContent-Type: application/pdf;\n"
                      " name=\"=?utf-8?Q?Pi=C3=A8ce_1=2Epdf?=\"\n\n",
                      "Facture n° 1.pdf|Relevé de compte.pdf|Pièce 1.pdf");
}

static void test_directories_go(void **state)
{
    (void)state;
    expect_everywhere("--B\nContent-Disposition: x; filename=\"C:\\\\a\\\\F-1.pdf\"\n\n"
                      "--B\nContent-Disposition: x; filename=\"../../etc/F-2.pdf\"\n\n"
                      "--B\nContent-Disposition: x; filename=\"dir/\"\n\n",
                      "F-1.pdf|F-2.pdf");
}

static void test_header_ends_the_body(void **state)
{
    (void)state;
    expect_everywhere("--B\nContent-Disposition: x; filename=last.pdf", "last.pdf");
    expect_everywhere("--B", "");
    expect_everywhere("--B\n", "");
    expect_everywhere("", "");
    expect_everywhere("--B\nContent-Disposition: x; filename=a.pdf\n--B\n"
                      "Content-Disposition: x; filename=b.pdf\n--B--",
                      "a.pdf|b.pdf");
}

static void test_no_field_ends_a_header(void **state)
{
    (void)state;
    expect_everywhere("-- \nJeanne Martin\nContent-Disposition: x; filename=a.pdf\n", "");
    expect_everywhere("--B\n continued\nContent-Disposition: x; filename=a.pdf\n", "");
}

/* A message that is nothing but a PDF: Apple Mail and scanners send such. */
static void test_the_message_is_the_attachment(void **state)
{
    (void)state;
    static const char *const values[][2] = {
        {"Content-Disposition", " attachment;\n filename=\"F-2026-001.pdf\""},
        {"content-type", " application/pdf; name*=utf-8''F-2026-001.pdf"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct attachments a = {0};
        struct fields f = {0};
        assert_true(fields_add(&f, values[i][0], values[i][1]));
        attachments_header(&a, &f);
        attachments_feed(&a, "JVBERi0=\r\n", 10);
        attachments_end(&a);
        assert_int_equal(a.names.count, 1);
        assert_string_equal(a.names.items[0], "F-2026-001.pdf");
        fields_free(&f);
        attachments_free(&a);
    }
}

static void test_odd_octets(void **state)
{
    (void)state;
    static const char body[] = "\0--\0\n--B\0\nContent-Disposition: x; filename=\"a\xff\0b.pdf\"\n"
                               "Content-Type: \0\n\n";
    for (size_t cut = 0; cut < sizeof body; cut++) {
        struct attachments a = {0};
        attachments_feed(&a, body, cut);
        attachments_feed(&a, body + cut, sizeof body - 1 - cut);
        attachments_end(&a);
        assert_int_equal(a.names.count, 1);
        assert_true(g_utf8_validate(a.names.items[0], -1, NULL));
        attachments_free(&a);
    }
}

static void test_large(void **state)
{
    (void)state;
    static const char *const units[] = {"--", "x", "--\n", "--\na: b;", "\n ", ";name=x", "\xff"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct bytes body = {0};
        assert_true(bytes_puts(&body, "--B\nContent-Type: x/y; "));
        while (body.len < 1 << 20)
            assert_true(bytes_puts(&body, units[i]));
        assert_true(bytes_puts(&body, "\n\n--B\nContent-Disposition: x; filename=a.pdf\n\n"));
        struct attachments a = {0};
        attachments_feed(&a, body.data, body.len);
        attachments_end(&a);
        assert_false(a.out_of_memory);
        assert_true(strings_contain(&a.names, "a.pdf"));
        assert_true(a.header.room + a.line.room < 64 * 1024);
        attachments_free(&a);
        bytes_free(&body);
    }
}

static void test_limit(void **state)
{
    (void)state;
    struct attachments a = {0};
    struct bytes part = {0};
    for (int i = 0; i < 300; i++) {
        part.len = 0;
        assert_true(bytes_printf(&part, "--B\nContent-Disposition: x; filename=%d.pdf\n\n", i));
        attachments_feed(&a, part.data, part.len);
    }
    attachments_end(&a);
    assert_int_equal(a.names.count, 100);
    attachments_free(&a);
    bytes_free(&part);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_directories_go),
        cmocka_unit_test(test_header_ends_the_body),
        cmocka_unit_test(test_no_field_ends_a_header),
        cmocka_unit_test(test_the_message_is_the_attachment),
        cmocka_unit_test(test_odd_octets),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
