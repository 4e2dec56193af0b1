/*
 * exhibit - one entry taken out of the store, read, and held against everything that vouches
 *           for it
 *
 * Three witnesses speak about a record: its octets, the stored leaf, and the signature. Which
 * of them was altered follows from who still agrees with whom; that is what the phrases say.
 */
#include "db/exhibit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/record.h"
#include "db/store_erase.h"
#include "db/wire.h"
#include "policy/text.h"

/* --- reading --------------------------------------------------------------------------------*/

static json_t *object_load(const struct bytes *octets)
{
    if (!octets->data)
        return NULL;
    json_t *json = json_loadb(octets->data, octets->len, JSON_REJECT_DUPLICATES, NULL);
    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static int64_t time_read(const char *text)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
    return end && !*end ? (int64_t)timegm(&tm) : -1;
}

static bool places_read(const json_t *list, struct exhibit *x)
{
    size_t count = json_array_size(list);
    x->places = calloc(count ? count : 1, sizeof *x->places);
    if (!x->places)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *place = json_array_get(list, i);
        const json_t *prev = json_object_get(place, "prev");
        struct exhibit_place *p = &x->places[x->place_count];
        json_int_t n = json_integer_value(json_object_get(place, "n"));
        p->n = n > 0 ? (uint64_t)n : 0;
        p->has_prev = prev && hex_from_json(prev, p->prev, sizeof p->prev);
        if (hex_from_json(json_object_get(place, "id"), p->id, sizeof p->id))
            x->place_count++;
    }
    return true;
}

static const char *member(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool exhibit_read(const struct stored_entry *e, struct exhibit *x)
{
    *x = (struct exhibit){.time = -1, .event = "", .erased_by = e->erased_by};
    if (!tree_leaf_hash(e->record.data, e->record.len, x->leaf))
        return false;
    x->record = object_load(&e->record);
    x->private_part = object_load(&e->private_part);
    if (!places_read(json_object_get(x->record, "dossiers"), x)) {
        exhibit_free(x);
        return false;
    }
    json_int_t seq = json_integer_value(json_object_get(x->record, "seq"));
    json_int_t size = json_integer_value(json_object_get(x->record, "size"));
    const char *event = member(x->record, "event");
    const char *bytes = member(x->private_part, "bytes");
    x->seq = seq > 0 ? (uint64_t)seq : 0;
    x->event = event ? event : "";
    x->direction = member(x->record, "direction");
    x->level = member(x->record, "level");
    x->time_text = member(x->record, "time");
    x->time = time_read(x->time_text);
    x->has_message = json_object_get(x->record, "message") != NULL;
    x->message_dropped = bytes && strcmp(bytes, "dropped") == 0;
    x->size = size > 0 ? (uint64_t)size : 0;
    return true;
}

void exhibit_free(struct exhibit *x)
{
    json_decref(x->record);
    json_decref(x->private_part);
    free(x->places);
    *x = (struct exhibit){.time = -1, .event = ""};
}

enum store_status exhibit_time(struct store *store, uint64_t seq, int64_t *time,
                               struct store_error *err)
{
    struct stored_entry e = {0};
    struct exhibit x = {.time = -1};
    enum store_status st = store_entry(store, seq, &e, err);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    *time = st == STORE_OK ? x.time : -1;
    exhibit_free(&x);
    stored_entry_free(&e);
    return st;
}

bool exhibit_goes_elsewhere(const struct exhibit *x, const unsigned char dossier[16])
{
    return x->place_count && memcmp(x->places[0].id, dossier, sizeof x->places[0].id) != 0;
}

char *exhibit_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    char *raw = value ? foreign_from_json(value) : NULL;
    char *clean = raw ? text_clean(raw) : NULL;
    free(raw);
    return clean;
}

/* --- checking -------------------------------------------------------------------------------*/

struct check {
    const struct stored_entry *entry;
    const struct exhibit *exhibit;
    const struct exhibit_witnesses *against;
    struct exhibit_judgement *judgement;
    struct store_error *err;
    enum store_status status; /* STORE_OK, or why no judgement is possible */
};

