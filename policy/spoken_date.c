/*
 * spoken_date - dates as people write them in a sentence, French and English
 *
 * At each word the forms are tried in order, longest first; each is a short function that reads
 * forward from its place and says how far it came. A form fills two day numbers, one for each
 * way of reading; making text of them is common to all.
 */
#include "policy/spoken_date.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_DAY = INT_MIN, YEAR_FIRST = 1970, YEAR_LAST = 2199, WEEK = 7 };

/* --- the calendar ----------------------------------------------------------------------------*/

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Years begin in March, so that the leap day is the last (proleptic Gregorian calendar). */
long day_number(const struct day *d)
{
    long y = d->year - (d->month <= 2);
    long era = y / 400, of_era = y - era * 400;
    long of_year = (153 * (d->month + (d->month > 2 ? -3 : 9)) + 2) / 5 + d->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct day day_of_number(long number)
{
    long z = number + 719468, era = z / 146097, of_era = z - era * 146097;
    long y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    long of_year = of_era - (365 * y + y / 4 - y / 100);
    long m = (5 * of_year + 2) / 153;
    struct day d = {(int)(y + era * 400), (int)(m < 10 ? m + 3 : m - 9),
                    (int)(of_year - (153 * m + 2) / 5 + 1)};
    d.year += d.month <= 2;
    return d;
}

/* Monday is 0. */
static int weekday_of(long number)
{
    return (int)(((number + 3) % WEEK + WEEK) % WEEK);
}

static bool is_day(int year, int month, int day)
{
    return year >= YEAR_FIRST && year <= YEAR_LAST && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_days(year, month);
}

static long last_of_month(int year, int month)
{
    return day_number(&(struct day){year, month, month_days(year, month)});
}

/* --- reading ---------------------------------------------------------------------------------*/

struct reader {
    const struct words *w;
    const struct day *from; /* NULL: not known */
    long today;
};

/* What a form found: one day for each way of reading. */
struct found {
    size_t end;
    long ahead, back;
    bool day_only, dated;
};

static const struct word *at(const struct reader *r, size_t i)
{
    static const struct word none = {.kind = WORD_MARK, .text = "."};
    return i < r->w->count ? &r->w->items[i] : &none;
}

static bool is(const struct reader *r, size_t i, const char *list)
{
    return word_is(at(r, i), list);
}

static bool is_mark(const struct reader *r, size_t i, char mark)
{
    return at(r, i)->kind == WORD_MARK && at(r, i)->text[0] == mark;
}

/* A plain number of at most four digits; -1: none. */
static int number(const struct reader *r, size_t i)
{
    const struct word *w = at(r, i);
    size_t digits = strspn(w->text, "0123456789");
    if (w->kind != WORD_NUMBER || w->text[digits] || digits > 4)
        return -1;
    return atoi(w->text);
}

static int year_at(const struct reader *r, size_t i)
{
    int year = number(r, i);
    return year >= YEAR_FIRST && year <= YEAR_LAST ? year : -1;
}

/* 1 to 12; 0: no month. "may" and "march" may be verbs: then they are small. */
static int month(const struct reader *r, size_t i)
{
    static const char *const months[] = {"janv* jan january jans",
                                         "fev fevr* fevi* feb febr*",
                                         "mars march mar",
                                         "avr avri* april apr",
                                         "mai may",
                                         "juin june jun",
                                         "juil juil* july jul",
                                         "aout august aug",
                                         "sept septe* sep",
                                         "oct octo*",
                                         "nov nove*",
                                         "dec decem* decen* decm*"};
    const struct word *w = at(r, i);
    if (w->kind != WORD_LETTERS)
        return 0;
    for (int m = 0; m < 12; m++)
        if (word_is(w, months[m]))
            return m + 1;
    return 0;
}

/* 0 (Monday) to 6; -1: none. */
static int weekday(const struct reader *r, size_t i)
{
    static const char *const days[] = {
        "lundi lun monday mon",         "mardi tuesday tue tues",
        "mercredi merc wednesday wed",  "jeudi thursday thu thur thurs",
        "vendredi ven vend friday fri", "samedi sam saturday sat",
        "dimanche dim sunday"};
    for (int d = 0; d < WEEK; d++)
        if (is(r, i, days[d]) && !(strlen(at(r, i)->text) < 5 && number(r, i + 1) < 0))
            return d;
    return -1;
}

/* "trois", "a", "une", or a plain number; -1: none. */
static int count_word(const struct reader *r, size_t i)
{
    static const struct {
        const char *words;
        int count;
    } counts[] = {{"un une a an one", 1}, {"deux two couple", 2}, {"trois three", 3},
                  {"quatre four", 4},     {"cinq five", 5},       {"six", 6},
                  {"sept seven", 7},      {"huit eight", 8},      {"dix ten", 10},
                  {"quinze fifteen", 15}, {"vingt twenty", 20},   {"trente thirty", 30}};
    if (number(r, i) >= 0)
        return number(r, i);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        if (is(r, i, counts[k].words))
            return counts[k].count;
    return -1;
}

/* --- resolving -------------------------------------------------------------------------------*/

static void set_day(struct found *f, const struct reader *r, int year, int m, int day)
{
    long n = day_number(&(struct day){year, m, day});
    f->ahead = !r->from || n >= r->today ? n : NO_DAY;
    f->back = !r->from || n <= r->today ? n : NO_DAY;
    f->dated = true;
}

/* Day and month without a year: the next such day, unless the last one is so near that it must be
   meant; and the last such day, unless the next is as near. */
static bool set_day_month(struct found *f, const struct reader *r, int m, int day)
{
    if (!r->from || !is_day(2000, m, day))
        return false;
    for (int y = r->from->year; y <= r->from->year + 8 && f->ahead == NO_DAY; y++)
        if (is_day(y, m, day) && day_number(&(struct day){y, m, day}) >= r->today)
            f->ahead = day_number(&(struct day){y, m, day});
    for (int y = r->from->year; y >= r->from->year - 8 && f->back == NO_DAY; y--)
        if (is_day(y, m, day) && day_number(&(struct day){y, m, day}) <= r->today)
            f->back = day_number(&(struct day){y, m, day});
    if (f->ahead == f->back)
        return true;
    if (f->back != NO_DAY && r->today - f->back <= SPOKEN_STALE_DAYS)
        f->ahead = NO_DAY;
    else if (f->ahead != NO_DAY && f->ahead - r->today <= SPOKEN_STALE_DAYS)
        f->back = NO_DAY;
    return true;
}

/* Day and month, and the year where `i` has one. */
static bool set_full(struct found *f, const struct reader *r, size_t i, int m, int day)
{
    int year = year_at(r, i + (is_mark(r, i, ',') && year_at(r, i + 1) > 0));
    if (number(r, i) >= 20 && number(r, i) < 100 && at(r, i)->joined)
        year = 2000 + number(r, i); /* 15-Dec-26 */
    f->end = year > 0 ? i + 1 + is_mark(r, i, ',') : i;
    f->dated = true;
    if (year < 0)
        return set_day_month(f, r, m, day);
    if (!is_day(year, m, day))
        return false;
    set_day(f, r, year, m, day);
    return true;
}

/* --- forms -----------------------------------------------------------------------------------*/

/* "15 décembre 2026", "1er janvier", "15th of December": behind an article or weekday. */
static bool day_month(const struct reader *r, size_t i, struct found *f)
{
    int day = number(r, i);
    if (is(r, i, "premier") && month(r, i + 1))
        day = 1;
    if (day < 1 || day > 31)
        return false;
    i++;
    i += is(r, i, "er st nd rd th eme e") && at(r, i)->joined;
    i += is(r, i, "of de d");
    int m = month(r, i);
    return m && set_full(f, r, i + 1, m, day);
}

/* "December 15th, 2026" */
static bool month_day(const struct reader *r, size_t i, struct found *f)
{
    int m = month(r, i), day = number(r, i + 1 + is(r, i + 1, "the"));
    if (!m || day < 1 || day > 31 || !at(r, i)->capital)
        return false;
    i += 2 + is(r, i + 1, "the");
    i += is(r, i, "st nd rd th") && at(r, i)->joined;
    if (is(r, i, "eur gbp euros euro"))
        return false;
    return set_full(f, r, i, m, day);
}

/* 15/12, 15/12/2026, 15.12.2026, 2026-12-15; 15.12 and 15-12 only behind an article. */
static bool figures(const struct reader *r, size_t i, bool article, struct found *f)
{
    char date[DATE_CHARS + 1];
    const char *why, *text = at(r, i)->text;
    int a = 0, b = 0, used = 0;
    char mark = '\0';
    if (at(r, i)->kind != WORD_NUMBER)
        return false;
    f->end = i + 1;
    if (strlen(text) >= 6 && strcspn(text, "/.-") < strlen(text) &&
        (date_parse(text, date, &why) || strcmp(why, "is no date") != 0)) {
        struct day d;
        if (!*date) { /* 12/15/2026 */
            if (sscanf(text, "%2d/%2d/%4d%n", &a, &b, &d.year, &used) != 3 || text[used])
                return false;
            d.year += d.year < 100 ? 2000 : 0;
            d.month = a;
            d.day = b;
        } else if (sscanf(date, "%4d-%2d-%2d", &d.year, &d.month, &d.day) != 3) {
            return false;
        }
        if (!is_day(d.year, d.month, d.day))
            return false;
        set_day(f, r, d.year, d.month, d.day);
        return true;
    }
    if (sscanf(text, "%2d%c%2d%n", &a, &mark, &b, &used) != 3 || text[used] ||
        !strchr("/.-", mark) || (mark != '/' && !article) || is(r, i + 1, "eur euros euro k"))
        return false;
    f->dated = true;
    if (b > 12 && a <= 12)
        return set_day_month(f, r, a, b);
    return (article || strlen(text) >= 4) && set_day_month(f, r, b, a);
}

/* What "prochain" or "next" before or behind the word at `i` says: 1 next, -1 last, 0 nothing. */
static int turn_at(const struct reader *r, size_t i)
{
    if (is(r, i, "prochain prochaine next suivant suivante coming following"))
        return 1;
    return is(r, i, "dernier derniere last past passe passee precedent") ? -1 : 0;
}

static bool weekday_form(const struct reader *r, size_t i, struct found *f)
{
    int turn = turn_at(r, i);
    i += turn != 0 || is(r, i, "this ce on coming");
    int day = weekday(r, i);
    if (day < 0 || !r->from)
        return false;
    i++;
    if (!turn && (turn = turn_at(r, i)) != 0)
        i++;
    int ahead = (day - weekday_of(r->today) + WEEK - 1) % WEEK + 1;
    int back = (weekday_of(r->today) - day + WEEK - 1) % WEEK + 1;
    if (is(r, i, "en") && is(r, i + 1, "huit")) {
        ahead += WEEK;
        i += 2;
    }
    f->end = i + is(r, i, "matin soir midi apres morning afternoon evening");
    f->ahead = turn < 0 ? NO_DAY : r->today + ahead;
    f->back = turn > 0 ? NO_DAY : r->today - back;
    return true;
}

/* "demain", "aujourd'hui", "hier": what needs no number. */
static bool named_day(const struct reader *r, size_t i, struct found *f)
{
    static const struct {
        const char *words[4];
        int days;
        bool past;
    } names[] = {
        {{"avant", "hier"}, -2, true},
        {{"apres", "demain"}, 2, false},
        {{"the", "day", "after", "tomorrow"}, 2, false},
        {{"day", "after", "tomorrow"}, 2, false},
        {{"day", "before", "yesterday"}, -2, true},
        {{"hier yesterday"}, -1, true},
        {{"demain tomorrow"}, 1, false},
        {{"aujourd", "hui"}, 0, true},
        {{"aujourdhui today tonight auj ajd ajourd*"}, 0, true},
        {{"ce this", "jour matin soir morning afternoon evening"}, 0, true},
        {{"cet", "apres", "midi"}, 0, true},
        {{"dans", "la", "journee"}, 0, false},
        {{"en", "journee"}, 0, false},
        {{"within in", "the", "day"}, 0, false},
        {{"end fin", "of de", "day journee"}, 0, false},
    };
    if (!r->from)
        return false;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t n = 0;
        while (n < 4 && names[k].words[n] && is(r, i + n, names[k].words[n]))
            n++;
        if (n == 0 || (n < 4 && names[k].words[n]))
            continue;
        int days = names[k].days;
        f->end = i + n;
        f->ahead = days >= 0 ? r->today + days : NO_DAY;
        f->back = days <= 0 && names[k].past ? r->today + days : NO_DAY;
        return true;
    }
    return false;
}

