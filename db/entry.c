/*
 * entry - what somebody asks the log to take in: its life, and its forms as JSON
 *
 * Foreign text in JSON: a string where it is clean UTF-8, else {"b64": …}, since Jansson
 * refuses other octets and nothing that came from outside may be changed or lost.
 *
 * Edits in JSON: a list with one object an edit, {"kind", "name", "instance", "value",
 * "arguments"}, absent members left out, then one {"note"} for each edit that was not made.
 */
#include "db/entry.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/wire.h"

void entry_init(struct entry *e)
{
    *e = (struct entry){0};
    e->message.body_fd = -1;
}

void entry_free(struct entry *e)
{
    if (e->message.present && e->message.body_fd >= 0)
        close(e->message.body_fd); /* was only read; nothing can be lost */
    strings_free(&e->held);
    strings_free(&e->dossiers);
    json_decref(e->private_part);
    bytes_free(&e->message.packed);
    strings_free(&e->ids);
    strings_free(&e->recipients);
    free(e->base_subject);
    free(e->review_invoice);
    free(e->learn_debtor);
    strings_free(&e->learn_addresses);
    edits_free(&e->edits);
    entry_init(e);
}

void appended_free(struct appended *a)
{
    edits_free(&a->edits);
    *a = (struct appended){0};
}

const char *entry_hold(struct entry *e, const char *text)
{
    return strings_add(&e->held, text) ? e->held.items[e->held.count - 1] : NULL;
}

/* --- foreign text ---------------------------------------------------------------------------*/

json_t *json_foreign(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    size_t len = strlen(text);
    if (len > INT32_MAX / 2)
        return NULL;
    char *base64 = malloc(4 * ((len + 2) / 3) + 1);
    if (!base64)
        return NULL;
    EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)text, (int)len);
    json = json_pack("{s:s}", "b64", base64);
    free(base64);
    return json;
}

json_t *json_strings(const struct strings *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->count; i++)
        if (json_array_append_new(list, json_foreign(s->items[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* --- edits ----------------------------------------------------------------------------------*/

static const char *const edit_kinds[] = {
    [EDIT_ENVELOPE_SENDER] = "envelope-sender",
    [EDIT_ADD] = "add",
    [EDIT_CHANGE] = "change",
    [EDIT_DELETE] = "delete",
    [EDIT_REMOVE_RECIPIENT] = "remove-recipient",
    [EDIT_ADD_RECIPIENT] = "add-recipient",
};
enum { EDIT_KINDS = sizeof edit_kinds / sizeof *edit_kinds };

static json_t *edit_json(const struct edit *edit)
{
    json_t *json = json_pack("{s:s}", "kind", edit_kinds[edit->kind]);
    bool ok = json != NULL;
    if (ok && edit->name)
        ok = json_object_set_new(json, "name", json_foreign(edit->name)) == 0;
    if (ok && edit->instance)
        ok = json_object_set_new(json, "instance", json_integer(edit->instance)) == 0;
    if (ok && edit->value)
        ok = json_object_set_new(json, "value", json_foreign(edit->value)) == 0;
    if (ok && edit->arguments)
        ok = json_object_set_new(json, "arguments", json_foreign(edit->arguments)) == 0;
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}

json_t *edits_json(const struct edits *e)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < e->count; i++)
        ok = json_array_append_new(list, edit_json(&e->items[i])) == 0;
    for (size_t i = 0; ok && i < e->notes.count; i++) {
        json_t *note = json_foreign(e->notes.items[i]);
        ok = note && json_array_append_new(list, json_pack("{s:o}", "note", note)) == 0;
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

/* An optional member. False: out of memory or not a text. */
static bool member(const json_t *object, const char *key, char **text)
{
    const json_t *value = json_object_get(object, key);
    *text = value ? foreign_from_json(value) : NULL;
    return !value || *text;
}

static bool edit_take(const json_t *json, struct edits *e)
{
    const char *name = json_string_value(json_object_get(json, "kind"));
    json_int_t instance = json_integer_value(json_object_get(json, "instance"));
    char *field = NULL, *value = NULL, *arguments = NULL, *note = NULL;
    bool ok = member(json, "name", &field) && member(json, "value", &value) &&
              member(json, "arguments", &arguments) && member(json, "note", &note) &&
              instance >= 0 && instance <= INT32_MAX;
    if (ok && note) {
        ok = strings_add(&e->notes, note);
    } else if (ok) {
        size_t kind = 0;
        while (name && kind < EDIT_KINDS && strcmp(edit_kinds[kind], name) != 0)
            kind++;
        ok = name && kind < EDIT_KINDS &&
             edits_add(e, (enum edit_kind)kind, field, (unsigned)instance, value, arguments);
    }
    free(field);
    free(value);
    free(arguments);
    free(note);
    return ok;
}

bool edits_from_json(const json_t *json, struct edits *e)
{
    size_t i;
    json_t *item;
    if (!json_is_array(json))
        return false;
    json_array_foreach(json, i,
                       item) if (!json_is_object(item) || !edit_take(item, e)) return false;
    return true;
}
