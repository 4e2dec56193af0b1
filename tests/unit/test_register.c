/*
 * test_register - debtors, contacts, invoices, payments, and the outbox
 */
#include "tests/unit/store_world.h"

#include <sys/wait.h>

#include "db/sqlite.h"

struct books {
    struct world world;
    struct register_db *r;
};

static int setup(void **state)
{
    struct books *b = calloc(1, sizeof *b);
    assert_non_null(b);
    world_make(&b->world);
    assert_ok(&b->world, register_open(b->world.directory, STORE_WRITE, &b->r, &b->world.err));
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct books *b = *state;
    register_close(b->r);
    world_end(&b->world);
    free(b);
    return 0;
}

static bool put_debtor(struct books *b, const char *code, const char *name)
{
    bool changed;
    assert_ok(&b->world, register_put_debtor(b->r, code, name, &changed, &b->world.err));
    return changed;
}

static bool put_invoice(struct books *b, int64_t amount, const char *due,
                        enum invoice_status status)
{
    bool changed;
    struct register_invoice i = {.number = (char *)"F-1",
                                 .debtor = (char *)"ACME",
                                 .currency = (char *)"EUR",
                                 .amount = amount,
                                 .due = (char *)due,
                                 .status = status};
    assert_ok(&b->world, register_put_invoice(b->r, &i, &changed, &b->world.err));
    return changed;
}

static bool pay(struct books *b, const char *reference, int64_t amount)
{
    bool changed;
    assert_ok(&b->world, register_put_payment(b->r, "F-1", reference, amount, "EUR", "2026-11-21",
                                              &changed, &b->world.err));
    return changed;
}

static void assert_invoice(struct books *b, int64_t paid, enum invoice_status status)
{
    struct register_invoice i;
    assert_ok(&b->world, register_invoice(b->r, "F-1", &i, &b->world.err));
    assert_int_equal(i.paid, paid);
    assert_int_equal(i.status, status);
    register_invoice_free(&i);
}

static void what_is_put_is_read_back(void **state)
{
    struct books *b = *state;
    struct register_invoice i;
    bool changed;
    put_debtor(b, "ACME", "Acme SA");
    put_invoice(b, 120000, "2026-10-31", INVOICE_OPEN);
    assert_ok(&b->world, register_put_contact(b->r, "ACME", "Paul@ACME.example", "Paul", &changed,
                                              &b->world.err));
    assert_true(changed);
    assert_ok(&b->world, register_put_contact(b->r, "ACME", "@Ex\xc3\xa4mple.de", NULL, &changed,
                                              &b->world.err));
    assert_ok(&b->world, register_invoice(b->r, "F-1", &i, &b->world.err));
    assert_string_equal(i.number, "F-1");
    assert_string_equal(i.debtor, "ACME");
    assert_string_equal(i.debtor_name, "Acme SA");
    assert_string_equal(i.currency, "EUR");
    assert_int_equal(i.amount, 120000);
    assert_null(i.issued);
    assert_string_equal(i.due, "2026-10-31");
    assert_int_equal(i.contacts.count, 2);
    assert_string_equal(i.contacts.items[0], "@xn--exmple-cua.de");
    assert_string_equal(i.contacts.items[1], "paul@acme.example");
    register_invoice_free(&i);
    assert_int_equal(register_invoice(b->r, "F-2", &i, &b->world.err), STORE_NOT_FOUND);
}

static void the_same_again_changes_nothing(void **state)
{
    struct books *b = *state;
    bool changed;
    assert_true(put_debtor(b, "ACME", "Acme"));
    assert_false(put_debtor(b, "ACME", "Acme"));
    assert_true(put_debtor(b, "ACME", "Acme SA"));
    assert_true(put_invoice(b, 100, NULL, INVOICE_OPEN));
    assert_false(put_invoice(b, 100, NULL, INVOICE_OPEN));
    assert_true(put_invoice(b, 100, "2026-10-31", INVOICE_OPEN));
    for (int i = 0; i < 2; i++) {
        assert_ok(&b->world,
                  register_put_contact(b->r, "ACME", "a@b.example", "A", &changed, &b->world.err));
        assert_int_equal(changed, i == 0);
    }
    assert_true(pay(b, "VIR 1", 40));
    assert_false(pay(b, "VIR 1", 40));
    assert_invoice(b, 40, INVOICE_OPEN);
}

