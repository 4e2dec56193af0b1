/*
 * register - debtors, contacts, invoices and payments (register.db)
 *
 * invoice.marked is the status that was imported, invoice.status the one that counts: paid as
 * soon as the payments reach the amount, whatever a later import of the same invoice says.
 * Addresses and domains are kept in normal form (policy/address.h), by which they are looked
 * up. The outbox is in register_outbox.c.
 */
#include "db/register.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/register_private.h"
#include "db/store_private.h"
#include "policy/address.h"

static enum store_status no_memory(struct register_db *r, struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", r->db->file);
}

/* --- opening --------------------------------------------------------------------------------*/

enum store_status register_create(const char *directory, struct store_error *err)
{
    char file[PATH_MAX];
    bool created;
    struct db *db = NULL;
    enum store_status st = store_path(directory, "register.db", file, sizeof file, err);
    if (st == STORE_OK)
        st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    if (!created)
        return store_fail(err, STORE_INVALID, "%s: is there already", file);
    st = db_open(file, DB_WRITE, &db, err);
    if (st == STORE_OK)
        st = schema_migrate(db, &schema_register, err);
    db_close(db);
    if (st != STORE_OK)
        unlink(file);
    return st;
}

enum store_status register_open(const char *directory, enum store_mode mode,
                                struct register_db **out, struct store_error *err)
{
    char file[PATH_MAX];
    *out = NULL;
    enum store_status st = store_path(directory, "register.db", file, sizeof file, err);
    if (st != STORE_OK)
        return st;
    if (access(file, F_OK) < 0 && errno == ENOENT)
        return store_fail(err, STORE_NOT_FOUND, "%s: there is no register: run temoin init", file);
    struct register_db *r = calloc(1, sizeof *r);
    if (!r)
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", file);
    st = db_open(file, mode == STORE_WRITE ? DB_WRITE : DB_READ, &r->db, err);
    if (st == STORE_OK)
        st = mode == STORE_WRITE ? schema_migrate(r->db, &schema_register, err)
                                 : schema_check(r->db, &schema_register, err);
    if (st != STORE_OK) {
        register_close(r);
        return st;
    }
    *out = r;
    return STORE_OK;
}

