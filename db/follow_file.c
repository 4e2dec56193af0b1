/*
 * follow_file - lines of a log file that grows, is rotated, truncated or replaced
 *
 * One file is open at a time. At its end its name is looked at: another file under that name means
 * a rotation, and the old one is left only when nothing was written to it for a moment, since a
 * syslog daemon writes on until it is told. A file that became shorter was copied and truncated
 * (logrotate's copytruncate): what had not been read stands in the copy. The file's beginning is
 * compared, too, each time after nothing was there to read: it may be longer again by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db/follow_rotation.h"
#include "db/msg.h"
#include "db/wire.h"

enum { BUFFER = 256 * 1024 /* stays in the processor's cache */, LINGER_MS = 5000, RECENT_S = 60 };

struct file_source {
    struct follow_source calls;
    struct follow_opener *opener;
    char *path;
    bool once;
    struct follow_plan plan;
    size_t part; /* of the plan: the one that is open */
    struct follow_reader reader;
    char *buffer;
    size_t kept;   /* octets at the buffer's beginning that are no whole line yet */
    size_t given;  /* octets that were given out and are to be moved away */
    bool skipping; /* in a line that is too long */
    char head[FOLLOW_HEAD];
    size_t head_len;
    bool idle;        /* nothing was there the last time */
    int64_t replaced; /* when another file was first seen under the name, monotonic ms; 0 */
};

static bool is_last(const struct file_source *s)
{
    return s->part + 1 >= s->plan.count;
}

/* --- opening one ----------------------------------------------------------------------------*/

static const char *part_name(const struct file_source *s)
{
    const char *name = s->part < s->plan.count ? s->plan.parts[s->part].name : NULL;
    return name ? name : s->path;
}

/* Open the plan's present part. STORE_NOT_FOUND: it went away. */
static enum store_status open_part(struct file_source *s, struct store_error *err)
{
    struct follow_part *p = &s->plan.parts[s->part];
    int fd = follow_opener_open(s->opener, p->name);
    if (fd < 0)
        return errno == ENOENT ? store_fail(err, STORE_NOT_FOUND, "%s: not there", part_name(s))
                               : store_fail_errno(err, errno, "%s", part_name(s));
    enum store_status st = follow_reader_open(&s->reader, fd, part_name(s), err);
    if (st != STORE_OK)
        return st;
    s->kept = s->given = 0;
    s->skipping = false;
    s->idle = false;
    s->replaced = 0;
    s->head_len = 0;
    if (p->offset) {
        ssize_t got = follow_reader_read(&s->reader, s->head,
                                         p->offset < FOLLOW_HEAD ? p->offset : FOLLOW_HEAD);
        s->head_len = got > 0 ? (size_t)got : 0;
        st = follow_reader_skip(&s->reader, p->offset, err);
        if (st == STORE_NOT_FOUND)
            st = STORE_OK; /* shorter than it was: at its end, then */
    }
    return st;
}

static enum store_status close_part(struct file_source *s, bool whole, struct store_error *err)
{
    return s->reader.fd < 0 && s->reader.child < 0
               ? STORE_OK
               : follow_reader_close(&s->reader, part_name(s), whole, err);
}

/* --- what became of the name ----------------------------------------------------------------*/

enum fate { FATE_SAME, FATE_REPLACED, FATE_GONE, FATE_TRUNCATED };

static enum fate look_at_name(struct file_source *s)
{
    struct stat named, held;
    char head[FOLLOW_HEAD];
    int fd = follow_opener_open(s->opener, NULL);
    if (fd < 0)
        return FATE_GONE;
    bool known = fstat(fd, &named) == 0;
    close(fd);
    if (!known || fstat(s->reader.fd, &held) < 0)
        return FATE_GONE;
    if (named.st_dev != held.st_dev || named.st_ino != held.st_ino)
        return FATE_REPLACED;
    bool same = (uint64_t)held.st_size >= s->reader.offset &&
                pread(s->reader.fd, head, s->head_len, 0) == (ssize_t)s->head_len &&
                memcmp(head, s->head, s->head_len) == 0;
    return same ? FATE_SAME : FATE_TRUNCATED;
}

