/*
 * timeline - a dossier as people look at it: reading it from store, seal and register
 */
#include "db/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "db/exhibit.h"
#include "db/stored_header.h"
#include "db/timeline_facts.h"
#include "db/wire.h"
#include "policy/delivery.h"
#include "policy/message.h"
#include "policy/text.h"

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static void item_free(struct timeline_item *i)
{
    free(i->time);
    free(i->event);
    free(i->direction);
    free(i->kind);
    free(i->strength);
    free(i->subject);
    free(i->from);
    strings_free(&i->to);
    attribution_reading_free(&i->author);
    free(i->text);
    free(i->entered_by);
    free(i->erased_for);
    free(i->seconded_by);
    free(i->ground);
    free(i->confirmed);
    free(i->confirmed_by);
    free(i->confirmed_day);
    free(i->remote);
    free(i->smtp_reply);
    free(i->log_reason);
    free(i->log_line);
    free(i->occurred);
    free(i->currency);
    free(i->erased_at);
    free(i->erased_ground);
    json_decref(i->keys);
    free(i->key_words[LANGUAGE_FR]);
    free(i->key_words[LANGUAGE_EN]);
    timeline_facts_free(i);
}

void timeline_free(struct timeline *t)
{
    for (size_t i = 0; i < t->count; i++)
        item_free(&t->items[i]);
    for (size_t i = 0; i < t->review_count; i++)
        item_free(&t->reviews[i]);
    free(t->items);
    free(t->reviews);
    free(t->invoice);
    register_invoice_free(&t->bill);
    *t = (struct timeline){0};
}

void timeline_cut(struct timeline *t, uint64_t last)
{
    while (t->count && t->items[t->count - 1].seq > last)
        item_free(&t->items[--t->count]);
    while (t->review_count)
        item_free(&t->reviews[--t->review_count]);
    timeline_returns_cut(t);
}

/* --- the message ----------------------------------------------------------------------------*/

static char *field_text(const struct fields *f, const char *name)
{
    size_t at = fields_find(f, name, 1);
    return text_decode(at < f->count ? f->items[at].value : "");
}

/* Subject and From of an archived message. */
static enum store_status message_read(struct store *store, uint64_t seq, struct timeline_item *item,
                                      struct store_error *err)
{
    struct fields f = {0};
    enum store_status st = stored_header_read(store, seq, &f, err);
    if (st == STORE_OK && f.count &&
        (!(item->subject = field_text(&f, "Subject")) || !(item->from = field_text(&f, "From"))))
        st = no_memory(err);
    fields_free(&f);
    return st;
}

/* --- an entry -------------------------------------------------------------------------------*/

/* An optional text of the private part. False: out of memory. */
static bool take_text(const json_t *object, const char *key, char **text)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_array(value) || json_is_integer(value))
        return true;
    *text = exhibit_text(object, key);
    return *text != NULL;
}

static bool take_recipients(const json_t *private_part, struct strings *to)
{
    struct strings raw = {0};
    const json_t *list = json_object_get(json_object_get(private_part, "envelope"), "to");
    bool done = !list || strings_from_json(list, &raw);
    for (size_t i = 0; done && i < raw.count; i++) {
        char *clean = text_clean(raw.items[i]);
        done = clean && strings_add(to, clean);
        free(clean);
    }
    strings_free(&raw);
    return done;
}

static bool copy(const char *from, char **to)
{
    *to = from ? text_clean(from) : NULL;
    return !from || *to;
}

/* What a fact says in words: a note, the reason of a decision, the reference of a payment. */
static bool take_words(const json_t *private_part, struct timeline_item *item)
{
    static const char *const keys[] = {"text", "reason", "reference"};
    for (size_t i = 0; !item->text && i < sizeof keys / sizeof *keys; i++)
        if (!take_text(private_part, keys[i], &item->text))
            return false;
    return true;
}

static bool take_keys(json_t *private_part, struct timeline_item *item)
{
    item->keys = json_incref(private_part);
    item->key_of = dkim_entry_message(private_part);
    for (int language = LANGUAGE_FR; language <= LANGUAGE_EN; language++) {
        struct bytes words = {0};
        bool done = dkim_entry_words(private_part, (enum language)language, &words) &&
                    (item->key_words[language] = text_clean(words.data ? words.data : ""));
        bytes_free(&words);
        if (!done)
            return false;
    }
    return true;
}

