/*
 * autoreply_signs - what a header shows of a program that wrote the message
 *
 * Synopsis
 *      struct autoreply_signs s = {0};
 *      for (each field)
 *          autoreply_signs_field(&s, name, value);
 *      autoreply_signs_subject(&s, folded);
 *      if (autoreply_signs_are_receipt(&s)) ...
 *      else if (autoreply_signs_suffice(&s)) ...
 *
 * The mail path decides by these alone; reading in depth adds the body's words (autoreply.h,
 * mdn.h), so that both mean the same. `replied` says by itself that somebody's program answers
 * (RFC 3834 and the fields that came before it). `generated` says that a program wrote it, which
 * an invoice of the debtor's accounting program is, too. Hints mean something only together.
 */
#ifndef TEMOIN_POLICY_AUTOREPLY_SIGNS_H
#define TEMOIN_POLICY_AUTOREPLY_SIGNS_H

#include <stdbool.h>

#include "policy/subject.h"

struct autoreply_signs {
    bool replied;           /* a program answers */
    bool generated;         /* a program wrote it */
    bool low;               /* hint: Precedence bulk or junk */
    bool suppresses;        /* hint: X-Auto-Response-Suppress */
    bool loops;             /* hint: X-Loop and its kin */
    bool null_path;         /* hint: Return-Path: <> */
    bool no_reply;          /* hint: From says that nobody reads answers */
    bool bulk;              /* fields of lists and newsletters (RFC 2369, RFC 2919) */
    bool failed_recipients; /* X-Failed-Recipients: a bounce */
    bool receipt_class;     /* Content-Class, or another field that only receipts have */
    const char *class_type; /* "displayed", "deleted": what that class says; NULL */
    bool client;            /* a program that people write with sent it */
    bool calendar_class;    /* Content-Class: an invitation or its answer */
    bool tnef;              /* the whole message is TNEF */
    bool automatic_subject; /* subject_is_automatic() */
    const char *receipt;    /* subject_receipt() */
    enum subject_lead lead; /* subject_leads() */
};

/* Take in one field; what it does not know it leaves alone. */
void autoreply_signs_field(struct autoreply_signs *s, const char *name, const char *value);

/* Take in the subject, folded by text_fold(). */
void autoreply_signs_subject(struct autoreply_signs *s, const char *folded);

/* How many hints there are. */
unsigned autoreply_signs_hints(const struct autoreply_signs *s);

/* Is it a program's answer, or at least no person's, by its header alone? */
bool autoreply_signs_suffice(const struct autoreply_signs *s);

/* Is it a receipt by its header alone? */
bool autoreply_signs_are_receipt(const struct autoreply_signs *s);

#endif
