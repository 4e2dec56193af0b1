/*
 * lisezmoi - LISEZMOI.txt of an evidence file: what it proves, what it does not, and the exact
 *            commands to check it without this program; French, then English
 *
 * Lines that begin with four blanks are commands for sh(1), to be pasted in the directory
 * where the file was unpacked; no other line begins so. Each group of them exits with another
 * status than 0 when something was altered.
 */
#ifndef TEMOIN_DB_LISEZMOI_H
#define TEMOIN_DB_LISEZMOI_H

#include "db/batch.h"
#include "db/timeline.h"

struct lisezmoi {
    const char *company;
    const char *origin;             /* of the log */
    const char *fingerprint;        /* hex SHA-256 of the seal's certificate */
    const char *export_fingerprint; /* of the one that signs exports */
    const char *dossier_id;         /* 32 hexadecimal digits, as in the records */
    int64_t exported;               /* seconds since 1970, UTC */
    unsigned digits;                /* of NNN in file names */
    const struct timeline *timeline;

    unsigned volume, volumes; /* "k of n", from 1 */
    size_t first, count;      /* the entries of the timeline that are in this volume */
    const char *leaf_before;  /* hex leaf of the entry before `first`; "": there is none */

    uint64_t checkpoint_size;         /* of log/checkpoint; 0: there is none */
    const struct batch_token *tokens; /* in batches/, by number */
    size_t token_count;
    size_t undated; /* entries of this volume that no token dates yet */
    bool stamped;   /* META-INF/timestamp001.tst dates the volume as a whole */

    bool has_keys;                         /* there are files in dkim/ */
    bool chains;                           /* with a chain of DNSSEC in one of them */
    const struct strings *signed_messages; /* "NNN:domain", signatures that were good at arrival and
                                              whose key is there; NULL: none */
};

/* Append the text. False: out of memory. */
bool lisezmoi_write(const struct lisezmoi *l, struct bytes *out);

/* lisezmoi_commands.c: the commands, in both languages. */
bool lisezmoi_commands(const struct lisezmoi *l, struct bytes *out);

#endif
