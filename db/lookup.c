/*
 * lookup - answering the questions that a message raises (policy/facts.h)
 *
 * One read transaction of log.db and one of register.db, some three statements an id or token:
 * the hash of an id finds candidate entries, the private part of each confirms it (a hash of 64
 * bits may collide, and an erased entry has no private part any more: it no longer matches).
 * A register that is not there yet is an empty one; it is looked for again at each lookup.
 *
 * Limits: CANDIDATES entries an id, the oldest first, since a stranger who uses an id again
 * comes after the one who had it.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/store_private.h"
#include "policy/address.h"

enum { CANDIDATES = 16 };

struct lookup {
    char *directory;
    struct store *store; /* log.db, for reading */
    struct db *registry; /* NULL: there is none yet */
    char *registry_file;
};

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory, or the crypto library failed");
}

/* --- opening --------------------------------------------------------------------------------*/

static enum store_status open_register(struct lookup *l, struct store_error *err)
{
    if (l->registry || (access(l->registry_file, F_OK) < 0))
        return STORE_OK;
    enum store_status st = db_open(l->registry_file, DB_READ, &l->registry, err);
    if (st == STORE_OK)
        st = schema_check(l->registry, &schema_register, err);
    if (st != STORE_OK) {
        db_close(l->registry);
        l->registry = NULL;
    }
    return st;
}

enum store_status lookup_open(const char *directory, struct lookup **lookup,
                              struct store_error *err)
{
    char file[PATH_MAX];
    *lookup = NULL;
    struct lookup *l = calloc(1, sizeof *l);
    if (!l)
        return no_memory(err);
    enum store_status st = store_path(directory, "register.db", file, sizeof file, err);
    if (st == STORE_OK &&
        (!(l->directory = strdup(directory)) || !(l->registry_file = strdup(file))))
        st = no_memory(err);
    if (st == STORE_OK)
        st = store_open(directory, STORE_READ, &l->store, err);
    if (st == STORE_OK)
        st = open_register(l, err);
    if (st != STORE_OK) {
        lookup_close(l);
        return st;
    }
    *lookup = l;
    return STORE_OK;
}

void lookup_close(struct lookup *l)
{
    if (!l)
        return;
    store_close(l->store);
    db_close(l->registry);
    free(l->registry_file);
    free(l->directory);
    free(l);
}

/* --- entries --------------------------------------------------------------------------------*/

static bool grow(void **items, size_t count, size_t size)
{
    if (count & (count - 1)) /* room was made up to the next power of two */
        return true;
    void *more = realloc(*items, (count ? 2 * count : 1) * size);
    if (more)
        *items = more;
    return more != NULL;
}

static bool split_lines(const char *text, struct strings *out)
{
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        if (!strings_add_n(out, text, len))
            return false;
        text += len + (text[len] == '\n');
    }
    return true;
}

/* Does this private part name its entry by that id? */
static bool confirms(sqlite3_stmt *s, int column, const char *id)
{
    const char *text = sqlite3_column_blob(s, column);
    if (!text)
        return false;
    json_t *part =
        json_loadb(text, (size_t)sqlite3_column_bytes(s, column), JSON_REJECT_DUPLICATES, NULL);
    json_t *wanted = json_foreign(id);
    const json_t *own = json_object_get(json_object_get(part, "ids"), "message_id");
    bool same = wanted && json_equal(own, wanted);
    for (size_t i = 0; wanted && !same && i < json_array_size(own); i++)
        same = json_equal(json_array_get(own, i), wanted);
    json_decref(wanted);
    json_decref(part);
    return same;
}

/* The invoices of an entry: where it was filed, and where a review put it. */
static enum store_status entry_invoices(struct db *log, int64_t seq, struct strings *out,
                                        struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st =
        db_query(log,
                 "SELECT d.invoice FROM dossier_entry p JOIN dossier d ON d.id = p.dossier"
                 " WHERE p.seq = ?1 UNION ALL"
                 " SELECT assigned FROM review WHERE seq = ?1 AND state = 'assigned'",
                 &s, err, "i", seq);
    while (st == STORE_OK && row) {
        st = db_step(log, s, &row, err);
        const char *invoice = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        if (invoice && !strings_add_unique(out, invoice))
            st = no_memory(err);
    }
    db_done(s);
    return st;
}

