/*
 * test_store_volume - messages on their way into the months' files, and back
 */
#include "tests/unit/store_world.h"

#include <grp.h>
#include <sys/wait.h>
#include <time.h>

#include "db/sqlite.h"

enum { DAY = 86400 };
static const size_t sizes[] = {0, 1, 4096, 300000, 5 * 1024 * 1024};
enum { SIZES = sizeof sizes / sizeof *sizes };

static int setup(void **state)
{
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    world_make(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static int tidy_all(struct world *w, int64_t now)
{
    bool more = true;
    int calls = 0;
    while (more && calls < 1000) {
        assert_ok(w, store_tidy(w->store, now, 3600, &more, &w->err));
        calls++;
    }
    return calls;
}

static void append_sizes(struct world *w)
{
    for (size_t i = 0; i < SIZES; i++) {
        struct entry e;
        char *body = pattern(sizes[i]);
        mail(w, &e, "outbound", "F-1", NULL, body, sizes[i], sizes[i] > 256 * 1024);
        append(w, &e);
        free(body);
    }
}

static void assert_sizes(struct world *w, struct store *store)
{
    for (size_t i = 0; i < SIZES; i++) {
        char *body = pattern(sizes[i]);
        assert_message(w, store, i + 1, body, sizes[i]);
        free(body);
    }
}

static struct db *open_log(struct world *w)
{
    struct db *log;
    char file[128];
    snprintf(file, sizeof file, "%s/log.db", w->directory);
    assert_ok(w, db_open(file, DB_WRITE, &log, &w->err));
    return log;
}

static int64_t log_number(struct world *w, const char *sql)
{
    int64_t number;
    struct db *log = open_log(w);
    assert_ok(w, db_number(log, sql, -1, &number, &w->err, ""));
    db_close(log);
    return number;
}

static void log_change(struct world *w, const char *sql)
{
    struct db *log = open_log(w);
    assert_ok(w, db_exec(log, sql, &w->err));
    db_close(log);
}

static void every_size_comes_back_to_the_octet(void **state)
{
    struct world *w = *state;
    struct store *reader;
    struct store_figures f;
    append_sizes(w);
    assert_sizes(w, w->store);
    assert_ok(w, store_open(w->directory, STORE_READ, &reader, &w->err));
    assert_sizes(w, reader);
    tidy_all(w, time(NULL)); /* today's stay */
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.volumes, 0);
    assert_int_equal(f.bodies, 2);
    tidy_all(w, time(NULL) + DAY);
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.volumes, 1);
    assert_int_equal(f.bodies, 0);
    assert_int_equal(f.messages, SIZES);
    assert_int_equal(log_number(w, "SELECT count(*) FROM message WHERE packed IS NOT NULL"), 0);
    assert_sizes(w, w->store);
    assert_sizes(w, reader);
    store_close(reader);
    world_restart(w);
    assert_sizes(w, w->store);
    assert_int_equal(tidy_all(w, time(NULL) + DAY), 1); /* nothing is left to do */
}

static void months_are_kept_apart(void **state)
{
    struct world *w = *state;
    struct store_figures f;
    char file[128];
    struct entry e;
    for (int i = 0; i < 3; i++) {
        mail(w, &e, "outbound", "F-1", NULL, "x", 1, false);
        append(w, &e);
    }
    /* 2026-10-31T23:59:59Z, 2026-11-01T00:00:00Z, and a clock that was wrong for a moment */
    log_change(w, "UPDATE message SET time = 1793491199 WHERE seq = 1;"
                  "UPDATE message SET time = 1793491200 WHERE seq = 2;"
                  "UPDATE message SET time = 4102444800 WHERE seq = 3;");
    tidy_all(w, 1793491200 + 40 * DAY);
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.volumes, 3);
    const char *names[] = {"2026-10", "2026-11", "2100-01"};
    for (int i = 0; i < 3; i++) {
        struct stat info;
        snprintf(file, sizeof file, "%s/volumes/%s.db", w->directory, names[i]);
        assert_int_equal(stat(file, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0640);
        assert_message(w, w->store, (uint64_t)i + 1, "x", 1);
    }
    snprintf(file, sizeof file, "%s/volumes/2026-10.db", w->directory);
    world_restart(w);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(store_message(w->store, 1, collect, NULL, &w->err), STORE_CORRUPT);
    assert_non_null(strstr(w->err.text, "2026-10"));
}

