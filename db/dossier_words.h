/*
 * dossier_words - dates, amounts and sentences of the documents that people read, in French
 *                 and in English
 *
 * Nothing that these sentences claim goes beyond what the log shows (EVIDENCE 1).
 */
#ifndef TEMOIN_DB_DOSSIER_WORDS_H
#define TEMOIN_DB_DOSSIER_WORDS_H

#include "db/dossier_view.h"
#include "db/timeline_facts.h"

/* The phrase in this language. */
#define IN(language, french, english) ((language) == LANGUAGE_FR ? (french) : (english))

/* All append; false: out of memory. */

/* "2026-11-21T21:07:07Z" as "21/11/2026 21:07:07 UTC" or "2026-11-21 21:07:07 UTC"; a time that is
   none becomes a phrase that says so. words_clock(): without the zone, where the column's head says
   it. */
bool words_clock(const char *time, enum language language, struct bytes *out);
bool words_time(const char *time, enum language language, struct bytes *out);
bool words_instant(int64_t seconds, enum language language, struct bytes *out);
/* "2026-10-31" as "31 octobre 2026" or "31 October 2026"; NULL: "not known". */
bool words_day(const char *day, enum language language, struct bytes *out);
/* "1 200,50 €" or "€1,200.50". */
bool words_money(int64_t amount, const char *currency, enum language language, struct bytes *out);
/* "1 h 05 min", "12 s". */
bool words_duration(int64_t seconds, enum language language, struct bytes *out);
/* "12 345 octets". */
bool words_size(uint64_t octets, enum language language, struct bytes *out);
/* Hexadecimal digits as "AB:CD:…", which is how openssl x509 -fingerprint prints them. */
bool words_fingerprint(const char *hex, struct bytes *out);

/* "Pièce n° 7", "Exhibit 7". */
bool words_exhibit(uint64_t n, enum language language, struct bytes *out);
/* "between … and …", "before …", "not yet dated by a third party". */
bool words_bounds(const struct view_bounds *b, bool zone, enum language language,
                  struct bytes *out);
/* What the mail server's log tells of a message for one recipient, and in which exhibit. */
bool words_outcome(const struct timeline_outcome *o, enum language language, struct bytes *out);
/* One sentence of what the dossier holds. */
bool words_summary(const struct dossier_view *v, enum language language, struct bytes *out);
/* What one of the milter's edits did. */
bool words_edit(const struct edit *e, enum language language, struct bytes *out);
/* "stopped from … to …" */
bool words_gap(const struct view_gap *g, enum language language, struct bytes *out);

/* "Erased on …, by entry 9: ground." Only for an item that is erased. */
bool words_erased(const struct timeline_item *i, enum language language, struct bytes *out);

/* A row's name as a label: with a capital. */
bool words_row_name(const struct reading_row *row, struct bytes *out);

/* A few words; "" for LEVEL_NONE. */
const char *words_level(enum proof_level level, enum language language);
const char *words_status(enum invoice_status status, enum language language);
/* "clock", "configuration", … in words. */
const char *words_service(const char *event, enum language language);

/* Sentences, each list ended by NULL. */
const char *const *words_shown(enum language language);
const char *const *words_not_shown(enum language language);

/* How to verify: an even number of texts, each step's sentence and its command ("": none);
   strings_free() it. */
bool words_steps(const struct dossier_view *v, enum language language, struct strings *out);

/* dossier_continuity.c: sentences on gaps, clock, dismissed, erased and waiting messages; never
   empty. strings_free() it. */
bool words_continuity(const struct dossier_view *v, enum language language, struct strings *out);

/* Who dated the exhibits, and how many nobody did; strings_free() it. */
bool words_dating(const struct dossier_view *v, enum language language, struct strings *out);

/* What the fields are for that the milter adds; a list ended by NULL. */
const char *const *words_fields(enum language language);
/* That body, Subject, From and Message-ID stay as they are. */
const char *words_unchanged(enum language language);

/* "Private document of X, … issued by no court." */
bool words_nature(const struct dossier_view *v, enum language language, struct bytes *out);

#endif
