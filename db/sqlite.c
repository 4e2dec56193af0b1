/*
 * sqlite - one SQLite database: opened our way, statements prepared once, result codes explained
 *
 * Readers without write permission. log.db and register.db are in WAL mode, where even a reader
 * uses two more files: -wal and the shared index -shm. The mail side may read the store but not
 * write it (files 0640, directory 0750, group of the store). Measured with two users:
 *
 *   - while a writer has the database open, SQLite falls back to a read-only -shm, takes its
 *     read locks there, and sees every commit at once;
 *   - who begins to read in the instant in which a commit writes the index's header may not wait
 *     for the writer's lock as other readers do, and gets SQLITE_READONLY_RECOVERY (once in some
 *     thousand messages, 20 at a time): the mend is to look again (look_again);
 *   - after a writer was killed, the files are left behind and reading goes on, a bit slower
 *     (the reader builds an index of its own);
 *   - after the last writer closed *cleanly*, -wal and -shm are gone, the reader may not create
 *     them, and every statement fails with SQLITE_READONLY_DIRECTORY or SQLITE_CANTOPEN.
 *
 * The mend for the last: SQLITE_FCNTL_PERSIST_WAL on every writing handle, so that both files
 * outlive it; and one idle handle of register.db in the writing process (store_hold_register),
 * so that its -shm is a live one. No file needs to be writable by the group.
 *
 * Checkpoints are never automatic (wal_autocheckpoint = 0): the owner of the file runs them off
 * the commit path.
 */
#include "db/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOKS_AT_ONCE = 8, /* the writer had given its lock back: the header is whole by now */
    LOOKS = 300,       /* the others a millisecond apart: a writer that died is started again */
};

/* --- errors ---------------------------------------------------------------------------------*/

static bool is_full(sqlite3 *handle)
{
    int errnum = handle ? sqlite3_system_errno(handle) : 0;
    return errnum == ENOSPC || errnum == EDQUOT;
}

static enum store_status status_of(sqlite3 *handle, int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_BUSY;
    case SQLITE_FULL:
        return STORE_FULL;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? STORE_NO_MEMORY
               : is_full(handle)          ? STORE_FULL
                                          : STORE_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STORE_CORRUPT;
    case SQLITE_READONLY:
        /* A read-only reader met an index that only a writer may repair, and none did. */
        return code == SQLITE_READONLY_RECOVERY || code == SQLITE_READONLY_CANTINIT ? STORE_BUSY
                                                                                    : STORE_DENIED;
    case SQLITE_CANTOPEN:
        return is_full(handle) ? STORE_FULL : STORE_DENIED;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return STORE_DENIED;
    case SQLITE_NOMEM:
        return STORE_NO_MEMORY;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
        return STORE_INVALID;
    default:
        return STORE_IO;
    }
}

static const char *mend_of(enum store_status status)
{
    switch (status) {
    case STORE_BUSY:
        return "try again; if it stays so, see which process holds the file (fuser)";
    case STORE_FULL:
        return "free some space on its file system";
    case STORE_CORRUPT:
        return "stop the daemon and restore the last backup";
    case STORE_DENIED:
        return "run the command as root; else check owner and mode of the file, its -wal and -shm, "
               "and its directory";
    case STORE_NO_MEMORY:
        return "give the process more memory";
    case STORE_IO:
        return "check the disk and the kernel's log";
    default:
        return "this is a bug, please report it";
    }
}

enum store_status db_fail(struct db *db, int code, struct store_error *err)
{
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return STORE_OK;
    enum store_status status = status_of(db->handle, code);
    const char *detail = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    return store_fail(err, status, "%s: %s (SQLite %d): %s", db->file, detail, code,
                      mend_of(status));
}

/* Is `code` a header that was being written when a transaction began? Then nothing of it was read
   or done, and the same call may be made again. *looks counts them, from 0. */
static bool look_again(int code, int *looks)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    if (code != SQLITE_READONLY_RECOVERY || *looks >= LOOKS)
        return false;
    if ((*looks)++ >= LOOKS_AT_ONCE)
        nanosleep(&pause, NULL); /* cut short: one look sooner */
    return true;
}

/* --- opening --------------------------------------------------------------------------------*/

