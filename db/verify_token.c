/*
 * verify_token - timestamp tokens (RFC 3161) of an evidence file
 *
 * TS_RESP_verify_signature() checks the one signature, that its certificate may sign timestamps
 * and nothing else, the chain, and the signing certificate attribute. It is called once with what
 * came along as anchors (is the token intact?) and once with the pins, at the token's own time
 * (who made it?).
 */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "db/verify_crypto.h"

/* id-etsi-tsts-EuQCompliance, ETSI EN 319 422, 9.1 */
static const char QUALIFIED[] = "0.4.0.19422.1.1";

static X509_STORE *anchors_of(const STACK_OF(X509) * list, int64_t when)
{
    X509_STORE *store = X509_STORE_new();
    bool done = store && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
    if (done && when >= 0)
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)when);
    else if (done)
        done = X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME) == 1;
    for (int i = 0; done && i < sk_X509_num(list); i++)
        done = X509_STORE_add_cert(store, sk_X509_value(list, i)) == 1;
    if (done)
        return store;
    X509_STORE_free(store);
    return NULL;
}

static bool signed_under(PKCS7 *token, const STACK_OF(X509) * anchors,
                         const STACK_OF(X509) * helpers, int64_t when, X509 **signer)
{
    X509_STORE *store = anchors_of(anchors, when);
    /* The function takes a list of helpers that it does not change. */
    bool good =
        store && TS_RESP_verify_signature(token, (STACK_OF(X509) *)helpers, store, signer) == 1;
    ERR_clear_error();
    X509_STORE_free(store);
    return good;
}

/* The statement stands in the extension qcStatements of the signed TSTInfo. */
static bool says_qualified(TS_TST_INFO *info)
{
    STACK_OF(X509_EXTENSION) *extensions = TS_TST_INFO_get_exts(info);
    int at = X509v3_get_ext_by_NID(extensions, NID_qcStatements, -1);
    const ASN1_OCTET_STRING *der =
        at < 0 ? NULL : X509_EXTENSION_get_data(X509v3_get_ext(extensions, at));
    ASN1_OBJECT *wanted = der ? OBJ_txt2obj(QUALIFIED, 1) : NULL;
    bool says = wanted && memmem(ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der),
                                 OBJ_get0_data(wanted), OBJ_length(wanted)) != NULL;
    ASN1_OBJECT_free(wanted);
    return says;
}

static bool info_read(PKCS7 *token, struct token *t)
{
    TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
    TS_MSG_IMPRINT *imprint = info ? TS_TST_INFO_get_msg_imprint(info) : NULL;
    const ASN1_OCTET_STRING *digest = imprint ? TS_MSG_IMPRINT_get_msg(imprint) : NULL;
    int len = digest ? ASN1_STRING_length(digest) : 0;
    struct tm tm;
    bool done = len > 0 && len <= TOKEN_IMPRINT_MAX && TS_TST_INFO_get_version(info) == 1 &&
                ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) == 1;
    if (done) {
        const ASN1_OBJECT *algorithm;
        X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
        t->hash_nid = OBJ_obj2nid(algorithm);
        t->imprint_len = (size_t)len;
        memcpy(t->imprint, ASN1_STRING_get0_data(digest), t->imprint_len);
        t->time = (int64_t)timegm(&tm);
        t->claims_qualified = says_qualified(info);
    }
    TS_TST_INFO_free(info);
    return done;
}

bool token_read(const void *der, size_t len, const STACK_OF(X509) * pins,
                const STACK_OF(X509) * helpers, struct token *t, const char **why)
{
    *t = (struct token){.time = -1};
    *why = "it is no timestamp token";
    if (len > INT_MAX)
        return false;
    const unsigned char *end = der;
    PKCS7 *token = d2i_PKCS7(NULL, &end, (long)len);
    bool done = token && end == (const unsigned char *)der + len && PKCS7_type_is_signed(token) &&
                info_read(token, t);
    X509 *signer = NULL;
    if (done && !signed_under(token, token->d.sign->cert, NULL, -1, &signer)) {
        *why = "its signature is not over these octets, or not by its certificate";
        done = false;
    }
    if (done) {
        certificate_title(signer, t->authority, sizeof t->authority);
        t->identified = sk_X509_num(pins) > 0 && signed_under(token, pins, helpers, t->time, NULL);
    }
    ERR_clear_error();
    X509_free(signer);
    PKCS7_free(token);
    return done;
}