static void many_small_ones_go_in_batches(void **state)
{
    struct world *w = *state;
    struct appended done;
    struct entry e;
    mail(w, &e, "outbound", "F-1", NULL, "hello", 5, false);
    assert_ok(w, store_begin(w->store, &w->err));
    for (int i = 0; i < 450; i++)
        assert_ok(w, store_append(w->store, &world_context, &e, &done, &w->err));
    assert_ok(w, store_commit(w->store, &w->err));
    entry_free(&e);
    int calls = tidy_all(w, time(NULL) + DAY);
    assert_true(calls >= 3 && calls <= 5);
    assert_int_equal(log_number(w, "SELECT count(*) FROM message WHERE volume = 0"), 0);
    assert_message(w, w->store, 450, "hello", 5);
}

static void large_ones_go_in_slices_and_a_restart_begins_anew(void **state)
{
    struct world *w = *state;
    size_t len = 7 * 1024 * 1024;
    char *body = pattern(len);
    struct entry e;
    bool more;
    mail(w, &e, "outbound", "F-1", NULL, body, len, true);
    append(w, &e);
    for (int i = 0; i < 3; i++)
        assert_ok(w, store_tidy(w->store, time(NULL) + DAY, 3600, &more, &w->err));
    assert_true(more);
    assert_message(w, w->store, 1, body, len); /* from where it was */
    world_restart(w);
    assert_true(tidy_all(w, time(NULL) + DAY) >= 5);
    assert_int_equal(log_number(w, "SELECT volume > 0 FROM message"), 1);
    assert_message(w, w->store, 1, body, len);
    free(body);
}

/* A power failure cannot be had here; what stands against it can be asked. */
static void a_volumes_commit_outlasts_a_power_failure(void **state)
{
    struct world *w = *state;
    struct db *volume;
    char file[128];
    bool created;
    int64_t synchronous;
    snprintf(file, sizeof file, "%s/volumes/2020-01.db", w->directory);
    assert_ok(w, db_create_file(file, 0640, &created, &w->err));
    assert_ok(w, db_open(file, DB_VOLUME, &volume, &w->err));
    assert_ok(w, db_number(volume, "PRAGMA synchronous", -1, &synchronous, &w->err, ""));
    assert_int_equal(synchronous, 3); /* EXTRA: the directory, too, once the journal is gone */
    db_close(volume);
}

/* --- retry keys -----------------------------------------------------------------------------*/

static int64_t count_keys(struct world *w)
{
    struct db *log;
    char file[128];
    int64_t count;
    snprintf(file, sizeof file, "%s/log.db", w->directory);
    assert_ok(w, db_open(file, DB_READ, &log, &w->err));
    assert_ok(w, db_number(log, "SELECT count(*) FROM retry", 0, &count, &w->err, ""));
    db_close(log);
    return count;
}

/* Thousands of them, in slices; those of facts and those within the window stay. */
static void keys_of_messages_are_forgotten_after_the_window(void **state)
{
    struct world *w = *state;
    struct entry e;
    int64_t now = time(NULL);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            fact(&e, "note", "F-1");
        else
            mail(w, &e, "inbound", "F-1", NULL, "x", 1, false);
        e.has_retry = true;
        memset(e.retry, i + 1, HASH_OCTETS);
        append(w, &e);
    }
    log_change(w, "UPDATE retry SET time = time - 4000 WHERE seq < 3");
    log_change(w, "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
                  " INSERT INTO retry SELECT randomblob(32), 1, strftime('%s') - 4000 FROM n");
    log_change(w, "INSERT INTO retry VALUES (zeroblob(32), 1, 0),"
                  " (x'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 1, 0)");
    log_change(w, "INSERT INTO retry VALUES (randomblob(32), 1, strftime('%s') + 100000)");
    assert_int_equal(count_keys(w), 5006);
    assert_int_equal(tidy_all(w, now), 3);
    assert_int_equal(count_keys(w), 2);
    unsigned char key[HASH_OCTETS];
    struct appended done;
    memset(key, 3, sizeof key);
    assert_ok(w, store_find_retry(w->store, key, 3600, &done, &w->err));
    appended_free(&done);
    log_change(w, "UPDATE retry SET time = 0");
    assert_int_equal(tidy_all(w, now + 60), 1); /* not all the time */
    assert_int_equal(count_keys(w), 2);
    tidy_all(w, now + 3601);
    assert_int_equal(count_keys(w), 1);
    log_change(w, "INSERT INTO retry VALUES (randomblob(32), 1, 0)");
    tidy_all(w, now - 50); /* the clock was set back: no reason to wait */
    assert_int_equal(count_keys(w), 1);
}

