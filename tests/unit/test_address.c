/*
 * test_address - normal form, address lists, plus addresses (policy/address.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/message.h"
#include "policy/text.h"

#define TOKEN "abcdefghijklmnopqrstuvwxy2"

static void expect_normal(const char *address, const char *expected)
{
    char *normal = address_normalise(address);
    assert_string_equal(normal, expected);
    free(normal);
}

static void test_normal_form(void **state)
{
    (void)state;
    expect_normal("Jeanne@Creditor.EXAMPLE", "jeanne@creditor.example");
    expect_normal("jeanne@creditor.example.", "jeanne@creditor.example");
    expect_normal("\"jeanne.d\"@a.example", "jeanne.d@a.example");
    expect_normal("\"jeanne d\"@a.example", "\"jeanne d\"@a.example");
    expect_normal("\"a..b\"@a.example", "\"a..b\"@a.example");
    expect_normal("a@b@c.example", "a@b@c.example");
    expect_normal("user@[IPv6:2001:DB8::1]", "user@[ipv6:2001:db8::1]");
    expect_normal("", "");
    expect_normal("Postmaster", "postmaster");
    expect_normal("x@", "x@");
}

static void test_eai_addresses_match(void **state)
{
    (void)state;
    expect_normal("Jérôme@EXÄMPLE.de", "jérôme@xn--exmple-cua.de");
    /* decomposed accents, upper case, and the A-label form of the same address */
    expect_normal("JE\xcc\x81ro\xcc\x82me@exa\xcc\x88mple.de", "jérôme@xn--exmple-cua.de");
    expect_normal("jérôme@XN--EXMPLE-CUA.de", "jérôme@xn--exmple-cua.de");
    expect_normal("a@exämple。de。", "a@xn--exmple-cua.de");
}

static void test_odd_octets_are_only_lowered(void **state)
{
    (void)state;
    expect_normal("J\xff@A.Example", "j\xff@a.example");
    expect_normal("A@\xff.EXAMPLE", "a@\xff.example");
    char *big = malloc(1 << 20);
    memset(big, 'X', (1 << 20) - 1);
    big[(1 << 20) - 1] = '\0';
    memcpy(big + 500000, "@\xc3\x89", 3);
    char *normal = address_normalise(big);
    assert_int_equal(strlen(normal), (1 << 20) - 1);
    assert_int_equal(normal[0], 'x');
    free(normal);
    free(big);
}

static void test_domains(void **state)
{
    (void)state;
    char *domain = domain_normalise("Exämple.DE.");
    assert_string_equal(domain, "xn--exmple-cua.de");
    free(domain);
    domain = domain_normalise("...");
    assert_string_equal(domain, "");
    free(domain);
    assert_string_equal(address_domain("a@b@c"), "c");
    assert_string_equal(address_domain("nobody"), "");
}

static void expect_list(const char *value, const char *joined)
{
    struct strings found = {0};
    struct bytes text = {0};
    assert_true(address_list_parse(value, &found));
    for (size_t i = 0; i < found.count; i++)
        assert_true(bytes_printf(&text, "%s%s", i ? " " : "", found.items[i]));
    assert_string_equal(text.data ? text.data : "", joined);
    bytes_free(&text);
    strings_free(&found);
}

static void test_lists(void **state)
{
    (void)state;
    expect_list(" Jeanne Martin <Jeanne@Creditor.Example>", "jeanne@creditor.example");
    expect_list("\"Doe, X\" <d@x.example> (not <e@f>),\n\tg@h.example", "d@x.example g@h.example");
    expect_list("=?utf-8?Q?J=C3=A9r=C3=B4me?= <j@x.example>", "j@x.example");
    expect_list("J\xe9r\xf4me <j@x.example>", "j@x.example");
    expect_list("j\xe9r\xf4me@x.example, k@x.example", "k@x.example");
    expect_list("jérôme@exämple.de", "jérôme@xn--exmple-cua.de");
    expect_list("compta: a@b.example, c@d.example;, e@f.example",
                "a@b.example c@d.example e@f.example");
    expect_list("undisclosed-recipients:;", "");
    expect_list("Mailer Daemon", "");
    expect_list("", "");
    expect_list("<@relay.example:a@b.example>", "a@b.example");
    /* what looks like another address does not count: display name, comment, encoded word */
    expect_list("\"jeanne@creditor.example\" <evil@x.example>", "evil@x.example");
    expect_list("=?utf-8?Q?jeanne=40creditor.example?= <evil@x.example>", "evil@x.example");
    expect_list("evil@x.example (<jeanne@creditor.example>)", "evil@x.example");
}

