/*
 * spoken_date_reader - what the forms of spoken dates share: the calendar, and reading words
 *
 * Private to spoken_date*.c. A form reads forward from a word and fills struct found with one day
 * for each way of reading, as days since 1970-01-01 or NO_DAY; false: it is not there.
 */
#ifndef TEMOIN_POLICY_SPOKEN_DATE_READER_H
#define TEMOIN_POLICY_SPOKEN_DATE_READER_H

#include <limits.h>

#include "policy/spoken_date.h"

enum { NO_DAY = INT_MIN, YEAR_FIRST = 1970, YEAR_LAST = 2199, WEEK = 7 };

struct reader {
    const struct words *w;
    const struct day *from; /* NULL: not known */
    long today;
};

struct found {
    size_t end; /* the word behind it */
    long ahead, back;
    bool day_only, dated;
};

/* --- the calendar (proleptic Gregorian) --------------------------------------------------------*/

int calendar_month_days(int year, int month);
bool calendar_is_day(int year, int month, int day);
long calendar_month_end(int year, int month);

/* Monday is 0. */
int calendar_weekday(long number);

/* The same day of a later month, or its last. */
long calendar_add_months(long day, int months);

/* Monday to Friday; holidays are not known. */
long calendar_add_working_days(long day, int days);

/* --- words -------------------------------------------------------------------------------------*/

/* The word, or a full stop behind the last. */
const struct word *reader_word(const struct reader *r, size_t i);
bool reader_is(const struct reader *r, size_t i, const char *list);
bool reader_mark(const struct reader *r, size_t i, char mark);

/* A plain number of at most four digits / a year; -1: none. */
int reader_number(const struct reader *r, size_t i);
int reader_year(const struct reader *r, size_t i);

/* "trois", "a", "une", or a plain number; -1: none. */
int reader_count(const struct reader *r, size_t i);

/* 1 to 12; 0: no month. */
int reader_month(const struct reader *r, size_t i);

/* 0 (Monday) to 6; -1: none. */
int reader_weekday(const struct reader *r, size_t i);

/* What "prochain" or "next" says: 1 next, -1 last, 0 nothing. */
int reader_turn(const struct reader *r, size_t i);

/* --- forms -------------------------------------------------------------------------------------*/

/* "15 décembre 2026" / "December 15th" / 15/12 / "15", behind an article. */
bool told_day_month(const struct reader *r, size_t i, struct found *f);
bool told_month_day(const struct reader *r, size_t i, struct found *f);
bool told_figures(const struct reader *r, size_t i, bool article, struct found *f);
bool told_day_alone(const struct reader *r, size_t i, struct found *f);

/* "vendredi prochain" / "demain", "hier" / "sous 10 jours", "3 days ago". */
bool counted_weekday(const struct reader *r, size_t i, struct found *f);
bool counted_name(const struct reader *r, size_t i, struct found *f);
bool counted_within(const struct reader *r, size_t i, struct found *f);
bool counted_terms(const struct reader *r, size_t i, struct found *f); /* no day */

/* "fin de mois" / "semaine 50" / "la semaine prochaine", "en janvier". */
bool span_part(const struct reader *r, size_t i, struct found *f);
bool span_week(const struct reader *r, size_t i, struct found *f);
bool span_whole(const struct reader *r, size_t i, struct found *f);

#endif
