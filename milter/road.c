/*
 * road - what the roads of all directions share (see road.h): log lines, questions to the
 * store, answers when something fails, the commit, the edits
 */
#include "milter/road.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/msg.h"

/* --- log lines ------------------------------------------------------------------------------*/

static void format_line(const struct session *s, char *line, size_t size, const char *format,
                        va_list args) __attribute__((format(printf, 4, 0)));

static void format_line(const struct session *s, char *line, size_t size, const char *format,
                        va_list args)
{
    const char *queue_id = s->m.envelope.queue_id;
    int n = snprintf(line, size, "%s: ", queue_id != NULL ? queue_id : "NOQUEUE");
    if (n > 0 && (size_t)n < size)
        vsnprintf(line + n, size - (size_t)n, format, args);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?'; /* what a stranger wrote must not begin a line of its own */
}

void road_log(const struct session *s, const char *format, ...)
{
    char line[1200];
    va_list args;
    va_start(args, format);
    format_line(s, line, sizeof line, format, args);
    va_end(args);
    msg_info("%s", line);
}

void road_error(const struct session *s, const char *format, ...)
{
    char line[1200];
    va_list args;
    va_start(args, format);
    format_line(s, line, sizeof line, format, args);
    va_end(args);
    msg_error("%s", line);
}

const char *road_list(const struct strings *list, char *buffer, size_t size)
{
    size_t at = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < list->count && at + 1 < size; i++) {
        int n = snprintf(buffer + at, size - at, "%s%s", i > 0 ? "," : "", list->items[i]);
        if (n < 0)
            break;
        at += (size_t)n;
    }
    return buffer;
}

/* --- questions ------------------------------------------------------------------------------*/

enum store_status road_ask(struct session *s, enum direction direction, const struct strings *names,
                           struct store_error *err)
{
    struct message *m = &s->m;
    query_free(&m->query);
    facts_free(&m->facts);
    if (!query_build(s->snapshot->settings, s->snapshot->keyring, direction, &m->envelope,
                     &m->reading, names, m->scans ? &m->tokens : NULL,
                     m->scans ? &m->report.returned_ids : NULL, &m->query)) {
        snprintf(err->text, sizeof err->text, "out of memory");
        return STORE_NO_MEMORY;
    }
    if (query_is_idle(&m->query) && direction == DIRECTION_INBOUND)
        return STORE_OK;
    return lookups_answer(s->services->lookups, &m->query, m->reading.base_subject, &m->facts, err);
}

bool road_names_something(const struct session *s)
{
    const struct query *q = &s->m.query;
    return q->ids.count > 0 || q->tokens.count > 0 || q->numbers.count > 0;
}

/* --- answers when something fails -----------------------------------------------------------*/

static enum verdict answer_later(const struct mta *mta, const char *text)
{
    mta->set_reply(mta->context, "451", "4.3.0", text);
    return VERDICT_TEMPFAIL;
}

enum verdict road_store_failed(struct session *s, const struct mta *mta, const char *what,
                               enum store_status status, const struct store_error *err)
{
    bool accept = s->snapshot->settings->on_store_failure == FAILURE_ACCEPT;
    road_error(s, "%s %s: %s: %s", what, accept ? "accepted WITHOUT A COPY" : "deferred",
               store_status_text(status), err->text);
    if (accept)
        return VERDICT_ACCEPT;
    return answer_later(mta, "the company's mail archive is not available, try again later");
}

enum verdict road_internal_error(struct session *s, const struct mta *mta, const char *what)
{
    road_error(s, "deferred reason=%s", what);
    return answer_later(mta, "local error while archiving, try again later");
}

enum verdict road_refuse(struct session *s, const struct mta *mta, const char *enhanced,
                         const char *sentence)
{
    (void)s;
    mta->set_reply(mta->context, "550", enhanced, sentence);
    return VERDICT_REJECT;
}

enum verdict road_size(struct session *s, const struct mta *mta, bool *keep)
{
    const struct message *m = &s->m;
    const struct settings *settings = s->snapshot->settings;
    uint64_t size = m->fields.octets + m->fields.count * 3 + 2 + m->spool.size;
    *keep = size <= settings->max_message_size;
    if (!m->over_size && *keep)
        return VERDICT_CONTINUE;
    if (settings->on_oversize == FAILURE_ACCEPT)
        return VERDICT_CONTINUE;
    /* Mail that did not come by SMTP has nobody to tell: it waits and its sender's host says so. */
    bool reject = settings->on_oversize == FAILURE_REJECT && m->envelope.smtp;
    road_log(s, "%s reason=message over max_message_size", reject ? "refused" : "deferred");
    if (reject) {
        mta->set_reply(mta->context, "552", "5.3.4", "message too large for the mail archive");
        return VERDICT_REJECT;
    }
    mta->set_reply(mta->context, "452", "4.3.4", "message too large for the mail archive");
    return VERDICT_TEMPFAIL;
}

