/*
 * scribe_upkeep - checkpoints of the write-ahead log, off the commit path
 *
 * Under load the writer is always ahead of the PASSIVE checkpoints, so that the file never
 * begins anew and grows. A RESTART by the writer then finds little left to do. The store
 * bounds the file to 64 MB whenever it begins anew: a larger one is in use beyond that.
 */
#include "db/scribe_upkeep.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "db/msg.h"
#include "db/store.h"
#include "db/wire.h"
#include "policy/bytes.h"

enum {
    GROWN = 4 * 1024 * 1024,      /* octets that call for a checkpoint at once */
    TOO_LARGE = 64 * 1024 * 1024, /* octets that call for a RESTART */
    REST_S = 1,                   /* less than GROWN waits so long */
    LOOK_MS = 100,                /* between looks at the size */
    AGAIN_MS = 1000,              /* after a RESTART, which a long reader may have prevented */
};

struct upkeep {
    char *directory;
    char *wal;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t unchecked; /* octets since the last checkpoint; guarded by `lock` */
    bool stop;        /* guarded by `lock` */
    int64_t look_at;  /* monotonic ms: when to look at the size next */
};

/* Wait until there is enough to do. False: stop. */
static bool wait_for_work(struct upkeep *u)
{
    struct timespec until;
    pthread_mutex_lock(&u->lock);
    while (!u->stop && u->unchecked == 0)
        pthread_cond_wait(&u->changed, &u->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += REST_S;
    while (!u->stop && u->unchecked < GROWN)
        if (pthread_cond_timedwait(&u->changed, &u->lock, &until) != 0)
            break;
    u->unchecked = 0;
    bool go_on = !u->stop;
    pthread_mutex_unlock(&u->lock);
    return go_on;
}

static void *run(void *argument)
{
    struct upkeep *u = argument;
    bool complained = false;
    while (wait_for_work(u)) {
        struct store_error err = {{0}};
        enum store_status st = store_checkpoint_passive(u->directory, &err);
        bool failed = st != STORE_OK && st != STORE_BUSY;
        if (failed && !complained)
            msg_warn("%s: checkpoint: %s", u->directory, err.text);
        complained = failed;
    }
    return NULL;
}

/* The thread takes no signals: they are for the process's main thread. */
static bool start_thread(struct upkeep *u)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    bool started = pthread_create(&u->thread, NULL, run, u) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static bool init_waiting(struct upkeep *u)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return false;
    bool done = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&u->changed, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    if (done && pthread_mutex_init(&u->lock, NULL) == 0)
        return true;
    if (done)
        pthread_cond_destroy(&u->changed);
    return false;
}

static void release(struct upkeep *u)
{
    free(u->directory);
    free(u->wal);
    free(u);
}

struct upkeep *upkeep_start(const char *directory)
{
    struct upkeep *u = calloc(1, sizeof *u);
    struct bytes dir = {0}, wal = {0};
    if (!u)
        return NULL;
    bool named = bytes_puts(&dir, directory) && bytes_printf(&wal, "%s/log.db-wal", directory);
    u->directory = named ? bytes_steal(&dir) : NULL;
    u->wal = named ? bytes_steal(&wal) : NULL;
    bytes_free(&dir);
    bytes_free(&wal);
    if (!u->directory || !u->wal || !init_waiting(u)) {
        release(u);
        return NULL;
    }
    if (start_thread(u))
        return u;
    pthread_mutex_destroy(&u->lock);
    pthread_cond_destroy(&u->changed);
    release(u);
    return NULL;
}

void upkeep_wrote(struct upkeep *u, size_t octets)
{
    pthread_mutex_lock(&u->lock);
    bool wake = u->unchecked == 0 || (u->unchecked < GROWN && u->unchecked + octets >= GROWN);
    u->unchecked += octets;
    if (wake)
        pthread_cond_signal(&u->changed);
    pthread_mutex_unlock(&u->lock);
}

bool upkeep_wants_restart(struct upkeep *u)
{
    struct stat st;
    int64_t now = wire_clock_ms();
    if (now < u->look_at)
        return false;
    bool large = stat(u->wal, &st) == 0 && st.st_size > TOO_LARGE;
    u->look_at = now + (large ? AGAIN_MS : LOOK_MS);
    return large;
}

void upkeep_stop(struct upkeep *u)
{
    if (!u)
        return;
    pthread_mutex_lock(&u->lock);
    u->stop = true;
    pthread_cond_signal(&u->changed);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    pthread_mutex_destroy(&u->lock);
    pthread_cond_destroy(&u->changed);
    release(u);
}
