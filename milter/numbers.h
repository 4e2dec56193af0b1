/*
 * numbers - message numbers for new tokens, from blocks that scribe reserves
 *
 * Synopsis
 *      struct numbers *n = numbers_new(scribe);
 *      enum store_status st = numbers_next(n, timeout_ms, &number, &err);
 *
 * A block is reserved durably before any of its numbers is used, so a number is never given
 * out twice, neither by another process nor after a crash; what is left of a block when the
 * process ends is a gap. Safe from several threads.
 */
#ifndef TEMOIN_MILTER_NUMBERS_H
#define TEMOIN_MILTER_NUMBERS_H

#include <stdint.h>

#include "db/scribe_client.h"

enum { NUMBERS_BLOCK = 500 };

struct numbers;

/* `scribe` must outlive it. Reserves nothing yet. NULL: out of memory. */
struct numbers *numbers_new(struct scribe_client *scribe);
void numbers_free(struct numbers *numbers);

/* The next number. One caller asks for a block when none is left; the others wait for its
   answer, at most timeout_ms (STORE_BUSY), and share its failure. */
enum store_status numbers_next(struct numbers *numbers, int timeout_ms, uint64_t *number,
                               struct store_error *err);

#endif
