/*
 * test_erasure - grounds, what may be erased, and when retention ends
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy/erasure.h"

static void the_list_is_closed(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct erasure_ground *g; (g = erasure_ground_at(count)); count++) {
        assert_ptr_equal(erasure_ground(g->name), g);
        assert_true(*g->words[LANGUAGE_FR] && *g->words[LANGUAGE_EN]);
    }
    assert_int_equal(count, 8);
    assert_null(erasure_ground("because"));
    assert_null(erasure_ground(""));
    assert_null(erasure_ground(NULL));
}

static void what_shows_how_the_log_was_kept_stays(void **state)
{
    (void)state;
    static const char *const kept[] = {"erasure", "hold", "release", "export",     "init",
                                       "start",   "stop", "restore", "checkpoint", "timestamp"};
    static const char *const others[] = {"prepared", "reply", "note", "payment", "assign", "dsn"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_false(erasure_allowed(kept[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(erasure_allowed(others[i]));
    assert_false(erasure_allowed(""));
    assert_false(erasure_allowed(NULL));
}

enum { DAY = 86400 };
static const int64_t NOON = 1792152000; /* 2026-10-16T12:00:00Z */

static void retention_by_the_calendar(void **state)
{
    (void)state;
    const struct retention_years years = {5, 10};
    assert_int_equal(retention_end(NOON, NOON - DAY, "reply", &years),
                     NOON + 5 * 365 * DAY + DAY); /* 2028 */
    assert_int_equal(retention_end(NOON, NOON - DAY, "payment", &years),
                     NOON + 10 * 365 * DAY + 3 * DAY); /* 2028, 2032, 2036 */
    assert_true(retention_is_accounting("payment"));
    assert_false(retention_is_accounting("prepared"));
}

static void an_entry_after_the_settlement_has_its_own_term(void **state)
{
    (void)state;
    const struct retention_years years = {1, 10};
    assert_int_equal(retention_end(NOON, NOON + 30 * DAY, "note", &years),
                     NOON + 395 * (int64_t)DAY);
}

static void leap_day(void **state)
{
    (void)state;
    const struct retention_years years = {1, 10};
    assert_int_equal(retention_end(1835395200, 0, "note", &years), /* 2028-02-29 */
                     1867017600);                                  /* 2029-03-01 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_closed),
        cmocka_unit_test(what_shows_how_the_log_was_kept_stays),
        cmocka_unit_test(retention_by_the_calendar),
        cmocka_unit_test(an_entry_after_the_settlement_has_its_own_term),
        cmocka_unit_test(leap_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
