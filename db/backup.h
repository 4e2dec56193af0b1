/*
 * backup - a copy of the store that is of one moment, taken while the daemon runs
 *
 * Synopsis
 *      struct backup b;
 *      st = backup_make(settings, "/backup/temoin.new", "/backup/temoin", now, &b, &err);
 *      st = backup_check("/backup/temoin", &b, &err);      // every octet of it
 *
 * A backup is a directory: the databases by SQLite's backup interface (each a snapshot of its
 * own), volumes, large bodies, the list of erasures, and backup.json with size and SHA-256 of
 * each file. What may only follow from something else is copied before it: timestamps before
 * signatures, these and the register before the log, the log before volumes.
 *
 * A volume that has not changed since the previous backup is linked from there.
 */
#ifndef TEMOIN_DB_BACKUP_H
#define TEMOIN_DB_BACKUP_H

#include "db/store.h"
#include "policy/settings.h"

#define BACKUP_LIST "backup.json"

struct backup_file {
    char *name; /* below the directory: "volumes/2026-11.db" */
    uint64_t size;
    char sha256[65];
    uint32_t change; /* of a volume: SQLite's change counter in the original */
};

struct backup {
    char *origin;
    int64_t time; /* seconds since 1970 */
    uint64_t entries;
    struct backup_file *files;
    size_t count;
};
void backup_free(struct backup *b);

/* `directory` exists and is empty; `previous` may be NULL, or no backup at all. */
enum store_status backup_make(const struct settings *s, const char *directory, const char *previous,
                              int64_t now, struct backup *b, struct store_error *err);

/* Read the list of a backup. STORE_NOT_FOUND: this is no backup; STORE_CORRUPT: its list makes
   no sense, or names files that no backup has. */
enum store_status backup_read(const char *directory, struct backup *b, struct store_error *err);

/* The same, and every file is what the list says. */
enum store_status backup_check(const char *directory, struct backup *b, struct store_error *err);

/* --- copying (backup_copy.c) ----------------------------------------------------------------*/

/* A snapshot of a database; the target must not exist. STORE_NOT_FOUND: no such database. */
enum store_status backup_database(const char *from, const char *to, struct store_error *err);

/* A plain file, synced, with this mode; the target must not exist. */
enum store_status backup_plain(const char *from, const char *to, mode_t mode,
                               struct store_error *err);

/* Size and SHA-256. */
enum store_status backup_hash(const char *file, uint64_t *size, char sha256[65],
                              struct store_error *err);

/* Sync a directory. */
enum store_status backup_sync(const char *directory, struct store_error *err);

/* Remove a directory with all below it; one that is not there is success. Links are not
   followed. */
enum store_status backup_remove(const char *directory, struct store_error *err);

#endif
