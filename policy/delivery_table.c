/*
 * delivery_table - the tracker's memory: messages, queue IDs, what is saved between two runs
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/delivery_private.h"

/* --- tables ---------------------------------------------------------------------------------*/

static size_t place_of(const struct table *t, uint64_t hash)
{
    size_t at = (size_t)(hash ^ (hash >> 29)) & (t->room - 1);
    while (t->slots[at].hash && t->slots[at].hash != hash)
        at = (at + 1) & (t->room - 1);
    return at;
}

int32_t table_find(const struct table *t, uint64_t hash)
{
    if (!t->room)
        return NOBODY;
    const struct slot *s = &t->slots[place_of(t, hash)];
    return s->hash ? s->index : NOBODY;
}

static bool table_grow(struct table *t)
{
    struct table grown = {.room = t->room ? 2 * t->room : 64, .count = t->count};
    grown.slots = calloc(grown.room, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < t->room; i++)
        if (t->slots[i].hash)
            grown.slots[place_of(&grown, t->slots[i].hash)] = t->slots[i];
    free(t->slots);
    *t = grown;
    return true;
}

bool table_put(struct table *t, uint64_t hash, int32_t index)
{
    if (2 * (t->count + 1) > t->room && !table_grow(t))
        return false;
    struct slot *s = &t->slots[place_of(t, hash)];
    t->count += s->hash == 0;
    *s = (struct slot){hash, index};
    return true;
}

void table_free(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}

uint64_t seq_hash(uint64_t seq)
{
    return maillog_hash((const char *)&seq, sizeof seq);
}

bool slice_copy(struct slice from, char **to)
{
    *to = from.text ? strndup(from.text, from.len) : NULL;
    return !from.text || *to;
}

/* --- lives ----------------------------------------------------------------------------------*/

/* Room for one more; NULL: out of memory, and the array is as it was. */
static void *more(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    size_t wanted = *room ? 2 * *room : 64;
    void *grown = reallocarray(array, wanted, size);
    if (grown)
        *room = wanted;
    return grown;
}

bool life_add(struct delivery_tracker *t, struct slice id, int32_t message, int64_t since,
              struct life **made)
{
    struct life *grown = more(t->lives, t->life_count, &t->life_room, sizeof *grown);
    if (!grown)
        return false;
    t->lives = grown;
    struct life *l = &t->lives[t->life_count];
    *l = (struct life){.message = message, .since = since, .until = since + LIFE_S};
    size_t len = id.len < QUEUE_ID_MAX ? id.len : QUEUE_ID_MAX;
    memcpy(l->id, id.text, len);
    l->hash = maillog_hash(l->id, len);
    l->next = table_find(&t->by_id, l->hash);
    if (!table_put(&t->by_id, l->hash, (int32_t)t->life_count))
        return false;
    t->life_count++;
    *made = l;
    return true;
}

bool life_learn(struct delivery_tracker *t, struct slice id, int32_t message, int64_t since,
                struct life **made)
{
    if (!life_add(t, id, message, since, made))
        return false;
    (*made)->learned = true;
    t->messages[message].alias = (int32_t)(*made - t->lives);
    return true;
}

struct life *life_at(struct delivery_tracker *t, struct slice id, uint64_t hash, int64_t time,
                     bool of_message)
{
    struct life *best = NULL;
    for (int32_t i = table_find(&t->by_id, hash); i != NOBODY; i = t->lives[i].next) {
        struct life *l = &t->lives[i];
        if (slice_is(id, l->id) && (l->message != NOBODY) == of_message &&
            time >= l->since - EARLY_S && time <= l->until && (!best || l->since > best->since))
            best = l;
    }
    return best;
}

/* --- messages -------------------------------------------------------------------------------*/

static bool note_logins(struct delivery_tracker *t)
{
    for (size_t i = 0; i < t->settings->accountant_count; i++) {
        const struct strings *logins = &t->settings->accountants[i].logins;
        for (size_t k = 0; k < logins->count; k++)
            if (!table_put(&t->logins, maillog_hash(logins->items[k], strlen(logins->items[k])), 0))
                return false;
    }
    return true;
}

struct delivery_tracker *
delivery_new(const struct settings *s,
             int64_t (*seconds_of)(const struct maillog_stamp *stamp, void *context), void *context)
{
    struct delivery_tracker *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->settings = s;
    t->seconds_of = seconds_of;
    t->context = context;
    t->tls = calloc(TLS_SLOTS, sizeof *t->tls);
    if (t->tls && note_logins(t))
        return t;
    delivery_free(t);
    return NULL;
}

void delivery_free(struct delivery_tracker *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->message_count; i++) {
        free(t->messages[i].login);
        strings_free(&t->messages[i].recipients);
        strings_free(&t->messages[i].message_ids);
    }
    for (size_t i = 0; i < t->life_count; i++) {
        free(t->lives[i].login);
        free(t->lives[i].sender);
        free(t->lives[i].message_id);
    }
    free(t->messages);
    free(t->lives);
    table_free(&t->by_id);
    table_free(&t->by_message_id);
    table_free(&t->by_seq);
    table_free(&t->logins);
    free(t->tls);
    free(t);
}

static struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

