/*
 * test_report - delivery and disposition reports by line (policy/report.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <string.h>

#include "policy/report.h"

/* As Postfix 3.7 writes it, the returned header with a folded Message-ID. */
static const char dsn[] = "This is a MIME-encapsulated message.\n"
                          "\n"
                          "--B\n"
                          "Content-Description: Notification\n"
                          "\n"
                          "This is the mail system. Status: 9.9.9 is not a field here.\n"
                          "Action: failed\n"
                          "Status: paid\n"
                          "\n"
                          "--B\n"
                          "Content-Type: message/delivery-status\n"
                          "\n"
                          "Reporting-MTA: dns; mx.creditor.example\n"
                          "Original-Envelope-Id: a+2Bb+zz\n"
                          "X-Postfix-Sender: rfc822; jeanne@creditor.example\n"
                          "\n"
                          "Final-Recipient: rfc822; Compta@Debtor.example\n"
                          "Original-Recipient: rfc822;ap@Debtor.example\n"
                          "Action: delayed\n"
                          "Status: 4.4.1 (no answer)\n"
                          "\n"
                          "Original-Recipient: rfc822;<x@y.example>\n"
                          "FINAL-RECIPIENT : RFC822;<x@y.example>\n"
                          "action: Failed (user unknown)\n"
                          "status: 5.1.1\n"
                          "Diagnostic-Code: smtp; 550 Action: delivered\n"
                          "    Action: relayed\n"
                          "\n"
                          "--B\n"
                          "Content-Type: text/rfc822-headers\n"
                          "\n"
                          "Subject: Facture\n"
                          "Message-ID:\n"
                          "\t<one@creditor.example>\n"
                          "\n"
                          "--B--";

static struct report read_at_once(const char *text, size_t len)
{
    struct report r = {0};
    report_feed(&r, text, len);
    report_end(&r);
    assert_false(r.out_of_memory);
    return r;
}

/* Everything read, as one text to compare. */
static void describe(const struct report *r, struct bytes *out)
{
#define OR_DASH(s) ((s) ? (s) : "-")
    for (size_t i = 0; i < r->count; i++)
        assert_true(bytes_printf(out, "%s %s %s %s\n", OR_DASH(r->recipients[i].final),
                                 OR_DASH(r->recipients[i].original),
                                 OR_DASH(r->recipients[i].action),
                                 OR_DASH(r->recipients[i].status)));
    assert_true(bytes_printf(out, "%s %s %s\n", OR_DASH(r->envelope_id),
                             OR_DASH(r->original_message_id), OR_DASH(r->disposition)));
    for (size_t i = 0; i < r->returned_ids.count; i++)
        assert_true(bytes_printf(out, "%s\n", r->returned_ids.items[i]));
}

static void expect_read(struct report *r, const char *expected)
{
    struct bytes text = {0};
    describe(r, &text);
    assert_string_equal(text.data, expected);
    bytes_free(&text);
    report_free(r);
}

/* LF made CRLF. */
static void with_crlf(const char *text, struct bytes *out)
{
    for (; *text; text++)
        if (*text == '\n')
            assert_true(bytes_puts(out, "\r\n"));
        else
            assert_true(bytes_append(out, text, 1));
}

/* At once, octet by octet, cut in two at every place, with LF and with CRLF. */
static void expect_everywhere(const char *text, const char *expected)
{
    struct bytes crlf = {0};
    with_crlf(text, &crlf);
    const char *const forms[] = {text, crlf.data};
    for (size_t f = 0; f < 2; f++) {
        size_t len = strlen(forms[f]);
        for (size_t cut = 0; cut <= len; cut++) {
            struct report r = {0};
            report_feed(&r, forms[f], cut);
            report_feed(&r, forms[f] + cut, len - cut);
            report_end(&r);
            expect_read(&r, expected);
        }
        struct report r = {0};
        for (size_t i = 0; i < len; i++)
            report_feed(&r, forms[f] + i, 1);
        report_end(&r);
        expect_read(&r, expected);
    }
    bytes_free(&crlf);
}

