/*
 * bounce_returned - which message of ours a notice is about
 */
#include "policy/bounce_returned.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/bounce_phrases.h"
#include "policy/msgid.h"
#include "policy/text.h"
#include "policy/token.h"
#include "policy/xtext.h"

enum { LABEL_MAX = 60, HEADER_FIELDS_MAX = 20 };

/* Keep the id of a field's value, if it is text. */
static bool keep_id(const char *value, struct understood *u)
{
    if (!msgid_first(value, &u->original_message_id))
        return false;
    if (u->original_message_id && !g_utf8_validate(u->original_message_id, -1, NULL)) {
        free(u->original_message_id);
        u->original_message_id = NULL;
    }
    return true;
}

/* --- parts -----------------------------------------------------------------------------------*/

/* A part that holds text and was not read as the notice's words. */
static bool is_side_text(const struct mail *m, size_t i)
{
    const struct mail_part *p = &m->parts[i];
    return i && p->form == PART_LEAF && !p->returned && !p->inner.count &&
           (mail_is(m, i, "text/*") || mail_is(m, i, "message/*") ||
            mail_is(m, i, "application/octet-stream"));
}

static bool read_side_text(const struct mail *m, size_t i, struct understood *u)
{
    struct bytes text = {0};
    bool done = mail_text(m, i, &text) && returned_text(text.data ? text.data : "", text.len, u);
    bytes_free(&text);
    return done;
}

bool returned_parts(const struct mail *m, struct understood *u)
{
    for (size_t i = 0; i < m->count && !u->original_message_id; i++) {
        const struct fields *inner = &m->parts[i].inner;
        size_t at = fields_find(inner, "Message-ID", 1);
        /* what a returned message holds in turn is another message */
        if (!m->parts[i].returned && at < inner->count && !keep_id(inner->items[at].value, u))
            return false;
    }
    for (size_t i = 0; i < m->count && !u->original_message_id; i++)
        if (is_side_text(m, i) && !read_side_text(m, i, u))
            return false;
    return true;
}

/* --- text ------------------------------------------------------------------------------------*/

