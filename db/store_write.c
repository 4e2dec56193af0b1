/*
 * store_write - appending entries: group commit, duplicates, numbers
 *
 * One transaction of log.db holds all of a group, and for each entry its record, leaf, private
 * part, bytes and indexes: there is one truth, and one sync a group.
 *
 * An append looks at everything first and writes last, so that a request that makes no sense,
 * or a duplicate, leaves the group as it was without a savepoint (two more statements an entry
 * would be a tenth of the cost). What fails while writing is the environment (disk, memory):
 * then the group is spoiled, and commit refuses it.
 *
 * A duplicate is known by its retry key: messages within the retry window, facts for ever
 * (their keys are random, and an outbox may deliver one again after days). A Message-ID that
 * was seen before never stops an entry.
 */
#include <inttypes.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/record.h"
#include "db/store_private.h"
#include "policy/token.h"

/* A dossier as it is before this entry. */
struct place {
    int64_t id; /* 0: to be created */
    uint64_t n; /* of the last entry */
    unsigned char public_id[16];
    unsigned char last_leaf[HASH_OCTETS];
    const char *invoice;
};

/* All that one append works with. */
struct appending {
    const struct store_context *context;
    const struct entry *e;
    struct record record;
    struct place *places;
    struct bytes public_part, private_part, recipients;
    unsigned char leaf[HASH_OCTETS];
    uint64_t subject;
    char body[BODY_NAME]; /* "" none */
};

/* --- looking --------------------------------------------------------------------------------*/

static enum store_status check_request(const struct entry *e, struct store_error *err)
{
    const char *wrong = NULL;
    const struct entry_message *m = &e->message;
    if (!e->event || !*e->event)
        wrong = "no event";
    else if (e->direction && strcmp(e->direction, "outbound") && strcmp(e->direction, "inbound"))
        wrong = "no such direction";
    else if (e->private_part && !json_is_object(e->private_part))
        wrong = "its private part is no object";
    else if (e->token > TOKEN_NUMBER_MAX)
        wrong = "no such message number";
    else if (m->present && !m->bytes_dropped && m->packed.len == 0)
        wrong = "its message has no bytes";
    else if (m->present && (m->size > INT64_MAX || m->body_size > m->size))
        wrong = "its message has no such size";
    else if (e->learn_debtor && e->learn_addresses.count == 0)
        wrong = "nothing to learn";
    else if (e->decides &&
             (!e->decision || (strcmp(e->decision, "assign") && strcmp(e->decision, "dismiss"))))
        wrong = "neither assigned nor dismissed";
    else if (e->decides && !strcmp(e->decision, "assign") && e->dossiers.count == 0)
        wrong = "assigned to no dossier";
    for (size_t i = 0; !wrong && i < e->dossiers.count; i++)
        if (!*e->dossiers.items[i])
            wrong = "a dossier without an invoice number";
    return wrong ? store_fail(err, STORE_INVALID, "entry refused: %s", wrong) : STORE_OK;
}

static enum store_status check_review(struct store *store, const struct entry *e,
                                      struct store_error *err)
{
    int64_t decided;
    if (!e->decides)
        return STORE_OK;
    enum store_status st = db_number(store->log, "SELECT decided_by FROM review WHERE seq = ?", -1,
                                     &decided, err, "i", (int64_t)e->decides);
    if (st == STORE_OK && decided < 0)
        st = store_fail(err, STORE_INVALID, "entry %" PRIu64 " is not up for review", e->decides);
    if (st == STORE_OK && decided > 0)
        st = store_fail(err, STORE_INVALID, "entry %" PRIu64 " was decided by entry %" PRId64,
                        e->decides, decided);
    return st;
}

static enum store_status find_duplicate(struct store *store, const struct appending *a,
                                        struct appended *out, struct store_error *err)
{
    struct store_error why = {""};
    unsigned window = a->e->message.present ? a->context->retry_window_s : UINT_MAX;
    if (!a->e->has_retry)
        return STORE_OK;
    enum store_status st = store_find_retry(store, a->e->retry, window, out, &why);
    if (st == STORE_OK || st == STORE_NOT_FOUND)
        return STORE_OK; /* out->duplicate tells */
    return store_fail(err, st, "%s", why.text);
}

