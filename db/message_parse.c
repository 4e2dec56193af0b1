/*
 * message_parse - header, text and attachments of a message, by GMime and libxml2
 *
 * Runs confined (message_confine.c): whatever a library does wrong on hostile octets ends with
 * the process. Inline text parts are joined in their order; an HTML part counts only when there
 * is no plain one. Messages inside a message are listed, not opened.
 */
#include <gmime/gmime.h>
#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/message_text.h"
#include "policy/message.h"
#include "policy/text.h"

enum { DEPTH_MAX = 20 };

struct reading_parts {
    struct bytes plain, markup;
    json_t *parts;
    bool cut;
    bool failed; /* out of memory */
};

/* --- header ----------------------------------------------------------------------------------*/

static bool header_text(const char *octets, size_t len, struct bytes *out, bool *cut)
{
    struct fields f = {0};
    size_t body;
    bool done = fields_parse(octets, len, &f, &body);
    for (size_t i = 0; done && i < f.count; i++) {
        char *value = text_decode(f.items[i].value);
        char *name = text_clean(f.items[i].name);
        done = value && name;
        if (done && out->len + strlen(name) + strlen(value) > TEXT_HEADER_MAX)
            *cut = true;
        else if (done)
            done = bytes_printf(out, "%s: %s\n", name, value);
        free(name);
        free(value);
    }
    fields_free(&f);
    return done;
}

/* --- text ------------------------------------------------------------------------------------*/

/* The decoded octets of a part, at most `limit` of them. NULL: no content, or no memory. */
static GByteArray *content(GMimePart *part)
{
    GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
    GMimeStream *stream = wrapper ? g_mime_stream_mem_new() : NULL;
    if (!stream)
        return NULL;
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_mime_data_wrapper_write_to_stream(wrapper, stream);
    GByteArray *octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    g_object_unref(stream);
    return octets;
}

/* Its text, as valid UTF-8; g_free() it. */
static char *part_text(GMimePart *part)
{
    char *text = GMIME_IS_TEXT_PART(part) ? g_mime_text_part_get_text(GMIME_TEXT_PART(part)) : NULL;
    if (text) {
        char *valid = g_utf8_make_valid(text, -1);
        g_free(text);
        return valid;
    }
    GByteArray *octets = content(part);
    char *valid =
        octets ? g_utf8_make_valid((const char *)octets->data, (gssize)octets->len) : g_strdup("");
    if (octets)
        g_byte_array_free(octets, TRUE);
    return valid;
}

/* Append at most what is still shown, not cutting a character in two. */
static void append(struct reading_parts *r, struct bytes *to, const char *text)
{
    size_t len = strlen(text);
    size_t room = to->len < TEXT_BODY_MAX ? TEXT_BODY_MAX - to->len : 0;
    if (len > room) {
        r->cut = true;
        len = room;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    r->failed = r->failed || !bytes_append(to, text, len);
}

static bool is_one_of(const xmlChar *name, const char *const *list)
{
    for (; name && *list; list++)
        if (strcasecmp((const char *)name, *list) == 0)
            return true;
    return false;
}

static void enter(struct reading_parts *r, const xmlNode *node)
{
    static const char *const blocks[] = {"p",  "div",        "br", "tr",    "li", "table",
                                         "h1", "h2",         "h3", "h4",    "hr", "ul",
                                         "ol", "blockquote", "td", "title", NULL};
    if (node->type == XML_ELEMENT_NODE && is_one_of(node->name, blocks))
        append(r, &r->markup, strcmp((const char *)node->name, "td") ? "\n" : "\t");
    else if (node->type == XML_TEXT_NODE && node->content)
        append(r, &r->markup, (const char *)node->content);
}

/* The text of an HTML document; a loop, since documents nest as deep as they like. */
static void markup_text(struct reading_parts *r, const char *html)
{
    static const char *const hidden[] = {"script", "style", "head", NULL};
    size_t len = strlen(html);
    htmlDocPtr doc = len <= TEXT_READ_MAX
                         ? htmlReadMemory(html, (int)len, NULL, "UTF-8",
                                          HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                              HTML_PARSE_NOWARNING | HTML_PARSE_NONET)
                         : NULL;
    const xmlNode *node = doc ? xmlDocGetRootElement(doc) : NULL;
    while (node) {
        enter(r, node);
        bool down =
            node->type == XML_ELEMENT_NODE && node->children && !is_one_of(node->name, hidden);
        if (down) {
            node = node->children;
            continue;
        }
        while (node && !node->next)
            node = node->parent && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
        node = node ? node->next : NULL;
    }
    xmlFreeDoc(doc);
}

/* --- parts -----------------------------------------------------------------------------------*/

static void list_part(struct reading_parts *r, const char *name, const char *type, size_t size)
{
    if (json_array_size(r->parts) >= TEXT_PARTS_MAX) {
        r->cut = true;
        return;
    }
    char *clean_name = text_clean(name ? name : "");
    char *clean_type = text_clean(type ? type : "");
    if (!clean_name || !clean_type ||
        json_array_append_new(r->parts, json_pack("{s:s, s:s, s:I}", "name", clean_name, "type",
                                                  clean_type, "size", (json_int_t)size)) < 0)
        r->failed = true;
    free(clean_name);
    free(clean_type);
}

static void take_part(struct reading_parts *r, GMimePart *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const char *name = g_mime_part_get_filename(part);
    bool shown = !name && !g_mime_part_is_attachment(part);
    bool report = g_mime_content_type_is_type(type, "message", "delivery-status") ||
                  g_mime_content_type_is_type(type, "message", "disposition-notification") ||
                  g_mime_content_type_is_type(type, "text", "rfc822-headers");
    bool markup = g_mime_content_type_is_type(type, "text", "html");
    if (shown && (report || markup || g_mime_content_type_is_type(type, "text", "plain"))) {
        char *text = part_text(part);
        if (markup && r->markup.len == 0)
            markup_text(r, text);
        else if (!markup) {
            append(r, &r->plain, r->plain.len ? "\n" : "");
            append(r, &r->plain, text);
        }
        g_free(text);
        return;
    }
    GByteArray *octets = content(part);
    char *mime = g_mime_content_type_get_mime_type(type);
    list_part(r, name, mime, octets ? octets->len : 0);
    g_free(mime);
    if (octets)
        g_byte_array_free(octets, TRUE);
}

static void take_object(struct reading_parts *r, GMimeObject *object, int depth)
{
    if (!object || depth > DEPTH_MAX || r->failed) {
        r->cut = r->cut || depth > DEPTH_MAX;
        return;
    }
    if (GMIME_IS_MULTIPART(object)) {
        GMimeMultipart *multipart = GMIME_MULTIPART(object);
        for (int i = 0; i < g_mime_multipart_get_count(multipart) && !r->failed; i++)
            take_object(r, g_mime_multipart_get_part(multipart, i), depth + 1);
    } else if (GMIME_IS_PART(object)) {
        take_part(r, GMIME_PART(object));
    } else {
        list_part(r, "", "message/rfc822", 0);
    }
}

static void take_message(struct reading_parts *r, const char *octets, size_t len)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(octets, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message)
        take_object(r, g_mime_message_get_mime_part(message), 0);
    if (message)
        g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
}

