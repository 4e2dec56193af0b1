/*
 * batch_record - evidence records (RFC 4998), built from stored nodes when they are asked for
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/batch_internal.h"

enum { TILES_MOST = BATCH_MOST / TILE + 2, STAMPS_MOST = ERS_STAMPS };

/* The tiles of a batch, without their leaves. */
struct tiles {
    size_t count;
    struct ers_hash first[TILES_MOST], node[TILES_MOST];
};

static bool column_hash(sqlite3_stmt *row, int column, struct ers_hash *hash)
{
    const void *octets = sqlite3_column_blob(row, column);
    if (!octets || sqlite3_column_bytes(row, column) != ERS_HASH)
        return false;
    memcpy(hash->octets, octets, ERS_HASH);
    return true;
}

static enum store_status damaged(uint64_t number, struct store_error *err)
{
    return store_fail(err, STORE_CORRUPT,
                      "batch.db: what batch %" PRIu64 " keeps is not what was dated", number);
}

static enum store_status read_tiles(struct batch_db *b, uint64_t number, struct tiles *t,
                                    struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    t->count = 0;
    enum store_status st =
        db_query(b->db, "SELECT first, node FROM tile WHERE batch = ? ORDER BY place", &row, err,
                 "i", (int64_t)number);
    while (st == STORE_OK && (st = db_step(b->db, row, &found, err)) == STORE_OK && found) {
        if (t->count == TILES_MOST || !column_hash(row, 0, &t->first[t->count]) ||
            !column_hash(row, 1, &t->node[t->count]))
            st = damaged(number, err);
        t->count++;
    }
    db_done(row);
    return st == STORE_OK && t->count == 0 ? damaged(number, err) : st;
}

/* The leaves of one tile; *count is how many. */
static enum store_status read_leaves(struct batch_db *b, uint64_t number, size_t place,
                                     struct ers_hash leaves[TILE], size_t *count,
                                     struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st = db_query(b->db, "SELECT leaves FROM tile WHERE batch = ? AND place = ?",
                                    &row, err, "ii", (int64_t)number, (int64_t)place);
    if (st == STORE_OK)
        st = db_step(b->db, row, &found, err);
    size_t len = st == STORE_OK && found ? (size_t)sqlite3_column_bytes(row, 0) : 0;
    if (st == STORE_OK && (len == 0 || len % ERS_HASH || len / ERS_HASH > TILE))
        st = damaged(number, err);
    if (st == STORE_OK)
        memcpy(leaves, sqlite3_column_blob(row, 0), len);
    *count = len / ERS_HASH;
    db_done(row);
    return st;
}

/* The way from a group's leaf to the root. STORE_NOT_FOUND: the batch has no such leaf. */
static enum store_status find_path(struct batch_db *b, const struct batch_token *t,
                                   const struct ers_hash *leaf, struct ers_path *path,
                                   struct store_error *err)
{
    struct tiles tiles;
    struct ers_hash leaves[TILE];
    size_t count = 0, place = 0;
    enum store_status st = read_tiles(b, t->number, &tiles, err);
    if (st != STORE_OK)
        return st;
    while (place + 1 < tiles.count && ers_compare(&tiles.first[place + 1], leaf) <= 0)
        place++;
    st = read_leaves(b, t->number, place, leaves, &count, err);
    if (st != STORE_OK)
        return st;
    const struct ers_hash *found = bsearch(leaf, leaves, count, sizeof *leaves, ers_compare);
    if (!found)
        return store_fail(err, STORE_NOT_FOUND, "batch %" PRIu64 " has no such group", t->number);
    *path = (struct ers_path){0};
    if (!ers_path_up(leaves, count, (size_t)(found - leaves), path) ||
        ers_compare(&leaves[0], &tiles.node[place]) != 0 ||
        !ers_path_up(tiles.node, tiles.count, place, path) ||
        memcmp(tiles.node[0].octets, t->root, ERS_HASH) != 0)
        return damaged(t->number, err);
    return STORE_OK;
}

/* --- renewals -------------------------------------------------------------------------------*/

struct renewals {
    size_t count; /* stamps in use; the first is the batch's own */
    struct ers_stamp stamps[STAMPS_MOST];
    struct ers_path paths[STAMPS_MOST];
    struct ers_hash hashes[STAMPS_MOST]; /* of the token before */
    struct bytes tokens[STAMPS_MOST];
};