static enum store_status find_place(struct store *store, const char *invoice, struct place *p,
                                    struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false;
    enum store_status st =
        db_query(store->log, "SELECT id, n, public_id, last_leaf FROM dossier WHERE invoice = ?",
                 &s, err, "t", invoice);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    *p = (struct place){.invoice = invoice};
    if (row) {
        p->id = sqlite3_column_int64(s, 0);
        p->n = (uint64_t)sqlite3_column_int64(s, 1);
        if (sqlite3_column_bytes(s, 2) == sizeof p->public_id &&
            sqlite3_column_bytes(s, 3) == HASH_OCTETS && p->n > 0) {
            memcpy(p->public_id, sqlite3_column_blob(s, 2), sizeof p->public_id);
            memcpy(p->last_leaf, sqlite3_column_blob(s, 3), HASH_OCTETS);
        } else {
            st = store_fail(err, STORE_CORRUPT, "%s: the dossier of %s cannot be read",
                            store->log->file, invoice);
        }
    } else if (st == STORE_OK && RAND_bytes(p->public_id, sizeof p->public_id) != 1) {
        st = store_fail(err, STORE_IO, "no random numbers");
    }
    db_done(s);
    return st;
}

static enum store_status find_places(struct store *store, struct appending *a,
                                     struct store_error *err)
{
    const struct strings *wanted = &a->e->dossiers;
    struct record *r = &a->record;
    enum store_status st = STORE_OK;
    if (wanted->count == 0)
        return STORE_OK;
    a->places = calloc(wanted->count, sizeof *a->places);
    r->places = calloc(wanted->count, sizeof *r->places);
    if (!a->places || !r->places)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    for (size_t i = 0; st == STORE_OK && i < wanted->count; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = strcmp(wanted->items[k], wanted->items[i]) == 0;
        if (again)
            continue;
        struct place *p = &a->places[r->place_count];
        st = find_place(store, wanted->items[i], p, err);
        r->places[r->place_count++] = (struct record_place){
            .id = p->public_id, .n = p->n + 1, .prev = p->n ? p->last_leaf : NULL};
    }
    return st;
}

static enum store_status compose(struct store *store, struct appending *a, struct store_error *err)
{
    const struct entry *e = a->e;
    struct record *r = &a->record;
    unsigned char login[16];
    bool ok = true;
    r->seq = store->last_seq + 1;
    r->origin = store->origin;
    if (e->message.present)
        memcpy(r->nonce, e->message.nonce, NONCE_OCTETS);
    else
        ok = RAND_bytes(r->nonce, NONCE_OCTETS) == 1;
    if (ok && e->actor) {
        ok = keyed_hash_128(&store->hash, 'a', e->actor, login);
        record_hex(login, sizeof login, r->login);
    }
    for (size_t i = 0; ok && i < e->recipients.count; i++)
        ok = (i == 0 || bytes_puts(&a->recipients, "\n")) &&
             bytes_puts(&a->recipients, e->recipients.items[i]);
    ok = ok && keyed_hash_subject(&store->hash, e->base_subject, &a->subject);
    if (!ok)
        return store_fail(err, STORE_NO_MEMORY, "out of memory, or the crypto library failed");
    if (!record_make(r, a->context, e, &a->public_part, &a->private_part, a->leaf))
        return store_fail(err, STORE_INVALID, "entry refused: it cannot be written as JSON");
    return STORE_OK;
}

/* --- writing --------------------------------------------------------------------------------*/

static enum store_status put_entry(struct db *log, const struct appending *a,
                                   struct store_error *err)
{
    const struct entry *e = a->e;
    const struct entry_message *m = &e->message;
    int64_t outbound = e->direction && strcmp(e->direction, "outbound") == 0;
    int64_t held = !m->present ? 0 : m->bytes_dropped ? 2 : 1;
    return db_run(log,
                  "INSERT INTO entry (seq, event, outbound, held, size, token, subject, leaf,"
                  " record, recipients, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  err, "itiiiiibbtb", (int64_t)a->record.seq, e->event, outbound, held,
                  (int64_t)(m->present ? m->size : 0), (int64_t)e->token, (int64_t)a->subject,
                  (const void *)a->leaf, sizeof a->leaf, (const void *)a->public_part.data,
                  a->public_part.len, a->recipients.data, (const void *)a->private_part.data,
                  a->private_part.len);
}

/* Give a spilled body its name. Done before the first row is written, so that a descriptor which
   is not what it was said to be is refused by itself. */
