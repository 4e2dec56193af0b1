/*
 * verify_ers - evidence records (RFC 4998), reduced from the files that they are about to the
 *              timestamps that date them
 *
 *      EvidenceRecord ::= SEQUENCE { version, digestAlgorithms, [0] cryptoInfos OPTIONAL,
 *          [1] encryptionInfo OPTIONAL, SEQUENCE OF ArchiveTimeStampChain }
 *      ArchiveTimeStampChain ::= SEQUENCE OF ArchiveTimeStamp
 *      ArchiveTimeStamp ::= SEQUENCE { [0] digestAlgorithm OPTIONAL, [1] attributes OPTIONAL,
 *          [2] SEQUENCE OF SEQUENCE OF OCTET STRING OPTIONAL, timeStamp ContentInfo }
 *
 * It is walked octet by octet, without decoding and encoding again, because a renewal hashes
 * what stands there. Reducing (4.3): the hashes of a list are sorted, joined and hashed; the
 * result joins the next list. A first list of one hash stands for itself.
 */
#include "db/verify_ers.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <string.h>

enum { LIST_MAX = 64, EMBEDDED = 0x80 /* [n], context-specific */ };

/* --- DER ------------------------------------------------------------------------------------*/

struct der {
    const unsigned char *at;
    size_t left;
};

struct element {
    int tag;                    /* a universal one, or EMBEDDED + n */
    struct der content;         /* what is in it */
    const unsigned char *whole; /* with its header */
    size_t whole_len;
};

/* Take the next element. False: there is none, or it is malformed. */
static bool der_next(struct der *d, struct element *e)
{
    const unsigned char *at = d->at;
    long len = 0;
    int tag = 0, kind = 0;
    if (d->left == 0 || d->left > LONG_MAX)
        return false;
    int form = ASN1_get_object(&at, &len, &tag, &kind, (long)d->left);
    if (form & 0x80 || (form & 1) || len < 0) /* malformed, or of indefinite length */
        return false;
    *e = (struct element){.tag = kind == V_ASN1_CONTEXT_SPECIFIC ? EMBEDDED + tag : tag,
                          .content = {at, (size_t)len},
                          .whole = d->at,
                          .whole_len = (size_t)(at - d->at) + (size_t)len};
    d->left -= e->whole_len;
    d->at += e->whole_len;
    return true;
}

static bool der_expect(struct der *d, int tag, struct element *e)
{
    return der_next(d, e) && e->tag == tag;
}

/* Take an element that may be absent. False: it is malformed. */
static bool der_optional(struct der *d, int tag, struct element *e, bool *there)
{
    struct der ahead = *d;
    *there = false;
    if (d->left == 0)
        return true;
    if (!der_next(&ahead, e))
        return false;
    *there = e->tag == tag;
    if (*there)
        *d = ahead;
    return true;
}

/* --- reducing -------------------------------------------------------------------------------*/

struct hashes {
    unsigned char items[LIST_MAX][EVP_MAX_MD_SIZE];
    size_t count;
    size_t size; /* of each */
};

static bool hashes_hold(const struct hashes *list, const unsigned char *hash)
{
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(list->items[i], hash, list->size) == 0)
            return true;
    return false;
}

/* Insertion keeps the list sorted. False: it is full. */
static bool hashes_add(struct hashes *list, const unsigned char *hash)
{
    size_t at = list->count;
    if (at == LIST_MAX)
        return false;
    for (; at > 0 && memcmp(list->items[at - 1], hash, list->size) > 0; at--)
        memcpy(list->items[at], list->items[at - 1], list->size);
    memcpy(list->items[at], hash, list->size);
    list->count++;
    return true;
}

static bool hashes_join(const struct hashes *list, const EVP_MD *md, unsigned char *result)
{
    unsigned char joined[LIST_MAX * EVP_MAX_MD_SIZE];
    for (size_t i = 0; i < list->count; i++)
        memcpy(joined + i * list->size, list->items[i], list->size);
    return EVP_Digest(joined, list->count * list->size, result, NULL, md, NULL) == 1;
}

static bool list_read(struct der list, size_t size, struct hashes *out)
{
    *out = (struct hashes){.size = size};
    while (list.left) {
        struct element hash;
        if (!der_expect(&list, V_ASN1_OCTET_STRING, &hash) || hash.content.left != size ||
            !hashes_add(out, hash.content.at))
            return false;
    }
    return out->count > 0;
}

static bool same_hashes(const struct hashes *a, const struct hashes *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(a->items[i], b->items[i], a->size) != 0)
            return false;
    return true;
}

