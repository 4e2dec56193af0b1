/*
 * ers_der - evidence records (RFC 4998, appendix A) in DER, by OpenSSL's ASN.1 templates
 *
 * A token is kept as the octets it came in: ASN1_ANY neither reads nor writes it anew.
 */
#include <openssl/asn1t.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ers.h"

// cppcheck-suppress unknownMacro
DEFINE_STACK_OF(ASN1_OCTET_STRING)
typedef STACK_OF(ASN1_OCTET_STRING) HASHTREE;
DEFINE_STACK_OF(HASHTREE)

typedef struct {
    X509_ALGOR *algorithm;
    STACK_OF(X509_ATTRIBUTE) * attributes;
    STACK_OF(HASHTREE) * tree;
    ASN1_TYPE *token;
} STAMP;
DEFINE_STACK_OF(STAMP)
typedef STACK_OF(STAMP) CHAIN;
DEFINE_STACK_OF(CHAIN)

typedef struct {
    ASN1_INTEGER *version;
    STACK_OF(X509_ALGOR) * algorithms;
    STACK_OF(CHAIN) * chains;
} RECORD;

/* clang-format off */
ASN1_ITEM_TEMPLATE(HASHTREE) =
    ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SEQUENCE_OF, 0, hashes, ASN1_OCTET_STRING)
static_ASN1_ITEM_TEMPLATE_END(HASHTREE)

ASN1_SEQUENCE(STAMP) = {
    ASN1_IMP_OPT(STAMP, algorithm, X509_ALGOR, 0),
    ASN1_IMP_SET_OF_OPT(STAMP, attributes, X509_ATTRIBUTE, 1),
    ASN1_IMP_SEQUENCE_OF_OPT(STAMP, tree, HASHTREE, 2),
    ASN1_SIMPLE(STAMP, token, ASN1_ANY)
} static_ASN1_SEQUENCE_END(STAMP)

ASN1_ITEM_TEMPLATE(CHAIN) =
    ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SEQUENCE_OF, 0, stamps, STAMP)
static_ASN1_ITEM_TEMPLATE_END(CHAIN)

ASN1_SEQUENCE(RECORD) = {
    ASN1_SIMPLE(RECORD, version, ASN1_INTEGER),
    ASN1_SEQUENCE_OF(RECORD, algorithms, X509_ALGOR),
    ASN1_SEQUENCE_OF(RECORD, chains, CHAIN)
} static_ASN1_SEQUENCE_END(RECORD)
                /* clang-format on */

                /* --- writing
                   --------------------------------------------------------------------------------*/

                static X509_ALGOR
                * sha256(void)
{
    X509_ALGOR *algorithm = X509_ALGOR_new();
    if (algorithm)
        X509_ALGOR_set_md(algorithm, EVP_sha256());
    return algorithm;
}

/* Append one list of hashes to a tree. */
static bool add_list(STACK_OF(HASHTREE) * tree, const struct ers_hash *hashes, size_t count)
{
    HASHTREE *list = sk_ASN1_OCTET_STRING_new_null();
    if (!list || sk_HASHTREE_push(tree, list) <= 0) {
        sk_ASN1_OCTET_STRING_free(list);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        ASN1_OCTET_STRING *hash = ASN1_OCTET_STRING_new();
        if (!hash || ASN1_OCTET_STRING_set(hash, hashes[i].octets, ERS_HASH) != 1 ||
            sk_ASN1_OCTET_STRING_push(list, hash) <= 0) {
            ASN1_OCTET_STRING_free(hash);
            return false;
        }
    }
    return true;
}

/* A single file goes into one list with its sibling: whether a list of one is hashed again is
   read differently by different programs. */
static bool add_tree(STAMP *s, const struct ers_stamp *from)
{
    struct ers_hash first[ERS_GROUP + 1];
    size_t count = from->group_count, used = 0;
    s->tree = sk_HASHTREE_new_null();
    if (!s->tree || count > ERS_GROUP)
        return false;
    memcpy(first, from->group, count * sizeof *first);
    if (count == 1 && from->path && from->path->count > 0)
        first[count++] = from->path->siblings[used++];
    bool done = add_list(s->tree, first, count);
    for (; done && from->path && used < from->path->count; used++)
        done = add_list(s->tree, &from->path->siblings[used], 1);
    return done;
}

static bool add_stamp(CHAIN *chain, const struct ers_stamp *from)
{
    const unsigned char *end = from->token;
    STAMP *s = (STAMP *)ASN1_item_new(ASN1_ITEM_rptr(STAMP));
    if (!s || sk_STAMP_push(chain, s) <= 0) {
        ASN1_item_free((ASN1_VALUE *)s, ASN1_ITEM_rptr(STAMP));
        return false;
    }
    s->algorithm = sha256();
    ASN1_TYPE_free(s->token);
    s->token = d2i_ASN1_TYPE(NULL, &end, (long)from->token_len);
    bool whole = s->algorithm && s->token && s->token->type == V_ASN1_SEQUENCE &&
                 end == (const unsigned char *)from->token + from->token_len;
    return whole && (from->group_count == 0 || add_tree(s, from));
}

static bool fill(RECORD *r, const struct ers_stamp *stamps, size_t count)
{
    X509_ALGOR *algorithm = sha256();
    if (!algorithm || sk_X509_ALGOR_push(r->algorithms, algorithm) <= 0) {
        X509_ALGOR_free(algorithm);
        return false;
    }
    CHAIN *chain = sk_STAMP_new_null();
    if (!chain || sk_CHAIN_push(r->chains, chain) <= 0) {
        sk_STAMP_free(chain);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!add_stamp(chain, &stamps[i]))
            return false;
    return ASN1_INTEGER_set(r->version, 1) == 1;
}

bool ers_encode(const struct ers_stamp *stamps, size_t count, struct bytes *der)
{
    unsigned char *octets = NULL;
    int len = -1;
    RECORD *r = (RECORD *)ASN1_item_new(ASN1_ITEM_rptr(RECORD));
    if (r && count > 0 && count <= ERS_STAMPS && fill(r, stamps, count))
        len = ASN1_item_i2d((const ASN1_VALUE *)r, &octets, ASN1_ITEM_rptr(RECORD));
    ASN1_item_free((ASN1_VALUE *)r, ASN1_ITEM_rptr(RECORD));
    bool done = len > 0 && bytes_append(der, octets, (size_t)len);
    OPENSSL_free(octets);
    return done;
}
