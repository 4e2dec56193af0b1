/*
 * spoken_date_span - parts of weeks, months and years: "fin de mois", "mi-janvier", "semaine 50"
 */
#include <stdlib.h>
#include <string.h>

#include "policy/spoken_date_reader.h"

enum part { PART_WHOLE, PART_BEGIN, PART_MIDDLE, PART_END };

/* The day that a part of a month stands for. */
static long of_month(int year, int m, enum part part)
{
    if (part == PART_BEGIN)
        return day_number(&(struct day){year, m, 1});
    if (part == PART_MIDDLE)
        return day_number(&(struct day){year, m, 15});
    return calendar_month_end(year, m);
}

/* "décembre", "decembre 2026" in this part; the next that is not over. */
static bool set_month(struct found *f, const struct reader *r, size_t i, enum part part)
{
    int m = reader_month(r, i), year = reader_year(r, i + 1);
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
    int turn = reader_turn(r, i);
    i += turn != 0 || reader_is(r, i, "this ce cette courant");
    bool week = reader_is(r, i, "semaine week sem"), year = reader_is(r, i, "annee year an");
    if (!week && !year && !reader_is(r, i, "mois month"))
        return false;
    i++;
    if (!turn && (turn = reader_turn(r, i)) != 0)
        i++;
    else
        i += reader_is(r, i, "courant ci en");
    f->end = i;
    if (turn < 0)
        return true;
    if (week) {
        long monday = r->today - calendar_weekday(r->today) + (turn ? WEEK : 0);
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
        d = day_of_number(calendar_add_months(day_number(&(struct day){d.year, d.month, 1}), 1));
    }
    f->ahead = of_month(d.year, d.month, part);
    if (f->ahead < r->today && !year) { /* "mi-mois" on the 20th */
        d = day_of_number(calendar_add_months(day_number(&(struct day){d.year, d.month, 1}), 1));
        f->ahead = of_month(d.year, d.month, part);
    }
    if (f->ahead < r->today)
        f->ahead = NO_DAY;
    return true;
}

static bool set_part(struct found *f, const struct reader *r, size_t i, enum part part)
{
    i += reader_is(r, i, "de du of d in");
    i += reader_is(r, i, "la le l the");
    if (reader_is(r, i, "mois") && reader_is(r, i + 1, "de d") && reader_month(r, i + 2))
        return set_month(f, r, i + 2, part);
    return set_month(f, r, i, part) || set_span(f, r, i, part);
}

/* "fin décembre", "mi-janvier", "end of the month", "première quinzaine de". */
bool span_part(const struct reader *r, size_t i, struct found *f)
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
        if (reader_is(r, i, parts[k].words) &&
            (!parts[k].then || reader_is(r, i + 1, parts[k].then)) &&
            set_part(f, r, i + 1 + (parts[k].then != NULL), parts[k].part))
            return true;
    if (reader_is(r, i, "month") && reader_is(r, i + 1, "end") && r->from) {
        f->end = i + 2;
        f->ahead = calendar_month_end(r->from->year, r->from->month);
        return true;
    }
    return false;
}

/* ISO week of the year (ISO 8601): its Friday. */
bool span_week(const struct reader *r, size_t i, struct found *f)
{
    int week = -1;
    if (reader_is(r, i, "semaine week sem")) {
        i += reader_is(r, i + 1, "n no numero");
        week = reader_number(r, i + 1);
        f->end = i + 2;
    } else if (reader_word(r, i)->kind == WORD_REFERENCE && reader_word(r, i)->text[0] == 's' &&
               strlen(reader_word(r, i)->text) == 3) {
        week = atoi(reader_word(r, i)->text + 1);
        f->end = i + 1;
    }
    if (week < 1 || week > 53 || !r->from)
        return false;
    for (int y = r->from->year; y <= r->from->year + 1; y++) {
        long fourth = day_number(&(struct day){y, 1, 4});
        long friday = fourth - calendar_weekday(fourth) + (week - 1) * WEEK + 4;
        if (friday >= r->today - 4 && f->ahead == NO_DAY)
            f->ahead = friday;
    }
    return true;
}

/* "la semaine prochaine", "ce mois-ci", "dans le mois", "en janvier". */
bool span_whole(const struct reader *r, size_t i, struct found *f)
{
    if (reader_is(r, i, "dans within") && reader_is(r, i + 1, "la le the") &&
        reader_is(r, i + 2, "semaine mois month week"))
        return set_span(f, r, i + 2, PART_WHOLE);
    if (reader_is(r, i, "en in pour sur fin ici avant by before during for") &&
        reader_month(r, i + 1) &&
        (reader_word(r, i + 1)->capital || !reader_is(r, i + 1, "may march")))
        return set_month(f, r, i + 1, reader_is(r, i, "avant before") ? PART_BEGIN : PART_WHOLE);
    bool turned = reader_is(r, i, "ce cette this next last") || reader_turn(r, i + 1);
    return turned && set_span(f, r, i, PART_WHOLE);
}
