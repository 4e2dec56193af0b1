/*
 * scribe_facts - what is archived is read in depth, off the commit path
 *
 * Synopsis
 *      struct scribe_facts *facts = scribe_facts_start(settings, reader_fd);
 *      scribe_facts_wake(facts);        // after each group
 *      scribe_facts_reload(facts, next);
 *      scribe_facts_stop(facts);        // before the store is closed
 *
 * A thread with handles of its own: it reads the log as anybody else does, asks the reader, and
 * writes facts.db. The writer's thread never waits for it.
 */
#ifndef TEMOIN_DB_SCRIBE_FACTS_H
#define TEMOIN_DB_SCRIBE_FACTS_H

#include "policy/settings.h"

struct scribe_facts;

/* `reader_fd` stays the caller's and must live as long as it does; settings are shared by
   reference. NULL: out of memory, descriptors or threads. */
struct scribe_facts *scribe_facts_start(const struct settings *settings, int reader_fd);

/* From the next order on. */
void scribe_facts_reload(struct scribe_facts *f, const struct settings *settings); /* NULL: none */

/* There may be something to read. */
void scribe_facts_wake(struct scribe_facts *f); /* NULL does nothing */

/* Gives up what is being read; it is read after the next start. NULL does nothing. */
void scribe_facts_stop(struct scribe_facts *f);

#endif
