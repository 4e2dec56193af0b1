/*
 * fields - the header fields of a message, in order, and the envelope (policy/message.h)
 *
 * The list keeps what the milter protocol delivered, octet for octet, so that the header can
 * be written again as it stood on the wire and DKIM signatures still verify.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/message.h"

static bool make_room(struct fields *f)
{
    if (f->count < f->room)
        return true;
    size_t room = f->room ? f->room * 2 : 32;
    if (room > SIZE_MAX / sizeof *f->items)
        return false;
    struct field *grown = realloc(f->items, room * sizeof *grown);
    if (!grown)
        return false;
    f->items = grown;
    f->room = room;
    return true;
}

bool fields_insert(struct fields *f, size_t at, const char *name, const char *value)
{
    if (!make_room(f))
        return false;
    struct field copy = {.name = strdup(name), .value = strdup(value)};
    if (!copy.name || !copy.value) {
        free(copy.name);
        free(copy.value);
        return false;
    }
    if (at > f->count)
        at = f->count;
    memmove(f->items + at + 1, f->items + at, (f->count - at) * sizeof *f->items);
    f->items[at] = copy;
    f->count++;
    f->octets += strlen(name) + strlen(value);
    return true;
}

bool fields_add(struct fields *f, const char *name, const char *value)
{
    return fields_insert(f, f->count, name, value);
}

bool fields_set(struct fields *f, size_t at, const char *value)
{
    char *copy = strdup(value);
    if (!copy)
        return false;
    f->octets += strlen(value);
    f->octets -= strlen(f->items[at].value);
    free(f->items[at].value);
    f->items[at].value = copy;
    return true;
}

void fields_remove(struct fields *f, size_t at)
{
    struct field *gone = f->items + at;
    f->octets -= strlen(gone->name) + strlen(gone->value);
    free(gone->name);
    free(gone->value);
    f->count--;
    memmove(gone, gone + 1, (f->count - at) * sizeof *gone);
}

bool fields_copy(const struct fields *from, struct fields *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (!fields_add(to, from->items[i].name, from->items[i].value))
            return false;
    return true;
}

void fields_free(struct fields *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].name);
        free(f->items[i].value);
    }
    free(f->items);
    *f = (struct fields){0};
}

size_t fields_find(const struct fields *f, const char *name, unsigned instance)
{
    unsigned seen = 0;
    for (size_t i = 0; i < f->count; i++)
        if (strcasecmp(f->items[i].name, name) == 0 && ++seen == instance)
            return i;
    return f->count;
}

size_t fields_count(const struct fields *f, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++)
        count += strcasecmp(f->items[i].name, name) == 0;
    return count;
}

/* Append a value with each bare LF made CRLF. */
static bool render_value(const char *value, struct bytes *out)
{
    const char *from = value;
    for (const char *lf; (lf = strchr(from, '\n')); from = lf + 1) {
        size_t len = (size_t)(lf - from);
        if (len && from[len - 1] == '\r')
            len--;
        if (!bytes_append(out, from, len) || !bytes_append(out, "\r\n", 2))
            return false;
    }
    return bytes_puts(out, from);
}

bool fields_render(const struct fields *f, struct bytes *out)
{
    /* reserved at once: a header of many lines should not grow its buffer many times */
    if (f->count > SIZE_MAX / 4 || !bytes_reserve(out, f->octets + f->count * 4))
        return false;
    for (size_t i = 0; i < f->count; i++)
        if (!bytes_puts(out, f->items[i].name) || !bytes_append(out, ":", 1) ||
            !render_value(f->items[i].value, out) || !bytes_append(out, "\r\n", 2))
            return false;
    return bytes_append(out, "\r\n", 2);
}

/* The length of the field name that begins a line (RFC 5322, 2.2: printable ASCII without the
   colon), with *colon after optional blanks (4.5.8, obsolete); 0: the line is no field. */
static size_t field_name(const char *line, size_t len, size_t *colon)
{
    size_t n = 0;
    while (n < len && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
        n++;
    size_t at = n;
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    *colon = at;
    return at < len && line[at] == ':' ? n : 0;
}

/* A field that came as lines [name:value] of a stored message: CRLF becomes LF as in the milter
   protocol, and a NUL, which no C string can hold, becomes a blank. */
static bool add_stored(struct fields *f, const char *line, size_t len)
{
    size_t colon, n = field_name(line, len, &colon);
    if (!n)
        return true;
    struct bytes name = {0}, value = {0};
    bool done = bytes_append(&name, line, n) && bytes_reserve(&value, len - colon);
    for (size_t i = colon + 1; done && i < len; i++) {
        char c = line[i] ? line[i] : ' ';
        if (c != '\r' || i + 1 >= len || line[i + 1] != '\n')
            done = bytes_append(&value, &c, 1);
    }
    done = done && fields_add(f, name.data, value.data);
    bytes_free(&name);
    bytes_free(&value);
    return done;
}

/* The end of the line that begins at `at`, without its CR or LF; *next is where the next one
   begins. */
static size_t line_end(const char *text, size_t len, size_t at, size_t *next)
{
    const char *lf = memchr(text + at, '\n', len - at);
    size_t end = lf ? (size_t)(lf - text) : len;
    *next = lf ? end + 1 : len;
    return lf && end > at && text[end - 1] == '\r' ? end - 1 : end;
}

bool fields_parse(const char *message, size_t len, struct fields *f, size_t *body)
{
    size_t at = 0;
    while (at < len) {
        size_t next, end = line_end(message, len, at, &next);
        if (end == at) {
            at = next;
            break;
        }
        while (next < len && (message[next] == ' ' || message[next] == '\t'))
            end = line_end(message, len, next, &next);
        if (!add_stored(f, message + at, end - at))
            return false;
        at = next;
    }
    *body = at;
    return true;
}

void envelope_free(struct envelope *e)
{
    free(e->queue_id);
    free(e->sender);
    strings_free(&e->recipients);
    free(e->login);
    free(e->client_address);
    free(e->client_name);
    free(e->helo);
    free(e->tls_version);
    *e = (struct envelope){0};
}

char *envelope_address(const char *argument)
{
    size_t begin = strspn(argument, " \t"), end = strlen(argument);
    while (end > begin && strchr(" \t\r\n", argument[end - 1]))
        end--;
    if (end > begin && argument[begin] == '<') {
        begin++;
        end -= end > begin && argument[end - 1] == '>';
    }
    /* RFC 5321, 4.1.1.3: a source route is to be ignored */
    if (begin < end && argument[begin] == '@') {
        const char *colon = memchr(argument + begin, ':', end - begin);
        if (colon)
            begin = (size_t)(colon - argument) + 1;
    }
    return strndup(argument + begin, end - begin);
}
