/*
 * facts_db - what was read in archived messages (facts.db)
 */
#include "db/facts_db.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/facts_json.h"
#include "db/store_private.h"

struct facts_db {
    struct db *db;
    dev_t device;
    ino_t inode;
};

void fact_row_free(struct fact_row *row)
{
    json_decref(row->facts);
    free(row->reason);
    *row = (struct fact_row){0};
}

/* --- opening ---------------------------------------------------------------------------------*/

static enum store_status path_of(const char *directory, char *path, struct store_error *err)
{
    return store_path(directory, "facts.db", path, PATH_MAX, err);
}

enum store_status facts_db_mend(const char *directory, struct store_error *err)
{
    char path[PATH_MAX];
    struct db *db = NULL;
    sqlite3_stmt *s = NULL;
    bool row = false, sound = false;
    enum store_status st = path_of(directory, path, err);
    if (st == STORE_OK)
        st = db_open(path, DB_WRITE, &db, err);
    if (st == STORE_OK)
        st = db_query(db, "PRAGMA quick_check(1)", &s, err, "");
    if (st == STORE_OK)
        st = db_step(db, s, &row, err);
    if (st == STORE_OK && row) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        sound = text && strcmp(text, "ok") == 0;
    }
    db_done(s);
    db_close(db);
    if (st == STORE_NOT_FOUND)
        return STORE_OK;
    return (st == STORE_OK && !sound) || st == STORE_CORRUPT ? derived_remove(path, err) : st;
}

static bool same_log(struct db *db, const char *origin)
{
    sqlite3_stmt *s;
    bool row = false, same = false;
    if (db_query(db, "SELECT value FROM meta WHERE key = 'log'", &s, NULL, "") == STORE_OK &&
        db_step(db, s, &row, NULL) == STORE_OK && row) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        same = text && strcmp(text, origin) == 0;
    }
    db_done(s);
    return same;
}

/* *fit false: it must be made anew. A commit need not wait for the disk: what is lost in a power
   failure is read again. */
