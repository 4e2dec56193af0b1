/*
 * bytes - owned, growing byte strings and lists of C strings
 *
 * Synopsis
 *      struct bytes b = {0};
 *      if (!bytes_append(&b, data, len) || !bytes_printf(&b, "%u", n)) ...out of memory...
 *      bytes_free(&b);
 *
 *      struct strings s = {0};
 *      if (!strings_add(&s, "a@b.example")) ...out of memory...
 *      strings_free(&s);
 *
 * Convention, here and in the rest of policy/: a function that can run out of memory returns
 * false and leaves its output valid (unchanged or partly grown), so that the usual *_free()
 * always works. A zeroed structure is an empty one. *_free() leaves a zeroed structure.
 */
#ifndef TEMOIN_POLICY_BYTES_H
#define TEMOIN_POLICY_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    char *data; /* NUL-terminated when not NULL; the NUL is not counted in len */
    size_t len;
    size_t room;
};

/* Append `len` octets, which may hold NUL. False: out of memory. */
bool bytes_append(struct bytes *b, const void *data, size_t len);

/* Append a C string. NULL appends nothing. False: out of memory. */
bool bytes_puts(struct bytes *b, const char *text);

/* Append formatted text. False: out of memory or an encoding error. */
bool bytes_printf(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Make room for `more` further octets without changing the contents. False: out of memory. */
bool bytes_reserve(struct bytes *b, size_t more);

/* The contents as a malloc'd C string, which the caller owns; `b` is empty afterwards.
   An empty buffer gives "". NULL: out of memory. */
char *bytes_steal(struct bytes *b);

void bytes_free(struct bytes *b);

struct strings {
    char **items; /* each malloc'd */
    size_t count;
    size_t room;
};

/* Append a copy. False: out of memory. */
bool strings_add(struct strings *s, const char *text);
bool strings_add_n(struct strings *s, const char *text, size_t len);

/* Append a copy unless an equal one (strcmp) is there. False: out of memory. */
bool strings_add_unique(struct strings *s, const char *text);

/* Append copies of all of `from`. False: out of memory. */
bool strings_add_all(struct strings *s, const struct strings *from);

/* Byte equality / ASCII case-insensitive equality. */
bool strings_contain(const struct strings *s, const char *text);
bool strings_contain_nocase(const struct strings *s, const char *text);

/* Sort bytewise (strcmp). */
void strings_sort(struct strings *s);

void strings_free(struct strings *s);

#endif
