/*
 * date - plain dates as accounting programs write them
 *
 * Three runs of digits with the same separator, or eight digits; the length of the first run
 * tells which order they stand in.
 */
#include "policy/date.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { YEAR_FIRST = 1900, YEAR_LAST = 2199, PARTS = 3, PART_DIGITS = 4 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Read up to PART_DIGITS digits; gives how many. */
static size_t take_number(const char **text, int *value)
{
    size_t digits = 0;
    *value = 0;
    while (digits < PART_DIGITS && is_digit((*text)[digits])) {
        *value = *value * 10 + ((*text)[digits] - '0');
        digits++;
    }
    *text += digits;
    return digits;
}

/* Eight digits in a row: year, month, day. */
static bool take_compact(const char **text, int parts[PARTS], size_t digits[PARTS])
{
    for (size_t i = 0; i < 8; i++)
        if (!is_digit((*text)[i]))
            return false;
    if (is_digit((*text)[8]))
        return false;
    int value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value * 10 + ((*text)[i] - '0');
    parts[0] = value / 10000;
    parts[1] = value / 100 % 100;
    parts[2] = value % 100;
    digits[0] = 4;
    *text += 8;
    return true;
}

static bool take_parts(const char **text, int parts[PARTS], size_t digits[PARTS])
{
    char separator = '\0';
    for (size_t i = 0; i < PARTS; i++) {
        digits[i] = take_number(text, &parts[i]);
        if (digits[i] == 0)
            return false;
        if (i == PARTS - 1)
            break;
        char c = **text;
        if ((c != '/' && c != '-' && c != '.') || (separator && c != separator))
            return false;
        separator = c;
        (*text)++;
    }
    return !is_digit(**text);
}

/* What follows a date must be nothing or a time of day. */
static bool rest_is_time(const char *text)
{
    if (*text == 'T' && is_digit(text[1]))
        text++;
    else if (*text && !is_blank(*text))
        return false;
    for (; *text; text++)
        if (!is_digit(*text) && !is_blank(*text) && !strchr(":.+-Z", *text))
            return false;
    return true;
}

bool date_parse(const char *text, char date[DATE_CHARS + 1], const char **why)
{
    int parts[PARTS];
    size_t digits[PARTS] = {0};
    date[0] = '\0';
    while (is_blank(*text))
        text++;
    *why = "is no date";
    if (!take_compact(&text, parts, digits) && !take_parts(&text, parts, digits))
        return false;
    if (!rest_is_time(text))
        return false;

    bool year_first = digits[0] == 4;
    int year = year_first ? parts[0] : parts[2];
    int month = parts[1];
    int day = year_first ? parts[2] : parts[0];
    if (!year_first && digits[2] == 2)
        year += 2000;
    else if (!year_first && digits[2] != 4)
        return false;

    *why = "has a year out of range";
    if (year < YEAR_FIRST || year > YEAR_LAST)
        return false;
    *why = "has a month above 12 (the day stands before the month)";
    if (month > 12)
        return false;
    *why = "is no day of the calendar";
    if (month < 1 || day < 1 || day > month_days(year, month))
        return false;
    snprintf(date, DATE_CHARS + 1, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100,
             (unsigned)day % 100);
    return true;
}
