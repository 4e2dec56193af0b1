/*
 * suggest_vocabulary - the words that suggestions rest on, by class; French and English together
 */
#ifndef TEMOIN_POLICY_SUGGEST_VOCABULARY_H
#define TEMOIN_POLICY_SUGGEST_VOCABULARY_H

#include <stdbool.h>

#include "policy/suggest_classes.h"

/* Words are lower case without accents, one blank between them. "stem*": whatever follows;
   "stem~": the forms of a verb in -er (the class is its infinitive's); "a_b": a phrase, classed
   at its first word; "!a": only without an accent. */
struct vocabulary_line {
    enum word_class class;
    const char *words;
};

/* Ends with one whose `words` is NULL. */
extern const struct vocabulary_line vocabulary_lines[];

/* Where a word has the class `when`, it and the words behind it (`words` in all) lose `cleared`. */
struct vocabulary_clearing {
    enum word_class when, cleared;
    unsigned words; /* 0: the end of the table */
};

extern const struct vocabulary_clearing vocabulary_clearings[];

/* One of these words keeps the class only behind one of those ("un avoir", "je compte"), or, with
   `refused`, only when none of those stands before it ("il y a"). */
struct vocabulary_need {
    const char *words, *behind;
    enum word_class class;
    bool refused;
};

extern const struct vocabulary_need vocabulary_needs[];

#endif
