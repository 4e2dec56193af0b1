/*
 * asic - an ASiC-E container with CAdES signatures (ETSI EN 319 162-1, 4.4; 162-2, 4.3)
 *
 * Synopsis
 *      struct container *c = asic_new(fd, &err);
 *      ... container_add(c, …) ...
 *      st = asic_sign(c, key, &settings->seal_crls, &err);   // over all that was added so far
 *      st = container_finish(c, &err);
 *
 * No other file in META-INF may have "manifest", "signature" or "timestamp" in its name.
 */
#ifndef TEMOIN_DB_ASIC_H
#define TEMOIN_DB_ASIC_H

#include "db/container.h"
#include "db/seal.h"

/* NULL: *err says why. */
struct container *asic_new(int fd, struct store_error *err);

/* Add SHA256SUMS, META-INF/ASiCManifest001.xml over all files, and META-INF/signature001.p7s. */
enum store_status asic_sign(struct container *c, const struct seal_key *key,
                            const struct strings *crl_files, struct store_error *err);

#endif
