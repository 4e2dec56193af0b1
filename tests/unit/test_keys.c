/*
 * test_keys - the token keys on disk: made, rotated, read
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/keys.h"

static int make_directory(void **state)
{
    static char directory[] = "/tmp/test_keys.XXXXXX";
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    *state = mkdtemp(directory);
    return *state ? 0 : -1;
}

static char *key_file(const char *directory)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/token.keys", directory);
    return path;
}

static int remove_directory(void **state)
{
    unlink(key_file(*state));
    return rmdir(*state); /* fails when a temporary file was left behind */
}

static void test_create_and_read(void **state)
{
    struct store_error err;
    struct keyring ring;
    struct stat st;
    assert_int_equal(keys_read(*state, &ring, &err), STORE_NOT_FOUND);
    assert_non_null(strstr(err.text, "temoin init"));
    assert_int_equal(keys_create(*state, (gid_t)-1, &err), STORE_OK);
    assert_int_equal(stat(key_file(*state), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(keys_read(*state, &ring, &err), STORE_OK);
    assert_int_equal(ring.active, 1);
    char token[TOKEN_CHARS + 1];
    assert_true(token_make(&ring, "creditor.example", 7, token));
    keyring_wipe(&ring);
}

static void test_create_does_not_overwrite(void **state)
{
    struct store_error err;
    struct keyring before, after;
    assert_int_equal(keys_create(*state, (gid_t)-1, &err), STORE_OK);
    assert_int_equal(keys_read(*state, &before, &err), STORE_OK);
    assert_int_equal(keys_create(*state, (gid_t)-1, &err), STORE_INVALID);
    assert_non_null(strstr(err.text, "--rotate-token-key"));
    assert_int_equal(keys_read(*state, &after, &err), STORE_OK);
    assert_memory_equal(before.secret[1], after.secret[1], TOKEN_KEY_OCTETS);
}

static void test_rotation_keeps_old_tokens_good(void **state)
{
    struct store_error err;
    struct keyring ring;
    char old[TOKEN_CHARS + 1], fresh[TOKEN_CHARS + 1];
    unsigned number = 0;
    uint64_t message = 0;
    struct stat st;
    assert_int_equal(keys_create(*state, (gid_t)-1, &err), STORE_OK);
    assert_int_equal(chmod(key_file(*state), 0600), 0);
    assert_int_equal(keys_read(*state, &ring, &err), STORE_OK);
    assert_true(token_make(&ring, "creditor.example", 7, old));
    assert_int_equal(keys_rotate(*state, &number, &err), STORE_OK);
    assert_int_equal(number, 2);
    assert_int_equal(keys_read(*state, &ring, &err), STORE_OK);
    assert_int_equal(ring.active, 2);
    assert_true(token_check(&ring, "creditor.example", old, &message));
    assert_int_equal(message, 7);
    assert_true(token_make(&ring, "creditor.example", 7, fresh));
    assert_string_not_equal(old, fresh);
    assert_int_equal(stat(key_file(*state), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_rotation_ends(void **state)
{
    struct store_error err;
    unsigned number = 0;
    assert_int_equal(keys_create(*state, (gid_t)-1, &err), STORE_OK);
    while (number < TOKEN_KEYS_MAX - 1)
        assert_int_equal(keys_rotate(*state, &number, &err), STORE_OK);
    assert_int_equal(keys_rotate(*state, &number, &err), STORE_INVALID);
}

static void test_damage_is_refused(void **state)
{
    struct store_error err;
    struct keyring ring;
    unsigned number;
    FILE *f = fopen(key_file(*state), "w");
    assert_non_null(f);
    fputs("1 abc active\n", f);
    fclose(f);
    assert_int_equal(keys_read(*state, &ring, &err), STORE_CORRUPT);
    assert_non_null(strstr(err.text, "token.keys:1"));
    assert_int_equal(keys_rotate(*state, &number, &err), STORE_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_and_read, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_create_does_not_overwrite, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(test_rotation_keeps_old_tokens_good, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(test_rotation_ends, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_damage_is_refused, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
