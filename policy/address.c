/*
 * address - mail addresses: normal form, domains, plus addresses
 *
 * GLib does NFC, case folding and IDNA, GMime parses address lists. Limits: what is longer
 * than any real address (ADDRESS_LONG octets) is only lower-cased in ASCII, for normalising is
 * quadratic in the worst case; GMime reads at most FIELD_MAX octets of a field.
 */
#include "policy/address.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/message.h"
#include "policy/text.h"
#include "policy/token.h"

enum {
    LOCAL_PART_MAX = 64,
    ADDRESS_LONG = 1000,
    GROUPS_DEEP = 8,
    COLONS_OPEN = 500,
    BARE_MEMBERS = 300
};

static char *lower_ascii(const char *text, size_t len)
{
    char *copy = strndup(text, len);
    for (char *p = copy; p && *p; p++)
        *p = g_ascii_tolower(*p);
    return copy;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* Lower case, without the root's dot. */
static char *lower_domain(const char *domain)
{
    size_t len = strlen(domain);
    while (len && domain[len - 1] == '.')
        len--;
    return lower_ascii(domain, len);
}

char *domain_normalise(const char *domain)
{
    char *lower = lower_domain(domain);
    if (!lower || is_ascii(lower) || strlen(lower) > ADDRESS_LONG ||
        !g_utf8_validate(lower, -1, NULL))
        return lower;
    char *alabels = g_hostname_to_ascii(lower);
    if (!alabels)
        return lower;
    free(lower);
    lower = lower_domain(alabels); /* IDNA knows other dots ("。"), which are "." by now */
    g_free(alabels);
    return lower;
}

const char *address_domain(const char *address)
{
    const char *at = strrchr(address, '@');
    return at ? at + 1 : "";
}

/* "jeanne" in quotes is jeanne (RFC 5321, 4.1.2): drop quotes around a plain dot-atom, in
   place. */
static void unquote_plain(char *local)
{
    size_t len = strlen(local);
    if (len < 3 || local[0] != '"' || local[len - 1] != '"')
        return;
    for (size_t i = 1; i < len - 1; i++) {
        bool dot_between = local[i] == '.' && i > 1 && i < len - 2 && local[i - 1] != '.';
        if (!dot_between && (local[i] <= ' ' || strchr("()<>[]:;@\\,\".\x7f", local[i])))
            return;
    }
    memmove(local, local + 1, len - 2);
    local[len - 2] = '\0';
}

/* The local part, NFC and case folded; malloc'd. NULL: out of memory. */
static char *fold_local(const char *local, size_t len)
{
    if (len > ADDRESS_LONG || !g_utf8_validate(local, (gssize)len, NULL))
        return lower_ascii(local, len);
    char *composed = g_utf8_normalize(local, (gssize)len, G_NORMALIZE_NFC);
    char *folded = composed ? g_utf8_casefold(composed, -1) : NULL;
    char *again = folded ? g_utf8_normalize(folded, -1, G_NORMALIZE_NFC) : NULL;
    g_free(composed);
    g_free(folded);
    return again ? text_from_glib(again) : lower_ascii(local, len);
}

char *address_normalise(const char *address)
{
    const char *domain = address_domain(address);
    if (!*domain || !g_utf8_validate(address, -1, NULL))
        return lower_ascii(address, strlen(address));
    char *local = fold_local(address, (size_t)(domain - 1 - address));
    char *host = domain_normalise(domain);
    struct bytes whole = {0};
    char *result = NULL;
    if (local && host) {
        unquote_plain(local);
        if (bytes_puts(&whole, local) && bytes_append(&whole, "@", 1) && bytes_puts(&whole, host))
            result = bytes_steal(&whole);
    }
    bytes_free(&whole);
    free(local);
    free(host);
    return result;
}

static bool add_address(InternetAddress *address, struct strings *out)
{
    const char *text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
    if (!text || !*address_domain(text))
        return true; /* a bare name is no address */
    char *normal = address_normalise(text);
    bool done = normal && strings_add(out, normal);
    free(normal);
    return done;
}

static bool add_list(InternetAddressList *list, unsigned depth, struct strings *out)
{
    int length = internet_address_list_length(list);
    for (int i = 0; i < length && out->count < ADDRESSES_MAX; i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);
        bool done = true;
        if (INTERNET_ADDRESS_IS_MAILBOX(one))
            done = add_address(one, out);
        else if (INTERNET_ADDRESS_IS_GROUP(one) && depth)
            done = add_list(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)),
                            depth - 1, out);
        if (!done)
            return false;
    }
    return true;
}

/* How much of a field GMime is given: it follows nested groups ("a:b:c:") by recursion, so the
   value ends where they become too many. For a list's member without "@" it looks through all the
   rest (64 kB of "a,a,a" took 16 s), so that they are limited as well. */
static size_t bounded_length(const char *value)
{
    size_t len = 0;
    unsigned open = 0, bare = 0;
    for (bool at = false; len < FIELD_MAX && value[len]; len++) {
        if (value[len] == ':' && ++open > COLONS_OPEN)
            break;
        if (value[len] == ';')
            open = 0;
        at = at || value[len] == '@';
        if (value[len] != ',' && value[len] != ';')
            continue;
        bare += !at;
        at = false;
        if (bare > BARE_MEMBERS)
            break;
    }
    return len;
}

bool address_list_parse(const char *value, struct strings *out)
{
    if (out->count >= ADDRESSES_MAX)
        return true;
    char *part = strndup(value, bounded_length(value));
    if (!part)
        return false;
    InternetAddressList *list = internet_address_list_parse(NULL, part);
    free(part);
    bool done = true;
    if (list) {
        done = add_list(list, GROUPS_DEEP, out);
        g_object_unref(list);
    }
    return done;
}

/* Where a tag goes or stands: the end of the local part, before the closing quote of a quoted
   one. */
static size_t local_end(const char *address, const char *at)
{
    size_t len = (size_t)(at - address);
    return len > 1 && address[0] == '"' && address[len - 1] == '"' ? len - 1 : len;
}

char *address_tag(const char *address, char delimiter, const char *token, bool *too_long)
{
    *too_long = false;
    const char *at = strrchr(address, '@');
    if (!at || at == address)
        return NULL;
    size_t end = local_end(address, at);
    if ((size_t)(at - address) + 2 + strlen(token) > LOCAL_PART_MAX) {
        *too_long = true;
        return NULL;
    }
    struct bytes tagged = {0};
    char *result = NULL;
    if (bytes_append(&tagged, address, end) && bytes_printf(&tagged, "%cg%s", delimiter, token) &&
        bytes_puts(&tagged, address + end))
        result = bytes_steal(&tagged);
    bytes_free(&tagged);
    return result;
}

char *address_untag(const char *address, char delimiter)
{
    const char *token = token_in_address(address, delimiter);
    char *copy = strdup(address);
    if (copy && token) {
        size_t begin = (size_t)(token - address) - 2;
        const char *rest = token + TOKEN_CHARS;
        memmove(copy + begin, rest, strlen(rest) + 1);
    }
    return copy;
}
