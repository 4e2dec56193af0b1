/*
 * test_outbound - which invoice a mail of an accountant is about, what is excluded, what the
 * guards say, who is learned
 */
#include "tests/unit/policy_world.h"

#include "policy/outbound.h"

#define HEAD "From: jeanne@creditor.example\n"
#define REPLY_TO(id) "In-Reply-To: " id "\nReferences: <x@y.example> " id "\n"

/* A mail of Jeanne's and what becomes of it. */
struct case_of {
    const char *what;
    const char *more;               /* settings */
    const char *to, *header, *file; /* file: an attachment's name; NULL: the body is not seen yet */
    enum outbound_verdict verdict;
    const char *rule;
    const char *invoices; /* parted by blanks */
    bool reminder;
};

#define D1 "compta@d1.example"
#define OPEN "register = open\n"

static const struct case_of cases[] = {
    {"the thread needs no number", "", D1, HEAD REPLY_TO("<a1@d1.example>"), NULL, OUTBOUND_OURS,
     "thread", "F-2026-0001", false},
    {"a reminder in the thread of a reminder", "", D1, HEAD REPLY_TO("<r1@creditor.example>"), NULL,
     OUTBOUND_OURS, "thread", "F-2026-0001", true},
    {"the thread by References alone", "", D1,
     HEAD "References: <r1@creditor.example> <a1@d1.example>\n", NULL, OUTBOUND_OURS, "thread",
     "F-2026-0001", false},
    {"the thread by a token in References", "", D1,
     HEAD "References: <{101}@temoin.creditor.example> <lost@d1.example>\n", NULL, OUTBOUND_OURS,
     "thread", "F-2026-0001", true},
    {"the thread before the subject", "", D1,
     HEAD "Subject: F-2026-0007\n" REPLY_TO("<a1@d1.example>"), NULL, OUTBOUND_OURS, "thread",
     "F-2026-0001", false},
    {"a forged token names no thread", "", D1,
     HEAD "References: <{!101}@temoin.creditor.example>\n", "", OUTBOUND_UNRELATED, NULL, "",
     false},
    {"a parent without a dossier", "", D1,
     HEAD "Subject: F-2026-0001\n" REPLY_TO("<u6@d1.example>"), NULL, OUTBOUND_OURS, "subject",
     "F-2026-0001", false},
    {"an old thread used to write to another debtor", "", "compta@d2.example",
     HEAD "Subject: F-2026-0003\n" REPLY_TO("<a1@d1.example>"), NULL, OUTBOUND_OURS, "subject",
     "F-2026-0003", false},
    {"the subject", "", D1, HEAD "Subject: Relance F-2026-0001\n", NULL, OUTBOUND_OURS, "subject",
     "F-2026-0001", true},
    {"several in the subject", "", D1, HEAD "Subject: F-2026-0001 et F-2026-0007\n", NULL,
     OUTBOUND_OURS, "subject", "F-2026-0001 F-2026-0007", true},
    {"an unknown number beside a known one", "", D1, HEAD "Subject: F-2026-0001 et F-2026-9999\n",
     NULL, OUTBOUND_OURS, "subject", "F-2026-0001", true},
    {"the subject before the header", "", D1,
     HEAD "Subject: F-2026-0001\nTemoin-Invoice: F-2026-0007\n", NULL, OUTBOUND_OURS, "subject",
     "F-2026-0001", true},
    {"the header", "", D1, HEAD "Subject: Bonjour\nTemoin-Invoice: F-2026-0007, F-2026-0001\n",
     NULL, OUTBOUND_OURS, "header", "F-2026-0007 F-2026-0001", true},
    {"the header before the attachment", "", D1,
     HEAD "Subject: Bonjour\nTemoin-Invoice: F-2026-0007\n", "F-2026-0001.pdf", OUTBOUND_OURS,
     "header", "F-2026-0007", true},
    {"attachments are asked for", "", D1, HEAD "Subject: Bonjour\n", NULL, OUTBOUND_ATTACHMENTS,
     NULL, "", false},
    {"nobody known: attachments are not asked for", "", "x@y.example", HEAD "Subject: Bonjour\n",
     NULL, OUTBOUND_UNRELATED, NULL, "", false},
    {"the attachment", "", D1, HEAD "Subject: Bonjour\n", "Facture_F-2026-0001.pdf", OUTBOUND_OURS,
     "attachment", "F-2026-0001", true},
    {"an attachment that says nothing", "", D1, HEAD "Subject: Bonjour\n", "photo.jpg",
     OUTBOUND_UNRELATED, NULL, "", false},
    {"another debtor's attachment", "", "compta@d2.example", HEAD "Subject: Bonjour\n",
     "F-2026-0001.pdf", OUTBOUND_UNRELATED, NULL, "", false},
    {"an unknown number, closed register", "", "x@y.example", HEAD "Subject: F-2026-9999\n", NULL,
     OUTBOUND_UNRELATED, NULL, "", false},
    {"an unknown number, open register", OPEN, "x@y.example", HEAD "Subject: F-2026-9999\n", NULL,
     OUTBOUND_OURS, "subject", "F-2026-9999", true},
    {"an unknown number in the header, open register", OPEN, "x@y.example",
     HEAD "Temoin-Invoice: F-2026-9998\n", NULL, OUTBOUND_OURS, "header", "F-2026-9998", true},
    {"a known header before an unknown subject", OPEN, D1,
     HEAD "Subject: F-2026-9999\nTemoin-Invoice: F-2026-0001\n", NULL, OUTBOUND_OURS, "header",
     "F-2026-0001", true},
    {"two unknown numbers, open register", OPEN, "x@y.example",
     HEAD "Subject: F-2026-9999 F-2026-9998\n", NULL, OUTBOUND_UNRELATED, NULL, "", false},
    {"a known number to nobody known, open register", OPEN, "x@y.example",
     HEAD "Subject: F-2026-0001\n", NULL, OUTBOUND_UNRELATED, NULL, "", false},

    {"the thread of a stub, open register", OPEN, "x@y.example",
     HEAD "References: <r8@creditor.example> <a9@y.example>\n", NULL, OUTBOUND_OURS, "thread",
     "F-2026-8888", false},
    {"the thread of a stub, to somebody else", OPEN, "z@y.example",
     HEAD "References: <r8@creditor.example> <a9@y.example>\n", NULL, OUTBOUND_UNRELATED, NULL, "",
     false},
    {"the thread of a stub, register closed again", "", "x@y.example",
     HEAD "References: <r8@creditor.example> <a9@y.example>\n", NULL, OUTBOUND_UNRELATED, NULL, "",
     false},
    {"marked private, with an invoice-like subject", "", D1,
     HEAD "Subject: [personnel] F-2026-0001\n", NULL, OUTBOUND_UNRELATED, NULL, "", false},
    {"Sensitivity: personal", "", D1, HEAD "Sensitivity: Personal\nSubject: F-2026-0001\n", NULL,
     OUTBOUND_UNRELATED, NULL, "", false},
    {"private, to a friend, with an invoice-like subject", "", "friend@home.example",
     HEAD "Subject: F-2026-0001\n", NULL, OUTBOUND_UNRELATED, NULL, "", false},
    {"a lawyer in Cc", "", D1 " maitre@avocat.example", HEAD "Subject: F-2026-0001\n", NULL,
     OUTBOUND_UNRELATED, NULL, "", false},
    {"a listed law firm", "", D1 " Someone@Cabinet.EXAMPLE", HEAD "Subject: F-2026-0001\n", NULL,
     OUTBOUND_UNRELATED, NULL, "", false},
    {"a forward to a lawyer who is not listed", "", "avocat@barreau.example",
     HEAD "Subject: Fwd: F-2026-0001\n" REPLY_TO("<a1@d1.example>"), NULL, OUTBOUND_UNRELATED, NULL,
     "", false},
    {"among colleagues", "", "marie@creditor.example paul@creditor.fr",
     HEAD "Subject: F-2026-0001\n", NULL, OUTBOUND_UNRELATED, NULL, "", false},
    {"a colleague in Cc is no stranger", "", D1 " marie@creditor.example",
     HEAD "Subject: F-2026-0001\n", NULL, OUTBOUND_OURS, "subject", "F-2026-0001", true},

    {"paid", "", D1, HEAD "Subject: F-2026-0002\n", NULL, OUTBOUND_REFUSED, "subject",
     "F-2026-0002", true},
    {"credited", "", D1, HEAD "Subject: F-2026-0005\n", NULL, OUTBOUND_REFUSED, "subject",
     "F-2026-0005", true},
    {"one of two is paid", "", D1, HEAD "Subject: F-2026-0001 F-2026-0002\n", NULL,
     OUTBOUND_REFUSED, "subject", "F-2026-0001 F-2026-0002", true},
    {"paid, in an attachment", "", D1, HEAD "Subject: Solde\n", "F-2026-0002.pdf", OUTBOUND_REFUSED,
     "attachment", "F-2026-0002", true},
    {"paid, but the guard is off", "guard \"paid\" { action = off }\n", D1,
     HEAD "Subject: F-2026-0002\n", NULL, OUTBOUND_OURS, "subject", "F-2026-0002", true},
    {"an answer about a paid invoice", "", D1, HEAD REPLY_TO("<a5@d1.example>"), NULL,
     OUTBOUND_OURS, "thread", "F-2026-0002", false},
    {"a reminder in a paid invoice's thread", "", D1, HEAD REPLY_TO("<r4@creditor.example>"), NULL,
     OUTBOUND_REFUSED, "thread", "F-2026-0002", true},
    {"a stranger among the recipients", "", D1 " x@y.example", HEAD "Subject: F-2026-0001\n", NULL,
     OUTBOUND_REFUSED, "subject", "F-2026-0001", true},
    {"a stranger, but the guard is off", "guard \"recipient\" { action = off }\n",
     D1 " x@y.example", HEAD "Subject: F-2026-0001\n", NULL, OUTBOUND_OURS, "subject",
     "F-2026-0001", true},
    {"one message to two debtors", "", D1 " compta@d2.example",
     HEAD "Subject: F-2026-0001 F-2026-0003\n", NULL, OUTBOUND_REFUSED, "subject",
     "F-2026-0001 F-2026-0003", true},
    {"two debtors named, one addressed", "", D1, HEAD "Subject: F-2026-0001 F-2026-0003\n", NULL,
     OUTBOUND_REFUSED, "subject", "F-2026-0001", true},
    {"two debtors named, one addressed, guard off", "guard \"recipient\" { action = off }\n", D1,
     HEAD "Subject: F-2026-0001 F-2026-0003\n", NULL, OUTBOUND_OURS, "subject", "F-2026-0001",
     true},
    {"two debtors with one accountant", "", "both@agency.example",
     HEAD "Subject: F-2026-0001 F-2026-0003\n", NULL, OUTBOUND_OURS, "subject",
     "F-2026-0001 F-2026-0003", true},
    {"a debtor without contact", "", "new@d3.example", HEAD "Subject: F-2026-0004\n", NULL,
     OUTBOUND_OURS, "subject", "F-2026-0004", true},
    {"a debtor without contact, another debtor's contact", "", D1, HEAD "Subject: F-2026-0004\n",
     NULL, OUTBOUND_REFUSED, "subject", "F-2026-0004", true},
    {"a debtor without contact named beside another", "", D1,
     HEAD "Subject: F-2026-0001 F-2026-0004\n", NULL, OUTBOUND_REFUSED, "subject", "F-2026-0001",
     true},
    {"a stub without debtor", "", "new@d9.example", HEAD "Subject: F-2026-0008\n", NULL,
     OUTBOUND_OURS, "subject", "F-2026-0008", true},
    {"no recipient at all", "", "", HEAD "Subject: F-2026-0001\n", NULL, OUTBOUND_UNRELATED, NULL,
     "", false},
};

