/*
 * bounce - non-delivery notices that follow no RFC, or not far enough
 *
 * The header and the parts are asked first, so that nearly all mail is done with at once. Then the
 * text is parted into the notice's own words and what comes back; from the words come the
 * recipients, from what comes back the ids.
 */
#include "policy/bounce.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/bounce_notice.h"
#include "policy/bounce_returned.h"
#include "policy/bounce_signs.h"
#include "policy/bounce_text.h"
#include "policy/dsn.h"
#include "policy/dsn_fields.h"

struct notice_reading {
    const struct mail *m;
    const struct bytes *body;
    struct bounce_signs signs;
    struct notice words;
    struct strings failed; /* recipients that the header names */
    struct strings others; /* who is none: us, and who writes */
    size_t own;            /* length of the notice's own words in `body` */
    struct evidence evidence;
};

static void reading_done(struct notice_reading *b)
{
    notice_free(&b->words);
    strings_free(&b->failed);
    strings_free(&b->others);
}

/* --- addresses of the header -----------------------------------------------------------------*/

static bool take_failed(struct notice_reading *b)
{
    static const char *const names[] = {"X-Failed-Recipients", "X-Failed-Recipient"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (unsigned k = 1; k < READ_RECIPIENTS_MAX; k++) {
            size_t at = fields_find(&b->m->header, names[i], k);
            if (at == b->m->header.count)
                break;
            if (!address_list_parse(b->m->header.items[at].value, &b->failed))
                return false;
        }
    return true;
}

static bool take_own(struct notice_reading *b, const struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        char *plain = address_untag(list->items[i], '+');
        bool done = plain && strings_add_unique(&b->others, list->items[i]) &&
                    strings_add_unique(&b->others, plain);
        free(plain);
        if (!done)
            return false;
    }
    return true;
}

/* Who wrote what came back. */
static bool take_senders(struct notice_reading *b, const struct fields *inner)
{
    static const char *const names[] = {"From", "Sender", "Reply-To", "Return-Path"};
    struct strings list = {0};
    bool done = true;
    for (size_t i = 0; done && i < sizeof names / sizeof *names; i++) {
        size_t at = fields_find(inner, names[i], 1);
        if (at < inner->count)
            done = address_list_parse(inner->items[at].value, &list);
    }
    done = done && take_own(b, &list);
    strings_free(&list);
    return done;
}

static bool take_addresses(struct notice_reading *b)
{
    const struct mail *m = b->m;
    bool done = take_failed(b) && take_own(b, &m->reading.to) && take_own(b, &m->reading.from);
    for (size_t i = 0; done && i < m->count; i++)
        if (m->parts[i].inner.count && !m->parts[i].returned)
            done = take_senders(b, &m->parts[i].inner);
    return done;
}

/* Fields of the message that came back within the text. */
static bool take_text_header(struct notice_reading *b, struct fields *f)
{
    const char *text = b->body->data;
    size_t at = b->own, len = b->body->len, end;
    /* behind the line that announces it */
    for (unsigned lines = 0; at < len && lines < 6; lines++) {
        struct fields tried = {0};
        if (!fields_parse(text + at, len - at, &tried, &end)) {
            fields_free(&tried);
            return false;
        }
        if (fields_count(&tried, "From") || fields_count(&tried, "To")) {
            *f = tried;
            return take_senders(b, f);
        }
        fields_free(&tried);
        const char *lf = memchr(text + at, '\n', len - at);
        at = lf ? (size_t)(lf - text) + 1 : len;
    }
    return true;
}

/* --- recipients ------------------------------------------------------------------------------*/

/* Fields of RFC 3464 in a part that is declared as something else, or in the text. */
static bool has_fields(const char *text, size_t len)
{
    static const char *const names[] = {"Final-Recipient:", "Original-Recipient:"};
    for (size_t at = 0; at < len;) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strncasecmp(text + at, names[i], strlen(names[i])) == 0)
                return true;
        const char *lf = memchr(text + at, '\n', len - at);
        at = lf ? (size_t)(lf - text) + 1 : len;
    }
    return false;
}

