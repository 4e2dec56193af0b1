/*
 * delivery - which lines of the mail server's log are about messages of ours, and what they say
 */
#include "policy/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "policy/address.h"
#include "policy/delivery_private.h"
#include "policy/maillog_private.h"
#include "policy/settings_values.h"

static const char *const names[] = {"",        "submitted",         "handed-over",
                                    "relayed", "delivered-locally", "failed",
                                    "delayed", "unrecorded"};

const char *delivery_event_name(enum delivery_kind kind)
{
    return names[kind];
}

enum delivery_kind delivery_kind_of(const char *event)
{
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (event && strcmp(names[i], event) == 0)
            return (enum delivery_kind)i;
    return DELIVERY_NONE;
}

void delivery_event_free(struct delivery_event *e)
{
    strings_free(&e->recipients);
    free(e->tls_version);
    free(e->tls_cipher);
    free(e->tls_trust);
    free(e->login);
    free(e->sender);
    free(e->message_id);
    *e = (struct delivery_event){0};
}

/* --- whose server is it? --------------------------------------------------------------------*/

/* Is the server that answered one of ours? Submission ports (RFC 6409, RFC 8314) are for those
   who have an account there, never for a domain's own mail exchanger. */
static bool is_own_relay(const struct settings *s, const struct maillog_line *line)
{
    bool own = line->agent == AGENT_OUR_HUB || line->peer_port == 587 || line->peer_port == 465;
    char *name = line->peer_name.text ? strndup(line->peer_name.text, line->peer_name.len) : NULL;
    char *address =
        line->peer_address.text ? strndup(line->peer_address.text, line->peer_address.len) : NULL;
    own = own || settings_is_own_relay(s, name, address);
    free(name);
    free(address);
    return own;
}

/* --- recipients -----------------------------------------------------------------------------*/

/* Add the recipient of message `m` that an address of the log names. False: out of memory. */
static bool match_address(const struct message *m, struct slice address, struct strings *out)
{
    char *text = NULL, *normal = NULL;
    bool done = slice_copy(address, &text) && text && (normal = address_normalise(text)) != NULL;
    if (done && strings_contain(&m->recipients, normal))
        done = strings_add_unique(out, normal);
    free(text);
    free(normal);
    return done;
}

static bool match_recipients(const struct message *m, const struct maillog_line *line,
                             struct strings *out)
{
    struct slice list = line->to, address;
    if (line->orig_to.text && !match_address(m, line->orig_to, out))
        return false;
    if (out->count)
        return true;
    if (!line->sendmail)
        return match_address(m, line->to, out);
    while (maillog_next_address(&list, &address))
        if (!match_address(m, address, out))
            return false;
    return true;
}

static void finish(struct message *m, const struct strings *recipients)
{
    for (size_t i = 0; i < m->recipients.count && i < RECIPIENTS_TRACKED; i++)
        if (strings_contain(recipients, m->recipients.items[i]))
            m->finished |= UINT64_C(1) << i;
}

/* --- under other names ----------------------------------------------------------------------*/

/* Our own log has seen the message come back: the server that took it was a filter of ours. */
static bool came_back(struct delivery_tracker *t, int32_t index, const struct maillog_line *line)
{
    struct slice id = line->queued_as;
    if (id.text) {
        int32_t i = table_find(&t->by_id, maillog_hash(id.text, id.len));
        while (i != NOBODY && !(t->lives[i].message == index && slice_is(id, t->lives[i].id)))
            i = t->lives[i].next;
        return i != NOBODY && !slice_is(line->queue_id, t->lives[i].id);
    }
    int32_t alias = t->messages[index].alias;
    return (slice_is(line->peer_address, "127.0.0.1") || slice_is(line->peer_address, "::1")) &&
           alias != NOBODY && !slice_is(line->queue_id, t->lives[alias].id);
}

/* "message-id=<…>" of one of ours under a queue ID that is not known. */
static bool take_message_id(struct delivery_tracker *t, const struct maillog_line *line,
                            int32_t index, int64_t time)
{
    struct message *m = &t->messages[index];
    uint64_t hash = maillog_hash(line->queue_id.text, line->queue_id.len);
    struct life *made, *stray = life_at(t, line->queue_id, hash, time, false);
    char *text = NULL;
    if (!slice_copy(line->message_id, &text))
        return false;
    bool same = text && strings_contain(&m->message_ids, text);
    free(text);
    if (!same || life_at(t, line->queue_id, hash, time, true) || time < m->time - EARLY_S ||
        time > m->time + LIFE_S)
        return true;
    bool again = stray && m->login && stray->login && strcmp(stray->login, m->login) == 0;
    if (stray && !again)
        return true; /* somebody else's message with the same Message-ID */
    if (stray)
        stray->settled = true;
    return life_learn(t, line->queue_id, index, time, &made);
}

