/*
 * mail_content - what the parts of a message hold: octets, text, fields
 *
 * Content is decoded by pull, in small pieces, so that a large attachment is never in memory a
 * second time.
 */
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/charset.h"
#include "policy/flowed.h"
#include "policy/mail.h"
#include "policy/markup.h"
#include "policy/text.h"

enum { STUB_MAX = 400 }; /* octets of a plain text that only says to look at the HTML */

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

/* CR LF and lone CR become LF. */
static bool append_lines(const char *text, size_t len, struct bytes *out)
{
    bool done = bytes_reserve(out, len + 1);
    for (size_t i = 0; done && i < len; i++) {
        const char *cr = memchr(text + i, '\r', len - i);
        size_t plain = cr ? (size_t)(cr - text) : len;
        done = bytes_append(out, text + i, plain - i);
        i = plain;
        if (done && i < len && (i + 1 == len || text[i + 1] != '\n'))
            done = bytes_append(out, "\n", 1);
    }
    return done;
}

bool mail_text(const struct mail *m, size_t part, struct bytes *text)
{
    struct gathered g = {0};
    struct bytes utf8 = {0};
    char said[64] = "";
    mail_content(m, part, gather, &g);
    const char *charset =
        g_mime_object_get_content_type_parameter(m->parts[part].object, "charset");
    const char *octets = g.octets.data ? g.octets.data : "";
    if (!charset && mail_is(m, part, "text/html"))
        charset_of_markup(octets, g.octets.len, said, sizeof said);
    bool done = !g.out_of_memory &&
                charset_to_utf8(octets, g.octets.len, charset ? charset : said, &utf8) &&
                append_lines(utf8.data ? utf8.data : "", utf8.len, text);
    bytes_free(&utf8);
    bytes_free(&g.octets);
    return done;
}

/* --- the body --------------------------------------------------------------------------------*/

/* "This is an HTML mail", "Votre logiciel ne peut afficher ce message": short, in place of words.
 */
static bool is_stub(const char *text)
{
    static const char *const excuses[] = {"html",
                                          "view this email in",
                                          "voir ce message dans",
                                          "version en ligne",
                                          "ne peut afficher",
                                          "ne prend pas en charge",
                                          "does not support",
                                          "ne supporte pas",
                                          NULL};
    size_t len = strlen(text);
    char *lower = len < STUB_MAX ? g_ascii_strdown(text, (gssize)len) : NULL;
    bool found = false;
    for (size_t i = 0; lower && excuses[i]; i++)
        found =
            found ||
            (strstr(lower, excuses[i]) &&
             (i || strstr(lower, "mail") || strstr(lower, "message") || strstr(lower, "format")));
    g_free(lower);
    return found;
}

/* Nothing that a person would read; no-break spaces and byte order marks are nothing, too. */
static bool is_blank(const char *text)
{
    for (; text && *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (!g_unichar_isspace(c) && c != 0xfeff && c != 0x200b)
            return false;
    }
    return true;
}

/* The alternatives that a part is one of, directly or further out; 0: none but perhaps the root. */
static size_t alternatives(const struct mail *m, size_t part)
{
    size_t around = m->parts[part].parent;
    while (around && !mail_is(m, around, "multipart/alternative"))
        around = m->parts[around].parent;
    return around;
}

/* Is there a plain text with words in it among the alternatives that this part is one of? */
static bool has_plain_sibling(const struct mail *m, size_t part, bool *out_of_memory)
{
    size_t around = alternatives(m, part);
    if (!mail_is(m, around, "multipart/alternative"))
        return false;
    for (size_t i = around + 1; i < part; i++) {
        struct bytes text = {0};
        if (!mail_is(m, i, "text/plain") || m->parts[i].returned || m->parts[i].attachment)
            continue;
        *out_of_memory = *out_of_memory || !mail_text(m, i, &text);
        bool words = !is_blank(text.data) && !is_stub(text.data);
        bytes_free(&text);
        if (words)
            return true;
    }
    return false;
}

/* Is this plain text only there for readers that cannot show the HTML beside it? */
static bool stands_in(const struct mail *m, size_t part, const struct bytes *text)
{
    size_t around = alternatives(m, part);
    if (!mail_is(m, around, "multipart/alternative") || !is_stub(text->data ? text->data : ""))
        return false;
    for (size_t i = part + 1; i < m->count && m->parts[i].depth > m->parts[around].depth; i++)
        if (mail_is(m, i, "text/html"))
            return true;
    return false;
}

/* Plain text as it was typed: lines that a client broke are put together again. */
static bool append_plain(const struct mail *m, size_t part, const struct bytes *one,
                         struct bytes *text)
{
    GMimeObject *object = m->parts[part].object;
    const char *data = one->data ? one->data : "";
    const char *format = g_mime_object_get_content_type_parameter(object, "format");
    const char *delsp = g_mime_object_get_content_type_parameter(object, "delsp");
    if (format && strcasecmp(format, "flowed") == 0)
        return flowed_undo(data, one->len, delsp && strcasecmp(delsp, "yes") == 0, text);
    return bytes_append(text, data, one->len);
}

/* Does a person see this part as text of the message itself? An alternative that is HTML counts
   only without words in plain text, and then the plain text does not. */
static bool is_shown(const struct mail *m, size_t part, bool *out_of_memory)
{
    const struct mail_part *p = &m->parts[part];
    bool plain = mail_is(m, part, "text/plain"), markup = mail_is(m, part, "text/html");
    if (p->form != PART_LEAF || p->returned || p->attachment || (part && *p->name) ||
        (!plain && !markup))
        return false;
    return plain || !has_plain_sibling(m, part, out_of_memory);
}

bool mail_body(const struct mail *m, struct bytes *text, bool *from_markup)
{
    bool out_of_memory = false;
    *from_markup = false;
    for (size_t i = 0; i < m->count && !out_of_memory && text->len < MAIL_TEXT_MAX; i++) {
        if (!is_shown(m, i, &out_of_memory))
            continue;
        struct bytes one = {0};
        bool markup = mail_is(m, i, "text/html");
        out_of_memory = out_of_memory || !mail_text(m, i, &one);
        bool shown = markup || !stands_in(m, i, &one);
        if (!out_of_memory && shown && text->len)
            out_of_memory = !bytes_puts(text, "\n");
        if (!out_of_memory && shown && !markup)
            out_of_memory = !append_plain(m, i, &one, text);
        else if (!out_of_memory && shown)
            out_of_memory = !markup_text(one.data ? one.data : "", one.len, text);
        *from_markup = *from_markup || markup;
        bytes_free(&one);
    }
    return !out_of_memory;
}
