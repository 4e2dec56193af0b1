/*
 * verify_crypto - signatures (CMS, CAdES) and timestamps (RFC 3161) of an evidence file
 *
 * Two questions are kept apart. Are these the octets that the holder of some key signed? That
 * needs no trust: the certificate that comes along says which key. And who is that? That only a
 * certificate which the caller obtained elsewhere tells.
 *
 * Phrases (`why`) are static text.
 */
#ifndef TEMOIN_DB_VERIFY_CRYPTO_H
#define TEMOIN_DB_VERIFY_CRYPTO_H

#include "db/verify_file.h"

/* Append all certificates of PEM text; *list is made when it is NULL. False: none was there, or
   one of them cannot be read. */
bool certificates_read(const void *pem, size_t len, STACK_OF(X509) * *list);

struct signer {
    X509 *certificate; /* owned; NULL: not known */
    int64_t time;      /* signing time as the signer says, seconds since 1970; -1: not said */
    bool revoked;      /* by a CRL that came along */
    int64_t revoked_at;
};
void signer_clear(struct signer *s);

/* A detached CAdES signature over these octets, by one signer whose certificate came along.
   True: the octets are what was signed. *s is filled as far as possible; clear it. */
bool cms_check(const void *signature, size_t signature_len, const void *data, size_t len,
               struct signer *s, const char **why);

/* Is the certificate among `pins`, and was it valid, and not revoked, at `when`? NULL: yes;
   else why not. Revocation is forgiven when `when` is certain, that is, by a timestamp. */
const char *signer_doubt(const struct signer *s, const STACK_OF(X509) * pins, int64_t when);

bool certificate_among(const STACK_OF(X509) * list, const X509 *certificate);

/* The common name, or the whole subject, for showing: ASCII and UTF-8 without control
   characters; at most `room` octets with the NUL. */
void certificate_title(const X509 *certificate, char *title, size_t room);

enum { TOKEN_IMPRINT_MAX = 64 };

struct token {
    int64_t time; /* genTime, seconds since 1970 */
    int hash_nid; /* NID_sha256 and the like */
    unsigned char imprint[TOKEN_IMPRINT_MAX];
    size_t imprint_len;
    char authority[120];   /* the signer's title */
    bool identified;       /* by a chain to one of `pins`, valid at `time` */
    bool claims_qualified; /* says so by qcStatement 0.4.0.19422.1.1 */
};

/* A timestamp token: signed, by a certificate for timestamps that came along. True: intact.
   `helpers` (may be NULL) are certificates that may stand between the token and a pin. */
bool token_read(const void *der, size_t len, const STACK_OF(X509) * pins,
                const STACK_OF(X509) * helpers, struct token *t, const char **why);

#endif
