/*
 * register_outbox - changes of the register on their way into the log
 *
 * An entry is put here in the transaction of the change it tells, and taken out when the log
 * has it. A crash between the two delivers it again; the log knows it by its retry key, and
 * knows the keys of facts for ever. So a change and its entry are both there or neither.
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

/* The oldest entry that waits, as the frame it was. */
static enum store_status next_frame(struct register_db *r, int64_t *id, struct frame *f,
                                    struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    *id = 0;
    enum store_status st =
        db_query(r->db, "SELECT id, entry, packed FROM outbox ORDER BY id LIMIT 1", &s, err, "");
    if (st == STORE_OK)
        st = db_step(r->db, s, &row, err);
    if (row) {
        const char *text = (const char *)sqlite3_column_text(s, 1);
        *id = sqlite3_column_int64(s, 0);
        f->json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        copied = f->json && db_column_bytes(s, 2, &f->blob);
    }
    db_done(s);
    if (!copied)
        st = store_fail(err, STORE_CORRUPT, "%s: outbox entry %" PRId64 " cannot be read",
                        r->db->file, *id);
    return st;
}

static enum store_status deliver_next(struct register_db *r,
                                      bool (*deliver)(struct entry *e, void *context),
                                      void *context, bool *more, struct store_error *err)
{
    struct frame f;
    struct entry e;
    const char *fault = "memory";
    int64_t id;
    frame_init(&f);
    entry_init(&e);
    enum store_status st = next_frame(r, &id, &f, err);
    *more = st == STORE_OK && id;
    if (*more && !entry_from_frame(&f, &e, &fault))
        st = store_fail(err, STORE_CORRUPT, "%s: outbox entry %" PRId64 ": wrong %s", r->db->file,
                        id, fault);
    if (st == STORE_OK && *more) {
        *more = deliver(&e, context); /* what is not taken waits, and those after it */
        if (*more)
            st = db_run(r->db, "DELETE FROM outbox WHERE id = ?", err, "i", id);
    }
    entry_free(&e); /* before the frame, into which it points */
    frame_free(&f);
    return st;
}

enum store_status register_outbox_flush(struct register_db *r,
                                        bool (*deliver)(struct entry *e, void *context),
                                        void *context, struct store_error *err)
{
    enum store_status st = STORE_OK;
    bool more = true;
    while (st == STORE_OK && more)
        st = deliver_next(r, deliver, context, &more, err);
    return st;
}
