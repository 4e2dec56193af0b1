/*
 * recipients - comparing what was read of a report's recipients
 *
 * Used by the tests of bounces and of delivery status notifications.
 */
#ifndef TEMOIN_TESTS_RECIPIENTS_H
#define TEMOIN_TESTS_RECIPIENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/understood.h"

/* NULL: absent. */
static void same(const char *got, const char *want)
{
    if (want)
        assert_non_null(got);
    else
        assert_null(got);
    if (want)
        assert_string_equal(got, want);
}

static void check(const struct understood *u, size_t i, const char *final, const char *original,
                  const char *action, const char *status)
{
    assert_true(i < u->recipient_count);
    same(u->recipients[i].final, final);
    same(u->recipients[i].original, original);
    same(u->recipients[i].action, action);
    same(u->recipients[i].status, status);
}

#endif
