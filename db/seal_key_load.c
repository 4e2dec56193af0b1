/*
 * seal_key_load - keys that sign, found by a URI of OpenSSL's STORE, and their certificates
 *
 * "file:/…" and whatever else OpenSSL has a loader for; "pkcs11:…" is seal_key_token.c's. No pass
 * phrase is ever asked for, since the sealer has no terminal.
 *
 * The certificate file may hold a chain: the key's own certificate first, then those above it.
 * EdDSA is refused because CMS verifiers do not know it.
 */
#include "db/seal_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RSA_BITS_MIN = 3072, CHAIN_MAX = 20 };

/* --- certificates ---------------------------------------------------------------------------*/

/* The certificates of a PEM file in their order; at least one. */
static enum store_status chain_read(const char *file, X509 **first, STACK_OF(X509) * *rest,
                                    struct store_error *err)
{
    *first = NULL;
    *rest = sk_X509_new_null();
    FILE *f = fopen(file, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s: cannot be opened", file);
    *first = PEM_read_X509(f, NULL, NULL, NULL);
    bool done = *first && *rest;
    for (X509 *x; done && (x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL;)
        if (sk_X509_num(*rest) >= CHAIN_MAX || sk_X509_push(*rest, x) <= 0) {
            X509_free(x);
            done = false;
        }
    fclose(f);
    if (!done)
        return store_fail(err, STORE_CORRUPT, "%s: holds no certificate in PEM: %s", file,
                          seal_crypto_reason());
    ERR_clear_error(); /* "no start line" is how the end is found */
    return STORE_OK;
}

X509 *seal_certificate_read(const char *file, enum store_status *status, struct store_error *err)
{
    X509 *first;
    STACK_OF(X509) * rest;
    enum store_status st = chain_read(file, &first, &rest, err);
    sk_X509_pop_free(rest, X509_free);
    if (st == STORE_OK)
        return first;
    X509_free(first);
    *status = st;
    return NULL;
}

/* --- private keys ---------------------------------------------------------------------------*/

const char *seal_key_file(const char *uri)
{
    if (strncasecmp(uri, "file:", 5) != 0)
        return NULL;
    const char *path = uri + 5;
    if (strncmp(path, "//localhost/", 12) == 0)
        return path + 11;
    return strncmp(path, "///", 3) == 0 ? path + 2 : path;
}

/* What OpenSSL would call "unregistered scheme" has a better reason. */
static enum store_status file_check(const char *path, struct store_error *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s: cannot be opened", path);
    fclose(f);
    return STORE_OK;
}

EVP_PKEY *seal_key_from_store(const char *uri)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, UI_null(), NULL, NULL, NULL);
    if (!store || OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) != 1) {
        OSSL_STORE_close(store);
        return NULL;
    }
    while (!key && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
        if (!info && OSSL_STORE_error(store))
            break;
    }
    OSSL_STORE_close(store);
    return key;
}

static EVP_PKEY *key_read(const char *uri, enum store_status *status, struct store_error *err)
{
    const char *file = seal_key_file(uri);
    EVP_PKEY *key = NULL;
    *status = file ? file_check(file, err) : STORE_OK;
    if (*status == STORE_OK)
        key = seal_key_in_token(uri) ? seal_key_from_token(uri, status, err)
                                     : seal_key_from_store(uri);
    if (!key && *status == STORE_OK) {
        char shown[SEAL_URI_SHOWN];
        seal_uri_shown(uri, shown);
        *status = store_fail(err, STORE_CORRUPT,
                             "%s: no private key that can be used without a pass "
                             "phrase is found there: %s",
                             file ? file : shown, seal_crypto_reason());
    }
    ERR_clear_error();
    return key;
}

/* --- both -----------------------------------------------------------------------------------*/

static enum store_status pair_check(const struct seal_key *key, const char *uri,
                                    const char *certificate_file, struct store_error *err)
{
    char shown[SEAL_URI_SHOWN];
    seal_uri_shown(seal_key_file(uri) ? seal_key_file(uri) : uri, shown);
    if (EVP_PKEY_is_a(key->private_key, "RSA")) {
        if (EVP_PKEY_get_bits(key->private_key) < RSA_BITS_MIN)
            return store_fail(err, STORE_INVALID, "%s: an RSA key needs at least %d bits", shown,
                              RSA_BITS_MIN);
    } else if (!EVP_PKEY_is_a(key->private_key, "EC"))
        return store_fail(err, STORE_INVALID, "%s: the key must be EC or RSA", shown);
    if (X509_check_private_key(key->certificate, key->private_key) != 1)
        return store_fail(err, STORE_INVALID, "%s: is not the key of the certificate %s (%s)",
                          shown, certificate_file, seal_crypto_reason());
    return STORE_OK;
}

enum store_status seal_key_open(const char *uri, const char *certificate_file,
                                struct seal_key **key, struct store_error *err)
{
    *key = NULL;
    struct seal_key *k = calloc(1, sizeof *k);
    if (!k)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status st = STORE_OK;
    k->private_key = key_read(uri, &st, err);
    if (k->private_key)
        st = chain_read(certificate_file, &k->certificate, &k->chain, err);
    if (st == STORE_OK)
        st = pair_check(k, uri, certificate_file, err);
    if (st != STORE_OK) {
        seal_key_free(k);
        return st;
    }
    *key = k;
    return STORE_OK;
}

void seal_key_free(struct seal_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->private_key);
    X509_free(key->certificate);
    sk_X509_pop_free(key->chain, X509_free);
    free(key);
}

enum store_status seal_fingerprint(const char *certificate_file, char hex[65],
                                   struct store_error *err)
{
    enum store_status st = STORE_OK;
    X509 *x = seal_certificate_read(certificate_file, &st, err);
    if (!x)
        return st;
    unsigned char digest[HASH_OCTETS];
    unsigned len = sizeof digest;
    if (X509_digest(x, EVP_sha256(), digest, &len) != 1 || len != HASH_OCTETS)
        st = store_fail(err, STORE_CORRUPT, "%s: cannot be hashed: %s", certificate_file,
                        seal_crypto_reason());
    else
        for (size_t i = 0; i < HASH_OCTETS; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    X509_free(x);
    return st;
}
