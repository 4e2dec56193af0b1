/*
 * delivery_tls - the connection that a delivery used, from an earlier line of the same process
 *
 * One slot a process, by its number: a process speaks to one server at a time, and a slot that
 * another process takes over was the older one's.
 */
#include <stdio.h>
#include <string.h>

#include "policy/delivery_private.h"

static struct tls_slot *slot_of(struct delivery_tracker *t, long pid)
{
    return &t->tls[(unsigned long)pid % TLS_SLOTS];
}

/* One word without blanks, cut to the room. */
static void word(struct slice s, char *to, size_t room)
{
    size_t n = 0;
    for (; s.text && n < s.len && n + 1 < room && s.text[n] > ' ' && s.text[n] < 0x7f; n++)
        to[n] = s.text[n];
    to[n] = '\0';
}

void tls_note(struct delivery_tracker *t, const struct maillog_line *line)
{
    if (line->pid <= 0)
        return;
    struct tls_slot *s = slot_of(t, line->pid);
    *s = (struct tls_slot){.pid = line->pid, .order = ++t->tls_order};
    word(line->sendmail ? line->peer_name : line->relay, s->peer, sizeof s->peer);
    word(line->tls_version, s->version, sizeof s->version);
    word(line->tls_cipher, s->cipher, sizeof s->cipher);
    word(line->tls_trust, s->trust, sizeof s->trust);
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

static bool copy(const char *from, char **to)
{
    *to = *from && strcmp(from, "-") != 0 ? strdup(from) : NULL;
    return !*from || strcmp(from, "-") == 0 || *to;
}

bool tls_find(struct delivery_tracker *t, const struct maillog_line *line, uint64_t queue_hash,
              struct delivery_event *e)
{
    if (line->tls_version.text)
        return slice_copy(line->tls_version, &e->tls_version);
    if (line->pid <= 0 || line->agent != AGENT_SMTP)
        return true;
    tls_used_by(t, line->pid, queue_hash);
    const struct tls_slot *s = slot_of(t, line->pid);
    if (s->pid != line->pid || !slice_is(line->sendmail ? line->peer_name : line->relay, s->peer))
        return true;
    return copy(s->version, &e->tls_version) && copy(s->cipher, &e->tls_cipher) &&
           copy(s->trust, &e->tls_trust);
}
