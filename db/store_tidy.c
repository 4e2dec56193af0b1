/*
 * store_tidy - moving messages of past days from log.db to their month's volume
 *
 * Copied, synced, checked, then removed. A message is in two places for a while, never in none:
 *
 *   1. its bytes are put into the volume, and that is committed (synced);
 *   2. they are read back from there, unpacked, and hashed with their nonce: the result must be
 *      the commitment in the record. This also checks a large body's file, which was hashed by
 *      the process that received it and has been lying about since;
 *   3. log.db is told "it is in volume 202611", and forgets its own copy; committed;
 *   4. the body's file goes.
 *
 * A crash between any two leaves the earlier state, from which the same steps are done again:
 * pieces are overwritten, a body's file without reference is swept at the next start. A message
 * that does not match its record stays where it is, marked (volume = -1), and is named.
 *
 * A call takes some 50 ms at most: small messages go by the batch, a large one in slices with
 * what is under way kept in struct mover (in memory only: a restart begins it anew).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/msg.h"
#include "db/record.h"
#include "db/store_erase.h"
#include "db/store_private.h"

enum {
    DAY_S = 86400,
    BATCH_MAX = 150,
    BATCH_OCTETS = 1024 * 1024,
    SLICE_OCTETS = 2 * 1024 * 1024,
    READ_OCTETS = 64 * 1024,
    BODY_LEVEL = 3,
};

/* A message that is due. */
struct due {
    int64_t seq, month, size, body_size, pieces;
    char *body;          /* NULL: small */
    struct bytes packed; /* the message, or its header */
    bool sound;          /* matched its record */
};

struct mover {
    struct due message;
    int fd; /* of the body; -1: all of it is in the volume */
    uint64_t at;
    ZSTD_CCtx *pack;
    struct bytes piece;
    /* checking */
    bool checking;
    int64_t checked; /* pieces read back */
    struct unpack unpack;
    EVP_MD_CTX *hash;
};

static void due_free(struct due *d)
{
    free(d->body);
    bytes_free(&d->packed);
    *d = (struct due){0};
}

void mover_free(struct mover *m)
{
    if (!m)
        return;
    if (m->fd >= 0)
        close(m->fd);
    due_free(&m->message);
    ZSTD_freeCCtx(m->pack);
    bytes_free(&m->piece);
    unpack_close(&m->unpack);
    EVP_MD_CTX_free(m->hash);
    free(m);
}

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory, or the crypto library failed");
}

/* --- what is due ----------------------------------------------------------------------------*/

/* The first message after `after`, if its day is past (or the clock was wrong then: it says
   that it is of a time to come). Erased ones are passed over. */
static enum store_status next_due(struct store *store, int64_t after, int64_t now, struct due *d,
                                  bool *found, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    enum store_status st = db_query(
        store->log,
        "SELECT m.seq, m.time, m.size, m.body_size, m.body, m.packed FROM message m"
        " JOIN entry e ON e.seq = m.seq WHERE m.seq > ? AND m.volume = 0 AND e.private IS NOT NULL"
        " ORDER BY m.seq LIMIT 1",
        &s, err, "i", after);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    int64_t time = row ? sqlite3_column_int64(s, 1) : 0;
    *found = row && (time < now - now % DAY_S || time > now + DAY_S);
    if (*found) {
        d->seq = sqlite3_column_int64(s, 0);
        d->month = month_of(time);
        d->size = sqlite3_column_int64(s, 2);
        d->body_size = sqlite3_column_int64(s, 3);
        copied = db_column_text(s, 4, &d->body) && db_column_bytes(s, 5, &d->packed);
    }
    db_done(s);
    return copied ? st : no_memory(err);
}

/* --- checking -------------------------------------------------------------------------------*/

static bool hash_sink(const void *data, size_t len, void *context)
{
    return EVP_DigestUpdate(context, data, len) == 1;
}

