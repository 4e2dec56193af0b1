/*
 * pidfile - one temoind a run directory
 */
#include "milter/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/bytes.h"

enum { NUMBER_MAX = 32 };

/* The file that is locked may have been removed meanwhile by the process that ended. */
static bool is_current(const struct pidfile *p)
{
    struct stat mine, there;
    return fstat(p->fd, &mine) == 0 && stat(p->path, &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

static void say_held(const struct pidfile *p, struct store_error *err)
{
    char number[NUMBER_MAX] = "";
    ssize_t n = pread(p->fd, number, sizeof number - 1, 0);
    long pid = n > 0 ? strtol(number, NULL, 10) : 0;
    store_fail(err, STORE_BUSY, "%s: temoind is running already (pid %ld)", p->path, pid);
}

bool pidfile_take(const char *directory, struct pidfile *p, struct store_error *err)
{
    struct bytes path = {0};
    char number[NUMBER_MAX];
    *p = (struct pidfile){.fd = -1};
    bool named = bytes_printf(&path, "%s/temoind.pid", directory);
    p->path = named ? bytes_steal(&path) : NULL;
    bytes_free(&path);
    if (!p->path) {
        store_fail(err, STORE_NO_MEMORY, "out of memory");
        return false;
    }
    p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int len = snprintf(number, sizeof number, "%ld\n", (long)getpid());
    if (p->fd < 0)
        store_fail_errno(err, errno, "%s", p->path);
    else if (flock(p->fd, LOCK_EX | LOCK_NB) != 0)
        say_held(p, err);
    else if (!is_current(p))
        store_fail(err, STORE_BUSY, "%s: another temoind is just ending: try again", p->path);
    else if (ftruncate(p->fd, 0) != 0 || pwrite(p->fd, number, (size_t)len, 0) != len)
        store_fail_errno(err, errno, "%s", p->path);
    else
        return true;
    if (p->fd >= 0)
        close(p->fd);
    free(p->path);
    *p = (struct pidfile){.fd = -1};
    return false;
}

void pidfile_release(struct pidfile *p)
{
    if (p->path)
        unlink(p->path);
    if (p->fd >= 0)
        close(p->fd);
    free(p->path);
    *p = (struct pidfile){.fd = -1};
}
