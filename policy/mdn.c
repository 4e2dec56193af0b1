/*
 * mdn - read receipts, with the machine part of RFC 8098 and without it
 *
 * The machine part is looked for where it should be, then in parts that programs on the way have
 * renamed. Without one, two signs are asked for: a receipt's subject or sender, and a receipt's
 * words; for people write "Lu : …" and quote receipts.
 */
#include "policy/mdn.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/mdn_words.h"
#include "policy/msgid.h"
#include "policy/report.h"
#include "policy/subject.h"
#include "policy/text.h"

static void move_text(char **from, char **to)
{
    if (*to)
        return;
    *to = *from;
    *from = NULL;
}

/* --- the machine part ------------------------------------------------------------------------*/

/* The fields of a receipt: what they name. It is about one recipient (RFC 8098, 3.2), whose
   fields some part by an empty line. False: out of memory. */
static bool take_fields(struct report *r, struct understood *u)
{
    struct read_recipient *one = r->count ? understood_recipient(u) : NULL;
    if (r->count && !one)
        return u->recipient_count == READ_RECIPIENTS_MAX;
    for (size_t i = 0; i < r->count; i++) {
        move_text(&r->recipients[i].final, &one->final);
        move_text(&r->recipients[i].original, &one->original);
    }
    move_text(&r->disposition, &u->disposition_type);
    move_text(&r->disposition_mode, &u->disposition_mode);
    move_text(&r->original_message_id, &u->original_message_id);
    move_text(&r->envelope_id, &u->original_envelope_id);
    return true;
}

