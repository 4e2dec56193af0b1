/*
 * intake - a message read from a file descriptor: header in memory, a large body in a file
 */
#include "db/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

void intake_begin(struct intake *in, const char *directory, uint64_t spill_size, uint64_t max_size)
{
    *in = (struct intake){
        .directory = directory, .spill_size = spill_size, .max_size = max_size, .fd = -1};
}

void intake_free(struct intake *in)
{
    if (in->fd >= 0)
        close(in->fd);
    bytes_free(&in->head);
    bytes_free(&in->memory);
    in->fd = -1;
}

static enum store_status write_all(int fd, const char *data, size_t len, struct store_error *err)
{
    while (len) {
        ssize_t done = write(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return store_fail_errno(err, errno, "cannot write to the spool directory");
        data += done;
        len -= (size_t)done;
    }
    return STORE_OK;
}

/* The body has become large: from memory into a file. */
static enum store_status spill(struct intake *in, struct store_error *err)
{
    in->fd = open(in->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
    if (in->fd < 0)
        return store_fail_errno(err, errno, "cannot open a file in %s", in->directory);
    enum store_status status = write_all(in->fd, in->memory.data, in->memory.len, err);
    bytes_free(&in->memory);
    return status;
}

static enum store_status body_add(struct intake *in, const char *data, size_t len,
                                  struct store_error *err)
{
    in->size += len;
    if (in->head.len + in->size > in->max_size)
        return store_fail(err, STORE_INVALID,
                          "the message is larger than max_message_size (%llu octets): raise it",
                          (unsigned long long)in->max_size);
    if (in->fd >= 0)
        return write_all(in->fd, data, len, err);
    if (!bytes_append(&in->memory, data, len))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    return in->memory.len > in->spill_size ? spill(in, err) : STORE_OK;
}

/* Every bare LF becomes CRLF; what is CRLF stays. */
static enum store_status body_convert(struct intake *in, const char *data, size_t len,
                                      struct store_error *err)
{
    enum store_status status = STORE_OK;
    size_t from = 0;
    for (size_t i = 0; i < len && status == STORE_OK; i++) {
        if (data[i] == '\n' && !in->after_cr) {
            if (i > from)
                status = body_add(in, data + from, i - from, err);
            if (status == STORE_OK)
                status = body_add(in, "\r", 1, err);
            from = i;
        }
        in->after_cr = data[i] == '\r';
    }
    if (status == STORE_OK && from < len)
        status = body_add(in, data + from, len - from, err);
    return status;
}

/* The position behind the first empty line, looking from `from` on; 0: none yet. */
static size_t header_end(const struct bytes *head, size_t from)
{
    for (size_t i = from; i < head->len; i++) {
        if (head->data[i] != '\n')
            continue;
        bool empty = i == 0 || head->data[i - 1] == '\n' ||
                     (head->data[i - 1] == '\r' && (i == 1 || head->data[i - 2] == '\n'));
        if (empty)
            return i + 1;
    }
    return 0;
}

static enum store_status head_add(struct intake *in, const char *data, size_t len,
                                  struct store_error *err)
{
    size_t before = in->head.len;
    if (!bytes_append(&in->head, data, len))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    size_t end = header_end(&in->head, before);
    if (in->head.len > INTAKE_HEAD_MAX && (!end || end > INTAKE_HEAD_MAX))
        return store_fail(err, STORE_INVALID, "no message: its header has no end within 16 MB");
    if (!end)
        return STORE_OK;
    in->in_body = true;
    in->head.len = end;
    in->head.data[end] = '\0';
    size_t taken = end - before;
    return body_convert(in, data + taken, len - taken, err);
}

static enum store_status read_all(struct intake *in, int from, char *chunk, struct store_error *err)
{
    enum store_status status = STORE_OK;
    while (status == STORE_OK) {
        ssize_t got = read(from, chunk, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return store_fail_errno(err, errno, "cannot read the message");
        if (got == 0)
            break;
        status = in->in_body ? body_convert(in, chunk, (size_t)got, err)
                             : head_add(in, chunk, (size_t)got, err);
    }
    if (status == STORE_OK && in->fd >= 0 && fdatasync(in->fd) != 0)
        status = store_fail_errno(err, errno, "cannot sync the spool file");
    return status;
}

enum store_status intake_read(struct intake *in, int from, struct store_error *err)
{
    char *chunk = malloc(CHUNK);
    if (!chunk)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status status = read_all(in, from, chunk, err);
    free(chunk);
    return status;
}

enum store_status intake_show(const struct intake *in,
                              bool (*look)(const char *data, size_t len, void *context),
                              void *context, struct store_error *err)
{
    const char *data = in->memory.data ? in->memory.data : "";
    void *map = NULL;
    if (in->fd >= 0) {
        map = mmap(NULL, (size_t)in->size, PROT_READ, MAP_PRIVATE, in->fd, 0);
        if (map == MAP_FAILED)
            return store_fail_errno(err, errno, "cannot map the spool file");
        data = map;
    }
    bool done = look(data, (size_t)in->size, context);
    if (map)
        munmap(map, (size_t)in->size);
    return done ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}
