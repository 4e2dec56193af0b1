/*
 * mail - a whole message in memory, taken apart
 *
 * GMime's tree is walked once, with a stack of its own bounded by MAIL_DEPTH_MAX, into a flat
 * list; what is inside a returned message is marked, since its words are not the sender's.
 */
#include "policy/mail.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/mail_tame.h"
#include "policy/text.h"

void mail_free(struct mail *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->parts[i].type);
        free(m->parts[i].name);
        fields_free(&m->parts[i].inner);
    }
    free(m->parts);
    if (m->message)
        g_object_unref(m->message);
    fields_free(&m->header);
    reading_free(&m->reading);
    *m = (struct mail){0};
}

/* --- one part --------------------------------------------------------------------------------*/

/* "C:\dir\file.pdf" and "../file.pdf" are "file.pdf". */
static char *base_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((*c == '/' || *c == '\\') && c[1])
            name = c + 1;
    return text_clean(name);
}

static char *type_of(GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    char *mime = type ? g_mime_content_type_get_mime_type(type) : g_strdup("text/plain");
    char *lower = g_ascii_strdown(mime, -1);
    char *clean = text_clean(lower);
    g_free(mime);
    g_free(lower);
    return clean;
}

static bool take_name(GMimeObject *object, struct mail_part *p)
{
    const char *name = GMIME_IS_PART(object)
                           ? g_mime_part_get_filename(GMIME_PART(object))
                           : g_mime_object_get_content_type_parameter(object, "name");
    const char *disposition = g_mime_object_get_disposition(object);
    p->attachment = disposition && strcasecmp(disposition, "attachment") == 0;
    p->name = base_name(name ? name : "");
    return p->name != NULL;
}

/* The header of a message inside the message. */
static bool take_inner(GMimeMessage *inner, struct fields *f)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(inner));
    int count = g_mime_header_list_get_count(list);
    bool done = true;
    for (int i = 0; done && i < count; i++) {
        GMimeHeader *h = g_mime_header_list_get_header_at(list, i);
        const char *value = g_mime_header_get_raw_value(h);
        done = fields_add(f, g_mime_header_get_name(h), value ? value : "");
    }
    /* Content fields belong to its root part. */
    GMimeObject *root = g_mime_message_get_mime_part(inner);
    list = root ? g_mime_object_get_header_list(root) : NULL;
    count = list ? g_mime_header_list_get_count(list) : 0;
    for (int i = 0; done && i < count; i++) {
        GMimeHeader *h = g_mime_header_list_get_header_at(list, i);
        const char *value = g_mime_header_get_raw_value(h);
        if (fields_count(f, g_mime_header_get_name(h)) == 0)
            done = fields_add(f, g_mime_header_get_name(h), value ? value : "");
    }
    return done;
}

/* NULL: out of memory; the part is in the list all the same. */
static struct mail_part *add_part(struct mail *m, GMimeObject *object, size_t parent,
                                  unsigned depth)
{
    struct mail_part *p = &m->parts[m->count++];
    const struct mail_part *around = &m->parts[parent];
    *p = (struct mail_part){.object = object, .parent = parent, .depth = depth};
    p->returned = p != around && (around->returned || around->form == PART_MESSAGE);
    p->form = GMIME_IS_MULTIPART(object)      ? PART_MULTIPART
              : GMIME_IS_MESSAGE_PART(object) ? PART_MESSAGE
                                              : PART_LEAF;
    p->type = type_of(object);
    return p->type && take_name(object, p) ? p : NULL;
}

/* --- the tree --------------------------------------------------------------------------------*/

struct level {
    GMimeObject *multipart; /* the parts of this one are walked */
    size_t at;              /* its position in the list */
    int next;
};

/* Enter what a part holds: the levels that are now open. */
static bool open_part(struct mail *m, size_t at, struct level *levels, size_t *open)
{
    struct mail_part *p = &m->parts[at];
    if (p->form == PART_MULTIPART) {
        levels[(*open)++] = (struct level){p->object, at, 0};
    } else if (p->form == PART_MESSAGE) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(p->object));
        if (inner && !take_inner(inner, &p->inner))
            return false;
        levels[(*open)++] = (struct level){p->object, at, 0};
    } else if (strcmp(p->type, "text/rfc822-headers") == 0 ||
               strcmp(p->type, "message/global-headers") == 0) {
        struct bytes text = {0};
        size_t body;
        bool done = mail_text(m, at, &text) &&
                    fields_parse(text.data ? text.data : "", text.len, &p->inner, &body);
        bytes_free(&text);
        return done;
    }
    return true;
}

