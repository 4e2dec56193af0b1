/*
 * tsa - a timestamp is asked for, and the reply checked before anybody sees it
 */
#include "db/tsa.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>

#include "db/tsa_token.h"

enum { NONCE_BYTES = 8 };

/* 64 random bits; the highest set and the sign clear, so that it always has its full length. */
static bool set_nonce(TS_REQ *request)
{
    unsigned char octets[NONCE_BYTES];
    if (RAND_bytes(octets, sizeof octets) != 1)
        return false;
    octets[0] = (unsigned char)((octets[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(octets, sizeof octets, NULL);
    ASN1_INTEGER *nonce = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    bool done = nonce && TS_REQ_set_nonce(request, nonce) == 1;
    ASN1_INTEGER_free(nonce);
    BN_free(number);
    return done;
}

static bool set_imprint(TS_REQ *request, const unsigned char imprint[HASH_OCTETS])
{
    unsigned char hash[HASH_OCTETS];
    TS_MSG_IMPRINT *m = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool done = m && algorithm;
    if (done) {
        X509_ALGOR_set_md(algorithm, EVP_sha256());
        memcpy(hash, imprint, sizeof hash);
        done = TS_MSG_IMPRINT_set_algo(m, algorithm) == 1 &&
               TS_MSG_IMPRINT_set_msg(m, hash, sizeof hash) == 1 &&
               TS_REQ_set_msg_imprint(request, m) == 1;
    }
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(m);
    return done;
}

static bool set_policy(TS_REQ *request, const char *policy)
{
    if (!policy)
        return true;
    ASN1_OBJECT *object = OBJ_txt2obj(policy, 1);
    bool done = object && TS_REQ_set_policy_id(request, object) == 1;
    ASN1_OBJECT_free(object);
    return done;
}

static TS_REQ *request_make(const struct tsa *tsa, const unsigned char imprint[HASH_OCTETS],
                            struct bytes *der)
{
    unsigned char *octets = NULL;
    TS_REQ *request = TS_REQ_new();
    int len = -1;
    if (request && TS_REQ_set_version(request, 1) == 1 && set_imprint(request, imprint) &&
        set_policy(request, tsa->policy) && set_nonce(request) &&
        TS_REQ_set_cert_req(request, 1) == 1)
        len = i2d_TS_REQ(request, &octets);
    bool done = len > 0 && bytes_append(der, octets, (size_t)len);
    OPENSSL_free(octets);
    if (done)
        return request;
    TS_REQ_free(request);
    return NULL;
}

/* TimeStampResp ::= SEQUENCE { PKIStatusInfo, TimeStampToken OPTIONAL }: the token's octets as
   they came, since encoding it anew could change what was signed. */
static bool cut_token(const struct bytes *reply, struct bytes *token)
{
    const unsigned char *p = (const unsigned char *)reply->data, *end = p + reply->len;
    long len = 0;
    int tag = 0, class = 0;
    if (ASN1_get_object(&p, &len, &tag, &class, (long)reply->len) != V_ASN1_CONSTRUCTED ||
        tag != V_ASN1_SEQUENCE || p + len != end)
        return false;
    if (ASN1_get_object(&p, &len, &tag, &class, end - p) != V_ASN1_CONSTRUCTED ||
        tag != V_ASN1_SEQUENCE || len >= end - p)
        return false;
    p += len;
    return bytes_append(token, p, (size_t)(end - p));
}

/* The authority's own words when it refuses. */
static enum store_status refusal(const struct tsa *tsa, TS_RESP *response, struct store_error *err)
{
    const TS_STATUS_INFO *info = TS_RESP_get_status_info(response);
    long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(info));
    if (status == TS_STATUS_GRANTED || status == TS_STATUS_GRANTED_WITH_MODS)
        return STORE_OK;
    return store_fail(err, STORE_BUSY, "tsa \"%s\" refuses: status %ld", tsa->name, status);
}

static enum store_status check_reply(const struct tsa *tsa, TS_REQ *request, TS_RESP *response,
                                     X509_STORE *anchors, struct store_error *err)
{
    char reason[200];
    enum store_status st = refusal(tsa, response, err);
    if (st != STORE_OK)
        return st;
    TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
    if (!context || X509_STORE_up_ref(anchors) != 1) {
        TS_VERIFY_CTX_free(context);
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    }
    TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(context, anchors);
    if (TS_RESP_verify_response(context, response) != 1)
        st = store_fail(err, STORE_CORRUPT, "tsa \"%s\" (%s) does not answer what was asked: %s",
                        tsa->name, tsa->url, tsa_reason(reason));
    TS_VERIFY_CTX_free(context);
    return st;
}

static enum store_status read_reply(const struct tsa *tsa, TS_REQ *request,
                                    const struct bytes *reply, X509_STORE *anchors,
                                    struct tsa_stamp *stamp, struct store_error *err)
{
    char reason[200];
    const unsigned char *end = (const unsigned char *)reply->data;
    TS_RESP *response = reply->len ? d2i_TS_RESP(NULL, &end, (long)reply->len) : NULL;
    if (!response || end != (const unsigned char *)reply->data + reply->len) {
        TS_RESP_free(response);
        return store_fail(err, STORE_CORRUPT, "tsa \"%s\" (%s) answers no timestamp: %s", tsa->name,
                          tsa->url, tsa_reason(reason));
    }
    enum store_status st = check_reply(tsa, request, response, anchors, err);
    if (st == STORE_OK)
        st = tsa_token_read(TS_RESP_get_token(response), anchors, stamp, err);
    if (st == STORE_OK && !cut_token(reply, &stamp->token))
        st = store_fail(err, STORE_CORRUPT, "tsa \"%s\": the reply is not in DER", tsa->name);
    TS_RESP_free(response);
    return st;
}

enum store_status tsa_ask(const struct tsa *tsa, const unsigned char imprint[HASH_OCTETS],
                          struct tsa_stamp *stamp, struct store_error *err)
{
    char reason[200];
    struct bytes query = {0}, reply = {0};
    enum store_status st = STORE_OK;
    ERR_clear_error();
    X509_STORE *anchors = tsa_anchors(tsa->certificate, &st, err);
    if (!anchors)
        return st;
    TS_REQ *request = request_make(tsa, imprint, &query);
    if (!request)
        st = store_fail(err, STORE_INVALID, "tsa \"%s\": no request can be made: %s", tsa->name,
                        tsa_reason(reason));
    if (st == STORE_OK)
        st = tsa_post(tsa, &query, &reply, err);
    if (st == STORE_OK)
        st = read_reply(tsa, request, &reply, anchors, stamp, err);
    if (st != STORE_OK)
        tsa_stamp_free(stamp);
    TS_REQ_free(request);
    X509_STORE_free(anchors);
    bytes_free(&query);
    bytes_free(&reply);
    return st;
}
