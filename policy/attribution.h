/*
 * attribution - who wrote a message, as far as that is shown, and what it may be said to prove
 *
 * Synopsis
 *      struct attribution a = attribution_find(&facts);
 *      printf("%s\n", level_name(a.level));
 *      attribution_words(&a, LANGUAGE_FR, &out);
 *
 * One pure function of what an entry holds (EVIDENCE 1), used wherever a status is made or
 * printed. A token routes, it does not prove who wrote: every recipient holds it for ever. So a
 * reply is acknowledged only when it returned the token and bears a DKIM signature that our
 * server found good, aligned with From, of a domain of the debtor's.
 */
#ifndef TEMOIN_POLICY_ATTRIBUTION_H
#define TEMOIN_POLICY_ATTRIBUTION_H

#include "policy/bytes.h"
#include "policy/levels.h"

/* What the register knew of From when the message came. */
enum sender_known {
    SENDER_UNKNOWN,
    SENDER_DOMAIN,  /* its domain is listed as the debtor's */
    SENDER_CONTACT, /* the address is a contact of the debtor's */
};

/* In increasing order of what may be claimed. */
enum attributed_to {
    ATTRIBUTED_NONE,    /* no signature, none that is good, or none of From's domain */
    ATTRIBUTED_SIGNED,  /* aligned DKIM signature, of somebody the register did not know */
    ATTRIBUTED_DOMAIN,  /* aligned DKIM signature, of a domain of the debtor's */
    ATTRIBUTED_CONTACT, /* aligned DKIM signature, and From is a known contact */
};

/* What was kept of the DNS key that the signature is to be checked with; in increasing order of
   what that is worth. */
enum key_kept {
    KEY_NOT_KEPT,
    KEY_BOGUS,     /* the DNS gave one that DNSSEC contradicts */
    KEY_SEEN,      /* seen by our server only */
    KEY_VALIDATED, /* validated by DNSSEC */
};

/* What the entry says; borrowed. Any member may be NULL. */
struct attribution_facts {
    const char *event, *level;    /* of the record */
    bool erased;                  /* the private part is gone: only these two are known */
    const char *how, *strength;   /* of the match */
    const char *from_domain;      /* normalised; NULL: no From, or several */
    const struct strings *passed; /* domains whose DKIM signature was found good, normalised */
    bool disowned;                /* our server's findings speak against From (authres_disowns()) */
    enum sender_known known;
    const char *by; /* whose finding that was: authserv-id (RFC 8601) */
};

struct attribution {
    enum attributed_to to;
    enum proof_level level;
    bool freemail;      /* anybody can have an address there */
    bool disowned;      /* From may be forged: the domain's signature or policy failed */
    const char *domain; /* that signed; borrowed from the facts; NULL: none */
    const char *by;     /* borrowed; NULL: none */
    enum key_kept key;  /* of the signature of `domain`: set by who knows of later entries */
};

/* Pure. */
struct attribution attribution_find(const struct attribution_facts *facts);

/* Is a signature of `domain` aligned with an address of `from_domain` (RFC 7489, 3.1.1)? It is
   when both are equal, or From's is below it: who holds a domain decides about those below. */
bool attribution_aligned(const char *domain, const char *from_domain);

/* "none", "signed", "domain", "contact". */
const char *attribution_name(enum attributed_to to);

/* "contact", "domain"; NULL for SENDER_UNKNOWN. The other way round: what is neither of the two
   is unknown. */
const char *sender_known_name(enum sender_known known);
enum sender_known sender_known_from(const char *name);

/* "none", "bogus", "seen", "validated". */
const char *key_kept_name(enum key_kept kept);

/* One clause about the author. False: out of memory. */
bool attribution_words(const struct attribution *a, enum language language, struct bytes *out);

/* event_words() (levels.h), with the reservation that the author's authentication calls for. */
const char *attribution_event_words(const char *event, const struct attribution *a,
                                    enum language language);

#endif
