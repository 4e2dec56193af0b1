/*
 * reply_text_lines - the lines of a body, each with its quotes counted and a key to compare it by
 */
#include "policy/reply_text_lines.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* --- keys ------------------------------------------------------------------------------------*/

/* The letters of U+00C0 to U+017F without accent; '\0': see below. */
static const char latin[] = "aaaaaa\0ceeeeiiiidnooooo*ouuuuy\0\0"
                            "aaaaaa\0ceeeeiiiidnooooo/ouuuuy\0y"
                            "aaaaaaccccccccddddeeeeeeeeeegggg"
                            "gggghhhhiiiiiiiiii\0\0jjkkklllllll"
                            "lllnnnnnnnnnoooooo\0\0rrrrrrssssss"
                            "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof latin == 0x180 - 0xc0 + 1, "one for each letter");

static const char *ligature(gunichar c)
{
    switch (c) {
    case 0xc6:
    case 0xe6:
        return "ae";
    case 0xdf:
        return "ss";
    case 0xde:
    case 0xfe:
        return "th";
    case 0x132:
    case 0x133:
        return "ij";
    case 0x152:
    case 0x153:
        return "oe";
    default:
        return NULL;
    }
}

/* Blanks, dashes, apostrophes and quotation marks each in one form; "" for what is not seen. */
static const char *plain_mark(gunichar c)
{
    if (c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000)
        return " ";
    if (c < 0xa0 || c == 0xad || (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) ||
        (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || c == 0xfe0f)
        return "";
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212)
        return "-";
    if (c == 0x2018 || c == 0x2019 || c == 0x2bc || c == 0xb4)
        return "'";
    if (c == 0xab || c == 0xbb || (c >= 0x201c && c <= 0x201e))
        return "\"";
    return c == 0xff1a ? ":" : NULL;
}

/* One character as it stands in a key, at most as long as it was; `own` holds it when need be. */
static const char *key_of(gunichar c, char own[8], size_t was)
{
    own[1] = '\0';
    if (c < 0x80) {
        own[0] = c == '*' || (c < ' ' && c != '\t') || c == 0x7f ? '\0' : g_ascii_tolower((char)c);
        return c == '\t' ? " " : own;
    }
    const char *known = plain_mark(c);
    if (!known && c >= 0xc0 && c < 0x180) {
        own[0] = latin[c - 0xc0];
        known = own[0] ? own : ligature(c);
    }
    if (known)
        return known;
    gunichar lower = g_unichar_tolower(c);
    int len = g_unichar_to_utf8(lower, own);
    if ((size_t)len > was)
        len = g_unichar_to_utf8(c, own);
    own[len] = '\0';
    return own;
}

size_t key_make(const char *text, size_t len, char *key)
{
    size_t n = 0;
    bool blank = false;
    for (size_t at = 0; at < len;) {
        gunichar c = g_utf8_get_char_validated(text + at, (gssize)(len - at));
        bool valid = c < 0x110000;
        size_t was = valid ? (size_t)g_unichar_to_utf8(c, NULL) : 1;
        char own[8];
        const char *as = valid ? key_of(c, own, was) : "";
        at += was;
        if (*as == ' ') {
            blank = n > 0;
            continue;
        }
        size_t more = strlen(as);
        if (!more)
            continue;
        if (n + 1 + more > REPLY_KEY_MAX)
            break;
        if (blank && *as != ':')
            key[n++] = ' ';
        blank = false;
        memcpy(key + n, as, more);
        n += more;
    }
    key[n] = '\0';
    return n;
}

size_t key_begins(const char *key, const char *const *phrases)
{
    size_t longest = 0;
    for (; *phrases; phrases++) {
        size_t len = strlen(*phrases);
        if (**phrases == *key && len > longest && strncmp(key, *phrases, len) == 0)
            longest = len;
    }
    return longest;
}

bool key_has(const char *key, const char *const *phrases)
{
    for (; *phrases; phrases++)
        if (strstr(key, *phrases))
            return true;
    return false;
}

bool key_is(const char *key, const char *const *phrases)
{
    size_t len = key_begins(key, phrases);
    return len && key[len + strspn(key + len, " .,;:!")] == '\0';
}

