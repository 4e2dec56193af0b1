/*
 * timeline_facts - what the program read in a dossier's messages: at each of them, in words, and at
 *                  the message that a report sends back
 *
 * Synopsis (timeline.c)
 *      timeline_facts_take(&exhibit, &item);           // ids that reports name it by
 *      timeline_facts_load(facts_db, seq, &item, &err);
 *      timeline_returns_link(&timeline);               // once all have theirs
 *      struct reading_rows rows = {0};
 *      timeline_reading(&timeline, &item, LANGUAGE_FR, true, &rows);
 *      reading_rows_free(&rows);
 *
 * Facts are what a message *says*; whoever wrote it may have written anything. A message that was
 * sent back is never called delivered: where it stands, too, it says that it came back.
 */
#ifndef TEMOIN_DB_TIMELINE_FACTS_H
#define TEMOIN_DB_TIMELINE_FACTS_H

#include "db/facts_db.h"
#include "db/timeline.h"

/* Of an entry's private part: token and ids of what we sent, the report of what came. False: out of
   memory. */
bool timeline_facts_take(const json_t *private_part, struct timeline_item *item);

/* What facts.db has of the message of entry `seq`. `db` NULL: nothing yet. */
enum store_status timeline_facts_load(struct facts_db *db, uint64_t seq, struct timeline_item *item,
                                      struct store_error *err);

/* At each message of ours, the reports that it was not delivered. False: out of memory. */
bool timeline_returns_link(struct timeline *t);
/* Forget reports that are no longer in the timeline. */
void timeline_returns_cut(struct timeline *t);

/* For item_free(). */
void timeline_facts_free(struct timeline_item *item);

struct reading_rows {
    struct reading_row {
        char *name, *text;
        bool strong; /* not to be overlooked */
    } * items;
    size_t count;
};
void reading_rows_free(struct reading_rows *rows);

/* What there is to say. `sourced`: name the exhibit that it was read in, as in an evidence file.
   False: out of memory. */
bool timeline_reading(const struct timeline *t, const struct timeline_item *i,
                      enum language language, bool sourced, struct reading_rows *rows);

/* For programs; NULL with *done true: there is nothing. *done false: out of memory. */
json_t *timeline_reading_json(const struct timeline *t, const struct timeline_item *i, bool *done);
json_t *timeline_returns_json(const struct timeline *t, const struct timeline_item *i, bool *done);

#endif
