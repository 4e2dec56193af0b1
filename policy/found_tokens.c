/*
 * found_tokens - where a message carries tokens of ours
 *
 * Without a keyring only the places count that our stamp uses: a plus address, an id below
 * "temoin.", the envelope ID, the Temoin-Token field. 26 letters elsewhere are 26 letters.
 */
#include "policy/found_tokens.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Is text[0..26) base32, and does the run end there? */
static bool is_token(const char *text)
{
    size_t n = 0;
    while (isalpha((unsigned char)text[n]) || (text[n] >= '2' && text[n] <= '7'))
        n++;
    return n == TOKEN_CHARS && (unsigned char)text[n] < 0x80 && !isdigit((unsigned char)text[n]);
}

/* "local+gTOKEN@" wherever it stands in a text. */
static bool take_tagged(const struct understanding_tools *tools, const char *text,
                        const char *where, struct understood *u)
{
    char delimiter = tools->delimiter ? tools->delimiter : '+';
    for (const char *p = text; p && (p = strchr(p, delimiter)) != NULL; p++)
        if ((p[1] == 'g' || p[1] == 'G') && is_token(p + 2) && p[2 + TOKEN_CHARS] == '@' &&
            !understood_token(u, tools, p + 2, where))
            return false;
    return true;
}

static bool take_ids(const struct understanding_tools *tools, const struct strings *ids,
                     const char *where, struct understood *u)
{
    for (size_t i = 0; i < ids->count; i++) {
        const char *token = token_in_message_id(ids->items[i]);
        if (token && !understood_token(u, tools, token, where))
            return false;
    }
    return true;
}

static bool is_recipient_field(const char *name)
{
    static const char *const names[] = {"To",           "Cc",
                                        "Delivered-To", "X-Original-To",
                                        "Envelope-To",  "X-Envelope-To",
                                        "X-Rcpt-To",    "X-Delivered-To"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* What our stamp wrote into a message that now comes back. */
static bool take_returned(const struct fields *f, const struct understanding_tools *tools,
                          struct understood *u)
{
    struct reading r = {0};
    bool done = reading_take(f, &r);
    const char *token = done ? r.token_header : NULL;
    if (token && is_token(token) && strlen(token) == TOKEN_CHARS)
        done = understood_token(u, tools, token, "returned");
    done = done && take_ids(tools, &r.references, "returned", u);
    for (size_t i = 0; done && i < f->count; i++)
        done = take_tagged(tools, f->items[i].value, "returned", u);
    reading_free(&r);
    return done;
}

/* In a text every token that is valid counts; without a keyring tagged addresses do, and the rest
   are candidates. */
static bool take_text(const char *text, const struct understanding_tools *tools,
                      struct understood *u)
{
    bool checks = tools->ring && tools->domain, lists = !checks && tools->candidates;
    for (const char *p = text; (checks || lists) && *p && u->token_count < READ_TOKENS_MAX;) {
        uint64_t number;
        size_t run = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
        const char *token = run == TOKEN_CHARS + 1 && (*p == 'g' || *p == 'G') ? p + 1 : p;
        if ((run == TOKEN_CHARS || token != p) &&
            (lists || token_check(tools->ring, tools->domain, token, &number)) &&
            !understood_token(u, tools, token, lists ? "candidate" : "body"))
            return false;
        p += run ? run : 1;
    }
    return true;
}

bool found_tokens(const struct mail *m, const struct bytes *body,
                  const struct understanding_tools *tools, struct understood *u)
{
    bool done = true;
    for (size_t i = 0; done && i < m->header.count; i++)
        if (is_recipient_field(m->header.items[i].name))
            done = take_tagged(tools, m->header.items[i].value, "recipient", u);
    done = done && take_ids(tools, &u->in_reply_to, "references", u) &&
           take_ids(tools, &u->references, "references", u);
    const char *envid = u->original_envelope_id;
    if (done && envid && strlen(envid) == TOKEN_CHARS && is_token(envid))
        done = understood_token(u, tools, envid, "envelope-id");
    for (size_t i = 0; done && i < m->count; i++)
        if (m->parts[i].inner.count)
            done = take_returned(&m->parts[i].inner, tools, u);
    const char *text = body->data ? body->data : "";
    return done && take_tagged(tools, text, "body", u) && take_text(text, tools, u);
}
