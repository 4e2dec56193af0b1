/*
 * inbound - whose dossier does a message from outside belong to, and how surely?
 *
 * Every entry that a token or a message-id names is weighed by itself: which of its dossiers
 * are meant, and is that strong? The strong ones decide; without one, the weak are proposed for
 * review. Only when no entry is named does an invoice number in the subject propose anything,
 * and only for a known contact, since such numbers can be guessed.
 */
#include "policy/inbound.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/amounts.h"

/* One decision's material. */
struct weighing {
    const struct settings *s;
    const struct envelope *e;
    const struct reading *r;
    const struct report *report;
    const struct query *q;
    const struct facts *f;
    struct strings numbers;  /* invoice numbers in the subject */
    struct tokens in_thread; /* message numbers of the tokens in References and In-Reply-To */
    struct strings strong, weak;
    bool disowned;            /* what our server found speaks against From */
    struct strings signed_by; /* domains whose signature it found good */
    const char *strong_how, *weak_how;
    const char *strong_reason, *weak_reason;
};

void inbound_free(struct inbound *i)
{
    strings_free(&i->invoices);
    authres_free(&i->authentication);
    memset(i, 0, sizeof *i);
}

static bool is_report(const struct weighing *w)
{
    return w->r->kind == KIND_DSN || w->r->kind == KIND_MDN;
}

/* The message number in a token's text, not checked: 26 base32 characters hold one octet of key
   number, then five of message number (token.h). Whether it is valid the query knows. */
static uint64_t number_in(const char *token)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t bits = 0;
    for (int i = 0; i < 10; i++) {
        const char *at = token[i] ? strchr(alphabet, tolower((unsigned char)token[i])) : NULL;
        if (!at)
            return 0;
        bits = bits << 5 | (uint64_t)(at - alphabet);
    }
    return bits >> 2 & TOKEN_NUMBER_MAX;
}

static bool note_thread_tokens(struct weighing *w, const struct strings *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        const char *token = token_in_message_id(ids->items[i]);
        if (token && !tokens_add(&w->in_thread, number_in(token)))
            return false;
    }
    return true;
}

static bool token_is_in_thread(const struct weighing *w, uint64_t number)
{
    for (size_t i = 0; i < w->in_thread.count; i++)
        if (w->in_thread.numbers[i] == number)
            return true;
    return false;
}

static bool from_is_contact(const struct weighing *w, const struct fact_invoice *invoice)
{
    for (size_t i = 0; invoice && invoice->debtor && i < w->r->from.count; i++)
        if (facts_is_contact(w->f, w->q, w->r->from.items[i], invoice->debtor))
            return true;
    return false;
}

/* The entry's dossiers whose debtor From is a contact of. */
static bool senders_dossiers(const struct weighing *w, const struct fact_entry *entry,
                             struct strings *out)
{
    for (size_t i = 0; i < entry->invoices.count; i++)
        if (from_is_contact(w, facts_invoice(w->f, entry->invoices.items[i])) &&
            !strings_add_unique(out, entry->invoices.items[i]))
            return false;
    return true;
}

/* Does the entry concern more than one debtor? Then only its sender tells whose it is. */
static bool serves_several(const struct weighing *w, const struct fact_entry *entry)
{
    const char *first = NULL;
    for (size_t i = 0; i < entry->invoices.count; i++) {
        const struct fact_invoice *invoice = facts_invoice(w->f, entry->invoices.items[i]);
        const char *debtor = invoice && invoice->debtor ? invoice->debtor : "";
        if (first && strcmp(first, debtor) != 0)
            return true;
        first = debtor;
    }
    return false;
}

static bool share_dossier(const struct fact_entry *a, const struct fact_entry *b)
{
    for (size_t i = 0; i < a->invoices.count; i++)
        if (strings_contain(&b->invoices, a->invoices.items[i]))
            return true;
    return false;
}

/* Does a message-id lead to this entry, or to another of the same dossier? */
static bool thread_is_known(const struct weighing *w, const struct fact_entry *entry)
{
    for (size_t i = 0; i < w->f->entry_count; i++) {
        const struct fact_entry *other = &w->f->entries[i];
        if (!other->by_token && (other->seq == entry->seq || share_dossier(other, entry)))
            return true;
    }
    return false;
}

/* Is this the old subject, or does it name one of the entry's invoices? Otherwise a mail to an
   old tagged address is a new topic, which the address book of the debtor's client made. */
static bool subject_fits(const struct weighing *w, const struct fact_entry *entry)
{
    if (entry->subject && entry->subject == w->f->subject)
        return true;
    for (size_t i = 0; i < w->numbers.count; i++)
        if (strings_contain(&entry->invoices, w->numbers.items[i]))
            return true;
    return false;
}

static bool from_received_it(const struct weighing *w, const struct fact_entry *entry)
{
    for (size_t i = 0; i < w->r->from.count; i++)
        if (strings_contain(&entry->recipients, w->r->from.items[i]))
            return true;
    return false;
}

