/*
 * test_bytes - growing byte strings and lists of strings (policy/bytes.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bytes.h"

static void test_append(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_true(bytes_append(&b, "a\0b", 3));
    assert_true(bytes_append(&b, NULL, 0));
    assert_true(bytes_puts(&b, "cd"));
    assert_true(bytes_puts(&b, NULL));
    assert_true(bytes_printf(&b, "%u-%s", 12u, "x"));
    assert_int_equal(b.len, 9);
    assert_memory_equal(b.data, "a\0bcd12-x", 10);
    bytes_free(&b);
    assert_null(b.data);
    assert_int_equal(b.len, 0);
}

static void test_grows(void **state)
{
    (void)state;
    struct bytes b = {0};
    for (int i = 0; i < 100000; i++)
        assert_true(bytes_append(&b, "0123456789", 10));
    assert_int_equal(b.len, 1000000);
    assert_memory_equal(b.data + 999990, "0123456789", 11);
    assert_true(bytes_printf(&b, "%0*d", 5000, 7));
    assert_int_equal(b.len, 1005000);
    assert_int_equal(b.data[1004999], '7');
    bytes_free(&b);
}

static void test_refuses_impossible_sizes(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_true(bytes_puts(&b, "kept"));
    assert_false(bytes_reserve(&b, SIZE_MAX));
    assert_false(bytes_reserve(&b, SIZE_MAX - 4));
    assert_string_equal(b.data, "kept");
    bytes_free(&b);
}

static void test_steal(void **state)
{
    (void)state;
    struct bytes b = {0};
    char *text = bytes_steal(&b);
    assert_string_equal(text, "");
    free(text);
    assert_true(bytes_puts(&b, "x"));
    text = bytes_steal(&b);
    assert_string_equal(text, "x");
    assert_null(b.data);
    assert_int_equal(b.room, 0);
    free(text);
}

static void test_strings(void **state)
{
    (void)state;
    struct strings s = {0}, all = {0};
    assert_true(strings_add(&s, "b"));
    assert_true(strings_add_n(&s, "abc", 1));
    assert_true(strings_add_unique(&s, "a"));
    assert_true(strings_add_unique(&s, "A"));
    assert_int_equal(s.count, 3);
    assert_true(strings_contain(&s, "A"));
    assert_false(strings_contain(&s, "B"));
    assert_true(strings_contain_nocase(&s, "B"));
    strings_sort(&s);
    assert_string_equal(s.items[0], "A");
    assert_string_equal(s.items[2], "b");
    assert_true(strings_add(&all, "first"));
    assert_true(strings_add_all(&all, &s));
    assert_int_equal(all.count, 4);
    assert_string_equal(all.items[3], "b");
    assert_ptr_not_equal(all.items[3], s.items[2]);
    strings_free(&s);
    strings_free(&all);
    assert_int_equal(all.count, 0);
    strings_sort(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_refuses_impossible_sizes),
        cmocka_unit_test(test_steal),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
