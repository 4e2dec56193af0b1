/*
 * suggest_words - a sentence as words, each with the classes that the vocabulary gives it
 *
 * The vocabulary is a table of lines (suggest_vocabulary.c). For looking up it is sorted by first
 * letter, on the stack of the caller; a word is then compared with some thirty entries.
 */
#include "policy/suggest_words.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "policy/suggest_vocabulary.h"

enum { LONG_WORD = 6 };

bool word_in(const struct word *w, enum word_class class)
{
    return (w->classes[class / 64] >> (class % 64)) & 1;
}

void word_class_set(struct word *w, enum word_class class)
{
    w->classes[class / 64] |= UINT64_C(1) << (class % 64);
}

static void clear_class(struct word *w, enum word_class class)
{
    w->classes[class / 64] &= ~(UINT64_C(1) << (class % 64));
}

bool word_parts(const struct word *w)
{
    return w->kind == WORD_MARK && !strchr(",\"'+/%$", w->text[0]);
}

/* --- folding ---------------------------------------------------------------------------------*/

/* The base letter, lower case; 0: a mark that belongs to the letter before. */
static gunichar base_letter(gunichar c, bool *accent)
{
    gunichar first, second;
    c = g_unichar_tolower(c);
    while (c > 0x7f && g_unichar_decompose(c, &first, &second)) {
        *accent = true;
        c = first;
    }
    if (g_unichar_ismark(c)) {
        *accent = true;
        return 0;
    }
    return c;
}

static bool is_digit(gunichar c)
{
    return c >= '0' && c <= '9';
}

/* One blank for the doubled letters of a long word. */
static size_t single(char *text, size_t len)
{
    size_t to = 0;
    if (len < LONG_WORD)
        return len;
    for (size_t i = 0; i < len; i++)
        if (i == 0 || text[i] != text[to - 1])
            text[to++] = text[i];
    text[to] = '\0';
    return to;
}

struct scan {
    const char *text;
    size_t len, at;
    struct words *w;
};

static gunichar peek(const struct scan *s, size_t at)
{
    return at < s->len ? g_utf8_get_char(s->text + at) : 0;
}

static size_t width(const struct scan *s, size_t at)
{
    return at < s->len ? (size_t)g_utf8_skip[(unsigned char)s->text[at]] : 0;
}

static void put_letter(struct word *w, size_t *len, gunichar c)
{
    const char *text = c == 0x153 ? "oe" : c == 0xe6 ? "ae" : c == 0xdf ? "ss" : NULL;
    for (; text && *text && *len < WORD_CHARS; text++)
        w->text[(*len)++] = *text;
    if (!text && c < 0x80 && *len < WORD_CHARS)
        w->text[(*len)++] = (char)c;
    else if (!text && *len < WORD_CHARS)
        w->text[(*len)++] = '?'; /* a letter that no word of the vocabulary has */
}

static bool is_acute(const struct scan *s, size_t begin, size_t end)
{
    size_t at = end;
    for (int trailing = 0; trailing < 2 && at > begin && strchr("esES", s->text[at - 1]);
         trailing++)
        at--;
    return at >= begin + 2 && (memcmp(s->text + at - 2, "\u00e9", 2) == 0 ||
                               memcmp(s->text + at - 2, "\u00c9", 2) == 0);
}

/* Letters; what begins like a reference takes its digits, hyphens and slashes too. */
static void take_letters(struct scan *s, struct word *w)
{
    bool hyphened = w->joined && s->at > 0 && s->text[s->at - 1] == '-';
    size_t len = 0;
    w->capital = g_unichar_isupper(peek(s, s->at));
    for (gunichar c; (c = peek(s, s->at)); s->at += width(s, s->at)) {
        bool inner = c == '-' || c == '/' || c == '_';
        if (is_digit(c) || (inner && !hyphened && is_digit(peek(s, s->at + 1))))
            w->kind = WORD_REFERENCE;
        else if (!g_unichar_isalpha(c) && !g_unichar_ismark(c) &&
                 !(inner && w->kind == WORD_REFERENCE && g_unichar_isalpha(peek(s, s->at + 1))))
            break;
        gunichar base = base_letter(c, &w->accented);
        if (base)
            put_letter(w, &len, base);
    }
    w->text[len] = '\0';
    w->acute = is_acute(s, w->begin, s->at);
    if (w->kind == WORD_LETTERS)
        single(w->text, len);
}

static void take_number(struct scan *s, struct word *w)
{
    size_t len = 0;
    w->kind = WORD_NUMBER;
    for (gunichar c; (c = peek(s, s->at)); s->at++) {
        bool inner = c < 0x80 && strchr(".,/-:'", (int)c) && is_digit(peek(s, s->at + 1));
        if (!is_digit(c) && !inner)
            break;
        if (len < WORD_CHARS)
            w->text[len++] = (char)c;
    }
    w->text[len] = '\0';
}