/* The octets of whole lines that were given out so far. */
static uint64_t place_of(const struct file_source *s)
{
    return s->reader.offset - s->kept;
}

static bool place(const struct follow_source *base, struct follow_state *state)
{
    const struct file_source *s = (const struct file_source *)base;
    uint64_t offset = place_of(s);
    state->offset = offset;
    state->device = s->reader.device;
    state->inode = s->reader.inode;
    state->head_len = s->head_len < offset ? s->head_len : offset;
    return !state->head_len ||
           SHA256((const unsigned char *)s->head, state->head_len, state->head) != NULL;
}

/* Truncated, or another file has the name: go on where the lines that were not read yet are now,
   then in the new file. */
static enum store_status go_on(struct file_source *s, enum fate fate, struct store_error *err)
{
    const char *what = fate == FATE_TRUNCATED ? "truncated" : "rotated";
    struct follow_state state = {.known = true, .saved = (int64_t)time(NULL) - RECENT_S};
    if (!place(&s->calls, &state))
        return store_fail(err, STORE_IO, "the crypto library failed");
    close_part(s, false, NULL);
    follow_plan_free(&s->plan);
    s->part = 0;
    enum store_status st = follow_plan_resume(s->opener, s->path, &state, -1, &s->plan, err);
    if (st == STORE_OK)
        msg_info("%s was %s: going on in %s", s->path, what, part_name(s));
    /* A file that was replaced has been read to its end; one that was truncated may not. */
    if (st == STORE_OK && s->plan.lost && fate == FATE_TRUNCATED)
        msg_warn("%s: no copy of what it held is there: lines may be missing", s->path);
    return st == STORE_OK ? open_part(s, err) : st;
}

/* The end of the open file: *more tells whether another one is open now. */
static enum store_status at_end(struct file_source *s, bool *more, struct store_error *err)
{
    *more = true;
    if (!is_last(s)) {
        enum store_status st = close_part(s, true, err);
        if (st == STORE_CORRUPT) { /* what could be read was read */
            msg_error("%s", err->text);
            st = STORE_OK;
        }
        s->part++;
        return st == STORE_OK ? open_part(s, err) : st;
    }
    enum fate fate = look_at_name(s);
    if (fate == FATE_TRUNCATED)
        return go_on(s, FATE_TRUNCATED, err);
    if (fate == FATE_REPLACED) {
        int64_t now = wire_clock_ms();
        if (!s->replaced)
            s->replaced = now ? now : 1;
        if (s->once || now - s->replaced >= LINGER_MS)
            return go_on(s, FATE_REPLACED, err);
    }
    *more = false;
    return STORE_OK;
}

/* --- reading --------------------------------------------------------------------------------*/

static void keep_head(struct file_source *s, uint64_t offset, const char *data, size_t len)
{
    if (offset != s->head_len || s->head_len == FOLLOW_HEAD)
        return;
    size_t room = FOLLOW_HEAD - s->head_len;
    memcpy(s->head + s->head_len, data, len < room ? len : room);
    s->head_len += len < room ? len : room;
}

/* Fill the buffer; the octets read now, 0 at the end. */
static enum store_status fill(struct file_source *s, size_t *got, struct store_error *err)
{
    if (s->given) {
        memmove(s->buffer, s->buffer + s->given, s->kept);
        s->given = 0;
    }
    if (s->kept == BUFFER) { /* no mail program writes such a line */
        msg_warn("%s: a line of more than %d octets is passed over", part_name(s), BUFFER);
        s->kept = 0;
        s->skipping = true;
    }
    uint64_t offset = s->reader.offset;
    ssize_t n = follow_reader_read(&s->reader, s->buffer + s->kept, BUFFER - s->kept);
    if (n < 0)
        return store_fail_errno(err, errno, "%s", part_name(s));
    keep_head(s, offset, s->buffer + s->kept, (size_t)n);
    s->kept += (size_t)n;
    *got = (size_t)n;
    return STORE_OK;
}

