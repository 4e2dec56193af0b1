/*
 * facts_db - what was read in archived messages (facts.db)
 *
 * Synopsis
 *      struct facts_db *db;
 *      st = facts_db_open(directory, STORE_READ, &db, &err);
 *      struct fact_row row = {0};
 *      st = facts_db_get(db, seq, &row, &err);      // STORE_NOT_FOUND: waits to be read
 *      ... row.facts or row.reason ...
 *      fact_row_free(&row);
 *      facts_db_close(db);
 *
 * One row for each entry whose message is kept. It follows from the archive alone: where the file
 * is missing, damaged, of another log or of a newer program, it is made anew. Not in backups.
 * What is read is put by scribe's thread (scribe_facts.h), or by a command that holds the store's
 * lock in its place; erasures and temoin reread write for an instant. The mail waits for none.
 *
 * Erasure: rows of erased entries go with what is in volumes (store_erase.h). A row is only put
 * while its entry has a message, looked at in the same transaction, so that nothing which was
 * read before an erasure is written after it.
 */
#ifndef TEMOIN_DB_FACTS_DB_H
#define TEMOIN_DB_FACTS_DB_H

#include <jansson.h>

#include "db/store.h"

/* Raised when reading gives other facts out of the same message: temoin reread. */
enum { FACTS_VERSION = 1 };

enum fact_state { FACT_AGAIN, FACT_READ, FACT_UNREAD };

struct fact_row {
    uint64_t seq;
    enum fact_state state;
    unsigned version; /* of the reader */
    json_t *facts;    /* READ: facts_json.h; owned */
    char *reason;     /* UNREAD */
};
void fact_row_free(struct fact_row *row);

struct facts_db;

/* STORE_WRITE makes the file where it must. STORE_READ: STORE_NOT_FOUND when there is none.
   `origin` is the log's; NULL for readers. */
enum store_status facts_db_open(const char *directory, enum store_mode mode, const char *origin,
                                struct facts_db **db, struct store_error *err);
void facts_db_close(struct facts_db *db); /* NULL does nothing */

/* Remove the file. Nothing is lost with it. */
enum store_status facts_db_discard(const char *directory, struct store_error *err);

/* Discard the file if it is damaged. */
enum store_status facts_db_mend(const char *directory, struct store_error *err);

/* Is it still the file of that name? A writer that finds another opens again. */
bool facts_db_current(const struct facts_db *db);

/* STORE_NOT_FOUND: not read yet. */
enum store_status facts_db_get(struct facts_db *db, uint64_t seq, struct fact_row *row,
                               struct store_error *err);

struct facts_figures {
    uint64_t read, unread, waiting;
};
/* `log` is the store that the facts are of. */
enum store_status facts_db_figures(struct facts_db *db, struct store *log,
                                   struct facts_figures *out, struct store_error *err);

/* --- for the writer -------------------------------------------------------------------------*/

/* The next entries to be read, ascending. */
struct facts_next {
    uint64_t seqs[64];
    uint64_t sizes[64]; /* of their messages */
    size_t count;
    bool again; /* they were read before: what is done does not move */
};
enum store_status facts_db_next(struct facts_db *db, struct store *log, struct facts_next *next,
                                struct store_error *err);

/* Put rows, in one transaction, and move on behind the last one unless they are read again. Rows
   of entries that have no message any more are left out. */
enum store_status facts_db_put(struct facts_db *db, struct store *log, const struct fact_row *rows,
                               size_t count, bool again, struct store_error *err);

/* What to read again: an entry; all; what could not be read or was read by another version. */
enum store_status facts_db_again_one(struct facts_db *db, struct store *log, uint64_t seq,
                                     struct store_error *err);
enum store_status facts_db_again_all(struct facts_db *db, struct store_error *err);
enum store_status facts_db_again_stale(struct facts_db *db, struct store_error *err);

#endif
