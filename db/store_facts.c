/*
 * store_facts - entries that are about no message, found by what they say
 */
#include "db/store_facts.h"

#include <stdlib.h>

#include "db/store_private.h"

void fact_list_free(struct fact_list *list)
{
    free(list->items);
    *list = (struct fact_list){0};
}

static bool add(struct fact_list *list, uint64_t seq, const char *event)
{
    /* Room grows by doubling: a count that is a power of two is full. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? 2 * list->count : 1;
        struct fact *grown = reallocarray(list->items, room, sizeof *grown);
        if (!grown)
            return false;
        list->items = grown;
    }
    list->items[list->count++] = (struct fact){seq, event};
    return true;
}

static enum store_status of_event(struct store *store, const char *event, uint64_t from,
                                  uint64_t to, struct fact_list *out, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    size_t found = 0;
    enum store_status st =
        db_query(store->log,
                 "SELECT seq FROM entry INDEXED BY entry_fact"
                 " WHERE size = 0 AND event = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
                 &s, err, "tiii", event, (int64_t)from, (int64_t)to, (int64_t)FACTS_MAX + 1);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        if (st == STORE_OK && row && found++ == FACTS_MAX) {
            out->more = true;
            break;
        }
        if (st == STORE_OK && row && !add(out, (uint64_t)sqlite3_column_int64(s, 0), event))
            st = store_fail(err, STORE_NO_MEMORY, "%s: out of memory", store->log->file);
    }
    db_done(s);
    return st;
}

static int by_seq(const void *a, const void *b)
{
    const struct fact *one = a, *other = b;
    return one->seq < other->seq ? -1 : one->seq > other->seq;
}

enum store_status store_facts(struct store *store, const char *const *events, size_t count,
                              uint64_t from, uint64_t to, struct fact_list *out,
                              struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < count; i++)
        st = of_event(store, events[i], from, to, out, err);
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, by_seq);
    return st;
}

enum store_status store_fact_before(struct store *store, const char *event, uint64_t before,
                                    uint64_t *seq, struct store_error *err)
{
    int64_t found;
    enum store_status st = db_number(store->log,
                                     "SELECT seq FROM entry INDEXED BY entry_fact"
                                     " WHERE size = 0 AND event = ? AND seq < ?"
                                     " ORDER BY seq DESC LIMIT 1",
                                     0, &found, err, "ti", event, (int64_t)before);
    *seq = st == STORE_OK ? (uint64_t)found : 0;
    return st;
}

enum store_status store_facts_count(struct store *store, const char *event, uint64_t *count,
                                    struct store_error *err)
{
    int64_t found;
    enum store_status st = db_number(store->log,
                                     "SELECT count(*) FROM entry INDEXED BY entry_fact"
                                     " WHERE size = 0 AND event = ?",
                                     0, &found, err, "t", event);
    *count = st == STORE_OK ? (uint64_t)found : 0;
    return st;
}
