/*
 * spoken_date_counted - dates that count from the day of writing: weekdays, "demain", durations
 */
#include "policy/spoken_date_reader.h"

bool counted_weekday(const struct reader *r, size_t i, struct found *f)
{
    int turn = reader_turn(r, i);
    i += turn != 0 || reader_is(r, i, "this ce on coming");
    int day = reader_weekday(r, i);
    if (day < 0 || !r->from)
        return false;
    i++;
    if (!turn && (turn = reader_turn(r, i)) != 0)
        i++;
    int ahead = (day - calendar_weekday(r->today) + WEEK - 1) % WEEK + 1;
    int back = (calendar_weekday(r->today) - day + WEEK - 1) % WEEK + 1;
    if (reader_is(r, i, "en") && reader_is(r, i + 1, "huit")) {
        ahead += WEEK;
        i += 2;
    }
    f->end = i + reader_is(r, i, "matin soir midi apres morning afternoon evening");
    f->ahead = turn < 0 ? NO_DAY : r->today + ahead;
    f->back = turn > 0 ? NO_DAY : r->today - back;
    return true;
}

/* "demain", "aujourd'hui", "hier": what needs no number. */
bool counted_name(const struct reader *r, size_t i, struct found *f)
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
        while (n < 4 && names[k].words[n] && reader_is(r, i + n, names[k].words[n]))
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

/* "60 jours fin de mois", "45 jours fdm le 10", "30 days end of month": terms of payment, which
   count from the invoice. No day can be made of them, nor of their parts. */
bool counted_terms(const struct reader *r, size_t i, struct found *f)
{
    i += reader_is(r, i, "a at sous dans within in");
    int n = reader_count(r, i);
    if (n < 0 || n > 366 || !reader_is(r, i + 1, "jour jours jrs j day days"))
        return false;
    i += 2;
    i += reader_is(r, i, "net nets");
    i += reader_mark(r, i, ',');
    i += reader_is(r, i, "from");
    if (reader_is(r, i, "fdm eom")) {
        i++;
    } else {
        i += reader_is(r, i, "the");
        if (!reader_is(r, i, "fin end"))
            return false;
        i++;
        i += reader_is(r, i, "de du of");
        i += reader_is(r, i, "the");
        if (!reader_is(r, i, "mois month"))
            return false;
        i++;
    }
    if (reader_is(r, i, "le the on") && reader_number(r, i + 1) > 0 && !reader_month(r, i + 2))
        i += 2;
    f->end = i;
    return true;
}

/* Behind "sous", "dans", "within": "10 jours", "une semaine", "48h", "huitaine". */
static bool duration(const struct reader *r, size_t i, struct found *f)
{
    i += reader_is(r, i, "les the la") || (reader_is(r, i, "un") && reader_is(r, i + 1, "delai"));
    i += reader_is(r, i, "delai") ? 1 : 0;
    i += reader_is(r, i, "prochains prochaines next maximum max de d") ? 1 : 0;
    i += reader_is(r, i, "maximum max de d") ? 1 : 0;
    int n = reader_count(r, i);
    f->end = i + 1;
    i += n >= 0 && reader_is(r, i, "une") && reader_is(r, i + 1, "huitaine quinzaine dizaine");
    if (reader_is(r, i, "huitaine quinzaine dizaine fortnight") ||
        (n == 1 && reader_is(r, i + 1, "fortnight"))) {
        size_t word = i + reader_is(r, i + 1, "fortnight");
        int days = reader_is(r, word, "huitaine")    ? 8
                   : reader_is(r, word, "dizaine")   ? 10
                   : reader_is(r, word, "fortnight") ? 14
                                                     : 15;
        f->end = word + 1;
        if (reader_is(r, word + 1, "de") && reader_is(r, word + 2, "jours"))
            f->end = word + 3;
        f->ahead = r->today + days;
        return true;
    }
    if (n < 0 || n > 366)
        return false;
    i++;
    i += reader_is(r, i, "of a") ? 1 : 0;
    bool working =
        reader_is(r, i, "working business") || reader_is(r, i + 1, "ouvres ouvre ouvrables");
    i += reader_is(r, i, "working business") || reader_is(r, i, "a to");
    if (reader_is(r, i, "jour jours j day days jrs"))
        f->ahead = working ? calendar_add_working_days(r->today, n) : r->today + n;
    else if (reader_is(r, i, "heures h heure hours hour hrs"))
        f->ahead = r->today + (n + 23) / 24;
    else if (reader_is(r, i, "semaine semaines week weeks"))
        f->ahead = r->today + (long)n * WEEK;
    else if (reader_is(r, i, "mois month months"))
        f->ahead = calendar_add_months(r->today, n);
    else
        return false;
    f->end = i + 1 + reader_is(r, i + 1, "ouvres ouvre ouvrables");
    return true;
}

bool counted_within(const struct reader *r, size_t i, struct found *f)
{
    if (!r->from)
        return false;
    if (reader_is(r, i, "il") && reader_is(r, i + 1, "y") && reader_is(r, i + 2, "a") &&
        reader_number(r, i + 3) >= 0 && reader_is(r, i + 4, "jours jour j")) {
        f->end = i + 5;
        f->back = r->today - reader_number(r, i + 3);
        return true;
    }
    if (reader_count(r, i) >= 0 && reader_is(r, i + 1, "days day") && reader_is(r, i + 2, "ago")) {
        f->end = i + 3;
        f->back = r->today - reader_count(r, i);
        return true;
    }
    if (reader_is(r, i, "sous dans within in"))
        return duration(r, i + 1, f);
    if (reader_is(r, i, "d") && reader_is(r, i + 1, "ici"))
        return duration(r, i + 2 + (reader_is(r, i + 2, "a") || reader_is(r, i + 2, "sous")), f);
    return false;
}
