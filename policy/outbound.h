/*
 * outbound - is this an accountant's mail about an invoice, and may it leave?
 *
 * Which invoice, in this order: the thread; invoice numbers in the subject; Temoin-Invoice;
 * invoice numbers in attachments' names. Then the conditions on recipients, the exclusions
 * (personal, lawyers, no external contact), and the guards.
 */
#ifndef TEMOIN_POLICY_OUTBOUND_H
#define TEMOIN_POLICY_OUTBOUND_H

#include "policy/direction.h"
#include "policy/facts.h"

enum outbound_verdict {
    OUTBOUND_UNRELATED,   /* untouched, not archived */
    OUTBOUND_ATTACHMENTS, /* only an attachment's name could still tell: call again with them */
    OUTBOUND_OURS,
    OUTBOUND_REFUSED, /* a guard says no */
};

struct outbound {
    enum outbound_verdict verdict;
    const char *reason;      /* static, for the log line: which rule, exclusion or guard */
    const char *rule;        /* "thread", "subject", "header", "attachment" when ours */
    struct strings invoices; /* the dossiers */
    bool stub;               /* register_open: the (single) number is not in the register */
    bool reminder;           /* does not answer something that came in */
    char *learn_debtor;      /* the debtor has no contact: learn `learn_addresses`; else NULL */
    struct strings learn_addresses; /* normalised; of a stub: its future debtor's contacts */
    char *refusal;                  /* ASCII sentence for the SMTP reply; refused only */
    struct strings overridden;      /* guards that would have said no but only warn, with why */
};

/* `attachment_names` is NULL before the body is known. `q` is the query that `f` answers.
   Pure. False: out of memory. */
bool outbound_decide(const struct settings *s, const struct accountant *accountant,
                     const struct envelope *e, const struct reading *r,
                     const struct strings *attachment_names, const struct query *q,
                     const struct facts *f, struct outbound *out);

/* What is never archived, whatever the store says: personal mail, lawyers, mail among
   colleagues. *reason: static; NULL: no exclusion. False: out of memory. */
bool outbound_exclusion(const struct settings *s, const struct envelope *e, const struct reading *r,
                        const char **reason);
void outbound_free(struct outbound *o);

#endif