size_t key_words(const char *key)
{
    size_t words = *key != '\0';
    for (; *key; key++)
        words += *key == ' ';
    return words;
}

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

bool key_has_time(const char *key)
{
    for (const char *s = key; *s;) {
        size_t n = digits(s);
        if ((n == 1 || n == 2) && s[n] && strchr(":h.", s[n]) && digits(s + n + 1) == 2 &&
            (s[n] != '.' || s[n + 3] != '.'))
            return true;
        s += n ? n : 1;
    }
    return false;
}

bool key_has_date(const char *key)
{
    for (const char *s = key; *s;) {
        size_t n = digits(s);
        if (n == 4 && (strncmp(s, "19", 2) == 0 || strncmp(s, "20", 2) == 0))
            return true;
        if ((n == 1 || n == 2) && s[n] && strchr("/.-", s[n])) {
            const char *month = s + n + 1;
            size_t m = digits(month);
            if ((m == 1 || m == 2) && month[m] == s[n] && digits(month + m + 1) >= 2)
                return true;
        }
        s += n ? n : 1;
    }
    return false;
}

/* --- lines -----------------------------------------------------------------------------------*/

/* ">" at the beginning, after a blank, or after initials ("JM> "), as often as it comes. */
static void take_marks(struct reply_line *line)
{
    size_t at = 0;
    size_t initials = 0;
    while (initials < line->len && initials < 4 && g_ascii_isupper(line->text[initials]))
        initials++;
    if (initials && initials < line->len && line->text[initials] == '>')
        at = initials;
    while (line->depth < REPLY_DEPTH_MAX) {
        size_t mark = at + (at < line->len && line->text[at] == ' ');
        if (mark >= line->len || line->text[mark] != '>')
            break;
        line->depth++;
        at = mark + 1;
    }
    if (line->depth && at < line->len && line->text[at] == ' ')
        at++;
    line->text += at;
    line->len -= at;
}

static void trim(struct reply_line *line)
{
    while (line->len && strchr(" \t\r", line->text[line->len - 1]))
        line->len--;
}

static bool grow(struct reply_lines *l, size_t *room)
{
    if (l->count < *room)
        return true;
    size_t more = *room ? *room * 2 : 64;
    struct reply_line *grown = realloc(l->items, more * sizeof *grown);
    if (!grown)
        return false;
    l->items = grown;
    *room = more;
    return true;
}

/* A key is at most as long as its line, and one NUL. */
bool reply_lines_split(const char *body, size_t len, struct reply_lines *l)
{
    size_t room = 0, keys = 0;
    len = len < REPLY_BODY_MAX ? len : REPLY_BODY_MAX;
    l->keys = malloc(2 * len + 2);
    if (!l->keys)
        return false;
    for (size_t at = 0; at < len && l->count < REPLY_LINES_MAX;) {
        const char *lf = memchr(body + at, '\n', len - at);
        size_t end = lf ? (size_t)(lf - body) : len;
        if (!grow(l, &room))
            return false;
        struct reply_line *line = &l->items[l->count++];
        *line = (struct reply_line){.text = body + at, .len = end - at};
        take_marks(line);
        trim(line);
        char key[REPLY_KEY_MAX + 1];
        size_t n = key_make(line->text, line->len, key);
        memcpy(l->keys + keys, key, n + 1);
        line->key = l->keys + keys;
        line->empty = n == 0 && !memchr(line->text, '*', line->len);
        line->cut = line->len > REPLY_KEY_MAX;
        keys += n + 1;
        at = end + 1;
    }
    return true;
}

void reply_lines_free(struct reply_lines *l)
{
    free(l->items);
    free(l->keys);
    *l = (struct reply_lines){0};
}

size_t reply_lines_next(const struct reply_lines *l, size_t at)
{
    while (at < l->count && l->items[at].empty)
        at++;
    return at;
}

bool reply_line_is_rule(const struct reply_line *line, size_t least)
{
    size_t drawn = 0;
    for (size_t i = 0; i < line->len; i++) {
        if (!strchr("-_=~#* ", line->text[i]))
            return false;
        drawn += line->text[i] != ' ';
    }
    return drawn >= least;
}
