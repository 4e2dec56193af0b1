/*
 * maillog - one line of a mail server's log, taken apart
 *
 * Synopsis
 *      struct maillog_glance g;
 *      struct maillog_line line;
 *      if (maillog_look(text, len, &g) == MAILLOG_QUEUE && ...g.queue_hash is one of ours... &&
 *          maillog_parse(text, len, &line))
 *              ... line.kind, line.queue_id, line.status, line.reply ...
 *
 * Postfix 2.x to 3.x (syslog_name/service, so also of multi-instance set-ups) and Sendmail 8.x, as
 * written by postlogd, by syslogd with RFC 3164 stamps, by rsyslog with ISO 8601 stamps, and as
 * RFC 5424 frames. Nothing is allocated: slices point into the text. Looking at a line costs some
 * ten nanoseconds, since nearly all lines are of strangers' mail.
 *
 * What a line says is what the MTA was told: hosts, replies and addresses come from outside.
 */
#ifndef TEMOIN_POLICY_MAILLOG_H
#define TEMOIN_POLICY_MAILLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUEUE_ID_MAX = 24, MAILLOG_LINE_MAX = 65536 };

struct slice {
    const char *text; /* NULL: absent */
    size_t len;
};

bool slice_is(struct slice s, const char *text);
bool slice_begins(struct slice s, const char *text);

/* A time as the line writes it: local time, unless has_zone. */
struct maillog_stamp {
    int year; /* 0: not written (RFC 3164) */
    int month, day, hour, minute, second;
    bool has_zone;
    int zone_s; /* seconds east of UTC */
};

/* --- the glance -----------------------------------------------------------------------------*/

enum maillog_look {
    MAILLOG_NOTHING,
    MAILLOG_QUEUE, /* begins with a queue ID, or what looks like one */
    MAILLOG_TLS,   /* a client's TLS connection */
};

struct maillog_glance {
    long pid; /* -1: none */
    struct slice queue_id;
    uint64_t queue_hash; /* maillog_hash() of it */
    struct slice body;   /* after "queue ID: ", or after "program[pid]: " */
};

/* `text` is one line without its line feed; a CR at its end is not looked at. */
enum maillog_look maillog_look(const char *text, size_t len, struct maillog_glance *g);

/* Of a queue ID or Message-ID; never 0. */
uint64_t maillog_hash(const char *text, size_t len);

/* --- the whole line -------------------------------------------------------------------------*/

enum maillog_kind {
    MAILLOG_OTHER,
    MAILLOG_TLS_UP,     /* peer, tls_version, tls_cipher, tls_trust */
    MAILLOG_ARRIVAL,    /* from a client or a local program: login, client, orig_id */
    MAILLOG_MESSAGE_ID, /* message_id */
    MAILLOG_QUEUED,     /* from; Sendmail: message_id, too */
    MAILLOG_EXPIRED,    /* given up after the queue's lifetime */
    MAILLOG_REMOVED,    /* the queue file's end */
    MAILLOG_DELIVERY,   /* an attempt: to, relay, status, reply or reason */
    MAILLOG_REJECTED,   /* a milter of our own server refused the message: reply */
};

enum maillog_status { STATUS_OTHER, STATUS_SENT, STATUS_DEFERRED, STATUS_BOUNCED };

/* Who handled a delivery. */
enum maillog_agent {
    AGENT_SMTP,    /* speaks to another server */
    AGENT_LOCAL,   /* a mailbox, a program or the bin of this server */
    AGENT_NOBODY,  /* the queue manager or the bounce service */
    AGENT_OUR_HUB, /* Sendmail's mailer "relay": the configured smart host */
};

struct maillog_line {
    enum maillog_kind kind;
    bool sendmail;
    struct maillog_stamp stamp;
    struct slice host, program, service; /* "mail", "postfix/smtp", "smtp" */
    long pid;                            /* -1: none */
    struct slice queue_id;
    struct slice from, to, orig_to; /* without "<>"; `to` of Sendmail: "<a@x>,<b@x>" as written */
    struct slice relay;             /* as written */
    struct slice peer_name, peer_address; /* out of `relay` or the TLS line; address without "[]" */
    int peer_port;                        /* 0: not written */
    enum maillog_agent agent;
    struct slice dsn; /* "2.0.0" */
    enum maillog_status status;
    struct slice reply;     /* the remote server's words; absent: it did not answer */
    struct slice reason;    /* our own server's words; absent where `reply` is all there is */
    struct slice queued_as; /* the queue ID that the reply names */
    bool reused;            /* a connection that served other messages before */
    struct slice login, client, orig_id, message_id;
    struct slice tls_version, tls_cipher, tls_trust; /* trust: "Verified", "Untrusted", … */
};

/* Take a line apart. False: no line of a mail program with a stamp that can be read. */
bool maillog_parse(const char *text, size_t len, struct maillog_line *line);

/* The year of a stamp without one, so that it lies at most two days after the day of `reference`
   (whose fields are in the same zone). */
int maillog_year(const struct maillog_stamp *stamp, const struct maillog_stamp *reference);

/* Seconds since 1970 of a stamp with year and zone. */
int64_t maillog_seconds(const struct maillog_stamp *stamp);

/* The next address of a list "<a@x>,<b@y>" or "a@x, b@y"; cut off from *list. False: no more. */
bool maillog_next_address(struct slice *list, struct slice *address);

#endif