static bool take_stray(struct delivery_tracker *t, const struct maillog_line *line, int64_t time)
{
    struct life *made;
    char *login = NULL;
    bool done = slice_copy(line->login, &login);
    if (done && login && settings_accountant_by_login(t->settings, login)) {
        done = life_add(t, line->queue_id, NOBODY, time, &made);
        if (done) {
            made->login = login;
            return true;
        }
    }
    free(login);
    return done;
}

/* A message arrives under this ID: what it named before is over. */
static bool take_arrival(struct delivery_tracker *t, const struct maillog_line *line, uint64_t hash,
                         int64_t time)
{
    struct life *made;
    for (int32_t i = table_find(&t->by_id, hash); i != NOBODY; i = t->lives[i].next) {
        struct life *l = &t->lives[i];
        const struct message *m = l->message == NOBODY ? NULL : &t->messages[l->message];
        bool begun = !m || l->learned || m->submitted;
        /* An entry may be made a moment before the line is written. */
        int64_t last = !begun                                     ? l->since + ARRIVES_S
                       : m && m->queued > l->since && !l->learned ? m->queued
                                                                  : l->since;
        if (slice_is(line->queue_id, l->id) && time > last && time - 1 < l->until) {
            l->until = time - 1;
            l->ended = true;
        }
    }
    if (line->orig_id.text) {
        struct life *origin = life_at(
            t, line->orig_id, maillog_hash(line->orig_id.text, line->orig_id.len), time, true);
        if (!origin)
            return true;
        return life_learn(t, line->queue_id, origin->message, time, &made);
    }
    return !line->login.text || take_stray(t, line, time);
}

/* --- events ---------------------------------------------------------------------------------*/

static bool outcome(struct delivery_tracker *t, int32_t index, struct delivery_event *e)
{
    struct message *m = &t->messages[index];
    const struct maillog_line *line = &e->line;
    if (line->status == STATUS_OTHER || !match_recipients(m, line, &e->recipients))
        return line->status == STATUS_OTHER;
    if (e->recipients.count == 0)
        return true; /* the ID of another message, or a recipient that others added */
    e->about = m->seq;
    if (line->status == STATUS_DEFERRED)
        e->kind = DELIVERY_DELAYED;
    else if (line->status == STATUS_BOUNCED)
        e->kind = DELIVERY_FAILED;
    else if (line->agent == AGENT_LOCAL || line->agent == AGENT_NOBODY)
        e->kind = DELIVERY_LOCAL;
    else if (came_back(t, index, line) || is_own_relay(t->settings, line))
        e->kind = DELIVERY_RELAYED;
    else
        e->kind = DELIVERY_HANDED_OVER;
    if (e->kind != DELIVERY_DELAYED && e->kind != DELIVERY_RELAYED)
        finish(m, &e->recipients);
    return tls_find(t, line, maillog_hash(line->queue_id.text, line->queue_id.len), e);
}

/* Those for whom nothing final was said. */
static bool unfinished(const struct message *m, struct strings *out)
{
    for (size_t i = 0; i < m->recipients.count; i++)
        if ((i >= RECIPIENTS_TRACKED || !(m->finished & UINT64_C(1) << i)) &&
            !strings_add(out, m->recipients.items[i]))
            return false;
    return true;
}

static bool of_message(struct delivery_tracker *t, struct life *life, struct delivery_event *e)
{
    int32_t index = life->message;
    struct message *m = &t->messages[index];
    switch (e->line.kind) {
    case MAILLOG_DELIVERY:
        return outcome(t, index, e);
    case MAILLOG_QUEUED:
        if (m->submitted)
            return true;
        m->submitted = true;
        m->queued = e->time;
        e->kind = DELIVERY_SUBMITTED;
        e->about = m->seq;
        return strings_add_all(&e->recipients, &m->recipients);
    case MAILLOG_EXPIRED:
        if (!unfinished(m, &e->recipients))
            return false;
        e->kind = e->recipients.count ? DELIVERY_FAILED : DELIVERY_NONE;
        e->about = m->seq;
        finish(m, &e->recipients);
        return true;
    case MAILLOG_REJECTED:
        /* It never left; the same message may be tried again under another ID. */
        e->kind = e->line.status == STATUS_DEFERRED ? DELIVERY_DELAYED : DELIVERY_FAILED;
        e->about = m->seq;
        return strings_add_all(&e->recipients, &m->recipients);
    case MAILLOG_REMOVED:
        if (life->until > e->time) {
            life->until = e->time;
            life->ended = true;
        }
        return true;
    default:
        return true;
    }
}

