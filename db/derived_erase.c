/*
 * derived_erase - what files that are made from the log say about erased entries leaves them, and
 *                 their write-ahead logs: facts.db and dkim.db
 *
 * For the store's writer, with a handle of its own: scribe's other thread or `temoin keys` may be
 * writing. Who reads the log and writes such a file begins its transaction there first, and so
 * either sees the erasure or is waited for: nothing comes in behind it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "db/store_private.h"

/* The store's writer has mail to commit: it tries again later rather than wait for who writes. */
enum { LOCKED_MS = 50 };

static const struct derived {
    const char *name;
    const char *there; /* has the file its tables yet? */
    const char *forget;
} files[] = {
    {"facts.db", "SELECT count(*) FROM sqlite_schema WHERE name = 'fact'",
     "DELETE FROM fact WHERE seq = ?"},
    {"dkim.db", "SELECT count(*) FROM sqlite_schema WHERE name = 'wanted'",
     "DELETE FROM wanted WHERE seq = ?"},
};
enum { FILES = sizeof files / sizeof *files };

enum store_status derived_remove(const char *path, struct store_error *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[PATH_MAX + 8];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (unlink(name) < 0 && errno != ENOENT)
            return store_fail_errno(err, errno, "%s: cannot be made anew", name);
    }
    return STORE_OK;
}

/* *db NULL with STORE_OK: there is no such file. */
static enum store_status open_db(const char *directory, const struct derived *f, struct db **db,
                                 struct store_error *err)
{
    char path[PATH_MAX];
    *db = NULL;
    enum store_status st = store_path(directory, f->name, path, sizeof path, err);
    if (st != STORE_OK || access(path, F_OK) != 0)
        return st;
    st = db_open(path, DB_WRITE, db, err);
    if (st == STORE_OK)
        st = db_fail(*db, sqlite3_busy_timeout((*db)->handle, LOCKED_MS), err);
    return st;
}

/* A damaged file goes as a whole: it is made anew out of what the log still has. */
static enum store_status finish(const char *directory, const struct derived *f, struct db *db,
                                enum store_status st, struct store_error *err)
{
    char path[PATH_MAX];
    if (db)
        db_rollback(db);
    db_close(db);
    if (st != STORE_CORRUPT)
        return st;
    st = store_path(directory, f->name, path, sizeof path, err);
    return st == STORE_OK ? derived_remove(path, err) : st;
}

static enum store_status erase_in(const char *directory, const struct derived *f,
                                  const int64_t *seqs, size_t count, struct store_error *err)
{
    struct db *db;
    int64_t there = 0;
    enum store_status st = open_db(directory, f, &db, err);
    if (db && st == STORE_OK)
        st = db_run(db, "BEGIN IMMEDIATE", err, "");
    if (db && st == STORE_OK)
        st = db_number(db, f->there, 0, &there, err, "");
    for (size_t i = 0; there && st == STORE_OK && i < count; i++)
        st = db_run(db, f->forget, err, "i", seqs[i]);
    if (db && st == STORE_OK)
        st = db_run(db, "COMMIT", err, "");
    return finish(directory, f, db, st, err);
}

enum store_status derived_erase(const char *directory, const int64_t *seqs, size_t count,
                                struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < FILES; i++)
        st = erase_in(directory, &files[i], seqs, count, err);
    return st;
}

static enum store_status scrub_in(const char *directory, const struct derived *f, bool *done,
                                  struct store_error *err)
{
    struct db *db;
    enum store_status st = open_db(directory, f, &db, err);
    *done = true;
    if (db && st == STORE_OK) {
        int code =
            sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        *done = code == SQLITE_OK;
        st = (code & 0xff) == SQLITE_BUSY ? STORE_OK : db_fail(db, code, err);
    }
    return finish(directory, f, db, st, err);
}

enum store_status derived_scrub(const char *directory, bool *done, struct store_error *err)
{
    enum store_status st = STORE_OK;
    *done = true;
    for (size_t i = 0; st == STORE_OK && *done && i < FILES; i++)
        st = scrub_in(directory, &files[i], done, err);
    return st;
}