static bool take_fields(struct notice_reading *b, struct understood *u)
{
    bool done = true;
    for (size_t i = 0; done && i < b->m->count && u->recipient_count == 0; i++) {
        const struct mail_part *p = &b->m->parts[i];
        struct bytes text = {0};
        if (p->form != PART_LEAF || p->returned || p->inner.count ||
            !(mail_is(b->m, i, "text/*") || mail_is(b->m, i, "message/*") ||
              mail_is(b->m, i, "application/octet-stream")))
            continue;
        done = mail_text(b->m, i, &text);
        if (done && text.data && has_fields(text.data, text.len))
            done = dsn_fields(text.data, text.len, u);
        bytes_free(&text);
    }
    b->evidence.replied = b->evidence.replied || u->recipient_count;
    return done;
}

/* The only one we wrote to, when the notice names nobody. */
static bool take_addressee(const struct fields *inner, struct understood *u)
{
    struct strings list = {0};
    bool done = true;
    for (size_t i = 0; done && i < inner->count; i++)
        if (strcasecmp(inner->items[i].name, "To") == 0 ||
            strcasecmp(inner->items[i].name, "Cc") == 0)
            done = address_list_parse(inner->items[i].value, &list);
    struct read_recipient *one = done && list.count == 1 ? understood_recipient(u) : NULL;
    if (one)
        done = (one->final = strdup(list.items[0])) != NULL;
    strings_free(&list);
    return done;
}

/* The one whom the subject names: "Undeliverable mail: a@b". */
static bool take_from_subject(const struct notice_reading *b, struct understood *u)
{
    const char *subject = b->m->reading.subject;
    size_t begin, close;
    if (!subject || !notice_address(subject, 0, strlen(subject), &begin, &close))
        return true;
    char *bare = strndup(subject + begin, close - begin);
    char *address = bare ? address_normalise(bare) : NULL;
    free(bare);
    if (!address)
        return false;
    bool own = strings_contain(&b->others, address);
    struct read_recipient *one = own ? NULL : understood_recipient(u);
    if (one)
        one->final = address;
    else
        free(address);
    return own || one;
}

static bool take_addressees(const struct notice_reading *b, const struct fields *text_header,
                            struct understood *u)
{
    bool done = true;
    for (size_t i = 0; done && i < b->m->count && u->recipient_count == 0; i++)
        if (!b->m->parts[i].returned && b->m->parts[i].inner.count)
            done = take_addressee(&b->m->parts[i].inner, u);
    if (done && u->recipient_count == 0)
        done = take_addressee(text_header, u);
    if (done && u->recipient_count == 0)
        done = take_from_subject(b, u);
    if (done && u->recipient_count == 1 && b->body->data)
        done = text_complete(&b->words, &u->recipients[0], true, &(struct evidence){0});
    return done;
}

static void take_actions(const struct notice_reading *b, struct understood *u)
{
    for (size_t i = 0; i < u->recipient_count; i++) {
        struct read_recipient *r = &u->recipients[i];
        bool refused = r->status && *r->status == '5';
        bool done = (b->signs.success || b->signs.relayed) && !r->status && !r->diagnostic;
        if (!r->action)
            r->action = b->signs.delay && !refused ? "delayed"
                        : !done                    ? "failed"
                        : b->signs.relayed         ? "relayed"
                                                   : "delivered";
    }
}

/* Recipients without an address of their own: what a report tells of somebody it does not name. */
static bool take_nameless(struct understood *u, struct read_recipient *known)
{
    if (u->recipient_count != 1 || u->recipients[0].final || u->recipients[0].original)
        return false;
    *known = u->recipients[0];
    u->recipient_count = 0;
    return true;
}

static void replace(char **to, char **from)
{
    if (*from) {
        free(*to);
        *to = *from;
        *from = NULL;
    }
}

/* Give it to the only recipient that the words tell of; it stays nameless when there is none. */
static bool give_nameless(struct read_recipient *known, struct understood *u)
{
    struct read_recipient *one = u->recipient_count == 1   ? &u->recipients[0]
                                 : u->recipient_count == 0 ? understood_recipient(u)
                                                           : NULL;
    bool done = one || u->recipient_count > 1;
    if (one) {
        replace(&one->status, &known->status);
        replace(&one->diagnostic, &known->diagnostic);
        replace(&one->remote_mta, &known->remote_mta);
        one->action = known->action ? known->action : one->action;
    }
    free(known->status);
    free(known->diagnostic);
    free(known->remote_mta);
    return done;
}

