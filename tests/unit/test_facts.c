/*
 * test_facts - answers of the store, looked into (policy/facts.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy/facts.h"

static void test_invoice(void **state)
{
    (void)state;
    struct fact_invoice invoices[] = {{.number = (char *)(uintptr_t) "F-1"},
                                      {.number = (char *)(uintptr_t) "F-10"}};
    struct facts f = {.invoices = invoices, .invoice_count = 2};
    assert_ptr_equal(facts_invoice(&f, "F-10"), &invoices[1]);
    assert_null(facts_invoice(&f, "f-1"));
    assert_null(facts_invoice(&f, "F-2"));
}

static void test_contact(void **state)
{
    (void)state;
    struct query q = {0};
    assert_true(strings_add(&q.addresses, "a@b.example"));
    assert_true(strings_add(&q.addresses, "c@d.example"));
    char debtor[] = "D1", other[] = "D2";
    /* the third names an address that was never asked about */
    struct fact_contact contacts[] = {{1, debtor, true}, {0, other, false}, {7, debtor, false}};
    struct facts f = {.contacts = contacts, .contact_count = 3};
    assert_true(facts_is_contact(&f, &q, "c@d.example", "D1"));
    assert_false(facts_is_contact(&f, &q, "c@d.example", "D2"));
    assert_false(facts_is_contact(&f, &q, "a@b.example", "D1"));
    assert_true(facts_is_contact(&f, &q, "a@b.example", "D2"));
    assert_false(facts_is_contact(&f, &q, "x@y.example", "D1"));
    query_free(&q);
}

static void test_freeing(void **state)
{
    (void)state;
    struct query q = {0};
    assert_true(strings_add(&q.ids, "<a@b>") && strings_add(&q.numbers, "F-1") &&
                tokens_add(&q.tokens, 1));
    query_free(&q);
    assert_int_equal(q.tokens.count, 0);
    assert_null(q.ids.items);

    struct facts f = {.invoices = calloc(1, sizeof *f.invoices),
                      .invoice_count = 1,
                      .entries = calloc(1, sizeof *f.entries),
                      .entry_count = 1,
                      .contacts = calloc(1, sizeof *f.contacts),
                      .contact_count = 1};
    assert_true(f.invoices && f.entries && f.contacts);
    f.invoices->number = strdup("F-1");
    f.invoices->debtor = strdup("D");
    f.entries->id = strdup("<a@b>");
    assert_true(strings_add(&f.entries->invoices, "F-1"));
    assert_true(strings_add(&f.entries->recipients, "a@b"));
    f.contacts->debtor = strdup("D");
    facts_free(&f); /* the leak checker is the judge */
    assert_null(f.entries);
    assert_int_equal(f.invoice_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invoice),
        cmocka_unit_test(test_contact),
        cmocka_unit_test(test_freeing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
