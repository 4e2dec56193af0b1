/*
 * batch_store - batch.db: opened, and read
 *
 * tile.leaves are the group hashes of a batch in binary order, up to 256 in a row; node is the
 * root of these, and first the first of them, so that a group is found and its way to the root
 * computed from two rows' reading, whatever the size of the batch. A batch and its token enter in
 * one transaction: what has no token is nowhere here, and is gathered anew the next time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "db/batch_internal.h"
#include "db/schema.h"

static const char *const batch_steps[] = {
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, pem BLOB NOT NULL UNIQUE);"
    "CREATE TABLE batch ("
    "  number INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL UNIQUE,"
    "  gen_time INTEGER NOT NULL, clock INTEGER NOT NULL, ends INTEGER NOT NULL,"
    "  qualified INTEGER NOT NULL, root BLOB NOT NULL, tsa TEXT NOT NULL, token BLOB NOT NULL,"
    "  chain INTEGER NOT NULL REFERENCES chain, checkpoint BLOB, log_key BLOB, entry INTEGER);"
    "CREATE INDEX batch_entry ON batch(entry);"
    "CREATE TABLE tile ("
    "  batch INTEGER NOT NULL REFERENCES batch, place INTEGER NOT NULL, first BLOB NOT NULL,"
    "  node BLOB NOT NULL, leaves BLOB NOT NULL, PRIMARY KEY (batch, place));"
    "CREATE TABLE renewal ("
    "  number INTEGER PRIMARY KEY, gen_time INTEGER NOT NULL, clock INTEGER NOT NULL,"
    "  ends INTEGER NOT NULL, qualified INTEGER NOT NULL, root BLOB NOT NULL, tsa TEXT NOT NULL,"
    "  token BLOB NOT NULL, chain INTEGER NOT NULL REFERENCES chain, entry INTEGER);"
    "CREATE TABLE renewed ("
    "  batch INTEGER NOT NULL REFERENCES batch, renewal INTEGER NOT NULL REFERENCES renewal,"
    "  hash BLOB NOT NULL, PRIMARY KEY (batch, renewal)) WITHOUT ROWID;"
    "CREATE INDEX renewed_renewal ON renewed(renewal, hash);"
    "CREATE TABLE authority ("
    "  name TEXT PRIMARY KEY, failures INTEGER NOT NULL, next_try INTEGER NOT NULL,"
    "  trouble TEXT NOT NULL);",
};
static const struct schema schema_batch = {batch_steps, sizeof batch_steps / sizeof *batch_steps};

/* Nobody but us checkpoints this file. */
static const char WRITER_PRAGMAS[] = "PRAGMA wal_autocheckpoint = 1000;"
                                     "PRAGMA journal_size_limit = 4194304;";

#define BATCH_COLUMNS                                                                              \
    "SELECT number, first, last, gen_time, ends, qualified, coalesce(entry, 0), root, tsa, token," \
    " (SELECT pem FROM chain WHERE id = batch.chain), checkpoint, log_key FROM batch "

/* --- opening --------------------------------------------------------------------------------*/

static struct batch_db *make(const char *directory, char file[PATH_MAX])
{
    int len = snprintf(file, PATH_MAX, "%s/batch.db", directory);
    struct batch_db *b = len > 0 && len < PATH_MAX ? calloc(1, sizeof *b) : NULL;
    if (!b)
        return NULL;
    b->lock_fd = -1;
    b->directory = strdup(directory);
    b->hash = sha256_new();
    if (b->directory && b->hash)
        return b;
    batch_close_db(b);
    return NULL;
}

enum store_status batch_open(const char *store_directory, struct batch_db **db,
                             struct store_error *err)
{
    char file[PATH_MAX];
    *db = NULL;
    struct batch_db *b = make(store_directory, file);
    if (!b)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status st = db_open(file, DB_READ, &b->db, err);
    if (st == STORE_OK)
        st = schema_check(b->db, &schema_batch, err);
    if (st != STORE_OK) {
        batch_close_db(b);
        return st;
    }
    *db = b;
    return STORE_OK;
}

