/*
 * dkim_index - dkim.db: which DNS keys are still to be asked for, and which entry of the log tells
 *              about the keys of which message
 *
 * Synopsis
 *      struct dkim_index *index;
 *      if (dkim_index_open(directory, STORE_READ, &index, &err) == STORE_OK) {
 *          st = dkim_index_entries(index, message_seq, seqs, DKIM_ENTRIES_MAX, &count, &err);
 *          dkim_index_close(index);
 *      }
 *
 * The log is the truth. All that is here follows from it but the number of tries, so a file that
 * is lost, or is another log's, is made anew; it needs no backup. One writer at a time, `temoin
 * keys`, which holds <store>/dkim.lock; both belong to `user`.
 */
#ifndef TEMOIN_DB_DKIM_INDEX_H
#define TEMOIN_DB_DKIM_INDEX_H

#include "db/dkim_entry.h"
#include "db/store.h"

enum {
    DKIM_REST_S = 60, /* after a failure, doubled with each, up to: */
    DKIM_REST_MOST_S = 6 * 3600,
    DKIM_GIVE_UP_S = 3 * 86400, /* after the first try */
};

struct dkim_index;

/* STORE_WRITE makes the file. STORE_NOT_FOUND (reading): there is none. STORE_BUSY: another
   process writes. */
enum store_status dkim_index_open(const char *store_directory, enum store_mode mode,
                                  struct dkim_index **index, struct store_error *err);
void dkim_index_close(struct dkim_index *index); /* NULL does nothing */

/* --- reading --------------------------------------------------------------------------------*/

/* The entries that tell about the keys of a message, oldest first, at most `room`. */
enum store_status dkim_index_entries(struct dkim_index *index, uint64_t message, uint64_t *seqs,
                                     size_t room, size_t *count, struct store_error *err);

/* The last entry of the log that was taken in; 0: none, or it is another log's or one that was
   longer. */
enum store_status dkim_index_stands(struct dkim_index *index, struct store *store, uint64_t *last,
                                    struct store_error *err);

struct dkim_figures {
    uint64_t waiting;      /* keys still to be asked for */
    int64_t waiting_since; /* when the message of the oldest came; 0: none */
    uint64_t kept;         /* messages whose keys an entry tells about */
};
/* All 0 where there is no file. */
enum store_status dkim_figures(const char *store_directory, struct dkim_figures *f,
                               struct store_error *err);

/* --- writing --------------------------------------------------------------------------------*/

/* Take in what came into the log since the last time. */
enum store_status dkim_index_follow(struct dkim_index *index, struct store *store,
                                    struct store_error *err);

struct dkim_wanted {
    uint64_t seq; /* of the message */
    char *domain, *selector, *algorithm;
    int64_t first_try; /* 0: not tried */
    unsigned tries;
    bool bogus; /* an entry tells already that its answer was bogus */
};
void dkim_wanted_free(struct dkim_wanted *list, size_t count);

/* The next message, after message `after`, with keys that are due at `now` (INT64_MAX: all), and
   these keys, at most DKIM_SIGNATURES_MAX. *count 0: there is none. */
enum store_status dkim_index_due(struct dkim_index *index, uint64_t after, int64_t now,
                                 struct dkim_wanted **list, size_t *count, struct store_error *err);

/* Nobody answered: rest. */
enum store_status dkim_index_failed(struct dkim_index *index, const struct dkim_wanted *w,
                                    int64_t now, struct store_error *err);

/* Do not ask for the keys of a message any more. */
enum store_status dkim_index_forget(struct dkim_index *index, uint64_t message,
                                    struct store_error *err);

#endif
