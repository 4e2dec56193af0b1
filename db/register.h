/*
 * register - debtors, contacts, invoices and payments (register.db)
 *
 * Written by commands only, one at a time (SQLite's own lock, waited for at most 5 s); read by
 * the milter through db/store.h's lookup. Every change is also an entry of the log: the entry
 * is put in the same transaction into an outbox, handed to scribe afterwards, and taken out
 * once it is in the log; what a crash left in the outbox goes with the next command. Scribe
 * knows it by its retry key, so that it enters once.
 *
 * Money is integer minor units and an ISO 4217 code; dates are "YYYY-MM-DD".
 */
#ifndef TEMOIN_DB_REGISTER_H
#define TEMOIN_DB_REGISTER_H

#include "db/store.h"

struct register_db;

enum store_status register_create(const char *directory, struct store_error *err);
enum store_status register_open(const char *directory, enum store_mode mode,
                                struct register_db **db, struct store_error *err);
void register_close(struct register_db *db);

struct register_invoice {
    char *number;
    char *debtor; /* code */
    char *debtor_name;
    char *currency;
    int64_t amount; /* TTC, minor units */
    int64_t paid;   /* sum of payments, minor units */
    char *issued;   /* NULL: not known */
    char *due;      /* NULL: not known */
    enum invoice_status status;
    struct strings contacts; /* addresses and "@domain" */
};
void register_invoice_free(struct register_invoice *i);

/* STORE_NOT_FOUND: the register does not know this number. */
enum store_status register_invoice(struct register_db *db, const char *number,
                                   struct register_invoice *out, struct store_error *err);

/* The day of an invoice's last payment; "" when none has a date. */
enum store_status register_last_payment(struct register_db *db, const char *number, char date[11],
                                        struct store_error *err);

/* Has this debtor an invoice that is not settled? */
enum store_status register_debtor_owes(struct register_db *db, const char *debtor, bool *owes,
                                       struct store_error *err);

/* Writing: between register_begin and register_commit. An upsert says in *changed whether the
   row was new or different. A name that is NULL leaves the known one as it is. Payments are known
   by (invoice, reference): the same one twice changes nothing; an invoice whose payments reach its
   amount becomes paid. */
enum store_status register_begin(struct register_db *db, struct store_error *err);
enum store_status register_put_debtor(struct register_db *db, const char *code, const char *name,
                                      bool *changed, struct store_error *err);
enum store_status register_put_contact(struct register_db *db, const char *debtor,
                                       const char *address_or_domain, const char *name,
                                       bool *changed, struct store_error *err);
enum store_status register_put_invoice(struct register_db *db,
                                       const struct register_invoice *invoice, bool *changed,
                                       struct store_error *err);
enum store_status register_put_payment(struct register_db *db, const char *invoice,
                                       const char *reference, int64_t amount, const char *currency,
                                       const char *date, bool *changed, struct store_error *err);
/* An entry to append when the transaction stands; `retry` of the entry must be set. */
enum store_status register_outbox_put(struct register_db *db, const struct entry *e,
                                      struct store_error *err);
enum store_status register_commit(struct register_db *db, struct store_error *err);
void register_rollback(struct register_db *db);

/* Hand the outbox's entries to `deliver`, the oldest first, some hundred at a time. It says how
   many of them (the first ones) it has taken: these are removed. Less than all ends the flush. */
enum store_status register_outbox_flush(struct register_db *db,
                                        size_t (*deliver)(struct entry *entries, size_t count,
                                                          void *context),
                                        void *context, struct store_error *err);

struct register_figures {
    uint64_t debtors, contacts, invoices, open_invoices, payments, outbox;
};
enum store_status register_figures(struct register_db *db, struct register_figures *out,
                                   struct store_error *err);

#endif
