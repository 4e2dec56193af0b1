/*
 * batch_renew - tokens renewed before their certificates end (RFC 4998, 5.2)
 *
 * One new token is over the tree of the newest tokens of all batches that are due. What a batch
 * "still rests on" is its newest token.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/batch_internal.h"

struct due {
    struct item {
        struct ers_hash hash; /* first: items are compared as hashes */
        int64_t batch;
    } * items;
    size_t count, room;
    int64_t first_end;
    struct ers_hash root;
};

static bool due_add(struct due *d, int64_t batch, const struct bytes *token)
{
    if (d->count == d->room) {
        size_t room = d->room ? 2 * d->room : 64;
        struct item *more = realloc(d->items, room * sizeof *more);
        if (!more)
            return false;
        d->items = more;
        d->room = room;
    }
    d->items[d->count].batch = batch;
    return batch_hash(token->data, token->len, &d->items[d->count++].hash);
}

static enum store_status due_find(struct batch_db *b, int64_t before, struct due *d,
                                  struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st =
        db_query(b->db,
                 "SELECT number, token, ends FROM (" BATCH_STANDING ") WHERE ends < ? ORDER BY "
                 "number",
                 &row, err, "i", before);
    while (st == STORE_OK && (st = db_step(b->db, row, &found, err)) == STORE_OK && found) {
        struct bytes token = {0};
        int64_t ends = sqlite3_column_int64(row, 2);
        if (d->count == 0 || ends < d->first_end)
            d->first_end = ends;
        if (!db_column_bytes(row, 1, &token) || !due_add(d, sqlite3_column_int64(row, 0), &token))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
        bytes_free(&token);
    }
    db_done(row);
    return st;
}

static enum store_status due_root(struct due *d, struct store_error *err)
{
    struct ers_hash *leaves = malloc(d->count * sizeof *leaves);
    if (!leaves)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    qsort(d->items, d->count, sizeof *d->items, ers_compare);
    for (size_t i = 0; i < d->count; i++)
        leaves[i] = d->items[i].hash;
    bool done = ers_root(leaves, d->count, &d->root);
    free(leaves);
    return done ? STORE_OK : store_fail(err, STORE_IO, "the crypto library cannot hash");
}

static enum store_status put(struct batch_db *b, const struct due *d, const struct tsa *tsa,
                             const struct tsa_stamp *stamp, int64_t *number,
                             struct store_error *err)
{
    int64_t chain = 0;
    enum store_status st =
        db_number(b->db, "SELECT coalesce(max(number), 0) + 1 FROM renewal", 1, number, err, "");
    if (st == STORE_OK)
        st = batch_put_chain(b, &stamp->chain, &chain, err);
    if (st == STORE_OK)
        st =
            db_run(b->db,
                   "INSERT INTO renewal(number, gen_time, clock, ends, qualified, root, tsa, token,"
                   " chain) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   err, "iiiiibtbi", *number, stamp->gen_time, (int64_t)time(NULL), stamp->ends,
                   (int64_t)stamp->claims_qualified, (const void *)&d->root, sizeof d->root,
                   tsa->name, (const void *)stamp->token.data, stamp->token.len, chain);
    for (size_t i = 0; st == STORE_OK && i < d->count; i++)
        st = db_run(b->db, "INSERT INTO renewed(batch, renewal, hash) VALUES(?, ?, ?)", err, "iib",
                    d->items[i].batch, *number, (const void *)&d->items[i].hash, (size_t)ERS_HASH);
    return st;
}

static enum store_status store_renewal(struct batch_db *b, const struct due *d,
                                       const struct tsa *tsa, const struct tsa_stamp *stamp,
                                       struct batch_closed *done, struct store_error *err)
{
    int64_t number = 0;
    if (stamp->ends <= d->first_end)
        return store_fail(err, STORE_INVALID,
                          "the certificates of tsa \"%s\" do not end later than those of the old "
                          "tokens: name another authority",
                          tsa->name);
    enum store_status st = db_exec(b->db, "BEGIN IMMEDIATE", err);
    if (st != STORE_OK)
        return st;
    st = put(b, d, tsa, stamp, &number, err);
    if (st == STORE_OK)
        st = db_exec(b->db, "COMMIT", err);
    if (st != STORE_OK) {
        db_rollback(b->db);
        return st;
    }
    done->batches = 1;
    done->entries = d->count;
    done->number = (uint64_t)number;
    done->gen_time = stamp->gen_time;
    return STORE_OK;
}

static enum store_status renew(struct batch_db *b, const struct settings *s, const char *actor,
                               struct batch_closed *done, struct store_error *err)
{
    struct due d = {0};
    struct tsa_stamp stamp = {0};
    const struct tsa *tsa = NULL;
    enum store_status st = batch_log_tokens(b, s, actor, err);
    if (st == STORE_OK)
        st = due_find(b, (int64_t)time(NULL) + BATCH_RENEW_S, &d, err);
    if (st == STORE_OK && d.count) {
        st = due_root(&d, err);
        if (st == STORE_OK)
            st = batch_ask(b, s, false, &d.root, &stamp, &tsa, &done->remarks, err);
        if (st == STORE_OK)
            st = store_renewal(b, &d, tsa, &stamp, done, err);
        if (st == STORE_OK)
            st = batch_log_tokens(b, s, actor, err);
    }
    tsa_stamp_free(&stamp);
    free(d.items);
    return st;
}

enum store_status batch_renew(const struct settings *s, const char *actor,
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
        st = renew(b, s, actor, done, err);
    batch_close_db(b);
    return st;
}
