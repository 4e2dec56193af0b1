/*
 * suggest_sentence - a reply's text as sentences, each on one line
 */
#include "policy/suggest_sentence.h"

#include <ctype.h>
#include <glib.h>
#include <string.h>
#include <strings.h>

enum { WRAPPED_FROM = 66, LIST_MAX = 400, GREETING_MAX = 40 };

/* --- one line --------------------------------------------------------------------------------*/

/* The octets of white space at `p`, no-break spaces and their kind too; 0: none. */
static size_t blank_at(const char *p)
{
    if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\v' || *p == '\f' || *p == '\n')
        return 1;
    if ((unsigned char)*p < 0x80)
        return 0;
    gunichar c = g_utf8_get_char(p);
    return g_unichar_isspace(c) || c == 0x200b || c == 0xfeff
               ? (size_t)g_utf8_skip[(unsigned char)*p]
               : 0;
}

/* The line at `text`, white space folded, in `line`. Gives where the next begins. */
static const char *take_line(const char *text, struct bytes *line, bool *done)
{
    line->len = 0;
    *done = bytes_append(line, "", 0);
    bool blank = false;
    while (*done && *text && *text != '\n') {
        size_t white = blank_at(text);
        if (white) {
            blank = line->len > 0;
            text += white;
            continue;
        }
        size_t len = g_utf8_skip[(unsigned char)*text];
        *done = (!blank || bytes_append(line, " ", 1)) && bytes_append(line, text, len);
        blank = false;
        text += len;
    }
    return *text ? text + 1 : text;
}

static bool starts_small(const char *line)
{
    return g_unichar_islower(g_utf8_get_char(line));
}

static bool is_item(const char *line)
{
    static const char *const marks[] = {"- ", "* ", "\u2022", "\u2013 ", "\u2014 ", "o ", "\u00b7"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strncmp(line, marks[i], strlen(marks[i])) == 0)
            return true;
    size_t digits = strspn(line, "0123456789");
    return digits && digits < 3 && (line[digits] == ')' || line[digits] == '.') &&
           line[digits + 1] == ' ';
}

static bool begins_with_one(const char *line, const char *const *words)
{
    for (; *words; words++) {
        size_t len = strlen(*words);
        if (strncasecmp(line, *words, len) == 0 && !isalpha((unsigned char)line[len]))
            return true;
    }
    return false;
}

static bool is_greeting(const char *line, size_t len)
{
    static const char *const greetings[] = {
        "bonjour", "bonsoir", "madame", "monsieur", "mesdames", "cher",   "ch\u00e8re",
        "hello",   "hi",      "dear",   "good",     "salut",    "coucou", NULL};
    return len <= GREETING_MAX && begins_with_one(line, greetings);
}

static bool is_closing(const char *line)
{
    static const char *const closings[] = {"cordialement", "bien cordialement", "bien \u00e0 vous",
                                           "salutations",  "sinc\u00e8rement",  "cdt",
                                           "cdlt",         "best regards",      "kind regards",
                                           "regards",      "sincerely",         "yours",
                                           "thanks",       "many thanks",       NULL};
    return begins_with_one(line, closings);
}

/* May nothing follow the last word of the line: "le", "au", "by"? */
static bool ends_open(const struct bytes *line)
{
    static const char *const words[] = {
        "le",     "la",    "les",  "au",   "de",    "du",   "des", "un",   "une",  "et",  "ou",
        "\u00e0", "par",   "pour", "vous", "by",    "on",   "the", "of",   "to",   "and", "a",
        "votre",  "notre", "que",  "qui",  "avant", "with", "for", "from", "your", NULL};
    const char *last = strrchr(line->data, ' ');
    if (line->data[line->len - 1] == ',')
        return true;
    for (size_t i = 0; last && words[i]; i++)
        if (strcasecmp(last + 1, words[i]) == 0)
            return true;
    return false;
}

/* --- sentences of a paragraph ----------------------------------------------------------------*/

/* Does the point at `at` belong to an abbreviation? */
static bool abbreviates(const char *text, size_t at, bool small_follows)
{
    static const char *const always[] = {
        "m",   "mm", "mme", "mmes",     "mlle", "mr", "mrs", "dr",       "me",
        "n",   "no", "ref", "r\u00e9f", "st",   "cf", "tel", "t\u00e9l", "fact",
        "cde", "ms", "inv", "nos",      "art",  "p",  NULL};
    static const char *const inside[] = {
        "janv", "f\u00e9vr", "fevr", "avr",    "juil", "sept", "oct", "nov", "d\u00e9c", "dec",
        "jan",  "feb",       "mar",  "apr",    "jun",  "jul",  "aug", "sep", "max",      "min",
        "env",  "ex",        "etc",  "approx", "ste",  "soc",  "bd",  "av",  "svp",      "ltd",
        "inc",  "co",        "e.g",  "i.e",    "ht",   "ttc",  "p.s", NULL};
    size_t begin = at;
    while (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '(' && text[begin - 1] != '\'')
        begin--;
    char word[12];
    size_t len = at - begin;
    if (len == 0 || len >= sizeof word)
        return false;
    memcpy(word, text + begin, len);
    word[len] = '\0';
    for (size_t i = 0; always[i]; i++)
        if (strcasecmp(word, always[i]) == 0)
            return true;
    for (size_t i = 0; small_follows && inside[i]; i++)
        if (strcasecmp(word, inside[i]) == 0)
            return true;
    return begin == 0 && strspn(word, "0123456789") == len; /* "1. …" */
}

