/*
 * test_session_inbound - mail from outside on its road: replies, reports, strangers
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_fixture.h"

static void test_reply_is_filed_and_marked(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    envelope(f, NULL, "<claire@debtor.example>", "<jeanne@creditor.example>");
    static const char head[] = "From: claire@debtor.example\nSubject: Re: Facture\n"
                               "Message-ID: <r1@debtor.example>\n"
                               "Temoin-Dossier: F-9; kind=reply; match=strong\n"
                               "In-Reply-To: <sent@creditor.example>\n";
    assert_int_equal(header(f, head), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "ok\r\n"), VERDICT_ACCEPT);
    assert_string_equal(fake_scribe.event, "reply");
    assert_string_equal(fake_scribe.direction, "inbound");
    assert_true(strings_contain(&fake_scribe.dossiers, "F-2026-001"));
    assert_true(fake_scribe.pauses);
    assert_null(fake_scribe.review);
    assert_int_equal(fake_scribe.edits_at_append, 0);
    assert_non_null(fake_mta_edit(&f->mta, "delete Temoin-Dossier/1"));
    assert_string_equal(fake_mta_edit(&f->mta, "add Temoin-Dossier"),
                        "add Temoin-Dossier: F-2026-001; kind=reply; match=strong");
    /* The copy is what was received. */
    assert_non_null(strstr(fake_scribe.message.data, "Temoin-Dossier: F-9"));
    fixture_end(f);
}

static void test_weak_match_goes_to_review(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    header(f, "From: who@elsewhere.example\nSubject: Re: Facture\n"
              "In-Reply-To: <sent@creditor.example>\n");
    assert_int_equal(finish(f, "ok\r\n"), VERDICT_ACCEPT);
    assert_string_equal(fake_scribe.review, "F-2026-001");
    assert_int_equal(fake_scribe.dossiers.count, 0);
    assert_false(fake_scribe.pauses);
    assert_string_equal(fake_mta_edit(&f->mta, "add Temoin-Dossier"),
                        "add Temoin-Dossier: F-2026-001; kind=reply; match=review");
    fixture_end(f);
}

/* A token in a bounce's body, cut at every octet by the chunks. */
static void test_report_with_its_token_cut(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    char token[TOKEN_CHARS + 1];
    sent_token(f, token);
    struct bytes body = {0};
    assert_true(bytes_printf(&body,
                             "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                             "Reporting-MTA: dns; mx\r\nOriginal-Envelope-Id: %s\r\n\r\n"
                             "Final-Recipient: rfc822; claire@debtor.example\r\n"
                             "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n",
                             token));
    for (size_t cut = 0; cut <= body.len; cut++) {
        fake_scribe_reset();
        envelope(f, NULL, "<>", "<jeanne@creditor.example>");
        assert_int_equal(header(f, "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n"
                                   "Content-Type: multipart/report; report-type=delivery-status;"
                                   " boundary=b\n"),
                         VERDICT_CONTINUE);
        session_body(f->s, body.data, cut);
        session_body(f->s, body.data + cut, body.len - cut);
        assert_int_equal(session_eom(f->s, &f->mta.mta, "QID1"), VERDICT_ACCEPT);
        assert_int_equal(fake_scribe.appends, 1);
        assert_string_equal(fake_scribe.event, "failed");
        assert_true(strings_contain(&fake_scribe.dossiers, "F-2026-001"));
    }
    bytes_free(&body);
    fixture_end(f);
}

static void test_unrelated_mail_asks_nobody(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    assert_int_equal(header(f, "From: who@elsewhere.example\nSubject: hello\n"), VERDICT_ACCEPT);
    envelope(f, "paul", "<paul@creditor.example>", "<who@elsewhere.example>");
    assert_int_equal(session_header(f->s, "From", " paul@creditor.example"), VERDICT_ACCEPT);
    assert_int_equal(fake_store.lookups, 0);
    /* Nor does it wait for a store that cannot be read. */
    fake_store.status = STORE_IO;
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    assert_int_equal(header(f, "From: who@elsewhere.example\nReferences: <x@y.example>\n"),
                     VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 0);
    fixture_end(f);
}

static void test_token_when_the_store_cannot_be_read(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    char token[TOKEN_CHARS + 1], head[200];
    sent_token(f, token);
    fake_store.status = STORE_IO;
    snprintf(head, sizeof head,
             "From: claire@debtor.example\nReferences: <%s@temoin.creditor.example>\n", token);
    envelope(f, NULL, "<claire@debtor.example>", "<jeanne@creditor.example>");
    assert_int_equal(header(f, head), VERDICT_TEMPFAIL);
    fixture_end(f);
}

/* "May be ours" without a token: a thread that our own host began, an invoice number in a mail to
   an accountant. What is excluded by itself goes on. */
