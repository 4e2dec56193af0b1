/*
 * store - creating, opening and closing a store; its lock; its errors
 *
 * One writer: <directory>/scribe.lock is held by an open-file-description lock, which ends with
 * the process whatever kills it; the number written into the file is for people.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/store_private.h"

/* --- errors ---------------------------------------------------------------------------------*/

const char *store_status_text(enum store_status status)
{
    static const char *const texts[] = {
        [STORE_OK] = "done",
        [STORE_NOT_FOUND] = "not found",
        [STORE_BUSY] = "busy",
        [STORE_FULL] = "no space left",
        [STORE_IO] = "input/output error",
        [STORE_CORRUPT] = "corrupt",
        [STORE_DENIED] = "permission denied",
        [STORE_SCHEMA] = "other schema version",
        [STORE_NO_MEMORY] = "out of memory",
        [STORE_INVALID] = "invalid request",
    };
    size_t i = (size_t)status;
    return i < sizeof texts / sizeof *texts ? texts[i] : "unknown status";
}

enum store_status store_fail(struct store_error *err, enum store_status status, const char *format,
                             ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}

static enum store_status status_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STORE_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return STORE_DENIED;
    case ENOENT:
    case ENOTDIR:
        return STORE_NOT_FOUND;
    case ENOMEM:
        return STORE_NO_MEMORY;
    case EAGAIN:
    case ETIMEDOUT:
        return STORE_BUSY;
    default:
        return STORE_IO;
    }
}

enum store_status store_fail_errno(struct store_error *err, int errnum, const char *format, ...)
{
    enum store_status status = status_of_errno(errnum);
    if (err) {
        va_list args;
        va_start(args, format);
        int len = vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        if (len >= 0 && (size_t)len < sizeof err->text)
            snprintf(err->text + len, sizeof err->text - (size_t)len, ": %s%s", strerror(errnum),
                     status == STORE_FULL ? ": free some space on its file system" : "");
    }
    return status;
}

enum store_status store_path(const char *directory, const char *name, char *path, size_t room,
                             struct store_error *err)
{
    int len = snprintf(path, room, "%s/%s", directory, name);
    if (len < 0 || (size_t)len >= room)
        return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
    return STORE_OK;
}

/* --- the keyed hash -------------------------------------------------------------------------*/

bool keyed_hash_open(struct keyed_hash *h, struct db *log, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, found = false;
    if (db_query(log, "SELECT value FROM meta WHERE key = 'hash_key'", &s, err, "") == STORE_OK &&
        db_step(log, s, &row, err) == STORE_OK && row && sqlite3_column_bytes(s, 0) == KEY_OCTETS) {
        memcpy(h->key, sqlite3_column_blob(s, 0), KEY_OCTETS);
        found = true;
    }
    db_done(s);
    EVP_MAC *mac = found ? EVP_MAC_fetch(NULL, "SIPHASH", NULL) : NULL;
    h->ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    return h->ctx != NULL;
}

void keyed_hash_close(struct keyed_hash *h)
{
    EVP_MAC_CTX_free(h->ctx);
    h->ctx = NULL;
}

static bool keyed_hash(struct keyed_hash *h, char kind, const char *text, unsigned char *hash,
                       size_t octets)
{
    size_t written = 0;
    OSSL_PARAM size[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &octets),
                         OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(h->ctx, size) == 1 &&
           EVP_MAC_init(h->ctx, h->key, KEY_OCTETS, NULL) == 1 &&
           EVP_MAC_update(h->ctx, (const unsigned char *)&kind, 1) == 1 &&
           EVP_MAC_update(h->ctx, (const unsigned char *)text, strlen(text)) == 1 &&
           EVP_MAC_final(h->ctx, hash, &written, octets) == 1 && written == octets;
}

bool keyed_hash_64(struct keyed_hash *h, char kind, const char *text, uint64_t *hash)
{
    unsigned char octets[8];
    if (!keyed_hash(h, kind, text, octets, sizeof octets))
        return false;
    *hash = 0;
    for (size_t i = 0; i < sizeof octets; i++)
        *hash = *hash << 8 | octets[i];
    return true;
}

bool keyed_hash_128(struct keyed_hash *h, char kind, const char *text, unsigned char hash[16])
{
    return keyed_hash(h, kind, text, hash, 16);
}

bool keyed_hash_subject(struct keyed_hash *h, const char *base_subject, uint64_t *hash)
{
    *hash = 0;
    if (!base_subject || !*base_subject)
        return true;
    if (!keyed_hash_64(h, 's', base_subject, hash))
        return false;
    if (*hash == 0)
        *hash = 1; /* 0 says "unknown" */
    return true;
}

/* --- creating -------------------------------------------------------------------------------*/

