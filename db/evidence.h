/*
 * evidence - the evidence file of an invoice: an ASiC-E container that openssl, unzip and
 *            sha256sum verify without this program
 *
 * Synopsis, each step in a process that may do it (the log's writer, the sealer, a reader):
 *      const struct evidence_order o = {settings, invoice, actor, "F-1.asice", LANGUAGE_FR};
 *      st = evidence_announce(&o, &seq, &err);                        // an entry
 *      st = seal_wait(settings, seq, timeout, &err);                  // signed
 *      st = evidence_date(&o, &remarks, &err);                        // timestamped
 *      st = evidence_volumes(&o, seq, &count, &err);                  // 1, or more if it is large
 *      st = evidence_write(&o, seq, now, fds, count, &remarks, &err); // the containers
 *
 * Every entry is verified before it is written: a dossier with a damaged entry is refused,
 * naming it.
 */
#ifndef TEMOIN_DB_EVIDENCE_H
#define TEMOIN_DB_EVIDENCE_H

#include "policy/levels.h"
#include "policy/settings.h"

#include "db/store.h"

struct evidence_order {
    const struct settings *settings;
    const char *invoice;
    const char *actor;
    const char *file;       /* its name, without directories */
    enum language language; /* of dossier.pdf and index.html */
};

/* A file name made of the invoice number, ASCII, without path or blank, ending in ".asice";
   malloc'd. NULL: out of memory. */
char *evidence_file_name(const char *invoice);

/* The export itself is an entry of the dossier, the last one in the file. STORE_NOT_FOUND:
   nothing was ever filed for this invoice. */
enum store_status evidence_announce(const struct evidence_order *o, uint64_t *seq,
                                    struct store_error *err);

/* Have what is pending dated. STORE_OK too when no authority is configured or none answers:
   `remarks` say why, and the file will say what is not yet dated. */
enum store_status evidence_date(const struct evidence_order *o, struct strings *remarks,
                                struct store_error *err);

/* How many volumes the entries up to the one numbered `last` in the log need. */
enum store_status evidence_volumes(const struct evidence_order *o, uint64_t last, unsigned *count,
                                   struct store_error *err);

/* Write the volumes. `now`: seconds since 1970. The descriptors are open for reading and writing.
   `remarks`: why an authority did not date a volume as a whole. STORE_CORRUPT: an entry is
   damaged. STORE_BUSY: the dossier needs another number of volumes meanwhile. */
enum store_status evidence_write(const struct evidence_order *o, uint64_t last, int64_t now,
                                 const int *fds, unsigned count, struct strings *remarks,
                                 struct store_error *err);

#endif
