/*
 * timeline_facts - what the program read in a dossier's messages
 */
#include "db/timeline_facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/dossier_words.h"
#include "db/exhibit.h"
#include "db/facts_json.h"
#include "db/facts_words.h"
#include "db/wire.h"

/* Of reports from item `from` on. */
static void forget_returns(struct timeline_item *item, size_t from)
{
    size_t kept = 0;
    for (size_t i = 0; i < item->return_count; i++)
        if (item->returns[i].by < from)
            item->returns[kept++] = item->returns[i];
        else
            json_decref(item->returns[i].told);
    item->return_count = kept;
}

void timeline_returns_cut(struct timeline *t)
{
    for (size_t i = 0; i < t->count; i++)
        forget_returns(&t->items[i], t->count);
}

void timeline_facts_free(struct timeline_item *item)
{
    json_decref(item->facts);
    json_decref(item->report);
    free(item->unread);
    free(item->token);
    strings_free(&item->ids);
    forget_returns(item, 0);
    free(item->returns);
}

static const char *member(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool is_outbound(const struct timeline_item *i)
{
    return i->direction && strcmp(i->direction, "outbound") == 0;
}

/* --- taking ----------------------------------------------------------------------------------*/

static bool take_ids(const json_t *private_part, struct timeline_item *item)
{
    const json_t *envelope = json_object_get(private_part, "envelope");
    const json_t *own = json_object_get(json_object_get(private_part, "ids"), "message_id");
    const char *token = member(envelope, "envid");
    if (token && !(item->token = strdup(token)))
        return false;
    if (json_is_string(own))
        return strings_add(&item->ids, json_string_value(own));
    return !json_is_array(own) || strings_from_json(own, &item->ids);
}

/* The milter's own glance at a report, in the form of facts: until the reader has read it. */
static bool take_report(const json_t *private_part, struct timeline_item *item)
{
    const json_t *report = json_object_get(private_part, "report");
    if (!json_is_object(report))
        return true;
    json_t *form = json_pack("{s:s, s:O*, s:{s:O*, s:O*}}", "kind", "dsn", "recipients",
                             json_object_get(report, "recipients"), "original", "message_id",
                             json_object_get(report, "message_id"), "envelope_id",
                             json_object_get(report, "envelope_id"));
    item->report = form ? facts_take(form) : NULL;
    json_decref(form);
    return item->report != NULL;
}

bool timeline_facts_take(const json_t *private_part, struct timeline_item *item)
{
    return is_outbound(item) ? take_ids(private_part, item) : take_report(private_part, item);
}

enum store_status timeline_facts_load(struct facts_db *db, uint64_t seq, struct timeline_item *item,
                                      struct store_error *err)
{
    struct fact_row row = {0};
    enum store_status st = db ? facts_db_get(db, seq, &row, err) : STORE_NOT_FOUND;
    item->reading = st != STORE_OK             ? READING_WAITS
                    : row.state == FACT_UNREAD ? READING_FAILED
                                               : READING_DONE;
    item->facts = row.facts;
    item->unread = row.reason;
    /* Facts are made anew out of the archive: a damaged row hides nothing that is in it. */
    return st == STORE_NOT_FOUND || st == STORE_CORRUPT ? STORE_OK : st;
}

/* --- what came back --------------------------------------------------------------------------*/

/* What a report says, as far as anybody has looked. */
static const json_t *told_by(const struct timeline_item *i)
{
    const char *kind = member(i->facts, "kind");
    bool read = kind && strcmp(kind, "dsn") == 0 && json_object_get(i->facts, "recipients");
    return read || facts_unseen(i->facts) ? i->facts : i->report;
}

/* Does a report name this message of ours? */
static bool names(const json_t *told, const struct timeline_item *message)
{
    const json_t *original = json_object_get(told, "original");
    const json_t *tokens = json_object_get(told, "tokens");
    const char *id = member(original, "message_id"), *envelope = member(original, "envelope_id");
    if (id && strings_contain(&message->ids, id))
        return true;
    if (message->token && envelope && strcasecmp(envelope, message->token) == 0)
        return true;
    for (size_t i = 0; message->token && i < json_array_size(tokens); i++) {
        const char *token = member(json_array_get(tokens, i), "token");
        if (token && strcasecmp(token, message->token) == 0)
            return true;
    }
    return false;
}

static bool is_return(const json_t *recipient)
{
    const char *action = member(recipient, "action");
    return action && (strcmp(action, "failed") == 0 || strcmp(action, "delayed") == 0);
}

/* Takes over `told`, which may be NULL: out of memory. */
static bool add_return(struct timeline_item *message, json_t *told, size_t by)
{
    struct timeline_return *grown =
        told ? reallocarray(message->returns, message->return_count + 1, sizeof *grown) : NULL;
    if (!grown) {
        json_decref(told);
        return false;
    }
    message->returns = grown;
    grown[message->return_count++] = (struct timeline_return){by, told};
    return true;
}

/* A receipt has no action, but that nobody saw the message is to stand at the message, too. */
static json_t *unseen_by(json_t *recipient)
{
    json_t *told = json_pack("{s:s}", "action", "deleted");
    if (told && json_object_update_missing(told, recipient) != 0) {
        json_decref(told);
        return NULL;
    }
    return told;
}

static bool add_returns(struct timeline_item *message, const json_t *told, size_t by)
{
    json_t *list = json_object_get(told, "recipients");
    bool unseen = facts_unseen(told), done = true;
    for (size_t i = 0; done && i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        if (unseen && !member(one, "action"))
            done = add_return(message, unseen_by(one), by);
        else if (is_return(one))
            done = add_return(message, json_incref(one), by);
    }
    return done;
}

bool timeline_returns_link(struct timeline *t)
{
    bool done = true;
    for (size_t i = 0; i < t->count; i++)
        forget_returns(&t->items[i], 0);
    for (size_t i = 0; done && i < t->count; i++) {
        const json_t *told = is_outbound(&t->items[i]) ? NULL : told_by(&t->items[i]);
        for (size_t k = i; told && done && k-- > 0;)
            if (is_outbound(&t->items[k]) && names(told, &t->items[k]))
                done = add_returns(&t->items[k], told, i);
    }
    return done;
}

/* --- in words --------------------------------------------------------------------------------*/

static bool return_words(const struct timeline *t, const struct timeline_return *r,
                         enum language language, struct bytes *out)
{
    return facts_recipient_words(r->told, language, out) &&
           bytes_printf(out,
                        IN(language, " (rapport : pièce\u00a0n°\u00a0%" PRIu64 ", non authentifié)",
                           " (report: number %" PRIu64 ", not authenticated)"),
                        t->items[r->by].n);
}

static bool return_rows(const struct timeline *t, const struct timeline_item *i,
                        enum language language, struct reading_rows *rows)
{
    bool done = true;
    for (size_t k = 0; done && k < i->return_count; k++) {
        struct bytes text = {0};
        const char *action = member(i->returns[k].told, "action");
        bool delayed = strcmp(action, "delayed") == 0;
        const char *name = delayed                          ? IN(language, "retardé", "delayed")
                           : strcmp(action, "deleted") == 0 ? IN(language, "NON LU", "NOT READ")
                                                            : IN(language, "REVENU", "RETURNED");
        done = return_words(t, &i->returns[k], language, &text) &&
               reading_row(rows, name, text.data, !delayed);
        bytes_free(&text);
    }
    return done;
}

/* The exhibit that has the message of this entry: itself, or the decision that put it there; 0:
   it is in no exhibit of this dossier. */
static uint64_t exhibit_of(const struct timeline *t, uint64_t seq)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].seq == seq || (t->items[i].brings && t->items[i].about == seq))
            return t->items[i].n;
    return 0;
}