static void problem(struct check *c, const char *phrase, const char *detail)
{
    struct bytes text = {0};
    bool done = bytes_printf(&text, "%s%s%s%s", phrase, detail ? " (" : "", detail ? detail : "",
                             detail ? ")" : "") &&
                strings_add(&c->judgement->problems, text.data);
    bytes_free(&text);
    if (!done)
        c->status = store_fail(c->err, STORE_NO_MEMORY, "out of memory");
}

/* Can the store not be read at all, or is this one entry damaged? */
static bool is_damage(enum store_status st)
{
    return st == STORE_CORRUPT || st == STORE_NOT_FOUND || st == STORE_IO || st == STORE_INVALID;
}

enum seal_state { SEAL_ABSENT, SEAL_VALID, SEAL_OTHER_OCTETS, SEAL_DAMAGED };

static enum seal_state seal_state(struct check *c, struct store_error *why)
{
    const struct stored_entry *e = c->entry;
    struct bytes *signature = &c->judgement->signature;
    enum seal_state state = SEAL_VALID;
    enum store_status st = seal_signature(c->against->seals, e->seq, signature, why);
    if (st == STORE_NOT_FOUND)
        state = SEAL_ABSENT;
    else if (st == STORE_CORRUPT)
        state = SEAL_DAMAGED;
    else if (st == STORE_OK) {
        st = seal_judge_check(c->against->judge, e->record.data, e->record.len, signature->data,
                              signature->len, why);
        if (st == STORE_CORRUPT)
            state = SEAL_OTHER_OCTETS;
    }
    if (st != STORE_OK && st != STORE_NOT_FOUND && st != STORE_CORRUPT)
        c->status = store_fail(c->err, st, "%s", why->text);
    return state;
}

static void check_record(struct check *c)
{
    const struct stored_entry *e = c->entry;
    struct store_error why = {0};
    bool leaf_agrees = memcmp(e->leaf, c->exhibit->leaf, HASH_OCTETS) == 0;
    enum seal_state seal = seal_state(c, &why);
    if (c->status != STORE_OK)
        return;
    c->judgement->is_signed = seal == SEAL_VALID;
    c->judgement->record_sound = seal == SEAL_VALID || (leaf_agrees && seal != SEAL_OTHER_OCTETS);
    if (seal == SEAL_ABSENT && e->seq <= c->against->signed_up_to)
        problem(c, "signature missing", NULL);
    if (seal == SEAL_DAMAGED)
        problem(c, "signature altered", NULL);
    if (leaf_agrees && seal == SEAL_OTHER_OCTETS)
        problem(c, "record and signature do not belong together", why.text);
    if (!leaf_agrees && seal == SEAL_VALID)
        problem(c, "leaf altered", "the record is the one that was signed");
    else if (!leaf_agrees && seal == SEAL_OTHER_OCTETS)
        problem(c, "record altered", NULL);
    else if (!leaf_agrees)
        problem(c, "record or leaf altered", "they contradict each other");
}

/* The columns that repeat what the record says. */
static void check_columns(struct check *c)
{
    const struct stored_entry *e = c->entry;
    const struct exhibit *x = c->exhibit;
    if (!x->record) {
        problem(c, "record is no JSON object", NULL);
        return;
    }
    if (x->seq != e->seq)
        problem(c, "record bears another number", NULL);
    if (!e->event || strcmp(e->event, x->event) != 0)
        problem(c, "index altered", "its event is not the record's");
    if (e->size != x->size)
        problem(c, "index altered", "its size is not the record's");
    if (x->private_part && e->has_message != (x->has_message && !x->message_dropped))
        problem(c, "index altered", "whether its message is kept is not what the record says");
}

/* Is there an erasure after the entry that names it? What it says is vouched for by its own
   signature, which is checked when it is its turn. */
static bool erasure_found(struct check *c)
{
    const struct stored_entry *e = c->entry;
    struct stored_entry erasure = {0};
    struct store_error why;
    uint64_t *seqs = NULL;
    size_t count = 0;
    bool named = false;
    if (e->erased_by <= e->seq)
        return false;
    enum store_status st = store_entry(c->against->store, e->erased_by, &erasure, &why);
    if (st == STORE_OK && strcmp(erasure.event, "erasure") == 0) {
        json_t *part = object_load(&erasure.private_part);
        if (erasure_named(part, &seqs, &count))
            for (size_t i = 0; i < count && !named; i++)
                named = seqs[i] == e->seq;
        free(seqs);
        json_decref(part);
    } else if (st != STORE_OK && !is_damage(st)) {
        c->status = store_fail(c->err, st, "%s", why.text);
    }
    stored_entry_free(&erasure);
    return named;
}