static void decide(const struct world *w, const char *to, const char *header, const char *file,
                   struct outbound *out)
{
    struct mail m;
    struct query q = {0};
    struct facts f;
    struct strings names = {0};
    struct origin from = {"jeanne", NULL, "jeanne@creditor.example", false};
    mail_make(w, from, to, header, &m);
    if (file)
        assert_true(strings_add(&names, file));
    assert_true(query_build(w->s, &w->ring, DIRECTION_OUTBOUND, &m.e, &m.r, file ? &names : NULL,
                            NULL, NULL, &q));
    world_answer(&q, m.r.base_subject, &f);
    assert_true(outbound_decide(w->s, &w->s->accountants[0], &m.e, &m.r, file ? &names : NULL, &q,
                                &f, out));
    mail_free(&m);
    query_free(&q);
    facts_free(&f);
    strings_free(&names);
}

static void check(const struct case_of *c, const struct outbound *out)
{
    struct bytes invoices = {0};
    for (size_t k = 0; k < out->invoices.count; k++)
        assert_true(bytes_printf(&invoices, "%s%s", k ? " " : "", out->invoices.items[k]));
    if (out->verdict != c->verdict)
        fail_msg("%s: verdict %d, %s", c->what, (int)out->verdict, out->reason);
    assert_non_null(out->reason);
    if (strcmp(invoices.data ? invoices.data : "", c->invoices) != 0)
        fail_msg("%s: invoices %s", c->what, invoices.data ? invoices.data : "none");
    if (c->rule ? !out->rule || strcmp(out->rule, c->rule) != 0 : out->rule != NULL)
        fail_msg("%s: rule %s", c->what, out->rule ? out->rule : "none");
    if (c->verdict != OUTBOUND_UNRELATED && out->reminder != c->reminder)
        fail_msg("%s: reminder is wrong", c->what);
    assert_int_equal(out->refusal != NULL, out->verdict == OUTBOUND_REFUSED);
    bytes_free(&invoices);
}

