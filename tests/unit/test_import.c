/*
 * test_import - tables of accounting programs: what the columns mean, which lines are bad
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/import.h"

static void parse(const char *text, struct import *plan)
{
    assert_true(import_parse(text, strlen(text), "/tmp/table.csv", plan));
}

/* The problem of a line says this. */
static void has_problem(const struct import *plan, unsigned line, const char *what)
{
    char head[40];
    snprintf(head, sizeof head, "table.csv:%u: ", line);
    for (size_t i = 0; i < plan->problems.count; i++)
        if (strncmp(plan->problems.items[i], head, strlen(head)) == 0 &&
            strstr(plan->problems.items[i], what))
            return;
    for (size_t i = 0; i < plan->problems.count; i++)
        print_error("%s\n", plan->problems.items[i]);
    fail_msg("no problem in line %u says \"%s\"", line, what);
}

static void test_french_invoices(void **state)
{
    (void)state;
    struct import plan;
    parse("N\u00b0 de facture;Code client;Raison sociale;Montant HT;Montant TTC;Devise;"
          "Date d'\u00e9mission;Date d'\u00e9ch\u00e9ance\n"
          "F-2026-001;ACME;Acme SA;1 000,00;1 200,00;EUR;01/10/2026;31/10/2026\n",
          &plan);
    assert_int_equal(plan.map.kind, IMPORT_INVOICES);
    assert_int_equal(plan.problems.count, 0);
    assert_int_equal(plan.count, 1);
    const struct import_row *row = &plan.rows[0];
    assert_string_equal(row->text[COLUMN_INVOICE], "F-2026-001");
    assert_string_equal(row->text[COLUMN_DEBTOR], "ACME");
    assert_string_equal(row->text[COLUMN_NAME], "Acme SA");
    assert_int_equal(row->amount, 120000);
    assert_string_equal(row->currency, "EUR");
    assert_string_equal(row->text[COLUMN_ISSUED], "2026-10-01");
    assert_string_equal(row->text[COLUMN_DUE], "2026-10-31");
    assert_string_equal(plan.name, "table.csv");
    assert_int_equal(strlen(plan.sha256), 64);
    import_free(&plan);
}

static void test_english_kinds(void **state)
{
    (void)state;
    struct import plan;
    parse("number,debtor,amount,currency,issued,due\nA1,D,\"1,200.00\",GBP,2026-10-01,2026-10-31\n",
          &plan);
    assert_int_equal(plan.map.kind, IMPORT_INVOICES);
    assert_int_equal(plan.rows[0].amount, 120000);
    import_free(&plan);
    parse("debtor,address,name\nD,Bob@Debtor.EXAMPLE,Bob\nD,@Debtor.example,\nD,shop.example,\n",
          &plan);
    assert_int_equal(plan.map.kind, IMPORT_CONTACTS);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.rows[0].text[COLUMN_ADDRESS], "bob@debtor.example");
    assert_string_equal(plan.rows[1].text[COLUMN_ADDRESS], "@debtor.example");
    assert_string_equal(plan.rows[2].text[COLUMN_ADDRESS], "@shop.example");
    import_free(&plan);
    parse("invoice,amount,date,reference\nA1,100.00,2026-11-01,BANK-1\n", &plan);
    assert_int_equal(plan.map.kind, IMPORT_PAYMENTS);
    assert_string_equal(plan.rows[0].text[COLUMN_REFERENCE], "BANK-1");
    import_free(&plan);
}