/* Take the entry that `s` (ENTRY below) stands on, if `id` (NULL: by token) is truly its own. */
static enum store_status take_entry(struct lookup *l, sqlite3_stmt *s, const char *id,
                                    struct facts *f, struct store_error *err)
{
    int64_t seq = sqlite3_column_int64(s, 0);
    if (id ? !confirms(s, 5, id) : sqlite3_column_type(s, 5) == SQLITE_NULL)
        return STORE_OK;
    for (size_t i = 0; i < f->entry_count; i++) /* named twice by the message: once will do */
        if (f->entries[i].seq == (uint64_t)seq && f->entries[i].by_token == !id)
            return STORE_OK;
    if (!grow((void **)&f->entries, f->entry_count, sizeof *f->entries))
        return no_memory(err);
    struct fact_entry *e = &f->entries[f->entry_count++];
    *e = (struct fact_entry){.seq = (uint64_t)seq,
                             .by_token = !id,
                             .outbound = sqlite3_column_int64(s, 1) != 0,
                             .token = (uint64_t)sqlite3_column_int64(s, 2),
                             .subject = (uint64_t)sqlite3_column_int64(s, 3)};
    if ((id && !(e->id = strdup(id))) ||
        !split_lines((const char *)sqlite3_column_text(s, 4), &e->recipients))
        return no_memory(err);
    return entry_invoices(l->store->log, seq, &e->invoices, err);
}

#define ENTRY "SELECT e.seq, e.outbound, e.token, e.subject, e.recipients, e.private"

static enum store_status take_rows(struct lookup *l, sqlite3_stmt *s, const char *id,
                                   struct facts *f, struct store_error *err)
{
    enum store_status st = STORE_OK;
    bool row = true;
    while (st == STORE_OK && row) {
        st = db_step(l->store->log, s, &row, err);
        if (row)
            st = take_entry(l, s, id, f, err);
    }
    db_done(s);
    return st;
}

static enum store_status find_entries(struct lookup *l, const struct query *q, struct facts *f,
                                      struct store_error *err)
{
    struct db *log = l->store->log;
    sqlite3_stmt *s;
    uint64_t hash;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < q->tokens.count; i++) {
        st = db_query(log, ENTRY " FROM token t JOIN entry e ON e.seq = t.seq WHERE t.number = ?",
                      &s, err, "i", (int64_t)q->tokens.numbers[i]);
        if (st == STORE_OK)
            st = take_rows(l, s, NULL, f, err);
    }
    for (size_t i = 0; st == STORE_OK && i < q->ids.count; i++) {
        if (!keyed_hash_64(&l->store->hash, 'i', q->ids.items[i], &hash))
            return no_memory(err);
        st = db_query(log,
                      ENTRY " FROM message_id m JOIN entry e ON e.seq = m.seq WHERE m.hash = ?"
                            " ORDER BY m.seq LIMIT ?",
                      &s, err, "ii", (int64_t)hash, (int64_t)CANDIDATES);
        if (st == STORE_OK)
            st = take_rows(l, s, q->ids.items[i], f, err);
    }
    return st;
}

/* --- invoices -------------------------------------------------------------------------------*/

static enum store_status has_contact(struct lookup *l, struct fact_invoice *i,
                                     struct store_error *err)
{
    int64_t found;
    enum store_status st =
        db_number(l->registry, "SELECT EXISTS (SELECT 1 FROM contact WHERE debtor = ?)", 0, &found,
                  err, "t", i->debtor);
    if (st == STORE_OK && !found)
        st = db_number(l->store->log,
                       "SELECT EXISTS (SELECT 1 FROM learned_contact WHERE debtor = ?)", 0, &found,
                       err, "t", i->debtor);
    i->debtor_has_contact = found != 0;
    return st;
}

