/*
 * store_leaves - the leaf hashes of consecutive entries, without their records
 */
#include <inttypes.h>
#include <string.h>

#include "db/store_private.h"

enum store_status store_leaves(struct store *store, uint64_t first, size_t count,
                               unsigned char *leaves, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    uint64_t next = first;
    enum store_status st =
        db_query(store->log, "SELECT seq, leaf FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq",
                 &s, err, "ii", (int64_t)first, (int64_t)(first + count));
    while (st == STORE_OK) {
        st = db_step(store->log, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        if ((uint64_t)sqlite3_column_int64(s, 0) != next ||
            sqlite3_column_bytes(s, 1) != HASH_OCTETS)
            break;
        memcpy(leaves + (next - first) * HASH_OCTETS, sqlite3_column_blob(s, 1), HASH_OCTETS);
        next++;
    }
    db_done(s);
    if (st == STORE_OK && next != first + count)
        st = store_fail(err, STORE_CORRUPT, "%s: entry %" PRIu64 " is missing or has no leaf",
                        store->log->file, next);
    return st;
}
