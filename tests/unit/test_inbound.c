/*
 * test_inbound - whose dossier a message from outside belongs to, how surely, and when it pauses
 */
#include "tests/unit/policy_world.h"

#include "policy/inbound.h"

#define FROM(address) "From: " address "\n"
#define D1 FROM("compta@d1.example")
#define D2 FROM("compta@d2.example")
#define STRANGER FROM("x@stranger.example")
#define OLD_SUBJECT "Subject: RE: Relance facture F-2026-0001\n"
#define PLAIN "jeanne@creditor.example"
#define TAGGED "jeanne+g{101}@creditor.example"
#define TOKEN_REF(n) "References: <{" n "}@temoin.creditor.example>\n"
#define ID(id) "In-Reply-To: " id "\n"

struct case_of {
    const char *what;
    const char *sender, *to, *header;
    enum inbound_verdict verdict;
    const char *how;
    const char *invoices; /* parted by blanks */
    const char *event;
    bool pauses;
};

#define STRONG(how, invoices) INBOUND_STRONG, how, invoices, "reply", true
#define REVIEW(how, invoices) INBOUND_REVIEW, how, invoices, "reply", false
#define UNRELATED INBOUND_UNRELATED, NULL, "", "reply", false

static const struct case_of cases[] = {
    {"a normal answer", "compta@d1.example", TAGGED,
     D1 OLD_SUBJECT TOKEN_REF("101") ID("<r1@creditor.example>"), STRONG("token", "F-2026-0001")},
    {"token in upper case", "compta@d1.example", "JEANNE+G{101}@CREDITOR.EXAMPLE",
     D1 OLD_SUBJECT ID("<r1@creditor.example>"), STRONG("token", "F-2026-0001")},
    {"In-Reply-To with comments", "compta@d1.example", PLAIN,
     D1 "In-Reply-To: Your message (of <x@y>) <r1@creditor.example> (Jeanne)\n",
     STRONG("thread", "F-2026-0001")},
    {"token and thread, a sender who is not listed", "boss@elsewhere.example", TAGGED,
     FROM("boss@elsewhere.example") OLD_SUBJECT ID("<r1@creditor.example>"),
     STRONG("token", "F-2026-0001")},
    {"token, thread through the debtor's own mail", "x@stranger.example", TAGGED,
     STRANGER ID("<a1@d1.example>"), STRONG("token", "F-2026-0001")},
    {"token with another dossier's thread", "x@stranger.example", TAGGED,
     STRANGER ID("<a5@d1.example>"), REVIEW("token", "F-2026-0001 F-2026-0002")},
    {"token in References, known sender", "compta@d1.example", PLAIN,
     D1 "Subject: autre chose\n" TOKEN_REF("101"), STRONG("token", "F-2026-0001")},
    {"token in References, unknown sender", "x@stranger.example", PLAIN,
     STRANGER OLD_SUBJECT TOKEN_REF("101"), REVIEW("token", "F-2026-0001")},
    {"token in the recipient, same subject", "compta@d1.example", TAGGED, D1 OLD_SUBJECT,
     STRONG("token", "F-2026-0001")},
    {"token in the recipient, same subject without number", "compta@d1.example",
     "jeanne+g{104}@creditor.example", D1 "Subject: Re: Solde\n", STRONG("token", "F-2026-0002")},
    {"token in the recipient, the invoice named", "compta@d1.example", TAGGED,
     D1 "Subject: votre F-2026-0001\n", STRONG("token", "F-2026-0001")},
    {"a new subject to an old tagged address", "compta@d1.example", TAGGED,
     D1 "Subject: Invitation aux portes ouvertes\n", REVIEW("token", "F-2026-0001")},
    {"no subject to an old tagged address", "compta@d1.example", TAGGED, D1,
     REVIEW("token", "F-2026-0001")},
    {"another invoice to an old tagged address", "compta@d1.example", TAGGED,
     D1 "Subject: F-2026-0007\n", REVIEW("token", "F-2026-0001")},
    {"token in the recipient, unknown sender", "x@stranger.example", TAGGED, STRANGER OLD_SUBJECT,
     REVIEW("token", "F-2026-0001")},
    {"a right token for a wrong domain", "x@stranger.example", "jeanne+g{!101}@creditor.example",
     STRANGER "References: <{!101}@temoin.creditor.example>\n", UNRELATED},
    {"a valid token of no entry", "x@stranger.example", "jeanne+g{999}@creditor.example",
     STRANGER OLD_SUBJECT, UNRELATED},
    {"known thread, known sender", "compta@d1.example", PLAIN, D1 ID("<r1@creditor.example>"),
     STRONG("thread", "F-2026-0001")},
    {"known thread, the recipient of it", "new@elsewhere.example", PLAIN,
     FROM("New@Elsewhere.example") ID("<r7@creditor.example>"), STRONG("thread", "F-2026-0001")},
    {"known thread of their own mail", "compta@d1.example", PLAIN, D1 ID("<a1@d1.example>"),
     STRONG("thread", "F-2026-0001")},
    {"a Message-ID reused by a stranger", "x@stranger.example", PLAIN,
     STRANGER ID("<r1@creditor.example>"), REVIEW("thread", "F-2026-0001")},
    {"another debtor's thread", "compta@d2.example", PLAIN, D2 ID("<r1@creditor.example>"),
     REVIEW("thread", "F-2026-0001")},
    {"an unknown Message-ID", "compta@d1.example", PLAIN, D1 ID("<never@seen.example>"), UNRELATED},
    {"an entry in review has no dossier", "compta@d1.example", PLAIN, D1 ID("<u6@d1.example>"),
     UNRELATED},
    {"the number in the subject, known contact", "compta@d1.example", PLAIN,
     D1 "Subject: F-2026-0001\n", REVIEW("subject", "F-2026-0001")},
    {"the number in the subject, another debtor", "compta@d2.example", PLAIN,
     D2 "Subject: F-2026-0001\n", UNRELATED},
    {"the number in the subject, unknown sender", "x@stranger.example", PLAIN,
     STRANGER "Subject: F-2026-0001\n", UNRELATED},
    {"an unknown number", "compta@d1.example", PLAIN, D1 "Subject: F-2026-9999\n", UNRELATED},
    {"no From", "compta@d1.example", TAGGED, OLD_SUBJECT, REVIEW("token", "F-2026-0001")},

    {"two debtors, the first answers", "compta@d1.example", PLAIN,
     D1 TOKEN_REF("103") ID("<r3@creditor.example>"), STRONG("token", "F-2026-0001")},
    {"two debtors, the second answers", "compta@d2.example", PLAIN,
     D2 TOKEN_REF("103") ID("<r3@creditor.example>"), STRONG("token", "F-2026-0003")},
    {"two debtors, their common contact answers", "both@agency.example", PLAIN,
     FROM("both@agency.example") TOKEN_REF("103"), STRONG("token", "F-2026-0001 F-2026-0003")},
    {"two debtors, a stranger answers", "x@stranger.example", PLAIN,
     STRANGER TOKEN_REF("103") ID("<r3@creditor.example>"),
     REVIEW("token", "F-2026-0001 F-2026-0003")},

    {"a stub's recipient answers", "x@y.example", PLAIN,
     FROM("x@y.example") ID("<r8@creditor.example>"), STRONG("thread", "F-2026-8888")},
    {"marked private", "compta@d1.example", TAGGED,
     D1 "Subject: [personnel] F-2026-0001\n" ID("<r1@creditor.example>"), UNRELATED},
    {"Sensitivity: private", "compta@d1.example", TAGGED,
     D1 "Sensitivity: private\n" ID("<r1@creditor.example>"), UNRELATED},
    {"our lawyer", "maitre@avocat.example", TAGGED,
     FROM("Maitre@Avocat.example") ID("<r1@creditor.example>"), UNRELATED},

    {"a vacation notice", "", TAGGED,
     D1 "Auto-Submitted: auto-replied\n" ID("<r1@creditor.example>"), INBOUND_STRONG, "token",
     "F-2026-0001", "auto-reply", false},
    {"an automatic answer with a sender", "compta@d1.example", TAGGED,
     D1 "Auto-Submitted: auto-replied\n" ID("<r1@creditor.example>"), INBOUND_STRONG, "token",
     "F-2026-0001", "auto-reply", false},
    {"a vacation notice that does not say so", "", TAGGED, D1 ID("<r1@creditor.example>"),
     INBOUND_STRONG, "token", "F-2026-0001", "auto-reply", false},
};

