/*
 * mail_content - what the parts of a message hold: octets, text, fields
 *
 * Content is decoded by pull, in small pieces, so that a large attachment is never in memory a
 * second time. Text is guessed only where the sender left no choice: many programs write
 * Windows-1252 and call it ISO-8859-1, US-ASCII or nothing.
 */
#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/mail.h"
#include "policy/markup.h"
#include "policy/text.h"

/* --- types and fields ------------------------------------------------------------------------*/

bool mail_is(const struct mail *m, size_t part, const char *type)
{
    size_t len = strlen(type);
    if (len && type[len - 1] == '*')
        return strncmp(m->parts[part].type, type, len - 1) == 0;
    return strcmp(m->parts[part].type, type) == 0;
}

size_t mail_find(const struct mail *m, size_t from, const char *type)
{
    for (size_t i = from; i < m->count; i++)
        if (!m->parts[i].returned && mail_is(m, i, type))
            return i;
    return m->count;
}

bool mail_field(const struct fields *header, const char *name, char **value)
{
    size_t at = fields_find(header, name, 1);
    *value = at < header->count ? text_decode(header->items[at].value) : NULL;
    return at == header->count || *value;
}

bool mail_part_field(const struct mail *m, size_t part, const char *name, char **value)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(m->parts[part].object);
    GMimeHeader *h = g_mime_header_list_get_header(list, name);
    const char *raw = h ? g_mime_header_get_raw_value(h) : NULL;
    *value = raw ? text_decode(raw) : NULL;
    return !raw || *value;
}

bool mail_part_parameter(const struct mail *m, size_t part, const char *name, char **value)
{
    const char *raw = g_mime_object_get_content_type_parameter(m->parts[part].object, name);
    *value = raw ? text_clean(raw) : NULL;
    return !raw || *value;
}

/* --- octets ----------------------------------------------------------------------------------*/

/* The coding's whole input is one stream; the output comes in pieces. */
bool mail_content(const struct mail *m, size_t part,
                  bool (*sink)(const void *data, size_t len, void *context), void *context)
{
    GMimeObject *object = m->parts[part].object;
    GMimeDataWrapper *wrapper =
        GMIME_IS_PART(object) ? g_mime_part_get_content(GMIME_PART(object)) : NULL;
    GMimeStream *stream = wrapper ? g_mime_data_wrapper_get_stream(wrapper) : NULL;
    if (!stream)
        return true;
    GMimeEncoding state;
    char in[16384];
    size_t room = g_mime_encoding_outlen(
        (g_mime_encoding_init_decode(&state, g_mime_data_wrapper_get_encoding(wrapper)), &state),
        sizeof in);
    char *out = g_malloc(room + 8);
    bool done = true;
    ssize_t n;
    g_mime_stream_reset(stream);
    while (done && (n = g_mime_stream_read(stream, in, sizeof in)) > 0) {
        size_t len = g_mime_encoding_step(&state, in, (size_t)n, out);
        done = len == 0 || sink(out, len, context);
    }
    if (done) {
        size_t len = g_mime_encoding_flush(&state, NULL, 0, out);
        done = len == 0 || sink(out, len, context);
    }
    g_free(out);
    return done;
}

/* --- text ------------------------------------------------------------------------------------*/

struct gathered {
    struct bytes octets;
    bool out_of_memory;
};

static bool gather(const void *data, size_t len, void *context)
{
    struct gathered *g = context;
    size_t room = MAIL_TEXT_MAX - g->octets.len;
    size_t part = len < room ? len : room;
    g->out_of_memory = !bytes_append(&g->octets, data, part);
    return !g->out_of_memory && part == len;
}

/* Octets of a charset as UTF-8, glib's; NULL: no such charset here, or no memory. Octets that the
   charset does not have become U+FFFD. */
static char *convert(const char *octets, size_t len, const char *charset)
{
    iconv_t converter = g_mime_iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1)
        return NULL;
    GString *out = g_string_sized_new(len + len / 8 + 16);
    char piece[4096], *in = (char *)octets;
    size_t left = len;
    while (left) {
        char *to = piece;
        size_t room = sizeof piece;
        size_t result = iconv(converter, &in, &left, &to, &room);
        g_string_append_len(out, piece, (gssize)(sizeof piece - room));
        if (result == (size_t)-1 && errno != E2BIG && left) {
            g_string_append(out, "\xef\xbf\xbd");
            in++;
            left--;
            iconv(converter, NULL, NULL, NULL, NULL);
        }
    }
    g_mime_iconv_close(converter);
    return g_string_free(out, FALSE);
}

