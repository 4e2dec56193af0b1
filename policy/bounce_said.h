/*
 * bounce_said - what a passage of a notice says: a server's reply, or an explanation, and by whom
 */
#ifndef TEMOIN_POLICY_BOUNCE_SAID_H
#define TEMOIN_POLICY_BOUNCE_SAID_H

#include "policy/bounce_notice.h"
#include "policy/bounce_reply.h"
#include "policy/understood.h"

/* Lines [begin, end) of a notice; of the first line only what is behind position `after`. */
struct passage {
    size_t begin, end;
    size_t after;
};

struct said {
    char *reply;                   /* an SMTP reply, one line; NULL */
    bool full;                     /* it says more than a code */
    char *words;                   /* an explanation, one line; NULL */
    char *remote;                  /* NULL */
    char status[STATUS_CHARS + 1]; /* stated without a reply; "" */
};

/* Look for what is missing in `s`. Lines that name another address than `address` (which may be
   NULL) in a dialogue are about somebody else. False: out of memory. */
bool said_in_passage(const struct notice *n, const struct passage *p, const char *address,
                     struct said *s);

/* A reply that is set apart as a quotation. False: out of memory. */
bool said_in_quotes(const struct notice *n, struct said *s);

/* The same in every line that names the address together with a reply. False: out of memory. */
bool said_about(const struct notice *n, const char *address, struct said *s);

/* The remote server, where a phrase names it. False: out of memory. */
bool said_remote(const struct notice *n, const struct passage *p, struct said *s);

/* Move what was found to a recipient that lacks it; `s` is empty then. False: out of memory. */
bool said_give(struct said *s, struct read_recipient *r);

#endif
