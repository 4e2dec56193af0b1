/*
 * store_message - the bytes of an archived message, wherever they are by now
 *
 * In log.db (and a large body in bodies/) for a day or two, then in a month's volume. The
 * writer may move a message between our looking and our opening; then we look again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/store_private.h"

enum { READ_OCTETS = 64 * 1024, LOOKS = 3 };

/* Where a message is. */
struct whereabouts {
    int64_t volume, pieces;
    uint64_t size, body_size;
    char *body;
    struct bytes packed;
};

static void whereabouts_free(struct whereabouts *w)
{
    free(w->body);
    bytes_free(&w->packed);
    *w = (struct whereabouts){0};
}

/* Why is there no row? */
static enum store_status explain(struct store *store, uint64_t seq, struct store_error *err)
{
    struct stored_entry e;
    enum store_status st = store_entry(store, seq, &e, err);
    if (st != STORE_OK)
        return st;
    if (e.has_message)
        st = store_fail(err, STORE_CORRUPT, "%s: the message of entry %" PRIu64 " is missing",
                        store->log->file, seq);
    else
        st = store_fail(err, STORE_NOT_FOUND, "entry %" PRIu64 " keeps no message", seq);
    stored_entry_free(&e);
    return st;
}

static enum store_status locate(struct store *store, uint64_t seq, struct whereabouts *w,
                                struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    enum store_status st =
        db_query(store->log,
                 "SELECT volume, pieces, size, body_size, body, packed FROM message WHERE seq = ?",
                 &s, err, "i", (int64_t)seq);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (row) {
        w->volume = sqlite3_column_int64(s, 0);
        w->pieces = sqlite3_column_int64(s, 1);
        w->size = (uint64_t)sqlite3_column_int64(s, 2);
        w->body_size = (uint64_t)sqlite3_column_int64(s, 3);
        copied = db_column_text(s, 4, &w->body) && db_column_bytes(s, 5, &w->packed);
    }
    db_done(s);
    if (!copied)
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", store->log->file);
    return st == STORE_OK && !row ? explain(store, seq, err) : st;
}

static enum store_status read_body(int fd, uint64_t size, struct unpack *u, struct store_error *err)
{
    enum store_status st = STORE_OK;
    char *buffer = malloc(READ_OCTETS);
    uint64_t at = 0;
    if (!buffer)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    while (st == STORE_OK && at < size) {
        ssize_t got = pread(fd, buffer, READ_OCTETS, (off_t)at);
        if (got <= 0) {
            st = store_fail(err, got < 0 ? STORE_IO : STORE_CORRUPT,
                            "body ends after %" PRIu64 " of %" PRIu64 " octets", at, size);
            break;
        }
        at += (uint64_t)got;
        st = unpack_plain(u, buffer, (size_t)got, err);
    }
    free(buffer);
    return st;
}

static enum store_status read_volume(struct store *store, uint64_t seq, const struct whereabouts *w,
                                     struct unpack *u, struct store_error *err)
{
    struct bytes piece = {0};
    enum store_status st = volume_use(store, w->volume, false, err);
    if (st == STORE_NOT_FOUND)
        st = store_fail(err, STORE_CORRUPT,
                        "volume %04" PRId64 "-%02" PRId64 " with the message of entry %" PRIu64
                        " is not there: restore it from the backup",
                        w->volume / 100, w->volume % 100, seq);
    for (int64_t n = 0; st == STORE_OK && n < w->pieces; n++) {
        piece.len = 0;
        st = volume_piece(store, (int64_t)seq, n, &piece, err);
        if (st == STORE_OK)
            st = unpack_feed(u, piece.data, piece.len, err);
    }
    bytes_free(&piece);
    return st;
}

/* Find the message and open its body, looking again if it has just been moved. */
static enum store_status find_message(struct store *store, uint64_t seq, struct whereabouts *w,
                                      int *fd, struct store_error *err)
{
    enum store_status st = STORE_NOT_FOUND;
    for (int look = 0; look < LOOKS && st == STORE_NOT_FOUND; look++) {
        whereabouts_free(w);
        st = locate(store, seq, w, err);
        if (st != STORE_OK || !w->body)
            return st;
        st = body_open(store, w->body, fd, err);
    }
    return st == STORE_NOT_FOUND ? STORE_CORRUPT : st; /* the file is gone; err names it */
}

enum store_status store_message(struct store *store, uint64_t seq,
                                bool (*sink)(const void *data, size_t len, void *context),
                                void *context, struct store_error *err)
{
    struct whereabouts w = {0};
    struct unpack u = {0};
    int fd = -1;
    enum store_status st = find_message(store, seq, &w, &fd, err);
    if (st == STORE_OK && !unpack_open(&u, store, w.size, sink, context))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK && w.volume > 0)
        st = read_volume(store, seq, &w, &u, err);
    else if (st == STORE_OK)
        st = unpack_feed(&u, w.packed.data, w.packed.len, err);
    if (st == STORE_OK && fd >= 0)
        st = read_body(fd, w.body_size, &u, err);
    if (st == STORE_OK)
        st = unpack_end(&u, err);
    unpack_close(&u);
    whereabouts_free(&w);
    if (fd >= 0)
        close(fd);
    return st;
}