/* "mx.debtor.example [192.0.2.1]:25, TLSv1.3 (Trusted)" */
static bool take_remote(const json_t *private_part, char **remote)
{
    const json_t *peer = json_object_get(private_part, "peer");
    json_int_t port = json_integer_value(json_object_get(peer, "port"));
    char *name = NULL, *ip = NULL, *tls = NULL, *verified = NULL;
    struct bytes text = {0};
    bool done = take_text(peer, "name", &name) && take_text(peer, "ip", &ip) &&
                take_text(peer, "tls", &tls) && take_text(peer, "verified", &verified);
    if (done && (name || ip)) {
        done = bytes_printf(&text, "%s%s%s%s", name ? name : "", name && ip ? " [" : "",
                            ip ? ip : "", name && ip ? "]" : "") &&
               (port <= 0 || bytes_printf(&text, ":%lld", (long long)port)) &&
               (!tls || bytes_printf(&text, ", %s", tls)) &&
               (!tls || !verified || bytes_printf(&text, " (%s)", verified));
        *remote = done ? bytes_steal(&text) : NULL;
        done = *remote != NULL;
    }
    bytes_free(&text);
    free(name);
    free(ip);
    free(tls);
    free(verified);
    return done;
}

static bool take_log(const json_t *private_part, struct timeline_item *item)
{
    return !item->logged || (take_remote(private_part, &item->remote) &&
                             take_text(private_part, "smtp_reply", &item->smtp_reply) &&
                             take_text(private_part, "reason", &item->log_reason) &&
                             take_text(private_part, "line", &item->log_line));
}

/* A decision is noted in two dossiers when the message went to another one than was proposed; the
   first of its record is the one that has the message (db/entry.h). The record tells it, so what
   verify says of the container is the same, and an erasure changes nothing. */
static void take_decision(const struct exhibit *x, const unsigned char dossier[16],
                          struct timeline_item *item)
{
    bool assigns = strcmp(x->event, "assign") == 0;
    item->decides = assigns || strcmp(x->event, "dismiss") == 0;
    item->elsewhere = assigns && dossier && exhibit_goes_elsewhere(x, dossier);
    item->brings = assigns && item->about && !item->elsewhere;
}

/* What a person made of a suggestion (db/review_confirm.c). */
static bool take_confirmed(const json_t *private_part, struct timeline_item *item)
{
    const json_t *suggestion = json_object_get(private_part, "suggestion");
    return !item->about || item->decides || !suggestion ||
           (take_text(suggestion, "what", &item->confirmed) &&
            take_text(private_part, "actor", &item->confirmed_by) &&
            take_text(private_part, "date", &item->confirmed_day));
}

/* Whose hand it was: messages and the mail server's log have none. */
static bool take_hand(const json_t *private_part, struct timeline_item *item)
{
    bool erasure = strcmp(item->event, "erasure") == 0;
    return item->direction || item->logged || item->keys ||
           (take_text(private_part, "actor", &item->entered_by) &&
            (!erasure || (take_text(private_part, "by", &item->erased_for) &&
                          take_text(private_part, "confirmed_by", &item->seconded_by) &&
                          take_text(private_part, "ground", &item->ground))));
}

static bool take_exhibit(const struct stored_entry *e, const struct exhibit *x,
                         const unsigned char *dossier, struct timeline_item *item)
{
    const json_t *p = x->private_part;
    const json_t *amount = json_object_get(p, "amount");
    json_int_t about = json_integer_value(json_object_get(p, "about"));
    item->seq = e->seq;
    item->about = about > 0 && (uint64_t)about < e->seq ? (uint64_t)about : 0;
    take_decision(x, dossier, item);
    item->logged = !x->direction && delivery_kind_of(x->event) != DELIVERY_NONE;
    item->has_message = x->has_message;
    item->dropped = x->message_dropped;
    item->erased = !e->private_part.data;
    item->erased_by = e->erased_by;
    item->size = x->size;
    item->has_amount = json_is_integer(amount);
    item->amount = json_integer_value(amount);
    if (!attribution_read(x, &item->author) ||
        (p && strcmp(x->event, DKIM_EVENT) == 0 && !take_keys(x->private_part, item)))
        return false;
    item->level = item->author.found.level;
    return copy(x->time_text ? x->time_text : "", &item->time) && copy(x->event, &item->event) &&
           copy(x->direction, &item->direction) && take_text(p, "kind", &item->kind) &&
           take_text(json_object_get(p, "match"), "strength", &item->strength) &&
           take_recipients(p, &item->to) && (item->logged || take_words(p, item)) &&
           take_log(p, item) && take_text(p, "occurred", &item->occurred) &&
           take_confirmed(p, item) && take_hand(p, item) && timeline_facts_take(p, item) &&
           (!item->has_amount || take_text(p, "currency", &item->currency));
}

