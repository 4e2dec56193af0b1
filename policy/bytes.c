/*
 * bytes - owned, growing byte strings and lists of C strings
 *
 * Growth doubles, sums are checked for overflow, and every buffer ends with a NUL that is not
 * counted, so that text can be handed to C functions as it is.
 */
#include "policy/bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SMALLEST_ROOM = 64 };

bool bytes_reserve(struct bytes *b, size_t more)
{
    if (more >= SIZE_MAX - b->len)
        return false;
    size_t need = b->len + more + 1;
    if (need <= b->room)
        return true;
    size_t room = b->room ? b->room : SMALLEST_ROOM;
    while (room < need)
        room = room > SIZE_MAX / 2 ? need : room * 2;
    char *grown = realloc(b->data, room);
    if (!grown)
        return false;
    b->data = grown;
    b->room = room;
    b->data[b->len] = '\0';
    return true;
}

bool bytes_append(struct bytes *b, const void *data, size_t len)
{
    if (!bytes_reserve(b, len))
        return false;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return true;
}

bool bytes_puts(struct bytes *b, const char *text)
{
    return text ? bytes_append(b, text, strlen(text)) : true;
}

bool bytes_printf(struct bytes *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    bool done = len >= 0 && bytes_reserve(b, (size_t)len);
    if (done) {
        vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
    return done;
}

char *bytes_steal(struct bytes *b)
{
    if (!bytes_reserve(b, 0))
        return NULL;
    char *text = b->data;
    *b = (struct bytes){0};
    return text;
}

void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

bool strings_add_n(struct strings *s, const char *text, size_t len)
{
    if (s->count == s->room) {
        size_t room = s->room ? s->room * 2 : 4;
        if (room > SIZE_MAX / sizeof *s->items)
            return false;
        char **grown = realloc(s->items, room * sizeof *grown);
        if (!grown)
            return false;
        s->items = grown;
        s->room = room;
    }
    char *copy = strndup(text, len);
    if (!copy)
        return false;
    s->items[s->count++] = copy;
    return true;
}

bool strings_add(struct strings *s, const char *text)
{
    return strings_add_n(s, text, strlen(text));
}

bool strings_contain(const struct strings *s, const char *text)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i], text) == 0)
            return true;
    return false;
}

bool strings_contain_nocase(const struct strings *s, const char *text)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcasecmp(s->items[i], text) == 0)
            return true;
    return false;
}

bool strings_add_unique(struct strings *s, const char *text)
{
    return strings_contain(s, text) || strings_add(s, text);
}

bool strings_add_all(struct strings *s, const struct strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (!strings_add(s, from->items[i]))
            return false;
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strings_sort(struct strings *s)
{
    if (s->count > 1)
        qsort(s->items, s->count, sizeof *s->items, compare);
}

void strings_free(struct strings *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->items[i]);
    free(s->items);
    *s = (struct strings){0};
}
