/*
 * dkim_index - dkim.db: which DNS keys are still to be asked for, and which entry of the log tells
 *              about the keys of which message
 *
 * It is brought forward from the log alone, also right after an entry was made: so a run that is
 * cut short anywhere leaves nothing undone and asks for nothing twice.
 */
#include "db/dkim_index.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "db/dkim_entry.h"
#include "db/exhibit.h"
#include "db/schema.h"
#include "db/store_erase.h"
#include "db/stored_header.h"
#include "policy/dkim_signature.h"

enum { SLICE = 2000 };

static const char *const steps[] = {
    "CREATE TABLE log (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL,"
    "  last INTEGER NOT NULL);"
    "CREATE TABLE wanted (seq INTEGER NOT NULL, domain TEXT NOT NULL, selector TEXT NOT NULL,"
    "  algorithm TEXT NOT NULL, came INTEGER NOT NULL, first_try INTEGER NOT NULL DEFAULT 0,"
    "  tries INTEGER NOT NULL DEFAULT 0, next_try INTEGER NOT NULL DEFAULT 0,"
    "  bogus INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (seq, domain, selector)) WITHOUT ROWID;"
    "CREATE INDEX wanted_next ON wanted(next_try, seq);"
    "CREATE TABLE kept (message INTEGER NOT NULL, entry INTEGER NOT NULL,"
    "  PRIMARY KEY (message, entry)) WITHOUT ROWID;",
};
static const struct schema schema = {steps, sizeof steps / sizeof *steps};