static long add_months(long day, int months)
{
    struct day d = day_of_number(day);
    int m = d.month - 1 + months;
    d.year += m / 12;
    d.month = m % 12 + 1;
    int last = month_days(d.year, d.month);
    d.day = d.day > last ? last : d.day;
    return day_number(&d);
}

static long add_working_days(long day, int days)
{
    while (days > 0)
        days -= weekday_of(++day) < 5;
    return day;
}

/* Behind "sous", "dans", "within": "10 jours", "une semaine", "48h", "huitaine". */
static bool duration(const struct reader *r, size_t i, struct found *f)
{
    i += is(r, i, "les the la") || (is(r, i, "un") && is(r, i + 1, "delai"));
    i += is(r, i, "delai") ? 1 : 0;
    i += is(r, i, "prochains prochaines next maximum max de d") ? 1 : 0;
    i += is(r, i, "maximum max de d") ? 1 : 0;
    int n = count_word(r, i);
    f->end = i + 1;
    i += n >= 0 && is(r, i, "une") && is(r, i + 1, "huitaine quinzaine dizaine");
    if (is(r, i, "huitaine quinzaine dizaine fortnight") || (n == 1 && is(r, i + 1, "fortnight"))) {
        size_t word = i + is(r, i + 1, "fortnight");
        int days = is(r, word, "huitaine")    ? 8
                   : is(r, word, "dizaine")   ? 10
                   : is(r, word, "fortnight") ? 14
                                              : 15;
        f->end = word + 1;
        if (is(r, word + 1, "de") && is(r, word + 2, "jours"))
            f->end = word + 3;
        f->ahead = r->today + days;
        return true;
    }
    if (n < 0 || n > 366)
        return false;
    i++;
    i += is(r, i, "of a") ? 1 : 0;
    bool working = is(r, i, "working business") || is(r, i + 1, "ouvres ouvre ouvrables");
    i += is(r, i, "working business") || is(r, i, "a to");
    if (is(r, i, "jour jours j day days jrs"))
        f->ahead = working ? add_working_days(r->today, n) : r->today + n;
    else if (is(r, i, "heures h heure hours hour hrs"))
        f->ahead = r->today + (n + 23) / 24;
    else if (is(r, i, "semaine semaines week weeks"))
        f->ahead = r->today + (long)n * WEEK;
    else if (is(r, i, "mois month months"))
        f->ahead = add_months(r->today, n);
    else
        return false;
    f->end = i + 1 + is(r, i + 1, "ouvres ouvre ouvrables");
    return true;
}

