/*
 * store_read - reading entries, dossiers, the review queue and figures
 *
 * Every function reads in short transactions of its own, so that the writer's WAL can be reset
 * between them however long the whole takes.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db/store_private.h"

enum { SLICE = 64 }; /* entries read in one transaction */

static enum store_status no_memory(struct store *store, struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", store->log->file);
}

enum store_status store_origin(struct store *store, char **origin, struct store_error *err)
{
    *origin = strdup(store->origin);
    return *origin ? STORE_OK : no_memory(store, err);
}

enum store_status store_last_seq(struct store *store, uint64_t *seq, struct store_error *err)
{
    int64_t last;
    enum store_status st = db_number(store->log, "SELECT max(seq) FROM entry", 0, &last, err, "");
    *seq = (uint64_t)last;
    return st;
}

enum store_status store_view_begin(struct store *store, struct store_error *err)
{
    enum store_status st = db_run(store->log, "BEGIN", err, "");
    store->in_view = st == STORE_OK;
    return st;
}

void store_view_end(struct store *store)
{
    if (store && store->in_view)
        db_rollback(store->log);
    if (store)
        store->in_view = false;
}

/* --- entries --------------------------------------------------------------------------------*/

#define ENTRY_COLUMNS                                                     \
    "seq, event, record, leaf, private, held, size, iif(private IS NULL," \
    " (SELECT x.erasure FROM erased x WHERE x.seq = entry.seq), 0)"

void stored_entry_free(struct stored_entry *e)
{
    free(e->event);
    bytes_free(&e->record);
    bytes_free(&e->private_part);
    *e = (struct stored_entry){0};
}

static enum store_status take_entry(struct store *store, sqlite3_stmt *s, struct stored_entry *out,
                                    struct store_error *err)
{
    *out = (struct stored_entry){.seq = (uint64_t)sqlite3_column_int64(s, 0)};
    if (!db_column_text(s, 1, &out->event) || !db_column_bytes(s, 2, &out->record) ||
        !db_column_bytes(s, 4, &out->private_part)) {
        stored_entry_free(out);
        return no_memory(store, err);
    }
    /* A leaf of another length can match nothing; it is given as zeros for verify to name. */
    if (sqlite3_column_bytes(s, 3) == HASH_OCTETS)
        memcpy(out->leaf, sqlite3_column_blob(s, 3), HASH_OCTETS);
    /* Once erased, the bytes went with the private part. */
    out->has_message = sqlite3_column_int64(s, 5) == 1 && out->private_part.data;
    out->size = (uint64_t)sqlite3_column_int64(s, 6);
    out->erased_by = (uint64_t)sqlite3_column_int64(s, 7);
    return STORE_OK;
}

enum store_status store_entry(struct store *store, uint64_t seq, struct stored_entry *out,
                              struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false;
    *out = (struct stored_entry){0};
    enum store_status st = db_query(store->log, "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq = ?",
                                    &s, err, "i", (int64_t)seq);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (row)
        st = take_entry(store, s, out, err);
    db_done(s);
    if (st == STORE_OK && !row)
        st = store_fail(err, STORE_NOT_FOUND, "%s: there is no entry %" PRIu64, store->log->file,
                        seq);
    return st;
}

static enum store_status read_slice(struct store *store, uint64_t from, struct stored_entry *slice,
                                    size_t *count, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    *count = 0;
    enum store_status st = db_query(
        store->log, "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?", &s,
        err, "ii", (int64_t)from, (int64_t)SLICE);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (st == STORE_OK && row)
            st = take_entry(store, s, &slice[*count], err);
        if (st == STORE_OK && row)
            ++*count;
    }
    db_done(s);
    return st;
}

enum store_status store_each_entry(struct store *store, uint64_t from,
                                   bool (*each)(const struct stored_entry *e, void *context),
                                   void *context, struct store_error *err)
{
    struct stored_entry *slice = calloc(SLICE, sizeof *slice);
    size_t count = SLICE;
    bool wanted = true;
    enum store_status st = slice ? STORE_OK : no_memory(store, err);
    while (st == STORE_OK && wanted && count == SLICE) {
        st = read_slice(store, from, slice, &count, err);
        for (size_t i = 0; i < count; i++) {
            if (st == STORE_OK && wanted)
                wanted = each(&slice[i], context);
            from = slice[i].seq + 1;
            stored_entry_free(&slice[i]);
        }
    }
    free(slice);
    return st;
}

