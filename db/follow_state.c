/*
 * follow_state - where `temoin follow` stopped, in a file of the store
 *
 * One small JSON file a source, replaced as a whole: a crash leaves the old or the new one. An old
 * one costs reading some lines again, which find their entries (follow.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/follow.h"
#include "db/record.h"
#include "db/wire.h"

enum { NAME_OCTETS = 8, VERSION = 1 };

void follow_state_free(struct follow_state *state)
{
    free(state->source);
    free(state->cursor);
    strings_free(&state->tracker);
    *state = (struct follow_state){0};
}

static enum store_status file_of(const char *directory, const char *source, const char *suffix,
                                 char path[PATH_MAX], struct store_error *err)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char name[2 * NAME_OCTETS + 1];
    if (!SHA256((const unsigned char *)source, strlen(source), digest))
        return store_fail(err, STORE_IO, "the crypto library failed");
    record_hex(digest, NAME_OCTETS, name);
    int n = snprintf(path, PATH_MAX, "%s/follow/%s.json%s", directory, name, suffix);
    return n > 0 && n < PATH_MAX ? STORE_OK
                                 : store_fail(err, STORE_INVALID, "%s: too long a path", directory);
}

/* --- reading --------------------------------------------------------------------------------*/

static bool state_read(const json_t *json, struct follow_state *s)
{
    const json_t *head = json_object_get(json, "head"), *cursor = json_object_get(json, "cursor");
    if (json_integer_value(json_object_get(json, "v")) != VERSION ||
        !(s->source = foreign_from_json(json_object_get(json, "source"))) ||
        (head && !hex_from_json(head, s->head, sizeof s->head)) ||
        (cursor && !(s->cursor = foreign_from_json(cursor))) ||
        !strings_from_json(json_object_get(json, "tracker"), &s->tracker))
        return false;
    s->offset = (uint64_t)json_integer_value(json_object_get(json, "offset"));
    s->device = (uint64_t)json_integer_value(json_object_get(json, "device"));
    s->inode = (uint64_t)json_integer_value(json_object_get(json, "inode"));
    s->head_len = (size_t)json_integer_value(json_object_get(json, "head_octets"));
    s->saved = json_integer_value(json_object_get(json, "saved"));
    s->stamp = json_integer_value(json_object_get(json, "stamp"));
    return s->known = s->head_len <= FOLLOW_HEAD;
}

enum store_status follow_state_load(const char *directory, const char *source,
                                    struct follow_state *state, struct store_error *err)
{
    char path[PATH_MAX];
    enum store_status st = file_of(directory, source, "", path, err);
    if (st != STORE_OK)
        return st;
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT) {
        state->source = strdup(source);
        return state->source ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    if (!file)
        return store_fail_errno(err, errno, "%s", path);
    json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, NULL);
    fclose(file);
    if (!json || !state_read(json, state) || strcmp(state->source, source) != 0) {
        follow_state_free(state);
        st = store_fail(err, STORE_CORRUPT,
                        "%s: cannot be read: remove it, and follow begins anew; nothing enters "
                        "the log twice",
                        path);
    }
    json_decref(json);
    return st;
}

/* --- writing --------------------------------------------------------------------------------*/

static json_t *state_json(const struct follow_state *s)
{
    return json_pack("{s:i, s:o, s:I, s:I, s:I, s:I, s:o*, s:o*, s:I, s:I, s:o}", "v", VERSION,
                     "source", json_foreign(s->source), "offset", (json_int_t)s->offset, "device",
                     (json_int_t)s->device, "inode", (json_int_t)s->inode, "head_octets",
                     (json_int_t)s->head_len, "head",
                     s->head_len ? hex_json(s->head, sizeof s->head) : NULL, "cursor",
                     s->cursor ? json_foreign(s->cursor) : NULL, "saved", (json_int_t)s->saved,
                     "stamp", (json_int_t)s->stamp, "tracker", json_strings(&s->tracker));
}

static enum store_status write_new(const char *path, const json_t *json, struct store_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return store_fail_errno(err, errno, "%s", path);
    bool done = json_dumpfd(json, fd, JSON_COMPACT | JSON_SORT_KEYS) == 0 && fdatasync(fd) == 0;
    int code = errno;
    if (close(fd) < 0 && done) {
        done = false;
        code = errno;
    }
    return done ? STORE_OK : store_fail_errno(err, code, "%s", path);
}

/* Names that were given in it are on the disk then. */
static enum store_status sync_directory(const char *path, struct store_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum store_status st =
        fd >= 0 && fsync(fd) == 0 ? STORE_OK : store_fail_errno(err, errno, "%s", path);
    if (fd >= 0)
        close(fd);
    return st;
}

/* <store>/follow into `path`; it is made when it is not there. */
static enum store_status make_directory(const char *directory, char path[PATH_MAX],
                                        struct store_error *err)
{
    int n = snprintf(path, PATH_MAX, "%s/follow", directory);
    if (n < 0 || n >= PATH_MAX)
        return store_fail(err, STORE_INVALID, "%s: too long a path", directory);
    if (mkdir(path, 0700) == 0)
        return sync_directory(directory, err);
    return errno == EEXIST ? STORE_OK : store_fail_errno(err, errno, "%s", path);
}

enum store_status follow_state_save(const char *directory, const struct follow_state *state,
                                    struct store_error *err)
{
    char path[PATH_MAX], fresh[PATH_MAX], below[PATH_MAX];
    enum store_status st = make_directory(directory, below, err);
    if (st == STORE_OK)
        st = file_of(directory, state->source, "", path, err);
    if (st == STORE_OK)
        st = file_of(directory, state->source, ".new", fresh, err);
    if (st != STORE_OK)
        return st;
    json_t *json = state_json(state);
    st = json ? write_new(fresh, json, err) : store_fail(err, STORE_NO_MEMORY, "out of memory");
    json_decref(json);
    if (st == STORE_OK && rename(fresh, path) < 0)
        st = store_fail_errno(err, errno, "%s", path);
    return st == STORE_OK ? sync_directory(below, err) : st;
}

/* --- one at a time --------------------------------------------------------------------------*/

/* Of the directory itself: the kernel gives it back at a crash. */
enum store_status follow_state_lock(const char *directory, int *fd, struct store_error *err)
{
    char below[PATH_MAX];
    *fd = -1;
    enum store_status st = make_directory(directory, below, err);
    if (st != STORE_OK)
        return st;
    int found = open(below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (found >= 0 && flock(found, LOCK_EX | LOCK_NB) == 0) {
        *fd = found;
        return STORE_OK;
    }
    int code = errno;
    if (found >= 0)
        close(found);
    return code == EWOULDBLOCK
               ? store_fail(err, STORE_BUSY, "%s: another temoin follow is entering lines", below)
               : store_fail_errno(err, code, "%s", below);
}
