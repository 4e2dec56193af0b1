/*
 * test_store_reader - a reader without write permission meets a commit that is being written
 *
 * The header of the WAL's index stands twice in log.db-shm; a commit writes one after the other,
 * and whoever finds them different reads nothing. Here they are made different by hand, and equal
 * again while the reader waits, or never.
 */
#include "tests/unit/store_world.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum {
    SECOND_HEADER = 48, /* https://sqlite.org/walformat.html, "The WAL-Index Format" */
    MEND_MS = 50,
    GIVE_UP_MS = 3000,
};

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

/* The other program, as another user of the store's group; begun by exec, since SQLite remembers
   in a process which files it has open. Says on descriptor 0 that it is ready and waits for a
   word. Exit status: the reading's. */
static int other_program(const char *directory, bool open_before)
{
    gid_t group = 1;
    struct store_error err = {""};
    struct store *store = NULL;
    uint64_t last = 0;
    char word;
    if (setgroups(1, &group) < 0 || setresgid(2, 2, 2) < 0 || setresuid(2, 2, 2) < 0)
        return 100;
    if (open_before && (store_open(directory, STORE_READ, &store, &err) != STORE_OK ||
                        store_last_seq(store, &last, &err) != STORE_OK || last != 1))
        return 101;
    if (write(0, "r", 1) != 1 || read(0, &word, 1) != 1)
        return 102;
    enum store_status st = open_before ? STORE_OK : store_open(directory, STORE_READ, &store, &err);
    if (st == STORE_OK)
        st = store_last_seq(store, &last, &err);
    if (st != STORE_OK)
        fprintf(stderr, "# as another user: %s\n", err.text);
    store_close(store);
    return st == STORE_OK && last != 1 ? 103 : (int)st;
}

static void flip(int shm)
{
    unsigned char octet;
    assert_int_equal(pread(shm, &octet, 1, SECOND_HEADER), 1);
    octet ^= 1;
    assert_int_equal(pwrite(shm, &octet, 1, SECOND_HEADER), 1);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the reader ends with when the headers differ as it begins, and are mended or not. */
static int read_torn(struct world *w, bool open_before, bool mend)
{
    int pair[2], status = -1;
    char command[200], file[128], word;
    struct entry e;
    fact(&e, "note", "F-1");
    append(w, &e);
    snprintf(command, sizeof command, "chown -R 1:1 %s && chmod 0750 %s", w->directory,
             w->directory);
    assert_int_equal(system(command), 0);
    snprintf(file, sizeof file, "%s/log.db-shm", w->directory);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pair[1], 0);
        close(pair[0]);
        execl("/proc/self/exe", "test_store_reader", w->directory, open_before ? "before" : "after",
              (char *)NULL);
        _exit(104);
    }
    close(pair[1]);
    /* Stays open until the writer is closed: closing it would take the writer's locks away. */
    int shm = open(file, O_RDWR | O_CLOEXEC);
    assert_true(shm >= 0);
    assert_int_equal(read(pair[0], &word, 1), 1);
    flip(shm);
    int64_t begun = now_ms();
    assert_int_equal(write(pair[0], "g", 1), 1);
    if (mend) {
        nanosleep(&(struct timespec){.tv_nsec = MEND_MS * 1000000L}, NULL);
        assert_int_equal(waitpid(child, &status, WNOHANG), 0); /* it waits */
        flip(shm);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(now_ms() - begun < GIVE_UP_MS);
    if (!mend)
        flip(shm);
    store_close(w->store);
    w->store = NULL;
    close(shm);
    close(pair[0]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void needs_root(void)
{
    if (geteuid() != 0) {
        print_message("needs root to become two users\n");
        skip();
    }
}

static void who_reads_looks_again(void **state)
{
    needs_root();
    assert_int_equal(read_torn(*state, true, true), STORE_OK);
}

static void who_opens_looks_again(void **state)
{
    needs_root();
    assert_int_equal(read_torn(*state, false, true), STORE_OK);
}

static void nobody_waits_for_ever(void **state)
{
    needs_root();
    assert_int_equal(read_torn(*state, true, false), STORE_BUSY);
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return other_program(argv[1], strcmp(argv[2], "before") == 0);
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(who_reads_looks_again),
        TEST(who_opens_looks_again),
        TEST(nobody_waits_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
