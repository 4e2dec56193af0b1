/*
 * batch_figures - how well the log is dated: for stats
 */
#include <stdlib.h>
#include <string.h>

#include "db/batch_internal.h"
#include "db/exhibit.h"

static enum store_status figure(struct batch_db *b, const char *sql, int64_t *value,
                                struct store_error *err)
{
    return db_number(b->db, sql, 0, value, err, "");
}

static enum store_status read_trouble(struct batch_db *b, char **trouble, struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st = db_query(
        b->db, "SELECT trouble FROM authority ORDER BY next_try DESC LIMIT 1", &row, err, "");
    if (st == STORE_OK)
        st = db_step(b->db, row, &found, err);
    if (st == STORE_OK && found && !db_column_text(row, 0, trouble))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    db_done(row);
    return st;
}

static enum store_status read_figures(struct batch_db *b, struct batch_figures *f,
                                      struct store_error *err)
{
    int64_t n[6] = {0};
    static const char *const sql[6] = {
        "SELECT count(*) FROM batch",
        "SELECT count(*) FROM renewal",
        "SELECT coalesce(max(last), 0) FROM batch",
        "SELECT gen_time FROM batch ORDER BY number DESC LIMIT 1",
        "SELECT coalesce(min(ends), 0) FROM (" BATCH_STANDING ")",
        ("SELECT (SELECT count(*) FROM batch WHERE entry IS NULL) +"
         " (SELECT count(*) FROM renewal WHERE entry IS NULL)"),
    };
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < 6; i++)
        st = figure(b, sql[i], &n[i], err);
    f->batches = (uint64_t)n[0];
    f->renewals = (uint64_t)n[1];
    f->dated = (uint64_t)n[2];
    f->last_gen_time = n[3];
    f->earliest_end = n[4];
    f->unlogged = (uint64_t)n[5];
    return st == STORE_OK ? read_trouble(b, &f->trouble, err) : st;
}

/* --- what is in no batch
 * ------------------------------------------------------------------------*/

struct search {
    int64_t since;
    bool failed;
};

static bool find_open(const struct stored_entry *e, void *context)
{
    struct search *search = context;
    struct exhibit x;
    if (strcmp(e->event, "timestamp") == 0)
        return true;
    search->failed = !exhibit_read(e, &x);
    search->since = x.time;
    exhibit_free(&x);
    return false;
}

static enum store_status read_open(const char *store_directory, struct batch_figures *f,
                                   struct store_error *err)
{
    struct store *store;
    struct search search = {0};
    uint64_t last = 0;
    enum store_status st = store_open(store_directory, STORE_READ, &store, err);
    if (st != STORE_OK)
        return st;
    st = store_last_seq(store, &last, err);
    f->open = last > f->dated ? last - f->dated : 0;
    if (st == STORE_OK && f->open)
        st = store_each_entry(store, f->dated + 1, find_open, &search, err);
    store_close(store);
    if (st == STORE_OK && search.failed)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    f->open_since = search.since;
    return st;
}

enum store_status batch_figures(const char *store_directory, struct batch_figures *f,
                                struct store_error *err)
{
    struct batch_db *b = NULL;
    *f = (struct batch_figures){0};
    enum store_status st = batch_open(store_directory, &b, err);
    if (st == STORE_OK)
        st = read_figures(b, f, err);
    batch_close_db(b);
    return st == STORE_OK || st == STORE_NOT_FOUND ? read_open(store_directory, f, err) : st;
}

void batch_figures_free(struct batch_figures *f)
{
    free(f->trouble);
    *f = (struct batch_figures){0};
}
