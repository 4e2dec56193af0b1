/*
 * test_reading - what a header says (reading_take of policy/message.h; msgid.h, subject.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/message.h"
#include "policy/msgid.h"
#include "policy/subject.h"
#include "policy/text.h"

static struct reading read_header(const char *header)
{
    struct fields f = {0};
    struct reading r = {0};
    size_t body;
    assert_true(fields_parse(header, strlen(header), &f, &body));
    assert_true(reading_take(&f, &r));
    fields_free(&f);
    return r;
}

static void test_a_reply(void **state)
{
    (void)state;
    struct reading r = read_header(
        "From: =?utf-8?Q?J=C3=A9r=C3=B4me?= <Jerome@Debtor.Example>\n"
        "To: Jeanne <jeanne+gx@creditor.example>\nCC: a@b.example, c@d.example\n"
        "Subject: =?utf-8?Q?R=C3=89P_:?= =?utf-8?Q?_Facture?=\n F-2026-001\n"
        "Message-ID:\n <one@debtor.example>\nIn-Reply-To: <two@creditor.example>\n"
        "References: <zero@x>\n\t<two@creditor.example>\nReply-To: Other@Debtor.example\n"
        "DKIM-Signature: v=1\nDisposition-Notification-To: x@y\n"
        "Temoin-Token:  abc \nTemoin-Invoice: F-1\nContent-Type: text/plain;\n\tcharset=utf-8\n\n");
    assert_int_equal(r.from.count, 1);
    assert_string_equal(r.from.items[0], "jerome@debtor.example");
    assert_int_equal(r.to.count, 3);
    assert_string_equal(r.to.items[2], "c@d.example");
    assert_string_equal(r.subject, "RÉP : Facture F-2026-001");
    assert_string_equal(r.base_subject, "facture f-2026-001");
    assert_string_equal(r.message_id, "<one@debtor.example>");
    assert_int_equal(r.in_reply_to.count, 1);
    assert_int_equal(r.references.count, 2);
    assert_string_equal(r.references.items[1], "<two@creditor.example>");
    assert_string_equal(r.reply_to, "other@debtor.example");
    assert_string_equal(r.token_header, "abc");
    assert_string_equal(r.invoice_header, "F-1");
    assert_string_equal(r.content_type, "text/plain; charset=utf-8");
    assert_int_equal(r.kind, KIND_REPLY);
    assert_true(r.has_dkim && r.has_reply_to && r.has_notification_to);
    assert_false(r.personal);
    reading_free(&r);
}

static void test_an_empty_header(void **state)
{
    (void)state;
    struct reading r = read_header("");
    assert_string_equal(r.subject, "");
    assert_string_equal(r.base_subject, "");
    assert_null(r.message_id);
    assert_null(r.content_type);
    assert_null(r.reply_to);
    assert_int_equal(r.from.count, 0);
    assert_int_equal(r.kind, KIND_REPLY);
    assert_false(r.has_dkim || r.has_reply_to || r.has_notification_to || r.personal);
    reading_free(&r);
}

static void test_repeated_fields(void **state)
{
    (void)state;
    struct reading r = read_header("Subject: one\nSubject: two\nFrom: a@b\nFrom: c@d\n"
                                   "Message-ID: <1@x>\nMessage-ID: <2@x>\nReply-To: a@b\n"
                                   "Reply-To: c@d\nReferences: <1@x>\nReferences: <2@x> <1@x>\n\n");
    assert_string_equal(r.subject, "one");
    assert_string_equal(r.message_id, "<1@x>");
    assert_int_equal(r.from.count, 2); /* all of them must be hers */
    assert_int_equal(r.references.count, 2);
    assert_true(r.has_reply_to);
    assert_null(r.reply_to);
    reading_free(&r);
    r = read_header("Sender: a@b\n\n");
    assert_int_equal(r.from.count, 0);
    reading_free(&r);
}

static void expect_ids(const char *value, const char *joined)
{
    struct strings ids = {0};
    struct bytes text = {0};
    assert_true(msgids_parse(value, &ids));
    for (size_t i = 0; i < ids.count; i++)
        assert_true(bytes_printf(&text, "%s%s", i ? " " : "", ids.items[i]));
    assert_string_equal(text.data ? text.data : "", joined);
    bytes_free(&text);
    strings_free(&ids);
}

