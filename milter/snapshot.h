/*
 * snapshot - the configuration and keys that a session works with, swapped by a reload
 *
 * Synopsis
 *      struct current *current = current_new(snapshot_new(settings, keyring, "smtp"));
 *      struct snapshot *mine = current_take(current);     each session
 *      current_swap(current, snapshot_new(...));          a reload; sessions keep theirs
 *      snapshot_unref(mine);
 *
 * A snapshot never changes. The last holder wipes the keys. Safe from several threads.
 */
#ifndef TEMOIN_MILTER_SNAPSHOT_H
#define TEMOIN_MILTER_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "policy/settings.h"
#include "policy/token.h"

struct snapshot {
    struct settings *settings;
    struct keyring *keyring;
    enum listener_role role; /* of the listener that this process serves */
    atomic_uint references;  /* private */
};

/* Takes over one reference of `settings` and the malloc'd `keyring`, also when it fails. The
   role is that of the listener with this name; *found (may be NULL) tells whether there is one,
   else it is ROLE_BOTH. NULL: out of memory. */
struct snapshot *snapshot_new(struct settings *settings, struct keyring *keyring,
                              const char *listener, bool *found);
void snapshot_unref(struct snapshot *snapshot);

struct current;

/* Takes over the reference. NULL: out of memory (the reference is given back). */
struct current *current_new(struct snapshot *first);
void current_free(struct current *current);

/* A new reference to the snapshot of now; never NULL. */
struct snapshot *current_take(struct current *current);

/* From now on `next` (its reference is taken over). */
void current_swap(struct current *current, struct snapshot *next);

#endif
