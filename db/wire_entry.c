/*
 * wire_entry - entries as frames, and back
 *
 * What is decoded comes from a process that faces the mail: every field's type, length and
 * range is checked here, and a refusal names the field. Absent fields are left out on the wire.
 */
#include "db/wire.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/token.h"

enum { EVENT_MAX = 40, STRINGS_MAX = 10000 };

/* --- octets and foreign strings -------------------------------------------------------------*/

json_t *hex_json(const unsigned char *octets, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(len * 2 + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[octets[i] >> 4];
        text[2 * i + 1] = digits[octets[i] & 15];
    }
    text[2 * len] = '\0';
    json_t *json = json_stringn_nocheck(text, len * 2);
    free(text);
    return json;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_from_json(const json_t *json, unsigned char *octets, size_t len)
{
    const char *text = json_string_value(json);
    if (!text || json_string_length(json) != len * 2)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        octets[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static char *decode_base64(const char *text, size_t len)
{
    if (len % 4 || len > WIRE_MAX)
        return NULL;
    char *out = malloc(len / 4 * 3 + 1);
    if (!out)
        return NULL;
    int n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    size_t padding = len && text[len - 1] == '=' ? 1 : 0;
    if (len > 1 && padding && text[len - 2] == '=')
        padding++;
    if (n < 0 || (size_t)n < padding || memchr(out, '\0', (size_t)n - padding)) {
        free(out);
        return NULL;
    }
    out[(size_t)n - padding] = '\0';
    return out;
}

char *foreign_from_json(const json_t *json)
{
    if (json_is_string(json))
        return strdup(json_string_value(json));
    const json_t *b64 = json_object_get(json, "b64");
    if (!json_is_string(b64))
        return NULL;
    return decode_base64(json_string_value(b64), json_string_length(b64));
}

bool strings_from_json(const json_t *json, struct strings *out)
{
    if (!json_is_array(json) || json_array_size(json) > STRINGS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(json); i++) {
        char *text = foreign_from_json(json_array_get(json, i));
        bool added = text && strings_add(out, text);
        free(text);
        if (!added)
            return false;
    }
    return true;
}

/* --- encoding -------------------------------------------------------------------------------*/

/* Steals `value`. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return value && json_object_set_new_nocheck(object, key, value) == 0;
}

static bool put_name(json_t *object, const char *key, const char *name)
{
    return !name || put(object, key, json_string(name));
}

static bool put_foreign(json_t *object, const char *key, const char *text)
{
    return !text || put(object, key, json_foreign(text));
}

static bool put_strings(json_t *object, const char *key, const struct strings *s)
{
    return s->count == 0 || put(object, key, json_strings(s));
}

static bool put_number(json_t *object, const char *key, uint64_t n)
{
    return n == 0 || put(object, key, json_integer((json_int_t)n));
}

static bool put_message(json_t *object, const struct entry_message *m)
{
    if (!m->present)
        return true;
    json_t *j = json_object();
    bool done = j && put(j, "size", json_integer((json_int_t)m->size)) &&
                put(j, "nonce", hex_json(m->nonce, sizeof m->nonce)) &&
                put(j, "sha256", hex_json(m->sha256, sizeof m->sha256)) &&
                put(j, "commitment", hex_json(m->commitment, sizeof m->commitment)) &&
                (!m->bytes_dropped || put(j, "dropped", json_true())) &&
                (m->body_fd < 0 || put(j, "body_size", json_integer((json_int_t)m->body_size)));
    if (!done) {
        json_decref(j);
        return false;
    }
    return put(object, "message", j);
}

json_t *entry_to_json(const struct entry *e, const char *op)
{
    json_t *j = json_object();
    bool done =
        j && put_name(j, "op", op) && put_name(j, "event", e->event) &&
        put_name(j, "direction", e->direction) && put_name(j, "level", e->level) &&
        put_foreign(j, "actor", e->actor) && put_strings(j, "dossiers", &e->dossiers) &&
        (!e->private_part || put(j, "private", json_incref(e->private_part))) &&
        put_message(j, &e->message) && put_strings(j, "ids", &e->ids) &&
        put_strings(j, "recipients", &e->recipients) && put_number(j, "token", e->token) &&
        put_foreign(j, "subject", e->base_subject) &&
        (!e->pauses || put(j, "pauses", json_true())) &&
        put_foreign(j, "review", e->review_invoice) &&
        put_foreign(j, "learn_debtor", e->learn_debtor) &&
        put_strings(j, "learn_addresses", &e->learn_addresses) &&
        put_number(j, "decides", e->decides) && put_name(j, "decision", e->decision) &&
        (!e->has_retry || put(j, "retry", hex_json(e->retry, sizeof e->retry))) &&
        ((!e->edits.count && !e->edits.notes.count) || put(j, "edits", edits_json(&e->edits)));
    if (done)
        return j;
    json_decref(j);
    return NULL;
}

bool entry_to_frame(const struct entry *e, const char *op, struct frame *f)
{
    frame_init(f);
    f->json = entry_to_json(e, op);
    bool done = f->json && bytes_append(&f->blob, e->message.packed.data, e->message.packed.len);
    if (done && e->message.present && e->message.body_fd >= 0) {
        f->fds[0] = fcntl(e->message.body_fd, F_DUPFD_CLOEXEC, 0);
        f->fd_count = f->fds[0] >= 0 ? 1 : 0;
        done = f->fds[0] >= 0;
    }
    if (!done)
        frame_free(f);
    return done;
}

/* --- decoding -------------------------------------------------------------------------------*/

static bool get_number(const json_t *object, const char *key, uint64_t most, uint64_t *n)
{
    const json_t *j = json_object_get(object, key);
    if (!j)
        return true;
    if (!json_is_integer(j) || json_integer_value(j) < 0)
        return false;
    *n = (uint64_t)json_integer_value(j);
    return *n <= most;
}

static bool get_flag(const json_t *object, const char *key, bool *flag)
{
    const json_t *j = json_object_get(object, key);
    *flag = json_is_true(j);
    return !j || json_is_boolean(j);
}

/* A word of our own vocabulary: lower-case letters, digits and hyphens. */
static bool get_name(const json_t *object, const char *key, struct entry *e, const char **name)
{
    const json_t *j = json_object_get(object, key);
    const char *text = json_string_value(j);
    if (!j)
        return true;
    if (!text || !*text || strlen(text) > EVENT_MAX)
        return false;
    for (const char *c = text; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
            return false;
    *name = entry_hold(e, text);
    return *name != NULL;
}

static bool get_actor(const json_t *object, struct entry *e)
{
    const json_t *j = json_object_get(object, "actor");
    if (!j)
        return true;
    char *text = foreign_from_json(j);
    e->actor = text ? entry_hold(e, text) : NULL;
    free(text);
    return e->actor != NULL;
}

static bool get_foreign(const json_t *object, const char *key, char **text)
{
    const json_t *j = json_object_get(object, key);
    if (!j)
        return true;
    *text = foreign_from_json(j);
    return *text != NULL;
}

static bool get_strings(const json_t *object, const char *key, struct strings *s)
{
    const json_t *j = json_object_get(object, key);
    return !j || strings_from_json(j, s);
}

/* The descriptor must be a plain file with as many octets as was said. */
static bool take_body(struct frame *f, struct entry_message *m)
{
    struct stat st;
    m->body_fd = frame_take_fd(f, 0);
    return m->body_fd >= 0 && fstat(m->body_fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == m->body_size;
}

static bool get_message(struct frame *f, struct entry_message *m)
{
    const json_t *j = json_object_get(f->json, "message");
    if (!j)
        return f->blob.len == 0 && f->fd_count == 0;
    m->present = true;
    bool good =
        json_is_object(j) && get_number(j, "size", INT64_MAX, &m->size) &&
        hex_from_json(json_object_get(j, "nonce"), m->nonce, sizeof m->nonce) &&
        hex_from_json(json_object_get(j, "sha256"), m->sha256, sizeof m->sha256) &&
        hex_from_json(json_object_get(j, "commitment"), m->commitment, sizeof m->commitment) &&
        get_flag(j, "dropped", &m->bytes_dropped) &&
        get_number(j, "body_size", INT64_MAX, &m->body_size);
    if (good && json_object_get(j, "body_size"))
        good = take_body(f, m);
    if (!good || (m->bytes_dropped ? f->blob.len || m->body_fd >= 0 : f->blob.len == 0))
        return false;
    m->packed = f->blob;
    f->blob = (struct bytes){0};
    return true;
}

static const char *decode(struct frame *f, struct entry *e)
{
    const json_t *j = f->json;
    const json_t *edits = json_object_get(j, "edits");
    if (!get_name(j, "event", e, &e->event) || !e->event)
        return "event";
    if (!get_name(j, "direction", e, &e->direction) ||
        (e->direction && strcmp(e->direction, "outbound") != 0 &&
         strcmp(e->direction, "inbound") != 0))
        return "direction";
    if (!get_name(j, "level", e, &e->level))
        return "level";
    if (!get_actor(j, e))
        return "actor";
    if (!get_strings(j, "dossiers", &e->dossiers))
        return "dossiers";
    e->private_part = json_incref(json_object_get(j, "private"));
    if (e->private_part && !json_is_object(e->private_part))
        return "private";
    if (!get_message(f, &e->message))
        return "message";
    if (!get_strings(j, "ids", &e->ids) || !get_strings(j, "recipients", &e->recipients))
        return "ids or recipients";
    if (!get_number(j, "token", TOKEN_NUMBER_MAX, &e->token))
        return "token";
    if (!get_foreign(j, "subject", &e->base_subject) || !get_flag(j, "pauses", &e->pauses) ||
        !get_foreign(j, "review", &e->review_invoice))
        return "subject, pauses or review";
    if (!get_foreign(j, "learn_debtor", &e->learn_debtor) ||
        !get_strings(j, "learn_addresses", &e->learn_addresses))
        return "learn";
    if (!get_number(j, "decides", INT64_MAX, &e->decides) ||
        !get_name(j, "decision", e, &e->decision) || !e->decision != !e->decides)
        return "decides or decision";
    e->has_retry = json_object_get(j, "retry") != NULL;
    if (e->has_retry && !hex_from_json(json_object_get(j, "retry"), e->retry, sizeof e->retry))
        return "retry";
    return edits && !edits_from_json(edits, &e->edits) ? "edits" : NULL;
}

bool entry_from_frame(struct frame *f, struct entry *e, const char **error)
{
    entry_init(e);
    *error = decode(f, e);
    if (!*error)
        return true;
    entry_free(e);
    entry_init(e);
    return false;
}
