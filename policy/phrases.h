/*
 * phrases - does a text say one of these things? Stock phrases of programs, found word by word
 *
 * Synopsis
 *      struct phrases p = {0};
 *      if (!phrases_take(body, len, &p)) ...out of memory...
 *      static const char *const away[] = {"je suis|serai ~ absent*", "out of office", NULL};
 *      if (phrases_say(&p, away))
 *      phrases_free(&p);
 *
 * Words are compared without case and accents, whatever apostrophes and line breaks stand between
 * them. In a phrase, "a|b" is either word, "absent*" any word that begins so, "9" any that
 * begins with a digit, "~" up to four words of the same sentence, a last "$" the sentence's end.
 * Sentences end at ". ", "!", "?", ";", ":", and an empty line; such an end is the word ".", a
 * colon is ":", "#" is "#". A date or a time is one word.
 * Limits: the first PHRASES_OCTETS_MAX octets and PHRASES_WORDS_MAX words are read, so the work
 * is bounded whatever comes.
 */
#ifndef TEMOIN_POLICY_PHRASES_H
#define TEMOIN_POLICY_PHRASES_H

#include <stdbool.h>
#include <stddef.h>

enum { PHRASES_OCTETS_MAX = 3000, PHRASES_WORDS_MAX = 600 };

struct phrases {
    char *text;           /* folded words, each ended by NUL */
    const char **words;   /* into text */
    unsigned short *next; /* position + 1 of the next word with the same first octet; 0: none */
    unsigned short first[256];
    size_t count;
};

/* `p` is empty before; `text` is UTF-8. False: out of memory. */
bool phrases_take(const char *text, size_t len, struct phrases *p);
void phrases_free(struct phrases *p);

/* Is one of the phrases (a list that NULL ends) there, or how many of them? */
bool phrases_say(const struct phrases *p, const char *const *list);
size_t phrases_count(const struct phrases *p, const char *const *list);

/* Does one of the text's first sentences begin with one of them? At most `before` words stand
   before it; 0: the text itself begins so. */
bool phrases_begin(const struct phrases *p, const char *const *list, size_t before);

#endif
