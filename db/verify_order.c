/*
 * verify_order - the part of verify that needs all entries in order
 *
 * A missing entry is named once: chains, index and root that break because of it alone are not
 * reported again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/verify_internal.h"

static bool places_reserve(struct places *p, size_t more)
{
    if (p->room - p->count >= more)
        return true;
    size_t room = p->room + (more > p->room ? more : p->room) + 256;
    struct placed *grown = realloc(p->items, room * sizeof *grown);
    if (!grown)
        return false;
    p->items = grown;
    p->room = room;
    return true;
}

bool places_append(struct places *p, const struct places *more)
{
    if (!places_reserve(p, more->count))
        return false;
    if (more->count)
        memcpy(p->items + p->count, more->items, more->count * sizeof *more->items);
    p->count += more->count;
    return true;
}

bool places_add(struct places *p, uint64_t seq, const struct exhibit_place *place)
{
    if (!places_reserve(p, 1))
        return false;
    p->items[p->count++] = (struct placed){.place = *place, .seq = seq};
    return true;
}

static enum seen seen(const struct verification *all, uint64_t seq)
{
    return seq >= 1 && seq <= all->verdict->entries ? (enum seen)all->seen[seq - 1] : SEEN_NOT;
}

static const unsigned char *leaf(const struct verification *all, uint64_t seq)
{
    return all->leaves + (seq - 1) * TREE_HASH;
}

/* --- gaps -----------------------------------------------------------------------------------*/

/* *missing: how many entries could not be read or are not there. */
static bool check_gaps(struct verification *all, uint64_t *missing)
{
    uint64_t entries = all->verdict->entries;
    *missing = 0;
    for (uint64_t seq = 1; seq <= entries; seq++) {
        uint64_t last = seq;
        if (seen(all, seq) == SEEN_UNREADABLE)
            ++*missing;
        if (seen(all, seq) != SEEN_NOT)
            continue;
        while (last < entries && seen(all, last + 1) == SEEN_NOT)
            last++;
        const char *sealed = seq <= all->verdict->sealed ? ", although it was signed" : "";
        bool done = last == seq
                        ? verdict_add(all->verdict, seq, "missing%s", sealed)
                        : verdict_add(all->verdict, seq, "missing, up to entry %" PRIu64, last);
        if (!done)
            return false;
        *missing += last - seq + 1;
        seq = last;
    }
    return true;
}

/* --- dossiers -------------------------------------------------------------------------------*/

static int place_order(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    int ids = memcmp(x->place.id, y->place.id, sizeof x->place.id);
    if (ids)
        return ids;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Is anything missing between two entries (exclusive)? Then a break of the chain is its doing. */
static bool gap_between(const struct verification *all, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from + 1; seq < to; seq++)
        if (seen(all, seq) != SEEN_READ)
            return true;
    return false;
}

/* `previous` is NULL for the dossier's first entry. */
static bool check_link(struct verification *all, const struct placed *previous,
                       const struct placed *p)
{
    uint64_t before = previous ? previous->place.n : 0;
    if (p->place.n != before + 1) {
        if (gap_between(all, previous ? previous->seq : 0, p->seq))
            return true;
        return verdict_add(all->verdict, p->seq,
                           "bears number %" PRIu64 " in its dossier after number %" PRIu64,
                           p->place.n, before);
    }
    if (!previous)
        return !p->place.has_prev ||
               verdict_add(all->verdict, p->seq,
                           "is the first of its dossier but names an entry before it");
    if (p->place.has_prev && memcmp(p->place.prev, leaf(all, previous->seq), TREE_HASH) == 0)
        return true;
    return verdict_add(all->verdict, p->seq,
                       "does not hold the leaf of entry %" PRIu64 ", which is before it in its "
                       "dossier",
                       previous->seq);
}

static bool check_chains(struct verification *all)
{
    struct places *p = &all->places;
    if (p->count > 1)
        qsort(p->items, p->count, sizeof *p->items, place_order);
    for (size_t i = 0; i < p->count; i++) {
        bool first = i == 0 || memcmp(p->items[i - 1].place.id, p->items[i].place.id,
                                      sizeof p->items[i].place.id) != 0;
        all->verdict->dossiers += first;
        if (!check_link(all, first ? NULL : &p->items[i - 1], &p->items[i]))
            return false;
    }
    return true;
}

static int id_order(const void *id, const void *placed)
{
    return memcmp(id, ((const struct placed *)placed)->place.id,
                  sizeof((const struct placed *)placed)->place.id);
}

/* The places of one dossier, in order. NULL: no record names it. */
static const struct placed *places_of(const struct places *p, const unsigned char id[16],
                                      size_t *count)
{
    *count = 0;
    const struct placed *at =
        p->count ? bsearch(id, p->items, p->count, sizeof *p->items, id_order) : NULL;
    if (!at)
        return NULL;
    while (at > p->items && id_order(id, at - 1) == 0)
        at--;
    while (at + *count < p->items + p->count && id_order(id, at + *count) == 0)
        ++*count;
    return at;
}

static const struct placed *place_numbered(const struct placed *places, size_t count, uint64_t n)
{
    for (size_t i = n <= count && n ? (size_t)n - 1 : 0; i < count; i++)
        if (places[i].place.n == n)
            return &places[i];
    for (size_t i = 0; i < count; i++)
        if (places[i].place.n == n)
            return &places[i];
    return NULL;
}