static bool within(const struct reader *r, size_t i, struct found *f)
{
    if (!r->from)
        return false;
    if (is(r, i, "il") && is(r, i + 1, "y") && is(r, i + 2, "a") && number(r, i + 3) >= 0 &&
        is(r, i + 4, "jours jour j")) {
        f->end = i + 5;
        f->back = r->today - number(r, i + 3);
        return true;
    }
    if (count_word(r, i) >= 0 && is(r, i + 1, "days day") && is(r, i + 2, "ago")) {
        f->end = i + 3;
        f->back = r->today - count_word(r, i);
        return true;
    }
    if (is(r, i, "sous dans within in"))
        return duration(r, i + 1, f);
    if (is(r, i, "d") && is(r, i + 1, "ici"))
        return duration(r, i + 2 + (is(r, i + 2, "a") || is(r, i + 2, "sous")), f);
    return false;
}

/* --- months and weeks ------------------------------------------------------------------------*/

enum part { PART_WHOLE, PART_BEGIN, PART_MIDDLE, PART_END };

/* The day that a part of a month stands for. */
static long of_month(int year, int m, enum part part)
{
    if (part == PART_BEGIN)
        return day_number(&(struct day){year, m, 1});
    if (part == PART_MIDDLE)
        return day_number(&(struct day){year, m, 15});
    return last_of_month(year, m);
}

