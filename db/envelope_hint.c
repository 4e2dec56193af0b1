/*
 * envelope_hint - the envelope of a message that is no longer in transport
 */
#include "db/envelope_hint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *hint_sender(const struct fields *f, const struct reading *r)
{
    size_t at = fields_find(f, "Return-Path", 1);
    if (at < f->count)
        return envelope_address(f->items[at].value);
    if (r->kind == KIND_DSN || r->kind == KIND_MDN || r->from.count == 0)
        return strdup("");
    return strdup(r->from.items[0]);
}

/* "… for <a@b>; date" of a Received field: RFC 5321, 4.4. False: out of memory. */
static bool take_for(const char *value, struct strings *to)
{
    for (const char *c = value; (c = strcasestr(c, "for")) != NULL; c += 3) {
        bool word = c > value && strchr(" \t\n", c[-1]) && strchr(" \t\n<", c[3]) && c[3];
        if (!word)
            continue;
        const char *begin = c + 3 + strspn(c + 3, " \t\n<");
        size_t len = strcspn(begin, ">; \t\r\n");
        if (memchr(begin, '@', len))
            return strings_add_n(to, begin, len);
    }
    return true;
}

static bool take_named(const struct fields *f, const char *name, struct strings *to)
{
    bool done = true;
    for (size_t i = 0; i < f->count && done; i++) {
        if (strcasecmp(f->items[i].name, name) != 0)
            continue;
        char *address = envelope_address(f->items[i].value);
        done = address && (!*address || strings_add_unique(to, address));
        free(address);
    }
    return done;
}

static bool hint_recipients(const struct settings *s, const struct fields *f,
                            const struct reading *r, struct strings *to)
{
    static const char *const names[] = {"X-Original-To", "Envelope-To", "Delivered-To"};
    bool done = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && done && to->count == 0; i++)
        done = take_named(f, names[i], to);
    for (size_t i = 0; i < f->count && done && to->count == 0; i++)
        if (strcasecmp(f->items[i].name, "Received") == 0)
            done = take_for(f->items[i].value, to);
    bool none = to->count == 0;
    for (size_t i = 0; i < r->to.count && done && none; i++)
        if (settings_is_own_address(s, r->to.items[i]))
            done = strings_add(to, r->to.items[i]);
    return done;
}

bool envelope_hints(const struct settings *s, const struct fields *f, const struct reading *r,
                    struct envelope *e, bool *guessed)
{
    *guessed = !e->sender || e->recipients.count == 0;
    if (!e->sender)
        e->sender = hint_sender(f, r);
    return e->sender && (e->recipients.count > 0 || hint_recipients(s, f, r, &e->recipients));
}
