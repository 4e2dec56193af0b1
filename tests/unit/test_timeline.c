/*
 * test_timeline - what `show` says of a dossier, and in which words
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "db/timeline.h"
#include "policy/levels.h"
#include "tests/unit/sealed_store.h"

static struct sealed_store world;

#define REMINDER                                                          \
    "From: =?utf-8?Q?Jeanne_Lef=C3=A8vre?= <jeanne@creditor.example>\r\n" \
    "Subject: =?utf-8?Q?Facture_F-1_impay=C3=A9e?=\r\n\r\nBonjour\r\n"
#define REPLY "From: Bob <bob@debtor.example>\r\nSubject: Re: \x1b[31mrouge\r\n\r\nOui\r\n"

static void check(enum store_status st, const struct store_error *err)
{
    if (st != STORE_OK)
        fail_msg("%s", err->text);
}

static void fill_register(void)
{
    struct register_db *db;
    struct store_error err = {0};
    bool changed;
    char number[] = "F-1", debtor[] = "ACME", euro[] = "EUR", due[] = "2026-10-31";
    struct register_invoice bill = {
        .number = number, .debtor = debtor, .currency = euro, .amount = 120050, .due = due};
    check(register_create(world.store, &err), &err);
    check(register_open(world.store, STORE_WRITE, &db, &err), &err);
    check(register_begin(db, &err), &err);
    check(register_put_debtor(db, "ACME", "Acmé SA", &changed, &err), &err);
    check(register_put_contact(db, "ACME", "bob@debtor.example", NULL, &changed, &err), &err);
    check(register_put_invoice(db, &bill, &changed, &err), &err);
    check(register_put_payment(db, "F-1", "V1", 20000, "EUR", "2026-11-01", &changed, &err), &err);
    check(register_commit(db, &err), &err);
    register_close(db);
}

static int make_world(void **state)
{
    (void)state;
    g_mime_init();
    sealed_store_make(&world);
    fill_register();
    sealed_store_add(&world, &(struct wanted_entry){
                                 .event = "prepared",
                                 .direction = "outbound",
                                 .level = "prepared",
                                 .invoice = "F-1",
                                 .message = REMINDER,
                                 .private_json = "{\"envelope\":{\"to\":[\"bob@debtor.example\"]},"
                                                 "\"kind\":\"reminder\"}"});
    sealed_store_add(&world, &(struct wanted_entry){.event = "reply",
                                                    .direction = "inbound",
                                                    .invoice = "F-1",
                                                    .message = REPLY,
                                                    .pauses = true,
                                                    .private_json = "{\"match\":{\"how\":\"token\","
                                                                    "\"strength\":\"strong\"}}"});
    sealed_store_add(&world, &(struct wanted_entry){.event = "note",
                                                    .invoice = "F-1",
                                                    .private_json =
                                                        "{\"occurred\":\"2026-11-20\","
                                                        "\"text\":\"appelé, promet vendredi\"}"});
    sealed_store_add(
        &world, &(struct wanted_entry){
                    .event = "reply", .direction = "inbound", .review = "F-1", .message = REPLY});
    sealed_store_sign(&world);
    sealed_store_add(&world,
                     &(struct wanted_entry){
                         .event = "reply",
                         .direction = "inbound",
                         .invoice = "F-1",
                         .message = REPLY,
                         .private_json =
                             "{\"match\":{\"how\":\"token\",\"strength\":\"strong\"},"
                             "\"authentication\":{\"by\":\"mx.us\",\"results\":[{\"domain\":"
                             "\"debtor.example\",\"result\":\"pass\"}]},"
                             "\"sender\":{\"domain\":\"debtor.example\",\"known\":\"contact\"}}"});
    sealed_store_add(
        &world,
        &(struct wanted_entry){.event = "payment",
                               .invoice = "F-1",
                               .private_json =
                                   "{\"amount\":20000,\"currency\":\"EUR\",\"reference\":\"V1\"}"});
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    sealed_store_remove(&world);
    return 0;
}

static enum store_status load(const char *invoice, struct timeline *t)
{
    struct timeline_sources from = {0};
    struct store_error err = {0};
    check(store_open(world.store, STORE_READ, &from.store, &err), &err);
    check(seal_store_open(world.store, STORE_READ, &from.seals, &err), &err);
    check(register_open(world.store, STORE_READ, &from.bills, &err), &err);
    *t = (struct timeline){0};
    enum store_status st = timeline_load(&from, invoice, t, &err);
    register_close(from.bills);
    seal_store_close(from.seals);
    store_close(from.store);
    return st;
}

static void loaded(void **state)
{
    (void)state;
    struct timeline t;
    assert_int_equal(load("F-1", &t), STORE_OK);
    assert_true(t.registered);
    assert_int_equal(t.bill.amount - t.bill.paid, 100050);
    assert_int_equal(t.count, 5);
    assert_int_equal(t.paused_by, 2);
    assert_string_equal(t.items[0].subject, "Facture F-1 impayée");
    assert_string_equal(t.items[0].from, "Jeanne Lefèvre <jeanne@creditor.example>");
    assert_string_equal(t.items[0].to.items[0], "bob@debtor.example");
    assert_string_equal(t.items[0].kind, "reminder");
    assert_int_equal(t.items[0].level, LEVEL_PREPARED);
    assert_true(t.items[0].is_signed);
    assert_int_equal(t.items[1].level, LEVEL_NONE);
    assert_string_equal(t.items[1].strength, "strong");
    assert_null(strchr(t.items[1].subject, '\x1b')); /* no colours from a stranger */
    assert_string_equal(t.items[2].text, "appelé, promet vendredi");
    assert_string_equal(t.items[2].occurred, "2026-11-20");
    assert_int_equal(t.items[1].author.found.to, ATTRIBUTED_NONE);
    assert_int_equal(t.items[3].level, LEVEL_ACKNOWLEDGED);
    assert_int_equal(t.items[3].author.found.to, ATTRIBUTED_CONTACT);
    assert_int_equal(t.items[4].n, 5);
    assert_int_equal(t.items[4].seq, 6);
    assert_int_equal(t.items[4].amount, 20000);
    assert_false(t.items[4].is_signed);
    assert_int_equal(t.review_count, 1);
    assert_int_equal(t.reviews[0].seq, 4);
    timeline_cut(&t, 3);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.review_count, 0);
    timeline_free(&t);
}

