/*
 * follow_entry - the entry of a line of the mail server's log
 *
 * Private part, besides what record.h lists: about (the message's entry), invoice, envelope {to,
 * queue_id}, peer {name, ip, port, tls, cipher, verified}, smtp_reply (the remote server's words),
 * reason (our own server's), status (RFC 3463), occurred, line (as it stands in the log), source
 * {command, by, log, file, device, inode, offset, cursor}. Of an alarm: accountant, login, debtor,
 * envelope {from, to, queue_id}, ids {message_id} under "seen", so that no lookup takes it for
 * the entry of a message.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "db/follow.h"
#include "db/record.h"
#include "db/register.h"
#include "db/wire.h"

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0; /* NULL value: fails */
}

static bool put_text(json_t *object, const char *key, const char *text)
{
    return !text || put(object, key, json_foreign(text));
}

static bool put_slice(json_t *object, const char *key, struct slice s)
{
    char *text = s.text && s.len ? strndup(s.text, s.len) : NULL;
    bool done = !s.text || !s.len || (text && put_text(object, key, text));
    free(text);
    return done;
}

static bool put_object(json_t *object, const char *key, json_t *value)
{
    if (value && json_object_size(value) > 0)
        return put(object, key, value);
    json_decref(value);
    return value != NULL;
}

/* --- the retry key --------------------------------------------------------------------------*/

static bool key_add(EVP_MD_CTX *ctx, const char *data, size_t len)
{
    return EVP_DigestUpdate(ctx, data ? data : "", len) == 1 && EVP_DigestUpdate(ctx, "", 1) == 1;
}

/* A message is queued once, however many lines say so, and one alarm a message is enough; of the
   others each line of its own counts, wherever it is read. */
bool follow_entry_once(enum delivery_kind kind)
{
    return kind == DELIVERY_SUBMITTED || kind == DELIVERY_UNRECORDED;
}

