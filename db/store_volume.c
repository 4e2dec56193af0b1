/*
 * store_volume - the months' files: message bytes of past days
 *
 * volumes/2026-11.db holds the messages that were committed in that month (UTC), each as pieces
 * of at most 1 MB, so that nobody binds or loads a whole large one. A rollback journal instead
 * of WAL: a finished month is one file, complete by itself, to be backed up once and read by
 * whoever may read it. The writer waits but a moment for readers; they hold the file no longer
 * than it takes to copy one piece.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/store_private.h"

enum { VOLUME_BUSY_MS = 20 };

int64_t month_of(int64_t seconds)
{
    struct tm tm = {0};
    time_t t = (time_t)seconds;
    if (!gmtime_r(&t, &tm) || tm.tm_year < 70 || tm.tm_year > 8000)
        return 197001; /* no clock says this; the message must go somewhere */
    return (int64_t)(tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
}

static enum store_status volume_file(struct store *store, int64_t month, char *path,
                                     struct store_error *err)
{
    char below[64];
    snprintf(below, sizeof below, "volumes/%04" PRId64 "-%02" PRId64 ".db", month / 100,
             month % 100);
    return store_path(store->directory, below, path, PATH_MAX, err);
}

enum store_status volume_use(struct store *store, int64_t month, bool create,
                             struct store_error *err)
{
    char file[PATH_MAX];
    bool created, writes = store->mode == STORE_WRITE;
    if (store->volume && store->volume_month == month)
        return STORE_OK;
    db_close(store->volume);
    store->volume = NULL;
    enum store_status st = volume_file(store, month, file, err);
    if (st == STORE_OK && create)
        st = db_create_file(file, 0640, &created, err);
    if (st == STORE_OK)
        st = db_open(file, writes ? DB_VOLUME : DB_READ, &store->volume, err);
    if (st == STORE_OK && writes)
        st = db_fail(store->volume, sqlite3_busy_timeout(store->volume->handle, VOLUME_BUSY_MS),
                     err);
    if (st == STORE_OK)
        st = writes ? schema_migrate(store->volume, &schema_volume, err)
                    : schema_check(store->volume, &schema_volume, err);
    if (st != STORE_OK) {
        db_close(store->volume);
        store->volume = NULL;
    }
    store->volume_month = month;
    return st;
}

enum store_status volume_piece(struct store *store, int64_t seq, int64_t n, struct bytes *out,
                               struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    struct db *volume = store->volume;
    enum store_status st =
        db_query(volume, "SELECT data FROM piece WHERE seq = ? AND n = ?", &s, err, "ii", seq, n);
    if (st == STORE_OK)
        st = db_step(volume, s, &row, err);
    if (row)
        copied = db_column_bytes(s, 0, out);
    db_done(s);
    if (!copied)
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", volume->file);
    if (st == STORE_OK && !row)
        st = store_fail(err, STORE_CORRUPT,
                        "%s: piece %" PRId64 " of message %" PRId64
                        " is missing: restore the last backup",
                        volume->file, n, seq);
    return st;
}

enum store_status volume_put(struct store *store, int64_t seq, int64_t *n, const char *data,
                             size_t len, struct store_error *err)
{
    enum store_status st = STORE_OK;
    while (st == STORE_OK && len) {
        size_t part = len < PIECE_OCTETS ? len : PIECE_OCTETS;
        st = db_run(store->volume, "INSERT OR REPLACE INTO piece (seq, n, data) VALUES (?, ?, ?)",
                    err, "iib", seq, *n, (const void *)data, part);
        data += part;
        len -= part;
        ++*n;
    }
    return st;
}

/* --- after a crash --------------------------------------------------------------------------*/

/* A journal that a killed writer left is rolled back by the next one that opens the file;
   readers may not. So open each such volume once. */
static enum store_status roll_back(struct store *store, const char *journal,
                                   struct store_error *err)
{
    int64_t year, month;
    int end = 0;
    if (sscanf(journal, "%" SCNd64 "-%" SCNd64 ".db-journal%n", &year, &month, &end) != 2 ||
        end == 0 || journal[end])
        return STORE_OK; /* not one of ours */
    enum store_status st = volume_use(store, year * 100 + month, false, err);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

enum store_status volumes_recover(struct store *store, struct store_error *err)
{
    char path[PATH_MAX];
    struct dirent *item;
    enum store_status st = store_path(store->directory, "volumes", path, sizeof path, err);
    if (st != STORE_OK)
        return st;
    DIR *dir = opendir(path);
    if (!dir)
        return store_fail_errno(err, errno, "%s", path);
    while (st == STORE_OK && (item = readdir(dir)) != NULL)
        st = roll_back(store, item->d_name, err);
    closedir(dir);
    return st;
}
