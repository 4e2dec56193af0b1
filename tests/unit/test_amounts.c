/*
 * test_amounts - is an amount named in a text, as people write it, and only as a number of its own?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/amounts.h"

static const struct {
    const char *text;
    int64_t amount;
    bool stands;
} cases[] = {
    {"F-2026-0001, 1 200,00 EUR", 120000, true},
    {"1200", 120000, true},
    {"EUR 1,200.00", 120000, true},
    {"1.200,00\xc2\xa0€", 120000, true},
    {"1\xe2\x80\xaf\x32\x30\x30,00 €", 120000, true},
    {"le 15/12 : 1 200,00 €.", 120000, true},
    {"solde 1200,00 15/12", 120000, true},
    {"1 200,50", 120000, false},
    {"11 200,00", 120000, false},
    {"F-1200", 120000, false},
    {"01/1200", 120000, false},
    {"A1200", 120000, false},
    {"1200A", 120000, false},
    {"1200-1", 120000, false},
    {"", 120000, false},
    {"0", 0, false},
    {"12.00", 1200, true},
    {"99999999999999999999999999999999999999999999", 120000, false},
};

static void test_amounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (amount_stands_in(cases[i].text, cases[i].amount, "EUR") != cases[i].stands)
            fail_msg("\"%s\": %s", cases[i].text, cases[i].stands ? "not found" : "found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_amounts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