static void payments_close_an_invoice(void **state)
{
    struct books *b = *state;
    put_debtor(b, "ACME", "Acme");
    put_invoice(b, 100, NULL, INVOICE_OPEN);
    pay(b, "1", 60);
    assert_invoice(b, 60, INVOICE_OPEN);
    pay(b, "2", 40);
    assert_invoice(b, 100, INVOICE_PAID);
    assert_false(put_invoice(b, 100, NULL, INVOICE_OPEN)); /* imported again, still paid */
    assert_invoice(b, 100, INVOICE_PAID);
    put_invoice(b, 150, NULL, INVOICE_OPEN); /* corrected upwards: open again */
    assert_invoice(b, 100, INVOICE_OPEN);
    pay(b, "3", -100); /* a chargeback */
    assert_invoice(b, 0, INVOICE_OPEN);
    put_invoice(b, 150, NULL, INVOICE_PAID); /* the accounting program says so */
    assert_invoice(b, 0, INVOICE_PAID);
    put_invoice(b, 150, NULL, INVOICE_CREDITED);
    pay(b, "4", 150);
    assert_invoice(b, 150, INVOICE_CREDITED);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct books *b = *state;
    struct store_error *err = &b->world.err;
    struct register_invoice i = {
        .number = (char *)"F-9", .debtor = (char *)"NOBODY", .currency = (char *)"EUR"};
    bool changed;
    assert_int_equal(register_put_invoice(b->r, &i, &changed, err), STORE_NOT_FOUND);
    assert_non_null(strstr(err->text, "NOBODY"));
    i.currency = (char *)"EURO";
    assert_int_equal(register_put_invoice(b->r, &i, &changed, err), STORE_INVALID);
    assert_int_equal(register_put_contact(b->r, "NOBODY", "a@b", NULL, &changed, err),
                     STORE_NOT_FOUND);
    assert_int_equal(register_put_debtor(b->r, "", "x", &changed, err), STORE_INVALID);
    put_debtor(b, "ACME", "Acme");
    assert_int_equal(register_put_contact(b->r, "ACME", "no address", NULL, &changed, err),
                     STORE_INVALID);
    assert_int_equal(register_put_contact(b->r, "ACME", "a@", NULL, &changed, err), STORE_INVALID);
    assert_int_equal(register_put_payment(b->r, "F-1", "1", 1, "EUR", NULL, &changed, err),
                     STORE_NOT_FOUND);
    put_invoice(b, 100, NULL, INVOICE_OPEN);
    assert_int_equal(register_put_payment(b->r, "F-1", "1", 1, "USD", NULL, &changed, err),
                     STORE_INVALID);
    assert_int_equal(register_put_payment(b->r, "F-1", "", 1, "EUR", NULL, &changed, err),
                     STORE_INVALID);
}

/* --- the outbox -----------------------------------------------------------------------------*/

static void put_note(struct books *b, unsigned char key)
{
    struct entry e;
    fact(&e, "payment", "F-1");
    e.has_retry = true;
    memset(e.retry, key, sizeof e.retry);
    assert_ok(&b->world, register_outbox_put(b->r, &e, &b->world.err));
    entry_free(&e);
}

struct delivery {
    struct world *world;
    int taken;    /* so many are taken, then none */
    bool forgets; /* says no although the log took it: as a crash in between */
    int calls;
    struct strings seen;
};

static size_t deliver(struct entry *entries, size_t count, void *context)
{
    struct delivery *d = context;
    struct appended done;
    size_t taken = 0;
    for (; taken < count && d->taken > 0; taken++, d->taken--) {
        const struct entry *e = &entries[taken];
        assert_string_equal(e->event, "payment");
        assert_string_equal(e->actor, "jeanne");
        assert_true(strings_add(&d->seen, e->dossiers.items[0]));
        assert_ok(d->world, store_begin(d->world->store, &d->world->err));
        assert_ok(d->world,
                  store_append(d->world->store, &world_context, e, &done, &d->world->err));
        assert_ok(d->world, store_commit(d->world->store, &d->world->err));
        appended_free(&done);
    }
    d->calls++;
    return d->forgets ? 0 : taken;
}

static void a_rolled_back_change_tells_nothing(void **state)
{
    struct books *b = *state;
    struct register_figures f;
    assert_ok(&b->world, register_begin(b->r, &b->world.err));
    put_debtor(b, "ACME", "Acme");
    put_note(b, 1);
    register_rollback(b->r);
    assert_ok(&b->world, register_figures(b->r, &f, &b->world.err));
    assert_int_equal(f.debtors + f.outbox, 0);
    assert_ok(&b->world, register_begin(b->r, &b->world.err));
    put_debtor(b, "ACME", "Acme");
    put_invoice(b, 10, NULL, INVOICE_OPEN);
    put_note(b, 1);
    assert_ok(&b->world, register_commit(b->r, &b->world.err));
    assert_ok(&b->world, register_figures(b->r, &f, &b->world.err));
    assert_int_equal(f.debtors, 1);
    assert_int_equal(f.invoices, 1);
    assert_int_equal(f.open_invoices, 1);
    assert_int_equal(f.outbox, 1);
}

static void the_outbox_enters_the_log_once(void **state)
{
    struct books *b = *state;
    struct delivery d = {.world = &b->world, .taken = 2};
    struct register_figures f;
    uint64_t last;
    for (unsigned char key = 1; key <= 3; key++)
        put_note(b, key);
    assert_ok(&b->world, register_outbox_flush(b->r, deliver, &d, &b->world.err));
    assert_ok(&b->world, register_figures(b->r, &f, &b->world.err));
    assert_int_equal(f.outbox, 1); /* the third was not taken: it waits */
    d.taken = 1;
    d.forgets = true;
    assert_ok(&b->world, register_outbox_flush(b->r, deliver, &d, &b->world.err));
    d.taken = 9;
    d.forgets = false;
    assert_ok(&b->world, register_outbox_flush(b->r, deliver, &d, &b->world.err));
    assert_ok(&b->world, register_figures(b->r, &f, &b->world.err));
    assert_int_equal(f.outbox, 0);
    assert_int_equal(d.seen.count, 4);
    assert_ok(&b->world, store_last_seq(b->world.store, &last, &b->world.err));
    assert_int_equal(last, 3);
    strings_free(&d.seen);
}

