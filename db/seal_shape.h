/*
 * seal_shape - signatures of one key that differ in nothing but what must differ, judged at the
 *              price of their hash and their signature alone
 *
 * Synopsis
 *      struct seal_shapes *shapes = seal_shapes_new(certificate);
 *      if (seal_shapes_accept(shapes, data, len, signature, signature_len)) ...good...
 *      else if (…OpenSSL's CMS_verify says so…)
 *          seal_shapes_learn(shapes, cms, data, len, signature, signature_len);
 *      seal_shapes_free(shapes);
 *
 * Parsing a CMS structure with the certificate in it, and the certificate's chain, costs four
 * times the verification itself, and in a log of a million entries they are all the same. So one
 * that CMS_verify has accepted becomes a pattern. Another one of the same length is accepted when
 * all its octets are the pattern's, but for three ranges: the signing time (digits), the message
 * digest (it must be that of the data), and the signature's value, which must verify, by the
 * certificate's key, over the signed attributes as they stand there (RFC 5652, 5.4). No length
 * and no tag lies in these ranges, so CMS_verify would see the same structure, and accept it.
 * Whatever fits no pattern is for CMS_verify; nothing is ever refused here.
 *
 * One thread at a time.
 */
#ifndef TEMOIN_DB_SEAL_SHAPE_H
#define TEMOIN_DB_SEAL_SHAPE_H

#include <openssl/cms.h>
#include <stdbool.h>
#include <stddef.h>

struct seal_shapes;

/* NULL: out of memory, or the crypto library failed. */
struct seal_shapes *seal_shapes_new(X509 *certificate);
void seal_shapes_free(struct seal_shapes *shapes); /* NULL does nothing */

bool seal_shapes_accept(struct seal_shapes *shapes, const void *data, size_t len,
                        const void *signature, size_t signature_len);

/* `cms` is `signature`, which was accepted over `data`. A structure that is not like ours is no
   pattern; that is not an error. */
void seal_shapes_learn(struct seal_shapes *shapes, CMS_ContentInfo *cms, const void *data,
                       size_t len, const void *signature, size_t signature_len);

#endif
