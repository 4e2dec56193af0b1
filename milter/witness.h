/*
 * witness - checkpoints on their way: ours into reminders, those of other logs into ours
 *
 * Synopsis
 *      struct witness *w = witness_new(store_directory, scribe);
 *      witness_field(w, &value, &err);              the newest checkpoint, as a header field
 *      witness_saw(w, &entry, filed, timeout_ms);   another log's, to be entered later
 *      witness_free(w);
 *
 * What is seen is entered by a thread of its own, so that no mail waits for it. It is kept for
 * that in memory only: a checkpoint is worth a try, not a deferred mail.
 *
 * Limits: WITNESS_WAITING entries wait, more are left out; of mail that is not filed,
 * WITNESS_HOURLY an hour, since anybody can send a header. Safe from several threads.
 */
#ifndef TEMOIN_MILTER_WITNESS_H
#define TEMOIN_MILTER_WITNESS_H

#include "db/scribe_client.h"

enum { WITNESS_WAITING = 32, WITNESS_HOURLY = 60 };

struct witness;

/* NULL: out of memory. `scribe` must outlive it. */
struct witness *witness_new(const char *store_directory, struct scribe_client *scribe);
/* Waits until what was seen is entered or given up. */
void witness_free(struct witness *w);

/* Append the newest checkpoint as the value of Temoin-Checkpoint. STORE_NOT_FOUND: there is none
   yet. */
enum store_status witness_field(struct witness *w, struct bytes *value, struct store_error *err);

/* Hand over an entry, which is empty afterwards. `filed`: the mail that brought it is in a
   dossier. False: it was left out (a limit, or out of memory). */
bool witness_saw(struct witness *w, struct entry *entry, bool filed, int timeout_ms);

#endif
