/*
 * pending_file - a new file that nobody sees before it is complete
 */
#include "db/pending_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum store_status exists_already(const char *target, struct store_error *err)
{
    return store_fail(err, STORE_INVALID,
                      "%s: is there already and is not overwritten: name another file with -o",
                      target);
}

static char *directory_of(const char *target)
{
    char *copy = strdup(target);
    char *directory = copy ? strdup(dirname(copy)) : NULL;
    free(copy);
    return directory;
}

static bool open_named(struct pending_file *f)
{
    if (asprintf(&f->temporary, "%s/.temoin.XXXXXX", f->directory) < 0) {
        f->temporary = NULL;
        errno = ENOMEM;
        return false;
    }
    f->fd = mkostemp(f->temporary, O_CLOEXEC);
    if (f->fd < 0) {
        free(f->temporary);
        f->temporary = NULL;
    }
    return f->fd >= 0;
}

enum store_status pending_file_open(const char *target, struct pending_file *f,
                                    struct store_error *err)
{
    struct stat there;
    *f = (struct pending_file){.fd = -1};
    if (lstat(target, &there) == 0)
        return exists_already(target, err);
    f->target = strdup(target);
    f->directory = directory_of(target);
    if (!f->target || !f->directory)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    f->fd = open(f->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    bool unable = f->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    if (f->fd >= 0 || (unable && open_named(f)))
        return STORE_OK;
    return store_fail_errno(err, errno, "%s: no file can be written there", f->directory);
}

static int give_name(const struct pending_file *f)
{
    if (f->temporary)
        return link(f->temporary, f->target);
    char self[40];
    snprintf(self, sizeof self, "/proc/self/fd/%d", f->fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, f->target, AT_SYMLINK_FOLLOW);
}

static int directory_sync(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    close(fd);
    return result;
}

enum store_status pending_file_publish(struct pending_file *f, struct store_error *err)
{
    if (fsync(f->fd) != 0)
        return store_fail_errno(err, errno, "%s: cannot be synced", f->target);
    if (give_name(f) != 0)
        return errno == EEXIST ? exists_already(f->target, err)
                               : store_fail_errno(err, errno, "%s: cannot be created", f->target);
    if (directory_sync(f->directory) != 0)
        return store_fail_errno(err, errno, "%s: cannot be synced", f->directory);
    return STORE_OK;
}

void pending_file_close(struct pending_file *f)
{
    if (f->temporary)
        unlink(f->temporary); /* published, it has its second name */
    if (f->fd >= 0)
        close(f->fd);
    free(f->temporary);
    free(f->target);
    free(f->directory);
    *f = (struct pending_file){.fd = -1};
}
