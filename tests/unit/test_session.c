/*
 * test_session - outbound mail on its road from connect to verdict; limits, order, two listeners
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session_fixture.h"

/* --- outbound -------------------------------------------------------------------------------*/

static void test_reminder_is_stamped_after_its_copy(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    jeanne_writes(f);
    assert_int_equal(header(f, REMINDER_HEADER), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "Bonjour,\r\npayez.\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    assert_int_equal(fake_scribe.edits_at_append, 0); /* the copy first */
    assert_string_equal(fake_scribe.event, "prepared");
    assert_true(strings_contain(&fake_scribe.dossiers, "F-2026-001"));
    const char *token = fake_mta_edit(&f->mta, "add Temoin-Token: ");
    assert_non_null(token);
    uint64_t number = 0;
    assert_true(
        token_check(&f->ring, "creditor.example", token + strlen("add Temoin-Token: "), &number));
    assert_int_equal(number, fake_scribe.token);
    /* The copy is the message as it leaves: header after the edits, then the body as it came. */
    assert_non_null(strstr(fake_scribe.message.data, token + strlen("add ")));
    const char *body = strstr(fake_scribe.message.data, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body, "\r\n\r\nBonjour,\r\npayez.\r\n");
    assert_non_null(fake_mta_edit(&f->mta, "from jeanne@creditor.example"));
    fixture_end(f);
}

static void test_retry_gets_the_first_edits(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    char *first = strdup(fake_mta_edit(&f->mta, "add Temoin-Token: "));
    strings_free(&f->mta.edits);
    jeanne_writes(f); /* a new transaction, same bytes */
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 2);
    assert_string_equal(fake_mta_edit(&f->mta, "add Temoin-Token: "), first);
    strings_free(&f->mta.edits);
    jeanne_writes(f); /* another body is another message */
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "y\r\n"), VERDICT_ACCEPT);
    assert_string_not_equal(fake_mta_edit(&f->mta, "add Temoin-Token: "), first);
    free(first);
    fixture_end(f);
}

static void test_store_failure(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    fake_scribe.status = STORE_FULL;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    assert_int_equal(f->mta.edits.count, 0);
    assert_memory_equal(f->mta.reply.data, "451 4.3.0 ", 10);
    fixture_end(f);
    f = fixture_begin("both", ON_FAILURE_ACCEPT);
    fake_scribe.status = STORE_FULL;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(f->mta.edits.count, 0);
    fixture_end(f);
}

static void test_after_a_timeout_nobody_waits(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    fake_scribe.status = STORE_BUSY;
    fake_scribe.ping_answers = false;
    for (int i = 0; i < 5; i++) {
        jeanne_writes(f);
        header(f, REMINDER_HEADER);
        assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    }
    assert_int_equal(fake_scribe.appends + fake_scribe.reserves, 1); /* only the first waited */
    fake_scribe.status = STORE_OK;
    fake_scribe.ping_answers = true;
    usleep(1100 * 1000);
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_true(fake_scribe.pings >= 1);
    fixture_end(f);
}

/* What names nothing yet may still do so in an attachment; what is never archived goes on. */
static void test_store_that_cannot_be_read(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    fake_store.status = STORE_IO;
    jeanne_writes(f);
    assert_int_equal(header(f, REMINDER_HEADER), VERDICT_TEMPFAIL);
    jeanne_writes(f);
    assert_int_equal(header(f, REMINDER_HEADER "Sensitivity: personal\n"), VERDICT_ACCEPT);
    envelope(f, "jeanne", "<jeanne@creditor.example>", "<marc@creditor.example>");
    assert_int_equal(header(f, REMINDER_HEADER), VERDICT_ACCEPT);
    static const char plain[] = "From: jeanne@creditor.example\nSubject: bonjour\n";
    jeanne_writes(f);
    assert_int_equal(header(f, plain), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "rien\r\n"), VERDICT_ACCEPT);
    jeanne_writes(f);
    assert_int_equal(header(f, plain), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "--b\r\nContent-Type: x/y; name=F-2026-001.pdf\r\n\r\n"),
                     VERDICT_TEMPFAIL);
    assert_int_equal(fake_scribe.appends, 0);
    fixture_end(f);
}

static void test_mta_that_tells_no_end_of_header(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    jeanne_writes(f);
    session_header(f->s, "Subject", " F-2026-001");
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    session_header(f->s, "Subject", " x");
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    fixture_end(f);
}