static bool report_names_recipient(const struct weighing *w, const struct fact_entry *entry)
{
    for (size_t i = 0; w->report && i < w->report->count; i++) {
        const struct report_recipient *told = &w->report->recipients[i];
        if ((told->final && !settings_is_own_address(w->s, told->final) &&
             strings_contain(&entry->recipients, told->final)) ||
            (told->original && !settings_is_own_address(w->s, told->original) &&
             strings_contain(&entry->recipients, told->original)))
            return true;
    }
    return false;
}

/* Does a report speak of our own mailboxes alone, as of a colleague's in Cc? It says nothing
   about the debtor then. */
static bool report_is_internal(const struct weighing *w)
{
    if (!is_report(w) || !w->report)
        return false;
    size_t own = 0;
    for (size_t i = 0; i < w->report->count; i++) {
        const struct report_recipient *told = &w->report->recipients[i];
        bool final_own = !told->final || settings_is_own_address(w->s, told->final);
        bool original_own = !told->original || settings_is_own_address(w->s, told->original);
        own += (told->final || told->original) && final_own && original_own;
    }
    return own > 0 && own == w->report->count;
}

/* The subject names invoices that we know, and none of this entry's. */
static bool names_others(const struct weighing *w, const struct fact_entry *entry)
{
    size_t others = 0;
    for (size_t i = 0; i < w->numbers.count; i++) {
        if (strings_contain(&entry->invoices, w->numbers.items[i]))
            return false;
        others += facts_invoice(w->f, w->numbers.items[i]) != NULL;
    }
    return others > 0;
}

/* What speaks against a match, whatever speaks for it; NULL: nothing. */
static const char *contradiction(const struct weighing *w, const struct fact_entry *entry)
{
    if (w->disowned)
        return is_report(w) ? "report that fails authentication"
                            : "authentication of the sender failed";
    if (!is_report(w) && names_others(w, entry))
        return "the subject names another invoice";
    return NULL;
}

/* Strong or weak? *reason says why. `contact`: From is a contact of one of its debtors. */
static bool is_strong(const struct weighing *w, const struct fact_entry *entry, bool contact,
                      const char **reason)
{
    *reason = contradiction(w, entry);
    if (*reason)
        return false;
    if (is_report(w)) {
        bool named = report_names_recipient(w, entry);
        *reason = named ? "report on a recipient" : "report on nobody that we wrote to";
        return named;
    }
    if (!contact && serves_several(w, entry)) {
        *reason = "several debtors, sender unknown";
        return false;
    }
    if (!entry->by_token) {
        bool known = contact || from_received_it(w, entry);
        *reason = known ? "known thread and sender" : "known thread, unknown sender";
        return known;
    }
    if (thread_is_known(w, entry)) {
        *reason = "token and known thread";
        return true;
    }
    if (!contact) {
        *reason = "token, unknown thread and sender";
        return false;
    }
    bool fits = token_is_in_thread(w, entry->token) || subject_fits(w, entry);
    *reason = fits ? "token and known sender" : "new subject to an old tagged address";
    return fits;
}

static bool weigh_entry(struct weighing *w, const struct fact_entry *entry)
{
    struct strings dossiers = {0};
    const char *reason = NULL, *how = entry->by_token ? "token" : "thread";
    if (entry->invoices.count == 0)
        return true;
    bool done = is_report(w) || senders_dossiers(w, entry, &dossiers);
    bool contact = dossiers.count > 0;
    if (done && !contact)
        done = strings_add_all(&dossiers, &entry->invoices);
    bool strong = done && is_strong(w, entry, contact, &reason);
    struct strings *list = strong ? &w->strong : &w->weak;
    for (size_t i = 0; done && i < dossiers.count; i++)
        done = strings_add_unique(list, dossiers.items[i]);
    if (strong && (!w->strong_how || entry->by_token)) {
        w->strong_how = how;
        w->strong_reason = reason;
    } else if (done && !strong && (!w->weak_how || entry->by_token)) {
        w->weak_how = how;
        w->weak_reason = reason;
    }
    strings_free(&dossiers);
    return done;
}

/* Is the only From an address of a domain that signed? */
static bool signature_is_senders(const struct weighing *w)
{
    const char *domain = w->r->from.count == 1 ? address_domain(w->r->from.items[0]) : "";
    for (size_t i = 0; *domain && i < w->signed_by.count; i++)
        if (attribution_aligned(w->signed_by.items[i], domain))
            return true;
    return false;
}

/* A number can be guessed and From can be written by anybody: something more must agree. */
static const char *what_agrees(const struct weighing *w, const struct fact_invoice *invoice)
{
    if (w->disowned)
        return NULL;
    if (signature_is_senders(w))
        return "invoice number from a known contact, signed";
    if (*invoice->currency && amount_stands_in(w->r->subject, invoice->left, invoice->currency))
        return "invoice number and amount from a known contact";
    return NULL;
}