static void test_decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORLD_COUNT(cases); i++) {
        struct world w;
        struct outbound out;
        world_open(&w, cases[i].more);
        decide(&w, cases[i].to, cases[i].header, cases[i].file, &out);
        check(&cases[i], &out);
        outbound_free(&out);
        world_close(&w);
    }
}

static void test_refusals_can_be_read(void **state)
{
    (void)state;
    struct world w;
    struct outbound out;
    world_open(&w, "");
    decide(&w, D1, HEAD "Subject: F-2026-0002\n", NULL, &out);
    assert_string_equal(out.refusal,
                        "Facture deja reglee ou annulee, message refuse / Invoice already paid or "
                        "cancelled, message refused: F-2026-0002");
    assert_string_equal(out.reason, "guard paid");
    outbound_free(&out);
    decide(&w, D1 " \xc3\xa9l\x01%s@y.example", HEAD "Subject: F-2026-0001\n", NULL, &out);
    assert_string_equal(out.reason, "guard recipient");
    assert_non_null(strstr(out.refusal, "??l?%s@y.example (F-2026-0001)"));
    assert_non_null(strstr(out.refusal, "Destinataire etranger"));
    outbound_free(&out);
    char long_recipient[1024];
    snprintf(long_recipient, sizeof long_recipient, D1 " %0900d@y.example", 7);
    decide(&w, long_recipient, HEAD "Subject: F-2026-0001\n", NULL, &out);
    assert_non_null(out.refusal);
    assert_true(strlen(out.refusal) <= 400);
    for (const char *p = out.refusal; *p; p++)
        assert_true(*p >= ' ' && *p <= '~');
    outbound_free(&out);
    world_close(&w);
}

