/*
 * facts_feed - archived messages to the reader, facts to facts.db
 *
 * Synopsis
 *      struct facts_feed feed;
 *      facts_feed_init(&feed, settings, reader, cancel_fd);
 *      do st = facts_feed_step(&feed, &read, &err); while (st == STORE_OK && read);
 *      facts_feed_end(&feed);
 *
 * A step reads what one order may hold: some small messages, or a large one. One whose process dies
 * is read once more, alone; when that dies, too, its entry is marked unread with the reason, which
 * is logged, and the next ones go on. So is one that cannot be had from the archive, or whose
 * reader never tells of an end, after FEED_TRIES failures. A reader that is not there is waited
 * for: that is no message's fault.
 */
#ifndef TEMOIN_DB_FACTS_FEED_H
#define TEMOIN_DB_FACTS_FEED_H

#include "db/facts_db.h"
#include "db/reader.h"
#include "policy/settings.h"

enum { FEED_TRIES = 5 }; /* of a message, before those behind it are read */

struct facts_feed {
    const char *directory; /* of the store */
    const char *domain;    /* of the company */
    char delimiter;
    struct reader *reader;
    int cancel_fd;       /* readable: end as soon as possible; -1: none */
    struct store *log;   /* opened for reading when it is needed; these are this thread's */
    struct facts_db *db; /* likewise */
    uint64_t blamed;     /* the entry that the step before failed for; 0: none */
    unsigned tries;      /* so many times in a row */
};

/* Settings and reader must live as long as it does. */
void facts_feed_init(struct facts_feed *f, const struct settings *s, struct reader *reader,
                     int cancel_fd);
void facts_feed_end(struct facts_feed *f);

/* *read: so many entries now have a row; 0: nothing waits. STORE_BUSY: the reader does not answer,
   or it was cancelled. After a failure the next step opens all anew, and goes on after a while:
   f->tries says how often it failed for the same message. */
enum store_status facts_feed_step(struct facts_feed *f, size_t *read, struct store_error *err);

#endif
