/*
 * autoreply_words - what an automatic answer says, for those whose header does not tell
 *
 * Many programs that answer for people set none of RFC 3834's fields. What they say is stock
 * phrases, and so is what gives a person away who writes the same by hand: she speaks of the
 * matter ("je vous règle à mon retour").
 */
#ifndef TEMOIN_POLICY_AUTOREPLY_WORDS_H
#define TEMOIN_POLICY_AUTOREPLY_WORDS_H

#include "policy/phrases.h"

struct autoreply_words {
    bool declares;     /* "this is an automatic reply" */
    bool absent;       /* away, closed, left the company, address no longer in use */
    bool away;         /* the subject says so ("Je suis absente") */
    bool topic;        /* the subject is an absence ("Congés du 3 au 12") */
    bool defers;       /* will answer on return, other contact in urgent cases */
    unsigned receives; /* how many stock phrases of an acknowledgement */
    bool ticket;       /* it names a request's number */
    bool challenges;   /* asks the sender to prove that he is a person */
    bool no_reply;     /* asks not to answer */
    bool engages;      /* somebody speaks of the matter: pays, sends, disputes, asks */
    bool first_person; /* "je", "I" */
    bool greets;       /* it greets somebody by name: the caller sets it */
};

/* Read the beginning of a body, without quotes, and the subject. */
void autoreply_words_read(const struct phrases *body, const struct phrases *subject,
                          struct autoreply_words *w);

#endif
