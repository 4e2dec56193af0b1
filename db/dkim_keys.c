/*
 * dkim_keys - ask the DNS for the keys of signatures on matched inbound mail, and enter them in
 *             the log
 *
 * One entry a message and turn: the keys that were answered. A key that nobody answers for is
 * asked for again, later and later, for three days; then an entry says so. An answer that DNSSEC
 * contradicts is entered at once and asked for again all the same: it may be a mistake that is
 * mended, and the good key may yet be had.
 */
#include "db/dkim_keys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/dkim_entry.h"
#include "db/dkim_index.h"
#include "db/dns_records.h"
#include "db/exhibit.h"
#include "db/record.h"
#include "db/scribe_client.h"
#include "db/wire.h"
#include "policy/dkim_signature.h"

struct turn {
    const struct settings *settings;
    const char *actor;
    struct dkim_keys_done *done;
    struct store_error *err;
    struct dkim_index *index;
    struct store *store;
    struct dns *dns; /* opened when there is something to ask */
    int64_t now;     /* seconds since 1970 */
    unsigned silent; /* questions in a row that nobody answered */
};

void dkim_keys_done_free(struct dkim_keys_done *done)
{
    strings_free(&done->remarks);
    *done = (struct dkim_keys_done){0};
}

static enum store_status no_memory(struct turn *t)
{
    return store_fail(t->err, STORE_NO_MEMORY, "out of memory");
}

/* --- one key --------------------------------------------------------------------------------*/

static json_t *key_json(const struct dkim_wanted *w, const char *name, const char *result)
{
    char asked[RECORD_TIME];
    record_time((int64_t)time(NULL), asked);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "domain", w->domain, "selector", w->selector,
                     "algorithm", w->algorithm, "name", name, "asked", asked, "result", result);
}

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* What the DNS said, with the chain of signatures when there is one. NULL: out of memory. */
static json_t *answer_json(struct turn *t, const struct dkim_wanted *w, const char *name,
                           const struct dns_answer *a)
{
    struct dns_records r = {0};
    struct store_error trouble = {.text = ""};
    const char *why = a->why ? a->why : dns_unchecked_reason(t->dns);
    enum store_status st = dns_records_read(a, &r, &trouble);
    if (st == STORE_OK && a->security == DNS_SECURE)
        st = dns_chain(t->dns, &r, &trouble);
    json_t *key = key_json(w, name, a->found ? "found" : "absent");
    bool ok = key && st != STORE_NO_MEMORY &&
              put(key, "dnssec", json_string(dns_security_name(a->security)));
    if (ok && st == STORE_OK)
        ok = put(key, "chain", json_boolean(r.complete)) &&
             put(key, "texts", json_strings(&r.texts)) &&
             put(key, "records", json_strings(&r.lines));
    else
        why = trouble.text;
    if (ok && why)
        ok = put(key, "why", json_foreign(why));
    dns_records_free(&r);
    if (ok)
        return key;
    json_decref(key);
    return NULL;
}

static void count(struct dkim_keys_done *done, const struct dns_answer *a)
{
    if (a->security == DNS_BOGUS)
        done->bogus++;
    else if (a->found)
        done->found++;
    else
        done->absent++;
}

/* Nobody answered for it. *key: the entry that this is the end, or NULL. */
static enum store_status unanswered(struct turn *t, const struct dkim_wanted *w, const char *name,
                                    const char *trouble, json_t **key)
{
    t->silent++;
    t->done->unanswered++;
    if (t->silent == 1 && !strings_add_unique(&t->done->remarks, trouble))
        return no_memory(t);
    if (w->first_try && t->now - w->first_try >= DKIM_GIVE_UP_S) {
        *key = key_json(w, name, "unanswered");
        if (!*key || !put(*key, "why", json_foreign(trouble)))
            return no_memory(t);
        t->done->given_up++;
        return STORE_OK;
    }
    return dkim_index_failed(t->index, w, t->now, t->err);
}

/* *key stays NULL when there is nothing to enter. */
static enum store_status ask(struct turn *t, const struct dkim_wanted *w, json_t **key)
{
    const struct dkim_signature signature = {
        .domain = w->domain, .selector = w->selector, .algorithm = w->algorithm};
    struct bytes name = {0};
    struct dns_answer a = {0};
    struct store_error trouble = {.text = ""};
    enum store_status st = dkim_key_name(&signature, &name) ? STORE_OK : no_memory(t);
    if (st == STORE_OK) {
        st = dns_ask(t->dns, name.data, DNS_TXT, &a, &trouble);
        if (st == STORE_BUSY)
            st = unanswered(t, w, name.data, trouble.text, key);
        else if (st == STORE_OK) {
            t->silent = 0;
            count(t->done, &a);
            bool again = a.security == DNS_BOGUS;
            if (again)
                st = dkim_index_failed(t->index, w, t->now, t->err);
            if (st == STORE_OK && !(again && w->bogus) &&
                !(*key = answer_json(t, w, name.data, &a)))
                st = no_memory(t);
        } else
            store_fail(t->err, st, "%s", trouble.text);
    }
    dns_answer_free(&a);
    bytes_free(&name);
    return st;
}

/* --- one message ----------------------------------------------------------------------------*/

