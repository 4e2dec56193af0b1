/*
 * evidence_entries - the dossier's entries in an evidence file: records, signatures, private
 *                    parts, messages
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/evidence_internal.h"
#include "db/wire.h"

static bool message_collect(const void *data, size_t len, void *context)
{
    return bytes_append(context, data, len);
}

/* A message, when libzip comes to it. */
static enum store_status message_load(uint64_t seq, struct bytes *out, void *context,
                                      struct store_error *err)
{
    const struct making *m = context;
    return store_message(m->sources.store, seq, message_collect, out, err);
}

static enum store_status put(struct making *m, const char *stem, const char *suffix,
                             struct bytes *data)
{
    char name[STEM + 40];
    snprintf(name, sizeof name, "entries/%s%s", stem, suffix);
    return container_add(m->container, name, data, m->err);
}

static enum store_status put_message(struct making *m, const char *stem, const struct exhibit *x)
{
    struct container_later later = {.size = x->size,
                                    .stored = x->size > CONTAINER_STORED_FROM,
                                    .key = x->seq,
                                    .context = m,
                                    .load = message_load};
    char name[STEM + 40];
    if (!x->has_message || x->message_dropped || x->erased_by)
        return STORE_OK;
    if (!hex_from_json(json_object_get(x->private_part, "sha256"), later.sha256, HASH_OCTETS))
        return store_fail(m->err, STORE_CORRUPT, "entry %" PRIu64 ": has no hash of its message",
                          x->seq);
    snprintf(name, sizeof name, "entries/%s.eml", stem);
    return container_add_later(m->container, name, &later, m->err);
}

/* Only what is intact goes out. */
static enum store_status verify_exhibit(struct making *m, const struct stored_entry *e,
                                        const struct exhibit *x, struct exhibit_judgement *j)
{
    enum store_status st = exhibit_check(e, x, &m->witnesses, j, m->err);
    if (st == STORE_OK && j->problems.count)
        st = store_fail(m->err, STORE_CORRUPT,
                        "entry %" PRIu64 ": %s: no evidence file is written of a damaged dossier; "
                        "run \"temoin verify --log\" and compare with the backup",
                        e->seq, j->problems.items[0]);
    if (st == STORE_OK && !j->is_signed)
        st = store_fail(m->err, STORE_NOT_FOUND, "entry %" PRIu64 " has no signature", e->seq);
    return st;
}

static enum store_status put_entry(struct making *m, const struct placed *p)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    struct exhibit_judgement j = {0};
    enum store_status st = store_entry(m->sources.store, p->seq, &e, m->err);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = evidence_no_memory(m);
    if (st == STORE_OK)
        st = verify_exhibit(m, &e, &x, &j);
    if (st == STORE_OK)
        st = put_message(m, p->stem, &x);
    if (st == STORE_OK)
        st = put(m, p->stem, ".json", &e.record);
    if (st == STORE_OK && e.private_part.data)
        st = put(m, p->stem, ".private.json", &e.private_part);
    if (st == STORE_OK)
        st = put(m, p->stem, ".json.p7s", &j.signature);
    exhibit_judgement_free(&j);
    exhibit_free(&x);
    stored_entry_free(&e);
    return st;
}

enum store_status evidence_put_entries(struct making *m)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < m->plan.count; i++)
        if (m->plan.entries[i].volume == m->volume)
            st = put_entry(m, &m->plan.entries[i]);
    return st;
}