static enum store_status open_writer(const char *path, const char *origin, struct db **db,
                                     bool *fit, struct store_error *err)
{
    bool created;
    *fit = true;
    enum store_status st = db_create_file(path, 0640, &created, err);
    if (st == STORE_OK)
        st = db_open(path, DB_WRITE, db, err);
    if (st == STORE_OK)
        st = db_exec(*db, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000", err);
    if (st == STORE_OK)
        st = schema_migrate(*db, &schema_facts, err);
    if (st == STORE_OK)
        st = db_run(*db, "INSERT OR IGNORE INTO meta (key, value) VALUES ('log', ?)", err, "t",
                    origin);
    if (st == STORE_CORRUPT || st == STORE_SCHEMA || (st == STORE_OK && !same_log(*db, origin))) {
        *fit = false;
        st = STORE_OK;
    }
    return st;
}

static enum store_status open_any(const char *path, enum store_mode mode, const char *origin,
                                  struct db **db, struct store_error *err)
{
    enum store_status st = STORE_OK;
    *db = NULL;
    if (mode == STORE_READ) {
        st = db_open(path, DB_READ, db, err);
        return st == STORE_OK ? schema_check(*db, &schema_facts, err) : st;
    }
    bool fit = false;
    for (int i = 0; st == STORE_OK && !fit && i < 2; i++) {
        if (i > 0) {
            db_close(*db);
            *db = NULL;
            st = derived_remove(path, err);
        }
        if (st == STORE_OK)
            st = open_writer(path, origin, db, &fit, err);
    }
    return st == STORE_OK && !fit ? store_fail(err, STORE_CORRUPT, "%s: cannot be made anew", path)
                                  : st;
}

enum store_status facts_db_open(const char *directory, enum store_mode mode, const char *origin,
                                struct facts_db **out, struct store_error *err)
{
    char path[PATH_MAX];
    struct stat info;
    struct facts_db *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status st = path_of(directory, path, err);
    if (st == STORE_OK)
        st = open_any(path, mode, origin, &f->db, err);
    if (st == STORE_OK && stat(path, &info) != 0)
        st = store_fail_errno(err, errno, "%s", path);
    if (st != STORE_OK) {
        facts_db_close(f);
        return st;
    }
    f->device = info.st_dev;
    f->inode = info.st_ino;
    *out = f;
    return STORE_OK;
}

void facts_db_close(struct facts_db *f)
{
    if (f)
        db_close(f->db);
    free(f);
}

bool facts_db_current(const struct facts_db *f)
{
    struct stat info;
    return stat(f->db->file, &info) == 0 && info.st_dev == f->device && info.st_ino == f->inode;
}

/* --- reading ---------------------------------------------------------------------------------*/

/* What stands in the file is not taken for ours, either. */
static enum store_status take_row(struct facts_db *f, sqlite3_stmt *s, struct fact_row *row,
                                  struct store_error *err)
{
    const char *text = (const char *)sqlite3_column_text(s, 2);
    int64_t state = sqlite3_column_int64(s, 0);
    row->version = (unsigned)sqlite3_column_int64(s, 1);
    row->state = state == FACT_UNREAD ? FACT_UNREAD : FACT_READ;
    if (row->state == FACT_UNREAD)
        return db_column_text(s, 3, &row->reason)
                   ? STORE_OK
                   : store_fail(err, STORE_NO_MEMORY, "out of memory");
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    row->facts = facts_take(json);
    json_decref(json);
    return row->facts ? STORE_OK
                      : store_fail(err, STORE_CORRUPT,
                                   "%s: entry %" PRIu64 ": no facts: temoin reread %" PRIu64,
                                   f->db->file, row->seq, row->seq);
}

enum store_status facts_db_get(struct facts_db *f, uint64_t seq, struct fact_row *row,
                               struct store_error *err)
{
    sqlite3_stmt *s;
    bool found = false;
    *row = (struct fact_row){.seq = seq};
    enum store_status st = db_query(
        f->db, "SELECT state, version, facts, reason FROM fact WHERE seq = ? AND state > 0", &s,
        err, "i", (int64_t)seq);
    if (st == STORE_OK)
        st = db_step(f->db, s, &found, err);
    if (st == STORE_OK && !found)
        st = store_fail(err, STORE_NOT_FOUND, "entry %" PRIu64 " is not read yet", seq);
    if (st == STORE_OK)
        st = take_row(f, s, row, err);
    db_done(s);
    if (st != STORE_OK)
        fact_row_free(row);
    return st;
}

static enum store_status number(struct facts_db *f, const char *sql, int64_t *n,
                                struct store_error *err)
{
    return db_number(f->db, sql, 0, n, err, "");
}

enum store_status facts_db_figures(struct facts_db *f, struct store *log, struct facts_figures *out,
                                   struct store_error *err)
{
    int64_t all, unread, again, done, behind;
    enum store_status st = number(f, "SELECT count(*) FROM fact", &all, err);
    if (st == STORE_OK)
        st = number(f, "SELECT count(*) FROM fact WHERE state = 2", &unread, err);
    if (st == STORE_OK)
        st = number(f, "SELECT count(*) FROM fact WHERE state = 0", &again, err);
    if (st == STORE_OK)
        st = number(f, "SELECT value FROM meta WHERE key = 'done'", &done, err);
    if (st == STORE_OK)
        st = db_number(log->log, "SELECT count(*) FROM message WHERE seq > ?", 0, &behind, err, "i",
                       done);
    if (st == STORE_OK)
        *out = (struct facts_figures){.read = (uint64_t)(all - unread - again),
                                      .unread = (uint64_t)unread,
                                      .waiting = (uint64_t)(again + behind)};
    return st;
}

/* --- writing ---------------------------------------------------------------------------------*/

enum { ROOM = sizeof((struct facts_next *)NULL)->seqs / sizeof(uint64_t) };

/* Messages of the log from `from` on, or the one of this number. */
static enum store_status find_messages(struct store *log, int64_t from, int64_t to,
                                       struct facts_next *next, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st = db_query(
        log->log, "SELECT seq, size FROM message WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
        &s, err, "iii", from, to, (int64_t)ROOM);
    while (st == STORE_OK && next->count < ROOM) {
        st = db_step(log->log, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        next->seqs[next->count] = (uint64_t)sqlite3_column_int64(s, 0);
        next->sizes[next->count++] = (uint64_t)sqlite3_column_int64(s, 1);
    }
    db_done(s);
    return st;
}

/* Entries that are to be read again. One that has lost its message is forgotten. */
static enum store_status find_again(struct facts_db *f, struct store *log, struct facts_next *next,
                                    struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    int64_t seqs[ROOM];
    size_t count = 0;
    enum store_status st =
        db_query(f->db, "SELECT seq FROM fact WHERE state = 0 ORDER BY seq LIMIT ?", &s, err, "i",
                 (int64_t)ROOM);
    while (st == STORE_OK && count < ROOM) {
        st = db_step(f->db, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        seqs[count++] = sqlite3_column_int64(s, 0);
    }
    db_done(s);
    for (size_t i = 0; st == STORE_OK && i < count; i++) {
        size_t before = next->count;
        st = find_messages(log, seqs[i], seqs[i], next, err);
        if (st == STORE_OK && next->count == before)
            st = db_run(f->db, "DELETE FROM fact WHERE seq = ?", err, "i", seqs[i]);
    }
    return st;
}

enum store_status facts_db_next(struct facts_db *f, struct store *log, struct facts_next *next,
                                struct store_error *err)
{
    int64_t done = 0;
    *next = (struct facts_next){.again = true};
    enum store_status st = find_again(f, log, next, err);
    if (st != STORE_OK || next->count)
        return st;
    next->again = false;
    st = number(f, "SELECT value FROM meta WHERE key = 'done'", &done, err);
    return st == STORE_OK ? find_messages(log, done + 1, INT64_MAX, next, err) : st;
}

static enum store_status put_row(struct facts_db *f, struct store *log, const struct fact_row *row,
                                 struct store_error *err)
{
    int64_t there;
    enum store_status st = db_number(log->log, "SELECT count(*) FROM message WHERE seq = ?", 0,
                                     &there, err, "i", (int64_t)row->seq);
    if (st != STORE_OK)
        return st;
    if (!there) /* erased meanwhile */
        return db_run(f->db, "DELETE FROM fact WHERE seq = ?", err, "i", (int64_t)row->seq);
    char *text = row->facts ? json_dumps(row->facts, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (row->facts && !text)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    st = db_run(f->db,
                "INSERT OR REPLACE INTO fact (seq, state, version, facts, reason)"
                " VALUES (?, ?, ?, ?, ?)",
                err, "iiitt", (int64_t)row->seq, (int64_t)row->state, (int64_t)row->version, text,
                row->reason);
    free(text);
    return st;
}

static enum store_status finish(struct facts_db *f, enum store_status st, struct store_error *err)
{
    if (st == STORE_OK)
        st = db_run(f->db, "COMMIT", err, "");
    db_rollback(f->db);
    return st;
}

enum store_status facts_db_put(struct facts_db *f, struct store *log, const struct fact_row *rows,
                               size_t count, bool again, struct store_error *err)
{
    enum store_status st = db_run(f->db, "BEGIN IMMEDIATE", err, "");
    for (size_t i = 0; st == STORE_OK && i < count; i++)
        st = put_row(f, log, &rows[i], err);
    if (st == STORE_OK && !again && count)
        st = db_run(f->db, "INSERT OR REPLACE INTO meta (key, value) VALUES ('done', ?)", err, "i",
                    (int64_t)rows[count - 1].seq);
    return finish(f, st, err);
}

/* --- again -----------------------------------------------------------------------------------*/

enum store_status facts_db_again_one(struct facts_db *f, struct store *log, uint64_t seq,
                                     struct store_error *err)
{
    struct facts_next found = {0};
    int64_t done = 0;
    enum store_status st = find_messages(log, (int64_t)seq, (int64_t)seq, &found, err);
    if (st == STORE_OK && found.count == 0)
        return store_fail(err, STORE_NOT_FOUND, "entry %" PRIu64 " has no message that is kept",
                          seq);
    if (st == STORE_OK)
        st = number(f, "SELECT value FROM meta WHERE key = 'done'", &done, err);
    if (st != STORE_OK || (int64_t)seq > done) /* its turn comes anyway */
        return st;
    return db_run(f->db, "INSERT OR REPLACE INTO fact (seq, state, version) VALUES (?, 0, 0)", err,
                  "i", (int64_t)seq);
}

enum store_status facts_db_again_all(struct facts_db *f, struct store_error *err)
{
    enum store_status st = db_run(f->db, "BEGIN IMMEDIATE", err, "");
    if (st == STORE_OK)
        st = db_run(f->db, "DELETE FROM fact", err, "");
    if (st == STORE_OK)
        st = db_run(f->db, "DELETE FROM meta WHERE key = 'done'", err, "");
    return finish(f, st, err);
}

enum store_status facts_db_again_stale(struct facts_db *f, struct store_error *err)
{
    return db_run(f->db,
                  "UPDATE fact SET state = 0, version = 0, facts = NULL, reason = NULL"
                  " WHERE state = 2 OR version <> ?",
                  err, "i", (int64_t)FACTS_VERSION);
}
