/*
 * ers_read - evidence records read back, by OpenSSL's ASN.1 templates
 */
#include "tests/unit/ers_read.h"

#include <openssl/asn1t.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

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

static bool read_list(const HASHTREE *from, struct ers_list *to)
{
    int count = sk_ASN1_OCTET_STRING_num(from);
    if (count < 1 || count > ERS_GROUP)
        return false;
    for (int i = 0; i < count; i++) {
        const ASN1_OCTET_STRING *hash = sk_ASN1_OCTET_STRING_value(from, i);
        if (ASN1_STRING_length(hash) != ERS_HASH)
            return false;
        memcpy(to->hashes[i].octets, ASN1_STRING_get0_data(hash), ERS_HASH);
    }
    to->count = (size_t)count;
    return true;
}

/* clang-format on */

static bool is_sha256(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2nid(object) == NID_sha256;
}

static bool read_stamp(const STAMP *from, struct ers_read_stamp *to)
{
    int lists = from->tree ? sk_HASHTREE_num(from->tree) : 0;
    if (lists > ERS_LISTS || (from->algorithm && !is_sha256(from->algorithm)) ||
        from->token->type != V_ASN1_SEQUENCE)
        return false;
    for (int i = 0; i < lists; i++)
        if (!read_list(sk_HASHTREE_value(from->tree, i), &to->lists[i]))
            return false;
    to->list_count = (size_t)lists;
    const ASN1_STRING *token = from->token->value.sequence;
    return bytes_append(&to->token, ASN1_STRING_get0_data(token),
                        (size_t)ASN1_STRING_length(token));
}

static bool read_record(const RECORD *from, struct ers_record *to)
{
    if (ASN1_INTEGER_get(from->version) != 1 || sk_CHAIN_num(from->chains) != 1)
        return false;
    for (int i = 0; i < sk_X509_ALGOR_num(from->algorithms); i++)
        if (!is_sha256(sk_X509_ALGOR_value(from->algorithms, i)))
            return false;
    const CHAIN *chain = sk_CHAIN_value(from->chains, 0);
    int count = sk_STAMP_num(chain);
    if (count < 1 || count > ERS_STAMPS)
        return false;
    to->stamps = calloc((size_t)count, sizeof *to->stamps);
    if (!to->stamps)
        return false;
    to->count = (size_t)count;
    for (int i = 0; i < count; i++)
        if (!read_stamp(sk_STAMP_value(chain, i), &to->stamps[i]))
            return false;
    return true;
}

bool ers_decode(const void *der, size_t len, struct ers_record *record)
{
    const unsigned char *end = der;
    *record = (struct ers_record){0};
    if (len == 0 || len > 1u << 28)
        return false;
    RECORD *r = (RECORD *)ASN1_item_d2i(NULL, &end, (long)len, ASN1_ITEM_rptr(RECORD));
    bool done = r && end == (const unsigned char *)der + len && read_record(r, record);
    ASN1_item_free((ASN1_VALUE *)r, ASN1_ITEM_rptr(RECORD));
    return done;
}

void ers_record_free(struct ers_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        bytes_free(&record->stamps[i].token);
    free(record->stamps);
    *record = (struct ers_record){0};
}

/* --- reducing -------------------------------------------------------------------------------*/

static bool same_hashes(const struct ers_list *list, const struct ers_hash *files, size_t count)
{
    struct ers_hash sorted[ERS_GROUP], wanted[ERS_GROUP];
    if (list->count != count || count > ERS_GROUP)
        return false;
    memcpy(sorted, list->hashes, count * sizeof *sorted);
    memcpy(wanted, files, count * sizeof *wanted);
    qsort(sorted, count, sizeof *sorted, ers_compare);
    qsort(wanted, count, sizeof *wanted, ers_compare);
    return memcmp(sorted, wanted, count * sizeof *wanted) == 0;
}

/* A single file may stand in the first list together with its sibling. */
static bool first_list_holds(const struct ers_list *list, const struct ers_hash *files,
                             size_t count)
{
    if (count != 1)
        return same_hashes(list, files, count);
    for (size_t i = 0; i < list->count && list->count <= 2; i++)
        if (ers_compare(&list->hashes[i], files) == 0)
            return true;
    return false;
}

static bool root_of_lists(EVP_MD_CTX *hash, const struct ers_read_stamp *stamp,
                          struct ers_hash *root)
{
    if (!ers_node(hash, stamp->lists[0].hashes, stamp->lists[0].count, root))
        return false;
    for (size_t i = 1; i < stamp->list_count; i++) {
        struct ers_list with = stamp->lists[i];
        if (with.count == 0 || with.count == ERS_GROUP)
            return false;
        with.hashes[with.count++] = *root;
        if (!ers_node(hash, with.hashes, with.count, root))
            return false;
    }
    return true;
}

bool ers_stamp_root(const struct ers_read_stamp *stamp, const struct ers_hash *files, size_t count,
                    struct ers_hash *root)
{
    if (count == 0)
        return false;
    if (stamp->list_count == 0) { /* the token is over one file itself */
        *root = files[0];
        return count == 1;
    }
    EVP_MD_CTX *hash = sha256_new();
    bool done = hash && first_list_holds(&stamp->lists[0], files, count) &&
                root_of_lists(hash, stamp, root);
    EVP_MD_CTX_free(hash);
    return done;
}
