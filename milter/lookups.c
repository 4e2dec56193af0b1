/*
 * lookups - see lookups.h
 *
 * The lock guards the list of idle readers only; it is never held while a reader works.
 */
#include "milter/lookups.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AT_WORK_MAX = 8, WAIT_SECONDS = 1 };

struct lookups {
    char *directory;
    pthread_mutex_t lock;
    pthread_cond_t free_place;
    struct lookup *idle[AT_WORK_MAX];
    size_t idle_count;
    size_t at_work;
};

struct lookups *lookups_new(const char *store_directory)
{
    struct lookups *lookups = calloc(1, sizeof *lookups);
    if (lookups == NULL)
        return NULL;
    lookups->directory = strdup(store_directory);
    if (lookups->directory == NULL || pthread_mutex_init(&lookups->lock, NULL) != 0) {
        free(lookups->directory);
        free(lookups);
        return NULL;
    }
    if (pthread_cond_init(&lookups->free_place, NULL) != 0) {
        pthread_mutex_destroy(&lookups->lock);
        free(lookups->directory);
        free(lookups);
        return NULL;
    }
    return lookups;
}

void lookups_free(struct lookups *lookups)
{
    if (lookups == NULL)
        return;
    for (size_t i = 0; i < lookups->idle_count; i++)
        lookup_close(lookups->idle[i]);
    pthread_cond_destroy(&lookups->free_place);
    pthread_mutex_destroy(&lookups->lock);
    free(lookups->directory);
    free(lookups);
}

/* Wait for one of the places. *lookup is an idle reader, or NULL: open one. */
static bool take_place(struct lookups *lookups, struct lookup **lookup)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_SECONDS;
    bool got = true;
    pthread_mutex_lock(&lookups->lock);
    while (lookups->at_work >= AT_WORK_MAX && got)
        got = pthread_cond_clockwait(&lookups->free_place, &lookups->lock, CLOCK_MONOTONIC,
                                     &until) != ETIMEDOUT;
    got = lookups->at_work < AT_WORK_MAX;
    *lookup = NULL;
    if (got) {
        lookups->at_work++;
        if (lookups->idle_count > 0)
            *lookup = lookups->idle[--lookups->idle_count];
    }
    pthread_mutex_unlock(&lookups->lock);
    return got;
}

/* `lookup` NULL: there is no reader to keep. */
static void leave_place(struct lookups *lookups, struct lookup *lookup)
{
    pthread_mutex_lock(&lookups->lock);
    lookups->at_work--;
    if (lookup != NULL)
        lookups->idle[lookups->idle_count++] = lookup; /* idle + at work never pass the limit */
    pthread_cond_signal(&lookups->free_place);
    pthread_mutex_unlock(&lookups->lock);
}

enum store_status lookups_answer(struct lookups *lookups, const struct query *query,
                                 const char *base_subject, struct facts *facts,
                                 struct store_error *err)
{
    struct lookup *lookup;
    if (!take_place(lookups, &lookup)) {
        snprintf(err->text, sizeof err->text,
                 "%s: all readers of the store were at work for %d s: look at the disk's load",
                 lookups->directory, WAIT_SECONDS);
        return STORE_BUSY;
    }
    enum store_status status = STORE_OK;
    if (lookup == NULL)
        status = lookup_open(lookups->directory, &lookup, err);
    if (status != STORE_OK) {
        leave_place(lookups, NULL);
        return status;
    }
    status = lookup_facts(lookup, query, base_subject, facts, err);
    if (status != STORE_OK) {
        lookup_close(lookup);
        lookup = NULL;
    }
    leave_place(lookups, lookup);
    return status;
}
