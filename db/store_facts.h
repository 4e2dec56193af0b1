/*
 * store_facts - entries that are about no message, found by what they say: starts, stops, steps
 *               of the clock, changes of configuration
 *
 * Synopsis
 *      static const char *const events[] = {"start", "stop"};
 *      struct fact_list list = {0};
 *      st = store_facts(store, events, 2, first, last, &list, &err);
 *      ... list.items[i].seq, list.items[i].event ...
 *      fact_list_free(&list);
 *
 * An index of its own answers: what it costs depends on how many such entries lie in the range,
 * not on how long the log is.
 */
#ifndef TEMOIN_DB_STORE_FACTS_H
#define TEMOIN_DB_STORE_FACTS_H

#include "db/store.h"

enum { FACTS_MAX = 10000 };

struct fact_list {
    struct fact {
        uint64_t seq;
        const char *event; /* one of those asked for */
    } * items;             /* in the log's order */
    size_t count;
    bool more; /* there are more than FACTS_MAX of one event: the last ones are left out */
};

/* Append the entries `from` to `to` (both included) with one of these events. */
enum store_status store_facts(struct store *store, const char *const *events, size_t count,
                              uint64_t from, uint64_t to, struct fact_list *out,
                              struct store_error *err);
/* The last entry before entry `before` with this event; 0: there is none. */
enum store_status store_fact_before(struct store *store, const char *event, uint64_t before,
                                    uint64_t *seq, struct store_error *err);
/* How many such entries the whole log holds. */
enum store_status store_facts_count(struct store *store, const char *event, uint64_t *count,
                                    struct store_error *err);
void fact_list_free(struct fact_list *list);

#endif
