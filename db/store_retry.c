/*
 * store_retry - what an earlier entry with this retry key was told
 *
 * The stamping listener asks before it has anything to append (scribe's "stamped"): a message
 * that was archived before scribe, and its memory, last began must leave with the token and
 * the edits of then.
 *
 * Keys of messages go when their window is over, a slice of the table at a time: they are
 * hashes, so the table's order says nothing about age, and an index by age would cost each
 * commit. Keys of facts stay (store_write.c).
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "db/store_private.h"

enum { SLICE = 2000, PASS_S = 3600 };

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
    int64_t now = (int64_t)time(NULL); /* a time to come: the clock was set back since */
    *out = (struct appended){0};
    enum store_status st = db_query(
        store->log,
        "SELECT e.seq, e.token, e.private FROM retry r JOIN entry e ON e.seq = r.seq"
        " WHERE r.key = ? AND r.time BETWEEN ? AND ?",
        &s, err, "bii", (const void *)retry, (size_t)HASH_OCTETS, now - window_s, now + window_s);
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

/* --- forgetting -----------------------------------------------------------------------------*/

/* Where the slice after `after` ends; behind all keys when it is the last. */
static enum store_status slice_end(struct store *store, const unsigned char *after,
                                   unsigned char end[HASH_OCTETS], bool *last,
                                   struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false;
    enum store_status st =
        db_query(store->log, "SELECT key FROM retry WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?",
                 &s, err, "bi", (const void *)after, (size_t)HASH_OCTETS, (int64_t)SLICE);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    *last = !row || sqlite3_column_bytes(s, 0) != HASH_OCTETS;
    memset(end, 0xff, HASH_OCTETS);
    if (!*last)
        memcpy(end, sqlite3_column_blob(s, 0), HASH_OCTETS);
    db_done(s);
    return st;
}

enum store_status retry_prune(struct store *store, int64_t now, unsigned window_s, bool *more,
                              struct store_error *err)
{
    unsigned char end[HASH_OCTETS];
    bool last;
    *more = false;
    if (!store->pruning && now >= store->pruned && now < store->pruned + PASS_S)
        return STORE_OK;
    if (!store->pruning)
        memset(store->prune_after, 0, HASH_OCTETS);
    enum store_status st = slice_end(store, store->prune_after, end, &last, err);
    if (st == STORE_OK)
        st = db_run(store->log,
                    "DELETE FROM retry WHERE key >= ? AND key <= ? AND time NOT BETWEEN ? AND ?"
                    " AND EXISTS (SELECT 1 FROM entry e WHERE e.seq = retry.seq AND e.held <> 0)",
                    err, "bbii", (const void *)store->prune_after, (size_t)HASH_OCTETS,
                    (const void *)end, sizeof end, now - window_s, now + window_s);
    if (st != STORE_OK)
        return st;
    memcpy(store->prune_after, end, HASH_OCTETS);
    store->pruning = *more = !last;
    if (last)
        store->pruned = now;
    return STORE_OK;
}
