/*
 * direction - which of the four directions a message takes, before the store is asked
 *
 * The cheap half of recognition: envelope, login, header From and tokens. "Unrelated" and
 * "internal" end the matter; "outbound" and "inbound" still mean "perhaps", and outbound.h or
 * inbound.h decide with the store's facts.
 */
#ifndef TEMOIN_POLICY_DIRECTION_H
#define TEMOIN_POLICY_DIRECTION_H

#include "policy/facts.h"
#include "policy/message.h"
#include "policy/settings.h"
#include "policy/token.h"

enum direction {
    DIRECTION_UNRELATED, /* nothing of ours can be in it */
    DIRECTION_OUTBOUND,  /* an accountant writes */
    DIRECTION_AGAIN,     /* a second pass of our own message: untouched */
    DIRECTION_INTERNAL,  /* own domain or authenticated, but no accountant's reminder: untouched */
    DIRECTION_INBOUND,   /* from outside, or a report to a token */
};

struct direction_found {
    enum direction direction;
    const char *reason;                  /* static, for the log line */
    const struct accountant *accountant; /* outbound only; owned by the settings */
    bool out_of_memory;                  /* and so `direction` says nothing */
};

/* "unrelated", "outbound", … */
const char *direction_name(enum direction direction);

/* Can a message of this envelope be of interest at all? Called when the envelope is complete
   and before any header: false lets the MTA go on without us. Never false for a message that
   direction_classify() would call outbound or inbound. */
bool direction_may_matter(const struct settings *s, const struct envelope *e);

/* `ring` checks the token of a second pass. Pure. */
struct direction_found direction_classify(const struct settings *s, const struct keyring *ring,
                                          const struct envelope *e, const struct reading *r);

/* What to ask the store for a message of this direction (outbound or inbound), into an empty
   `q`. `attachment_names` (may be NULL) matter outbound. For reports, `body_tokens` (may be
   NULL) are those found in the body, and `returned_ids` (may be NULL) the message-ids of the
   returned headers and of Original-Message-ID. False: out of memory. An inbound query with
   nothing in it but addresses means that the message is unrelated: query_is_idle(). */
bool query_build(const struct settings *s, const struct keyring *ring, enum direction direction,
                 const struct envelope *e, const struct reading *r,
                 const struct strings *attachment_names, const struct tokens *body_tokens,
                 const struct strings *returned_ids, struct query *q);
bool query_is_idle(const struct query *q);

/* The store cannot be read: may this inbound message be ours all the same? A valid token says
   so, a message-id that our own domains made, and an invoice number in a mail to an accountant.
   Any other thread is other people's. */
bool query_may_be_ours(const struct settings *s, const struct envelope *e, const struct query *q);

/* Does a recipient carry a valid token? Also true when there is no memory to look. */
bool recipients_hold_token(const struct settings *s, const struct keyring *ring,
                           const struct envelope *e);

/* Append every distinct match of invoice_pattern in a text (NULL: none), as far as it is no part
   of a longer word or number. False: out of memory. */
bool invoice_numbers_find(const struct settings *s, const char *text, struct strings *numbers);

/* Append the invoice numbers of a Temoin-Invoice field, parted by "," or ";", whatever their
   form; NULL: none. False: out of memory. */
bool invoice_header_find(const char *value, struct strings *numbers);

#endif