/* The sentence of the message, without the day that the program added to it. */
static bool quote_words(const struct timeline_item *i, enum language language, struct bytes *out)
{
    const char *text = i->text ? i->text : "", *day = i->confirmed_day;
    size_t len = strlen(text), added = day ? strlen(day) + strlen(" ()") : 0;
    bool ends = day && len > added && strncmp(text + len - added, " (", 2) == 0 &&
                strncmp(text + len - added + 2, day, strlen(day)) == 0 && text[len - 1] == ')';
    return bytes_puts(out, IN(language, "«\u00a0", "\"")) &&
           bytes_append(out, text, ends ? len - added : len) &&
           bytes_puts(out, IN(language, "\u00a0»", "\"")) &&
           (!ends || (bytes_puts(out, IN(language, ", compris comme ", ", understood as ")) &&
                      facts_day(day, language, out)));
}

/* Where a confirmed fact comes from: the message's words, not the company's. */
static bool confirmed_row(const struct timeline *t, const struct timeline_item *i,
                          enum language language, struct reading_rows *rows)
{
    struct bytes text = {0};
    if (!i->confirmed)
        return true;
    uint64_t n = exhibit_of(t, i->about);
    bool done =
        bytes_puts(&text, IN(language, "le message du débiteur, ", "the debtor's message, ")) &&
        (!n || (words_exhibit(n, language, &text) && bytes_puts(&text, ", "))) &&
        bytes_printf(
            &text,
            IN(language, "entrée %" PRIu64 " du journal : ", "entry %" PRIu64 " of the log: "),
            i->about) &&
        quote_words(i, language, &text) &&
        bytes_printf(&text,
                     IN(language, " (suggestion du programme, confirmée par %s)",
                        " (suggested by the program, confirmed by %s)"),
                     i->confirmed_by ? i->confirmed_by
                                     : IN(language, "la société", "the company")) &&
        reading_row(rows, IN(language, "D'après", "source"), text.data, false);
    bytes_free(&text);
    return done;
}

