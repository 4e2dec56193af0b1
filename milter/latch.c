/*
 * latch - see latch.h
 */
#include "milter/latch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "db/msg.h"

enum { PING_EVERY_MS = 1000, PING_TIMEOUT_MS = 50 };

struct latch {
    pthread_mutex_t lock;
    bool shut;
    int64_t next_ping; /* monotonic milliseconds */
};

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct latch *latch_new(void)
{
    struct latch *latch = calloc(1, sizeof *latch);
    if (latch != NULL && pthread_mutex_init(&latch->lock, NULL) != 0) {
        free(latch);
        latch = NULL;
    }
    return latch;
}

void latch_free(struct latch *latch)
{
    if (latch == NULL)
        return;
    pthread_mutex_destroy(&latch->lock);
    free(latch);
}

bool latch_open(struct latch *latch, struct scribe_client *scribe)
{
    int64_t now = monotonic_ms();
    pthread_mutex_lock(&latch->lock);
    bool shut = latch->shut;
    bool ping = shut && now >= latch->next_ping;
    if (ping)
        latch->next_ping = now + PING_EVERY_MS; /* this caller asks, the others do not */
    pthread_mutex_unlock(&latch->lock);
    if (!ping)
        return !shut;
    struct store_error err;
    if (scribe_ping(scribe, PING_TIMEOUT_MS, &err) != STORE_OK)
        return false;
    pthread_mutex_lock(&latch->lock);
    latch->shut = false;
    pthread_mutex_unlock(&latch->lock);
    msg_info("scribe answers again: messages wait for it as before");
    return true;
}

void latch_note(struct latch *latch, enum store_status status)
{
    if (status != STORE_BUSY)
        return;
    pthread_mutex_lock(&latch->lock);
    bool was_shut = latch->shut;
    latch->shut = true;
    latch->next_ping = monotonic_ms() + PING_EVERY_MS;
    pthread_mutex_unlock(&latch->lock);
    if (!was_shut)
        msg_error("scribe did not answer within commit_timeout: our messages are answered per "
                  "on_store_failure until it does; look at the store's disk");
}
