/*
 * follow_reader - the octets of one log file, plain or compressed
 */
#include "db/follow_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct packing {
    const char *magic;
    size_t len;
    const char *program;
} packings[] = {{"\x1f\x8b", 2, "gzip"},
                {"\xfd"
                 "7zXZ\0",
                 6, "xz"},
                {"\x28\xb5\x2f\xfd", 4, "zstd"},
                {"BZh", 3, "bzip2"}};

static const char *program_of(int fd)
{
    char first[8];
    ssize_t got = pread(fd, first, sizeof first, 0);
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++)
        if (got >= (ssize_t)packings[i].len &&
            memcmp(first, packings[i].magic, packings[i].len) == 0)
            return packings[i].program;
    return NULL;
}

/* `program` -dc, from `from` into a pipe. */
static enum store_status unpack(struct follow_reader *r, const char *program, int from,
                                const char *name, struct store_error *err)
{
    char *const argv[] = {(char *)program, (char *)"-dc", NULL};
    char *const environment[] = {(char *)"PATH=/usr/bin:/bin:/usr/local/bin", NULL};
    char path[64];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int ends[2], code = ENOENT;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return store_fail_errno(err, errno, "pipe");
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    static const char *const places[] = {"/usr/bin/", "/bin/", "/usr/local/bin/"};
    for (size_t i = 0; code && i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s%s", places[i], program);
        code = posix_spawn(&r->child, path, &actions, &attributes, argv, environment);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (code) {
        close(ends[0]);
        r->child = -1;
        return store_fail(err, STORE_INVALID, "%s: %s cannot be run (%s): install it", name,
                          program, strerror(code));
    }
    r->fd = ends[0];
    return STORE_OK;
}

enum store_status follow_reader_open(struct follow_reader *r, int fd, const char *name,
                                     struct store_error *err)
{
    struct stat st;
    *r = (struct follow_reader){.fd = fd, .child = -1};
    if (fstat(fd, &st) < 0) {
        int code = errno;
        close(fd);
        r->fd = -1;
        return store_fail_errno(err, code, "%s", name);
    }
    r->device = (uint64_t)st.st_dev;
    r->inode = (uint64_t)st.st_ino;
    r->size = (uint64_t)st.st_size;
    r->written = (int64_t)st.st_mtime;
    const char *program = program_of(fd);
    if (!program)
        return STORE_OK;
    r->fd = -1;
    r->size = UINT64_MAX;
    enum store_status status = unpack(r, program, fd, name, err);
    close(fd);
    return status;
}

ssize_t follow_reader_read(struct follow_reader *r, char *to, size_t room)
{
    size_t got = 0;
    while (got < room) {
        ssize_t n = read(r->fd, to + got, room - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    r->offset += got;
    return (ssize_t)got;
}

enum store_status follow_reader_skip(struct follow_reader *r, uint64_t offset,
                                     struct store_error *err)
{
    char chunk[65536];
    if (r->child < 0) {
        if (offset > r->size || lseek(r->fd, (off_t)offset, SEEK_SET) < 0)
            return store_fail(err, STORE_NOT_FOUND, "the log file ends before the place");
        r->offset = offset;
        return STORE_OK;
    }
    while (r->offset < offset) {
        uint64_t left = offset - r->offset;
        ssize_t n = follow_reader_read(r, chunk, left < sizeof chunk ? left : sizeof chunk);
        if (n <= 0)
            return store_fail(err, STORE_NOT_FOUND, "the log file ends before the place");
    }
    return STORE_OK;
}

enum store_status follow_reader_close(struct follow_reader *r, const char *name, bool whole,
                                      struct store_error *err)
{
    int status = 0;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    if (r->child < 0)
        return STORE_OK;
    if (!whole)
        kill(r->child, SIGTERM);
    while (waitpid(r->child, &status, 0) < 0 && errno == EINTR)
        ;
    r->child = -1;
    if (whole && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return store_fail(err, STORE_CORRUPT, "%s: cannot be unpacked to its end", name);
    return STORE_OK;
}
