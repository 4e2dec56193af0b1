/*
 * test_volumes - a dossier of 2,000 messages: volumes that each can be opened and judged, and what
 *                is said when one of them is missing
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "db/checkpoint.h"
#include "db/command.h"
#include "tests/unit/sealed_store.h"

enum { MESSAGES = 2000, INTACT = 0, INCOMPLETE = 3 };

#define INVOICE "F/2026 été"

static struct sealed_store world;
static char build[300]; /* where `temoin` is */

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *format, ...)
{
    char command[2400], line[1800];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    snprintf(command, sizeof command,
             "cd '%s' && judge() { '%s/temoin' verify --seal keys/seal.pem --seal keys/export.pem "
             "\"$@\" > said; } && { %s\n } > /dev/null 2>&1",
             world.directory, build, line);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void append(struct store *store, int number)
{
    struct entry e;
    struct appended done = {0};
    struct store_error err = {0};
    struct bytes head = {0};
    char body[100];
    entry_init(&e);
    e.event = "prepared";
    e.direction = "outbound";
    e.level = "prepared";
    e.actor = "tester";
    int len = snprintf(body, sizeof body, "Relance %d.\r\n", number);
    assert_true(bytes_printf(&head, "From: a@b.example\r\nSubject: relance %d\r\n\r\n", number));
    assert_true(entry_take_message(&e, &head, body, (size_t)len, -1, 0, true, NULL));
    assert_true(strings_add(&e.dossiers, INVOICE));
    assert_non_null(e.private_part = json_object());
    if (store_append(store, &world.context, &e, &done, &err) != STORE_OK)
        fail_msg("%s", err.text);
    bytes_free(&head);
    appended_free(&done);
    entry_free(&e);
}

static int make_world(void **state)
{
    (void)state;
    static char root[] = "root";
    struct store *store = NULL;
    struct store_error err = {0};
    assert_non_null(getcwd(build, sizeof build));
    g_mime_init();
    sealed_store_make(&world);
    world.settings.user = root;
    world.settings.sealer_user = root;
    assert_int_equal(log_key_create(world.keys, &err), STORE_OK);
    assert_int_equal(store_open(world.store, STORE_WRITE, &store, &err), STORE_OK);
    assert_int_equal(store_begin(store, &err), STORE_OK);
    for (int i = 1; i <= MESSAGES; i++)
        append(store, i);
    assert_int_equal(store_commit(store, &err), STORE_OK);
    store_close(store);
    char target[200], command[] = "evidence", option[] = "-o", number[] = INVOICE;
    snprintf(target, sizeof target, "%s/f.asice", world.directory);
    char *argv[] = {command, number, option, target, NULL};
    const struct command_context context = {
        .config_file = "none", .settings = &world.settings, .actor = "tester"};
    assert_int_equal(command_evidence(&context, 4, argv), 0);
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    sealed_store_remove(&world);
    return 0;
}

/* "k of n" in its name and in its text, and no more files than programs take. */
static void each_can_be_opened(void **state)
{
    (void)state;
    assert_int_not_equal(shell("test -e f.asice"), 0);
    assert_int_equal(shell("set -- f-*-of-*.asice; echo $# > count; test $# -gt 2"), 0);
    assert_int_equal(
        shell("n=$(cat count); for k in $(seq $n); do f=f-$k-of-$n.asice; unzip -tq $f || exit 1;"
              "test $(unzip -Z1 $f | wc -l) -le 1000 || exit 2;"
              "unzip -p $f LISEZMOI.txt | grep -q \"^Volume $k sur $n \" || exit 3; done"),
        0);
    assert_int_equal(shell("for f in f-*.asice; do unzip -Z1 $f; done | "
                           "grep -c '^entries/[0-9]*[.]eml$' | grep -qx %d",
                           MESSAGES),
                     0);
    assert_int_equal(shell("unzip -Z1 f-1-of-*.asice | grep -qx dossier.pdf"), 0);
}

static void all_are_the_dossier(void **state)
{
    (void)state;
    assert_int_equal(shell("judge f-*.asice"), INTACT);
    /* the export is an entry of its own */
    assert_int_equal(shell("grep -q 'dossier complete: numbers 1 to %d,' said", MESSAGES + 1), 0);
}

static void one_is_a_part(void **state)
{
    (void)state;
    assert_int_equal(shell("judge f-2-of-*.asice"), INCOMPLETE);
    assert_int_equal(shell("grep -q 'not all of its volumes were given' said"), 0);
    assert_int_equal(shell("grep -q '^ALTERED\\|^altered' said"), 1);
}

static void one_is_missing(void **state)
{
    (void)state;
    for (int k = 1; k <= 3; k++) { /* the first, which has the documents, and others */
        assert_int_equal(shell("judge $(ls f-*.asice | grep -v '^f-%d-of-')", k), INCOMPLETE);
        assert_int_equal(shell("grep -q 'not all of its volumes were given' said"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_can_be_opened),
        cmocka_unit_test(all_are_the_dossier),
        cmocka_unit_test(one_is_a_part),
        cmocka_unit_test(one_is_missing),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
