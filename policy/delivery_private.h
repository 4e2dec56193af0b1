/*
 * delivery_private - what the parts of delivery share: messages, the lives of queue IDs, TLS
 */
#ifndef TEMOIN_POLICY_DELIVERY_PRIVATE_H
#define TEMOIN_POLICY_DELIVERY_PRIVATE_H

#include "policy/delivery.h"

enum {
    NOBODY = -1,             /* no index */
    EARLY_S = 2,             /* stamps are whole seconds, and the entry is made in between */
    LIFE_S = 10 * 24 * 3600, /* longer than servers try (RFC 5321, 4.5.4.1: some days) */
    TLS_SLOTS = 1024,        /* a power of two */
    TLS_SAVED = 64,          /* the latest ones */
    TLS_LINE = 480,          /* longer ones are not kept */
    ARRIVES_S = 3600,        /* an entry and its message's arrival are not further apart */
    RECIPIENTS_TRACKED = 64,
};

struct message {
    uint64_t seq;
    int64_t time;
    char *login;
    struct strings recipients, message_ids;
    bool submitted;
    int64_t queued;    /* when, as far as `submitted` */
    uint64_t finished; /* bit i: recipient i was handed over, delivered or given up */
    int32_t alias;     /* the life under which it was seen last, other than the entry's; NOBODY */
};

/* A queue ID names a message from `since` to `until`. */
struct life {
    char id[QUEUE_ID_MAX + 1];
    uint64_t hash;
    int32_t message; /* index; NOBODY: an accountant's, which no entry knows yet */
    int32_t next;    /* with the same hash; NOBODY */
    int64_t since, until;
    bool learned;                      /* in no entry: to be saved */
    bool ended;                        /* `until` was seen in the log */
    bool settled;                      /* NOBODY's: somebody has accounted for it */
    char *login, *sender, *message_id; /* NOBODY's */
};

/* hash -> index, open addressing; 0 is no hash. */
struct slot {
    uint64_t hash;
    int32_t index;
};
struct table {
    struct slot *slots;
    size_t room, count; /* room: a power of two, or 0 */
};

struct tls_slot {
    long pid;       /* 0: empty */
    uint64_t user;  /* hash of the queue ID that uses it; 0: nobody yet */
    uint64_t order; /* the later, the higher */
    size_t len;
    char line[TLS_LINE + 1]; /* as it stands in the log: few are ever looked into */
};

struct delivery_tracker {
    const struct settings *settings;
    int64_t (*seconds_of)(const struct maillog_stamp *stamp, void *context);
    void *context;
    struct message *messages;
    size_t message_count, message_room;
    struct life *lives;
    size_t life_count, life_room;
    struct table by_id, by_message_id, by_seq; /* lives; messages; messages */
    struct table logins;                       /* of accountants */
    struct tls_slot *tls;
    uint64_t tls_order;
};

/* delivery_table.c. table_find: NOBODY: not there. table_put replaces. False: out of memory. */
int32_t table_find(const struct table *t, uint64_t hash);
bool table_put(struct table *t, uint64_t hash, int32_t index);
void table_free(struct table *t);
uint64_t seq_hash(uint64_t seq);

/* A new life of a queue ID; *made stays valid until the next one. False: out of memory. */
bool life_add(struct delivery_tracker *t, struct slice id, int32_t message, int64_t since,
              struct life **made);
/* The same for a message that goes on under another ID than its entry's. */
bool life_learn(struct delivery_tracker *t, struct slice id, int32_t message, int64_t since,
                struct life **made);
/* The life of this ID, among those with its hash, in which the time falls and which is (not) of a
   message; the latest. NULL: none. */
struct life *life_at(struct delivery_tracker *t, struct slice id, uint64_t hash, int64_t time,
                     bool of_message);
/* A copy of a slice; an absent one gives NULL. False: out of memory. */
bool slice_copy(struct slice from, char **to);

/* delivery_tls.c */
void tls_note(struct delivery_tracker *t, long pid, const char *text, size_t len);
/* Another message's delivery by this process: what was seen before is not known to be of it. */
void tls_used_by(struct delivery_tracker *t, long pid, uint64_t queue_hash);
bool tls_find(struct delivery_tracker *t, const struct maillog_line *line, uint64_t queue_hash,
              struct delivery_event *e);

#endif