static void test_mta_refuses_an_edit(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    f->mta.refuses_edits = true;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    fixture_end(f);
}

static void test_guard_refuses(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    jeanne_writes(f);
    session_envrcpt(f->s, "<stranger@elsewhere.example>");
    assert_int_equal(header(f, REMINDER_HEADER), VERDICT_REJECT);
    assert_memory_equal(f->mta.reply.data, "550 5.7.1 ", 10);
    assert_int_equal(fake_scribe.appends, 0);
    fixture_end(f);
}

static void test_message_id_is_added(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    jeanne_writes(f);
    header(f, "From: jeanne@creditor.example\nTo: claire@debtor.example\nSubject: F-2026-001\n");
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_non_null(fake_mta_edit(&f->mta, "add Message-ID:"));
    fixture_end(f);
}

static void test_attachment_names_the_invoice(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    static const char head[] = "From: jeanne@creditor.example\nTo: claire@debtor.example\n"
                               "Subject: votre facture\nMessage-ID: <m2@creditor.example>\n"
                               "Content-Type: multipart/mixed; boundary=b\n";
    jeanne_writes(f);
    assert_int_equal(header(f, head), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "--b\r\nContent-Disposition: attachment;\r\n"
                               " filename=\"F-2026-001.pdf\"\r\n\r\nx\r\n--b--\r\n"),
                     VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    jeanne_writes(f);
    assert_int_equal(header(f, head), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "--b\r\n\r\nnothing\r\n--b--\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    fixture_end(f);
}

static void test_message_that_is_the_attachment(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    jeanne_writes(f);
    assert_int_equal(header(f, "From: jeanne@creditor.example\nTo: claire@debtor.example\n"
                               "Subject: votre facture\nMessage-ID: <m3@creditor.example>\n"
                               "Content-Type: application/pdf; name=\"F-2026-001.pdf\"\n"),
                     VERDICT_CONTINUE);
    assert_int_equal(finish(f, "JVBERi0=\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    fixture_end(f);
}

static void test_large_body_goes_by_file(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    char piece[1000];
    memset(piece, 'z', sizeof piece);
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    for (int i = 0; i < 300; i++)
        session_body(f->s, piece, sizeof piece);
    assert_int_equal(session_eom(f->s, &f->mta.mta, "QID1"), VERDICT_ACCEPT);
    assert_true(fake_scribe.had_file);
    assert_int_equal(fake_scribe.message.len, fake_scribe.size);
    const char *body = strstr(fake_scribe.message.data, "\r\n\r\n") + 4;
    assert_int_equal(fake_scribe.message.len - (size_t)(body - fake_scribe.message.data), 300000);
    fixture_end(f);
}

static void test_over_size(void **state)
{
    (void)state;
    static const struct {
        const char *action;
        enum verdict verdict;
        unsigned appends;
    } cases[] = {{"accept", VERDICT_ACCEPT, 1},
                 {"tempfail", VERDICT_TEMPFAIL, 0},
                 {"reject", VERDICT_REJECT, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[120];
        char piece[1000] = "";
        snprintf(more, sizeof more, "max_message_size = 100k\non_oversize = %s\n", cases[i].action);
        struct fixture *f = fixture_begin("both", more);
        jeanne_writes(f);
        header(f, REMINDER_HEADER);
        for (int k = 0; k < 200; k++)
            session_body(f->s, piece, sizeof piece);
        assert_int_equal(session_eom(f->s, &f->mta.mta, "QID1"), cases[i].verdict);
        assert_int_equal(fake_scribe.appends, cases[i].appends);
        if (cases[i].appends > 0) {
            assert_true(fake_scribe.dropped);
            assert_true(fake_scribe.size > 200000);
        }
        fixture_end(f);
    }
}

/* --- two listeners --------------------------------------------------------------------------*/

static void test_stamp_then_archive(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("stamp", "");
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 0); /* nothing durable */
    assert_true(fake_scribe.has_told);
    struct bytes stamped = {0};
    assert_true(bytes_printf(&stamped, REMINDER_HEADER "%s\nDKIM-Signature: v=1\n",
                             fake_mta_edit(&f->mta, "add Temoin-Token: ") + strlen("add ")));
    current_swap(f->services->current, fixture_snapshot("archive", ""));
    session_free(f->s);
    strings_free(&f->mta.edits);
    f->s = session_new(f->services);
    jeanne_writes(f);
    assert_int_equal(header(f, stamped.data), VERDICT_CONTINUE);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    assert_int_equal(f->mta.edits.count, 0);
    assert_non_null(strstr(fake_scribe.message.data, "DKIM-Signature: v=1\r\n"));
    assert_memory_equal(fake_scribe.retry, fake_scribe.told.retry, HASH_OCTETS);
    /* Forgotten by scribe and not in the log: must not leave without its copy. */
    fake_scribe.forgets = true;
    jeanne_writes(f);
    header(f, stamped.data);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    /* Without a token the stamping listener let it pass. */
    jeanne_writes(f);
    assert_int_equal(header(f, REMINDER_HEADER), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    bytes_free(&stamped);
    fixture_end(f);
}

static void test_signed_message_is_archived_by_the_stamp_role(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("stamp", "");
    jeanne_writes(f);
    header(f, REMINDER_HEADER "DKIM-Signature: v=1; d=creditor.example\n");
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    assert_null(fake_mta_edit(&f->mta, "add"));
    fixture_end(f);
}

/* --- limits and order -----------------------------------------------------------------------*/

static void test_header_of_a_megabyte(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    size_t size = 1024 * 1024;
    char *big = malloc(size + 1);
    memset(big, 'h', size);
    big[0] = ' ';
    big[size] = '\0';
    jeanne_writes(f);
    session_header(f->s, "X-Big", big);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_memory_equal(fake_scribe.message.data, "X-Big:", 6);
    assert_memory_equal(fake_scribe.message.data + 6, big, size);
    free(big);
    fixture_end(f);
}

static void test_header_beyond_the_limit(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    for (int login = 0; login < 2; login++) {
        envelope(f, login ? "jeanne" : NULL, "<jeanne@creditor.example>",
                 "<claire@debtor.example>");
        for (int i = 0; i < HEADER_FIELDS_MAX + 10; i++)
            session_header(f->s, "X", "");
        assert_int_equal(atomic_load(&f->services->header_octets), 0); /* given up at once */
        assert_int_equal(header(f, REMINDER_HEADER), login ? VERDICT_TEMPFAIL : VERDICT_ACCEPT);
    }
    fixture_end(f);
}

static void test_abort_after_each_step(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    session_abort(f->s);
    assert_int_equal(session_eom(f->s, &f->mta.mta, NULL), VERDICT_ACCEPT);
    assert_int_equal(session_body(f->s, "x", 1), VERDICT_SKIP);
    assert_int_equal(session_eoh(f->s, &f->mta.mta, NULL), VERDICT_ACCEPT);
    for (int step = 0; step < 4; step++) {
        jeanne_writes(f);
        if (step > 0)
            session_header(f->s, "Subject", " F-2026-001");
        if (step > 1)
            header(f, REMINDER_HEADER);
        if (step > 2)
            session_body(f->s, "x\r\n", 3);
        session_abort(f->s);
    }
    assert_int_equal(fake_scribe.appends, 0);
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    fixture_end(f);
}

static void test_sessions_keep_their_snapshot(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("both", "");
    current_swap(f->services->current, fixture_snapshot("both", ON_FAILURE_ACCEPT));
    fake_scribe.status = STORE_FULL;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    session_free(f->s);
    f->s = session_new(f->services);
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    fixture_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reminder_is_stamped_after_its_copy),
        cmocka_unit_test(test_retry_gets_the_first_edits),
        cmocka_unit_test(test_store_failure),
        cmocka_unit_test(test_after_a_timeout_nobody_waits),
        cmocka_unit_test(test_store_that_cannot_be_read),
        cmocka_unit_test(test_mta_that_tells_no_end_of_header),
        cmocka_unit_test(test_mta_refuses_an_edit),
        cmocka_unit_test(test_guard_refuses),
        cmocka_unit_test(test_message_id_is_added),
        cmocka_unit_test(test_attachment_names_the_invoice),
        cmocka_unit_test(test_message_that_is_the_attachment),
        cmocka_unit_test(test_large_body_goes_by_file),
        cmocka_unit_test(test_over_size),
        cmocka_unit_test(test_stamp_then_archive),
        cmocka_unit_test(test_signed_message_is_archived_by_the_stamp_role),
        cmocka_unit_test(test_header_of_a_megabyte),
        cmocka_unit_test(test_header_beyond_the_limit),
        cmocka_unit_test(test_abort_after_each_step),
        cmocka_unit_test(test_sessions_keep_their_snapshot),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
