/*
 * manifest - ASiCManifest files (ETSI EN 319 162-1, annex A.4): what one signature, timestamp or
 *            evidence record of a container is about
 *
 * Synopsis
 *      struct bytes xml = {0};
 *      st = manifest_write("META-INF/signature001.p7s", MANIFEST_PKCS7, files, count, &xml, &err);
 */
#ifndef TEMOIN_DB_MANIFEST_H
#define TEMOIN_DB_MANIFEST_H

#include "db/container.h"

#define MANIFEST_PKCS7 "application/pkcs7-signature"
#define MANIFEST_TIMESTAMP "application/vnd.etsi.timestamp-token"

/* Append the document. `signature`: its name in the container; `type`: its media type, NULL for
   an evidence record. STORE_NO_MEMORY. */
enum store_status manifest_write(const char *signature, const char *type,
                                 const struct container_file *files, size_t count,
                                 struct bytes *out, struct store_error *err);

#endif
