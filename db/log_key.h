/*
 * log_key - what log_key.c and checkpoint.c share: the loaded key (see checkpoint.h)
 */
#ifndef TEMOIN_DB_LOG_KEY_H
#define TEMOIN_DB_LOG_KEY_H

#include <openssl/evp.h>

struct log_key {
    EVP_PKEY *key; /* Ed25519 */
};

#endif
