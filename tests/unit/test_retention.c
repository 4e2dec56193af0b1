/*
 * test_retention - what has expired, seen from years later, and erasing it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "db/erase_order.h"
#include "db/register.h"
#include "db/retention.h"
#include "db/verify.h"
#include "tests/unit/sealed_store.h"

enum { YEAR = 366 * 86400 };

static const char MAIL[] = "From: a@b.example\r\nSubject: F\r\n\r\nhello\r\n";

#define assert_ok(expression)                                       \
    do {                                                            \
        struct store_error err = {""};                              \
        enum store_status status_ = (expression);                   \
        if (status_ != STORE_OK)                                    \
            fail_msg("%s: %d: %s", #expression, status_, err.text); \
    } while (0)

/* F-1 is paid, F-2 open, F-3 paid but on hold; F-4 nobody knows. */
static void fill(struct sealed_store *w)
{
    struct register_db *db;
    bool changed;
    sealed_store_make(w);
    w->settings.retention_years = 5;
    w->settings.accounting_retention_years = 10;
    assert_ok(register_create(w->store, &err));
    assert_ok(register_open(w->store, STORE_WRITE, &db, &err));
    assert_ok(register_begin(db, &err));
    assert_ok(register_put_debtor(db, "D", "Debtor", &changed, &err));
    static char numbers[][4] = {"F-1", "F-2", "F-3"}, code[] = "D", currency[] = "EUR";
    for (size_t i = 0; i < 3; i++) {
        const struct register_invoice bill = {
            .number = numbers[i], .debtor = code, .currency = currency, .amount = 100};
        assert_ok(register_put_invoice(db, &bill, &changed, &err));
        if (i != 1)
            assert_ok(register_put_payment(db, numbers[i], "R", 100, "EUR", "2026-01-02", &changed,
                                           &err));
    }
    assert_ok(register_commit(db, &err));
    register_close(db);
    static const char *const all[] = {"F-1", "F-2", "F-3", "F-4"};
    for (size_t i = 0; i < 4; i++)
        sealed_store_add(w, &(struct wanted_entry){.event = "prepared",
                                                   .direction = "outbound",
                                                   .level = "prepared",
                                                   .invoice = all[i],
                                                   .message = MAIL});
    sealed_store_add(w, &(struct wanted_entry){.event = "payment", .invoice = "F-1"});
    sealed_store_add(w, &(struct wanted_entry){.event = "hold", .invoice = "F-3"});
    sealed_store_add(
        w, &(struct wanted_entry){.event = "note", .invoice = "F-1", .second_invoice = "F-2"});
    sealed_store_add(
        w, &(struct wanted_entry){.event = "reply", .direction = "inbound", .message = MAIL});
    sealed_store_add(w, &(struct wanted_entry){.event = "unrecorded"});
}

static void by_state_and_term(void **state)
{
    (void)state;
    struct sealed_store w;
    struct retention r = {0};
    int64_t now = (int64_t)time(NULL);
    fill(&w);
    assert_ok(retention_plan(&w.settings, now + 4 * (int64_t)YEAR, &r, &err));
    assert_int_equal(r.expired.count, 0);
    retention_free(&r);
    assert_ok(retention_plan(&w.settings, now + 6 * (int64_t)YEAR, &r, &err));
    assert_int_equal(r.count, 4);
    static const enum retention_state states[] = {RETENTION_RUNS, RETENTION_NOT_SETTLED,
                                                  RETENTION_HELD, RETENTION_UNKNOWN};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(r.cases[i].state, states[i]);
    assert_int_equal(r.cases[0].expired, 1); /* the message; not payment, nor the shared note */
    assert_int_equal(r.cases[0].left, 2);
    assert_true(r.cases[0].next > now + 6 * (int64_t)YEAR);
    assert_int_equal(r.unfiled, 2); /* the alarm, too */
    assert_int_equal(r.expired.count, 3);
    assert_int_equal(r.expired.items[0].seq, 1);
    assert_int_equal(r.expired.items[1].seq, 8);
    assert_int_equal(r.expired.items[2].seq, 9);
    retention_free(&r);
    assert_ok(retention_plan(&w.settings, now + 11 * (int64_t)YEAR, &r, &err));
    assert_int_equal(r.cases[0].expired, 2);
    retention_free(&r);
    sealed_store_remove(&w);
}

static void applied(void **state)
{
    (void)state;
    struct sealed_store w;
    struct retention r = {0};
    struct verdict v = {0};
    size_t erased;
    int64_t now = (int64_t)time(NULL), later = now + 11 * (int64_t)YEAR;
    const struct erase_order order = {.ground = "retention-expired", .by = "t", .actor = "t"};
    fill(&w);
    assert_ok(retention_plan(&w.settings, later, &r, &err));
    assert_ok(erase_order_run(&w.settings, &order, &r.expired, &erased, &err));
    assert_int_equal(erased, 4);
    assert_ok(log_erase_finish(&w.settings, 5000, &err));
    retention_free(&r);
    assert_ok(retention_plan(&w.settings, later, &r, &err));
    assert_int_equal(r.expired.count, 0);
    retention_free(&r);
    sealed_store_sign(&w);
    assert_ok(verify_log(&w.settings, now, NULL, &v, &err));
    assert_int_equal(v.count, 0);
    assert_int_equal(v.erased, 4);
    verdict_free(&v);
    sealed_store_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_state_and_term),
        cmocka_unit_test(applied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
