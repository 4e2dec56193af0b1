/*
 * markup - the text of an HTML document, as a reader would see it
 *
 * Synopsis
 *      struct bytes text = {0};
 *      if (!markup_text(html, len, &text)) ...out of memory...
 *
 * libxml2 reads whatever it is given, from memory, without network and without external
 * entities. Nothing is rendered: blocks begin a line, paragraphs are parted by an empty one,
 * cells by a tab; items of lists begin with "- " or their number; a link is its text; what is
 * hidden (scripts, preheaders) is left out. A no-break space is a blank. What quotes another mail
 * (blockquote and the containers that mail clients use, policy/markup_roles.h) comes as lines that
 * begin with "> ", like in plain text; above what a client calls the signature stands "-- ".
 * Linear. What follows elements nested deeper than libxml2 goes (256) is not read.
 */
#ifndef TEMOIN_POLICY_MARKUP_H
#define TEMOIN_POLICY_MARKUP_H

#include "policy/bytes.h"

enum { MARKUP_MAX = 8 * 1024 * 1024, MARKUP_QUOTES_MAX = 8 };

/* Append the text of at most MARKUP_MAX octets of HTML in UTF-8. False: out of memory. */
bool markup_text(const char *html, size_t len, struct bytes *text);

#endif
