/*
 * test_session - a message's road from connect to verdict, with a fake MTA, scribe and store
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/token.h"
#include "session_fakes.h"

static char directory[] = "/tmp/test_session.XXXXXX";
static char keys[] = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f active\n";

/* Given as further configuration: that of a store which lets messages go. */
#define ON_FAILURE_ACCEPT "# accept\n"

struct fixture {
    struct services *services;
    struct session *s;
    struct fake_mta mta;
    struct keyring ring;
};

static struct snapshot *snapshot(const char *role, const char *more)
{
    struct bytes text = {0};
    struct strings errors = {0};
    struct settings *settings = NULL;
    assert_true(bytes_printf(&text,
                             "company \"ACME\" { domain = \"creditor.example\" }\n"
                             "accountant \"Jeanne\" { login = { \"jeanne\" }\n"
                             " address = { \"jeanne@creditor.example\" } }\n"
                             "listener \"mail\" { socket = \"unix:/x/mail\" role = %s }\n"
                             "listener \"other\" { socket = \"unix:/x/other\" role = archive }\n"
                             "listener \"more\" { socket = \"unix:/x/more\" role = stamp }\n"
                             "store { directory = \"%s\" on_store_failure = %s }\n%s",
                             role, directory,
                             strcmp(more, ON_FAILURE_ACCEPT) == 0 ? "accept" : "tempfail", more));
    if (!settings_parse(text.data, "t.conf", &settings, &errors))
        fail_msg("%s", errors.count > 0 ? errors.items[0] : "?");
    bytes_free(&text);
    struct keyring *ring = calloc(1, sizeof *ring);
    char *error = NULL;
    assert_true(keyring_parse(keys, "keys", ring, &error));
    bool found = false;
    struct snapshot *made = snapshot_new(settings, ring, "mail", &found);
    assert_true(found);
    return made;
}

static struct fixture *begin(const char *role, const char *more)
{
    struct fixture *f = calloc(1, sizeof *f);
    char *error = NULL;
    fake_scribe_reset();
    f->services = services_new(snapshot(role, more));
    assert_non_null(f->services);
    fake_mta_begin(&f->mta);
    assert_true(keyring_parse(keys, "keys", &f->ring, &error));
    f->s = session_new(f->services);
    session_connect(f->s, "client.example", "192.0.2.1");
    session_helo(f->s, "client", NULL);
    return f;
}

static void end(struct fixture *f)
{
    session_free(f->s);
    assert_int_equal(atomic_load(&f->services->header_octets), 0);
    services_free(f->services);
    fake_mta_end(&f->mta);
    free(f);
}

static void envelope(struct fixture *f, const char *login, const char *from, const char *to)
{
    struct opening opening = {.sender = from, .login = login, .smtp = true};
    session_envfrom(f->s, &opening);
    session_envrcpt(f->s, to);
}

/* "Name: value" lines, split by LF; then the end of the header. */
static enum verdict header(struct fixture *f, const char *lines)
{
    while (*lines != '\0') {
        size_t name = strcspn(lines, ":"), len = strcspn(lines, "\n");
        char *n = strndup(lines, name), *v = strndup(lines + name + 1, len - name - 1);
        session_header(f->s, n, v);
        free(n);
        free(v);
        lines += len + 1;
    }
    return session_eoh(f->s, &f->mta.mta, "QID1");
}

static enum verdict finish(struct fixture *f, const char *body)
{
    if (*body != '\0')
        session_body(f->s, body, strlen(body));
    return session_eom(f->s, &f->mta.mta, "QID1");
}

#define REMINDER_HEADER                                                   \
    "From: Jeanne <jeanne@creditor.example>\nTo: claire@debtor.example\n" \
    "Subject: Facture F-2026-001\nMessage-ID: <m1@creditor.example>\n"

static void jeanne_writes(struct fixture *f)
{
    envelope(f, "jeanne", "<jeanne@creditor.example>", "<claire@debtor.example>");
}

/* --- outbound -------------------------------------------------------------------------------*/