static bool weigh_subject(struct weighing *w)
{
    for (size_t i = 0; i < w->numbers.count; i++) {
        const struct fact_invoice *invoice = facts_invoice(w->f, w->numbers.items[i]);
        if (!from_is_contact(w, invoice))
            continue;
        const char *agrees = what_agrees(w, invoice);
        *(agrees ? &w->strong_how : &w->weak_how) = "subject";
        *(agrees ? &w->strong_reason : &w->weak_reason) =
            agrees ? agrees : "invoice number from a known contact";
        if (!strings_add_unique(agrees ? &w->strong : &w->weak, w->numbers.items[i]))
            return false;
    }
    return true;
}

static bool is_null_sender(const struct envelope *e)
{
    return e->sender && !*e->sender;
}

/* EVIDENCE 3. What a null sender wrote was written by a machine, whatever its header says. */
static const char *event_of(const struct weighing *w)
{
    if (is_report(w) && w->report)
        return report_event(w->report, w->r->kind == KIND_MDN);
    if (w->r->kind == KIND_REPLY && is_null_sender(w->e))
        return message_kind_name(KIND_AUTO_REPLY);
    return message_kind_name(w->r->kind);
}

static void settle(struct weighing *w, struct inbound *out)
{
    bool strong = w->strong.count > 0;
    struct strings *list = strong ? &w->strong : &w->weak;
    if (list->count == 0) {
        out->reason = w->f->entry_count ? "entries without a dossier" : "nothing known is named";
        return;
    }
    out->verdict = strong ? INBOUND_STRONG : INBOUND_REVIEW;
    out->how = strong ? w->strong_how : w->weak_how;
    out->reason = strong ? w->strong_reason : w->weak_reason;
    out->invoices = *list;
    *list = (struct strings){0};
    out->pauses = strong && w->r->kind == KIND_REPLY && !is_null_sender(w->e);
}

const char *inbound_exclusion(const struct settings *s, const struct reading *r,
                              const struct report *report)
{
    struct weighing w = {.s = s, .r = r, .report = report};
    if (r->personal)
        return "excluded: marked personal";
    for (size_t i = 0; i < r->from.count; i++)
        if (settings_is_never_archived(s, r->from.items[i]))
            return "excluded: the sender is never archived";
    return report_is_internal(&w) ? "report on our own mailbox" : NULL;
}

/* What the register knows of From, when that is one address. */
static enum sender_known sender_of(const struct weighing *w, const struct strings *invoices)
{
    enum sender_known known = SENDER_UNKNOWN;
    if (w->r->from.count != 1)
        return known;
    for (size_t i = 0; i < invoices->count; i++) {
        const struct fact_invoice *invoice = facts_invoice(w->f, invoices->items[i]);
        for (size_t k = 0; invoice && invoice->debtor && k < w->f->contact_count; k++) {
            const struct fact_contact *c = &w->f->contacts[k];
            if (c->address >= w->q->addresses.count || strcmp(c->debtor, invoice->debtor) != 0 ||
                strcmp(w->q->addresses.items[c->address], w->r->from.items[0]) != 0)
                continue;
            if (!c->by_domain)
                return SENDER_CONTACT;
            known = SENDER_DOMAIN;
        }
    }
    return known;
}

static bool authenticate(struct weighing *w, struct inbound *out)
{
    const struct strings *fields = &w->r->authentication_results;
    const char *domain = w->r->from.count == 1 ? address_domain(w->r->from.items[0]) : "";
    for (size_t i = 0; i < fields->count; i++)
        if (!authres_take(fields->items[i], w->s->authserv_id, &out->authentication))
            return false;
    w->disowned = authres_disowns(&out->authentication, *domain ? domain : NULL);
    return authres_passed(&out->authentication, &w->signed_by);
}

bool inbound_decide(const struct settings *s, const struct envelope *e, const struct reading *r,
                    const struct report *report, const struct query *q, const struct facts *f,
                    struct inbound *out)
{
    struct weighing w = {.s = s, .e = e, .r = r, .report = report, .q = q, .f = f};
    memset(out, 0, sizeof *out);
    out->verdict = INBOUND_UNRELATED;
    out->event = event_of(&w);
    out->reason = inbound_exclusion(s, r, report);
    if (out->reason)
        return true;
    bool done = authenticate(&w, out) && invoice_numbers_find(s, r->subject, &w.numbers) &&
                note_thread_tokens(&w, &r->references) && note_thread_tokens(&w, &r->in_reply_to);
    for (size_t i = 0; done && i < f->entry_count; i++)
        done = weigh_entry(&w, &f->entries[i]);
    if (done && w.strong.count == 0 && w.weak.count == 0 && !is_report(&w))
        done = weigh_subject(&w);
    if (done) {
        settle(&w, out);
        out->known = sender_of(&w, &out->invoices);
    }
    strings_free(&w.numbers);
    strings_free(&w.strong);
    strings_free(&w.weak);
    strings_free(&w.signed_by);
    tokens_free(&w.in_thread);
    return done;
}