/* Begins with a field that only receipts have, or one that opens them? */
static bool begins_as_fields(const char *text)
{
    static const char *const names[] = {
        "Reporting-UA:",        "Final-Recipient:", "Original-Recipient:",
        "Original-Message-ID:", "Disposition:",     "MDN-Gateway:"};
    text += strspn(text, " \t\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncasecmp(text, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static bool read_part(const struct mail *m, size_t part, bool strict, struct understood *u,
                      bool *found)
{
    struct bytes text = {0};
    struct report r = {0};
    bool done = mail_text(m, part, &text);
    if (done && (!strict || begins_as_fields(text.data ? text.data : ""))) {
        report_feed(&r, text.data ? text.data : "", text.len);
        report_end(&r);
        done = !r.out_of_memory;
        *found = !strict || (r.disposition && (r.count || r.original_message_id));
        if (done && *found)
            done = take_fields(&r, u);
    }
    report_free(&r);
    bytes_free(&text);
    return done;
}

/* A person's forward of a receipt ("TR : Lu : …") keeps its parts, too. */
static bool is_forward(const struct mail *m)
{
    return !mail_is(m, 0, "multipart/report") && m->reading.signs.lead == SUBJECT_FORWARD;
}

static bool read_machine_part(const struct mail *m, struct understood *u, bool *found)
{
    size_t at = mail_find(m, 0, "message/disposition-notification");
    if (at == m->count)
        at = mail_find(m, 0, "message/global-disposition-notification");
    if (at < m->count)
        return read_part(m, at, false, u, found);
    bool done = true;
    for (size_t i = 0; done && !*found && i < m->count; i++) {
        const struct mail_part *p = &m->parts[i];
        if (p->form == PART_LEAF && !p->returned &&
            (mail_is(m, i, "text/plain") || mail_is(m, i, "application/octet-stream") ||
             mail_is(m, i, "message/*")))
            done = read_part(m, i, true, u, found);
    }
    return done;
}

/* --- without one -----------------------------------------------------------------------------*/

enum { TEMPLATE_WORDS_MAX = 220, CLASS_LOOK = 16 * 1024 };

struct beginning {
    char data[CLASS_LOOK];
    size_t len;
};

static bool take_beginning(const void *data, size_t len, void *context)
{
    struct beginning *b = context;
    size_t room = sizeof b->data - b->len;
    size_t part = len < room ? len : room;
    memcpy(b->data + b->len, data, part);
    b->len += part;
    return part == len;
}

/* The message class stands early in TNEF (MS-OXTNEF, attMessageClass), in its own spelling or in
   that of MAPI, where the value may be UTF-16. */
static const char *class_of(const struct beginning *b)
{
    static const struct {
        const char *name, *type;
    } classes[] = {{"IPM.Note.IPNRN", "displayed"},
                   {"IPM.Note.IPNNRN", "deleted"},
                   {"IPM.Microsoft Mail.Read Receipt", "displayed"},
                   {"IPM.Microsoft Mail.Non-Read", "deleted"}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (memmem(b->data, b->len, classes[i].name, strlen(classes[i].name)))
            return classes[i].type;
    return NULL;
}

/* What the receipt in winmail.dat says; NULL: there is none. */
static const char *tnef_type(const struct mail *m)
{
    for (size_t i = 0; i < m->count; i++) {
        struct beginning b = {.len = 0};
        if (m->parts[i].form != PART_LEAF || m->parts[i].returned ||
            !(mail_is(m, i, "application/ms-tnef") || mail_is(m, i, "application/vnd.ms-tnef")))
            continue;
        mail_content(m, i, take_beginning, &b);
        return class_of(&b);
    }
    return NULL;
}

static bool has_tnef(const struct mail *m)
{
    return mail_find(m, 0, "application/ms-tnef") < m->count ||
           mail_find(m, 0, "application/vnd.ms-tnef") < m->count;
}

/* Does a line quote ("> ")? Templates do not, people do. */
static bool quotes(const struct bytes *body)
{
    return body->data && (*body->data == '>' || strstr(body->data, "\n>"));
}

/* The type that subject, class and words agree on; NULL: it is no receipt. */
static const char *type_by_words(const struct mail *m, const struct bytes *body,
                                 const struct phrases *p)
{
    const struct autoreply_signs *s = &m->reading.signs;
    const char *tnef = tnef_type(m);
    struct receipt_words w;
    receipt_words_read(p, &w);
    if (tnef || s->class_type)
        return tnef ? tnef : s->class_type;
    bool machine = s->receipt_class || s->replied || s->generated || s->null_path ||
                   mail_is(m, 0, "multipart/report");
    bool silent = p->count == 0 && (s->receipt_class || s->null_path || has_tnef(m) ||
                                    m->reading.in_reply_to.count || m->reading.references.count);
    if (silent && s->receipt)
        return s->receipt;
    bool person = w.personal || quotes(body) || p->count > TEMPLATE_WORDS_MAX;
    if (!w.type || person || s->lead != SUBJECT_PLAIN)
        return NULL;
    if (s->receipt)
        return strcmp(w.type, "deleted") == 0 ? w.type : s->receipt;
    return machine || w.both ? w.type : NULL;
}

/* The line that tells the original's subject? It may say anything. */
static bool tells_subject(const char *line, size_t len)
{
    static const char *const labels[] = {"Objet",   "Subject", "Betreff",   "Asunto",
                                         "Oggetto", "Assunto", "Onderwerp", "Sujet"};
    while (len && strchr(" \t>", *line)) {
        line++;
        len--;
    }
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t n = strlen(labels[i]);
        if (len > n && strncasecmp(line, labels[i], n) == 0 && memchr(line + n, ':', len - n))
            return true;
    }
    return false;
}

/* The template's words. False: out of memory. */
static bool take_words(const struct bytes *body, struct phrases *p)
{
    struct bytes text = {0};
    bool done = true;
    for (size_t at = 0; done && at < body->len && text.len < PHRASES_OCTETS_MAX;) {
        const char *line = body->data + at;
        const char *lf = memchr(line, '\n', body->len - at);
        size_t len = lf ? (size_t)(lf - line) + 1 : body->len - at;
        at += len;
        done = tells_subject(line, len) ? bytes_puts(&text, "\n") : bytes_append(&text, line, len);
    }
    done = done && phrases_take(text.data ? text.data : "", text.len, p);
    bytes_free(&text);
    return done;
}

static bool read_words(const struct mail *m, const struct bytes *body, struct understood *u,
                       bool *found)
{
    struct phrases p = {0};
    bool done = take_words(body, &p);
    const char *type = done ? type_by_words(m, body, &p) : NULL;
    phrases_free(&p);
    if (!type)
        return done;
    *found = true;
    u->disposition_type = strdup(type);
    return u->disposition_type != NULL;
}

/* --- the message it is about -----------------------------------------------------------------*/

/* What the receipt does not name itself is named by what it returns, or by the thread. */
static bool take_original(const struct mail *m, struct understood *u)
{
    const struct reading *r = &m->reading;
    bool done = true;
    for (size_t i = 0; done && !u->original_message_id && i < m->count; i++) {
        size_t at = fields_find(&m->parts[i].inner, "Message-ID", 1);
        if (at < m->parts[i].inner.count)
            done = msgid_first(m->parts[i].inner.items[at].value, &u->original_message_id);
    }
    const struct strings *thread = r->in_reply_to.count ? &r->in_reply_to : &r->references;
    if (done && !u->original_message_id && thread->count) {
        size_t at = thread == &r->references ? thread->count - 1 : 0;
        u->original_message_id = strdup(thread->items[at]);
        done = u->original_message_id != NULL;
    }
    return done;
}

/* The machine part may leave out what the subject tells. */
static bool take_type(const struct mail *m, struct understood *u)
{
    const char *type = m->reading.signs.receipt;
    if (u->disposition_type || !type)
        return true;
    u->disposition_type = strdup(type);
    return u->disposition_type != NULL;
}

static bool is_bounce(const struct mail *m)
{
    return mail_find(m, 0, "message/delivery-status") < m->count ||
           mail_find(m, 0, "message/global-delivery-status") < m->count;
}

bool mdn_read(const struct mail *m, const struct bytes *body, struct understood *u, bool *found)
{
    *found = false;
    if (m->count == 0 || is_forward(m) || is_bounce(m))
        return true;
    if (!read_machine_part(m, u, found) || (!u->disposition_type && !read_words(m, body, u, found)))
        return false;
    *found = *found || (mail_is(m, 0, "multipart/report") && m->reading.kind == KIND_MDN);
    return !*found || (take_original(m, u) && take_type(m, u));
}
