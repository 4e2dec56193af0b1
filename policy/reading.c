/*
 * reading - what the header of a message says (policy/message.h)
 *
 * One pass over the fields, each recognised by name in a table and read by a function of its
 * own; what several fields decide together (the kind) is drawn at the end, from the signs that
 * autoreply_signs.h keeps. Text is cleaned by
 * text.h, ids by msgid.h, subjects by subject.h, addresses by address.h.
 */
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/message.h"
#include "policy/msgid.h"
#include "policy/subject.h"
#include "policy/text.h"

/* The reading under way. */
struct reader {
    struct reading *r;
    struct strings reply_to;
    bool received; /* a Received field was passed: what follows came from outside */
};

const char *message_kind_name(enum message_kind kind)
{
    static const char *const names[] = {
        [KIND_REPLY] = "reply",
        [KIND_DSN] = "dsn",
        [KIND_MDN] = "mdn",
        [KIND_AUTO_REPLY] = "auto-reply",
    };
    return names[kind];
}

/* Does the value begin with this word (without case), ended by anything but a token's octet? */
static bool says(const char *value, const char *word)
{
    value += strspn(value, " \t\r\n");
    size_t len = strlen(word);
    return strncasecmp(value, word, len) == 0 && (!value[len] || strchr(" \t\r\n;(,", value[len]));
}

/* Keep a cleaned value; the first of several fields counts. */
static bool keep_clean(char **kept, const char *value)
{
    if (*kept)
        return true;
    *kept = text_clean(value);
    return *kept != NULL;
}

static bool take_from(struct reader *t, const char *value)
{
    return address_list_parse(value, &t->r->from);
}

static bool take_to(struct reader *t, const char *value)
{
    return address_list_parse(value, &t->r->to);
}

static bool take_reply_to(struct reader *t, const char *value)
{
    t->r->has_reply_to = true;
    return address_list_parse(value, &t->reply_to);
}

static bool take_subject(struct reader *t, const char *value)
{
    if (t->r->subject)
        return true;
    t->r->subject = text_decode(value);
    return t->r->subject != NULL;
}

static bool take_message_id(struct reader *t, const char *value)
{
    return t->r->message_id || msgid_first(value, &t->r->message_id);
}

static bool take_in_reply_to(struct reader *t, const char *value)
{
    return msgids_parse(value, &t->r->in_reply_to);
}

static bool take_references(struct reader *t, const char *value)
{
    return msgids_parse(value, &t->r->references);
}

static bool take_token(struct reader *t, const char *value)
{
    return keep_clean(&t->r->token_header, value);
}

static bool take_invoice(struct reader *t, const char *value)
{
    if (t->r->invoice_header)
        return true;
    t->r->invoice_header = text_decode(value);
    return t->r->invoice_header != NULL;
}

static bool take_content_type(struct reader *t, const char *value)
{
    return keep_clean(&t->r->content_type, value);
}

static bool take_sensitivity(struct reader *t, const char *value)
{
    /* RFC 4021, 2.1.55; "company-confidential" is business */
    t->r->personal = t->r->personal || says(value, "personal") || says(value, "private");
    return true;
}

static bool take_dkim(struct reader *t, const char *value)
{
    (void)value;
    t->r->has_dkim = true;
    return true;
}

static bool take_received(struct reader *t, const char *value)
{
    (void)value;
    t->received = true;
    return true;
}

static bool take_results(struct reader *t, const char *value)
{
    struct strings *kept = &t->r->authentication_results;
    return t->received || kept->count == RESULTS_MAX || strings_add(kept, value);
}

static bool take_notification_to(struct reader *t, const char *value)
{
    (void)value;
    t->r->has_notification_to = true;
    return true;
}

static const struct {
    const char *name;
    bool (*take)(struct reader *t, const char *value); /* false: out of memory */
} takers[] = {
    {"From", take_from},
    {"To", take_to},
    {"Cc", take_to},
    {"Reply-To", take_reply_to},
    {"Subject", take_subject},
    {"Message-ID", take_message_id},
    {"In-Reply-To", take_in_reply_to},
    {"References", take_references},
    {"Content-Type", take_content_type},
    {"DKIM-Signature", take_dkim},
    {"Disposition-Notification-To", take_notification_to},
    {"Received", take_received},
    {"Authentication-Results", take_results},
    {"Temoin-Token", take_token},
    {"Temoin-Invoice", take_invoice},
    {"Sensitivity", take_sensitivity},
};

static bool take_field(struct reader *t, const struct field *field)
{
    autoreply_signs_field(&t->r->signs, field->name, field->value);
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        if (strcasecmp(field->name, takers[i].name) == 0)
            return takers[i].take(t, field->value);
    return true;
}

/* multipart/report by its report-type (RFC 6522); KIND_REPLY: it is no report. A report of
   another type (RFC 5965 complaints) was not written by a person. */
static enum message_kind kind_by_type(const char *content_type)
{
    static const char type[] = "multipart/report";
    if (!content_type || strncasecmp(content_type, type, sizeof type - 1) != 0)
        return KIND_REPLY;
    enum message_kind kind = KIND_AUTO_REPLY;
    GMimeContentType *parsed = g_mime_content_type_parse(NULL, content_type);
    const char *report = parsed ? g_mime_content_type_get_parameter(parsed, "report-type") : NULL;
    if (report && strcasecmp(report, "delivery-status") == 0)
        kind = KIND_DSN;
    else if (report && strcasecmp(report, "disposition-notification") == 0)
        kind = KIND_MDN;
    if (parsed)
        g_object_unref(parsed);
    return kind;
}

/* The report's type first: a receipt may carry Auto-Submitted. */
static enum message_kind kind_of(const struct reading *r)
{
    enum message_kind kind = kind_by_type(r->content_type);
    if (kind != KIND_REPLY)
        return kind;
    if (r->signs.failed_recipients)
        return KIND_DSN;
    if (autoreply_signs_are_receipt(&r->signs))
        return KIND_MDN;
    return autoreply_signs_suffice(&r->signs) ? KIND_AUTO_REPLY : KIND_REPLY;
}

/* What the fields say together. False: out of memory. */
static bool conclude(struct reader *t)
{
    struct reading *r = t->r;
    if (!r->subject && !(r->subject = strdup("")))
        return false;
    char *folded = text_fold(r->subject);
    if (!folded)
        return false;
    r->base_subject = subject_base(folded);
    r->personal = r->personal || subject_is_personal(folded);
    autoreply_signs_subject(&r->signs, folded);
    r->kind = kind_of(r);
    free(folded);
    if (t->reply_to.count == 1) {
        r->reply_to = t->reply_to.items[0];
        t->reply_to.count = 0;
    }
    return r->base_subject != NULL;
}

bool reading_take(const struct fields *f, struct reading *r)
{
    struct reader t = {.r = r};
    bool done = true;
    for (size_t i = 0; done && i < f->count; i++)
        done = take_field(&t, &f->items[i]);
    done = done && conclude(&t);
    strings_free(&t.reply_to);
    return done;
}

void reading_free(struct reading *r)
{
    strings_free(&r->from);
    strings_free(&r->to);
    free(r->subject);
    free(r->base_subject);
    free(r->message_id);
    strings_free(&r->in_reply_to);
    strings_free(&r->references);
    free(r->token_header);
    free(r->invoice_header);
    free(r->content_type);
    free(r->reply_to);
    strings_free(&r->authentication_results);
    *r = (struct reading){0};
}
