/*
 * store_retry - what an earlier entry with this retry key was told
 *
 * The stamping listener asks before it has anything to append (scribe's "stamped"): a message
 * that was archived before scribe, and its memory, last began must leave with the token and
 * the edits of then.
 */
#include <inttypes.h>
#include <time.h>

#include "db/store_private.h"

/* From the private part as stored; no edits when it is erased. */
static bool edits_of(sqlite3_stmt *s, int column, struct edits *edits)
{
    const char *text = sqlite3_column_blob(s, column);
    if (!text)
        return true;
    json_t *part =
        json_loadb(text, (size_t)sqlite3_column_bytes(s, column), JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(part, "edits");
    bool read = part && (!list || edits_from_json(list, edits));
    json_decref(part);
    return read;
}

enum store_status store_find_retry(struct store *store, const unsigned char retry[HASH_OCTETS],
                                   unsigned window_s, struct appended *out, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, read = true;
    int64_t oldest = (int64_t)time(NULL) - (int64_t)window_s;
    *out = (struct appended){0};
    enum store_status st =
        db_query(store->log,
                 "SELECT e.seq, e.token, e.private FROM retry r JOIN entry e ON e.seq = r.seq"
                 " WHERE r.key = ? AND r.time >= ?",
                 &s, err, "bi", (const void *)retry, (size_t)HASH_OCTETS, oldest);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (row) {
        out->duplicate = true;
        out->seq = (uint64_t)sqlite3_column_int64(s, 0);
        out->token = (uint64_t)sqlite3_column_int64(s, 1);
        read = edits_of(s, 2, &out->edits);
    }
    db_done(s);
    if (st == STORE_OK && !row)
        st = store_fail(err, STORE_NOT_FOUND, "no entry has this retry key");
    if (st == STORE_OK && !read)
        st = store_fail(err, STORE_CORRUPT, "%s: entry %" PRIu64 ": its edits cannot be read",
                        store->log->file, out->seq);
    if (st != STORE_OK)
        appended_free(out);
    return st;
}