/* --- the commit -----------------------------------------------------------------------------*/

bool road_may_ask_scribe(struct session *s, const struct mta *mta, enum verdict *verdict)
{
    if (latch_open(s->services->latch, s->services->scribe))
        return true;
    static const struct store_error standing = {"scribe did not answer lately"};
    *verdict = road_store_failed(s, mta, "message", STORE_BUSY, &standing);
    return false;
}

bool road_body(struct session *s, const struct mta *mta, bool durable, enum verdict *verdict)
{
    struct spool *spool = &s->m.spool;
    if (spool_end(spool, durable))
        return true;
    struct store_error err;
    snprintf(err.text, sizeof err.text, "%s: %s", s->services->spool_directory,
             strerror(spool->error));
    *verdict = road_store_failed(s, mta, "message", spool_status(spool), &err);
    return false;
}

bool road_retry_key(struct session *s, const struct mta *mta, const char *direction,
                    unsigned char key[HASH_OCTETS], enum verdict *verdict)
{
    const struct message *m = &s->m;
    const char *why = "no turn for hashing in time";
    bool done = false;
    struct packer *packer = gate_enter(&s->services->gate);
    if (packer != NULL) {
        why = "hashing failed";
        done = entry_retry_key(direction, &m->envelope, &m->fields, m->spool.memory.data,
                               m->spool.memory.len, m->spool.fd, key);
        gate_leave(&s->services->gate, packer);
    }
    if (!done)
        *verdict = road_internal_error(s, mta, why);
    return done;
}

/* Hash, compress, and hand the body's file over. */
static bool take_message(struct session *s, struct entry *entry, const struct fields *head,
                         bool keep)
{
    struct spool *spool = &s->m.spool;
    struct bytes rendered = {0};
    bool done = false;
    struct packer *packer = gate_enter(&s->services->gate);
    if (packer == NULL)
        return false;
    if (fields_render(head, &rendered)) {
        uint64_t size = spool->fd >= 0 ? spool->size : 0;
        done = entry_take_message(entry, &rendered, spool->memory.data, spool->memory.len,
                                  spool_take_file(spool), size, keep, packer);
    }
    gate_leave(&s->services->gate, packer);
    bytes_free(&rendered);
    return done;
}

bool road_commit(struct session *s, const struct mta *mta, struct entry *entry,
                 const struct fields *head, bool keep, struct appended *done, enum verdict *verdict)
{
    if (!take_message(s, entry, head, keep)) {
        *verdict = road_internal_error(s, mta, "the message could not be hashed");
        return false;
    }
    struct store_error err = {{0}};
    enum store_status status = scribe_append(
        s->services->scribe, entry, (int)s->snapshot->settings->commit_timeout_ms, done, &err);
    latch_note(s->services->latch, status);
    if (status == STORE_OK)
        return true;
    if (status == STORE_INVALID || status == STORE_NO_MEMORY)
        *verdict = road_internal_error(s, mta, err.text);
    else
        *verdict = road_store_failed(s, mta, "message", status, &err);
    return false;
}

/* --- the edits ------------------------------------------------------------------------------*/

static bool edit_one(const struct mta *mta, const struct edit *e)
{
    switch (e->kind) {
    case EDIT_ENVELOPE_SENDER:
        return mta->change_sender(mta->context, e->value, e->arguments);
    case EDIT_ADD:
        return mta->add_field(mta->context, e->name, e->value);
    case EDIT_CHANGE:
        return mta->change_field(mta->context, e->name, e->instance, e->value);
    case EDIT_DELETE:
        return mta->change_field(mta->context, e->name, e->instance, NULL);
    case EDIT_REMOVE_RECIPIENT:
        return mta->remove_recipient(mta->context, e->value);
    case EDIT_ADD_RECIPIENT:
        return mta->add_recipient(mta->context, e->value);
    }
    return false;
}

bool road_edit(struct session *s, const struct mta *mta, const struct edits *edits)
{
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *e = &edits->items[i];
        if (!edit_one(mta, e)) {
            road_error(s, "the MTA did not take the edit of %s",
                       e->name != NULL ? e->name : "the envelope");
            return false;
        }
    }
    return true;
}
