/*
 * store_erased - after an erasure: volumes, bodies, files made from the log, the list of erasures,
 * the write-ahead logs
 *
 * log.db's table "erasing" names what is left to be deleted in other files (volumes, bodies,
 * facts.db, dkim.db); its rows go when that is done, so a crash at any point begins the same work
 * anew. meta.scrub stands until the write-ahead logs have been truncated, meta.listed is the last
 * erasure in the list.
 *
 * Deleted cells and pages are overwritten with zeros (secure_delete). What file systems, disks
 * and snapshots keep of freed blocks is beyond this program; temoin(1) says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/record.h"
#include "db/store_erase.h"
#include "db/store_private.h"

enum { SLICE = 100, LIST_SLICE = 500, TRUNCATE_BUSY_MS = 50 };

bool store_erases(const struct store *store)
{
    return store->erasing;
}

enum store_status store_erasing(struct store *store, bool *pending, struct store_error *err)
{
    int64_t found;
    enum store_status st = db_number(store->log,
                                     "SELECT EXISTS (SELECT 1 FROM erasing)"
                                     " OR EXISTS (SELECT 1 FROM meta WHERE key = 'scrub'"
                                     "  AND value = 1)",
                                     0, &found, err, "");
    *pending = found != 0;
    return st;
}

enum store_status erasures_recover(struct store *store, struct store_error *err)
{
    return store_erasing(store, &store->erasing, err);
}

/* --- volumes and bodies ---------------------------------------------------------------------*/

struct rest {
    int64_t month, seqs[SLICE];
    struct strings bodies;
    size_t count;
};

/* The next rows, all of one month. */
static enum store_status next_rest(struct store *store, struct rest *r, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st = db_query(store->log,
                                    "SELECT seq, month, body FROM erasing WHERE month ="
                                    " (SELECT min(month) FROM erasing) ORDER BY seq LIMIT ?",
                                    &s, err, "i", (int64_t)SLICE);
    while (st == STORE_OK && row && r->count < SLICE) {
        st = db_step(store->log, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        const char *body = (const char *)sqlite3_column_text(s, 2);
        r->seqs[r->count++] = sqlite3_column_int64(s, 0);
        r->month = sqlite3_column_int64(s, 1);
        if (body && !strings_add(&r->bodies, body))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    db_done(s);
    return st;
}

static enum store_status empty_volume(struct store *store, const struct rest *r,
                                      struct store_error *err)
{
    enum store_status st = volume_use(store, r->month, false, err);
    if (st == STORE_NOT_FOUND)
        return STORE_OK; /* never moved there, or the volume is gone */
    if (st == STORE_OK)
        st = db_run(store->volume, "BEGIN IMMEDIATE", err, "");
    for (size_t i = 0; st == STORE_OK && i < r->count; i++) {
        st = db_run(store->volume, "DELETE FROM piece WHERE seq = ?", err, "i", r->seqs[i]);
        if (st == STORE_OK)
            st = db_run(store->volume, "DELETE FROM message WHERE seq = ?", err, "i", r->seqs[i]);
    }
    if (st == STORE_OK)
        st = db_run(store->volume, "COMMIT", err, "");
    if (store->volume)
        db_rollback(store->volume);
    return st;
}

static enum store_status forget_rest(struct store *store, const struct rest *r,
                                     struct store_error *err)
{
    enum store_status st = db_run(store->log, "BEGIN IMMEDIATE", err, "");
    for (size_t i = 0; st == STORE_OK && i < r->count; i++)
        st = db_run(store->log, "DELETE FROM erasing WHERE seq = ?", err, "i", r->seqs[i]);
    if (st == STORE_OK)
        st = db_run(store->log, "COMMIT", err, "");
    db_rollback(store->log);
    return st;
}

enum store_status volume_drop(struct store *store, int64_t month, int64_t now,
                              struct store_error *err)
{
    char file[PATH_MAX], name[64];
    int64_t used;
    if (month >= month_of(now))
        return STORE_OK;
    enum store_status st =
        db_number(store->log, "SELECT EXISTS (SELECT 1 FROM message WHERE volume = ?)", 1, &used,
                  err, "i", month);
    if (st != STORE_OK || used)
        return st;
    snprintf(name, sizeof name, "volumes/%04" PRId64 "-%02" PRId64 ".db", month / 100, month % 100);
    st = store_path(store->directory, name, file, sizeof file, err);
    if (store->volume && store->volume_month == month) {
        db_close(store->volume);
        store->volume = NULL;
    }
    if (st == STORE_OK && unlink(file) < 0 && errno != ENOENT)
        st = store_fail_errno(err, errno, "%s: cannot drop it", file);
    return st;
}

/* --- the list of erasures -------------------------------------------------------------------*/

static bool list_line(struct store *store, sqlite3_stmt *s, struct bytes *lines)
{
    char leaf[2 * HASH_OCTETS + 1] = "";
    const void *part = sqlite3_column_blob(s, 3);
    json_t *json =
        part ? json_loadb(part, (size_t)sqlite3_column_bytes(s, 3), JSON_REJECT_DUPLICATES, NULL)
             : NULL;
    const char *ground = json_string_value(json_object_get(json, "ground"));
    if (sqlite3_column_bytes(s, 2) == HASH_OCTETS)
        record_hex(sqlite3_column_blob(s, 2), HASH_OCTETS, leaf);
    json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:I}", "by", sqlite3_column_int64(s, 1),
                             "ground", ground ? ground : "", "leaf", leaf, "log", store->origin,
                             "seq", sqlite3_column_int64(s, 0));
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    bool done = text && bytes_puts(lines, text) && bytes_puts(lines, "\n");
    free(text);
    json_decref(line);
    json_decref(json);
    return done;
}

