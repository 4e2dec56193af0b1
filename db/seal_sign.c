/*
 * seal_sign - CAdES signatures of records: made by the sealer, judged by everybody else
 *
 * CMS_sign with DETACHED, BINARY, CADES and NOSMIMECAP gives the four signed attributes of a
 * CAdES-B-B signature (ETSI EN 319 122-1, table 1) and no other: content-type, signing-time,
 * message-digest, signing-certificate-v2.
 *
 * The judge trusts one certificate, the one it was opened with: a certificate that comes inside
 * a signature identifies nobody. It does not look at the certificate's dates, because records
 * outlive it and their dating does not rest on our key.
 */
#include "db/seal_internal.h"
#include "db/seal_shape.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

struct seal_judge {
    X509 *certificate;
    X509_STORE *trust;
    struct seal_shapes *shapes; /* what it has accepted before, for what is alike */
};

static enum store_status cms_out(CMS_ContentInfo *cms, struct bytes *signature,
                                 struct store_error *err)
{
    unsigned char *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);
    enum store_status st = STORE_OK;
    if (len <= 0)
        st = store_fail(err, STORE_INVALID, "signing failed: %s", seal_crypto_reason());
    else if (!bytes_append(signature, der, (size_t)len))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    OPENSSL_free(der);
    return st;
}

/* NULL: *err says why. */
static CMS_ContentInfo *cms_sign(const struct seal_key *key, STACK_OF(X509) * chain,
                                 const void *data, size_t len, struct store_error *err)
{
    BIO *content = len <= INT_MAX ? BIO_new_mem_buf(data, (int)len) : NULL;
    CMS_ContentInfo *cms = content
                               ? CMS_sign(key->certificate, key->private_key, chain, content,
                                          CMS_DETACHED | CMS_BINARY | CMS_CADES | CMS_NOSMIMECAP)
                               : NULL;
    BIO_free(content);
    if (!cms)
        store_fail(err, STORE_INVALID, "signing %zu octets failed: %s", len, seal_crypto_reason());
    return cms;
}

enum store_status seal_sign(const struct seal_key *key, const void *data, size_t len,
                            struct bytes *signature, struct store_error *err)
{
    CMS_ContentInfo *cms = cms_sign(key, NULL, data, len, err);
    enum store_status st = cms ? cms_out(cms, signature, err) : STORE_INVALID;
    CMS_ContentInfo_free(cms);
    return st;
}

/* All revocation lists of a file: PEM, or one in DER. */
static enum store_status crls_add(CMS_ContentInfo *cms, const char *file, struct store_error *err)
{
    BIO *in = BIO_new_file(file, "r");
    if (!in)
        return store_fail(err, STORE_NOT_FOUND, "%s: cannot be opened: %s", file,
                          seal_crypto_reason());
    int added = 0, failed = 0;
    X509_CRL *crl;
    while (!failed && (crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)) != NULL) {
        failed = CMS_add1_crl(cms, crl) != 1;
        added++;
        X509_CRL_free(crl);
    }
    if (added == 0 && BIO_seek(in, 0) >= 0 && (crl = d2i_X509_CRL_bio(in, NULL)) != NULL) {
        failed = CMS_add1_crl(cms, crl) != 1;
        added++;
        X509_CRL_free(crl);
    }
    BIO_free(in);
    if (added && !failed) {
        ERR_clear_error();
        return STORE_OK;
    }
    return store_fail(err, STORE_CORRUPT, "%s: holds no certificate revocation list: %s", file,
                      seal_crypto_reason());
}

enum store_status seal_sign_export(const struct seal_key *key, const struct strings *crl_files,
                                   const void *data, size_t len, struct bytes *signature,
                                   struct store_error *err)
{
    CMS_ContentInfo *cms = cms_sign(key, key->chain, data, len, err);
    enum store_status st = cms ? STORE_OK : STORE_INVALID;
    for (size_t i = 0; st == STORE_OK && i < crl_files->count; i++)
        st = crls_add(cms, crl_files->items[i], err);
    if (st == STORE_OK)
        st = cms_out(cms, signature, err);
    CMS_ContentInfo_free(cms);
    return st;
}