static void decide(const struct world *w, const struct case_of *c, const struct report *report,
                   struct inbound *out)
{
    struct mail m;
    struct query q = {0};
    struct facts f;
    struct origin from = {NULL, "198.51.100.7", c->sender, false};
    mail_make(w, from, c->to, c->header, &m);
    assert_true(query_build(w->s, &w->ring, DIRECTION_INBOUND, &m.e, &m.r, NULL, NULL,
                            report ? &report->returned_ids : NULL, &q));
    world_answer(&q, m.r.base_subject, &f);
    assert_true(inbound_decide(w->s, &m.e, &m.r, report, &q, &f, out));
    mail_free(&m);
    query_free(&q);
    facts_free(&f);
}

static void check(const struct case_of *c, const struct inbound *out)
{
    struct bytes invoices = {0};
    for (size_t k = 0; k < out->invoices.count; k++)
        assert_true(bytes_printf(&invoices, "%s%s", k ? " " : "", out->invoices.items[k]));
    assert_non_null(out->reason);
    if (out->verdict != c->verdict)
        fail_msg("%s: verdict %d, %s", c->what, (int)out->verdict, out->reason);
    if (strcmp(invoices.data ? invoices.data : "", c->invoices) != 0)
        fail_msg("%s: invoices %s", c->what, invoices.data ? invoices.data : "none");
    if (c->how ? !out->how || strcmp(out->how, c->how) != 0 : out->how != NULL)
        fail_msg("%s: how %s", c->what, out->how ? out->how : "none");
    if (strcmp(out->event, c->event) != 0)
        fail_msg("%s: event %s", c->what, out->event);
    if (out->pauses != c->pauses)
        fail_msg("%s: pauses %d", c->what, out->pauses);
    bytes_free(&invoices);
}

