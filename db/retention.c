/*
 * retention - which entries have outlived their time, and why
 */
#include "db/retention.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/exhibit.h"
#include "db/register.h"
#include "policy/erasure.h"

struct planning {
    struct store *store;
    struct dkim_links *keys;
    struct register_db *bills; /* NULL: there is no register */
    const struct settings *settings;
    int64_t now;
    struct retention *out;
    struct store_error *err;
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

void retention_free(struct retention *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->cases[i].invoice);
    free(r->cases);
    erasables_free(&r->expired);
    *r = (struct retention){0};
}

/* --- when a dossier was settled -------------------------------------------------------------*/

/* The time of a dossier's last entry: an invoice that was marked as paid has no other day. */
static enum store_status last_time(struct planning *p, const char *invoice, int64_t *time)
{
    struct dossier d;
    *time = 0;
    enum store_status st = store_dossier(p->store, invoice, &d, p->err);
    if (st == STORE_OK)
        st = exhibit_time(p->store, d.seqs[d.count - 1], time, p->err);
    dossier_free(&d);
    return st;
}

static enum store_status settled(struct planning *p, struct retention_case *c)
{
    struct register_invoice bill = {0};
    struct tm tm = {0};
    char date[11] = "";
    enum store_status st =
        p->bills ? register_invoice(p->bills, c->invoice, &bill, p->err) : STORE_NOT_FOUND;
    bool open = bill.status == INVOICE_OPEN;
    register_invoice_free(&bill);
    if (st == STORE_NOT_FOUND || (st == STORE_OK && open)) {
        c->state = st == STORE_OK ? RETENTION_NOT_SETTLED : RETENTION_UNKNOWN;
        return STORE_OK;
    }
    if (st == STORE_OK)
        st = register_last_payment(p->bills, c->invoice, date, p->err);
    const char *end = *date ? strptime(date, "%Y-%m-%d", &tm) : NULL;
    if (st == STORE_OK && end && !*end)
        c->settled = (int64_t)timegm(&tm);
    else if (st == STORE_OK)
        st = last_time(p, c->invoice, &c->settled);
    return st;
}

static enum store_status take_case(struct planning *p, const char *invoice)
{
    struct retention_case *c = &p->out->cases[p->out->count];
    *c = (struct retention_case){.invoice = strdup(invoice)};
    if (!c->invoice)
        return no_memory(p->err);
    p->out->count++;
    enum store_status st = store_hold(p->store, invoice, &c->hold, p->err);
    if (st == STORE_OK && c->hold)
        c->state = RETENTION_HELD;
    return st == STORE_OK && !c->hold ? settled(p, c) : st;
}

static enum store_status take_cases(struct planning *p)
{
    struct strings invoices = {0};
    enum store_status st = store_dossiers(p->store, &invoices, p->err);
    if (st == STORE_OK && !(p->out->cases = calloc(invoices.count + 1, sizeof *p->out->cases)))
        st = no_memory(p->err);
    for (size_t i = 0; st == STORE_OK && i < invoices.count; i++)
        st = take_case(p, invoices.items[i]);
    strings_free(&invoices);
    return st;
}

/* --- what has expired -----------------------------------------------------------------------*/

static int case_order(const void *invoice, const void *item)
{
    return strcmp(invoice, ((const struct retention_case *)item)->invoice);
}

/* When an entry has expired everywhere; INT64_MAX: not while things are as they are. */
static int64_t end_of(const struct planning *p, const struct erasable *item)
{
    const struct retention_years years = {p->settings->retention_years,
                                          p->settings->accounting_retention_years};
    int64_t end = item->dossiers.count ? 0 : retention_end(0, item->time, item->event, &years);
    for (size_t i = 0; i < item->dossiers.count; i++) {
        const struct retention_case *c =
            bsearch(item->dossiers.items[i], p->out->cases, p->out->count, sizeof *c, case_order);
        if (!c || c->state != RETENTION_RUNS)
            return INT64_MAX;
        int64_t one = retention_end(c->settled, item->time, item->event, &years);
        end = one > end ? one : end;
    }
    return end;
}

/* Move an item into the plan, once however many dossiers it is in. */
static enum store_status expire(struct planning *p, struct erasable *item)
{
    struct erasables *all = &p->out->expired;
    if ((all->count & (all->count - 1)) == 0) { /* grows at powers of two */
        size_t room = all->count ? 2 * all->count : 1;
        struct erasable *more = realloc(all->items, room * sizeof *more);
        if (!more)
            return no_memory(p->err);
        all->items = more;
    }
    all->items[all->count++] = *item;
    *item = (struct erasable){0};
    return STORE_OK;
}

static enum store_status take_entries(struct planning *p, struct retention_case *c)
{
    struct erasables list;
    enum store_status st = store_erasables(p->store, p->keys, c ? c->invoice : NULL, &list, p->err);
    for (size_t i = 0; st == STORE_OK && i < list.count; i++) {
        struct erasable *item = &list.items[i];
        int64_t end = end_of(p, item);
        bool expired = end <= p->now;
        bool first = !c || strcmp(item->dossiers.items[0], c->invoice) == 0;
        if (c && expired)
            c->expired++;
        else if (c)
            c->left++;
        else
            p->out->unfiled += expired;
        if (c && !expired && end != INT64_MAX && (c->next == 0 || end < c->next))
            c->next = end;
        if (expired && first)
            st = expire(p, item);
    }
    if (st == STORE_OK || list.items)
        erasables_free(&list);
    return st;
}

enum store_status retention_plan(const struct settings *s, int64_t now, struct retention *r,
                                 struct store_error *err)
{
    struct planning p = {.settings = s, .now = now, .out = r, .err = err};
    enum store_status st = store_open(s->store_directory, STORE_READ, &p.store, err);
    if (st != STORE_OK)
        return st;
    st = register_open(s->store_directory, STORE_READ, &p.bills, err);
    st = st == STORE_NOT_FOUND ? STORE_OK : st;
    if (st == STORE_OK)
        st = dkim_links_open(p.store, &p.keys, err);
    if (st == STORE_OK)
        st = take_cases(&p);
    for (size_t i = 0; st == STORE_OK && i < r->count; i++)
        st = take_entries(&p, &r->cases[i]);
    if (st == STORE_OK)
        st = take_entries(&p, NULL);
    dkim_links_close(p.keys);
    register_close(p.bills);
    store_close(p.store);
    return st;
}