/* What the dossier's row says beside its entries: the leaf that the next one is to name, and
   which one paused it. */
static bool check_head(struct verification *all, const struct dossier *d)
{
    uint64_t last = d->count ? d->seqs[d->count - 1] : 0;
    bool paused = d->paused_by == 0;
    if (seen(all, last) == SEEN_READ && memcmp(d->last_leaf, leaf(all, last), TREE_HASH) != 0 &&
        !verdict_add(all->verdict, 0,
                     "dossier %s: the index does not hold the leaf of entry %" PRIu64, d->invoice,
                     last))
        return false;
    for (uint64_t n = 1; !paused && n <= d->count; n++)
        paused = d->seqs[n - 1] == d->paused_by;
    return paused || verdict_add(all->verdict, 0,
                                 "dossier %s: the index says that entry %" PRIu64
                                 ", which is not in it, paused it",
                                 d->invoice, d->paused_by);
}

/* Entries that came in after verify began are not known here and do not count. */
static bool check_listed(struct verification *all, const struct dossier *d)
{
    size_t count;
    const struct placed *places = places_of(&all->places, d->id, &count);
    size_t listed = 0;
    for (uint64_t n = 1; n <= d->count; n++) {
        uint64_t seq = d->seqs[n - 1];
        if (seq > all->verdict->entries)
            continue;
        listed++;
        const struct placed *p = place_numbered(places, count, n);
        if ((p && p->seq == seq) || (seq && seen(all, seq) != SEEN_READ))
            continue;
        if (!verdict_add(all->verdict, 0,
                         "dossier %s: the index lists entry %" PRIu64 " as number %" PRIu64
                         ", the records say otherwise",
                         d->invoice, seq, n))
            return false;
    }
    if (count > listed)
        return verdict_add(all->verdict, 0,
                           "dossier %s: the index lists %zu entries, the records name %zu",
                           d->invoice, listed, count);
    return check_head(all, d);
}

static enum store_status check_index(struct verification *all, struct store *store,
                                     struct store_error *err)
{
    struct strings invoices = {0};
    size_t known = 0;
    enum store_status st = store_dossiers(store, &invoices, err);
    for (size_t i = 0; st == STORE_OK && i < invoices.count; i++) {
        struct dossier d = {0};
        struct store_error why = {0};
        enum store_status one = store_dossier(store, invoices.items[i], &d, &why);
        bool done = true;
        if (one == STORE_OK) {
            size_t count;
            known += places_of(&all->places, d.id, &count) != NULL;
            done = check_listed(all, &d);
        } else if (one == STORE_CORRUPT || one == STORE_NOT_FOUND) {
            known++; /* which of the records' ids it has cannot be told */
            done = verdict_add(all->verdict, 0, "dossier %s: the index cannot be read: %s",
                               invoices.items[i], why.text);
        } else
            st = store_fail(err, one, "%s", why.text);
        if (!done)
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
        dossier_free(&d);
    }
    strings_free(&invoices);
    if (st == STORE_OK && known < all->verdict->dossiers &&
        !verdict_add(all->verdict, 0,
                     "the index has no dossier for %" PRIu64 " of those in the "
                     "records",
                     all->verdict->dossiers - known))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    return st;
}

/* Asked only where nothing else was found that explains them. */
static enum store_status check_strays(struct verification *all, struct store *store,
                                      struct store_error *err)
{
    uint64_t strays;
    enum store_status st = store_index_strays(store, &strays, err);
    if (st == STORE_OK && strays &&
        !verdict_add(all->verdict, 0,
                     "index altered (it holds %" PRIu64 " tokens or reviews that no entry knows)",
                     strays))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    return st;
}

/* --- all ------------------------------------------------------------------------------------*/

static enum store_status check_surplus(struct verification *all, struct store_error *err)
{
    struct seal_store *seals = NULL;
    struct tree head;
    struct store_error why;
    uint64_t surplus = 0;
    enum store_status st = seal_store_open(all->settings->store_directory, STORE_READ, &seals, err);
    if (st == STORE_OK)
        st = seal_view_begin(seals, err); /* the sealer may go on meanwhile */
    if (st == STORE_OK && seal_head(seals, &head, &why) == STORE_OK)
        st = seal_surplus(seals, head.size, &surplus, err);
    if (surplus && !verdict_add(all->verdict, 0,
                                "seal.db: holds %" PRIu64 " signatures that its head, of %" PRIu64
                                " entries, does not know",
                                surplus, head.size))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    seal_view_end(seals);
    seal_store_close(seals);
    return st;
}

enum store_status verify_order(struct verification *all, struct store_error *err)
{
    uint64_t missing;
    if (!check_gaps(all, &missing) || !check_chains(all))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status st = missing ? STORE_OK : verify_tree(all, err);
    struct store *store = NULL;
    if (st == STORE_OK)
        st = store_open(all->settings->store_directory, STORE_READ, &store, err);
    if (st == STORE_OK)
        st = check_index(all, store, err);
    if (st == STORE_OK && all->verdict->count == 0)
        st = check_strays(all, store, err);
    store_close(store);
    return st == STORE_OK ? check_surplus(all, err) : st;
}
