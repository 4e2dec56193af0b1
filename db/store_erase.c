/*
 * store_erase - an erasure: what may be erased, and taking it out of log.db
 *
 * All in the transaction that appends the erasure. Indexes go with what they were made from:
 * message-ids (a keyed hash each), recipients, the subject's hash, contacts learned, and the
 * retry key, which is a hash of message and envelope. The token stays: it is a number of ours. So
 * does the retry key of a line of the mail server's log: the log may be read again, and what was
 * erased would come back. It is a hash of more than anybody can guess (queue ID, process, second,
 * the other server's words) and says nothing of whom it was about.
 */
#include "db/store_erase.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_private.h"
#include "db/wire.h"
#include "policy/delivery.h"
#include "policy/erasure.h"

/* --- the private part -----------------------------------------------------------------------*/

json_t *erasure_private(const struct erasure *e)
{
    json_t *seqs = json_array();
    for (size_t i = 0; seqs && i < e->count; i++)
        if (json_array_append_new(seqs, json_integer((json_int_t)e->seqs[i])) < 0) {
            json_decref(seqs);
            return NULL;
        }
    return json_pack("{s:o, s:o, s:o*, s:s}", "erased", seqs, "by", json_foreign(e->by),
                     "confirmed_by", e->confirmed_by ? json_foreign(e->confirmed_by) : NULL,
                     "ground", e->ground);
}

bool erasure_named(const json_t *private_part, uint64_t **seqs, size_t *count)
{
    const json_t *list = json_object_get(private_part, "erased");
    json_int_t before = 0;
    *seqs = NULL;
    *count = json_array_size(list);
    if (*count == 0 || *count > ERASURE_MAX || !(*seqs = calloc(*count, sizeof **seqs)))
        return false;
    for (size_t i = 0; i < *count; i++) {
        json_int_t seq = json_integer_value(json_array_get(list, i));
        if (seq <= before) {
            free(*seqs);
            *seqs = NULL;
            return false;
        }
        (*seqs)[i] = (uint64_t)(before = seq);
    }
    return true;
}

static bool is_erasure(const struct entry *e)
{
    return strcmp(e->event, "erasure") == 0;
}

/* --- may they be erased? --------------------------------------------------------------------*/

static enum store_status invalid(struct store_error *err, uint64_t seq, const char *why)
{
    return store_fail(err, STORE_INVALID, "entry %" PRIu64 " cannot be erased: %s", seq, why);
}