static void break_body(struct world *w)
{
    char command[200];
    snprintf(command, sizeof command,
             "f=$(ls -d %s/bodies/*) && printf X | dd of=$f bs=1 seek=9 conv=notrunc 2>/dev/null",
             w->directory);
    assert_int_equal(system(command), 0);
}

static void what_does_not_match_its_record_stays(void **state)
{
    struct world *w = *state;
    struct store_figures f;
    char *body = pattern(300000);
    struct bytes found = {0};
    struct entry e;
    mail(w, &e, "outbound", "F-1", NULL, body, 300000, true);
    append(w, &e);
    mail(w, &e, "outbound", "F-1", NULL, "x", 1, false);
    append(w, &e);
    mail(w, &e, "outbound", "F-1", NULL, "y", 1, false);
    append(w, &e);
    break_body(w);
    log_change(w, "UPDATE message SET packed = (SELECT packed FROM message WHERE seq = 3)"
                  " WHERE seq = 2");
    tidy_all(w, time(NULL) + DAY);
    assert_int_equal(log_number(w, "SELECT sum(volume = -1) * 10 + sum(volume > 0) FROM message"),
                     21);
    assert_int_equal(log_number(w, "SELECT seq FROM message WHERE volume > 0"), 3);
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.bodies, 1);
    /* still there to be looked at, also after a restart */
    world_restart(w);
    assert_ok(w, store_message(w->store, 1, collect, &found, &w->err));
    assert_int_equal(found.len, strlen(MAIL_HEAD) + 300000);
    bytes_free(&found);
    assert_int_equal(tidy_all(w, time(NULL) + DAY), 1);
    free(body);
}

static void a_lost_body_does_not_stop_the_rest(void **state)
{
    struct world *w = *state;
    char *body = pattern(300000), command[128];
    struct entry e;
    mail(w, &e, "outbound", "F-1", NULL, body, 300000, true);
    append(w, &e);
    mail(w, &e, "outbound", "F-1", NULL, "x", 1, false);
    append(w, &e);
    snprintf(command, sizeof command, "rm %s/bodies/*", w->directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(store_message(w->store, 1, collect, NULL, &w->err), STORE_CORRUPT);
    tidy_all(w, time(NULL) + DAY);
    assert_int_equal(log_number(w, "SELECT seq FROM message WHERE volume > 0"), 2);
    free(body);
}

static void erased_ones_are_passed_over(void **state)
{
    struct world *w = *state;
    struct stored_entry found;
    struct entry e;
    for (int i = 0; i < 2; i++) {
        mail(w, &e, "outbound", "F-1", NULL, "x", 1, false);
        append(w, &e);
    }
    log_change(w, "UPDATE entry SET private = NULL WHERE seq = 1;"
                  "DELETE FROM message WHERE seq = 1;");
    tidy_all(w, time(NULL) + DAY);
    assert_message(w, w->store, 2, "x", 1);
    assert_ok(w, store_entry(w->store, 1, &found, &w->err));
    assert_null(found.private_part.data);
    assert_false(found.has_message);
    stored_entry_free(&found);
    assert_int_equal(store_message(w->store, 1, collect, NULL, &w->err), STORE_NOT_FOUND);
}

static void a_damaged_message_is_not_handed_out_as_whole(void **state)
{
    struct world *w = *state;
    struct bytes found = {0};
    struct entry e;
    for (int i = 0; i < 3; i++) {
        mail(w, &e, "outbound", "F-1", NULL, "hello hello", 11, false);
        append(w, &e);
    }
    log_change(w, "UPDATE message SET packed = substr(packed, 1, length(packed) - 3) WHERE seq = 1;"
                  "UPDATE message SET size = size - 1 WHERE seq = 2;"
                  "DELETE FROM message WHERE seq = 3;");
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(store_message(w->store, seq, collect, &found, &w->err), STORE_CORRUPT);
    bytes_free(&found);
}

static bool refuse(const void *data, size_t len, void *context)
{
    (void)data;
    (void)len;
    ++*(int *)context;
    return false;
}

static void the_sink_may_stop(void **state)
{
    struct world *w = *state;
    char *body = pattern(300000);
    int called = 0;
    struct entry e;
    mail(w, &e, "outbound", "F-1", NULL, body, 300000, false);
    append(w, &e);
    assert_int_equal(store_message(w->store, 1, refuse, &called, &w->err), STORE_IO);
    assert_int_equal(called, 1);
    free(body);
}

static void orphans_are_swept_at_the_start(void **state)
{
    struct world *w = *state;
    struct store_figures f;
    char *body = pattern(300000), command[256];
    struct entry e;
    mail(w, &e, "outbound", "F-1", NULL, body, 300000, true);
    append(w, &e);
    snprintf(command, sizeof command,
             "cd %s && touch bodies/orphan spool/young && touch -d '2 hours ago' spool/old",
             w->directory);
    assert_int_equal(system(command), 0);
    world_restart(w);
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.bodies, 1);
    assert_message(w, w->store, 1, body, 300000);
    snprintf(command, sizeof command, "%s/spool/young", w->directory);
    assert_int_equal(access(command, F_OK), 0);
    snprintf(command, sizeof command, "%s/spool/old", w->directory);
    assert_int_not_equal(access(command, F_OK), 0);
    free(body);
}