struct dkim_index {
    struct db *db;
    int lock_fd;
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- opening --------------------------------------------------------------------------------*/

void dkim_index_close(struct dkim_index *index)
{
    if (!index)
        return;
    db_close(index->db);
    if (index->lock_fd >= 0)
        close(index->lock_fd);
    free(index);
}

static enum store_status file_name(const char *directory, const char *name, char file[PATH_MAX],
                                   struct store_error *err)
{
    int len = snprintf(file, PATH_MAX, "%s/%s", directory, name);
    return len > 0 && len < PATH_MAX
               ? STORE_OK
               : store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
}

/* Held as long as it is open; the kernel gives it back at a crash. */
static enum store_status lock_take(struct dkim_index *index, const char *directory,
                                   struct store_error *err)
{
    char file[PATH_MAX];
    bool created;
    enum store_status st = file_name(directory, "dkim.lock", file, err);
    if (st == STORE_OK)
        st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    index->lock_fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (index->lock_fd < 0)
        return store_fail_errno(err, errno, "%s", file);
    if (flock(index->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return STORE_OK;
    if (errno == EWOULDBLOCK)
        return store_fail(err, STORE_BUSY, "%s: another process is asking for keys", file);
    return store_fail_errno(err, errno, "%s", file);
}

enum store_status dkim_index_open(const char *store_directory, enum store_mode mode,
                                  struct dkim_index **index, struct store_error *err)
{
    char file[PATH_MAX];
    bool created, writes = mode == STORE_WRITE;
    struct dkim_index *made = calloc(1, sizeof *made);
    *index = NULL;
    if (!made)
        return no_memory(err);
    made->lock_fd = -1;
    enum store_status st = writes ? lock_take(made, store_directory, err) : STORE_OK;
    if (st == STORE_OK)
        st = file_name(store_directory, "dkim.db", file, err);
    if (st == STORE_OK && writes)
        st = db_create_file(file, 0640, &created, err);
    if (st == STORE_OK)
        st = db_open(file, writes ? DB_WRITE : DB_READ, &made->db, err);
    if (st == STORE_OK && writes)
        st = db_exec(made->db, "PRAGMA wal_autocheckpoint = 1000;", err);
    if (st == STORE_OK)
        st = writes ? schema_migrate(made->db, &schema, err) : schema_check(made->db, &schema, err);
    if (st == STORE_OK)
        *index = made;
    else
        dkim_index_close(made);
    return st;
}

/* --- reading --------------------------------------------------------------------------------*/

enum store_status dkim_index_entries(struct dkim_index *index, uint64_t message, uint64_t *seqs,
                                     size_t room, size_t *count, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    *count = 0;
    enum store_status st =
        db_query(index->db, "SELECT entry FROM kept WHERE message = ? ORDER BY entry", &s, err, "i",
                 (int64_t)message);
    while (st == STORE_OK && row && *count < room) {
        st = db_step(index->db, s, &row, err);
        if (st == STORE_OK && row)
            seqs[(*count)++] = (uint64_t)sqlite3_column_int64(s, 0);
    }
    db_done(s);
    return st;
}

enum store_status dkim_figures(const char *store_directory, struct dkim_figures *f,
                               struct store_error *err)
{
    struct dkim_index *index;
    int64_t waiting = 0, kept = 0;
    *f = (struct dkim_figures){0};
    enum store_status st = dkim_index_open(store_directory, STORE_READ, &index, err);
    if (st == STORE_NOT_FOUND)
        return STORE_OK;
    if (st != STORE_OK)
        return st;
    st = db_number(index->db, "SELECT count(*) FROM wanted", 0, &waiting, err, "");
    if (st == STORE_OK)
        st = db_number(index->db, "SELECT coalesce(min(came), 0) FROM wanted", 0, &f->waiting_since,
                       err, "");
    if (st == STORE_OK)
        st = db_number(index->db, "SELECT count(DISTINCT message) FROM kept", 0, &kept, err, "");
    f->waiting = (uint64_t)waiting;
    f->kept = (uint64_t)kept;
    dkim_index_close(index);
    return st;
}

/* --- following the log ----------------------------------------------------------------------*/

/* The signatures of an archived message. */
static enum store_status signatures_read(struct store *store, uint64_t seq,
                                         struct dkim_signatures *found, struct store_error *err)
{
    struct fields f = {0};
    enum store_status st = stored_header_read(store, seq, &f, err);
    if (st == STORE_OK && !dkim_signatures_read(&f, found))
        st = no_memory(err);
    fields_free(&f);
    return st;
}

struct following {
    struct dkim_index *index;
    struct store *store;
    struct store_error *err;
    enum store_status status;
    uint64_t last;
    unsigned left; /* of the slice */
};

static enum store_status want(struct following *f, const struct exhibit *x)
{
    struct dkim_signatures found = {0};
    enum store_status st = signatures_read(f->store, f->last, &found, f->err);
    for (size_t i = 0; st == STORE_OK && i < found.count; i++)
        st = db_run(f->index->db,
                    "INSERT OR IGNORE INTO wanted(seq, domain, selector, algorithm, came)"
                    " VALUES(?, ?, ?, ?, ?)",
                    f->err, "ittti", (int64_t)f->last, found.items[i].domain,
                    found.items[i].selector, found.items[i].algorithm, x->time > 0 ? x->time : 1);
    dkim_signatures_free(&found);
    return st;
}

/* An entry of ours tells about a key: it need not be asked for again, unless it was bogus. */
static enum store_status keep(struct following *f, const json_t *part)
{
    uint64_t message = dkim_entry_message(part);
    const json_t *keys = json_object_get(part, "keys"), *key;
    size_t i;
    if (message == 0)
        return STORE_OK;
    enum store_status st = db_run(f->index->db, "INSERT OR IGNORE INTO kept VALUES(?, ?)", f->err,
                                  "ii", (int64_t)message, (int64_t)f->last);
    json_array_foreach(keys, i, key)
    {
        const char *domain = json_string_value(json_object_get(key, "domain"));
        const char *selector = json_string_value(json_object_get(key, "selector"));
        if (st != STORE_OK || !domain || !selector)
            continue;
        st = db_run(f->index->db,
                    dkim_entry_is_final(key)
                        ? "DELETE FROM wanted WHERE seq = ? AND domain = ? AND selector = ?"
                        : "UPDATE wanted SET bogus = 1 WHERE seq = ? AND domain = ?"
                          " AND selector = ?",
                    f->err, "itt", (int64_t)message, domain, selector);
    }
    return st;
}

/* What was erased is not asked about any more, and leaves no domain here. */
static enum store_status forget(struct following *f, const json_t *part)
{
    uint64_t *seqs = NULL;
    size_t count = 0;
    enum store_status st = STORE_OK;
    if (!erasure_named(part, &seqs, &count))
        count = 0;
    for (size_t i = 0; st == STORE_OK && i < count; i++)
        st = dkim_index_forget(f->index, seqs[i], f->err);
    free(seqs);
    return st;
}

static bool follow(const struct stored_entry *e, void *context)
{
    struct following *f = context;
    struct exhibit x;
    bool ours = strcmp(e->event, DKIM_EVENT) == 0, erasure = strcmp(e->event, "erasure") == 0;
    f->last = e->seq;
    f->left--;
    if (!e->private_part.data || (!ours && !erasure && !e->has_message))
        return f->left > 0;
    if (!exhibit_read(e, &x))
        f->status = no_memory(f->err);
    else if (erasure)
        f->status = forget(f, x.private_part);
    else if (ours)
        f->status = keep(f, x.private_part);
    else if (x.direction && strcmp(x.direction, "inbound") == 0)
        f->status = want(f, &x);
    exhibit_free(&x);
    return f->status == STORE_OK && f->left > 0;
}

static enum store_status follow_slice(struct following *f)
{
    struct db *db = f->index->db;
    f->left = SLICE;
    enum store_status st = db_run(db, "BEGIN IMMEDIATE", f->err, "");
    if (st == STORE_OK)
        st = store_each_entry(f->store, f->last + 1, follow, f, f->err);
    if (st == STORE_OK)
        st = f->status;
    if (st == STORE_OK)
        st = db_run(db, "UPDATE log SET last = ?", f->err, "i", (int64_t)f->last);
    if (st == STORE_OK)
        st = db_run(db, "COMMIT", f->err, "");
    if (st != STORE_OK)
        db_rollback(db);
    return st;
}

/* Where it stands, and whose it is; *last -1: nowhere in this log. */
static enum store_status stands(struct dkim_index *index, struct store *store, char **origin,
                                int64_t *last, struct store_error *err)
{
    uint64_t end = 0;
    *last = -1;
    enum store_status st = store_origin(store, origin, err);
    if (st == STORE_OK)
        st = store_last_seq(store, &end, err);
    if (st == STORE_OK)
        st = db_number(index->db, "SELECT last FROM log WHERE origin = ?", -1, last, err, "t",
                       *origin);
    if (st == STORE_OK && *last >= 0 && (uint64_t)*last > end)
        *last = -1;
    return st;
}

enum store_status dkim_index_stands(struct dkim_index *index, struct store *store, uint64_t *last,
                                    struct store_error *err)
{
    char *origin = NULL;
    int64_t found;
    enum store_status st = stands(index, store, &origin, &found, err);
    *last = found > 0 ? (uint64_t)found : 0;
    free(origin);
    return st;
}

/* Anew when it is of another log, or of one that was longer. */
static enum store_status begin(struct dkim_index *index, struct store *store, uint64_t *last,
                               struct store_error *err)
{
    char *origin = NULL;
    int64_t found;
    enum store_status st = stands(index, store, &origin, &found, err);
    if (st == STORE_OK && found < 0) {
        st = db_exec(index->db, "DELETE FROM wanted; DELETE FROM kept; DELETE FROM log;", err);
        if (st == STORE_OK)
            st = db_run(index->db, "INSERT INTO log(one, origin, last) VALUES(1, ?, 0)", err, "t",
                        origin);
    }
    free(origin);
    *last = found > 0 ? (uint64_t)found : 0;
    return st;
}

enum store_status dkim_index_follow(struct dkim_index *index, struct store *store,
                                    struct store_error *err)
{
    struct following f = {.index = index, .store = store, .err = err};
    enum store_status st = begin(index, store, &f.last, err);
    do {
        if (st == STORE_OK)
            st = follow_slice(&f);
    } while (st == STORE_OK && f.left == 0);
    return st;
}

/* --- what is due ----------------------------------------------------------------------------*/

void dkim_wanted_free(struct dkim_wanted *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].domain);
        free(list[i].selector);
        free(list[i].algorithm);
    }
    free(list);
}

