/*
 * date - plain dates as accounting programs write them
 *
 * Synopsis
 *      char date[DATE_CHARS + 1];
 *      const char *why;
 *      if (!date_parse("31/12/2026", date, &why)) ...tell why...
 *
 * Understood: 2026-12-31 and 2026/12/31 (ISO 8601), 20261231 (the French FEC), 31/12/2026,
 * 31.12.2026, 31-12-2026, and the last three with a two-digit year (20yy). The day stands
 * before the month: a file with American dates is refused at its first day above 12, never
 * guessed. A time of day after a blank or "T" is ignored. Years 1900 to 2199.
 */
#ifndef TEMOIN_POLICY_DATE_H
#define TEMOIN_POLICY_DATE_H

#include <stdbool.h>

enum { DATE_CHARS = 10 };

/* Write the date as "YYYY-MM-DD" and a NUL. False: no date; *why is a static phrase, `date` is
   then "". */
bool date_parse(const char *text, char date[DATE_CHARS + 1], const char **why);

#endif
