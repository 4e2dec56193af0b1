/*
 * batch_close - a batch: gathered from the log, dated, stored
 *
 * Crash safety. Nothing is written before an authority has answered well: a batch that could not
 * be dated is gathered anew the next time, together with what came since, from the log, which
 * holds it all. Then tree and token enter batch.db in one transaction; then the token becomes an
 * entry of the log, and the entry's number is noted. A crash before the last two is made good at
 * the next turn (batch_log_tokens), before anything else is done.
 *
 * What is not signed cannot be dated: the sealer is waited for a moment, and a batch goes up to
 * the last signed entry. The "timestamp" entry that a batch leaves behind is no reason to close
 * another one; without anything else a batch is closed once a day.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/batch_internal.h"
#include "db/checkpoint.h"

enum { SIGN_MS = 3000, LOG_KEY_MAX = 4096 };

struct draft {
    struct batch_db *db;
    uint64_t first, last;
    struct ers_hash *leaves; /* room for BATCH_MOST + 1 */
    size_t count;
    struct bytes checkpoint, log_key;
    struct ers_hash root;
    enum store_status status;
    struct store_error *err;
};

/* --- gathering --------------------------------------------------------------------------------*/

static bool take_entry(const struct stored_entry *e, void *context)
{
    struct draft *d = context;
    struct ers_hash group[GROUP_MOST];
    size_t count = 0;
    if (e->seq > d->last)
        return false;
    if (e->seq != d->first + d->count)
        d->status = store_fail(d->err, STORE_CORRUPT,
                               "entry %" PRIu64 " is missing in the log: nothing after it is "
                               "dated, run \"temoin verify --log\"",
                               d->first + d->count);
    else
        d->status = batch_group(d->db, e, group, &count, d->err);
    if (d->status == STORE_OK && !ers_node(d->db->hash, group, count, &d->leaves[d->count++]))
        d->status = store_fail(d->err, STORE_IO, "the crypto library cannot hash");
    return d->status == STORE_OK && e->seq < d->last;
}