static enum store_status is_signed(struct seal_store *seals, uint64_t seq, bool *answer,
                                   struct store_error *err)
{
    struct bytes signature = {0};
    enum store_status st = seal_signature(seals, seq, &signature, err);
    *answer = st == STORE_OK;
    bytes_free(&signature);
    return st == STORE_NOT_FOUND || st == STORE_CORRUPT ? STORE_OK : st;
}

/* When an entry was erased, and on which ground. What cannot be read is for verify to name. */
static enum store_status erasure_load(const struct timeline_sources *from,
                                      struct timeline_item *item, struct store_error *err)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    struct store_error why;
    enum store_status st = store_entry(from->store, item->erased_by, &e, &why);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = no_memory(err);
    else if (st == STORE_OK && (!copy(x.time_text, &item->erased_at) ||
                                !take_text(x.private_part, "ground", &item->erased_ground)))
        st = no_memory(err);
    else if (st == STORE_NOT_FOUND || st == STORE_CORRUPT)
        st = STORE_OK;
    else if (st != STORE_OK)
        store_fail(err, st, "%s", why.text);
    exhibit_free(&x);
    stored_entry_free(&e);
    return st;
}

/* `dossier`: the one that it is looked at in; NULL: none. */
static enum store_status item_load(const struct timeline_sources *from, uint64_t seq,
                                   const unsigned char *dossier, struct timeline_item *item,
                                   struct store_error *err)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    enum store_status st = store_entry(from->store, seq, &e, err);
    if (st == STORE_OK && !(exhibit_read(&e, &x) && take_exhibit(&e, &x, dossier, item)))
        st = no_memory(err);
    if (st == STORE_OK && item->erased_by)
        st = erasure_load(from, item, err);
    if (st == STORE_OK && e.has_message)
        st = message_read(from->store, seq, item, err);
    if (st == STORE_OK && e.has_message && !from->unread)
        st = timeline_facts_load(from->facts, seq, item, err);
    if (st == STORE_OK)
        st = is_signed(from->seals, seq, &item->is_signed, err);
    exhibit_free(&x);
    stored_entry_free(&e);
    return st;
}

/* A message that was put into the dossier, or kept out of it, is shown at the decision. */
static enum store_status about_load(const struct timeline_sources *from, struct timeline_item *item,
                                    struct store_error *err)
{
    struct timeline_item message = {0};
    enum store_status st = item_load(from, item->about, NULL, &message, err);
    if (st == STORE_OK) {
        item->subject = message.subject;
        item->from = message.from;
        strings_free(&item->to);
        item->to = message.to;
        item->size = message.size;
        attribution_reading_free(&item->author);
        item->author = message.author;
        message.author = (struct attribution_reading){0};
        message.subject = message.from = NULL;
        message.to = (struct strings){0};
        item->reading = message.reading;
        item->facts = json_incref(message.facts);
        item->unread = message.unread;
        message.unread = NULL;
    }
    item_free(&message);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

/* Foreign text of the register, made fit to be shown. False: out of memory. */
static bool tidy(char **text)
{
    char *clean = *text ? text_clean(*text) : NULL;
    if (*text && !clean)
        return false;
    free(*text);
    *text = clean;
    return true;
}

static bool bill_tidy(struct register_invoice *b)
{
    bool done = tidy(&b->number) && tidy(&b->debtor) && tidy(&b->debtor_name) &&
                tidy(&b->currency) && tidy(&b->issued) && tidy(&b->due);
    for (size_t i = 0; done && i < b->contacts.count; i++)
        done = tidy(&b->contacts.items[i]);
    return done;
}

/* --- all ------------------------------------------------------------------------------------*/

/* The item of entry `seq`; they are in the log's order. NULL: it is not of this dossier. */
static struct timeline_item *item_of(struct timeline *t, uint64_t seq)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->items[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->count && t->items[low].seq == seq ? &t->items[low] : NULL;
}

/* From each message to what the mail server's log tells of it, the first one first. */
static void outcomes_link(struct timeline *t)
{
    for (size_t i = t->count; i-- > 0;) {
        struct timeline_item *item = &t->items[i];
        struct timeline_item *message =
            item->logged && item->about ? item_of(t, item->about) : NULL;
        if (!message || message >= item)
            continue;
        item->next = message->next;
        message->next = i;
    }
}

static bool outcome_note(struct timeline_outcome **list, size_t *count, const char *to,
                         const struct timeline_item *item)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*list)[i].to, to) == 0) {
            (*list)[i].item = item;
            return true;
        }
    struct timeline_outcome *grown = reallocarray(*list, *count + 1, sizeof *grown);
    if (!grown)
        return false;
    *list = grown;
    grown[(*count)++] = (struct timeline_outcome){to, item};
    return true;
}

