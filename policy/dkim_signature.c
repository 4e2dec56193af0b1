/*
 * dkim_signature - which DNS key each DKIM signature of a message is to be checked with (RFC 6376)
 *
 * A field is a list of tags (3.2): name "=" value, parted by ";", with folding blanks around
 * names and values. A tag that stands there twice makes the whole list invalid.
 */
#include "policy/dkim_signature.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63, ALGORITHM_MAX = 32 };

/* A piece of the field; not terminated. */
struct piece {
    const char *text;
    size_t len;
};

enum tag { TAG_V, TAG_A, TAG_B, TAG_BH, TAG_D, TAG_H, TAG_S, TAG_I, TAG_Q, TAG_COUNT };
enum { REQUIRED = TAG_S + 1 }; /* those up to here (3.5) */

static const char *const names[TAG_COUNT] = {"v", "a", "b", "bh", "d", "h", "s", "i", "q"};

void dkim_signature_free(struct dkim_signature *s)
{
    free(s->domain);
    free(s->selector);
    free(s->algorithm);
    *s = (struct dkim_signature){0};
}

void dkim_signatures_free(struct dkim_signatures *found)
{
    for (size_t i = 0; i < found->count; i++)
        dkim_signature_free(&found->items[i]);
    *found = (struct dkim_signatures){0};
}

/* --- tags -----------------------------------------------------------------------------------*/

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct piece trimmed(const char *text, size_t len)
{
    while (len && is_blank(*text)) {
        text++;
        len--;
    }
    while (len && is_blank(text[len - 1]))
        len--;
    return (struct piece){text, len};
}

static bool is(struct piece p, const char *word)
{
    return p.len == strlen(word) && memcmp(p.text, word, p.len) == 0;
}

/* False: no list of tags, or one of ours stands there twice. */
static bool tags_read(const char *value, struct piece tags[TAG_COUNT])
{
    while (*value) {
        size_t len = strcspn(value, ";");
        struct piece tag = trimmed(value, len);
        const char *equals = memchr(tag.text, '=', tag.len);
        value += len + (value[len] == ';');
        if (tag.len == 0)
            continue; /* behind the last ";" */
        if (!equals)
            return false;
        struct piece name = trimmed(tag.text, (size_t)(equals - tag.text));
        for (size_t i = 0; i < TAG_COUNT; i++) {
            if (!is(name, names[i]))
                continue;
            if (tags[i].text)
                return false;
            tags[i] = trimmed(equals + 1, (size_t)(tag.text + tag.len - equals - 1));
        }
    }
    return true;
}

/* --- what is in them ------------------------------------------------------------------------*/

/* Labels of letters, digits, "-" and "_", parted by dots (3.1, 3.5); U-labels must have been made
   A-labels by the signer. */
static bool is_name(struct piece p)
{
    size_t label = 0;
    for (size_t i = 0; i < p.len; i++) {
        unsigned char c = (unsigned char)p.text[i];
        if (c == '.' ? label == 0 : !(isalnum(c) || c == '-' || c == '_') || c > 127)
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX)
            return false;
    }
    return label > 0;
}

static bool is_algorithm(struct piece p)
{
    for (size_t i = 0; i < p.len; i++)
        if (!isalnum((unsigned char)p.text[i]) && p.text[i] != '-')
            return false;
    return p.len > 0 && p.len <= ALGORITHM_MAX;
}

/* Is the word in a list that is parted by colons? */
static bool lists(struct piece list, const char *word)
{
    while (list.len) {
        const char *colon = memchr(list.text, ':', list.len);
        size_t len = colon ? (size_t)(colon - list.text) : list.len;
        struct piece one = trimmed(list.text, len);
        if (one.len == strlen(word) && strncasecmp(one.text, word, one.len) == 0)
            return true;
        len += colon != NULL;
        list.text += len;
        list.len -= len;
    }
    return false;
}

/* The identity's domain must be that of d=, or below it (3.5, 6.1.1). */
static bool is_within(struct piece identity, struct piece domain)
{
    const char *at = memrchr(identity.text, '@', identity.len);
    if (!at)
        return false;
    size_t len = (size_t)(identity.text + identity.len - at - 1);
    const char *end = at + 1 + len;
    return len >= domain.len && strncasecmp(end - domain.len, domain.text, domain.len) == 0 &&
           (len == domain.len || end[-(ptrdiff_t)domain.len - 1] == '.');
}

static bool counts(const struct piece tags[TAG_COUNT])
{
    for (size_t i = 0; i < REQUIRED; i++)
        if (tags[i].len == 0)
            return false;
    struct piece d = tags[TAG_D], s = tags[TAG_S];
    return is(tags[TAG_V], "1") && is_algorithm(tags[TAG_A]) && is_name(d) && is_name(s) &&
           s.len + strlen("._domainkey.") + d.len <= DKIM_NAME_MAX && lists(tags[TAG_H], "from") &&
           (!tags[TAG_I].text || is_within(tags[TAG_I], d)) &&
           (!tags[TAG_Q].text || lists(tags[TAG_Q], "dns/txt"));
}

static char *lower(struct piece p)
{
    char *copy = strndup(p.text, p.len);
    for (char *c = copy; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

bool dkim_signature_read(const char *value, struct dkim_signature *s, bool *valid)
{
    struct piece tags[TAG_COUNT] = {{NULL, 0}};
    *s = (struct dkim_signature){0};
    *valid = strnlen(value, DKIM_FIELD_MAX + 1) <= DKIM_FIELD_MAX && tags_read(value, tags) &&
             counts(tags);
    if (!*valid)
        return true;
    s->domain = lower(tags[TAG_D]);
    s->selector = lower(tags[TAG_S]);
    s->algorithm = lower(tags[TAG_A]);
    if (s->domain && s->selector && s->algorithm)
        return true;
    dkim_signature_free(s);
    return *valid = false;
}

/* --- of a message ---------------------------------------------------------------------------*/

static bool is_known(const struct dkim_signatures *found, const struct dkim_signature *s)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->items[i].domain, s->domain) == 0 &&
            strcmp(found->items[i].selector, s->selector) == 0)
            return true;
    return false;
}

bool dkim_signatures_read(const struct fields *f, struct dkim_signatures *out)
{
    for (size_t i = 0; i < f->count; i++) {
        struct dkim_signature one;
        bool valid;
        if (strcasecmp(f->items[i].name, "DKIM-Signature") != 0)
            continue;
        if (!dkim_signature_read(f->items[i].value, &one, &valid))
            return false;
        if (valid && !is_known(out, &one)) {
            out->more = out->count == DKIM_SIGNATURES_MAX;
            if (out->more) {
                dkim_signature_free(&one);
                return true;
            }
            out->items[out->count++] = one;
        } else
            dkim_signature_free(&one);
    }
    return true;
}

bool dkim_key_name(const struct dkim_signature *s, struct bytes *out)
{
    return bytes_printf(out, "%s._domainkey.%s", s->selector, s->domain);
}
