/*
 * log_erase - a command waits until what it erased is gone everywhere
 *
 * The daemon's scribe does it between groups; with the daemon stopped the command does it in its
 * place, under the store's lock. Which of the two it is can change meanwhile, so both are tried
 * in turn.
 */
#include <poll.h>
#include <time.h>

#include "db/store_erase.h"
#include "db/wire.h"

enum { PAUSE_MS = 50 };

static enum store_status look(const struct settings *s, bool *pending, struct store_error *err)
{
    struct store *store;
    enum store_status st = store_open(s->store_directory, STORE_READ, &store, err);
    if (st != STORE_OK)
        return st;
    st = store_erasing(store, pending, err);
    store_close(store);
    return st;
}

/* STORE_BUSY: somebody else is the writer, or a reader is in the way. */
static enum store_status finish(const struct settings *s, struct store_error *err)
{
    struct store *store;
    bool more = true;
    enum store_status st = store_open(s->store_directory, STORE_WRITE, &store, err);
    if (st != STORE_OK)
        return st;
    while (st == STORE_OK && store_erases(store) && more)
        st = store_erase_step(store, (int64_t)time(NULL), &more, err);
    if (st == STORE_OK && store_erases(store))
        st = store_fail(err, STORE_BUSY, "a reader is in the way");
    store_close(store);
    return st;
}

enum store_status log_erase_finish(const struct settings *s, int timeout_ms,
                                   struct store_error *err)
{
    int64_t deadline = wire_clock_ms() + timeout_ms;
    for (;;) {
        bool pending = true;
        enum store_status st = look(s, &pending, err);
        if (st != STORE_OK || !pending)
            return st;
        st = finish(s, err);
        if (st != STORE_OK && st != STORE_BUSY)
            return st;
        if (st == STORE_BUSY && wire_clock_ms() >= deadline)
            return store_fail(err, STORE_BUSY,
                              "erased; some of the old octets are still in files that another "
                              "process is reading: temoind removes them as soon as it can");
        if (st == STORE_BUSY)
            poll(NULL, 0, PAUSE_MS);
    }
}
