/*
 * test_csv - tables as accounting programs export them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/csv.h"

static void decoded(const char *data, size_t len, const char *text, const char *charset)
{
    struct bytes out = {0};
    const char *found;
    assert_true(csv_decode(data, len, &out, &found));
    assert_string_equal(out.data ? out.data : "", text);
    assert_string_equal(found, charset);
    bytes_free(&out);
}

static void test_charsets(void **state)
{
    (void)state;
    decoded("\xc3\xa9", 2, "\u00e9", "UTF-8");
    decoded("\xef\xbb\xbf\xc3\xa9", 5, "\u00e9", "UTF-8");
    decoded("\xe9\x80", 2, "\u00e9\u20ac", "Windows-1252");
    decoded("\xff\xfe\xe9\0;\0", 6, "\u00e9;", "UTF-16LE");
    decoded("\xfe\xff\0\xe9\0;", 6, "\u00e9;", "UTF-16BE");
    decoded("a\0;\0b\0\n\0", 8, "a;b\n", "UTF-16LE");
    decoded("", 0, "", "UTF-8");
}

static void test_undecodable(void **state)
{
    (void)state;
    struct bytes out = {0};
    const char *charset;
    assert_false(csv_decode("\xff\xfe\xe9", 3, &out, &charset));
    assert_false(csv_decode("a;b\0;c;defgh;\xe9", 15, &out, &charset));
    bytes_free(&out);
}

/* Expect these fields in the next row. */
static void row_is(struct csv *c, struct strings *row, unsigned line, size_t count,
                   const char *const *fields)
{
    assert_int_equal(csv_next(c, row, NULL), CSV_ROW);
    assert_int_equal(c->line, line);
    assert_int_equal(row->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(row->items[i], fields[i]);
}
#define ROW(c, row, line, ...)                                                   \
    row_is(c, row, line, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
           (const char *const[]){__VA_ARGS__})

static void test_rows(void **state)
{
    (void)state;
    static const char text[] =
        "\r\na;\"b, c\"; d \r\n\n\"x\"\"y\";\"two\r\nlines\";\u00a0z\u00a0\r1;2;";
    struct csv c;
    struct strings row = {0};
    csv_open(&c, text, strlen(text));
    assert_int_equal(c.separator, ';');
    ROW(&c, &row, 2, "a", "b, c", "d");
    ROW(&c, &row, 4, "x\"y", "two\nlines", "z");
    ROW(&c, &row, 6, "1", "2", "");
    assert_int_equal(csv_next(&c, &row, NULL), CSV_END);
    strings_free(&row);
}

static void test_separators(void **state)
{
    (void)state;
    struct csv c;
    csv_open(&c, "a\tb,c\td\n", 8);
    assert_int_equal(c.separator, '\t');
    csv_open(&c, "a,b,c;d\n;;;;;;", 14);
    assert_int_equal(c.separator, ',');
    csv_open(&c, "\";;;\",b", 7);
    assert_int_equal(c.separator, ',');
}

static void test_bad_rows_do_not_swallow(void **state)
{
    (void)state;
    static const char text[] = "a;b\n\"open;1\nc;d\n\"x\"y;z\ne;f";
    struct csv c;
    struct strings row = {0};
    const char *why = NULL;
    csv_open(&c, text, strlen(text));
    ROW(&c, &row, 1, "a", "b");
    assert_int_equal(csv_next(&c, &row, &why), CSV_BAD);
    assert_int_equal(c.line, 2);
    assert_non_null(why);
    ROW(&c, &row, 3, "c", "d");
    assert_int_equal(csv_next(&c, &row, &why), CSV_BAD);
    assert_int_equal(c.line, 4);
    ROW(&c, &row, 5, "e", "f");
    assert_int_equal(csv_next(&c, &row, &why), CSV_END);
    strings_free(&row);
}

static void test_limits(void **state)
{
    (void)state;
    struct bytes text = {0};
    struct strings row = {0};
    struct csv c;
    const char *why = NULL;
    for (int i = 0; i < 300; i++)
        assert_true(bytes_puts(&text, ";"));
    assert_true(bytes_puts(&text, "\n"));
    for (int i = 0; i <= CSV_FIELD_MAX; i++)
        assert_true(bytes_puts(&text, "x"));
    assert_true(bytes_puts(&text, "\n\""));
    for (int i = 0; i <= CSV_FIELD_MAX; i++)
        assert_true(bytes_puts(&text, "x"));
    assert_true(bytes_puts(&text, "\"\nok"));
    csv_open(&c, text.data, text.len);
    for (int i = 0; i < 3; i++)
        assert_int_equal(csv_next(&c, &row, &why), CSV_BAD);
    ROW(&c, &row, 4, "ok");
    strings_free(&row);
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_charsets), cmocka_unit_test(test_undecodable),
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_separators),
        cmocka_unit_test(test_limits),   cmocka_unit_test(test_bad_rows_do_not_swallow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
