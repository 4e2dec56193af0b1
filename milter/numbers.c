/*
 * numbers - see numbers.h
 *
 * The lock is not held while scribe is asked. Waiters share a failure (by its round) instead
 * of asking one after the other, each for its whole time limit.
 */
#include "milter/numbers.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/token.h"

struct numbers {
    struct scribe_client *scribe;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    uint64_t next, end; /* [next, end) is left of the block */
    bool asking;
    unsigned rounds;           /* of asking, finished */
    enum store_status outcome; /* of the last round */
    struct store_error error;
};

struct numbers *numbers_new(struct scribe_client *scribe)
{
    struct numbers *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL)
        return NULL;
    numbers->scribe = scribe;
    if (pthread_mutex_init(&numbers->lock, NULL) != 0) {
        free(numbers);
        return NULL;
    }
    if (pthread_cond_init(&numbers->answered, NULL) != 0) {
        pthread_mutex_destroy(&numbers->lock);
        free(numbers);
        return NULL;
    }
    return numbers;
}

void numbers_free(struct numbers *numbers)
{
    if (numbers == NULL)
        return;
    pthread_cond_destroy(&numbers->answered);
    pthread_mutex_destroy(&numbers->lock);
    free(numbers);
}

/* Called with the lock, which is given up while scribe is asked. */
static void reserve_block(struct numbers *numbers, int timeout_ms)
{
    numbers->asking = true;
    pthread_mutex_unlock(&numbers->lock);
    uint64_t first = 0;
    struct store_error error = {{0}};
    enum store_status status =
        scribe_reserve(numbers->scribe, NUMBERS_BLOCK, timeout_ms, &first, &error);
    if (status == STORE_OK && (first == 0 || first > TOKEN_NUMBER_MAX - NUMBERS_BLOCK)) {
        status = STORE_INVALID;
        snprintf(error.text, sizeof error.text, "scribe gave message numbers out of range");
    }
    pthread_mutex_lock(&numbers->lock);
    numbers->asking = false;
    numbers->rounds++;
    numbers->outcome = status;
    numbers->error = error;
    if (status == STORE_OK) {
        numbers->next = first;
        numbers->end = first + NUMBERS_BLOCK;
    }
    pthread_cond_broadcast(&numbers->answered);
}

static struct timespec deadline(int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    return until;
}

/* Called with the lock. Wait for the round that another caller began. */
static enum store_status await_answer(struct numbers *numbers, const struct timespec *until,
                                      struct store_error *err)
{
    unsigned round = numbers->rounds;
    while (numbers->asking && numbers->rounds == round) {
        if (pthread_cond_clockwait(&numbers->answered, &numbers->lock, CLOCK_MONOTONIC, until) ==
            ETIMEDOUT) {
            snprintf(err->text, sizeof err->text, "no message number within the time limit");
            return STORE_BUSY;
        }
    }
    if (numbers->outcome != STORE_OK)
        *err = numbers->error;
    return numbers->outcome;
}

enum store_status numbers_next(struct numbers *numbers, int timeout_ms, uint64_t *number,
                               struct store_error *err)
{
    struct timespec until = deadline(timeout_ms);
    enum store_status status = STORE_OK;
    pthread_mutex_lock(&numbers->lock);
    while (status == STORE_OK && numbers->next == numbers->end) {
        if (numbers->asking) {
            status = await_answer(numbers, &until, err);
        } else {
            reserve_block(numbers, timeout_ms);
            status = numbers->outcome;
            if (status != STORE_OK)
                *err = numbers->error;
        }
    }
    if (status == STORE_OK)
        *number = numbers->next++;
    pthread_mutex_unlock(&numbers->lock);
    return status;
}
