/*
 * session - one SMTP session with the MTA, whatever engine speaks the protocol
 *
 * Synopsis
 *      struct session *s = session_new(services);
 *      session_connect(s, name, address); session_helo(s, helo, tls_version);
 *      session_envfrom(s, &opening); session_envrcpt(s, "<a@b>"); ...
 *      session_header(s, name, value); ...
 *      verdict = session_eoh(s, &mta, queue_id);
 *      verdict = session_body(s, chunk, len); ...
 *      verdict = session_eom(s, &mta, queue_id);
 *      session_free(s);
 *
 * The engine calls these in the protocol's order, on any thread but never two at a time for
 * one session, and hands verdicts to the MTA. Connect, helo and envelope have no verdict: the
 * decision falls at the end of the header, at the end of the message, or (when the envelope
 * shows that nothing can be ours) at the first header field. Any other verdict than CONTINUE and
 * SKIP ends the message and frees what was held for it; so do session_abort() and the next
 * session_envfrom(). Every call is safe in any order (an MTA may leave out what it likes).
 *
 * Limits: a message whose header passes HEADER_OCTETS_MAX or HEADER_FIELDS_MAX, or comes when
 * all sessions together hold HEADER_OCTETS_ALL, is passed on untouched with a warning. It is
 * refused for now when it may be ours: from an accountant's login, to a recipient with a valid
 * token, or when what was read up to the limit names something of ours.
 */
#ifndef TEMOIN_MILTER_SESSION_H
#define TEMOIN_MILTER_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/services.h"

enum {
    HEADER_OCTETS_MAX = 4 * 1024 * 1024,
    HEADER_FIELDS_MAX = 20000,
    HEADER_OCTETS_ALL = 64 * 1024 * 1024,
    RECIPIENTS_MAX = 20000,
};

enum verdict {
    VERDICT_CONTINUE,
    VERDICT_SKIP, /* no more body chunks are wanted, only the end of the message */
    VERDICT_ACCEPT,
    VERDICT_REJECT,   /* for ever, with the reply set before */
    VERDICT_TEMPFAIL, /* for now */
};

/* What the decisions can ask of the MTA. Edits are possible at the end of a message only.
   Functions return false when the MTA, or the way to it, refused. */
struct mta {
    void *context;
    bool (*change_sender)(void *context, const char *address, const char *arguments);
    bool (*add_recipient)(void *context, const char *address);
    bool (*remove_recipient)(void *context, const char *address);
    /* Values are those of struct field: leading space, LF between lines. */
    bool (*add_field)(void *context, const char *name, const char *value);
    /* The instance-th field of that name (from 1); value NULL deletes it. */
    bool (*change_field)(void *context, const char *name, unsigned instance, const char *value);
    /* The SMTP reply that goes with a REJECT (5xx) or TEMPFAIL (4xx); any text is made fit. */
    bool (*set_reply)(void *context, const char *code, const char *enhanced, const char *text);
};

/* What MAIL tells. */
struct opening {
    const char *sender;   /* the argument as it came: "<a@b>", "", "<>" */
    const char *login;    /* {auth_authen}; NULL or "": none */
    const char *queue_id; /* NULL: not yet known */
    bool smtp;            /* false: local submission or the MTA's own bounce */
};

struct session;

/* NULL: out of memory. Takes the configuration of now and keeps it until its end. */
struct session *session_new(struct services *services);
void session_free(struct session *s);

/* `address` textual; NULL: not known. Both may be hostile octets. */
void session_connect(struct session *s, const char *name, const char *address);
void session_helo(struct session *s, const char *helo, const char *tls_version);
void session_envfrom(struct session *s, const struct opening *opening);
void session_envrcpt(struct session *s, const char *argument);
enum verdict session_header(struct session *s, const char *name, const char *value);
enum verdict session_eoh(struct session *s, const struct mta *mta, const char *queue_id);
enum verdict session_body(struct session *s, const void *data, size_t len);
enum verdict session_eom(struct session *s, const struct mta *mta, const char *queue_id);
void session_abort(struct session *s);

#endif
