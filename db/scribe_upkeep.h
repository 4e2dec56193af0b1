/*
 * scribe_upkeep - checkpoints of the write-ahead log, off the commit path
 *
 * Synopsis
 *      struct upkeep *u = upkeep_start(directory);
 *      upkeep_wrote(u, octets);                 // after each group
 *      if (upkeep_wants_restart(u)) store_checkpoint_restart(store, &err);
 *      upkeep_stop(u);                          // before the store is closed
 *
 * A thread runs PASSIVE checkpoints, which never make the writer wait (MILTER, feasibility). A
 * file that has outgrown 64 MB nevertheless (a long reader) needs a RESTART by the writer.
 */
#ifndef TEMOIN_DB_SCRIBE_UPKEEP_H
#define TEMOIN_DB_SCRIBE_UPKEEP_H

#include <stdbool.h>
#include <stddef.h>

struct upkeep;

/* `directory` is the store's. NULL: out of memory or no thread. */
struct upkeep *upkeep_start(const char *directory);

/* So many octets, about, went into the write-ahead log. Any thread. */
void upkeep_wrote(struct upkeep *u, size_t octets);

/* Has the file outgrown its bound? Looks now and then only. The writer's thread. */
bool upkeep_wants_restart(struct upkeep *u);

/* Waits for a running checkpoint. NULL does nothing. */
void upkeep_stop(struct upkeep *u);

#endif
