/*
 * maillog_private - what the parts of maillog share
 */
#ifndef TEMOIN_POLICY_MAILLOG_PRIVATE_H
#define TEMOIN_POLICY_MAILLOG_PRIVATE_H

#include "policy/maillog.h"

/* Fill `line` from what follows "queue ID: ", or "program[pid]: " where there is no queue ID. */
void maillog_postfix(struct slice body, struct maillog_line *line);
void maillog_sendmail(struct slice body, struct maillog_line *line);

/* `s` without its first `n` octets. */
struct slice slice_after(struct slice s, size_t n);
/* Where `text` begins in `s`; s.len: nowhere. */
size_t slice_find(struct slice s, const char *text);
/* `s` up to the first of these octets, or all of it. */
struct slice slice_until(struct slice s, const char *octets);
struct slice slice_trim(struct slice s);
struct slice slice_unbracket(struct slice s); /* without "<" and ">" around it */
int slice_number(struct slice s);             /* -1: none of at most 9 digits */

/* The queue ID behind "queued as ", "queued mail for delivery", … in a reply; absent: none. */
struct slice maillog_queued_as(struct slice reply);

#endif