static enum store_status check_begin(struct store *store, int64_t seq, int64_t size,
                                     EVP_MD_CTX **hash, struct unpack *unpack,
                                     struct store_error *err)
{
    struct stored_entry e;
    unsigned char nonce[NONCE_OCTETS] = {0};
    enum store_status st = store_entry(store, (uint64_t)seq, &e, err);
    if (st != STORE_OK)
        return st;
    /* Without a nonce it will not match, and be named. */
    if (!e.private_part.data || !record_nonce(e.private_part.data, e.private_part.len, nonce))
        memset(nonce, 0, sizeof nonce);
    stored_entry_free(&e);
    *hash = EVP_MD_CTX_new();
    if (!*hash || EVP_DigestInit_ex(*hash, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(*hash, nonce, sizeof nonce) != 1 ||
        !unpack_open(unpack, store, (uint64_t)size, hash_sink, *hash))
        return no_memory(err);
    return STORE_OK;
}

/* Read pieces back, up to some octets. STORE_CORRUPT: they cannot be unpacked. */
static enum store_status check_pieces(struct store *store, const struct due *d, int64_t *checked,
                                      struct unpack *unpack, struct store_error *err)
{
    struct bytes piece = {0};
    uint64_t start = unpack->written;
    enum store_status st = STORE_OK;
    while (st == STORE_OK && *checked < d->pieces && unpack->written - start < 4 * SLICE_OCTETS) {
        piece.len = 0;
        st = volume_piece(store, d->seq, *checked, &piece, err);
        if (st == STORE_OK)
            st = unpack_feed(unpack, piece.data, piece.len, err);
        ++*checked;
    }
    bytes_free(&piece);
    return st;
}

static enum store_status check_end(struct store *store, int64_t seq, EVP_MD_CTX *hash,
                                   struct unpack *unpack, struct store_error *err)
{
    struct stored_entry e;
    unsigned char found[HASH_OCTETS], recorded[HASH_OCTETS];
    enum store_status st = unpack_end(unpack, err);
    if (st != STORE_OK)
        return st;
    if (EVP_DigestFinal_ex(hash, found, NULL) != 1)
        return no_memory(err);
    st = store_entry(store, (uint64_t)seq, &e, err);
    if (st != STORE_OK)
        return st;
    if (!record_message(e.record.data, e.record.len, recorded) ||
        memcmp(found, recorded, HASH_OCTETS) != 0)
        st = store_fail(err, STORE_CORRUPT, "its octets are not those of its record");
    stored_entry_free(&e);
    return st;
}

static enum store_status check_small(struct store *store, struct due *d, struct store_error *err)
{
    EVP_MD_CTX *hash = NULL;
    struct unpack unpack = {0};
    int64_t checked = 0;
    enum store_status st = check_begin(store, d->seq, d->size, &hash, &unpack, err);
    while (st == STORE_OK && checked < d->pieces)
        st = check_pieces(store, d, &checked, &unpack, err);
    if (st == STORE_OK)
        st = check_end(store, d->seq, hash, &unpack, err);
    unpack_close(&unpack);
    EVP_MD_CTX_free(hash);
    return st;
}

/* STORE_CORRUPT is said of the message, not of the store: it stays, and the rest goes on. */
static enum store_status judge(struct due *d, enum store_status st, const struct store_error *err)
{
    d->sound = st == STORE_OK;
    if (st != STORE_CORRUPT)
        return st;
    msg_error("message of entry %" PRId64 " stays in log.db and is not moved: %s: "
              "run temoin verify --log, compare with the backup",
              d->seq, err->text);
    return STORE_OK;
}

/* --- moving ---------------------------------------------------------------------------------*/

static enum store_status put_copy(struct store *store, struct due *d, struct store_error *err)
{
    enum store_status st =
        db_run(store->volume, "DELETE FROM piece WHERE seq = ?", err, "i", d->seq);
    if (st == STORE_OK)
        st = volume_put(store, d->seq, &d->pieces, d->packed.data, d->packed.len, err);
    return st;
}

static enum store_status put_header(struct store *store, const struct due *d,
                                    struct store_error *err)
{
    return db_run(store->volume,
                  "INSERT OR REPLACE INTO message (seq, size, pieces) VALUES (?, ?, ?)", err, "iii",
                  d->seq, d->size, d->pieces);
}

/* An unsound copy is no use to anybody. What cannot be removed now is only space. */
static void drop_copy(struct store *store, const struct due *d)
{
    db_run(store->volume, "DELETE FROM piece WHERE seq = ?", NULL, "i", d->seq);
    db_run(store->volume, "DELETE FROM message WHERE seq = ?", NULL, "i", d->seq);
}

/* Step 3: log.db learns where the messages are now, and how far tidying has come. */
static enum store_status forget(struct store *store, const struct due *list, size_t count,
                                struct store_error *err)
{
    enum store_status st = db_run(store->log, "BEGIN IMMEDIATE", err, "");
    for (size_t i = 0; st == STORE_OK && i < count; i++) {
        const struct due *d = &list[i];
        if (d->sound)
            st = db_run(store->log,
                        "UPDATE message SET volume = ?, pieces = ?, body = NULL, packed = NULL"
                        " WHERE seq = ?",
                        err, "iii", d->month, d->pieces, d->seq);
        else
            st = db_run(store->log, "UPDATE message SET volume = -1 WHERE seq = ?", err, "i",
                        d->seq);
    }
    if (st == STORE_OK)
        st = db_run(store->log, "UPDATE meta SET value = ? WHERE key = 'tidied'", err, "i",
                    list[count - 1].seq);
    if (st == STORE_OK)
        st = db_run(store->log, "COMMIT", err, "");
    db_rollback(store->log);
    for (size_t i = 0; i < count; i++)
        if (!list[i].sound)
            drop_copy(store, &list[i]);
    return st;
}

/* Step 1 for a batch of small messages of one month. *count is how many; *next, the one that
   ended the batch, is the caller's when *found. */
static enum store_status copy_batch(struct store *store, int64_t now, struct due *list,
                                    size_t *count, struct due *next, bool *found,
                                    struct store_error *err)
{
    size_t octets = 0;
    int64_t month = next->month;
    enum store_status st = db_run(store->volume, "BEGIN IMMEDIATE", err, "");
    while (st == STORE_OK && *found && !next->body && next->month == month && *count < BATCH_MAX &&
           octets < BATCH_OCTETS) {
        struct due *d = &list[*count];
        *d = *next;
        *next = (struct due){0};
        ++*count;
        octets += d->packed.len;
        st = put_copy(store, d, err);
        if (st == STORE_OK)
            st = put_header(store, d, err);
        bytes_free(&d->packed);
        if (st == STORE_OK)
            st = next_due(store, d->seq, now, next, found, err);
    }
    if (st == STORE_OK)
        st = db_run(store->volume, "COMMIT", err, "");
    db_rollback(store->volume);
    return st;
}

static enum store_status move_batch(struct store *store, int64_t now, struct due *next, bool *more,
                                    struct store_error *err)
{
    struct store_error why = {""};
    size_t count = 0;
    struct due *list = calloc(BATCH_MAX, sizeof *list);
    if (!list)
        return no_memory(err);
    *more = true;
    enum store_status st = copy_batch(store, now, list, &count, next, more, err);
    for (size_t i = 0; st == STORE_OK && i < count; i++) {
        st = judge(&list[i], check_small(store, &list[i], &why), &why);
        if (st != STORE_OK)
            st = store_fail(err, st, "%s", why.text);
    }
    if (st == STORE_OK && count)
        st = forget(store, list, count, err);
    for (size_t i = 0; i < count; i++)
        due_free(&list[i]);
    free(list);
    return st;
}

/* --- a large one ----------------------------------------------------------------------------*/

static enum store_status mover_begin(struct store *store, struct due *d, struct store_error *err)
{
    struct mover *m = calloc(1, sizeof *m);
    if (!m)
        return no_memory(err);
    m->message = *d;
    *d = (struct due){0};
    m->fd = -1;
    store->mover = m;
    m->pack = ZSTD_createCCtx();
    if (!m->pack ||
        ZSTD_isError(ZSTD_CCtx_setParameter(m->pack, ZSTD_c_compressionLevel, BODY_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(m->pack, ZSTD_c_checksumFlag, 1)))
        return no_memory(err);
    return STORE_OK;
}

static enum store_status pack_some(struct store *store, struct mover *m, const void *data,
                                   size_t len, struct store_error *err)
{
    bool last = len == 0;
    ZSTD_inBuffer in = {data, len, 0};
    size_t left = 1;
    enum store_status st = STORE_OK;
    while (st == STORE_OK && (last ? left != 0 : in.pos < in.size)) {
        if (!bytes_reserve(&m->piece, ZSTD_CStreamOutSize()))
            return no_memory(err);
        ZSTD_outBuffer out = {m->piece.data + m->piece.len, m->piece.room - m->piece.len - 1, 0};
        left = ZSTD_compressStream2(m->pack, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return no_memory(err);
        m->piece.len += out.pos;
        if (m->piece.len >= PIECE_OCTETS || (last && left == 0)) {
            st = volume_put(store, m->message.seq, &m->message.pieces, m->piece.data, m->piece.len,
                            err);
            m->piece.len = 0;
        }
    }
    return st;
}

static enum store_status copy_slice(struct store *store, struct mover *m, struct store_error *err)
{
    enum store_status st = STORE_OK;
    uint64_t end = m->at + SLICE_OCTETS, size = (uint64_t)m->message.body_size;
    char *buffer = malloc(READ_OCTETS);
    if (!buffer)
        return no_memory(err);
    while (st == STORE_OK && m->at < size && m->at < end) {
        ssize_t got = pread(m->fd, buffer, READ_OCTETS, (off_t)m->at);
        if (got <= 0) {
            st = store_fail(err, got < 0 ? STORE_IO : STORE_CORRUPT, "%s: body ends too early",
                            m->message.body);
            break;
        }
        m->at += (uint64_t)got;
        st = pack_some(store, m, buffer, (size_t)got, err);
    }
    if (st == STORE_OK && m->at == size) {
        st = pack_some(store, m, "", 0, err);
        if (st == STORE_OK)
            st = put_header(store, &m->message, err);
        m->checking = st == STORE_OK;
    }
    free(buffer);
    return st;
}

/* Step 1, one slice: a transaction of the volume. */
static enum store_status copy_step(struct store *store, struct mover *m, struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (m->fd < 0) {
        st = body_open(store, m->message.body, &m->fd, err);
        if (st == STORE_NOT_FOUND)
            return STORE_CORRUPT; /* err names the file that is gone */
    }
    if (st == STORE_OK)
        st = db_run(store->volume, "BEGIN IMMEDIATE", err, "");
    if (st == STORE_OK && m->at == 0)
        st = put_copy(store, &m->message, err);
    if (st == STORE_OK)
        st = copy_slice(store, m, err);
    if (st == STORE_OK)
        st = db_run(store->volume, "COMMIT", err, "");
    db_rollback(store->volume);
    return st;
}

/* Step 2, one slice. *done: the message was judged. */
static enum store_status check_step(struct store *store, struct mover *m, bool *done,
                                    struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (!m->hash)
        st = check_begin(store, m->message.seq, m->message.size, &m->hash, &m->unpack, err);
    if (st == STORE_OK)
        st = check_pieces(store, &m->message, &m->checked, &m->unpack, err);
    if (st == STORE_OK && m->checked < m->message.pieces)
        return STORE_OK;
    if (st == STORE_OK)
        st = check_end(store, m->message.seq, m->hash, &m->unpack, err);
    *done = st == STORE_OK || st == STORE_CORRUPT;
    return st;
}

static enum store_status mover_step(struct store *store, struct store_error *err)
{
    struct mover *m = store->mover;
    struct store_error why = {""};
    bool done = false;
    enum store_status st = volume_use(store, m->message.month, true, err);
    if (st == STORE_OK && !m->checking) {
        st = copy_step(store, m, &why);
        done = st == STORE_CORRUPT; /* the body's file is not whole */
    } else if (st == STORE_OK) {
        st = check_step(store, m, &done, &why);
    }
    if (st != STORE_OK && !done)
        return *why.text ? store_fail(err, st, "%s", why.text) : st;
    if (!done)
        return STORE_OK;
    st = judge(&m->message, st, &why);
    if (st == STORE_OK)
        st = forget(store, &m->message, 1, err);
    if (st == STORE_OK && m->message.sound)
        body_remove(store, m->message.body);
    mover_free(m);
    store->mover = NULL;
    return st;
}

/* --- the call -------------------------------------------------------------------------------*/

static enum store_status tidy(struct store *store, int64_t now, bool *more, struct store_error *err)
{
    struct due next = {0};
    int64_t tidied;
    enum store_status st =
        db_number(store->log, "SELECT value FROM meta WHERE key = 'tidied'", 0, &tidied, err, "");
    if (st == STORE_OK)
        st = next_due(store, tidied, now, &next, more, err);
    if (st == STORE_OK && *more)
        st = volume_use(store, next.month, true, err);
    if (st == STORE_OK && *more)
        st = next.body ? mover_begin(store, &next, err) : move_batch(store, now, &next, more, err);
    due_free(&next);
    return st;
}

enum store_status store_tidy(struct store *store, int64_t now, unsigned retry_window_s, bool *more,
                             struct store_error *err)
{
    *more = false;
    if (store->mode != STORE_WRITE || store->in_group)
        return store_fail(err, STORE_INVALID, "tidying a store that cannot");
    enum store_status st;
    if (store->erasing) {
        mover_free(store->mover); /* what it carries may be what is erased */
        store->mover = NULL;
        return store_erase_step(store, now, more, err);
    }
    if (store->mover) {
        st = mover_step(store, err);
        *more = true;
    } else {
        st = tidy(store, now, more, err);
        if (st == STORE_OK && !*more)
            st = retry_prune(store, now, retry_window_s, more, err);
    }
    if (st == STORE_OK)
        return st;
    *more = false;
    mover_free(store->mover); /* begins anew next time */
    store->mover = NULL;
    /* A reader holds the volume just now: not a failure, only a later time. */
    return st == STORE_BUSY ? STORE_OK : st;
}