static enum store_status find_invoice(struct lookup *l, const char *number, struct facts *f,
                                      struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    if (!l->registry || facts_invoice(f, number))
        return STORE_OK;
    enum store_status st = db_query(
        l->registry,
        "SELECT debtor, status, max(0, amount - paid), currency FROM invoice WHERE number = ?", &s,
        err, "t", number);
    if (st == STORE_OK)
        st = db_step(l->registry, s, &row, err);
    if (row && (copied = grow((void **)&f->invoices, f->invoice_count, sizeof *f->invoices))) {
        struct fact_invoice *i = &f->invoices[f->invoice_count++];
        *i = (struct fact_invoice){.number = strdup(number),
                                   .status = (enum invoice_status)sqlite3_column_int(s, 1),
                                   .left = sqlite3_column_int64(s, 2)};
        const char *currency = (const char *)sqlite3_column_text(s, 3);
        if (currency && strlen(currency) < sizeof i->currency)
            strcpy(i->currency, currency);
        copied = i->number && db_column_text(s, 0, &i->debtor);
    }
    db_done(s);
    if (!copied)
        return no_memory(err);
    return row ? has_contact(l, &f->invoices[f->invoice_count - 1], err) : st;
}

static enum store_status find_invoices(struct lookup *l, const struct query *q, struct facts *f,
                                       struct store_error *err)
{
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < q->numbers.count; i++)
        st = find_invoice(l, q->numbers.items[i], f, err);
    for (size_t i = 0; st == STORE_OK && i < f->entry_count; i++)
        for (size_t k = 0; st == STORE_OK && k < f->entries[i].invoices.count; k++)
            st = find_invoice(l, f->entries[i].invoices.items[k], f, err);
    return st;
}

/* --- contacts -------------------------------------------------------------------------------*/

static enum store_status take_contacts(struct db *db, sqlite3_stmt *s, size_t address,
                                       struct facts *f, struct store_error *err)
{
    enum store_status st = STORE_OK;
    bool row = true;
    while (st == STORE_OK && row) {
        st = db_step(db, s, &row, err);
        if (!row)
            break;
        if (!grow((void **)&f->contacts, f->contact_count, sizeof *f->contacts)) {
            st = no_memory(err);
            break;
        }
        struct fact_contact *c = &f->contacts[f->contact_count++];
        *c = (struct fact_contact){.address = address, .by_domain = sqlite3_column_int(s, 1) != 0};
        if (!db_column_text(s, 0, &c->debtor))
            st = no_memory(err);
    }
    db_done(s);
    return st;
}

static enum store_status find_contacts(struct lookup *l, const struct query *q, struct facts *f,
                                       struct store_error *err)
{
    sqlite3_stmt *s;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < q->addresses.count; i++) {
        const char *address = q->addresses.items[i];
        const char *domain = address_domain(address);
        /* "@domain" stands at the address's end; only the whole domain counts, no parent. */
        const char *listed = *domain ? domain - 1 : NULL;
        if (l->registry) {
            st = db_query(l->registry,
                          "SELECT debtor, 0 FROM contact WHERE address = ?1 UNION ALL"
                          " SELECT debtor, 1 FROM contact WHERE address = ?2",
                          &s, err, "tt", address, listed);
            if (st == STORE_OK)
                st = take_contacts(l->registry, s, i, f, err);
        }
        if (st == STORE_OK)
            st = db_query(l->store->log, "SELECT debtor, 0 FROM learned_contact WHERE address = ?",
                          &s, err, "t", address);
        if (st == STORE_OK)
            st = take_contacts(l->store->log, s, i, f, err);
    }
    return st;
}

/* --- the call -------------------------------------------------------------------------------*/

static enum store_status answer(struct lookup *l, const struct query *q, struct facts *f,
                                struct store_error *err)
{
    enum store_status st = find_entries(l, q, f, err);
    if (st == STORE_OK)
        st = find_invoices(l, q, f, err);
    if (st == STORE_OK)
        st = find_contacts(l, q, f, err);
    return st;
}

enum store_status lookup_facts(struct lookup *l, const struct query *q, const char *base_subject,
                               struct facts *f, struct store_error *err)
{
    if (!keyed_hash_subject(&l->store->hash, base_subject, &f->subject))
        return no_memory(err);
    enum store_status st = open_register(l, err);
    /* One transaction each: one view, and locks are taken once. */
    if (st == STORE_OK)
        st = db_run(l->store->log, "BEGIN", err, "");
    if (st == STORE_OK && l->registry)
        st = db_run(l->registry, "BEGIN", err, "");
    if (st == STORE_OK)
        st = answer(l, q, f, err);
    db_rollback(l->store->log);
    if (l->registry)
        db_rollback(l->registry);
    return st;
}