/* Where the batch's hash stands among all that this renewal covers. */
static enum store_status renewal_path(struct batch_db *b, int64_t renewal,
                                      const struct ers_hash *hash, struct ers_path *path,
                                      struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    struct bytes all = {0};
    enum store_status st = db_query(
        b->db, "SELECT hash FROM renewed WHERE renewal = ? ORDER BY hash", &row, err, "i", renewal);
    while (st == STORE_OK && (st = db_step(b->db, row, &found, err)) == STORE_OK && found) {
        struct ers_hash next;
        if (!column_hash(row, 0, &next))
            st = store_fail(err, STORE_CORRUPT, "batch.db: a renewal is damaged");
        else if (!bytes_append(&all, next.octets, ERS_HASH))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    db_done(row);
    struct ers_hash *leaves = (struct ers_hash *)(void *)all.data;
    size_t count = all.len / ERS_HASH;
    const struct ers_hash *at =
        st == STORE_OK && count ? bsearch(hash, leaves, count, sizeof *leaves, ers_compare) : NULL;
    *path = (struct ers_path){0};
    if (st == STORE_OK && (!at || !ers_path_up(leaves, count, (size_t)(at - leaves), path)))
        st = store_fail(err, STORE_CORRUPT, "batch.db: a renewal does not cover its batch");
    bytes_free(&all);
    return st;
}

static enum store_status add_renewal(struct batch_db *b, sqlite3_stmt *row, struct renewals *r,
                                     struct store_error *err)
{
    size_t n = r->count;
    if (n == STAMPS_MOST)
        return store_fail(err, STORE_INVALID, "a token was renewed more than %d times",
                          STAMPS_MOST - 1);
    const struct ers_stamp *before = &r->stamps[n - 1];
    if (!batch_hash(before->token, before->token_len, &r->hashes[n]) ||
        !db_column_bytes(row, 1, &r->tokens[n]))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status st =
        renewal_path(b, sqlite3_column_int64(row, 0), &r->hashes[n], &r->paths[n], err);
    /* alone, the token is over the hash itself and there is no tree */
    r->stamps[n] = (struct ers_stamp){.group = &r->hashes[n],
                                      .group_count = r->paths[n].count ? 1 : 0,
                                      .path = &r->paths[n],
                                      .token = r->tokens[n].data,
                                      .token_len = r->tokens[n].len};
    r->count++;
    return st;
}

static enum store_status read_renewals(struct batch_db *b, uint64_t number, struct renewals *r,
                                       struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st =
        db_query(b->db,
                 "SELECT number, token FROM renewal WHERE number IN"
                 " (SELECT renewal FROM renewed WHERE batch = ?) ORDER BY number",
                 &row, err, "i", (int64_t)number);
    while (st == STORE_OK && (st = db_step(b->db, row, &found, err)) == STORE_OK && found)
        st = add_renewal(b, row, r, err);
    db_done(row);
    return st;
}

/* --- records --------------------------------------------------------------------------------*/

static enum store_status encode(struct batch_db *b, const struct batch_token *t,
                                const struct ers_hash *group, size_t count, struct bytes *ers,
                                struct store_error *err)
{
    struct ers_hash leaf;
    struct renewals *r = calloc(1, sizeof *r);
    if (!r || !ers_node(b->hash, group, count, &leaf)) {
        free(r);
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    enum store_status st = find_path(b, t, &leaf, &r->paths[0], err);
    r->stamps[0] = (struct ers_stamp){.group = group,
                                      .group_count = count,
                                      .path = &r->paths[0],
                                      .token = t->token.data,
                                      .token_len = t->token.len};
    r->count = 1;
    if (st == STORE_OK)
        st = read_renewals(b, t->number, r, err);
    if (st == STORE_OK && !ers_encode(r->stamps, r->count, ers))
        st = store_fail(err, STORE_CORRUPT, "batch %" PRIu64 ": its token is damaged", t->number);
    for (size_t i = 0; i < STAMPS_MOST; i++)
        bytes_free(&r->tokens[i]);
    free(r);
    return st;
}

enum store_status batch_evidence_record(struct batch_db *b, uint64_t seq, struct bytes *ers,
                                        struct store_error *err)
{
    struct stored_entry e = {0};
    struct batch_token t = {0};
    struct ers_hash group[GROUP_MOST];
    size_t count = 0;
    enum store_status st = batch_for_entry(b, seq, &t, err);
    if (st == STORE_OK)
        st = batch_open_log(b, err);
    if (st == STORE_OK)
        st = store_entry(b->store, seq, &e, err);
    if (st == STORE_OK)
        st = batch_group(b, &e, group, &count, err);
    if (st == STORE_OK)
        st = encode(b, &t, group, count, ers, err);
    /* an entry whose private part is still there has all that it had then */
    if (st == STORE_NOT_FOUND && t.number && e.private_part.data)
        st = store_fail(err, STORE_CORRUPT,
                        "entry %" PRIu64 " is not what batch %" PRIu64 " dated: run \"temoin "
                        "verify --log\"",
                        seq, t.number);
    stored_entry_free(&e);
    batch_token_free(&t);
    return st;
}

enum store_status batch_checkpoint_record(struct batch_db *b, uint64_t number, struct bytes *ers,
                                          struct store_error *err)
{
    struct batch_token t = {0};
    struct ers_hash group[2];
    enum store_status st = batch_by_number(b, number, &t, err);
    if (st == STORE_OK && t.checkpoint.len == 0)
        st = store_fail(err, STORE_NOT_FOUND, "batch %" PRIu64 " holds no checkpoint", number);
    if (st == STORE_OK && !batch_checkpoint_group(&t.checkpoint, &t.log_key, group))
        st = store_fail(err, STORE_IO, "the crypto library cannot hash");
    if (st == STORE_OK)
        st = encode(b, &t, group, 2, ers, err);
    batch_token_free(&t);
    return st;
}
