/*
 * spoken_date - dates as people write them in a sentence, French and English
 *
 * Synopsis
 *      struct spoken_date dates[SPOKEN_DATES_MAX];
 *      size_t count = spoken_dates(&words, &message_day, dates);
 *      ... dates[0].ahead ...       // as a promise: "je vous règle le 15 décembre"
 *      ... dates[0].back ...        // as a report: "payé le 3 novembre"
 *
 * "le 15 décembre", "15/12", "Dec 15th", "vendredi prochain", "fin de mois", "mi-janvier", "sous
 * huitaine", "d'ici 10 jours", "la semaine prochaine", "semaine 50", "hier", "3 days ago", "le 5".
 * What is relative or without a year counts from a day: the day and month ahead are the next such
 * day on or after it, a weekday is the next one after it. A span ("la semaine prochaine", "en
 * janvier") stands for its last day, a week for its Friday; "début" is the first day, "mi-" the
 * 15th, "fin" the last. Terms of payment ("60 jours fin de mois") count from an invoice: no day.
 * The day stands before the month unless it then is no date. Years 1970 to 2199. Pure, linear.
 */
#ifndef TEMOIN_POLICY_SPOKEN_DATE_H
#define TEMOIN_POLICY_SPOKEN_DATE_H

#include "policy/date.h"
#include "policy/suggest_words.h"

enum { SPOKEN_DATES_MAX = 16, SPOKEN_STALE_DAYS = 60 };

/* A day of the calendar; `month` 0: not known. */
struct day {
    int year, month, day;
};

struct spoken_date {
    size_t begin, end;          /* words, with the article or preposition that belongs to it */
    char ahead[DATE_CHARS + 1]; /* read as what is to come; "": it cannot be */
    char back[DATE_CHARS + 1];  /* read as what has been, exact days only; "" */
    bool day_only;              /* "le 15" */
    bool dated;                 /* day and month are told, not counted */
};

/* The dates of a sentence in order, at most SPOKEN_DATES_MAX; gives how many. Without a known
   day only dates with a year are given. */
size_t spoken_dates(const struct words *w, const struct day *from,
                    struct spoken_date dates[SPOKEN_DATES_MAX]);

/* Days since 1970-01-01, and back. */
long day_number(const struct day *d);
struct day day_of_number(long number);

#endif
