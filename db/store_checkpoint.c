/*
 * store_checkpoint - moving committed pages from the WAL into log.db, off the commit path
 */
#include <limits.h>
#include <sys/stat.h>

#include "db/store_private.h"

enum { WAL_LIMIT = 64 * 1024 * 1024, RESTART_BUSY_MS = 100 };

enum store_status store_checkpoint_passive(const char *directory, struct store_error *err)
{
    char file[PATH_MAX];
    struct db *log = NULL;
    enum store_status st = store_path(directory, "log.db", file, sizeof file, err);
    if (st == STORE_OK)
        st = db_open(file, DB_WRITE, &log, err);
    /* Closing must not be the moment of a full checkpoint, nor lock the file. */
    if (st == STORE_OK)
        st = db_fail(
            log, sqlite3_db_config(log->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL),
            err);
    if (st == STORE_OK) {
        int code =
            sqlite3_wal_checkpoint_v2(log->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        /* Another checkpoint is at it: as good. */
        st = (code & 0xff) == SQLITE_BUSY ? STORE_OK : db_fail(log, code, err);
    }
    db_close(log);
    return st;
}

enum store_status store_checkpoint_restart(struct store *store, struct store_error *err)
{
    char wal[PATH_MAX];
    struct stat info;
    if (store->mode != STORE_WRITE || store->in_group)
        return store_fail(err, STORE_INVALID, "checkpoint on a store that cannot");
    enum store_status st = store_path(store->directory, "log.db-wal", wal, sizeof wal, err);
    if (st != STORE_OK || stat(wal, &info) < 0 || info.st_size < WAL_LIMIT)
        return st;
    sqlite3_busy_timeout(store->log->handle, RESTART_BUSY_MS);
    int code =
        sqlite3_wal_checkpoint_v2(store->log->handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(store->log->handle, DB_BUSY_MS);
    /* A long reader is in the way: the next call tries again. */
    return (code & 0xff) == SQLITE_BUSY ? STORE_OK : db_fail(store->log, code, err);
}