static void as_text(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "Invoice F-1, open",
        "Acmé SA (ACME)",
        "amount    €1,200.50, paid €200.00, balance €1,000.50\n",
        "bob@debtor.example",
        "PAUSED by number 2",
        "→ message prepared: our copy, before it left",
        "Facture F-1 impayée",
        "← reply received; its author is not authenticated",
        "author   author not authenticated",
        "← acknowledged: a DKIM-signed reply from a known contact's domain",
        "author   DKIM signature of the domain debtor.example, valid according to mx.us;",
        "appelé, promet vendredi",
        "amount   €200.00\n",
        "entry 6, not yet signed",
        "entry 1, signed",
        "Waiting in review",
    };
    struct timeline t;
    struct bytes out = {0};
    assert_int_equal(load("F-1", &t), STORE_OK);
    assert_true(timeline_text(&t, &out));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(out.data, wanted[i]))
            fail_msg("\"%s\" is not in:\n%s", wanted[i], out.data);
    bytes_free(&out);
    timeline_free(&t);
}

static void as_json(void **state)
{
    (void)state;
    struct timeline t;
    assert_int_equal(load("F-1", &t), STORE_OK);
    json_t *json = timeline_json(&t);
    assert_non_null(json);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "register"), "balance")), 100050);
    assert_int_equal(json_integer_value(json_object_get(json, "paused_by")), 2);
    const json_t *entries = json_object_get(json, "entries");
    assert_int_equal(json_array_size(entries), 5);
    const json_t *first = json_array_get(entries, 0);
    assert_string_equal(json_string_value(json_object_get(first, "level")), "prepared");
    assert_null(json_object_get(first, "attribution"));
    const json_t *author = json_object_get(json_array_get(entries, 3), "attribution");
    assert_string_equal(json_string_value(json_object_get(author, "to")), "contact");
    assert_string_equal(json_string_value(json_object_get(author, "domain")), "debtor.example");
    const json_t *message = json_object_get(first, "message");
    assert_string_equal(json_string_value(json_object_get(message, "subject")),
                        "Facture F-1 impayée");
    assert_null(json_object_get(json_array_get(entries, 2), "message"));
    assert_int_equal(json_array_size(json_object_get(json, "review")), 1);
    json_decref(json);
    timeline_free(&t);
}

static void unknown_invoice(void **state)
{
    (void)state;
    struct timeline t;
    assert_int_equal(load("F-404", &t), STORE_NOT_FOUND);
    timeline_free(&t);
}

/* A message that cannot be read any more does not hide the rest. */
static void damaged_message(void **state)
{
    (void)state;
    struct timeline t;
    sealed_store_save(&world);
    sealed_store_sql(&world, "log.db", "DELETE FROM message WHERE seq = 1");
    assert_int_equal(load("F-1", &t), STORE_OK);
    assert_int_equal(t.count, 5);
    assert_null(t.items[0].subject);
    struct bytes out = {0};
    assert_true(timeline_text(&t, &out));
    bytes_free(&out);
    timeline_free(&t);
    sealed_store_restore(&world);
}

static void words(void **state)
{
    (void)state;
    static const char *const events[] = {
        "prepared", "submitted",          "handed-over",        "failed",   "delayed",
        "reply",    "reported-delivered", "reported-displayed", "something"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        enum proof_level level = event_level(events[i], "acknowledged");
        const char *english = event_words(events[i], level, LANGUAGE_EN);
        assert_null(strstr(english, "sent"));
        assert_non_null(event_words(events[i], level, LANGUAGE_FR));
        /* only a reply can be an acknowledgement, whatever a record says */
        assert_int_equal(level == LEVEL_ACKNOWLEDGED, strcmp(events[i], "reply") == 0);
    }
    assert_int_equal(event_level("reply", NULL), LEVEL_NONE);
    assert_int_equal(event_level("reply", "nonsense"), LEVEL_NONE);
    assert_int_equal(event_level("handed-over", NULL), LEVEL_HANDED_OVER);
    assert_int_equal(event_level("handed-over", "prepared"), LEVEL_PREPARED);
    assert_non_null(strstr(event_words("reported-displayed", LEVEL_REPORTED, LANGUAGE_EN),
                           "does not prove reading"));
    assert_non_null(strstr(event_words("reported-displayed", LEVEL_REPORTED, LANGUAGE_FR),
                           "ne prouve pas la lecture"));
    assert_string_equal(event_nearest("handed-over"), "RelayToNonERDS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaded),          cmocka_unit_test(as_text),
        cmocka_unit_test(as_json),         cmocka_unit_test(unknown_invoice),
        cmocka_unit_test(damaged_message), cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
