/*
 * session - see session.h
 *
 * What arrives is collected here; what it means is decided on the roads (road*.c). A message
 * that cannot be handled keeps a reason in m.trouble, since most callbacks have no verdict.
 */
#include "milter/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "milter/road.h"
#include "policy/address.h"

enum { SCAN_OVERLAP = 64 }; /* a token and what may stand around it, cut by chunk borders */

static const char out_of_memory[] = "out of memory";

/* --- life -----------------------------------------------------------------------------------*/

static void message_clear(struct session *s)
{
    struct message *m = &s->m;
    atomic_fetch_sub(&s->services->header_octets, m->counted);
    envelope_free(&m->envelope);
    fields_free(&m->fields);
    reading_free(&m->reading);
    query_free(&m->query);
    facts_free(&m->facts);
    outbound_free(&m->outbound);
    inbound_free(&m->inbound);
    spool_free(&m->spool);
    attachments_free(&m->attachments);
    report_free(&m->report);
    tokens_free(&m->tokens);
    bytes_free(&m->window);
    *m = (struct message){0};
    m->spool.fd = -1;
}

struct session *session_new(struct services *services)
{
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->services = services;
    s->snapshot = current_take(services->current);
    s->m.spool.fd = -1;
    return s;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    message_clear(s);
    free(s->client_name);
    free(s->client_address);
    free(s->helo);
    free(s->tls_version);
    snapshot_unref(s->snapshot);
    free(s);
}

/* End the message unless it goes on. */
static enum verdict conclude(struct session *s, enum verdict verdict)
{
    if (verdict != VERDICT_CONTINUE && verdict != VERDICT_SKIP)
        message_clear(s);
    return verdict;
}

/* --- connection and envelope ----------------------------------------------------------------*/

/* Keep a copy in *slot; NULL and "" keep nothing. */
static bool keep(char **slot, const char *text)
{
    free(*slot);
    *slot = NULL;
    if (text == NULL || *text == '\0')
        return true;
    *slot = strdup(text);
    return *slot != NULL;
}

void session_connect(struct session *s, const char *name, const char *address)
{
    message_clear(s);
    if (!keep(&s->client_name, name) || !keep(&s->client_address, address))
        s->trouble = true;
}

void session_helo(struct session *s, const char *helo, const char *tls_version)
{
    if (!keep(&s->helo, helo) || !keep(&s->tls_version, tls_version))
        s->trouble = true;
}

void session_envfrom(struct session *s, const struct opening *opening)
{
    message_clear(s); /* after an end of message no abort comes */
    struct envelope *e = &s->m.envelope;
    e->smtp = opening->smtp;
    e->sender = envelope_address(opening->sender != NULL ? opening->sender : "");
    bool ok = e->sender != NULL && keep(&e->login, opening->login) &&
              keep(&e->queue_id, opening->queue_id) && keep(&e->client_name, s->client_name) &&
              keep(&e->helo, s->helo) && keep(&e->tls_version, s->tls_version);
    /* For mail that did not come by SMTP the MTA makes up a client on loopback, which must not
       pass for one of trusted_networks. */
    if (ok && opening->smtp)
        ok = keep(&e->client_address, s->client_address);
    if (ok && !s->trouble)
        return;
    s->m.trouble = out_of_memory;
    s->m.named_us = opening->login != NULL && *opening->login != '\0';
}

void session_envrcpt(struct session *s, const char *argument)
{
    struct message *m = &s->m;
    if (m->envelope.recipients.count >= RECIPIENTS_MAX) {
        m->trouble = "too many recipients";
        return;
    }
    char *address = envelope_address(argument);
    if (address == NULL || !strings_add(&m->envelope.recipients, address)) {
        m->trouble = out_of_memory;
        m->named_us = true;
    }
    free(address);
}

/* --- header ---------------------------------------------------------------------------------*/

/* An accountant's address with a login that is nobody's: the MTA may spell logins otherwise than
   the configuration does, and nothing else would show. */
static void tell_unknown_login(const struct session *s)
{
    const struct envelope *e = &s->m.envelope;
    char *sender = e->login != NULL && e->sender != NULL ? address_normalise(e->sender) : NULL;
    if (sender != NULL && settings_accountant_by_address(s->snapshot->settings, sender) != NULL)
        road_log(s, "untouched reason=login is no accountant's login=%s sender=%s", e->login,
                 sender);
    free(sender);
}

/* Once, when the envelope is complete: can this message be of interest? */
static bool matters(struct session *s)
{
    struct message *m = &s->m;
    if (!m->judged) {
        m->judged = true;
        if (m->envelope.sender == NULL && m->trouble == NULL) /* no MAIL came */
            m->matters = false;
        else
            m->matters =
                m->trouble != NULL || direction_may_matter(s->snapshot->settings, &m->envelope);
        if (!m->matters)
            tell_unknown_login(s);
    }
    return m->matters;
}

