/*
 * test_spoken_date - dates as people write them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "policy/spoken_date.h"

static struct vocabulary vocabulary;

static size_t read_dates(const struct day *from, const char *text,
                         struct spoken_date dates[SPOKEN_DATES_MAX])
{
    struct words w = {0};
    assert_true(words_read(&vocabulary, text, strlen(text), &w));
    size_t count = spoken_dates(&w, from, dates);
    words_free(&w);
    return count;
}

/* The text tells one date, read so as a promise and so as a report. */
static void check_day(struct day from, const char *text, const char *ahead, const char *back)
{
    struct spoken_date dates[SPOKEN_DATES_MAX];
    size_t count = read_dates(&from, text, dates);
    if (count != 1)
        fail_msg("\"%s\": %zu dates", text, count);
    if (strcmp(dates[0].ahead, ahead) != 0 || strcmp(dates[0].back, back) != 0)
        fail_msg("\"%s\" is %s / %s, not %s / %s", text, dates[0].ahead, dates[0].back, ahead,
                 back);
}

static void check(const char *text, const char *ahead, const char *back)
{
    check_day((struct day){2026, 11, 27}, text, ahead, back); /* a Friday */
}

static void check_none(const char *text)
{
    struct spoken_date dates[SPOKEN_DATES_MAX];
    struct day from = {2026, 11, 27};
    size_t count = read_dates(&from, text, dates);
    if (count != 0)
        fail_msg("\"%s\": %zu dates, the first %s", text, count, dates[0].ahead);
}

static void test_day_and_month(void **state)
{
    (void)state;
    check("le 15 décembre", "2026-12-15", "");
    check("le 15 decembre 2026", "2026-12-15", "");
    check("le mardi 15 déc. 2026", "2026-12-15", "");
    check("au 1er janvier", "2027-01-01", "");
    check("le 27 novembre", "2026-11-27", "2026-11-27");
    check("le 3 novembre", "", "2026-11-03");
    check("le 10 mars", "2027-03-10", "2026-03-10");
    check("le 3 novembre 2026", "", "2026-11-03");
    check("le 3 novembre 2025", "", "2025-11-03");
    check("the 15th of December", "2026-12-15", "");
    check("on December 15th, 2026", "2026-12-15", "");
    check("by Dec 15", "2026-12-15", "");
    check("15 January", "2027-01-15", "");
    check("on 3rd November", "", "2026-11-03");
    check("le 15-déc-26", "2026-12-15", "");
    check("le premier février", "2027-02-01", "2026-02-01");
    check_none("le 31 février");
    check_none("you may pay 15 times");
}

static void test_figures(void **state)
{
    (void)state;
    check("le 15/12", "2026-12-15", "");
    check("15/12/2026", "2026-12-15", "");
    check("15/12/26", "2026-12-15", "");
    check("le 15.12.2026", "2026-12-15", "");
    check("le 15.12", "2026-12-15", "");
    check("2026-12-15", "2026-12-15", "");
    check("le 05/01", "2027-01-05", "");
    check("12/15/2026", "2026-12-15", "");
    check("le 30/10", "", "2026-10-30");
    check_none("15.12 €");
    check_none("facture 2026/114");
    check_none("le 45/12");
    check_none("F-2026-12-01");
    check_none("01.23.45.67.89");
}

static void test_weekdays(void **state)
{
    (void)state;
    check("lundi", "2026-11-30", "2026-11-23");
    check("vendredi", "2026-12-04", "2026-11-20");
    check("vendredi prochain", "2026-12-04", "");
    check("vendredi dernier", "", "2026-11-20");
    check("lundi en huit", "2026-12-07", "2026-11-23");
    check("next Tuesday", "2026-12-01", "");
    check("last Monday", "", "2026-11-23");
    check("by Wednesday", "2026-12-02", "2026-11-25");
    check("lundi 7 décembre", "2026-12-07", "");
}

static void test_near_days(void **state)
{
    (void)state;
    check("demain", "2026-11-28", "");
    check("après-demain", "2026-11-29", "");
    check("aujourd'hui", "2026-11-27", "2026-11-27");
    check("ce jour", "2026-11-27", "2026-11-27");
    check("ce matin", "2026-11-27", "2026-11-27");
    check("hier", "", "2026-11-26");
    check("avant-hier", "", "2026-11-25");
    check("il y a 3 jours", "", "2026-11-24");
    check("3 days ago", "", "2026-11-24");
    check("tomorrow", "2026-11-28", "");
    check("yesterday", "", "2026-11-26");
}

static void test_durations(void **state)
{
    (void)state;
    check("sous huitaine", "2026-12-05", "");
    check("sous quinzaine", "2026-12-12", "");
    check("d'ici 10 jours", "2026-12-07", "");
    check("sous 8 jours", "2026-12-05", "");
    check("sous 48h", "2026-11-29", "");
    check("dans les 48 heures", "2026-11-29", "");
    check("dans une semaine", "2026-12-04", "");
    check("d’ici deux semaines", "2026-12-11", "");
    check("dans un mois", "2026-12-27", "");
    check("sous 5 jours ouvrés", "2026-12-04", "");
    check("within 10 days", "2026-12-07", "");
    check("within five working days", "2026-12-04", "");
    check("in two weeks", "2026-12-11", "");
    check("dans un délai de 15 jours", "2026-12-12", "");
    check_none("sous réserve");
    check_none("dans les meilleurs délais");
}

