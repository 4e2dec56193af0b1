/*
 * outbound - is this an accountant's mail about an invoice, and may it leave?
 *
 * Each rule (thread, subject, header, attachment) names invoices; the first rule that names one
 * of a debtor who is among the recipients decides. A rule whose debtors get nothing of this
 * message decides nothing: an old mail forwarded to a lawyer stays untouched.
 *
 * The guard on recipients looks at every invoice that the deciding rule names, those that are
 * not filed too: a message that names two debtors' invoices must not tell one about the other.
 */
#include "policy/outbound.h"

#include <stdlib.h>
#include <string.h>

#include "policy/address.h"

/* The reply text of RFC 5321, 4.5.3.1.5: 512 octets with code, enhanced code and CRLF. */
enum { REFUSAL_MAX = 400 };

/* One decision's material. */
struct weighing {
    const struct settings *s;
    const struct reading *r;
    const struct query *q;
    const struct facts *f;
    struct strings external; /* recipients outside own_domains, normalised */
    struct strings named;    /* known invoices that the present rule names */
    struct outbound *out;
};

void outbound_free(struct outbound *o)
{
    strings_free(&o->invoices);
    free(o->learn_debtor);
    strings_free(&o->learn_addresses);
    free(o->refusal);
    strings_free(&o->overridden);
    memset(o, 0, sizeof *o);
}

static bool leave_alone(struct outbound *out, const char *reason)
{
    out->verdict = OUTBOUND_UNRELATED;
    out->reason = reason;
    return true;
}

/* Recipients outside our domains; *lawyer when one is never archived. */
static bool sort_recipients(struct weighing *w, const struct envelope *e, bool *lawyer)
{
    for (size_t i = 0; i < e->recipients.count; i++) {
        char *normal = address_normalise(e->recipients.items[i]);
        if (!normal)
            return false;
        *lawyer |= settings_is_never_archived(w->s, normal);
        bool kept = settings_is_own_address(w->s, normal) || !*normal ||
                    strings_add_unique(&w->external, normal);
        free(normal);
        if (!kept)
            return false;
    }
    return true;
}

/* Is this recipient a contact of this debtor (NULL: of any debtor)? */
static bool is_contact_of(const struct weighing *w, const char *address, const char *debtor)
{
    if (debtor)
        return facts_is_contact(w->f, w->q, address, debtor);
    for (size_t i = 0; i < w->f->contact_count; i++)
        if (facts_is_contact(w->f, w->q, address, w->f->contacts[i].debtor))
            return true;
    return false;
}

/* A stub's debtor is not known yet: it counts as one of its own. */
static const char *debtor_of(const struct fact_invoice *invoice)
{
    return invoice->debtor ? invoice->debtor : "";
}

static bool reaches(const struct weighing *w, const char *debtor)
{
    for (size_t i = 0; i < w->external.count; i++)
        if (is_contact_of(w, w->external.items[i], debtor))
            return true;
    return false;
}

/* Do all named invoices have the same debtor? */
static bool one_debtor(const struct weighing *w)
{
    const struct fact_invoice *first = facts_invoice(w->f, w->named.items[0]);
    for (size_t i = 1; i < w->named.count; i++)
        if (strcmp(debtor_of(facts_invoice(w->f, w->named.items[i])), debtor_of(first)) != 0)
            return false;
    return true;
}

/* Keep the numbers that the register knows as the invoices that this rule names. */
static bool name_invoices(struct weighing *w, const struct strings *numbers)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (facts_invoice(w->f, numbers->items[i]) &&
            !strings_add_unique(&w->named, numbers->items[i]))
            return false;
    return true;
}

/* File the message with every named invoice whose debtor is among the recipients; a single
   debtor without any contact learns the external ones. Then out->invoices is not empty and
   the rule decides. False: out of memory. */
static bool try_rule(struct weighing *w, const char *rule)
{
    if (w->named.count == 0 || w->external.count == 0)
        return true;
    bool alone = one_debtor(w);
    for (size_t i = 0; i < w->named.count; i++) {
        const struct fact_invoice *invoice = facts_invoice(w->f, w->named.items[i]);
        bool learns = alone && !invoice->debtor_has_contact;
        if (!learns && !reaches(w, debtor_of(invoice)))
            continue;
        if (!strings_add(&w->out->invoices, invoice->number))
            return false;
        if (learns && !w->out->learn_debtor) {
            w->out->learn_debtor = strdup(debtor_of(invoice));
            if (!w->out->learn_debtor || !strings_add_all(&w->out->learn_addresses, &w->external))
                return false;
        }
    }
    if (w->out->invoices.count)
        w->out->rule = rule;
    else
        strings_free(&w->named);
    return true;
}

static const struct fact_entry *entry_of_id(const struct facts *f, const char *id)
{
    for (size_t i = 0; i < f->entry_count; i++)
        if (!f->entries[i].by_token && f->entries[i].id && strcmp(f->entries[i].id, id) == 0)
            return &f->entries[i];
    return NULL;
}

