/*
 * mail_tame - which octets of a message a MIME parser may see
 *
 * Synopsis
 *      struct ranges r = {0};
 *      if (!mail_tame(octets, len, &r)) ...out of memory...
 *      ... octets[r.items[i].begin .. r.items[i].end) ...
 *      ranges_free(&r);
 *
 * A parser keeps every header field and part in memory. A million of them are no mail, but they
 * cost half a gigabyte. So of every block of header lines (also those of parts) only the first
 * MAIL_HEADER_LINES_MAX lines are let through, of a field FIELD_MAX octets and what stands before
 * its MAIL_FIELD_COMMAS_MAX-th comma (MAIL_COMMAS_MAX in all: an address list costs its parser the
 * square of its length), and nothing after
 * MAIL_DELIMITERS_MAX lines that may be delimiters. Linear; bodies pass as they are.
 */
#ifndef TEMOIN_POLICY_MAIL_TAME_H
#define TEMOIN_POLICY_MAIL_TAME_H

#include <stdbool.h>
#include <stddef.h>

struct range {
    size_t begin, end;
};

struct ranges {
    struct range *items;
    size_t count, room;
};

/* Append what is let through; all of it is one range. False: out of memory. */
bool mail_tame(const char *octets, size_t len, struct ranges *r);
void ranges_free(struct ranges *r);

#endif
