/*
 * batch_ledger - all that was ever dated, held in memory: for `verify --log`
 *
 * Synopsis
 *      batch_ledger_open(settings, &ledger, &problems, &err);
 *      batch_ledger_judge(ledger, batch, db, settings, &problems, &err);
 *      batch_ledger_check(ledger, hash, &entry, &x, &signature, &problems, &err);    // from any
 * thread batch_ledger_close(ledger);
 *
 * 32 octets for each dated entry.
 */
#ifndef TEMOIN_DB_BATCH_LEDGER_H
#define TEMOIN_DB_BATCH_LEDGER_H

#include "db/batch.h"
#include "db/exhibit.h"

struct batch_ledger;

/* Read batch.db and judge it as a whole: batches follow one another without a gap, each token is
   the entry of the log that it is said to be. A phrase in `problems` for everything that is not
   so. *ledger is NULL when nothing was ever dated. */
enum store_status batch_ledger_open(const struct settings *s, struct batch_ledger **ledger,
                                    struct strings *problems, struct store_error *err);
void batch_ledger_close(struct batch_ledger *ledger); /* NULL does nothing */

/* Batches are numbered from 0 here. */
size_t batch_ledger_count(const struct batch_ledger *ledger); /* NULL: 0 */

/* Does a batch's root follow from its leaves, is its token over it and by an authority of the
   configuration? Adds phrases when not. `db` belongs to the calling thread. */
enum store_status batch_ledger_judge(const struct batch_ledger *ledger, size_t batch,
                                     struct batch_db *db, const struct settings *s,
                                     struct strings *problems, struct store_error *err);

/* Is this entry, read as `x`, with its signature what its batch has dated? Adds a phrase when not.
   Erased entries and those in no batch pass. `ledger` may be NULL; only read. `hash` is a context
   of sha256.h. */
enum store_status batch_ledger_check(const struct batch_ledger *ledger, EVP_MD_CTX *hash,
                                     const struct stored_entry *e, const struct exhibit *x,
                                     const struct bytes *signature, struct strings *problems,
                                     struct store_error *err);

#endif
