/*
 * suggest_sentence - a sentence of a debtor, and what it suggests
 */
#ifndef TEMOIN_TESTS_SUGGEST_SENTENCE_H
#define TEMOIN_TESTS_SUGGEST_SENTENCE_H

struct said {
    const char *text;
    const char *suggested; /* "what:date:amount", blanks between them; "": nothing */
};

#endif
