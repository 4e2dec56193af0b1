/*
 * checkpoint - checkpoints in seal.db: written, thinned, found (see checkpoint.h)
 */
#include "db/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "db/log_key.h"
#include "db/seal_internal.h"

enum { DAY = 86400 };

/* --- reading --------------------------------------------------------------------------------*/

static enum store_status note_of(struct seal_store *s, sqlite3_stmt *row, struct bytes *note,
                                 const char *missing, struct store_error *err)
{
    bool found = false;
    enum store_status st = db_step(s->db, row, &found, err);
    if (st == STORE_OK && !found)
        st = store_fail(err, STORE_NOT_FOUND, "seal.db: %s", missing);
    if (st == STORE_OK && !db_column_bytes(row, 0, note))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    db_done(row);
    return st;
}

enum store_status checkpoint_latest(struct seal_store *s, struct bytes *note,
                                    struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    enum store_status st =
        db_query(s->db, "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", &row, err, "");
    return st == STORE_OK ? note_of(s, row, note, "there is no checkpoint yet", err) : st;
}

enum store_status checkpoint_at(struct seal_store *s, uint64_t size, struct bytes *note,
                                struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    enum store_status st = db_query(s->db, "SELECT note FROM checkpoint WHERE size = ?", &row, err,
                                    "i", (int64_t)size);
    return st == STORE_OK ? note_of(s, row, note, "no checkpoint of this size is kept", err) : st;
}

enum store_status checkpoint_each(struct seal_store *s,
                                  bool (*each)(uint64_t size, const void *note, size_t len,
                                               void *context),
                                  void *context, struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = true, wanted = true;
    enum store_status st =
        db_query(s->db, "SELECT size, note FROM checkpoint ORDER BY size", &row, err, "");
    while (st == STORE_OK && wanted) {
        st = db_step(s->db, row, &found, err);
        if (st != STORE_OK || !found)
            break;
        wanted = each((uint64_t)sqlite3_column_int64(row, 0), sqlite3_column_blob(row, 1),
                      (size_t)sqlite3_column_bytes(row, 1), context);
    }
    db_done(row);
    return st;
}

/* --- writing --------------------------------------------------------------------------------*/

/* Of days before yesterday the last one stays. */
static enum store_status thin(struct seal_store *s, int64_t now, struct store_error *err)
{
    return db_run(s->db,
                  "DELETE FROM checkpoint WHERE time < ? AND size NOT IN"
                  " (SELECT max(size) FROM checkpoint GROUP BY time / 86400)",
                  err, "i", (now / DAY - 1) * DAY);
}

static enum store_status put(struct seal_store *s, uint64_t size, int64_t now,
                             const struct bytes *note, struct store_error *err)
{
    int64_t before = 0;
    enum store_status st = db_number(
        s->db, "SELECT time FROM checkpoint ORDER BY size DESC LIMIT 1", now, &before, err, "");
    if (st == STORE_OK)
        st = seal_store_begin(s, err);
    if (st != STORE_OK)
        return st;
    st = db_run(s->db, "INSERT OR REPLACE INTO checkpoint(size, time, note) VALUES(?, ?, ?)", err,
                "iib", (int64_t)size, now, (const void *)note->data, note->len);
    if (st == STORE_OK && before / DAY != now / DAY)
        st = thin(s, now, err);
    if (st == STORE_OK)
        st = db_exec(s->db, "COMMIT", err);
    if (st != STORE_OK)
        seal_store_rollback(s);
    return st;
}

/* Does the kept note of this size say the same? */
static enum store_status is_said(struct seal_store *s, uint64_t size, const struct bytes *text,
                                 bool *said, struct store_error *err)
{
    struct bytes kept = {0};
    enum store_status st = checkpoint_at(s, size, &kept, err);
    *said = st == STORE_OK && kept.len > text->len && memcmp(kept.data, text->data, text->len) == 0;
    bytes_free(&kept);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

enum store_status checkpoint_write(struct seal_store *s, const struct log_key *key,
                                   const char *origin, int64_t now, struct store_error *err)
{
    struct tree head;
    struct bytes note = {0};
    unsigned char root[TREE_HASH];
    bool said = false;
    enum store_status st = seal_head(s, &head, err);
    if (st != STORE_OK || head.size == 0)
        return st;
    if (!tree_root(&head, root) || !checkpoint_text(origin, head.size, root, &note))
        st = store_fail(err, STORE_INVALID, "no checkpoint can be made for the origin \"%s\"",
                        origin);
    if (st == STORE_OK)
        st = is_said(s, head.size, &note, &said, err);
    if (st == STORE_OK && !said) {
        st = note_sign(origin, key->key, &note)
                 ? put(s, head.size, now, &note, err)
                 : store_fail(err, STORE_INVALID, "a checkpoint cannot be signed: %s",
                              seal_crypto_reason());
    }
    bytes_free(&note);
    return st;
}
