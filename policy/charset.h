/*
 * charset - octets of whatever charset, or of none, as UTF-8
 *
 * Synopsis
 *      struct bytes text = {0};
 *      if (!charset_to_utf8(octets, len, "iso-8859-1", &text)) ...out of memory...
 *
 * A label is believed unless the octets say otherwise: many programs write Windows-1252 and call
 * it ISO-8859-1, US-ASCII or nothing; gateways relabel UTF-8. So
 *
 *      UTF-8, US-ASCII, none, unknown    UTF-8 where it is, Windows-1252 for each other octet
 *                                        (ISO-2022-JP when its escapes are there, a byte order
 *                                        mark means what it says)
 *      ISO-8859-1, -15, Windows-125x     UTF-8 when the whole text is valid UTF-8 with at least
 *                                        one character beyond ASCII; else Windows-1252 for
 *                                        ISO-8859-1, and for -15 with octets that only it has
 *      UTF-16 without byte order mark    the order that has more zeros where ASCII has them
 *      the others                        iconv; what it cannot read becomes U+FFFD, and when
 *                                        that happens in what is valid UTF-8, it is UTF-8
 *
 * Linear.
 */
#ifndef TEMOIN_POLICY_CHARSET_H
#define TEMOIN_POLICY_CHARSET_H

#include "policy/bytes.h"

/* Append valid UTF-8 without NUL; `charset` "" when there is no label. False: out of memory. */
bool charset_to_utf8(const char *octets, size_t len, const char *charset, struct bytes *text);

/* The charset that an HTML document says it has (<meta charset>), in its first octets, into
   `name` (`size` octets); "": it does not say. */
void charset_of_markup(const char *html, size_t len, char *name, size_t size);

#endif
