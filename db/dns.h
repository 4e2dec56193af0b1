/*
 * dns - questions to the DNS, answers validated by DNSSEC, every wait bounded
 *
 * Synopsis
 *      struct dns *dns;
 *      if (dns_open(settings, &dns, &err) == STORE_OK) {
 *          struct dns_answer a = {0};
 *          st = dns_ask(dns, "s1._domainkey.debtor.example", DNS_TXT, &a, &err);
 *          ... a.found, a.security, a.packet ...
 *          dns_answer_free(&a);
 *          dns_close(dns);
 *      }
 *
 * libunbound does the work: it asks the configured name servers, and validates what they say
 * from the trust anchor. Name servers that pass no DNSSEC records on (many a router) would make
 * every answer bogus; when the anchor's own zone cannot be validated through them, answers are
 * taken unchecked, and are said to be.
 *
 * It starts a thread: not before a fork. One caller at a time.
 */
#ifndef TEMOIN_DB_DNS_H
#define TEMOIN_DB_DNS_H

#include "db/store.h"
#include "policy/settings.h"

/* Types of records (IANA), those that are asked for. */
enum { DNS_TXT = 16, DNS_DS = 43, DNS_DNSKEY = 48 };

enum { DNS_WAIT_MS = 8000 }; /* for one answer */

enum dns_security {
    DNS_UNCHECKED, /* no trust anchor, or name servers that pass no DNSSEC records on */
    DNS_INSECURE,  /* the zone is not signed, which its parent proves */
    DNS_SECURE,    /* validated, what is there as well as that there is nothing */
    DNS_BOGUS,     /* the zone should be signed, and this is not what its owner signed */
};

struct dns_answer {
    bool found; /* there are records of this type */
    enum dns_security security;
    char *why;           /* DNS_BOGUS: what is wrong; else NULL */
    struct bytes packet; /* the answer as a DNS message (RFC 1035, 4), signatures included */
};
void dns_answer_free(struct dns_answer *a);

struct dns;

/* STORE_INVALID: name servers or trust anchor are not usable. */
enum store_status dns_open(const struct settings *s, struct dns **dns, struct store_error *err);
void dns_close(struct dns *dns); /* NULL does nothing */

/* Ask for the records of a type at a name. STORE_BUSY: no name server gave an answer within
   DNS_WAIT_MS. STORE_INVALID: as dns_open(), found only now. `a` is empty before. */
enum store_status dns_ask(struct dns *dns, const char *name, int type, struct dns_answer *a,
                          struct store_error *err);

/* Is this zone, "debtor.example.", the one of the trust anchor? */
bool dns_is_anchor(const struct dns *dns, const char *zone);

/* Why nothing can be validated; NULL: what is signed can. */
const char *dns_unchecked_reason(const struct dns *dns);

/* "unchecked", "insecure", "secure", "bogus". */
const char *dns_security_name(enum dns_security security);

#endif
