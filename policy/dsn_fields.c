/*
 * dsn_fields - the fields of a delivery status notification, wherever they stand
 */
#include "policy/dsn_fields.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/bounce_reply.h"
#include "policy/bounce_words.h"
#include "policy/xtext.h"

struct groups {
    struct understood *u;
    struct read_recipient one; /* of the group that is open */
    bool open;                 /* the group has a field of a recipient */
    bool full;                 /* no more recipients are taken */
};

/* --- values ----------------------------------------------------------------------------------*/

/* "rfc822; a@b": what is behind the type. *type_len is 0 when there is none. */
static const char *behind_type(const char *value, size_t *type_len)
{
    size_t n = 0;
    while (g_ascii_isalnum(value[n]) || value[n] == '-')
        n++;
    size_t at = n + strspn(value + n, " \t");
    *type_len = n && value[at] == ';' ? n : 0;
    return *type_len ? value + at + 1 + strspn(value + at + 1, " \t") : value;
}

/* Remove comments (RFC 5322, 3.2.2) outside quoted strings, in place. One that does not end is
   none. */
static void drop_comments(char *text)
{
    char *to = text;
    bool quoted = false;
    size_t left = strlen(text), closing = 0;
    for (const char *p = text; *p; p++)
        closing += *p == ')';
    for (const char *from = text; *from; from++, left--) {
        if (*from == '"')
            quoted = !quoted;
        if (*from == '(' && !quoted && closing) {
            size_t depth = 0;
            const char *p = from;
            do {
                depth += *p == '(';
                depth -= *p == ')' && depth;
                closing -= *p == ')' && closing;
            } while (depth && *++p);
            if (!*p)
                break;
            from = p;
            continue;
        }
        *to++ = *from;
    }
    *to = '\0';
}

/* "+2B" and "+3D" are all that an address needs as xtext; "+40" where the "@" is missing. More
   would spoil plus addresses, which few servers encode. */
