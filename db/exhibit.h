/*
 * exhibit - one entry taken out of the store, read, and held against everything that vouches
 *           for it
 *
 * Synopsis
 *      struct exhibit x;
 *      struct exhibit_judgement j = {0};
 *      if (!exhibit_read(&stored, &x)) ...out of memory...
 *      exhibit_check(&stored, &x, &against, &j, &err);
 *      ... j.problems ...
 *      exhibit_free(&x);
 *
 * What `verify` says about an entry and what the evidence file is allowed to hold are the same
 * question, so it is answered here once.
 */
#ifndef TEMOIN_DB_EXHIBIT_H
#define TEMOIN_DB_EXHIBIT_H

#include "db/seal.h"
#include "policy/sha256.h"

/* An entry's place in one dossier. */
struct exhibit_place {
    unsigned char id[16];
    uint64_t n;
    bool has_prev;
    unsigned char prev[HASH_OCTETS];
};

struct exhibit {
    json_t *record;       /* NULL: the octets are no JSON object */
    json_t *private_part; /* NULL: erased, or no JSON object */
    uint64_t erased_by;   /* the number of its erasure; 0: it was not erased */
    uint64_t seq;         /* as the record says; 0: it does not */
    int64_t time;         /* seconds since 1970; -1: the record does not say */
    const char *event;    /* these four point into the JSON; "" or NULL when absent */
    const char *direction;
    const char *level;
    const char *time_text;
    bool has_message;
    bool message_dropped; /* only hash and size were kept */
    uint64_t size;        /* of the message, octets */
    struct exhibit_place *places;
    size_t place_count;
    unsigned char leaf[HASH_OCTETS]; /* computed from the record's octets */
};

/* Read both parts; odd ones are read as far as possible, since judging is exhibit_check()'s
   business. False: out of memory, or the crypto library failed. */
bool exhibit_read(const struct stored_entry *e, struct exhibit *x);
void exhibit_free(struct exhibit *x);

/* When an entry was recorded, seconds since 1970; -1: it does not say, or (STORE_NOT_FOUND) there
   is no such entry. */
enum store_status exhibit_time(struct store *store, uint64_t seq, int64_t *time,
                               struct store_error *err);

/* Of a review decision that assigns a message: did the message go into another dossier than this
   one, in which the decision is noted too? The first of the record's dossiers has it. */
bool exhibit_goes_elsewhere(const struct exhibit *x, const unsigned char dossier[16]);

/* What an entry is held against. Not shared between threads. */
struct exhibit_witnesses {
    struct store *store;      /* for the message's bytes */
    struct seal_store *seals; /* for the signature */
    struct seal_judge *judge; /* the seal's certificate */
    EVP_MD_CTX *hash, *plain; /* of sha256.h, to work with */
    uint64_t signed_up_to;    /* entries up to here must be signed */
};

struct exhibit_judgement {
    bool is_signed;          /* a valid signature over the record is there */
    bool record_sound;       /* the record's octets may be relied on */
    struct bytes signature;  /* as it was read; valid or not */
    struct strings problems; /* a phrase for everything that is not as it was written, such as
                                "message altered"; none: intact */
};

/* `j` is empty before; exhibit_judgement_free() in any case. Any other status than STORE_OK
   means that something could not be read, and no judgement. */
enum store_status exhibit_check(const struct stored_entry *e, const struct exhibit *x,
                                const struct exhibit_witnesses *against,
                                struct exhibit_judgement *j, struct store_error *err);
void exhibit_judgement_free(struct exhibit_judgement *j);

/* The text of a member that json_foreign() wrote, for showing: what is no UTF-8 becomes
   U+FFFD, control characters become blanks. Malloc'd; NULL: absent or out of memory. */
char *exhibit_text(const json_t *object, const char *key);

#endif