/* Where the message is filed; nowhere while it waits in review. *gone: it was erased meanwhile. */
static enum store_status dossiers_of(struct turn *t, uint64_t seq, struct strings *dossiers,
                                     bool *gone)
{
    struct stored_entry e = {0};
    struct exhibit x = {0};
    enum store_status st = store_entry(t->store, seq, &e, t->err);
    if (st == STORE_OK && !exhibit_read(&e, &x))
        st = no_memory(t);
    *gone = st == STORE_NOT_FOUND || (st == STORE_OK && !x.private_part);
    if (st == STORE_OK && x.place_count &&
        !strings_from_json(json_object_get(x.private_part, "invoice"), dossiers))
        st = no_memory(t);
    exhibit_free(&x);
    stored_entry_free(&e);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

/* Takes `keys` over. */
static enum store_status enter(struct turn *t, uint64_t message, json_t *keys,
                               struct strings *dossiers)
{
    struct entry e;
    struct appended appended = {0};
    entry_init(&e);
    e.event = DKIM_EVENT;
    e.actor = t->actor;
    e.dossiers = *dossiers;
    *dossiers = (struct strings){0};
    e.private_part = json_pack("{s:I, s:o}", "signed_entry", (json_int_t)message, "keys", keys);
    enum store_status st =
        e.private_part ? log_append(t->settings, &e, &appended, t->err) : no_memory(t);
    t->done->entries += st == STORE_OK;
    appended_free(&appended);
    entry_free(&e);
    return st == STORE_OK ? dkim_index_follow(t->index, t->store, t->err) : st;
}

static enum store_status serve(struct turn *t, const struct dkim_wanted *list, size_t wanted)
{
    struct strings dossiers = {0};
    bool gone = false;
    json_t *keys = json_array();
    enum store_status st = keys ? dossiers_of(t, list[0].seq, &dossiers, &gone) : no_memory(t);
    if (st == STORE_OK && gone)
        st = dkim_index_forget(t->index, list[0].seq, t->err);
    for (size_t i = 0; st == STORE_OK && !gone && i < wanted && t->silent < DKIM_SILENT_MOST; i++) {
        json_t *key = NULL;
        st = ask(t, &list[i], &key);
        if (st == STORE_OK && key && json_array_append(keys, key) != 0)
            st = no_memory(t);
        json_decref(key);
    }
    if (st == STORE_OK && json_array_size(keys))
        st = enter(t, list[0].seq, keys, &dossiers);
    else
        json_decref(keys);
    strings_free(&dossiers);
    return st;
}

/* --- a turn ---------------------------------------------------------------------------------*/

static enum store_status dns_begin(struct turn *t)
{
    return t->dns ? STORE_OK : dns_open(t->settings, &t->dns, t->err);
}

static enum store_status ask_all(struct turn *t, bool patient)
{
    enum store_status st = STORE_OK;
    int64_t deadline = wire_clock_ms() + DKIM_TURN_MS;
    for (uint64_t after = 0; st == STORE_OK && t->silent < DKIM_SILENT_MOST;) {
        struct dkim_wanted *list = NULL;
        size_t wanted = 0;
        if (patient && wire_clock_ms() >= deadline)
            break;
        st = dkim_index_due(t->index, after, patient ? t->now : INT64_MAX, &list, &wanted, t->err);
        if (st == STORE_OK && wanted) {
            after = list[0].seq;
            st = dns_begin(t);
            if (st == STORE_OK)
                st = serve(t, list, wanted);
        }
        bool last = wanted == 0;
        dkim_wanted_free(list, wanted);
        if (last)
            break;
    }
    const char *reason = t->dns && t->done->entries ? dns_unchecked_reason(t->dns) : NULL;
    if (st == STORE_OK && reason && !strings_add_unique(&t->done->remarks, reason))
        st = no_memory(t);
    return st;
}

enum store_status dkim_keys_fetch(const struct settings *s, const char *actor, bool patient,
                                  struct dkim_keys_done *done, struct store_error *err)
{
    struct turn t = {
        .settings = s, .actor = actor, .done = done, .err = err, .now = (int64_t)time(NULL)};
    struct dkim_figures figures;
    *done = (struct dkim_keys_done){0};
    enum store_status st = dkim_index_open(s->store_directory, STORE_WRITE, &t.index, err);
    if (st == STORE_OK)
        st = store_open(s->store_directory, STORE_READ, &t.store, err);
    if (st == STORE_OK)
        st = dkim_index_follow(t.index, t.store, err);
    if (st == STORE_OK && s->dkim_keys)
        st = ask_all(&t, patient);
    dns_close(t.dns);
    store_close(t.store);
    dkim_index_close(t.index);
    if (st == STORE_OK)
        st = dkim_figures(s->store_directory, &figures, err);
    if (st == STORE_OK) {
        done->waiting = figures.waiting;
        if (done->unanswered > done->given_up)
            st = store_fail(err, STORE_BUSY,
                            "%" PRIu64 " key(s) could not be asked for: %s; the next turn tries "
                            "again",
                            done->unanswered - done->given_up,
                            done->remarks.count ? done->remarks.items[0] : "no answer");
    }
    return st;
}
