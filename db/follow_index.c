/*
 * follow_index - the outbound messages of the log, and what earlier runs have entered about them
 *
 * Entries are read from the first one that can matter to the lines at hand on, and then as they
 * come. Before each chunk the log is looked at again: an entry is committed before the mail server
 * may queue its message, so every line about a delivery that was read finds its entry.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/exhibit.h"
#include "db/follow.h"
#include "db/wire.h"
#include "policy/address.h"

struct follow_index {
    const struct settings *settings;
    struct store *store;
    struct delivery_tracker *tracker;
    uint64_t next; /* the first entry that is not known yet; 0: none is */
    int64_t reference, last;
    bool failed; /* while entries were read */
};

/* --- time -----------------------------------------------------------------------------------*/

static struct maillog_stamp fields_of(const struct tm *tm)
{
    return (struct maillog_stamp){.year = tm->tm_year + 1900,
                                  .month = tm->tm_mon + 1,
                                  .day = tm->tm_mday,
                                  .hour = tm->tm_hour,
                                  .minute = tm->tm_min,
                                  .second = tm->tm_sec};
}

/* The other time at which clocks show the same, since they are set back; `one`: there is none. */
static int64_t again(int64_t one)
{
    time_t at = (time_t)one;
    struct tm first, other;
    localtime_r(&at, &first);
    other = first;
    other.tm_isdst = !first.tm_isdst;
    int64_t two = (int64_t)mktime(&other);
    bool same = other.tm_isdst != first.tm_isdst && other.tm_mday == first.tm_mday &&
                other.tm_hour == first.tm_hour && other.tm_min == first.tm_min;
    return same ? two : one;
}

int64_t follow_index_other_time(const struct maillog_stamp *stamp, int64_t time)
{
    return stamp->has_zone ? time : again(time);
}

/* Local time; in the hour that a change of the clock repeats, the one that lies behind `last`. */
static int64_t local_seconds(const struct maillog_stamp *s, int64_t last)
{
    struct tm tm = {.tm_year = s->year - 1900,
                    .tm_mon = s->month - 1,
                    .tm_mday = s->day,
                    .tm_hour = s->hour,
                    .tm_min = s->minute,
                    .tm_sec = s->second,
                    .tm_isdst = -1};
    int64_t one = (int64_t)mktime(&tm), two = again(one);
    if (one == two)
        return one;
    int64_t earlier = one < two ? one : two, later = one < two ? two : one;
    return earlier + 60 < last ? later : earlier;
}

static int64_t seconds_of(const struct maillog_stamp *stamp, void *context)
{
    struct follow_index *index = context;
    struct maillog_stamp s = *stamp;
    if (s.year == 0) {
        time_t reference = (time_t)index->reference;
        struct tm tm;
        localtime_r(&reference, &tm);
        struct maillog_stamp day = fields_of(&tm);
        s.year = maillog_year(&s, &day);
    }
    int64_t seconds = s.has_zone ? maillog_seconds(&s) : local_seconds(&s, index->last);
    index->last = seconds;
    return seconds;
}

void follow_index_reference(struct follow_index *index, int64_t written)
{
    index->reference = written;
}

int64_t follow_index_stamp(const struct follow_index *index)
{
    return index->last;
}

void follow_index_resume(struct follow_index *index, int64_t stamp)
{
    index->last = stamp;
}

/* --- entries --------------------------------------------------------------------------------*/

static bool texts(const json_t *json, struct strings *out)
{
    char *text = json_is_array(json) || !json ? NULL : foreign_from_json(json);
    bool done = json_is_array(json) ? strings_from_json(json, out)
                                    : !json || (text && strings_add(out, text));
    free(text);
    return done;
}

static bool normalised(const json_t *list, struct strings *out)
{
    struct strings raw = {0};
    bool done = texts(list, &raw);
    for (size_t i = 0; done && i < raw.count; i++) {
        char *normal = address_normalise(raw.items[i]);
        done = normal && strings_add_unique(out, normal);
        free(normal);
    }
    strings_free(&raw);
    return done;
}

static bool optional(const json_t *object, const char *key, char **text)
{
    const json_t *value = json_object_get(object, key);
    *text = value ? foreign_from_json(value) : NULL;
    return !value || *text;
}

static bool add_message(struct follow_index *index, const struct exhibit *x, uint64_t seq)
{
    const json_t *envelope = json_object_get(x->private_part, "envelope");
    const json_t *ids = json_object_get(x->private_part, "ids");
    struct strings to = {0}, message_ids = {0};
    char *queue_id = NULL, *login = NULL;
    bool done = normalised(json_object_get(envelope, "to"), &to) &&
                texts(json_object_get(ids, "message_id"), &message_ids) &&
                optional(envelope, "queue_id", &queue_id) && optional(envelope, "auth", &login);
    struct delivery_message m = {.seq = seq,
                                 .time = x->time,
                                 .queue_id = queue_id,
                                 .login = login,
                                 .recipients = &to,
                                 .message_ids = &message_ids};
    done = done && delivery_add(index->tracker, &m);
    strings_free(&to);
    strings_free(&message_ids);
    free(queue_id);
    free(login);
    return done;
}

