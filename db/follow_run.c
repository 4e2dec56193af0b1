/*
 * follow_run - from lines to entries: one chunk at a time, and all of it before the place is saved
 */
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "db/follow.h"
#include "db/msg.h"
#include "db/scribe_client.h"

enum {
    PENDING = 200,             /* entries that wait for their place in the log */
    BEFORE_S = 11 * 24 * 3600, /* a message may be tried for so long: delivery.h's LIFE_S, and
                                  a day for stamps without a year at its edge */
    PAUSE_MS = 1000,
    NEAR_S = 2, /* stamps of one line by two loggers are not further apart; nor would a server
                   try again so soon, with the same process, and get the same words */
    TURN_MS = 20,
    TURNS = 1500, /* one that runs once waits so often for another that enters lines */
    TURNS_STOPPED = 50,
};

struct follow_run {
    const struct settings *settings;
    const char *actor;
    bool once;
    struct follow_index *index;
    bool indexed;
    uint64_t last_before; /* entry of the log when the run began */
    struct follow_figures figures;
    struct entry pending[PENDING];
    enum delivery_kind kinds[PENDING];
    size_t count;
    int lock_fd; /* held while lines of a chunk are entered; -1 */
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- appending ------------------------------------------------------------------------------*/

static void shift(struct follow_run *run, size_t done)
{
    for (size_t i = 0; i < done; i++) {
        run->figures.entries[run->kinds[i]]++;
        entry_free(&run->pending[i]);
    }
    run->count -= done;
    memmove(run->pending, run->pending + done, run->count * sizeof *run->pending);
    memmove(run->kinds, run->kinds + done, run->count * sizeof *run->kinds);
}

/* All that wait; a log that cannot be written now is waited for. */
static enum store_status flush(struct follow_run *run, const volatile int *stop,
                               struct store_error *err)
{
    bool told = false;
    while (run->count) {
        size_t taken = 0;
        enum store_status st = log_append_all(run->settings, run->pending, run->count, &taken, err);
        shift(run, taken);
        if (st == STORE_OK)
            continue;
        if (st == STORE_INVALID && run->count) { /* it alone was refused */
            msg_error("an entry of the mail server's log was refused: %s", err->text);
            entry_free(&run->pending[0]);
            run->count--;
            memmove(run->pending, run->pending + 1, run->count * sizeof *run->pending);
            memmove(run->kinds, run->kinds + 1, run->count * sizeof *run->kinds);
            continue;
        }
        if (run->once || *stop || st == STORE_NO_MEMORY)
            return st;
        if (!told)
            msg_error("cannot enter what the mail server's log says, trying again: %s", err->text);
        told = true;
        poll(NULL, 0, PAUSE_MS);
    }
    return STORE_OK;
}

/* Between the look whether a line is known and its entry, nobody else may enter it. */
static enum store_status take_turn(struct follow_run *run, const volatile int *stop,
                                   struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (int i = 0; run->lock_fd < 0; i++) {
        st = follow_state_lock(run->settings->store_directory, &run->lock_fd, err);
        if (st != STORE_BUSY || (run->once && i >= TURNS) || (*stop && i >= TURNS_STOPPED))
            break;
        poll(NULL, 0, TURN_MS);
    }
    return st;
}

static void end_turn(struct follow_run *run)
{
    if (run->lock_fd >= 0)
        close(run->lock_fd);
    run->lock_fd = -1;
}

/* Does an entry with this key wait for its place, or is it in the log already? */
static enum store_status has_key(struct follow_run *run, const unsigned char key[HASH_OCTETS],
                                 bool *found, struct store_error *err)
{
    struct appended before = {0};
    struct store_error why = {""};
    *found = true;
    for (size_t i = 0; i < run->count; i++)
        if (memcmp(run->pending[i].retry, key, HASH_OCTETS) == 0)
            return STORE_OK;
    enum store_status st =
        store_find_retry(follow_index_store(run->index), key, UINT_MAX, &before, &why);
    *found = st == STORE_OK;
    run->figures.known += st == STORE_OK && before.seq <= run->last_before;
    appended_free(&before);
    return st == STORE_OK || st == STORE_NOT_FOUND ? STORE_OK : store_fail(err, st, "%s", why.text);
}

/* Was the same line looked at before, here or where another logger wrote it (follow.h)? */
static enum store_status is_known(struct follow_run *run, const struct delivery_event *v,
                                  bool *known, struct store_error *err)
{
    const int64_t times[2] = {v->time, follow_index_other_time(&v->line.stamp, v->time)};
    int readings = times[0] == times[1] ? 1 : 2;
    int near = follow_entry_once(v->kind) ? 0 : NEAR_S;
    enum store_status st = STORE_OK;
    *known = false;
    for (int r = 0; r < readings; r++)
        for (int d = -near; st == STORE_OK && !*known && d <= near; d++) {
            unsigned char key[HASH_OCTETS];
            st = follow_entry_key(v, times[r] + d, key) ? has_key(run, key, known, err)
                                                        : no_memory(err);
        }
    return st;
}

static void tell_alarm(const struct delivery_event *v, const struct entry *e)
{
    const json_t *debtor = json_array_get(json_object_get(e->private_part, "debtor"), 0);
    const char *code = json_string_value(debtor);
    msg_error("%.*s: accountant's mail to a debtor with open invoices was queued without an entry: "
              "login=%s to=%s debtor=%s: did it pass by the milter?",
              (int)v->line.queue_id.len, v->line.queue_id.text, v->login,
              v->recipients.count ? v->recipients.items[0] : "?", code ? code : "?");
}

static enum store_status take_event(struct follow_run *run, const struct delivery_event *v,
                                    const char *text, size_t len, const struct follow_place *place,
                                    struct store_error *err)
{
    struct entry e;
    bool known = false;
    entry_init(&e);
    e.actor = run->actor;
    enum store_status st = follow_entry_make(run->settings, follow_index_store(run->index), v, text,
                                             len, place, &e, err);
    if (st == STORE_OK)
        st = is_known(run, v, &known, err);
    if (st == STORE_OK && !known) {
        if (v->kind == DELIVERY_UNRECORDED)
            tell_alarm(v, &e);
        run->kinds[run->count] = v->kind;
        run->pending[run->count++] = e;
        return STORE_OK;
    }
    entry_free(&e);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

/* --- a chunk --------------------------------------------------------------------------------*/

/* The time of the first line that has one; `otherwise` when none has. */
static int64_t first_time(const struct follow_chunk *chunk, int64_t otherwise)
{
    struct maillog_line line;
    const char *end = chunk->data + chunk->len;
    for (const char *p = chunk->data; p < end;) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (maillog_parse(p, (size_t)(lf - p), &line) && line.stamp.month) {
            time_t reference = (time_t)chunk->written;
            struct tm tm;
            gmtime_r(&reference, &tm);
            struct maillog_stamp day = {
                .year = tm.tm_year + 1900, .month = tm.tm_mon + 1, .day = tm.tm_mday};
            if (!line.stamp.year)
                line.stamp.year = maillog_year(&line.stamp, &day);
            int64_t seconds = maillog_seconds(&line.stamp);
            return seconds < otherwise ? seconds : otherwise;
        }
        p = lf + 1;
    }
    return otherwise;
}

/* A mail program's line, or one of Postfix's about itself. */
static bool is_mail(const char *text, size_t len)
{
    struct maillog_line line;
    return maillog_parse(text, len, &line) || memmem(text, len, "postfix/", 8) != NULL;
}

enum store_status follow_run_chunk(struct follow_run *run, const struct follow_chunk *chunk,
                                   const volatile int *stop, struct store_error *err)
{
    struct delivery_tracker *tracker = follow_index_tracker(run->index);
    const char *end = chunk->data + chunk->len;
    struct follow_place place = {chunk->file, chunk->device, chunk->inode, 0, NULL};
    size_t number = 0;
    int64_t since = run->indexed ? 0 : first_time(chunk, (int64_t)time(NULL)) - BEFORE_S;
    follow_index_reference(run->index, chunk->written);
    enum store_status st = follow_index_refresh(run->index, since, err);
    run->indexed = run->indexed || st == STORE_OK;
    struct delivery_event v = {.kind = DELIVERY_NONE};
    for (const char *p = chunk->data; st == STORE_OK && p < end; number++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)(lf - p);
        run->figures.mail = run->figures.mail || is_mail(p, len);
        if (!delivery_line(tracker, p, len, &v))
            st = no_memory(err);
        if (st == STORE_OK && v.kind != DELIVERY_NONE) {
            place.offset = chunk->offset + (uint64_t)(p - chunk->data);
            place.cursor = chunk->cursors ? chunk->cursors->items[number] : NULL;
            st = take_turn(run, stop, err);
            if (st == STORE_OK)
                st = take_event(run, &v, p, len, &place, err);
            if (st == STORE_OK && run->count == PENDING)
                st = flush(run, stop, err);
        }
        if (v.line.kind != MAILLOG_OTHER) /* looked into */
            delivery_event_free(&v);
        p = lf + 1;
    }
    if (st == STORE_OK)
        st = flush(run, stop, err);
    end_turn(run);
    run->figures.lines += number;
    run->figures.octets += chunk->len;
    return st;
}

/* --- opening --------------------------------------------------------------------------------*/

enum store_status follow_run_open(const struct settings *s, const char *actor, bool once,
                                  struct follow_run **out, struct store_error *err)
{
    struct follow_run *run = calloc(1, sizeof *run);
    *out = NULL;
    if (!run)
        return no_memory(err);
    run->settings = s;
    run->actor = actor;
    run->once = once;
    run->lock_fd = -1;
    enum store_status st = follow_index_open(s, &run->index, err);
    if (st == STORE_OK)
        st = store_last_seq(follow_index_store(run->index), &run->last_before, err);
    if (st == STORE_OK)
        *out = run;
    else
        follow_run_close(run);
    return st;
}

void follow_run_close(struct follow_run *run)
{
    if (!run)
        return;
    for (size_t i = 0; i < run->count; i++)
        entry_free(&run->pending[i]);
    follow_index_close(run->index);
    end_turn(run);
    free(run);
}

struct follow_index *follow_run_index(struct follow_run *run)
{
    return run->index;
}

const struct follow_figures *follow_run_figures(const struct follow_run *run)
{
    return &run->figures;
}
