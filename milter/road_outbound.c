/*
 * road_outbound - an accountant writes about an invoice: stamp the message, keep its copy
 *
 * At the end of the header it is decided whose message this is, unless only an attachment's
 * name can tell. At the end of the message: retry key, number, token, edits, commit, and only
 * then are the edits made. A retry that scribe knows gets the edits of the first time.
 *
 * In role `stamp` scribe is told instead of a commit, and the archiving listener commits. A
 * message that brings a DKIM signature gets no header edits, so that listener would not know
 * it: it is archived here, and the copy carries the signature that it came with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/road.h"

/* What is composed at the end of a message. */
struct stamp {
    uint64_t number;
    char token[TOKEN_CHARS + 1];
    unsigned char retry[HASH_OCTETS];
    bool keep; /* the bytes, not only hash and size */
    struct edits edits;
    uint64_t seq;
    bool again; /* a retry */
};

/* --- whose message is it? -------------------------------------------------------------------*/

static enum verdict untouched(struct session *s, const char *reason)
{
    road_log(s, "untouched reason=%s", reason);
    return VERDICT_ACCEPT;
}

static enum verdict refuse(struct session *s, const struct mta *mta)
{
    const struct outbound *o = &s->m.outbound;
    char invoices[200];
    road_log(s, "outbound refused reason=%s invoice=%s", o->reason,
             road_list(&o->invoices, invoices, sizeof invoices));
    return road_refuse(s, mta, "5.7.1",
                       o->refusal != NULL ? o->refusal : "refused by a guard of the company");
}

/* The store cannot be read. What names something of ours waits; an attachment's name may still
   do so; what is never archived goes on. */
static enum verdict cannot_ask(struct session *s, const struct mta *mta,
                               const struct strings *names, enum store_status status,
                               const struct store_error *err)
{
    struct message *m = &s->m;
    const char *excluded;
    if (status == STORE_NO_MEMORY ||
        !outbound_exclusion(s->snapshot->settings, &m->envelope, &m->reading, &excluded))
        return road_internal_error(s, mta, "out of memory");
    if (excluded != NULL)
        return untouched(s, excluded);
    if (road_names_something(s))
        return road_store_failed(s, mta, "outbound message", status, err);
    if (names == NULL) {
        m->outbound.verdict = OUTBOUND_ATTACHMENTS;
        return VERDICT_CONTINUE;
    }
    road_error(s, "untouched reason=the store cannot be read: %s", err->text);
    return VERDICT_ACCEPT;
}

/* Ask and decide, with the attachments' names when they are known. CONTINUE: m.outbound says
   what it is. */
static enum verdict recognise(struct session *s, const struct mta *mta, const struct strings *names)
{
    struct message *m = &s->m;
    struct store_error err = {{0}};
    enum store_status status = road_ask(s, DIRECTION_OUTBOUND, names, &err);
    outbound_free(&m->outbound);
    if (status != STORE_OK)
        return cannot_ask(s, mta, names, status, &err);
    if (!outbound_decide(s->snapshot->settings, m->found.accountant, &m->envelope, &m->reading,
                         names, &m->query, &m->facts, &m->outbound))
        return road_internal_error(s, mta, "out of memory");
    switch (m->outbound.verdict) {
    case OUTBOUND_UNRELATED:
        return untouched(s, m->outbound.reason);
    case OUTBOUND_REFUSED:
        return refuse(s, mta);
    case OUTBOUND_ATTACHMENTS:
    case OUTBOUND_OURS:
        break;
    }
    return VERDICT_CONTINUE;
}

enum verdict road_outbound_eoh(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    enum verdict verdict = recognise(s, mta, NULL);
    if (verdict != VERDICT_CONTINUE)
        return verdict;
    m->plan = PLAN_OUTBOUND;
    m->wants_body = true;
    m->wants_names = m->outbound.verdict == OUTBOUND_ATTACHMENTS;
    if (m->wants_names)
        attachments_header(&m->attachments, &m->fields);
    return VERDICT_CONTINUE;
}

/* --- stamping -------------------------------------------------------------------------------*/

static bool draw_number(struct session *s, const struct mta *mta, uint64_t *number,
                        enum verdict *verdict)
{
    struct store_error err = {{0}};
    enum store_status status = numbers_next(
        s->services->numbers, (int)s->snapshot->settings->commit_timeout_ms, number, &err);
    latch_note(s->services->latch, status);
    if (status != STORE_OK)
        *verdict = road_store_failed(s, mta, "outbound message", status, &err);
    return status == STORE_OK;
}

/* With witness = yes: a reminder takes the newest checkpoint along. It leaves without one rather
   than wait. */
static void bring_checkpoint(const struct session *s, struct bytes *value)
{
    struct store_error err = {{0}};
    if (!s->snapshot->settings->witness || !s->m.outbound.reminder)
        return;
    if (witness_field(s->services->witness, value, &err) != STORE_OK) {
        bytes_free(value);
        road_error(s, "leaves without a checkpoint: %s", err.text);
    }
}

static bool compose(struct session *s, const struct mta *mta, struct stamp *stamp,
                    enum verdict *verdict)
{
    const struct message *m = &s->m;
    const struct snapshot *now = s->snapshot;
    struct bytes checkpoint = {0};
    bring_checkpoint(s, &checkpoint);
    struct stamp_order order = {
        .accountant = m->found.accountant,
        .token = stamp->token,
        .reminder = m->outbound.reminder,
        /* One that is there but unusable stays the only one (RFC 5322, 3.6). */
        .add_message_id = fields_count(&m->fields, "Message-ID") == 0,
        .checkpoint = checkpoint.data,
    };
    bool done =
        token_make(now->keyring, now->settings->company_domain, stamp->number, stamp->token) &&
        edits_stamp(now->settings, &order, &m->envelope, &m->fields, &m->reading, &stamp->edits);
    bytes_free(&checkpoint);
    if (!done)
        *verdict = road_internal_error(s, mta, "the stamp could not be composed");
    return done;
}