/* The dossiers that an entry is in, and the holds on them. */
static enum store_status check_holds(struct store *store, uint64_t seq, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    struct strings invoices = {0};
    enum store_status st =
        db_query(store->log,
                 "SELECT d.invoice FROM dossier_entry p JOIN dossier d ON d.id = p.dossier"
                 " WHERE p.seq = ?1 UNION SELECT assigned FROM review WHERE seq = ?1"
                 " AND assigned IS NOT NULL",
                 &s, err, "i", (int64_t)seq);
    while (st == STORE_OK && row) {
        st = db_step(store->log, s, &row, err);
        const char *invoice = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        if (row && (!invoice || !strings_add(&invoices, invoice)))
            st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    db_done(s);
    for (size_t i = 0; st == STORE_OK && i < invoices.count; i++) {
        uint64_t hold;
        st = store_hold(store, invoices.items[i], &hold, err);
        if (st == STORE_OK && hold)
            st = store_fail(err, STORE_INVALID,
                            "entry %" PRIu64 " cannot be erased: the dossier of %s is on hold "
                            "since entry %" PRIu64 ": temoin hold --release, if it has ended",
                            seq, invoices.items[i], hold);
    }
    strings_free(&invoices);
    return st;
}

static enum store_status check_one(struct store *store, uint64_t seq, bool again,
                                   struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false;
    enum store_status st =
        db_query(store->log, "SELECT event, private IS NULL FROM entry WHERE seq = ?", &s, err, "i",
                 (int64_t)seq);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (st == STORE_OK && !row)
        st = invalid(err, seq, "there is no such entry");
    else if (st == STORE_OK && sqlite3_column_int64(s, 1))
        st = invalid(err, seq, "it is erased already");
    else if (st == STORE_OK && !erasure_allowed((const char *)sqlite3_column_text(s, 0)))
        st = invalid(err, seq, "it shows how the log was kept and holds no data of a debtor's");
    db_done(s);
    return st == STORE_OK && !again ? check_holds(store, seq, err) : st;
}

enum store_status erasure_check(struct store *store, const struct entry *e, struct store_error *err)
{
    uint64_t *seqs;
    size_t count;
    const json_t *by = json_object_get(e->private_part, "by");
    if (!is_erasure(e))
        return STORE_OK;
    if (e->message.present || !by ||
        !erasure_ground(json_string_value(json_object_get(e->private_part, "ground"))))
        return store_fail(err, STORE_INVALID, "erasure refused: no ground, or nobody ordered it");
    if (!erasure_named(e->private_part, &seqs, &count))
        return store_fail(err, STORE_INVALID,
                          "erasure refused: it must name 1 to %d entries, in order", ERASURE_MAX);
    enum store_status st = STORE_OK;
    /* What a restore repeats was allowed when it was done, whatever was held at the backup. */
    bool again = json_is_object(json_object_get(e->private_part, "again"));
    for (size_t i = 0; st == STORE_OK && i < count; i++)
        st = check_one(store, seqs[i], again, err);
    free(seqs);
    return st;
}

enum store_status store_hold(struct store *store, const char *invoice, uint64_t *seq,
                             struct store_error *err)
{
    int64_t found;
    enum store_status st = db_number(store->log,
                                     "SELECT iif(e.event = 'hold', e.seq, 0) FROM dossier d"
                                     " JOIN dossier_entry p ON p.dossier = d.id"
                                     " JOIN entry e ON e.seq = p.seq"
                                     " WHERE d.invoice = ? AND e.event IN ('hold', 'release')"
                                     " ORDER BY p.n DESC LIMIT 1",
                                     0, &found, err, "t", invoice);
    *seq = (uint64_t)found;
    return st;
}

/* --- taking it away -------------------------------------------------------------------------*/

/* Its message-ids are known from its private part; where that cannot be read they are searched. */
static enum store_status forget_ids(struct store *store, int64_t seq, const struct bytes *part,
                                    struct store_error *err)
{
    struct strings ids = {0};
    enum store_status st = STORE_OK;
    uint64_t hash;
    json_t *json = json_loadb(part->data ? part->data : "", part->len, 0, NULL);
    const json_t *own = json_object_get(json_object_get(json, "ids"), "message_id");
    char *one = own && !json_is_array(own) ? foreign_from_json(own) : NULL;
    bool read = json && (!own || (json_is_array(own) ? strings_from_json(own, &ids)
                                                     : one && strings_add(&ids, one)));
    if (!read)
        st = db_run(store->log, "DELETE FROM message_id WHERE seq = ?", err, "i", seq);
    for (size_t i = 0; st == STORE_OK && read && i < ids.count; i++)
        st = keyed_hash_64(&store->hash, 'i', ids.items[i], &hash)
                 ? db_run(store->log, "DELETE FROM message_id WHERE hash = ? AND seq = ?", err,
                          "ii", (int64_t)hash, seq)
                 : store_fail(err, STORE_NO_MEMORY, "the crypto library failed");
    free(one);
    strings_free(&ids);
    json_decref(json);
    return st;
}

/* Put down where its octets lie outside of log.db. A message that has not been moved may have
   been copied into its volume already. */
static enum store_status put_erasing(struct store *store, int64_t seq, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    int64_t month = 0, size = 0;
    char *body = NULL;
    enum store_status st =
        db_query(store->log, "SELECT volume, time, body, size FROM message WHERE seq = ?", &s, err,
                 "i", seq);
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (st == STORE_OK && row) {
        int64_t volume = sqlite3_column_int64(s, 0);
        month = volume > 0 ? volume : month_of(sqlite3_column_int64(s, 1));
        size = sqlite3_column_int64(s, 3);
        copied = db_column_text(s, 2, &body);
    }
    db_done(s);
    if (!copied)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK && row)
        st =
            db_run(store->log, "INSERT OR REPLACE INTO erasing (seq, month, body) VALUES (?, ?, ?)",
                   err, "iit", seq, month, body);
    if (st == STORE_OK && row)
        st = db_run(store->log, "DELETE FROM message WHERE seq = ?", err, "i", seq);
    if (st == STORE_OK && row)
        st = db_run(store->log,
                    "UPDATE meta SET value = value - iif(key = 'messages', 1, ?)"
                    " WHERE key IN ('messages', 'octets')",
                    err, "i", size);
    free(body);
    return st;
}

