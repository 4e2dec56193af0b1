/*
 * log_append - a command's entry: through scribe or, with the daemon stopped, in its place
 *
 * The store's lock decides who writes. Between "no scribe answers" and "the lock is taken"
 * the daemon may have started (or another command may be writing), so both ways are tried in
 * turn until one takes the entry or the time is up. The entry's retry key, which the first try
 * through scribe gives it, makes sure that it enters once.
 */
#include <poll.h>
#include <unistd.h>

#include "db/scribe_client.h"
#include "db/wire.h"
#include "db/writer.h"

enum { PATIENCE_MS = 10000, PAUSE_MS = 50 };

/* All of them in one group, so that they cost one sync; one that makes no sense ends it, and
   those before it stand. `out` is of the last that was taken. */
static enum store_status append_alone(struct store *store, const struct store_context *context,
                                      const struct entry *entries, size_t count, size_t *taken,
                                      struct appended *out, struct store_error *err)
{
    size_t done = 0;
    struct appended next = {0};
    enum store_status st = store_begin(store, err), refused;
    if (st != STORE_OK)
        return st;
    do {
        refused = st = store_append(store, context, &entries[done], &next, err);
        if (st != STORE_OK)
            break;
        appended_free(out);
        *out = next;
    } while (++done < count);
    if (st == STORE_OK || (st == STORE_INVALID && done))
        st = store_commit(store, err);
    if (st != STORE_OK) {
        store_rollback(store);
        appended_free(out);
        return st;
    }
    *taken += done;
    return refused;
}

static enum store_status append_as_writer(const struct settings *s, const struct entry *entries,
                                          size_t count, size_t *taken, struct appended *out,
                                          struct store_error *err)
{
    struct writer w;
    struct store *store;
    enum store_status st = writer_identify(s, &w, err);
    if (st != STORE_OK)
        return st;
    st = store_open(s->store_directory, STORE_WRITE, &store, err);
    if (st != STORE_OK)
        return st;
    struct store_context context = writer_context(&w, s, "command", (unsigned)getuid());
    st = append_alone(store, &context, entries, count, taken, out, err);
    store_close(store);
    return st;
}

/* *taken tells how many are in the log, `out` is of the last of these. */
static enum store_status append(const struct settings *s, struct entry *entries, size_t count,
                                size_t *taken, struct appended *out, struct store_error *err)
{
    *out = (struct appended){0};
    *taken = 0;
    struct scribe_client *client = scribe_client_new(s->run_directory);
    if (!client)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    int64_t deadline = wire_clock_ms() + PATIENCE_MS;
    enum store_status st = STORE_OK;
    while (*taken < count) {
        appended_free(out);
        st = scribe_append(client, &entries[*taken], PATIENCE_MS, out, err);
        if (st == STORE_OK) {
            ++*taken;
            continue;
        }
        if (st == STORE_NOT_FOUND)
            st = append_as_writer(s, entries + *taken, count - *taken, taken, out, err);
        if (st == STORE_OK)
            continue;
        if (st != STORE_BUSY || wire_clock_ms() >= deadline)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    scribe_client_free(client);
    return st;
}

enum store_status log_append(const struct settings *s, struct entry *e, struct appended *out,
                             struct store_error *err)
{
    size_t taken;
    return append(s, e, 1, &taken, out, err);
}

enum store_status log_append_all(const struct settings *s, struct entry *entries, size_t count,
                                 size_t *taken, struct store_error *err)
{
    struct appended last;
    enum store_status st = append(s, entries, count, taken, &last, err);
    appended_free(&last);
    return st;
}