static enum store_status set_up(struct db *db, enum db_mode mode, struct store_error *err)
{
    static const char *const pragmas[] = {
        [DB_READ] = "PRAGMA query_only = ON;",
        [DB_WRITE] = "PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = FULL;"
                     "PRAGMA wal_autocheckpoint = 0;"
                     "PRAGMA journal_size_limit = 67108864;"
                     "PRAGMA secure_delete = ON;"
                     "PRAGMA foreign_keys = ON;",
        /* EXTRA: a commit is the journal's unlink, and only this syncs the directory after it.
           With FULL a power failure could bring the journal back, and with it the state before,
           when log.db has forgotten its own copy already. */
        [DB_VOLUME] = "PRAGMA journal_mode = DELETE;"
                      "PRAGMA synchronous = EXTRA;"
                      "PRAGMA secure_delete = ON;"
                      "PRAGMA foreign_keys = ON;",
    };
    int code = sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    if (code == SQLITE_OK && mode == DB_READ) /* closing needs no lock of the writer's */
        code = sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    if (code != SQLITE_OK)
        return db_fail(db, code, err);
    enum store_status st = db_exec(db, pragmas[mode], err);
    if (st == STORE_OK && mode == DB_WRITE) {
        int persist = 1;
        code = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
        st = db_fail(db, code, err);
    }
    return st;
}

enum store_status db_open(const char *file, enum db_mode mode, struct db **out,
                          struct store_error *err)
{
    *out = NULL;
    struct stat info;
    if (stat(file, &info) < 0)
        return store_fail_errno(err, errno, "%s", file);
    struct db *db = calloc(1, sizeof *db);
    if (!db || !(db->file = strdup(file))) {
        free(db);
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", file);
    }
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE |
                (mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int code = sqlite3_open_v2(file, &db->handle, flags, NULL);
    enum store_status st = code == SQLITE_OK ? set_up(db, mode, err) : db_fail(db, code, err);
    /* SQLite opens a file that it may not write for reading only, without saying so. */
    if (st == STORE_OK && mode != DB_READ && sqlite3_db_readonly(db->handle, "main") != 0)
        st = store_fail(err, STORE_DENIED, "%s: not writable: %s", file, mend_of(STORE_DENIED));
    if (st != STORE_OK) {
        db_close(db);
        return st;
    }
    *out = db;
    return STORE_OK;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->cached; i++)
        sqlite3_finalize(db->cache[i].statement);
    sqlite3_close(db->handle); /* nothing of it is in use any more: cannot be busy */
    free(db->file);
    free(db);
}

static enum store_status adopt(int fd, const char *file, struct store_error *err)
{
    char directory[PATH_MAX];
    struct stat parent;
    if (geteuid() != 0)
        return STORE_OK;
    if (strlen(file) >= sizeof directory)
        return store_fail(err, STORE_INVALID, "%s: the name is too long", file);
    strcpy(directory, file);
    if (stat(dirname(directory), &parent) < 0 || fchown(fd, parent.st_uid, parent.st_gid) < 0)
        return store_fail_errno(err, errno, "%s: cannot give it to its directory's owner", file);
    return STORE_OK;
}

enum store_status db_create_file(const char *file, mode_t mode, bool *created,
                                 struct store_error *err)
{
    *created = false;
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return STORE_OK;
    if (fd < 0)
        return store_fail_errno(err, errno, "%s: cannot be created", file);
    enum store_status st = STORE_OK;
    if (fchmod(fd, mode) < 0) /* whatever the umask says */
        st = store_fail_errno(err, errno, "%s: cannot set its mode", file);
    if (st == STORE_OK)
        st = adopt(fd, file, err);
    if (close(fd) < 0 && st == STORE_OK)
        st = store_fail_errno(err, errno, "%s", file);
    *created = st == STORE_OK;
    if (st != STORE_OK)
        unlink(file);
    return st;
}

/* --- statements -----------------------------------------------------------------------------*/

enum store_status db_exec(struct db *db, const char *sql, struct store_error *err)
{
    int code, looks = 0;
    do
        code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    while (look_again(code, &looks));
    return db_fail(db, code, err);
}

