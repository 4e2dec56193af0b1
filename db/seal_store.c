/*
 * seal_store - seal.db: one signature for each entry, and the tree's head after the last one
 *
 * signature.sha256 is that of p7s: some octets of a CMS structure are covered by no signature,
 * and a change of these must show too. head.state is policy/tree.h's; size and root follow
 * from it and are there for people who look into the file. node and checkpoint: seal_tree.c and
 * checkpoint.c.
 *
 * Signatures and head change in one transaction, so a crash leaves both as they were and the
 * sealer begins again where the head says. All of it follows from the log and the key; a power
 * failure may cost the last transactions (synchronous = NORMAL), which are then made again, and
 * in return no sync of ours slows down a commit of mail.
 */
#include "db/seal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/schema.h"

static const char *const seal_steps[] = {
    "CREATE TABLE signature ("
    "  seq INTEGER PRIMARY KEY, p7s BLOB NOT NULL, sha256 BLOB NOT NULL);"
    "CREATE TABLE head ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL,"
    "  state BLOB NOT NULL);",
    "CREATE TABLE node ("
    "  level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, n))"
    "  WITHOUT ROWID;"
    "CREATE TABLE checkpoint ("
    "  size INTEGER PRIMARY KEY, time INTEGER NOT NULL, note BLOB NOT NULL);",
};
static const struct schema schema_seal = {seal_steps, sizeof seal_steps / sizeof *seal_steps};

/* Nobody but us checkpoints this file. */
static const char WRITER_PRAGMAS[] = "PRAGMA synchronous = NORMAL;"
                                     "PRAGMA wal_autocheckpoint = 1000;"
                                     "PRAGMA journal_size_limit = 4194304;";

static bool path_in(char path[PATH_MAX], const char *directory, const char *name)
{
    int len = snprintf(path, PATH_MAX, "%s/seal%s%s", directory, name[0] ? "/" : "", name);
    return len > 0 && len < PATH_MAX;
}

/* --- opening --------------------------------------------------------------------------------*/

enum store_status seal_store_create(const char *directory, struct store_error *err)
{
    char folder[PATH_MAX], file[PATH_MAX], lock[PATH_MAX];
    if (!path_in(folder, directory, "") || !path_in(file, directory, "seal.db") ||
        !path_in(lock, directory, "seal.lock"))
        return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return store_fail_errno(err, errno, "%s", folder);
    bool created = false;
    enum store_status st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    if (!created)
        return store_fail(err, STORE_INVALID, "%s: is there already and is not overwritten", file);
    /* The lock is made here, so that it belongs to whom the store is given. */
    struct db *db = NULL;
    st = db_create_file(lock, 0640, &created, err);
    if (st == STORE_OK)
        st = db_open(file, DB_WRITE, &db, err);
    if (st == STORE_OK)
        st = schema_migrate(db, &schema_seal, err);
    db_close(db);
    if (st != STORE_OK)
        unlink(file);
    return st;
}

/* Taken for as long as the store is open for writing; the kernel gives it back at a crash. */
static enum store_status lock_take(struct seal_store *s, const char *directory,
                                   struct store_error *err)
{
    char file[PATH_MAX];
    if (!path_in(file, directory, "seal.lock"))
        return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
    s->lock_fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (s->lock_fd < 0)
        return store_fail_errno(err, errno, "%s", file);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return STORE_OK;
    if (errno == EWOULDBLOCK)
        return store_fail(err, STORE_BUSY, "%s: another process is sealing", file);
    return store_fail_errno(err, errno, "%s", file);
}

static enum store_status database_open(struct seal_store *s, const char *file, enum store_mode mode,
                                       struct store_error *err)
{
    bool writes = mode == STORE_WRITE;
    enum store_status st = db_open(file, writes ? DB_WRITE : DB_READ, &s->db, err);
    if (st == STORE_OK && writes)
        st = db_exec(s->db, WRITER_PRAGMAS, err);
    if (st != STORE_OK)
        return st;
    return writes ? schema_migrate(s->db, &schema_seal, err)
                  : schema_check(s->db, &schema_seal, err);
}

enum store_status seal_store_open(const char *directory, enum store_mode mode,
                                  struct seal_store **store, struct store_error *err)
{
    *store = NULL;
    char file[PATH_MAX];
    if (!path_in(file, directory, "seal.db"))
        return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
    struct seal_store *s = calloc(1, sizeof *s);
    if (!s)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    s->lock_fd = -1;
    s->hash = sha256_new();
    enum store_status st = s->hash ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK && mode == STORE_WRITE)
        st = lock_take(s, directory, err);
    if (st == STORE_OK)
        st = database_open(s, file, mode, err);
    if (st != STORE_OK) {
        seal_store_close(s);
        return st;
    }
    *store = s;
    return STORE_OK;
}