static void test_message_ids(void **state)
{
    (void)state;
    expect_ids(" <a@b>", "<a@b>");
    expect_ids("<a@b><c@d>\n <a@b>", "<a@b> <c@d>");
    expect_ids("Your message of \"Mon <x@y>\" <a@b>", "<a@b>");
    expect_ids("(see (also <x@y>) \\) <z@y>) <a@b> (<q@r>)", "<a@b>");
    expect_ids("Jeanne's message :-( of today <a@b>", "<a@b>");
    expect_ids("not closed \" <a@b>", "<a@b>");
    expect_ids("<very-long-\n part@b>", "<very-long-part@b>");
    expect_ids("<\"quoted > part\"@b> <c@d>", "<\"quoted > part\"@b> <c@d>");
    expect_ids("<\"back \\\" slash\"@[1.2.3.4]>", "<\"back \\\" slash\"@[1.2.3.4]>");
    expect_ids("<a <b@c>", "<b@c>");
    expect_ids("<20260101.1234>", "<20260101.1234>");
    expect_ids("  a@b\n", "<a@b>");
    expect_ids("message from jeanne@b of today", "");
    expect_ids("a@b,c@d", "");
    expect_ids("<> < > <a@b", "");
    expect_ids("<a\x01@b>", "");
    expect_ids("<\xff@b>", "<\xff@b>");
    expect_ids("", "");
}

static void test_message_id_limits(void **state)
{
    (void)state;
    struct strings ids = {0};
    struct bytes value = {0};
    for (int i = 0; i < 300; i++)
        assert_true(bytes_printf(&value, "<%d@x>\n ", i));
    assert_true(msgids_parse(value.data, &ids));
    assert_int_equal(ids.count, IDS_MAX);
    assert_string_equal(ids.items[0], "<0@x>"); /* the root and the parent are at the ends */
    assert_string_equal(ids.items[IDS_MAX - 1], "<299@x>");
    strings_free(&ids);
    while (value.len < 2 * FIELD_MAX)
        assert_true(bytes_printf(&value, "<%zu.%080d@x>\n ", value.len, 0));
    assert_true(bytes_puts(&value, "<parent@x>"));
    assert_true(msgids_parse(value.data, &ids));
    assert_int_equal(ids.count, IDS_MAX);
    assert_string_equal(ids.items[0], "<0@x>");
    assert_string_equal(ids.items[IDS_MAX - 1], "<parent@x>");
    strings_free(&ids);
    bytes_free(&value);

    char id[MSGID_MAX + 2];
    memset(id, 'a', sizeof id);
    id[0] = '<';
    id[5] = '@';
    id[MSGID_MAX - 1] = '>';
    id[MSGID_MAX] = '\0';
    expect_ids(id, id);
    id[MSGID_MAX - 1] = 'a';
    id[MSGID_MAX] = '>';
    id[MSGID_MAX + 1] = '\0';
    expect_ids(id, "");
}

static void expect_base(const char *subject, const char *expected)
{
    char *folded = text_fold(subject);
    char *base = subject_base(folded);
    assert_string_equal(base, expected);
    free(base);
    free(folded);
}

static void test_base_subjects(void **state)
{
    (void)state;
    static const char *const same[] = {
        "Facture  F-1",
        "Re: facture F-1",
        "RE : Re: Facture F-1",
        "Re[2]: Facture F-1",
        "RE (3) : Facture F-1",
        "Fwd: TR: Facture F-1",
        "RÉP\xc2\xa0: Facture F-1",
        "R\x45\xcc\x81P: Facture F-1",
        "AW: WG: Facture F-1",
        "[EXTERNE] Facture F-1",
        "[EXT] Re: [EXTERNE] Facture F-1",
        "Facture F-1 (fwd)",
        "[Fwd: Facture F-1]",
        "re:facture\tf-1",
        "Réponse automatique : Facture F-1",
        "Lu : Facture F-1",
        "Re\xef\xbc\x9a Facture F-1",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        expect_base(same[i], "facture f-1");
    expect_base("[F-1]", "[f-1]");
    expect_base("Re: [F-1]", "[f-1]");
    expect_base("Re:", "");
    expect_base("Relance: facture", "relance: facture");
    expect_base("Rien: x", "rien: x");
    expect_base("[a[b] c", "[a[b] c");
    expect_base("[open", "[open");
    expect_base("", "");
}

static void test_personal(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "Personnel",
        "PERSONNEL : déjeuner",
        "privé - F-1",
        "Prive: F-1",
        "Re: Personnelle",
        "Privée, merci",
        "[Personnel] F-1",
        "F-1 (privé)",
        "F-1 - personnel",
        "F-1 — Privé",
        "strictement personnel F-1",
        "[EXTERNE] Personnel : x",
        "[personnel et confidentiel] F-1",
        "Prive\xcc\x81 F-1",
        "Confidentiel et personnel : F-1",
    };
    static const char *const no[] = {
        "Facture F-1",
        "frais de personnel",
        "Facture frais de personnel F-1",
        "personnalité",
        "Facture (personnel intérimaire)",
        "non-privé",
        "Secteur privé - facture F-1",
        "Facture - frais de personnel",
        "",
        "[confidentiel] F-1",
        "privément",
        "F-1 (et)",
    };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        char *folded = text_fold(yes[i]);
        if (!subject_is_personal(folded))
            fail_msg("not seen as personal: %s", yes[i]);
        free(folded);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        char *folded = text_fold(no[i]);
        if (subject_is_personal(folded))
            fail_msg("seen as personal: %s", no[i]);
        free(folded);
    }
}

