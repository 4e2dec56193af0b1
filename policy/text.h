/*
 * text - foreign octets made into text that can be shown, logged and compared
 *
 * Synopsis
 *      char *subject = text_decode(field_value);
 *      char *key = text_fold(subject);
 *
 * Whatever comes in, valid UTF-8 without control characters comes out: what is no UTF-8 becomes
 * U+FFFD (no charset is guessed), as does what turns the direction of writing; a control character
 * or fold becomes a blank. Limits: the
 * first FIELD_MAX octets of a value are read (GLib aborts when memory runs out, so it is never
 * given more), the first TEXT_FOLD_MAX for comparing. g_mime_init() must have been called.
 */
#ifndef TEMOIN_POLICY_TEXT_H
#define TEMOIN_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Normalising sorts runs of combining marks in quadratic time: so not on 64 kB. */
enum { TEXT_FOLD_MAX = 2048 };

/* A field's value, unfolded (RFC 5322, 2.2.3) and trimmed; malloc'd. NULL: out of memory. */
char *text_clean(const char *value);

/* The same with encoded words decoded (RFC 2047); malloc'd. NULL: out of memory. */
char *text_decode(const char *value);

/* For comparing valid UTF-8: Unicode NFC, case folded, runs of white space (no-break spaces
   too, which French puts before a colon) made one blank, trimmed; malloc'd.
   NULL: out of memory. */
char *text_fold(const char *text);

/* The octets of the character that `text` begins with, when it is one that a terminal or a page
   obeys instead of showing it: C1 controls (U+0080 to U+009F), and what turns the direction of
   writing (U+202A to U+202E, U+2066 to U+2069), which makes "fdp.exe" of "exe.pdf"; 0: it is none.
 */
size_t text_obeyed(const char *text);

/* Do the first `len` octets hold a NUL or a control character other than a tab? */
bool text_has_control(const char *data, size_t len);

/* A copy of GLib's string on the C heap; GLib's is freed. NULL gives NULL. */
char *text_from_glib(char *glib_string);

#endif
