/*
 * message_text - header, text and attachments of a message, for people to look at
 *
 * Runs confined (reader_confine.c): whatever a library does wrong on hostile octets ends with the
 * process. What a report says of itself is shown behind the text; messages inside a message are
 * listed, not opened.
 */
#include <stdlib.h>
#include <string.h>

#include "db/message_text.h"
#include "policy/mail.h"
#include "policy/text.h"

/* --- parsing ---------------------------------------------------------------------------------*/

static bool header_text(const struct fields *f, struct bytes *out, bool *cut)
{
    bool done = true;
    for (size_t i = 0; done && i < f->count; i++) {
        char *value = text_decode(f->items[i].value);
        char *name = text_clean(f->items[i].name);
        done = value && name;
        if (done && out->len + strlen(name) + strlen(value) > TEXT_HEADER_MAX)
            *cut = true;
        else if (done)
            done = bytes_printf(out, "%s: %s\n", name, value);
        free(name);
        free(value);
    }
    return done;
}

static bool is_report(const struct mail *m, size_t part)
{
    static const char *const types[] = {"message/delivery-status", "message/global-delivery-status",
                                        "message/disposition-notification",
                                        "message/global-disposition-notification",
                                        "text/rfc822-headers"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (mail_is(m, part, types[i]))
            return true;
    return false;
}

static bool count_octets(const void *data, size_t len, void *context)
{
    size_t *size = context;
    (void)data;
    *size += len;
    return true;
}

static bool list_part(const struct mail *m, size_t part, json_t *list, bool *cut)
{
    const struct mail_part *p = &m->parts[part];
    size_t size = 0;
    if (json_array_size(list) >= TEXT_PARTS_MAX) {
        *cut = true;
        return true;
    }
    if (p->form == PART_LEAF)
        mail_content(m, part, count_octets, &size);
    return json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", p->name, "type",
                                                 p->type, "size", (json_int_t)size)) == 0;
}

/* Reports behind the text, everything else that is no text of the message in the list. */
static bool take_parts(const struct mail *m, struct bytes *body, json_t *list, bool *cut)
{
    bool done = true;
    for (size_t i = 0; done && i < m->count; i++) {
        const struct mail_part *p = &m->parts[i];
        bool shown = !p->attachment && !*p->name;
        if (p->returned || p->form == PART_MULTIPART)
            continue;
        if (shown && is_report(m, i))
            done = (body->len == 0 || bytes_puts(body, "\n")) && mail_text(m, i, body);
        else if (!shown || p->form == PART_MESSAGE ||
                 (!mail_is(m, i, "text/plain") && !mail_is(m, i, "text/html")))
            done = list_part(m, i, list, cut);
    }
    return done;
}

/* At most what is shown, not cutting a character in two. */
static void shorten(struct bytes *body, bool *cut)
{
    if (body->len <= TEXT_BODY_MAX)
        return;
    size_t len = TEXT_BODY_MAX;
    while (len && ((unsigned char)body->data[len] & 0xc0) == 0x80)
        len--;
    body->data[len] = '\0';
    body->len = len;
    *cut = true;
}

json_t *message_parse(const char *octets, size_t len)
{
    struct mail m = {0};
    struct bytes header = {0}, body = {0};
    bool markup = false;
    json_t *list = json_array(), *json = NULL;
    bool done = list && mail_parse(octets, len, &m);
    bool cut = m.cut;
    done = done && header_text(&m.header, &header, &cut) && mail_body(&m, &body, &markup) &&
           take_parts(&m, &body, list, &cut);
    if (done) {
        shorten(&body, &cut);
        json =
            json_pack("{s:s, s:s, s:b, s:b, s:O}", "header", header.data ? header.data : "", "body",
                      body.data ? body.data : "", "cut", cut, "markup", markup, "parts", list);
    }
    json_decref(list);
    bytes_free(&header);
    bytes_free(&body);
    mail_free(&m);
    return json;
}

/* --- taking it back --------------------------------------------------------------------------*/

void message_text_free(struct message_text *t)
{
    for (size_t i = 0; i < t->part_count; i++) {
        free(t->parts[i].name);
        free(t->parts[i].type);
    }
    free(t->parts);
    free(t->header);
    free(t->body);
    *t = (struct message_text){0};
}

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
        size_t wide = text_obeyed(c);
        if (wide) {
            c += wide - 1;
            if (!bytes_puts(out, wide == 3 ? "\xef\xbf\xbd" : " "))
                return false;
            continue;
        }
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

static bool parts_from_json(const json_t *list, struct message_text *out)
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
                parts_from_json(json_object_get(json, "parts"), out);
    return out->read;
}
