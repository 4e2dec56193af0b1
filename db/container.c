/*
 * container - a zip file written to a descriptor, with a list of its files' hashes
 *
 * libzip writes an archive through a source of ours: the one for the archive itself is the
 * descriptor (libzip's own file source would put a temporary file beside it and rename that),
 * the one for a message loads it when libzip opens it and forgets it when libzip closes it.
 */
#include "db/container.h"

#include <errno.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define FILE_MODE 0100644U /* of an unpacked file: regular, rw-r--r-- */
enum { LEVEL = 6 };        /* of deflate: 9 takes twice as long for one part in a hundred */

/* A file whose content comes later; a list, freed with the container. */
struct later {
    struct later *next;
    struct container *container;
    struct container_later is;
    struct bytes content;
    size_t at;
};

struct container {
    int fd;
    zip_t *archive; /* NULL once it is closed */
    zip_uint64_t size, read_at, write_at;
    zip_error_t error;
    struct container_file *files;
    size_t count, room;
    struct later *later;
    enum store_status status; /* why loading failed */
    struct store_error load_error;
};

/* --- the archive's own octets ---------------------------------------------------------------*/

static zip_int64_t io_error(zip_error_t *error, int code, int errnum)
{
    zip_error_set(error, code, errnum);
    return -1;
}

static zip_int64_t target_write(struct container *c, const char *data, zip_uint64_t len)
{
    zip_uint64_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(c->fd, data + done, len - done, (off_t)(c->write_at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_error(&c->error, ZIP_ER_WRITE, n < 0 ? errno : EIO);
        done += (zip_uint64_t)n;
    }
    c->write_at += len;
    if (c->write_at > c->size)
        c->size = c->write_at;
    return (zip_int64_t)len;
}

static zip_int64_t target_read(struct container *c, void *data, zip_uint64_t len)
{
    ssize_t n = pread(c->fd, data, len, (off_t)c->read_at);
    if (n < 0)
        return io_error(&c->error, ZIP_ER_READ, errno);
    c->read_at += (zip_uint64_t)n;
    return n;
}

static zip_int64_t target_seek(struct container *c, zip_uint64_t *at, void *data, zip_uint64_t len)
{
    zip_int64_t to = zip_source_seek_compute_offset(*at, c->size, data, len, &c->error);
    if (to < 0)
        return -1;
    *at = (zip_uint64_t)to;
    return 0;
}

static zip_int64_t target_begin(struct container *c)
{
    c->size = c->write_at = c->read_at = 0;
    return ftruncate(c->fd, 0) == 0 ? 0 : io_error(&c->error, ZIP_ER_WRITE, errno);
}

static zip_int64_t target_stat(const struct container *c, void *data)
{
    zip_stat_t *st = data;
    zip_stat_init(st);
    st->size = c->size;
    st->valid = ZIP_STAT_SIZE;
    return sizeof *st;
}

static zip_int64_t target_call(void *state, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct container *c = state;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_BEGIN_WRITE,
            ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE, ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_COMMIT_WRITE,
            ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_REMOVE, -1);
    case ZIP_SOURCE_STAT:
        return target_stat(c, data);
    case ZIP_SOURCE_READ:
        return target_read(c, data, len);
    case ZIP_SOURCE_SEEK:
        return target_seek(c, &c->read_at, data, len);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)c->read_at;
    case ZIP_SOURCE_BEGIN_WRITE:
        return target_begin(c);
    case ZIP_SOURCE_WRITE:
        return target_write(c, data, len);
    case ZIP_SOURCE_SEEK_WRITE:
        return target_seek(c, &c->write_at, data, len);
    case ZIP_SOURCE_TELL_WRITE:
        return (zip_int64_t)c->write_at;
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&c->error, data, len);
    case ZIP_SOURCE_OPEN:
        c->read_at = 0;
        return 0;
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
    case ZIP_SOURCE_COMMIT_WRITE:
    case ZIP_SOURCE_ROLLBACK_WRITE: /* whoever opened the descriptor throws it away */
    case ZIP_SOURCE_REMOVE:
        return 0;
    default:
        return io_error(&c->error, ZIP_ER_OPNOTSUPP, 0);
    }
}

/* --- content that comes later ---------------------------------------------------------------*/

static enum store_status later_check(const struct later *l, struct store_error *err)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const char *data = l->content.data ? l->content.data : "";
    if (l->content.len == l->is.size &&
        SHA256((const unsigned char *)data, l->content.len, digest) &&
        memcmp(digest, l->is.sha256, sizeof digest) == 0)
        return STORE_OK;
    return store_fail(err, STORE_CORRUPT,
                      "entry %llu: its message is not the one that was just verified",
                      (unsigned long long)l->is.key);
}

static zip_int64_t later_open(struct later *l)
{
    struct container *c = l->container;
    l->at = 0;
    c->status = l->is.load(l->is.key, &l->content, l->is.context, &c->load_error);
    if (c->status == STORE_OK)
        c->status = later_check(l, &c->load_error);
    return c->status == STORE_OK ? 0 : io_error(&c->error, ZIP_ER_READ, EIO);
}

static zip_int64_t later_read(struct later *l, void *data, zip_uint64_t len)
{
    size_t left = l->content.len - l->at;
    size_t taken = len < left ? (size_t)len : left;
    if (taken)
        memcpy(data, l->content.data + l->at, taken);
    l->at += taken;
    return (zip_int64_t)taken;
}

