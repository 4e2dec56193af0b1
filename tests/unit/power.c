/*
 * power - see power.h
 *
 * Files are known by their inode, and kept open so that its number is not given to another one.
 */
#include "tests/unit/power.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/bytes.h"

enum { FILES_MAX = 512, NAMES_MAX = 512 };

struct file {
    ino_t inode;
    int held;
    struct bytes synced;
};

struct name {
    char *directory, *name; /* the directory as a path from the watched one: "", "bodies", … */
    ino_t inode;
};

static struct {
    const char *directory; /* NULL: not watched */
    void (*before)(void *context);
    void *context;
    struct file files[FILES_MAX];
    struct name names[NAMES_MAX];
    size_t file_count, name_count;
} power;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* --- what was synced ------------------------------------------------------------------------*/

static struct file *file_of(ino_t inode)
{
    for (size_t i = 0; i < power.file_count; i++)
        if (power.files[i].inode == inode)
            return &power.files[i];
    return NULL;
}

static void note_file(int fd, ino_t inode)
{
    static char buffer[64 * 1024];
    struct file *file = file_of(inode);
    if (!file) {
        must(power.file_count < FILES_MAX, "power: too many files");
        file = &power.files[power.file_count++];
        *file = (struct file){.inode = inode, .held = dup(fd)};
    }
    bytes_free(&file->synced);
    /* Whoever syncs it may be allowed to write only. */
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int own = open(link, O_RDONLY | O_CLOEXEC);
    must(own >= 0, "power: open");
    ssize_t got;
    while ((got = pread(own, buffer, sizeof buffer, (off_t)file->synced.len)) > 0)
        must(bytes_append(&file->synced, buffer, (size_t)got), "power: memory");
    must(got == 0, "power: read");
    close(own);
}

static void forget_names(const char *below)
{
    size_t kept = 0;
    for (size_t i = 0; i < power.name_count; i++) {
        struct name *n = &power.names[i];
        if (strcmp(n->directory, below) != 0) {
            power.names[kept++] = *n;
            continue;
        }
        free(n->directory);
        free(n->name);
    }
    power.name_count = kept;
}

/* Note the names in a directory; `whole`: and what is in it and below. */
static void note_names(const char *below, bool whole)
{
    char path[PATH_MAX], inner[PATH_MAX];
    struct dirent *item;
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", power.directory, below);
    DIR *dir = opendir(path);
    must(dir != NULL, path);
    forget_names(below);
    while ((item = readdir(dir)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        must(fstatat(dirfd(dir), item->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0, item->d_name);
        must(power.name_count < NAMES_MAX, "power: too many names");
        power.names[power.name_count++] = (struct name){
            .directory = strdup(below), .name = strdup(item->d_name), .inode = info.st_ino};
        snprintf(inner, sizeof inner, "%s%s%s", below, *below ? "/" : "", item->d_name);
        if (whole && S_ISDIR(info.st_mode)) {
            note_names(inner, true);
        } else if (whole) {
            int fd = openat(dirfd(dir), item->d_name, O_RDONLY | O_CLOEXEC);
            must(fd >= 0, inner);
            note_file(fd, info.st_ino); /* holds another descriptor */
            close(fd);
        }
    }
    closedir(dir);
}

static int noted(int fd, long number)
{
    char link[64], path[PATH_MAX];
    struct stat info;
    size_t len = power.directory ? strlen(power.directory) : 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = power.directory ? readlink(link, path, sizeof path - 1) : -1;
    if (got < 0)
        return (int)syscall(number, fd);
    path[got] = '\0';
    if (strncmp(path, power.directory, len) != 0 || (path[len] && path[len] != '/'))
        return (int)syscall(number, fd);
    power.before(power.context);
    must(fstat(fd, &info) == 0, "power: fstat");
    if (S_ISDIR(info.st_mode))
        note_names(path[len] ? path + len + 1 : "", false);
    else
        note_file(fd, info.st_ino);
    return 0;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return noted(fd, SYS_fdatasync);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
    return noted(fd, SYS_fsync);
}

/* --- the calls ------------------------------------------------------------------------------*/

void power_watch(const char *directory, void (*before)(void *context), void *context)
{
    power.directory = directory;
    power.before = before;
    power.context = context;
    note_names("", true);
}

/* Directories of the store are made once and for all: what is none below is a file. */
static void write_name(const char *to, const struct name *n)
{
    char path[PATH_MAX];
    struct stat info;
    const struct file *file = file_of(n->inode);
    snprintf(path, sizeof path, "%s/%s/%s", power.directory, n->directory, n->name);
    bool directory = lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
    snprintf(path, sizeof path, "%s/%s/%s", to, n->directory, n->name);
    if (directory) {
        must(mkdir(path, 0700) == 0, path);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    for (size_t at = 0; file && at < file->synced.len;) {
        ssize_t put = write(fd, file->synced.data + at, file->synced.len - at);
        must(put > 0, path);
        at += (size_t)put;
    }
    close(fd);
}

void power_fail(const char *to)
{
    must(mkdir(to, 0700) == 0, to);
    /* A directory's names are noted before those in it, but may be noted anew after them. */
    for (int level = 0; level < 2; level++)
        for (size_t i = 0; i < power.name_count; i++)
            if ((*power.names[i].directory != '\0') == level)
                write_name(to, &power.names[i]);
}

void power_ignore(void)
{
    for (size_t i = 0; i < power.file_count; i++) {
        close(power.files[i].held);
        bytes_free(&power.files[i].synced);
    }
    for (size_t i = 0; i < power.name_count; i++) {
        free(power.names[i].directory);
        free(power.names[i].name);
    }
    power.directory = NULL;
    power.file_count = power.name_count = 0;
}