/* Does the line at `at` begin with a field's name and a colon? */
static bool is_field(const char *text, size_t at, size_t len, const char *name)
{
    size_t n = strlen(name);
    if (len - at <= n || strncasecmp(text + at, name, n) != 0)
        return false;
    at += n;
    while (at < len && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at < len && text[at] == ':';
}

static size_t next_line(const char *text, size_t at, size_t len)
{
    const char *lf = memchr(text + at, '\n', len - at);
    return lf ? (size_t)(lf - text) + 1 : len;
}

/* Does the line begin with one of these fields? */
static bool is_one_of(const char *text, size_t at, size_t len, const char *const *names)
{
    for (; *names; names++)
        if (is_field(text, at, len, *names))
            return true;
    return false;
}

/* Does a header stand here: a trace field, or three fields in a row, one of them what a summary for
   people would not have? */
static bool is_header(const char *text, size_t at, size_t len)
{
    static const char *const trace[] = {"Received", "Return-Path", NULL};
    static const char *const technical[] = {
        "Message-ID",  "MIME-Version", "Content-Type", "DKIM-Signature",   "References",
        "In-Reply-To", "X-Mailer",     "User-Agent",   "X-Originating-IP", NULL};
    static const char *const plain[] = {"From",     "To", "Subject",      "Date",
                                        "Reply-To", "Cc", "Thread-Topic", NULL};
    if (is_one_of(text, at, len, trace))
        return true;
    unsigned fields = 0, special = 0;
    for (; at < len && fields < HEADER_FIELDS_MAX; at = next_line(text, at, len)) {
        if (fields && (text[at] == ' ' || text[at] == '\t'))
            continue;
        bool known = is_one_of(text, at, len, technical);
        special += known;
        if (!known && !is_one_of(text, at, len, plain))
            break;
        fields++;
    }
    return fields >= 3 && special;
}

/* Does a field follow within the next few lines that are not empty? */
static bool header_follows(const char *text, size_t at, size_t len)
{
    for (unsigned lines = 0; at < len && lines < 3; at = next_line(text, at, len)) {
        size_t blank = at;
        while (blank < len && strchr(" \t>", text[blank]))
            blank++;
        size_t name = blank;
        while (name < len && (g_ascii_isalnum(text[name]) || text[name] == '-'))
            name++;
        if (name > blank && name < len && text[name] == ':' && name - blank < 40 &&
            (is_header(text, blank, len) || is_field(text, blank, len, "From") ||
             is_field(text, blank, len, "To") || is_field(text, blank, len, "Subject") ||
             is_field(text, blank, len, "Message-ID") ||
             is_field(text, blank, len, "MIME-Version")))
            return true;
        lines += blank < len && text[blank] != '\n';
    }
    return false;
}

/* A line that announces what comes back: drawn with dashes, or before a header. */
static bool is_announcement(const char *text, size_t at, size_t end, size_t len,
                            bool *out_of_memory)
{
    size_t begin = at;
    while (begin < end && strchr(" \t", text[begin]))
        begin++;
    if (end - begin < 8 || end - begin > 160)
        return false;
    bool drawn = strncmp(text + begin, "--", 2) == 0 || strncmp(text + begin, "==", 2) == 0 ||
                 strncmp(text + begin, "__", 2) == 0 || strncmp(text + begin, "**", 2) == 0;
    char *folded = bounce_fold(text + begin, end - begin);
    *out_of_memory = !folded;
    bool said = folded && bounce_says(folded, BOUNCE_RETURNED);
    free(folded);
    return said && (drawn || header_follows(text, next_line(text, at, len), len));
}

size_t returned_begins(const char *text, size_t len)
{
    bool out_of_memory = false;
    for (size_t at = 0; at < len;) {
        size_t next = next_line(text, at, len);
        if (is_header(text, at, len) || is_announcement(text, at, next, len, &out_of_memory))
            return at;
        at = next;
    }
    return len;
}

/* The field's value that begins behind the colon after `at`, its folds included; malloc'd. */
static char *value_at(const char *text, size_t at, size_t len)
{
    const char *colon = memchr(text + at, ':', len - at);
    size_t begin = (size_t)(colon - text) + 1, end = next_line(text, at, len);
    while (end < len && (text[end] == ' ' || text[end] == '\t'))
        end = next_line(text, end, len);
    return strndup(text + begin, end - begin);
}

static bool take_id(const char *text, size_t at, size_t len, struct understood *u)
{
    char *value = value_at(text, at, len);
    bool done = value && keep_id(value, u);
    free(value);
    return done;
}

static bool take_envelope_id(const char *text, size_t at, size_t len, struct understood *u)
{
    char *value = value_at(text, at, len);
    u->original_envelope_id = value ? text_clean(value) : NULL;
    if (u->original_envelope_id)
        xtext_decode(u->original_envelope_id);
    free(value);
    return u->original_envelope_id != NULL;
}

/* Does the label of the line at `at` say that a message-id follows? */
static bool names_id(const char *text, size_t at, size_t len)
{
    static const char *const labels[] = {
        "message-id",    "message id",     "message identifier", "identifiant du message",
        "id du message", "nachrichten-id", "id del mensaje",     "id del messaggio"};
    const char *colon = memchr(text + at, ':', len - at < LABEL_MAX ? len - at : LABEL_MAX);
    size_t n = colon ? (size_t)(colon - text) - at : 0;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        for (size_t k = 0, word = strlen(labels[i]); k + word <= n; k++)
            if (strncasecmp(text + at + k, labels[i], word) == 0)
                return !memchr(text + at, '\n', n);
    return false;
}

/* "Message-ID", or a label in a sentence with an id in brackets behind it. */
static bool is_id_line(const char *text, size_t at, size_t len)
{
    if (is_field(text, at, len, "Message-ID"))
        return true;
    const char *bracket = memchr(text + at, '<', next_line(text, at, len) - at);
    return bracket && names_id(text, at, len);
}

bool returned_text(const char *text, size_t len, struct understood *u)
{
    bool done = true;
    for (size_t at = 0; done && at < len; at = next_line(text, at, len)) {
        size_t begin = at;
        while (begin < len && strchr(" \t>*-", text[begin]))
            begin++;
        if (!u->original_message_id && is_id_line(text, begin, len))
            done = take_id(text, begin, len, u);
        if (done && !u->original_envelope_id &&
            (is_field(text, begin, len, "Original-Envelope-Id") ||
             is_field(text, begin, len, "X-Envelope-ID")))
            done = take_envelope_id(text, begin, len, u);
    }
    return done;
}

bool returned_anywhere(const char *text, size_t len, struct understood *u)
{
    static const char name[] = "message-id:";
    for (size_t at = 0; !u->original_message_id && at + sizeof name < len; at++)
        if ((text[at] | 0x20) == 'm' && strncasecmp(text + at, name, sizeof name - 1) == 0 &&
            (at == 0 || g_ascii_isspace(text[at - 1])) && !take_id(text, at, len, u))
            return false;
    return true;
}

/* --- the thread ------------------------------------------------------------------------------*/

bool returned_thread(const struct mail *m, struct understood *u)
{
    const struct strings *lists[] = {&m->reading.in_reply_to, &m->reading.references};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = lists[i]->count; k-- > 0 && !u->original_message_id;)
            /* our stamp's id stands for the thread, not for a message */
            if (!token_in_message_id(lists[i]->items[k]) && !keep_id(lists[i]->items[k], u))
                return false;
    return true;
}
