/*
 * timeline_keys - a dossier's messages from outside, and what was kept of their signatures' keys
 *
 * Keys are asked for after the message came, so an entry of its own tells about them, further
 * down in the same dossier. Those of a message that waited in review are in none; the index
 * (db/dkim_index.h) knows where they are.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "db/timeline.h"

/* What an entry tells about the key of the domain that the message is attributed to. */
static void note(struct timeline_item *message, const json_t *private_part)
{
    struct attribution *a = &message->author.found;
    if (!a->domain)
        return;
    enum key_kept kept = dkim_entry_kept(private_part, a->domain);
    a->key = kept > a->key ? kept : a->key;
}

static int by_seq(const void *key, const void *item)
{
    uint64_t seq = *(const uint64_t *)key;
    const struct timeline_item *i = item;
    return seq < i->seq ? -1 : seq > i->seq;
}

static enum store_status note_elsewhere(const struct timeline_sources *from,
                                        struct timeline_item *item, uint64_t message,
                                        struct store_error *err)
{
    uint64_t seqs[DKIM_ENTRIES_MAX];
    size_t count = 0;
    enum store_status st =
        dkim_index_entries(from->keys, message, seqs, DKIM_ENTRIES_MAX, &count, err);
    for (size_t i = 0; st == STORE_OK && i < count; i++) {
        struct stored_entry e = {0};
        struct exhibit x = {0};
        st = store_entry(from->store, seqs[i], &e, err);
        if (st == STORE_OK && !exhibit_read(&e, &x))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
        else if (st == STORE_OK && dkim_entry_message(x.private_part) == message)
            note(item, x.private_part);
        else if (st == STORE_NOT_FOUND)
            st = STORE_OK; /* an index of another log: what is not there is not shown */
        exhibit_free(&x);
        stored_entry_free(&e);
    }
    return st;
}

bool timeline_keys_words(const struct timeline_item *i, enum language language, struct bytes *out)
{
    if (!i->keys)
        return true;
    if (i->key_of_n &&
        !bytes_printf(out,
                      language == LANGUAGE_FR ? "pièce n° %" PRIu64 " ; " : "exhibit %" PRIu64 "; ",
                      i->key_of_n))
        return false;
    return bytes_puts(out, i->key_words[language]);
}

enum store_status timeline_keys_load(const struct timeline_sources *from, struct timeline *t,
                                     struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; i < t->count; i++) {
        struct timeline_item *entry = &t->items[i];
        struct timeline_item *message =
            entry->keys ? bsearch(&entry->key_of, t->items, t->count, sizeof *t->items, by_seq)
                        : NULL;
        if (message) {
            entry->key_of_n = message->n;
            note(message, entry->keys);
        }
    }
    if (!from->keys)
        return STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < t->count; i++)
        if (t->items[i].about)
            st = note_elsewhere(from, &t->items[i], t->items[i].about, err);
    for (size_t i = 0; st == STORE_OK && i < t->review_count; i++)
        st = note_elsewhere(from, &t->reviews[i], t->reviews[i].seq, err);
    return st;
}
