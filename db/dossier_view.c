/*
 * dossier_view - what dossier.pdf and index.html both show of a dossier
 */
#include "db/dossier_view.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/exhibit.h"
#include "db/facts_json.h"
#include "db/timeline_facts.h"
#include "db/wire.h"
#include "policy/text.h"

enum {
    DIGITS_MIN = 3,
    TEXTS_MAX = 16 * 1024 * 1024, /* octets of messages' text in one page */
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- freeing ---------------------------------------------------------------------------------*/

static void exhibit_clear(struct view_exhibit *x)
{
    free(x->record_file);
    free(x->message_file);
    edits_free(&x->edits);
    free(x->sender);
    free(x->queue_id);
    free(x->login);
    free(x->peer);
    free(x->smtp_reply);
    message_text_free(&x->text);
}

void dossier_view_free(struct dossier_view *v)
{
    for (size_t i = 0; i < v->exhibit_count; i++)
        exhibit_clear(&v->exhibits[i]);
    for (size_t i = 0; i < v->fact_count; i++) {
        free(v->facts[i].time);
        free(v->facts[i].event);
        free(v->facts[i].words);
    }
    for (size_t i = 0; i < v->authority_count; i++)
        free(v->authorities[i].name);
    free(v->authorities);
    free(v->exhibits);
    free(v->gaps);
    free(v->facts);
    free(v->company);
    free(v->domain);
    free(v->origin);
    free(v->seal_fingerprint);
    free(v->export_fingerprint);
    free(v->file);
    timeline_free(&v->timeline);
    *v = (struct dossier_view){0};
}

/* --- an exhibit ------------------------------------------------------------------------------*/

static bool file_name(char **to, unsigned digits, uint64_t n, const char *suffix)
{
    struct bytes name = {0};
    bool done = bytes_printf(&name, "entries/%0*" PRIu64 "%s", (int)digits, n, suffix) &&
                (*to = bytes_steal(&name)) != NULL;
    bytes_free(&name);
    return done;
}

/* A text that may be absent. False: out of memory. */
static bool take(const json_t *object, const char *key, char **text)
{
    if (!json_object_get(object, key))
        return true;
    free(*text);
    *text = exhibit_text(object, key);
    return *text != NULL;
}

static bool clean_edits(struct edits *edits)
{
    for (size_t i = 0; i < edits->count; i++) {
        char **texts[] = {&edits->items[i].name, &edits->items[i].value,
                          &edits->items[i].arguments};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            char *clean = *texts[k] ? text_clean(*texts[k]) : NULL;
            if (*texts[k] && !clean)
                return false;
            free(*texts[k]);
            *texts[k] = clean;
        }
    }
    for (size_t i = 0; i < edits->notes.count; i++) {
        char *clean = text_clean(edits->notes.items[i]);
        if (!clean)
            return false;
        free(edits->notes.items[i]);
        edits->notes.items[i] = clean;
    }
    return true;
}

static bool take_edits(const json_t *private_part, struct edits *edits)
{
    const json_t *list = json_object_get(private_part, "edits");
    if (list && !edits_from_json(list, edits))
        edits_free(edits); /* not in our own form: verify says so */
    return clean_edits(edits);
}

/* "192.0.2.1 (mail.debtor.example)" */
static bool take_peer(const json_t *private_part, char **peer)
{
    const json_t *object = json_object_get(private_part, "peer");
    char *ip = NULL, *helo = NULL;
    struct bytes text = {0};
    bool done = take(object, "ip", &ip) && take(object, "helo", &helo);
    if (done && (ip || helo))
        done = bytes_printf(&text, "%s%s%s%s", ip ? ip : "", ip && helo ? " (" : "",
                            helo ? helo : "", ip && helo ? ")" : "") &&
               (*peer = bytes_steal(&text)) != NULL;
    bytes_free(&text);
    free(ip);
    free(helo);
    return done;
}

static bool take_message(const struct exhibit *from, const char *suffix, unsigned digits,
                         struct view_exhibit *x)
{
    const json_t *p = from->private_part;
    const json_t *envelope = json_object_get(p, "envelope");
    unsigned char sha256[HASH_OCTETS];
    if (from->has_message && hex_from_json(json_object_get(p, "sha256"), sha256, sizeof sha256))
        record_hex(sha256, sizeof sha256, x->message_sha256);
    if (from->has_message && !from->message_dropped && p &&
        !file_name(&x->message_file, digits, x->item->n, suffix))
        return false;
    return take(envelope, "from", &x->sender) && take(envelope, "queue_id", &x->queue_id) &&
           take(envelope, "auth", &x->login) && take(p, "smtp_reply", &x->smtp_reply) &&
           take_peer(p, &x->peer) && take_edits(p, &x->edits);
}

