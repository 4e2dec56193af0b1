/*
 * read_json - the facts of a message as JSON (DESIGN 7)
 *
 * All text in struct understood is valid UTF-8 without NUL, so that Jansson takes it.
 */
#include "db/read_json.h"

#include <string.h>

#include "db/entry.h"

/* Set a text unless it is absent. */
static bool set_text(json_t *object, const char *key, const char *text)
{
    return !text || json_object_set_new(object, key, json_string(text)) == 0;
}

/* Add what was made for a list or an object, unless it is empty. */
static bool set_filled(json_t *object, const char *key, json_t *value)
{
    bool empty = json_is_array(value) ? json_array_size(value) == 0
                                      : json_is_object(value) && json_object_size(value) == 0;
    if (!empty)
        return json_object_set_new(object, key, value) == 0;
    json_decref(value);
    return true;
}

static json_t *tokens_json(const struct understood *u)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < u->token_count; i++) {
        const struct read_token *t = &u->tokens[i];
        json_t *one = json_pack("{s:s, s:s}", "token", t->text, "where", t->where);
        bool done =
            one && (!t->checked || json_object_set_new(one, "valid", json_boolean(t->valid)) == 0);
        if (json_array_append_new(list, one) != 0 || !done) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *recipients_json(const struct understood *u)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < u->recipient_count; i++) {
        const struct read_recipient *r = &u->recipients[i];
        json_t *one = json_object();
        bool done = one && set_text(one, "final", r->final) &&
                    set_text(one, "original", r->original) && set_text(one, "action", r->action) &&
                    set_text(one, "status", r->status) &&
                    set_text(one, "remote_mta", r->remote_mta) &&
                    set_text(one, "diagnostic", r->diagnostic);
        if (json_array_append_new(list, one) != 0 || !done) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *attachments_json(const struct understood *u)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < u->attachment_count; i++) {
        const struct read_attachment *a = &u->attachments[i];
        json_t *one = json_pack("{s:s, s:s, s:I, s:s}", "name", a->name, "declared", a->declared,
                                "size", (json_int_t)a->size, "sha256", a->sha256);
        bool done = one && set_text(one, "actual", a->actual);
        if (json_array_append_new(list, one) != 0 || !done) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *suggestions_json(const struct understood *u)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < u->suggestion_count; i++) {
        const struct suggestion *s = &u->suggestions[i];
        json_t *one = json_pack("{s:s, s:s}", "what", s->what, "quote", s->quote);
        bool done = one && set_text(one, "date", *s->date ? s->date : NULL) &&
                    (!s->has_amount ||
                     json_object_set_new(one, "amount", json_integer((json_int_t)s->amount)) == 0);
        if (json_array_append_new(list, one) != 0 || !done) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* An object of two texts that may both be absent. */
static json_t *pair(const char *first, const char *one, const char *second, const char *other)
{
    json_t *object = json_object();
    if (object && set_text(object, first, one) && set_text(object, second, other))
        return object;
    json_decref(object);
    return NULL;
}

json_t *read_json(const struct understood *u)
{
    json_t *json = json_pack("{s:s}", "kind", read_kind_name(u->kind));
    bool done = json && set_text(json, "message_id", u->message_id) &&
                set_filled(json, "in_reply_to", json_strings(&u->in_reply_to)) &&
                set_filled(json, "references", json_strings(&u->references)) &&
                set_filled(json, "tokens", tokens_json(u)) &&
                set_filled(json, "recipients", recipients_json(u)) &&
                set_filled(json, "original",
                           pair("message_id", u->original_message_id, "envelope_id",
                                u->original_envelope_id)) &&
                set_filled(json, "disposition",
                           pair("type", u->disposition_type, "mode", u->disposition_mode)) &&
                set_text(json, "reply_text", u->reply_text) &&
                set_filled(json, "attachments", attachments_json(u)) &&
                set_filled(json, "suggest", suggestions_json(u));
    if (done)
        return json;
    json_decref(json);
    return NULL;
}