bool follow_entry_key(const struct delivery_event *v, int64_t time, unsigned char key[HASH_OCTETS])
{
    char numbers[96];
    const char *name = delivery_event_name(v->kind);
    const struct maillog_line *l = &v->line;
    struct slice words = l->reply.text ? l->reply : l->reason;
    bool once = v->kind == DELIVERY_SUBMITTED, alarm = v->kind == DELIVERY_UNRECORDED;
    bool timeless = follow_entry_once(v->kind);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    snprintf(numbers, sizeof numbers, "%llu %lld %ld", (unsigned long long)v->about,
             timeless ? 0 : (long long)time, timeless ? 0 : l->pid);
    bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
                key_add(ctx, "temoin follow", 13) && key_add(ctx, name, strlen(name)) &&
                key_add(ctx, numbers, strlen(numbers));
    if (done && !once)
        done = key_add(ctx, l->queue_id.text, l->queue_id.len);
    if (done && alarm)
        done = key_add(ctx, v->message_id, v->message_id ? strlen(v->message_id) : 0) &&
               key_add(ctx, v->login, v->login ? strlen(v->login) : 0);
    for (size_t i = 0; done && !timeless && i < v->recipients.count; i++)
        done = key_add(ctx, v->recipients.items[i], strlen(v->recipients.items[i]));
    if (done && !timeless)
        done = key_add(ctx, words.text, words.len);
    done = done && EVP_DigestFinal_ex(ctx, key, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

/* --- the private part -----------------------------------------------------------------------*/

static bool put_peer(json_t *part, const struct delivery_event *v)
{
    const struct maillog_line *l = &v->line;
    json_t *peer = json_object();
    bool done = peer != NULL;
    if (done && l->kind == MAILLOG_DELIVERY)
        done = put_slice(peer, "name", l->peer_name) && put_slice(peer, "ip", l->peer_address) &&
               (!l->peer_port || put(peer, "port", json_integer(l->peer_port))) &&
               put_text(peer, "tls", v->tls_version) && put_text(peer, "cipher", v->tls_cipher) &&
               put_text(peer, "verified", v->tls_trust);
    return put_object(part, "peer", peer) && done;
}

static bool put_source(json_t *part, const char *text, size_t len, const struct follow_place *place)
{
    json_t *source = json_pack("{s:s, s:s*}", "command", "follow", "cursor", place->cursor);
    bool done = source && put_text(source, "file", place->file);
    if (done && place->file)
        done = put(source, "device", json_integer((json_int_t)place->device)) &&
               put(source, "inode", json_integer((json_int_t)place->inode));
    if (done && !place->cursor)
        done = put(source, "offset", json_integer((json_int_t)place->offset));
    return put_object(part, "source", source) && done &&
           put_slice(part, "line", (struct slice){text, len});
}

static bool put_line(json_t *part, const struct delivery_event *v)
{
    const struct maillog_line *l = &v->line;
    char time[RECORD_TIME];
    json_t *envelope = json_object();
    bool done = envelope && put(envelope, "to", json_strings(&v->recipients)) &&
                put_text(envelope, "from", v->sender) &&
                put_slice(envelope, "queue_id", l->queue_id);
    record_time(v->time, time);
    return put_object(part, "envelope", envelope) && done && put_peer(part, v) &&
           put_slice(part, "smtp_reply", l->reply) && put_slice(part, "reason", l->reason) &&
           put_slice(part, "status", l->dsn) && put_text(part, "occurred", time);
}

/* --- about a message ------------------------------------------------------------------------*/

/* A 2xx of another server is what level 2 asks for (EVIDENCE 1); whatever else the log says shows
   no more than that we prepared the message. */
static const char *level_of(enum delivery_kind kind)
{
    return kind == DELIVERY_HANDED_OVER  ? "handed-over"
           : kind == DELIVERY_UNRECORDED ? NULL
                                         : "prepared";
}

static enum store_status take_message(struct store *store, uint64_t seq, struct entry *e,
                                      struct store_error *err)
{
    struct stored_entry about = {0};
    enum store_status st = store_entry(store, seq, &about, err);
    if (st == STORE_OK && !about.private_part.data)
        st = store_fail(err, STORE_NOT_FOUND, "the message was erased");
    if (st == STORE_OK) {
        json_t *part = json_loadb(about.private_part.data, about.private_part.len,
                                  JSON_REJECT_DUPLICATES, NULL);
        const json_t *invoices = json_object_get(part, "invoice");
        if (!part || !invoices || !strings_from_json(invoices, &e->dossiers) ||
            !put(e->private_part, "invoice", json_strings(&e->dossiers)) ||
            !put(e->private_part, "about", json_integer((json_int_t)seq)))
            st = store_fail(err, STORE_CORRUPT, "entry %llu does not say its invoice",
                            (unsigned long long)seq);
        json_decref(part);
    }
    stored_entry_free(&about);
    return st;
}

/* --- an alarm -------------------------------------------------------------------------------*/

/* The debtors with open invoices who have one of the recipients as a contact. */
static enum store_status find_debtors(const struct settings *s, const struct strings *recipients,
                                      struct strings *debtors, struct store_error *err)
{
    struct lookup *lookup;
    struct register_db *bills = NULL;
    struct query query = {.ids = {0}};
    struct facts facts = {.entry_count = 0};
    enum store_status st = lookup_open(s->store_directory, &lookup, err);
    if (st != STORE_OK)
        return st;
    if (!strings_add_all(&query.addresses, recipients))
        st = no_memory(err);
    if (st == STORE_OK)
        st = lookup_facts(lookup, &query, NULL, &facts, err);
    if (st == STORE_OK)
        st = register_open(s->store_directory, STORE_READ, &bills, err);
    for (size_t i = 0; st == STORE_OK && i < facts.contact_count; i++) {
        bool open = false;
        st = register_debtor_owes(bills, facts.contacts[i].debtor, &open, err);
        if (st == STORE_OK && open && !strings_add_unique(debtors, facts.contacts[i].debtor))
            st = no_memory(err);
    }
    register_close(bills);
    lookup_close(lookup);
    facts_free(&facts);
    query_free(&query);
    return st;
}

static enum store_status take_alarm(const struct settings *s, const struct delivery_event *v,
                                    struct entry *e, struct store_error *err)
{
    struct strings debtors = {0};
    const struct accountant *a = settings_accountant_by_login(s, v->login);
    json_t *seen = NULL;
    enum store_status st = find_debtors(s, &v->recipients, &debtors, err);
    if (st == STORE_OK && debtors.count == 0)
        st = store_fail(err, STORE_NOT_FOUND, "no recipient is a contact of a debtor who owes");
    if (st == STORE_OK && !((seen = json_object()) && put_text(seen, "message_id", v->message_id) &&
                            put_text(e->private_part, "login", v->login) &&
                            put_text(e->private_part, "accountant", a ? a->name : NULL) &&
                            put(e->private_part, "debtor", json_strings(&debtors))))
        st = no_memory(err);
    if (st == STORE_OK && json_object_size(seen) > 0 &&
        json_object_set(e->private_part, "seen", seen) < 0)
        st = no_memory(err);
    json_decref(seen);
    strings_free(&debtors);
    return st;
}

/* --- all ------------------------------------------------------------------------------------*/

enum store_status follow_entry_make(const struct settings *s, struct store *store,
                                    const struct delivery_event *event, const char *text,
                                    size_t len, const struct follow_place *place, struct entry *e,
                                    struct store_error *err)
{
    bool alarm = event->kind == DELIVERY_UNRECORDED;
    e->event = delivery_event_name(event->kind);
    e->level = level_of(event->kind);
    e->private_part = json_object();
    e->has_retry = true;
    if (!e->private_part || !follow_entry_key(event, event->time, e->retry))
        return no_memory(err);
    enum store_status st =
        alarm ? take_alarm(s, event, e, err) : take_message(store, event->about, e, err);
    if (st == STORE_OK &&
        !(put_line(e->private_part, event) && put_source(e->private_part, text, len, place)))
        st = no_memory(err);
    return st;
}
