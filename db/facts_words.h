/*
 * facts_words - what a message says (facts_json.h) as rows of words, in French and in English
 *
 * No row claims more than that the message says so.
 */
#ifndef TEMOIN_DB_FACTS_WORDS_H
#define TEMOIN_DB_FACTS_WORDS_H

#include "db/timeline_facts.h"

/* Append a row; `text` is copied. False: out of memory. */
bool reading_row(struct reading_rows *rows, const char *name, const char *text, bool strong);

/* One recipient of a report: "paul@debtor.example: not delivered, 5.1.1 (no such mailbox), …". */
bool facts_recipient_words(const json_t *recipient, enum language language, struct bytes *out);

/* Is it a receipt of a program that did away with the message before anybody saw it (RFC 8098,
   "automatic-action; deleted")? Sieve's reject sends it (RFC 5429), and Exchange for mail that is
   deleted unread. `facts` may be NULL. */
bool facts_unseen(const json_t *facts);

/* A day "2026-12-15" in words; in English it stays as it is. False: out of memory. */
bool facts_day(const char *day, enum language language, struct bytes *out);

/* What a fact is that a person made of a suggestion, as a clause for a timeline: the message says
   it, not the company that confirmed it. Never NULL. */
const char *facts_confirmed_words(const char *what, enum language language);

/* All that a message from outside says; `currency` of its suggestions' amounts. */
bool facts_rows(const json_t *facts, const char *currency, enum language language,
                struct reading_rows *rows);
/* Of a message of ours: what is attached. */
bool facts_attachment_rows(const json_t *facts, enum language language, struct reading_rows *rows);

#endif
