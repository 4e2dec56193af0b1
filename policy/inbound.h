/*
 * inbound - whose dossier does a message from outside belong to, and how surely?
 *
 * A token routes; it does not prove who wrote. A match is strong when, besides a token, the
 * thread is known, or From is a contact of that debtor (and the message is not a new subject
 * written to an old tagged address), or it is a report on a recipient of that entry. A known
 * thread without a token is strong when From is a contact of that debtor or a recipient of
 * the entry. An invoice number in the subject of a known contact's mail is strong only when its
 * signature is good, or the amount that is due stands there too. What contradicts itself is never
 * strong: a subject that names other invoices than the thread, a sender whose domain disowns the
 * message, a report that fails authentication. All else goes to review. One token may serve two
 * debtors: the message is filed under the sender's only.
 */
#ifndef TEMOIN_POLICY_INBOUND_H
#define TEMOIN_POLICY_INBOUND_H

#include "policy/attribution.h"
#include "policy/authres.h"
#include "policy/direction.h"
#include "policy/facts.h"
#include "policy/report.h"

enum inbound_verdict {
    INBOUND_UNRELATED, /* untouched, not archived */
    INBOUND_STRONG,    /* filed in `invoices` */
    INBOUND_REVIEW,    /* archived, proposed for `invoices`, filed nowhere yet */
};

struct inbound {
    enum inbound_verdict verdict;
    const char *reason;            /* static, for the log line */
    const char *how;               /* "token", "thread", "subject": what routed it */
    struct strings invoices;       /* never empty when strong or review */
    const char *event;             /* EVIDENCE 3: "reply", "auto-reply", "failed", … */
    bool pauses;                   /* a strong reply */
    struct authres authentication; /* what our server found (authserv_id) */
    enum sender_known known;       /* the only From, by the debtors of `invoices` */
};

/* `report` is NULL unless the message is a DSN or MDN. Pure. False: out of memory. */
bool inbound_decide(const struct settings *s, const struct envelope *e, const struct reading *r,
                    const struct report *report, const struct query *q, const struct facts *f,
                    struct inbound *out);

/* What is never archived, whatever the store says; static, NULL: no exclusion. */
const char *inbound_exclusion(const struct settings *s, const struct reading *r,
                              const struct report *report);
void inbound_free(struct inbound *i);

#endif
