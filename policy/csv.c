/*
 * csv - tables as accounting programs export them
 *
 * A quote that is never closed would swallow the rest of the file: such a row is reported at
 * the line where it began, and reading goes on with the line after that one.
 */
#include "policy/csv.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* Half of the octets at even (or odd) places zero: UTF-16 of mostly Latin text. */
static const char *utf16_without_mark(const unsigned char *data, size_t len)
{
    size_t zeros[2] = {0, 0}, look = len < 512 ? len : 512;
    for (size_t i = 0; i < look; i++)
        zeros[i % 2] += data[i] == 0;
    if (zeros[1] > look / 4 && zeros[0] == 0)
        return "UTF-16LE";
    return zeros[0] > look / 4 && zeros[1] == 0 ? "UTF-16BE" : NULL;
}

bool csv_decode(const void *data, size_t len, struct bytes *out, const char **charset)
{
    const unsigned char *octets = data;
    size_t skip = 0;
    *charset = "UTF-8";
    if (len >= 2 && octets[0] == 0xff && octets[1] == 0xfe) {
        *charset = "UTF-16LE";
        skip = 2;
    } else if (len >= 2 && octets[0] == 0xfe && octets[1] == 0xff) {
        *charset = "UTF-16BE";
        skip = 2;
    } else if (len >= 3 && memcmp(octets, "\xef\xbb\xbf", 3) == 0) {
        skip = 3;
    } else if (len >= 4 && utf16_without_mark(octets, len)) {
        *charset = utf16_without_mark(octets, len);
    }
    const char *text = (const char *)data + skip;
    size_t text_len = len - skip;
    if (text_len > SSIZE_MAX)
        return false;
    if (strcmp(*charset, "UTF-8") == 0) {
        if (text_len == 0 || g_utf8_validate(text, (gssize)text_len, NULL))
            return bytes_append(out, text, text_len);
        *charset = "Windows-1252";
    }
    gsize written = 0;
    char *utf8 = memchr(text, '\0', text_len) && strcmp(*charset, "Windows-1252") == 0
                     ? NULL
                     : g_convert(text, (gssize)text_len, "UTF-8", *charset, NULL, &written, NULL);
    bool done = utf8 && !memchr(utf8, '\0', written) && bytes_append(out, utf8, written);
    g_free(utf8);
    return done;
}

