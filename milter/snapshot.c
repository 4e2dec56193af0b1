/*
 * snapshot - see snapshot.h
 */
#include "milter/snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct current {
    pthread_mutex_t lock;
    struct snapshot *snapshot;
};

static void give_back(struct settings *settings, struct keyring *keyring)
{
    settings_unref(settings);
    if (keyring != NULL) {
        keyring_wipe(keyring);
        free(keyring);
    }
}

struct snapshot *snapshot_new(struct settings *settings, struct keyring *keyring,
                              const char *listener, bool *found)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        give_back(settings, keyring);
        return NULL;
    }
    snapshot->settings = settings;
    snapshot->keyring = keyring;
    snapshot->role = ROLE_BOTH;
    atomic_init(&snapshot->references, 1);
    bool known = false;
    for (size_t i = 0; i < settings->listener_count && !known; i++) {
        if (strcmp(settings->listeners[i].name, listener) == 0) {
            snapshot->role = settings->listeners[i].role;
            known = true;
        }
    }
    if (found != NULL)
        *found = known;
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (snapshot == NULL || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    give_back(snapshot->settings, snapshot->keyring);
    free(snapshot);
}

struct current *current_new(struct snapshot *first)
{
    struct current *current = calloc(1, sizeof *current);
    if (current == NULL || pthread_mutex_init(&current->lock, NULL) != 0) {
        free(current);
        snapshot_unref(first);
        return NULL;
    }
    current->snapshot = first;
    return current;
}

void current_free(struct current *current)
{
    if (current == NULL)
        return;
    snapshot_unref(current->snapshot);
    pthread_mutex_destroy(&current->lock);
    free(current);
}

struct snapshot *current_take(struct current *current)
{
    pthread_mutex_lock(&current->lock);
    struct snapshot *snapshot = current->snapshot;
    atomic_fetch_add(&snapshot->references, 1);
    pthread_mutex_unlock(&current->lock);
    return snapshot;
}

void current_swap(struct current *current, struct snapshot *next)
{
    pthread_mutex_lock(&current->lock);
    struct snapshot *old = current->snapshot;
    current->snapshot = next;
    pthread_mutex_unlock(&current->lock);
    snapshot_unref(old);
}
