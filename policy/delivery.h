/*
 * delivery - which lines of the mail server's log are about messages of ours, and what they say
 *
 * Synopsis
 *      struct delivery_tracker *t = delivery_new(settings, seconds_of, context);
 *      delivery_add(t, &message);                         // each outbound entry
 *      struct delivery_event e = {0};
 *      if (!delivery_line(t, text, len, &e)) ...out of memory...
 *      if (e.kind != DELIVERY_NONE) ...
 *      delivery_event_free(&e);
 *      delivery_free(t);
 *
 * A queue ID names a message for a while only: Postfix's short ones are used again within days.
 * So a line is about our message when its queue ID is the one that the entry keeps, its time lies
 * within that ID's life (from the entry to the "removed" line, or to the next arrival under the
 * same ID), and its recipient is one of the entry's. A message goes on under other IDs:
 *   - `postsuper -r` and before-queue filters log the old one (orig_id=, orig_queue_id=);
 *   - a content filter gives it back to us: the reply to the delivery names an ID ("queued as X")
 *     under which our own log has just seen the same Message-ID;
 *   - a client tries again after a refusal: same Message-ID, same login.
 * TLS stands on an earlier line of the same process, and counts for the first message that this
 * process delivers afterwards: a later one may use another connection.
 *
 * Lines of strangers cost a glance and a look into a hash table.
 */
#ifndef TEMOIN_POLICY_DELIVERY_H
#define TEMOIN_POLICY_DELIVERY_H

#include "policy/maillog.h"
#include "policy/settings.h"

enum delivery_kind {
    DELIVERY_NONE,
    DELIVERY_SUBMITTED,   /* our MTA queued it */
    DELIVERY_HANDED_OVER, /* another server answered 2xx */
    DELIVERY_RELAYED,     /* the 2xx is a server's of our own: a content filter, a smart host */
    DELIVERY_LOCAL,       /* handed to a mailbox or program of this server */
    DELIVERY_FAILED,      /* given up */
    DELIVERY_DELAYED,     /* to be tried again */
    DELIVERY_UNRECORDED,  /* an accountant's message that no entry knows */
};

/* "submitted", "handed-over", "relayed", "delivered-locally", "failed", "delayed", "unrecorded";
   "" for DELIVERY_NONE. */
const char *delivery_event_name(enum delivery_kind kind);
/* The other way round; DELIVERY_NONE: it is none of them. */
enum delivery_kind delivery_kind_of(const char *event);

/* An outbound entry, as far as the log can name it; copied. */
struct delivery_message {
    uint64_t seq;
    int64_t time;                      /* of the entry, seconds since 1970 */
    const char *queue_id;              /* NULL: the milter did not know it */
    const char *login;                 /* SASL; NULL: none */
    const struct strings *recipients;  /* normalised */
    const struct strings *message_ids; /* "<…>" */
};

struct delivery_event {
    enum delivery_kind kind;
    uint64_t about;            /* seq of the entry; 0 for DELIVERY_UNRECORDED */
    int64_t time;              /* of the line, seconds since 1970 */
    struct maillog_line line;  /* its slices point into the line that was given */
    struct strings recipients; /* normalised; those of ours that the line is about */
    char *tls_version, *tls_cipher, *tls_trust; /* NULL: not known */
    char *login, *sender, *message_id;          /* DELIVERY_UNRECORDED; NULL: not known */
};
void delivery_event_free(struct delivery_event *e);

struct delivery_tracker;

/* `seconds_of` turns a line's stamp into seconds since 1970: year and zone may be missing.
   `s` must outlive the tracker. NULL: out of memory. */
struct delivery_tracker *delivery_new(const struct settings *s,
                                      int64_t (*seconds_of)(const struct maillog_stamp *stamp,
                                                            void *context),
                                      void *context);
void delivery_free(struct delivery_tracker *t);

/* False: out of memory. */
bool delivery_add(struct delivery_tracker *t, const struct delivery_message *m);

/* What the log of entries says already: an event about `seq` for these recipients, under this queue
   ID (NULL: not told). An unknown `seq` is passed over. False: out of memory. */
bool delivery_add_known(struct delivery_tracker *t, uint64_t seq, enum delivery_kind kind,
                        const char *queue_id, int64_t time, const struct strings *recipients);

/* Take in one line, without its line feed. *e is empty before. False: out of memory. */
bool delivery_line(struct delivery_tracker *t, const char *text, size_t len,
                   struct delivery_event *e);

/* What must outlive the process and is in no entry: names under which messages go on, lives that
   ended, TLS that was not used yet. Each is a short line of text, to be given back later to
   delivery_restore() after the messages were added. False: out of memory. */
bool delivery_save(const struct delivery_tracker *t, struct strings *out);
bool delivery_restore(struct delivery_tracker *t, const struct strings *saved);

#endif
