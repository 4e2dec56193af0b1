/*
 * suggest_rules - the ways of saying that suggestions rest on, as a table
 *
 * A rule is a row of steps that the words of a sentence must go through in order. A step is a
 * class, or several with OR between them; a number before it is how many other words may stand
 * between (2 when there is none). No rule reaches across marks other than commas, nor across a
 * word that turns to another thought (mais, because).
 */
#ifndef TEMOIN_POLICY_SUGGEST_RULES_H
#define TEMOIN_POLICY_SUGGEST_RULES_H

#include <stdint.h>

#include "policy/suggest_classes.h"

enum { STEPS_MAX = 20, NEXT = 14 /* directly behind */, OR = 15 };

enum suggestion_kind {
    SUGGEST_PROMISE,
    SUGGEST_PAID,
    SUGGEST_DISPUTE,
    SUGGEST_DOCUMENT,
    SUGGEST_TIME,
    SUGGEST_PERSON,
    SUGGEST_KINDS,
};

/* Without a flag a rule holds in statements that deny nothing and are under no condition. */
enum rule_flag {
    DENIED = 1 << 0, /* only with a negation at it */
    ANYHOW = 1 << 1, /* with or without one */
    ASKED = 1 << 2,  /* in questions too */
    ASKED_ONLY = 1 << 3,
    DATED = 1 << 4,     /* only with a date or an amount beside it */
    DAYED = 1 << 5,     /* only with a date */
    AT_START = 1 << 6,  /* only where a sentence or its part begins */
    SUPPOSED = 1 << 7,  /* under a condition too */
    PAST = 1 << 8,      /* nothing that is to come may stand within */
    UNDATED = 1 << 9,   /* only without a date */
    VERBLESS = 1 << 10, /* only where nothing else is said of it */
    PLAIN = 1 << 11,    /* no participle within */
    CALM = 1 << 12,     /* only where nothing is asked, awaited or received in the sentence */
};

struct rule {
    enum suggestion_kind kind;
    uint8_t steps[STEPS_MAX]; /* ends with 0 */
    unsigned flags;
    enum word_class unless; /* a class that may not be in the sentence; 0: none */
};

/* Ends with one without steps. */
extern const struct rule suggestion_rules[];

#endif
