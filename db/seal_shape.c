/*
 * seal_shape - signatures of one key that differ in nothing but what must differ, judged at the
 *              price of their hash and their signature alone
 */
#include "db/seal_shape.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bytes.h"

enum {
    SHAPES = 8,           /* a P-256 signature has three lengths, now and then a fourth */
    TIME_OCTETS = 13,     /* of a UTCTime: "261121210707Z" */
    DIGEST_OCTETS = 32,   /* SHA-256 */
    ATTRIBUTES_MAX = 512, /* octets, with their tag and length */
    TAG_SET = 0x31,
};

struct range {
    size_t from, len;
};

struct shape {
    struct bytes der;
    struct range time, digest, value; /* in this order */
    struct range attributes;          /* with tag and length; holds the first two */
};

struct seal_shapes {
    EVP_MD *md;
    EVP_PKEY_CTX *verify;
    struct shape items[SHAPES];
    size_t count;
};

struct seal_shapes *seal_shapes_new(X509 *certificate)
{
    struct seal_shapes *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->verify = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
    if (s->md && s->verify && EVP_PKEY_verify_init(s->verify) == 1 &&
        EVP_PKEY_CTX_set_signature_md(s->verify, s->md) == 1)
        return s;
    seal_shapes_free(s);
    return NULL;
}

void seal_shapes_free(struct seal_shapes *shapes)
{
    if (!shapes)
        return;
    for (size_t i = 0; i < shapes->count; i++)
        bytes_free(&shapes->items[i].der);
    EVP_PKEY_CTX_free(shapes->verify);
    EVP_MD_free(shapes->md);
    free(shapes);
}

/* --- accepting ------------------------------------------------------------------------------*/

static bool same_between(const struct shape *s, const unsigned char *der, size_t from, size_t to)
{
    return memcmp(s->der.data + from, der + from, to - from) == 0;
}

/* All but the three ranges. */
static bool fits(const struct shape *s, const unsigned char *der, size_t len)
{
    return len == s->der.len && same_between(s, der, 0, s->time.from) &&
           same_between(s, der, s->time.from + s->time.len, s->digest.from) &&
           same_between(s, der, s->digest.from + s->digest.len, s->value.from);
}

static bool is_time(const unsigned char *octets)
{
    for (size_t i = 0; i < TIME_OCTETS - 1; i++)
        if (octets[i] < '0' || octets[i] > '9')
            return false;
    return octets[TIME_OCTETS - 1] == 'Z';
}

static bool hash(const struct seal_shapes *shapes, const void *data, size_t len,
                 unsigned char digest[DIGEST_OCTETS])
{
    return EVP_Digest(data, len, digest, NULL, shapes->md, NULL) == 1;
}

/* What is signed is the set of attributes, not the tagged field that they stand in. */
static bool verifies(struct seal_shapes *shapes, const struct shape *s, const unsigned char *der)
{
    unsigned char attributes[ATTRIBUTES_MAX], digest[DIGEST_OCTETS];
    memcpy(attributes, der + s->attributes.from, s->attributes.len);
    attributes[0] = TAG_SET;
    return hash(shapes, attributes, s->attributes.len, digest) &&
           EVP_PKEY_verify(shapes->verify, der + s->value.from, s->value.len, digest,
                           sizeof digest) == 1;
}

static bool accepts(struct seal_shapes *shapes, const struct shape *s, const void *data, size_t len,
                    const unsigned char *der, size_t der_len)
{
    unsigned char digest[DIGEST_OCTETS];
    return fits(s, der, der_len) && is_time(der + s->time.from) &&
           hash(shapes, data, len, digest) &&
           memcmp(digest, der + s->digest.from, sizeof digest) == 0 && verifies(shapes, s, der);
}

bool seal_shapes_accept(struct seal_shapes *shapes, const void *data, size_t len,
                        const void *signature, size_t signature_len)
{
    for (size_t i = 0; i < shapes->count; i++)
        if (accepts(shapes, &shapes->items[i], data, len, signature, signature_len))
            return true;
    return false;
}

/* --- learning -------------------------------------------------------------------------------*/

/* Where the octets stand, when they stand there once. */
static bool find_once(const struct bytes *der, struct range within, const void *octets, size_t len,
                      struct range *at)
{
    const char *from = der->data + within.from, *end = from + within.len;
    const char *first = len ? memmem(from, within.len, octets, len) : NULL;
    if (!first || memmem(first + 1, (size_t)(end - first) - 1, octets, len))
        return false;
    *at = (struct range){(size_t)(first - der->data), len};
    return true;
}

/* The signed attributes as they stand in the structure, with their tag and length. */
static bool find_attributes(struct shape *s, const CMS_SignerInfo *signer)
{
    struct bytes all = {0};
    struct range content;
    bool done = true;
    for (int i = 0; done && i < CMS_signed_get_attr_count(signer); i++) {
        unsigned char *one = NULL;
        int len = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(signer, i), &one);
        done = len > 0 && bytes_append(&all, one, (size_t)len);
        OPENSSL_free(one);
    }
    done = done && all.len &&
           find_once(&s->der, (struct range){0, s->der.len}, all.data, all.len, &content);
    bytes_free(&all);
    /* [0] and a length of one or two octets (X.690, 8.1.3) */
    size_t head = content.len < 128 ? 2 : 3;
    if (!done || content.from < head || content.len + head > ATTRIBUTES_MAX || content.len > 255)
        return false;
    const unsigned char *tag = (const unsigned char *)s->der.data + content.from - head;
    s->attributes = (struct range){content.from - head, content.len + head};
    return tag[0] == 0xa0 && tag[head - 1] == content.len && (head == 2 || tag[1] == 0x81);
}

static bool find_time(struct shape *s, const CMS_SignerInfo *signer)
{
    const ASN1_UTCTIME *time =
        CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_pkcs9_signingTime), -3, V_ASN1_UTCTIME);
    return time && ASN1_STRING_length(time) == TIME_OCTETS &&
           find_once(&s->der, s->attributes, ASN1_STRING_get0_data(time), TIME_OCTETS, &s->time);
}

/* The signature's value is the structure's end: nothing unsigned follows it. */
static bool find_value(struct shape *s, CMS_SignerInfo *signer)
{
    const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(signer);
    size_t len = value ? (size_t)ASN1_STRING_length(value) : 0;
    s->value = (struct range){s->der.len - len, len};
    return len > 0 && len < s->der.len &&
           memcmp(s->der.data + s->value.from, ASN1_STRING_get0_data(value), len) == 0 &&
           s->value.from >= s->attributes.from + s->attributes.len;
}

void seal_shapes_learn(struct seal_shapes *shapes, CMS_ContentInfo *cms, const void *data,
                       size_t len, const void *signature, size_t signature_len)
{
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
    struct shape s = {0};
    unsigned char digest[DIGEST_OCTETS];
    if (shapes->count == SHAPES || sk_CMS_SignerInfo_num(signers) != 1 ||
        !hash(shapes, data, len, digest) || !bytes_append(&s.der, signature, signature_len))
        return;
    CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(signers, 0);
    bool found = find_attributes(&s, signer) && find_time(&s, signer) &&
                 find_once(&s.der, s.attributes, digest, sizeof digest, &s.digest) &&
                 find_value(&s, signer) && s.time.from + s.time.len <= s.digest.from;
    /* it is a pattern when what it was made of fits it */
    if (found && accepts(shapes, &s, data, len, signature, signature_len))
        shapes->items[shapes->count++] = s;
    else
        bytes_free(&s.der);
}
