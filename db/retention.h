/*
 * retention - which entries have outlived their time, and why
 *
 * Synopsis
 *      struct retention r = {0};
 *      st = retention_plan(settings, now, &r, &err);
 *      ... r.cases[i].invoice, .settled, .expired ...
 *      erase_order_run(settings, &order, &r.expired, &erased, &err);
 *      retention_free(&r);
 *
 * An entry expires when it has in every dossier that it is in; a hold, an invoice that is not
 * settled, or one that the register does not know, keeps it. Messages that are filed nowhere
 * (dismissed in the review) expire by their own time.
 */
#ifndef TEMOIN_DB_RETENTION_H
#define TEMOIN_DB_RETENTION_H

#include "db/store_erase.h"

enum retention_state {
    RETENTION_RUNS,        /* settled: entries expire, now or later */
    RETENTION_NOT_SETTLED, /* open in the register */
    RETENTION_UNKNOWN,     /* the register does not know the invoice */
    RETENTION_HELD,        /* on hold */
};

struct retention_case {
    char *invoice;
    enum retention_state state;
    int64_t settled; /* seconds since 1970, when it RUNS */
    uint64_t hold;   /* the hold's entry, when HELD */
    size_t expired;  /* entries that have */
    size_t left;     /* that have not */
    int64_t next;    /* when the next of these does; 0: none will */
};

struct retention {
    struct retention_case *cases; /* by invoice */
    size_t count;
    size_t unfiled;           /* expired messages that are in no dossier */
    struct erasables expired; /* all of them */
};

enum store_status retention_plan(const struct settings *s, int64_t now, struct retention *r,
                                 struct store_error *err);
void retention_free(struct retention *r);

#endif
