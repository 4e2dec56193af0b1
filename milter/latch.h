/*
 * latch - after one timeout of the store, answer at once until it is well again
 *
 * Synopsis
 *      if (!latch_open(latch, scribe)) ...answer per on_store_failure, without waiting...
 *      latch_note(latch, scribe_append(...));
 *
 * A request that ran into its time limit shuts the latch. While it is shut, one caller a
 * second asks scribe for a sign of life (50 ms at most); its answer opens the latch. So a
 * store that stands still costs each message nothing, and one waiter a second that little.
 * Safe from several threads.
 */
#ifndef TEMOIN_MILTER_LATCH_H
#define TEMOIN_MILTER_LATCH_H

#include <stdbool.h>

#include "db/scribe_client.h"

struct latch;

/* NULL: out of memory. */
struct latch *latch_new(void);
void latch_free(struct latch *latch);

/* May scribe be asked now? */
bool latch_open(struct latch *latch, struct scribe_client *scribe);

/* What became of a request. STORE_BUSY shuts the latch. */
void latch_note(struct latch *latch, enum store_status status);

#endif
