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

/* The i-th element of a list. NULL: out of memory. */
typedef json_t *element(const struct understood *u, size_t i);

static json_t *list_of(const struct understood *u, size_t count, element *make)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, make(u, i)) != 0) { /* also of NULL */
            json_decref(list);
            list = NULL;
        }
    return list;
}

/* The object when all was set. */
static json_t *whole(json_t *object, bool done)
{
    if (done)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *token(const struct understood *u, size_t i)
{
    const struct read_token *t = &u->tokens[i];
    json_t *one = json_pack("{s:s, s:s}", "token", t->text, "where", t->where);
    return whole(one, one && (!t->checked ||
                              json_object_set_new(one, "valid", json_boolean(t->valid)) == 0));
}

static json_t *recipient(const struct understood *u, size_t i)
{
    const struct read_recipient *r = &u->recipients[i];
    json_t *one = json_object();
    return whole(
        one, one && set_text(one, "final", r->final) && set_text(one, "original", r->original) &&
                 set_text(one, "action", r->action) && set_text(one, "status", r->status) &&
                 set_text(one, "remote_mta", r->remote_mta) &&
                 set_text(one, "diagnostic", r->diagnostic));
}

static json_t *attachment(const struct understood *u, size_t i)
{
    const struct read_attachment *a = &u->attachments[i];
    json_t *one = json_pack("{s:s, s:s, s:I, s:s}", "name", a->name, "declared", a->declared,
                            "size", (json_int_t)a->size, "sha256", a->sha256);
    return whole(one, one && set_text(one, "actual", a->actual));
}

static json_t *suggestion(const struct understood *u, size_t i)
{
    const struct suggestion *s = &u->suggestions[i];
    json_t *one = json_pack("{s:s, s:s}", "what", s->what, "quote", s->quote);
    return whole(
        one, one && set_text(one, "date", *s->date ? s->date : NULL) &&
                 (!s->has_amount ||
                  json_object_set_new(one, "amount", json_integer((json_int_t)s->amount)) == 0));
}

/* An object of two texts that may both be absent. */
static json_t *pair(const char *first, const char *one, const char *second, const char *other)
{
    json_t *object = json_object();
    return whole(object, object && set_text(object, first, one) && set_text(object, second, other));
}

json_t *read_json(const struct understood *u)
{
    json_t *json = json_pack("{s:s}", "kind", read_kind_name(u->kind));
    bool done = json && set_text(json, "message_id", u->message_id) &&
                set_filled(json, "in_reply_to", json_strings(&u->in_reply_to)) &&
                set_filled(json, "references", json_strings(&u->references)) &&
                set_filled(json, "tokens", list_of(u, u->token_count, token)) &&
                set_filled(json, "recipients", list_of(u, u->recipient_count, recipient)) &&
                set_filled(json, "original",
                           pair("message_id", u->original_message_id, "envelope_id",
                                u->original_envelope_id)) &&
                set_filled(json, "disposition",
                           pair("type", u->disposition_type, "mode", u->disposition_mode)) &&
                set_text(json, "reply_text", u->reply_text) &&
                set_filled(json, "attachments", list_of(u, u->attachment_count, attachment)) &&
                set_filled(json, "suggest", list_of(u, u->suggestion_count, suggestion));
    return whole(json, done);
}
