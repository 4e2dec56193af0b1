/*
 * spoken_date - dates as people write them in a sentence, French and English
 *
 * At each word the forms are tried in order, longest first; each is a short function that reads
 * forward from its place and says how far it came. A form fills two day numbers, one for each
 * way of reading; making text of them is common to all.
 */
#include "policy/spoken_date.h"

#include <stdio.h>
#include <string.h>

#include "policy/spoken_date_reader.h"

/* "le", "au", "d'ici le", "lundi": may stand before a date. */
static bool is_article(const struct reader *r, size_t i)
{
    return reader_is(r, i,
                     "le au du the on by avant before for pour jusqu ici until from les des au "
                     "vers around") ||
           reader_weekday(r, i) >= 0;
}

/* "la semaine du 7 décembre", "week of 7 December": the Friday of that week. */
static bool week_of(const struct reader *r, size_t i, struct found *f)
{
    if (!reader_is(r, i, "semaine week") || !reader_is(r, i + 1, "du of commencing beginning"))
        return false;
    i += 2 + reader_is(r, i + 2, "the");
    i += reader_weekday(r, i) >= 0;
    if (!told_day_month(r, i, f) && !told_figures(r, i, true, f) && !told_month_day(r, i, f))
        return false;
    f->back = NO_DAY;
    if (f->ahead != NO_DAY)
        f->ahead += 4 - calendar_weekday(f->ahead);
    return true;
}

static bool read_one(const struct reader *r, size_t i, struct found *f)
{
    size_t begin = i;
    *f = (struct found){.ahead = NO_DAY, .back = NO_DAY};
    if (counted_terms(r, i, f) || counted_name(r, i, f) || counted_within(r, i, f) ||
        week_of(r, i, f))
        return true;
    bool article = is_article(r, i) && !reader_is(r, i, "les des");
    if (article) {
        i++;
        i += reader_is(r, i, "le the au") ? 1 : 0;
        i += reader_weekday(r, i) >= 0 ? 1 : 0;
        i += reader_mark(r, i, ',') && reader_number(r, i + 1) > 0 && reader_weekday(r, i - 1) >= 0;
        i += reader_is(r, i, "le the") ? 1 : 0;
    }
    if (told_day_month(r, i, f) || told_figures(r, i, article, f) || told_month_day(r, i, f))
        return true;
    if (article && reader_is(r, i - 1, "le au du the") && told_day_alone(r, i, f))
        return true;
    return counted_weekday(r, begin, f) || span_part(r, begin, f) || span_week(r, begin, f) ||
           span_whole(r, begin, f);
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
    if (a.day < b.day && calendar_is_day(b.year, b.month, a.day)) {
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
        const struct word *one = &w->items[i];
        bool may =
            one->kind == WORD_NUMBER || one->kind == WORD_REFERENCE || word_in(one, DATE_WORD);
        struct found f;
        if (!may || !read_one(&r, i, &f)) {
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
