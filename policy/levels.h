/*
 * levels - what an event may be said to prove, and in which words
 *
 * Synopsis
 *      enum proof_level level = event_level("prepared", "prepared");
 *      printf("%s\n", event_words("prepared", level, LANGUAGE_FR));
 *
 * Levels are those of EVIDENCE 1. Nothing is ever called just "sent" or "read": a company
 * shows what it prepared, what another server answered, what a report says, and what came back.
 */
#ifndef TEMOIN_POLICY_LEVELS_H
#define TEMOIN_POLICY_LEVELS_H

enum proof_level {
    LEVEL_NONE,         /* a fact as the company entered it, or a message nobody vouches for */
    LEVEL_PREPARED,     /* our copy, before the mail left */
    LEVEL_HANDED_OVER,  /* our log shows the remote server's answer */
    LEVEL_REPORTED,     /* a delivery or disposition report says so */
    LEVEL_ACKNOWLEDGED, /* a signed reply that returns the token, aligned with a known domain */
};

enum language { LANGUAGE_FR, LANGUAGE_EN };

/* The level of an event: what its record says, but never more than such an event can show.
   `recorded` is the record's level and may be NULL; an unknown word counts as NULL. */
enum proof_level event_level(const char *event, const char *recorded);

/* "none", "prepared", "handed-over", "reported", "acknowledged". */
const char *level_name(enum proof_level level);

/* One clause with the level's reservation, for a timeline. Never NULL: an event that is not
   known is called a recorded fact. A failure or delay of level "prepared" is one that our own mail
   server's log tells (db/follow.h); other ones are reports. */
const char *event_words(const char *event, enum proof_level level, enum language language);

/* The same of a review decision that put its message into another dossier than the one that this
   is said in. */
const char *event_words_elsewhere(enum language language);

/* What the level means, one sentence; "" for LEVEL_NONE. */
const char *level_words(enum proof_level level, enum language language);

/* The nearest event of ETSI EN 319 522-3, such as "RelayToNonERDS"; NULL: none. */
const char *event_nearest(const char *event);

#endif
