/*
 * entry_build - composing the entry of a message from what was decided about it
 *
 * Private part, besides what record.h lists: invoice, envelope {from, to, envid, queue_id,
 * auth}, peer {ip, helo, tls}, ids {message_id, in_reply_to, references}, match {how,
 * strength}, kind, rule, proposed (review), overridden, learned {debtor, addresses}, report
 * {recipients [{final, original, action, status}], envelope_id, message_id, disposition},
 * authentication {by, results [{result, domain, selector}], dmarc}, sender {domain, known}, edits.
 * What is absent is left out; all that came from outside is foreign text.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/entry.h"
#include "policy/address.h"

/* --- JSON -----------------------------------------------------------------------------------*/

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0; /* NULL value: fails */
}

static bool put_text(json_t *object, const char *key, const char *text)
{
    return !text || put(object, key, json_foreign(text));
}

static bool put_list(json_t *object, const char *key, const struct strings *s)
{
    return s->count == 0 || put(object, key, json_strings(s));
}

/* Put an object unless nothing is in it. Takes `value` over. */
static bool put_object(json_t *object, const char *key, json_t *value)
{
    if (value && json_object_size(value) > 0)
        return put(object, key, value);
    json_decref(value);
    return value != NULL;
}

static bool put_envelope(json_t *part, const struct envelope *env, const char *envid)
{
    json_t *e = json_object();
    json_t *peer = json_object();
    bool ok = e && put_text(e, "from", env->sender) && put_list(e, "to", &env->recipients) &&
              put_text(e, "queue_id", env->queue_id) && put_text(e, "auth", env->login) &&
              put_text(e, "envid", envid);
    ok = ok && peer && put_text(peer, "ip", env->client_address) &&
         put_text(peer, "helo", env->helo) && put_text(peer, "tls", env->tls_version);
    ok = put_object(part, "envelope", e) && ok;
    return put_object(part, "peer", peer) && ok;
}

static bool put_ids(json_t *part, const struct strings *own, const struct reading *r)
{
    json_t *ids = json_object();
    bool ok = ids != NULL;
    if (ok && own->count == 1)
        ok = put_text(ids, "message_id", own->items[0]);
    else if (ok)
        ok = put_list(ids, "message_id", own);
    ok = ok && put_list(ids, "in_reply_to", &r->in_reply_to) &&
         put_list(ids, "references", &r->references);
    return put_object(part, "ids", ids) && ok;
}

static bool put_match(json_t *part, const char *how, const char *strength)
{
    return !how || put(part, "match", json_pack("{s:s, s:s*}", "how", how, "strength", strength));
}

static bool put_edits(json_t *part, const struct edits *edits)
{
    return (edits->count == 0 && edits->notes.count == 0) || put(part, "edits", edits_json(edits));
}

static bool put_report(json_t *part, const struct report *report)
{
    json_t *list = json_array();
    json_t *object = json_object();
    bool ok = list && object;
    for (size_t i = 0; ok && i < report->count; i++) {
        const struct report_recipient *to = &report->recipients[i];
        json_t *item = json_object();
        ok = json_array_append_new(list, item) == 0 && put_text(item, "final", to->final) &&
             put_text(item, "original", to->original) && put_text(item, "action", to->action) &&
             put_text(item, "status", to->status);
    }
    ok = ok && (json_array_size(list) == 0 || json_object_set(object, "recipients", list) == 0) &&
         put_text(object, "envelope_id", report->envelope_id) &&
         put_text(object, "message_id", report->original_message_id) &&
         put_text(object, "disposition", report->disposition);
    json_decref(list);
    return put_object(part, "report", object) && ok;
}

/* --- what both directions share -------------------------------------------------------------*/

static bool copy_edits(const struct edits *from, struct edits *to)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct edit *e = &from->items[i];
        if (!edits_add(to, e->kind, e->name, e->instance, e->value, e->arguments))
            return false;
    }
    return strings_add_all(&to->notes, &from->notes);
}

/* The ids that name the message: its own, and the one that we add when it had none. */
static bool own_ids(const struct reading *r, const struct edits *edits, struct strings *ids)
{
    if (r->message_id && !strings_add_unique(ids, r->message_id))
        return false;
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *e = &edits->items[i];
        if (e->kind != EDIT_ADD || !e->name || strcasecmp(e->name, "Message-ID") != 0 || !e->value)
            continue;
        const char *id = e->value + strspn(e->value, " \t");
        if (!strings_add_n(ids, id, strcspn(id, " \t\r\n")))
            return false;
    }
    return true;
}

static bool copy_text(const char *from, char **to)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

static bool begin(const struct envelope *env, const struct reading *r, const struct edits *edits,
                  struct entry *e)
{
    e->private_part = json_object();
    if (env->login && !(e->actor = entry_hold(e, env->login)))
        return false;
    return e->private_part && own_ids(r, edits, &e->ids) && copy_edits(edits, &e->edits) &&
           copy_text(r->base_subject, &e->base_subject);
}

/* --- the two directions ---------------------------------------------------------------------*/

