/*
 * bounce_phrases - what servers say in French, English, German, Spanish and Italian when mail did
 *                  not arrive, or not yet
 *
 * Synopsis
 *      char *words = bounce_fold(text, len);
 *      if (bounce_says(words, BOUNCE_OPENING)) ...
 *      free(words);
 *
 * Tables of phrases, ASCII and lower case, are compared with text made so: no accents, typographic
 * apostrophes as "'", white space runs as one blank. At most BOUNCE_FOLD_MAX octets are read.
 */
#ifndef TEMOIN_POLICY_BOUNCE_PHRASES_H
#define TEMOIN_POLICY_BOUNCE_PHRASES_H

#include <stdbool.h>
#include <stddef.h>

enum { BOUNCE_FOLD_MAX = 2500 };

enum bounce_phrases {
    BOUNCE_ANSWER,          /* a subject begins with it: answered or forwarded by a person */
    BOUNCE_SUBJECT,         /* subjects of notices */
    BOUNCE_SUBJECT_DELAY,   /* of them, those of a delay */
    BOUNCE_OPENING,         /* how a notice begins */
    BOUNCE_DELAY,           /* of them, those of a delay */
    BOUNCE_SUBJECT_ARRIVED, /* subjects that begin so are of a notice that it arrived */
    BOUNCE_RELAYED,         /* a notice that it was handed on to a server that tells nothing */
    BOUNCE_SUCCESS,         /* a notice that it did arrive */
    BOUNCE_GREETING,        /* how people begin */
    BOUNCE_AUTOMATIC,       /* subjects of a person's automatic reply */
    BOUNCE_RETURNED,        /* the line before the message that comes back */
    BOUNCE_DAEMON_NAME,     /* names and local parts of programs that deliver mail */
    BOUNCE_OFFICE_NAME,     /* of programs, or of those who run them */
};

/* Text made comparable; malloc'd. NULL: out of memory. */
char *bounce_fold(const char *text, size_t len);

/* Does folded text hold one of the phrases / begin with one? */
bool bounce_says(const char *folded, enum bounce_phrases which);
bool bounce_opens(const char *folded, enum bounce_phrases which);

#endif