bool timeline_outcomes(const struct timeline *t, const struct timeline_item *message,
                       struct timeline_outcome **list, size_t *count)
{
    *list = NULL;
    *count = 0;
    if (message->logged)
        return true;
    for (size_t i = message->next; i && i < t->count; i = t->items[i].next)
        for (size_t k = 0; k < t->items[i].to.count; k++)
            if (!outcome_note(list, count, t->items[i].to.items[k], &t->items[i])) {
                free(*list);
                *list = NULL;
                *count = 0;
                return false;
            }
    return true;
}

static enum store_status dossier_load(const struct timeline_sources *from, const char *invoice,
                                      struct timeline *t, bool *known, struct store_error *err)
{
    struct dossier d = {0};
    enum store_status st = store_dossier(from->store, invoice, &d, err);
    if (st == STORE_NOT_FOUND)
        return STORE_OK;
    *known = true;
    t->paused_by = d.paused_by;
    if (st == STORE_OK && d.count && !(t->items = calloc(d.count, sizeof *t->items)))
        st = no_memory(err);
    for (uint64_t n = 1; st == STORE_OK && n <= d.count; n++) {
        struct timeline_item *item = &t->items[t->count++];
        st = item_load(from, d.seqs[n - 1], d.id, item, err);
        item->n = n;
        if (st == STORE_OK && item->about && item->decides && !item->elsewhere)
            st = about_load(from, item, err);
    }
    if (st == STORE_OK)
        outcomes_link(t);
    if (st == STORE_OK && !timeline_returns_link(t))
        st = no_memory(err);
    dossier_free(&d);
    return st;
}

static enum store_status reviews_load(const struct timeline_sources *from, const char *invoice,
                                      struct timeline *t, bool *known, struct store_error *err)
{
    struct review_item *all = NULL;
    size_t count = 0;
    enum store_status st = store_reviews(from->store, true, &all, &count, err);
    if (st == STORE_OK && count && !(t->reviews = calloc(count, sizeof *t->reviews)))
        st = no_memory(err);
    for (size_t i = 0; st == STORE_OK && i < count; i++) {
        if (!all[i].invoice || strcmp(all[i].invoice, invoice) != 0)
            continue;
        *known = true;
        st = item_load(from, all[i].seq, NULL, &t->reviews[t->review_count++], err);
    }
    review_items_free(all, count);
    return st;
}

enum store_status timeline_load(const struct timeline_sources *from, const char *invoice,
                                struct timeline *t, struct store_error *err)
{
    bool known = false;
    enum store_status st = STORE_OK;
    t->invoice = text_clean(invoice);
    if (!t->invoice)
        return no_memory(err);
    if (from->bills) {
        st = register_invoice(from->bills, invoice, &t->bill, err);
        t->registered = known = st == STORE_OK;
        if (t->registered && !bill_tidy(&t->bill))
            st = no_memory(err);
        if (st == STORE_NOT_FOUND)
            st = STORE_OK;
    }
    if (st == STORE_OK)
        st = dossier_load(from, invoice, t, &known, err);
    if (st == STORE_OK)
        st = reviews_load(from, invoice, t, &known, err);
    if (st == STORE_OK)
        st = timeline_keys_load(from, t, err);
    if (st == STORE_OK && !known)
        st = store_fail(err, STORE_NOT_FOUND,
                        "%s: neither register nor log know this invoice: is the number right?",
                        invoice);
    return st;
}
