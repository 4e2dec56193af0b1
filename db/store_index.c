/*
 * store_index - do the indexes repeat what an entry says of itself?
 *
 * Dossiers, review queue, tokens and message-ids are written with the entry, in one transaction,
 * and follow from it; whoever alters them alters what people are shown and where the next reply
 * goes. What they must say stands in the record and its private part (record.h).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_private.h"
#include "db/wire.h"

struct comparison {
    struct store *store;
    const struct index_claim *claim;
    struct index_faults *faults;
    struct store_error *err;
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory, or the crypto library failed");
}

static enum store_status fault(struct comparison *c, const char *what)
{
    struct bytes text = {0};
    bool said =
        bytes_printf(&text, "index altered (%s)", what) && strings_add(&c->faults->own, text.data);
    bytes_free(&text);
    return said ? STORE_OK : no_memory(c->err);
}

/* The only row of a statement about `seq`. `s` is to be given back when *row. */
static enum store_status one_row(struct comparison *c, const char *sql, uint64_t seq,
                                 sqlite3_stmt **s, bool *row)
{
    *row = false;
    enum store_status st = db_query(c->store->log, sql, s, c->err, "i", (int64_t)seq);
    if (st == STORE_OK)
        st = db_step(c->store->log, *s, row, c->err);
    if (st == STORE_OK && !*row)
        db_done(*s);
    return st;
}

/* --- columns and tokens ---------------------------------------------------------------------*/

static enum store_status compare_entry(struct comparison *c)
{
    sqlite3_stmt *s;
    bool row;
    const struct index_claim *claim = c->claim;
    enum store_status st = one_row(c,
                                   "SELECT e.outbound, e.token, t.seq, f.token FROM entry e"
                                   " LEFT JOIN token t ON t.number = e.token"
                                   " LEFT JOIN entry f ON f.seq = t.seq WHERE e.seq = ?",
                                   claim->seq, &s, &row);
    if (st != STORE_OK || !row)
        return st;
    bool outbound = sqlite3_column_int64(s, 0) != 0;
    uint64_t token = (uint64_t)sqlite3_column_int64(s, 1);
    uint64_t first = (uint64_t)sqlite3_column_int64(s, 2);
    uint64_t token_of_first = (uint64_t)sqlite3_column_int64(s, 3);
    db_done(s);
    if (outbound != claim->outbound)
        st = fault(c, "its direction is not the record's");
    if (st == STORE_OK && token != claim->token && !claim->erased)
        st = fault(c, "its message number is not the one it was given");
    else if (st == STORE_OK && token && (!first || first > claim->seq || token_of_first != token))
        st = fault(c, "its token leads elsewhere");
    return st;
}

static enum store_status compare_ids(struct comparison *c)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < c->claim->ids.count; i++) {
        uint64_t hash;
        int64_t found;
        if (!keyed_hash_64(&c->store->hash, 'i', c->claim->ids.items[i], &hash))
            return no_memory(c->err);
        st = db_number(c->store->log, "SELECT 1 FROM message_id WHERE hash = ? AND seq = ?", 0,
                       &found, c->err, "ii", (int64_t)hash, (int64_t)c->claim->seq);
        if (st == STORE_OK && !found)
            st = fault(c, "it is not found by its Message-ID");
    }
    return st;
}

/* --- dossiers -------------------------------------------------------------------------------*/

static enum store_status compare_dossier(struct comparison *c, const char *invoice,
                                         uint64_t paused_by)
{
    const struct index_claim *claim = c->claim;
    bool here = claim->pauses && (!claim->about || strings_contain(&claim->target, invoice));
    if (claim->invoices.count && !strings_contain(&claim->invoices, invoice))
        return strings_add_unique(&c->faults->misnamed, invoice) ? STORE_OK : no_memory(c->err);
    if (here && (paused_by == 0 || paused_by > claim->seq))
        return fault(c, "the dossier that it paused says otherwise");
    if (!here && paused_by == claim->seq)
        return fault(c, "it paused no dossier");
    return STORE_OK;
}

static enum store_status compare_dossiers(struct comparison *c)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st = db_query(c->store->log,
                                    "SELECT d.invoice, d.paused_by FROM dossier_entry p"
                                    " JOIN dossier d ON d.id = p.dossier WHERE p.seq = ?",
                                    &s, c->err, "i", (int64_t)c->claim->seq);
    while (st == STORE_OK && row) {
        st = db_step(c->store->log, s, &row, c->err);
        const char *invoice = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        if (row && !invoice)
            st = no_memory(c->err);
        else if (row)
            st = compare_dossier(c, invoice, (uint64_t)sqlite3_column_int64(s, 1));
    }
    db_done(s);
    return st;
}

/* --- review ---------------------------------------------------------------------------------*/