/* True: the nonce opened the commitment. */
static bool check_private(struct check *c, unsigned char nonce[NONCE_OCTETS])
{
    const struct stored_entry *e = c->entry;
    unsigned char named[HASH_OCTETS], computed[HASH_OCTETS];
    if (!c->exhibit->record)
        return false;
    if (!e->private_part.data) {
        if (!erasure_found(c) && c->status == STORE_OK)
            problem(c, "private part missing", e->erased_by ? "no erasure names it" : NULL);
        return false;
    }
    bool same =
        hex_from_json(json_object_get(c->exhibit->record, "private"), named, sizeof named) &&
        hex_from_json(json_object_get(c->exhibit->private_part, "nonce"), nonce, NONCE_OCTETS) &&
        sha256_of(c->against->hash, nonce, NONCE_OCTETS, e->private_part.data, e->private_part.len,
                  computed) &&
        memcmp(named, computed, sizeof named) == 0;
    if (!same)
        problem(c, "private part altered", NULL);
    return same;
}

struct message_hashes {
    EVP_MD_CTX *plain, *commitment;
    uint64_t size;
    bool failed;
};

static bool message_hash(const void *data, size_t len, void *context)
{
    struct message_hashes *h = context;
    h->failed = EVP_DigestUpdate(h->plain, data, len) != 1 ||
                EVP_DigestUpdate(h->commitment, data, len) != 1;
    h->size += len;
    return !h->failed;
}

static void message_compare(struct check *c, const struct message_hashes *h)
{
    unsigned char plain[HASH_OCTETS], commitment[HASH_OCTETS], named[HASH_OCTETS];
    const struct exhibit *x = c->exhibit;
    if (EVP_DigestFinal_ex(h->plain, plain, NULL) != 1 ||
        EVP_DigestFinal_ex(h->commitment, commitment, NULL) != 1) {
        c->status = store_fail(c->err, STORE_INVALID, "the crypto library cannot hash");
        return;
    }
    bool same = h->size == x->size &&
                hex_from_json(json_object_get(x->record, "message"), named, sizeof named) &&
                memcmp(named, commitment, sizeof named) == 0 &&
                hex_from_json(json_object_get(x->private_part, "sha256"), named, sizeof named) &&
                memcmp(named, plain, sizeof named) == 0;
    if (!same)
        problem(c, "message altered", NULL);
}

static void check_message(struct check *c, const unsigned char nonce[NONCE_OCTETS])
{
    struct message_hashes h = {c->against->plain, c->against->hash, 0, false};
    struct store_error why = {0};
    enum store_status st = STORE_INVALID;
    h.failed = !sha256_begin(h.plain) || !sha256_begin(h.commitment) ||
               EVP_DigestUpdate(h.commitment, nonce, NONCE_OCTETS) != 1;
    if (!h.failed)
        st = store_message(c->against->store, c->entry->seq, message_hash, &h, &why);
    if (h.failed)
        c->status = store_fail(c->err, STORE_INVALID, "the crypto library cannot hash");
    else if (st == STORE_OK)
        message_compare(c, &h);
    else if (st == STORE_NOT_FOUND)
        problem(c, "message missing", NULL);
    else if (is_damage(st))
        problem(c, "message altered", why.text);
    else
        c->status = store_fail(c->err, st, "%s", why.text);
}

enum store_status exhibit_check(const struct stored_entry *e, const struct exhibit *x,
                                const struct exhibit_witnesses *against,
                                struct exhibit_judgement *j, struct store_error *err)
{
    struct check c = {e, x, against, j, err, STORE_OK};
    unsigned char nonce[NONCE_OCTETS];
    check_record(&c);
    if (!j->record_sound)
        return c.status;
    check_columns(&c);
    /* Without the nonce nobody can tell whether the message is the one committed to. */
    if (c.status == STORE_OK && check_private(&c, nonce) && x->has_message && !x->message_dropped)
        check_message(&c, nonce);
    return c.status;
}

void exhibit_judgement_free(struct exhibit_judgement *j)
{
    bytes_free(&j->signature);
    strings_free(&j->problems);
    *j = (struct exhibit_judgement){0};
}