/* From the hashes of the group through the lists of the tree to the root. */
static const char *tree_reduce(struct der tree, const EVP_MD *md, const struct hashes *group,
                               unsigned char *root)
{
    struct hashes list;
    struct element partial;
    bool first = true;
    while (tree.left) {
        if (!der_expect(&tree, V_ASN1_SEQUENCE, &partial) ||
            !list_read(partial.content, group->size, &list))
            return "its hash tree is malformed";
        if (first && !same_hashes(&list, group))
            return "it is not about these files, or they were altered";
        if (!first && !hashes_hold(&list, root) && !hashes_add(&list, root))
            return "its hash tree is malformed";
        if (first && list.count == 1)
            memcpy(root, list.items[0], list.size);
        else if (!hashes_join(&list, md, root))
            return "the crypto library cannot hash";
        first = false;
    }
    return first ? "its hash tree is empty" : NULL;
}

/* --- archive timestamps ---------------------------------------------------------------------*/

struct stamp {
    const EVP_MD *md;
    bool has_tree;
    struct der tree;
    const unsigned char *token;
    size_t token_len;
    unsigned char imprint[EVP_MAX_MD_SIZE];
};

static const char UNKNOWN_HASH[] = "it uses a hash that is not known here";

/* SHA-2 of 256 bits and more, as ETSI TS 119 312 has them. NULL: another one. */
static const EVP_MD *digest_known(const ASN1_OBJECT *algorithm)
{
    switch (OBJ_obj2nid(algorithm)) {
    case NID_sha256:
        return EVP_sha256();
    case NID_sha384:
        return EVP_sha384();
    case NID_sha512:
        return EVP_sha512();
    default:
        return NULL;
    }
}

/* An archive timestamp that names no hash has that of its token (RFC 4998, 4.1). */
static const char *imprint_read(struct stamp *s)
{
    const unsigned char *at = s->token;
    PKCS7 *token = d2i_PKCS7(NULL, &at, (long)s->token_len);
    TS_TST_INFO *info = token && PKCS7_type_is_signed(token) ? PKCS7_to_TS_TST_INFO(token) : NULL;
    TS_MSG_IMPRINT *imprint = info ? TS_TST_INFO_get_msg_imprint(info) : NULL;
    const ASN1_OCTET_STRING *digest = imprint ? TS_MSG_IMPRINT_get_msg(imprint) : NULL;
    const char *why = "it holds no timestamp token";
    if (digest) {
        const ASN1_OBJECT *algorithm;
        X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
        const EVP_MD *md = digest_known(algorithm);
        s->md = s->md ? s->md : md;
        why = md ? "its timestamp is over another kind of hash than its tree" : UNKNOWN_HASH;
        if (md && EVP_MD_get_type(md) == EVP_MD_get_type(s->md) &&
            ASN1_STRING_length(digest) == EVP_MD_get_size(md)) {
            memcpy(s->imprint, ASN1_STRING_get0_data(digest), (size_t)EVP_MD_get_size(md));
            why = NULL;
        }
    }
    TS_TST_INFO_free(info);
    PKCS7_free(token);
    ERR_clear_error();
    return why;
}

static const EVP_MD *digest_of(struct der algorithm)
{
    struct element oid;
    if (!der_expect(&algorithm, V_ASN1_OBJECT, &oid))
        return NULL;
    const unsigned char *at = oid.whole;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, (long)oid.whole_len);
    const EVP_MD *md = object ? digest_known(object) : NULL;
    ASN1_OBJECT_free(object);
    return md;
}

static const char *stamp_read(struct der body, struct stamp *s)
{
    static const char MALFORMED[] = "one of its archive timestamps is malformed";
    struct element part;
    bool there;
    *s = (struct stamp){0};
    if (!der_optional(&body, EMBEDDED + 0, &part, &there))
        return MALFORMED;
    if (there && !(s->md = digest_of(part.content)))
        return UNKNOWN_HASH;
    if (!der_optional(&body, EMBEDDED + 1, &part, &there) ||
        !der_optional(&body, EMBEDDED + 2, &part, &s->has_tree))
        return MALFORMED;
    s->tree = s->has_tree ? part.content : (struct der){0};
    if (!der_expect(&body, V_ASN1_SEQUENCE, &part) || body.left)
        return MALFORMED;
    s->token = part.whole;
    s->token_len = part.whole_len;
    return imprint_read(s);
}

/* Does the timestamp date this group? */
static const char *stamp_check(const struct stamp *s, const struct hashes *group)
{
    unsigned char root[EVP_MAX_MD_SIZE] = {0};
    const char *why = NULL;
    if (s->has_tree)
        why = tree_reduce(s->tree, s->md, group, root);
    else if (group->count == 1)
        memcpy(root, group->items[0], group->size);
    else
        why = "it has no hash tree for several files";
    if (!why && memcmp(root, s->imprint, group->size) != 0)
        why = "it does not reduce to what its timestamp is over";
    return why;
}

/* --- chains ---------------------------------------------------------------------------------*/