/* Thousands of payments must not cost a transaction of the log each. */
static void the_outbox_goes_in_batches(void **state)
{
    struct books *b = *state;
    struct delivery d = {.world = &b->world, .taken = 1000};
    struct register_figures f;
    assert_ok(&b->world, register_begin(b->r, &b->world.err));
    for (int i = 0; i < 250; i++)
        put_note(b, (unsigned char)i);
    assert_ok(&b->world, register_commit(b->r, &b->world.err));
    assert_ok(&b->world, register_outbox_flush(b->r, deliver, &d, &b->world.err));
    assert_int_equal(d.calls, 2);
    assert_int_equal(d.seen.count, 250);
    assert_ok(&b->world, register_figures(b->r, &f, &b->world.err));
    assert_int_equal(f.outbox, 0);
    strings_free(&d.seen);
}

/* What comes before a damaged entry is delivered, and the damage is named. */
static void a_damaged_entry_stops_only_those_after_it(void **state)
{
    struct books *b = *state;
    struct delivery d = {.world = &b->world, .taken = 9};
    struct register_figures f;
    struct db *db;
    char file[128];
    for (unsigned char key = 1; key <= 3; key++)
        put_note(b, key);
    snprintf(file, sizeof file, "%s/register.db", b->world.directory);
    assert_ok(&b->world, db_open(file, DB_WRITE, &db, &b->world.err));
    assert_ok(&b->world, db_exec(db, "UPDATE outbox SET entry = '{' WHERE id = 2", &b->world.err));
    db_close(db);
    assert_int_equal(register_outbox_flush(b->r, deliver, &d, &b->world.err), STORE_CORRUPT);
    assert_non_null(strstr(b->world.err.text, "outbox entry 2"));
    assert_int_equal(d.seen.count, 1);
    assert_ok(&b->world, register_figures(b->r, &f, &b->world.err));
    assert_int_equal(f.outbox, 2);
    strings_free(&d.seen);
}

static void a_name_that_is_not_given_stays(void **state)
{
    struct books *b = *state;
    struct register_invoice i;
    bool changed;
    put_debtor(b, "ACME", "Acme SA");
    put_invoice(b, 10, NULL, INVOICE_OPEN);
    assert_ok(&b->world, register_put_debtor(b->r, "ACME", NULL, &changed, &b->world.err));
    assert_false(changed);
    assert_ok(&b->world, register_invoice(b->r, "F-1", &i, &b->world.err));
    assert_string_equal(i.debtor_name, "Acme SA");
    register_invoice_free(&i);
    assert_ok(&b->world,
              register_put_contact(b->r, "ACME", "a@b.example", "Anne", &changed, &b->world.err));
    assert_ok(&b->world,
              register_put_contact(b->r, "ACME", "a@b.example", NULL, &changed, &b->world.err));
    assert_false(changed);
    assert_ok(&b->world,
              register_put_contact(b->r, "ACME", "a@b.example", "Anne", &changed, &b->world.err));
    assert_false(changed); /* it was still there */
    assert_ok(&b->world, register_put_debtor(b->r, "NEW", NULL, &changed, &b->world.err));
    assert_true(changed);
}

static void an_entry_without_retry_key_cannot_wait(void **state)
{
    struct books *b = *state;
    struct entry e;
    fact(&e, "payment", "F-1");
    assert_int_equal(register_outbox_put(b->r, &e, &b->world.err), STORE_INVALID);
    entry_free(&e);
}

static void a_register_is_created_once(void **state)
{
    struct books *b = *state;
    struct register_db *other;
    assert_int_equal(register_create(b->world.directory, &b->world.err), STORE_INVALID);
    assert_int_equal(register_open("/nowhere", STORE_READ, &other, &b->world.err), STORE_NOT_FOUND);
    assert_ok(&b->world, register_open(b->world.directory, STORE_READ, &other, &b->world.err));
    assert_int_not_equal(register_begin(other, &b->world.err), STORE_OK);
    register_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(what_is_put_is_read_back),           TEST(the_same_again_changes_nothing),
        TEST(payments_close_an_invoice),          TEST(what_makes_no_sense_is_refused),
        TEST(a_rolled_back_change_tells_nothing), TEST(the_outbox_enters_the_log_once),
        TEST(the_outbox_goes_in_batches),         TEST(a_damaged_entry_stops_only_those_after_it),
        TEST(a_name_that_is_not_given_stays),     TEST(an_entry_without_retry_key_cannot_wait),
        TEST(a_register_is_created_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