static void test_hostile_lists(void **state)
{
    (void)state;
    static const char *const units[] = {"a:",         "(",    "\"", "<", "a@b.example,",
                                        "=?utf-8?Q?", "\xff", "\\", "[", "a@b.example;",
                                        "a,"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct bytes value = {0};
        while (value.len < 1 << 20)
            assert_true(bytes_puts(&value, units[i]));
        struct strings found = {0};
        assert_true(address_list_parse(value.data, &found));
        assert_true(found.count <= ADDRESSES_MAX);
        strings_free(&found);
        bytes_free(&value);
    }
}

static void test_address_limit(void **state)
{
    (void)state;
    struct bytes value = {0};
    for (int i = 0; i < 1500; i++)
        assert_true(bytes_printf(&value, "a%d@b.example, ", i));
    struct strings found = {0};
    assert_true(address_list_parse(value.data, &found));
    assert_int_equal(found.count, ADDRESSES_MAX);
    assert_true(address_list_parse("one@more.example", &found));
    assert_int_equal(found.count, ADDRESSES_MAX);
    strings_free(&found);
    bytes_free(&value);
}

static void test_tag(void **state)
{
    (void)state;
    bool too_long;
    char *tagged = address_tag("jeanne@a.example", '+', "xyz", &too_long);
    assert_string_equal(tagged, "jeanne+gxyz@a.example");
    free(tagged);
    tagged = address_tag("\"jeanne d\"@a.example", '-', TOKEN, &too_long);
    assert_string_equal(tagged, "\"jeanne d-g" TOKEN "\"@a.example");
    char *plain = address_untag(tagged, '-');
    assert_string_equal(plain, "\"jeanne d\"@a.example");
    free(plain);
    free(tagged);
    assert_null(address_tag("nobody", '+', TOKEN, &too_long));
    assert_false(too_long);
    assert_null(address_tag("@a.example", '+', TOKEN, &too_long));
    assert_false(too_long);
}

static void test_tag_fits_64_octets(void **state)
{
    (void)state;
    bool too_long;
    /* 36 octets and "+g" and 26 are 64 */
    char *tagged =
        address_tag("a23456789b123456789c123456789d123456@a.example", '+', TOKEN, &too_long);
    assert_non_null(tagged);
    assert_false(too_long);
    assert_int_equal(strcspn(tagged, "@"), 64);
    free(tagged);
    assert_null(
        address_tag("a23456789b123456789c123456789d1234567@a.example", '+', TOKEN, &too_long));
    assert_true(too_long);
}

static void test_untag(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"jeanne+g" TOKEN "@a.example", "jeanne@a.example"},
        {"jeanne+facture+G" TOKEN "@a.example", "jeanne+facture@a.example"},
        {"jeanne+g" TOKEN "a@a.example", "jeanne+g" TOKEN "a@a.example"},
        {"jeanne-g" TOKEN "@a.example", "jeanne-g" TOKEN "@a.example"},
        {"+g" TOKEN "@a.example", "+g" TOKEN "@a.example"},
        {"jeanne@a.example", "jeanne@a.example"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *plain = address_untag(pairs[i][0], '+');
        assert_string_equal(plain, pairs[i][1]);
        free(plain);
    }
}

static void expect_text(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    free(text);
}

static void test_text(void **state)
{
    (void)state;
    expect_text(text_clean(" a\r\n\tb\nc \x01 "), "a b c");
    expect_text(text_clean("\xff"), "\xef\xbf\xbd");
    expect_text(text_clean("a\u202efdp.exe\u2066\xe2\x80"), "a\ufffdfdp.exe\ufffd\ufffd\ufffd");
    expect_text(text_clean("\u202f\u2065\u206a"), "\u202f\u2065\u206a");
    expect_text(text_decode(" =?iso-8859-1?Q?R=E9ponse?=\n =?utf-8?B?w6k=?="), "Réponseé");
    expect_text(text_decode("=?utf-8?Q?a=0D=0ABcc:_x=C2=85y?="), "a  Bcc: x  y");
    expect_text(text_decode("=?utf-8?Q?trunc"), "=?utf-8?Q?trunc");
    expect_text(text_fold("  RE\xcc\x81P\xc2\xa0:\t X "), "rép : x");
    assert_true(text_has_control("a\0b", 3));
    assert_false(text_has_control("a\tb", 3));
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_eai_addresses_match),
        cmocka_unit_test(test_odd_octets_are_only_lowered),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_hostile_lists),
        cmocka_unit_test(test_address_limit),
        cmocka_unit_test(test_tag),
        cmocka_unit_test(test_tag_fits_64_octets),
        cmocka_unit_test(test_untag),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
