/*
 * reply_text - what the sender of a reply wrote
 *
 * Three passes over the lines: what is quoted or below a header is found first, for only what is
 * left can be a person's; then each stretch between two quotes is searched for notices and for
 * its signature; then the rest is written out. Each pass moves forward only.
 */
#include "policy/reply_text.h"

#include <glib.h>
#include <string.h>

#include "policy/reply_text_history.h"
#include "policy/reply_text_notices.h"
#include "policy/reply_text_signature.h"
#include "policy/understood.h"

/* --- quotes and history ----------------------------------------------------------------------*/

enum { WRAPPED_MIN = 55, REMNANT_MAX = 40 };

static void mark(struct reply_lines *l, size_t begin, size_t end, enum reply_form form)
{
    for (size_t i = begin; i < end; i++)
        l->items[i].form = (uint8_t)form;
}

/* A quoted line that was broken on its way leaves its last words on a line without a mark. */
static bool is_remnant(const struct reply_lines *l, size_t i)
{
    const struct reply_line *line = &l->items[i];
    if (i == 0 || i + 1 >= l->count || line->empty || line->depth)
        return false;
    const struct reply_line *above = line - 1, *below = line + 1;
    bool wrapped = above->depth && below->depth && !above->empty && !below->empty;
    return wrapped && above->len >= WRAPPED_MIN && line->len <= REMNANT_MAX &&
           (g_ascii_islower(line->text[0]) || (unsigned char)line->text[0] >= 0x80) &&
           !strchr(".?!:", above->text[above->len - 1]);
}

/* Bars ("| ") at the beginning of two lines at least, which are no table's. */
static bool is_bar(const struct reply_line *line)
{
    return line->depth == 0 && line->len && line->text[0] == '|' &&
           !memchr(line->text + 1, '|', line->len - 1);
}

/* A bar or an indentation is a mark of quotation after all. */
static void take_mark(struct reply_line *line)
{
    while (line->len && strchr("| \t", *line->text)) {
        line->text++;
        line->len--;
    }
    line->depth = 1;
    line->empty = line->len == 0;
}

static void mark_quotes(struct reply_lines *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct reply_line *line = &l->items[i];
        bool bars =
            is_bar(line) && ((i && is_bar(line - 1)) || (i + 1 < l->count && is_bar(line + 1)));
        if (line->depth || bars || is_remnant(l, i))
            line->form = FORM_QUOTE;
    }
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].form == FORM_QUOTE && is_bar(&l->items[i]))
            take_mark(&l->items[i]);
}

static size_t last_quoted(const struct reply_lines *l)
{
    size_t i = l->count;
    while (i && l->items[i - 1].form != FORM_QUOTE)
        i--;
    return i;
}

/* What follows a mark: a quote with marks of its own, or history to the end. Returns where the
   search goes on; `at`: where the mark stands, unmarked when it is none after all. */
static size_t follow_mark(struct reply_lines *l, size_t at, struct history_mark h, bool words,
                          size_t quoted_until)
{
    size_t below = at + h.lines, next = reply_lines_next(l, below);
    bool quoted = next < l->count && l->items[next].form == FORM_QUOTE;
    size_t indented = quoted ? 0 : history_indented(l, next);
    if (!h.certain && !quoted && !(indented && l->items[next].text[0] == '|'))
        return at + 1;
    mark(l, at, below, FORM_HISTORY);
    if (quoted)
        return below;
    if (indented) {
        mark(l, next, next + indented, FORM_QUOTE);
        for (size_t i = next; i < next + indented; i++)
            take_mark(&l->items[i]);
        return next + indented;
    }
    /* Written between the attribution and the quote, above which there is nothing. */
    if (!words &&
        ((h.form == HISTORY_ATTRIBUTION && next < quoted_until) || h.form == HISTORY_ABOVE))
        return below;
    mark(l, below, l->count, FORM_HISTORY);
    return l->count;
}

static void mark_history(struct reply_lines *l)
{
    size_t quoted_until = last_quoted(l);
    bool words = false;
    for (size_t i = 0; i < l->count;) {
        const struct reply_line *line = &l->items[i];
        struct history_mark h = {0};
        if (!line->empty && line->form == FORM_TEXT)
            h = history_at(l, i);
        size_t next = h.lines ? follow_mark(l, i, h, words, quoted_until) : i + 1;
        words = words || (!line->empty && line->form == FORM_TEXT);
        i = next;
    }
}

/* --- stretches -------------------------------------------------------------------------------*/

static bool is_foreign(const struct reply_line *line)
{
    return line->form == FORM_QUOTE || line->form == FORM_HISTORY;
}

static size_t stretch_end(const struct reply_lines *l, size_t at)
{
    while (at < l->count && !is_foreign(&l->items[at]))
        at++;
    return at;
}

/* Drawn lines at the end of a stretch divide it from something that is gone. */
static void trim_rules(struct reply_lines *l, size_t begin, size_t end)
{
    while (end > begin && (l->items[end - 1].empty || l->items[end - 1].form != FORM_TEXT ||
                           reply_line_is_rule(&l->items[end - 1], 2)))
        if (l->items[--end].form == FORM_TEXT && !l->items[end].empty)
            l->items[end].form = FORM_NOTICE;
}

