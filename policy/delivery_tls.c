/*
 * delivery_tls - the connection that a delivery used, from an earlier line of the same process
 *
 * One slot a process, by its number: a process speaks to one server at a time, and a slot that
 * another process takes over was the older one's.
 */
#include <string.h>

#include "policy/delivery_private.h"

static struct tls_slot *slot_of(struct delivery_tracker *t, long pid)
{
    return &t->tls[(unsigned long)pid % TLS_SLOTS];
}

void tls_note(struct delivery_tracker *t, long pid, const char *text, size_t len)
{
    if (pid <= 0 || len > TLS_LINE)
        return;
    struct tls_slot *s = slot_of(t, pid);
    s->pid = pid;
    s->user = 0;
    s->order = ++t->tls_order;
    s->len = len;
    memcpy(s->line, text, len);
    s->line[len] = '\0';
}

void tls_used_by(struct delivery_tracker *t, long pid, uint64_t queue_hash)
{
    if (pid <= 0)
        return;
    struct tls_slot *s = slot_of(t, pid);
    if (s->pid != pid)
        return;
    if (!s->user)
        s->user = queue_hash;
    else if (s->user != queue_hash)
        s->pid = 0;
}

bool tls_find(struct delivery_tracker *t, const struct maillog_line *line, uint64_t queue_hash,
              struct delivery_event *e)
{
    struct maillog_line up;
    if (line->tls_version.text)
        return slice_copy(line->tls_version, &e->tls_version);
    if (line->pid <= 0 || (line->agent != AGENT_SMTP && line->agent != AGENT_OUR_HUB))
        return true;
    tls_used_by(t, line->pid, queue_hash);
    const struct tls_slot *s = slot_of(t, line->pid);
    if (s->pid != line->pid || !maillog_parse(s->line, s->len, &up) || up.kind != MAILLOG_TLS_UP)
        return true;
    struct slice here = line->sendmail ? line->peer_name : line->relay;
    struct slice there = up.sendmail ? up.peer_name : up.relay;
    if (here.len != there.len || memcmp(here.text, there.text, here.len) != 0)
        return true;
    return slice_copy(up.tls_version, &e->tls_version) &&
           slice_copy(up.tls_cipher, &e->tls_cipher) && slice_copy(up.tls_trust, &e->tls_trust);
}
