/*
 * dkim_signature - which DNS key each DKIM signature of a message is to be checked with (RFC 6376)
 *
 * Synopsis
 *      struct dkim_signatures found = {0};
 *      if (!dkim_signatures_read(&fields, &found)) ...out of memory...
 *      ... found.items[0].domain, dkim_key_name(&found.items[0], &name) ...
 *      dkim_signatures_free(&found);
 *
 * Nothing is verified here: what a signature is worth, the mail server says (authres.h), and later
 * everybody who has the message and the key. Only signatures that a verifier would look at are
 * found: those that RFC 6376, 6.1.1 tells to ignore are not.
 *
 * Limits: a field longer than DKIM_FIELD_MAX is no signature; of a message the topmost
 * DKIM_SIGNATURES_MAX with different keys are read. Linear time.
 */
#ifndef TEMOIN_POLICY_DKIM_SIGNATURE_H
#define TEMOIN_POLICY_DKIM_SIGNATURE_H

#include "policy/message.h"

enum { DKIM_FIELD_MAX = 8192, DKIM_SIGNATURES_MAX = 8, DKIM_NAME_MAX = 253 };

struct dkim_signature {
    char *domain;    /* d=, lower case */
    char *selector;  /* s=, lower case */
    char *algorithm; /* a=, such as "rsa-sha256" */
};

struct dkim_signatures {
    struct dkim_signature items[DKIM_SIGNATURES_MAX];
    size_t count;
    bool more; /* there are others */
};

/* The raw value of one DKIM-Signature field. *valid tells whether it is a signature that counts;
   if not, `s` stays empty. False: out of memory. */
bool dkim_signature_read(const char *value, struct dkim_signature *s, bool *valid);
void dkim_signature_free(struct dkim_signature *s);

/* Those of a message, one for each key. False: out of memory. */
bool dkim_signatures_read(const struct fields *f, struct dkim_signatures *out);
void dkim_signatures_free(struct dkim_signatures *found);

/* Append where the key is: "selector._domainkey.domain" (3.6.2.1). False: out of memory. */
bool dkim_key_name(const struct dkim_signature *s, struct bytes *out);

#endif
