/*
 * timeline_print - a timeline as text for people and as JSON for programs
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_words.h"
#include "db/facts_words.h"
#include "db/timeline.h"
#include "db/timeline_facts.h"
#include "policy/erasure.h"

static const char *status_name(enum invoice_status status)
{
    switch (status) {
    case INVOICE_PAID:
        return "paid";
    case INVOICE_CREDITED:
        return "credited";
    case INVOICE_OPEN:
        break;
    }
    return "open";
}

/* --- JSON -----------------------------------------------------------------------------------*/

static bool is_inbound(const struct timeline_item *i)
{
    /* What a decision is about came from outside. */
    return !i->erased &&
           ((i->direction && strcmp(i->direction, "inbound") == 0) || (i->decides && i->subject));
}

const char *timeline_words(const struct timeline_item *i, enum language language)
{
    if (i->elsewhere)
        return event_words_elsewhere(language);
    if (i->confirmed)
        return facts_confirmed_words(i->confirmed, language);
    /* A decision is not what it is about. */
    return i->about || i->logged ? event_words(i->event, i->level, language)
                                 : attribution_event_words(i->event, &i->author.found, language);
}

bool timeline_author(const struct timeline_item *i, enum language language, struct bytes *out)
{
    return !is_inbound(i) || attribution_words(&i->author.found, language, out);
}

/* Who wrote a message from outside. NULL: it is none, or out of memory. */
static json_t *author_json(const struct timeline_item *i)
{
    const struct attribution *a = &i->author.found;
    struct bytes french = {0}, english = {0};
    json_t *json = NULL;
    if (is_inbound(i) && attribution_words(a, LANGUAGE_FR, &french) &&
        attribution_words(a, LANGUAGE_EN, &english))
        json =
            json_pack("{s:s, s:s*, s:s*, s:s*, s:b, s:b, s:s, s:s}", "to", attribution_name(a->to),
                      "domain", a->domain, "by", a->by, "dns_key",
                      a->domain ? key_kept_name(a->key) : NULL, "freemail", a->freemail, "disowned",
                      a->disowned, "words_fr", french.data, "words_en", english.data);
    bytes_free(&french);
    bytes_free(&english);
    return json;
}

/* What the mail server's log says in this item. */
static json_t *log_json(const struct timeline_item *i)
{
    return json_pack("{s:o, s:s*, s:s*, s:s*, s:s*}", "to", json_strings(&i->to), "remote",
                     i->remote, "smtp_reply", i->smtp_reply, "reason", i->log_reason, "line",
                     i->log_line);
}

/* What it told of this message: one for each recipient. */
static json_t *outcomes_json(const struct timeline *t, const struct timeline_item *i)
{
    struct timeline_outcome *list;
    size_t count;
    json_t *json = timeline_outcomes(t, i, &list, &count) ? json_array() : NULL;
    for (size_t k = 0; json && k < count; k++) {
        const struct timeline_item *last = list[k].item;
        json_t *one = json_pack("{s:s, s:s, s:I, s:I, s:s*, s:s*, s:s*}", "to", list[k].to, "event",
                                last->event, "n", (json_int_t)last->n, "seq", (json_int_t)last->seq,
                                "occurred", last->occurred, "remote", last->remote, "smtp_reply",
                                last->smtp_reply);
        if (json_array_append_new(json, one) < 0) {
            json_decref(json);
            json = NULL;
        }
    }
    free(list);
    return json;
}

static json_t *item_json(const struct timeline *t, const struct timeline_item *i)
{
    const char *nearest = event_nearest(i->event);
    json_t *amount = i->has_amount ? json_pack("{s:I, s:s*}", "minor_units", (json_int_t)i->amount,
                                               "currency", i->currency)
                                   : NULL;
    json_t *message = i->has_message || i->subject
                          ? json_pack("{s:s*, s:s*, s:o, s:I, s:b}", "subject", i->subject, "from",
                                      i->from, "to", json_strings(&i->to), "size",
                                      (json_int_t)i->size, "kept", !i->dropped && !i->erased)
                          : NULL;
    json_t *erasure = i->erased_by ? json_pack("{s:I, s:s*, s:s*}", "seq", (json_int_t)i->erased_by,
                                               "time", i->erased_at, "ground", i->erased_ground)
                                   : NULL;
    bool read, back;
    json_t *reading = timeline_reading_json(t, i, &read);
    json_t *returned = timeline_returns_json(t, i, &back);
    if (!read || !back) {
        json_decref(reading);
        json_decref(returned);
        return NULL;
    }
    json_t *keys = i->keys
                       ? json_pack("{s:I, s:s, s:s}", "message", (json_int_t)i->key_of, "words_fr",
                                   i->key_words[LANGUAGE_FR], "words_en", i->key_words[LANGUAGE_EN])
                       : NULL;
    json_t *confirmed =
        i->confirmed ? json_pack("{s:s, s:s*}", "suggestion", i->confirmed, "by", i->confirmed_by)
                     : NULL;
    return json_pack(
        "{s:o*, s:I, s:o*, s:s, s:s, s:s*, s:s, s:s, s:s, s:o*, s:s*, s:s*, s:s*, s:o*, s:b, s:b,"
        " s:o*, s:s*, s:s*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*}",
        "n", i->n ? json_integer((json_int_t)i->n) : NULL, "seq", (json_int_t)i->seq, "about",
        i->about ? json_integer((json_int_t)i->about) : NULL, "time", i->time, "event", i->event,
        "direction", i->direction, "level", level_name(i->level), "words_fr",
        timeline_words(i, LANGUAGE_FR), "words_en", timeline_words(i, LANGUAGE_EN), "attribution",
        author_json(i), "nearest", nearest, "kind", i->kind, "match", i->strength, "message",
        message, "signed", i->is_signed, "erased", i->erased, "erasure", erasure, "text", i->text,
        "occurred", i->occurred, "amount", amount, "dns_keys", keys, "log",
        i->logged ? log_json(i) : NULL, "outcomes",
        i->next && !i->logged ? outcomes_json(t, i) : NULL, "reading", reading, "returned",
        returned, "confirmed", confirmed, "elsewhere", i->elsewhere ? json_true() : NULL);
}

