/*
 * attachment - file names of a message's attachments, read from the body as it passes by
 *
 * A line is copied only inside a part header or when it begins with "--"; of all others two
 * octets are looked at. A text line "-- " (a signature's) opens a header as well; the first
 * line that is no field closes it again.
 */
#include "policy/attachment.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/text.h"

enum { NAMES_MAX = 100, HEADER_MAX = 8 * 1024 };

/* Add a file name without the directories that some clients send. */
static void add_name(struct attachments *a, const char *parameter)
{
    if (!parameter || a->names.count >= NAMES_MAX)
        return;
    char *name = text_decode(parameter);
    const char *base = name;
    for (const char *p = name; p && *p; p++)
        if (*p == '/' || *p == '\\')
            base = p + 1;
    if (!name || (*base && !strings_add_unique(&a->names, base)))
        a->out_of_memory = true;
    free(name);
}

static void read_disposition(struct attachments *a, const char *value)
{
    GMimeContentDisposition *parsed = g_mime_content_disposition_parse(NULL, value);
    if (!parsed)
        return;
    add_name(a, g_mime_content_disposition_get_parameter(parsed, "filename"));
    g_object_unref(parsed);
}

static void read_type(struct attachments *a, const char *value)
{
    GMimeContentType *parsed = g_mime_content_type_parse(NULL, value);
    if (!parsed)
        return;
    add_name(a, g_mime_content_type_get_parameter(parsed, "name"));
    g_object_unref(parsed);
}

/* Read one field of the part header, by position; names are compared without case. */
static void read_field(struct attachments *a, const struct fields *f, const char *name,
                       void (*read)(struct attachments *, const char *))
{
    size_t at = fields_find(f, name, 1);
    if (at == f->count)
        return;
    char *value = text_clean(f->items[at].value);
    if (value)
        read(a, value);
    else
        a->out_of_memory = true;
    free(value);
}

void attachments_header(struct attachments *a, const struct fields *f)
{
    read_field(a, f, "Content-Disposition", read_disposition);
    read_field(a, f, "Content-Type", read_type);
}

/* The collected part header is complete, or given up: take its names. */
static void read_header(struct attachments *a)
{
    struct fields f = {0};
    size_t body;
    a->in_header = false;
    if (!a->header.len)
        return;
    if (fields_parse(a->header.data, a->header.len, &f, &body))
        attachments_header(a, &f);
    else
        a->out_of_memory = true;
    fields_free(&f);
    a->header.len = 0;
}

/* May this line stand in a header: a field, or the continuation of one? */
static bool is_header_line(const struct attachments *a)
{
    const char *line = a->line.data;
    if (*line == ' ' || *line == '\t')
        return a->header.len > 0;
    const char *colon = memchr(line, ':', a->line.len);
    if (!colon || colon == line)
        return false;
    for (const char *p = line; p < colon; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return *p == ' ' && p > line && p + 1 == colon;
    return true;
}

static void end_line(struct attachments *a)
{
    struct bytes *line = &a->line;
    if (!a->skip_line && line->len && line->data[line->len - 1] == '\r')
        line->data[--line->len] = '\0';
    bool delimiter = line->len >= 2 && line->data[0] == '-' && line->data[1] == '-';
    if (delimiter) {
        read_header(a);
        a->in_header = true;
    } else if (a->in_header) {
        bool fits = !a->skip_line && a->header.len + line->len < HEADER_MAX;
        if (!line->len || !is_header_line(a) || !fits)
            read_header(a);
        else if (!bytes_append(&a->header, line->data, line->len) ||
                 !bytes_append(&a->header, "\n", 1))
            a->out_of_memory = true;
    }
    line->len = 0;
    a->skip_line = false;
}

/* Collect what a line holds as far as it may matter. */
static void collect(struct attachments *a, const char *data, size_t len)
{
    if (a->skip_line)
        return;
    struct bytes *line = &a->line;
    size_t most = a->in_header ? HEADER_MAX : 2;
    size_t take = line->len + len > most ? most - line->len : len;
    if (!bytes_append(line, data, take)) {
        a->out_of_memory = true;
        a->skip_line = true;
    }
    if (take < len)
        a->skip_line = true;
}

void attachments_feed(struct attachments *a, const char *data, size_t len)
{
    while (len) {
        const char *lf = memchr(data, '\n', len);
        size_t piece = lf ? (size_t)(lf - data) : len;
        collect(a, data, piece);
        if (!lf)
            return;
        end_line(a);
        data += piece + 1;
        len -= piece + 1;
    }
}

void attachments_end(struct attachments *a)
{
    end_line(a); /* the last line may lack its end */
    read_header(a);
}

void attachments_free(struct attachments *a)
{
    strings_free(&a->names);
    bytes_free(&a->line);
    bytes_free(&a->header);
    *a = (struct attachments){0};
}