static enum store_status erase_one(struct store *store, int64_t seq, int64_t erasure,
                                   struct store_error *err)
{
    struct stored_entry e;
    enum store_status st = store_entry(store, (uint64_t)seq, &e, err);
    if (st != STORE_OK)
        return st;
    st = forget_ids(store, seq, &e.private_part, err);
    stored_entry_free(&e);
    if (st == STORE_OK)
        st = put_erasing(store, seq, err);
    if (st == STORE_OK)
        st = db_run(store->log,
                    "UPDATE entry SET private = NULL, recipients = NULL, subject = 0"
                    " WHERE seq = ?",
                    err, "i", seq);
    if (st == STORE_OK)
        st = db_run(store->log, "INSERT INTO erased (seq, erasure) VALUES (?, ?)", err, "ii", seq,
                    erasure);
    return st;
}

/* No index leads from an entry to its key: one pass for all. An entry with a message (held) may
   have the name of a line's event, too. */
static enum store_status forget_retries(struct store *store, int64_t erasure,
                                        struct store_error *err)
{
    _Static_assert(DELIVERY_UNRECORDED == 7, "all events of follow are named below");
    return db_run(store->log,
                  "DELETE FROM retry WHERE seq IN (SELECT x.seq FROM erased x"
                  " JOIN entry e ON e.seq = x.seq WHERE x.erasure = ?"
                  " AND (e.held <> 0 OR e.event NOT IN (?, ?, ?, ?, ?, ?, ?)))",
                  err, "ittttttt", erasure, delivery_event_name(DELIVERY_SUBMITTED),
                  delivery_event_name(DELIVERY_HANDED_OVER), delivery_event_name(DELIVERY_RELAYED),
                  delivery_event_name(DELIVERY_LOCAL), delivery_event_name(DELIVERY_FAILED),
                  delivery_event_name(DELIVERY_DELAYED), delivery_event_name(DELIVERY_UNRECORDED));
}

enum store_status erasure_put(struct store *store, const struct entry *e, uint64_t seq,
                              struct store_error *err)
{
    uint64_t *seqs;
    size_t count;
    enum store_status st = STORE_OK;
    if (!is_erasure(e))
        return STORE_OK;
    if (!erasure_named(e->private_part, &seqs, &count))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    for (size_t i = 0; st == STORE_OK && i < count; i++)
        st = erase_one(store, (int64_t)seqs[i], (int64_t)seq, err);
    free(seqs);
    if (st == STORE_OK)
        st = forget_retries(store, (int64_t)seq, err);
    if (st == STORE_OK)
        st = db_run(store->log,
                    "DELETE FROM learned_contact"
                    " WHERE seq IN (SELECT seq FROM erased WHERE erasure = ?)",
                    err, "i", (int64_t)seq);
    if (st == STORE_OK)
        st = db_run(store->log, "INSERT OR REPLACE INTO meta (key, value) VALUES ('scrub', 1)", err,
                    "");
    store->erasing = true; /* after a rollback there is nothing to do, which costs one look */
    return st;
}