/* Does a sentence end with the octet before `at`, a point or its kind? */
static bool ends_before(const char *text, size_t begin, size_t at)
{
    char mark = text[at - 1];
    if (text[at] && text[at] != ' ')
        return false;
    if (mark == '!' || mark == '?')
        return true;
    const char *next = text + at + (text[at] == ' ');
    gunichar c = *next ? g_utf8_get_char(next) : 0;
    bool small = c && (g_unichar_islower(c) || g_unichar_isdigit(c));
    if (at - begin >= 3 && memcmp(text + at - 3, "\u2026", 3) == 0)
        return !small;
    if (mark != '.')
        return false;
    if (at - begin >= 2 && text[at - 2] == '.')
        return !small; /* "..." */
    return !c || !abbreviates(text + begin, at - 1 - begin, small);
}

static bool add(struct strings *s, const char *text, size_t len)
{
    while (len && *text == ' ') {
        text++;
        len--;
    }
    while (len && text[len - 1] == ' ')
        len--;
    while (len > SENTENCE_MAX && s->count < SENTENCES_MAX) {
        size_t cut = SENTENCE_MAX;
        while (cut > SENTENCE_MAX / 2 && text[cut] != ' ')
            cut--;
        while (((unsigned char)text[cut] & 0xc0) == 0x80)
            cut++;
        if (!strings_add_n(s, text, cut))
            return false;
        text += cut + (text[cut] == ' ');
        len -= cut + (text[-1] == ' ');
    }
    return len == 0 || s->count >= SENTENCES_MAX || strings_add_n(s, text, len);
}

static bool take_sentences(struct bytes *paragraph, struct strings *sentences)
{
    size_t begin = 0;
    bool done = true;
    for (size_t at = 1; done && at <= paragraph->len; at++) {
        if (at < paragraph->len && !ends_before(paragraph->data, begin, at))
            continue;
        done = add(sentences, paragraph->data + begin, at - begin);
        begin = at;
    }
    paragraph->len = 0;
    return done;
}

/* --- lines put together ----------------------------------------------------------------------*/

/* Is this line the rest of what stands in the paragraph, whose last line began at `last`? */
static bool goes_on(const struct bytes *paragraph, size_t last, const struct bytes *line, bool list)
{
    const char *before = paragraph->data + last;
    size_t before_len = paragraph->len - last;
    if (is_closing(line->data))
        return false;
    if (list)
        return paragraph->len + line->len < LIST_MAX;
    if (is_item(line->data) || is_greeting(before, before_len))
        return false;
    if (ends_open(paragraph))
        return true;
    size_t first = strcspn(line->data, " ");
    if (before_len + 1 + first > WRAPPED_FROM)
        return true;
    return starts_small(line->data) && before_len > WRAPPED_FROM / 2 &&
           !strchr(".!?", before[before_len - 1]);
}

bool sentences_read(const char *text, struct strings *sentences)
{
    struct bytes paragraph = {0}, line = {0};
    size_t last = 0;
    bool done = true, list = false;
    while (done && *text && sentences->count < SENTENCES_MAX) {
        text = take_line(text, &line, &done);
        if (!done)
            break;
        bool quoted = line.len && line.data[0] == '>';
        if (line.len == 0 || quoted) {
            bool waits = paragraph.len && paragraph.data[paragraph.len - 1] == ':' && !quoted;
            if (paragraph.len && !waits)
                done = take_sentences(&paragraph, sentences);
            list = waits;
            continue;
        }
        if (paragraph.len && !goes_on(&paragraph, last, &line, list)) {
            done = take_sentences(&paragraph, sentences);
            list = false;
        }
        if (done && paragraph.len)
            done = bytes_append(&paragraph, " ", 1);
        last = paragraph.len;
        done = done && bytes_append(&paragraph, line.data, line.len);
        list = list || line.data[line.len - 1] == ':';
        if (list && strchr(".!?", line.data[line.len - 1]))
            list = false;
    }
    if (done && paragraph.len)
        done = take_sentences(&paragraph, sentences);
    bytes_free(&paragraph);
    bytes_free(&line);
    return done;
}
