/*
 * store_erasable - what there is to erase: of an invoice, of nobody, or one entry
 *
 * A message that a review assigned is filed by the decision, which alone stands in the dossier:
 * it belongs to the invoice that it was assigned to.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/dkim_links.h"
#include "db/exhibit.h"
#include "db/store_erase.h"
#include "db/store_private.h"
#include "policy/erasure.h"

void erasables_free(struct erasables *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].event);
        strings_free(&list->items[i].dossiers);
    }
    free(list->items);
    *list = (struct erasables){0};
}

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static struct erasable *grow(struct erasables *list)
{
    if ((list->count & (list->count - 1)) == 0) { /* grows at powers of two */
        size_t room = list->count ? 2 * list->count : 1;
        struct erasable *more = realloc(list->items, room * sizeof *more);
        if (!more)
            return NULL;
        list->items = more;
    }
    struct erasable *item = &list->items[list->count++];
    *item = (struct erasable){0};
    return item;
}

static enum store_status take_dossiers(struct store *store, struct erasable *item,
                                       struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st =
        db_query(store->log,
                 "SELECT d.invoice FROM dossier_entry p JOIN dossier d ON d.id = p.dossier"
                 " WHERE p.seq = ?1 UNION SELECT assigned FROM review WHERE seq = ?1"
                 " AND assigned IS NOT NULL",
                 &s, err, "i", (int64_t)item->seq);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        const char *invoice = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        if (row && (!invoice || !strings_add_unique(&item->dossiers, invoice)))
            st = no_memory(err);
    }
    db_done(s);
    return st;
}

/* Take an entry in, unless it is erased or never may be. */
static enum store_status take(struct store *store, uint64_t seq, struct erasables *out,
                              struct store_error *err)
{
    struct stored_entry e;
    struct exhibit x;
    enum store_status st = store_entry(store, seq, &e, err);
    if (st != STORE_OK)
        return st;
    if (e.private_part.data && erasure_allowed(e.event)) {
        struct erasable *item = grow(out);
        bool read = item && exhibit_read(&e, &x);
        st = read ? STORE_OK : no_memory(err);
        if (read) {
            *item = (struct erasable){
                .seq = seq, .time = x.time, .event = e.event, .message = e.has_message};
            e.event = NULL;
            exhibit_free(&x);
            st = take_dossiers(store, item, err);
        }
    }
    stored_entry_free(&e);
    return st;
}

static enum store_status take_all(struct store *store, const uint64_t *seqs, size_t count,
                                  struct erasables *out, struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < count; i++)
        st = take(store, seqs[i], out, err);
    if (st != STORE_OK)
        erasables_free(out);
    return st;
}

/* Numbers of entries. They are collected first: what follows are statements of their own. */
struct numbers {
    uint64_t *items;
    size_t count;
};

static bool push(struct numbers *n, uint64_t seq)
{
    if ((n->count & (n->count - 1)) == 0) { /* grows at powers of two */
        uint64_t *more = realloc(n->items, (n->count ? 2 * n->count : 1) * sizeof *more);
        if (!more)
            return false;
        n->items = more;
    }
    n->items[n->count++] = seq;
    return true;
}

static enum store_status collect(struct store *store, sqlite3_stmt *s, struct numbers *n,
                                 struct store_error *err)
{
    enum store_status st = STORE_OK;
    bool row = true;
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (st == STORE_OK && row && !push(n, (uint64_t)sqlite3_column_int64(s, 0)))
            st = no_memory(err);
    }
    return st;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* Entries about the DNS keys of these messages, which are in no dossier when the message was in
   none as it came. Sorts the list; none is in it twice. */
static enum store_status add_keys(struct dkim_links *keys, struct numbers *n,
                                  struct store_error *err)
{
    uint64_t found[DKIM_LINKS_MAX];
    size_t own = n->count, count = 0, kept = 0;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < own; i++) {
        st = dkim_links_entries(keys, n->items[i], found, DKIM_LINKS_MAX, &count, err);
        for (size_t k = 0; st == STORE_OK && k < count; k++)
            if (!push(n, found[k]))
                st = no_memory(err);
    }
    if (n->count)
        qsort(n->items, n->count, sizeof *n->items, by_value);
    for (size_t i = 0; i < n->count; i++)
        if (i == 0 || n->items[i] != n->items[kept - 1])
            n->items[kept++] = n->items[i];
    n->count = kept;
    return st;
}

enum store_status store_erasables(struct store *store, struct dkim_links *keys, const char *invoice,
                                  struct erasables *out, struct store_error *err)
{
    sqlite3_stmt *s;
    struct numbers n = {0};
    *out = (struct erasables){0};
    enum store_status st =
        invoice ? db_query(store->log,
                           "SELECT p.seq FROM dossier_entry p JOIN dossier d ON d.id = p.dossier"
                           " WHERE d.invoice = ?1 UNION"
                           " SELECT seq FROM review WHERE assigned = ?1 ORDER BY 1",
                           &s, err, "t", invoice)
                : db_query(store->log,
                           "SELECT m.seq FROM message m"
                           " LEFT JOIN dossier_entry p ON p.seq = m.seq"
                           " LEFT JOIN review r ON r.seq = m.seq"
                           " WHERE p.seq IS NULL AND r.assigned IS NULL"
                           " AND r.state IS NOT 'open' UNION"
                           " SELECT seq FROM entry WHERE event = 'unrecorded' AND size = 0"
                           " ORDER BY 1",
                           &s, err, "");
    if (st == STORE_OK)
        st = collect(store, s, &n, err);
    db_done(s);
    if (st == STORE_OK)
        st = add_keys(keys, &n, err);
    if (st == STORE_OK)
        st = take_all(store, n.items, n.count, out, err);
    free(n.items);
    return st;
}

enum store_status store_erasable(struct store *store, uint64_t seq, struct erasables *out,
                                 struct store_error *err)
{
    *out = (struct erasables){0};
    enum store_status st = take_all(store, &seq, 1, out, err);
    if (st == STORE_OK && out->count == 0)
        st = store_fail(err, STORE_INVALID,
                        "entry %" PRIu64 " cannot be erased: it is erased already, or shows how "
                        "the log was kept",
                        seq);
    return st;
}