static void test_thread_when_the_store_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *to, *head;
        enum verdict verdict;
    } cases[] = {
        {"<jeanne@creditor.example>", "In-Reply-To: <sent@creditor.example>\n", VERDICT_TEMPFAIL},
        {"<jeanne@creditor.example>", "References: <1@pc.CREDITOR.example>\n", VERDICT_TEMPFAIL},
        {"<jeanne@creditor.example>", "In-Reply-To: <x@notcreditor.example>\n", VERDICT_ACCEPT},
        {"<Jeanne@creditor.example>", "Subject: F-2026-001\n", VERDICT_TEMPFAIL},
        {"<marc@creditor.example>", "Subject: F-2026-001\n", VERDICT_ACCEPT},
        {"<jeanne@creditor.example>", "Subject: personnel\nIn-Reply-To: <sent@creditor.example>\n",
         VERDICT_ACCEPT},
    };
    struct fixture *f = fixture_begin("both", "");
    fake_store.status = STORE_IO;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[300];
        snprintf(head, sizeof head, "From: claire@debtor.example\n%s", cases[i].head);
        envelope(f, NULL, "<claire@debtor.example>", cases[i].to);
        if (header(f, head) != cases[i].verdict)
            fail_msg("case %zu", i);
    }
    fixture_end(f);
}

/* A header beyond the limits is given up; what was seen of it may have been ours. */
static void test_reply_with_an_endless_header(void **state)
{
    (void)state;
    char token[TOKEN_CHARS + 1], tagged[100];
    struct fixture *f = fixture_begin("both", "");
    sent_token(f, token);
    snprintf(tagged, sizeof tagged, "<jeanne+g%s@creditor.example>", token);
    const struct {
        const char *to, *field, *value;
        enum verdict verdict;
    } cases[] = {
        {tagged, "Subject", " x", VERDICT_TEMPFAIL},
        {"<jeanne@creditor.example>", "In-Reply-To", " <sent@creditor.example>", VERDICT_TEMPFAIL},
        {"<jeanne@creditor.example>", "In-Reply-To", " <x@elsewhere.example>", VERDICT_ACCEPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        envelope(f, NULL, "<claire@debtor.example>", cases[i].to);
        session_header(f->s, "From", " claire@debtor.example");
        session_header(f->s, cases[i].field, cases[i].value);
        for (int k = 0; k < HEADER_FIELDS_MAX; k++)
            session_header(f->s, "X", "");
        if (session_eoh(f->s, &f->mta.mta, "QID1") != cases[i].verdict)
            fail_msg("case %zu", i);
    }
    fixture_end(f);
}

/* Nor does such a header carry a forged mark past us. */
static void test_foreign_mark_in_an_endless_header(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    session_header(f->s, "Temoin-Dossier", " a");
    for (int k = 0; k < HEADER_FIELDS_MAX; k++)
        session_header(f->s, "X", "");
    session_header(f->s, "Temoin-Dossier", " b");
    assert_int_equal(session_eoh(f->s, &f->mta.mta, "QID1"), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "x"), VERDICT_ACCEPT);
    assert_int_equal(f->mta.edits.count, 2);
    assert_string_equal(f->mta.edits.items[0], "delete Temoin-Dossier/2");
    strings_free(&f->mta.edits);
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    for (int k = 0; k < 1001; k++)
        session_header(f->s, "Temoin-Dossier", " a");
    assert_int_equal(session_eoh(f->s, &f->mta.mta, "QID1"), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "x"), VERDICT_REJECT);
    fixture_end(f);
}

static void test_foreign_mark_is_removed(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    assert_int_equal(header(f, "From: jeanne@creditor.example\nTemoin-Dossier: a\n"
                               "Subject: x\ntemoin-dossier: b\n"),
                     VERDICT_CONTINUE);
    assert_int_equal(session_body(f->s, "x", 1), VERDICT_SKIP);
    assert_int_equal(finish(f, ""), VERDICT_ACCEPT);
    assert_int_equal(f->mta.edits.count, 2);
    assert_string_equal(f->mta.edits.items[0], "delete Temoin-Dossier/2");
    assert_string_equal(f->mta.edits.items[1], "delete Temoin-Dossier/1");
    assert_int_equal(fake_scribe.appends, 0);
    fixture_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_is_filed_and_marked),
        cmocka_unit_test(test_weak_match_goes_to_review),
        cmocka_unit_test(test_report_with_its_token_cut),
        cmocka_unit_test(test_unrelated_mail_asks_nobody),
        cmocka_unit_test(test_token_when_the_store_cannot_be_read),
        cmocka_unit_test(test_thread_when_the_store_cannot_be_read),
        cmocka_unit_test(test_reply_with_an_endless_header),
        cmocka_unit_test(test_foreign_mark_in_an_endless_header),
        cmocka_unit_test(test_foreign_mark_is_removed),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