static void test_warnings_are_kept(void **state)
{
    (void)state;
    struct world w;
    struct outbound out;
    world_open(&w, "guard \"paid\" { action = warn }\nguard \"recipient\" { action = warn }\n");
    decide(&w, D1 " x@y.example", HEAD "Subject: F-2026-0002\n", NULL, &out);
    assert_int_equal(out.verdict, OUTBOUND_OURS);
    assert_int_equal(out.overridden.count, 2);
    assert_string_equal(out.overridden.items[0], "guard paid: F-2026-0002");
    assert_string_equal(out.overridden.items[1], "guard recipient: x@y.example (F-2026-0002)");
    outbound_free(&out);
    decide(&w, D1, HEAD "Subject: F-2026-0001\n", NULL, &out);
    assert_int_equal(out.overridden.count, 0);
    outbound_free(&out);
    world_close(&w);
}

static void test_learning(void **state)
{
    (void)state;
    struct world w;
    struct outbound out;
    world_open(&w, "guard \"recipient\" { action = warn }\n");
    decide(&w, "New@D3.example marie@creditor.example", HEAD "Subject: F-2026-0004\n", NULL, &out);
    assert_string_equal(out.learn_debtor, "D3");
    assert_int_equal(out.learn_addresses.count, 1);
    assert_string_equal(out.learn_addresses.items[0], "new@d3.example");
    outbound_free(&out);
    /* Another debtor's contact is not learned, warned about or not. */
    decide(&w, "new@d3.example " D1, HEAD "Subject: F-2026-0004\n", NULL, &out);
    assert_int_equal(out.verdict, OUTBOUND_OURS);
    assert_int_equal(out.learn_addresses.count, 1);
    assert_int_equal(out.overridden.count, 1);
    outbound_free(&out);
    decide(&w, D1, HEAD "Subject: F-2026-0004\n", NULL, &out);
    assert_null(out.learn_debtor);
    assert_int_equal(out.learn_addresses.count, 0);
    outbound_free(&out);
    /* A debtor with contacts learns nobody. */
    decide(&w, D1, HEAD "Subject: F-2026-0001\n", NULL, &out);
    assert_null(out.learn_debtor);
    outbound_free(&out);
    world_close(&w);
}

