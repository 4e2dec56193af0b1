/*
 * services - what all sessions of a milter process share
 *
 * Synopsis
 *      struct services *services = services_new(snapshot);
 *      ... session_new(services) ...
 *      services_free(services);            after the last session
 *
 * Everything in it is safe from several threads, since libmilter runs the callbacks of one
 * connection on different ones.
 */
#ifndef TEMOIN_MILTER_SERVICES_H
#define TEMOIN_MILTER_SERVICES_H

#include <stdatomic.h>

#include "db/scribe_client.h"
#include "milter/gate.h"
#include "milter/latch.h"
#include "milter/lookups.h"
#include "milter/numbers.h"
#include "milter/snapshot.h"
#include "milter/witness.h"

struct services {
    struct current *current;
    struct scribe_client *scribe;
    struct lookups *lookups;
    struct numbers *numbers;
    struct latch *latch;
    struct witness *witness;
    struct gate gate;
    char *spool_directory;       /* where bodies arrive */
    atomic_size_t header_octets; /* held by all sessions together */
};

/* The first snapshot is taken over, also when it fails; the store and run directories are
   those of its settings from then on. NULL: out of memory. */
struct services *services_new(struct snapshot *first);
void services_free(struct services *services);

#endif
