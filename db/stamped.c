/*
 * stamped - what the stamping listener told, as JSON and in scribe's bounded memory
 *
 * A ring of slots gives the age, two open hash tables of slot numbers with chains through the
 * slots give the lookups. Everything is allocated once; a put costs the same at every fill.
 */
#include "db/stamped.h"

#include <stdlib.h>
#include <string.h>

#include "db/wire.h"
#include "policy/token.h"

/* --- JSON -----------------------------------------------------------------------------------*/

static bool put(json_t *object, const char *key, json_t *value)
{
    return value && json_object_set_new_nocheck(object, key, value) == 0;
}

json_t *stamped_to_json(const struct stamped *s, const char *op)
{
    json_t *j = json_object();
    bool done = j && (!op || put(j, "op", json_string(op))) &&
                put(j, "retry", hex_json(s->retry, sizeof s->retry)) &&
                put(j, "token", json_integer((json_int_t)s->token)) &&
                put(j, "invoices", json_strings(&s->invoices)) &&
                put(j, "reminder", json_boolean(s->reminder)) &&
                (!s->rule || put(j, "rule", json_foreign(s->rule))) &&
                (!s->learn_debtor || put(j, "learn_debtor", json_foreign(s->learn_debtor))) &&
                put(j, "learn_addresses", json_strings(&s->learn_addresses)) &&
                put(j, "overridden", json_strings(&s->overridden)) &&
                put(j, "edits", edits_json(&s->edits));
    if (done)
        return j;
    json_decref(j);
    return NULL;
}

static bool get_text(const json_t *object, const char *key, char **text)
{
    const json_t *j = json_object_get(object, key);
    if (!j)
        return true;
    *text = foreign_from_json(j);
    return *text != NULL;
}

bool stamped_from_json(const json_t *json, struct stamped *s)
{
    const json_t *token = json_object_get(json, "token");
    *s = (struct stamped){0};
    if (!json_is_integer(token) || json_integer_value(token) < 1 ||
        (uint64_t)json_integer_value(token) > TOKEN_NUMBER_MAX)
        return false;
    s->token = (uint64_t)json_integer_value(token);
    s->reminder = json_is_true(json_object_get(json, "reminder"));
    return hex_from_json(json_object_get(json, "retry"), s->retry, sizeof s->retry) &&
           strings_from_json(json_object_get(json, "invoices"), &s->invoices) &&
           get_text(json, "rule", &s->rule) && get_text(json, "learn_debtor", &s->learn_debtor) &&
           strings_from_json(json_object_get(json, "learn_addresses"), &s->learn_addresses) &&
           strings_from_json(json_object_get(json, "overridden"), &s->overridden) &&
           edits_from_json(json_object_get(json, "edits"), &s->edits);
}

void stamped_free(struct stamped *s)
{
    strings_free(&s->invoices);
    free(s->rule);
    free(s->learn_debtor);
    strings_free(&s->learn_addresses);
    strings_free(&s->overridden);
    edits_free(&s->edits);
    *s = (struct stamped){0};
}

/* --- memory ---------------------------------------------------------------------------------*/

enum { BY_RETRY, BY_TOKEN, CHAINS };

struct slot {
    struct remembered told;
    size_t next[CHAINS]; /* slot number + 1; 0 ends the chain */
};

struct stamped_memory {
    struct slot *slots;
    size_t *heads[CHAINS]; /* slot number + 1 */
    size_t capacity;
    size_t oldest; /* the slot that the next put takes */
};

struct stamped_memory *stamped_memory_new(size_t capacity)
{
    struct stamped_memory *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->capacity = capacity;
    m->slots = calloc(capacity, sizeof *m->slots);
    for (int chain = 0; chain < CHAINS; chain++)
        m->heads[chain] = calloc(capacity, sizeof *m->heads[chain]);
    if (m->slots && m->heads[BY_RETRY] && m->heads[BY_TOKEN])
        return m;
    stamped_memory_free(m);
    return NULL;
}

void stamped_memory_free(struct stamped_memory *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->slots && i < m->capacity; i++)
        json_decref(m->slots[i].told.json);
    free(m->slots);
    for (int chain = 0; chain < CHAINS; chain++)
        free(m->heads[chain]);
    free(m);
}

/* Retry keys are hashes already, tokens are counted up: both spread by themselves. */
static size_t *head_of(const struct stamped_memory *m, int chain, const unsigned char *retry,
                       uint64_t token)
{
    uint64_t hash = token;
    if (chain == BY_RETRY)
        memcpy(&hash, retry, sizeof hash);
    return &m->heads[chain][hash % m->capacity];
}

static bool is(const struct remembered *r, int chain, const unsigned char *retry, uint64_t token)
{
    return chain == BY_RETRY ? memcmp(r->retry, retry, HASH_OCTETS) == 0 : r->token == token;
}

static size_t find(const struct stamped_memory *m, int chain, const unsigned char *retry,
                   uint64_t token)
{
    size_t at = *head_of(m, chain, retry, token);
    while (at && !is(&m->slots[at - 1].told, chain, retry, token))
        at = m->slots[at - 1].next[chain];
    return at;
}

const struct remembered *stamped_by_retry(const struct stamped_memory *m,
                                          const unsigned char retry[HASH_OCTETS])
{
    size_t at = find(m, BY_RETRY, retry, 0);
    return at ? &m->slots[at - 1].told : NULL;
}

const struct remembered *stamped_by_token(const struct stamped_memory *m, uint64_t token)
{
    size_t at = find(m, BY_TOKEN, NULL, token);
    return at ? &m->slots[at - 1].told : NULL;
}

/* Take a slot out of both chains and empty it. */
static void forget(struct stamped_memory *m, size_t number)
{
    struct slot *s = &m->slots[number];
    if (!s->told.json)
        return;
    for (int chain = 0; chain < CHAINS; chain++) {
        size_t *link = head_of(m, chain, s->told.retry, s->told.token);
        while (*link != number + 1)
            link = &m->slots[*link - 1].next[chain];
        *link = s->next[chain];
    }
    json_decref(s->told.json);
    *s = (struct slot){0};
}

void stamped_memory_put(struct stamped_memory *m, json_t *json,
                        const unsigned char retry[HASH_OCTETS], uint64_t token, int64_t now_ms)
{
    size_t old;
    while ((old = find(m, BY_RETRY, retry, 0)) || (old = find(m, BY_TOKEN, NULL, token)))
        forget(m, old - 1);
    size_t number = m->oldest;
    m->oldest = (m->oldest + 1) % m->capacity;
    forget(m, number);
    struct slot *s = &m->slots[number];
    memcpy(s->told.retry, retry, HASH_OCTETS);
    s->told.token = token;
    s->told.since_ms = now_ms;
    s->told.json = json_incref(json);
    for (int chain = 0; chain < CHAINS; chain++) {
        size_t *head = head_of(m, chain, retry, token);
        s->next[chain] = *head;
        *head = number + 1;
    }
}
