/*
 * verify_crypto - certificates and CAdES signatures of an evidence file
 *
 * CMS_verify with CMS_CADES also holds the signing-certificate-v2 attribute against the signer's
 * certificate (RFC 5035), so that another certificate for the same key is noticed. The certificate
 * itself is made the anchor, with its dates left aside: that is the first question. The dates
 * belong to the second one.
 */
#include "db/verify_crypto.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "db/seal_internal.h"

/* --- certificates ---------------------------------------------------------------------------*/

bool certificates_read(const void *pem, size_t len, STACK_OF(X509) * *list)
{
    if (!*list)
        *list = sk_X509_new_null();
    BIO *text = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
    int count = 0;
    bool done = *list && text;
    for (X509 *x; done && (x = PEM_read_bio_X509(text, NULL, NULL, NULL)); count++)
        if (sk_X509_push(*list, x) == 0) {
            X509_free(x);
            done = false;
        }
    unsigned long code = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(text);
    return done && ended && count > 0;
}

bool certificate_among(const STACK_OF(X509) * list, const X509 *certificate)
{
    for (int i = 0; certificate && i < sk_X509_num(list); i++)
        if (X509_cmp(sk_X509_value(list, i), certificate) == 0)
            return true;
    return false;
}

void certificate_title(const X509 *certificate, char *title, size_t room)
{
    X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
    int at = name ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;
    unsigned char *text = NULL;
    int len = at < 0 ? -1
                     : ASN1_STRING_to_UTF8(&text,
                                           X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    title[0] = '\0';
    if (len > 0) {
        size_t fits = (size_t)len < room ? (size_t)len : room - 1;
        while (fits < (size_t)len && fits > 0 && (text[fits] & 0xc0) == 0x80)
            fits--; /* not through a character */
        memcpy(title, text, fits);
        title[fits] = '\0';
    } else if (name)
        X509_NAME_oneline(name, title, (int)room);
    OPENSSL_free(text);
    for (char *c = title; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127 || *c == '"')
            *c = '?';
    ERR_clear_error();
}

/* --- CAdES ----------------------------------------------------------------------------------*/

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : -1;
}

static int64_t signing_time(CMS_SignerInfo *info)
{
    enum { THE_ONLY_ONE = -3 }; /* also of its values: X509at_get0_data_by_OBJ(3) */
    const ASN1_OBJECT *what = OBJ_nid2obj(NID_pkcs9_signingTime);
    int at = CMS_signed_get_attr_by_NID(info, NID_pkcs9_signingTime, -1);
    X509_ATTRIBUTE *attribute = at < 0 ? NULL : CMS_signed_get_attr(info, at);
    const ASN1_TYPE *value = attribute ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
    if (!value || !CMS_signed_get0_data_by_OBJ(info, what, THE_ONLY_ONE, ASN1_TYPE_get(value)))
        return -1;
    int type = ASN1_TYPE_get(value);
    if (type != V_ASN1_UTCTIME && type != V_ASN1_GENERALIZEDTIME)
        return -1;
    return seconds_of(value->value.utctime);
}

/* The certificates that came along, as anchors. */
static X509_STORE *anchors_within(CMS_ContentInfo *cms)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *all = CMS_get1_certs(cms);
    bool done =
        store && all &&
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) == 1 &&
        X509_STORE_set_purpose(store, X509_PURPOSE_ANY) == 1;
    for (int i = 0; done && i < sk_X509_num(all); i++)
        done = X509_STORE_add_cert(store, sk_X509_value(all, i)) == 1;
    sk_X509_pop_free(all, X509_free);
    if (done)
        return store;
    X509_STORE_free(store);
    return NULL;
}

static void find_revocation(CMS_ContentInfo *cms, struct signer *s)
{
    STACK_OF(X509_CRL) *lists = CMS_get1_crls(cms);
    for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
        X509_CRL *crl = sk_X509_CRL_value(lists, i);
        X509_REVOKED *entry = NULL;
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(s->certificate)) != 0 ||
            X509_CRL_get0_by_cert(crl, &entry, s->certificate) != 1 || !entry)
            continue;
        s->revoked = true;
        s->revoked_at = seconds_of(X509_REVOKED_get0_revocationDate(entry));
    }
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

/* SHA-2 of 256 bits and more, as ETSI TS 119 312 has them: who can make two texts of one hash signs
   the one and shows the other. */
static bool hash_is_strong(CMS_SignerInfo *info)
{
    X509_ALGOR *digest = NULL;
    const ASN1_OBJECT *object = NULL;
    CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, NULL);
    X509_ALGOR_get0(&object, NULL, NULL, digest);
    int nid = OBJ_obj2nid(object);
    return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

static bool signer_take(CMS_ContentInfo *cms, struct signer *s, const char **why)
{
    STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
    STACK_OF(X509) *signers = CMS_get0_signers(cms);
    *why = "it has not exactly one signer";
    bool done = sk_CMS_SignerInfo_num(infos) == 1 && sk_X509_num(signers) == 1;
    if (done && !hash_is_strong(sk_CMS_SignerInfo_value(infos, 0))) {
        *why = "it uses a hash that is not known here, or too weak";
        done = false;
    }
    done = done && X509_up_ref(sk_X509_value(signers, 0)) == 1;
    if (done) {
        s->certificate = sk_X509_value(signers, 0);
        s->time = signing_time(sk_CMS_SignerInfo_value(infos, 0));
        find_revocation(cms, s);
    }
    sk_X509_free(signers);
    return done;
}

bool cms_check(const void *signature, size_t signature_len, const void *data, size_t len,
               struct signer *s, const char **why)
{
    *s = (struct signer){.time = -1};
    *why = "too long for a signature";
    if (signature_len > INT_MAX || len > INT_MAX)
        return false;
    const unsigned char *end = signature;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &end, (long)signature_len);
    bool whole = cms && end == (const unsigned char *)signature + signature_len;
    BIO *content = seal_octets(data, len);
    X509_STORE *anchors = whole ? anchors_within(cms) : NULL;
    bool done = false;
    if (!whole)
        *why = "it is no CMS structure";
    else if (!anchors || !content)
        *why = "its certificate did not come along";
    else if (CMS_verify(cms, NULL, anchors, content, NULL, CMS_BINARY | CMS_CADES) != 1)
        *why = "it is not over these octets, or not by the certificate that it names";
    else
        done = signer_take(cms, s, why);
    ERR_clear_error();
    X509_STORE_free(anchors);
    BIO_free_all(content);
    CMS_ContentInfo_free(cms);
    return done;
}

void signer_clear(struct signer *s)
{
    X509_free(s->certificate);
    *s = (struct signer){.time = -1};
}

const char *signer_doubt(const struct signer *s, const STACK_OF(X509) * pins, int64_t when)
{
    if (!certificate_among(pins, s->certificate))
        return "signer not identified";
    int64_t begins = seconds_of(X509_get0_notBefore(s->certificate));
    int64_t ends = seconds_of(X509_get0_notAfter(s->certificate));
    if (when < 0)
        return "it does not say when it was signed";
    if (when < begins)
        return "its certificate was not yet valid when it was signed";
    if (when > ends)
        return "its certificate had expired when it was signed";
    if (s->revoked && s->revoked_at <= when)
        return "its certificate had been revoked when it was signed";
    return NULL;
}
