/*
 * verify_dossier - is the dossier of an evidence file whole, and in the order of its log?
 *
 * Entries are numbered 1 to n, and each record holds the leaf of the one before: so none can be
 * left out, put in or moved without another signature of the seal. What is cut off at the end
 * shows because an evidence file ends with the entry of its own export.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/dkim_entry.h"
#include "db/record.h"
#include "db/verify_parts.h"
#include "db/wire.h"

/* --- which dossier --------------------------------------------------------------------------*/

static const struct exhibit_place *place_in(const struct dossier_entry *e,
                                            const unsigned char id[16])
{
    for (size_t i = 0; i < e->exhibit.place_count; i++)
        if (memcmp(e->exhibit.places[i].id, id, 16) == 0)
            return &e->exhibit.places[i];
    return NULL;
}

static uint64_t positive(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static json_t *index_read(struct inspection *in, struct part **p)
{
    *p = part_find(in, "index.json");
    if (!*p) {
        part_missing(in, "index.json", FILE_ALTERED, "missing");
        return NULL;
    }
    json_t *index = json_loadb((*p)->data.data, (*p)->data.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(index))
        part_fault(in, *p, FILE_ALTERED, "it is no JSON object");
    return index;
}

/* index.json says it; a file of which nothing else is sound still gets its records judged. */
static bool span_begin(struct inspection *in, struct part *p, const json_t *index)
{
    struct file_span *span = &in->verdict->span;
    const json_t *volume = json_object_get(index, "volume");
    span->volume = volume ? positive(volume, "number") : 1;
    span->of = volume ? positive(volume, "of") : 1;
    if (span->volume == 0 || span->volume > span->of) {
        part_fault(in, p, FILE_ALTERED, "it does not say which volume this is");
        span->volume = span->of = 1;
    }
    if (hex_from_json(json_object_get(index, "dossier"), span->dossier, sizeof span->dossier))
        return true;
    if (p)
        part_fault(in, p, FILE_ALTERED, "it does not say which dossier this is");
    return false;
}

/* --- the chain ------------------------------------------------------------------------------*/

static void gap_say(struct inspection *in, uint64_t from, uint64_t to)
{
    if (from == to)
        part_fault(in, NULL, FILE_INCOMPLETE, "dossier not complete: number %" PRIu64 " is missing",
                   from);
    else
        part_fault(in, NULL, FILE_INCOMPLETE,
                   "dossier not complete: numbers %" PRIu64 " to %" PRIu64 " are missing", from,
                   to);
}

static void link_check(struct inspection *in, const struct dossier_entry *before,
                       struct dossier_entry *e, const struct exhibit_place *place)
{
    struct part *p = e->record;
    if (before->n + 1 != e->n)
        gap_say(in, before->n + 1, e->n - 1);
    else if (!place->has_prev || memcmp(place->prev, before->exhibit.leaf, sizeof place->prev) != 0)
        part_fault(in, p, FILE_ALTERED,
                   "it does not follow %s.json: one of them is not of this history", before->stem);
    if (e->exhibit.seq <= before->exhibit.seq)
        part_fault(in, p, FILE_ALTERED, "it stands after %s.json, but not in the log",
                   before->stem);
}

static void chain_check(struct inspection *in)
{
    struct file_span *span = &in->verdict->span;
    const struct dossier_entry *before = NULL;
    for (size_t i = 0; i < in->entry_count; i++) {
        struct dossier_entry *e = &in->entries[i];
        if (e->assigned)
            continue;
        const struct exhibit_place *place = place_in(e, span->dossier);
        if (!place || place->n != e->n) {
            part_fault(in, e->record, FILE_ALTERED,
                       place ? "its record bears another number" : "it is not of this dossier");
            continue;
        }
        if (before)
            link_check(in, before, e, place);
        else {
            span->first = e->n;
            memcpy(span->before, place->prev, sizeof span->before);
            if (place->has_prev != (e->n > 1))
                part_fault(in, e->record, FILE_ALTERED, "whether it is the first is contradictory");
        }
        before = e;
    }
    if (before) {
        span->last = before->n;
        memcpy(span->leaf, before->exhibit.leaf, sizeof span->leaf);
        span->ends = strcmp(before->exhibit.event, "export") == 0;
    }
}

/* What tells about the keys of a message from review is there because that message is. */
static void key_check(struct inspection *in, struct dossier_entry *e)
{
    uint64_t message = dkim_entry_message(e->exhibit.private_part);
    bool found = false;
    for (size_t i = 0; i < in->entry_count && !found; i++)
        found = in->entries[i].n == e->n && in->entries[i].letter == 'a' &&
                in->entries[i].exhibit.seq == message;
    if (strcmp(e->exhibit.event, DKIM_EVENT) != 0 || (!found && e->private_part))
        part_fault(in, e->record, FILE_ALTERED, "no message of its number has these keys");
}

/* A message from review is there because the decision of its number says so. */
static void assigned_check(struct inspection *in, struct dossier_entry *e)
{
    if (e->letter != 'a') {
        key_check(in, e);
        return;
    }
    for (size_t i = 0; i < in->entry_count; i++) {
        const struct dossier_entry *decision = &in->entries[i];
        if (decision->n == e->n && !decision->assigned &&
            strcmp(decision->exhibit.event, "assign") == 0 &&
            positive(decision->exhibit.private_part, "about") == e->exhibit.seq)
            return;
    }
    part_fault(in, e->record, FILE_ALTERED, "no decision of the dossier added it");
}

/* The other way round: a decision that put its message into this dossier has it here. One that is
   noted here because the message was only proposed for it, has not. */
static void decision_check(struct inspection *in, const struct dossier_entry *e)
{
    uint64_t about = positive(e->exhibit.private_part, "about");
    if (strcmp(e->exhibit.event, "assign") != 0 || about == 0 ||
        exhibit_goes_elsewhere(&e->exhibit, in->verdict->span.dossier))
        return;
    for (size_t i = 0; i < in->entry_count; i++)
        if (in->entries[i].n == e->n && in->entries[i].letter == 'a')
            return; /* whether it is the right one: assigned_check() */
    part_fault(in, e->record, FILE_INCOMPLETE,
               "the message that it put into the dossier, entry %" PRIu64 ", is missing", about);
}

/* --- erasures -------------------------------------------------------------------------------*/

/* Is the number in the list of what an erasure took out? */
static bool erased_by(const struct exhibit *x, uint64_t seq)
{
    const json_t *list = json_object_get(x->private_part, "erased"), *value;
    size_t i;
    json_array_foreach(list, i, value) if ((uint64_t)json_integer_value(value) == seq) return true;
    return false;
}

static void erased_check(struct inspection *in, struct dossier_entry *e)
{
    for (size_t i = 0; i < in->entry_count; i++) {
        const struct dossier_entry *d = &in->entries[i];
        const struct exhibit *x = &d->exhibit;
        if (strcmp(x->event, "erasure") == 0 && x->seq > e->exhibit.seq &&
            erased_by(x, e->exhibit.seq)) {
            part_praise(in, e->record, "its private part%s erased, as %s.json says",
                        e->exhibit.has_message ? " and message were" : " was", d->stem);
            return;
        }
    }
    bool elsewhere = in->verdict->span.of > 1;
    part_fault(in, e->record, elsewhere ? FILE_INCOMPLETE : FILE_ALTERED,
               "its private part is missing, and no erasure in this %s names it",
               elsewhere ? "volume" : "dossier");
}

/* --- index.json -----------------------------------------------------------------------------*/

static const json_t *index_item(const json_t *items, uint64_t n)
{
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item) if (positive(item, "n") == n) return item;
    return NULL;
}

