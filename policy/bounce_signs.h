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
    bool personal;  /* it greets, or answers a message */
    bool list;      /* a list sent it */
    bool subject;   /* the subject is that of a notice */
    bool opening;   /* the first words are those of a notice */
    bool delay;     /* subject or first words are about a delay */
    bool success;   /* they tell that it arrived */
};

/* What header and parts tell. False: out of memory. */
bool bounce_signs(const struct mail *m, struct bounce_signs *s);

/* Can it be a notice, whatever its words are? False for nearly all mail. */
bool signs_may_tell(const struct bounce_signs *s);

/* Add what the sender's own words tell, without what came back. False: out of memory. */
bool signs_read_words(const char *notice, size_t len, struct bounce_signs *s);

/* Is it a notice? `evidence`: its words list a recipient, or a server's reply to one. */
bool signs_tell_notice(const struct bounce_signs *s, bool evidence);

/* Did a person pass on what holds a machine's report among its parts? */
bool signs_tell_forward(const struct bounce_signs *s);

#endif