static void test_dsn(void **state)
{
    (void)state;
    expect_everywhere(dsn, "compta@debtor.example ap@debtor.example delayed 4.4.1\n"
                           "x@y.example x@y.example failed 5.1.1\n"
                           "a+b+zz - -\n"
                           "<one@creditor.example>\n");
}

static void test_mdn(void **state)
{
    (void)state;
    expect_everywhere("Your message was displayed.\n\nReporting-UA: x\n"
                      "Original-Recipient: rfc822;a@b.example\n"
                      "Final-Recipient: rfc822;a@b.example\n"
                      "Original-Message-ID:\n <one@creditor.example>\n"
                      "Disposition: manual-action/MDN-sent-manually;\n Displayed/error\n",
                      "a@b.example a@b.example - -\n- <one@creditor.example> "
                      "displayed\n<one@creditor.example>\n"); /* and routes */
}

static void test_groups(void **state)
{
    (void)state;
    /* no empty line between recipients; one without Final-Recipient; prose alone */
    expect_everywhere("Final-Recipient: rfc822; a@b\nAction: failed\n"
                      "Final-Recipient: rfc822; c@d\nAction: delivered\n\n"
                      "Original-Recipient: rfc822; e@f\nStatus: 5.0.0\n\n"
                      "Original-Recipient: rfc822; g@h\n\nAction: failed\n\nStatus: 5.1.1",
                      "a@b - failed -\nc@d - delivered -\n- e@f - 5.0.0\n- - -\n");
}

static void test_eai_recipient(void **state)
{
    (void)state;
    expect_everywhere("Final-Recipient: utf-8; j\\x{E9}r\\x{00f4}me@ex\xc3\xa4mple.de\n\n"
                      "Final-Recipient: utf-8; \\x{D800}\\x{}\\x{110000}\\x{E9@b\n\n",
                      "jérôme@xn--exmple-cua.de - - -\n"
                      "\\x{d800}\\x{}\\x{110000}\\x{e9@b - - -\n- - -\n");
}

static void test_odd_values(void **state)
{
    (void)state;
    expect_everywhere("Final-Recipient: \nAction: exploded\nStatus: 5.1\nDisposition: x\n\n"
                      "Final-Recipient: rfc822; a@b\nAction: failedness\nStatus: 5.1.1234\n\n"
                      "Message-ID: none\nOriginal-Message-ID: \nDisposition: a/b; \n",
                      "a@b - - -\n- - -\n");
}

static void test_nul_and_no_final_line_end(void **state)
{
    (void)state;
    static const char text[] = "\0\0\r\nFinal-Recipient: rfc822; a@b\0.evil\r\n\r\n"
                               "Final-Recipient: rfc822; c@d\r\nMessage-ID: <x@y>\r";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct report r = {0};
        report_feed(&r, text, cut);
        report_feed(&r, text + cut, sizeof text - 1 - cut);
        report_end(&r);
        expect_read(&r, "c@d - - -\n- - -\n<x@y>\n");
    }
}

static void test_long_lines(void **state)
{
    (void)state;
    struct bytes text = {0};
    assert_true(bytes_puts(&text, "Final-Recipient: rfc822; a@b\nX: "));
    while (text.len < 1 << 20)
        assert_true(bytes_puts(&text, "Action: failed "));
    assert_true(bytes_puts(&text, "\n folded, too: Status: 5.0.0\nStatus: 4.0.0\nY: "));
    while (text.len < 1 << 21)
        assert_true(bytes_puts(&text, "y\n "));
    /* the line after an over-long one is read, an empty line after one ends the group */
    assert_true(bytes_puts(&text, "\n\nAction: failed\n"));
    struct report r = read_at_once(text.data, text.len);
    expect_read(&r, "a@b - - 4.0.0\n- - -\n");
    bytes_free(&text);
}

