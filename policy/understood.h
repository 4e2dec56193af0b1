/*
 * understood - what a message that came back says: the facts of `temoin read`
 *
 * Synopsis
 *      struct understood u = {0};
 *      if (!understand(octets, len, &tools, &u)) ...out of memory...
 *      ... u.kind, u.recipients, u.reply_text ...
 *      understood_free(&u);
 *
 * Pure: the same octets and tools give the same facts. Any octets are a message; what cannot be
 * made out is left out, and odd mail is READ_OTHER. All text is valid UTF-8; single-line
 * fields are without control characters. Whoever wrote a message may have written anything: facts
 * are what it *says*, never that it is so.
 *
 * The order matters: a receipt is looked for before an automatic reply (a receipt may carry
 * Auto-Submitted), a bounce before both of a person's kinds, and a person's answer is what is
 * left when it reads like one.
 */
#ifndef TEMOIN_POLICY_UNDERSTOOD_H
#define TEMOIN_POLICY_UNDERSTOOD_H

#include <stdint.h>

#include "policy/mail.h"
#include "policy/token.h"

enum {
    READ_RECIPIENTS_MAX = 100,
    READ_TOKENS_MAX = 50,
    READ_ATTACHMENTS_MAX = 100,
    READ_SUGGESTIONS_MAX = 20,
    READ_DIAGNOSTIC_MAX = 2000, /* octets */
    READ_REPLY_MAX = 64 * 1024,
    READ_DATE_CHARS = 10,
};

enum read_kind { READ_OTHER, READ_REPLY, READ_DSN, READ_MDN, READ_AUTO_REPLY };

struct read_token {
    char text[TOKEN_CHARS + 1]; /* lower case */
    const char *where; /* static: "recipient", "references", "envelope-id", "returned", "body",
                          "candidate" */
    bool checked;      /* there was a keyring */
    bool valid;
};

/* One recipient that a report tells of; each NULL when it does not say. */
struct read_recipient {
    char *final;        /* normalised (address.h) */
    char *original;     /* normalised */
    const char *action; /* static: "failed", "delayed", "delivered", "relayed", "expanded" */
    char *status;       /* enhanced status code, RFC 3463 */
    char *remote_mta;   /* host name or address as given */
    char *diagnostic;   /* the server's words, one line */
};

struct read_attachment {
    char *name;     /* "": it has none */
    char *declared; /* Content-Type */
    char *actual;   /* what the tools say it is; NULL: nobody was asked */
    uint64_t size;  /* decoded octets */
    char sha256[65];
};

struct suggestion {
    const char *what; /* static: "promise", "dispute", "already-paid", "asks-document",
                         "asks-time", "wrong-person" */
    char date[READ_DATE_CHARS + 1]; /* "YYYY-MM-DD"; "": none */
    bool has_amount;
    int64_t amount; /* minor units */
    char *quote;    /* the sentence it rests on */
};

struct understood {
    enum read_kind kind;
    char *message_id; /* "<…>"; NULL */
    struct strings in_reply_to, references;
    struct read_token *tokens;
    size_t token_count;
    struct read_recipient *recipients;
    size_t recipient_count;
    char *original_message_id;  /* "<…>"; NULL */
    char *original_envelope_id; /* decoded; NULL */
    char *disposition_type;     /* lower case: "displayed", "deleted", …; NULL */
    char *disposition_mode;     /* "manual-action/MDN-sent-manually"; NULL */
    char *reply_text;           /* NULL: none */
    struct read_attachment *attachments;
    size_t attachment_count;
    struct suggestion *suggestions;
    size_t suggestion_count;
};

/* What pure code cannot know. All may be NULL. */
struct understanding_tools {
    const struct keyring *ring; /* to say whether a token is valid */
    const char *domain;         /* the company's, for tokens */
    char delimiter;             /* of plus addresses; 0 means '+' */
    bool candidates;            /* without a ring: list everything in a text that has a token's
                                   form, as "candidate", for somebody who has one to choose */
    /* The media type of these octets (the beginning of an attachment), static or living as long
       as the context until the next call; NULL: not known. */
    const char *(*identify)(void *context, const void *octets, size_t len);
    void *context;
};

/* "other", "reply", "dsn", "mdn", "auto-reply". */
const char *read_kind_name(enum read_kind kind);

/* `u` is empty before. False: out of memory. */
bool understand(const char *octets, size_t len, const struct understanding_tools *tools,
                struct understood *u);
void understood_free(struct understood *u);

/* --- for the parsers ------------------------------------------------------------------------*/

/* A new empty recipient at the end; NULL: out of memory or READ_RECIPIENTS_MAX are there. */
struct read_recipient *understood_recipient(struct understood *u);

/* Free all recipients. */
void understood_forget_recipients(struct understood *u);

/* A new token unless the same stands there with this `where`; `text` has 26 base32 characters.
   False: out of memory. Beyond READ_TOKENS_MAX nothing is added. */
bool understood_token(struct understood *u, const struct understanding_tools *tools,
                      const char *text, const char *where);

/* What holds for all text here, whatever a parser put in: octets that are no UTF-8 become U+FFFD,
   control characters of single-line fields blanks. False: out of memory. */
bool understood_settle(struct understood *u);

/* A new suggestion; `date` may be NULL. Beyond READ_SUGGESTIONS_MAX nothing is added. False: out
   of memory. */
bool understood_suggest(struct understood *u, const char *what, const char *date,
                        const int64_t *amount, const char *quote);

#endif