static bool take_record(const struct stored_entry *e, struct view_exhibit *x)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const char *octets = e->record.data ? e->record.data : "";
    if (!SHA256((const unsigned char *)octets, e->record.len, digest))
        return false;
    record_hex(digest, sizeof digest, x->record_sha256);
    return true;
}

/* A message that is being read. */
struct open_reading {
    struct view_exhibit *exhibit;
    struct timeline_item *item;
    struct reader_question *question; /* NULL: none */
};

struct loading {
    const struct dossier_view_sources *from;
    struct dossier_view *view;
    struct open_reading readings[READER_PARALLEL];
    size_t next_reading;
    size_t texts; /* octets of text so far */
    struct store_error *err;
};

/* --- its message -----------------------------------------------------------------------------*/

static bool put(const void *data, size_t len, void *context)
{
    return reader_bundle_put(context, data, len);
}

static bool take_answer(size_t i, json_t *answer, void *context)
{
    const struct open_reading *r = context;
    const json_t *text = json_object_get(answer, "text");
    json_t *facts = facts_take(json_object_get(answer, "facts"));
    (void)i;
    r->item->facts = facts;
    bool done = facts && facts_check_tokens(facts, NULL, NULL) &&
                (!text || message_text_from_json(text, &r->exhibit->text));
    json_decref(answer);
    return done;
}

/* Read anew out of the archived message: what an evidence file says of it follows from it alone. */
static enum store_status reading_end(struct loading *l, struct open_reading *r)
{
    struct reader_outcome how;
    if (!r->question)
        return STORE_OK;
    struct timeline_item *item = r->item;
    const struct message_text *text = &r->exhibit->text;
    enum store_status st = reader_take(r->question, -1, take_answer, r, &how, l->err);
    r->question = NULL;
    item->reading = how.why[0] ? READING_FAILED : READING_DONE;
    if (st == STORE_OK && how.why[0] && !(item->unread = text_clean(how.why)))
        st = no_memory(l->err);
    if (st == STORE_OK && text->read)
        l->texts += strlen(text->body) + strlen(text->header);
    return st;
}

/* The oldest reading makes room for the next one, so that which texts find a place follows from
   the dossier alone, not from the reader's speed. */
static enum store_status reading_begin(struct loading *l, struct reader_bundle *b,
                                       const struct open_reading *next)
{
    struct open_reading *r = &l->readings[l->next_reading++ % READER_PARALLEL];
    enum store_status st = reading_end(l, r);
    const struct reader_options options = {
        .facts = true, .text = l->texts <= TEXTS_MAX, .domain = l->from->domain};
    *r = *next;
    return st == STORE_OK ? reader_order(l->from->reader, b, &options, -1, &r->question, l->err)
                          : st;
}

/* STORE_OK: wait for all that are open. Else forget them. */
static enum store_status readings_end(struct loading *l, enum store_status st)
{
    for (size_t i = 0; i < READER_PARALLEL; i++) {
        struct open_reading *r = &l->readings[l->next_reading++ % READER_PARALLEL];
        if (st == STORE_OK)
            st = reading_end(l, r);
        reader_forget(r->question);
        r->question = NULL;
    }
    return st;
}

/* A message that cannot be read costs its text, not the view. */
static enum store_status text_load(struct loading *l, uint64_t seq, const struct open_reading *to)
{
    struct reader_bundle b;
    struct store_error why = {0};
    if (!l->from->reader || !to->exhibit->message_file)
        return STORE_OK;
    reader_bundle_init(&b);
    enum store_status st = STORE_NO_MEMORY;
    if (reader_bundle_begin(&b))
        st = store_message(l->from->timeline.store, seq, put, &b, &why);
    if (st == STORE_OK)
        st = reading_begin(l, &b, to);
    else if (st == STORE_NO_MEMORY || st == STORE_BUSY || st == STORE_DENIED)
        st = store_fail(l->err, st, "%s", why.text[0] ? why.text : "out of memory");
    else
        st = STORE_OK; /* verify says what is wrong with it */
    reader_bundle_free(&b);
    return st;
}

