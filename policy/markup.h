/*
 * markup - the text of an HTML document, as a reader would see it
 *
 * Synopsis
 *      struct bytes text = {0};
 *      if (!markup_text(html, len, &text)) ...out of memory...
 *
 * libxml2 reads whatever it is given, from memory, without network and without external
 * entities. Nothing is rendered: blocks begin a line, cells are parted by a tab, script and style
 * are left out. What quotes another mail (blockquote and the containers that mail clients use)
 * comes as lines that begin with "> ", like in plain text. Linear; any depth.
 */
#ifndef TEMOIN_POLICY_MARKUP_H
#define TEMOIN_POLICY_MARKUP_H

#include "policy/bytes.h"

/* Append the text of an HTML document in UTF-8. False: out of memory. */
bool markup_text(const char *html, size_t len, struct bytes *text);

#endif
