/*
 * batch_ledger - all that was ever dated, held in memory: for `verify --log`
 *
 * Synopsis
 *      batch_ledger_open(settings, &ledger, &problems, &err);
 *      batch_ledger_check(ledger, seals, &entry, &problems, &err);    // from any thread
 *      batch_ledger_close(ledger);
 *
 * 32 octets for each dated entry.
 */
#ifndef TEMOIN_DB_BATCH_LEDGER_H
#define TEMOIN_DB_BATCH_LEDGER_H

#include "db/seal.h"

struct batch_ledger;

/* Read batch.db and judge it as a whole: batches follow one another without a gap, each root
   follows from its leaves, each token is over it and by an authority of the configuration, each is
   the entry of the log that it is said to be. A phrase in `problems` for everything that is not
   so. *ledger is NULL when nothing was ever dated. */
enum store_status batch_ledger_open(const struct settings *s, struct batch_ledger **ledger,
                                    struct strings *problems, struct store_error *err);
void batch_ledger_close(struct batch_ledger *ledger); /* NULL does nothing */

/* Is this entry what its batch has dated? Adds a phrase when not. Erased entries and those in no
   batch pass. `ledger` may be NULL; only read. */
enum store_status batch_ledger_check(const struct batch_ledger *ledger, struct seal_store *seals,
                                     const struct stored_entry *e, struct strings *problems,
                                     struct store_error *err);

#endif
