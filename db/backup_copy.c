/*
 * backup_copy - files of a backup: copied, hashed, synced, removed
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/backup.h"
#include "db/record.h"
#include "db/sqlite.h"

enum { PIECE = 128 * 1024, DEPTH = 16 };

/* --- databases ------------------------------------------------------------------------------*/

static enum store_status sync_file(const char *file, struct store_error *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum store_status st = STORE_OK;
    if (fd < 0 || fsync(fd) < 0)
        st = store_fail_errno(err, errno, "%s: cannot sync", file);
    if (fd >= 0)
        close(fd);
    return st;
}

/* The source's read transaction holds the snapshot; one step then copies all of it, while
   writers go on in the write-ahead log. */
static enum store_status copy_pages(struct db *from, const char *to, struct store_error *err)
{
    sqlite3 *target = NULL;
    int code = sqlite3_open_v2(to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    enum store_status st = STORE_OK;
    sqlite3_backup *backup =
        code == SQLITE_OK ? sqlite3_backup_init(target, "main", from->handle, "main") : NULL;
    if (backup) {
        sqlite3_backup_step(backup, -1);
        code = sqlite3_backup_finish(backup);
    } else if (code == SQLITE_OK) {
        code = sqlite3_errcode(target);
    }
    if (code != SQLITE_OK)
        st = store_fail(err, (code & 0xff) == SQLITE_FULL ? STORE_FULL : STORE_IO,
                        "%s: cannot be copied to %s: %s", from->file, to,
                        target ? sqlite3_errmsg(target) : sqlite3_errstr(code));
    sqlite3_close(target);
    return st;
}

enum store_status backup_database(const char *from, const char *to, struct store_error *err)
{
    struct db *db;
    bool created;
    if (access(from, F_OK) < 0 && errno == ENOENT)
        return store_fail(err, STORE_NOT_FOUND, "%s: is not there", from);
    enum store_status st = db_open(from, DB_READ, &db, err);
    if (st != STORE_OK)
        return st;
    st = db_create_file(to, 0600, &created, err);
    if (st == STORE_OK && !created)
        st = store_fail(err, STORE_INVALID, "%s: is there already", to);
    if (st == STORE_OK)
        st = db_exec(db, "BEGIN; SELECT count(*) FROM sqlite_schema", err);
    if (st == STORE_OK)
        st = copy_pages(db, to, err);
    db_rollback(db);
    db_close(db);
    return st == STORE_OK ? sync_file(to, err) : st;
}

/* --- plain files ----------------------------------------------------------------------------*/

static bool copy_octets(int from, int to, char *buffer)
{
    ssize_t got;
    while ((got = read(from, buffer, PIECE)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, buffer + done, (size_t)(got - done));
            if (put < 0 && errno != EINTR)
                return false;
            done += put > 0 ? put : 0;
        }
    }
    return true;
}

enum store_status backup_plain(const char *from, const char *to, mode_t mode,
                               struct store_error *err)
{
    char *buffer = malloc(PIECE);
    int source = buffer ? open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (source < 0) {
        int why = buffer ? errno : ENOMEM;
        free(buffer);
        return store_fail_errno(err, why, "%s", from);
    }
    enum store_status st = STORE_OK;
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (target < 0 || !copy_octets(source, target, buffer) || fchmod(target, mode) < 0 ||
        fsync(target) < 0)
        st = store_fail_errno(err, errno, "%s: cannot be copied to %s", from, to);
    close(source);
    if (target >= 0 && close(target) < 0 && st == STORE_OK)
        st = store_fail_errno(err, errno, "%s", to);
    free(buffer);
    return st;
}

enum store_status backup_hash(const char *file, uint64_t *size, char sha256[65],
                              struct store_error *err)
{
    unsigned char digest[HASH_OCTETS];
    char *buffer = malloc(PIECE);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = -1;
    bool hashed = buffer && md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    *size = 0;
    while (fd >= 0 && hashed && (got = read(fd, buffer, PIECE)) > 0) {
        hashed = EVP_DigestUpdate(md, buffer, (size_t)got) == 1;
        *size += (uint64_t)got;
    }
    enum store_status st = STORE_OK;
    if (fd < 0 || (hashed && got < 0))
        st = store_fail_errno(err, errno, "%s", file);
    else if (!hashed || EVP_DigestFinal_ex(md, digest, NULL) != 1)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory, or the crypto library failed");
    else
        record_hex(digest, sizeof digest, sha256);
    if (fd >= 0)
        close(fd);
    EVP_MD_CTX_free(md);
    free(buffer);
    return st;
}

/* --- directories ----------------------------------------------------------------------------*/

enum store_status backup_sync(const char *directory, struct store_error *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum store_status st = STORE_OK;
    if (fd < 0 || fsync(fd) < 0)
        st = store_fail_errno(err, errno, "%s: cannot sync", directory);
    if (fd >= 0)
        close(fd);
    return st;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

enum store_status backup_remove(const char *directory, struct store_error *err)
{
    if (nftw(directory, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return store_fail_errno(err, errno, "%s: cannot be removed", directory);
    return STORE_OK;
}
