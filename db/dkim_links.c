/*
 * dkim_links - which entries tell about the DNS keys of a message, whether dkim.db knows it or not
 */
#include "db/dkim_links.h"

#include <stdlib.h>

#include "db/dkim_index.h"
#include "db/store_private.h"

struct link {
    uint64_t message, entry;
};

struct dkim_links {
    struct dkim_index *index; /* NULL: there is none, or nothing of this log is in it */
    struct link *tail;        /* of the entries behind it, by message */
    size_t count;
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

void dkim_links_close(struct dkim_links *links)
{
    if (!links)
        return;
    dkim_index_close(links->index);
    free(links->tail);
    free(links);
}

/* *last: how far dkim.db goes; what cannot be read there is read in the log. */
static enum store_status open_index(struct dkim_links *links, struct store *store, uint64_t *last,
                                    struct store_error *err)
{
    *last = 0;
    enum store_status st = dkim_index_open(store->directory, STORE_READ, &links->index, err);
    if (st == STORE_OK)
        st = dkim_index_stands(links->index, store, last, err);
    if (st == STORE_OK && *last > 0)
        return STORE_OK;
    dkim_index_close(links->index);
    links->index = NULL;
    *last = 0;
    return st == STORE_NOT_FOUND || st == STORE_CORRUPT || st == STORE_SCHEMA ? STORE_OK : st;
}

static bool put(struct dkim_links *links, uint64_t message, uint64_t entry)
{
    if ((links->count & (links->count - 1)) == 0) { /* grows at powers of two */
        size_t room = links->count ? 2 * links->count : 1;
        struct link *more = realloc(links->tail, room * sizeof *more);
        if (!more)
            return false;
        links->tail = more;
    }
    links->tail[links->count++] = (struct link){message, entry};
    return true;
}

static enum store_status read_tail(struct dkim_links *links, struct store *store, uint64_t last,
                                   struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st = db_query(store->log,
                                    "SELECT seq, private FROM entry WHERE event = ?1 AND size = 0"
                                    " AND seq > ?2 AND private IS NOT NULL",
                                    &s, err, "ti", DKIM_EVENT, (int64_t)last);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (st != STORE_OK || !row)
            break;
        const void *octets = sqlite3_column_blob(s, 1);
        json_t *part =
            json_loadb(octets ? octets : "", (size_t)sqlite3_column_bytes(s, 1), 0, NULL);
        uint64_t message = dkim_entry_message(part);
        if (message && !put(links, message, (uint64_t)sqlite3_column_int64(s, 0)))
            st = no_memory(err);
        json_decref(part);
    }
    db_done(s);
    return st;
}

static int by_message(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    return x->message < y->message ? -1 : x->message > y->message;
}

enum store_status dkim_links_open(struct store *store, struct dkim_links **links,
                                  struct store_error *err)
{
    uint64_t last;
    struct dkim_links *made = calloc(1, sizeof *made);
    *links = NULL;
    if (!made)
        return no_memory(err);
    enum store_status st = open_index(made, store, &last, err);
    if (st == STORE_OK)
        st = read_tail(made, store, last, err);
    if (st != STORE_OK) {
        dkim_links_close(made);
        return st;
    }
    if (made->count)
        qsort(made->tail, made->count, sizeof *made->tail, by_message);
    *links = made;
    return STORE_OK;
}

/* The first of the tail that is about this message or a later one. */
static size_t first_of(const struct dkim_links *links, uint64_t message)
{
    size_t low = 0, high = links->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (links->tail[middle].message < message)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum store_status dkim_links_entries(struct dkim_links *links, uint64_t message, uint64_t *seqs,
                                     size_t room, size_t *count, struct store_error *err)
{
    enum store_status st = STORE_OK;
    *count = 0;
    if (links->index)
        st = dkim_index_entries(links->index, message, seqs, room, count, err);
    for (size_t i = first_of(links, message);
         st == STORE_OK && i < links->count && links->tail[i].message == message && *count < room;
         i++)
        seqs[(*count)++] = links->tail[i].entry;
    return st;
}
