/*
 * test_date - plain dates as accounting programs write them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/date.h"

static void accepted(const char *text, const char *expected)
{
    char date[DATE_CHARS + 1];
    const char *why;
    if (!date_parse(text, date, &why))
        fail_msg("\"%s\" %s", text, why);
    assert_string_equal(date, expected);
}

static void refused(const char *text, const char *because)
{
    char date[DATE_CHARS + 1];
    const char *why;
    assert_false(date_parse(text, date, &why));
    assert_string_equal(why, because);
    assert_string_equal(date, "");
}

static void test_forms(void **state)
{
    (void)state;
    accepted("2026-12-31", "2026-12-31");
    accepted("2026/1/2", "2026-01-02");
    accepted("31/12/2026", "2026-12-31");
    accepted("1.2.2026", "2026-02-01");
    accepted("31-12-2026", "2026-12-31");
    accepted("31/12/26", "2026-12-31");
    accepted("20261231", "2026-12-31");
    accepted(" 31/12/2026 ", "2026-12-31");
    accepted("31/12/2026 00:00:00", "2026-12-31");
    accepted("2026-12-31T23:59:59.000Z", "2026-12-31");
}

static void test_calendar(void **state)
{
    (void)state;
    accepted("29/02/2028", "2028-02-29");
    accepted("29/02/2000", "2000-02-29");
    refused("29/02/2026", "is no day of the calendar");
    refused("29/02/2100", "is no day of the calendar");
    refused("31/04/2026", "is no day of the calendar");
    refused("00/04/2026", "is no day of the calendar");
    refused("01/00/2026", "is no day of the calendar");
    refused("12/31/2026", "has a month above 12 (the day stands before the month)");
    refused("31/12/1026", "has a year out of range");
}

static void test_nonsense(void **state)
{
    (void)state;
    refused("", "is no date");
    refused("demain", "is no date");
    refused("31/12-2026", "is no date");
    refused("31/12", "is no date");
    refused("31/12/202", "is no date");
    refused("31/12/20266", "is no date");
    refused("202612311", "is no date");
    refused("2026-12-31x", "is no date");
    refused("2026-12-31 x", "is no date");
    refused("46022", "is no date"); /* a spreadsheet's serial number */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