/* --- dossiers -------------------------------------------------------------------------------*/

void dossier_free(struct dossier *d)
{
    free(d->invoice);
    free(d->seqs);
    *d = (struct dossier){0};
}

static enum store_status read_places(struct store *store, int64_t id, struct dossier *out,
                                     struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    uint64_t n = 0;
    enum store_status st =
        db_query(store->log, "SELECT n, seq FROM dossier_entry WHERE dossier = ? ORDER BY n", &s,
                 err, "i", id);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (!row)
            break;
        if ((uint64_t)sqlite3_column_int64(s, 0) != n + 1 || n == out->count) {
            n = out->count + 1;
            break;
        }
        out->seqs[n++] = (uint64_t)sqlite3_column_int64(s, 1);
    }
    db_done(s);
    if (st == STORE_OK && n != out->count)
        st = store_fail(err, STORE_CORRUPT, "%s: the dossier of %s is not numbered 1 to %" PRIu64,
                        store->log->file, out->invoice, out->count);
    return st;
}

static enum store_status read_dossier(struct store *store, const char *invoice, struct dossier *out,
                                      struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false;
    int64_t id = 0;
    enum store_status st = db_query(
        store->log, "SELECT id, n, public_id, paused_by, last_leaf FROM dossier WHERE invoice = ?",
        &s, err, "t", invoice);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (row) {
        id = sqlite3_column_int64(s, 0);
        out->count = (uint64_t)sqlite3_column_int64(s, 1);
        out->paused_by = (uint64_t)sqlite3_column_int64(s, 3);
        if (sqlite3_column_bytes(s, 2) == sizeof out->id)
            memcpy(out->id, sqlite3_column_blob(s, 2), sizeof out->id);
        if (sqlite3_column_bytes(s, 4) == HASH_OCTETS)
            memcpy(out->last_leaf, sqlite3_column_blob(s, 4), HASH_OCTETS);
    }
    db_done(s);
    if (st == STORE_OK && !row)
        st = store_fail(err, STORE_NOT_FOUND, "nothing was ever filed for invoice %s", invoice);
    if (st != STORE_OK)
        return st;
    out->invoice = strdup(invoice);
    out->seqs = calloc(out->count ? out->count : 1, sizeof *out->seqs);
    if (!out->invoice || !out->seqs)
        return no_memory(store, err);
    return read_places(store, id, out, err);
}

enum store_status store_dossier(struct store *store, const char *invoice, struct dossier *out,
                                struct store_error *err)
{
    *out = (struct dossier){0};
    /* Two statements, one view: count and places must be of the same moment. */
    bool alone = !store->in_group && !store->in_view;
    enum store_status st = alone ? store_view_begin(store, err) : STORE_OK;
    if (st != STORE_OK)
        return st;
    st = read_dossier(store, invoice, out, err);
    if (alone)
        store_view_end(store);
    if (st != STORE_OK)
        dossier_free(out);
    return st;
}

enum store_status store_dossiers(struct store *store, struct strings *invoices,
                                 struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st =
        db_query(store->log, "SELECT invoice FROM dossier ORDER BY invoice", &s, err, "");
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        const char *invoice = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        if (row && (!invoice || !strings_add(invoices, invoice)))
            st = no_memory(store, err);
    }
    db_done(s);
    return st;
}

/* --- review ---------------------------------------------------------------------------------*/

void review_items_free(struct review_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(items[i].invoice);
        free(items[i].state);
    }
    free(items);
}

