/*
 * bounce_words - single facts within the words of a notice: lines, hosts
 *
 * All text is valid UTF-8 without NUL. Linear.
 */
#ifndef TEMOIN_POLICY_BOUNCE_WORDS_H
#define TEMOIN_POLICY_BOUNCE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* A field's value unfolded, decoded (RFC 2047) and trimmed; malloc'd. NULL: out of memory. */
char *words_decode(const char *value, size_t len);

/* As one line: runs of white space are one blank, at most READ_DIAGNOSTIC_MAX octets of whole
   characters; malloc'd. *line stays NULL when there are no words. False: out of memory. */
bool words_line(const char *text, size_t len, char **line);

/* The host that a text begins with, as given ("mx.b.example", "192.0.2.1", "[2001:db8::1]"),
   without the address in brackets behind a name, comments and the root's point; malloc'd. *host
   stays NULL: none. False: out of memory. */
bool words_host(const char *text, size_t len, char **host);

/* The remote server that a text names ("host mx.b.example[192.0.2.1] said: …", "while talking to
   mx.b.example.:"); malloc'd. *host stays NULL: it names none. False: out of memory. */
bool words_remote(const char *text, size_t len, char **host);

/* The server that a line is about: its first word ("192.0.2.1 does not like recipient."), all of
   it, or the name before an address in brackets ("[mx.b.example. (192.0.2.1): …]"); malloc'd. *host
   stays NULL: none. False: out of memory. */
bool words_peer(const char *line, size_t len, char **host);

#endif