struct walk {
    size_t count;
    ers_file_hash hash;
    void *context;
    struct ers *ers;
    const unsigned char *sequence; /* content of the sequence of chains */
};

/* What a chain's first timestamp must cover: the files, and from the second chain on each of
   them joined with all chains before (RFC 4998, 5.2). `before` is the octets of those chains. */
static const char *group_hashes(const struct walk *w, const EVP_MD *md, size_t before,
                                struct hashes *group)
{
    unsigned char joined[2 * EVP_MAX_MD_SIZE], *past = joined + EVP_MD_get_size(md);
    *group = (struct hashes){.size = (size_t)EVP_MD_get_size(md)};
    if (before) {
        unsigned char header[16], *end = header;
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        if (before > INT_MAX)
            return "it is too long";
        ASN1_put_object(&end, 1, (int)before, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
        bool done = c && EVP_DigestInit_ex(c, md, NULL) == 1 &&
                    EVP_DigestUpdate(c, header, (size_t)(end - header)) == 1 &&
                    EVP_DigestUpdate(c, w->sequence, before) == 1 &&
                    EVP_DigestFinal_ex(c, past, NULL) == 1;
        EVP_MD_CTX_free(c);
        if (!done)
            return "the crypto library cannot hash";
    }
    for (size_t i = 0; i < w->count; i++) {
        if (!w->hash(i, md, joined, w->context) ||
            (before && EVP_Digest(joined, 2 * group->size, joined, NULL, md, NULL) != 1))
            return "one of its files cannot be read";
        if (!hashes_hold(group, joined) && !hashes_add(group, joined))
            return "its group is too large";
    }
    return NULL;
}

static const char *chain_check(const struct walk *w, struct der chain, size_t before)
{
    struct hashes group;
    struct element body;
    const EVP_MD *md = NULL;
    for (const unsigned char *token = NULL; chain.left;) {
        struct stamp s;
        if (!der_expect(&chain, V_ASN1_SEQUENCE, &body))
            return "one of its chains is malformed";
        const char *why = stamp_read(body.content, &s);
        if (!why && md && EVP_MD_get_type(md) != EVP_MD_get_type(s.md))
            why = "one of its chains changes its hash"; /* 5.1: one algorithm a chain */
        md = s.md;
        if (!why && !token)
            why = group_hashes(w, s.md, before, &group);
        else if (!why) {
            const struct ers_token *last = &w->ers->tokens[w->ers->count - 1];
            group = (struct hashes){.size = (size_t)EVP_MD_get_size(md), .count = 1};
            if (EVP_Digest(last->der, last->len, group.items[0], NULL, md, NULL) != 1)
                why = "the crypto library cannot hash";
        }
        if (!why)
            why = stamp_check(&s, &group);
        if (!why && w->ers->count == ERS_TOKENS_MAX)
            why = "it was renewed too often";
        if (why)
            return why;
        token = s.token;
        w->ers->tokens[w->ers->count++] = (struct ers_token){s.token, s.token_len};
    }
    return md ? NULL : "one of its chains is empty";
}

/* The sequence of chains, behind what this reader has no use for. */
static bool record_open(struct der all, struct der *chains)
{
    struct element record, version, part;
    bool there;
    if (!der_expect(&all, V_ASN1_SEQUENCE, &record) || all.left ||
        !der_expect(&record.content, V_ASN1_INTEGER, &version) || version.content.left != 1 ||
        version.content.at[0] != 1 || !der_expect(&record.content, V_ASN1_SEQUENCE, &part))
        return false;
    if (!der_optional(&record.content, EMBEDDED + 0, &part, &there) ||
        !der_optional(&record.content, EMBEDDED + 1, &part, &there) ||
        !der_expect(&record.content, V_ASN1_SEQUENCE, &part) || record.content.left)
        return false;
    *chains = part.content;
    return true;
}

bool ers_reduce(const void *der, size_t len, size_t count, ers_file_hash hash, void *context,
                struct ers *e, const char **why)
{
    struct der chains;
    *e = (struct ers){0};
    *why = NULL;
    if (!record_open((struct der){der, len}, &chains))
        *why = "it is no evidence record";
    else if (count == 0 || count > ERS_GROUP_MAX)
        *why = "its group has too many files, or none";
    struct walk w = {count, hash, context, e, *why ? NULL : chains.at};
    while (!*why && chains.left) {
        struct element chain;
        size_t before = (size_t)(chains.at - w.sequence);
        if (!der_expect(&chains, V_ASN1_SEQUENCE, &chain))
            *why = "one of its chains is malformed";
        else
            *why = chain_check(&w, chain.content, before);
    }
    ERR_clear_error();
    if (!*why && e->count == 0)
        *why = "it holds no timestamp";
    return !*why;
}
