/*
 * reply_text_signature - where a person's words end: closing formula, delimiter, contact block
 *
 * Synopsis
 *      signature_mark(&lines, begin, end);
 *      ... lines from begin to end are FORM_TEXT, FORM_SIGNATURE or FORM_NOTICE ...
 *
 * The lines between two quotes (or the whole mail) are looked at together. From the first line
 * that is a delimiter ("--"), a closing formula ("Cordialement,", "Mit freundlichen Grüßen") or
 * begins a legal notice, everything is signature, but for a postscript ("PS : …"). "Merci," and
 * the like are words, and close only when nothing but a signature follows. A last paragraph of
 * short lines with a telephone number or an address of the Internet is a signature as well, unless
 * a line that ends in a colon introduces it (a delivery address).
 */
#ifndef TEMOIN_POLICY_REPLY_TEXT_SIGNATURE_H
#define TEMOIN_POLICY_REPLY_TEXT_SIGNATURE_H

#include "policy/reply_text_lines.h"

/* Lines [begin, end) are FORM_TEXT or FORM_NOTICE before. */
void signature_mark(struct reply_lines *l, size_t begin, size_t end);

/* "Cordialement,", "Best regards, Marie" and the formulas of French letters. */
bool signature_is_closing(const struct reply_line *line);

/* Does a person write a line like this in the middle of a text? */
bool signature_is_prose(const struct reply_line *line);

#endif