static void test_spans(void **state)
{
    (void)state;
    check("fin de mois", "2026-11-30", "");
    check("à la fin du mois", "2026-11-30", "");
    check("fin du mois prochain", "2026-12-31", "");
    check("fin décembre", "2026-12-31", "");
    check("d'ici fin janvier", "2027-01-31", "");
    check("mi-janvier", "2027-01-15", "");
    check("début janvier", "2027-01-01", "");
    check("début décembre 2026", "2026-12-01", "");
    check("courant janvier", "2027-01-31", "");
    check("en janvier", "2027-01-31", "");
    check("la semaine prochaine", "2026-12-04", "");
    check("cette semaine", "2026-11-27", "");
    check("en début de semaine prochaine", "2026-11-30", "");
    check("le mois prochain", "2026-12-31", "");
    check("fin d'année", "2026-12-31", "");
    check("end of the month", "2026-11-30", "");
    check("by the end of next month", "2026-12-31", "");
    check("end of January", "2027-01-31", "");
    check("early January", "2027-01-01", "");
    check("mid-December", "2026-12-15", "");
    check("next week", "2026-12-04", "");
    check("next month", "2026-12-31", "");
    check("semaine 50", "2026-12-11", "");
    check("le 5 du mois prochain", "2026-12-05", "");
    check("première quinzaine de décembre", "2026-12-15", "");
}

static void test_days_alone(void **state)
{
    (void)state;
    check("le 15", "2026-12-15", "2026-11-15");
    check("le 30", "2026-11-30", "2026-10-30");
    check("on the 5th", "2026-12-05", "2026-11-05");
    check_none("les 3 factures");
    check_none("le 2 exemplaires");
}

static void test_ends_of_months_and_years(void **state)
{
    (void)state;
    check_day((struct day){2028, 2, 28}, "demain", "2028-02-29", "");
    check_day((struct day){2027, 2, 28}, "demain", "2027-03-01", "");
    check_day((struct day){2027, 2, 10}, "fin de mois", "2027-02-28", "");
    check_day((struct day){2028, 2, 10}, "fin février", "2028-02-29", "");
    check_day((struct day){2026, 12, 31}, "demain", "2027-01-01", "");
    check_day((struct day){2026, 12, 31}, "fin de mois", "2026-12-31", "");
    check_day((struct day){2026, 12, 31}, "le mois prochain", "2027-01-31", "");
    check_day((struct day){2027, 1, 31}, "dans un mois", "2027-02-28", "");
    check_day((struct day){2027, 1, 2}, "hier", "", "2027-01-01");
    check_day((struct day){2027, 1, 1}, "hier", "", "2026-12-31");
    check_day((struct day){2027, 1, 5}, "le 28 décembre", "", "2026-12-28");
    check_day((struct day){2026, 3, 1}, "le 29 février", "2028-02-29", "2024-02-29");
    check_day((struct day){2026, 1, 30}, "le 31", "2026-01-31", "2025-12-31");
    check_day((struct day){2026, 4, 30}, "le 31", "2026-05-31", "2026-03-31");
    check_day((struct day){2026, 11, 28}, "fin de semaine", "2026-12-04", "");
}

static void test_several_dates(void **state)
{
    (void)state;
    struct spoken_date dates[SPOKEN_DATES_MAX];
    struct day from = {2026, 11, 27};
    assert_int_equal(read_dates(&from, "500 € le 15/12, 700 € le 31/01", dates), 2);
    assert_string_equal(dates[0].ahead, "2026-12-15");
    assert_string_equal(dates[1].ahead, "2027-01-31");
    assert_int_equal(read_dates(&from, "le 15 et le 30 janvier", dates), 2);
    assert_string_equal(dates[0].ahead, "2027-01-15");
    assert_string_equal(dates[1].ahead, "2027-01-30");
}

static void test_without_a_day_only_full_dates(void **state)
{
    (void)state;
    struct spoken_date dates[SPOKEN_DATES_MAX];
    assert_int_equal(read_dates(NULL, "demain, le 15, fin de mois, le 15 décembre", dates), 0);
    assert_int_equal(read_dates(NULL, "le 15 décembre 2026 ou le 20/12/2026", dates), 2);
    assert_string_equal(dates[0].ahead, "2026-12-15");
    assert_string_equal(dates[1].back, "2026-12-20");
}

/* Every day of four centuries there and back, one after the other. */
static void test_the_calendar(void **state)
{
    (void)state;
    long first = day_number(&(struct day){1970, 1, 1});
    assert_int_equal(first, 0);
    assert_int_equal(day_number(&(struct day){2026, 11, 27}), 20784);
    struct day before = day_of_number(first - 1);
    assert_int_equal(before.year, 1969);
    for (long n = first; n < 146097; n++) {
        struct day d = day_of_number(n);
        assert_int_equal(day_number(&d), n);
        bool next = d.day == before.day + 1 && d.month == before.month && d.year == before.year;
        bool turn =
            d.day == 1 && (d.month == before.month + 1 ||
                           (d.month == 1 && before.month == 12 && d.year == before.year + 1));
        assert_true(next || turn);
        before = d;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_day_and_month), cmocka_unit_test(test_figures),
        cmocka_unit_test(test_weekdays),      cmocka_unit_test(test_near_days),
        cmocka_unit_test(test_durations),     cmocka_unit_test(test_spans),
        cmocka_unit_test(test_days_alone),    cmocka_unit_test(test_ends_of_months_and_years),
        cmocka_unit_test(test_several_dates), cmocka_unit_test(test_without_a_day_only_full_dates),
        cmocka_unit_test(test_the_calendar),
    };
    if (!vocabulary_open(&vocabulary))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
