/*
 * address - mail addresses: normal form, domains, plus addresses
 *
 * The normal form is what addresses are compared and looked up by: the domain as lower-case
 * A-labels (RFC 5890), the local part in Unicode NFC and case folded (RFC 6532; RFC 5321
 * lets hosts distinguish case, none that debtors use does). So an EAI address written with
 * U-labels matches the same one written with A-labels.
 */
#ifndef TEMOIN_POLICY_ADDRESS_H
#define TEMOIN_POLICY_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/bytes.h"

/* The normal form of a bare address, malloc'd. An address that is not UTF-8 or has no domain
   is only lower-cased in ASCII. NULL: out of memory. */
char *address_normalise(const char *address);

/* The normal form of a domain, malloc'd ("Exämple.DE." gives "xn--exmple-cua.de").
   NULL: out of memory. */
char *domain_normalise(const char *domain);

/* What follows the last "@"; "" when there is none. Points into `address`. */
const char *address_domain(const char *address);

/* Append the normalised addresses of a From, To, Cc or Reply-To field's raw value (RFC 5322
   address-list: display names, comments, groups, encoded words, raw 8-bit). At most
   ADDRESSES_MAX. False: out of memory. */
bool address_list_parse(const char *value, struct strings *out);

/* "jeanne@a.example", '+', "xyz" give "jeanne+gxyz@a.example"; malloc'd. NULL: out of memory,
   no domain, or a local part that would pass 64 octets (RFC 5321, 4.5.3.1.1); *too_long tells
   the last from the others. */
char *address_tag(const char *address, char delimiter, const char *token, bool *too_long);

/* Remove such a tag ("+g" and 26 base32 characters at the local part's end); malloc'd. An
   address without one is copied. NULL: out of memory. */
char *address_untag(const char *address, char delimiter);

#endif
