/*
 * test_money - amounts as accounting programs write them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/money.h"

static void accepted(const char *text, const char *currency, int64_t amount, const char *code)
{
    struct money m;
    const char *why;
    if (!money_parse(text, currency, &m, &why))
        fail_msg("\"%s\" %s", text, why);
    assert_int_equal(m.amount, amount);
    assert_string_equal(m.currency, code);
}

static void refused(const char *text, const char *currency, const char *because)
{
    struct money m;
    const char *why;
    if (money_parse(text, currency, &m, &why))
        fail_msg("\"%s\" was taken as %lld", text, (long long)m.amount);
    if (because)
        assert_string_equal(why, because);
}

static void test_french_and_english_forms(void **state)
{
    (void)state;
    accepted("1 234,56", NULL, 123456, "EUR");
    accepted("1\u00a0234,56", NULL, 123456, "EUR");
    accepted("1\u202f234,56 \u20ac", NULL, 123456, "EUR");
    accepted("1,234.56", NULL, 123456, "EUR");
    accepted("1.234,56", NULL, 123456, "EUR");
    accepted("1'234.50", "CHF", 123450, "CHF");
    accepted("1 234 567,8", NULL, 123456780, "EUR");
    accepted("1.234.567", NULL, 123456700, "EUR");
    accepted("1200", NULL, 120000, "EUR");
    accepted(" 1200.5 ", NULL, 120050, "EUR");
    accepted("0,5", NULL, 50, "EUR");
    accepted("12,5000", NULL, 1250, "EUR");
}

static void test_negative_forms(void **state)
{
    (void)state;
    accepted("-12,00", NULL, -1200, "EUR");
    accepted("12,00-", NULL, -1200, "EUR");
    accepted("(12,00)", NULL, -1200, "EUR");
    accepted("\u221212,00", NULL, -1200, "EUR");
    refused("(-12,00)", NULL, "is no amount");
    refused("(12,00", NULL, "is no amount");
    refused("--12", NULL, "is no amount");
}

static void test_currencies(void **state)
{
    (void)state;
    accepted("\u00a312.50", NULL, 1250, "GBP");
    accepted("12.50 USD", NULL, 1250, "USD");
    accepted("EUR 12,50", "EUR", 1250, "EUR");
    accepted("1,234", "JPY", 1234, "JPY");
    accepted("1200,500", "TND", 1200500, "TND");
    refused("12,50 USD", "EUR", "is in another currency than its column says");
    refused("12,50", "euros", "is in a currency that is no ISO 4217 code");
    assert_int_equal(currency_decimals("XPF"), 0);
    assert_int_equal(currency_decimals("KWD"), 3);
    assert_int_equal(currency_decimals("EUR"), 2);
}

static void test_not_guessed(void **state)
{
    (void)state;
    refused("1,234", NULL, "can be read two ways: write the decimals too");
    refused("12.345", NULL, "can be read two ways: write the decimals too");
    refused("1,234", "TND", "can be read two ways: write the decimals too");
    refused("0,123", NULL, "has more decimals than its currency");
    refused("12,345.678", NULL, "has more decimals than its currency");
    refused("12,50", "JPY", "has more decimals than its currency");
}

static void test_nonsense(void **state)
{
    (void)state;
    refused("", NULL, "is no amount");
    refused("EUR", NULL, "is no amount");
    refused("12 34", NULL, "is no amount");
    refused("1,23,45.6", NULL, "is no amount");
    refused("1.2.3,4,5", NULL, "is no amount");
    refused("12,", NULL, "is no amount");
    refused(",5", NULL, "is no amount");
    refused("12a", NULL, "is no amount");
    refused("12 EUR 3", NULL, "is no amount");
    refused("99999999999999999999", NULL, NULL);
    refused("92233720368547758,08", NULL, "is too large");
    accepted("92233720368547758,07", NULL, INT64_MAX, "EUR");
}

static void test_format(void **state)
{
    (void)state;
    char text[MONEY_CHARS];
    money_format(123456, "EUR", text);
    assert_string_equal(text, "1234.56");
    money_format(-5, "EUR", text);
    assert_string_equal(text, "-0.05");
    money_format(1234, "JPY", text);
    assert_string_equal(text, "1234");
    money_format(INT64_MIN, "TND", text);
    assert_string_equal(text, "-9223372036854775.808");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_french_and_english_forms),
        cmocka_unit_test(test_negative_forms),
        cmocka_unit_test(test_currencies),
        cmocka_unit_test(test_not_guessed),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