/* role both: commit the copy as it will leave. */
static bool archive(struct session *s, const struct mta *mta, struct stamp *stamp,
                    enum verdict *verdict)
{
    const struct message *m = &s->m;
    struct fields head = {0};
    struct entry entry;
    struct appended done = {0};
    entry_init(&entry);
    bool ok = edits_apply(&stamp->edits, &m->fields, &head) &&
              entry_outbound(&m->outbound, m->found.accountant, &m->envelope, &m->reading,
                             stamp->number, stamp->token, &stamp->edits, &entry);
    if (ok) {
        memcpy(entry.retry, stamp->retry, sizeof entry.retry);
        entry.has_retry = true;
        ok = road_commit(s, mta, &entry, &head, stamp->keep, &done, verdict);
    } else {
        *verdict = road_internal_error(s, mta, "out of memory");
    }
    if (ok) {
        stamp->seq = done.seq;
        stamp->again = done.duplicate;
    }
    if (ok && done.duplicate) {
        stamp->number = done.token;
        edits_free(&stamp->edits);
        stamp->edits = done.edits;
        done.edits = (struct edits){0};
    }
    appended_free(&done);
    entry_free(&entry);
    fields_free(&head);
    return ok;
}

/* role stamp: tell scribe what the archiving listener will ask for. */
static bool tell(struct session *s, const struct mta *mta, struct stamp *stamp,
                 enum verdict *verdict)
{
    const struct outbound *o = &s->m.outbound;
    struct stamped told = {.token = stamp->number, .reminder = o->reminder};
    memcpy(told.retry, stamp->retry, sizeof told.retry);
    bool ok = strings_add_all(&told.invoices, &o->invoices) &&
              strings_add_all(&told.learn_addresses, &o->learn_addresses) &&
              strings_add_all(&told.overridden, &o->overridden) &&
              (o->rule == NULL || (told.rule = strdup(o->rule)) != NULL) &&
              (o->learn_debtor == NULL || (told.learn_debtor = strdup(o->learn_debtor)) != NULL);
    told.edits = stamp->edits; /* moved, and moved back below */
    stamp->edits = (struct edits){0};
    struct store_error err = {"out of memory"};
    enum store_status status = STORE_NO_MEMORY;
    if (ok) {
        status = scribe_stamped(s->services->scribe, &told,
                                (int)s->snapshot->settings->commit_timeout_ms, &stamp->again, &err);
        latch_note(s->services->latch, status);
    }
    if (status == STORE_OK) {
        stamp->number = told.token;
        stamp->edits = told.edits;
        told.edits = (struct edits){0};
    } else {
        *verdict = road_store_failed(s, mta, "outbound message", status, &err);
    }
    stamped_free(&told);
    return status == STORE_OK;
}

static void log_stamped(const struct session *s, const struct stamp *stamp)
{
    const struct outbound *o = &s->m.outbound;
    char invoices[200], notes[300], overridden[300], seq[40] = "";
    road_list(&o->invoices, invoices, sizeof invoices);
    road_list(&stamp->edits.notes, notes, sizeof notes);
    road_list(&o->overridden, overridden, sizeof overridden);
    if (stamp->seq != 0)
        snprintf(seq, sizeof seq, " seq=%llu", (unsigned long long)stamp->seq);
    road_log(s, "outbound stamped invoice=%s rule=%s token-number=%llu%s reminder=%s%s%s%s%s%s%s%s",
             invoices, o->rule, (unsigned long long)stamp->number, seq, o->reminder ? "yes" : "no",
             stamp->again ? " duplicate=yes" : "", o->stub ? " stub=yes" : "",
             stamp->keep ? "" : " kept=hash-only", notes[0] ? " left-out=" : "", notes,
             overridden[0] ? " overridden=" : "", overridden);
}

static enum verdict stamp_message(struct session *s, const struct mta *mta, struct stamp *stamp)
{
    bool here = s->snapshot->role != ROLE_STAMP || s->m.reading.has_dkim;
    enum verdict verdict = road_size(s, mta, &stamp->keep);
    if (verdict != VERDICT_CONTINUE)
        return verdict;
    if (!road_may_ask_scribe(s, mta, &verdict) || !road_body(s, mta, here, &verdict) ||
        !road_retry_key(s, mta, "outbound", stamp->retry, &verdict) ||
        !draw_number(s, mta, &stamp->number, &verdict) || !compose(s, mta, stamp, &verdict))
        return verdict;
    if (!(here ? archive(s, mta, stamp, &verdict) : tell(s, mta, stamp, &verdict)))
        return verdict;
    log_stamped(s, stamp);
    /* The copy is safe. A retry of the client gets the same edits, so it may try again. */
    return road_edit(s, mta, &stamp->edits)
               ? VERDICT_ACCEPT
               : road_internal_error(s, mta, "the MTA did not take all edits");
}

enum verdict road_outbound_eom(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    if (m->wants_names) {
        attachments_end(&m->attachments);
        if (m->attachments.out_of_memory)
            return road_internal_error(s, mta, "out of memory");
        enum verdict verdict = recognise(s, mta, &m->attachments.names);
        if (verdict != VERDICT_CONTINUE)
            return verdict;
        if (m->outbound.verdict != OUTBOUND_OURS)
            return untouched(s, m->outbound.reason);
    }
    struct stamp stamp = {.keep = true};
    enum verdict verdict = stamp_message(s, mta, &stamp);
    edits_free(&stamp.edits);
    return verdict;
}
