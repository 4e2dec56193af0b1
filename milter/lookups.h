/*
 * lookups - a pool of readers of the store, for callbacks that run on any thread
 *
 * Synopsis
 *      struct lookups *l = lookups_new(store_directory);
 *      enum store_status st = lookups_answer(l, &query, base_subject, &facts, &err);
 *      lookups_free(l);
 *
 * A reader is opened when none is idle, and given up after a failure, so that a store that was
 * replaced is opened anew. Limits: at most 8 work at a time; who finds none within a second
 * gets STORE_BUSY.
 */
#ifndef TEMOIN_MILTER_LOOKUPS_H
#define TEMOIN_MILTER_LOOKUPS_H

#include "db/store.h"

struct lookups;

/* Opens nothing yet. NULL: out of memory. */
struct lookups *lookups_new(const char *store_directory);
void lookups_free(struct lookups *lookups);

/* As lookup_facts(). `facts` is empty before; facts_free() it in any case. */
enum store_status lookups_answer(struct lookups *lookups, const struct query *query,
                                 const char *base_subject, struct facts *facts,
                                 struct store_error *err);

#endif