/* A limit is passed: does what was seen so far name anything of ours? Without memory: yes. */
static bool names_us(const struct session *s)
{
    const struct message *m = &s->m;
    const struct snapshot *now = s->snapshot;
    struct reading reading = {0};
    struct query query = {0};
    bool may = !reading_take(&m->fields, &reading);
    if (!may) {
        struct direction_found found =
            direction_classify(now->settings, now->keyring, &m->envelope, &reading);
        may = found.out_of_memory || found.direction == DIRECTION_OUTBOUND;
        if (!may && found.direction == DIRECTION_INBOUND)
            may = !query_build(now->settings, now->keyring, DIRECTION_INBOUND, &m->envelope,
                               &reading, NULL, NULL, NULL, &query) ||
                  query_may_be_ours(now->settings, &m->envelope, &query);
    }
    query_free(&query);
    reading_free(&reading);
    return may;
}

/* Count a field against the limits; false: one is passed, and what was held is given up. */
static bool within_limits(struct session *s, size_t octets)
{
    struct message *m = &s->m;
    size_t all = atomic_fetch_add(&s->services->header_octets, octets) + octets;
    m->counted += octets;
    if (m->counted <= HEADER_OCTETS_MAX && m->fields.count < HEADER_FIELDS_MAX &&
        all <= HEADER_OCTETS_ALL)
        return true;
    m->trouble = all > HEADER_OCTETS_ALL ? "too many large headers at a time"
                                         : "the header is larger than the limits";
    m->named_us = names_us(s);
    fields_free(&m->fields);
    atomic_fetch_sub(&s->services->header_octets, m->counted);
    m->counted = 0;
    return false;
}

enum verdict session_header(struct session *s, const char *name, const char *value)
{
    struct message *m = &s->m;
    if (!matters(s))
        return conclude(s, VERDICT_ACCEPT);
    if (strcasecmp(name, "Temoin-Dossier") == 0)
        m->dossier_fields++;
    if (m->trouble != NULL)
        return VERDICT_CONTINUE;
    /* What malloc adds to two strings and a slot counts too: a field may be two octets long. */
    if (!within_limits(s, strlen(name) + strlen(value) + 64))
        return VERDICT_CONTINUE;
    if (!fields_add(&m->fields, name, value))
        m->trouble = out_of_memory;
    return VERDICT_CONTINUE;
}

static bool take_queue_id(struct session *s, const char *queue_id)
{
    return queue_id == NULL || keep(&s->m.envelope.queue_id, queue_id);
}

/* Whoever claims an address of ours without proof is outside all the same. */
static bool from_outside(const struct session *s)
{
    const struct envelope *e = &s->m.envelope;
    return e->smtp && e->login == NULL &&
           !settings_is_trusted(s->snapshot->settings, e->client_address);
}

/* Of a message that cannot be handled: an accountant's, or one that carries a token of ours. */
static bool may_be_ours(const struct session *s)
{
    const struct message *m = &s->m;
    const struct snapshot *now = s->snapshot;
    return settings_accountant_by_login(now->settings, m->envelope.login) != NULL || m->named_us ||
           m->tokens.count > 0 || recipients_hold_token(now->settings, now->keyring, &m->envelope);
}

/* A message that cannot be handled waits if it may be ours; others pass. */
static enum verdict in_trouble(struct session *s, const struct mta *mta)
{
    if (may_be_ours(s))
        return road_internal_error(s, mta, s->m.trouble);
    road_error(s, "untouched reason=%s", s->m.trouble);
    return from_outside(s) ? road_pass(s) : VERDICT_ACCEPT;
}

static enum verdict decide(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    const struct snapshot *now = s->snapshot;
    if (!reading_take(&m->fields, &m->reading)) {
        m->trouble = out_of_memory;
        return in_trouble(s, mta);
    }
    m->found = direction_classify(now->settings, now->keyring, &m->envelope, &m->reading);
    if (m->found.out_of_memory) {
        m->trouble = out_of_memory;
        return in_trouble(s, mta);
    }
    switch (m->found.direction) {
    case DIRECTION_OUTBOUND:
        return now->role == ROLE_ARCHIVE ? road_archive_eoh(s, mta) : road_outbound_eoh(s, mta);
    case DIRECTION_AGAIN:
        if (now->role == ROLE_ARCHIVE)
            return road_archive_eoh(s, mta);
        road_log(s, "untouched reason=%s", m->found.reason);
        return VERDICT_ACCEPT;
    case DIRECTION_INBOUND:
        return road_inbound_eoh(s, mta);
    case DIRECTION_UNRELATED:
    case DIRECTION_INTERNAL:
        break;
    }
    return from_outside(s) ? road_pass(s) : VERDICT_ACCEPT;
}

