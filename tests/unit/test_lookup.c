/*
 * test_lookup - the questions that a message raises
 */
#include "tests/unit/store_world.h"

#include <time.h>

#include "db/sqlite.h"

struct asked {
    struct world world;
    struct lookup *lookup;
    struct query q;
    struct facts f;
};

static void put_invoices(struct world *w)
{
    static const char *const numbers[] = {"F-1", "F-2", "F-3"};
    static const char *const debtors[] = {"ACME", "ACME", "BETA"};
    struct register_db *r;
    bool changed;
    assert_ok(w, register_open(w->directory, STORE_WRITE, &r, &w->err));
    assert_ok(w, register_begin(r, &w->err));
    assert_ok(w, register_put_debtor(r, "ACME", "Acme SA", &changed, &w->err));
    assert_ok(w, register_put_debtor(r, "BETA", "Beta", &changed, &w->err));
    for (int i = 0; i < 3; i++) {
        struct register_invoice invoice = {.number = (char *)numbers[i],
                                           .debtor = (char *)debtors[i],
                                           .currency = (char *)"EUR",
                                           .amount = 1000,
                                           .status = i == 1 ? INVOICE_PAID : INVOICE_OPEN};
        assert_ok(w, register_put_invoice(r, &invoice, &changed, &w->err));
    }
    assert_ok(w, register_put_contact(r, "ACME", "Paul@Acme.Example", NULL, &changed, &w->err));
    assert_ok(w, register_put_contact(r, "ACME", "@acme-group.example", NULL, &changed, &w->err));
    assert_ok(w, register_commit(r, &w->err));
    register_close(r);
}

static int setup(void **state)
{
    struct asked *a = calloc(1, sizeof *a);
    assert_non_null(a);
    world_make(&a->world);
    put_invoices(&a->world);
    assert_ok(&a->world, lookup_open(a->world.directory, &a->lookup, &a->world.err));
    *state = a;
    return 0;
}

static int teardown(void **state)
{
    struct asked *a = *state;
    facts_free(&a->f);
    query_free(&a->q);
    lookup_close(a->lookup);
    world_end(&a->world);
    free(a);
    return 0;
}

static void ask(struct asked *a, const char *base_subject)
{
    facts_free(&a->f);
    assert_ok(&a->world, lookup_facts(a->lookup, &a->q, base_subject, &a->f, &a->world.err));
}

static void send_reminder(struct world *w, uint64_t token, const char *invoice, const char *id)
{
    struct entry e;
    mail(w, &e, "outbound", invoice, id, "x", 1, false);
    e.token = token;
    e.base_subject = strdup("facture f-1");
    assert_true(strings_add(&e.recipients, "paul@acme.example"));
    assert_true(strings_add(&e.recipients, "anne@acme.example"));
    append(w, &e);
}

static void nothing_asked_nothing_found(void **state)
{
    struct asked *a = *state;
    ask(a, NULL);
    assert_int_equal(a->f.entry_count + a->f.invoice_count + a->f.contact_count, 0);
    assert_int_equal(a->f.subject, 0);
}

static void a_token_finds_its_entry(void **state)
{
    struct asked *a = *state;
    send_reminder(&a->world, 42, "F-1", "<r1@creditor>");
    assert_true(tokens_add(&a->q.tokens, 42) && tokens_add(&a->q.tokens, 43));
    ask(a, "facture f-1");
    assert_int_equal(a->f.entry_count, 1);
    const struct fact_entry *e = &a->f.entries[0];
    assert_int_equal(e->seq, 1);
    assert_true(e->by_token && e->outbound);
    assert_null(e->id);
    assert_int_equal(e->token, 42);
    assert_int_equal(e->invoices.count, 1);
    assert_string_equal(e->invoices.items[0], "F-1");
    assert_int_equal(e->recipients.count, 2);
    assert_string_equal(e->recipients.items[1], "anne@acme.example");
    assert_true(e->subject != 0 && e->subject == a->f.subject);
    const struct fact_invoice *i = facts_invoice(&a->f, "F-1");
    assert_non_null(i);
    assert_string_equal(i->debtor, "ACME");
    assert_true(i->debtor_has_contact);
    ask(a, "something else");
    assert_true(a->f.entries[0].subject != a->f.subject);
}

