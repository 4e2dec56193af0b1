/*
 * test_numbers - message numbers: never twice, from any thread; a failure is shared, not queued
 *
 * scribe is a fake that counts what it reserves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "milter/numbers.h"
#include "policy/token.h"

static atomic_ullong next_free = 1;
static atomic_uint asked;
static enum store_status answer = STORE_OK;
static int answer_after_ms;

enum store_status scribe_reserve(struct scribe_client *c, uint64_t count, int timeout_ms,
                                 uint64_t *first, struct store_error *err)
{
    (void)c;
    (void)timeout_ms;
    atomic_fetch_add(&asked, 1);
    usleep((unsigned)answer_after_ms * 1000);
    if (answer != STORE_OK) {
        strcpy(err->text, "no scribe");
        return answer;
    }
    *first = atomic_fetch_add(&next_free, count);
    return STORE_OK;
}

static struct scribe_client *nobody(void)
{
    static char place;
    return (struct scribe_client *)(void *)&place;
}

enum { THREADS = 8, EACH = 700 };

struct worker {
    pthread_t thread;
    struct numbers *numbers;
    uint64_t got[EACH];
    enum store_status status;
};

static void *work(void *argument)
{
    struct worker *w = argument;
    struct store_error err = {{0}};
    for (size_t i = 0; i < EACH && w->status == STORE_OK; i++)
        w->status = numbers_next(w->numbers, 5000, &w->got[i], &err);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void run(struct worker *workers, struct numbers *numbers)
{
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.numbers = numbers};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
}

static void test_no_number_twice(void **state)
{
    (void)state;
    struct numbers *numbers = numbers_new(nobody());
    struct worker *workers = calloc(THREADS, sizeof *workers);
    uint64_t *all = calloc((size_t)THREADS * EACH, sizeof *all);
    answer = STORE_OK;
    answer_after_ms = 2;
    asked = 0;
    run(workers, numbers);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].status, STORE_OK);
        memcpy(all + i * EACH, workers[i].got, sizeof workers[i].got);
    }
    qsort(all, (size_t)THREADS * EACH, sizeof *all, compare);
    for (size_t i = 0; i < (size_t)THREADS * EACH; i++) {
        assert_true(all[i] >= 1);
        assert_true(i == 0 || all[i] != all[i - 1]);
    }
    /* Blocks, not one question a number: as many as are needed. */
    assert_int_equal(asked, (THREADS * EACH + NUMBERS_BLOCK - 1) / NUMBERS_BLOCK);
    free(all);
    free(workers);
    numbers_free(numbers);
}

static void test_failure_is_shared(void **state)
{
    (void)state;
    struct numbers *numbers = numbers_new(nobody());
    struct worker *workers = calloc(THREADS, sizeof *workers);
    answer = STORE_BUSY;
    answer_after_ms = 200;
    asked = 0;
    run(workers, numbers);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].status, STORE_BUSY);
    assert_true(asked < THREADS / 2); /* not one after the other, each for its whole time */
    answer = STORE_OK;
    answer_after_ms = 0;
    uint64_t number = 0;
    struct store_error err;
    assert_int_equal(numbers_next(numbers, 1000, &number, &err), STORE_OK);
    assert_true(number > 0);
    free(workers);
    numbers_free(numbers);
}

static void *hold_up(void *argument)
{
    uint64_t number;
    struct store_error err;
    numbers_next(argument, 5000, &number, &err);
    return NULL;
}

static void test_waiting_is_bounded(void **state)
{
    (void)state;
    struct numbers *numbers = numbers_new(nobody());
    pthread_t other;
    answer = STORE_OK;
    answer_after_ms = 600;
    assert_int_equal(pthread_create(&other, NULL, hold_up, numbers), 0);
    usleep(100 * 1000);
    uint64_t number = 0;
    struct store_error err = {{0}};
    assert_int_equal(numbers_next(numbers, 50, &number, &err), STORE_BUSY);
    assert_true(err.text[0] != '\0');
    pthread_join(other, NULL);
    assert_int_equal(numbers_next(numbers, 50, &number, &err), STORE_OK);
    numbers_free(numbers);
}

static void test_numbers_beyond_a_token(void **state)
{
    (void)state;
    struct numbers *numbers = numbers_new(nobody());
    uint64_t number;
    struct store_error err = {{0}};
    answer_after_ms = 0;
    next_free = TOKEN_NUMBER_MAX - 10;
    assert_int_equal(numbers_next(numbers, 50, &number, &err), STORE_INVALID);
    numbers_free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_number_twice),
        cmocka_unit_test(test_failure_is_shared),
        cmocka_unit_test(test_waiting_is_bounded),
        cmocka_unit_test(test_numbers_beyond_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