static bool same_text(const json_t *item, const char *key, const char *text)
{
    const char *said = json_string_value(json_object_get(item, key));
    return said && strcmp(said, text) == 0;
}

/* What it tells programs must be what the records say. */
static void index_check(struct inspection *in, struct part *p, const json_t *index)
{
    const json_t *items = json_object_get(json_object_get(index, "timeline"), "entries");
    for (size_t i = 0; i < in->entry_count; i++) {
        const struct dossier_entry *e = &in->entries[i];
        const struct exhibit *x = &e->exhibit;
        const json_t *item = e->assigned ? NULL : index_item(items, e->n);
        if (e->assigned || x->time < 0)
            continue;
        if (!item || positive(item, "seq") != x->seq || !same_text(item, "event", x->event) ||
            !same_text(item, "time", x->time_text))
            part_fault(in, p, FILE_ALTERED,
                       "it does not say of number %" PRIu64 " what the record says", e->n);
    }
    part_praise(in, p, "says the same as the records");
}

void inspect_dossier(struct inspection *in)
{
    struct part *p;
    json_t *index = index_read(in, &p);
    if (span_begin(in, p, index))
        chain_check(in);
    if (json_is_object(index))
        index_check(in, p, index);
    json_decref(index);
    for (size_t i = 0; i < in->entry_count; i++) {
        struct dossier_entry *e = &in->entries[i];
        if (e->assigned)
            assigned_check(in, e);
        else
            decision_check(in, e);
        if (!e->private_part && e->exhibit.record)
            erased_check(in, e);
    }
}

