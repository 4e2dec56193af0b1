/*
 * evidence - the evidence file of an invoice: an ASiC-E container that openssl, unzip and
 *            sha256sum verify without this program
 *
 * Synopsis, each step in a process that may do it (the log's writer, the sealer, a reader):
 *      st = evidence_announce(settings, invoice, actor, file, &seq, &err);   // an entry
 *      st = seal_wait(settings, seq, timeout, &err);                         // signed
 *      st = evidence_write(settings, invoice, now, fd, &err);                // the container
 *
 * Every entry is verified before it is written: a dossier with a damaged entry is refused,
 * naming it.
 */
#ifndef TEMOIN_DB_EVIDENCE_H
#define TEMOIN_DB_EVIDENCE_H

#include "policy/settings.h"

#include "db/store.h"

/* A file name made of the invoice number, ASCII, without path or blank, ending in ".asice";
   malloc'd. NULL: out of memory. */
char *evidence_file_name(const char *invoice);

/* The export itself is an entry of the dossier, the last one in the file. `file` is its name,
   without directories. STORE_NOT_FOUND: nothing was ever filed for this invoice. */
enum store_status evidence_announce(const struct settings *s, const char *invoice,
                                    const char *actor, const char *file, uint64_t *seq,
                                    struct store_error *err);

/* Write the entries 1 to the one numbered `last` in the log. `now`: seconds since 1970. The
   descriptor is open for reading and writing. STORE_CORRUPT: an entry is damaged. */
enum store_status evidence_write(const struct settings *s, const char *invoice, uint64_t last,
                                 int64_t now, int fd, struct store_error *err);

#endif
