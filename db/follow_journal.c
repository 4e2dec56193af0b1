/*
 * follow_journal - lines of the systemd journal, and of standard input
 *
 * An entry of facility "mail" becomes the line that a syslog daemon would have written, with the
 * time in UTC: "2026-11-27T20:15:38Z host postfix/smtp[123]: text". Where it stands is its cursor.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifdef HAVE_SYSTEMD
#include <systemd/sd-journal.h>
#endif

#include "db/follow.h"
#include "db/record.h"

enum {
    LINES = 500,
    BUFFER = 1024 * 1024,
    FIRST_PERSON = 1000, /* Debian Policy, 9.2.2: users below are the system's */
};

/* --- standard input -------------------------------------------------------------------------*/

struct stdin_source {
    struct follow_source calls;
    char *buffer;
    size_t kept, given;
    uint64_t offset; /* of the buffer's beginning */
    bool ended;
};

static enum store_status read_stdin(struct follow_source *base, struct follow_chunk *chunk,
                                    struct store_error *err)
{
    struct stdin_source *s = (struct stdin_source *)base;
    *chunk = (struct follow_chunk){.written = (int64_t)time(NULL)};
    memmove(s->buffer, s->buffer + s->given, s->kept);
    s->offset += s->given;
    s->given = 0;
    while (!s->ended) {
        if (s->kept == BUFFER - 1) { /* no line of a mail program */
            s->offset += s->kept;
            s->kept = 0;
        }
        ssize_t n = read(STDIN_FILENO, s->buffer + s->kept, BUFFER - 1 - s->kept);
        if (n < 0 && errno == EINTR)
            return STORE_OK;
        if (n < 0)
            return store_fail_errno(err, errno, "standard input");
        s->ended = n == 0;
        s->kept += (size_t)n;
        if (memrchr(s->buffer, '\n', s->kept))
            break;
    }
    if (s->ended && s->kept && s->buffer[s->kept - 1] != '\n')
        s->buffer[s->kept++] = '\n';
    const char *last = s->kept ? memrchr(s->buffer, '\n', s->kept) : NULL;
    chunk->data = s->buffer;
    chunk->len = last ? (size_t)(last + 1 - s->buffer) : 0;
    chunk->offset = s->offset;
    chunk->ended = chunk->len == 0 && s->ended;
    s->given = chunk->len;
    s->kept -= chunk->len;
    return STORE_OK;
}

static bool place_stdin(const struct follow_source *base, struct follow_state *state)
{
    (void)base;
    (void)state;
    return true;
}

static void close_stdin(struct follow_source *base)
{
    struct stdin_source *s = (struct stdin_source *)base;
    free(s->buffer);
    free(s);
}

