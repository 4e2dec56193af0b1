/*
 * test_clock - jumps of the clock are noticed, slewing and suspension are not
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/clock.h"

#define SECOND ((int64_t)1000000)
#define HOUR (3600 * SECOND)
#define EPOCH (1800000000 * SECOND)

static struct clock_reading at(int64_t boot, int64_t ahead, bool synchronised)
{
    return (struct clock_reading){.real_us = EPOCH + boot + ahead,
                                  .boot_us = boot,
                                  .told = true,
                                  .synchronised = synchronised};
}

static void jumps_are_told(void **state)
{
    (void)state;
    static const struct {
        int64_t boot, ahead, step;
    } looks[] = {
        {1 * SECOND, 0, 0},
        {2 * SECOND, 0, 0},
        {3 * SECOND, 500, 0}, /* slewed */
        {HOUR, 500, 0},       /* suspended for long */
        {HOUR + SECOND, 500 + CLOCK_STEP_US, CLOCK_STEP_US},
        {HOUR + 2 * SECOND, 500 + CLOCK_STEP_US, 0},                     /* told once */
        {HOUR + 3 * SECOND, -7 * HOUR, -7 * HOUR - 500 - CLOCK_STEP_US}, /* back-dated */
        {HOUR + 4 * SECOND, -7 * HOUR, 0},
    };
    struct clock_watch w = {0};
    struct clock_change c;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct clock_reading now = at(looks[i].boot, looks[i].ahead, true);
        assert_int_equal(clock_changed(&w, &now, &c), looks[i].step != 0);
        assert_true(c.step_us == looks[i].step);
        assert_false(c.synchronisation);
    }
}

static void synchronisation_is_told_at_most_once_an_hour(void **state)
{
    (void)state;
    struct clock_watch w = {0};
    struct clock_change c;
    struct clock_reading now = at(SECOND, 0, true);
    assert_false(clock_changed(&w, &now, &c));
    now = at(2 * SECOND, 0, false);
    assert_true(clock_changed(&w, &now, &c) && c.synchronisation);
    now = at(3 * SECOND, 0, true);
    assert_false(clock_changed(&w, &now, &c)); /* it flaps */
    now = at(2 * HOUR, 0, true);
    assert_true(clock_changed(&w, &now, &c) && c.synchronisation);
    now = at(4 * HOUR, 0, false);
    now.told = false;
    assert_false(clock_changed(&w, &now, &c)); /* not told is not "not synchronised" */
}

static void the_kernel_is_asked(void **state)
{
    (void)state;
    struct clock_reading now;
    int tries = 0;
    while (!clock_read(&now))
        assert_true(++tries < 100);
    assert_true(now.real_us > EPOCH / 2);
    struct clock_watch w = {0};
    assert_null(clock_news(&w)); /* the first look */
}

static void as_json(void **state)
{
    (void)state;
    struct clock_reading now = at(SECOND, 0, false);
    now.offset_us = -12;
    now.maximum_error_us = 16000000;
    json_t *json = clock_json(&now, -3 * SECOND);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"maximum_error_us\":16000000,\"offset_us\":-12,"
                              "\"step_us\":-3000000,\"synchronised\":false}");
    free(text);
    json_decref(json);
    now.told = false;
    json = clock_json(&now, 0);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "not told");
    assert_null(json_object_get(json, "synchronised"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jumps_are_told),
        cmocka_unit_test(synchronisation_is_told_at_most_once_an_hour),
        cmocka_unit_test(the_kernel_is_asked),
        cmocka_unit_test(as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