static void test_header_must_tell(void **state)
{
    (void)state;
    struct import plan;
    static const struct {
        const char *header, *what;
    } cases[] = {
        {"facture;client;montant HT;\u00e9ch\u00e9ance\n", "amount with tax"},
        {"facture;montant TTC;\u00e9ch\u00e9ance\n", "debtor's code"},
        {"client;montant TTC;\u00e9ch\u00e9ance\n", "invoice number"},
        {"nom;courriel\n", "debtor's code"},
        {"F-1;ACME;120,00\n", "first line"},
        {"", "empty"},
        /* invoices without due date are not payments */
        {"facture;client;montant TTC;date\nF-1;ACME;120,00;01/10/2026\n", "what its date is"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parse(cases[i].header, &plan);
        assert_int_equal(plan.map.kind, IMPORT_UNKNOWN);
        assert_int_equal(plan.count, 0);
        has_problem(&plan, 1, cases[i].what);
        import_free(&plan);
    }
}

static void test_bad_lines_are_skipped(void **state)
{
    (void)state;
    struct import plan;
    parse("facture;client;montant ttc;\u00e9ch\u00e9ance\n"
          "F-1;A;100,00;31/12/2026\n"
          "F-2;A;abc;31/12/2026\n"
          "F-3;A;100,00;31/02/2026\n"
          ";A;100,00;31/12/2026\n"
          ";;;\n"
          "F-4;;100,00;31/12/2026\n"
          "F-5;A;100;00;31/12/2026\n"
          "\"F-6;A;100,00;31/12/2026\n"
          "F-7;A;1,234;31/12/2026\n"
          "F-8;A;100,00;31/12/2026\n",
          &plan);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.skipped, 7);
    has_problem(&plan, 3, "is no amount");
    has_problem(&plan, 4, "no day of the calendar");
    has_problem(&plan, 5, "is empty");
    has_problem(&plan, 7, "is empty");
    has_problem(&plan, 8, "5 fields");
    has_problem(&plan, 9, "never closed");
    has_problem(&plan, 10, "two ways");
    assert_string_equal(plan.rows[1].text[COLUMN_INVOICE], "F-8");
    assert_int_equal(plan.rows[1].line, 11);
    import_free(&plan);
}

static void test_contradictions(void **state)
{
    (void)state;
    struct import plan;
    parse("invoice;debtor;name;amount;due\n"
          "F-1;A;Acme;100,00;31/12/2026\n"
          "F-1;A;Acme;100,00;31/12/2026\n"
          "F-1;A;Acme;200,00;31/12/2026\n"
          "F-2;A;ACME SA;100,00;31/12/2026\n"
          "F-3;A;;100,00;31/12/2026\n",
          &plan);
    assert_int_equal(plan.count, 3);
    assert_int_equal(plan.unchanged, 1);
    has_problem(&plan, 4, "about the same invoice as line 2");
    for (size_t i = 0; i < plan.count; i++)
        assert_string_equal(plan.rows[i].text[COLUMN_NAME], "Acme");
    import_free(&plan);
}

static void test_derived_references(void **state)
{
    (void)state;
    struct import plan;
    parse("invoice;amount;payment date\n"
          "F-1;100,00;01/11/2026\n"
          "F-1;100.00;2026-11-01\n"
          "F-2;100,00;01/11/2026\n",
          &plan);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.rows[0].text[COLUMN_REFERENCE], "2026-11-01 100.00 #1");
    assert_string_equal(plan.rows[1].text[COLUMN_REFERENCE], "2026-11-01 100.00 #2");
    assert_string_equal(plan.rows[2].text[COLUMN_REFERENCE], "2026-11-01 100.00 #1");
    import_free(&plan);
}

static void test_hostile_texts(void **state)
{
    (void)state;
    struct import plan;
    struct bytes text = {0};
    assert_true(bytes_puts(&text, "debtor;address;name\nA;a@b.example;\"two\nlines\"\nB\x1b[2J;"
                                  "a@b.example;x\nC;a@b.example@c.example;x\nC;a b@c.example;x\n"
                                  "C;nodomain;x\nD;a@b.example;"));
    for (int i = 0; i < 300; i++)
        assert_true(bytes_puts(&text, "x"));
    assert_true(import_parse(text.data, text.len, "table.csv", &plan));
    assert_int_equal(plan.count, 1);
    assert_string_equal(plan.rows[0].text[COLUMN_NAME], "two lines");
    has_problem(&plan, 4, "control character");
    has_problem(&plan, 5, "neither an address nor a domain");
    has_problem(&plan, 6, "neither an address nor a domain");
    has_problem(&plan, 7, "neither an address nor a domain");
    has_problem(&plan, 8, "longer than 200");
    import_free(&plan);
    bytes_free(&text);
}

static void test_problems_are_bounded(void **state)
{
    (void)state;
    struct import plan;
    struct bytes text = {0};
    assert_true(bytes_puts(&text, "debtor;address\n"));
    for (int i = 0; i < 3000; i++)
        assert_true(bytes_puts(&text, "A;b\n"));
    assert_true(import_parse(text.data, text.len, "table.csv", &plan));
    assert_int_equal(plan.skipped, 3000);
    assert_int_equal(plan.problems.count, 1001);
    import_free(&plan);
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_french_invoices),  cmocka_unit_test(test_english_kinds),
        cmocka_unit_test(test_header_must_tell), cmocka_unit_test(test_bad_lines_are_skipped),
        cmocka_unit_test(test_contradictions),   cmocka_unit_test(test_derived_references),
        cmocka_unit_test(test_hostile_texts),    cmocka_unit_test(test_problems_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