static void decode_address(char *address)
{
    bool at = strchr(address, '@') != NULL;
    char *to = address;
    for (const char *from = address; *from; from++) {
        if (*from == '+' && (strncmp(from, "+2B", 3) == 0 || strncmp(from, "+3D", 3) == 0 ||
                             (!at && strncmp(from, "+40", 3) == 0))) {
            *to++ = (char)(from[1] == '2' ? '+' : from[1] == '3' ? '=' : '@');
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Inside "<…>" if there is one, without a scheme, quotes around all and the point of a sentence;
   in place. */
static char *bare_address(char *text)
{
    char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
    if (open && close) {
        *close = '\0';
        text = open + 1;
    }
    text += strspn(text, " \t'");
    if (strncasecmp(text, "mailto:", 7) == 0 || strncasecmp(text, "smtp:", 5) == 0)
        text = strchr(text, ':') + 1;
    size_t len = strlen(text);
    while (len && strchr(" \t.,;:'", text[len - 1]))
        text[--len] = '\0';
    return text;
}

bool dsn_address(const char *value, bool encoded, char **address)
{
    size_t type_len;
    *address = NULL;
    const char *behind = behind_type(value, &type_len);
    bool utf8 = type_len == 5 && strncasecmp(value, "utf-8", 5) == 0;
    bool mail = !type_len || utf8 || (type_len == 6 && strncasecmp(value, "rfc822", 6) == 0);
    char *text = strdup(behind);
    if (!text)
        return false;
    drop_comments(text);
    char *bare = bare_address(text);
    if (utf8)
        xtext_decode_utf8(bare);
    if (encoded && !utf8)
        decode_address(bare);
    /* "x400; /C=FR/…" and "local; 17" are nobody's address; "<>" is none */
    bool quoted = *bare == '"' && strstr(bare, "\"@");
    bool usable = *bare && (quoted || !strpbrk(bare, " \t<>")) && (mail || strchr(bare, '@'));
    if (usable)
        *address = address_normalise(bare);
    free(text);
    return !usable || *address;
}

/* --- fields of a recipient -------------------------------------------------------------------*/

static bool close_group(struct groups *g);

/* A recipient field of the open group; another one with another address begins a new group. */
static bool take_recipient(struct groups *g, const char *value, bool original)
{
    char *address;
    if (!dsn_address(value, original, &address))
        return false;
    if (!address)
        return true;
    char **kept = original ? &g->one.original : &g->one.final;
    if (*kept && strcmp(*kept, address) != 0 && !close_group(g)) {
        free(address);
        return false;
    }
    kept = original ? &g->one.original : &g->one.final;
    if (*kept)
        free(address);
    else
        *kept = address;
    g->open = true;
    return true;
}

static bool take_final(struct groups *g, const char *value)
{
    return take_recipient(g, value, false);
}

static bool take_original(struct groups *g, const char *value)
{
    return take_recipient(g, value, true);
}

static bool take_action(struct groups *g, const char *value)
{
    static const struct {
        const char *word, *action;
    } words[] = {{"failed", "failed"},       {"failure", "failed"},  {"fail", "failed"},
                 {"delayed", "delayed"},     {"delay", "delayed"},   {"deferred", "delayed"},
                 {"delivered", "delivered"}, {"relayed", "relayed"}, {"expanded", "expanded"}};
    for (size_t i = 0; !g->one.action && i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i].word);
        if (strncasecmp(value, words[i].word, len) == 0 && !g_ascii_isalpha(value[len]))
            g->one.action = words[i].action;
    }
    g->open = true;
    return true;
}

static bool take_status(struct groups *g, const char *value)
{
    char status[STATUS_CHARS + 1];
    g->open = true;
    if (g->one.status || !reply_enhanced(value, 0, status, NULL))
        return true;
    return (g->one.status = strdup(status)) != NULL;
}

static bool take_remote(struct groups *g, const char *value)
{
    size_t type_len;
    g->open = true;
    if (g->one.remote_mta)
        return true;
    const char *host = behind_type(value, &type_len);
    return words_host(host, strlen(host), &g->one.remote_mta);
}

static bool take_diagnostic(struct groups *g, const char *value)
{
    size_t type_len;
    g->open = true;
    const char *words = behind_type(value, &type_len);
    if (g->one.diagnostic || !*words)
        return true;
    return words_line(words, strlen(words), &g->one.diagnostic);
}

static bool take_envelope_id(struct groups *g, const char *value)
{
    if (g->u->original_envelope_id || !*value)
        return true;
    g->u->original_envelope_id = strdup(value);
    if (g->u->original_envelope_id)
        xtext_decode(g->u->original_envelope_id);
    return g->u->original_envelope_id != NULL;
}

static const struct {
    const char *name;
    bool (*take)(struct groups *g, const char *value);
} takers[] = {
    {"Original-Recipient", take_original},
    {"Final-Recipient", take_final},
    {"Action", take_action},
    {"Status", take_status},
    {"Remote-MTA", take_remote},
    {"Diagnostic-Code", take_diagnostic},
    {"Original-Envelope-Id", take_envelope_id},
};

/* --- groups ----------------------------------------------------------------------------------*/

static void recipient_free(struct read_recipient *one)
{
    free(one->final);
    free(one->original);
    free(one->status);
    free(one->remote_mta);
    free(one->diagnostic);
    *one = (struct read_recipient){0};
}

/* Move what `to` lacks. */
static void complete(struct read_recipient *to, struct read_recipient *from)
{
    char **pairs[][2] = {{&to->final, &from->final},
                         {&to->original, &from->original},
                         {&to->status, &from->status},
                         {&to->remote_mta, &from->remote_mta},
                         {&to->diagnostic, &from->diagnostic}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!*pairs[i][0]) {
            *pairs[i][0] = *pairs[i][1];
            *pairs[i][1] = NULL;
        }
    if (!to->action)
        to->action = from->action;
}

static bool agree(const char *one, const char *other)
{
    return !one || !other || strcmp(one, other) == 0;
}

/* Is it the same news of the same recipient, told twice? Only the one before is looked at. */
static bool told_before(const struct read_recipient *before, const struct read_recipient *one)
{
    if (!one->final && !one->original)
        return agree(before->action, one->action) && agree(before->status, one->status);
    return before->final && one->final && strcmp(before->final, one->final) == 0 &&
           agree(before->original, one->original) && agree(before->action, one->action) &&
           agree(before->status, one->status);
}

static bool close_group(struct groups *g)
{
    struct understood *u = g->u;
    struct read_recipient *one = &g->one;
    struct read_recipient *last =
        u->recipient_count ? &u->recipients[u->recipient_count - 1] : NULL;
    bool named = one->final || one->original;
    if (last && named && !last->final && !last->original) {
        recipient_free(last);
        u->recipient_count--;
        last = NULL;
    }
    if (g->open && last && told_before(last, one)) {
        complete(last, one);
    } else if (named || (!last && (one->action || one->status || one->diagnostic))) {
        struct read_recipient *new = understood_recipient(u);
        if (!new) {
            g->full = true;
            recipient_free(one);
            return u->recipient_count == READ_RECIPIENTS_MAX;
        }
        *new = *one;
        *one = (struct read_recipient){0};
    }
    recipient_free(one);
    g->open = false;
    return true;
}

/* --- lines -----------------------------------------------------------------------------------*/

/* The length of the name of a field that begins the line; 0: none does. */
static size_t name_of(const char *line, size_t len, size_t *value)
{
    size_t n = 0;
    while (n < len && (g_ascii_isalnum(line[n]) || line[n] == '-'))
        n++;
    size_t colon = n;
    while (colon < len && (line[colon] == ' ' || line[colon] == '\t'))
        colon++;
    if (!n || colon == len || line[colon] != ':' || (colon + 1 < len && line[colon + 1] == '/'))
        return 0;
    *value = colon + 1;
    return n;
}

/* Read a field, whose lines are joined already. */
static bool take_field(struct groups *g, const char *line, size_t len)
{
    size_t at, n = name_of(line, len, &at);
    for (size_t i = 0; n && i < sizeof takers / sizeof *takers; i++) {
        if (strlen(takers[i].name) != n || strncasecmp(line, takers[i].name, n) != 0)
            continue;
        char *value = words_decode(line + at, len - at);
        bool done = value && takers[i].take(g, value);
        free(value);
        return done;
    }
    return true;
}

static bool is_blank(const char *line, size_t len)
{
    while (len && strchr(" \t\r", line[len - 1]))
        len--;
    return len == 0;
}

/* Does this line go on with the field before it: folded, or the rest of a diagnostic whose sender
   forgot to fold it? */
static bool goes_on(const char *line, size_t len, const char *field, size_t field_len)
{
    static const char diagnostic[] = "Diagnostic-Code";
    size_t value;
    if (*line == ' ' || *line == '\t')
        return true;
    return field_len >= sizeof diagnostic - 1 &&
           strncasecmp(field, diagnostic, sizeof diagnostic - 1) == 0 &&
           name_of(line, len, &value) == 0;
}

bool dsn_fields(const char *text, size_t len, struct understood *u)
{
    struct groups g = {.u = u};
    bool done = true;
    size_t field = 0, end = 0; /* of the field that is open; equal: none is */
    for (size_t at = 0; done && at < len && !g.full;) {
        const char *lf = memchr(text + at, '\n', len - at);
        size_t next = lf ? (size_t)(lf - text) + 1 : len;
        size_t line = next - at - (lf ? 1 : 0);
        bool blank = is_blank(text + at, line);
        if (!blank && end > field && goes_on(text + at, line, text + field, end - field)) {
            end = at + line;
        } else {
            done = end == field || take_field(&g, text + field, end - field);
            field = at;
            end = blank ? at : at + line;
            if (done && blank)
                done = close_group(&g);
        }
        at = next;
    }
    done = done && (end == field || take_field(&g, text + field, end - field)) && close_group(&g);
    recipient_free(&g.one);
    return done;
}