/* log.pub.pem, as it is. STORE_OK too when there is none: then no checkpoint is dated. */
static enum store_status read_log_key(const char *directory, struct bytes *key,
                                      struct store_error *err)
{
    char file[PATH_MAX], text[LOG_KEY_MAX];
    int len = snprintf(file, sizeof file, "%s/log.pub.pem", directory);
    if (len < 0 || (size_t)len >= sizeof file)
        return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? STORE_OK : store_fail_errno(err, errno, "%s", file);
    ssize_t got = read(fd, text, sizeof text);
    int error = errno;
    close(fd);
    if (got < 0)
        return store_fail_errno(err, error, "%s", file);
    if (got == 0 || got == sizeof text)
        return store_fail(err, STORE_CORRUPT, "%s: this is no public key", file);
    return bytes_append(key, text, (size_t)got) ? STORE_OK
                                                : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* The newest checkpoint and the key that it is checked with, as one more group. */
static enum store_status take_checkpoint(struct draft *d, const struct settings *s)
{
    struct ers_hash group[2];
    enum store_status st = read_log_key(s->key_directory, &d->log_key, d->err);
    if (st == STORE_OK && d->log_key.len)
        st = checkpoint_latest(d->db->seals, &d->checkpoint, d->err);
    if (st != STORE_OK && st != STORE_NOT_FOUND)
        return st;
    if (d->checkpoint.len == 0) {
        bytes_free(&d->log_key);
        return STORE_OK;
    }
    if (!batch_checkpoint_group(&d->checkpoint, &d->log_key, group) ||
        !ers_node(d->db->hash, group, 2, &d->leaves[d->count++]))
        return store_fail(d->err, STORE_IO, "the crypto library cannot hash");
    return STORE_OK;
}

static enum store_status gather(struct draft *d, const struct settings *s)
{
    d->leaves = calloc((size_t)(d->last - d->first) + 2, sizeof *d->leaves);
    if (!d->leaves)
        return store_fail(d->err, STORE_NO_MEMORY, "out of memory");
    enum store_status st = store_each_entry(d->db->store, d->first, take_entry, d, d->err);
    if (d->status != STORE_OK)
        st = d->status;
    if (st == STORE_OK && d->count != d->last - d->first + 1)
        st = store_fail(d->err, STORE_CORRUPT,
                        "the log ends before entry %" PRIu64 ", which was signed: run \"temoin "
                        "verify --log\"",
                        d->last);
    if (st == STORE_OK)
        st = take_checkpoint(d, s);
    if (st != STORE_OK)
        return st;
    qsort(d->leaves, d->count, sizeof *d->leaves, ers_compare);
    struct ers_hash *copy = malloc(d->count * sizeof *copy);
    if (!copy)
        return store_fail(d->err, STORE_NO_MEMORY, "out of memory");
    memcpy(copy, d->leaves, d->count * sizeof *copy);
    bool done = ers_root(copy, d->count, &d->root);
    free(copy);
    return done ? STORE_OK : store_fail(d->err, STORE_IO, "the crypto library cannot hash");
}

/* --- storing ----------------------------------------------------------------------------------*/

static enum store_status put_tiles(struct draft *d, int64_t number)
{
    for (size_t at = 0; at < d->count; at += TILE) {
        size_t count = d->count - at < TILE ? d->count - at : TILE;
        struct ers_hash copy[TILE], node;
        memcpy(copy, d->leaves + at, count * sizeof *copy);
        if (!ers_root(copy, count, &node))
            return store_fail(d->err, STORE_IO, "the crypto library cannot hash");
        enum store_status st = db_run(
            d->db->db, "INSERT INTO tile(batch, place, first, node, leaves) VALUES(?, ?, ?, ?, ?)",
            d->err, "iibbb", number, (int64_t)(at / TILE), (const void *)&d->leaves[at],
            sizeof node, (const void *)&node, sizeof node, (const void *)&d->leaves[at],
            count * sizeof node);
        if (st != STORE_OK)
            return st;
    }
    return STORE_OK;
}

static enum store_status put_batch(struct draft *d, const struct tsa *tsa,
                                   const struct tsa_stamp *stamp, int64_t *number)
{
    int64_t chain = 0;
    struct db *db = d->db->db;
    enum store_status st =
        db_number(db, "SELECT coalesce(max(number), 0) + 1 FROM batch", 1, number, d->err, "");
    if (st == STORE_OK)
        st = batch_put_chain(d->db, &stamp->chain, &chain, d->err);
    if (st == STORE_OK)
        st = db_run(db,
                    "INSERT INTO batch(number, first, last, gen_time, clock, ends, qualified, root,"
                    " tsa, token, chain, checkpoint, log_key)"
                    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    d->err, "iiiiiiibtbibb", *number, (int64_t)d->first, (int64_t)d->last,
                    stamp->gen_time, (int64_t)time(NULL), stamp->ends,
                    (int64_t)stamp->claims_qualified, (const void *)&d->root, sizeof d->root,
                    tsa->name, (const void *)stamp->token.data, stamp->token.len, chain,
                    (const void *)d->checkpoint.data, d->checkpoint.len,
                    (const void *)d->log_key.data, d->log_key.len);
    return st == STORE_OK ? put_tiles(d, *number) : st;
}

static enum store_status store_batch(struct draft *d, const struct tsa *tsa,
                                     const struct tsa_stamp *stamp, struct batch_closed *done)
{
    int64_t number = 0;
    enum store_status st = db_exec(d->db->db, "BEGIN IMMEDIATE", d->err);
    if (st != STORE_OK)
        return st;
    st = put_batch(d, tsa, stamp, &number);
    if (st == STORE_OK)
        st = db_exec(d->db->db, "COMMIT", d->err);
    if (st != STORE_OK) {
        db_rollback(d->db->db);
        return st;
    }
    done->batches++;
    done->entries += d->last - d->first + 1;
    done->number = (uint64_t)number;
    done->gen_time = stamp->gen_time;
    return STORE_OK;
}

/* Gather, date and store entries first to last. */
static enum store_status close_one(struct batch_db *b, const struct settings *s, bool patient,
                                   uint64_t first, uint64_t last, struct batch_closed *done,
                                   struct store_error *err)
{
    struct draft d = {.db = b, .first = first, .last = last, .err = err};
    struct tsa_stamp stamp = {0};
    const struct tsa *tsa = NULL;
    enum store_status st = gather(&d, s);
    if (st == STORE_OK)
        st = batch_ask(b, s, patient, &d.root, &stamp, &tsa, &done->remarks, err);
    if (st == STORE_OK)
        st = store_batch(&d, tsa, &stamp, done);
    tsa_stamp_free(&stamp);
    free(d.leaves);
    bytes_free(&d.checkpoint);
    bytes_free(&d.log_key);
    return st;
}

/* --- what there is to close
 * ---------------------------------------------------------------------*/

static bool find_other(const struct stored_entry *e, void *context)
{
    bool *found = context;
    *found = strcmp(e->event, "timestamp") != 0;
    return !*found;
}

/* Is there a reason to close a batch that begins at `first`? */
static enum store_status is_due(struct batch_db *b, uint64_t first, bool *due,
                                struct store_error *err)
{
    int64_t last_time = 0;
    *due = false;
    enum store_status st = store_each_entry(b->store, first, find_other, due, err);
    if (st == STORE_OK && !*due) {
        st = db_number(b->db, "SELECT gen_time FROM batch ORDER BY number DESC LIMIT 1", 0,
                       &last_time, err, "");
        *due = last_time <= (int64_t)time(NULL) - BATCH_IDLE_S;
    }
    return st;
}

/* The last entry that may go into a batch: what is signed, when the sealer had a moment. The head
   is read before the log's end, which an honest log has then passed: one that was cut off, or put
   back from a copy without seal.db, is not dated and gets no entry under a number that was given.
 */
static enum store_status signed_end(struct batch_db *b, const struct settings *s, uint64_t *end,
                                    struct store_error *err)
{
    struct tree head;
    struct store_error late;
    uint64_t last = 0;
    enum store_status st = store_last_seq(b->store, &last, err);
    if (st != STORE_OK)
        return st;
    st = seal_wait(s, last, SIGN_MS, &late);
    if (st != STORE_OK && st != STORE_BUSY && st != STORE_DENIED)
        return store_fail(err, st, "%s", late.text);
    st = seal_head(b->seals, &head, err);
    *end = head.size < last ? head.size : last;
    if (st == STORE_OK)
        st = store_last_seq(b->store, &last, err);
    if (st == STORE_OK && head.size > last)
        st = store_fail(err, STORE_CORRUPT,
                        "the log ends before entry %" PRIu64 ", which was signed: run \"temoin "
                        "verify --log\"",
                        head.size);
    return st;
}

static enum store_status close_all(struct batch_db *b, const struct settings *s, const char *actor,
                                   bool patient, struct batch_closed *done, struct store_error *err)
{
    uint64_t end = 0;
    int64_t dated = 0;
    bool due = false;
    enum store_status st = batch_open_log(b, err);
    if (st == STORE_OK)
        st = batch_log_tokens(b, s, actor, err);
    if (st == STORE_OK)
        st = signed_end(b, s, &end, err);
    if (st == STORE_OK)
        st = db_number(b->db, "SELECT coalesce(max(last), 0) FROM batch", 0, &dated, err, "");
    if (st == STORE_OK && (uint64_t)dated < end)
        st = is_due(b, (uint64_t)dated + 1, &due, err);
    for (uint64_t first = (uint64_t)dated + 1; st == STORE_OK && due && first <= end;) {
        uint64_t last = end - first < BATCH_MOST ? end : first + BATCH_MOST - 1;
        st = close_one(b, s, patient, first, last, done, err);
        if (st == STORE_OK)
            st = batch_log_tokens(b, s, actor, err);
        first = last + 1;
    }
    return st;
}

enum store_status batch_close(const struct settings *s, const char *actor, bool patient,
                              struct batch_closed *done, struct store_error *err)
{
    struct batch_db *b = NULL;
    *done = (struct batch_closed){0};
    if (s->tsa_count == 0)
        return store_fail(err, STORE_NOT_FOUND,
                          "nothing is dated by a third party: write a tsa section in the "
                          "configuration, see temoin.conf(5)");
    enum store_status st = batch_open_write(s->store_directory, &b, err);
    if (st == STORE_OK)
        st = close_all(b, s, actor, patient, done, err);
    batch_close_db(b);
    return st;
}
