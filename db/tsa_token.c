/*
 * tsa_token - what a timestamp token shows: over what, by whom, when, until when
 */
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/tsa.h"
#include "db/tsa_token.h"

/* The DER of the object identifier 0.4.0.19422.1.1, esi4-qtstStatement-1. */
static const unsigned char QUALIFIED[] = {0x06, 0x07, 0x04, 0x00, 0x81, 0x97, 0x5e, 0x01, 0x01};

void tsa_stamp_free(struct tsa_stamp *stamp)
{
    bytes_free(&stamp->token);
    bytes_free(&stamp->chain);
    *stamp = (struct tsa_stamp){0};
}

X509_STORE *tsa_anchors(const char *file, enum store_status *status, struct store_error *err)
{
    char reason[200];
    if (access(file, R_OK) != 0) {
        *status = store_fail_errno(err, errno, "%s: cannot be read", file);
        return NULL;
    }
    X509_STORE *anchors = X509_STORE_new();
    /* The configured certificate is trusted, be it its own issuer or not. */
    if (anchors && X509_STORE_load_file(anchors, file) == 1 &&
        X509_STORE_set_flags(anchors, X509_V_FLAG_PARTIAL_CHAIN) == 1)
        return anchors;
    X509_STORE_free(anchors);
    *status = store_fail(err, STORE_INVALID, "%s: holds no certificates in PEM: %s", file,
                         tsa_reason(reason));
    return NULL;
}

static int64_t seconds(const ASN1_TIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : -1;
}

int64_t tsa_token_time(PKCS7 *token)
{
    TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
    int64_t at = info ? seconds(TS_TST_INFO_get_time(info)) : -1;
    TS_TST_INFO_free(info);
    return at;
}

/* ETSI EN 319 422, 9.1: a qcStatements extension in TSTInfo. */
static bool claims_qualified(TS_TST_INFO *info)
{
    int at = TS_TST_INFO_get_ext_by_NID(info, NID_qcStatements, -1);
    X509_EXTENSION *extension = at >= 0 ? TS_TST_INFO_get_ext(info, at) : NULL;
    const ASN1_OCTET_STRING *value = extension ? X509_EXTENSION_get_data(extension) : NULL;
    return value && memmem(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value),
                           QUALIFIED, sizeof QUALIFIED);
}

static bool keep_chain(STACK_OF(X509) * chain, struct tsa_stamp *stamp)
{
    BIO *text = BIO_new(BIO_s_mem());
    bool done = text != NULL;
    for (int i = 0; done && i < sk_X509_num(chain); i++) {
        X509 *x = sk_X509_value(chain, i);
        int64_t ends = seconds(X509_get0_notAfter(x));
        if (i == 0 || ends < stamp->ends)
            stamp->ends = ends;
        done = ends >= 0 && PEM_write_bio_X509(text, x) == 1;
    }
    char *data = NULL;
    long len = done ? BIO_get_mem_data(text, &data) : 0;
    done = done && len > 0 && bytes_append(&stamp->chain, data, (size_t)len);
    BIO_free(text);
    return done;
}

/* The chain that TS_RESP_verify_*() has found good is not given out: build it again. */
static bool find_chain(PKCS7 *token, X509_STORE *anchors, struct tsa_stamp *stamp)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool done = signers && context && sk_X509_num(signers) == 1 &&
                X509_STORE_CTX_init(context, anchors, sk_X509_value(signers, 0),
                                    token->d.sign->cert) == 1 &&
                X509_STORE_CTX_set_purpose(context, X509_PURPOSE_TIMESTAMP_SIGN) == 1;
    if (done) {
        X509_STORE_CTX_set_time(context, 0, (time_t)stamp->gen_time);
        done =
            X509_verify_cert(context) == 1 && keep_chain(X509_STORE_CTX_get0_chain(context), stamp);
    }
    X509_STORE_CTX_free(context);
    sk_X509_free(signers);
    return done;
}

enum store_status tsa_token_read(PKCS7 *token, X509_STORE *anchors, struct tsa_stamp *stamp,
                                 struct store_error *err)
{
    char reason[200];
    TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
    bool done = info != NULL;
    if (done) {
        stamp->gen_time = seconds(TS_TST_INFO_get_time(info));
        stamp->claims_qualified = claims_qualified(info);
        done = stamp->gen_time >= 0 && find_chain(token, anchors, stamp);
    }
    TS_TST_INFO_free(info);
    return done ? STORE_OK
                : store_fail(err, STORE_CORRUPT, "the token's time or chain cannot be read: %s",
                             tsa_reason(reason));
}

/* What is asked of a stored token. Takes over `anchors`; NULL: out of memory. */
static TS_VERIFY_CTX *question(const unsigned char imprint[HASH_OCTETS], X509_STORE *anchors)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    unsigned char *hash = OPENSSL_memdup(imprint, HASH_OCTETS);
    if (!context || !hash) {
        TS_VERIFY_CTX_free(context);
        OPENSSL_free(hash);
        X509_STORE_free(anchors);
        return NULL;
    }
    TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_imprint(context, hash, HASH_OCTETS);
    TS_VERIFY_CTX_set_store(context, anchors);
    return context;
}

/* The certificates must have been good at the token's time, whatever today is. */
static bool set_time(X509_STORE *anchors, int64_t at)
{
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(anchors);
    if (at < 0 || !param)
        return false;
    X509_VERIFY_PARAM_set_time(param, (time_t)at);
    return true;
}

enum store_status tsa_check(const char *anchors, const void *token, size_t len,
                            const unsigned char imprint[HASH_OCTETS], struct tsa_stamp *stamp,
                            struct store_error *err)
{
    char reason[200];
    enum store_status st = STORE_OK;
    const unsigned char *end = token;
    ERR_clear_error();
    X509_STORE *trust = tsa_anchors(anchors, &st, err);
    if (!trust)
        return st;
    PKCS7 *p7 = len && len <= TSA_REPLY_MAX ? d2i_PKCS7(NULL, &end, (long)len) : NULL;
    if (!p7 || end != (const unsigned char *)token + len || !PKCS7_type_is_signed(p7) ||
        !set_time(trust, tsa_token_time(p7)))
        st = store_fail(err, STORE_CORRUPT, "this is no timestamp token: %s", tsa_reason(reason));
    TS_VERIFY_CTX *context = NULL;
    if (st == STORE_OK && (X509_STORE_up_ref(trust) != 1 || !(context = question(imprint, trust))))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK && TS_RESP_verify_token(context, p7) != 1)
        st = store_fail(err, STORE_CORRUPT, "the timestamp token is not good: %s",
                        tsa_reason(reason));
    if (st == STORE_OK && stamp)
        st = tsa_token_read(p7, trust, stamp, err);
    TS_VERIFY_CTX_free(context);
    PKCS7_free(p7);
    X509_STORE_free(trust);
    return st;
}
