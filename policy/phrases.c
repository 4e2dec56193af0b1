/*
 * phrases - does a text say one of these things?
 *
 * The text is folded into words once; words with the same first octet are chained, so that a
 * phrase is only tried where its first word may stand.
 */
#include "policy/phrases.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { GAP_MAX = 4 };

/* --- the text --------------------------------------------------------------------------------*/

struct folding {
    struct phrases *p;
    size_t len;      /* of p->text */
    bool in_word;    /* the last word is open */
    bool empty_line; /* nothing but blanks since the last line end */
};

static void end_word(struct folding *f)
{
    if (f->in_word)
        f->p->text[f->len++] = '\0';
    f->in_word = false;
}

static bool begin_word(struct folding *f)
{
    if (f->in_word)
        return true;
    if (f->p->count == PHRASES_WORDS_MAX)
        return false;
    f->p->words[f->p->count++] = f->p->text + f->len;
    f->in_word = true;
    return true;
}

/* Punctuation that counts is a word of its own; the same twice in a row is one. */
static bool add_mark(struct folding *f, const char *mark)
{
    struct phrases *p = f->p;
    end_word(f);
    if (p->count && strcmp(p->words[p->count - 1], mark) == 0)
        return true;
    if (!begin_word(f))
        return false;
    f->p->text[f->len++] = *mark;
    end_word(f);
    return true;
}

/* A letter or digit; false: enough words. Room for three octets a character is there. */
static bool add_letter(struct folding *f, gunichar c)
{
    if (!begin_word(f))
        return false;
    gunichar lower = g_unichar_tolower(c);
    if (lower == 0x153) { /* œ */
        f->p->text[f->len++] = 'o';
        lower = 'e';
    }
    f->len += (size_t)g_unichar_to_utf8(lower, f->p->text + f->len);
    return true;
}

/* "23.11.2026", "09:12" and "12/2026" are one word. */
static bool joins_digits(const struct folding *f, gunichar c, const char *next)
{
    return f->in_word && c < 0x80 && strchr(".:/-,", (int)c) && g_ascii_isdigit(*next) &&
           g_ascii_isdigit(f->p->text[f->len - 1]);
}

/* "am 23. November": a number of one or two digits is no end of a sentence. */
static bool is_day(const struct folding *f)
{
    const char *word = f->in_word ? f->p->words[f->p->count - 1] : "";
    size_t len = f->in_word ? (size_t)(f->p->text + f->len - word) : 0;
    return len > 0 && len <= 2 && g_ascii_isdigit(*word);
}

static bool add_other(struct folding *f, gunichar c, const char *next)
{
    if (joins_digits(f, c, next)) {
        f->p->text[f->len++] = (char)c;
        return true;
    }
    bool ends = !*next || strchr(" \t\r\n\"')", *next) || (unsigned char)*next >= 0x80;
    bool again = f->empty_line, day = c == '.' && is_day(f);
    end_word(f);
    f->empty_line = c == '\n' || (again && (c == ' ' || c == '\t' || c == '\r'));
    if (c == '\n')
        return !again || add_mark(f, ".");
    if (c == ':' || c == '#')
        return add_mark(f, c == ':' ? ":" : "#");
    if (c == '!' || c == '?' || c == ';' || (c == '.' && ends && !day))
        return add_mark(f, ".");
    return true;
}

static void fold(struct folding *f, const char *decomposed)
{
    for (const char *at = decomposed; *at;) {
        gunichar c = g_utf8_get_char(at);
        at = g_utf8_next_char(at);
        GUnicodeType type = g_unichar_type(c);
        if (type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK ||
            type == G_UNICODE_FORMAT)
            continue;
        bool more;
        if (g_unichar_isalnum(c)) {
            f->empty_line = false;
            more = add_letter(f, c);
        } else {
            more = add_other(f, c, at);
        }
        if (!more)
            break;
    }
    end_word(f);
}

static void chain(struct phrases *p)
{
    for (size_t i = p->count; i-- > 0;) {
        unsigned char c = (unsigned char)*p->words[i];
        p->next[i] = p->first[c];
        p->first[c] = (unsigned short)(i + 1);
    }
}

