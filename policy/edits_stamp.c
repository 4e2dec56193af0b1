/*
 * edits_stamp - the edits that stamp an outbound message with its token
 *
 * The token travels four ways, because each gateway drops another one: in the envelope sender
 * (bounces, vacation notices), in ENVID (RFC 3461, 4.4: comes back in reports), in References
 * and in Reply-To (answers), in Temoin-Token (returned headers). Plus addresses are used only
 * where the accountant's mailbox is known to take them.
 *
 * Why a signed message keeps its header: signers oversign Reply-To and References, so that
 * adding one breaks the signature (RFC 6376, 8.15).
 */
#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/edits.h"
#include "policy/note.h"

/* RFC 5322, 2.1.1: lines should have 78 characters at most and must have 998. */
enum { LINE_SHOULD = 78, LINE_MUST = 998 };

struct stamping {
    const struct settings *s;
    const struct stamp_order *order;
    const struct envelope *e;
    const struct fields *f;
    const struct reading *r;
    struct edits *out;
    char *sender;   /* the envelope sender as it will leave; NULL: null or not known */
    char *token_id; /* "<token@temoin.company>" */
};

/* `address` with the token, in place of an older one; *made is NULL when it cannot be tagged,
   which a note then says. False: out of memory. */
static bool tag(const struct stamping *st, const char *what, const char *address, char **made)
{
    bool too_long = false;
    char *plain = address_untag(address, st->s->delimiter);
    if (!plain)
        return false;
    *made = address_tag(plain, st->s->delimiter, st->order->token, &too_long);
    free(plain);
    if (*made)
        return true;
    struct bytes note = {0};
    bool done = bytes_printf(&note, "%s: %s", what,
                             too_long ? "too long for the plus form" : "cannot take a tag") &&
                strings_add(&st->out->notes, note.data);
    bytes_free(&note);
    return done;
}

/* DSN parameters go with the sender, tagged or not: ENVID alone names most bounces. */
static bool stamp_sender(struct stamping *st)
{
    struct bytes arguments = {0};
    if (!st->e->sender || !*st->e->sender)
        return true;
    if (st->order->accountant->plus_sender && st->s->delimiter &&
        !tag(st, "envelope sender", st->e->sender, &st->sender))
        return false;
    if (!st->sender)
        st->sender = strdup(st->e->sender);
    bool done = st->sender && bytes_printf(&arguments, "RET=HDRS ENVID=%s", st->order->token) &&
                edits_add(st->out, EDIT_ENVELOPE_SENDER, NULL, 0, st->sender, arguments.data);
    bytes_free(&arguments);
    return done;
}

/* Append the words of text[0..len), folding before a word that would pass LINE_SHOULD (the first
   one: LINE_MUST); *column is where the line stands. No word is broken; one that fits no line
   is no message-id and is left out. False: out of memory. */
static bool append_folded(struct bytes *b, size_t *column, const char *text, size_t len)
{
    static const char blanks[] = " \t\r\n";
    for (size_t i = 0; i < len;) {
        if (strchr(blanks, text[i])) {
            i++;
            continue;
        }
        size_t word = 0;
        while (i + word < len && !strchr(blanks, text[i + word]))
            word++;
        if (word + 2 > LINE_MUST) {
            i += word;
            continue;
        }
        bool fold = *column + 1 + word > (b->len ? LINE_SHOULD : LINE_MUST);
        if (!bytes_puts(b, fold ? "\n\t" : " ") || !bytes_append(b, text + i, word))
            return false;
        *column = (fold ? 1 : *column + 1) + word;
        i += word;
    }
    return true;
}

/* Where the last id of a References value begins; its length when there is none. A gateway that
   keeps only the ends of a long list keeps the parent; threading clients expect it last. */
static size_t parent_position(const char *value, const struct strings *references)
{
    const char *last = NULL;
    const char *id = references->count ? references->items[references->count - 1] : NULL;
    for (const char *at = id ? strstr(value, id) : NULL; at; at = strstr(at + 1, id))
        last = at;
    if (!last)
        last = strrchr(value, '<');
    return last ? (size_t)(last - value) : strlen(value);
}

