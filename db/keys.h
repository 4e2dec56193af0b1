/*
 * keys - the token keys on disk: made, rotated, read
 *
 * Synopsis
 *      keys_create("/etc/temoin", gid, &err);               // temoin init
 *      keys_rotate("/etc/temoin", &number, &err);           // temoin init --rotate-token-key
 *      struct keyring ring;
 *      keys_read("/etc/temoin", &ring, &err);
 *      keyring_wipe(&ring);
 *
 * The file is <directory>/token.keys, in the form of policy/token.h. It is written beside and
 * renamed, so that a reader sees the old keys or the new ones; owner, group and mode are kept.
 * Old keys are never removed: a debtor may answer a reminder years later. At most 255 keys.
 */
#ifndef TEMOIN_DB_KEYS_H
#define TEMOIN_DB_KEYS_H

#include <sys/types.h>

#include "db/store.h"
#include "policy/token.h"

/* A file with one active key, mode 0640; `group` (gid_t)-1: the process's own.
   STORE_INVALID: there is one already. */
enum store_status keys_create(const char *directory, gid_t group, struct store_error *err);

/* Make the active key an old one and add a new active one; *number is its key number. */
enum store_status keys_rotate(const char *directory, unsigned *number, struct store_error *err);

/* STORE_NOT_FOUND, STORE_DENIED, or STORE_CORRUPT when the file does not parse. */
enum store_status keys_read(const char *directory, struct keyring *ring, struct store_error *err);

#endif
