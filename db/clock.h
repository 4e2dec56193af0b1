/*
 * clock - the machine's clock, as the log vouches for it: its state, and when it jumps
 *
 * Synopsis
 *      struct clock_watch watch = {0};
 *      json_t *part = clock_news(&watch);      // once a second; the private part of "clock"
 *
 * Times in records are the machine's. Whether that follows a time server the kernel knows
 * (adjtimex(2)); that somebody set it shows as a jump against the clock that runs since boot.
 */
#ifndef TEMOIN_DB_CLOCK_H
#define TEMOIN_DB_CLOCK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct clock_reading {
    int64_t real_us; /* since 1970 */
    int64_t boot_us; /* since boot, suspension included */
    bool told;       /* the kernel told the rest (a service manager may forbid to ask) */
    bool synchronised;
    int64_t offset_us;        /* still to be corrected */
    int64_t maximum_error_us; /* as the time daemon reckons */
};

struct clock_watch {
    bool begun;
    int64_t offset_us;     /* real - boot, at the last look */
    bool synchronised;     /* as last told */
    int64_t quiet_boot_us; /* before this, a change of `synchronised` is no news */
};

struct clock_change {
    int64_t step_us; /* how far it jumped, ahead or (below 0) back; 0: it did not */
    bool synchronisation;
};

/* False: this was no good moment (the process was interrupted in between); ask again later. */
bool clock_read(struct clock_reading *now);

/* Look, once a second or so. True: the clock jumped by CLOCK_STEP_US or more, or began or ceased to
   be synchronised (told at most once an hour). The first look is never a change. Pure. */
enum { CLOCK_STEP_US = 100000 };
bool clock_changed(struct clock_watch *w, const struct clock_reading *now, struct clock_change *c);

/* {"synchronised": true, "offset_us": n, "maximum_error_us": n, "step_us": n}; without `told`
   {"state": "not told"}; "step_us" only when not 0. NULL: out of memory. */
json_t *clock_json(const struct clock_reading *now, int64_t step_us);

/* clock_read(), clock_changed() and clock_json() in one, with a line in the system's log. NULL: no
   news. */
json_t *clock_news(struct clock_watch *w);

#endif
