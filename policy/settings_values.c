/*
 * settings_values - single values of the configuration: text to number, network, choice
 *
 * Pure conversions; what is wrong with a value, and at which line, is said by settings.c.
 */
#include "policy/settings_values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "policy/address.h"

/* Digits only: strtoull would take blanks and a sign. *rest is what follows them. */
static bool read_digits(const char *text, int base, uint64_t *value, const char **rest)
{
    if (!isdigit((unsigned char)*text))
        return false;
    char *end;
    errno = 0;
    unsigned long long read = strtoull(text, &end, base);
    if (errno)
        return false;
    *value = read;
    *rest = end;
    return true;
}

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* A number and one of the units (the list ends with a NULL suffix). */
static bool read_with_unit(const char *text, const struct unit *units, uint64_t *out)
{
    uint64_t value;
    const char *rest;
    if (!read_digits(text, 10, &value, &rest))
        return false;
    for (const struct unit *u = units; u->suffix; u++)
        if (strcmp(rest, u->suffix) == 0) {
            if (value > UINT64_MAX / 4 / u->factor)
                return false;
            *out = value * u->factor;
            return true;
        }
    return false;
}

bool value_size(const char *text, uint64_t *octets)
{
    static const struct unit units[] = {
        {"", 1}, {"k", 1024}, {"M", 1024 * 1024}, {"G", 1024 * 1024 * 1024}, {NULL, 0}};
    return read_with_unit(text, units, octets);
}

bool value_duration(const char *text, uint64_t unit_ms, uint64_t *ms)
{
    const struct unit units[] = {{"", unit_ms},  {"ms", 1},       {"s", 1000}, {"m", 60000},
                                 {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    return read_with_unit(text, units, ms);
}

bool value_mode(const char *text, mode_t *mode)
{
    uint64_t value;
    const char *rest;
    if (!read_digits(text, 8, &value, &rest) || *rest || value > 0777)
        return false;
    *mode = (mode_t)value;
    return true;
}

bool value_choice(const char *text, const char *const *words, int *position)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0) {
            *position = i;
            return true;
        }
    return false;
}

bool value_ip(const char *text, unsigned char address[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char bare[INET6_ADDRSTRLEN];
    if (strncasecmp(text, "IPv6:", 5) == 0)
        text += 5;
    size_t len = strlen(text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof bare)
        return false;
    memcpy(bare, text, len);
    bare[len] = '\0';
    unsigned char read[16];
    if (inet_pton(AF_INET6, bare, read) == 1) {
        memcpy(address, read, 16);
        return true;
    }
    if (inet_pton(AF_INET, bare, read) != 1)
        return false;
    memcpy(address, mapped, sizeof mapped);
    memcpy(address + sizeof mapped, read, 4);
    return true;
}

bool value_ip_within(const unsigned char a[16], const unsigned char b[16], unsigned bits)
{
    unsigned whole = bits / 8, left = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    unsigned mask = left ? (0xffU << (8 - left)) & 0xffU : 0;
    return !left || ((a[whole] ^ b[whole]) & mask) == 0;
}

bool value_network(const char *text, struct network *out, bool *host_bits)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    char bare[INET6_ADDRSTRLEN + 8];
    struct network n = {.prefix = 128};
    if (len >= sizeof bare)
        return false;
    memcpy(bare, text, len);
    bare[len] = '\0';
    if (!value_ip(bare, n.address))
        return false;
    bool v4 = !strchr(bare, ':');
    if (slash) {
        uint64_t prefix;
        const char *rest;
        if (!read_digits(slash + 1, 10, &prefix, &rest) || *rest || prefix > (v4 ? 32 : 128))
            return false;
        n.prefix = (unsigned)prefix + (v4 ? 96 : 0);
    }
    *host_bits = false;
    for (unsigned bit = n.prefix; bit < 128; bit++)
        if (n.address[bit / 8] & (0x80U >> (bit % 8)))
            *host_bits = true;
    *out = n;
    return true;
}

bool value_socket(const char *text)
{
    if (strncmp(text, "unix:", 5) == 0)
        return value_path(text + 5) && strlen(text + 5) < sizeof((struct sockaddr_un *)0)->sun_path;
    bool six = strncmp(text, "inet6:", 6) == 0;
    if (!six && strncmp(text, "inet:", 5) != 0)
        return false;
    uint64_t port;
    const char *rest;
    return read_digits(text + (six ? 6 : 5), 10, &port, &rest) && port >= 1 && port <= 65535 &&
           *rest == '@' && rest[1] && !strpbrk(rest + 1, " \t@");
}

bool value_domain(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > 253 || text[0] == '.' || text[len - 1] == '.' || strstr(text, ".."))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
            text[i] != '-' && text[i] != '.')
            return false;
    return true;
}

bool value_address(const char *text)
{
    const char *domain = address_domain(text);
    if (!*domain || !value_domain(domain))
        return false;
    size_t local = (size_t)(domain - text) - 1;
    if (local == 0 || local > 64)
        return false;
    for (size_t i = 0; i < local; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("<>,;:\\\"@()", text[i]))
            return false;
    return true;
}

bool value_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    size_t len = strlen(text);
    return len <= 32 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

bool value_path(const char *text)
{
    size_t len = strlen(text);
    if (text[0] != '/' || isspace((unsigned char)text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)text[i]))
            return false;
    return true;
}

bool value_delimiter(const char *text, char *delimiter)
{
    if (strlen(text) > 1 || (*text && !strchr("+-=_!#$%&*/?^~", *text)))
        return false;
    *delimiter = *text;
    return true;
}
