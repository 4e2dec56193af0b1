/*
 * import_write - rows of a table into the register, in pieces
 *
 * Each transaction lasts some PIECE_MS, so that another command never waits long, and holds
 * the log entry of what it changed (register.h: outbox). A crash between two pieces leaves the
 * first ones whole; the same file again does the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/command.h"
#include "db/import.h"
#include "policy/address.h"
#include "policy/direction.h"
#include "policy/money.h"

enum { PIECE_MS = 40 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum store_status no_memory(struct store_error *err)
{
    snprintf(err->text, sizeof err->text, "out of memory");
    return STORE_NO_MEMORY;
}

/* Note why a row is left out. */
static enum store_status leave_out(struct import *plan, struct import_row *row, const char *what,
                                   const char *name, const char *why, struct store_error *err)
{
    row->skip = true;
    return import_problem(plan, row->line, "%s \"%s\" %s", what, name, why) ? STORE_OK
                                                                            : no_memory(err);
}

static enum store_status check_payment(struct import *plan, struct import_row *row,
                                       struct register_db *db, struct store_error *err)
{
    struct register_invoice invoice = {0};
    const char *number = row->text[COLUMN_INVOICE], *why = NULL;
    enum store_status status = register_invoice(db, number, &invoice, err);
    if (status == STORE_NOT_FOUND)
        return leave_out(plan, row, "invoice", number,
                         "is not in the register: import the invoices first", err);
    if (status != STORE_OK)
        return status;
    struct money m;
    const char *text = row->text[COLUMN_AMOUNT];
    const char *currency = row->currency[0] ? row->currency : invoice.currency;
    if (row->currency[0] && strcmp(row->currency, invoice.currency) != 0) {
        status = leave_out(plan, row, "payment in", row->currency,
                           "is in another currency than its invoice: enter it in that one", err);
    } else if (!money_parse(text, currency, &m, &why)) {
        char reason[160];
        snprintf(reason, sizeof reason, "%s: correct it in the table", why);
        status = leave_out(plan, row, "amount", text, reason, err);
    } else if (m.amount == 0) {
        status = leave_out(plan, row, "amount", text, "is nothing: remove the line", err);
    } else {
        row->amount = m.amount;
        memcpy(row->currency, m.currency, sizeof row->currency);
    }
    register_invoice_free(&invoice);
    return status;
}

static enum store_status check_contact(struct import *plan, struct import_row *row,
                                       const struct settings *s, struct store_error *err)
{
    const char *address = row->text[COLUMN_ADDRESS];
    if (!settings_is_own_address(s, address))
        return STORE_OK;
    return leave_out(plan, row, "address", address,
                     "is of one of our own domains (own_domains), and no debtor's: remove it", err);
}

/* A number that invoice_pattern does not match is never seen in a subject. */
static bool is_recognisable(const struct settings *s, const char *number, bool *out_of_memory)
{
    struct strings found = {0};
    *out_of_memory = !invoice_numbers_find(s, number, &found);
    bool matches = strings_contain(&found, number);
    strings_free(&found);
    return matches;
}

static enum store_status check_numbers(struct import *plan, const struct settings *s,
                                       struct store_error *err)
{
    size_t odd = 0;
    const char *example = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        bool out_of_memory;
        const char *number = plan->rows[i].text[COLUMN_INVOICE];
        if (!is_recognisable(s, number, &out_of_memory)) {
            example = example ? example : number;
            odd++;
        }
        if (out_of_memory)
            return no_memory(err);
    }
    if (!odd)
        return STORE_OK;
    struct bytes text = {0};
    bool done =
        bytes_printf(&text,
                     "%s: %zu invoice numbers, such as \"%s\", do not match "
                     "invoice_pattern and will not be recognised in subjects: add a pattern",
                     plan->name, odd, example) &&
        strings_add(&plan->warnings, text.data);
    bytes_free(&text);
    return done ? STORE_OK : no_memory(err);
}

enum store_status import_check(struct import *plan, const struct settings *s,
                               struct register_db *db, struct store_error *err)
{
    enum store_status status = STORE_OK;
    for (size_t i = 0; i < plan->count && status == STORE_OK; i++) {
        if (plan->map.kind == IMPORT_PAYMENTS)
            status = check_payment(plan, &plan->rows[i], db, err);
        else if (plan->map.kind == IMPORT_CONTACTS)
            status = check_contact(plan, &plan->rows[i], s, err);
    }
    if (status == STORE_OK && plan->map.kind == IMPORT_INVOICES)
        status = check_numbers(plan, s, err);
    return status;
}

/* An entry of the outbox: named by chance, since what it tells happened once. */
static bool start_entry(struct entry *e, const char *event, const char *actor)
{
    entry_init(e);
    e->event = event;
    e->actor = actor;
    e->has_retry = true;
    return command_random(e->retry, sizeof e->retry);
}

static enum store_status log_payment(const struct import *plan, const struct import_row *row,
                                     struct register_db *db, const char *actor,
                                     struct store_error *err)
{
    struct entry e;
    const char *invoice = row->text[COLUMN_INVOICE];
    enum store_status status;
    bool done = start_entry(&e, "payment", actor) && strings_add(&e.dossiers, invoice);
    e.private_part = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "invoice", invoice, "amount",
                               (json_int_t)row->amount, "currency", row->currency, "occurred",
                               row->text[COLUMN_DATE], "reference", row->text[COLUMN_REFERENCE],
                               "import", plan->sha256);
    status = done && e.private_part ? register_outbox_put(db, &e, err) : no_memory(err);
    entry_free(&e);
    return status;
}

