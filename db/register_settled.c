/*
 * register_settled - when an invoice was settled: the day of its last payment; who still owes
 */
#include <stdio.h>

#include "db/register.h"
#include "db/register_private.h"
#include "db/sqlite.h"

enum store_status register_last_payment(struct register_db *r, const char *number, char date[11],
                                        struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false;
    date[0] = '\0';
    enum store_status st =
        db_query(r->db, "SELECT max(date) FROM payment WHERE invoice = ?", &s, err, "t", number);
    if (st == STORE_OK)
        st = db_step(r->db, s, &row, err);
    const char *text = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (text)
        snprintf(date, 11, "%s", text);
    db_done(s);
    return st;
}

enum store_status register_debtor_owes(struct register_db *r, const char *debtor, bool *owes,
                                       struct store_error *err)
{
    int64_t found;
    enum store_status st =
        db_number(r->db, "SELECT EXISTS (SELECT 1 FROM invoice WHERE debtor = ? AND status = ?)", 0,
                  &found, err, "ti", debtor, (int64_t)INVOICE_OPEN);
    *owes = st == STORE_OK && found != 0;
    return st;
}
