/*
 * test_direction - who may and who may not: the direction of each kind of message, and what the
 * store is asked about it
 */
#include "tests/unit/policy_world.h"

#define JEANNE                                                     \
    {                                                              \
        "jeanne", "198.51.100.7", "jeanne@creditor.example", false \
    }
#define STRANGER(sender)                     \
    {                                        \
        NULL, "198.51.100.66", sender, false \
    }
#define FROM_JEANNE "From: Jeanne <jeanne@creditor.example>\nSubject: Relance F-2026-0001\n"
#define FROM_DEBTOR "From: compta@d1.example\nSubject: Re: Relance F-2026-0001\n"
#define DSN "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n"
#define MDN "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n"

struct case_of {
    const char *what;
    struct origin from;
    const char *header;
    enum direction direction;
};

static const struct case_of cases[] = {
    {"an accountant", JEANNE, FROM_JEANNE, DIRECTION_OUTBOUND},
    {"an accountant, her other address",
     {"jeanne", NULL, "Compta@Creditor.FR", false},
     "From: compta@creditor.fr\n",
     DIRECTION_OUTBOUND},
    {"an accountant whose sender is tagged",
     {"jeanne", NULL, "jeanne+g{101}@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_OUTBOUND},
    {"an accountant edits an old mail as new", JEANNE, FROM_JEANNE "Temoin-Token: {101}\n",
     DIRECTION_OUTBOUND},
    {"a login that is not hers",
     {"paul", NULL, "jeanne@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"a login that is nobody's",
     {"marie", NULL, "jeanne@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"her login, another From", JEANNE, "From: patron@creditor.example\n", DIRECTION_INTERNAL},
    {"her login, two From", JEANNE, "From: jeanne@creditor.example, x@d1.example\n",
     DIRECTION_INTERNAL},
    {"her login, no From", JEANNE, "Subject: x\n", DIRECTION_INTERNAL},
    {"her login, another sender",
     {"jeanne", NULL, "paul@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"her client's read receipt", {"jeanne", NULL, "", false}, FROM_JEANNE MDN, DIRECTION_INTERNAL},
    {"her login, sender not known", {"jeanne", NULL, NULL, false}, FROM_JEANNE, DIRECTION_INTERNAL},
    {"a stranger who writes as the accountant", STRANGER("jeanne@creditor.example"), FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"a stranger with our token in the header", STRANGER("jeanne@creditor.example"),
     FROM_JEANNE "Temoin-Token: {101}\n", DIRECTION_INTERNAL},
    {"a stranger who names us beside himself", STRANGER("x@d1.example"),
     "From: x@d1.example, jeanne@creditor.example\n", DIRECTION_INTERNAL},
    {"sendmail -f on this host",
     {NULL, NULL, "jeanne@creditor.example", true},
     FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"loopback is not trusted",
     {NULL, "127.0.0.1", "jeanne@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"our own mail re-injected from loopback",
     {NULL, "127.0.0.1", "jeanne+g{101}@creditor.example", false},
     FROM_JEANNE "Temoin-Token: {101}\n",
     DIRECTION_INTERNAL},
    {"our own mail re-injected from a trusted path",
     {NULL, "192.0.2.1", "jeanne+g{101}@creditor.example", false},
     FROM_JEANNE "Temoin-Token: {101}\n",
     DIRECTION_AGAIN},
    {"a forged token on a trusted path",
     {NULL, "192.0.2.1", "x@d1.example", false},
     FROM_DEBTOR "Temoin-Token: {!101}\n",
     DIRECTION_INBOUND},
    {"a token with something behind it",
     {NULL, "192.0.2.1", "x@d1.example", false},
     FROM_DEBTOR "Temoin-Token: {101}a\n",
     DIRECTION_INBOUND},
    {"an accountant in a trusted network",
     {NULL, "192.0.2.1", "jeanne@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_OUTBOUND},
    {"a colleague in a trusted network",
     {NULL, "192.0.2.1", "marie@creditor.example", false},
     "From: marie@creditor.example\n",
     DIRECTION_INTERNAL},
    {"two accountants mixed in a trusted network",
     {NULL, "192.0.2.1", "paul@creditor.example", false},
     FROM_JEANNE,
     DIRECTION_INTERNAL},
    {"from outside through a trusted relay",
     {NULL, "192.0.2.1", "compta@d1.example", false},
     FROM_DEBTOR,
     DIRECTION_INBOUND},
    {"a debtor", STRANGER("compta@d1.example"), FROM_DEBTOR, DIRECTION_INBOUND},
    {"no From", STRANGER("compta@d1.example"), "Subject: x\n", DIRECTION_INBOUND},
    {"a From that says nothing", STRANGER("compta@d1.example"), "From: undisclosed:;\n",
     DIRECTION_INBOUND},
    {"a colleague in Cc who answers all",
     {"marie", NULL, "marie@creditor.example", false},
     "From: marie@creditor.example\nReferences: <{101}@temoin.creditor.example>\n",
     DIRECTION_INTERNAL},
    {"a colleague from home without login", STRANGER("marie@creditor.example"),
     "From: marie@creditor.example\n", DIRECTION_INTERNAL},
    {"the accountant's vacation notice",
     {NULL, NULL, "", true},
     FROM_JEANNE "Auto-Submitted: auto-replied (vacation)\n",
     DIRECTION_INTERNAL},
    {"Postfix's own bounce",
     {NULL, NULL, "", true},
     "From: MAILER-DAEMON@creditor.example (Mail Delivery System)\n" DSN,
     DIRECTION_INBOUND},
    {"a bounce from outside", STRANGER(""), "From: MAILER-DAEMON@d1.example\n" DSN,
     DIRECTION_INBOUND},
    {"a receipt from outside", STRANGER(""), FROM_DEBTOR MDN, DIRECTION_INBOUND},
    {"a report of our own with a sender", STRANGER("root@creditor.example"),
     "From: root@creditor.example\n" DSN, DIRECTION_INTERNAL},
};

static void test_directions(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "");
    for (size_t i = 0; i < WORLD_COUNT(cases); i++) {
        struct mail m;
        mail_make(&w, cases[i].from, "compta@d1.example", cases[i].header, &m);
        struct direction_found found = direction_classify(w.s, &w.ring, &m.e, &m.r);
        if (found.direction != cases[i].direction)
            fail_msg("%s: %s (%s)", cases[i].what, direction_name(found.direction), found.reason);
        assert_non_null(found.reason);
        assert_int_equal(found.direction == DIRECTION_OUTBOUND, found.accountant != NULL);
        bool interesting =
            found.direction == DIRECTION_OUTBOUND || found.direction == DIRECTION_INBOUND;
        assert_true(!interesting || direction_may_matter(w.s, &m.e));
        mail_free(&m);
    }
    world_close(&w);
}

static void test_who_wrote(void **state)
{
    (void)state;
    struct world w;
    struct mail m;
    world_open(&w, "");
    mail_make(&w, (struct origin)JEANNE, "compta@d1.example", FROM_JEANNE, &m);
    assert_string_equal(direction_classify(w.s, &w.ring, &m.e, &m.r).accountant->name, "Jeanne");
    mail_free(&m);
    world_close(&w);
}

static void test_most_mail_is_left_early(void **state)
{
    (void)state;
    struct world w;
    struct envelope e = {.login = strdup("marie")};
    world_open(&w, "");
    assert_false(direction_may_matter(w.s, &e));
    free(e.login);
    e.login = strdup("jeanne");
    assert_true(direction_may_matter(w.s, &e));
    free(e.login);
    e.login = NULL;
    assert_true(direction_may_matter(w.s, &e));
    world_close(&w);
}

static void ask(const struct world *w, enum direction direction, const char *to, const char *header,
                struct query *q)
{
    struct mail m;
    struct tokens body = {0};
    struct strings returned = {0}, names = {0};
    memset(q, 0, sizeof *q);
    assert_true(strings_add(&names, "Facture F-2026-0042.pdf"));
    assert_true(strings_add(&returned, "<r4@creditor.example>"));
    assert_true(tokens_add(&body, 104));
    mail_make(w, (struct origin)STRANGER("compta@d1.example"), to, header, &m);
    assert_true(query_build(w->s, &w->ring, direction, &m.e, &m.r, &names, &body, &returned, q));
    mail_free(&m);
    strings_free(&names);
    strings_free(&returned);
    tokens_free(&body);
}

#define THREADED                                                          \
    "From: Compta@D1.example\nSubject: Re: F-2026-0001, F-2026-0003\n"    \
    "In-Reply-To: <r1@creditor.example>\n"                                \
    "References: <{103}@temoin.creditor.example> <r1@creditor.example>\n" \
    " <{!107}@temoin.creditor.example>\n"

static void test_query_outbound(void **state)
{
    (void)state;
    struct world w;
    struct query q;
    world_open(&w, "");
    ask(&w, DIRECTION_OUTBOUND, "Compta@D1.example x@y.example",
        THREADED "Temoin-Invoice: F-2026-0009 ; ZZ\n", &q);
    assert_int_equal(q.ids.count, 1);
    assert_string_equal(q.ids.items[0], "<r1@creditor.example>");
    assert_int_equal(q.tokens.count, 1);
    assert_int_equal(q.tokens.numbers[0], 103);
    assert_int_equal(q.numbers.count, 5);
    assert_true(strings_contain(&q.numbers, "F-2026-0001"));
    assert_true(strings_contain(&q.numbers, "F-2026-0003"));
    assert_true(strings_contain(&q.numbers, "F-2026-0009"));
    assert_true(strings_contain(&q.numbers, "ZZ"));
    assert_true(strings_contain(&q.numbers, "F-2026-0042"));
    assert_int_equal(q.addresses.count, 2);
    assert_string_equal(q.addresses.items[0], "compta@d1.example");
    query_free(&q);
    world_close(&w);
}

static void test_query_inbound(void **state)
{
    (void)state;
    struct world w;
    struct query q;
    world_open(&w, "");
    ask(&w, DIRECTION_INBOUND, "jeanne+g{101}@creditor.example paul+g{!107}@creditor.example",
        THREADED "Temoin-Invoice: F-2026-0009\n", &q);
    assert_int_equal(q.ids.count, 2);
    assert_true(strings_contain(&q.ids, "<r4@creditor.example>"));
    assert_int_equal(q.tokens.count, 3);
    assert_int_equal(q.tokens.numbers[0], 103);
    assert_int_equal(q.tokens.numbers[1], 104);
    assert_int_equal(q.tokens.numbers[2], 101);
    assert_int_equal(q.numbers.count, 2);
    assert_false(strings_contain(&q.numbers, "F-2026-0009"));
    assert_int_equal(q.addresses.count, 1);
    assert_string_equal(q.addresses.items[0], "compta@d1.example");
    assert_false(query_is_idle(&q));
    query_free(&q);
    ask(&w, DIRECTION_INTERNAL, "jeanne+g{101}@creditor.example", THREADED, &q);
    assert_true(query_is_idle(&q));
    query_free(&q);
    world_close(&w);
}

static void test_unrelated_mail_asks_nothing(void **state)
{
    (void)state;
    struct world w;
    struct mail m;
    struct query q = {0};
    world_open(&w, "");
    mail_make(&w, (struct origin)STRANGER("news@shop.example"), "jeanne@creditor.example",
              "From: news@shop.example\nSubject: Soldes REF-2026-00011\n", &m);
    assert_true(query_build(w.s, &w.ring, DIRECTION_INBOUND, &m.e, &m.r, NULL, NULL, NULL, &q));
    assert_int_equal(q.addresses.count, 1);
    assert_true(query_is_idle(&q));
    query_free(&q);
    mail_free(&m);
    world_close(&w);
}

/* The tag's character can be another one, or none at all. */
static void test_other_delimiters(void **state)
{
    (void)state;
    struct world w;
    struct query q;
    struct settings *s;
    struct strings errors = {0};
    world_open(&w, "");
    s = w.s;
    assert_true(settings_parse("company \"A\" { domain = creditor.example }\ndelimiter = \"-\"\n"
                               "listener \"l\" { socket = \"unix:/l\" }\n",
                               "d.conf", &w.s, &errors));
    ask(&w, DIRECTION_INBOUND, "jeanne-g{101}@creditor.example paul+g{103}@creditor.example",
        "From: a@b.example\n", &q);
    assert_int_equal(q.tokens.count, 2);
    assert_int_equal(q.tokens.numbers[1], 101);
    query_free(&q);
    settings_unref(w.s);
    assert_true(settings_parse("company \"A\" { domain = creditor.example }\ndelimiter = \"\"\n"
                               "listener \"l\" { socket = \"unix:/l\" }\n",
                               "d.conf", &w.s, &errors));
    ask(&w, DIRECTION_INBOUND, "jeanne+g{101}@creditor.example", "From: a@b.example\n", &q);
    assert_int_equal(q.tokens.count, 1);
    query_free(&q);
    settings_unref(w.s);
    w.s = s;
    world_close(&w);
}

static void test_invoice_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *last;
    } texts[] = {
        {"Relance F-2026-0001", 1, "F-2026-0001"},
        {"F2026-0001 et F-2026-0002, F2026-0001", 2, "F-2026-0002"},
        {"REF-2026-0001", 0, NULL},
        {"F-2026-0001234", 0, NULL},
        {"\xc3\xa9"
         "F-2026-0001",
         0, NULL},
        {"(F-2026-0001)", 1, "F-2026-0001"},
        {"facture_F-2026-123.pdf", 1, "F-2026-123"},
        {"XF-2026-0001 F-2026-0002", 1, "F-2026-0002"},
        {"", 0, NULL},
        {"\xff\xfe F-2026-0001 \xff", 1, "F-2026-0001"},
    };
    struct world w;
    struct strings numbers = {0};
    world_open(&w, "");
    for (size_t i = 0; i < WORLD_COUNT(texts); i++) {
        assert_true(invoice_numbers_find(w.s, texts[i].text, &numbers));
        if (numbers.count != texts[i].count)
            fail_msg("%s: %zu", texts[i].text, numbers.count);
        if (texts[i].last)
            assert_string_equal(numbers.items[numbers.count - 1], texts[i].last);
        strings_free(&numbers);
    }
    assert_true(invoice_numbers_find(w.s, NULL, &numbers));
    char many[65536];
    for (size_t i = 0; i + 12 < sizeof many; i += 12)
        snprintf(many + i, 13, "F-%04u-%04u ", (unsigned)i % 10000, (unsigned)i / 12 % 10000);
    assert_true(invoice_numbers_find(w.s, many, &numbers));
    assert_int_equal(numbers.count, 50);
    strings_free(&numbers);
    world_close(&w);
}

static void test_random_messages(void **state)
{
    (void)state;
    struct world w;
    unsigned seed = 7;
    world_open(&w, "");
    for (int i = 0; i < 300; i++) {
        struct mail m;
        struct query q = {0};
        char *header = world_random_header(&seed);
        struct origin from = {i % 3 ? NULL : "jeanne", i % 5 ? "192.0.2.9" : NULL,
                              i % 7 ? "jeanne+g{101}@creditor.example" : "", i % 2};
        mail_make(&w, from, "jeanne+g{101}@creditor.example", header, &m);
        struct direction_found found = direction_classify(w.s, &w.ring, &m.e, &m.r);
        assert_non_null(found.reason);
        assert_true(query_build(w.s, &w.ring, found.direction, &m.e, &m.r, NULL, NULL, NULL, &q));
        query_free(&q);
        mail_free(&m);
        free(header);
    }
    world_close(&w);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_who_wrote),
        cmocka_unit_test(test_most_mail_is_left_early),
        cmocka_unit_test(test_query_outbound),
        cmocka_unit_test(test_query_inbound),
        cmocka_unit_test(test_unrelated_mail_asks_nothing),
        cmocka_unit_test(test_other_delimiters),
        cmocka_unit_test(test_invoice_numbers),
        cmocka_unit_test(test_random_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