enum store_status follow_stdin_open(struct follow_source **source, struct store_error *err)
{
    struct stdin_source *s = calloc(1, sizeof *s);
    *source = NULL;
    if (!s || !(s->buffer = malloc(BUFFER))) {
        free(s);
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    s->calls = (struct follow_source){read_stdin, place_stdin, close_stdin};
    *source = &s->calls;
    return STORE_OK;
}

/* --- the journal ----------------------------------------------------------------------------*/

#ifdef HAVE_SYSTEMD

struct journal_source {
    struct follow_source calls;
    sd_journal *journal;
    struct bytes text;
    struct strings cursors;
    char *cursor; /* of the last entry that was given out; NULL: none */
    bool once;
};

/* `where` is the directory of its files; NULL: the system's own. */
static enum store_status journal_fail(struct store_error *err, int code, const char *where,
                                      const char *what)
{
    bool denied = code == -EACCES || code == -EPERM, absent = code == -ENOENT || code == -ENOTDIR;
    const char *help = !denied ? ""
                       : where ? ": the configured user must be allowed to read it"
                               : ": put the user into the group systemd-journal";
    return store_fail(err,
                      denied   ? STORE_DENIED
                      : absent ? STORE_NOT_FOUND
                               : STORE_IO,
                      "journal%s%s: %s: %s%s", where ? " " : "", where ? where : "", what,
                      strerror(-code), help);
}

static struct slice field_of(sd_journal *j, const char *name)
{
    const void *data;
    size_t len, skip = strlen(name) + 1;
    struct slice none = {NULL, 0};
    if (sd_journal_get_data(j, name, &data, &len) < 0 || len < skip)
        return none;
    return (struct slice){(const char *)data + skip, len - skip};
}

/* One of the text's octets may not be a line feed: it is one line. */
static bool append_clean(struct bytes *to, struct slice s)
{
    size_t from = to->len;
    if (!bytes_append(to, s.text ? s.text : "", s.len))
        return false;
    for (size_t i = from; i < to->len; i++)
        if (to->data[i] == '\n')
            to->data[i] = ' ';
    return true;
}

static bool append_field(struct bytes *to, sd_journal *j, const char *name, const char *other)
{
    struct slice s = field_of(j, name);
    if (!s.text && other)
        s = field_of(j, other);
    return append_clean(to, s);
}

/* Anybody may write into the journal in a mail server's name and facility; who wrote is the
   journal's own word. Servers run as root or as one of the system's users. */
static bool is_a_persons(sd_journal *j)
{
    struct slice uid = field_of(j, "_UID");
    char digits[12] = "";
    if (!uid.text || uid.len >= sizeof digits)
        return false;
    memcpy(digits, uid.text, uid.len);
    return strtoul(digits, NULL, 10) >= FIRST_PERSON;
}

static enum store_status append_entry(struct journal_source *s, struct store_error *err)
{
    uint64_t usec;
    char time[RECORD_TIME], *cursor = NULL;
    sd_journal *j = s->journal;
    struct slice sent = field_of(j, "_SOURCE_REALTIME_TIMESTAMP");
    int code = sd_journal_get_realtime_usec(j, &usec);
    if (code >= 0)
        code = sd_journal_get_cursor(j, &cursor);
    if (code < 0)
        return journal_fail(err, code, NULL, "an entry cannot be read");
    if (sent.text && sent.len < 20) {
        char digits[21] = "";
        memcpy(digits, sent.text, sent.len);
        usec = strtoull(digits, NULL, 10);
    }
    record_time((int64_t)(usec / 1000000), time);
    bool done = bytes_printf(&s->text, "%s ", time) &&
                append_field(&s->text, j, "_HOSTNAME", NULL) && bytes_puts(&s->text, " ") &&
                append_field(&s->text, j, "SYSLOG_IDENTIFIER", "_COMM") &&
                bytes_puts(&s->text, "[") && append_field(&s->text, j, "SYSLOG_PID", "_PID") &&
                bytes_puts(&s->text, "]: ") && append_field(&s->text, j, "MESSAGE", NULL) &&
                bytes_puts(&s->text, "\n") && strings_add(&s->cursors, cursor);
    free(s->cursor);
    s->cursor = cursor;
    return done ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static enum store_status read_journal(struct follow_source *base, struct follow_chunk *chunk,
                                      struct store_error *err)
{
    struct journal_source *s = (struct journal_source *)base;
    *chunk = (struct follow_chunk){.written = (int64_t)time(NULL), .cursors = &s->cursors};
    s->text.len = 0;
    strings_free(&s->cursors);
    enum store_status st = STORE_OK;
    int code = 1;
    for (unsigned seen = 0; st == STORE_OK && seen < LINES && s->text.len < BUFFER &&
                            (code = sd_journal_next(s->journal)) > 0;
         seen++)
        if (!is_a_persons(s->journal))
            st = append_entry(s, err);
    if (code < 0)
        st = journal_fail(err, code, NULL, "cannot be read on");
    if (code == 0 && !s->once)
        sd_journal_process(s->journal); /* new files, rotated files */
    chunk->data = s->text.data;
    chunk->len = s->text.len;
    chunk->ended = s->once && s->text.len == 0 && code == 0;
    return st;
}

static bool place_journal(const struct follow_source *base, struct follow_state *state)
{
    const struct journal_source *s = (const struct journal_source *)base;
    char *copy = s->cursor ? strdup(s->cursor) : NULL;
    if (s->cursor && !copy)
        return false;
    if (copy) {
        free(state->cursor);
        state->cursor = copy;
    }
    return true;
}

static void close_journal(struct follow_source *base)
{
    struct journal_source *s = (struct journal_source *)base;
    sd_journal_close(s->journal);
    bytes_free(&s->text);
    strings_free(&s->cursors);
    free(s->cursor);
    free(s);
}

/* Behind the cursor, if it is still there; else from `oldest` on. */
static int journal_seek(sd_journal *j, const char *cursor, int64_t oldest)
{
    if (cursor) {
        int code = sd_journal_seek_cursor(j, cursor);
        if (code >= 0)
            code = sd_journal_next(j);
        if (code > 0 && sd_journal_test_cursor(j, cursor) > 0)
            return 0;
        /* Rotated away: the next entry that is left is where it begins. */
        return code > 0 ? sd_journal_previous(j) : code < 0 ? code : sd_journal_seek_head(j);
    }
    return oldest >= 0 ? sd_journal_seek_realtime_usec(j, (uint64_t)oldest * 1000000)
                       : sd_journal_seek_tail(j);
}

enum store_status follow_journal_open(const char *directory, const struct follow_state *state,
                                      int64_t oldest, bool once, struct follow_source **source,
                                      struct store_error *err)
{
    struct journal_source *s = calloc(1, sizeof *s);
    *source = NULL;
    if (!s)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    s->calls = (struct follow_source){read_journal, place_journal, close_journal};
    s->once = once;
    int code = directory ? sd_journal_open_directory(&s->journal, directory, 0)
                         : sd_journal_open(&s->journal, SD_JOURNAL_LOCAL_ONLY);
    if (code >= 0)
        code = sd_journal_add_match(s->journal, "SYSLOG_FACILITY=2", 0);
    if (code >= 0 && !once) /* sd_journal_process() notices files only from here on */
        code = sd_journal_get_fd(s->journal);
    if (code >= 0)
        code = journal_seek(s->journal, state->cursor, oldest);
    if (code < 0) {
        close_journal(&s->calls);
        return journal_fail(err, code, directory, "cannot be opened");
    }
    *source = &s->calls;
    return STORE_OK;
}

#else

enum store_status follow_journal_open(const char *directory, const struct follow_state *state,
                                      int64_t oldest, bool once, struct follow_source **source,
                                      struct store_error *err)
{
    (void)directory;
    (void)state;
    (void)oldest;
    (void)once;
    *source = NULL;
    return store_fail(err, STORE_INVALID,
                      "this temoin was built without libsystemd and cannot read the journal: "
                      "name a log file");
}

#endif
