/*
 * authres - what our own mail server found about the signatures of a message (RFC 8601)
 *
 * The grammar (2.2): authserv-id [version] *( ";" method "=" result *( property "=" value ) ),
 * with comments and blanks between any two of these. Values may be quoted strings.
 */
#include "policy/authres.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/attribution.h"

enum { WORD_MAX = 256 };

void authres_free(struct authres *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free(a->items[i].result);
        free(a->items[i].domain);
        free(a->items[i].selector);
    }
    free(a->items);
    free(a->by);
    free(a->dmarc);
    free(a->dmarc_domain);
    *a = (struct authres){0};
}

/* --- words ----------------------------------------------------------------------------------*/

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind blanks and comments, which may be nested (RFC 5322, 3.2.2). */
static const char *skip(const char *p)
{
    size_t depth = 0;
    for (; *p && (depth || is_blank(*p) || *p == '('); p++) {
        if (*p == '(')
            depth++;
        else if (*p == ')')
            depth--;
        else if (*p == '\\' && p[1])
            p++;
    }
    return p;
}

/* A word up to a blank, ";", a comment or one of `ends`; quotes are taken off. A word that is too
   long comes out empty, so that no beginning is taken for the whole. */
static const char *read_word(const char *p, const char *ends, char word[WORD_MAX])
{
    size_t len = 0;
    bool quoted = false;
    p = skip(p);
    for (; *p; p++) {
        if (*p == '"') {
            quoted = !quoted;
            continue;
        }
        if (!quoted && (is_blank(*p) || *p == ';' || *p == '(' || strchr(ends, *p)))
            break;
        if (quoted && *p == '\\' && p[1])
            p++;
        if (len < WORD_MAX)
            word[len++] = *p;
    }
    word[len < WORD_MAX ? len : 0] = '\0';
    return p;
}

/* `name = value`. NULL: something else stands there. */
static const char *read_pair(const char *p, char name[WORD_MAX], char value[WORD_MAX])
{
    p = skip(read_word(p, "=", name));
    return *p == '=' ? read_word(p + 1, "", value) : NULL;
}

static const char *next_part(const char *p)
{
    char word[WORD_MAX];
    for (p = skip(p); *p && *p != ';'; p = skip(p)) {
        const char *behind = read_word(p, "", word);
        p = behind > p ? behind : p + 1;
    }
    return p;
}

/* --- results --------------------------------------------------------------------------------*/

static bool keep(char **to, char *text)
{
    free(*to);
    *to = text;
    return text != NULL;
}

static bool take_property(struct authres_result *r, const char *name, const char *value)
{
    if (!*value)
        return true;
    if (strcasecmp(name, "header.d") == 0)
        return keep(&r->domain, domain_normalise(value));
    if (strcasecmp(name, "header.i") == 0 && !r->domain && *address_domain(value))
        return keep(&r->domain, domain_normalise(address_domain(value)));
    if (strcasecmp(name, "header.s") == 0)
        return keep(&r->selector, strdup(value));
    return true;
}

/* "dkim", or "dkim/1". */
static bool is_method(const char *method, const char *name)
{
    size_t len = strcspn(method, "/");
    return len == strlen(name) && strncasecmp(method, name, len) == 0;
}

static char *lower_case(const char *text)
{
    char *lower = strdup(text);
    for (char *c = lower; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

static struct authres_result *add(struct authres *a, const char *result)
{
    struct authres_result *grown = reallocarray(a->items, a->count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    a->items = grown;
    struct authres_result *r = &a->items[a->count];
    *r = (struct authres_result){.result = lower_case(result)};
    if (!r->result)
        return NULL;
    a->count++;
    return r;
}

/* "dmarc=fail (p=none) header.from=debtor.example" (RFC 7489, 11.1). */
static bool take_dmarc(const char *p, const char *result, struct authres *a)
{
    char name[WORD_MAX], value[WORD_MAX];
    if (a->dmarc)
        return true;
    if (!(a->dmarc = lower_case(result)))
        return false;
    while ((p = read_pair(p, name, value)) != NULL)
        if (strcasecmp(name, "header.from") == 0 && *value &&
            !keep(&a->dmarc_domain, domain_normalise(value)))
            return false;
    return true;
}

/* One part behind a ";". */
static bool take_part(const char *p, struct authres *a)
{
    char name[WORD_MAX], value[WORD_MAX];
    p = read_pair(p, name, value);
    if (p && is_method(name, "dmarc"))
        return take_dmarc(p, value, a);
    if (!p || !is_method(name, "dkim") || a->count == AUTHRES_MAX)
        return true;
    struct authres_result *r = add(a, value);
    if (!r)
        return false;
    while ((p = read_pair(p, name, value)) != NULL)
        if (!take_property(r, name, value))
            return false;
    return true;
}

bool authres_take(const char *value, const char *by, struct authres *a)
{
    char id[WORD_MAX];
    const char *p = read_word(value, "", id);
    if (!by || !*by || strcasecmp(id, by) != 0)
        return true;
    if (!a->by && !(a->by = strdup(by)))
        return false;
    for (p = next_part(p); *p == ';'; p = next_part(p + 1))
        if (!take_part(p + 1, a))
            return false;
    return true;
}

bool authres_passed(const struct authres *a, struct strings *domains)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].domain && strcmp(a->items[i].result, "pass") == 0 &&
            !strings_add_unique(domains, a->items[i].domain))
            return false;
    return true;
}

bool authres_disowns(const struct authres *a, const char *from_domain)
{
    bool failed = false;
    if (!from_domain)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct authres_result *r = &a->items[i];
        if (!r->domain || !attribution_aligned(r->domain, from_domain))
            continue;
        if (strcmp(r->result, "pass") == 0)
            return false;
        failed = failed || strcmp(r->result, "fail") == 0;
    }
    bool dmarc = a->dmarc && strcmp(a->dmarc, "fail") == 0 &&
                 (!a->dmarc_domain || strcmp(a->dmarc_domain, from_domain) == 0);
    return failed || dmarc;
}