/* "décembre", "decembre 2026" in this part; the next that is not over. */
static bool set_month(struct found *f, const struct reader *r, size_t i, enum part part)
{
    int m = month(r, i), year = year_at(r, i + 1);
    f->end = i + 1 + (year > 0);
    f->dated = true;
    if (!m || (year < 0 && !r->from))
        return false;
    if (year < 0)
        year = r->from->year + (of_month(r->from->year, m, part) < r->today);
    if (year > YEAR_LAST)
        return false;
    f->ahead = of_month(year, m, part);
    if (r->from && (f->ahead < r->today || f->ahead - r->today > 366 - SPOKEN_STALE_DAYS))
        f->ahead = NO_DAY;
    return true;
}

/* "mois", "mois prochain", "next month", "semaine", "année": a span that is counted. */
static bool set_span(struct found *f, const struct reader *r, size_t i, enum part part)
{
    if (!r->from)
        return false;
    int turn = turn_at(r, i);
    i += turn != 0 || is(r, i, "this ce cette courant");
    bool week = is(r, i, "semaine week sem"), year = is(r, i, "annee year an");
    if (!week && !year && !is(r, i, "mois month"))
        return false;
    i++;
    if (!turn && (turn = turn_at(r, i)) != 0)
        i++;
    else
        i += is(r, i, "courant ci en");
    f->end = i;
    if (turn < 0)
        return true;
    if (week) {
        long monday = r->today - weekday_of(r->today) + (turn ? WEEK : 0);
        f->ahead = monday + (part == PART_BEGIN ? 0 : part == PART_MIDDLE ? 2 : 4);
        if (f->ahead < r->today) /* the week's end, written at the week-end: the next */
            f->ahead += turn || part == PART_WHOLE ? 2 : WEEK;
        return true;
    }
    struct day d = *r->from;
    if (year) {
        d.year += turn;
        d.month = part == PART_BEGIN ? 1 : part == PART_MIDDLE ? 6 : 12;
    } else if (turn) {
        d = day_of_number(add_months(day_number(&(struct day){d.year, d.month, 1}), 1));
    }
    f->ahead = of_month(d.year, d.month, part);
    if (f->ahead < r->today && !year) { /* "mi-mois" on the 20th */
        d = day_of_number(add_months(day_number(&(struct day){d.year, d.month, 1}), 1));
        f->ahead = of_month(d.year, d.month, part);
    }
    if (f->ahead < r->today)
        f->ahead = NO_DAY;
    return true;
}

