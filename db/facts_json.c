/*
 * facts_json - facts about a message as a confined process tells them: what may be kept of it
 */
#include "db/facts_json.h"

#include <stdlib.h>
#include <string.h>

#include "policy/text.h"
#include "policy/understood.h"

enum form { LINE, LINES, WORD, TOKEN, SIZE, AMOUNT, LINE_LIST, OBJECT, OBJECT_LIST };

/* Of a member that is there; what is not in the table is left out. */
struct member {
    const char *key;
    enum form form;
    const char *const *words;     /* WORD: ended by NULL */
    const struct member *members; /* OBJECT, OBJECT_LIST: ended by a NULL key */
};

enum { LIST_MAX = 200 };

static const char *const kinds[] = {"reply", "dsn", "mdn", "auto-reply", "other", NULL};
static const char *const places[] = {"recipient", "references", "envelope-id", "returned",
                                     "body",      "candidate",  NULL};
static const char *const actions[] = {"failed",  "delayed",  "delivered",
                                      "relayed", "expanded", NULL};
static const char *const suggestions[] = {
    "promise", "dispute", "already-paid", "asks-document", "asks-time", "wrong-person", NULL};
static const struct member token_members[] = {
    {"token", TOKEN, NULL, NULL}, {"where", WORD, places, NULL}, {NULL, LINE, NULL, NULL}};
static const struct member recipient_members[] = {
    {"final", LINE, NULL, NULL},      {"original", LINE, NULL, NULL},
    {"action", WORD, actions, NULL},  {"status", LINE, NULL, NULL},
    {"remote_mta", LINE, NULL, NULL}, {"diagnostic", LINE, NULL, NULL},
    {NULL, LINE, NULL, NULL}};
static const struct member original_members[] = {
    {"message_id", LINE, NULL, NULL}, {"envelope_id", LINE, NULL, NULL}, {NULL, LINE, NULL, NULL}};
static const struct member disposition_members[] = {
    {"type", LINE, NULL, NULL}, {"mode", LINE, NULL, NULL}, {NULL, LINE, NULL, NULL}};
static const struct member attachment_members[] = {
    {"name", LINE, NULL, NULL},   {"declared", LINE, NULL, NULL}, {"actual", LINE, NULL, NULL},
    {"sha256", LINE, NULL, NULL}, {"size", SIZE, NULL, NULL},     {NULL, LINE, NULL, NULL}};
static const struct member suggestion_members[] = {{"what", WORD, suggestions, NULL},
                                                   {"date", LINE, NULL, NULL},
                                                   {"amount", AMOUNT, NULL, NULL},
                                                   {"quote", LINE, NULL, NULL},
                                                   {NULL, LINE, NULL, NULL}};
static const struct member all_members[] = {{"kind", WORD, kinds, NULL},
                                            {"message_id", LINE, NULL, NULL},
                                            {"in_reply_to", LINE_LIST, NULL, NULL},
                                            {"references", LINE_LIST, NULL, NULL},
                                            {"tokens", OBJECT_LIST, NULL, token_members},
                                            {"recipients", OBJECT_LIST, NULL, recipient_members},
                                            {"original", OBJECT, NULL, original_members},
                                            {"disposition", OBJECT, NULL, disposition_members},
                                            {"reply_text", LINES, NULL, NULL},
                                            {"attachments", OBJECT_LIST, NULL, attachment_members},
                                            {"suggest", OBJECT_LIST, NULL, suggestion_members},
                                            {NULL, LINE, NULL, NULL}};

/* --- one member ------------------------------------------------------------------------------*/