static void an_id_finds_its_entries_confirmed(void **state)
{
    struct asked *a = *state;
    struct world *w = &a->world;
    struct entry e;
    send_reminder(w, 42, "F-1", "<r1@creditor>");
    mail(w, &e, "inbound", "F-1", "<answer@acme>", "x", 1, false);
    append(w, &e);
    /* indexed under an id that its private part does not confirm: as after a collision */
    mail(w, &e, "inbound", "F-3", "<mine@x>", "x", 1, false);
    assert_true(strings_add(&e.ids, "<r1@creditor>"));
    append(w, &e);
    assert_true(strings_add(&a->q.ids, "<r1@creditor>") &&
                strings_add(&a->q.ids, "<answer@acme>") && strings_add(&a->q.ids, "<unknown@x>"));
    ask(a, NULL);
    assert_int_equal(a->f.entry_count, 2);
    assert_string_equal(a->f.entries[0].id, "<r1@creditor>");
    assert_false(a->f.entries[0].by_token);
    assert_int_equal(a->f.entries[0].token, 42);
    assert_false(a->f.entries[1].outbound);
    assert_string_equal(a->f.entries[1].invoices.items[0], "F-1");
    assert_int_equal(a->f.entries[1].subject, 0);
}

static void ids_that_are_not_utf8_are_found_too(void **state)
{
    struct asked *a = *state;
    struct entry e;
    mail(&a->world, &e, "inbound", "F-1", NULL, "x", 1, false);
    assert_true(strings_add(&e.ids, "<\xff@x>"));
    json_object_set_new(e.private_part, "ids",
                        json_pack("{s:o}", "message_id", json_foreign("<\xff@x>")));
    append(&a->world, &e);
    assert_true(strings_add(&a->q.ids, "<\xff@x>"));
    ask(a, NULL);
    assert_int_equal(a->f.entry_count, 1);
}

static void a_reused_id_names_the_oldest_first(void **state)
{
    struct asked *a = *state;
    struct entry e;
    for (int i = 0; i < 40; i++) {
        mail(&a->world, &e, "inbound", "F-1", "<same@x>", "x", 1, false);
        append(&a->world, &e);
    }
    assert_true(strings_add(&a->q.ids, "<same@x>"));
    ask(a, NULL);
    assert_int_equal(a->f.entry_count, 16);
    assert_int_equal(a->f.entries[0].seq, 1);
}

static void erased_entries_no_longer_match(void **state)
{
    struct asked *a = *state;
    struct db *log;
    char file[128];
    send_reminder(&a->world, 42, "F-1", "<r1@creditor>");
    snprintf(file, sizeof file, "%s/log.db", a->world.directory);
    assert_ok(&a->world, db_open(file, DB_WRITE, &log, &a->world.err));
    assert_ok(&a->world, db_exec(log, "UPDATE entry SET private = NULL", &a->world.err));
    db_close(log);
    assert_true(strings_add(&a->q.ids, "<r1@creditor>") && tokens_add(&a->q.tokens, 42));
    ask(a, NULL);
    assert_int_equal(a->f.entry_count, 0);
}

static void an_assigned_message_belongs_where_it_was_put(void **state)
{
    struct asked *a = *state;
    struct world *w = &a->world;
    struct entry e;
    mail(w, &e, "inbound", NULL, "<weak@x>", "x", 1, false);
    e.review_invoice = strdup("F-1");
    append(w, &e);
    assert_true(strings_add(&a->q.ids, "<weak@x>"));
    ask(a, NULL);
    assert_int_equal(a->f.entry_count, 1);
    assert_int_equal(a->f.entries[0].invoices.count, 0);
    fact(&e, "review", "F-3"); /* told to both dossiers, the assigned one first */
    assert_true(strings_add(&e.dossiers, "F-1"));
    e.decides = 1;
    e.decision = "assign";
    append(w, &e);
    ask(a, NULL);
    assert_int_equal(a->f.entries[0].invoices.count, 1);
    assert_string_equal(a->f.entries[0].invoices.items[0], "F-3");
    assert_string_equal(facts_invoice(&a->f, "F-3")->debtor, "BETA");
}

