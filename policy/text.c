/*
 * text - foreign octets made into text that can be shown, logged and compared
 *
 * GMime knows RFC 2047, GLib knows Unicode; this file bounds what they are given and cleans
 * what they give back (an encoded word may decode to anything, line ends included, and those
 * must not reach a log line or a header of ours).
 */
#include "policy/text.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/message.h"

char *text_from_glib(char *glib_string)
{
    if (!glib_string)
        return NULL;
    char *copy = strdup(glib_string);
    g_free(glib_string);
    return copy;
}

bool text_has_control(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

size_t text_obeyed(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
        return 2;
    bool turns = c[0] == 0xe2 && ((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
                                  (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
    return turns ? 3 : 0;
}

/* C0 controls, DEL and C1 controls become blanks, in place; controls of direction U+FFFD. */
static void blank_controls(char *text)
{
    for (char *p = text; *p; p++) {
        size_t wide = text_obeyed(p);
        if (wide) {
            memcpy(p, wide == 3 ? "\xef\xbf\xbd" : "  ", wide);
            p += wide - 1;
        } else if ((unsigned char)*p < ' ' || *p == 0x7f) {
            *p = ' ';
        }
    }
}

static void trim(char *text)
{
    size_t begin = strspn(text, " ");
    size_t len = strlen(text);
    while (len > begin && text[len - 1] == ' ')
        len--;
    memmove(text, text + begin, len - begin);
    text[len - begin] = '\0';
}

/* Valid UTF-8 of at most FIELD_MAX octets of the value, unfolded: the line end of a fold goes,
   the blank after it stays. GLib's memory. */
static char *unfold(const char *value)
{
    size_t len = strnlen(value, FIELD_MAX);
    char *copy = g_strndup(value, len);
    char *to = copy;
    for (const char *from = copy; *from; from++)
        if (!(*from == '\n' || (*from == '\r' && from[1] == '\n')))
            *to++ = *from;
        else if (*from == '\n' && from[1] && from[1] != ' ' && from[1] != '\t')
            *to++ = ' ';
    *to = '\0';
    char *valid = g_utf8_make_valid(copy, -1);
    g_free(copy);
    return valid;
}

char *text_clean(const char *value)
{
    char *text = unfold(value);
    blank_controls(text);
    trim(text);
    return text_from_glib(text);
}

char *text_decode(const char *value)
{
    char *text = unfold(value);
    if (strstr(text, "=?")) {
        char *decoded = g_mime_utils_header_decode_text(NULL, text);
        g_free(text);
        text = g_utf8_make_valid(decoded ? decoded : "", -1);
        g_free(decoded);
    }
    blank_controls(text);
    trim(text);
    return text_from_glib(text);
}

/* White space runs to one blank, none at either end, in place. Valid UTF-8. */
static void collapse(char *text)
{
    char *to = text;
    bool blank = false;
    for (const char *from = text; *from;) {
        const char *next = g_utf8_next_char(from);
        if (g_unichar_isspace(g_utf8_get_char(from))) {
            blank = to != text;
        } else {
            if (blank)
                *to++ = ' ';
            blank = false;
            memmove(to, from, (size_t)(next - from));
            to += next - from;
        }
        from = next;
    }
    *to = '\0';
}

char *text_fold(const char *text)
{
    size_t len = strnlen(text, TEXT_FOLD_MAX);
    char *valid = g_utf8_make_valid(text, (gssize)len);
    char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    char *folded = g_utf8_casefold(composed ? composed : "", -1);
    char *again = g_utf8_normalize(folded, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    g_free(valid);
    g_free(composed);
    g_free(folded);
    if (!again)
        again = g_strdup("");
    collapse(again);
    return text_from_glib(again);
}
