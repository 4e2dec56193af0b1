/*
 * scribe_requests - what is asked of scribe: decoded, served as one group, answered
 *
 * A request that makes no sense is refused alone. When the transaction itself fails, all that
 * wanted something of it get the status: their callers hold copies and retry keys, and ask
 * again or tell the MTA to try later.
 *
 * The stamping listener's retry key: it names the message before the DKIM signer, the archive
 * listener sees the message after it. The entry that is archived gets the stamping listener's
 * key and edits, so that a client's retry is recognised where it arrives first, also after
 * this process, and its memory, have gone.
 */
#include "db/scribe_requests.h"

#include <string.h>

#include "db/msg.h"

enum { RESERVE_MAX = 100000, ENTRY_OVERHEAD = 16384 };

bool desk_admits(const struct desk *d, uid_t uid)
{
    return uid == 0 || uid == d->own_uid || uid == d->milter_uid;
}

/* --- decoding -------------------------------------------------------------------------------*/

static void refuse(struct request *r, enum store_status status, const char *what)
{
    r->op = OP_NONE;
    r->status = store_fail(&r->error, status, "refused: %s", what);
    msg_error("request of uid %u refused: %s", (unsigned)r->uid, what);
}

/* The process that faces the mail files messages and checkpoints; other facts and decisions are
   people's, also when they are given a direction. */
static bool milter_may_append(const struct entry *e)
{
    static const char *const inbound[] = {"reply",
                                          "auto-reply",
                                          "dsn",
                                          "mdn",
                                          "failed",
                                          "delayed",
                                          "reported-delivered",
                                          "reported-displayed"};
    if (e->decides)
        return false;
    if (!e->direction) /* facts: what other logs sent */
        return strcmp(e->event, "checkpoint") == 0 && !e->pauses;
    if (strcmp(e->direction, "outbound") == 0)
        return strcmp(e->event, "prepared") == 0;
    for (size_t i = 0; i < sizeof inbound / sizeof *inbound; i++)
        if (strcmp(e->event, inbound[i]) == 0)
            return true;
    return false;
}

static void decode_append(struct request *r, struct frame *f, const struct desk *d)
{
    const char *field;
    if (!entry_from_frame(f, &r->entry, &field)) {
        refuse(r, STORE_INVALID, field);
        return;
    }
    bool trusted = r->uid == 0 || r->uid == d->own_uid;
    if (!trusted && !milter_may_append(&r->entry))
        refuse(r, STORE_DENIED,
               "only messages and checkpoints may be appended by the milter's user");
}

static void decode_number(struct request *r, const struct frame *f, const char *key, uint64_t most)
{
    const json_t *j = json_object_get(f->json, key);
    if (json_is_integer(j) && json_integer_value(j) > 0)
        r->number = (uint64_t)json_integer_value(j);
    if (r->number == 0 || r->number > most)
        refuse(r, STORE_INVALID, key);
}

static void decode_stamped(struct request *r, const struct frame *f)
{
    struct stamped s;
    bool good = stamped_from_json(f->json, &s);
    stamped_free(&s);
    if (good)
        r->told = json_incref(f->json);
    else
        refuse(r, STORE_INVALID, "stamped");
}

void request_decode(struct request *r, struct frame *f, uid_t uid, const struct desk *d)
{
    static const char *const names[] = {
        [OP_PING] = "ping",       [OP_APPEND] = "append", [OP_RESERVE] = "reserve",
        [OP_STAMPED] = "stamped", [OP_RECALL] = "recall", [OP_REREAD] = "reread"};
    const char *op = frame_op(f);
    *r = (struct request){.uid = uid, .status = STORE_OK};
    entry_init(&r->entry);
    for (int i = OP_PING; i <= OP_REREAD; i++)
        if (strcmp(op, names[i]) == 0)
            r->op = (enum request_op)i;
    if (r->op == OP_NONE)
        refuse(r, STORE_INVALID, "op is not known");
    else if (r->op == OP_APPEND)
        decode_append(r, f, d);
    else if (r->op == OP_RESERVE)
        decode_number(r, f, "count", RESERVE_MAX);
    else if (r->op == OP_RECALL)
        decode_number(r, f, "token", TOKEN_NUMBER_MAX);
    else if (r->op == OP_STAMPED)
        decode_stamped(r, f);
}

