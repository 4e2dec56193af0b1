/*
 * attribution_read - the attribution of an entry, from its record and private part
 *
 * Synopsis
 *      struct attribution_reading r = {0};
 *      if (!attribution_read(&exhibit, &r)) ...out of memory...
 *      ... r.found.level, attribution_words(&r.found, …) ...
 *      attribution_reading_free(&r);
 *
 * Private part of a message from outside: "authentication" {by, results [{result, domain,
 * selector}], dmarc, dmarc_domain}, what our server found (policy/authres.h); "sender" {domain,
 * known}, what the register knew of From when it came. Entries that were made before these two
 * existed have neither, and are attributed to nobody.
 */
#ifndef TEMOIN_DB_ATTRIBUTION_READ_H
#define TEMOIN_DB_ATTRIBUTION_READ_H

#include "db/exhibit.h"
#include "policy/attribution.h"

struct attribution_reading {
    struct attribution found; /* borrows from what follows */
    char *from_domain, *by;
    struct strings passed;
};

/* False: out of memory; free `r` in any case. */
bool attribution_read(const struct exhibit *x, struct attribution_reading *r);
void attribution_reading_free(struct attribution_reading *r);

#endif