static bool take_recipients(struct notice_reading *b, const struct fields *text_header,
                            struct understood *u)
{
    struct read_recipient known = {0};
    if (!take_fields(b, u) || !dsn_complete(u))
        return false;
    bool nameless = take_nameless(u, &known);
    bool done = u->recipient_count || text_recipients(&b->words, &b->failed, u, &b->evidence);
    done = done && (u->recipient_count || take_addressees(b, text_header, u));
    if (nameless && !give_nameless(&known, u))
        done = false;
    return done;
}

/* --- the whole -------------------------------------------------------------------------------*/

static bool take_ids(const struct notice_reading *b, struct understood *u)
{
    const char *text = b->body->data ? b->body->data : "";
    size_t len = b->body->len;
    return returned_parts(b->m, u) && returned_text(text + b->own, len - b->own, u) &&
           returned_anywhere(text + b->own, len - b->own, u) && returned_text(text, b->own, u) &&
           returned_thread(b->m, u);
}

/* What a report without recipients told stays. */
static void fill(char **to, char **from)
{
    if (*to)
        return;
    *to = *from;
    *from = NULL;
}

/* Keep what was read of it; there are no recipients yet. */
static void move(struct understood *from, struct understood *u)
{
    u->recipients = from->recipients;
    u->recipient_count = from->recipient_count;
    from->recipients = NULL;
    from->recipient_count = 0;
    fill(&u->original_message_id, &from->original_message_id);
    fill(&u->original_envelope_id, &from->original_envelope_id);
}

static bool read_notice(struct notice_reading *b, struct understood *u, bool *found)
{
    struct understood read = {0};
    struct fields text_header = {0};
    const char *text = b->body->data ? b->body->data : "";
    b->own = returned_begins(text, b->body->len);
    b->signs.returned = b->signs.returned || b->own < b->body->len;
    bool done = signs_read_words(text, b->own, &b->signs) && take_addresses(b) &&
                take_text_header(b, &text_header) &&
                notice_read(text, b->own, &b->others, &b->words) &&
                take_recipients(b, &text_header, &read);
    *found = done && signs_tell_notice(&b->signs, &b->evidence);
    if (*found) {
        take_actions(b, &read);
        done = take_ids(b, &read);
        move(&read, u);
    }
    understood_free(&read);
    fields_free(&text_header);
    return done;
}

bool bounce_read(const struct mail *m, const struct bytes *body, struct understood *u, bool *found)
{
    struct notice_reading b = {.m = m, .body = body};
    *found = false;
    if (!bounce_signs(m, &b.signs))
        return false;
    bool done = !signs_may_tell(&b.signs) || read_notice(&b, u, found);
    reading_done(&b);
    return done;
}

/* Does the report say nothing about why it did not arrive? A status is a number, and Exim's and
   OpenSMTPD's reports have no more: what their programs said of it stands in the words alone. */
static bool lacks_reason(const struct read_recipient *r)
{
    bool arrived =
        r->action && strcmp(r->action, "failed") != 0 && strcmp(r->action, "delayed") != 0;
    return !arrived && !r->diagnostic;
}

static bool complete_from_words(struct notice_reading *b, struct understood *u)
{
    const char *text = b->body->data ? b->body->data : "";
    bool done = take_addresses(b) &&
                notice_read(text, returned_begins(text, b->body->len), &b->others, &b->words);
    for (size_t i = 0; done && i < u->recipient_count; i++)
        if (lacks_reason(&u->recipients[i]))
            done =
                text_complete(&b->words, &u->recipients[i], u->recipient_count == 1, &b->evidence);
    return done && dsn_complete(u);
}

bool bounce_complete(const struct mail *m, const struct bytes *body, struct understood *u)
{
    struct notice_reading b = {.m = m, .body = body};
    bool lacks = false;
    for (size_t i = 0; i < u->recipient_count; i++)
        lacks = lacks || lacks_reason(&u->recipients[i]);
    bool done = !lacks || complete_from_words(&b, u);
    reading_done(&b);
    return done;
}
