/*
 * register_outbox - changes of the register on their way into the log
 *
 * An entry is put here in the transaction of the change it tells, and taken out when the log
 * has it. A crash between the two delivers it again; the log knows it by its retry key, and
 * knows the keys of facts for ever. So a change and its entry are both there or neither.
 * They go in batches, so that many of them cost few transactions here and in the log.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/register.h"
#include "db/register_private.h"
#include "db/wire.h"

enum store_status register_outbox_put(struct register_db *r, const struct entry *e,
                                      struct store_error *err)
{
    struct frame f;
    char *text = NULL;
    if (!e->has_retry || (e->message.present && e->message.body_fd >= 0))
        return store_fail(err, STORE_INVALID, "this entry cannot wait: no retry key, or a file");
    frame_init(&f);
    enum store_status st = STORE_OK;
    if (!entry_to_frame(e, "append", &f) ||
        !(text = json_dumps(f.json, JSON_COMPACT | JSON_SORT_KEYS)))
        st = store_fail(err, STORE_NO_MEMORY, "%s: out of memory", r->db->file);
    if (st == STORE_OK)
        st = db_run(r->db, "INSERT INTO outbox (entry, packed) VALUES (?, ?)", err, "tb", text,
                    (const void *)f.blob.data, f.blob.len);
    free(text);
    frame_free(&f);
    return st;
}

enum { BATCH = 200 };

/* Entries that wait, with the frames that they point into. */
struct batch {
    size_t count;
    int64_t ids[BATCH];
    struct frame frames[BATCH];
    struct entry entries[BATCH];
};

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        entry_free(&b->entries[i]); /* before the frame, into which it points */
        frame_free(&b->frames[i]);
    }
    free(b);
}

static enum store_status take_row(struct register_db *r, sqlite3_stmt *s, struct batch *b,
                                  struct store_error *err)
{
    const char *fault = "JSON", *text = (const char *)sqlite3_column_text(s, 1);
    int64_t id = sqlite3_column_int64(s, 0);
    struct frame *f = &b->frames[b->count];
    struct entry *e = &b->entries[b->count];
    frame_init(f);
    entry_init(e);
    b->ids[b->count++] = id;
    f->json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (f->json && !db_column_bytes(s, 2, &f->blob))
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", r->db->file);
    if (!f->json || !entry_from_frame(f, e, &fault))
        return store_fail(err, STORE_CORRUPT,
                          "%s: outbox entry %" PRId64 " cannot be read: wrong %s", r->db->file, id,
                          fault);
    return STORE_OK;
}

/* The oldest that wait. A damaged one ends the batch before it; alone, it is the failure. */
static enum store_status read_batch(struct register_db *r, struct batch *b, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st =
        db_query(r->db, "SELECT id, entry, packed FROM outbox ORDER BY id LIMIT ?", &s, err, "i",
                 (int64_t)BATCH);
    while (st == STORE_OK && row) {
        st = db_step(r->db, s, &row, err);
        if (st == STORE_OK && row)
            st = take_row(r, s, b, err);
    }
    db_done(s);
    if (st == STORE_OK || b->count < 2)
        return st;
    frame_free(&b->frames[--b->count]);
    return STORE_OK;
}

enum store_status register_outbox_flush(struct register_db *r,
                                        size_t (*deliver)(struct entry *entries, size_t count,
                                                          void *context),
                                        void *context, struct store_error *err)
{
    enum store_status st = STORE_OK;
    bool more = true;
    while (st == STORE_OK && more) {
        struct batch *b = calloc(1, sizeof *b);
        if (!b)
            return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", r->db->file);
        st = read_batch(r, b, err);
        size_t taken = st == STORE_OK && b->count ? deliver(b->entries, b->count, context) : 0;
        more = taken > 0 && taken == b->count; /* what is not taken waits, and those after it */
        if (taken) /* ids rise as transactions do: up to the last, all were in the batch */
            st = db_run(r->db, "DELETE FROM outbox WHERE id <= ?", err, "i", b->ids[taken - 1]);
        batch_free(b);
    }
    return st;
}
