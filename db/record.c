/*
 * record - the two JSON parts of an entry (EVIDENCE 2)
 *
 * Jansson sorts keys by byte order and writes integers only as long as no real is put in; a
 * caller's private part with a real in it is refused, since another JSON library would not
 * write it back alike.
 */
#include "db/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/sha256.h"
#include "policy/tree.h"

void record_hex(const unsigned char *octets, size_t len, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *text++ = digits[octets[i] >> 4];
        *text++ = digits[octets[i] & 15];
    }
    *text = '\0';
}

static json_t *hex(const unsigned char *octets, size_t len)
{
    char text[2 * HASH_OCTETS + 1];
    record_hex(octets, len, text);
    return json_string(text);
}

static bool unhex(const char *text, unsigned char *octets, size_t len)
{
    if (!text || strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < 2 * len; i++) {
        const char *digits = "0123456789abcdef";
        const char *at = strchr(digits, text[i]);
        if (!at)
            return false;
        unsigned value = (unsigned)(at - digits);
        octets[i / 2] = (unsigned char)(i % 2 ? octets[i / 2] | value : value << 4);
    }
    return true;
}

void record_time(int64_t seconds, char text[RECORD_TIME])
{
    struct tm tm = {0};
    time_t t = (time_t)seconds;
    if (!gmtime_r(&t, &tm) || strftime(text, RECORD_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        memcpy(text, "0000-00-00T00:00:00Z", RECORD_TIME);
}

bool record_commit(const unsigned char nonce[NONCE_OCTETS], const void *data, size_t len,
                   unsigned char commitment[HASH_OCTETS])
{
    EVP_MD_CTX *hash = sha256_new();
    bool ok = sha256_of(hash, nonce, NONCE_OCTETS, data, len, commitment);
    EVP_MD_CTX_free(hash);
    return ok;
}

/* --- private part ---------------------------------------------------------------------------*/

static bool has_real(const json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_real(json))
        return true;
    if (json_is_object(json))
        json_object_foreach((json_t *)json, key, value) if (has_real(value)) return true;
    json_array_foreach(json, i, value) if (has_real(value)) return true;
    return false;
}

static bool dump(json_t *json, struct bytes *out)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    bool ok = text && bytes_puts(out, text);
    free(text);
    return ok;
}

static bool set_absent(json_t *part, const char *key, json_t *value)
{
    if (json_object_get(part, key)) {
        json_decref(value);
        return value != NULL;
    }
    return json_object_set_new(part, key, value) == 0; /* NULL fails */
}

static json_t *review_list(const struct entry *e)
{
    const struct strings one = {.items = (char **)&e->review_invoice, .count = 1};
    return json_strings(&one);
}

/* What the writer's indexes will say, so that an alteration there shows. */
static bool put_indexed(json_t *part, const struct entry *e)
{
    bool ok = true;
    if (e->review_invoice)
        ok = set_absent(part, "proposed", review_list(e));
    if (ok && e->dossiers.count && !json_object_get(part, "proposed"))
        ok = set_absent(part, "invoice", json_strings(&e->dossiers));
    if (ok && e->decides)
        ok = set_absent(part, "about", json_integer((json_int_t)e->decides));
    if (ok && e->token)
        ok = json_object_set_new(part, "number", json_integer((json_int_t)e->token)) == 0;
    if (ok && e->pauses)
        ok = json_object_set_new(part, "pauses", json_true()) == 0;
    return ok;
}

static bool private_make(const struct record *r, const struct entry *e, struct bytes *out)
{
    /* A shallow copy: the caller's object stays as it is. */
    json_t *part = e->private_part ? json_copy(e->private_part) : json_object();
    bool ok = json_is_object(part) && !has_real(part) &&
              json_object_set_new(part, "nonce", hex(r->nonce, NONCE_OCTETS)) == 0;
    if (ok && e->message.present)
        ok = json_object_set_new(part, "sha256", hex(e->message.sha256, HASH_OCTETS)) == 0;
    if (ok && e->message.present && e->message.bytes_dropped)
        ok = json_object_set_new(part, "bytes", json_string("dropped")) == 0;
    if (ok && e->edits.count && !json_object_get(part, "edits"))
        ok = json_object_set_new(part, "edits", edits_json(&e->edits)) == 0;
    if (ok && e->actor && !json_object_get(part, "envelope") && !json_object_get(part, "actor"))
        ok = json_object_set_new(part, "actor", json_foreign(e->actor)) == 0;
    ok = ok && put_indexed(part, e) && dump(part, out);
    json_decref(part);
    return ok;
}

bool record_nonce(const void *private_part, size_t len, unsigned char nonce[NONCE_OCTETS])
{
    json_t *part = json_loadb(private_part, len, JSON_REJECT_DUPLICATES, NULL);
    bool ok = unhex(json_string_value(json_object_get(part, "nonce")), nonce, NONCE_OCTETS);
    json_decref(part);
    return ok;
}

/* --- public part ----------------------------------------------------------------------------*/

static json_t *places(const struct record *r)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < r->place_count; i++) {
        const struct record_place *p = &r->places[i];
        json_t *place = json_pack("{s:o, s:I, s:o*}", "id", hex(p->id, 16), "n", (json_int_t)p->n,
                                  "prev", p->prev ? hex(p->prev, HASH_OCTETS) : NULL);
        if (json_array_append_new(list, place) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *public_part_of(const struct record *r, const struct store_context *c,
                              const struct entry *e, const unsigned char commitment[HASH_OCTETS])
{
    char time[RECORD_TIME];
    record_time(r->time, time);
    bool message = e->message.present;
    return json_pack(
        "{s:i, s:s, s:I, s:s, s:s, s:s*, s:o, s:o, s:o*, s:o*, s:s*, s:{s:s, s:I, s:s*},"
        " s:{s:s, s:s, s:s}, s:{s:s, s:s}, s:s}",
        "v", 1, "log", r->origin, "seq", (json_int_t)r->seq, "event", e->event, "time", time,
        "direction", e->direction, "dossiers", places(r), "private", hex(commitment, HASH_OCTETS),
        "message", message ? hex(e->message.commitment, HASH_OCTETS) : NULL, "size",
        message ? json_integer((json_int_t)e->message.size) : NULL, "level", e->level, "actor",
        "process", c->process, "uid", (json_int_t)c->uid, "login", r->login[0] ? r->login : NULL,
        "software", "name", "temoin", "version", c->software, "sha256", c->software_hash,
        "algorithms", "commitment", "sha256(nonce||data)", "leaf", "rfc6962-sha256", "key",
        c->key_fingerprint);
}

bool record_make(const struct record *r, const struct store_context *context, const struct entry *e,
                 struct bytes *public_part, struct bytes *private_part,
                 unsigned char leaf[HASH_OCTETS])
{
    unsigned char commitment[HASH_OCTETS];
    if (!private_make(r, e, private_part) ||
        !record_commit(r->nonce, private_part->data, private_part->len, commitment))
        return false;
    json_t *part = public_part_of(r, context, e, commitment);
    bool ok = part && dump(part, public_part) &&
              tree_leaf_hash(public_part->data, public_part->len, leaf);
    json_decref(part);
    return ok;
}

bool record_message(const void *public_part, size_t len, unsigned char commitment[HASH_OCTETS])
{
    json_t *part = json_loadb(public_part, len, JSON_REJECT_DUPLICATES, NULL);
    bool ok = unhex(json_string_value(json_object_get(part, "message")), commitment, HASH_OCTETS);
    json_decref(part);
    return ok;
}