json_t *message_parse(const char *octets, size_t len)
{
    struct reading_parts r = {.parts = json_array()};
    struct bytes header = {0};
    bool done = r.parts && header_text(octets, len, &header, &r.cut);
    if (done)
        take_message(&r, octets, len);
    bool markup = r.plain.len == 0 && r.markup.len > 0;
    const struct bytes *body = markup ? &r.markup : &r.plain;
    json_t *json = NULL;
    if (done && !r.failed)
        json = json_pack("{s:s, s:s, s:b, s:b, s:O}", "header", header.data ? header.data : "",
                         "body", body->data ? body->data : "", "cut", r.cut, "markup", markup,
                         "parts", r.parts);
    json_decref(r.parts);
    bytes_free(&header);
    bytes_free(&r.plain);
    bytes_free(&r.markup);
    return json;
}

/* --- taking it back --------------------------------------------------------------------------*/

/* Control characters but line feeds and tabs become blanks; carriage returns go; more than two
   line ends in a row become two. False: out of memory. */
static bool tidy_text(const char *text, struct bytes *out)
{
    unsigned feeds = 2;
    for (const char *c = text; *c; c++) {
        if (*c == '\r')
            continue;
        feeds = *c == '\n' ? feeds + 1 : *c == ' ' || *c == '\t' ? feeds : 0;
        if (*c == '\n' && feeds > 2)
            continue;
        bool control = ((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f;
        if (!bytes_append(out, control ? " " : c, 1))
            return false;
    }
    while (out->len && strchr(" \t\n", out->data[out->len - 1]))
        out->data[--out->len] = '\0';
    return true;
}

static bool take_text(const json_t *json, const char *key, char **text)
{
    struct bytes out = {0};
    const char *value = json_string_value(json_object_get(json, key));
    bool done = tidy_text(value ? value : "", &out) && (*text = bytes_steal(&out)) != NULL;
    bytes_free(&out);
    return done;
}

static bool take_parts(const json_t *list, struct message_text *out)
{
    size_t count = json_array_size(list);
    count = count < TEXT_PARTS_MAX ? count : TEXT_PARTS_MAX;
    out->parts = calloc(count ? count : 1, sizeof *out->parts);
    if (!out->parts)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *part = json_array_get(list, i);
        struct message_part *p = &out->parts[out->part_count++];
        json_int_t size = json_integer_value(json_object_get(part, "size"));
        p->size = size > 0 ? (uint64_t)size : 0;
        if (!take_text(part, "name", &p->name) || !take_text(part, "type", &p->type))
            return false;
    }
    return true;
}

bool message_text_from_json(const json_t *json, struct message_text *out)
{
    out->cut = json_is_true(json_object_get(json, "cut"));
    out->from_markup = json_is_true(json_object_get(json, "markup"));
    out->read = take_text(json, "header", &out->header) && take_text(json, "body", &out->body) &&
                take_parts(json_object_get(json, "parts"), out);
    return out->read;
}
