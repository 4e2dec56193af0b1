/*
 * erase_order - carrying out an order to erase: entries of the log for it, however many
 */
#include "db/erase_order.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/scribe_client.h"
#include "policy/erasure.h"

/* --- the order ------------------------------------------------------------------------------*/

static bool ground_list(struct bytes *text)
{
    const struct erasure_ground *g;
    for (size_t i = 0; (g = erasure_ground_at(i)); i++)
        if (!bytes_puts(text, i ? ", " : "") || !bytes_puts(text, g->name))
            return false;
    return true;
}

/* Blanks around a name make nobody else of it. */
static bool same_person(const char *a, const char *b)
{
    a += strspn(a, " \t");
    b += strspn(b, " \t");
    size_t x = strlen(a), y = strlen(b);
    while (x && strchr(" \t", a[x - 1]))
        x--;
    while (y && strchr(" \t", b[y - 1]))
        y--;
    return x == y && strncasecmp(a, b, x) == 0;
}

static bool is_nobody(const char *name)
{
    return !name || !name[strspn(name, " \t")];
}

enum store_status erase_order_check(const struct erase_order *order, bool needs_second,
                                    struct store_error *err)
{
    struct bytes list = {0};
    enum store_status st = STORE_OK;
    if (!erasure_ground(order->ground)) {
        st = ground_list(&list) ? STORE_INVALID : STORE_NO_MEMORY;
        store_fail(err, st, "\"%s\" is no ground for an erasure: write one of %s",
                   order->ground ? order->ground : "", list.data ? list.data : "");
        bytes_free(&list);
    } else if (is_nobody(order->by)) {
        st = store_fail(err, STORE_INVALID, "who orders it? Write --by NAME");
    } else if (order->confirmed_by && is_nobody(order->confirmed_by)) {
        st = store_fail(err, STORE_INVALID, "--confirm-by names nobody");
    } else if (needs_second && !order->confirmed_by) {
        st = store_fail(err, STORE_INVALID,
                        "erase_needs_second = yes: a second person must confirm, with "
                        "--confirm-by NAME");
    } else if (order->confirmed_by && same_person(order->by, order->confirmed_by)) {
        st = store_fail(err, STORE_INVALID,
                        "%s cannot confirm an order of their own: --confirm-by "
                        "names somebody else",
                        order->by);
    }
    return st;
}

/* --- carrying it out ------------------------------------------------------------------------*/

static int compare_dossiers(const struct strings *a, const struct strings *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = strcmp(a->items[i], b->items[i]);
        if (order)
            return order;
    }
    return a->count < b->count ? -1 : a->count > b->count;
}

/* By dossiers, then as the log has them. */
static int compare_items(const void *a, const void *b)
{
    const struct erasable *x = *(const struct erasable *const *)a;
    const struct erasable *y = *(const struct erasable *const *)b;
    int order = compare_dossiers(&x->dossiers, &y->dossiers);
    return order ? order : x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool compose(struct entry *e, const struct erase_order *order,
                    const struct erasable *const *items, size_t count)
{
    uint64_t seqs[ERASURE_MAX];
    for (size_t i = 0; i < count; i++)
        seqs[i] = items[i]->seq;
    const struct erasure what = {order->ground, order->by, order->confirmed_by, seqs, count};
    e->event = "erasure";
    e->actor = order->actor;
    e->private_part = erasure_private(&what);
    return e->private_part && strings_add_all(&e->dossiers, &items[0]->dossiers) &&
           (!order->again_log ||
            json_object_set_new(e->private_part, "again",
                                json_pack("{s:s, s:I}", "log", order->again_log, "seq",
                                          (json_int_t)order->again_seq)) == 0);
}

static enum store_status append(const struct settings *s, const struct erase_order *order,
                                const struct erasable *const *items, size_t count,
                                struct store_error *err)
{
    struct entry e;
    struct appended done = {0};
    entry_init(&e);
    enum store_status st = compose(&e, order, items, count)
                               ? log_append(s, &e, &done, err)
                               : store_fail(err, STORE_NO_MEMORY, "out of memory");
    appended_free(&done);
    entry_free(&e);
    return st;
}

enum store_status erase_order_run(const struct settings *s, const struct erase_order *order,
                                  const struct erasables *list, size_t *erased,
                                  struct store_error *err)
{
    *erased = 0;
    const struct erasable **items = calloc(list->count ? list->count : 1, sizeof *items);
    if (!items)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < list->count; i++)
        items[i] = &list->items[i];
    qsort(items, list->count, sizeof *items, compare_items);
    enum store_status st = STORE_OK;
    while (st == STORE_OK && *erased < list->count) {
        size_t first = *erased, count = 1;
        while (first + count < list->count && count < ERASURE_MAX &&
               compare_dossiers(&items[first]->dossiers, &items[first + count]->dossiers) == 0)
            count++;
        st = append(s, order, &items[first], count, err);
        if (st == STORE_OK)
            *erased += count;
    }
    free(items);
    return st;
}