bool delivery_add(struct delivery_tracker *t, const struct delivery_message *m)
{
    struct message *grown = more(t->messages, t->message_count, &t->message_room, sizeof *grown);
    struct life *life;
    if (!grown)
        return false;
    t->messages = grown;
    struct message *n = &t->messages[t->message_count];
    int32_t index = (int32_t)t->message_count;
    *n = (struct message){.seq = m->seq, .time = m->time, .alias = NOBODY};
    t->message_count++;
    if (!strings_add_all(&n->recipients, m->recipients) ||
        !strings_add_all(&n->message_ids, m->message_ids) ||
        (m->login && !(n->login = strdup(m->login))) ||
        !table_put(&t->by_seq, seq_hash(m->seq), index))
        return false;
    for (size_t i = 0; i < m->message_ids->count; i++) {
        struct slice id = slice_of(m->message_ids->items[i]);
        if (!table_put(&t->by_message_id, maillog_hash(id.text, id.len), index))
            return false;
    }
    return !m->queue_id || life_add(t, slice_of(m->queue_id), index, m->time, &life);
}

/* --- what is known already ------------------------------------------------------------------*/

static void finish(struct message *m, const struct strings *recipients)
{
    for (size_t i = 0; i < m->recipients.count && i < RECIPIENTS_TRACKED; i++)
        if (strings_contain(recipients, m->recipients.items[i]))
            m->finished |= UINT64_C(1) << i;
}

bool delivery_add_known(struct delivery_tracker *t, uint64_t seq, enum delivery_kind kind,
                        const char *queue_id, int64_t time, const struct strings *recipients)
{
    int32_t index = table_find(&t->by_seq, seq_hash(seq));
    struct life *life;
    if (index == NOBODY)
        return true;
    struct message *m = &t->messages[index];
    if (kind == DELIVERY_SUBMITTED) {
        m->submitted = true;
        m->queued = time;
    }
    if (kind == DELIVERY_HANDED_OVER || kind == DELIVERY_LOCAL || kind == DELIVERY_FAILED)
        finish(m, recipients);
    if (!queue_id || time < m->time - EARLY_S)
        return true;
    struct slice id = slice_of(queue_id);
    if (life_at(t, id, maillog_hash(id.text, id.len), time, true))
        return true;
    return life_learn(t, id, index, time, &life);
}

/* --- saving ---------------------------------------------------------------------------------*/

static bool save_life(const struct delivery_tracker *t, const struct life *l, struct strings *out)
{
    char line[160];
    if (l->message == NOBODY || !(l->learned || l->ended))
        return true;
    snprintf(line, sizeof line, "life %s %" PRIu64 " %" PRId64 " %" PRId64 " %d", l->id,
             t->messages[l->message].seq, l->since, l->until, l->ended);
    return strings_add(out, line);
}

bool delivery_save(const struct delivery_tracker *t, struct strings *out)
{
    char line[64 + TLS_LINE];
    for (size_t i = 0; i < t->life_count; i++)
        if (!save_life(t, &t->lives[i], out))
            return false;
    for (size_t i = 0; i < TLS_SLOTS; i++) {
        const struct tls_slot *s = &t->tls[i];
        if (!s->pid || s->order + TLS_SAVED <= t->tls_order)
            continue;
        snprintf(line, sizeof line, "tls %ld %" PRIu64 " %s", s->pid, s->user, s->line);
        if (!strings_add(out, line))
            return false;
    }
    return true;
}

static bool restore_life(struct delivery_tracker *t, const char *text)
{
    char id[QUEUE_ID_MAX + 1];
    uint64_t seq;
    int64_t since, until;
    int ended;
    struct life *life;
    if (sscanf(text, "life %24s %" SCNu64 " %" SCNd64 " %" SCNd64 " %d", id, &seq, &since, &until,
               &ended) != 5)
        return true;
    int32_t message = table_find(&t->by_seq, seq_hash(seq));
    if (message == NOBODY)
        return true;
    struct slice name = slice_of(id);
    int32_t i = table_find(&t->by_id, maillog_hash(id, name.len));
    while (i != NOBODY && !(slice_is(name, t->lives[i].id) && t->lives[i].message == message))
        i = t->lives[i].next;
    if (i != NOBODY)
        life = &t->lives[i];
    else if (!life_learn(t, name, message, since, &life))
        return false;
    life->since = since < life->since ? since : life->since;
    life->until = until;
    life->ended = ended;
    return true;
}

static void restore_tls(struct delivery_tracker *t, const char *text)
{
    long pid;
    uint64_t user;
    int used = 0;
    if (sscanf(text, "tls %ld %" SCNu64 " %n", &pid, &user, &used) != 2 || !used || pid <= 0)
        return;
    tls_note(t, pid, text + used, strlen(text + used));
    t->tls[(unsigned long)pid % TLS_SLOTS].user = user;
}

bool delivery_restore(struct delivery_tracker *t, const struct strings *saved)
{
    for (size_t i = 0; i < saved->count; i++) {
        if (strncmp(saved->items[i], "tls ", 4) == 0)
            restore_tls(t, saved->items[i]);
        else if (!restore_life(t, saved->items[i]))
            return false;
    }
    return true;
}