static void test_sensitivity(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool personal;
    } cases[] = {
        {"Sensitivity: Personal\n\n", true},
        {"Sensitivity: private\n\n", true},
        {"Sensitivity: Company-Confidential\n\n", false},
        {"Sensitivity: normal\n\n", false},
        {"Subject: =?utf-8?Q?[Priv=C3=A9]?= F-1\n\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r = read_header(cases[i].header);
        assert_int_equal(r.personal, cases[i].personal);
        reading_free(&r);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum message_kind kind;
    } cases[] = {
        {"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n", KIND_DSN},
        {"Content-Type: Multipart/Report;\n boundary=\"a;b\";\n report-type=\"DELIVERY-status\"\n"
         "Auto-Submitted: auto-replied\n",
         KIND_DSN},
        {"Auto-Submitted: auto-replied\n"
         "Content-Type: multipart/report; report-type=disposition-notification\n",
         KIND_MDN},
        {"Content-Type: multipart/report; report-type=feedback-report\n", KIND_AUTO_REPLY},
        {"Content-Type: multipart/mixed; report-type=delivery-status\n", KIND_REPLY},
        {"Auto-Submitted: auto-replied (vacation)\n", KIND_AUTO_REPLY},
        {"Auto-Submitted: auto-generated; owner=x\n", KIND_AUTO_REPLY},
        {"Auto-Submitted: No\n", KIND_REPLY},
        {"Auto-Submitted: no; x=y\n", KIND_REPLY},
        {"Precedence: auto_reply\n", KIND_AUTO_REPLY},
        {"Precedence: bulk\n", KIND_REPLY},
        {"Precedence: list\nX-Auto-Response-Suppress: All\n", KIND_REPLY},
        {"X-Auto-Response-Suppress: All\n", KIND_REPLY},
        {"X-Auto-Response-Suppress: All\nPrecedence: bulk\n", KIND_AUTO_REPLY},
        {"X-Autoreply: yes\n", KIND_AUTO_REPLY},
        {"X-Autoreply: no\n", KIND_REPLY},
        {"Precedence: junk\nX-Autorespond: x\n", KIND_AUTO_REPLY},
        {"Subject: Absence du bureau : Facture\n", KIND_AUTO_REPLY},
        {"Subject: =?iso-8859-1?Q?R=E9ponse_automatique?= : F-1\n", KIND_AUTO_REPLY},
        {"Subject: Automatic reply: F-1\n", KIND_AUTO_REPLY},
        {"Subject: Out of Office\n", KIND_AUTO_REPLY},
        {"Subject: Re: Automatic reply: F-1\n", KIND_REPLY},
        {"Subject: Votre absence du bureau\n", KIND_REPLY},
        {"Subject: autoreplying machines\n", KIND_REPLY},
        {"X-Autoresponder: no\nX-Auto-Reply: false\n", KIND_REPLY},
        {"Precedence: junk\nX-Loop: a@b\n", KIND_AUTO_REPLY},
        {"X-Mailer: vacation 1.2.7\n", KIND_AUTO_REPLY},
        {"Subject: [EXTERNE] R\xc3\xa9ponse automatique : F-1\n", KIND_AUTO_REPLY},
        {"Subject: TR: Absence du bureau\n", KIND_REPLY},
        {"X-Failed-Recipients: a@b.example\nAuto-Submitted: auto-replied\n", KIND_DSN},
        {"X-Failed-Recipients: \n", KIND_REPLY},
        {"Content-Class: urn:content-classes:mdn\n", KIND_MDN},
        {"Content-Class: urn:content-classes:message\n", KIND_REPLY},
        {"Content-Type: message/disposition-notification\n", KIND_MDN},
        {"Subject: Lu : F-1\nAuto-Submitted: auto-replied\n", KIND_MDN},
        {"Subject: Not read: F-1\nReturn-Path: <>\n", KIND_MDN},
        {"Subject: Lu : F-1\nContent-Type: application/ms-tnef; name=winmail.dat\n", KIND_MDN},
        {"Subject: Lu : F-1\n", KIND_REPLY},
        {"Subject: Re: Lu : F-1\nAuto-Submitted: auto-replied\n", KIND_AUTO_REPLY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r = read_header(cases[i].header);
        if (r.kind != cases[i].kind)
            fail_msg("%s is read as %s", cases[i].header, message_kind_name(r.kind));
        reading_free(&r);
    }
    assert_string_equal(message_kind_name(KIND_REPLY), "reply");
    assert_string_equal(message_kind_name(KIND_DSN), "dsn");
    assert_string_equal(message_kind_name(KIND_MDN), "mdn");
    assert_string_equal(message_kind_name(KIND_AUTO_REPLY), "auto-reply");
}

static void test_invalid_utf8_everywhere(void **state)
{
    (void)state;
    struct reading r = read_header(
        "From: \xff\xfe <a\xff@b>\nTo: \xc3\x28@x\nSubject: F\xe9v =?utf-8?Q?=ff=c3?= "
        "\xed\xa0\x80\n"
        "Message-ID: <\xff@x>\nIn-Reply-To: \xff\nReferences: \xff <a@b>\nReply-To: \xff\n"
        "Content-Type: multipart/report; report-type=\xff\nTemoin-Token: \xff\n"
        "Temoin-Invoice: \xff\nSensitivity: \xff\nPrecedence: \xff\nAuto-Submitted: no\n\n");
    assert_true(g_utf8_validate(r.subject, -1, NULL));
    assert_true(g_utf8_validate(r.base_subject, -1, NULL));
    assert_true(g_utf8_validate(r.token_header, -1, NULL));
    assert_true(g_utf8_validate(r.invoice_header, -1, NULL));
    assert_true(g_utf8_validate(r.content_type, -1, NULL));
    assert_non_null(strstr(r.subject, "F\xef\xbf\xbdv"));
    assert_string_equal(r.references.items[0], "<a@b>");
    reading_free(&r);
}

static void test_large_values(void **state)
{
    (void)state;
    static const char *const names[] = {
        "From",         "To",           "Subject",        "Message-ID",
        "Cc",           "In-Reply-To",  "References",     "Reply-To",
        "Content-Type", "Temoin-Token", "Temoin-Invoice", "Auto-Submitted",
        "Sensitivity"};
    static const char *const units[] = {
        "(", "<",   "\"", "a@b ", "<a@b>", "=?utf-8?Q?", "=?", "\xff", "\xcc\x81\xcc\xa0",
        "[", "re:", ";",  "a:",   " - ",   "\n "};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        struct bytes value = {0};
        while (value.len < 1 << 20)
            assert_true(bytes_puts(&value, units[u]));
        struct fields f = {0};
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            assert_true(fields_add(&f, names[n], value.data));
        struct reading r = {0};
        assert_true(reading_take(&f, &r));
        assert_true(r.in_reply_to.count <= IDS_MAX);
        assert_true(strlen(r.subject) <= 4 * FIELD_MAX);
        assert_true(g_utf8_validate(r.subject, -1, NULL));
        reading_free(&r);
        fields_free(&f);
        bytes_free(&value);
    }
}

static void test_many_fields(void **state)
{
    (void)state;
    struct fields f = {0};
    for (int i = 0; i < 200000; i++)
        assert_true(fields_add(&f, i % 2 ? "References" : "X-Nothing", " <a@b>"));
    struct reading r = {0};
    assert_true(reading_take(&f, &r));
    assert_int_equal(r.references.count, 1);
    reading_free(&r);
    fields_free(&f);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply),
        cmocka_unit_test(test_an_empty_header),
        cmocka_unit_test(test_repeated_fields),
        cmocka_unit_test(test_message_ids),
        cmocka_unit_test(test_message_id_limits),
        cmocka_unit_test(test_base_subjects),
        cmocka_unit_test(test_personal),
        cmocka_unit_test(test_sensitivity),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_invalid_utf8_everywhere),
        cmocka_unit_test(test_large_values),
        cmocka_unit_test(test_many_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
