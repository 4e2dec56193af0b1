/*
 * sqlite - one SQLite database: opened our way, statements prepared once, result codes explained
 *
 * Synopsis
 *      struct db *db;
 *      enum store_status st = db_open(file, DB_WRITE, &db, err);
 *      sqlite3_stmt *s;
 *      bool row;
 *      st = db_query(db, "SELECT leaf FROM entry WHERE seq = ?", &s, err, "i", seq);
 *      if (!st) st = db_step(db, s, &row, err);
 *      ... sqlite3_column_blob(s, 0) ...
 *      db_done(s);
 *      st = db_run(db, "DELETE FROM piece WHERE seq = ?", err, "i", seq);
 *      db_close(db);
 *
 * For the files of db/ only; nothing outside sees a type of SQLite. A handle belongs to one
 * thread at a time and never crosses a fork. Statements are cached by the address of their
 * text, so the text must be a literal; at most DB_STATEMENTS are kept, later ones are prepared
 * each time.
 *
 * Arguments are bound by a format string, one letter each: "i" int64_t, "t" const char *
 * (NULL binds NULL), "b" const void * and size_t (a NULL pointer binds NULL). Texts and blobs
 * are not copied: they must live until the statement is done.
 */
#ifndef TEMOIN_DB_SQLITE_H
#define TEMOIN_DB_SQLITE_H

#include <sqlite3.h>
#include <stdarg.h>

#include "db/store.h"

enum { DB_STATEMENTS = 64, DB_BUSY_MS = 5000 };

enum db_mode {
    DB_READ,   /* the file must exist; a user without write permission can do it */
    DB_WRITE,  /* WAL, synchronous FULL; the file must exist */
    DB_VOLUME, /* writes with a rollback journal: nothing but the file itself stays behind */
};

struct db {
    sqlite3 *handle;
    char *file;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } cache[DB_STATEMENTS];
    size_t cached;
};

/* STORE_NOT_FOUND: no such file. */
enum store_status db_open(const char *file, enum db_mode mode, struct db **db,
                          struct store_error *err);
void db_close(struct db *db); /* NULL does nothing */

/* Turn a result code into a status and a sentence that names the file and the mend. */
enum store_status db_fail(struct db *db, int code, struct store_error *err);

/* Run statements without arguments; not cached. */
enum store_status db_exec(struct db *db, const char *sql, struct store_error *err);

/* Get the prepared statement of `sql`, reset and with its arguments bound. */
enum store_status db_query(struct db *db, const char *sql, sqlite3_stmt **statement,
                           struct store_error *err, const char *format, ...);

/* Next row, if any. After an error the statement is reset. */
enum store_status db_step(struct db *db, sqlite3_stmt *statement, bool *row,
                          struct store_error *err);

/* Give a statement back (ends its read transaction). NULL does nothing. */
void db_done(sqlite3_stmt *statement);

/* db_query, step to the end, db_done: for statements without result. */
enum store_status db_run(struct db *db, const char *sql, struct store_error *err,
                         const char *format, ...);

/* The first column of the first row; `missing` when there is no row. */
enum store_status db_number(struct db *db, const char *sql, int64_t missing, int64_t *number,
                            struct store_error *err, const char *format, ...);

/* A column as a malloc'd text (NULL column: NULL) / appended to `out`. False: out of memory. */
bool db_column_text(sqlite3_stmt *statement, int column, char **text);
bool db_column_bytes(sqlite3_stmt *statement, int column, struct bytes *out);

/* Roll back if a transaction is open. */
void db_rollback(struct db *db);

/* Create an empty file of the store with this mode, owned like its directory when we are root,
   so that commands run by root leave nothing that the daemon cannot write. An existing file is
   left alone (*created false). */
enum store_status db_create_file(const char *file, mode_t mode, bool *created,
                                 struct store_error *err);

#endif
