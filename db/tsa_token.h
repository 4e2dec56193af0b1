/*
 * tsa_token - what tsa.c and tsa_token.c share: reading a token that was found good
 */
#ifndef TEMOIN_DB_TSA_TOKEN_H
#define TEMOIN_DB_TSA_TOKEN_H

#include <openssl/pkcs7.h>

#include "db/tsa.h"

/* Its genTime, seconds since 1970; -1: it has none. */
int64_t tsa_token_time(PKCS7 *token);

/* Fill `stamp`, but for its token, from a token whose signature was found good. STORE_CORRUPT:
   time or chain cannot be read. */
enum store_status tsa_token_read(PKCS7 *token, X509_STORE *anchors, struct tsa_stamp *stamp,
                                 struct store_error *err);

#endif
