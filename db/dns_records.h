/*
 * dns_records - a DNS message as the lines of a zone file (RFC 1035, 5), and the chain of
 *               signatures that it rests on, up to the trust anchor
 *
 * Synopsis
 *      struct dns_records r = {0};
 *      st = dns_records_read(&answer, &r, &err);
 *      if (st == STORE_OK && answer.security == DNS_SECURE)
 *          st = dns_chain(dns, &r, &err);
 *      ... r.lines, r.texts ...
 *      dns_records_free(&r);
 *
 * ldns reads the messages. With the lines and a trust anchor of one's own the answer can be
 * validated again, at any time and without a network: every RRset is there with its RRSIG, and
 * for each signer its DNSKEYs and the DS that its parent signs.
 *
 * Limits: RECORDS_MAX_OCTETS of lines, CHAIN_ZONES zones.
 */
#ifndef TEMOIN_DB_DNS_RECORDS_H
#define TEMOIN_DB_DNS_RECORDS_H

#include "db/dns.h"

enum { RECORDS_MAX_OCTETS = 128 * 1024, CHAIN_ZONES = 16 };

struct dns_records {
    struct strings lines;   /* "name. ttl IN TYPE data", each once, as they were found */
    struct strings signers; /* zones whose keys signed one of them, as "debtor.example." */
    struct strings texts;   /* the TXT records' strings, each record's put together */
    size_t octets;          /* of lines */
    bool complete;          /* dns_chain() found all of it, up to the trust anchor */
};
void dns_records_free(struct dns_records *r);

/* Append what an answer holds: the records, or, where there are none, what proves that.
   STORE_INVALID: it is no DNS message, or larger than the limit. */
enum store_status dns_records_read(const struct dns_answer *a, struct dns_records *r,
                                   struct store_error *err);

/* Append keys and delegations of all signers. What cannot be had is left out, and r->complete
   false; so statuses are STORE_OK or STORE_NO_MEMORY. */
enum store_status dns_chain(struct dns *dns, struct dns_records *r, struct store_error *err);

#endif