/* "2026-11-27T20:15:38Z"; -1: it is none. */
static int64_t occurred(const json_t *part)
{
    struct tm tm = {0};
    const char *text = json_string_value(json_object_get(part, "occurred"));
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
    return end && !*end ? (int64_t)timegm(&tm) : -1;
}

static bool add_known(struct follow_index *index, const struct exhibit *x, enum delivery_kind kind)
{
    const json_t *part = x->private_part, *envelope = json_object_get(part, "envelope");
    json_int_t about = json_integer_value(json_object_get(part, "about"));
    struct strings to = {0};
    char *queue_id = NULL;
    bool done = about <= 0 || (normalised(json_object_get(envelope, "to"), &to) &&
                               optional(envelope, "queue_id", &queue_id) &&
                               delivery_add_known(index->tracker, (uint64_t)about, kind, queue_id,
                                                  occurred(part), &to));
    strings_free(&to);
    free(queue_id);
    return done;
}

static bool take_entry(const struct stored_entry *e, void *context)
{
    struct follow_index *index = context;
    struct exhibit x = {0};
    enum delivery_kind kind = delivery_kind_of(e->event);
    bool message = strcmp(e->event, "prepared") == 0, done = true;
    if ((message || kind != DELIVERY_NONE) && e->private_part.data) {
        done = exhibit_read(e, &x);
        if (done && x.private_part && message && x.direction &&
            strcmp(x.direction, "outbound") == 0)
            done = add_message(index, &x, e->seq);
        else if (done && x.private_part && kind != DELIVERY_NONE && !x.direction)
            done = add_known(index, &x, kind);
        exhibit_free(&x);
    }
    index->next = e->seq + 1;
    index->failed = !done;
    return done;
}

/* --- where to begin -------------------------------------------------------------------------*/

/* The first entry from `since` on, as far as the clock was not set back. */
static enum store_status find_first(struct store *store, uint64_t last, int64_t since,
                                    uint64_t *first, struct store_error *err)
{
    uint64_t low = 1, high = last + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int64_t time = 0;
        enum store_status st = exhibit_time(store, middle, &time, err);
        if (st != STORE_OK && st != STORE_NOT_FOUND)
            return st;
        if (st == STORE_OK && time < since)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    return STORE_OK;
}

enum store_status follow_index_refresh(struct follow_index *index, int64_t since,
                                       struct store_error *err)
{
    uint64_t last;
    enum store_status st = store_last_seq(index->store, &last, err);
    if (st == STORE_OK && index->next == 0)
        st = find_first(index->store, last, since, &index->next, err);
    if (st != STORE_OK || index->next > last)
        return st;
    index->failed = false;
    st = store_each_entry(index->store, index->next, take_entry, index, err);
    if (index->failed)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    return st;
}

/* --- opening --------------------------------------------------------------------------------*/

enum store_status follow_index_open(const struct settings *s, struct follow_index **index,
                                    struct store_error *err)
{
    struct follow_index *made = calloc(1, sizeof *made);
    enum store_status st = made ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK) {
        made->settings = s;
        made->reference = (int64_t)time(NULL);
        made->tracker = delivery_new(s, seconds_of, made);
        st = made->tracker ? store_open(s->store_directory, STORE_READ, &made->store, err)
                           : store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    if (st != STORE_OK) {
        follow_index_close(made);
        made = NULL;
    }
    *index = made;
    return st;
}

void follow_index_close(struct follow_index *index)
{
    if (!index)
        return;
    delivery_free(index->tracker);
    if (index->store)
        store_close(index->store);
    free(index);
}

struct delivery_tracker *follow_index_tracker(struct follow_index *index)
{
    return index->tracker;
}

struct store *follow_index_store(struct follow_index *index)
{
    return index->store;
}

struct oldest {
    int64_t time;
};

static bool find_outbound(const struct stored_entry *e, void *context)
{
    struct oldest *found = context;
    struct exhibit x = {0};
    if (strcmp(e->event, "prepared") != 0)
        return true;
    if (exhibit_read(e, &x))
        found->time = x.time;
    exhibit_free(&x);
    return false;
}

enum store_status follow_index_oldest(struct follow_index *index, int64_t *oldest,
                                      struct store_error *err)
{
    struct oldest found = {-1};
    enum store_status st = store_each_entry(index->store, 1, find_outbound, &found, err);
    *oldest = found.time;
    return st;
}