/* Control characters become blanks; `lines` leaves line feeds and tabs. */
static json_t *clean_text(const char *text, bool lines)
{
    char *copy = strdup(text);
    for (char *c = copy; c && *c; c++) {
        size_t wide = text_obeyed(c);
        if (wide) {
            memset(c, ' ', wide);
            c += wide - 1;
        } else if (((unsigned char)*c < ' ' && !(lines && (*c == '\n' || *c == '\t'))) ||
                   *c == 0x7f) {
            *c = ' ';
        }
    }
    json_t *json = copy ? json_string(copy) : NULL;
    free(copy);
    return json;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool is_token(const char *text)
{
    return strlen(text) == TOKEN_CHARS &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz234567") == TOKEN_CHARS;
}

static bool take_object(const json_t *from, const struct member *members, json_t **to);

/* *to NULL: it is not of its form, and is left out. False: out of memory. */
static bool take_list(const json_t *from, const struct member *m, json_t **to)
{
    *to = json_is_array(from) ? json_array() : NULL;
    if (!*to)
        return !json_is_array(from);
    for (size_t i = 0; i < json_array_size(from) && i < LIST_MAX; i++) {
        const json_t *item = json_array_get(from, i);
        json_t *one = NULL;
        bool done = true;
        if (m->form == OBJECT_LIST)
            done = take_object(item, m->members, &one);
        else if (json_is_string(item))
            done = (one = clean_text(json_string_value(item), false)) != NULL;
        if (!done || (one && json_array_append_new(*to, one) != 0)) {
            json_decref(*to);
            *to = NULL;
            return false;
        }
    }
    return true;
}

static bool take_value(const json_t *from, const struct member *m, json_t **to)
{
    const char *text = json_string_value(from);
    json_int_t number = json_integer_value(from);
    bool fits = false;
    *to = NULL;
    switch (m->form) {
    case LINE:
    case LINES:
        fits = text != NULL;
        break;
    case WORD:
        fits = text && is_one_of(text, m->words);
        break;
    case TOKEN:
        fits = text && is_token(text);
        break;
    case SIZE:
        if (json_is_integer(from) && number >= 0)
            *to = json_integer(number);
        return !(json_is_integer(from) && number >= 0) || *to;
    case AMOUNT:
        if (json_is_integer(from))
            *to = json_integer(number);
        return !json_is_integer(from) || *to;
    case LINE_LIST:
    case OBJECT_LIST:
        return take_list(from, m, to);
    case OBJECT:
        return take_object(from, m->members, to);
    }
    if (fits)
        *to = clean_text(text, m->form == LINES);
    return !fits || *to;
}

static bool take_object(const json_t *from, const struct member *members, json_t **to)
{
    *to = json_is_object(from) ? json_object() : NULL;
    if (!*to)
        return !json_is_object(from);
    for (const struct member *m = members; m->key; m++) {
        json_t *value = NULL;
        const json_t *given = json_object_get(from, m->key);
        if ((given && !take_value(given, m, &value)) ||
            (value && json_object_set_new(*to, m->key, value) != 0)) {
            json_decref(*to);
            *to = NULL;
            return false;
        }
    }
    return true;
}

json_t *facts_take(const json_t *from)
{
    json_t *facts;
    if (take_object(from, all_members, &facts) && json_object_get(facts, "kind"))
        return facts;
    json_decref(facts);
    return NULL;
}

/* --- tokens ----------------------------------------------------------------------------------*/

/* False: it is not to be listed. */
static bool judge(json_t *one, const struct keyring *ring, const char *domain, bool *out_of_memory)
{
    const char *text = json_string_value(json_object_get(one, "token"));
    const char *where = json_string_value(json_object_get(one, "where"));
    uint64_t number;
    bool checked = ring && domain, candidate = where && strcmp(where, "candidate") == 0;
    bool valid = checked && text && token_check(ring, domain, text, &number);
    if (!text || !where || (candidate && !valid))
        return false;
    *out_of_memory = (checked && json_object_set_new(one, "valid", json_boolean(valid)) != 0) ||
                     (candidate && json_object_set_new(one, "where", json_string("body")) != 0);
    return true;
}

/* The same token at the same place stands once. */
static bool stands(const json_t *list, const json_t *one)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), one))
            return true;
    return false;
}

bool facts_check_tokens(json_t *facts, const struct keyring *ring, const char *domain)
{
    const json_t *tokens = json_object_get(facts, "tokens");
    json_t *kept = json_array();
    bool out_of_memory = !kept;
    for (size_t i = 0; i < json_array_size(tokens) && !out_of_memory; i++) {
        json_t *one = json_array_get(tokens, i);
        if (judge(one, ring, domain, &out_of_memory) && !out_of_memory && !stands(kept, one))
            out_of_memory = json_array_append(kept, one) != 0;
    }
    if (!out_of_memory && json_array_size(kept))
        return json_object_set_new(facts, "tokens", kept) == 0;
    json_decref(kept);
    if (!out_of_memory)
        json_object_del(facts, "tokens");
    return !out_of_memory;
}

bool facts_header_only(json_t *facts)
{
    static const char *const gone[] = {"recipients", "disposition", "reply_text",
                                       "suggest",    "attachments", "original"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        json_object_del(facts, gone[i]);
    return json_object_set_new(facts, "kind", json_string(read_kind_name(READ_OTHER))) == 0;
}