static int find(struct db *db, const char *sql, sqlite3_stmt **out)
{
    for (size_t i = 0; i < db->cached; i++)
        if (db->cache[i].sql == sql) {
            *out = db->cache[i].statement;
            return SQLITE_OK;
        }
    /* A full cache replaces its last entry: correct, only slower. */
    if (db->cached == DB_STATEMENTS)
        sqlite3_finalize(db->cache[--db->cached].statement);
    int code, looks = 0;
    do /* the first one reads the schema */
        code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    while (look_again(code, &looks));
    if (code == SQLITE_OK) {
        db->cache[db->cached].sql = sql;
        db->cache[db->cached++].statement = *out;
    }
    return code;
}

static int bind(sqlite3_stmt *statement, const char *format, va_list args)
{
    int code = SQLITE_OK;
    for (int i = 1; format[i - 1] && code == SQLITE_OK; i++) {
        switch (format[i - 1]) {
        case 'i':
            code = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
            break;
        case 't':
            code = sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_STATIC);
            break;
        case 'b': {
            const void *data = va_arg(args, const void *);
            size_t len = va_arg(args, size_t);
            code = sqlite3_bind_blob64(statement, i, data, len, SQLITE_STATIC);
            break;
        }
        default:
            code = SQLITE_MISUSE;
        }
    }
    return code;
}

static enum store_status query(struct db *db, const char *sql, sqlite3_stmt **statement,
                               struct store_error *err, const char *format, va_list args)
{
    int code = find(db, sql, statement);
    if (code == SQLITE_OK)
        code = bind(*statement, format, args);
    if (code == SQLITE_OK)
        return STORE_OK;
    *statement = NULL;
    return db_fail(db, code, err);
}

enum store_status db_query(struct db *db, const char *sql, sqlite3_stmt **statement,
                           struct store_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum store_status st = query(db, sql, statement, err, format, args);
    va_end(args);
    return st;
}

enum store_status db_step(struct db *db, sqlite3_stmt *statement, bool *row,
                          struct store_error *err)
{
    int code, looks = 0;
    while (look_again(code = sqlite3_step(statement), &looks))
        sqlite3_reset(statement); /* repeats that code */
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return STORE_OK;
    enum store_status st = db_fail(db, code, err);
    db_done(statement);
    return st;
}

void db_done(sqlite3_stmt *statement)
{
    if (!statement)
        return;
    sqlite3_reset(statement); /* repeats the code of the last step, which was looked at */
    sqlite3_clear_bindings(statement);
}

enum store_status db_run(struct db *db, const char *sql, struct store_error *err,
                         const char *format, ...)
{
    sqlite3_stmt *statement;
    bool row = true;
    va_list args;
    va_start(args, format);
    enum store_status st = query(db, sql, &statement, err, format, args);
    va_end(args);
    while (st == STORE_OK && row)
        st = db_step(db, statement, &row, err);
    db_done(statement);
    return st;
}

enum store_status db_number(struct db *db, const char *sql, int64_t missing, int64_t *number,
                            struct store_error *err, const char *format, ...)
{
    sqlite3_stmt *statement;
    bool row = false;
    va_list args;
    *number = missing;
    va_start(args, format);
    enum store_status st = query(db, sql, &statement, err, format, args);
    va_end(args);
    if (st == STORE_OK)
        st = db_step(db, statement, &row, err);
    if (row)
        *number = sqlite3_column_int64(statement, 0);
    while (st == STORE_OK && row) /* to the end: UPDATE … RETURNING commits only there */
        st = db_step(db, statement, &row, err);
    db_done(statement);
    return st;
}

bool db_column_text(sqlite3_stmt *statement, int column, char **text)
{
    *text = NULL;
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return true;
    const unsigned char *value = sqlite3_column_text(statement, column);
    return value && (*text = strdup((const char *)value)) != NULL;
}

bool db_column_bytes(sqlite3_stmt *statement, int column, struct bytes *out)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return true;
    const void *value = sqlite3_column_blob(statement, column);
    int len = sqlite3_column_bytes(statement, column);
    if (!value && len > 0)
        return false;
    return bytes_append(out, value ? value : "", (size_t)len);
}

void db_rollback(struct db *db)
{
    /* After SQLITE_FULL and its like SQLite may have rolled back by itself already. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}
