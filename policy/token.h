/*
 * token - tracking tokens: made, parsed, checked
 *
 * Synopsis
 *      struct keyring ring = {0};
 *      if (!keyring_parse(text, "token.keys", &ring, &error)) ...
 *      char text[TOKEN_CHARS + 1];
 *      token_make(&ring, "creditor.example", number, text);
 *      if (token_check(&ring, "creditor.example", text, &number)) ...
 *
 * 16 octets: 1 key number, 5 message number (big endian), 10 of HMAC-SHA-256 over the first
 * six and the company's domain; written as 26 characters of RFC 4648 base32, lower case, no
 * padding, decoded in any case. The two bits that 26 characters have over 128 must be zero.
 * A forged token is refused here, without asking the store.
 *
 * A key file has one key a line, "number hex-of-32-octets state", state "active" (exactly one)
 * or "old"; "#" begins a comment.
 */
#ifndef TEMOIN_POLICY_TOKEN_H
#define TEMOIN_POLICY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/bytes.h"

enum { TOKEN_OCTETS = 16, TOKEN_CHARS = 26, TOKEN_KEY_OCTETS = 32, TOKEN_KEYS_MAX = 256 };
#define TOKEN_NUMBER_MAX ((UINT64_C(1) << 40) - 1)

struct keyring {
    bool present[TOKEN_KEYS_MAX];
    unsigned char secret[TOKEN_KEYS_MAX][TOKEN_KEY_OCTETS];
    unsigned active; /* key number that new tokens use */
};

/* Parse a key file's text. False: *error is a malloc'd line "name:line: what: mend" (NULL when
   out of memory) that never quotes a secret; the ring is then wiped. */
bool keyring_parse(const char *text, const char *name, struct keyring *ring, char **error);

/* Overwrite the secrets. */
void keyring_wipe(struct keyring *ring);

/* Write the token of a message number (1 to TOKEN_NUMBER_MAX) and a NUL to `text`.
   False: the crypto library failed. */
bool token_make(const struct keyring *ring, const char *domain, uint64_t number,
                char text[TOKEN_CHARS + 1]);

/* Is text[0..TOKEN_CHARS) one of ours for this domain? Gives its message number. The MAC is
   compared in constant time. */
bool token_check(const struct keyring *ring, const char *domain, const char *text,
                 uint64_t *number);

/* Where tokens are found in an address or message-id: "local+g<token>@…" (with `delimiter`),
   "<token@temoin.…>". Gives the 26 characters inside `text`, not checked; NULL: none. */
const char *token_in_address(const char *address, char delimiter);
const char *token_in_message_id(const char *id);

struct tokens {
    uint64_t *numbers; /* distinct, in order of discovery */
    size_t count;
    size_t room;
    unsigned tried; /* MACs computed; a scan stops at TOKEN_TRIES_MAX */
};
enum { TOKEN_TRIES_MAX = 2000 };

/* Add a number unless it is there. False: out of memory. */
bool tokens_add(struct tokens *t, uint64_t number);
void tokens_free(struct tokens *t);

/* Find every valid token in a text, wherever 26 base32 characters stand between others (a plus
   tag's "g" before them is allowed for, and an encoded octet as in "=3D" or "+2B"; a longer
   run is no token). Linear; MACs are computed for known key numbers only. `found` may be
   scanned into several times. False: out of memory. */
bool token_scan(const struct keyring *ring, const char *domain, const char *data, size_t len,
                struct tokens *found);

#endif
