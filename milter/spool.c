/*
 * spool - see spool.h
 */
#include "milter/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_OUT_STEP = 1024 * 1024 };

void spool_begin(struct spool *spool, const char *directory, uint64_t spill_size)
{
    *spool = (struct spool){.directory = directory, .spill_size = spill_size, .fd = -1};
}

void spool_free(struct spool *spool)
{
    bytes_free(&spool->memory);
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
    spool->size = 0;
}

static bool fail(struct spool *spool, int error)
{
    spool_free(spool);
    spool->error = error;
    return false;
}

static bool write_all(struct spool *spool, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(spool->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(spool, n < 0 ? errno : EIO);
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Move what is in memory to a file. Group access lets scribe, another user, take it over. */
static bool open_file(struct spool *spool)
{
    spool->fd = open(spool->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0660);
    if (spool->fd < 0)
        return fail(spool, errno);
    if (fchmod(spool->fd, 0660) != 0) /* else the umask forbids scribe's link to it */
        return fail(spool, errno);
    if (!write_all(spool, spool->memory.data, spool->memory.len))
        return false;
    bytes_free(&spool->memory);
    return true;
}

bool spool_add(struct spool *spool, const void *data, size_t len)
{
    if (spool->error != 0)
        return false;
    if (spool->fd < 0 && spool->memory.len + len > SPOOL_MEMORY && !open_file(spool))
        return false;
    if (spool->fd < 0) {
        if (!bytes_append(&spool->memory, data, len))
            return fail(spool, ENOMEM);
        spool->size += len;
        return true;
    }
    if (!write_all(spool, data, len))
        return false;
    spool->size += len;
    if (spool->size >= spool->written_out + WRITE_OUT_STEP) {
        /* Only starts the writing; what fails here shows at fdatasync. */
        (void)sync_file_range(spool->fd, (off64_t)spool->written_out,
                              (off64_t)(spool->size - spool->written_out), SYNC_FILE_RANGE_WRITE);
        spool->written_out = spool->size;
    }
    return true;
}

static bool read_back(struct spool *spool)
{
    if (!bytes_reserve(&spool->memory, (size_t)spool->size))
        return fail(spool, ENOMEM);
    uint64_t at = 0;
    char piece[16 * 1024];
    while (at < spool->size) {
        ssize_t n = pread(spool->fd, piece, sizeof piece, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(spool, n < 0 ? errno : EIO);
        if (!bytes_append(&spool->memory, piece, (size_t)n))
            return fail(spool, ENOMEM);
        at += (uint64_t)n;
    }
    close(spool->fd);
    spool->fd = -1;
    return true;
}

bool spool_end(struct spool *spool, bool durable)
{
    if (spool->error != 0)
        return false;
    if (spool->fd < 0)
        return true;
    if (spool->size <= spool->spill_size)
        return read_back(spool);
    if (durable && fdatasync(spool->fd) != 0)
        return fail(spool, errno);
    return true;
}

enum store_status spool_status(const struct spool *spool)
{
    switch (spool->error) {
    case 0:
        return STORE_OK;
    case ENOSPC:
    case EDQUOT:
        return STORE_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return STORE_DENIED;
    case ENOMEM:
        return STORE_NO_MEMORY;
    default:
        return STORE_IO;
    }
}

int spool_take_file(struct spool *spool)
{
    int fd = spool->fd;
    spool->fd = -1;
    return fd;
}