static bool take_review(sqlite3_stmt *s, struct review_item **items, size_t *count)
{
    if ((*count & (*count - 1)) == 0) { /* grows at powers of two */
        struct review_item *more = realloc(*items, (*count ? 2 * *count : 1) * sizeof *more);
        if (!more)
            return false;
        *items = more;
    }
    struct review_item *item = &(*items)[*count];
    *item = (struct review_item){.seq = (uint64_t)sqlite3_column_int64(s, 0),
                                 .decided_by = (uint64_t)sqlite3_column_int64(s, 3)};
    ++*count;
    return db_column_text(s, 1, &item->invoice) && db_column_text(s, 2, &item->state);
}

enum store_status store_reviews(struct store *store, bool open_only, struct review_item **items,
                                size_t *count, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    *items = NULL;
    *count = 0;
    enum store_status st =
        open_only ? db_query(store->log,
                             "SELECT seq, invoice, state, decided_by FROM review"
                             " WHERE state = 'open' ORDER BY seq",
                             &s, err, "")
                  : db_query(store->log,
                             "SELECT seq, invoice, state, decided_by FROM review ORDER BY seq", &s,
                             err, "");
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (row && !take_review(s, items, count))
            st = no_memory(store, err);
    }
    db_done(s);
    if (st != STORE_OK) {
        review_items_free(*items, *count);
        *items = NULL;
        *count = 0;
    }
    return st;
}

/* --- figures --------------------------------------------------------------------------------*/

static uint64_t file_octets(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* Files of a directory whose name ends so: how many, how large. One that cannot be read (the
   writer's bodies/, for others) counts nothing. */
static enum store_status count_files(struct store *store, const char *below, const char *end,
                                     uint64_t *files, uint64_t *octets, struct store_error *err)
{
    char path[PATH_MAX], file[PATH_MAX];
    struct dirent *item;
    enum store_status st = store_path(store->directory, below, path, sizeof path, err);
    DIR *dir = st == STORE_OK ? opendir(path) : NULL;
    while (dir && (item = readdir(dir)) != NULL) {
        size_t len = strlen(item->d_name), tail = strlen(end);
        if (item->d_name[0] == '.' || len < tail || strcmp(item->d_name + len - tail, end) != 0 ||
            store_path(path, item->d_name, file, sizeof file, NULL) != STORE_OK)
            continue;
        ++*files;
        *octets += file_octets(file);
    }
    if (dir)
        closedir(dir);
    return st;
}

static enum store_status count_rows(struct store *store, struct store_figures *out,
                                    struct store_error *err)
{
    int64_t dossiers = 0, messages = 0, octets = 0, reviews = 0;
    enum store_status st = store_last_seq(store, &out->entries, err);
    if (st == STORE_OK)
        st = db_number(store->log, "SELECT count(*) FROM dossier", 0, &dossiers, err, "");
    if (st == STORE_OK)
        st = db_number(store->log, "SELECT value FROM meta WHERE key = 'messages'", 0, &messages,
                       err, "");
    if (st == STORE_OK)
        st = db_number(store->log, "SELECT value FROM meta WHERE key = 'octets'", 0, &octets, err,
                       "");
    if (st == STORE_OK)
        st = db_number(store->log, "SELECT count(*) FROM review WHERE state = 'open'", 0, &reviews,
                       err, "");
    out->dossiers = (uint64_t)dossiers;
    out->messages = (uint64_t)messages;
    out->message_octets = (uint64_t)octets;
    out->open_reviews = (uint64_t)reviews;
    return st;
}

enum store_status store_figures(struct store *store, struct store_figures *out,
                                struct store_error *err)
{
    char wal[PATH_MAX];
    uint64_t octets = 0;
    *out = (struct store_figures){0};
    enum store_status st = count_rows(store, out, err);
    if (st == STORE_OK)
        st = store_path(store->directory, "log.db-wal", wal, sizeof wal, err);
    if (st == STORE_OK)
        st = count_files(store, "volumes", ".db", &out->volumes, &octets, err);
    if (st == STORE_OK)
        st = count_files(store, "bodies", "", &out->bodies, &octets, err);
    if (st != STORE_OK)
        return st;
    out->log_file_octets = file_octets(store->log->file);
    out->wal_octets = file_octets(wal);
    out->stored_octets = octets + out->log_file_octets + out->wal_octets;
    return STORE_OK;
}
