/*
 * erasure - what may be erased, on which grounds, and from when on it has to be
 *
 * Synopsis
 *      if (!erasure_ground("court-order")) ...refuse...
 *      if (!erasure_allowed("note")) ...refuse...
 *      int64_t expires = retention_end(settled, recorded, event, &years);
 *
 * Erasing takes personal data away and leaves a skeleton that proves what was there: number,
 * time, direction, size and salted hashes. So what holds no data of a debtor's and what shows
 * how the log was kept is never erased: erasures themselves, holds, exports, starts and stops.
 *
 * Retention runs from the day an invoice was settled, or from the entry's own time when that is
 * later; what is an accounting document (C. com. art. L123-22) has a longer term of its own.
 */
#ifndef TEMOIN_POLICY_ERASURE_H
#define TEMOIN_POLICY_ERASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/levels.h"

/* The most entries that one erasure may name. */
enum { ERASURE_MAX = 200 };

/* The closed list: a word, and what it means. */
struct erasure_ground {
    const char *name;     /* "person-request" */
    const char *words[2]; /* by enum language */
};

/* NULL: there is no such ground. */
const struct erasure_ground *erasure_ground(const char *name);

/* The grounds one by one; NULL after the last. */
const struct erasure_ground *erasure_ground_at(size_t index);

/* May entries of this event be erased? */
bool erasure_allowed(const char *event);

/* Is an entry of this event an accounting document? */
bool retention_is_accounting(const char *event);

struct retention_years {
    unsigned general, accounting;
};

/* The first second at which an entry has expired. Times are seconds since 1970, UTC; years are
   those of the calendar (29 February becomes 1 March). `settled` is when the invoice was,
   `recorded` the entry's own time. */
int64_t retention_end(int64_t settled, int64_t recorded, const char *event,
                      const struct retention_years *years);

#endif
