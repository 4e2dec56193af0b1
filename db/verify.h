/*
 * verify - is the log what was written? Every hash, signature, chain and the root
 *
 * Synopsis
 *      struct verdict v = {0};
 *      st = verify_log(settings, now, &v, &err);
 *      ... v.findings[i].seq, .what ...
 *      verdict_free(&v);
 *
 * Reads with as many threads as there are processors, each with handles of its own, in slices:
 * the daemon goes on meanwhile. An entry that looks damaged is read a second time, because its
 * message may just have moved to a volume.
 *
 * It cannot see by itself that the log's end and the sealer's head were both set back to an earlier
 * state: only somebody who holds a later checkpoint can (verdict.witness).
 */
#ifndef TEMOIN_DB_VERIFY_H
#define TEMOIN_DB_VERIFY_H

#include "db/seal.h"
#include "policy/note.h"

struct finding {
    uint64_t seq; /* 0: about the log, a dossier or seal.db as a whole */
    char *what;   /* "message altered" */
};

struct verdict {
    uint64_t entries; /* looked at */
    uint64_t sealed;  /* by seal.db's head */
    uint64_t unsigned_yet;
    uint64_t messages; /* whose bytes were hashed */
    uint64_t erased;   /* whose private part is gone, by an erasure or else by a finding */
    uint64_t dossiers;
    bool root_checked;             /* false: entries are missing, see the findings */
    unsigned char root[TREE_HASH]; /* of the `sealed` first entries, as computed */
    struct finding *findings;      /* in order of seq; none: intact */
    size_t count;
    size_t room;

    /* set before verify_log(): a checkpoint from outside that must be a beginning of the log; not
       owned; NULL: none */
    const struct checkpoint *witness;
    bool witnessed; /* it is one; what is not is a finding */
};

enum {
    VERIFY_UNSIGNED_S = 60, /* an entry may be unsigned for so long before it is a finding */
};

/* `now` is seconds since 1970; `progress` (may be NULL) is told now and then how many entries
   of how many are done. Anything but STORE_OK: could not be read, no judgement; *v holds what
   was found before. */
enum store_status verify_log(const struct settings *s, int64_t now,
                             void (*progress)(uint64_t done, uint64_t of), struct verdict *v,
                             struct store_error *err);
void verdict_free(struct verdict *v);

/* {"intact": bool, "entries": n, …, "findings": [{"seq": 17, "what": "…"}]}; NULL: no memory. */
json_t *verdict_json(const struct verdict *v);

#endif