void request_free(struct request *r)
{
    entry_free(&r->entry);
    json_decref(r->told);
    appended_free(&r->done);
    *r = (struct request){0};
    entry_init(&r->entry);
}

size_t request_octets(const struct request *r)
{
    return r->op == OP_APPEND ? r->entry.message.packed.len + ENTRY_OVERHEAD : 0;
}

/* --- the stamping listener's word -----------------------------------------------------------*/

/* Remembered, and within the retry window. */
static const struct remembered *recent(const struct desk *d, const unsigned char *retry)
{
    const struct remembered *m = stamped_by_retry(d->memory, retry);
    int64_t window = (int64_t)d->settings->retry_window_s * 1000;
    return m && wire_clock_ms() - m->since_ms <= window ? m : NULL;
}

/* The message was stamped before this process began: its entry knows token and edits. */
static void stamped_before(struct request *r, uint64_t token, const struct edits *edits)
{
    json_t *told = json_copy(r->told);
    json_t *again = edits_json(edits);
    if (!told || !again ||
        json_object_set_new(told, "token", json_integer((json_int_t)token)) != 0 ||
        json_object_set(told, "edits", again) != 0) {
        json_decref(told);
        r->status = store_fail(&r->error, STORE_NO_MEMORY, "out of memory");
    } else {
        json_decref(r->told);
        r->told = told;
        r->known = true;
    }
    json_decref(again);
}

static void serve_stamped(struct desk *d, struct request *r)
{
    unsigned char retry[HASH_OCTETS];
    hex_from_json(json_object_get(r->told, "retry"), retry, sizeof retry);
    const struct remembered *m = recent(d, retry);
    if (m) {
        json_decref(r->told);
        r->told = json_incref(m->json);
        r->known = true;
        return;
    }
    struct appended past = {0};
    r->status = store_find_retry(d->store, retry, d->settings->retry_window_s, &past, &r->error);
    if (r->status == STORE_OK && past.token)
        stamped_before(r, past.token, &past.edits);
    else if (r->status == STORE_NOT_FOUND)
        r->status = STORE_OK;
    appended_free(&past);
    if (r->status == STORE_OK)
        stamped_memory_put(d->memory, r->told, retry,
                           (uint64_t)json_integer_value(json_object_get(r->told, "token")),
                           wire_clock_ms());
}

static void serve_recall(const struct desk *d, struct request *r)
{
    const struct remembered *m = stamped_by_token(d->memory, r->number);
    if (m)
        r->told = json_incref(m->json);
    else
        r->status = store_fail(&r->error, STORE_NOT_FOUND, "no stamp of that token is remembered");
}

/* Give the archived entry what the stamping listener told about it. */
static bool join(const struct desk *d, struct request *r)
{
    struct entry *e = &r->entry;
    const struct remembered *m = e->token ? stamped_by_token(d->memory, e->token) : NULL;
    if (!m || (e->direction && strcmp(e->direction, "outbound") != 0))
        return true;
    memcpy(e->retry, m->retry, sizeof e->retry);
    e->has_retry = r->joined = true;
    return e->edits.count || edits_from_json(json_object_get(m->json, "edits"), &e->edits);
}

/* --- the group ------------------------------------------------------------------------------*/

static bool spoils(enum store_status status)
{
    return status != STORE_OK && status != STORE_INVALID;
}

static bool wants_transaction(const struct request *r)
{
    return (r->op == OP_APPEND || r->op == OP_RESERVE) && r->status == STORE_OK;
}

static enum store_status append_one(struct desk *d, struct request *r)
{
    if (!join(d, r))
        return store_fail(&r->error, STORE_NO_MEMORY, "out of memory");
    struct store_context context = writer_context(&d->writer, d->settings, "scribe", r->uid);
    return store_append(d->store, &context, &r->entry, &r->done, &r->error);
}

