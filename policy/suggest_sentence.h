/*
 * suggest_sentence - a reply's text as sentences, each on one line
 *
 * Synopsis
 *      struct strings sentences = {0};
 *      if (!sentences_read(text, &sentences)) ...out of memory...
 *
 * Quoted lines ("> ") are left out and part what stands around them. Lines that were only wrapped
 * are put together again, and so is a list with the line that ends in a colon before it; a line
 * that is short by itself is a sentence by itself. Points in abbreviations, numbers and addresses
 * end nothing. Linear; a sentence has at most SENTENCE_MAX octets, more is cut at a blank.
 */
#ifndef TEMOIN_POLICY_SUGGEST_SENTENCE_H
#define TEMOIN_POLICY_SUGGEST_SENTENCE_H

#include "policy/bytes.h"

enum { SENTENCE_MAX = 1000, SENTENCES_MAX = 500 };

/* `text` is valid UTF-8. Append to `sentences`, which is empty before, trimmed, white space
   folded. False: out of memory. */
bool sentences_read(const char *text, struct strings *sentences);

#endif
