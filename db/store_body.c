/*
 * store_body - large bodies: files of their own until a volume takes them
 *
 * A body over the spill size arrives as a file without a name (O_TMPFILE) in spool/, written
 * and synced by the process that faces the mail. To keep it is to give it a name in bodies/:
 * linkat() through /proc/self/fd. Its owner is another user; the kernel (protected_hardlinks)
 * allows the link because the file is group-writable and spool/ is setgid. The name is made
 * durable by one fsync of the directory a group, before the group's commit; so a committed
 * entry always has its body, and a body without an entry is an orphan that the next start
 * removes. Names are random: a sequence number may be given again after a crash.
 *
 * Where linking is impossible (another file system, no /proc) the body is copied and synced.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db/record.h"
#include "db/store_private.h"

enum { COPY_OCTETS = 64 * 1024, SPOOL_AGE_S = 3600 };

static enum store_status body_path(struct store *store, const char *name, char *path,
                                   struct store_error *err)
{
    char below[sizeof "bodies/" + BODY_NAME];
    snprintf(below, sizeof below, "bodies/%s", name);
    return store_path(store->directory, below, path, PATH_MAX, err);
}

static bool copy_octets(int from, int to, uint64_t size, char *buffer)
{
    uint64_t at = 0;
    while (at < size) {
        ssize_t got = pread(from, buffer, COPY_OCTETS, (off_t)at);
        if (got <= 0) {
            errno = got == 0 ? EIO : errno; /* shorter than it was said to be */
            return false;
        }
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, buffer + done, (size_t)(got - done));
            if (put < 0)
                return false;
            done += put;
        }
        at += (uint64_t)got;
    }
    return true;
}

static enum store_status copy_body(int from, uint64_t size, const char *path,
                                   struct store_error *err)
{
    bool created;
    char *buffer = malloc(COPY_OCTETS);
    if (!buffer)
        return store_fail(err, STORE_NO_MEMORY, "%s: out of memory", path);
    enum store_status st = db_create_file(path, 0600, &created, err);
    int to = st == STORE_OK ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (st == STORE_OK && (to < 0 || !copy_octets(from, to, size, buffer) || fdatasync(to) < 0))
        st = store_fail_errno(err, errno, "%s: cannot copy a message body", path);
    if (to >= 0 && close(to) < 0 && st == STORE_OK)
        st = store_fail_errno(err, errno, "%s", path);
    if (st != STORE_OK)
        unlink(path);
    free(buffer);
    return st;
}

enum store_status body_keep(struct store *store, int fd, uint64_t size, char name[BODY_NAME],
                            struct store_error *err)
{
    unsigned char random[BODY_NAME / 2];
    char path[PATH_MAX], source[64];
    struct stat info;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || (uint64_t)info.st_size != size)
        return store_fail(err, STORE_INVALID, "a spilled body is not the file it was said to be");
    if (RAND_bytes(random, sizeof random) != 1)
        return store_fail(err, STORE_IO, "no random numbers");
    record_hex(random, sizeof random, name);
    enum store_status st = body_path(store, name, path, err);
    if (st != STORE_OK)
        return st;
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return STORE_OK;
    if (errno == ENOSPC || errno == EDQUOT || errno == EIO)
        return store_fail_errno(err, errno, "%s: cannot keep a message body", path);
    return copy_body(fd, size, path, err);
}

enum store_status body_open(struct store *store, const char *name, int *fd, struct store_error *err)
{
    char path[PATH_MAX];
    enum store_status st = body_path(store, name, path, err);
    if (st != STORE_OK)
        return st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return *fd >= 0 ? STORE_OK : store_fail_errno(err, errno, "%s", path);
}

void body_remove(struct store *store, const char *name)
{
    char path[PATH_MAX];
    if (body_path(store, name, path, NULL) == STORE_OK)
        unlink(path); /* what stays is an orphan that the next start removes */
}

enum store_status bodies_sync(struct store *store, struct store_error *err)
{
    char path[PATH_MAX];
    enum store_status st = store_path(store->directory, "bodies", path, sizeof path, err);
    if (st != STORE_OK)
        return st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        st = store_fail_errno(err, errno, "%s: cannot sync", path);
    if (fd >= 0)
        close(fd);
    return st;
}

/* --- orphans --------------------------------------------------------------------------------*/

typedef enum store_status orphan_test(struct store *store, int directory, const char *name,
                                      bool *orphan, struct store_error *err);

static enum store_status unreferenced(struct store *store, int directory, const char *name,
                                      bool *orphan, struct store_error *err)
{
    sqlite3_stmt *s;
    (void)directory;
    enum store_status st =
        db_query(store->log, "SELECT 1 FROM message WHERE body = ?", &s, err, "t", name);
    bool kept = false;
    if (st == STORE_OK)
        st = db_step(store->log, s, &kept, err);
    db_done(s);
    *orphan = !kept;
    return st;
}

/* Files in spool/ have no name; one that has was left by something that died between creating
   and unlinking it. */
static enum store_status left_behind(struct store *store, int directory, const char *name,
                                     bool *orphan, struct store_error *err)
{
    struct stat info;
    (void)store;
    (void)err;
    *orphan = fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
              info.st_mtime < time(NULL) - SPOOL_AGE_S;
    return STORE_OK;
}

static enum store_status sweep(struct store *store, const char *below, orphan_test *test,
                               struct store_error *err)
{
    char path[PATH_MAX];
    struct dirent *item;
    bool orphan;
    enum store_status st = store_path(store->directory, below, path, sizeof path, err);
    if (st != STORE_OK)
        return st;
    DIR *dir = opendir(path);
    if (!dir)
        return store_fail_errno(err, errno, "%s", path);
    while (st == STORE_OK && (errno = 0, item = readdir(dir)) != NULL) {
        if (item->d_name[0] == '.')
            continue;
        st = test(store, dirfd(dir), item->d_name, &orphan, err);
        if (st == STORE_OK && orphan && unlinkat(dirfd(dir), item->d_name, 0) < 0)
            st = store_fail_errno(err, errno, "%s/%s: cannot remove", path, item->d_name);
    }
    closedir(dir);
    return st;
}

enum store_status bodies_sweep(struct store *store, struct store_error *err)
{
    enum store_status st = sweep(store, "bodies", unreferenced, err);
    if (st == STORE_OK)
        st = sweep(store, "spool", left_behind, err);
    return st;
}
