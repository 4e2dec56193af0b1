/*
 * bounce_signs - did a program that delivers mail write this, or a person?
 *
 * Signs are who sends it, how the subject and the first words read, what comes with it. One is
 * never enough: people forward notices, quote them, answer them and ask about them, and
 * postmasters are people, too.
 */
#ifndef TEMOIN_POLICY_BOUNCE_SIGNS_H
#define TEMOIN_POLICY_BOUNCE_SIGNS_H

#include "policy/mail.h"

struct bounce_signs {
    bool daemon;    /* From is a program that delivers mail, or nobody */
    bool office;    /* From may be a program or a person: postmaster@, admin@, no-reply@, … */
    bool null_path; /* Return-Path: <> */
    bool failed;    /* X-Failed-Recipients, or the like */
    bool report;    /* a machine's report is among its parts */
    bool root;      /* it is a multipart/report as a whole, and no receipt */
    bool returned;  /* the message that came back is in it, as a part or in its text */
    bool automatic; /* Auto-Submitted */
    bool answer;    /* the subject is that of an answer or a forward */
    bool person;    /* a mail program for people was used, or it is a person's automatic reply */
    bool greets;    /* it begins as people begin */
    bool answers;   /* In-Reply-To */
    bool list;      /* a list sent it */
    bool subject;   /* the subject is that of a notice */
    bool opening;   /* the first words are those of a notice */
    bool delay;     /* subject or first words are about a delay */
    bool success;   /* they tell that it arrived */
    bool relayed;   /* they tell that it was handed on, and that nothing more will be told */
};

/* What its words tell of recipients. */
struct evidence {
    bool named;   /* they name one */
    bool listed;  /* a line lists one */
    bool replied; /* a server's reply, or a status, stands with one */
};

/* What header and parts tell. False: out of memory. */
bool bounce_signs(const struct mail *m, struct bounce_signs *s);

/* Can it be a notice, whatever its words are? False for nearly all mail. */
bool signs_may_tell(const struct bounce_signs *s);

/* Add what the sender's own words tell, without what came back. False: out of memory. */
bool signs_read_words(const char *notice, size_t len, struct bounce_signs *s);

/* Is it a notice? Without a machine's own fields, it is one when enough of subject, first words,
   returned message and evidence agree; the less the sender is known as a machine, the more. */
bool signs_tell_notice(const struct bounce_signs *s, const struct evidence *e);

/* Did a person pass on what holds a machine's report among its parts? */
bool signs_tell_forward(const struct bounce_signs *s);

#endif
