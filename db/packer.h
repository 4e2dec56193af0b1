/*
 * packer - a compressor of messages that is used again
 *
 * Synopsis
 *      struct packer *p = packer_new();
 *      ok = packer_pack(p, &head, body, body_len, &out);
 *      packer_free(p);
 *
 * One that is made for a single message of 4 kB costs five times what compressing it does: its
 * tables are some 100 kB, fresh from the system each time. It keeps that memory: up to 700 kB
 * after a large message, given back when small ones follow. For one thread at a time.
 */
#ifndef TEMOIN_DB_PACKER_H
#define TEMOIN_DB_PACKER_H

#include <stdbool.h>

#include "policy/bytes.h"

struct packer;

struct packer *packer_new(void); /* NULL: out of memory */
void packer_free(struct packer *p);

/* Append to `out` one zstd frame (RFC 8878, with checksum and content size) of `head` followed
   by `body` (NULL when `body_len` is 0). False: out of memory; `out` may hold a part. The packer
   is good for another message in any case. */
bool packer_pack(struct packer *p, const struct bytes *head, const char *body, size_t body_len,
                 struct bytes *out);

#endif
