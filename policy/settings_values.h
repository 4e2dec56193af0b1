/*
 * settings_values - single values of the configuration: text to number, network, choice
 *
 * Private to settings.c and settings_query.c. Each returns false for text that is not such a
 * value and then leaves its output alone; none of them allocates, unless it says so.
 */
#ifndef TEMOIN_POLICY_SETTINGS_VALUES_H
#define TEMOIN_POLICY_SETTINGS_VALUES_H

#include "policy/settings.h"

/* "262144", "256k", "50M", "1G" (k = 1,024): octets. */
bool value_size(const char *text, uint64_t *octets);

/* "90", "90s", "10m", "2h", "5d", "2000ms": milliseconds; a bare number counts `unit_ms`. */
bool value_duration(const char *text, uint64_t unit_ms, uint64_t *ms);

/* "0660": permission bits in octal, at most 0777. */
bool value_mode(const char *text, mode_t *mode);

/* One of a NULL-terminated list of words; its position. */
bool value_choice(const char *text, const char *const *words, int *position);

/* "192.0.2.0/24", "2001:db8::/32" or a single address. *host_bits: bits behind the prefix are
   set, which is more often a mistake than a wish. */
bool value_network(const char *text, struct network *out, bool *host_bits);

/* "192.0.2.1", "2001:db8::1", "[::1]" or Postfix's "IPv6:2001:db8::1", as 16 octets. */
bool value_ip(const char *text, unsigned char address[16]);

/* Do the first `bits` of two addresses agree? */
bool value_ip_within(const unsigned char a[16], const unsigned char b[16], unsigned bits);

/* "unix:/path" (as long as a socket address can hold) or "inet:port@address" (inet6:). */
bool value_socket(const char *text);

/* A normalised domain: letters, digits, "-" and ".", at least one label. */
bool value_domain(const char *text);

/* A normalised address: a local part of printable octets and a domain. */
bool value_address(const char *text);

/* A user's or group's name, as useradd takes it; also what titles of listeners look like. */
bool value_name(const char *text);

/* An absolute path without blanks at its ends. */
bool value_path(const char *text);

/* A character that may part a mailbox from its tag in a plus address. */
bool value_delimiter(const char *text, char *delimiter);

#endif