static enum store_status make_directory(const char *path, mode_t mode, struct store_error *err)
{
    struct stat parent;
    char up[PATH_MAX];
    if (mkdir(path, mode) < 0)
        return errno == EEXIST ? STORE_OK : store_fail_errno(err, errno, "%s: mkdir", path);
    if (chmod(path, mode) < 0) /* whatever the umask says; and setgid */
        return store_fail_errno(err, errno, "%s: chmod", path);
    enum store_status st = store_path(path, "..", up, sizeof up, err);
    if (st == STORE_OK && geteuid() == 0 &&
        (stat(up, &parent) < 0 || chown(path, parent.st_uid, parent.st_gid) < 0 ||
         chmod(path, mode) < 0))
        st = store_fail_errno(err, errno, "%s: cannot give it to its parent's owner", path);
    return st;
}

static enum store_status make_directories(const char *directory, struct store_error *err)
{
    /* bodies/ is the writer's own: the mail side has no business there once a body was handed
       over. spool/ is where the mail side puts them: setgid, so that the writer, by its group,
       may link a file that is another user's. */
    static const struct {
        const char *name;
        mode_t mode;
    } below[] = {{"bodies", 0700}, {"volumes", 0750}, {"spool", 02770}};
    char path[PATH_MAX];
    enum store_status st = STORE_OK;
    if (mkdir(directory, 0750) < 0 && errno != EEXIST)
        return store_fail_errno(err, errno, "%s: mkdir", directory);
    for (size_t i = 0; st == STORE_OK && i < sizeof below / sizeof *below; i++) {
        st = store_path(directory, below[i].name, path, sizeof path, err);
        if (st == STORE_OK)
            st = make_directory(path, below[i].mode, err);
    }
    return st;
}

static enum store_status put_meta(struct db *log, const char *origin, struct store_error *err)
{
    unsigned char key[KEY_OCTETS];
    if (RAND_bytes(key, sizeof key) != 1)
        return store_fail(err, STORE_IO, "%s: no random numbers", log->file);
    enum store_status st = db_exec(log, "BEGIN IMMEDIATE", err);
    if (st == STORE_OK)
        st = db_run(log,
                    "INSERT INTO meta (key, value) VALUES ('origin', ?), ('hash_key', ?),"
                    " ('next_number', 1), ('tidied', 0), ('messages', 0), ('octets', 0)",
                    err, "tb", origin, (const void *)key, sizeof key);
    if (st == STORE_OK)
        st = db_exec(log, "COMMIT", err);
    db_rollback(log);
    return st;
}

enum store_status store_create(const char *directory, const char *origin, struct store_error *err)
{
    char file[PATH_MAX];
    bool created;
    struct db *log = NULL;
    enum store_status st = make_directories(directory, err);
    if (st == STORE_OK)
        st = store_path(directory, "log.db", file, sizeof file, err);
    if (st == STORE_OK)
        st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    if (!created)
        return store_fail(err, STORE_INVALID, "%s: is there already: choose another directory",
                          file);
    st = db_open(file, DB_WRITE, &log, err);
    if (st == STORE_OK)
        st = schema_migrate(log, &schema_log, err);
    if (st == STORE_OK)
        st = put_meta(log, origin, err);
    db_close(log);
    if (st != STORE_OK)
        unlink(file);
    return st;
}

/* --- opening --------------------------------------------------------------------------------*/

static enum store_status take_lock(struct store *store, struct store_error *err)
{
    char file[PATH_MAX], pid[32] = "";
    bool created;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    enum store_status st = store_path(store->directory, "scribe.lock", file, sizeof file, err);
    if (st == STORE_OK)
        st = db_create_file(file, 0640, &created, err);
    if (st != STORE_OK)
        return st;
    store->lock_fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (store->lock_fd < 0)
        return store_fail_errno(err, errno, "%s", file);
    if (fcntl(store->lock_fd, F_OFD_SETLK, &whole) < 0) {
        if (errno != EAGAIN && errno != EACCES)
            return store_fail_errno(err, errno, "%s: cannot lock", file);
        ssize_t got = pread(store->lock_fd, pid, sizeof pid - 1, 0);
        pid[got > 0 ? strcspn(pid, "\n") : 0] = '\0';
        return store_fail(err, STORE_BUSY, "%s: process %s is writing: stop it, or go through it",
                          file, *pid ? pid : "?");
    }
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(store->lock_fd, 0) < 0 || pwrite(store->lock_fd, pid, (size_t)len, 0) != len)
        return store_fail_errno(err, errno, "%s: cannot write", file);
    return STORE_OK;
}