/* An address of mail at this place: its length; 0: none. */
static size_t address_length(const struct scan *s)
{
    size_t at = s->at, sign = 0;
    for (; at < s->len && at - s->at < 254; at++) {
        unsigned char c = (unsigned char)s->text[at];
        if (c == '@' && !sign)
            sign = at;
        else if (!g_ascii_isalnum(c) && !strchr("._%+-", c))
            break;
    }
    while (at > s->at && strchr(".-", s->text[at - 1]))
        at--;
    if (sign <= s->at || at <= sign + 1)
        return 0;
    return memchr(s->text + sign + 2, '.', at - sign - 2) ? at - s->at : 0;
}

static struct word *next_word(struct scan *s)
{
    struct word *w = &s->w->items[s->w->count++];
    const char *text = s->text;
    *w = (struct word){.begin = (uint32_t)s->at};
    w->joined = s->at > 0 && !strchr(" \t\n", text[s->at - 1]);
    return w;
}

/* "don't" came as "don", "t": "do", "not". */
static void undo_contraction(struct words *w)
{
    struct word *t = w->count ? &w->items[w->count - 1] : NULL;
    struct word *verb = w->count > 1 ? t - 1 : NULL;
    if (!verb || strcmp(t->text, "t") != 0 || verb->end + 1 > t->begin || !t->joined)
        return;
    size_t len = strlen(verb->text);
    if (len < 3 || verb->text[len - 1] != 'n')
        return;
    if (strcmp(verb->text, "won") == 0)
        memcpy(verb->text, "will", 5);
    else if (strcmp(verb->text, "can") != 0)
        verb->text[len - 1] = '\0';
    memcpy(t->text, "not", 4);
}

static void split(struct scan *s)
{
    while (s->at < s->len && s->w->count < WORDS_MAX) {
        gunichar c = peek(s, s->at);
        size_t address = c < 0x80 && g_ascii_isalnum((int)c) ? address_length(s) : 0;
        if (address) {
            struct word *w = next_word(s);
            w->kind = WORD_ADDRESS;
            s->at += address;
            w->end = (uint32_t)s->at;
        } else if (g_unichar_isalpha(c) || is_digit(c)) {
            struct word *w = next_word(s);
            if (is_digit(c))
                take_number(s, w);
            else
                take_letters(s, w);
            w->end = (uint32_t)s->at;
            undo_contraction(s->w);
        } else {
            bool euro = c == 0x20ac, pound = c == 0xa3;
            bool dash = c == 0x2013 || c == 0x2014 ||
                        (c == '-' && (s->at == 0 || s->text[s->at - 1] == ' '));
            bool mark = c < 0x80 && strchr(",;:()?!.+\"$%/[]", (int)c);
            if (euro || pound || dash || mark) {
                struct word *w = next_word(s);
                w->kind = euro || pound ? WORD_LETTERS : WORD_MARK;
                strcpy(w->text, euro ? "eur" : pound ? "gbp" : dash ? "-" : "?");
                if (mark)
                    w->text[0] = (char)c;
                w->end = (uint32_t)(s->at + width(s, s->at));
            }
            s->at += width(s, s->at);
        }
    }
}

/* --- comparing -------------------------------------------------------------------------------*/

/* Is the folded word this entry (plainly written, `len` octets)? The ending behind a stem goes to
 *rest. */
static bool same(const char *word, const char *entry, size_t len, const char **rest)
{
    bool stem = entry[len - 1] == '*' || entry[len - 1] == '~';
    if (stem)
        len--;
    bool fold = stem || len >= LONG_WORD;
    for (size_t i = 0; i < len; i++) {
        if (fold && i > 0 && entry[i] == entry[i - 1] && *word != entry[i])
            continue;
        if (*word++ != entry[i])
            return false;
    }
    *rest = word;
    return stem || !*word;
}

/* The octets of the entry at the head of a list. */
static size_t entry_length(const char *list)
{
    size_t len = 0;
    while (list[len] && list[len] != ' ')
        len++;
    return len;
}

bool word_is(const struct word *w, const char *list)
{
    const char *rest;
    if (w->kind == WORD_NUMBER || w->kind == WORD_MARK)
        return false;
    while (*list) {
        size_t len = entry_length(list);
        if (*list == w->text[0] && same(w->text, list, len, &rest))
            return true;
        list += len + (list[len] == ' ');
    }
    return false;
}

/* --- the vocabulary --------------------------------------------------------------------------*/

static unsigned letter_of(char c)
{
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') : 26;
}

/* All entries as they stand in the table; how many. */
static size_t list_entries(struct entry *entries)
{
    size_t count = 0;
    for (const struct vocabulary_line *l = vocabulary_lines; l->words; l++)
        for (const char *at = l->words; *at && count < VOCABULARY_MAX;) {
            size_t len = entry_length(at);
            if (len)
                entries[count++] = (struct entry){at, (uint8_t)len, (uint8_t)l->class};
            at += len + (at[len] == ' ');
        }
    return count;
}

static unsigned entry_letter(const struct entry *e)
{
    return letter_of(e->text[*e->text == '!']);
}

