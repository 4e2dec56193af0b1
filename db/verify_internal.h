/*
 * verify_internal - what the parts of verify share: verify.c looks at each entry by itself,
 *                   verify_index.c at what the indexes say of it, verify_order.c at their order
 */
#ifndef TEMOIN_DB_VERIFY_INTERNAL_H
#define TEMOIN_DB_VERIFY_INTERNAL_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "db/batch_ledger.h"
#include "db/exhibit.h"
#include "db/record.h"
#include "db/verify.h"

/* An entry's place in a dossier, as its record says. */
struct placed {
    struct exhibit_place place;
    uint64_t seq;
};

struct places {
    struct placed *items;
    size_t count;
    size_t room;
};

/* False: out of memory. */
bool places_append(struct places *p, const struct places *more);
bool places_add(struct places *p, uint64_t seq, const struct exhibit_place *place);

enum seen {
    SEEN_NOT,
    SEEN_READ,
    SEEN_ALTERED,    /* its leaf may still be right, what its record says is not used */
    SEEN_UNREADABLE, /* the row cannot be read */
};

struct verification {
    const struct settings *settings;
    int64_t now;
    struct tree head;           /* of seal.db; its size alone counts when it is damaged */
    bool head_damaged;          /* a finding says so already */
    struct batch_ledger *dated; /* NULL: nothing was */
    struct claims *claims;      /* verify_tree.c */

    /* by seq - 1; each element is written by one thread */
    unsigned char *leaves;
    unsigned char *seen; /* enum seen */

    atomic_size_t next_batch;
    atomic_uint_fast64_t next; /* first entry of the next slice */
    atomic_uint_fast64_t done;
    atomic_bool failed;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t ended;
    size_t running;
    struct places places;
    struct strings misnamed; /* dossiers that were named to be so */
    struct verdict *verdict;
};

/* Add a finding; seq 0: about the whole. False: out of memory. */
bool verdict_add(struct verdict *v, uint64_t seq, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Do the indexes repeat what an entry that was found sound says? Adds phrases to `problems`. */
enum store_status verify_index(struct verification *all, struct store *store,
                               const struct exhibit *x, struct strings *problems,
                               struct store_error *err);

/* What the kept checkpoints, and one from outside, claim of the tree, and whether the log key
   signed it: all->claims. While workers are at work. */
enum store_status verify_claims(struct verification *all, struct store_error *err);
void verify_claims_free(struct verification *all);

/* The tree's root, subtrees and claims; no entry is missing. */
enum store_status verify_tree(struct verification *all, struct store_error *err);

/* Gaps, root, dossier chains and the dossiers' index, when every entry has been looked at. */
enum store_status verify_order(struct verification *all, struct store_error *err);

#endif
