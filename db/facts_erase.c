/*
 * facts_erase - facts of erased entries leave facts.db, and its write-ahead log
 *
 * For the store's writer, with a handle of its own: scribe's other thread may be writing.
 */
#include <limits.h>
#include <unistd.h>

#include "db/facts_db.h"
#include "db/store_private.h"

/* The store's writer has mail to commit: it tries again later rather than wait for who writes. */
enum { LOCKED_MS = 50 };

/* *db NULL with STORE_OK: there is no such file. */
static enum store_status open_db(const char *directory, struct db **db, struct store_error *err)
{
    char path[PATH_MAX];
    *db = NULL;
    enum store_status st = store_path(directory, "facts.db", path, sizeof path, err);
    if (st != STORE_OK || access(path, F_OK) != 0)
        return st;
    st = db_open(path, DB_WRITE, db, err);
    if (st == STORE_OK)
        st = db_fail(*db, sqlite3_busy_timeout((*db)->handle, LOCKED_MS), err);
    return st;
}

/* A damaged file goes as a whole: it is made anew out of what the archive still has. */
static enum store_status finish(const char *directory, struct db *db, enum store_status st,
                                struct store_error *err)
{
    if (db)
        db_rollback(db);
    db_close(db);
    return st == STORE_CORRUPT ? facts_db_discard(directory, err) : st;
}

/* Between its making and its first table there is nothing in it. */
static enum store_status has_facts(struct db *db, bool *answer, struct store_error *err)
{
    int64_t tables;
    enum store_status st = db_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'fact'",
                                     0, &tables, err, "");
    *answer = st == STORE_OK && tables > 0;
    return st;
}

enum store_status facts_erase(const char *directory, const int64_t *seqs, size_t count,
                              struct store_error *err)
{
    struct db *db;
    bool there = false;
    enum store_status st = open_db(directory, &db, err);
    if (db && st == STORE_OK)
        st = db_run(db, "BEGIN IMMEDIATE", err, "");
    if (db && st == STORE_OK)
        st = has_facts(db, &there, err);
    for (size_t i = 0; there && st == STORE_OK && i < count; i++)
        st = db_run(db, "DELETE FROM fact WHERE seq = ?", err, "i", seqs[i]);
    if (db && st == STORE_OK)
        st = db_run(db, "COMMIT", err, "");
    return finish(directory, db, st, err);
}

enum store_status facts_scrub(const char *directory, bool *done, struct store_error *err)
{
    struct db *db;
    enum store_status st = open_db(directory, &db, err);
    *done = true;
    if (db && st == STORE_OK) {
        int code =
            sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        *done = code == SQLITE_OK;
        st = (code & 0xff) == SQLITE_BUSY ? STORE_OK : db_fail(db, code, err);
    }
    return finish(directory, db, st, err);
}