static zip_int64_t later_stat(const struct later *l, void *data)
{
    zip_stat_t *st = data;
    zip_stat_init(st);
    st->size = l->is.size;
    st->valid = ZIP_STAT_SIZE;
    return sizeof *st;
}

static zip_int64_t later_call(void *state, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct later *l = state;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
    case ZIP_SOURCE_OPEN:
        return later_open(l);
    case ZIP_SOURCE_READ:
        return later_read(l, data, len);
    case ZIP_SOURCE_STAT:
        return later_stat(l, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&l->container->error, data, len);
    case ZIP_SOURCE_CLOSE:
        bytes_free(&l->content);
        return 0;
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        return io_error(&l->container->error, ZIP_ER_OPNOTSUPP, 0);
    }
}

/* --- the interface --------------------------------------------------------------------------*/

void container_free(struct container *c)
{
    if (!c)
        return;
    if (c->archive)
        zip_discard(c->archive);
    while (c->later) {
        struct later *next = c->later->next;
        bytes_free(&c->later->content);
        free(c->later);
        c->later = next;
    }
    for (size_t i = 0; i < c->count; i++)
        free(c->files[i].name);
    free(c->files);
    zip_error_fini(&c->error);
    free(c);
}

static bool list_add(struct container *c, const char *name, const unsigned char sha256[HASH_OCTETS])
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        struct container_file *files = realloc(c->files, room * sizeof *files);
        if (!files)
            return false;
        c->files = files;
        c->room = room;
    }
    struct container_file *file = &c->files[c->count];
    memcpy(file->sha256, sha256, HASH_OCTETS);
    file->name = strdup(name);
    c->count += file->name != NULL;
    return file->name != NULL;
}

const struct container_file *container_files(const struct container *c, size_t *count)
{
    *count = c->count;
    return c->files;
}

/* Gives `source` to the archive, or frees it. */
static enum store_status put(struct container *c, const char *name, zip_source_t *source,
                             bool stored, struct store_error *err)
{
    zip_int64_t at = source ? zip_file_add(c->archive, name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (at < 0)
        zip_source_free(source);
    else if (zip_set_file_compression(c->archive, (zip_uint64_t)at,
                                      stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, LEVEL) == 0 &&
             zip_file_set_external_attributes(c->archive, (zip_uint64_t)at, 0, ZIP_OPSYS_UNIX,
                                              FILE_MODE << 16) == 0)
        return STORE_OK;
    return store_fail(err, STORE_NO_MEMORY, "%s: cannot be put into the zip file: %s", name,
                      zip_strerror(c->archive));
}

static enum store_status put_bytes(struct container *c, const char *name, struct bytes *data,
                                   bool stored, struct store_error *err)
{
    size_t len = data->len;
    char *octets = bytes_steal(data);
    if (!octets)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    zip_source_t *source = zip_source_buffer_create(octets, len, 1, &c->error);
    if (!source)
        free(octets);
    return put(c, name, source, stored, err);
}

struct container *container_new(int fd, const char *type, struct store_error *err)
{
    struct container *c = calloc(1, sizeof *c);
    if (!c) {
        store_fail(err, STORE_NO_MEMORY, "out of memory");
        return NULL;
    }
    c->fd = fd;
    zip_error_init(&c->error);
    zip_source_t *target = zip_source_function_create(target_call, c, &c->error);
    c->archive = target ? zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &c->error) : NULL;
    if (!c->archive) {
        store_fail(err, STORE_IO, "the zip file cannot be begun: %s",
                   zip_error_strerror(&c->error));
        zip_source_free(target);
        container_free(c);
        return NULL;
    }
    struct bytes text = {0};
    enum store_status st = bytes_puts(&text, type)
                               ? put_bytes(c, "mimetype", &text, true, err)
                               : store_fail(err, STORE_NO_MEMORY, "out of memory");
    bytes_free(&text);
    if (st == STORE_OK)
        return c;
    container_free(c);
    return NULL;
}

enum store_status container_add(struct container *c, const char *name, struct bytes *data,
                                struct store_error *err)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const char *octets = data->data ? data->data : "";
    if (SHA256((const unsigned char *)octets, data->len, digest) && list_add(c, name, digest))
        return put_bytes(c, name, data, data->len > CONTAINER_STORED_FROM, err);
    bytes_free(data);
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

enum store_status container_add_later(struct container *c, const char *name,
                                      const struct container_later *content,
                                      struct store_error *err)
{
    struct later *l = calloc(1, sizeof *l);
    if (!l || !list_add(c, name, content->sha256)) {
        free(l);
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    *l = (struct later){.next = c->later, .container = c, .is = *content};
    c->later = l;
    return put(c, name, zip_source_function_create(later_call, l, &c->error), content->stored, err);
}

enum store_status container_finish(struct container *c, struct store_error *err)
{
    if (zip_close(c->archive) == 0) {
        c->archive = NULL;
        return STORE_OK;
    }
    if (c->status != STORE_OK)
        return store_fail(err, c->status, "%s", c->load_error.text);
    const zip_error_t *error = zip_get_error(c->archive);
    int errnum = zip_error_system_type((zip_error_t *)error) == ZIP_ET_SYS
                     ? zip_error_code_system((zip_error_t *)error)
                     : 0;
    return errnum ? store_fail_errno(err, errnum, "the zip file cannot be written")
                  : store_fail(err, STORE_IO, "the zip file cannot be written: %s",
                               zip_strerror(c->archive));
}