static void a_body_of_another_file_system_is_copied(void **state)
{
    struct world *w = *state;
    struct entry e;
    struct stat here, there;
    char *body = pattern(300000);
    if (stat("/dev/shm", &there) < 0 || stat(w->directory, &here) < 0 ||
        there.st_dev == here.st_dev) {
        print_message("needs /dev/shm to be a file system of its own\n");
        free(body);
        skip();
    }
    mail(w, &e, "outbound", "F-1", NULL, body, 300000, true);
    int fd = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, body, 300000), 300000);
    close(e.message.body_fd);
    e.message.body_fd = fd;
    append(w, &e);
    assert_message(w, w->store, 1, body, 300000);
    free(body);
}

/* As the writer's user: take in a body that the mail side's user spilled. 0: its file was linked
   into bodies/, not copied. */
static int append_as_writer(struct world *w, struct entry *e)
{
    struct appended done;
    struct stat before, after;
    if (setgroups(0, NULL) < 0 || setresgid(1, 1, 1) < 0 || setresuid(1, 1, 1) < 0 ||
        fstat(e->message.body_fd, &before) < 0)
        return 9;
    bool ok = store_open(w->directory, STORE_WRITE, &w->store, &w->err) == STORE_OK &&
              store_begin(w->store, &w->err) == STORE_OK &&
              store_append(w->store, &world_context, e, &done, &w->err) == STORE_OK &&
              store_commit(w->store, &w->err) == STORE_OK;
    if (!ok)
        fprintf(stderr, "as the writer: %s\n", w->err.text);
    store_close(w->store);
    return !ok ? 1 : fstat(e->message.body_fd, &after) == 0 && after.st_nlink == 1 ? 0 : 2;
}

static void the_mail_sides_body_is_linked_by_another_user(void **state)
{
    struct world *w = *state;
    gid_t group = 1;
    struct entry e;
    int status = -1;
    char command[200], *body = pattern(300000);
    if (geteuid() != 0) {
        print_message("needs root to become two users\n");
        free(body);
        skip();
    }
    store_close(w->store);
    w->store = NULL;
    snprintf(command, sizeof command, "cd %s && chown -R 1:1 . && chmod 0750 . && chmod 2770 spool",
             w->directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(setgroups(1, &group), 0); /* user 2, who faces the mail, in group 1 */
    assert_int_equal(setegid(2) | seteuid(2), 0);
    mail(w, &e, "outbound", "F-1", NULL, body, 300000, true);
    assert_int_equal(seteuid(0) | setegid(0) | setgroups(0, NULL), 0);
    assert_int_equal(fchmod(e.message.body_fd, 0660), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(append_as_writer(w, &e));
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    entry_free(&e);
    assert_ok(w, store_open(w->directory, STORE_WRITE, &w->store, &w->err));
    assert_message(w, w->store, 1, body, 300000);
    tidy_all(w, time(NULL) + DAY);
    assert_message(w, w->store, 1, body, 300000);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(every_size_comes_back_to_the_octet),
        TEST(months_are_kept_apart),
        TEST(many_small_ones_go_in_batches),
        TEST(large_ones_go_in_slices_and_a_restart_begins_anew),
        TEST(a_volumes_commit_outlasts_a_power_failure),
        TEST(keys_of_messages_are_forgotten_after_the_window),
        TEST(what_does_not_match_its_record_stays),
        TEST(a_lost_body_does_not_stop_the_rest),
        TEST(erased_ones_are_passed_over),
        TEST(a_damaged_message_is_not_handed_out_as_whole),
        TEST(the_sink_may_stop),
        TEST(orphans_are_swept_at_the_start),
        TEST(the_mail_sides_body_is_linked_by_another_user),
        TEST(a_body_of_another_file_system_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
