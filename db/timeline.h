/*
 * timeline - a dossier as people look at it: the register's sums, the entries in order, and
 *            what waits in review
 *
 * Synopsis
 *      struct timeline t = {0};
 *      st = timeline_load(&sources, "F-2026-001", &t, &err);
 *      json_t *json = timeline_json(&t);   or   timeline_text(&t, &out);
 *      timeline_free(&t);
 *
 * All text in it is valid UTF-8 without control characters, whoever wrote it (policy/text.h;
 * g_mime_init() must have been called). Subject and From are read from the archived message,
 * the recipients from its envelope. Nothing is verified here: that is what db/verify.h is for.
 */
#ifndef TEMOIN_DB_TIMELINE_H
#define TEMOIN_DB_TIMELINE_H

#include "db/attribution_read.h"
#include "db/dkim_entry.h"
#include "db/dkim_index.h"
#include "db/facts_db.h"
#include "db/register.h"
#include "db/seal.h"

/* What is known of what a message says (timeline_facts.h). */
enum item_reading { READING_NONE, READING_WAITS, READING_DONE, READING_FAILED };

/* A report says that a message of ours was not delivered to one of its recipients, or not yet. */
struct timeline_return {
    size_t by;    /* the report, in timeline.items */
    json_t *told; /* recipient, action, status, words: facts_json.h */
};

struct timeline_item {
    uint64_t n;     /* number in the dossier; 0: in review */
    uint64_t seq;   /* number in the log */
    uint64_t about; /* the entry that a review decision, or a line of the mail log, is about; 0 */
    bool decides;   /* a review decision: */
    bool brings;    /* it put the message of `about` into this dossier */
    bool elsewhere; /* it put it into another one: nothing of the message is here */
    char *time;     /* "2026-11-21T21:07:07Z"; "" when the record does not say */
    char *event;
    char *direction; /* "outbound", "inbound"; NULL: a fact */
    enum proof_level level;
    struct attribution_reading author; /* of the message; of `about` when there is one */
    char *kind;                        /* "reminder", "answer", "reply", …; NULL */
    char *strength;                    /* "strong", "review": how surely it was matched; NULL */
    char *subject; /* the message's; of `about` when there is one; NULL: no message */
    char *from;    /* its From field, decoded; NULL */
    struct strings to;
    bool has_message;
    bool dropped;                    /* only hash and size were kept */
    bool erased;                     /* the private part is gone; then, where an erasure tells: */
    uint64_t erased_by;              /* its number in the log */
    char *erased_at, *erased_ground; /* its time; a name of policy/erasure.h; else NULL */
    uint64_t size;
    bool is_signed;
    char *text; /* of a note; the reason of a decision; NULL */
    /* of what a person entered or decided, as the command noted it; each may be NULL: */
    char *entered_by;               /* the account */
    char *erased_for, *seconded_by; /* of an erasure: who ordered it, who confirmed that */
    char *ground;                   /* of an erasure: a name of policy/erasure.h */
    /* of a fact that the program suggested in the message of `about` and a person confirmed: */
    char *confirmed;     /* what was suggested: "promise", "already-paid", …; NULL */
    char *confirmed_by;  /* who did; NULL: not known */
    char *confirmed_day; /* which the program understood, and which ends `text` in brackets; NULL */

    /* of what the mail server's log tells (db/follow.h): */
    bool logged;
    char *remote;     /* the server: "mx.debtor.example [192.0.2.1]:25, TLSv1.3"; NULL */
    char *smtp_reply; /* its words; NULL: it did not answer */
    char *log_reason; /* our own server's words; NULL */
    char *log_line;   /* the whole line; NULL */
    size_t next;      /* the next item about the same message; 0: none; of a message: the first */

    /* of what was read in the message; of `about` for a decision (timeline_facts.h): */
    enum item_reading reading;
    json_t *facts;      /* DONE */
    char *unread;       /* FAILED: why */
    json_t *report;     /* from outside: the mail path's own glance at a report; NULL */
    char *token;        /* of a message of ours; NULL */
    struct strings ids; /* Message-IDs of a message of ours */
    struct timeline_return *returns; /* of a message of ours */
    size_t return_count;

    char *occurred; /* the day that a fact is about; NULL */
    bool has_amount;
    int64_t amount; /* minor units */
    char *currency;
    uint64_t key_of_n;  /* its number in the dossier; 0: none */
    uint64_t key_of;    /* DNS keys: of the message with this number in the log; else 0 */
    json_t *keys;       /* DNS keys: the private part (db/dkim_entry.h); else NULL */
    char *key_words[2]; /* the same in words, by language; else NULL */
};

struct timeline {
    char *invoice;
    bool registered; /* the register knows the number: */
    struct register_invoice bill;
    uint64_t paused_by; /* seq; 0: not paused */
    struct timeline_item *items;
    size_t count;
    struct timeline_item *reviews; /* proposed for this invoice, not yet decided */
    size_t review_count;
};

struct timeline_sources {
    struct store *store;
    struct seal_store *seals;
    struct register_db *bills; /* NULL: there is no register yet */
    struct dkim_index *keys;   /* NULL: no DNS key was ever asked for */
    struct facts_db *facts;    /* NULL: nothing was read yet, or: */
    bool unread;               /* nobody wants to know what messages say */
};

/* STORE_NOT_FOUND: neither register, log nor review know the number. */
enum store_status timeline_load(const struct timeline_sources *from, const char *invoice,
                                struct timeline *t, struct store_error *err);
void timeline_free(struct timeline *t);

/* timeline_keys.c: what was kept of the keys of the messages' signatures. */
enum store_status timeline_keys_load(const struct timeline_sources *from, struct timeline *t,
                                     struct store_error *err);

/* Take off the entries after the one numbered `last` in the log, and what waits in review. */
void timeline_cut(struct timeline *t, uint64_t last);

/* What the mail server's log tells of a message: for each recipient that it names, the last item.
   The list is the caller's to free(), its members are the timeline's. False: out of memory. */
struct timeline_outcome {
    const char *to;
    const struct timeline_item *item;
};
bool timeline_outcomes(const struct timeline *t, const struct timeline_item *message,
                       struct timeline_outcome **list, size_t *count);

/* What an entry is, with the reservation that its author's authentication calls for. */
const char *timeline_words(const struct timeline_item *i, enum language language);
/* Who wrote a message from outside, as far as that is shown; appends nothing for another item.
   False: out of memory. */
bool timeline_author(const struct timeline_item *i, enum language language, struct bytes *out);

/* Who entered or decided it: "account root", "Jeanne Petit (account root), confirmed by …"; appends
   nothing where nobody is named. False: out of memory. */
bool timeline_entered(const struct timeline_item *i, enum language language, struct bytes *out);

/* What an erasure took out of this dossier, and why: "exhibits 3, 7; ground: …"; appends nothing
   for another item. False: out of memory. */
bool timeline_erasure(const struct timeline *t, const struct timeline_item *i,
                      enum language language, struct bytes *out);

/* What `text` is called: "Text", "Reason", "Reference". */
const char *timeline_text_name(const struct timeline_item *i, enum language language);

/* "exhibit 3: s1._domainkey.debtor.example: key found, …" of an entry about DNS keys; appends
   nothing for another item. False: out of memory. */
bool timeline_keys_words(const struct timeline_item *i, enum language language, struct bytes *out);

/* For programs: sorted keys are the caller's business. NULL: out of memory. */
json_t *timeline_json(const struct timeline *t);

/* For people, in English. False: out of memory. */
bool timeline_text(const struct timeline *t, struct bytes *out);

#endif