bool phrases_take(const char *text, size_t len, struct phrases *p)
{
    if (len > PHRASES_OCTETS_MAX)
        len = PHRASES_OCTETS_MAX;
    char *valid = g_utf8_make_valid(text, (gssize)len);
    char *decomposed = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL);
    g_free(valid);
    size_t n = decomposed ? strlen(decomposed) : 0;
    /* a letter may grow when its case is folded, and each word has an end */
    p->text = malloc(3 * n + 2);
    p->words = calloc(PHRASES_WORDS_MAX, sizeof *p->words);
    p->next = calloc(PHRASES_WORDS_MAX, sizeof *p->next);
    bool done = p->text && p->words && p->next;
    if (done) {
        struct folding f = {.p = p};
        fold(&f, decomposed ? decomposed : "");
        chain(p);
    }
    g_free(decomposed);
    return done;
}

void phrases_free(struct phrases *p)
{
    free(p->text);
    free(p->words);
    free(p->next);
    *p = (struct phrases){0};
}

/* --- phrases ---------------------------------------------------------------------------------*/

/* Is the word one of "a|b*|9", an element of `len` octets? */
static bool fits(const char *word, const char *element, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *bar = memchr(element + at, '|', len - at);
        size_t n = bar ? (size_t)(bar - element) - at : len - at;
        const char *one = element + at;
        if (n == 1 && *one == '9' && g_ascii_isdigit(*word))
            return true;
        if (n > 1 && one[n - 1] == '*') {
            if (strncmp(word, one, n - 1) == 0)
                return true;
        } else if (strncmp(word, one, n) == 0 && word[n] == '\0') {
            return true;
        }
        at += n + 1;
    }
    return false;
}

static bool is_mark(const char *word)
{
    return *word == '.' || *word == ':';
}

/* Does the phrase stand at this word? Recursion is as deep as the phrase has gaps. */
static bool stands(const struct phrases *p, size_t word, const char *phrase)
{
    while (*phrase) {
        size_t len = strcspn(phrase, " ");
        const char *rest = phrase + len + (phrase[len] == ' ');
        if (len == 1 && *phrase == '~') {
            for (size_t gap = 0; gap <= GAP_MAX; gap++) {
                if (stands(p, word + gap, rest))
                    return true;
                if (word + gap >= p->count || is_mark(p->words[word + gap]))
                    return false;
            }
            return false;
        }
        if (len == 1 && *phrase == '$')
            return word >= p->count || is_mark(p->words[word]);
        if (word >= p->count || !fits(p->words[word], phrase, len))
            return false;
        word++;
        phrase = rest;
    }
    return true;
}

/* Wherever a word begins with this octet. */
static bool stands_behind(const struct phrases *p, unsigned char octet, const char *phrase)
{
    for (unsigned short at = p->first[octet]; at; at = p->next[at - 1])
        if (stands(p, at - 1u, phrase))
            return true;
    return false;
}

static bool says(const struct phrases *p, const char *phrase)
{
    size_t len = strcspn(phrase, " ");
    for (size_t at = 0; at < len;) {
        if (phrase[at] != '9' && stands_behind(p, (unsigned char)phrase[at], phrase))
            return true;
        for (unsigned char digit = '0'; phrase[at] == '9' && digit <= '9'; digit++)
            if (stands_behind(p, digit, phrase))
                return true;
        const char *bar = memchr(phrase + at, '|', len - at);
        at = bar ? (size_t)(bar - phrase) + 1 : len;
    }
    return false;
}

bool phrases_say(const struct phrases *p, const char *const *list)
{
    for (; *list; list++)
        if (says(p, *list))
            return true;
    return false;
}

size_t phrases_count(const struct phrases *p, const char *const *list)
{
    size_t count = 0;
    for (; *list; list++)
        count += says(p, *list);
    return count;
}

bool phrases_begin(const struct phrases *p, const char *const *list, size_t before)
{
    for (size_t at = 0; at < p->count && at <= before; at++) {
        if (is_mark(p->words[at])) {
            before += at == before;
            continue;
        }
        if (at > 0 && !is_mark(p->words[at - 1]))
            continue;
        for (const char *const *one = list; *one; one++)
            if (stands(p, at, *one))
                return true;
    }
    return false;
}