static void test_reminder_is_stamped_after_its_copy(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_retry_gets_the_first_edits(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_store_failure(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    fake_scribe.status = STORE_FULL;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    assert_int_equal(f->mta.edits.count, 0);
    assert_memory_equal(f->mta.reply.data, "451 4.3.0 ", 10);
    end(f);
    f = begin("both", ON_FAILURE_ACCEPT);
    fake_scribe.status = STORE_FULL;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(f->mta.edits.count, 0);
    end(f);
}

static void test_after_a_timeout_nobody_waits(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_mta_refuses_an_edit(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    f->mta.refuses_edits = true;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    end(f);
}

static void test_guard_refuses(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    jeanne_writes(f);
    session_envrcpt(f->s, "<stranger@elsewhere.example>");
    assert_int_equal(header(f, REMINDER_HEADER), VERDICT_REJECT);
    assert_memory_equal(f->mta.reply.data, "550 5.7.1 ", 10);
    assert_int_equal(fake_scribe.appends, 0);
    end(f);
}

static void test_message_id_is_added(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    jeanne_writes(f);
    header(f, "From: jeanne@creditor.example\nTo: claire@debtor.example\nSubject: F-2026-001\n");
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_non_null(fake_mta_edit(&f->mta, "add Message-ID:"));
    end(f);
}

static void test_attachment_names_the_invoice(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_large_body_goes_by_file(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
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
        struct fixture *f = begin("both", more);
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
        end(f);
    }
}

/* --- two listeners --------------------------------------------------------------------------*/

static void test_stamp_then_archive(void **state)
{
    (void)state;
    struct fixture *f = begin("stamp", "");
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 0); /* nothing durable */
    assert_true(fake_scribe.has_told);
    struct bytes stamped = {0};
    assert_true(bytes_printf(&stamped, REMINDER_HEADER "%s\nDKIM-Signature: v=1\n",
                             fake_mta_edit(&f->mta, "add Temoin-Token: ") + strlen("add ")));
    current_swap(f->services->current, snapshot("archive", ""));
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
    end(f);
}

static void test_signed_message_is_archived_by_the_stamp_role(void **state)
{
    (void)state;
    struct fixture *f = begin("stamp", "");
    jeanne_writes(f);
    header(f, REMINDER_HEADER "DKIM-Signature: v=1; d=creditor.example\n");
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    assert_int_equal(fake_scribe.appends, 1);
    assert_null(fake_mta_edit(&f->mta, "add"));
    end(f);
}

/* --- inbound --------------------------------------------------------------------------------*/

static void sent_token(const struct fixture *f, char text[TOKEN_CHARS + 1])
{
    assert_true(token_make(&f->ring, "creditor.example", SENT_NUMBER, text));
}

static void test_reply_is_filed_and_marked(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_weak_match_goes_to_review(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    envelope(f, NULL, "<who@elsewhere.example>", "<jeanne@creditor.example>");
    header(f, "From: who@elsewhere.example\nSubject: Re: Facture\n"
              "In-Reply-To: <sent@creditor.example>\n");
    assert_int_equal(finish(f, "ok\r\n"), VERDICT_ACCEPT);
    assert_string_equal(fake_scribe.review, "F-2026-001");
    assert_int_equal(fake_scribe.dossiers.count, 0);
    assert_false(fake_scribe.pauses);
    assert_string_equal(fake_mta_edit(&f->mta, "add Temoin-Dossier"),
                        "add Temoin-Dossier: F-2026-001; kind=reply; match=review");
    end(f);
}

/* A token in a bounce's body, cut at every octet by the chunks. */
static void test_report_with_its_token_cut(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_unrelated_mail_asks_nobody(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_token_when_the_store_cannot_be_read(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    char token[TOKEN_CHARS + 1], head[200];
    sent_token(f, token);
    fake_store.status = STORE_IO;
    snprintf(head, sizeof head,
             "From: claire@debtor.example\nReferences: <%s@temoin.creditor.example>\n", token);
    envelope(f, NULL, "<claire@debtor.example>", "<jeanne@creditor.example>");
    assert_int_equal(header(f, head), VERDICT_TEMPFAIL);
    end(f);
}

static void test_foreign_mark_is_removed(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

/* --- limits and order -----------------------------------------------------------------------*/

static void test_header_of_a_megabyte(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_header_beyond_the_limit(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    for (int login = 0; login < 2; login++) {
        envelope(f, login ? "jeanne" : NULL, "<jeanne@creditor.example>",
                 "<claire@debtor.example>");
        for (int i = 0; i < HEADER_FIELDS_MAX + 10; i++)
            session_header(f->s, "X", "");
        assert_int_equal(atomic_load(&f->services->header_octets), 0); /* given up at once */
        assert_int_equal(header(f, REMINDER_HEADER), login ? VERDICT_TEMPFAIL : VERDICT_ACCEPT);
    }
    end(f);
}

static void test_abort_after_each_step(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
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
    end(f);
}

static void test_sessions_keep_their_snapshot(void **state)
{
    (void)state;
    struct fixture *f = begin("both", "");
    current_swap(f->services->current, snapshot("both", ON_FAILURE_ACCEPT));
    fake_scribe.status = STORE_FULL;
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_TEMPFAIL);
    session_free(f->s);
    f->s = session_new(f->services);
    jeanne_writes(f);
    header(f, REMINDER_HEADER);
    assert_int_equal(finish(f, "x\r\n"), VERDICT_ACCEPT);
    end(f);
}

static int set_up(void **state)
{
    (void)state;
    char spool[64];
    g_mime_init();
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(spool, sizeof spool, "%s/spool", directory);
    return mkdir(spool, 0700);
}

static int tear_down(void **state)
{
    (void)state;
    char spool[64];
    fake_scribe_reset();
    snprintf(spool, sizeof spool, "%s/spool", directory);
    return rmdir(spool) != 0 || rmdir(directory) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reminder_is_stamped_after_its_copy),
        cmocka_unit_test(test_retry_gets_the_first_edits),
        cmocka_unit_test(test_store_failure),
        cmocka_unit_test(test_after_a_timeout_nobody_waits),
        cmocka_unit_test(test_mta_refuses_an_edit),
        cmocka_unit_test(test_guard_refuses),
        cmocka_unit_test(test_message_id_is_added),
        cmocka_unit_test(test_attachment_names_the_invoice),
        cmocka_unit_test(test_large_body_goes_by_file),
        cmocka_unit_test(test_over_size),
        cmocka_unit_test(test_stamp_then_archive),
        cmocka_unit_test(test_signed_message_is_archived_by_the_stamp_role),
        cmocka_unit_test(test_reply_is_filed_and_marked),
        cmocka_unit_test(test_weak_match_goes_to_review),
        cmocka_unit_test(test_report_with_its_token_cut),
        cmocka_unit_test(test_unrelated_mail_asks_nobody),
        cmocka_unit_test(test_token_when_the_store_cannot_be_read),
        cmocka_unit_test(test_foreign_mark_is_removed),
        cmocka_unit_test(test_header_of_a_megabyte),
        cmocka_unit_test(test_header_beyond_the_limit),
        cmocka_unit_test(test_abort_after_each_step),
        cmocka_unit_test(test_sessions_keep_their_snapshot),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