static enum store_status read_meta(struct store *store, struct store_error *err)
{
    sqlite3_stmt *s;
    bool row = false, copied = true;
    int64_t last = 0;
    enum store_status st =
        db_query(store->log, "SELECT value FROM meta WHERE key = 'origin'", &s, err, "");
    if (st == STORE_OK)
        st = db_step(store->log, s, &row, err);
    if (row)
        copied = db_column_text(s, 0, &store->origin);
    db_done(s);
    if (st == STORE_OK && !copied)
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", store->log->file);
    if (st == STORE_OK && !store->origin)
        return store_fail(err, STORE_CORRUPT,
                          "%s: has no origin: its creation was cut short; remove it and run "
                          "temoin init again",
                          store->log->file);
    if (st == STORE_OK && !keyed_hash_open(&store->hash, store->log, err))
        return store_fail(err, STORE_CORRUPT,
                          "%s: no hash key, or no SipHash in the crypto library", store->log->file);
    /* Who only reads may do so even where the last page is damaged. */
    if (st == STORE_OK && store->mode == STORE_WRITE)
        st = db_number(store->log, "SELECT max(seq) FROM entry", 0, &last, err, "");
    if (st == STORE_OK)
        store->last_seq = store->seq_on_disk = (uint64_t)last;
    return st;
}

static enum store_status open_files(struct store *store, struct store_error *err)
{
    char file[PATH_MAX];
    bool writes = store->mode == STORE_WRITE;
    enum store_status st = store_path(store->directory, "log.db", file, sizeof file, err);
    if (st == STORE_OK && access(file, F_OK) < 0 && errno == ENOENT)
        return store_fail(err, STORE_NOT_FOUND, "%s: there is no store here: run temoin init",
                          file);
    if (st == STORE_OK && writes)
        st = take_lock(store, err);
    if (st == STORE_OK)
        st = db_open(file, writes ? DB_WRITE : DB_READ, &store->log, err);
    if (st == STORE_OK)
        st = writes ? schema_migrate(store->log, &schema_log, err)
                    : schema_check(store->log, &schema_log, err);
    if (st == STORE_OK)
        st = read_meta(store, err);
    if (st == STORE_OK && writes)
        st = bodies_sweep(store, err);
    if (st == STORE_OK && writes)
        st = volumes_recover(store, err);
    if (st == STORE_OK && writes)
        st = erasures_recover(store, err);
    return st;
}

/* Whose the store is: that is what the caller has to become, or to be put into. */
static void tell_whose(const struct store *store, struct store_error *err)
{
    char room[2048];
    struct stat info;
    struct group group, *has_group = NULL;
    struct passwd owner, *has_owner = NULL;
    if (!err || stat(store->directory, &info) < 0 || geteuid() == info.st_uid)
        return;
    if (store->mode == STORE_WRITE &&
        getpwuid_r(info.st_uid, &owner, room, sizeof room, &has_owner) == 0 && has_owner)
        store_fail(err, STORE_DENIED,
                   "%s/log.db: permission denied: run it as root (sudo) or as the user %s",
                   store->directory, owner.pw_name);
    else if (store->mode == STORE_READ && !group_member(info.st_gid) &&
             getgrgid_r(info.st_gid, &group, room, sizeof room, &has_group) == 0 && has_group)
        store_fail(err, STORE_DENIED,
                   "%s/log.db: permission denied: run it as root (sudo), or let your user be in "
                   "the group %s",
                   store->directory, group.gr_name);
}

enum store_status store_open(const char *directory, enum store_mode mode, struct store **out,
                             struct store_error *err)
{
    *out = NULL;
    struct store *store = calloc(1, sizeof *store);
    if (!store || !(store->directory = strdup(directory))) {
        free(store);
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", directory);
    }
    store->mode = mode;
    store->lock_fd = -1;
    enum store_status st = open_files(store, err);
    if (st == STORE_DENIED)
        tell_whose(store, err);
    if (st != STORE_OK) {
        store_close(store);
        return st;
    }
    *out = store;
    return STORE_OK;
}

enum store_status store_hold_register(struct store *store, struct store_error *err)
{
    char file[PATH_MAX];
    if (store->registry)
        return STORE_OK;
    enum store_status st = store_path(store->directory, "register.db", file, sizeof file, err);
    if (st == STORE_OK)
        st = db_open(file, DB_WRITE, &store->registry, err);
    if (st == STORE_OK) /* touches the file: only now -wal and -shm are there */
        st = db_exec(store->registry, "SELECT count(*) FROM sqlite_schema", err);
    if (st != STORE_OK) {
        db_close(store->registry);
        store->registry = NULL;
    }
    return st;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->in_group)
        store_rollback(store);
    mover_free(store->mover);
    unpack_spare_free(store);
    db_close(store->volume);
    db_close(store->registry);
    keyed_hash_close(&store->hash);
    db_close(store->log);
    if (store->lock_fd >= 0)
        close(store->lock_fd); /* gives the lock back */
    strings_free(&store->linked);
    free(store->origin);
    free(store->directory);
    free(store);
}
