/*
 * mail_tame - which octets of a message a MIME parser may see
 *
 * A block is a run of lines without an empty one. It counts as a header for as long as each of
 * its lines is a field or continues one: at the message's top, behind a delimiter, or in the
 * middle of a text that looks like one, where leaving lines out after the thousandth does no
 * harm either. A delimiter line begins a new block.
 */
#include "policy/mail_tame.h"

#include <stdlib.h>
#include <string.h>

#include "policy/mail.h"

struct tamer {
    struct ranges *r;
    bool header;       /* the block looks like one so far */
    size_t lines;      /* of the block */
    size_t field;      /* octets of the current field */
    size_t commas;     /* of the current field */
    size_t all_commas; /* of the message's header fields */
    size_t delimiters; /* of the message */
};

void ranges_free(struct ranges *r)
{
    free(r->items);
    *r = (struct ranges){0};
}

static bool let_through(struct ranges *r, size_t begin, size_t end)
{
    if (begin == end)
        return true;
    if (r->count && r->items[r->count - 1].end == begin) {
        r->items[r->count - 1].end = end;
        return true;
    }
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 8;
        struct range *grown = realloc(r->items, room * sizeof *grown);
        if (!grown)
            return false;
        r->items = grown;
        r->room = room;
    }
    r->items[r->count++] = (struct range){begin, end};
    return true;
}

/* "Name:", of printable ASCII without blanks (RFC 5322, 2.2); some write a blank before ":". */
static bool begins_field(const char *line, size_t len)
{
    size_t n = 0;
    while (n < len && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
        n++;
    size_t name = n;
    while (n < len && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return name > 0 && n < len && line[n] == ':';
}

/* Up to where a line of a field has few enough commas. */
static size_t before_commas(struct tamer *t, const char *line, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        const char *comma = memchr(line + at, ',', len - at);
        if (!comma)
            break;
        at = (size_t)(comma - line);
        if (++t->commas > MAIL_FIELD_COMMAS_MAX || ++t->all_commas > MAIL_COMMAS_MAX)
            return at;
    }
    return len;
}

/* How much of a line is let through: all, its beginning, or nothing. `end` is behind its LF. */
static size_t keep_of_line(struct tamer *t, const char *line, size_t len, size_t whole)
{
    bool folded = len && (*line == ' ' || *line == '\t');
    t->header = t->header && (begins_field(line, len) || (folded && t->lines) ||
                              (t->lines == 0 && len > 5 && memcmp(line, "From ", 5) == 0));
    t->lines++;
    if (!t->header)
        return whole;
    t->field = folded ? t->field : 0;
    t->commas = folded ? t->commas : 0;
    size_t few = before_commas(t, line, whole);
    size_t room = t->field < FIELD_MAX ? FIELD_MAX - t->field : 0;
    t->field += whole;
    if (t->lines > MAIL_HEADER_LINES_MAX)
        return 0;
    return few <= room ? few : room;
}

bool mail_tame(const char *octets, size_t len, struct ranges *r)
{
    struct tamer t = {.r = r, .header = true};
    for (size_t at = 0; at < len;) {
        const char *lf = memchr(octets + at, '\n', len - at);
        size_t end = lf ? (size_t)(lf - octets) + 1 : len;
        size_t text = end - at - (lf != NULL);
        text -= text && octets[at + text - 1] == '\r';
        bool delimiter = text > 2 && octets[at] == '-' && octets[at + 1] == '-';
        size_t keep = end - at;
        if (delimiter && ++t.delimiters > MAIL_DELIMITERS_MAX)
            return true;
        if (delimiter || text == 0) {
            t.header = true;
            t.lines = 0;
        } else {
            keep = keep_of_line(&t, octets + at, text, keep);
        }
        /* A line that is cut keeps its end. */
        if (!let_through(r, at, at + keep) ||
            (keep && keep < end - at && lf && !let_through(r, end - 1, end)))
            return false;
        at = end;
    }
    return true;
}
