/*
 * asic - an ASiC-E container with CAdES signatures (ETSI EN 319 162-1, 4.4; 162-2, 4.3)
 *
 * Synopsis
 *      struct container *c = asic_new(fd, &err);
 *      ... container_add(c, …) ...
 *      st = asic_sign(c, key, &settings->seal_crls, &err);   // over all that was added so far
 *      st = asic_evidence(c, "007", names, 4, &record, &err);   // of one group of files
 *      st = asic_timestamp(c, settings, &stamp, &err);          // over all of it
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

/* Add META-INF/ASiCEvidenceRecordManifest<stem>.xml over the named files of the container, and
   META-INF/evidencerecord<stem>.ers; `record` (RFC 4998, DER) is empty afterwards. STORE_INVALID:
   there is no such file. */
enum store_status asic_evidence(struct container *c, const char *stem, const struct strings *names,
                                struct bytes *record, struct store_error *err);

/* Ask the configured authorities, in their order, and add META-INF/ASiCArchiveManifest.xml over
   all files, and META-INF/timestamp001.tst. Anything but STORE_OK: no token was had, err has the
   last reason, and the container must be discarded. STORE_NOT_FOUND: no authority is configured. */
enum store_status asic_timestamp(struct container *c, const struct settings *s,
                                 struct store_error *err);

#endif