void seal_store_close(struct seal_store *s)
{
    if (!s)
        return;
    db_close(s->db);
    EVP_MD_CTX_free(s->hash);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

/* --- reading --------------------------------------------------------------------------------*/

static bool column_is(sqlite3_stmt *row, int column, const void *data, size_t len)
{
    return (size_t)sqlite3_column_bytes(row, column) == len &&
           memcmp(sqlite3_column_blob(row, column), data, len) == 0;
}

static enum store_status signature_read(struct seal_store *s, sqlite3_stmt *row,
                                        struct bytes *signature, struct store_error *err)
{
    const void *p7s = sqlite3_column_blob(row, 0);
    size_t len = (size_t)sqlite3_column_bytes(row, 0);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!p7s || !sha256_of(s->hash, p7s, len, NULL, 0, digest) ||
        !column_is(row, 1, digest, sizeof digest))
        return store_fail(err, STORE_CORRUPT, "the signature's octets are not those written");
    if (!bytes_append(signature, p7s, len))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    return STORE_OK;
}

enum store_status seal_view_begin(struct seal_store *s, struct store_error *err)
{
    return db_run(s->db, "BEGIN", err, "");
}

void seal_view_end(struct seal_store *s)
{
    if (s)
        db_rollback(s->db);
}

enum store_status seal_signature(struct seal_store *s, uint64_t seq, struct bytes *signature,
                                 struct store_error *err)
{
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st = db_query(s->db, "SELECT p7s, sha256 FROM signature WHERE seq = ?", &row,
                                    err, "i", (int64_t)seq);
    if (st == STORE_OK)
        st = db_step(s->db, row, &found, err);
    if (st == STORE_OK)
        st = found ? signature_read(s, row, signature, err)
                   : store_fail(err, STORE_NOT_FOUND, "entry %" PRIu64 " has no signature", seq);
    db_done(row);
    return st;
}

static enum store_status head_read(sqlite3_stmt *row, struct tree *tree, struct store_error *err)
{
    unsigned char root[TREE_HASH];
    const void *state = sqlite3_column_blob(row, 2);
    if (state && tree_load(tree, state, (size_t)sqlite3_column_bytes(row, 2)) &&
        tree_root(tree, root) && column_is(row, 1, root, sizeof root) &&
        (uint64_t)sqlite3_column_int64(row, 0) == tree->size)
        return STORE_OK;
    *tree = (struct tree){0};
    return store_fail(err, STORE_CORRUPT,
                      "seal.db: size, root and state of the head contradict each other");
}

enum store_status seal_head(struct seal_store *s, struct tree *tree, struct store_error *err)
{
    *tree = (struct tree){0};
    sqlite3_stmt *row = NULL;
    bool found = false;
    enum store_status st =
        db_query(s->db, "SELECT size, root, state FROM head WHERE id = 1", &row, err, "");
    if (st == STORE_OK)
        st = db_step(s->db, row, &found, err);
    if (st == STORE_OK && found)
        st = head_read(row, tree, err);
    db_done(row);
    return st;
}

enum store_status seal_last(struct seal_store *s, uint64_t *seq, struct store_error *err)
{
    int64_t last = 0;
    enum store_status st =
        db_number(s->db, "SELECT coalesce(max(seq), 0) FROM signature", 0, &last, err, "");
    *seq = last > 0 ? (uint64_t)last : 0;
    return st;
}

enum store_status seal_surplus(struct seal_store *s, uint64_t size, uint64_t *surplus,
                               struct store_error *err)
{
    int64_t count = 0;
    enum store_status st =
        db_number(s->db, "SELECT count(*) FROM signature WHERE seq < 1 OR seq > ?", 0, &count, err,
                  "i", (int64_t)size);
    *surplus = (uint64_t)count;
    return st;
}

/* --- writing --------------------------------------------------------------------------------*/

enum store_status seal_store_begin(struct seal_store *s, struct store_error *err)
{
    if (s->lock_fd < 0)
        return store_fail(err, STORE_INVALID, "seal.db is open for reading only");
    return db_exec(s->db, "BEGIN IMMEDIATE", err);
}

enum store_status seal_store_put(struct seal_store *s, uint64_t seq, const struct bytes *signature,
                                 struct store_error *err)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!SHA256((const unsigned char *)signature->data, signature->len, digest))
        return store_fail(err, STORE_INVALID, "the crypto library cannot hash");
    return db_run(s->db, "INSERT INTO signature(seq, p7s, sha256) VALUES(?, ?, ?)", err, "ibb",
                  (int64_t)seq, (const void *)signature->data, signature->len, (const void *)digest,
                  sizeof digest);
}

enum store_status seal_store_commit(struct seal_store *s, const struct tree *tree,
                                    struct store_error *err)
{
    unsigned char state[TREE_STATE_MAX], root[TREE_HASH];
    size_t len = tree_save(tree, state);
    if (!tree_root(tree, root))
        return store_fail(err, STORE_INVALID, "the crypto library cannot hash");
    enum store_status st = db_run(
        s->db, "INSERT OR REPLACE INTO head(id, size, root, state) VALUES(1, ?, ?, ?)", err, "ibb",
        (int64_t)tree->size, (const void *)root, sizeof root, (const void *)state, len);
    return st == STORE_OK ? db_exec(s->db, "COMMIT", err) : st;
}

void seal_store_rollback(struct seal_store *s)
{
    db_rollback(s->db);
}