/* Give out the whole lines of the buffer. False: there is none. */
static bool give(struct file_source *s, struct follow_chunk *chunk, bool at_end)
{
    if (s->skipping && s->kept) {
        char *lf = memchr(s->buffer, '\n', s->kept);
        size_t gone = lf ? (size_t)(lf + 1 - s->buffer) : s->kept;
        memmove(s->buffer, s->buffer + gone, s->kept - gone);
        s->kept -= gone;
        s->skipping = lf == NULL;
    }
    const char *last = s->kept ? memrchr(s->buffer, '\n', s->kept) : NULL;
    size_t len = last ? (size_t)(last + 1 - s->buffer) : 0;
    if (!len && at_end && s->kept && s->kept < BUFFER && !is_last(s)) {
        s->buffer[s->kept++] = '\n'; /* a predecessor whose last line was cut off */
        s->reader.offset++;
        len = s->kept;
    }
    if (!len)
        return false;
    chunk->data = s->buffer;
    chunk->len = len;
    chunk->file = part_name(s);
    chunk->device = s->reader.device;
    chunk->inode = s->reader.inode;
    chunk->offset = place_of(s);
    chunk->written = is_last(s) ? (int64_t)time(NULL) : s->reader.written;
    s->given = len;
    s->kept -= len;
    return true;
}

static enum store_status read_file(struct follow_source *base, struct follow_chunk *chunk,
                                   struct store_error *err)
{
    struct file_source *s = (struct file_source *)base;
    *chunk = (struct follow_chunk){0};
    for (;;) {
        size_t got = 0;
        bool more;
        enum store_status st = STORE_OK;
        if (s->reader.fd < 0) { /* between two files */
            st = open_part(s, err);
            if (st == STORE_NOT_FOUND && !is_last(s)) {
                s->part++;
                continue;
            }
            if (st == STORE_NOT_FOUND) {
                chunk->ended = s->once;
                return STORE_OK;
            }
        }
        if (st == STORE_OK && s->idle && is_last(s) && look_at_name(s) == FATE_TRUNCATED)
            st = go_on(s, FATE_TRUNCATED, err);
        s->idle = false;
        if (st == STORE_OK)
            st = fill(s, &got, err);
        if (st != STORE_OK)
            return st;
        if (got)
            s->replaced = 0;
        if (give(s, chunk, got == 0))
            return STORE_OK;
        if (got)
            continue;
        st = at_end(s, &more, err);
        if (st == STORE_NOT_FOUND)
            more = false;
        else if (st != STORE_OK)
            return st;
        if (!more) {
            s->idle = true;
            chunk->ended = s->once;
            return STORE_OK;
        }
    }
}

/* --- opening --------------------------------------------------------------------------------*/

static void close_file(struct follow_source *base)
{
    struct file_source *s = (struct file_source *)base;
    close_part(s, false, NULL);
    follow_plan_free(&s->plan);
    free(s->path);
    free(s->buffer);
    free(s);
}

enum store_status follow_file_open(struct follow_opener *o, const char *path,
                                   const struct follow_state *state, int64_t oldest, bool once,
                                   struct follow_source **source, struct store_error *err)
{
    struct file_source *s = calloc(1, sizeof *s);
    enum store_status st = STORE_OK;
    *source = NULL;
    if (!s || !(s->path = strdup(path)) || !(s->buffer = malloc(BUFFER)))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (s) {
        s->calls = (struct follow_source){read_file, place, close_file};
        s->opener = o;
        s->once = once;
        s->reader = (struct follow_reader){.fd = -1, .child = -1};
    }
    if (st == STORE_OK)
        st = follow_plan_resume(o, path, state, oldest, &s->plan, err);
    if (st == STORE_OK && s->plan.lost)
        msg_warn("%s: the place where following stopped is in none of the files any more: lines "
                 "may be missing; reading what was written since",
                 path);
    if (st == STORE_OK && s->plan.count == 1) {
        int fd = follow_opener_open(o, NULL);
        if (fd < 0)
            st = store_fail_errno(err, errno, "%s", path);
        else
            close(fd);
    }
    if (st != STORE_OK && s)
        close_file(&s->calls);
    else
        *source = s ? &s->calls : NULL;
    return st;
}