/* The message that a decision put into the dossier. */
static enum store_status assigned_load(struct loading *l, const struct open_reading *to)
{
    struct view_exhibit *x = to->exhibit;
    struct stored_entry e = {0};
    struct exhibit read = {0};
    uint64_t about = x->item->about;
    if (!x->item->brings)
        return STORE_OK;
    enum store_status st = store_entry(l->from->timeline.store, about, &e, l->err);
    if (st == STORE_NOT_FOUND)
        return STORE_OK;
    if (st == STORE_OK &&
        !(exhibit_read(&e, &read) && take_message(&read, "a.eml", l->view->digits, x)))
        st = no_memory(l->err);
    if (st == STORE_OK)
        st = text_load(l, about, to);
    exhibit_free(&read);
    stored_entry_free(&e);
    return st;
}

static enum store_status exhibit_load(struct loading *l, struct timeline_item *item,
                                      struct view_exhibit *x)
{
    const struct open_reading to = {x, item, NULL};
    struct stored_entry e = {0};
    struct exhibit read = {0};
    x->item = item;
    enum store_status st = store_entry(l->from->timeline.store, item->seq, &e, l->err);
    bool made = st == STORE_OK && exhibit_read(&e, &read) && take_record(&e, x) &&
                file_name(&x->record_file, l->view->digits, item->n, ".json") &&
                take_message(&read, ".eml", l->view->digits, x);
    if (st == STORE_OK && !made)
        st = no_memory(l->err);
    if (st == STORE_OK)
        st = text_load(l, item->seq, &to);
    if (st == STORE_OK)
        st = assigned_load(l, &to);
    if (st == STORE_OK && l->from->bounds)
        st = l->from->bounds(l->from->bounds_context, item->seq, &x->bounds, l->err);
    if (st == STORE_OK && x->bounds.not_after[0])
        l->view->dated++;
    exhibit_free(&read);
    stored_entry_free(&e);
    return st;
}

/* --- all -------------------------------------------------------------------------------------*/

unsigned dossier_digits(size_t entries)
{
    unsigned digits = DIGITS_MIN;
    for (size_t limit = 1000; entries >= limit && limit <= SIZE_MAX / 10; limit *= 10)
        digits++;
    return digits;
}

static bool copy(const char *from, char **to)
{
    *to = from ? text_clean(from) : NULL;
    return !from || *to;
}

static bool head_load(const struct dossier_view_sources *from, struct dossier_view *v)
{
    v->exported = from->exported;
    return copy(from->company ? from->company : "", &v->company) &&
           copy(from->domain, &v->domain) && copy(from->origin ? from->origin : "", &v->origin) &&
           copy(from->seal_fingerprint, &v->seal_fingerprint) &&
           copy(from->export_fingerprint, &v->export_fingerprint) && copy(from->file, &v->file);
}

static size_t waiting(const struct timeline *t, uint64_t last)
{
    size_t count = 0;
    for (size_t i = 0; i < t->review_count; i++)
        count += t->reviews[i].seq <= last;
    return count;
}

enum store_status dossier_view_load(const struct dossier_view_sources *from, const char *invoice,
                                    uint64_t last, struct dossier_view *v, struct store_error *err)
{
    struct loading l = {.from = from, .view = v, .err = err};
    struct timeline *t = &v->timeline;
    enum store_status st = timeline_load(&from->timeline, invoice, t, err);
    if (st != STORE_OK)
        return st;
    v->waiting = waiting(t, last);
    timeline_cut(t, last);
    if (t->count == 0)
        return store_fail(err, STORE_NOT_FOUND,
                          "%s: nothing was ever filed for this invoice: is the number right?",
                          invoice);
    v->digits = dossier_digits(t->count);
    v->exhibits = calloc(t->count, sizeof *v->exhibits);
    if (!v->exhibits || !head_load(from, v))
        return no_memory(err);
    for (size_t i = 0; st == STORE_OK && i < t->count; i++)
        st = exhibit_load(&l, &t->items[i], &v->exhibits[v->exhibit_count++]);
    st = readings_end(&l, st);
    if (st == STORE_OK && from->dates)
        st = dossier_authorities_load(from->dates, v, err);
    if (st == STORE_OK && !timeline_returns_link(t))
        st = no_memory(err);
    return st == STORE_OK ? dossier_service_load(from->timeline.store, v, err) : st;
}