static bool set_part(struct found *f, const struct reader *r, size_t i, enum part part)
{
    i += is(r, i, "de du of d in");
    i += is(r, i, "la le l the");
    if (is(r, i, "mois") && is(r, i + 1, "de d") && month(r, i + 2))
        return set_month(f, r, i + 2, part);
    return set_month(f, r, i, part) || set_span(f, r, i, part);
}

/* "fin décembre", "mi-janvier", "end of the month", "première quinzaine de". */
static bool part_form(const struct reader *r, size_t i, struct found *f)
{
    static const struct {
        const char *words, *then;
        enum part part;
    } parts[] = {{"premiere", "quinzaine", PART_MIDDLE},
                 {"1ere", "quinzaine", PART_MIDDLE},
                 {"seconde deuxieme", "quinzaine", PART_END},
                 {"derniere", "semaine", PART_END},
                 {"last", "week day", PART_END},
                 {"fin end late", NULL, PART_END},
                 {"debut early beginning start", NULL, PART_BEGIN},
                 {"mi mid middle milieu", NULL, PART_MIDDLE},
                 {"courant during sometime", NULL, PART_WHOLE}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        if (is(r, i, parts[k].words) && (!parts[k].then || is(r, i + 1, parts[k].then)) &&
            set_part(f, r, i + 1 + (parts[k].then != NULL), parts[k].part))
            return true;
    if (is(r, i, "month") && is(r, i + 1, "end") && r->from) {
        f->end = i + 2;
        f->ahead = last_of_month(r->from->year, r->from->month);
        return true;
    }
    return false;
}

/* ISO week of the year (ISO 8601): its Friday. */
static bool numbered_week(const struct reader *r, size_t i, struct found *f)
{
    int week = -1;
    if (is(r, i, "semaine week sem")) {
        i += is(r, i + 1, "n no numero");
        week = number(r, i + 1);
        f->end = i + 2;
    } else if (at(r, i)->kind == WORD_REFERENCE && at(r, i)->text[0] == 's' &&
               strlen(at(r, i)->text) == 3) {
        week = atoi(at(r, i)->text + 1);
        f->end = i + 1;
    }
    if (week < 1 || week > 53 || !r->from)
        return false;
    for (int y = r->from->year; y <= r->from->year + 1; y++) {
        long fourth = day_number(&(struct day){y, 1, 4});
        long friday = fourth - weekday_of(fourth) + (week - 1) * WEEK + 4;
        if (friday >= r->today - 4 && f->ahead == NO_DAY)
            f->ahead = friday;
    }
    return true;
}

/* "la semaine prochaine", "ce mois-ci", "dans le mois", "en janvier". */
static bool span_form(const struct reader *r, size_t i, struct found *f)
{
    if (is(r, i, "dans within") && is(r, i + 1, "la le the") &&
        is(r, i + 2, "semaine mois month week"))
        return set_span(f, r, i + 2, PART_WHOLE);
    if (is(r, i, "en in pour sur fin ici avant by before during for") && month(r, i + 1) &&
        (at(r, i + 1)->capital || !is(r, i + 1, "may march")))
        return set_month(f, r, i + 1, is(r, i, "avant before") ? PART_BEGIN : PART_WHOLE);
    bool turned = is(r, i, "ce cette this next last") || turn_at(r, i + 1);
    return turned && set_span(f, r, i, PART_WHOLE);
}

/* "le 15", "le 5 du mois prochain", "the 15th": what may follow is looked at, since "le 2 factures"
   is no date. */
static bool day_alone(const struct reader *r, size_t i, struct found *f)
{
    int day = number(r, i);
    bool ordinal = is(r, i + 1, "er st nd rd th") && at(r, i + 1)->joined;
    if (day < 1 || day > 31 || !r->from)
        return false;
    i += 1 + ordinal;
    struct day d = *r->from;
    long this_month = d.day <= day ? 0 : 1;
    bool next = is(r, i, "du of") && is(r, i + 1, "mois next") &&
                (turn_at(r, i + 1) > 0 || turn_at(r, i + 2) > 0);
    if (next) {
        i += 3;
        this_month = 1;
    } else if (is(r, i, "du of de") && is(r, i + 1, "mois ce this the")) {
        i += 2 + is(r, i + 1, "ce this the");
    } else if (is(r, i, "prochain courant")) {
        i++;
    } else if (!ordinal && at(r, i)->kind != WORD_MARK &&
               !is(r, i,
                   "et ou puis and or pour par au sans avec en comme afin dernier car mais maximum "
                   "max merci s svp de")) {
        return false;
    } else if (is_mark(r, i, '%') || is_mark(r, i, '$')) {
        return false;
    }
    bool last = is(r, i, "dernier");
    f->end = i + last;
    f->day_only = true;
    for (int tries = 0; tries < 3; tries++, this_month++) {
        struct day first = day_of_number(
            add_months(day_number(&(struct day){d.year, d.month, 1}), (int)this_month));
        if (is_day(first.year, first.month, day) && f->ahead == NO_DAY)
            f->ahead = day_number(&(struct day){first.year, first.month, day});
    }
    int back_month = d.day >= day ? d.month : d.month - 1;
    int back_year = back_month ? d.year : d.year - 1;
    back_month = back_month ? back_month : 12;
    if (!next && is_day(back_year, back_month, day))
        f->back = day_number(&(struct day){back_year, back_month, day});
    if (last)
        f->ahead = NO_DAY;
    return true;
}

/* --- all of a sentence -----------------------------------------------------------------------*/

/* "le", "au", "d'ici le", "lundi": may stand before a date. */
static bool is_article(const struct reader *r, size_t i)
{
    return is(r, i,
              "le au du the on by avant before for pour jusqu ici until from les des au "
              "vers around") ||
           weekday(r, i) >= 0;
}

static bool read_one(const struct reader *r, size_t i, struct found *f)
{
    size_t begin = i;
    *f = (struct found){.ahead = NO_DAY, .back = NO_DAY};
    if (named_day(r, i, f) || within(r, i, f))
        return true;
    bool article = is_article(r, i) && !is(r, i, "les des");
    if (article) {
        i++;
        i += is(r, i, "le the au") ? 1 : 0;
        i += weekday(r, i) >= 0 ? 1 : 0;
        i += is_mark(r, i, ',') && number(r, i + 1) > 0 && weekday(r, i - 1) >= 0;
        i += is(r, i, "le the") ? 1 : 0;
    }
    if (day_month(r, i, f) || figures(r, i, article, f) || month_day(r, i, f))
        return true;
    if (article && is(r, i - 1, "le au du the") && day_alone(r, i, f))
        return true;
    return weekday_form(r, begin, f) || part_form(r, begin, f) || numbered_week(r, begin, f) ||
           span_form(r, begin, f);
}

static void write_day(long number, char text[DATE_CHARS + 1])
{
    text[0] = '\0';
    if (number == NO_DAY)
        return;
    struct day d = day_of_number(number);
    if (d.year >= YEAR_FIRST && d.year <= YEAR_LAST)
        snprintf(text, DATE_CHARS + 1, "%04u-%02u-%02u", (unsigned)d.year % 10000,
                 (unsigned)d.month % 100, (unsigned)d.day % 100);
}

/* "le 15 et le 30 janvier": the day without a month takes the month that follows. */
static void lend_month(struct spoken_date *first, const struct spoken_date *second)
{
    struct day a, b;
    if (!first->day_only || !second->dated || second->begin > first->end + 2 || !*second->ahead ||
        sscanf(first->ahead, "%4d-%2d-%2d", &a.year, &a.month, &a.day) != 3 ||
        sscanf(second->ahead, "%4d-%2d-%2d", &b.year, &b.month, &b.day) != 3)
        return;
    if (a.day < b.day && is_day(b.year, b.month, a.day)) {
        b.day = a.day;
        write_day(day_number(&b), first->ahead);
    }
}

size_t spoken_dates(const struct words *w, const struct day *from,
                    struct spoken_date dates[SPOKEN_DATES_MAX])
{
    struct reader r = {w, from && from->month ? from : NULL, 0};
    size_t count = 0;
    if (r.from)
        r.today = day_number(r.from);
    for (size_t i = 0; i < w->count && count < SPOKEN_DATES_MAX;) {
        struct found f;
        if (!read_one(&r, i, &f)) {
            i++;
            continue;
        }
        dates[count] = (struct spoken_date){
            .begin = i, .end = f.end, .day_only = f.day_only, .dated = f.dated};
        write_day(f.ahead, dates[count].ahead);
        write_day(f.back, dates[count].back);
        if (count)
            lend_month(&dates[count - 1], &dates[count]);
        count++;
        i = f.end > i ? f.end : i + 1;
    }
    return count;
}
