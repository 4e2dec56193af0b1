/*
 * dkim_keys - ask the DNS for the keys of signatures on matched inbound mail, and enter them in
 *             the log
 *
 * Synopsis
 *      struct dkim_keys_done done;
 *      st = dkim_keys_fetch(settings, actor, true, &done, &err);   // temoin keys --timer
 *      dkim_keys_done_free(&done);
 *
 * A DKIM signature can be checked as long as the domain leaves its key in the DNS, which may be
 * for months only, and a domain can put another one there. So what the DNS said is kept, soon
 * after the message came, as an entry of the same dossiers (db/dkim_entry.h) that is signed and
 * dated like all others.
 */
#ifndef TEMOIN_DB_DKIM_KEYS_H
#define TEMOIN_DB_DKIM_KEYS_H

#include "db/store.h"
#include "policy/settings.h"

enum {
    DKIM_TURN_MS = 40000, /* of a timer's turn */
    DKIM_SILENT_MOST = 2, /* unanswered in a row: the DNS is away, and the turn over */
};

struct dkim_keys_done {
    uint64_t entries;                                    /* made */
    uint64_t found, absent, bogus, given_up, unanswered; /* keys */
    uint64_t waiting;                                    /* keys that are left for another turn */
    struct strings remarks; /* why nothing could be validated, what name servers said */
};
void dkim_keys_done_free(struct dkim_keys_done *done);

/* Take in what came since the last time; with dkim_keys = yes, ask for what is due. `patient`:
   leave alone what failed a short time ago, and end after DKIM_TURN_MS (for timers). Whatever the
   status, what *done counts is in the log. STORE_BUSY: keys were asked for and nobody answered, or
   another process is at it. */
enum store_status dkim_keys_fetch(const struct settings *s, const char *actor, bool patient,
                                  struct dkim_keys_done *done, struct store_error *err);

#endif