/* The next object of a level; NULL: there is none left. */
static GMimeObject *next_of(struct level *l)
{
    if (GMIME_IS_MULTIPART(l->multipart)) {
        GMimeMultipart *multipart = GMIME_MULTIPART(l->multipart);
        return l->next < g_mime_multipart_get_count(multipart)
                   ? g_mime_multipart_get_part(multipart, l->next++)
                   : NULL;
    }
    GMimeMessage *inner =
        l->next++ == 0 ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(l->multipart)) : NULL;
    return inner ? g_mime_message_get_mime_part(inner) : NULL;
}

static bool list_parts(struct mail *m, GMimeObject *root)
{
    struct level levels[MAIL_DEPTH_MAX + 1];
    size_t open = 0;
    if (!add_part(m, root, 0, 0) || !open_part(m, 0, levels, &open))
        return false;
    while (open) {
        struct level *l = &levels[open - 1];
        GMimeObject *object = next_of(l);
        if (!object) {
            open--;
            continue;
        }
        if (m->count == MAIL_PARTS_MAX) {
            m->cut = true;
            break;
        }
        size_t at = m->count;
        if (!add_part(m, object, l->at, (unsigned)open))
            return false;
        if (open == MAIL_DEPTH_MAX)
            m->cut = m->cut || m->parts[at].form != PART_LEAF;
        else if (!open_part(m, at, levels, &open))
            return false;
    }
    return true;
}

/* --- the message -----------------------------------------------------------------------------*/

static GMimeStream *stream_of(const char *octets, const struct ranges *r)
{
    if (r->count == 1)
        return g_mime_stream_mem_new_with_buffer(octets + r->items[0].begin,
                                                 r->items[0].end - r->items[0].begin);
    GMimeStream *all = g_mime_stream_cat_new();
    for (size_t i = 0; i < r->count; i++) {
        GMimeStream *one = g_mime_stream_mem_new_with_buffer(octets + r->items[i].begin,
                                                             r->items[i].end - r->items[i].begin);
        g_mime_stream_cat_add_source(GMIME_STREAM_CAT(all), one);
        g_object_unref(one);
    }
    return all;
}

static bool take_structure(struct mail *m, const struct ranges *r)
{
    GMimeStream *stream = stream_of(m->octets, r);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    m->message = message;
    GMimeObject *root = message ? g_mime_message_get_mime_part(message) : NULL;
    if (!root)
        return true;
    m->parts = calloc(MAIL_PARTS_MAX, sizeof *m->parts);
    return m->parts && list_parts(m, root);
}

/* The header, out of the octets that are let through. */
static bool take_header(struct mail *m, const struct ranges *r)
{
    struct bytes kept = {0};
    bool done = true;
    size_t body;
    for (size_t i = 0; done && i < r->count && kept.len < 2 * FIELD_MAX * 16; i++) {
        size_t len = r->items[i].end - r->items[i].begin;
        bool last = r->items[i].end >= m->body;
        if (last)
            len = m->body > r->items[i].begin ? m->body - r->items[i].begin : 0;
        done = bytes_append(&kept, m->octets + r->items[i].begin, len);
        if (last)
            break;
    }
    done = done && fields_parse(kept.data ? kept.data : "", kept.len, &m->header, &body) &&
           reading_take(&m->header, &m->reading);
    bytes_free(&kept);
    return done;
}

/* Behind the first empty line. */
static size_t find_body(const char *octets, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *lf = memchr(octets + at, '\n', len - at);
        if (!lf)
            break;
        size_t next = (size_t)(lf - octets) + 1;
        if (next - at == 1 || (next - at == 2 && octets[at] == '\r'))
            return next;
        at = next;
    }
    return len;
}

bool mail_parse(const char *octets, size_t len, struct mail *m)
{
    struct ranges r = {0};
    m->octets = octets;
    m->len = len;
    m->body = find_body(octets, len);
    bool done = mail_tame(octets, len, &r);
    m->cut = done && len > 0 && (r.count != 1 || r.items[0].begin != 0 || r.items[0].end != len);
    done = done && take_header(m, &r) && take_structure(m, &r);
    ranges_free(&r);
    return done;
}
