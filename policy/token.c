/*
 * token - tracking tokens: made, parsed, checked
 *
 * This sits on the mail path: everything that is cheap is looked at before a MAC is computed
 * (alphabet, the two spare bits, whether there is a key of that number), so that a text full
 * of base32 costs next to nothing, and a scan has a bound on MACs besides.
 */
#include "policy/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CLEAR_OCTETS = 6, MAC_OCTETS = 10, DOMAIN_MAX = 255, SHA256_OCTETS = 32 };

enum verdict { TOKEN_VALID, TOKEN_REFUSED, TOKEN_FORGED /* a MAC was computed */ };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* The value of a base32 digit (RFC 4648, 6) in any case, or -1. */
static int digit(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static void encode(const unsigned char octets[TOKEN_OCTETS], char text[TOKEN_CHARS + 1])
{
    unsigned held = 0, bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < TOKEN_OCTETS; i++) {
        held = (held << 8 | octets[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            text[n++] = alphabet[held >> (bits - 5) & 31];
    }
    text[n++] = alphabet[held << (5 - bits) & 31];
    text[n] = '\0';
}

static bool decode(const char *text, unsigned char octets[TOKEN_OCTETS])
{
    unsigned held = 0, bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < TOKEN_CHARS; i++) {
        int value = digit(text[i]);
        if (value < 0)
            return false; /* stops at a NUL, too */
        held = (held << 5 | (unsigned)value) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            octets[n++] = (unsigned char)(held >> bits);
        }
    }
    return (held & 3) == 0;
}

/* The MAC over key number, message number and domain. False: the domain is none, or the crypto
   library failed. */
static bool compute_mac(const struct keyring *ring, const char *domain,
                        const unsigned char clear[CLEAR_OCTETS], unsigned char mac[SHA256_OCTETS])
{
    unsigned char text[CLEAR_OCTETS + DOMAIN_MAX];
    size_t len = strlen(domain);
    unsigned mac_len = 0;
    if (len > DOMAIN_MAX)
        return false;
    memcpy(text, clear, CLEAR_OCTETS);
    memcpy(text + CLEAR_OCTETS, domain, len);
    return HMAC(EVP_sha256(), ring->secret[clear[0]], TOKEN_KEY_OCTETS, text, CLEAR_OCTETS + len,
                mac, &mac_len) &&
           mac_len == SHA256_OCTETS;
}

bool token_make(const struct keyring *ring, const char *domain, uint64_t number,
                char text[TOKEN_CHARS + 1])
{
    text[0] = '\0';
    if (number < 1 || number > TOKEN_NUMBER_MAX || ring->active >= TOKEN_KEYS_MAX ||
        !ring->present[ring->active])
        return false;
    unsigned char octets[TOKEN_OCTETS], mac[SHA256_OCTETS];
    octets[0] = (unsigned char)ring->active;
    for (int i = 0; i < 5; i++)
        octets[1 + i] = (unsigned char)(number >> (32 - 8 * i));
    if (!compute_mac(ring, domain, octets, mac))
        return false;
    memcpy(octets + CLEAR_OCTETS, mac, MAC_OCTETS);
    encode(octets, text);
    return true;
}

static enum verdict check(const struct keyring *ring, const char *domain, const char *text,
                          uint64_t *number)
{
    unsigned char octets[TOKEN_OCTETS], mac[SHA256_OCTETS];
    if (!decode(text, octets) || !ring->present[octets[0]])
        return TOKEN_REFUSED;
    uint64_t value = 0;
    for (int i = 0; i < 5; i++)
        value = value << 8 | octets[1 + i];
    if (!value)
        return TOKEN_REFUSED;
    if (!compute_mac(ring, domain, octets, mac) ||
        CRYPTO_memcmp(mac, octets + CLEAR_OCTETS, MAC_OCTETS) != 0)
        return TOKEN_FORGED;
    *number = value;
    return TOKEN_VALID;
}

bool token_check(const struct keyring *ring, const char *domain, const char *text, uint64_t *number)
{
    return check(ring, domain, text, number) == TOKEN_VALID;
}

static size_t run_length(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && digit(text[n]) >= 0)
        n++;
    return n;
}

const char *token_in_address(const char *address, char delimiter)
{
    const char *at = strrchr(address, '@');
    if (!at)
        return NULL;
    size_t end = (size_t)(at - address);
    if (end > 1 && address[0] == '"' && address[end - 1] == '"')
        end--;
    if (end < TOKEN_CHARS + 3) /* one octet of a mailbox, delimiter, "g" */
        return NULL;
    const char *token = address + end - TOKEN_CHARS;
    bool tagged = (token[-1] == 'g' || token[-1] == 'G') && token[-2] == delimiter;
    return tagged && run_length(token, TOKEN_CHARS) == TOKEN_CHARS ? token : NULL;
}

const char *token_in_message_id(const char *id)
{
    static const char host[] = "@temoin.";
    const char *token = id + (*id == '<');
    return strnlen(token, TOKEN_CHARS) == TOKEN_CHARS &&
                   run_length(token, TOKEN_CHARS) == TOKEN_CHARS &&
                   strncasecmp(token + TOKEN_CHARS, host, sizeof host - 1) == 0
               ? token
               : NULL;
}

bool tokens_add(struct tokens *t, uint64_t number)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->numbers[i] == number)
            return true;
    if (t->count == t->room) {
        size_t room = t->room ? t->room * 2 : 4;
        if (room > SIZE_MAX / sizeof *t->numbers)
            return false;
        uint64_t *grown = realloc(t->numbers, room * sizeof *grown);
        if (!grown)
            return false;
        t->numbers = grown;
        t->room = room;
    }
    t->numbers[t->count++] = number;
    return true;
}

void tokens_free(struct tokens *t)
{
    free(t->numbers);
    *t = (struct tokens){0};
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Where the token would begin in a run of base32 digits; `run` when it can hold none. An
   encoded octet before it, "=3D" (quoted-printable), "%2B" (URL), "+2B" (xtext), is passed
   over: its hex digits are base32 digits as well. */
static size_t token_in_run(const char *data, size_t begin, size_t run)
{
    size_t at = 0;
    if (run > TOKEN_CHARS + 1 && begin && strchr("=%+", data[begin - 1]) && data[begin - 1] &&
        is_hex(data[begin]) && is_hex(data[begin + 1]))
        at = 2;
    if (run - at == TOKEN_CHARS + 1 && (data[begin + at] == 'g' || data[begin + at] == 'G'))
        at++;
    return run - at == TOKEN_CHARS ? at : run;
}

bool token_scan(const struct keyring *ring, const char *domain, const char *data, size_t len,
                struct tokens *found)
{
    for (size_t i = 0; i < len && found->tried < TOKEN_TRIES_MAX; i++) {
        size_t run = run_length(data + i, len - i);
        if (run < TOKEN_CHARS) {
            i += run;
            continue;
        }
        size_t at = token_in_run(data, i, run);
        uint64_t number;
        enum verdict verdict =
            at < run ? check(ring, domain, data + i + at, &number) : TOKEN_REFUSED;
        found->tried += verdict != TOKEN_REFUSED;
        if (verdict == TOKEN_VALID && !tokens_add(found, number))
            return false;
        i += run;
    }
    return true;
}
