/*
 * road_inbound - a debtor answers, or a server reports: find the dossier, keep the copy, mark
 *
 * Most mail from outside names nothing of ours and is passed on at the end of its header,
 * without a question to the store. A report (DSN, MDN, or anything from the null sender) may name
 * us in its body alone, so that is scanned, and decided upon at the end.
 *
 * The copy is the message as it was received: the mark Temoin-Dossier is not in it, so that a
 * sender's signature verifies on what is archived.
 */
#include <stdio.h>
#include <string.h>

#include "milter/road.h"

/* Each costs the MTA a walk over the header; who sends more wants nothing good. */
enum { DOSSIER_FIELDS_MAX = 1000 };

/* --- what is not ours -----------------------------------------------------------------------*/

enum verdict road_pass(struct session *s)
{
    /* Behind another listener's back nothing is edited twice: the archiving one does it. */
    if (s->m.dossier_fields == 0 || s->snapshot->role == ROLE_STAMP)
        return VERDICT_ACCEPT;
    s->m.plan = PLAN_CLEAN;
    return VERDICT_CONTINUE;
}

/* The header itself may have been given up (limits), so the fields are counted, not looked up. */
enum verdict road_clean_eom(struct session *s, const struct mta *mta)
{
    struct edits edits = {0};
    bool done = true;
    if (s->m.dossier_fields > DOSSIER_FIELDS_MAX) {
        road_log(s, "refused reason=%zu Temoin-Dossier fields from outside", s->m.dossier_fields);
        return road_refuse(s, mta, "5.6.0", "too many header fields named Temoin-Dossier");
    }
    for (size_t i = s->m.dossier_fields; done && i > 0; i--)
        done = edits_add(&edits, EDIT_DELETE, "Temoin-Dossier", (unsigned)i, NULL, NULL);
    if (done && road_edit(s, mta, &edits))
        road_log(s, "untouched but for Temoin-Dossier from outside, which was removed");
    else
        road_error(s, "a Temoin-Dossier from outside could not be removed");
    edits_free(&edits);
    return VERDICT_ACCEPT;
}

/* --- whose message is it? -------------------------------------------------------------------*/

static bool is_report(const struct message *m)
{
    return m->reading.kind == KIND_DSN || m->reading.kind == KIND_MDN;
}

/* The store cannot be read: what may be ours waits, unrelated mail does not. */
static enum verdict cannot_ask(struct session *s, const struct mta *mta, enum store_status status,
                               const struct store_error *err)
{
    const struct message *m = &s->m;
    const struct settings *settings = s->snapshot->settings;
    if (status == STORE_NO_MEMORY)
        return road_internal_error(s, mta, err->text);
    if (!inbound_exclusion(settings, &m->reading, is_report(m) ? &m->report : NULL) &&
        query_may_be_ours(settings, &m->envelope, &m->query))
        return road_store_failed(s, mta, "inbound message", status, err);
    road_error(s, "untouched reason=the store cannot be read: %s", err->text);
    return VERDICT_ACCEPT;
}

/* CONTINUE: m.inbound says strong or review. */
static enum verdict recognise(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    struct store_error err = {{0}};
    enum store_status status = road_ask(s, DIRECTION_INBOUND, NULL, &err);
    if (status != STORE_OK)
        return cannot_ask(s, mta, status, &err);
    if (query_is_idle(&m->query))
        return VERDICT_ACCEPT;
    if (!inbound_decide(s->snapshot->settings, &m->envelope, &m->reading,
                        is_report(m) ? &m->report : NULL, &m->query, &m->facts, &m->inbound))
        return road_internal_error(s, mta, "out of memory");
    if (m->inbound.verdict != INBOUND_UNRELATED)
        return VERDICT_CONTINUE;
    if (m->query.tokens.count > 0)
        road_log(s, "untouched reason=%s", m->inbound.reason);
    return VERDICT_ACCEPT;
}

enum verdict road_inbound_eoh(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    if (s->snapshot->role == ROLE_STAMP)
        return VERDICT_ACCEPT; /* the archiving listener sees it too */
    m->scans = is_report(m) || m->envelope.sender[0] == '\0';
    if (!m->scans) {
        enum verdict verdict = recognise(s, mta);
        if (verdict == VERDICT_ACCEPT) {
            road_witness(s, 0);
            return road_pass(s);
        }
        if (verdict != VERDICT_CONTINUE)
            return verdict;
    }
    m->plan = PLAN_INBOUND;
    m->wants_body = true;
    return VERDICT_CONTINUE;
}

/* --- the end of the message -----------------------------------------------------------------*/

static void log_filed(const struct session *s, const struct appended *done, bool keep)
{
    const struct message *m = &s->m;
    char invoices[200];
    road_log(s, "inbound %s %s invoice=%s how=%s seq=%llu reason=%s%s%s%s", m->inbound.event,
             m->inbound.verdict == INBOUND_STRONG ? "strong" : "review",
             road_list(&m->inbound.invoices, invoices, sizeof invoices), m->inbound.how,
             (unsigned long long)done->seq, m->inbound.reason,
             m->inbound.pauses ? " pauses=yes" : "", done->duplicate ? " duplicate=yes" : "",
             keep ? "" : " kept=hash-only");
}

/* Commit, then mark. */
static enum verdict file_message(struct session *s, const struct mta *mta, struct entry *entry,
                                 const struct edits *edits, bool keep)
{
    enum verdict verdict = VERDICT_ACCEPT;
    struct appended done = {0};
    if (road_retry_key(s, mta, "inbound", entry->retry, &verdict)) {
        entry->has_retry = true;
        if (road_commit(s, mta, entry, &s->m.fields, keep, &done, &verdict)) {
            log_filed(s, &done, keep);
            road_witness(s, done.seq);
            if (!road_edit(s, mta, done.duplicate ? &done.edits : edits))
                verdict = road_internal_error(s, mta, "the MTA did not take all edits");
        }
    }
    appended_free(&done);
    return verdict;
}

static enum verdict file_inbound(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    bool keep = true;
    enum verdict verdict = road_size(s, mta, &keep);
    if (verdict != VERDICT_CONTINUE)
        return verdict;
    if (!road_may_ask_scribe(s, mta, &verdict) || !road_body(s, mta, true, &verdict))
        return verdict;
    struct edits edits = {0};
    struct entry entry;
    entry_init(&entry);
    const char *match = m->inbound.verdict == INBOUND_STRONG ? "strong" : "review";
    if (edits_dossier(&m->inbound.invoices, message_kind_name(m->reading.kind), match, &m->fields,
                      &edits) &&
        entry_inbound(&m->inbound, &m->envelope, &m->reading, is_report(m) ? &m->report : NULL,
                      &edits, &entry))
        verdict = file_message(s, mta, &entry, &edits, keep);
    else
        verdict = road_internal_error(s, mta, "out of memory");
    entry_free(&entry);
    edits_free(&edits);
    return verdict;
}

enum verdict road_inbound_eom(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    if (m->scans) {
        report_end(&m->report);
        if (m->envelope.sender[0] == '\0')
            m->reading.kind = report_kind(&m->report, m->reading.kind, &m->reading.from);
        enum verdict verdict = recognise(s, mta);
        if (verdict == VERDICT_ACCEPT)
            return m->dossier_fields > 0 ? road_clean_eom(s, mta) : VERDICT_ACCEPT;
        if (verdict != VERDICT_CONTINUE)
            return verdict;
    }
    return file_inbound(s, mta);
}