enum store_status dkim_index_due(struct dkim_index *index, uint64_t after, int64_t now,
                                 struct dkim_wanted **list, size_t *count, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    *count = 0;
    *list = calloc(DKIM_SIGNATURES_MAX, sizeof **list);
    if (!*list)
        return no_memory(err);
    enum store_status st =
        db_query(index->db,
                 "SELECT seq, domain, selector, algorithm, first_try, tries, bogus FROM wanted"
                 " WHERE next_try <= ?1 AND seq = (SELECT min(seq) FROM wanted"
                 " WHERE next_try <= ?1 AND seq > ?2) ORDER BY domain, selector",
                 &s, err, "ii", now, (int64_t)after);
    while (st == STORE_OK && row && *count < DKIM_SIGNATURES_MAX) {
        st = db_step(index->db, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        struct dkim_wanted *w = &(*list)[(*count)++];
        *w = (struct dkim_wanted){.seq = (uint64_t)sqlite3_column_int64(s, 0),
                                  .first_try = sqlite3_column_int64(s, 4),
                                  .tries = (unsigned)sqlite3_column_int64(s, 5),
                                  .bogus = sqlite3_column_int64(s, 6) != 0};
        if (!db_column_text(s, 1, &w->domain) || !db_column_text(s, 2, &w->selector) ||
            !db_column_text(s, 3, &w->algorithm))
            st = no_memory(err);
    }
    db_done(s);
    if (st != STORE_OK) {
        dkim_wanted_free(*list, *count);
        *list = NULL;
        *count = 0;
    }
    return st;
}

enum store_status dkim_index_failed(struct dkim_index *index, const struct dkim_wanted *w,
                                    int64_t now, struct store_error *err)
{
    int64_t rest = w->tries < 9 ? (int64_t)DKIM_REST_S << w->tries : DKIM_REST_MOST_S;
    rest = rest < DKIM_REST_MOST_S ? rest : DKIM_REST_MOST_S;
    return db_run(index->db,
                  "UPDATE wanted SET tries = tries + 1, next_try = ?1 + ?2,"
                  " first_try = iif(first_try, first_try, ?1)"
                  " WHERE seq = ?3 AND domain = ?4 AND selector = ?5",
                  err, "iiitt", now, rest, (int64_t)w->seq, w->domain, w->selector);
}

enum store_status dkim_index_forget(struct dkim_index *index, uint64_t message,
                                    struct store_error *err)
{
    return db_run(index->db, "DELETE FROM wanted WHERE seq = ?", err, "i", (int64_t)message);
}
