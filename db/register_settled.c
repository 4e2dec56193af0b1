/*
 * register_settled - when an invoice was settled: the day of its last payment
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