static void test_decisions(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "");
    for (size_t i = 0; i < WORLD_COUNT(cases); i++) {
        struct inbound out;
        decide(&w, &cases[i], NULL, &out);
        check(&cases[i], &out);
        inbound_free(&out);
    }
    world_close(&w);
}

/* Found by our own server, above the first Received. */
#define RESULTS(results) "Authentication-Results: mx.creditor.example; " results "\n"
#define GOOD RESULTS("dkim=pass header.d=d1.example; dmarc=pass header.from=d1.example")
#define BAD RESULTS("dkim=fail header.d=d1.example; dmarc=fail header.from=d1.example")

static const struct case_of combined[] = {
    {"number and contact, signed", "compta@d1.example", PLAIN, GOOD D1 "Subject: F-2026-0001\n",
     STRONG("subject", "F-2026-0001")},
    {"number and contact, another domain signed", "compta@d1.example", PLAIN,
     RESULTS("dkim=pass header.d=other.example") D1 "Subject: F-2026-0001\n",
     REVIEW("subject", "F-2026-0001")},
    {"number and contact, the sender's own word", "compta@d1.example", PLAIN,
     "Received: from x\n" GOOD D1 "Subject: F-2026-0001\n", REVIEW("subject", "F-2026-0001")},
    {"number and contact, another server's word", "compta@d1.example", PLAIN,
     "Authentication-Results: mx.other.example; dkim=pass header.d=d1.example\n" D1
     "Subject: F-2026-0001\n",
     REVIEW("subject", "F-2026-0001")},
    {"number, amount and contact", "compta@d1.example", PLAIN,
     D1 "Subject: F-2026-0001, 1 200,00 EUR\n", STRONG("subject", "F-2026-0001")},
    {"number, another amount and contact", "compta@d1.example", PLAIN,
     D1 "Subject: F-2026-0001, 1 200,50 EUR\n", REVIEW("subject", "F-2026-0001")},
    {"number and amount of a stranger", "x@stranger.example", PLAIN,
     STRANGER "Subject: F-2026-0001, 1 200,00 EUR\n", UNRELATED},
    {"number, amount and contact, authentication failed", "compta@d1.example", PLAIN,
     BAD D1 "Subject: F-2026-0001, 1 200,00 EUR\n", REVIEW("subject", "F-2026-0001")},
    {"token and thread, authentication failed", "compta@d1.example", TAGGED,
     BAD D1 OLD_SUBJECT ID("<r1@creditor.example>"), REVIEW("token", "F-2026-0001")},
    {"token and thread, DMARC alone failed", "compta@d1.example", TAGGED,
     RESULTS("dmarc=fail header.from=d1.example") D1 OLD_SUBJECT ID("<r1@creditor.example>"),
     REVIEW("token", "F-2026-0001")},
    {"token and thread, one of two signatures failed", "compta@d1.example", TAGGED,
     RESULTS("dkim=fail header.d=d1.example; dkim=pass header.d=d1.example")
         D1 OLD_SUBJECT ID("<r1@creditor.example>"),
     STRONG("token", "F-2026-0001")},
    {"token and thread, no signature at all", "compta@d1.example", TAGGED,
     RESULTS("dkim=none") D1 OLD_SUBJECT ID("<r1@creditor.example>"),
     STRONG("token", "F-2026-0001")},
    {"token and thread, a subject about another invoice", "compta@d1.example", TAGGED,
     D1 "Subject: F-2026-0007\n" ID("<r1@creditor.example>"), REVIEW("token", "F-2026-0001")},
    {"token and thread, a subject about this and another", "compta@d1.example", TAGGED,
     D1 "Subject: F-2026-0007, F-2026-0001\n" ID("<r1@creditor.example>"),
     STRONG("token", "F-2026-0001")},
    {"token and thread, a number that nobody knows", "compta@d1.example", TAGGED,
     D1 "Subject: F-2026-9999\n" ID("<r1@creditor.example>"), STRONG("token", "F-2026-0001")},
};

