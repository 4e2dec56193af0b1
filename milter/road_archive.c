/*
 * road_archive - behind the DKIM signer: keep the copy of what the stamping listener stamped
 *
 * The message carries its token; scribe remembers what the stamping listener told about it:
 * the retry key of the message as that listener received it, the dossiers, the edits. So a
 * client's retry makes one entry here too. The message is archived exactly as it is now, with
 * the signature, and not edited.
 */
#include <stdio.h>
#include <string.h>

#include "milter/road.h"

/* The valid token in the header; false: none. */
static bool own_token(const struct session *s, uint64_t *number)
{
    const char *token = s->m.reading.token_header;
    return token != NULL && strlen(token) == TOKEN_CHARS &&
           token_check(s->snapshot->keyring, s->snapshot->settings->company_domain, token, number);
}

/* Of a second pass direction_classify() does not name the accountant: login, then From. */
static const struct accountant *author(const struct session *s)
{
    const struct settings *settings = s->snapshot->settings;
    const struct accountant *found = s->m.found.accountant;
    if (found == NULL && s->m.envelope.login != NULL)
        found = settings_accountant_by_login(settings, s->m.envelope.login);
    for (size_t i = 0; found == NULL && i < s->m.reading.from.count; i++)
        found = settings_accountant_by_address(settings, s->m.reading.from.items[i]);
    return found;
}

enum verdict road_archive_eoh(struct session *s, const struct mta *mta)
{
    (void)mta;
    uint64_t number;
    if (!own_token(s, &number) || author(s) == NULL)
        return VERDICT_ACCEPT; /* the stamping listener let it pass, and has said why */
    s->m.plan = PLAN_ARCHIVE;
    s->m.wants_body = true;
    return VERDICT_CONTINUE;
}

/* Describe the message in the words of the stamping listener. `o` borrows from `told`. */
static bool describe(const struct session *s, const struct stamped *told, struct entry *entry)
{
    struct outbound o = {
        .verdict = OUTBOUND_OURS,
        .reason = "stamped",
        .rule = told->rule != NULL ? told->rule : "stamped",
        .invoices = told->invoices,
        .reminder = told->reminder,
        .learn_debtor = told->learn_debtor,
        .learn_addresses = told->learn_addresses,
        .overridden = told->overridden,
    };
    if (!entry_outbound(&o, author(s), &s->m.envelope, &s->m.reading, told->token,
                        s->m.reading.token_header, &told->edits, entry))
        return false;
    memcpy(entry->retry, told->retry, sizeof entry->retry);
    entry->has_retry = true;
    return true;
}

static enum verdict archive(struct session *s, const struct mta *mta, const struct stamped *told,
                            bool keep)
{
    enum verdict verdict = VERDICT_ACCEPT;
    struct entry entry;
    struct appended done = {0};
    entry_init(&entry);
    if (!describe(s, told, &entry)) {
        verdict = road_internal_error(s, mta, "out of memory");
    } else if (road_commit(s, mta, &entry, &s->m.fields, keep, &done, &verdict)) {
        char invoices[200];
        road_log(s, "outbound archived invoice=%s token-number=%llu seq=%llu reminder=%s%s%s",
                 road_list(&told->invoices, invoices, sizeof invoices),
                 (unsigned long long)told->token, (unsigned long long)done.seq,
                 told->reminder ? "yes" : "no", done.duplicate ? " duplicate=yes" : "",
                 keep ? "" : " kept=hash-only");
    }
    appended_free(&done);
    entry_free(&entry);
    return verdict;
}

/* Does the log hold a message with this number? */
static enum store_status is_archived(struct session *s, uint64_t number, bool *archived,
                                     struct store_error *err)
{
    struct query q = {0};
    struct facts f = {0};
    enum store_status status = STORE_NO_MEMORY;
    *archived = false;
    if (tokens_add(&q.tokens, number))
        status = lookups_answer(s->services->lookups, &q, NULL, &f, err);
    for (size_t i = 0; status == STORE_OK && i < f.entry_count; i++)
        *archived |= f.entries[i].by_token && f.entries[i].outbound;
    facts_free(&f);
    query_free(&q);
    return status;
}

/* scribe does not remember this token. That of a message whose copy is in the log came along
   with a second pass, or with a message that was sent on; but a message that a listener of ours
   has just stamped must not leave without. */
static enum verdict unknown(struct session *s, const struct mta *mta, uint64_t number)
{
    bool archived;
    struct store_error err = {"out of memory"};
    enum store_status status = is_archived(s, number, &archived, &err);
    if (status != STORE_OK)
        return road_store_failed(s, mta, "outbound message", status, &err);
    if (!archived)
        return road_internal_error(s, mta, "scribe has forgotten what the stamping listener told");
    road_log(s, "untouched reason=its token is of an archived message token-number=%llu",
             (unsigned long long)number);
    return VERDICT_ACCEPT;
}

enum verdict road_archive_eom(struct session *s, const struct mta *mta)
{
    bool keep = true;
    uint64_t number = 0;
    enum verdict verdict = road_size(s, mta, &keep);
    if (verdict != VERDICT_CONTINUE)
        return verdict;
    if (!road_may_ask_scribe(s, mta, &verdict) || !road_body(s, mta, true, &verdict))
        return verdict;
    if (!own_token(s, &number))
        return road_internal_error(s, mta, "the token is not valid any more");
    struct stamped told = {0};
    struct store_error err = {{0}};
    enum store_status status = scribe_recall(
        s->services->scribe, number, (int)s->snapshot->settings->commit_timeout_ms, &told, &err);
    latch_note(s->services->latch, status);
    if (status == STORE_OK)
        verdict = archive(s, mta, &told, keep);
    else if (status == STORE_NOT_FOUND)
        verdict = unknown(s, mta, number);
    else
        verdict = road_store_failed(s, mta, "outbound message", status, &err);
    stamped_free(&told);
    return verdict;
}
