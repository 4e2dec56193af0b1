/*
 * tsa - timestamps of an authority (RFC 3161)
 *
 * Synopsis
 *      struct tsa_stamp stamp = {0};
 *      st = tsa_ask(&settings->tsas[0], hash, &stamp, &err);
 *      ... stamp.token, stamp.gen_time ...
 *      tsa_stamp_free(&stamp);
 *
 * A reply is believed only when its status is "granted", imprint, nonce and policy are those that
 * were asked for, its signature is right, and the signer's chain leads to the configured
 * certificates with the purpose of timestamping; before that, nothing of it is stored.
 */
#ifndef TEMOIN_DB_TSA_H
#define TEMOIN_DB_TSA_H

#include <openssl/x509.h>

#include "db/store.h"
#include "policy/settings.h"

enum { TSA_REPLY_MAX = 256 * 1024 };

struct tsa_stamp {
    struct bytes token;    /* DER of the TimeStampToken, as it came */
    int64_t gen_time;      /* seconds since 1970 */
    int64_t ends;          /* when the first certificate of the chain, anchor included, ends */
    bool claims_qualified; /* carries the statement 0.4.0.19422.1.1 (ETSI EN 319 422, 9.1): a
                              claim, to be checked in the EU trusted list at its time */
    struct bytes chain;    /* PEM, from the signer to the anchor */
};
void tsa_stamp_free(struct tsa_stamp *stamp);

/* Ask for a token over this SHA-256 and check it; `stamp` is empty before. Takes tsa->timeout_ms
   at most, besides the resolver. STORE_BUSY: the authority is down, slow or refuses;
   STORE_CORRUPT: it answers something else than what was asked; anything else: its certificate
   file, or the request, is not usable. */
enum store_status tsa_ask(const struct tsa *tsa, const unsigned char imprint[HASH_OCTETS],
                          struct tsa_stamp *stamp, struct store_error *err);

/* Judge a token that was stored: is it over this SHA-256, by a signer whose chain led to the
   certificates of `anchors` (PEM) at the token's own time? STORE_CORRUPT: no, and err says why.
   `stamp` (may be NULL) is filled as by tsa_ask(), its token excepted. */
enum store_status tsa_check(const char *anchors, const void *token, size_t len,
                            const unsigned char imprint[HASH_OCTETS], struct tsa_stamp *stamp,
                            struct store_error *err);

/* The certificates of a PEM file as a trust store. NULL: *status and *err say why. */
X509_STORE *tsa_anchors(const char *file, enum store_status *status, struct store_error *err);

/* --- shared by tsa.c, tsa_http.c and tsa_token.c ----------------------------------------------*/

/* POST a request and append the octets of the reply. Statuses as tsa_ask(). */
enum store_status tsa_post(const struct tsa *tsa, const struct bytes *request, struct bytes *reply,
                           struct store_error *err);

/* OpenSSL's first reason with its details, in `text`; empties its queue. */
const char *tsa_reason(char text[200]);

#endif