static void test_stub(void **state)
{
    (void)state;
    struct world w;
    struct outbound out;
    world_open(&w, OPEN);
    decide(&w, "x@y.example marie@creditor.example", HEAD "Subject: F-2026-9999\n", NULL, &out);
    assert_true(out.stub);
    assert_null(out.learn_debtor);
    assert_int_equal(out.learn_addresses.count, 1);
    outbound_free(&out);
    decide(&w, D1, HEAD "Subject: F-2026-0001\n", NULL, &out);
    assert_false(out.stub);
    outbound_free(&out);
    decide(&w, "marie@creditor.example", HEAD "Subject: F-2026-9999\n", NULL, &out);
    assert_false(out.stub);
    outbound_free(&out);
    world_close(&w);
}

static void test_random_messages(void **state)
{
    (void)state;
    static const char *const to[] = {D1, D1 " x@y.example", "new@d3.example compta@d2.example",
                                     "marie@creditor.example", "both@agency.example @ \xff"};
    struct world w;
    unsigned seed = 3;
    world_open(&w, OPEN);
    for (unsigned i = 0; i < 400; i++) {
        struct outbound out;
        char *header = world_random_header(&seed);
        decide(&w, to[i % WORLD_COUNT(to)], header, i % 3 ? NULL : "F-2026-0007.pdf", &out);
        assert_non_null(out.reason);
        assert_int_equal(out.verdict == OUTBOUND_OURS || out.verdict == OUTBOUND_REFUSED,
                         out.invoices.count > 0);
        assert_int_equal(out.refusal != NULL, out.verdict == OUTBOUND_REFUSED);
        outbound_free(&out);
        free(header);
    }
    world_close(&w);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_refusals_can_be_read),
        cmocka_unit_test(test_warnings_are_kept),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_stub),
        cmocka_unit_test(test_random_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
