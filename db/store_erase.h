/*
 * store_erase - personal data out, proof of erasure in (EVIDENCE 7)
 *
 * Synopsis
 *      entry.event = "erasure";
 *      entry.private_part = erasure_private(&what);      // names the entries and the ground
 *      log_append(settings, &entry, &done, &err);        // the erasure, in one transaction
 *      log_erase_finish(settings, timeout_ms, &err);     // until the last octet is gone
 *
 * Appending an entry "erasure" is the erasure: the transaction that holds it deletes what it
 * names from log.db, so that neither can be without the other. What lies in other files (a
 * volume's pieces, a large body) is put down in a table and deleted by the writer's housekeeping
 * (store_tidy), which a crash cannot make forget it; then the write-ahead log is truncated, since
 * its frames still hold the old pages.
 *
 * Private part of an "erasure", which is never erased itself:
 *      by            who ordered it
 *      confirmed_by  the second person; absent when there was none
 *      erased        the numbers of the entries, ascending, at most ERASURE_MAX
 *      ground        one of policy/erasure.h's closed list
 *      again         {"log", "seq"}: a restore repeats that erasure of the former log
 *
 * What an erased entry looks like to readers:
 *   - stored_entry.private_part.data is NULL, has_message is false, store_message() says
 *     STORE_NOT_FOUND; seq, event, size, leaf and record are as they were, and so are its
 *     signature, its place in dossiers and tree: proofs of inclusion go on.
 *   - stored_entry.erased_by is the number of its erasure; 0 with private_part NULL means that
 *     somebody took it away without one, which verify names.
 *   - Its group in an ERS tree is still the 32 octets that were stored when its batch was closed:
 *     they serve as a sibling to other entries for ever, but nobody can build the group again, so
 *     no evidence record of the entry itself goes out: its time is that of the checkpoint which
 *     includes its leaf. An entry that was erased before its batch was closed, or one that a
 *     hash-tree renewal meets, is the group {record, signature}.
 *   - In an evidence file it has NNN.json and NNN.json.p7s, neither .private.json nor .eml, and
 *     an "erasure" in the same dossier whose private part names its seq.
 */
#ifndef TEMOIN_DB_STORE_ERASE_H
#define TEMOIN_DB_STORE_ERASE_H

#include "db/dkim_links.h"
#include "db/store.h"
#include "policy/settings.h"

struct erasure {
    const char *ground, *by, *confirmed_by; /* confirmed_by: NULL for none */
    const uint64_t *seqs;                   /* ascending */
    size_t count;
};

/* The private part. NULL: out of memory. */
json_t *erasure_private(const struct erasure *e);

/* The entries that an erasure's private part names; malloc'd. False: it is none, or there is no
   memory. */
bool erasure_named(const json_t *private_part, uint64_t **seqs, size_t *count);

/* Is there anything left of erased entries in volumes, bodies/ or the write-ahead log? */
enum store_status store_erasing(struct store *store, bool *pending, struct store_error *err);

/* For the writer, between groups: one slice of it. *more: call again now; false with
   store_erasing() true: something is in the way (a reader), call again in a second. */
enum store_status store_erase_step(struct store *store, int64_t now, bool *more,
                                   struct store_error *err);

/* The writer's own memory of it, without asking the disk. */
bool store_erases(const struct store *store);

/* The hold in force on an invoice's dossier: the number of its entry; 0: none. */
enum store_status store_hold(struct store *store, const char *invoice, uint64_t *seq,
                             struct store_error *err);

/* For commands: see that it gets done, by the daemon or, with that stopped, by oneself.
   STORE_BUSY: not within timeout_ms; the daemon goes on. */
enum store_status log_erase_finish(const struct settings *s, int timeout_ms,
                                   struct store_error *err);

/* --- what there is to erase -----------------------------------------------------------------*/

struct erasable {
    uint64_t seq;
    int64_t time; /* when it was recorded */
    char *event;
    struct strings dossiers; /* invoices: where it is filed, or a review put it */
    bool message;            /* its octets are kept */
};
struct erasables {
    struct erasable *items; /* ascending */
    size_t count;
};
void erasables_free(struct erasables *list);

/* What is filed for this invoice and may be erased; NULL: messages that are filed nowhere and wait
   for no decision, and alarms of temoin follow, which name people. With what `keys` know about the
   DNS keys of these messages, filed or not. Nothing found is success. */
enum store_status store_erasables(struct store *store, struct dkim_links *keys, const char *invoice,
                                  struct erasables *out, struct store_error *err);
/* One entry. STORE_INVALID: it is erased already, or never may be. */
enum store_status store_erasable(struct store *store, uint64_t seq, struct erasables *out,
                                 struct store_error *err);

/* --- the list of erasures (<directory>/erasures) --------------------------------------------
   One JSON object a line and erased entry: {"by": erasure's seq, "ground": …, "leaf": hex,
   "log": origin, "seq": n}. It holds no personal data: a copy kept elsewhere lets a restore apply
   again what was erased since the backup. */
#define ERASURES_FILE "erasures"

#endif