static void invoices_tell_debtor_status_and_contacts(void **state)
{
    struct asked *a = *state;
    assert_true(strings_add(&a->q.numbers, "F-1") && strings_add(&a->q.numbers, "F-2") &&
                strings_add(&a->q.numbers, "F-3") && strings_add(&a->q.numbers, "F-9") &&
                strings_add(&a->q.numbers, "f-1"));
    ask(a, NULL);
    assert_int_equal(a->f.invoice_count, 3);
    assert_int_equal(facts_invoice(&a->f, "F-1")->status, INVOICE_OPEN);
    assert_int_equal(facts_invoice(&a->f, "F-2")->status, INVOICE_PAID);
    assert_false(facts_invoice(&a->f, "F-3")->debtor_has_contact);
    assert_null(facts_invoice(&a->f, "F-9"));
}

static void contacts_by_address_domain_and_learning(void **state)
{
    struct asked *a = *state;
    struct entry e;
    const char *asked[] = {"paul@acme.example",          "who@acme-group.example",
                           "who@sub.acme-group.example", "eve@evil.example",
                           "bob@beta.example",           "nobody"};
    mail(&a->world, &e, "outbound", "F-3", NULL, "x", 1, false);
    e.learn_debtor = strdup("BETA");
    assert_true(strings_add(&e.learn_addresses, "bob@beta.example"));
    append(&a->world, &e);
    for (size_t i = 0; i < 6; i++)
        assert_true(strings_add(&a->q.addresses, asked[i]));
    assert_true(strings_add(&a->q.numbers, "F-3"));
    ask(a, NULL);
    assert_int_equal(a->f.contact_count, 3);
    assert_true(facts_is_contact(&a->f, &a->q, "paul@acme.example", "ACME"));
    assert_false(a->f.contacts[0].by_domain);
    assert_true(facts_is_contact(&a->f, &a->q, "who@acme-group.example", "ACME"));
    assert_true(a->f.contacts[1].by_domain);
    assert_true(facts_is_contact(&a->f, &a->q, "bob@beta.example", "BETA"));
    assert_true(facts_invoice(&a->f, "F-3")->debtor_has_contact);
}

static void no_register_is_an_empty_one_until_it_comes(void **state)
{
    struct asked *a = *state;
    struct lookup *other;
    struct facts f = {0};
    char file[128], hidden[128];
    snprintf(file, sizeof file, "%s/register.db", a->world.directory);
    snprintf(hidden, sizeof hidden, "%s/hidden.db", a->world.directory);
    assert_int_equal(rename(file, hidden), 0);
    assert_ok(&a->world, lookup_open(a->world.directory, &other, &a->world.err));
    assert_true(strings_add(&a->q.numbers, "F-1"));
    assert_ok(&a->world, lookup_facts(other, &a->q, NULL, &f, &a->world.err));
    assert_int_equal(f.invoice_count, 0);
    facts_free(&f);
    assert_int_equal(rename(hidden, file), 0);
    assert_ok(&a->world, lookup_facts(other, &a->q, NULL, &f, &a->world.err));
    assert_int_equal(f.invoice_count, 1);
    facts_free(&f);
    lookup_close(other);
}

static void a_typical_reply_is_answered_quickly(void **state)
{
    struct asked *a = *state;
    struct timespec from, to;
    enum { TIMES = 500 };
    send_reminder(&a->world, 42, "F-1", "<r1@creditor>");
    assert_true(strings_add(&a->q.ids, "<r1@creditor>") && tokens_add(&a->q.tokens, 42) &&
                strings_add(&a->q.addresses, "paul@acme.example"));
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < TIMES; i++)
        ask(a, "facture f-1");
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    print_message("lookup: %.3f ms\n", ms / TIMES);
    assert_true(ms / TIMES < 5); /* far above what is meant, for slow machines and sanitizers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(nothing_asked_nothing_found),
        TEST(a_token_finds_its_entry),
        TEST(an_id_finds_its_entries_confirmed),
        TEST(ids_that_are_not_utf8_are_found_too),
        TEST(a_reused_id_names_the_oldest_first),
        TEST(erased_entries_no_longer_match),
        TEST(an_assigned_message_belongs_where_it_was_put),
        TEST(invoices_tell_debtor_status_and_contacts),
        TEST(contacts_by_address_domain_and_learning),
        TEST(no_register_is_an_empty_one_until_it_comes),
        TEST(a_typical_reply_is_answered_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
