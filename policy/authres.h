/*
 * authres - what our own mail server found about the signatures of a message (RFC 8601): DKIM, and
 *           what the sender's domain says of its mail (DMARC, RFC 7489)
 *
 * Synopsis
 *      struct authres a = {0};
 *      if (!authres_take(field_value, "mx.creditor.example", &a)) ...out of memory...
 *      ... a.items[0].result, a.items[0].domain ...
 *      authres_free(&a);
 *
 * A field counts only when its authserv-id is the one that the configuration names; the server
 * that uses this id must remove such fields from mail that comes from outside (RFC 8601, 5).
 * Limits: AUTHRES_MAX results, words of at most 255 octets.
 */
#ifndef TEMOIN_POLICY_AUTHRES_H
#define TEMOIN_POLICY_AUTHRES_H

#include "policy/bytes.h"

enum { AUTHRES_MAX = 16 };

/* One "dkim=…" (RFC 8601, 2.7.1). */
struct authres_result {
    char *result;   /* "pass", "fail", …, lower case */
    char *domain;   /* header.d, else that of header.i; normalised (address.h); NULL: not said */
    char *selector; /* header.s; NULL: not said */
};

struct authres {
    char *by;           /* authserv-id; NULL: no field of it was there */
    char *dmarc;        /* the first "dmarc=": "pass", "fail", …, lower case; NULL: not said */
    char *dmarc_domain; /* its header.from, normalised; NULL: not said */
    struct authres_result *items;
    size_t count;
};

/* Append the results of one Authentication-Results field when it is `by`'s. `by` may be NULL:
   nobody is believed. A field that is not well formed is read up to there. False: out of memory. */
bool authres_take(const char *value, const char *by, struct authres *a);

/* Append the distinct domains whose signature passed. False: out of memory. */
bool authres_passed(const struct authres *a, struct strings *domains);

/* Does what was found speak against the sender: has the domain of From (normalised; NULL: none) no
   good signature that is aligned, and either one that failed, or a DMARC verdict of "fail"? No
   result is no such word. */
bool authres_disowns(const struct authres *a, const char *from_domain);

void authres_free(struct authres *a);

#endif