static enum store_status keep_body(struct store *store, struct appending *a,
                                   struct store_error *err)
{
    const struct entry_message *m = &a->e->message;
    if (!m->present || m->bytes_dropped || m->body_fd < 0)
        return STORE_OK;
    enum store_status st = body_keep(store, m->body_fd, m->body_size, a->body, err);
    if (st == STORE_OK && !strings_add(&store->linked, a->body)) {
        body_remove(store, a->body);
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    return st;
}

static enum store_status put_message(struct db *log, const struct appending *a,
                                     struct store_error *err)
{
    const struct entry_message *m = &a->e->message;
    if (!m->present || m->bytes_dropped)
        return STORE_OK;
    return db_run(log,
                  "INSERT INTO message (seq, time, size, volume, pieces, body, body_size,"
                  " packed) VALUES (?, ?, ?, 0, 0, ?, ?, ?)",
                  err, "iiitib", (int64_t)a->record.seq, a->record.time, (int64_t)m->size,
                  *a->body ? a->body : NULL, (int64_t)(m->body_fd >= 0 ? m->body_size : 0),
                  (const void *)m->packed.data, m->packed.len);
}

static enum store_status put_places(struct db *log, const struct appending *a,
                                    struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < a->record.place_count; i++) {
        struct place *p = &a->places[i];
        /* A decision is noted in the dossier that was proposed, too, but pauses its target only. */
        bool here = a->e->pauses && (i == 0 || !a->e->decides);
        int64_t pauses = here ? (int64_t)a->record.seq : 0;
        int64_t n = (int64_t)p->n + 1;
        if (p->id) {
            st = db_run(log,
                        "UPDATE dossier SET n = ?, last_leaf = ?,"
                        " paused_by = iif(paused_by = 0, ?, paused_by) WHERE id = ?",
                        err, "ibii", n, (const void *)a->leaf, sizeof a->leaf, pauses, p->id);
        } else {
            st = db_run(log,
                        "INSERT INTO dossier (invoice, public_id, n, last_leaf, paused_by)"
                        " VALUES (?, ?, ?, ?, ?)",
                        err, "tbibi", p->invoice, (const void *)p->public_id, sizeof p->public_id,
                        n, (const void *)a->leaf, sizeof a->leaf, pauses);
            p->id = sqlite3_last_insert_rowid(log->handle);
        }
        if (st == STORE_OK)
            st = db_run(log, "INSERT INTO dossier_entry (dossier, n, seq) VALUES (?, ?, ?)", err,
                        "iii", p->id, n, (int64_t)a->record.seq);
    }
    return st;
}

static enum store_status put_indexes(struct store *store, const struct appending *a,
                                     struct store_error *err)
{
    const struct entry *e = a->e;
    int64_t seq = (int64_t)a->record.seq;
    uint64_t hash;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < e->ids.count; i++) {
        if (!keyed_hash_64(&store->hash, 'i', e->ids.items[i], &hash))
            return store_fail(err, STORE_NO_MEMORY, "the crypto library failed");
        st = db_run(store->log, "INSERT OR IGNORE INTO message_id (hash, seq) VALUES (?, ?)", err,
                    "ii", (int64_t)hash, seq);
    }
    if (st == STORE_OK && e->token)
        st = db_run(store->log, "INSERT OR IGNORE INTO token (number, seq) VALUES (?, ?)", err,
                    "ii", (int64_t)e->token, seq);
    if (st == STORE_OK && e->has_retry)
        st = db_run(store->log, "INSERT OR REPLACE INTO retry (key, seq, time) VALUES (?, ?, ?)",
                    err, "bii", (const void *)e->retry, sizeof e->retry, seq, a->record.time);
    for (size_t i = 0; st == STORE_OK && e->learn_debtor && i < e->learn_addresses.count; i++)
        st = db_run(store->log,
                    "INSERT OR IGNORE INTO learned_contact (address, debtor, seq)"
                    " VALUES (?, ?, ?)",
                    err, "tti", e->learn_addresses.items[i], e->learn_debtor, seq);
    return st;
}

static enum store_status put_review(struct db *log, const struct appending *a,
                                    struct store_error *err)
{
    const struct entry *e = a->e;
    int64_t seq = (int64_t)a->record.seq;
    enum store_status st = STORE_OK;
    if (e->review_invoice)
        st = db_run(log,
                    "INSERT INTO review (seq, invoice, state, decided_by)"
                    " VALUES (?, ?, 'open', 0)",
                    err, "it", seq, e->review_invoice);
    if (st == STORE_OK && e->decides) {
        bool assign = strcmp(e->decision, "assign") == 0;
        st = db_run(log, "UPDATE review SET state = ?, decided_by = ?, assigned = ? WHERE seq = ?",
                    err, "titi", assign ? "assigned" : "dismissed", seq,
                    assign ? e->dossiers.items[0] : NULL, (int64_t)e->decides);
    }
    return st;
}

