/*
 * ers_read - evidence records read back, for tests of what writes them
 *
 * Synopsis
 *      ers_decode(der, len, &record);
 *      ers_stamp_root(&record.stamps[0], files, count, &root);
 *      ers_record_free(&record);
 *
 * `temoin verify` has a reader of its own (db/verify_ers.h), which takes more forms.
 */
#ifndef TEMOIN_TESTS_UNIT_ERS_READ_H
#define TEMOIN_TESTS_UNIT_ERS_READ_H

#include "policy/ers.h"

enum { ERS_LISTS = ERS_DEPTH + 1 };

/* A record as read. Lists beyond the first hold siblings. */
struct ers_list {
    size_t count;
    struct ers_hash hashes[ERS_GROUP];
};
struct ers_read_stamp {
    size_t list_count;
    struct ers_list lists[ERS_LISTS];
    struct bytes token;
};
struct ers_record {
    size_t count;
    struct ers_read_stamp *stamps;
};

/* Read a record of the form that ers_encode() writes: version 1, one chain, SHA-256, no
   encryption. False: it is none, or memory is short; ers_record_free() in any case. */
bool ers_decode(const void *der, size_t len, struct ers_record *record);
void ers_record_free(struct ers_record *record);

/* What the token of a stamp must be over, when the stamp is to cover exactly these files (their
   hashes in any order; RFC 4998, 4.3). False: it covers others, or more, or the crypto library
   failed. For a renewal the file is the token before it. */
bool ers_stamp_root(const struct ers_read_stamp *stamp, const struct ers_hash *files, size_t count,
                    struct ers_hash *root);

#endif
