/*
 * sealed_store - a store with a seal in a temporary directory, for tests
 *
 * Synopsis
 *      struct sealed_store w;
 *      sealed_store_make(&w);
 *      uint64_t seq = sealed_store_add(&w, &(struct wanted_entry){.event = "note", …});
 *      sealed_store_sign(&w);
 *      sealed_store_sql(&w, "log.db", "UPDATE …");
 *      sealed_store_remove(&w);
 *
 * Everything fails the test when it does not work.
 */
#ifndef TEMOIN_TESTS_SEALED_STORE_H
#define TEMOIN_TESTS_SEALED_STORE_H

#include <limits.h>

#include "db/seal.h"
#include "policy/settings.h"

struct sealed_store {
    char directory[64];
    char keys[80], store[80], run[80];
    char seal_key[110], seal_certificate[110], export_key[110], export_certificate[110];
    struct settings settings; /* points into this structure */
    struct store_context context;
};

struct wanted_entry {
    const char *event, *direction, *level, *invoice, *second_invoice;
    const char *message;      /* the whole message; NULL: none */
    const char *private_json; /* NULL: {} */
    const char *review;       /* proposed for this invoice instead of filed */
    const char *id;           /* its Message-ID, as in private_json */
    uint64_t token, decides;  /* `event` is then the decision */
    bool pauses;
    bool spilled; /* the body goes by a file of its own */
    bool dropped; /* only hash and size are kept */
};

void sealed_store_make(struct sealed_store *w);
void sealed_store_remove(struct sealed_store *w);

/* Append and commit; gives the entry's seq. */
uint64_t sealed_store_add(struct sealed_store *w, const struct wanted_entry *wanted);

/* Sign all that is committed, by the sealer's own function. */
void sealed_store_sign(struct sealed_store *w);

/* Run SQL on a file under the store directory / read one value as text into `out`. */
void sealed_store_sql(struct sealed_store *w, const char *file, const char *sql);
void sealed_store_value(struct sealed_store *w, const char *file, const char *sql, char *out,
                        size_t room);

/* Flip the lowest bit of octet `at` (from the end when negative) of a BLOB column's row. */
void sealed_store_flip(struct sealed_store *w, const char *file, const char *table,
                       const char *column, const char *where, int at);

/* A copy of the whole directory, and back to it: so that one damage does not hide the next. */
void sealed_store_save(struct sealed_store *w);
void sealed_store_restore(struct sealed_store *w);

#endif