/* A line about an accountant's message that no entry knows. */
static bool of_stray(struct life *life, struct delivery_event *e)
{
    const struct maillog_line *line = &e->line;
    char **keep = line->kind == MAILLOG_MESSAGE_ID ? &life->message_id
                  : line->kind == MAILLOG_QUEUED   ? &life->sender
                                                   : NULL;
    struct slice list = line->to, address;
    if (keep && !*keep)
        return slice_copy(line->kind == MAILLOG_QUEUED ? line->from : line->message_id, keep);
    if (line->kind == MAILLOG_REJECTED || line->kind == MAILLOG_REMOVED)
        life->settled = true; /* it did not leave, or is over */
    if (line->kind != MAILLOG_DELIVERY || life->settled)
        return true;
    if (line->orig_to.text)
        list = line->orig_to;
    e->kind = DELIVERY_UNRECORDED;
    while (maillog_next_address(&list, &address)) {
        char *text = NULL, *normal = NULL;
        bool done = slice_copy(address, &text) && text && (normal = address_normalise(text)) &&
                    strings_add_unique(&e->recipients, normal);
        free(text);
        free(normal);
        if (!done)
            return false;
    }
    return slice_copy((struct slice){life->login, strlen(life->login)}, &e->login) &&
           (!life->sender || (e->sender = strdup(life->sender))) &&
           (!life->message_id || (e->message_id = strdup(life->message_id)));
}

/* --- the line -------------------------------------------------------------------------------*/

/* "…, sasl_username=jeanne" with the login of an accountant. */
static bool is_accountants(const struct delivery_tracker *t, struct slice body)
{
    const char *at = memmem(body.text, body.len, "sasl_username=", 14);
    if (!at)
        return false;
    struct slice login = slice_after(body, (size_t)(at + 14 - body.text));
    return table_find(&t->logins, maillog_hash(login.text, slice_find(login, ", "))) != NOBODY;
}

/* A line whose queue ID is not known: may it make one known? */
static bool may_teach(const struct delivery_tracker *t, struct slice body)
{
    if (body.len < 12)
        return false;
    if (*body.text == 'm' && slice_begins(body, "message-id=") && t->by_message_id.count)
        return table_find(&t->by_message_id, maillog_hash(body.text + 11, body.len - 11)) != NOBODY;
    if (*body.text == 'c' && slice_begins(body, "client="))
        return is_accountants(t, body) || memmem(body.text, body.len, "orig_queue_id=", 14);
    if (*body.text == 'f' && slice_begins(body, "from=") && t->by_message_id.count) {
        const char *id = memmem(body.text, body.len, ", msgid=", 8); /* Sendmail's */
        struct slice rest = id ? slice_after(body, (size_t)(id + 8 - body.text)) : body;
        return id && table_find(&t->by_message_id,
                                maillog_hash(rest.text, slice_find(rest, ", "))) != NOBODY;
    }
    return *body.text == 'u' && slice_begins(body, "uid=") &&
           memmem(body.text, body.len, "orig_id=", 8);
}

static bool teach(struct delivery_tracker *t, struct delivery_event *e, uint64_t hash)
{
    const struct maillog_line *line = &e->line;
    if (line->kind == MAILLOG_ARRIVAL)
        return take_arrival(t, line, hash, e->time);
    if (!line->message_id.text)
        return true;
    int32_t index =
        table_find(&t->by_message_id, maillog_hash(line->message_id.text, line->message_id.len));
    return index == NOBODY || take_message_id(t, line, index, e->time);
}

static bool known_line(struct delivery_tracker *t, const struct maillog_glance *g,
                       struct delivery_event *e)
{
    bool daemon = slice_begins(e->line.program, "temoind");
    struct life *stray = life_at(t, g->queue_id, g->queue_hash, e->time, false);
    if (daemon) { /* it saw the message, and says in this line why there is no entry */
        if (stray)
            stray->settled = true;
        return true;
    }
    if (e->line.kind == MAILLOG_ARRIVAL || e->line.message_id.text)
        if (!teach(t, e, g->queue_hash))
            return false;
    struct life *life = life_at(t, g->queue_id, g->queue_hash, e->time, true);
    if (life)
        return of_message(t, life, e);
    stray = life_at(t, g->queue_id, g->queue_hash, e->time, false);
    return !stray || of_stray(stray, e);
}

bool delivery_line(struct delivery_tracker *t, const char *text, size_t len,
                   struct delivery_event *e)
{
    struct maillog_glance g;
    while (len && (text[len - 1] == '\r' || text[len - 1] == ' '))
        len--;
    enum maillog_look look = maillog_look(text, len, &g);
    if (look == MAILLOG_NOTHING)
        return true;
    if (look == MAILLOG_QUEUE && table_find(&t->by_id, g.queue_hash) == NOBODY) {
        if (g.body.len > 4 && memcmp(g.body.text, "to=<", 4) == 0)
            tls_used_by(t, g.pid, g.queue_hash);
        if (!may_teach(t, g.body))
            return true;
    }
    if (look == MAILLOG_TLS)
        tls_note(t, g.pid, text, len);
    if (look == MAILLOG_TLS || !maillog_parse(text, len, &e->line))
        return true;
    e->time = t->seconds_of(&e->line.stamp, t->context);
    return known_line(t, &g, e);
}