/* The nearest known ancestor that is in a dossier; NULL: none by message-id. RFC 5322, 3.6.4:
   In-Reply-To names the parents, References ends with the parent. */
static const struct fact_entry *nearest_ancestor(const struct weighing *w)
{
    const struct fact_entry *entry;
    for (size_t i = 0; i < w->r->in_reply_to.count; i++)
        if ((entry = entry_of_id(w->f, w->r->in_reply_to.items[i])) && entry->invoices.count)
            return entry;
    for (size_t i = w->r->references.count; i-- > 0;)
        if ((entry = entry_of_id(w->f, w->r->references.items[i])) && entry->invoices.count)
            return entry;
    return NULL;
}

/* With an open register: a thread whose only dossier is a stub, and one of its recipients. */
static bool try_stub_thread(struct weighing *w, const struct fact_entry *parent)
{
    const char *number = parent->invoices.items[0];
    if (!w->s->register_open || parent->invoices.count != 1 || facts_invoice(w->f, number))
        return true;
    for (size_t i = 0; i < w->f->entry_count; i++)
        for (size_t k = 0; k < w->external.count; k++)
            if (strings_contain(&w->f->entries[i].invoices, number) &&
                strings_contain(&w->f->entries[i].recipients, w->external.items[k])) {
                w->out->stub = true;
                w->out->rule = "thread";
                return strings_add(&w->out->invoices, number);
            }
    return true;
}

static bool try_thread(struct weighing *w)
{
    const struct fact_entry *entry = nearest_ancestor(w);
    if (entry)
        return try_stub_thread(w, entry) &&
               (w->out->rule || (name_invoices(w, &entry->invoices) && try_rule(w, "thread")));
    for (size_t i = 0; i < w->f->entry_count; i++)
        if (!name_invoices(w, &w->f->entries[i].invoices))
            return false;
    return try_rule(w, "thread");
}

/* With an open register: the only number that subject or header names, and nobody knows,
   begins a dossier. */
static bool try_stub(struct weighing *w, const struct strings *numbers, const char *rule)
{
    if (!w->s->register_open || w->out->rule || numbers->count != 1 || w->external.count == 0 ||
        facts_invoice(w->f, numbers->items[0]))
        return true;
    w->out->stub = true;
    w->out->rule = rule;
    return strings_add(&w->out->invoices, numbers->items[0]) &&
           strings_add_all(&w->out->learn_addresses, &w->external);
}

static bool try_header(struct weighing *w)
{
    struct strings subject = {0}, header = {0};
    bool done = invoice_numbers_find(w->s, w->r->subject, &subject) &&
                invoice_header_find(w->r->invoice_header, &header) && name_invoices(w, &subject) &&
                try_rule(w, "subject");
    if (done && !w->out->rule)
        done = name_invoices(w, &header) && try_rule(w, "header") &&
               try_stub(w, &subject, "subject") && try_stub(w, &header, "header");
    strings_free(&subject);
    strings_free(&header);
    return done;
}

static bool try_attachments(struct weighing *w, const struct strings *names)
{
    struct strings numbers = {0};
    bool done = true;
    for (size_t i = 0; done && i < names->count; i++)
        done = invoice_numbers_find(w->s, names->items[i], &numbers);
    done = done && name_invoices(w, &numbers) && try_rule(w, "attachment");
    strings_free(&numbers);
    return done;
}

/* Does the message answer something that came in? */
static bool answers_inbound(const struct weighing *w)
{
    const struct fact_entry *entry;
    for (size_t i = 0; i < w->r->in_reply_to.count; i++)
        if ((entry = entry_of_id(w->f, w->r->in_reply_to.items[i])) && !entry->outbound)
            return true;
    size_t count = w->r->references.count;
    entry = count ? entry_of_id(w->f, w->r->references.items[count - 1]) : NULL;
    return entry && !entry->outbound;
}

/* One line for the SMTP reply: printable ASCII, cut to REFUSAL_MAX. */
static char *refusal_text(const char *sentence, const char *about)
{
    struct bytes text = {0};
    if (!bytes_printf(&text, "%s: %s", sentence, about)) {
        bytes_free(&text);
        return NULL;
    }
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            text.data[i] = '?';
    if (text.len > REFUSAL_MAX)
        text.data[REFUSAL_MAX] = '\0';
    return bytes_steal(&text);
}

/* A guard has something against the message. False: out of memory. */
static bool guard_says(struct outbound *out, enum guard_action action, const char *guard,
                       const char *sentence, const char *about)
{
    if (action == GUARD_OFF || out->verdict == OUTBOUND_REFUSED)
        return true;
    if (action == GUARD_REJECT) {
        out->verdict = OUTBOUND_REFUSED;
        out->reason = guard;
        out->refusal = refusal_text(sentence, about);
        return out->refusal != NULL;
    }
    struct bytes why = {0};
    bool done = bytes_printf(&why, "%s: %s", guard, about) &&
                strings_add_unique(&out->overridden, why.data);
    bytes_free(&why);
    return done;
}

