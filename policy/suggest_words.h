/*
 * suggest_words - a sentence as words, each with the classes that the vocabulary gives it
 *
 * Synopsis
 *      struct vocabulary v;
 *      struct words w = {0};
 *      if (!vocabulary_open(&v) || !words_read(&v, sentence, len, &w)) ...out of memory...
 *      if (word_is(&w.items[0], "demain tomorrow") || word_in(&w.items[0], PAY_FUT)) ...
 *      words_free(&w);
 *
 * A word is folded: lower case, without accents, an elided word by itself ("d'ici" is "d", "ici";
 * "haven't" is "have", "not"), doubled letters of long words made single, since they are what
 * people mistype. Numbers keep their inner marks. Linear; a sentence has at most WORDS_MAX words,
 * what follows is not read.
 */
#ifndef TEMOIN_POLICY_SUGGEST_WORDS_H
#define TEMOIN_POLICY_SUGGEST_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/suggest_classes.h"

enum {
    WORDS_MAX = 250,
    WORD_CHARS = 31, /* of a folded word; the rest is not compared */
    VOCABULARY_MAX = 4000,
    CLASS_SETS = (CLASS_COUNT + 63) / 64,
};

enum word_kind {
    WORD_LETTERS,
    WORD_NUMBER,    /* digits with inner . , / - : ' */
    WORD_REFERENCE, /* letters and digits: F-2026-001, BL4512 */
    WORD_ADDRESS,   /* of mail */
    WORD_MARK,      /* one character of punctuation, in text[0]; the euro sign is a word */
};

struct word {
    char text[WORD_CHARS + 1];
    enum word_kind kind;
    uint32_t begin, end; /* octets of the sentence */
    bool acute;          /* ended in é, whatever agreement follows it: a participle */
    bool accented;       /* was written with an accent */
    bool capital;        /* begins with one */
    bool joined;         /* no white space before it */
    uint64_t classes[CLASS_SETS];
};

struct words {
    struct word *items;
    size_t count;
};

/* An entry of the vocabulary; points into the program's constants. */
struct entry {
    const char *text;
    uint8_t len, class;
};

struct vocabulary {
    struct entry entries[VOCABULARY_MAX]; /* by first letter */
    uint16_t first[28];                   /* a to z, others, the end */
};

/* The table of suggest_vocabulary.c, ready for looking up. False: out of memory. */
bool vocabulary_open(struct vocabulary *v);

/* `w` is empty before; `sentence` is valid UTF-8. False: out of memory. */
bool words_read(const struct vocabulary *v, const char *sentence, size_t len, struct words *w);
void words_free(struct words *w);

/* Has it this class? */
bool word_in(const struct word *w, enum word_class class);

/* Give it this class. */
void word_class_set(struct word *w, enum word_class class);

/* Is it one of these (blanks between them, written plainly; "stem*" for a beginning)? */
bool word_is(const struct word *w, const char *list);

/* A mark that parts of a sentence do not reach across: all but comma, quotation marks and signs. */
bool word_parts(const struct word *w);

#endif
