/*
 * authres - what our own mail server found about the DKIM signatures of a message (RFC 8601)
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
    char *by; /* authserv-id; NULL: no field of it was there */
    struct authres_result *items;
    size_t count;
};

/* Append the DKIM results of one Authentication-Results field when it is `by`'s. `by` may be NULL:
   nobody is believed. A field that is not well formed is read up to there. False: out of memory. */
bool authres_take(const char *value, const char *by, struct authres *a);

/* Append the distinct domains whose signature passed. False: out of memory. */
bool authres_passed(const struct authres *a, struct strings *domains);

void authres_free(struct authres *a);

#endif