/* The separator that the first line has most of, outside quotes. */
static char guess_separator(const char *text, size_t len)
{
    static const char candidates[] = {';', ',', '\t'};
    size_t counts[sizeof candidates] = {0};
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (text[i] == '\n' || text[i] == '\r')
            break;
        for (size_t k = 0; k < sizeof candidates; k++)
            counts[k] += text[i] == candidates[k];
    }
    size_t best = 0;
    for (size_t k = 1; k < sizeof candidates; k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

void csv_open(struct csv *c, const char *text, size_t len)
{
    *c = (struct csv){.data = text ? text : "", .len = text ? len : 0, .next_line = 1};
    while (c->at < c->len && (c->data[c->at] == '\n' || c->data[c->at] == '\r')) {
        c->next_line += c->data[c->at] == '\n' || c->at + 1 == c->len || c->data[c->at + 1] != '\n';
        c->at++;
    }
    c->separator = guess_separator(c->data + c->at, c->len - c->at);
}

static bool at_line_end(const struct csv *c)
{
    return c->at < c->len && (c->data[c->at] == '\n' || c->data[c->at] == '\r');
}

static void pass_line_end(struct csv *c)
{
    if (c->data[c->at] == '\r' && c->at + 1 < c->len && c->data[c->at + 1] == '\n')
        c->at++;
    c->at++;
    c->next_line++;
}

static size_t blank_at(const char *text, size_t len)
{
    if (len && (*text == ' ' || *text == '\t'))
        return 1;
    return len >= 2 && memcmp(text, "\u00a0", 2) == 0 ? 2 : 0;
}

static bool add_trimmed(struct strings *row, const char *text, size_t len)
{
    size_t blank;
    while ((blank = blank_at(text, len)) > 0) {
        text += blank;
        len -= blank;
    }
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    while (len >= 2 && memcmp(text + len - 2, "\u00a0", 2) == 0)
        len -= 2;
    return strings_add_n(row, text, len);
}

enum field_result { FIELD_OK, FIELD_OPEN, FIELD_STRAY, FIELD_LONG, FIELD_NO_MEMORY };

static enum field_result take_quoted(struct csv *c, struct strings *row)
{
    struct bytes value = {0};
    bool closed = false;
    c->at++;
    while (c->at < c->len && !closed && value.len <= CSV_FIELD_MAX) {
        bool quote = c->data[c->at] == '"';
        if (quote && (c->at + 1 >= c->len || c->data[c->at + 1] != '"')) {
            closed = true;
            c->at++;
            break;
        }
        c->at += quote;
        if (at_line_end(c)) {
            pass_line_end(c);
            if (!bytes_append(&value, "\n", 1))
                break;
            continue;
        }
        if (!bytes_append(&value, c->data + c->at++, 1))
            break;
    }
    bool full = value.len > CSV_FIELD_MAX,
         added = closed && add_trimmed(row, value.data ? value.data : "", value.len);
    bool starved = !full && !closed && c->at < c->len;
    bytes_free(&value);
    if (full)
        return FIELD_LONG;
    if (starved || (closed && !added))
        return FIELD_NO_MEMORY;
    if (!closed)
        return FIELD_OPEN;
    while (c->at < c->len && c->data[c->at] == ' ')
        c->at++;
    bool ends = c->at == c->len || at_line_end(c) || c->data[c->at] == c->separator;
    return ends ? FIELD_OK : FIELD_STRAY;
}

static enum field_result take_field(struct csv *c, struct strings *row)
{
    while (c->at < c->len && c->data[c->at] == ' ')
        c->at++;
    if (c->at < c->len && c->data[c->at] == '"')
        return take_quoted(c, row);
    size_t from = c->at;
    while (c->at < c->len && !at_line_end(c) && c->data[c->at] != c->separator)
        c->at++;
    if (c->at - from > CSV_FIELD_MAX)
        return FIELD_LONG;
    return add_trimmed(row, c->data + from, c->at - from) ? FIELD_OK : FIELD_NO_MEMORY;
}

/* Stand behind the line where the bad row began. */
static enum csv_result bad_row(struct csv *c, size_t from, const char *reason, const char **why)
{
    if (why)
        *why = reason;
    c->at = from;
    c->next_line = c->line;
    while (c->at < c->len && !at_line_end(c))
        c->at++;
    if (c->at < c->len)
        pass_line_end(c);
    return CSV_BAD;
}

enum csv_result csv_next(struct csv *c, struct strings *row, const char **why)
{
    static const char *const reasons[] = {
        [FIELD_OPEN] = "a quote is opened and never closed",
        [FIELD_STRAY] = "something stands between a closing quote and the separator",
        [FIELD_LONG] = "a field is longer than 64 kB"};
    strings_free(row);
    while (at_line_end(c))
        pass_line_end(c);
    c->line = c->next_line;
    if (c->at >= c->len)
        return CSV_END;
    size_t from = c->at;
    for (;;) {
        if (row->count == CSV_FIELDS_MAX)
            return bad_row(c, from, "the row has more than 200 fields", why);
        enum field_result r = take_field(c, row);
        if (r == FIELD_NO_MEMORY)
            return CSV_NO_MEMORY;
        if (r != FIELD_OK)
            return bad_row(c, from, reasons[r], why);
        if (c->at >= c->len)
            return CSV_ROW;
        if (at_line_end(c)) {
            pass_line_end(c);
            return CSV_ROW;
        }
        c->at++;
        if (c->at == c->len) /* a separator at the very end: one more, empty */
            return strings_add(row, "") ? CSV_ROW : CSV_NO_MEMORY;
    }
}