#define DSN                                \
    FROM("MAILER-DAEMON@creditor.example") \
    "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n"
#define MDN D1 "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n"
#define FAILED(address) "Final-Recipient: rfc822; " address "\nAction: failed\nStatus: 5.1.1\n"
#define SHOWN(address)                  \
    "Final-Recipient: rfc822; " address \
    "\nDisposition: manual-action/MDN-sent-manually; displayed\n"

static const struct {
    struct case_of c;
    const char *body;
} reports[] = {
    {{"a bounce", "", TAGGED, DSN, INBOUND_STRONG, "token", "F-2026-0001", "failed", false},
     FAILED("Compta@D1.example")},
    {{"a bounce of a forwarded address", "", TAGGED, DSN, INBOUND_STRONG, "token", "F-2026-0001",
      "failed", false},
     "Original-Recipient: rfc822;compta@d1.example\n" FAILED("box17@provider.example")},
    {{"a bounce by returned Message-ID", "", PLAIN, DSN, INBOUND_STRONG, "thread", "F-2026-0001",
      "failed", false},
     FAILED("compta@d1.example") "\nMessage-ID: <r1@creditor.example>\n"},
    {{"a token with a foreign recipient", "", TAGGED, DSN, INBOUND_REVIEW, "token", "F-2026-0001",
      "failed", false},
     FAILED("x@stranger.example")},
    {{"a bounce that names nobody", "", TAGGED, DSN, INBOUND_REVIEW, "token", "F-2026-0001", "dsn",
      false},
     "nothing\n"},
    {{"a forged bounce", "", "jeanne+g{!101}@creditor.example", DSN, INBOUND_UNRELATED, NULL, "",
      "failed", false},
     FAILED("compta@d1.example")},
    {{"a colleague's full mailbox", "", TAGGED, DSN, INBOUND_UNRELATED, NULL, "", "failed", false},
     FAILED("marie@creditor.example")},
    {{"a colleague's receipt", "", TAGGED, MDN, INBOUND_UNRELATED, NULL, "", "reported-displayed",
      false},
     SHOWN("marie@creditor.example")},
    {{"a colleague and the debtor", "", TAGGED, DSN, INBOUND_STRONG, "token", "F-2026-0001",
      "failed", false},
     FAILED("marie@creditor.example") "\n" FAILED("compta@d1.example")},
    {{"a read receipt", "", TAGGED, MDN, INBOUND_STRONG, "token", "F-2026-0001",
      "reported-displayed", false},
     SHOWN("compta@d1.example")},
    {{"a read receipt with an ordinary sender", "compta@d1.example", TAGGED, MDN, INBOUND_STRONG,
      "token", "F-2026-0001", "reported-displayed", false},
     SHOWN("compta@d1.example")},
    {{"a receipt by somebody else", "", TAGGED, MDN, INBOUND_REVIEW, "token", "F-2026-0001",
      "reported-displayed", false},
     SHOWN("assistant@d1.example")},
    {{"a bounce names two debtors' dossiers", "", "jeanne+g{103}@creditor.example", DSN,
      INBOUND_STRONG, "token", "F-2026-0001 F-2026-0003", "failed", false},
     FAILED("both@agency.example")},
};