/* Held as long as it is open; the kernel gives it back at a crash. */
static enum store_status lock_take(struct batch_db *b, struct store_error *err)
{
    char file[PATH_MAX];
    bool created;
    int len = snprintf(file, sizeof file, "%s/batch.lock", b->directory);
    if (len < 0 || (size_t)len >= sizeof file)
        return store_fail(err, STORE_INVALID, "%s: the name is too long", b->directory);
    enum store_status st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    b->lock_fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (b->lock_fd < 0)
        return store_fail_errno(err, errno, "%s", file);
    if (flock(b->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return STORE_OK;
    if (errno == EWOULDBLOCK)
        return store_fail(err, STORE_BUSY, "%s: another process is closing a batch", file);
    return store_fail_errno(err, errno, "%s", file);
}

enum store_status batch_open_write(const char *store_directory, struct batch_db **db,
                                   struct store_error *err)
{
    char file[PATH_MAX];
    bool created;
    *db = NULL;
    struct batch_db *b = make(store_directory, file);
    if (!b)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status st = lock_take(b, err);
    if (st == STORE_OK)
        st = db_create_file(file, 0640, &created, err);
    if (st == STORE_OK)
        st = db_open(file, DB_WRITE, &b->db, err);
    if (st == STORE_OK)
        st = db_exec(b->db, WRITER_PRAGMAS, err);
    if (st == STORE_OK)
        st = schema_migrate(b->db, &schema_batch, err);
    if (st != STORE_OK) {
        batch_close_db(b);
        return st;
    }
    *db = b;
    return STORE_OK;
}

enum store_status batch_open_log(struct batch_db *b, struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (!b->store)
        st = store_open(b->directory, STORE_READ, &b->store, err);
    if (st == STORE_OK && !b->seals)
        st = seal_store_open(b->directory, STORE_READ, &b->seals, err);
    return st;
}

void batch_close_db(struct batch_db *b)
{
    if (!b)
        return;
    store_close(b->store);
    seal_store_close(b->seals);
    db_close(b->db);
    if (b->lock_fd >= 0)
        close(b->lock_fd);
    EVP_MD_CTX_free(b->hash);
    free(b->directory);
    free(b);
}

/* --- tokens ---------------------------------------------------------------------------------*/

void batch_token_free(struct batch_token *t)
{
    free(t->tsa);
    bytes_free(&t->token);
    bytes_free(&t->chain);
    bytes_free(&t->checkpoint);
    bytes_free(&t->log_key);
    *t = (struct batch_token){0};
}

void batch_closed_free(struct batch_closed *done)
{
    strings_free(&done->remarks);
    *done = (struct batch_closed){0};
}

static enum store_status token_read(sqlite3_stmt *row, struct batch_token *t,
                                    struct store_error *err)
{
    t->number = (uint64_t)sqlite3_column_int64(row, 0);
    t->first = (uint64_t)sqlite3_column_int64(row, 1);
    t->last = (uint64_t)sqlite3_column_int64(row, 2);
    t->gen_time = sqlite3_column_int64(row, 3);
    t->ends = sqlite3_column_int64(row, 4);
    t->claims_qualified = sqlite3_column_int(row, 5) != 0;
    t->entry = (uint64_t)sqlite3_column_int64(row, 6);
    const void *root = sqlite3_column_blob(row, 7);
    if (!root || sqlite3_column_bytes(row, 7) != HASH_OCTETS)
        return store_fail(err, STORE_CORRUPT, "batch %" PRIu64 " has no root", t->number);
    memcpy(t->root, root, HASH_OCTETS);
    if (db_column_text(row, 8, &t->tsa) && db_column_bytes(row, 9, &t->token) &&
        db_column_bytes(row, 10, &t->chain) && db_column_bytes(row, 11, &t->checkpoint) &&
        db_column_bytes(row, 12, &t->log_key))
        return STORE_OK;
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static enum store_status token_find(struct batch_db *b, const char *sql, uint64_t number,
                                    struct batch_token *t, struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    *t = (struct batch_token){0};
    if (number > INT64_MAX)
        return store_fail(err, STORE_NOT_FOUND, "no such entry");
    enum store_status st = db_query(b->db, sql, &row, err, "i", (int64_t)number);
    if (st == STORE_OK)
        st = db_step(b->db, row, &found, err);
    if (st == STORE_OK)
        st = found ? token_read(row, t, err)
                   : store_fail(err, STORE_NOT_FOUND, "there is no such timestamp yet");
    db_done(row);
    if (st != STORE_OK)
        batch_token_free(t);
    return st;
}

enum store_status batch_for_entry(struct batch_db *b, uint64_t seq, struct batch_token *t,
                                  struct store_error *err)
{
    enum store_status st =
        token_find(b, BATCH_COLUMNS "WHERE last >= ? ORDER BY last LIMIT 1", seq, t, err);
    if (st != STORE_OK || (t->first <= seq && seq > 0))
        return st;
    batch_token_free(t);
    return store_fail(err, STORE_NOT_FOUND, "entry %" PRIu64 " is in no batch", seq);
}

enum store_status batch_previous(struct batch_db *b, uint64_t seq, struct batch_token *t,
                                 struct store_error *err)
{
    return token_find(b, BATCH_COLUMNS "WHERE entry < ? ORDER BY entry DESC LIMIT 1", seq, t, err);
}

enum store_status batch_by_number(struct batch_db *b, uint64_t number, struct batch_token *t,
                                  struct store_error *err)
{
    return token_find(b, BATCH_COLUMNS "WHERE number = ?", number, t, err);
}

enum store_status batch_bounds(struct batch_db *b, uint64_t seq, struct batch_bounds *bounds,
                               struct store_error *err)
{
    struct batch_token t = {0};
    *bounds = (struct batch_bounds){0};
    enum store_status st = batch_previous(b, seq, &t, err);
    if (st == STORE_OK) {
        bounds->not_before = t.gen_time;
        bounds->previous_number = t.number;
    }
    batch_token_free(&t);
    if (st == STORE_OK || st == STORE_NOT_FOUND)
        st = batch_for_entry(b, seq, &t, err);
    if (st == STORE_OK) {
        bounds->not_after = t.gen_time;
        bounds->number = t.number;
    }
    batch_token_free(&t);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}