static bool source_row(const struct timeline_item *i, enum language language,
                       struct reading_rows *rows)
{
    struct bytes text = {0};
    bool done =
        bytes_puts(&text, IN(language, "par le programme, dans la ", "by the program, in ")) &&
        words_exhibit(i->n, language, &text) &&
        bytes_puts(&text, IN(language, " ; c'est ce que le message dit, non ce qui est établi",
                             "; this is what the message says, not what is established")) &&
        reading_row(rows, IN(language, "Lu", "read"), text.data, false);
    bytes_free(&text);
    return done;
}

static bool unread_row(const struct timeline_item *i, enum language language,
                       struct reading_rows *rows)
{
    struct bytes text = {0};
    bool done = bytes_printf(&text,
                             IN(language, "ce message n'a pas pu être lu par le programme (%s)",
                                "this message could not be read by the program: %s"),
                             i->unread ? i->unread : "?") &&
                reading_row(rows, IN(language, "Non lu", "unread"), text.data, true);
    bytes_free(&text);
    return done;
}

bool timeline_reading(const struct timeline *t, const struct timeline_item *i,
                      enum language language, bool sourced, struct reading_rows *rows)
{
    const char *currency = t->registered ? t->bill.currency : NULL;
    bool done = return_rows(t, i, language, rows) && confirmed_row(t, i, language, rows);
    size_t before = rows->count;
    if (!done || i->erased || i->reading == READING_NONE)
        return done;
    if (i->reading == READING_FAILED)
        return unread_row(i, language, rows);
    if (i->reading == READING_WAITS)
        return is_outbound(i) || reading_row(rows, IN(language, "Lu", "read"),
                                             IN(language, "pas encore", "not yet"), false);
    done = is_outbound(i) ? facts_attachment_rows(i->facts, language, rows)
                          : facts_rows(i->facts, currency, language, rows);
    return done && (!sourced || rows->count == before || source_row(i, language, rows));
}

/* --- for programs ----------------------------------------------------------------------------*/

static json_t *rows_json(const struct reading_rows *rows)
{
    json_t *list = json_array();
    const char *name = "";
    for (size_t i = 0; list && i < rows->count; i++) {
        const struct reading_row *row = &rows->items[i];
        name = *row->name ? row->name : name;
        json_t *one =
            json_pack("{s:s, s:s, s:b}", "name", name, "text", row->text, "strong", row->strong);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *timeline_reading_json(const struct timeline *t, const struct timeline_item *i, bool *done)
{
    static const char *const states[] = {"none", "waiting", "read", "unread"};
    struct reading_rows french = {0}, english = {0};
    *done = true;
    if (i->erased || i->reading == READING_NONE)
        return NULL;
    json_t *json = NULL;
    if (timeline_reading(t, i, LANGUAGE_FR, false, &french) &&
        timeline_reading(t, i, LANGUAGE_EN, false, &english))
        json = json_pack(
            "{s:s, s:s, s:o*, s:O*, s:s*, s:o, s:o}", "by", "program", "state", states[i->reading],
            "exhibit", i->n ? json_integer((json_int_t)i->n) : NULL, "facts", i->facts, "reason",
            i->unread, "words_fr", rows_json(&french), "words_en", rows_json(&english));
    reading_rows_free(&french);
    reading_rows_free(&english);
    *done = json != NULL;
    return json;
}

json_t *timeline_returns_json(const struct timeline *t, const struct timeline_item *i, bool *done)
{
    *done = true;
    if (i->return_count == 0)
        return NULL;
    json_t *list = json_array();
    for (size_t k = 0; list && k < i->return_count; k++) {
        const struct timeline_item *by = &t->items[i->returns[k].by];
        json_t *one = json_copy(i->returns[k].told);
        bool added = one && json_object_set_new(one, "n", json_integer((json_int_t)by->n)) == 0 &&
                     json_object_set_new(one, "seq", json_integer((json_int_t)by->seq)) == 0;
        if (json_array_append_new(list, one) != 0 || !added) {
            json_decref(list);
            list = NULL;
        }
    }
    *done = list != NULL;
    return list;
}
