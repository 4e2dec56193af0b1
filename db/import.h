/*
 * import - invoices, contacts and payments from a table into the register
 *
 * Synopsis
 *      struct import plan;
 *      if (!import_parse(data, len, "factures.csv", &plan)) ...out of memory...
 *      status = import_check(&plan, settings, register);        // against the register
 *      status = import_write(&plan, register, actor, &err);     // in pieces
 *      ... plan.problems, plan.counts ...
 *      import_free(&plan);
 *
 * Parsing asks nothing of the system: the kind of a table is told from its header line, in
 * French or English. Every bad line becomes a problem "file:line: what: mend" and is left out.
 * Writing goes in transactions of some 50 ms, each with the log entry of what it changed, so
 * that nobody waits long for the register and a crash leaves rows and entries that agree;
 * the same file again changes nothing.
 *
 * Limits: IMPORT_ROWS_MAX rows.
 */
#ifndef TEMOIN_DB_IMPORT_H
#define TEMOIN_DB_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/register.h"
#include "policy/settings.h"

enum { IMPORT_ROWS_MAX = 1000000 };

enum import_kind { IMPORT_UNKNOWN, IMPORT_INVOICES, IMPORT_CONTACTS, IMPORT_PAYMENTS };

enum import_column {
    COLUMN_INVOICE,
    COLUMN_DEBTOR,
    COLUMN_NAME,
    COLUMN_AMOUNT,
    COLUMN_CURRENCY,
    COLUMN_ISSUED,
    COLUMN_DUE,
    COLUMN_ADDRESS,
    COLUMN_DATE,
    COLUMN_REFERENCE,
    COLUMN_COUNT
};

/* "invoices", "contacts", "payments", "unknown". / "invoice", "debtor", … */
const char *import_kind_name(enum import_kind kind);
const char *import_column_name(enum import_column column);

/* Which column of a header line means what; -1: none. The kind says which must be there. */
struct import_map {
    enum import_kind kind;
    int at[COLUMN_COUNT];
};

/* Tell kind and columns from a header line. False: *missing says in a static phrase what a
   table of the nearest kind lacks. */
bool import_recognise(const struct strings *header, struct import_map *map, const char **missing);

/* One good line. Texts are owned; NULL where the table has none. */
struct import_row {
    unsigned line;
    bool skip; /* import_check found it bad */
    char *text[COLUMN_COUNT];
    int64_t amount; /* minor units of `currency` */
    char currency[4];
};

struct import {
    char *name;          /* of the file, without directories */
    char sha256[65];     /* of the file, hexadecimal */
    const char *charset; /* static */
    struct strings header;
    struct import_map map;
    struct import_row *rows;
    size_t count;
    size_t room;
    struct strings problems; /* "file:line: what: mend"; the first thousand */
    size_t skipped;          /* lines left out */
    struct strings warnings; /* nothing was skipped for them */
    size_t added;            /* rows that changed the register */
    size_t unchanged;
};

/* Read a table. False: out of memory; import_free() it in any case. A table that cannot be
   read at all has kind IMPORT_UNKNOWN and a problem that says why. */
bool import_parse(const void *data, size_t len, const char *file_name, struct import *plan);
void import_free(struct import *plan);

/* Note a problem at a line that is left out. False: out of memory. */
bool import_problem(struct import *plan, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Judge the rows against configuration and register: payments of unknown invoices or in
   another currency, contacts of our own domains are skipped, each with a problem. */
enum store_status import_check(struct import *plan, const struct settings *s,
                               struct register_db *db, struct store_error *err);

/* Write all rows that are not skipped. */
enum store_status import_write(struct import *plan, struct register_db *db, const char *actor,
                               struct store_error *err);

#endif
