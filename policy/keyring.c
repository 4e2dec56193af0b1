/*
 * keyring - the token keys, read from their file's text (policy/token.h)
 *
 * Error lines name file and line, never the secret.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "policy/token.h"

struct line_reader {
    const char *name;
    unsigned line;
    bool has_active;
};

void keyring_wipe(struct keyring *ring)
{
    OPENSSL_cleanse(ring, sizeof *ring);
}

static const char *const blanks = " \t\r";

/* The next word of a line; its length is 0 at the end or before a comment. */
static const char *next_word(const char **at, const char *end, size_t *len)
{
    const char *p = *at;
    while (p < end && strchr(blanks, *p))
        p++;
    const char *word = p;
    while (p < end && !strchr(blanks, *p) && *p != '#')
        p++;
    *len = (size_t)(p - word);
    *at = p;
    return word;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_secret(const char *word, size_t len, unsigned char secret[TOKEN_KEY_OCTETS])
{
    if (len != (size_t)TOKEN_KEY_OCTETS * 2)
        return false;
    for (size_t i = 0; i < TOKEN_KEY_OCTETS; i++) {
        int high = hex_value(word[2 * i]), low = hex_value(word[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        secret[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool read_number(const char *word, size_t len, unsigned *number)
{
    *number = 0;
    for (size_t i = 0; i < len; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(word[i] - '0');
        if (*number >= TOKEN_KEYS_MAX)
            return false;
    }
    return len > 0;
}

/* NULL: the line is a key, or empty. Else what is wrong and how to mend it; static. */
static const char *read_line(struct line_reader *r, const char *at, const char *end,
                             struct keyring *ring)
{
    size_t len, extra;
    unsigned number;
    const char *word = next_word(&at, end, &len);
    if (!len)
        return NULL;
    if (!read_number(word, len, &number))
        return "no key number: begin the line with a number from 0 to 255";
    if (ring->present[number])
        return "this key number is there twice: give each key a number of its own";
    word = next_word(&at, end, &len);
    if (!read_secret(word, len, ring->secret[number]))
        return "no key: write 32 octets as 64 hexadecimal digits behind the number";
    word = next_word(&at, end, &len);
    next_word(&at, end, &extra);
    bool active = len == 6 && memcmp(word, "active", 6) == 0;
    bool old = len == 3 && memcmp(word, "old", 3) == 0;
    if ((!active && !old) || extra)
        return "no state: end the line with \"active\" or \"old\"";
    if (active && r->has_active)
        return "a second active key: mark all but one \"old\"";
    if (active) {
        r->has_active = true;
        ring->active = number;
    }
    ring->present[number] = true;
    return NULL;
}

static bool refuse(const struct line_reader *r, const char *what, struct keyring *ring,
                   char **error)
{
    struct bytes text = {0};
    if (bytes_printf(&text, "%s:%u: %s", r->name, r->line, what))
        *error = bytes_steal(&text);
    bytes_free(&text);
    keyring_wipe(ring);
    return false;
}

bool keyring_parse(const char *text, const char *name, struct keyring *ring, char **error)
{
    struct line_reader reader = {.name = name};
    *error = NULL;
    keyring_wipe(ring);
    for (const char *line = text; *line;) {
        const char *end = line + strcspn(line, "\n");
        reader.line++;
        const char *wrong = read_line(&reader, line, end, ring);
        if (wrong)
            return refuse(&reader, wrong, ring, error);
        line = end + (*end == '\n');
    }
    if (!reader.has_active) {
        reader.line += !reader.line;
        return refuse(&reader, "no active key: mark one key \"active\"", ring, error);
    }
    return true;
}
