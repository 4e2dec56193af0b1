/*
 * spoken_date_reader - what the forms of spoken dates share: the calendar, and reading words
 */
#include "policy/spoken_date_reader.h"

#include <stdlib.h>
#include <string.h>

/* --- the calendar ----------------------------------------------------------------------------*/

int calendar_month_days(int year, int month)
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
int calendar_weekday(long number)
{
    return (int)(((number + 3) % WEEK + WEEK) % WEEK);
}

bool calendar_is_day(int year, int month, int day)
{
    return year >= YEAR_FIRST && year <= YEAR_LAST && month >= 1 && month <= 12 && day >= 1 &&
           day <= calendar_month_days(year, month);
}

long calendar_month_end(int year, int month)
{
    return day_number(&(struct day){year, month, calendar_month_days(year, month)});
}

long calendar_add_months(long day, int months)
{
    struct day d = day_of_number(day);
    int m = d.month - 1 + months;
    d.year += m / 12;
    d.month = m % 12 + 1;
    int last = calendar_month_days(d.year, d.month);
    d.day = d.day > last ? last : d.day;
    return day_number(&d);
}

long calendar_add_working_days(long day, int days)
{
    while (days > 0)
        days -= calendar_weekday(++day) < 5;
    return day;
}

/* --- words -----------------------------------------------------------------------------------*/

const struct word *reader_word(const struct reader *r, size_t i)
{
    static const struct word none = {.kind = WORD_MARK, .text = "."};
    return i < r->w->count ? &r->w->items[i] : &none;
}

bool reader_is(const struct reader *r, size_t i, const char *list)
{
    return word_is(reader_word(r, i), list);
}

bool reader_mark(const struct reader *r, size_t i, char mark)
{
    return reader_word(r, i)->kind == WORD_MARK && reader_word(r, i)->text[0] == mark;
}

/* A plain number of at most four digits; -1: none. */
int reader_number(const struct reader *r, size_t i)
{
    const struct word *w = reader_word(r, i);
    size_t digits = strspn(w->text, "0123456789");
    if (w->kind != WORD_NUMBER || w->text[digits] || digits > 4)
        return -1;
    return atoi(w->text);
}

int reader_year(const struct reader *r, size_t i)
{
    int year = reader_number(r, i);
    return year >= YEAR_FIRST && year <= YEAR_LAST ? year : -1;
}

/* 1 to 12; 0: no month. "may" and "march" may be verbs: then they are small. */
int reader_month(const struct reader *r, size_t i)
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
    const struct word *w = reader_word(r, i);
    if (w->kind != WORD_LETTERS)
        return 0;
    for (int m = 0; m < 12; m++)
        if (word_is(w, months[m]))
            return m + 1;
    return 0;
}

/* 0 (Monday) to 6; -1: none. */
int reader_weekday(const struct reader *r, size_t i)
{
    static const char *const days[] = {
        "lundi lun monday mon",         "mardi tuesday tue tues",
        "mercredi merc wednesday wed",  "jeudi thursday thu thur thurs",
        "vendredi ven vend friday fri", "samedi sam saturday sat",
        "dimanche dim sunday"};
    for (int d = 0; d < WEEK; d++)
        if (reader_is(r, i, days[d]) &&
            !(strlen(reader_word(r, i)->text) < 5 && reader_number(r, i + 1) < 0))
            return d;
    return -1;
}

/* "trois", "a", "une", or a plain number; -1: none. */
int reader_count(const struct reader *r, size_t i)
{
    static const struct {
        const char *words;
        int count;
    } counts[] = {{"un une a an one", 1}, {"deux two couple", 2}, {"trois three", 3},
                  {"quatre four", 4},     {"cinq five", 5},       {"six", 6},
                  {"sept seven", 7},      {"huit eight", 8},      {"dix ten", 10},
                  {"quinze fifteen", 15}, {"vingt twenty", 20},   {"trente thirty", 30}};
    if (reader_number(r, i) >= 0)
        return reader_number(r, i);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        if (reader_is(r, i, counts[k].words))
            return counts[k].count;
    return -1;
}

/* What "prochain" or "next" before or behind the word at `i` says: 1 next, -1 last, 0 nothing. */
int reader_turn(const struct reader *r, size_t i)
{
    if (reader_is(r, i, "prochain prochaine next suivant suivante coming following"))
        return 1;
    return reader_is(r, i, "dernier derniere last past passe passee precedent") ? -1 : 0;
}
