/*
 * erase_order - carrying out an order to erase: entries of the log for it, however many
 *
 * Synopsis
 *      struct erase_order order = {.ground = "court-order", .by = "Jeanne", .actor = user};
 *      st = erase_order_check(&order, settings->erase_needs_second, &err);
 *      st = erase_order_run(settings, &order, &list, &erased, &err);
 *
 * Each erasure names at most ERASURE_MAX entries and is filed in exactly the dossiers that its
 * entries are in, so that whoever reads one of these finds it there.
 */
#ifndef TEMOIN_DB_ERASE_ORDER_H
#define TEMOIN_DB_ERASE_ORDER_H

#include "db/store_erase.h"

struct erase_order {
    const char *ground;       /* of policy/erasure.h */
    const char *by;           /* who ordered it */
    const char *confirmed_by; /* the second person; NULL: none */
    const char *actor;        /* who ran the command */
    const char *again_log;    /* restore: the former log in which it was erased; NULL */
    uint64_t again_seq;       /* and by which entry */
};

/* STORE_INVALID, with the mend: no such ground, nobody named, no second person where one is
   needed, or the same one twice. */
enum store_status erase_order_check(const struct erase_order *order, bool needs_second,
                                    struct store_error *err);

/* Append the erasures, in the order of the list's dossiers. *erased: so many entries are erased,
   whatever the status. Their last octets may still be around: log_erase_finish(). */
enum store_status erase_order_run(const struct settings *s, const struct erase_order *order,
                                  const struct erasables *list, size_t *erased,
                                  struct store_error *err);

#endif