static bool has_words(const struct reply_lines *l, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (l->items[i].form == FORM_TEXT && !l->items[i].empty)
            return true;
    return false;
}

static void mark_stretches(struct reply_lines *l)
{
    for (size_t i = 0; i < l->count; i++) {
        size_t end = stretch_end(l, i);
        notices_mark(l, i, end, i == 0);
        signature_mark(l, i, end);
        trim_rules(l, i, end);
        i = end;
    }
    if (has_words(l, 0, l->count))
        return;
    /* Nothing left: a signature with sentences in it is a person's words. */
    bool prose = false;
    for (size_t i = 0; i < l->count; i++) {
        struct reply_line *line = &l->items[i];
        prose = line->form == FORM_SIGNATURE && (prose || signature_is_prose(line));
        if (prose)
            line->form = FORM_TEXT;
    }
}

/* --- the words -------------------------------------------------------------------------------*/

struct writer {
    struct bytes *out;
    size_t limit;
    bool any;   /* a line was written */
    bool blank; /* an empty line belongs before the next */
    bool full;
};

/* Without C0 and C1 controls, DEL, byte order marks and marks that turn the direction of text. */
static size_t clean(const char *text, size_t len, char *to)
{
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        gunichar c = g_utf8_get_char_validated(text + at, (gssize)(len - at));
        bool valid = c < 0x110000;
        size_t was = valid ? (size_t)g_unichar_to_utf8(c, NULL) : 1;
        bool dropped = !valid || (c < ' ' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x200b ||
                       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) ||
                       c == 0xfeff || c == 0xad;
        if (!dropped) {
            memcpy(to + n, text + at, was);
            n += was;
        }
        at += was;
    }
    return n;
}

/* Blanks at the end, no-break spaces too. */
static size_t trimmed(const char *text, size_t len)
{
    for (;;) {
        if (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
            len--;
        else if (len >= 2 && memcmp(text + len - 2, "\xc2\xa0", 2) == 0)
            len -= 2;
        else if (len >= 3 && memcmp(text + len - 3, "\xe2\x80\xaf", 3) == 0)
            len -= 3;
        else
            return len;
    }
}

static bool write_line(struct writer *w, const struct reply_line *line, unsigned depth)
{
    struct bytes *out = w->out;
    size_t need = line->len + 2 * (size_t)depth + 3;
    if (w->full || !bytes_reserve(out, need))
        return w->full;
    size_t begin = out->len;
    if (w->any && !bytes_puts(out, w->blank ? "\n\n" : "\n"))
        return false;
    for (unsigned i = 0; i < depth; i++)
        if (!bytes_puts(out, "> "))
            return false;
    size_t len = clean(line->text, line->len, out->data + out->len);
    len = trimmed(out->data + out->len, len);
    w->full = out->len + len > w->limit;
    out->len = len == 0 || w->full ? begin : out->len + len;
    out->data[out->len] = '\0';
    w->any = w->any || len;
    w->blank = w->blank && len == 0;
    return true;
}

/* Are there words with a quote above and a quote below? Then the answers are inside. */
static bool is_interleaved(const struct reply_lines *l)
{
    bool quoted = false, words = false;
    for (size_t i = 0; i < l->count; i++) {
        const struct reply_line *line = &l->items[i];
        if (line->form == FORM_QUOTE && !line->empty && words)
            return true;
        quoted = quoted || (line->form == FORM_QUOTE && !line->empty);
        words = words || (quoted && line->form == FORM_TEXT && !line->empty);
    }
    return false;
}

/* The line that words below it answer; none when the quote ends with its writer's own close. */
struct answered {
    const struct reply_line *line;
    bool closed;
};

static void look_at_quote(struct answered *a, const struct reply_line *line, bool begins)
{
    if (begins)
        *a = (struct answered){0};
    if (line->empty)
        return;
    a->closed = a->closed || signature_is_closing(line) || strcmp(line->key, "--") == 0;
    a->line = line;
}

static bool write_words(const struct reply_lines *l, struct writer *w)
{
    bool inside = is_interleaved(l), done = true, in_quote = false;
    struct answered a = {0};
    for (size_t i = 0; done && i < l->count; i++) {
        const struct reply_line *line = &l->items[i];
        if (line->form == FORM_QUOTE)
            look_at_quote(&a, line, !in_quote);
        in_quote = line->form == FORM_QUOTE || (in_quote && line->empty);
        if (line->form != FORM_TEXT || line->empty) {
            w->blank = w->blank || (line->empty && line->form != FORM_QUOTE);
            continue;
        }
        if (inside && a.line && !a.closed) {
            done = write_line(w, a.line, a.line->depth ? a.line->depth : 1);
            w->blank = false;
        }
        a = (struct answered){0};
        done = done && write_line(w, line, 0);
    }
    return done;
}

bool reply_text(const char *body, size_t len, struct bytes *text)
{
    struct reply_lines l = {0};
    struct writer w = {.out = text, .limit = text->len + READ_REPLY_MAX};
    bool done = reply_lines_split(body, len, &l);
    if (done) {
        mark_quotes(&l);
        mark_history(&l);
        mark_stretches(&l);
        done = write_words(&l, &w);
    }
    reply_lines_free(&l);
    return done;
}
