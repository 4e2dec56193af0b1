/*
 * The collection of messages (tests/corpus): what `temoin read` understands of each is exactly
 * what NAME.json says beside NAME.eml; and whatever is done to the octets, something is
 * understood, in time, without a fault.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "db/identify.h"
#include "db/read_json.h"

enum { STEP = 100, MESSAGES_MAX = 2000 };

struct collection {
    char directory[4096];
    struct strings names;
    struct understanding_tools tools;
};

static char *read_file(const char *directory, const char *name, const char *end, size_t *len)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s%s", directory, name, end);
    gchar *data = NULL;
    gsize n = 0;
    if (!g_file_get_contents(path, &data, &n, NULL))
        fail_msg("cannot read %s", path);
    *len = n;
    return data;
}

static int is_message(const struct dirent *d)
{
    size_t len = strlen(d->d_name);
    return len > 4 && strcmp(d->d_name + len - 4, ".eml") == 0;
}

static int setup(void **state)
{
    struct collection *c = calloc(1, sizeof *c);
    const char *source = getenv("srcdir");
    struct dirent **found = NULL;
    assert_non_null(c);
    snprintf(c->directory, sizeof c->directory, "%s/tests/corpus", source ? source : ".");
    int count = scandir(c->directory, &found, is_message, alphasort);
    for (int i = 0; i < count; i++) {
        assert_true(strings_add_n(&c->names, found[i]->d_name, strlen(found[i]->d_name) - 4));
        free(found[i]);
    }
    free(found);
    c->tools.identify = identify_octets;
    c->tools.context = identify_open();
    assert_non_null(c->tools.context);
    assert_true(c->names.count > 0 && c->names.count < MESSAGES_MAX);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct collection *c = *state;
    identify_close(c->tools.context);
    strings_free(&c->names);
    free(c);
    return 0;
}

static json_t *facts_of(const struct collection *c, const char *octets, size_t len)
{
    struct understood u = {0};
    /* A copy of just this length: a read beyond it is then seen by the sanitizers. */
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, octets, len);
    assert_true(understand(copy, len, &c->tools, &u));
    json_t *json = read_json(&u);
    assert_non_null(json);
    understood_free(&u);
    free(copy);
    return json;
}

static void test_every_message_is_understood_exactly(void **state)
{
    const struct collection *c = *state;
    size_t wrong = 0;
    for (size_t i = 0; i < c->names.count; i++) {
        size_t len, expected_len;
        char *octets = read_file(c->directory, c->names.items[i], ".eml", &len);
        char *text = read_file(c->directory, c->names.items[i], ".json", &expected_len);
        json_error_t error;
        json_t *expected = json_loadb(text, expected_len, JSON_REJECT_DUPLICATES, &error);
        if (!expected)
            fail_msg("%s.json:%d: %s", c->names.items[i], error.line, error.text);
        json_t *facts = facts_of(c, octets, len);
        if (!json_equal(facts, expected)) {
            char *got = json_dumps(facts, JSON_INDENT(2) | JSON_SORT_KEYS);
            char *want = json_dumps(expected, JSON_INDENT(2) | JSON_SORT_KEYS);
            print_message("%s: understood\n%s\ninstead of\n%s\n", c->names.items[i], got, want);
            free(got);
            free(want);
            wrong++;
        }
        json_decref(facts);
        json_decref(expected);
        g_free(octets);
        g_free(text);
    }
    assert_int_equal(wrong, 0);
}

static void test_a_message_cut_anywhere_is_a_message(void **state)
{
    const struct collection *c = *state;
    for (size_t i = 0; i < c->names.count; i++) {
        size_t len;
        char *octets = read_file(c->directory, c->names.items[i], ".eml", &len);
        for (size_t at = 0; at < len; at += STEP) {
            json_t *facts = facts_of(c, octets, at);
            assert_non_null(json_object_get(facts, "kind"));
            json_decref(facts);
        }
        g_free(octets);
    }
}

/* The same flips in every run: a fault can be met again. */
static void test_a_message_with_flipped_octets_is_a_message(void **state)
{
    const struct collection *c = *state;
    uint32_t random = 20261127;
    for (size_t i = 0; i < c->names.count; i++) {
        size_t len;
        char *octets = read_file(c->directory, c->names.items[i], ".eml", &len);
        for (int round = 0; round < 10; round++) {
            for (int flips = 0; flips < 8 && len; flips++) {
                random = random * 1664525 + 1013904223;
                octets[random % len] ^= (char)(1u << (random >> 29));
            }
            json_t *facts = facts_of(c, octets, len);
            assert_non_null(json_object_get(facts, "kind"));
            json_decref(facts);
        }
        g_free(octets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_is_understood_exactly),
        cmocka_unit_test(test_a_message_cut_anywhere_is_a_message),
        cmocka_unit_test(test_a_message_with_flipped_octets_is_a_message),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
