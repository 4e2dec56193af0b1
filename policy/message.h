/*
 * message - a message as the mail path sees it: envelope, header fields, and what they say
 *
 * Synopsis
 *      struct fields f = {0};
 *      fields_add(&f, "Subject", " =?utf-8?Q?Facture?=");
 *      struct reading r = {0};
 *      if (!reading_take(&f, &r)) ...out of memory...
 *      reading_free(&r);
 *      fields_free(&f);
 *
 * Nothing here looks into the body; see report.h and attachment.h for the two exceptions that
 * the mail path makes. Limits: a field longer than FIELD_MAX octets is kept for the archive but
 * is read only up to there (of ids, beginning and end); at most IDS_MAX message-ids and
 * ADDRESSES_MAX addresses are read. reading_take() needs g_mime_init() to have been called once; it
 * may run on many threads.
 */
#ifndef TEMOIN_POLICY_MESSAGE_H
#define TEMOIN_POLICY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/autoreply_signs.h"
#include "policy/bytes.h"

enum { FIELD_MAX = 64 * 1024, IDS_MAX = 200, ADDRESSES_MAX = 1000, RESULTS_MAX = 8 };

/* One header field as the milter protocol hands it over (SMFIP_HDR_LEADSPC): `value` begins
   with the space after the colon, when there was one; continuation lines are split by LF. */
struct field {
    char *name;
    char *value;
};

struct fields {
    struct field *items;
    size_t count;
    size_t room;
    size_t octets; /* of all names and values */
};

/* Append / insert before position `at` (at most count) / replace the value / remove. Copies
   are made. False: out of memory. */
bool fields_add(struct fields *f, const char *name, const char *value);
bool fields_insert(struct fields *f, size_t at, const char *name, const char *value);
bool fields_set(struct fields *f, size_t at, const char *value);
void fields_remove(struct fields *f, size_t at);

/* Deep copy into an empty `to`. False: out of memory. */
bool fields_copy(const struct fields *from, struct fields *to);
void fields_free(struct fields *f);

/* Position of the `instance`-th field (from 1) of that name, compared without case; `count`
   when there is none. */
size_t fields_find(const struct fields *f, const char *name, unsigned instance);

/* How many fields of that name there are. */
size_t fields_count(const struct fields *f, const char *name);

/* Append the header as it stands on the wire, "Name:value CRLF" for each field with every bare
   LF made CRLF, and the empty line that ends it. False: out of memory. */
bool fields_render(const struct fields *f, struct bytes *out);

/* Split a stored message (LF or CRLF) at its first empty line: fields into `f`, the body's
   offset into *body. A line that is no field (e.g. "From " of an mbox) is skipped; a NUL in a
   field becomes a blank.
   False: out of memory. */
bool fields_parse(const char *message, size_t len, struct fields *f, size_t *body);

struct envelope {
    char *queue_id;            /* NULL until the MTA tells */
    char *sender;              /* without angle brackets, as received; "" is the null sender */
    struct strings recipients; /* without angle brackets, as received */
    char *login;               /* {auth_authen}; NULL: not authenticated */
    char *client_address;      /* textual IP; NULL: not known (local submission, family U) */
    char *client_name;
    char *helo;
    char *tls_version; /* {tls_version}; NULL: clear text */
    bool smtp;         /* false: local submission or the MTA's own bounce */
};

void envelope_free(struct envelope *e);

/* What a MAIL or RCPT argument means: strips blanks, angle brackets and a source route.
   "" and "<>" give "". The caller owns it. NULL: out of memory. */
char *envelope_address(const char *argument);

enum message_kind {
    KIND_REPLY,      /* somebody wrote it (or so it looks) */
    KIND_DSN,        /* delivery status notification, RFC 3464 */
    KIND_MDN,        /* message disposition notification, RFC 8098 */
    KIND_AUTO_REPLY, /* RFC 3834 and what is sent without it */
};

/* "reply", "dsn", "mdn", "auto-reply". */
const char *message_kind_name(enum message_kind kind);

struct reading {
    struct strings from;        /* normalised addresses (address.h) of From; Sender is not read */
    struct strings to;          /* normalised addresses of To and Cc */
    char *subject;              /* decoded (RFC 2047), unfolded, valid UTF-8; "" when absent */
    char *base_subject;         /* without reply and forward prefixes, list tags, case folded */
    char *message_id;           /* "<…>" or NULL when absent or unusable */
    struct strings in_reply_to; /* "<…>", comments removed, in order */
    struct strings references;
    char *token_header;   /* value of Temoin-Token, trimmed; NULL: none */
    char *invoice_header; /* value of Temoin-Invoice, trimmed; NULL: none */
    char *content_type;   /* trimmed and unfolded; NULL: none */
    enum message_kind kind;
    bool personal; /* subject marked "personnel" or "privé", or Sensitivity personal/private */
    bool has_dkim; /* a DKIM-Signature is there */
    bool has_reply_to;
    char *reply_to;           /* the single normalised address of Reply-To; NULL: none or several */
    bool has_notification_to; /* Disposition-Notification-To is there */
    /* Authentication-Results fields above the first Received, as they are: what servers of ours
       added since the message came in (RFC 8601, 4); at most RESULTS_MAX */
    struct strings authentication_results;
    struct autoreply_signs signs; /* of a program that wrote it */
};

/* Read a header. `r` is empty before. Any input is read, if only in part; false: out of memory. */
bool reading_take(const struct fields *f, struct reading *r);
void reading_free(struct reading *r);

#endif
