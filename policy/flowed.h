/*
 * flowed - text/plain; format=flowed (RFC 3676) as it was typed
 *
 * Synopsis
 *      struct bytes text = {0};
 *      if (!flowed_undo(lines, len, delsp, &text)) ...out of memory...
 *
 * Lines that end in a blank go on in the next of the same quote depth, a blank that was stuffed at
 * the beginning goes, and ">>" becomes "> > ". "-- " stays a line of its own. Linear.
 */
#ifndef TEMOIN_POLICY_FLOWED_H
#define TEMOIN_POLICY_FLOWED_H

#include "policy/bytes.h"

/* Append; `lines` have LF line ends. `delsp`: DelSp=yes, the blank at the end was added. False:
   out of memory. */
bool flowed_undo(const char *lines, size_t len, bool delsp, struct bytes *text);

#endif
