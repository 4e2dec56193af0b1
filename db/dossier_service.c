/*
 * dossier_service - when the service was not there while a dossier grew, and what else the log
 *                   says of it: its clock, its configuration, its keys
 *
 * A "stop" followed by a "start" is a gap that was announced. A "start" without a "stop" before
 * it means that the service broke off, at some time after the entry that precedes the start.
 */
#include <stdlib.h>
#include <string.h>

#include "db/dossier_view.h"
#include "db/exhibit.h"
#include "db/store_facts.h"
#include "db/wire.h"
#include "policy/text.h"

static const char *const events[] = {"start", "stop", "clock", "configuration", "restore", "key"};
enum { EVENTS = sizeof events / sizeof *events, LISTED_MAX = GAPS_MAX };

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* -1: there is none, or it does not say. */
static enum store_status time_of(struct store *store, uint64_t seq, int64_t *time,
                                 struct store_error *err)
{
    enum store_status st = exhibit_time(store, seq, time, err);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

/* --- gaps ------------------------------------------------------------------------------------*/

static bool gap_add(struct dossier_view *v, int64_t from, int64_t to, bool announced)
{
    if (from < 0 || (to >= 0 && to - from < GAP_MIN_S)) {
        v->short_gaps += from >= 0;
        return true;
    }
    if (v->gap_count == LISTED_MAX) {
        v->service_cut = true;
        return true;
    }
    struct view_gap *grown = reallocarray(v->gaps, v->gap_count + 1, sizeof *grown);
    if (!grown)
        return false;
    v->gaps = grown;
    v->gaps[v->gap_count++] = (struct view_gap){from, to, announced};
    return true;
}

/* `stopped` is the stop that this start ends; 0: there was none. */
static enum store_status start_load(struct store *store, uint64_t start, uint64_t stopped,
                                    struct dossier_view *v, struct store_error *err)
{
    int64_t from = -1, to = -1;
    uint64_t before = stopped ? stopped : start - 1;
    enum store_status st = before ? time_of(store, before, &from, err) : STORE_OK;
    if (st == STORE_OK)
        st = time_of(store, start, &to, err);
    return st == STORE_OK && !gap_add(v, from, to, stopped != 0) ? no_memory(err) : st;
}

static enum store_status gaps_load(struct store *store, const struct fact_list *list,
                                   struct dossier_view *v, struct store_error *err)
{
    enum store_status st = STORE_OK;
    uint64_t stopped = 0;
    for (size_t i = 0; st == STORE_OK && i < list->count; i++) {
        const struct fact *f = &list->items[i];
        if (strcmp(f->event, "stop") == 0) {
            stopped = f->seq;
        } else if (strcmp(f->event, "start") == 0) {
            st = start_load(store, f->seq, stopped, v, err);
            stopped = 0;
        }
    }
    int64_t from = -1;
    if (st == STORE_OK && stopped)
        st = time_of(store, stopped, &from, err);
    return st == STORE_OK && !gap_add(v, from, -1, true) && from >= 0 ? no_memory(err) : st;
}

/* --- the clock -------------------------------------------------------------------------------*/

/* `part`: as clock_json() writes it; NULL: nothing. */
static struct view_clock clock_of(const json_t *part)
{
    const json_t *synchronised = json_object_get(part, "synchronised");
    return (struct view_clock){.there = part != NULL,
                               .told = json_is_boolean(synchronised),
                               .synchronised = json_is_true(synchronised),
                               .offset_us = json_integer_value(json_object_get(part, "offset_us")),
                               .maximum_error_us =
                                   json_integer_value(json_object_get(part, "maximum_error_us")),
                               .step_us = json_integer_value(json_object_get(part, "step_us"))};
}

static enum store_status start_clock(struct store *store, uint64_t seq, struct view_starts *starts,
                                     struct store_error *err)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    enum store_status st = store_entry(store, seq, &e, err);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = no_memory(err);
    if (st == STORE_OK) {
        const struct view_clock c = clock_of(json_object_get(x.private_part, "clock"));
        starts->count += c.there;
        starts->synchronised += c.told && c.synchronised;
        starts->loose += c.told && !c.synchronised;
        if (c.maximum_error_us > starts->maximum_error_us)
            starts->maximum_error_us = c.maximum_error_us;
    }
    exhibit_free(&x);
    stored_entry_free(&e);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

/* Of the starts in `list`, and of the one that the first exhibit came after. */
static enum store_status starts_load(struct store *store, const struct fact_list *list,
                                     struct dossier_view *v, struct store_error *err)
{
    uint64_t before = 0;
    enum store_status st =
        store_fact_before(store, "start", v->timeline.items[0].seq, &before, err);
    if (st == STORE_OK && before)
        st = start_clock(store, before, &v->starts, err);
    for (size_t i = 0, taken = 0; st == STORE_OK && i < list->count && taken < LISTED_MAX; i++)
        if (strcmp(list->items[i].event, "start") == 0) {
            st = start_clock(store, list->items[i].seq, &v->starts, err);
            taken++;
        }
    return st;
}

/* --- other facts -----------------------------------------------------------------------------*/

/* "SHA-256 5f…": of the configuration that was read. */
static bool words_of(const json_t *part, struct bytes *out)
{
    char *hash = NULL;
    bool done = bytes_puts(out, "");
    if (done && json_object_get(part, "configuration")) {
        hash = exhibit_text(part, "configuration");
        done = hash && bytes_printf(out, "SHA-256 %s", hash);
    }
    free(hash);
    return done;
}

static bool fact_take(const struct stored_entry *e, const struct exhibit *x, struct view_fact *f)
{
    struct bytes words = {0};
    f->seq = e->seq;
    f->time = text_clean(x->time_text ? x->time_text : "");
    f->event = text_clean(x->event);
    if (strcmp(x->event, "clock") == 0)
        f->clock = clock_of(x->private_part);
    bool done = f->time && f->event && words_of(x->private_part, &words);
    f->words = done ? bytes_steal(&words) : NULL;
    bytes_free(&words);
    return f->words != NULL;
}

static enum store_status fact_load(struct store *store, uint64_t seq, struct dossier_view *v,
                                   struct store_error *err)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    if (v->fact_count == LISTED_MAX) {
        v->service_cut = true;
        return STORE_OK;
    }
    struct view_fact *grown = reallocarray(v->facts, v->fact_count + 1, sizeof *grown);
    if (!grown)
        return no_memory(err);
    v->facts = grown;
    enum store_status st = store_entry(store, seq, &e, err);
    if (st == STORE_OK) {
        struct view_fact *f = &v->facts[v->fact_count++];
        *f = (struct view_fact){0};
        st = exhibit_read(&e, &x) && fact_take(&e, &x, f) ? STORE_OK : no_memory(err);
    }
    exhibit_free(&x);
    stored_entry_free(&e);
    return st;
}

static bool is_start_or_stop(const char *event)
{
    return strcmp(event, "start") == 0 || strcmp(event, "stop") == 0;
}

enum store_status dossier_service_load(struct store *store, struct dossier_view *v,
                                       struct store_error *err)
{
    struct fact_list list = {0};
    const struct timeline *t = &v->timeline;
    if (t->count == 0)
        return STORE_OK;
    enum store_status st =
        store_facts(store, events, EVENTS, t->items[0].seq, t->items[t->count - 1].seq, &list, err);
    if (st == STORE_OK)
        st = gaps_load(store, &list, v, err);
    if (st == STORE_OK)
        st = starts_load(store, &list, v, err);
    for (size_t i = 0; st == STORE_OK && i < list.count; i++)
        if (!is_start_or_stop(list.items[i].event))
            st = fact_load(store, list.items[i].seq, v, err);
    v->service_cut = v->service_cut || list.more;
    fact_list_free(&list);
    return st;
}