/* --- volumes --------------------------------------------------------------------------------*/

static int by_volume(const void *a, const void *b)
{
    const struct file_span *left = *(const struct file_span *const *)a,
                           *right = *(const struct file_span *const *)b;
    return left->volume < right->volume ? -1 : left->volume > right->volume;
}

/* NULL: the volumes, in order, are a whole dossier. */
static const char *volumes_doubt(const struct file_span *const *spans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct file_span *s = spans[i], *before = i ? spans[i - 1] : NULL;
        if (s->first == 0)
            return "a file has no chain of entries that can be relied on";
        if (memcmp(s->dossier, spans[0]->dossier, sizeof s->dossier) != 0 || s->of != spans[0]->of)
            return "the files are not volumes of one dossier";
        if (s->volume != i + 1)
            return "not all of its volumes were given";
        if (before ? s->first != before->last + 1 : s->first != 1)
            return "its first entries, or those between two volumes, are missing";
        if (before && memcmp(s->before, before->leaf, sizeof s->before) != 0)
            return "two volumes do not follow each other";
    }
    if (spans[0]->of != count)
        return "not all of its volumes were given";
    return spans[count - 1]->ends ? NULL : "it does not end with the entry of its export";
}

enum store_status file_volumes_judge(struct file_verdict *volumes, size_t count,
                                     struct store_error *err)
{
    const struct file_span **spans = calloc(count ? count : 1, sizeof *spans);
    if (!spans)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        spans[i] = &volumes[i].span;
    qsort(spans, count, sizeof *spans, by_volume);
    const char *doubt = count ? volumes_doubt(spans, count) : NULL;
    enum file_answer gravest = FILE_INTACT;
    for (size_t i = 0; i < count; i++)
        gravest = volumes[i].answer > gravest ? volumes[i].answer : gravest;
    struct bytes line = {0};
    bool done = true;
    if (doubt)
        done = bytes_printf(&line, "dossier not complete: %s", doubt) &&
               verdict_line(&volumes[count - 1], "", FILE_INCOMPLETE, line.data);
    else if (count && gravest < FILE_INCOMPLETE)
        done =
            bytes_printf(&line,
                         "dossier complete: numbers 1 to %" PRIu64 ", each bound to the one before",
                         spans[count - 1]->last) &&
            verdict_line(&volumes[count - 1], "", FILE_INTACT, line.data);
    bytes_free(&line);
    free(spans);
    return done ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}