bool vocabulary_open(struct vocabulary *v)
{
    struct entry *all = malloc(VOCABULARY_MAX * sizeof *all);
    if (!all)
        return false;
    size_t count = list_entries(all);
    uint16_t place[28] = {0};
    for (size_t i = 0; i < count; i++)
        place[entry_letter(&all[i]) + 1]++;
    for (size_t i = 1; i < 28; i++)
        place[i] = (uint16_t)(place[i] + place[i - 1]);
    memcpy(v->first, place, sizeof place);
    for (size_t i = 0; i < count; i++)
        v->entries[place[entry_letter(&all[i])]++] = all[i];
    free(all);
    return true;
}

/* The forms of verbs in -er, folded; a participle of one person is told from the present by its
   accent, where there is one. */
static void set_forms(struct word *w, const char *ending, enum word_class first)
{
    static const struct {
        const char *ending;
        int form;
    } forms[] = {{"er", FORM_INF},  {"erai", FORM_FUT},  {"erons", FORM_FUT}, {"erais", FORM_FUT},
                 {"era", FORM_FUT}, {"eront", FORM_FUT}, {"ons", FORM_ONS},   {"ent", FORM_ENT},
                 {"ez", FORM_YOU},  {"ee", FORM_PAST},   {"es", FORM_PAST},   {"ees", FORM_PAST}};
    if (strcmp(ending, "e") == 0) {
        if (w->acute || !w->accented)
            word_class_set(w, first + FORM_PAST);
        if (!w->acute)
            word_class_set(w, first + FORM_ONE);
        return;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(ending, forms[i].ending) == 0)
            word_class_set(w, first + (enum word_class)forms[i].form);
}

/* Do the words from `at` on begin with a phrase ("bon_de_livraison")? How many words it has. */
static size_t phrase_length(const struct words *w, size_t at, const char *entry, size_t len)
{
    size_t count = 0;
    const char *rest;
    for (size_t from = 0; from < len; count++) {
        size_t n = 0;
        while (from + n < len && entry[from + n] != '_')
            n++;
        if (at + count >= w->count || w->items[at + count].kind == WORD_MARK || n == 0 ||
            !same(w->items[at + count].text, entry + from, n, &rest))
            return 0;
        from += n + 1;
    }
    return count;
}

static void classify(const struct vocabulary *v, struct words *w, size_t at)
{
    struct word *one = &w->items[at];
    unsigned letter = letter_of(one->text[0]);
    for (size_t i = v->first[letter]; i < v->first[letter + 1]; i++) {
        const char *text = v->entries[i].text;
        size_t len = v->entries[i].len;
        enum word_class class = v->entries[i].class;
        const char *rest;
        if (*text == '!') {
            if (one->accented)
                continue;
            text++;
            len--;
        }
        if (text[0] != one->text[0] || (len > 1 && text[1] != one->text[1] && text[1] != '_' &&
                                        text[1] != '*' && text[1] != text[0]))
            continue;
        if (memchr(text, '_', len)) {
            if (phrase_length(w, at, text, len))
                word_class_set(one, class);
        } else if (same(one->text, text, len, &rest)) {
            if (text[len - 1] == '~')
                set_forms(one, rest, class);
            else
                word_class_set(one, class);
        }
    }
}

/* What a phrase takes from its words: "pas de souci" denies nothing, an "avis de virement" is
   no payment. */
static void take_back(struct words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct word *one = &w->items[i];
        for (const struct vocabulary_clearing *c = vocabulary_clearings; c->words; c++)
            if (word_in(one, c->when))
                for (size_t k = i; k < w->count && k < i + c->words; k++)
                    clear_class(&w->items[k], c->cleared);
        for (const struct vocabulary_need *n = vocabulary_needs; n->words; n++)
            if (word_is(one, n->words) && word_in(one, n->class) && !one->acute &&
                (i > 0 && word_is(one - 1, n->behind)) == n->refused)
                clear_class(one, n->class);
        if (word_is(one, "plus")) { /* "ne … plus", not "au plus tard" */
            bool denied = false;
            for (size_t k = i; k > 0 && k + 5 > i && !word_parts(&w->items[k - 1]); k--)
                denied = denied || word_is(&w->items[k - 1], "n ne");
            if (denied)
                word_class_set(one, NEG), word_class_set(one, NO_LONGER);
        }
    }
}

bool words_read(const struct vocabulary *v, const char *sentence, size_t len, struct words *w)
{
    struct scan s = {sentence, len, 0, w};
    w->items = malloc(WORDS_MAX * sizeof *w->items);
    if (!w->items)
        return false;
    split(&s);
    for (size_t i = 0; i < w->count; i++)
        if (w->items[i].kind == WORD_NUMBER && strlen(w->items[i].text) <= 2)
            word_class_set(&w->items[i], COUNT);
        else if (w->items[i].kind == WORD_LETTERS || w->items[i].kind == WORD_REFERENCE)
            classify(v, w, i);
    take_back(w);
    return true;
}

void words_free(struct words *w)
{
    free(w->items);
    *w = (struct words){0};
}