static enum store_status put_all(struct store *store, struct appending *a, struct store_error *err)
{
    enum store_status st = put_entry(store->log, a, err);
    if (st == STORE_OK)
        st = put_message(store->log, a, err);
    if (st == STORE_OK)
        st = put_places(store->log, a, err);
    if (st == STORE_OK)
        st = put_indexes(store, a, err);
    if (st == STORE_OK)
        st = put_review(store->log, a, err);
    if (st == STORE_OK)
        st = erasure_put(store, a->e, a->record.seq, err);
    if (st != STORE_OK) {
        store->spoiled = true;
        /* A row that the schema refuses now: the log is not as an append leaves it. */
        return st == STORE_INVALID ? STORE_CORRUPT : st;
    }
    store->last_seq = a->record.seq;
    if (a->e->message.present) {
        store->messages++;
        store->octets += a->e->message.size;
    }
    return STORE_OK;
}

enum store_status store_append(struct store *store, const struct store_context *context,
                               const struct entry *e, struct appended *out, struct store_error *err)
{
    struct appending a = {.context = context, .e = e};
    *out = (struct appended){0};
    if (!store->in_group || store->spoiled)
        return store_fail(err, STORE_INVALID, "append outside of a sound group");
    a.record.time = (int64_t)time(NULL);
    enum store_status st = check_request(e, err);
    if (st == STORE_OK)
        st = find_duplicate(store, &a, out, err);
    if (st == STORE_OK && !out->duplicate) {
        st = check_review(store, e, err);
        if (st == STORE_OK)
            st = erasure_check(store, e, err);
        if (st == STORE_OK)
            st = find_places(store, &a, err);
        if (st == STORE_OK)
            st = compose(store, &a, err);
        if (st == STORE_OK)
            st = keep_body(store, &a, err);
        if (st == STORE_OK)
            st = put_all(store, &a, err);
        out->seq = st == STORE_OK ? a.record.seq : 0;
    }
    if (st != STORE_OK && st != STORE_INVALID)
        store->spoiled = true;
    bytes_free(&a.public_part);
    bytes_free(&a.private_part);
    bytes_free(&a.recipients);
    free(a.record.places);
    free(a.places);
    return st;
}

/* --- the group ------------------------------------------------------------------------------*/

enum store_status store_begin(struct store *store, struct store_error *err)
{
    if (store->mode != STORE_WRITE || store->in_group)
        return store_fail(err, STORE_INVALID, "begin on a store that cannot");
    enum store_status st = db_run(store->log, "BEGIN IMMEDIATE", err, "");
    if (st != STORE_OK)
        return st;
    store->in_group = true;
    store->spoiled = store->unsure = false;
    store->last_seq = store->seq_on_disk;
    store->messages = store->octets = 0;
    return STORE_OK;
}

enum store_status store_commit(struct store *store, struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (!store->in_group || store->spoiled)
        return store_fail(err, STORE_INVALID, "commit without a sound group");
    if (store->linked.count)
        st = bodies_sync(store, err);
    if (st == STORE_OK && store->messages)
        st = db_run(store->log,
                    "UPDATE meta SET value = value + iif(key = 'messages', ?, ?)"
                    " WHERE key IN ('messages', 'octets')",
                    err, "ii", (int64_t)store->messages, (int64_t)store->octets);
    if (st == STORE_OK) {
        st = db_run(store->log, "COMMIT", err, "");
        store->unsure = st == STORE_IO;
    }
    if (st != STORE_OK) {
        store->spoiled = true;
        return st;
    }
    store->in_group = false;
    store->seq_on_disk = store->last_seq;
    strings_free(&store->linked);
    return STORE_OK;
}

void store_rollback(struct store *store)
{
    db_rollback(store->log);
    /* A commit whose sync failed may come to life again after a crash: then its bodies must be
       there. The next start removes them otherwise. */
    for (size_t i = 0; !store->unsure && i < store->linked.count; i++)
        body_remove(store, store->linked.items[i]);
    strings_free(&store->linked);
    store->last_seq = store->seq_on_disk;
    store->in_group = store->spoiled = store->unsure = false;
}

enum store_status store_reserve_numbers(struct store *store, uint64_t count, uint64_t *first,
                                        struct store_error *err)
{
    int64_t after;
    *first = 0;
    if (store->mode != STORE_WRITE || count == 0 || count > TOKEN_NUMBER_MAX)
        return store_fail(err, STORE_INVALID, "cannot reserve %" PRIu64 " message numbers", count);
    enum store_status st =
        db_number(store->log,
                  "UPDATE meta SET value = value + ?1 WHERE key = 'next_number'"
                  " AND value + ?1 <= ?2 RETURNING value",
                  -1, &after, err, "ii", (int64_t)count, (int64_t)TOKEN_NUMBER_MAX + 1);
    if (st != STORE_OK && store->in_group)
        store->spoiled = true;
    if (st == STORE_OK && after < 0)
        st = store_fail(err, STORE_INVALID, "message numbers are used up: begin a new store");
    if (st == STORE_OK)
        *first = (uint64_t)after - count;
    return st;
}