static enum store_status append_lines(struct store *store, const struct bytes *lines,
                                      struct store_error *err)
{
    char file[PATH_MAX];
    bool created;
    enum store_status st = store_path(store->directory, ERASURES_FILE, file, sizeof file, err);
    if (st == STORE_OK)
        st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || write(fd, lines->data, lines->len) != (ssize_t)lines->len || fsync(fd) < 0)
        st = store_fail_errno(err, errno ? errno : EIO, "%s: cannot be written", file);
    if (fd >= 0)
        close(fd);
    return st;
}

/* A line may stand there twice after a crash, and half of one before it: readers pass over it. */
enum store_status erasures_list(struct store *store, bool *more, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    struct bytes lines = {0};
    int64_t listed, count = 0, last = 0;
    enum store_status st =
        db_number(store->log, "SELECT value FROM meta WHERE key = 'listed'", 0, &listed, err, "");
    if (st != STORE_OK)
        return st;
    st = db_query(store->log,
                  "SELECT x.seq, x.erasure, e.leaf, f.private FROM erased x"
                  " JOIN entry e ON e.seq = x.seq JOIN entry f ON f.seq = x.erasure"
                  " WHERE x.erasure > ? ORDER BY x.erasure, x.seq LIMIT ?",
                  &s, err, "ii", listed, (int64_t)LIST_SLICE);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        last = sqlite3_column_int64(s, 1);
        count++;
        if (!list_line(store, s, &lines))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    db_done(s);
    *more = count == LIST_SLICE;
    if (st == STORE_OK && count)
        st = append_lines(store, &lines, err);
    /* A full slice may have cut the last erasure, which is then listed anew. */
    if (st == STORE_OK && count)
        st = db_run(store->log, "INSERT OR REPLACE INTO meta (key, value) VALUES ('listed', ?)",
                    err, "i", *more ? last - 1 : last);
    bytes_free(&lines);
    return st;
}

/* --- the write-ahead log --------------------------------------------------------------------*/

/* Its frames hold the pages as they were. */
static enum store_status truncate_log(struct store *store, bool *done, struct store_error *err)
{
    sqlite3_busy_timeout(store->log->handle, TRUNCATE_BUSY_MS);
    int code =
        sqlite3_wal_checkpoint_v2(store->log->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(store->log->handle, DB_BUSY_MS);
    *done = code == SQLITE_OK;
    return (code & 0xff) == SQLITE_BUSY ? STORE_OK : db_fail(store->log, code, err);
}

static enum store_status scrub(struct store *store, struct store_error *err)
{
    bool done;
    enum store_status st = truncate_log(store, &done, err);
    if (st == STORE_OK && done)
        st = derived_scrub(store->directory, &done, err);
    if (st == STORE_OK && done)
        st = db_run(store->log, "UPDATE meta SET value = 0 WHERE key = 'scrub'", err, "");
    if (st == STORE_OK && done)
        store->erasing = false;
    return st;
}

enum store_status store_erase_step(struct store *store, int64_t now, bool *more,
                                   struct store_error *err)
{
    struct rest r = {0};
    bool listing = false;
    *more = false;
    enum store_status st = next_rest(store, &r, err);
    if (st == STORE_OK && r.count) {
        st = empty_volume(store, &r, err);
        if (st == STORE_OK)
            st = derived_erase(store->directory, r.seqs, r.count, err);
        for (size_t i = 0; st == STORE_OK && i < r.bodies.count; i++)
            body_remove(store, r.bodies.items[i]);
        if (st == STORE_OK)
            st = forget_rest(store, &r, err);
        if (st == STORE_OK)
            st = volume_drop(store, r.month, now, err);
        *more = st == STORE_OK;
    } else if (st == STORE_OK) {
        st = erasures_list(store, &listing, err);
        *more = st == STORE_OK && listing;
        if (st == STORE_OK && !listing)
            st = scrub(store, err);
    }
    strings_free(&r.bodies);
    /* A reader holds the volume just now: not a failure, only a later time. */
    return st == STORE_BUSY ? STORE_OK : st;
}
