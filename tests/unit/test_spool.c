/*
 * test_spool - bodies in memory, in a file, read back; what happens when the disk says no
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "milter/spool.h"

static char directory[] = "/tmp/test_spool.XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(directory); /* fails when a file was left behind */
}

static char octet(size_t at)
{
    return (char)(at * 7 + at / 251);
}

/* Add octets [from, to) in pieces of `step`. */
static void feed(struct spool *spool, size_t from, size_t to, size_t step)
{
    char piece[5000];
    assert_true(step <= sizeof piece);
    while (from < to) {
        size_t n = to - from < step ? to - from : step;
        for (size_t i = 0; i < n; i++)
            piece[i] = octet(from + i);
        assert_true(spool_add(spool, piece, n));
        from += n;
    }
}

static void assert_octets(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] != octet(i))
            fail_msg("octet %zu differs", i);
}

static void test_small_stays_in_memory(void **state)
{
    (void)state;
    struct spool spool;
    spool_begin(&spool, "/nonexistent", 1000000); /* the directory is not touched */
    feed(&spool, 0, SPOOL_MEMORY, 4096);
    assert_int_equal(spool.fd, -1);
    assert_true(spool_end(&spool, true));
    assert_int_equal(spool.size, SPOOL_MEMORY);
    assert_int_equal(spool.memory.len, SPOOL_MEMORY);
    assert_octets(spool.memory.data, spool.memory.len);
    spool_free(&spool);
    spool_free(&spool);
}

static void test_large_goes_to_a_file(void **state)
{
    (void)state;
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    struct spool spool;
    spool_begin(&spool, directory, 256 * 1024);
    feed(&spool, 0, SIZE, 4999);
    assert_true(spool.fd >= 0);
    assert_null(spool.memory.data); /* nothing is held twice */
    assert_true(spool_end(&spool, true));
    assert_int_equal(spool.size, SIZE);
    struct stat st;
    assert_int_equal(fstat(spool.fd, &st), 0);
    assert_int_equal(st.st_size, SIZE);
    assert_int_equal(st.st_nlink, 0);
    char *all = malloc(SIZE);
    assert_int_equal(pread(spool.fd, all, SIZE, 0), SIZE);
    assert_octets(all, SIZE);
    free(all);
    int fd = spool_take_file(&spool);
    spool_free(&spool);
    assert_int_equal(fstat(fd, &st), 0); /* not closed: it was taken */
    close(fd);
}

static void test_middle_is_read_back(void **state)
{
    (void)state;
    enum { SIZE = 200 * 1000 };
    struct spool spool;
    spool_begin(&spool, directory, SIZE);
    feed(&spool, 0, SIZE, 1000);
    assert_true(spool.fd >= 0);
    assert_true(spool_end(&spool, true));
    assert_int_equal(spool.fd, -1);
    assert_int_equal(spool.memory.len, SIZE);
    assert_octets(spool.memory.data, SIZE);
    spool_free(&spool);
}

static void test_failure_is_kept(void **state)
{
    (void)state;
    struct spool spool;
    spool_begin(&spool, "/nonexistent", 1000);
    feed(&spool, 0, SPOOL_MEMORY, 4096);
    assert_false(spool_add(&spool, "x", 1));
    assert_int_equal(spool.error, ENOENT);
    assert_int_equal(spool_status(&spool), STORE_IO);
    assert_null(spool.memory.data);
    assert_false(spool_add(&spool, "x", 1));
    assert_false(spool_end(&spool, true));
    spool.error = ENOSPC;
    assert_int_equal(spool_status(&spool), STORE_FULL);
    spool.error = EACCES;
    assert_int_equal(spool_status(&spool), STORE_DENIED);
    spool_free(&spool);
}

static void ignore(int signal_number)
{
    (void)signal_number;
}

static void test_disk_refuses_in_the_middle(void **state)
{
    (void)state;
    struct rlimit before, small = {.rlim_cur = 100 * 1000, .rlim_max = RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, ignore);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct spool spool;
    char piece[1000] = "";
    bool went = true;
    spool_begin(&spool, directory, 1000);
    for (int i = 0; i < 200 && went; i++)
        went = spool_add(&spool, piece, sizeof piece);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(went);
    assert_int_equal(spool.error, EFBIG);
    assert_int_equal(spool.fd, -1);
    assert_false(spool_end(&spool, true));
    spool_free(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_stays_in_memory),
        cmocka_unit_test(test_large_goes_to_a_file),
        cmocka_unit_test(test_middle_is_read_back),
        cmocka_unit_test(test_failure_is_kept),
        cmocka_unit_test(test_disk_refuses_in_the_middle),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
