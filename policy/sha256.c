/*
 * sha256 - SHA-256 for those who hash much
 */
#include "policy/sha256.h"

EVP_MD_CTX *sha256_new(void)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1)
        return hash;
    EVP_MD_CTX_free(hash);
    return NULL;
}

bool sha256_begin(EVP_MD_CTX *hash)
{
    return hash && EVP_DigestInit_ex(hash, NULL, NULL) == 1; /* the one that it was made for */
}

bool sha256_of(EVP_MD_CTX *hash, const void *first, size_t first_len, const void *second,
               size_t second_len, unsigned char out[SHA256_HASH])
{
    return sha256_begin(hash) && EVP_DigestUpdate(hash, first, first_len) == 1 &&
           EVP_DigestUpdate(hash, second, second_len) == 1 &&
           EVP_DigestFinal_ex(hash, out, NULL) == 1;
}