static bool normalise_all(const struct strings *addresses, struct strings *out)
{
    for (size_t i = 0; i < addresses->count; i++) {
        char *normal = address_normalise(addresses->items[i]);
        bool added = normal && strings_add_unique(out, normal);
        free(normal);
        if (!added)
            return false;
    }
    return true;
}

static bool put_learned(json_t *part, const struct outbound *o)
{
    if (!o->learn_debtor)
        return true;
    json_t *learned = json_object();
    bool ok = learned && put_text(learned, "debtor", o->learn_debtor) &&
              put_list(learned, "addresses", &o->learn_addresses);
    return put_object(part, "learned", learned) && ok;
}

bool entry_outbound(const struct outbound *o, const struct accountant *a,
                    const struct envelope *env, const struct reading *r, uint64_t token,
                    const char *token_text, const struct edits *edits, struct entry *e)
{
    e->event = "prepared";
    e->direction = "outbound";
    e->level = "prepared";
    e->token = token;
    if (!begin(env, r, edits, e) || !strings_add_all(&e->dossiers, &o->invoices) ||
        !normalise_all(&env->recipients, &e->recipients) ||
        !copy_text(o->learn_debtor, &e->learn_debtor) ||
        (o->learn_debtor && !strings_add_all(&e->learn_addresses, &o->learn_addresses)))
        return false;
    json_t *part = e->private_part;
    return put_list(part, "invoice", &o->invoices) && put_envelope(part, env, token_text) &&
           put_ids(part, &e->ids, r) && put_text(part, "accountant", a ? a->name : NULL) &&
           put_text(part, "rule", o->rule) &&
           put_text(part, "kind", o->reminder ? "reminder" : "answer") &&
           put_list(part, "overridden", &o->overridden) && put_learned(part, o) &&
           put_edits(part, edits);
}

/* The domain of From when that is one address; NULL: it is not. */
static const char *sender_domain(const struct reading *r)
{
    const char *domain = r->from.count == 1 ? address_domain(r->from.items[0]) : "";
    return *domain ? domain : NULL;
}

static bool put_authentication(json_t *part, const struct inbound *i, const struct reading *r)
{
    const struct authres *a = &i->authentication;
    json_t *list = json_array(), *object = json_object(), *sender = json_object();
    bool ok = list && object && sender;
    for (size_t k = 0; ok && k < a->count; k++) {
        json_t *item = json_object();
        ok = json_array_append_new(list, item) == 0 &&
             put_text(item, "result", a->items[k].result) &&
             put_text(item, "domain", a->items[k].domain) &&
             put_text(item, "selector", a->items[k].selector);
    }
    ok = ok && put_text(object, "by", a->by) && put_text(object, "dmarc", a->dmarc) &&
         put_text(object, "dmarc_domain", a->dmarc_domain) &&
         (json_array_size(list) == 0 || json_object_set(object, "results", list) == 0) &&
         put_text(sender, "domain", sender_domain(r)) &&
         put_text(sender, "known", sender_known_name(i->known));
    json_decref(list);
    ok = put_object(part, "authentication", object) && ok;
    return put_object(part, "sender", sender) && ok;
}

/* The level that the public record keeps, also when all else is erased; NULL: none. False: out of
   memory. */
static bool level_of(const struct inbound *i, const struct reading *r, const char *event,
                     const char **level)
{
    struct strings passed = {0};
    bool done = authres_passed(&i->authentication, &passed);
    struct attribution_facts facts = {
        .event = event,
        .how = i->how,
        .strength = i->verdict == INBOUND_STRONG ? "strong" : "review",
        .from_domain = sender_domain(r),
        .passed = &passed,
        .disowned = authres_disowns(&i->authentication, sender_domain(r)),
        .known = i->known};
    enum proof_level found = attribution_find(&facts).level;
    *level = found == LEVEL_NONE ? NULL : level_name(found);
    strings_free(&passed);
    return done;
}

bool entry_inbound(const struct inbound *i, const struct envelope *env, const struct reading *r,
                   const struct report *report, const struct edits *edits, struct entry *e)
{
    bool strong = i->verdict == INBOUND_STRONG;
    e->event = i->event ? i->event : message_kind_name(r->kind);
    e->direction = "inbound";
    e->pauses = strong && i->pauses;
    if (!level_of(i, r, e->event, &e->level) || !begin(env, r, edits, e) ||
        (strong && !strings_add_all(&e->dossiers, &i->invoices)) ||
        (!strong && i->invoices.count && !copy_text(i->invoices.items[0], &e->review_invoice)))
        return false;
    json_t *part = e->private_part;
    return put_list(part, strong ? "invoice" : "proposed", &i->invoices) &&
           put_envelope(part, env, NULL) && put_ids(part, &e->ids, r) &&
           put_match(part, i->how, strong ? "strong" : "review") &&
           put_text(part, "kind", message_kind_name(r->kind)) &&
           (!report || put_report(part, report)) && put_authentication(part, i, r) &&
           put_edits(part, edits);
}