void register_close(struct register_db *r)
{
    if (!r)
        return;
    if (r->db) {
        db_rollback(r->db);
        /* Commands come and go: what they leave in the WAL is small, and goes with them. */
        sqlite3_wal_checkpoint_v2(r->db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    db_close(r->db);
    free(r);
}

enum store_status register_begin(struct register_db *r, struct store_error *err)
{
    return db_run(r->db, "BEGIN IMMEDIATE", err, "");
}

enum store_status register_commit(struct register_db *r, struct store_error *err)
{
    enum store_status st = db_run(r->db, "COMMIT", err, "");
    if (st != STORE_OK)
        db_rollback(r->db);
    return st;
}

void register_rollback(struct register_db *r)
{
    db_rollback(r->db);
}

/* --- reading --------------------------------------------------------------------------------*/

void register_invoice_free(struct register_invoice *i)
{
    free(i->number);
    free(i->debtor);
    free(i->debtor_name);
    free(i->currency);
    free(i->issued);
    free(i->due);
    strings_free(&i->contacts);
    *i = (struct register_invoice){0};
}

static enum store_status read_contacts(struct register_db *r, struct register_invoice *out,
                                       struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st =
        db_query(r->db, "SELECT address FROM contact WHERE debtor = ? ORDER BY address", &s, err,
                 "t", out->debtor);
    while (st == STORE_OK && row) {
        st = db_step(r->db, s, &row, err);
        const char *address = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        if (row && (!address || !strings_add(&out->contacts, address)))
            st = no_memory(r, err);
    }
    db_done(s);
    return st;
}

enum store_status register_invoice(struct register_db *r, const char *number,
                                   struct register_invoice *out, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    *out = (struct register_invoice){0};
    enum store_status st =
        db_query(r->db,
                 "SELECT i.debtor, d.name, i.currency, i.amount, i.paid, i.issued, i.due, i.status"
                 " FROM invoice i JOIN debtor d ON d.code = i.debtor WHERE i.number = ?",
                 &s, err, "t", number);
    if (st == STORE_OK)
        st = db_step(r->db, s, &row, err);
    if (row) {
        out->amount = sqlite3_column_int64(s, 3);
        out->paid = sqlite3_column_int64(s, 4);
        out->status = (enum invoice_status)sqlite3_column_int(s, 7);
        copied = (out->number = strdup(number)) && db_column_text(s, 0, &out->debtor) &&
                 db_column_text(s, 1, &out->debtor_name) && db_column_text(s, 2, &out->currency) &&
                 db_column_text(s, 5, &out->issued) && db_column_text(s, 6, &out->due);
    }
    db_done(s);
    if (st == STORE_OK && !row)
        return store_fail(err, STORE_NOT_FOUND, "the register does not know invoice %s", number);
    if (!copied)
        st = no_memory(r, err);
    if (st == STORE_OK)
        st = read_contacts(r, out, err);
    if (st != STORE_OK)
        register_invoice_free(out);
    return st;
}

enum store_status register_figures(struct register_db *r, struct register_figures *out,
                                   struct store_error *err)
{
    static const char *const counts[] = {
        "SELECT count(*) FROM debtor",  "SELECT count(*) FROM contact",
        "SELECT count(*) FROM invoice", "SELECT count(*) FROM invoice WHERE status = 0",
        "SELECT count(*) FROM payment", "SELECT count(*) FROM outbox",
    };
    uint64_t *figures[] = {&out->debtors,       &out->contacts, &out->invoices,
                           &out->open_invoices, &out->payments, &out->outbox};
    int64_t count;
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < sizeof counts / sizeof *counts; i++) {
        st = db_number(r->db, counts[i], 0, &count, err, "");
        *figures[i] = (uint64_t)count;
    }
    return st;
}

/* --- writing --------------------------------------------------------------------------------*/

/* Was the last upsert's row new or different? (Its WHERE leaves equal rows alone.) */
static bool row_changed(struct register_db *r)
{
    return sqlite3_changes(r->db->handle) > 0;
}

static enum store_status must_exist(struct register_db *r, const char *sql, const char *key,
                                    const char *what, struct store_error *err)
{
    int64_t found;
    enum store_status st = db_number(r->db, sql, 0, &found, err, "t", key);
    if (st == STORE_OK && !found)
        st = store_fail(err, STORE_NOT_FOUND, "the register does not know %s %s: import it first",
                        what, key);
    return st;
}

static enum store_status need_debtor(struct register_db *r, const char *code,
                                     struct store_error *err)
{
    return must_exist(r, "SELECT 1 FROM debtor WHERE code = ?", code, "debtor", err);
}

enum store_status register_put_debtor(struct register_db *r, const char *code, const char *name,
                                      bool *changed, struct store_error *err)
{
    *changed = false;
    if (!code || !*code)
        return store_fail(err, STORE_INVALID, "a debtor without a code");
    enum store_status st =
        db_run(r->db,
               "INSERT INTO debtor (code, name) VALUES (?1, ifnull(?2, '')) ON CONFLICT (code)"
               " DO UPDATE SET name = ?2 WHERE name <> ?2",
               err, "tt", code, name);
    *changed = st == STORE_OK && row_changed(r);
    return st;
}

static char *normal_contact(const char *text)
{
    if (text[0] != '@')
        return address_normalise(text);
    char *domain = domain_normalise(text + 1);
    struct bytes out = {0};
    bool ok = domain && bytes_printf(&out, "@%s", domain);
    free(domain);
    if (ok)
        return bytes_steal(&out);
    bytes_free(&out);
    return NULL;
}

enum store_status register_put_contact(struct register_db *r, const char *debtor,
                                       const char *address_or_domain, const char *name,
                                       bool *changed, struct store_error *err)
{
    *changed = false;
    const char *at = strrchr(address_or_domain, '@');
    if (!at || !at[1])
        return store_fail(err, STORE_INVALID, "%s is neither an address nor \"@domain\"",
                          address_or_domain);
    enum store_status st = need_debtor(r, debtor, err);
    if (st != STORE_OK)
        return st;
    char *address = normal_contact(address_or_domain);
    if (!address)
        return no_memory(r, err);
    st = db_run(r->db,
                "INSERT INTO contact (address, debtor, name) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (address, debtor) DO UPDATE SET name = ?3"
                " WHERE ?3 IS NOT NULL AND name IS NOT ?3",
                err, "ttt", address, debtor, name);
    *changed = st == STORE_OK && row_changed(r);
    free(address);
    return st;
}

/* Paid is what the payments say, or the import; credited stays what it is. */
#define STATUS "iif(marked = 0 AND amount > 0 AND paid >= amount, 1, marked)"

static enum store_status settle(struct register_db *r, const char *number, struct store_error *err)
{
    return db_run(r->db,
                  "UPDATE invoice SET status = " STATUS " WHERE number = ? AND status <> " STATUS,
                  err, "t", number);
}

static const char *invoice_fault(const struct register_invoice *i)
{
    if (!i->number || !*i->number)
        return "has no number";
    if (!i->debtor || !*i->debtor)
        return "has no debtor";
    if (!i->currency || strlen(i->currency) != 3)
        return "has no ISO 4217 currency";
    if (i->status != INVOICE_OPEN && i->status != INVOICE_PAID && i->status != INVOICE_CREDITED)
        return "has no such status";
    return NULL;
}

enum store_status register_put_invoice(struct register_db *r,
                                       const struct register_invoice *invoice, bool *changed,
                                       struct store_error *err)
{
    *changed = false;
    const char *fault = invoice_fault(invoice);
    if (fault)
        return store_fail(err, STORE_INVALID, "invoice %s %s",
                          invoice->number ? invoice->number : "?", fault);
    enum store_status st = need_debtor(r, invoice->debtor, err);
    if (st == STORE_OK)
        st = db_run(r->db,
                    "INSERT INTO invoice (number, debtor, currency, amount, paid, issued, due,"
                    " marked, status) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?7)"
                    " ON CONFLICT (number) DO UPDATE SET debtor = ?2, currency = ?3, amount = ?4,"
                    " issued = ?5, due = ?6, marked = ?7 WHERE debtor <> ?2 OR currency <> ?3 OR"
                    " amount <> ?4 OR issued IS NOT ?5 OR due IS NOT ?6 OR marked <> ?7",
                    err, "tttitti", invoice->number, invoice->debtor, invoice->currency,
                    invoice->amount, invoice->issued, invoice->due, (int64_t)invoice->status);
    *changed = st == STORE_OK && row_changed(r);
    return st == STORE_OK ? settle(r, invoice->number, err) : st;
}

static enum store_status check_currency(struct register_db *r, const char *invoice,
                                        const char *currency, struct store_error *err)
{
    int64_t same;
    enum store_status st = db_number(r->db, "SELECT currency = ? FROM invoice WHERE number = ?", 0,
                                     &same, err, "tt", currency, invoice);
    if (st == STORE_OK && !same)
        st = store_fail(err, STORE_INVALID, "invoice %s is not in %s", invoice, currency);
    return st;
}

enum store_status register_put_payment(struct register_db *r, const char *invoice,
                                       const char *reference, int64_t amount, const char *currency,
                                       const char *date, bool *changed, struct store_error *err)
{
    *changed = false;
    if (!reference || !*reference)
        return store_fail(err, STORE_INVALID, "a payment of invoice %s has no reference", invoice);
    enum store_status st =
        must_exist(r, "SELECT 1 FROM invoice WHERE number = ?", invoice, "invoice", err);
    if (st == STORE_OK)
        st = check_currency(r, invoice, currency, err);
    if (st == STORE_OK)
        st = db_run(r->db,
                    "INSERT OR IGNORE INTO payment (invoice, reference, amount, currency, date)"
                    " VALUES (?, ?, ?, ?, ?)",
                    err, "ttitt", invoice, reference, amount, currency, date);
    *changed = st == STORE_OK && row_changed(r);
    if (st == STORE_OK && *changed)
        st = db_run(r->db,
                    "UPDATE invoice SET paid = (SELECT sum(amount) FROM payment WHERE invoice = ?1)"
                    " WHERE number = ?1",
                    err, "t", invoice);
    return st == STORE_OK && *changed ? settle(r, invoice, err) : st;
}