/* A table that does not name a debtor must not take away the name that another one gave: such a
   debtor is only put in when the register says that it is missing. */
static enum store_status put_invoice(const struct import_row *row, struct register_db *db,
                                     bool *changed, struct store_error *err)
{
    bool debtor_changed = false, invoice_changed = false;
    char currency[sizeof row->currency];
    memcpy(currency, row->currency, sizeof currency);
    struct register_invoice invoice = {
        .number = row->text[COLUMN_INVOICE],
        .debtor = row->text[COLUMN_DEBTOR],
        .debtor_name = row->text[COLUMN_NAME],
        .currency = currency,
        .amount = row->amount,
        .issued = row->text[COLUMN_ISSUED],
        .due = row->text[COLUMN_DUE],
        /* a credit note claims nothing, and must not be dunned */
        .status = row->amount > 0 ? INVOICE_OPEN : INVOICE_CREDITED,
    };
    enum store_status status = STORE_OK;
    if (invoice.debtor_name)
        status = register_put_debtor(db, invoice.debtor, invoice.debtor_name, &debtor_changed, err);
    if (status == STORE_OK)
        status = register_put_invoice(db, &invoice, &invoice_changed, err);
    if (status == STORE_NOT_FOUND)
        status = register_put_debtor(db, invoice.debtor, NULL, &debtor_changed, err);
    if (status == STORE_OK && !invoice.debtor_name && debtor_changed)
        status = register_put_invoice(db, &invoice, &invoice_changed, err);
    *changed = debtor_changed || invoice_changed;
    return status;
}

static enum store_status put_contact(const struct import_row *row, struct register_db *db,
                                     bool *changed, struct store_error *err)
{
    bool debtor_changed = false;
    const char *debtor = row->text[COLUMN_DEBTOR], *address = row->text[COLUMN_ADDRESS];
    const char *name = row->text[COLUMN_NAME];
    enum store_status status = register_put_contact(db, debtor, address, name, changed, err);
    if (status != STORE_NOT_FOUND)
        return status;
    status = register_put_debtor(db, debtor, NULL, &debtor_changed, err);
    return status == STORE_OK ? register_put_contact(db, debtor, address, name, changed, err)
                              : status;
}

static enum store_status put_row(const struct import *plan, const struct import_row *row,
                                 struct register_db *db, const char *actor, bool *changed,
                                 struct store_error *err)
{
    *changed = false;
    if (plan->map.kind == IMPORT_INVOICES)
        return put_invoice(row, db, changed, err);
    if (plan->map.kind == IMPORT_CONTACTS)
        return put_contact(row, db, changed, err);
    enum store_status status =
        register_put_payment(db, row->text[COLUMN_INVOICE], row->text[COLUMN_REFERENCE],
                             row->amount, row->currency, row->text[COLUMN_DATE], changed, err);
    if (status == STORE_OK && *changed)
        status = log_payment(plan, row, db, actor, err);
    return status;
}

/* The entry of what one transaction changed. */
static enum store_status log_piece(const struct import *plan, struct register_db *db,
                                   const char *actor, size_t first, size_t behind, size_t added,
                                   struct store_error *err)
{
    struct entry e;
    enum store_status status;
    bool done = start_entry(&e, "import", actor);
    json_t *name = json_foreign(plan->name);
    e.private_part = json_pack("{s:o, s:s, s:s, s:I, s:I, s:I}", "file", name, "file_sha256",
                               plan->sha256, "kind", import_kind_name(plan->map.kind), "changed",
                               (json_int_t)added, "first_line", (json_int_t)plan->rows[first].line,
                               "last_line", (json_int_t)plan->rows[behind - 1].line);
    status = done && e.private_part ? register_outbox_put(db, &e, err) : no_memory(err);
    entry_free(&e);
    return status;
}

/* One transaction from row *at on; *at stands behind its last row afterwards. */
static enum store_status write_piece(struct import *plan, struct register_db *db, const char *actor,
                                     size_t *at, struct store_error *err)
{
    size_t first = *at, added = 0, unchanged = 0;
    enum store_status status = register_begin(db, err);
    if (status != STORE_OK)
        return status;
    int64_t end = now_ms() + PIECE_MS;
    while (*at < plan->count && status == STORE_OK && (*at == first || now_ms() < end)) {
        const struct import_row *row = &plan->rows[(*at)++];
        bool changed;
        if (row->skip)
            continue;
        status = put_row(plan, row, db, actor, &changed, err);
        added += changed;
        unchanged += !changed;
    }
    if (status == STORE_OK && added)
        status = log_piece(plan, db, actor, first, *at, added, err);
    if (status == STORE_OK)
        status = register_commit(db, err);
    if (status != STORE_OK) {
        register_rollback(db);
        return status;
    }
    plan->added += added;
    plan->unchanged += unchanged;
    return STORE_OK;
}

enum store_status import_write(struct import *plan, struct register_db *db, const char *actor,
                               struct store_error *err)
{
    enum store_status status = STORE_OK;
    size_t at = 0;
    while (at < plan->count && status == STORE_OK)
        status = write_piece(plan, db, actor, &at, err);
    return status;
}