enum verdict session_eoh(struct session *s, const struct mta *mta, const char *queue_id)
{
    struct message *m = &s->m;
    if (!matters(s))
        return conclude(s, VERDICT_ACCEPT);
    if (!take_queue_id(s, queue_id))
        m->trouble = out_of_memory;
    if (m->trouble != NULL)
        return conclude(s, in_trouble(s, mta));
    enum verdict verdict = decide(s, mta);
    if (verdict == VERDICT_CONTINUE && m->wants_body) {
        spool_begin(&m->spool, s->services->spool_directory, s->snapshot->settings->spill_size);
    }
    return conclude(s, verdict);
}

/* --- body -----------------------------------------------------------------------------------*/

/* Find tokens in a report, also those that a chunk's border cuts. */
static void scan(struct session *s, const char *data, size_t len)
{
    struct message *m = &s->m;
    const struct snapshot *now = s->snapshot;
    report_feed(&m->report, data, len);
    bool ok = bytes_append(&m->window, data, len) &&
              token_scan(now->keyring, now->settings->company_domain, m->window.data, m->window.len,
                         &m->tokens);
    if (!ok)
        m->trouble = out_of_memory;
    if (m->window.len > SCAN_OVERLAP) {
        memmove(m->window.data, m->window.data + m->window.len - SCAN_OVERLAP, SCAN_OVERLAP);
        m->window.len = SCAN_OVERLAP;
        m->window.data[SCAN_OVERLAP] = '\0';
    }
}

/* Beyond the limit, and on_oversize throws it away or refuses it: no need to keep it. */
static bool over_size(const struct session *s)
{
    const struct settings *settings = s->snapshot->settings;
    return s->m.spool.size > settings->max_message_size && settings->on_oversize != FAILURE_ACCEPT;
}

enum verdict session_body(struct session *s, const void *data, size_t len)
{
    struct message *m = &s->m;
    if (m->plan == PLAN_NONE || !m->wants_body)
        return VERDICT_SKIP;
    if (m->wants_names)
        attachments_feed(&m->attachments, data, len);
    if (m->scans)
        scan(s, data, len);
    /* A failure shows at the end, when it is known whether the message is ours. */
    if (!m->over_size && spool_add(&m->spool, data, len) && over_size(s)) {
        m->over_size = true;
        spool_free(&m->spool);
    }
    return VERDICT_CONTINUE;
}

/* --- end ------------------------------------------------------------------------------------*/

static enum verdict in_trouble_at_end(struct session *s, const struct mta *mta)
{
    enum verdict verdict = in_trouble(s, mta);
    return verdict == VERDICT_CONTINUE ? road_clean_eom(s, mta) : verdict;
}

/* Trouble that came after the header. CONTINUE: there is none. */
static enum verdict trouble_at_end(struct session *s, const struct mta *mta)
{
    struct message *m = &s->m;
    if (m->plan == PLAN_NONE) { /* the header's end makes a plan, or ends the message */
        if (!matters(s))
            return VERDICT_CONTINUE;
        m->trouble = "the MTA told no end of the header";
        return in_trouble_at_end(s, mta);
    }
    if (m->trouble == NULL || m->plan == PLAN_CLEAN)
        return VERDICT_CONTINUE;
    bool undecided = m->plan == PLAN_INBOUND && m->scans;
    return undecided ? in_trouble_at_end(s, mta) : road_internal_error(s, mta, m->trouble);
}

enum verdict session_eom(struct session *s, const struct mta *mta, const char *queue_id)
{
    struct message *m = &s->m;
    if (!take_queue_id(s, queue_id))
        m->trouble = out_of_memory;
    enum verdict verdict = trouble_at_end(s, mta);
    if (verdict != VERDICT_CONTINUE)
        return conclude(s, verdict);
    verdict = VERDICT_ACCEPT;
    switch (m->plan) {
    case PLAN_OUTBOUND:
        verdict = road_outbound_eom(s, mta);
        break;
    case PLAN_ARCHIVE:
        verdict = road_archive_eom(s, mta);
        break;
    case PLAN_INBOUND:
        verdict = road_inbound_eom(s, mta);
        break;
    case PLAN_CLEAN:
        verdict = road_clean_eom(s, mta);
        break;
    case PLAN_NONE:
        break;
    }
    return conclude(s, verdict);
}

void session_abort(struct session *s)
{
    message_clear(s);
}