static void test_limits(void **state)
{
    (void)state;
    struct bytes text = {0};
    for (int i = 0; i < 500; i++)
        assert_true(bytes_printf(&text,
                                 "Final-Recipient: rfc822; a%d@b\nAction: failed\n"
                                 "Message-ID: <%d@x>\n\n",
                                 i, i));
    struct report r = read_at_once(text.data, text.len);
    assert_int_equal(r.count, 100);
    assert_int_equal(r.returned_ids.count, 100);
    assert_string_equal(r.recipients[99].final, "a99@b");
    report_free(&r);
    bytes_free(&text);
}

static void test_events(void **state)
{
    (void)state;
    static const struct {
        const char *text, *event;
        bool is_mdn;
    } cases[] = {
        {dsn, "failed", false},
        {"Final-Recipient: a@b\nAction: delayed\n\nFinal-Recipient: c@d\nAction: delivered\n",
         "delayed", false},
        {"Final-Recipient: a@b\nAction: relayed\n\nFinal-Recipient: c@d\nAction: delivered\n",
         "reported-delivered", false},
        {"Final-Recipient: a@b\nAction: relayed\n", "dsn", false},
        {"", "dsn", false},
        {"", "mdn", true},
        {"Disposition: a/b; displayed\n", "reported-displayed", true},
        {"Disposition: a/b; deleted\n", "mdn", true},
        {"Disposition: a/b; displayed\n", "dsn", false},
        {"Final-Recipient: a@b\nAction: failed\n", "mdn", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report r = read_at_once(cases[i].text, strlen(cases[i].text));
        assert_string_equal(report_event(&r, cases[i].is_mdn), cases[i].event);
        report_free(&r);
    }
}

static const struct {
    const char *what, *body, *from;
    enum message_kind by_header, kind;
} kinds[] = {
    {"OpenSMTPD: multipart/mixed", "Final-Recipient: rfc822; a@b.example\nAction: failed\n",
     "mailer-daemon@b.example", KIND_REPLY, KIND_DSN},
    {"a recipient's fate, whoever sends it",
     "Final-Recipient: rfc822; a@b.example\nStatus: 4.3.0\n", "robot@b.example", KIND_AUTO_REPLY,
     KIND_DSN},
    {"a recipient without a fate", "Final-Recipient: rfc822; a@b.example\n", "robot@b.example",
     KIND_AUTO_REPLY, KIND_AUTO_REPLY},
    {"qmail: words alone", "Hi. This is the qmail-send program.\n", "mailer-daemon@b.example",
     KIND_REPLY, KIND_DSN},
    {"a receipt without its type",
     "Final-Recipient: rfc822; a@b.example\nDisposition: manual-action/x; displayed\n",
     "a@b.example", KIND_REPLY, KIND_MDN},
    {"a receipt that came back",
     "Final-Recipient: rfc822; a@b.example\nAction: failed\n\nDisposition: manual-action/x; "
     "displayed\nFinal-Recipient: rfc822; us@c.example\n",
     "mailer-daemon@b.example", KIND_REPLY, KIND_DSN},
    {"a vacation notice", "Je suis absent.\n", "a@b.example", KIND_AUTO_REPLY, KIND_AUTO_REPLY},
    {"nobody in particular", "", "", KIND_REPLY, KIND_REPLY},
    {"a receipt stays one", "Final-Recipient: rfc822; a@b.example\nAction: failed\n",
     "mailer-daemon@b.example", KIND_MDN, KIND_MDN},
};

static void test_kind_of_a_null_senders_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct report r = {0};
        struct strings from = {0};
        assert_true(!*kinds[i].from || strings_add(&from, kinds[i].from));
        report_feed(&r, kinds[i].body, strlen(kinds[i].body));
        report_end(&r);
        if (report_kind(&r, kinds[i].by_header, &from) != kinds[i].kind)
            fail_msg("%s", kinds[i].what);
        report_free(&r);
        strings_free(&from);
    }
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind_of_a_null_senders_message),
        cmocka_unit_test(test_dsn),
        cmocka_unit_test(test_mdn),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_eai_recipient),
        cmocka_unit_test(test_odd_values),
        cmocka_unit_test(test_nul_and_no_final_line_end),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
