/*
 * evidence_plan - what goes into an evidence file, and into which volume of it
 *
 * Verifiers refuse containers of more than 1,000 files, so a large dossier becomes several. An
 * entry's files stay together, and the number of volumes is known before the first is written,
 * because each says "k of n".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/evidence_internal.h"

enum {
    FILES_EACH = 6,   /* record, signature, private part, proof, evidence record, its manifest */
    FILES_BATCH = 2,  /* token and checkpoint */
    FILES_KEYS = 1,   /* of a message from outside */
    FILES_ERASED = 2, /* the evidence record of the checkpoint instead of its own */
};

/* What an entry costs besides those before it in the volume. */
static unsigned files_of(const struct placed *p, uint64_t batch_before)
{
    return FILES_EACH + p->has_message + p->outbound +
           (p->has_message && !p->outbound ? FILES_KEYS : 0) + (p->erased ? FILES_ERASED : 0) +
           (p->batch && p->batch != batch_before ? FILES_BATCH : 0);
}

static enum store_status add(struct making *m, struct plan *p, size_t item, uint64_t seq,
                             const char *suffix)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    struct placed *entry = &p->entries[p->count];
    *entry = (struct placed){.seq = seq, .item = item};
    snprintf(entry->stem, STEM, "%0*" PRIu64 "%s", (int)p->digits, m->timeline.items[item].n,
             suffix);
    enum store_status st = store_entry(m->sources.store, seq, &e, m->err);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = evidence_no_memory(m);
    entry->has_message = x.has_message && !x.message_dropped && !x.erased_by;
    entry->outbound = x.direction && strcmp(x.direction, "outbound") == 0;
    entry->erased = x.erased_by != 0;
    entry->size = entry->has_message ? x.size : 0;
    if (strcmp(x.event, DKIM_EVENT) == 0)
        entry->key_of = dkim_entry_message(x.private_part);
    exhibit_free(&x);
    stored_entry_free(&e);
    if (st == STORE_OK)
        st = evidence_batch_of(m, seq, &entry->batch);
    p->count += st == STORE_OK;
    return st;
}

/* The message that a decision put into the dossier; one that was dismissed, or that went into
   another dossier, does not belong there. */
static enum store_status add_assigned(struct making *m, struct plan *p, size_t item)
{
    const struct timeline_item *i = &m->timeline.items[item];
    uint64_t seqs[DKIM_ENTRIES_MAX];
    size_t count = 0;
    if (!i->brings)
        return STORE_OK;
    enum store_status st = add(m, p, item, i->about, "a");
    if (st == STORE_OK && m->sources.keys)
        st = dkim_index_entries(m->sources.keys, i->about, seqs, DKIM_ENTRIES_MAX, &count, m->err);
    for (size_t k = 0; st == STORE_OK && k < count && seqs[k] <= m->last; k++) {
        const char suffix[] = {(char)('b' + k), '\0'};
        st = add(m, p, item, seqs[k], suffix);
    }
    return st;
}

/* Entries that the same timeline item brings stay together. */
static void divide(struct plan *p)
{
    unsigned files = 0;
    uint64_t octets = 0, batch = 0;
    p->volumes = 1;
    for (size_t i = 0; i < p->count;) {
        size_t end = i;
        unsigned more = 0;
        uint64_t more_octets = 0, last = batch;
        for (; end < p->count && p->entries[end].item == p->entries[i].item; end++) {
            more += files_of(&p->entries[end], last);
            more_octets += p->entries[end].size;
            last = p->entries[end].batch;
        }
        if (files && (files + more > VOLUME_FILES || octets + more_octets > VOLUME_OCTETS)) {
            p->volumes++;
            files = 0;
            octets = batch = 0;
            continue; /* it costs more in a volume of its own */
        }
        files += more;
        octets += more_octets;
        batch = last;
        for (; i < end; i++)
            p->entries[i].volume = p->volumes - 1;
    }
}

enum store_status plan_make(struct making *m, struct plan *p)
{
    const struct timeline *t = &m->timeline;
    enum store_status st = STORE_OK;
    p->digits = dossier_digits(t->count);
    p->entries = calloc((2 + DKIM_ENTRIES_MAX) * t->count + 1, sizeof *p->entries);
    if (!p->entries)
        return evidence_no_memory(m);
    for (size_t i = 0; st == STORE_OK && i < t->count; i++) {
        st = add(m, p, i, t->items[i].seq, "");
        if (st == STORE_OK)
            st = add_assigned(m, p, i);
    }
    divide(p);
    if (st == STORE_OK && p->volumes > VOLUMES_MAX)
        st = store_fail(m->err, STORE_INVALID,
                        "%s: %u volumes are more than the %d that can be "
                        "written",
                        m->invoice, p->volumes, VOLUMES_MAX);
    return st;
}

void plan_free(struct plan *p)
{
    free(p->entries);
    *p = (struct plan){0};
}

void plan_range(const struct plan *p, unsigned volume, size_t *first, size_t *count)
{
    size_t last = 0;
    *first = SIZE_MAX;
    for (size_t i = 0; i < p->count; i++)
        if (p->entries[i].volume == volume) {
            if (*first == SIZE_MAX)
                *first = p->entries[i].item;
            last = p->entries[i].item;
        }
    *count = *first == SIZE_MAX ? 0 : last + 1 - *first;
}
