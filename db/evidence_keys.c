/*
 * evidence_keys - dkim/NNN.txt of an evidence file: the DNS keys that were kept for message NNN
 *
 * The entries that tell about keys are in the file like any other; what stands in dkim/ is made of
 * their private parts, for tools that want a key and not our records. It lies in the volume of
 * the message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/dkim_entry.h"
#include "db/evidence_internal.h"

/* An entry of the plan that tells about a message's keys. */
struct pair {
    uint64_t message, entry; /* numbers in the log */
};

static int by_message(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    if (left->message != right->message)
        return left->message < right->message ? -1 : 1;
    return left->entry < right->entry ? -1 : left->entry > right->entry;
}

/* The first pair of a message or of a later one. */
static size_t first_of(const struct pair *pairs, size_t count, uint64_t message)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pairs[middle].message < message)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum store_status part_load(struct making *m, uint64_t seq, json_t **part)
{
    struct stored_entry e = {0};
    enum store_status st = store_entry(m->sources.store, seq, &e, m->err);
    if (st == STORE_OK && e.private_part.data)
        *part = json_loadb(e.private_part.data, e.private_part.len, JSON_REJECT_DUPLICATES, NULL);
    stored_entry_free(&e);
    return st;
}

typedef enum store_status each_message_fn(struct making *m, const struct placed *p,
                                          json_t *const *parts, size_t count);

/* Load the private parts, as far as they are not erased, and hand them over. */
static enum store_status with_parts(struct making *m, const struct placed *p,
                                    const struct pair *pairs, size_t count, each_message_fn *each)
{
    json_t *parts[DKIM_ENTRIES_MAX] = {NULL};
    size_t taken = 0;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < count && taken < DKIM_ENTRIES_MAX; i++) {
        st = part_load(m, pairs[i].entry, &parts[taken]);
        taken += parts[taken] != NULL;
    }
    if (st == STORE_OK && taken)
        st = each(m, p, parts, taken);
    for (size_t i = 0; i < taken; i++)
        json_decref(parts[i]);
    return st;
}

/* Call `each` for every message of the volume with what tells about its keys. */
static enum store_status each_message(struct making *m, each_message_fn *each)
{
    size_t count = 0;
    struct pair *pairs = calloc(m->plan.count ? m->plan.count : 1, sizeof *pairs);
    if (!pairs)
        return evidence_no_memory(m);
    for (size_t i = 0; i < m->plan.count; i++)
        if (m->plan.entries[i].key_of)
            pairs[count++] = (struct pair){m->plan.entries[i].key_of, m->plan.entries[i].seq};
    qsort(pairs, count, sizeof *pairs, by_message);
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < m->plan.count; i++) {
        const struct placed *p = &m->plan.entries[i];
        if (p->volume != m->volume || !p->has_message)
            continue;
        size_t first = first_of(pairs, count, p->seq), end = first_of(pairs, count, p->seq + 1);
        st = with_parts(m, p, pairs + first, end - first, each);
    }
    free(pairs);
    return st;
}

/* --- dkim/NNN.txt ---------------------------------------------------------------------------*/

static enum store_status put_file(struct making *m, const struct placed *p, json_t *const *parts,
                                  size_t count)
{
    struct bytes text = {0};
    char name[STEM + 16];
    snprintf(name, sizeof name, "dkim/%s.txt", p->stem);
    enum store_status st = dkim_entry_file(parts, count, &text)
                               ? container_add(m->container, name, &text, m->err)
                               : evidence_no_memory(m);
    bytes_free(&text);
    return st;
}

enum store_status evidence_put_keys(struct making *m)
{
    return each_message(m, put_file);
}

/* --- for LISEZMOI ---------------------------------------------------------------------------*/

/* A domain is printed in a command. */
static bool is_plain(const char *domain)
{
    return *domain && domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] == '\0';
}

/* "003:debtor.example" for a signature that was good when it came, and whose key is there. */
static enum store_status list_signed(struct making *m, const struct placed *p, json_t *const *parts,
                                     size_t count)
{
    const struct strings *passed = &m->timeline.items[p->item].author.passed;
    enum store_status st = STORE_OK;
    for (size_t n = 0; n < count; n++)
        m->chains |= dkim_entry_has_chain(parts[n]);
    for (size_t i = 0; st == STORE_OK && i < passed->count; i++) {
        const char *domain = passed->items[i];
        enum key_kept best = KEY_NOT_KEPT;
        for (size_t n = 0; n < count; n++)
            if (dkim_entry_kept(parts[n], domain) > best)
                best = dkim_entry_kept(parts[n], domain);
        struct bytes one = {0};
        if (best >= KEY_SEEN && is_plain(domain) &&
            !(bytes_printf(&one, "%s:%s", p->stem, domain) &&
              strings_add_unique(&m->signed_messages, one.data)))
            st = evidence_no_memory(m);
        bytes_free(&one);
    }
    m->has_keys = true;
    return st;
}

enum store_status evidence_list_keys(struct making *m)
{
    evidence_free_keys(m);
    return each_message(m, list_signed);
}

void evidence_free_keys(struct making *m)
{
    strings_free(&m->signed_messages);
    m->has_keys = m->chains = false;
}
