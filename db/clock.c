/*
 * clock - the machine's clock, as the log vouches for it: its state, and when it jumps
 */
#include "db/clock.h"

#include <sys/timex.h>
#include <time.h>

#include "db/msg.h"

enum { SECOND_US = 1000000, MOMENT_US = 10000 };

static const int64_t HOUR_US = (int64_t)3600 * SECOND_US;

static bool microseconds(clockid_t clock, int64_t *us)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0)
        return false;
    *us = (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
    return true;
}

bool clock_read(struct clock_reading *now)
{
    int64_t before;
    struct timex kernel = {.modes = 0};
    *now = (struct clock_reading){0};
    if (!microseconds(CLOCK_BOOTTIME, &before) || !microseconds(CLOCK_REALTIME, &now->real_us) ||
        !microseconds(CLOCK_BOOTTIME, &now->boot_us) || now->boot_us - before > MOMENT_US)
        return false;
    int state = adjtimex(&kernel);
    if (state < 0)
        return true;
    now->told = true;
    now->synchronised = state != TIME_ERROR && !(kernel.status & STA_UNSYNC);
    now->offset_us = kernel.status & STA_NANO ? kernel.offset / 1000 : kernel.offset;
    now->maximum_error_us = kernel.maxerror;
    return true;
}

bool clock_changed(struct clock_watch *w, const struct clock_reading *now, struct clock_change *c)
{
    int64_t offset = now->real_us - now->boot_us, step = offset - w->offset_us;
    bool first = !w->begun;
    *c = (struct clock_change){0};
    w->begun = true;
    w->offset_us = offset; /* slewing, at most 0.5 ms a second, is followed */
    if (first) {
        w->synchronised = now->synchronised;
        return false;
    }
    if (step >= CLOCK_STEP_US || step <= -CLOCK_STEP_US)
        c->step_us = step;
    if (now->told && now->synchronised != w->synchronised && now->boot_us >= w->quiet_boot_us) {
        c->synchronisation = true;
        w->synchronised = now->synchronised;
        w->quiet_boot_us = now->boot_us + HOUR_US;
    }
    return c->step_us || c->synchronisation;
}

json_t *clock_json(const struct clock_reading *now, int64_t step_us)
{
    json_t *json = now->told ? json_pack("{s:b, s:I, s:I}", "synchronised", now->synchronised,
                                         "offset_us", (json_int_t)now->offset_us,
                                         "maximum_error_us", (json_int_t)now->maximum_error_us)
                             : json_pack("{s:s}", "state", "not told");
    if (json && step_us && json_object_set_new(json, "step_us", json_integer(step_us)) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

json_t *clock_news(struct clock_watch *w)
{
    struct clock_reading now;
    struct clock_change change;
    if (!clock_read(&now) || !clock_changed(w, &now, &change))
        return NULL;
    if (change.step_us)
        msg_warn("the clock was set by %lld ms", (long long)change.step_us / 1000);
    else
        msg_warn("the clock is %ssynchronised", now.synchronised ? "" : "not ");
    return clock_json(&now, change.step_us);
}
