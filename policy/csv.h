/*
 * csv - tables as accounting programs export them
 *
 * Synopsis
 *      struct bytes text = {0};
 *      const char *charset;
 *      csv_decode(data, len, &text, &charset);           // UTF-8 without BOM
 *      struct csv c = {0};
 *      csv_open(&c, text.data, text.len);                // finds the separator
 *      struct strings row = {0};
 *      while ((result = csv_next(&c, &row)) == CSV_ROW) ... row.items, c.line ...
 *      strings_free(&row);
 *
 * RFC 4180, and what is met besides: separators ";", "," and tab, told from the first line;
 * LF, CRLF and CR line ends; blanks around unquoted fields (trimmed, no-break blanks too);
 * quoted fields with separators, doubled quotes and line ends in them. Empty lines are passed
 * over.
 * Limits: CSV_FIELDS_MAX fields a row, CSV_FIELD_MAX octets a field; what exceeds them, or has
 * a quote that is not closed, is a bad row.
 */
#ifndef TEMOIN_POLICY_CSV_H
#define TEMOIN_POLICY_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/bytes.h"

enum { CSV_FIELDS_MAX = 200, CSV_FIELD_MAX = 64 * 1024 };

/* Append the text as UTF-8 without byte order mark to `out`. Recognised: UTF-8, UTF-16 with
   mark (or without, by its zero octets), else Windows-1252 (which holds what ISO 8859-1
   prints). *charset is a static name. False: it is none of these (odd UTF-16, NUL octets), or
   out of memory. */
bool csv_decode(const void *data, size_t len, struct bytes *out, const char **charset);

struct csv {
    const char *data; /* not owned */
    size_t len;
    size_t at;
    char separator;
    unsigned next_line; /* private */
    unsigned line;      /* where the row of the last csv_next() began, from 1 */
};

void csv_open(struct csv *c, const char *text, size_t len);

enum csv_result {
    CSV_ROW,
    CSV_END,
    CSV_BAD, /* *why (see csv_next) says what; the reader stands behind the bad line */
    CSV_NO_MEMORY,
};

/* The next row into `row`, whose former items are freed. `why` may be NULL; static text. */
enum csv_result csv_next(struct csv *c, struct strings *row, const char **why);

#endif
