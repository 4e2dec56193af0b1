/*
 * witness - see witness.h
 *
 * Two locks, so that a reminder that wants the newest checkpoint does not wait for the queue:
 * one for the reading handle of seal.db, one for what waits to be entered. The thread is started
 * by the first entry; most milters never see one.
 */
#include "milter/witness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/checkpoint.h"
#include "db/msg.h"

enum { HOUR_S = 3600 };

struct waiting {
    struct entry entry;
    int timeout_ms;
};

struct witness {
    char *directory;
    struct scribe_client *scribe;
    pthread_mutex_t reading;
    struct seal_store *seals; /* NULL: to be opened */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t came;
    pthread_t thread;
    bool started, stop;
    struct waiting waiting[WITNESS_WAITING];
    size_t count;
    time_t hour; /* monotonic, when it began */
    unsigned strangers;
};

struct witness *witness_new(const char *store_directory, struct scribe_client *scribe)
{
    struct witness *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->scribe = scribe;
    w->directory = strdup(store_directory);
    bool reading = w->directory != NULL && pthread_mutex_init(&w->reading, NULL) == 0;
    bool lock = reading && pthread_mutex_init(&w->lock, NULL) == 0;
    if (lock && pthread_cond_init(&w->came, NULL) == 0)
        return w;
    if (lock)
        pthread_mutex_destroy(&w->lock);
    if (reading)
        pthread_mutex_destroy(&w->reading);
    free(w->directory);
    free(w);
    return NULL;
}

void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->came);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);
    seal_store_close(w->seals);
    pthread_cond_destroy(&w->came);
    pthread_mutex_destroy(&w->lock);
    pthread_mutex_destroy(&w->reading);
    free(w->directory);
    free(w);
}

/* --- ours -----------------------------------------------------------------------------------*/

enum store_status witness_field(struct witness *w, struct bytes *value, struct store_error *err)
{
    struct bytes note = {0};
    enum store_status status = STORE_OK;
    pthread_mutex_lock(&w->reading);
    if (w->seals == NULL)
        status = seal_store_open(w->directory, STORE_READ, &w->seals, err);
    if (status == STORE_OK)
        status = checkpoint_latest(w->seals, &note, err);
    if (status != STORE_OK && status != STORE_NOT_FOUND) {
        seal_store_close(w->seals); /* opened anew the next time */
        w->seals = NULL;
    }
    pthread_mutex_unlock(&w->reading);
    if (status == STORE_OK && !note_field(note.data, note.len, value))
        status = store_fail(err, STORE_NO_MEMORY, "out of memory");
    bytes_free(&note);
    return status;
}

/* --- those of others ------------------------------------------------------------------------*/

static void enter(struct witness *w, struct waiting *one)
{
    struct appended done = {0};
    struct store_error err = {{0}};
    enum store_status status = scribe_append(w->scribe, &one->entry, one->timeout_ms, &done, &err);
    if (status == STORE_OK)
        msg_info("checkpoint of another log entered seq=%llu%s", (unsigned long long)done.seq,
                 done.duplicate ? " duplicate=yes" : "");
    else
        msg_warn("a checkpoint of another log was not entered: %s", err.text);
    appended_free(&done);
    entry_free(&one->entry);
}

static void *work(void *context)
{
    struct witness *w = context;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->count == 0 && !w->stop)
            pthread_cond_wait(&w->came, &w->lock);
        if (w->count == 0)
            break;
        struct waiting one = w->waiting[0];
        memmove(w->waiting, w->waiting + 1, --w->count * sizeof *w->waiting);
        pthread_mutex_unlock(&w->lock);
        enter(w, &one);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Called with the lock. May one more of mail that is filed nowhere enter in this hour? */
static bool within_hour(struct witness *w)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (w->strangers == 0 || now.tv_sec - w->hour >= HOUR_S) {
        w->hour = now.tv_sec;
        w->strangers = 0;
    }
    if (w->strangers == WITNESS_HOURLY)
        return false;
    w->strangers++;
    return true;
}

bool witness_saw(struct witness *w, struct entry *entry, bool filed, int timeout_ms)
{
    pthread_mutex_lock(&w->lock);
    bool taken = w->count < WITNESS_WAITING && (filed || within_hour(w));
    if (taken && !w->started)
        taken = w->started = pthread_create(&w->thread, NULL, work, w) == 0;
    if (taken) {
        w->waiting[w->count++] = (struct waiting){.entry = *entry, .timeout_ms = timeout_ms};
        entry_init(entry);
        pthread_cond_signal(&w->came);
    }
    pthread_mutex_unlock(&w->lock);
    return taken;
}
