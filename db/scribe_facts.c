/*
 * scribe_facts - what is archived is read in depth, off the commit path
 */
#include "db/scribe_facts.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "db/facts_feed.h"
#include "db/msg.h"
#include "db/wire.h"

enum {
    NICE = 10,            /* mail goes first */
    IDLE_MS = 10000,      /* look without being woken: somebody may have removed facts.db */
    AFTER_MS = 1000,      /* a failure is tried again after that, longer for the same message */
    COMPLAINT_MS = 60000, /* and the same is said once in so long */
};

struct scribe_facts {
    struct settings *settings; /* the thread's */
    struct reader *reader;
    pthread_t thread;
    pthread_mutex_t lock;  /* of: */
    struct settings *next; /* what the thread has not taken yet; NULL */
    int wake, stop;        /* eventfds */
};

struct complaint {
    int64_t since_ms; /* 0: nothing to complain about */
    char text[sizeof(struct store_error)];
};

static void complain(struct complaint *c, const struct store_error *err)
{
    int64_t now = wire_clock_ms();
    if (c->since_ms && now - c->since_ms < COMPLAINT_MS && strcmp(c->text, err->text) == 0)
        return;
    c->since_ms = now;
    snprintf(c->text, sizeof c->text, "%s", err->text);
    msg_error("messages are not being read: %s (trying again)", err->text);
}

/* Until woken, if `may_wake`, or stopped, or the time is over. False: stopped. */
static bool wait_for(const struct scribe_facts *f, bool may_wake, int ms)
{
    struct pollfd p[2] = {{.fd = f->stop, .events = POLLIN},
                          {.fd = may_wake ? f->wake : -1, .events = POLLIN}};
    uint64_t count;
    (void)poll(p, 2, ms);
    if (p[1].revents) {
        ssize_t n = read(f->wake, &count, sizeof count);
        (void)n; /* empty or not: it is empty now */
    }
    return !p[0].revents;
}

/* What a reload brought. */
static void take_settings(struct scribe_facts *f, struct facts_feed *feed)
{
    pthread_mutex_lock(&f->lock);
    struct settings *next = f->next;
    f->next = NULL;
    pthread_mutex_unlock(&f->lock);
    if (!next)
        return;
    const struct reader_limits limits = reader_limits_of(next);
    reader_limit(f->reader, &limits);
    facts_feed_end(feed);
    facts_feed_init(feed, next, f->reader, f->stop);
    settings_unref(f->settings);
    f->settings = next;
}

static void *run(void *argument)
{
    struct scribe_facts *f = argument;
    struct complaint said = {0};
    struct facts_feed feed;
    bool go_on = true;
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    facts_feed_init(&feed, f->settings, f->reader, f->stop);
    while (go_on) {
        size_t read;
        struct store_error err = {{0}};
        take_settings(f, &feed);
        enum store_status st = facts_feed_step(&feed, &read, &err);
        if (st == STORE_OK && said.since_ms) {
            msg_info("messages are being read again");
            said.since_ms = 0;
        }
        if (st != STORE_OK) {
            go_on = wait_for(f, false, 0);
            if (go_on)
                complain(&said, &err);
        }
        go_on = go_on && wait_for(f, st == STORE_OK && read == 0,
                                  st != STORE_OK ? AFTER_MS << feed.tries
                                  : read         ? 0
                                                 : IDLE_MS);
    }
    facts_feed_end(&feed);
    return NULL;
}

/* It takes no signals: they are for the process's main thread. */
static bool start_thread(struct scribe_facts *f)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    bool started = pthread_create(&f->thread, NULL, run, f) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void release(struct scribe_facts *f)
{
    if (f->wake >= 0)
        close(f->wake);
    if (f->stop >= 0)
        close(f->stop);
    reader_stop(f->reader);
    settings_unref(f->settings);
    settings_unref(f->next);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct scribe_facts *scribe_facts_start(const struct settings *settings, int reader_fd)
{
    struct scribe_facts *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    const struct reader_limits limits = reader_limits_of(settings);
    pthread_mutex_init(&f->lock, NULL);
    f->settings = settings_ref((struct settings *)settings);
    f->reader = reader_attach(reader_fd, &limits);
    f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->reader && f->wake >= 0 && f->stop >= 0 && start_thread(f))
        return f;
    release(f);
    return NULL;
}

static void signal_to(int fd)
{
    const uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* a full counter wakes as well */
}

void scribe_facts_reload(struct scribe_facts *f, const struct settings *settings)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    settings_unref(f->next);
    f->next = settings_ref((struct settings *)settings);
    pthread_mutex_unlock(&f->lock);
    signal_to(f->wake);
}

void scribe_facts_wake(struct scribe_facts *f)
{
    if (f)
        signal_to(f->wake);
}

void scribe_facts_stop(struct scribe_facts *f)
{
    if (!f)
        return;
    signal_to(f->stop);
    pthread_join(f->thread, NULL);
    release(f);
}