static json_t *items_json(const struct timeline *t, const struct timeline_item *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, item_json(t, &items[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *bill_json(const struct register_invoice *b)
{
    return json_pack("{s:s, s:s, s:s*, s:I, s:I, s:I, s:s*, s:s*, s:s, s:o}", "currency",
                     b->currency, "debtor", b->debtor, "debtor_name", b->debtor_name, "amount",
                     (json_int_t)b->amount, "paid", (json_int_t)b->paid, "balance",
                     (json_int_t)(b->amount - b->paid), "issued", b->issued, "due", b->due,
                     "status", status_name(b->status), "contacts", json_strings(&b->contacts));
}

json_t *timeline_json(const struct timeline *t)
{
    return json_pack("{s:s, s:o*, s:o*, s:o, s:o}", "invoice", t->invoice, "register",
                     t->registered ? bill_json(&t->bill) : NULL, "paused_by",
                     t->paused_by ? json_integer((json_int_t)t->paused_by) : NULL, "entries",
                     items_json(t, t->items, t->count), "review",
                     items_json(t, t->reviews, t->review_count));
}

/* --- text -----------------------------------------------------------------------------------*/

static bool money(int64_t amount, const char *currency, struct bytes *out)
{
    return words_money(amount, currency, LANGUAGE_EN, out);
}

static bool bill_text(const struct timeline *t, struct bytes *out)
{
    const struct register_invoice *b = &t->bill;
    if (!t->registered)
        return bytes_printf(out, "Invoice %s, not in the register\n", t->invoice);
    bool done = bytes_printf(out, "Invoice %s, %s\n", t->invoice, status_name(b->status)) &&
                bytes_printf(out, "  debtor    %s (%s)\n", b->debtor_name ? b->debtor_name : "",
                             b->debtor) &&
                bytes_puts(out, "  amount    ") && money(b->amount, b->currency, out) &&
                bytes_puts(out, ", paid ") && money(b->paid, b->currency, out) &&
                bytes_puts(out, ", balance ") && money(b->amount - b->paid, b->currency, out) &&
                bytes_printf(out, "\n  dates     issued %s, due %s\n", b->issued ? b->issued : "?",
                             b->due ? b->due : "?") &&
                bytes_puts(out, "  contacts  ");
    for (size_t i = 0; done && i < b->contacts.count; i++)
        done = bytes_puts(out, i ? ", " : "") && bytes_puts(out, b->contacts.items[i]);
    return done && bytes_puts(out, b->contacts.count ? "\n" : "none\n");
}

static const char *arrow(const struct timeline_item *i)
{
    if (!i->direction)
        return "·";
    return strcmp(i->direction, "outbound") == 0 ? "→" : "←";
}

/* "2026-11-21T21:07:07Z" as "2026-11-21 21:07:07 UTC". */
static bool time_text(const char *time, struct bytes *out)
{
    if (strlen(time) != strlen("2026-11-21T21:07:07Z"))
        return bytes_puts(out, "at an unknown time");
    return bytes_printf(out, "%.10s %.8s UTC", time, time + strlen("2026-11-21T"));
}

static bool message_text(const struct timeline_item *i, struct bytes *out)
{
    if (!i->has_message && !i->subject)
        return true;
    bool done = true;
    if (i->subject)
        done = bytes_printf(out, "       subject  %s\n", i->subject) &&
               bytes_printf(out, "       from     %s\n", i->from ? i->from : "");
    for (size_t k = 0; done && k < i->to.count; k++)
        done = bytes_printf(out, "       %s       %s\n", k ? "  " : "to", i->to.items[k]);
    return done && bytes_printf(out, "       size     %" PRIu64 " octets%s\n", i->size,
                                i->dropped ? ", too large to be kept: hash and size only" : "");
}

static bool author_text(const struct timeline_item *i, struct bytes *out)
{
    return !is_inbound(i) || (bytes_puts(out, "       author   ") &&
                              timeline_author(i, LANGUAGE_EN, out) && bytes_puts(out, "\n"));
}

static bool row(struct bytes *out, const char *name, const char *value)
{
    return !value || bytes_printf(out, "       %-9s%s\n", name, value);
}

static bool log_text(const struct timeline_item *i, struct bytes *out)
{
    bool done = true;
    if (!i->logged)
        return true;
    for (size_t k = 0; done && k < i->to.count; k++)
        done = row(out, k ? "" : "to", i->to.items[k]);
    return done && row(out, "remote", i->remote) && row(out, "reply", i->smtp_reply) &&
           row(out, "reason", i->smtp_reply ? NULL : i->log_reason) &&
           row(out, "when", i->occurred);
}

/* What became of a message, for each recipient. */
static bool outcomes_text(const struct timeline *t, const struct timeline_item *i,
                          struct bytes *out)
{
    struct timeline_outcome *list;
    size_t count;
    bool done = timeline_outcomes(t, i, &list, &count);
    for (size_t k = 0; done && k < count; k++)
        done = bytes_printf(out, "       %-9snumber %" PRIu64 ", for %s: %s\n", k ? "" : "outcome",
                            list[k].item->n, list[k].to, timeline_words(list[k].item, LANGUAGE_EN));
    free(list);
    return done;
}

/* What was read in the message, and whether it came back. */
static bool reading_text(const struct timeline *t, const struct timeline_item *i, struct bytes *out)
{
    struct reading_rows rows = {0};
    bool done = timeline_reading(t, i, LANGUAGE_EN, false, &rows);
    for (size_t k = 0; done && k < rows.count; k++)
        done = row(out, rows.items[k].name, rows.items[k].text);
    reading_rows_free(&rows);
    return done;
}

static bool fact_text(const struct timeline_item *i, struct bytes *out)
{
    bool done = true;
    if (i->has_amount)
        done = bytes_puts(out, "       amount   ") && money(i->amount, i->currency, out) &&
               bytes_puts(out, "\n");
    if (done && i->occurred && !i->logged)
        done = bytes_printf(out, "       day      %s\n", i->occurred);
    if (done && i->text && !i->confirmed)
        done = bytes_printf(out, "       text     %s\n", i->text);
    if (done && i->keys)
        done = bytes_printf(out, "       keys     of entry %" PRIu64 ": %s\n", i->key_of,
                            i->key_words[LANGUAGE_EN]);
    return done;
}

/* "erased on 2026-11-21 …, entry 9: the time of retention is over". */
static bool erased_text(const struct timeline_item *i, struct bytes *out)
{
    const struct erasure_ground *ground = erasure_ground(i->erased_ground);
    if (!i->erased)
        return true;
    if (!i->erased_by)
        return bytes_puts(out, "       its private part is MISSING: see temoin verify --log\n");
    return bytes_puts(out, "       ERASED   on ") &&
           time_text(i->erased_at ? i->erased_at : "", out) &&
           bytes_printf(out, ", by entry %" PRIu64 ": %s\n", i->erased_by,
                        ground             ? ground->words[LANGUAGE_EN]
                        : i->erased_ground ? i->erased_ground
                                           : "on an unknown ground");
}

static bool item_text(const struct timeline *t, const struct timeline_item *i, struct bytes *out)
{
    bool done = i->n ? bytes_printf(out, "\n%4" PRIu64 "   ", i->n) : bytes_puts(out, "\n       ");
    return done && time_text(i->time, out) &&
           bytes_printf(out, "  %s %s\n", arrow(i), timeline_words(i, LANGUAGE_EN)) &&
           message_text(i, out) && author_text(i, out) && reading_text(t, i, out) &&
           fact_text(i, out) && log_text(i, out) && outcomes_text(t, i, out) &&
           erased_text(i, out) &&
           bytes_printf(out, "       log      entry %" PRIu64 ", %s", i->seq,
                        i->is_signed ? "signed" : "not yet signed") &&
           (!i->about || bytes_printf(out, ", about entry %" PRIu64, i->about)) &&
           bytes_puts(out, "\n");
}

static bool pause_text(const struct timeline *t, struct bytes *out)
{
    if (!t->paused_by)
        return bytes_puts(out, "  reminders not paused\n");
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].seq == t->paused_by)
            return bytes_printf(out, "  reminders PAUSED by number %" PRIu64 " below\n",
                                t->items[i].n);
    return bytes_printf(out, "  reminders PAUSED by entry %" PRIu64 " of the log\n", t->paused_by);
}

bool timeline_text(const struct timeline *t, struct bytes *out)
{
    bool done = bill_text(t, out) && pause_text(t, out);
    if (done && t->count == 0)
        done = bytes_puts(out, "\nNothing was filed for this invoice yet.\n");
    for (size_t i = 0; done && i < t->count; i++)
        done = item_text(t, &t->items[i], out);
    if (done && t->review_count)
        done = bytes_printf(out, "\nWaiting in review, matched weakly (temoin review):\n");
    for (size_t i = 0; done && i < t->review_count; i++)
        done = item_text(t, &t->reviews[i], out);
    return done;
}
