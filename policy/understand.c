/*
 * understand - a message in, facts out: each parser asked in the order that decides the kind
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "policy/autoreply.h"
#include "policy/bounce.h"
#include "policy/dsn.h"
#include "policy/found_attachments.h"
#include "policy/found_tokens.h"
#include "policy/mdn.h"
#include "policy/other.h"
#include "policy/reply_text.h"
#include "policy/suggest.h"
#include "policy/understood.h"

/* Ids that are no text match nothing that can be told. */
static bool take_valid(struct strings *to, const struct strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (g_utf8_validate(from->items[i], -1, NULL) && !strings_add(to, from->items[i]))
            return false;
    return true;
}

static bool take_ids(const struct mail *m, struct understood *u)
{
    const struct reading *r = &m->reading;
    bool usable = r->message_id && g_utf8_validate(r->message_id, -1, NULL);
    if (usable && !(u->message_id = strdup(r->message_id)))
        return false;
    return take_valid(&u->in_reply_to, &r->in_reply_to) &&
           take_valid(&u->references, &r->references);
}

static bool take_kind(const struct mail *m, const struct bytes *body, struct understood *u)
{
    bool found = false;
    if (!mdn_read(m, body, u, &found))
        return false;
    if (found) {
        u->kind = READ_MDN;
        return true;
    }
    if (!dsn_read(m, u, &found) ||
        !(found ? bounce_complete(m, body, u) : bounce_read(m, body, u, &found)))
        return false;
    if (found || other_by_form(m)) {
        u->kind = found ? READ_DSN : READ_OTHER;
        return true;
    }
    if (!autoreply_read(m, body, &found))
        return false;
    if (found) {
        u->kind = READ_AUTO_REPLY;
        return true;
    }
    if (!other_read(m, body, &found))
        return false;
    u->kind = found ? READ_OTHER : READ_REPLY;
    return true;
}

/* What the sender wrote, and what it may mean. */
static bool take_words(const struct mail *m, const struct bytes *body, struct understood *u)
{
    if (u->kind == READ_DSN || u->kind == READ_MDN)
        return true;
    struct bytes text = {0};
    bool done = reply_text(body->data ? body->data : "", body->len, &text);
    if (done && text.len)
        done = (u->reply_text = bytes_steal(&text)) != NULL;
    bytes_free(&text);
    if (done && u->reply_text && (u->kind == READ_REPLY || u->kind == READ_AUTO_REPLY))
        done = suggest_read(m, u->reply_text, u);
    return done;
}

bool understand(const char *octets, size_t len, const struct understanding_tools *tools,
                struct understood *u)
{
    struct mail m = {0};
    struct bytes body = {0};
    bool from_markup;
    bool done = mail_parse(octets, len, &m) && mail_body(&m, &body, &from_markup) &&
                take_ids(&m, u) && take_kind(&m, &body, u) && take_words(&m, &body, u) &&
                found_tokens(&m, &body, tools, u) && found_attachments(&m, tools, u) &&
                understood_settle(u);
    bytes_free(&body);
    mail_free(&m);
    return done;
}
