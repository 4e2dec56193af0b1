/*
 * reply_text_notices - what programs put into a person's mail: banners, disclaimers, footers
 *
 * Synopsis
 *      notices_mark(&lines, begin, end, top);
 *      ... what was put there by a program is FORM_NOTICE ...
 *
 * "[EXTERNAL]" banners at the top, what mobile clients and antivirus programs say of themselves,
 * legal notices, pleas for the environment, footers of mailing lists, names of inline images,
 * uuencoded files and the armour of OpenPGP. A legal notice and a list's footer go on to the end
 * when words stand before them. Linear.
 */
#ifndef TEMOIN_POLICY_REPLY_TEXT_NOTICES_H
#define TEMOIN_POLICY_REPLY_TEXT_NOTICES_H

#include "policy/reply_text_lines.h"

enum notice {
    NOTICE_NONE,
    NOTICE_LINE, /* this line alone */
    NOTICE_TAIL, /* and all that follows, if words stand before it */
};

/* What such a line is, by itself. */
enum notice notice_at(const struct reply_line *line);

/* Mark those in [begin, end), which are FORM_TEXT and between two quotes; `top`: nothing stands
   above `begin`. */
void notices_mark(struct reply_lines *l, size_t begin, size_t end, bool top);

#endif