/* Everything between begin and commit. */
static enum store_status write_group(struct desk *d, struct request *items, size_t count,
                                     struct store_error *err)
{
    enum store_status st = store_begin(d->store, err);
    if (st != STORE_OK)
        return st;
    for (size_t i = 0; i < count; i++) {
        struct request *r = &items[i];
        if (!wants_transaction(r))
            continue;
        if (r->op == OP_APPEND)
            r->status = append_one(d, r);
        else
            r->status = store_reserve_numbers(d->store, r->number, &r->number, &r->error);
        if (r->status == STORE_INVALID)
            msg_error("request of uid %u refused: %s", (unsigned)r->uid, r->error.text);
        if (spoils(r->status)) {
            *err = r->error;
            store_rollback(d->store);
            return r->status;
        }
    }
    st = store_commit(d->store, err);
    if (st != STORE_OK)
        store_rollback(d->store);
    return st;
}

static void fail_group(struct desk *d, struct request *items, size_t count,
                       enum store_status status, const struct store_error *err)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct request *r = &items[i];
        if ((r->op != OP_APPEND && r->op != OP_RESERVE) || r->status == STORE_INVALID)
            continue;
        appended_free(&r->done);
        r->status = status;
        r->error = *err;
        failed++;
    }
    if (d->failures++ % 100 == 0)
        msg_error("store: %zu requests not committed: %s", failed, err->text);
}

bool desk_serve(struct desk *d, struct request *items, size_t count)
{
    size_t writes = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].op == OP_STAMPED)
            serve_stamped(d, &items[i]);
        else if (items[i].op == OP_RECALL)
            serve_recall(d, &items[i]);
        else if (wants_transaction(&items[i]))
            writes++;
    }
    if (writes == 0)
        return false;
    struct store_error err = {{0}};
    enum store_status st = write_group(d, items, count, &err);
    if (st != STORE_OK) {
        fail_group(d, items, count, st, &err);
        return false;
    }
    if (d->failures)
        msg_warn("store: commits again, after %llu groups that failed",
                 (unsigned long long)d->failures);
    d->failures = 0;
    return true;
}

/* --- answers --------------------------------------------------------------------------------*/

static bool put(json_t *object, const char *key, json_t *value)
{
    return value && json_object_set_new(object, key, value) == 0;
}

static bool answer_append(json_t *j, const struct request *r)
{
    const struct appended *a = &r->done;
    if (!put(j, "seq", json_integer((json_int_t)a->seq)))
        return false;
    if (!a->duplicate)
        return true;
    /* The archive listener must not stamp a second time: its message carries the edits. */
    return put(j, "duplicate", json_true()) &&
           put(j, "token", json_integer((json_int_t)a->token)) &&
           (r->joined || put(j, "edits", edits_json(&a->edits)));
}

static bool answer_stamped(json_t *j, const struct request *r)
{
    if (!r->known)
        return put(j, "known", json_false());
    return put(j, "known", json_true()) &&
           put(j, "token", json_incref(json_object_get(r->told, "token"))) &&
           put(j, "edits", json_incref(json_object_get(r->told, "edits")));
}

static bool answer_more(json_t *j, const struct request *r)
{
    switch (r->op) {
    case OP_APPEND:
        return answer_append(j, r);
    case OP_RESERVE:
        return put(j, "first", json_integer((json_int_t)r->number));
    case OP_STAMPED:
        return answer_stamped(j, r);
    case OP_RECALL:
        return put(j, "stamped", json_incref(r->told));
    default:
        return true;
    }
}

json_t *request_answer(const struct request *r)
{
    json_t *j = json_object();
    if (!j)
        return NULL;
    bool done = put(j, "status", json_integer(r->status));
    if (done && r->status == STORE_OK)
        done = answer_more(j, r);
    else if (done)
        done = put(j, "error", json_foreign(r->error.text));
    if (done)
        return j;
    json_decref(j);
    return NULL;
}