static bool stamp_references(const struct stamping *st)
{
    static const char name[] = "References";
    size_t at = fields_find(st->f, name, 1), column = sizeof name;
    bool there = at < st->f->count;
    struct bytes value = {0};
    const char *old = there ? st->f->items[at].value : "";
    if (!old[strspn(old, " \t\r\n")] && st->r->in_reply_to.count)
        old = st->r->in_reply_to.items[0];
    size_t parent = parent_position(old, &st->r->references);
    bool done =
        append_folded(&value, &column, old, parent) &&
        append_folded(&value, &column, st->token_id, strlen(st->token_id)) &&
        append_folded(&value, &column, old + parent, strlen(old + parent)) &&
        edits_add(st->out, there ? EDIT_CHANGE : EDIT_ADD, name, there ? 1 : 0, value.data, NULL);
    bytes_free(&value);
    return done;
}

static bool add_field(const struct stamping *st, enum edit_kind kind, const char *name,
                      const char *text)
{
    struct bytes value = {0};
    bool done = bytes_printf(&value, " %s", text) &&
                edits_add(st->out, kind, name, kind == EDIT_CHANGE ? 1 : 0, value.data, NULL);
    bytes_free(&value);
    return done;
}

static bool stamp_reply_to(const struct stamping *st)
{
    const struct accountant *a = st->order->accountant;
    const char *address = st->r->has_reply_to ? st->r->reply_to : a->reply_to;
    if (!a->plus_reply_to || !st->s->delimiter)
        return true;
    if (!address || !settings_is_own_address(st->s, address) || fields_count(st->f, "Reply-To") > 1)
        return strings_add(&st->out->notes, "reply-to: several or not ours, left alone");
    char *tagged = NULL;
    bool done = tag(st, "reply-to", address, &tagged) &&
                (!tagged ||
                 add_field(st, st->r->has_reply_to ? EDIT_CHANGE : EDIT_ADD, "Reply-To", tagged));
    free(tagged);
    return done;
}

/* RFC 8098, 2.1: a client asks its user before it sends a receipt to an address that is not the
   Return-Path; so both are the same. */
static bool stamp_notification(const struct stamping *st)
{
    if (!st->order->reminder || !st->sender)
        return true;
    if (st->r->has_notification_to)
        return strings_add(&st->out->notes,
                           "disposition-notification-to: there already, left alone");
    return add_field(st, EDIT_ADD, "Disposition-Notification-To", st->sender);
}

static bool stamp_header(const struct stamping *st)
{
    if (!edits_delete_all(st->f, "Temoin-Token", st->out) ||
        !edits_delete_all(st->f, "Temoin-Invoice", st->out) ||
        !edits_delete_all(st->f, CHECKPOINT_FIELD, st->out))
        return false;
    /* A message must not refer to itself: the id is in Message-ID or in References. */
    bool done = st->order->add_message_id
                    ? add_field(st, EDIT_ADD, "Message-ID", st->token_id) &&
                          strings_add(&st->out->notes, "message-id: none was there, one added")
                    : stamp_references(st);
    return done && stamp_reply_to(st) && stamp_notification(st) &&
           add_field(st, EDIT_ADD, "Temoin-Token", st->order->token) &&
           (!st->order->checkpoint ||
            edits_add(st->out, EDIT_ADD, CHECKPOINT_FIELD, 0, st->order->checkpoint, NULL));
}

bool edits_stamp(const struct settings *s, const struct stamp_order *order,
                 const struct envelope *e, const struct fields *f, const struct reading *r,
                 struct edits *out)
{
    struct stamping st = {.s = s, .order = order, .e = e, .f = f, .r = r, .out = out};
    struct bytes id = {0};
    bool done = bytes_printf(&id, "<%s@temoin.%s>", order->token, s->company_domain);
    st.token_id = id.data;
    done = done && stamp_sender(&st);
    if (done && r->has_dkim)
        done = strings_add(
            &out->notes, r->invoice_header ? "dkim-signature: header left alone, Temoin-Invoice too"
                                           : "dkim-signature: header left alone");
    else if (done)
        done = stamp_header(&st);
    free(st.sender);
    bytes_free(&id);
    return done;
}