/* "iso-8859-1", "us-ascii", "unknown-8bit": what comes under these names is often another. */
static bool is_guess(const char *charset)
{
    static const char *const names[] = {"iso-8859-1", "iso8859-1",    "latin1", "us-ascii",
                                        "ascii",      "unknown-8bit", "8bit",   "x-unknown",
                                        "default",    "utf-8",        "utf8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(charset, names[i]) == 0)
            return true;
    return *charset == '\0';
}

static bool is_latin(const char *charset)
{
    return strcasecmp(charset, "iso-8859-1") == 0 || strcasecmp(charset, "iso8859-1") == 0 ||
           strcasecmp(charset, "latin1") == 0;
}

/* Whole characters only: a limit may have cut the last one. */
static bool is_utf8(const char *octets, size_t len)
{
    const char *end;
    return g_utf8_validate(octets, (gssize)len, &end) ||
           (octets + len - end < 4 && len == MAIL_TEXT_MAX);
}

static char *to_utf8(const char *octets, size_t len, const char *charset)
{
    char *text = NULL;
    if (is_guess(charset)) {
        if (is_latin(charset) || !is_utf8(octets, len))
            text = convert(octets, len, "WINDOWS-1252");
    } else {
        text = convert(octets, len, charset);
        if (!text && !is_utf8(octets, len))
            text = convert(octets, len, "WINDOWS-1252");
    }
    return text ? text : g_utf8_make_valid(octets, (gssize)len);
}

/* CR LF and lone CR become LF, NUL goes. */
static bool append_lines(const char *text, size_t len, struct bytes *out)
{
    bool done = bytes_reserve(out, len + 1);
    for (size_t i = 0; done && i < len; i++) {
        size_t plain = i;
        while (plain < len && text[plain] != '\r' && text[plain] != '\0')
            plain++;
        done = bytes_append(out, text + i, plain - i);
        i = plain;
        if (done && i < len && text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n'))
            done = bytes_append(out, "\n", 1);
    }
    return done;
}

bool mail_text(const struct mail *m, size_t part, struct bytes *text)
{
    struct gathered g = {0};
    mail_content(m, part, gather, &g);
    const char *charset =
        g_mime_object_get_content_type_parameter(m->parts[part].object, "charset");
    char *utf8 = g.out_of_memory ? NULL
                                 : to_utf8(g.octets.data ? g.octets.data : "", g.octets.len,
                                           charset ? charset : "");
    /* A converter may leave NULs; what it made is as long as the string at least. */
    bool done = utf8 && append_lines(utf8, strlen(utf8), text);
    g_free(utf8);
    bytes_free(&g.octets);
    return done;
}

/* --- the body --------------------------------------------------------------------------------*/

static bool is_blank(const char *text)
{
    return !text || text[strspn(text, " \t\n")] == '\0';
}

/* Is there a plain text with words in it among the alternatives that this part is one of? */
static bool has_plain_sibling(const struct mail *m, size_t part, bool *out_of_memory)
{
    size_t around = m->parts[part].parent;
    while (around && !mail_is(m, around, "multipart/alternative"))
        around = m->parts[around].parent;
    if (!mail_is(m, around, "multipart/alternative"))
        return false;
    for (size_t i = around + 1; i < part; i++) {
        struct bytes text = {0};
        if (!mail_is(m, i, "text/plain") || m->parts[i].returned || m->parts[i].attachment)
            continue;
        *out_of_memory = *out_of_memory || !mail_text(m, i, &text);
        bool words = !is_blank(text.data);
        bytes_free(&text);
        if (words)
            return true;
    }
    return false;
}

bool mail_body(const struct mail *m, struct bytes *text, bool *from_markup)
{
    bool out_of_memory = false;
    *from_markup = false;
    for (size_t i = 0; i < m->count && !out_of_memory && text->len < MAIL_TEXT_MAX; i++) {
        const struct mail_part *p = &m->parts[i];
        bool plain = mail_is(m, i, "text/plain"), markup = mail_is(m, i, "text/html");
        if (p->form != PART_LEAF || p->returned || p->attachment || (i && *p->name) ||
            (!plain && !markup) || (markup && has_plain_sibling(m, i, &out_of_memory)))
            continue;
        struct bytes one = {0};
        out_of_memory =
            out_of_memory || !mail_text(m, i, &one) || (text->len && !bytes_puts(text, "\n"));
        if (!out_of_memory && plain)
            out_of_memory = !bytes_append(text, one.data ? one.data : "", one.len);
        else if (!out_of_memory)
            out_of_memory = !markup_text(one.data ? one.data : "", one.len, text);
        *from_markup = *from_markup || markup;
        bytes_free(&one);
    }
    return !out_of_memory;
}