static void test_signals_combine(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "authserv_id = \"mx.creditor.example\"\n");
    for (size_t i = 0; i < WORLD_COUNT(combined); i++) {
        struct inbound out;
        decide(&w, &combined[i], NULL, &out);
        check(&combined[i], &out);
        inbound_free(&out);
    }
    world_close(&w);
}

/* Whoever has a token can write a report; one that fails authentication is not filed unseen. */
static void test_report_that_fails_authentication(void **state)
{
    (void)state;
    static const char body[] = SHOWN("compta@d1.example");
    const struct case_of c = {
        "a forged receipt",   "",   TAGGED, BAD MDN, INBOUND_REVIEW, "token", "F-2026-0001",
        "reported-displayed", false};
    struct world w;
    struct inbound out;
    struct report report = {0};
    world_open(&w, "authserv_id = \"mx.creditor.example\"\n");
    report_feed(&report, body, strlen(body));
    report_end(&report);
    decide(&w, &c, &report, &out);
    check(&c, &out);
    assert_string_equal(out.reason, "report that fails authentication");
    inbound_free(&out);
    report_free(&report);
    world_close(&w);
}

static void test_reports(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "");
    for (size_t i = 0; i < WORLD_COUNT(reports); i++) {
        struct inbound out;
        struct report report = {0};
        report_feed(&report, reports[i].body, strlen(reports[i].body));
        report_end(&report);
        decide(&w, &reports[i].c, &report, &out);
        check(&reports[i].c, &out);
        inbound_free(&out);
        report_free(&report);
    }
    world_close(&w);
}

/* A report whose body nobody read is still a report, and weak. */
static void test_report_without_fields(void **state)
{
    (void)state;
    struct world w;
    struct inbound out;
    const struct case_of c = {"unread",      "",    TAGGED, DSN, INBOUND_REVIEW, "token",
                              "F-2026-0001", "dsn", false};
    world_open(&w, "");
    decide(&w, &c, NULL, &out);
    check(&c, &out);
    inbound_free(&out);
    world_close(&w);
}

static void test_random_messages(void **state)
{
    (void)state;
    static const char *const to[] = {PLAIN, TAGGED, TAGGED " jeanne+g{103}@creditor.example",
                                     "\xff\xfe+g{104}@", ""};
    static const char *const bodies[] = {FAILED("compta@d1.example"), "Final-Recipient:\n",
                                         SHOWN("marie@creditor.example")};
    struct world w;
    unsigned seed = 11;
    world_open(&w, "");
    for (unsigned i = 0; i < 400; i++) {
        struct inbound out;
        struct report report = {0};
        const char *body = bodies[i % WORLD_COUNT(bodies)];
        char *header = world_random_header(&seed);
        struct case_of c = {"random",
                            i % 4   ? "compta@d1.example"
                            : i % 8 ? ""
                                    : NULL,
                            to[i % WORLD_COUNT(to)], header, UNRELATED};
        report_feed(&report, body, strlen(body));
        report_end(&report);
        decide(&w, &c, i % 3 ? NULL : &report, &out);
        assert_non_null(out.reason);
        assert_non_null(out.event);
        assert_int_equal(out.verdict != INBOUND_UNRELATED, out.invoices.count > 0);
        assert_true(!out.pauses || out.verdict == INBOUND_STRONG);
        inbound_free(&out);
        report_free(&report);
        free(header);
    }
    world_close(&w);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_signals_combine),
        cmocka_unit_test(test_report_that_fails_authentication),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_report_without_fields),
        cmocka_unit_test(test_random_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
