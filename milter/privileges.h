/*
 * privileges - giving up root's rights for good
 *
 * Synopsis
 *      if (!privileges_drop("temoin-milter", "temoin", &err)) ...exit...
 *      if (!privileges_confine(&err)) ...exit...
 *
 * A process that was not started by root keeps the user that it has: nothing to give up.
 */
#ifndef TEMOIN_MILTER_PRIVILEGES_H
#define TEMOIN_MILTER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "db/store.h"

/* Become `user` with its groups and, when `group_of` is not NULL, also with the primary group
   of that user. Checked: root cannot be had back. False: err says which user or call. */
bool privileges_drop(const char *user, const char *group_of, struct store_error *err);

/* The same for a process that must own nothing: nobody, or its own user without root. */
bool privileges_drop_all(struct store_error *err);

/* No new privileges through exec, no core file and no ptrace by others of the same user: keys
   and other people's mail are in memory. */
bool privileges_confine(struct store_error *err);

/* A user's primary group; (gid_t)-1 when not run by root, where groups are left alone. */
bool privileges_group(const char *user, gid_t *gid, struct store_error *err);

#endif
