/*
 * spoken_date_told - dates whose day is told: "le 15 décembre", 15/12, "December 15th", "le 5"
 */
#include <stdio.h>
#include <string.h>

#include "policy/spoken_date_reader.h"

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
    if (!r->from || !calendar_is_day(2000, m, day))
        return false;
    for (int y = r->from->year; y <= r->from->year + 8 && f->ahead == NO_DAY; y++)
        if (calendar_is_day(y, m, day) && day_number(&(struct day){y, m, day}) >= r->today)
            f->ahead = day_number(&(struct day){y, m, day});
    for (int y = r->from->year; y >= r->from->year - 8 && f->back == NO_DAY; y--)
        if (calendar_is_day(y, m, day) && day_number(&(struct day){y, m, day}) <= r->today)
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
    int year = reader_year(r, i + (reader_mark(r, i, ',') && reader_year(r, i + 1) > 0));
    if (reader_number(r, i) >= 20 && reader_number(r, i) < 100 && reader_word(r, i)->joined)
        year = 2000 + reader_number(r, i); /* 15-Dec-26 */
    f->end = year > 0 ? i + 1 + reader_mark(r, i, ',') : i;
    f->dated = true;
    if (year < 0)
        return set_day_month(f, r, m, day);
    if (!calendar_is_day(year, m, day))
        return false;
    set_day(f, r, year, m, day);
    return true;
}

/* "15 décembre 2026", "1er janvier", "15th of December": behind an article or weekday. */
bool told_day_month(const struct reader *r, size_t i, struct found *f)
{
    int day = reader_number(r, i);
    if (reader_is(r, i, "premier") && reader_month(r, i + 1))
        day = 1;
    if (day < 1 || day > 31)
        return false;
    i++;
    i += reader_is(r, i, "er st nd rd th eme e") && reader_word(r, i)->joined;
    i += reader_is(r, i, "of de d");
    int m = reader_month(r, i);
    return m && set_full(f, r, i + 1, m, day);
}

/* "December 15th, 2026" */
bool told_month_day(const struct reader *r, size_t i, struct found *f)
{
    int m = reader_month(r, i), day = reader_number(r, i + 1 + reader_is(r, i + 1, "the"));
    if (!m || day < 1 || day > 31 || !reader_word(r, i)->capital)
        return false;
    i += 2 + reader_is(r, i + 1, "the");
    i += reader_is(r, i, "st nd rd th") && reader_word(r, i)->joined;
    if (reader_is(r, i, "eur gbp euros euro"))
        return false;
    return set_full(f, r, i, m, day);
}

/* 15/12, 15/12/2026, 15.12.2026, 2026-12-15; 15.12 and 15-12 only behind an article. */
bool told_figures(const struct reader *r, size_t i, bool article, struct found *f)
{
    char date[DATE_CHARS + 1];
    const char *why, *text = reader_word(r, i)->text;
    int a = 0, b = 0, used = 0;
    char mark = '\0';
    if (reader_word(r, i)->kind != WORD_NUMBER)
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
        if (!calendar_is_day(d.year, d.month, d.day))
            return false;
        set_day(f, r, d.year, d.month, d.day);
        return true;
    }
    if (sscanf(text, "%2d%c%2d%n", &a, &mark, &b, &used) != 3 || text[used] ||
        !strchr("/.-", mark) || (mark != '/' && !article) ||
        reader_is(r, i + 1, "eur euros euro k"))
        return false;
    f->dated = true;
    if (b > 12 && a <= 12)
        return set_day_month(f, r, a, b);
    return (article || strlen(text) >= 4) && set_day_month(f, r, b, a);
}

/* "le 15", "le 5 du mois prochain", "the 15th": what may follow is looked at, since "le 2 factures"
   is no date. */
bool told_day_alone(const struct reader *r, size_t i, struct found *f)
{
    int day = reader_number(r, i);
    bool ordinal = reader_is(r, i + 1, "er st nd rd th") && reader_word(r, i + 1)->joined;
    if (day < 1 || day > 31 || !r->from)
        return false;
    i += 1 + ordinal;
    struct day d = *r->from;
    long this_month = d.day <= day ? 0 : 1;
    bool next = reader_is(r, i, "du of") && reader_is(r, i + 1, "mois next") &&
                (reader_turn(r, i + 1) > 0 || reader_turn(r, i + 2) > 0);
    if (next) {
        i += 3;
        this_month = 1;
    } else if (reader_is(r, i, "du of de") && reader_is(r, i + 1, "mois ce this the")) {
        i += 2 + reader_is(r, i + 1, "ce this the");
    } else if (reader_is(r, i, "prochain courant")) {
        i++;
    } else if (!ordinal && reader_word(r, i)->kind != WORD_MARK &&
               !reader_is(
                   r, i,
                   "et ou puis and or pour par au sans avec en comme afin dernier car mais maximum "
                   "max merci s svp de")) {
        return false;
    } else if (reader_mark(r, i, '%') || reader_mark(r, i, '$')) {
        return false;
    }
    bool last = reader_is(r, i, "dernier");
    f->end = i + last;
    f->day_only = true;
    for (int tries = 0; tries < 3; tries++, this_month++) {
        struct day first = day_of_number(
            calendar_add_months(day_number(&(struct day){d.year, d.month, 1}), (int)this_month));
        if (calendar_is_day(first.year, first.month, day) && f->ahead == NO_DAY)
            f->ahead = day_number(&(struct day){first.year, first.month, day});
    }
    int back_month = d.day >= day ? d.month : d.month - 1;
    int back_year = back_month ? d.year : d.year - 1;
    back_month = back_month ? back_month : 12;
    if (!next && calendar_is_day(back_year, back_month, day))
        f->back = day_number(&(struct day){back_year, back_month, day});
    if (last)
        f->ahead = NO_DAY;
    return true;
}
