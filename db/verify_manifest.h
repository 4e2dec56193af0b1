/*
 * verify_manifest - an ASiC manifest, read (ETSI EN 319 162-1, A.4)
 *
 * Synopsis
 *      struct manifest m = {0};
 *      if (!manifest_read(octets, len, &m, &why)) ...no manifest: why...
 *      ... m.signature, m.references[i].name, .sha256 ...
 *      manifest_clear(&m);
 */
#ifndef TEMOIN_DB_VERIFY_MANIFEST_H
#define TEMOIN_DB_VERIFY_MANIFEST_H

#include "db/store.h"

struct manifest_reference {
    char *name; /* of the file, unescaped */
    unsigned char sha256[HASH_OCTETS];
};

struct manifest {
    char *signature; /* the file that SigReference names */
    char *type;      /* its MimeType; NULL: none */
    struct manifest_reference *references;
    size_t count;
};

/* No DTD, no entity, no network; SHA-256 alone is taken. False: *why (static text) says what is
   wrong, "out of memory" included; clear `m` in any case. */
bool manifest_read(const void *data, size_t len, struct manifest *m, const char **why);
void manifest_clear(struct manifest *m);

#endif