bool seal_names(const void *signature, size_t signature_len, const void *data, size_t len)
{
    unsigned char digest[HASH_OCTETS];
    const unsigned char *end = signature;
    CMS_ContentInfo *cms =
        signature_len <= INT_MAX ? d2i_CMS_ContentInfo(NULL, &end, (long)signature_len) : NULL;
    STACK_OF(CMS_SignerInfo) *signers = cms ? CMS_get0_SignerInfos(cms) : NULL;
    const ASN1_OCTET_STRING *named =
        sk_CMS_SignerInfo_num(signers) == 1
            ? CMS_signed_get0_data_by_OBJ(sk_CMS_SignerInfo_value(signers, 0),
                                          OBJ_nid2obj(NID_pkcs9_messageDigest), -3,
                                          V_ASN1_OCTET_STRING)
            : NULL;
    bool same = named && ASN1_STRING_length(named) == sizeof digest &&
                EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1 &&
                memcmp(ASN1_STRING_get0_data(named), digest, sizeof digest) == 0;
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return same;
}

enum store_status seal_judge_open(const char *certificate_file, struct seal_judge **judge,
                                  struct store_error *err)
{
    *judge = NULL;
    enum store_status st = STORE_OK;
    X509 *x = seal_certificate_read(certificate_file, &st, err);
    if (!x)
        return st;
    struct seal_judge *j = calloc(1, sizeof *j);
    X509_STORE *trust = X509_STORE_new();
    if (!j || !trust || X509_STORE_add_cert(trust, x) != 1 ||
        X509_STORE_set_flags(trust, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) != 1 ||
        X509_STORE_set_purpose(trust, X509_PURPOSE_ANY) != 1 || !(j->shapes = seal_shapes_new(x))) {
        X509_STORE_free(trust);
        X509_free(x);
        free(j);
        return store_fail(err, STORE_NO_MEMORY, "%s: %s", certificate_file, seal_crypto_reason());
    }
    j->certificate = x;
    j->trust = trust;
    *judge = j;
    return STORE_OK;
}

void seal_judge_close(struct seal_judge *judge)
{
    if (!judge)
        return;
    seal_shapes_free(judge->shapes);
    X509_STORE_free(judge->trust);
    X509_free(judge->certificate);
    free(judge);
}

/* The signer must be the certificate itself: nothing that it might have issued will do. */
static bool signer_is(CMS_ContentInfo *cms, const X509 *certificate)
{
    STACK_OF(X509) *signers = CMS_get0_signers(cms);
    bool same = signers && sk_X509_num(signers) == 1 &&
                X509_cmp(sk_X509_value(signers, 0), certificate) == 0;
    sk_X509_free(signers);
    return same;
}

BIO *seal_octets(const void *data, size_t len)
{
    BIO *memory = len <= INT_MAX ? BIO_new_mem_buf(data, (int)len) : NULL;
    BIO *filter = memory ? BIO_new(BIO_f_null()) : NULL;
    if (!filter)
        BIO_free(memory);
    return filter ? BIO_push(filter, memory) : NULL;
}

enum store_status seal_judge_check(struct seal_judge *judge, const void *data, size_t len,
                                   const void *signature, size_t signature_len,
                                   struct store_error *err)
{
    if (len > INT_MAX || signature_len > INT_MAX)
        return store_fail(err, STORE_CORRUPT, "too long for a record or a signature");
    if (seal_shapes_accept(judge->shapes, data, len, signature, signature_len))
        return STORE_OK;
    const unsigned char *end = signature;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &end, (long)signature_len);
    BIO *content = seal_octets(data, len);
    enum store_status st = STORE_OK;
    if (!content)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else if (!cms || end != (const unsigned char *)signature + signature_len)
        st = store_fail(err, STORE_CORRUPT, "no CMS structure: %s", seal_crypto_reason());
    else if (CMS_verify(cms, NULL, judge->trust, content, NULL, CMS_BINARY | CMS_CADES) != 1)
        st = store_fail(err, STORE_CORRUPT, "%s", seal_crypto_reason());
    else if (!signer_is(cms, judge->certificate))
        st = store_fail(err, STORE_CORRUPT, "signed by another certificate");
    else
        seal_shapes_learn(judge->shapes, cms, data, len, signature, signature_len);
    BIO_free_all(content);
    CMS_ContentInfo_free(cms);
    return st;
}