struct review_row {
    char *invoice, *state, *assigned;
    uint64_t decided_by;
};

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Is `decided_by` the decision that the row tells? One that was erased may be any. */
static enum store_status compare_decision(struct comparison *c, const struct review_row *r)
{
    struct stored_entry e;
    bool right = false;
    enum store_status st = store_entry(c->store, r->decided_by, &e, NULL);
    if (st == STORE_OK) {
        json_t *part = e.private_part.data
                           ? json_loadb(e.private_part.data, e.private_part.len, 0, NULL)
                           : NULL;
        json_int_t about = json_integer_value(json_object_get(part, "about"));
        bool assign = strcmp(e.event, "assign") == 0;
        char *target = assign ? foreign_from_json(json_object_get(part, "invoice")) : NULL;
        right =
            (assign ? same(r->state, "assigned") && r->assigned
                    : same(r->state, "dismissed") && !r->assigned) &&
            (!part || ((uint64_t)about == c->claim->seq && (!target || same(target, r->assigned))));
        free(target);
        json_decref(part);
        stored_entry_free(&e);
    } else if (st != STORE_NOT_FOUND) {
        return store_fail(c->err, st, "entry %" PRIu64 " cannot be read", r->decided_by);
    }
    return right ? STORE_OK : fault(c, "the review tells a decision that nobody took");
}

static enum store_status compare_row(struct comparison *c, const struct review_row *r)
{
    if (!c->claim->proposed)
        return fault(c, "it was never up for review");
    if (!same(r->invoice, c->claim->proposed))
        return fault(c, "the review proposes another invoice");
    if (r->decided_by)
        return compare_decision(c, r);
    if (!same(r->state, "open") || r->assigned)
        return fault(c, "the review tells a decision that nobody took");
    return STORE_OK;
}

static enum store_status compare_review(struct comparison *c)
{
    sqlite3_stmt *s;
    bool row;
    struct review_row r = {0};
    enum store_status st =
        one_row(c, "SELECT invoice, state, assigned, decided_by FROM review WHERE seq = ?",
                c->claim->seq, &s, &row);
    if (st != STORE_OK)
        return st;
    if (!row)
        return c->claim->proposed ? fault(c, "it is missing in the review") : STORE_OK;
    bool copied = db_column_text(s, 0, &r.invoice) && db_column_text(s, 1, &r.state) &&
                  db_column_text(s, 2, &r.assigned);
    r.decided_by = (uint64_t)sqlite3_column_int64(s, 3);
    db_done(s);
    st = copied ? compare_row(c, &r) : no_memory(c->err);
    free(r.invoice);
    free(r.state);
    free(r.assigned);
    return st;
}

/* What an erasure names must be gone, and by it: an index of what is erased that says otherwise
   hides entries, or shows them again. */
static enum store_status compare_erasures(struct comparison *c)
{
    int64_t by, gone = 0;
    int64_t seq = (int64_t)c->claim->seq;
    if (c->claim->erases == 0)
        return STORE_OK; /* what names it as its erasure is found out by itself */
    enum store_status st = db_number(c->store->log, "SELECT count(*) FROM erased WHERE erasure = ?",
                                     0, &by, c->err, "i", seq);
    if (st == STORE_OK && by)
        st = db_number(c->store->log,
                       "SELECT count(*) FROM erased x JOIN entry e ON e.seq = x.seq"
                       " LEFT JOIN message m ON m.seq = x.seq"
                       " WHERE x.erasure = ? AND e.private IS NULL AND m.seq IS NULL",
                       0, &gone, c->err, "i", seq);
    if (st == STORE_OK && (uint64_t)by != c->claim->erases)
        st = fault(c, "what it erased is not what it says");
    else if (st == STORE_OK && by != gone)
        st = fault(c, "what it erased is there again");
    return st;
}

/* The other way round: a decision must stand in the review. */
static enum store_status compare_about(struct comparison *c)
{
    int64_t decided_by;
    if (!c->claim->about)
        return STORE_OK;
    enum store_status st = db_number(c->store->log, "SELECT decided_by FROM review WHERE seq = ?",
                                     0, &decided_by, c->err, "i", (int64_t)c->claim->about);
    if (st == STORE_OK && (uint64_t)decided_by != c->claim->seq)
        st = fault(c, "the review does not know its decision");
    return st;
}

/* --- the calls ------------------------------------------------------------------------------*/

void index_claim_free(struct index_claim *claim)
{
    strings_free(&claim->target);
    strings_free(&claim->invoices);
    strings_free(&claim->ids);
}

void index_faults_free(struct index_faults *f)
{
    strings_free(&f->own);
    strings_free(&f->misnamed);
}

enum store_status store_index_check(struct store *store, const struct index_claim *claim,
                                    struct index_faults *faults, struct store_error *err)
{
    struct comparison c = {store, claim, faults, err};
    enum store_status st = compare_entry(&c);
    if (st == STORE_OK)
        st = compare_erasures(&c);
    if (claim->erased)
        return st;
    if (st == STORE_OK)
        st = compare_ids(&c);
    if (st == STORE_OK)
        st = compare_dossiers(&c);
    if (st == STORE_OK)
        st = compare_review(&c);
    return st == STORE_OK ? compare_about(&c) : st;
}

enum store_status store_index_strays(struct store *store, uint64_t *strays, struct store_error *err)
{
    int64_t tokens, reviews = 0;
    enum store_status st = db_number(store->log,
                                     "SELECT count(*) FROM token t LEFT JOIN entry e"
                                     " ON e.seq = t.seq WHERE e.token IS NOT t.number",
                                     0, &tokens, err, "");
    if (st == STORE_OK)
        st = db_number(store->log,
                       "SELECT count(*) FROM review r LEFT JOIN entry e ON e.seq = r.seq"
                       " WHERE e.seq IS NULL",
                       0, &reviews, err, "");
    *strays = (uint64_t)(tokens + reviews);
    return st;
}