/* An answer in a thread about a paid invoice is a courtesy; a reminder about it is a mistake. */
static bool guard_paid(struct weighing *w)
{
    if (!w->out->reminder && strcmp(w->out->rule, "thread") == 0)
        return true;
    for (size_t i = 0; i < w->named.count; i++) {
        const struct fact_invoice *invoice = facts_invoice(w->f, w->named.items[i]);
        if (invoice->status != INVOICE_OPEN &&
            !guard_says(w->out, w->s->guard_paid, "guard paid",
                        "Facture deja reglee ou annulee, message refuse / Invoice already paid or "
                        "cancelled, message refused",
                        invoice->number))
            return false;
    }
    return true;
}

/* Is this recipient a stranger to the debtor? A debtor who knows nobody yet takes whoever is
   not another debtor's contact. */
static bool is_foreign(const struct weighing *w, const char *address,
                       const struct fact_invoice *invoice)
{
    if (is_contact_of(w, address, debtor_of(invoice)))
        return false;
    return !w->out->learn_debtor || is_contact_of(w, address, NULL);
}

static bool guard_recipient(struct weighing *w)
{
    for (size_t i = 0; i < w->external.count; i++)
        for (size_t k = 0; k < w->named.count; k++) {
            const struct fact_invoice *invoice = facts_invoice(w->f, w->named.items[k]);
            if (!is_foreign(w, w->external.items[i], invoice))
                continue;
            struct bytes about = {0};
            bool done =
                bytes_printf(&about, "%.200s (%.60s)", w->external.items[i], invoice->number) &&
                guard_says(w->out, w->s->guard_recipient, "guard recipient",
                           "Destinataire etranger au debiteur, message refuse / Recipient is no "
                           "contact of the debtor, message refused",
                           about.data);
            bytes_free(&about);
            if (!done)
                return false;
        }
    return true;
}

/* Another debtor's contact, let through by a guard that only warns, is not learned. */
static bool unlearn_others(struct weighing *w)
{
    struct strings kept = {0};
    bool done = true;
    for (size_t i = 0; done && i < w->out->learn_addresses.count; i++)
        if (!is_contact_of(w, w->out->learn_addresses.items[i], NULL))
            done = strings_add(&kept, w->out->learn_addresses.items[i]);
    strings_free(&w->out->learn_addresses);
    w->out->learn_addresses = kept;
    if (kept.count == 0) {
        free(w->out->learn_debtor);
        w->out->learn_debtor = NULL;
    }
    return done;
}

static bool judge(struct weighing *w)
{
    struct outbound *out = w->out;
    out->verdict = OUTBOUND_OURS;
    out->reason = out->stub ? "number unknown to an open register" : out->rule;
    out->reminder = !answers_inbound(w);
    return guard_paid(w) && guard_recipient(w) && (!out->learn_debtor || unlearn_others(w));
}

static bool weigh(struct weighing *w, const struct strings *attachment_names)
{
    if (!try_thread(w) || (!w->out->rule && !try_header(w)))
        return false;
    if (!w->out->rule && !attachment_names && reaches(w, NULL)) {
        w->out->verdict = OUTBOUND_ATTACHMENTS;
        w->out->reason = "attachments may tell";
        return true;
    }
    if (!w->out->rule && attachment_names && !try_attachments(w, attachment_names))
        return false;
    if (!w->out->rule)
        return leave_alone(w->out,
                           reaches(w, NULL) ? "no known invoice named" : "no contact addressed");
    return judge(w);
}

static const char *exclusion(const struct weighing *w, bool lawyer)
{
    if (w->r->personal)
        return "excluded: marked personal";
    if (lawyer)
        return "excluded: a recipient is never archived";
    return w->external.count == 0 ? "excluded: internal recipients only" : NULL;
}

bool outbound_exclusion(const struct settings *s, const struct envelope *e, const struct reading *r,
                        const char **reason)
{
    struct weighing w = {.s = s, .r = r};
    bool lawyer = false, done = sort_recipients(&w, e, &lawyer);
    *reason = done ? exclusion(&w, lawyer) : NULL;
    strings_free(&w.external);
    return done;
}

bool outbound_decide(const struct settings *s, const struct accountant *accountant,
                     const struct envelope *e, const struct reading *r,
                     const struct strings *attachment_names, const struct query *q,
                     const struct facts *f, struct outbound *out)
{
    struct weighing w = {.s = s, .r = r, .q = q, .f = f, .out = out};
    bool lawyer = false;
    memset(out, 0, sizeof *out);
    if (!accountant)
        return leave_alone(out, "no accountant");
    bool done = sort_recipients(&w, e, &lawyer);
    const char *excluded = done ? exclusion(&w, lawyer) : NULL;
    if (excluded)
        leave_alone(out, excluded);
    else if (done)
        done = weigh(&w, attachment_names);
    strings_free(&w.external);
    strings_free(&w.named);
    return done;
}
