/*
 * evidence_internal - what the parts of evidence share and nobody else needs
 *
 * evidence.c announces an export and makes the volumes one after another, evidence_plan.c says
 * what is in which, evidence_entries.c puts in the entries, evidence_keys.c the DNS keys that were
 * kept for their signatures, evidence_log.c the proofs about the
 * log, evidence_dates.c tokens and evidence records, evidence_texts.c what people and programs
 * read.
 */
#ifndef TEMOIN_DB_EVIDENCE_INTERNAL_H
#define TEMOIN_DB_EVIDENCE_INTERNAL_H

#include "db/asic.h"
#include "db/batch.h"
#include "db/dossier_view.h"
#include "db/evidence.h"
#include "db/exhibit.h"
#include "db/timeline.h"

enum {
    STEM = 32,
    VOLUME_FILES = 900,         /* with those of every volume, some 40: below 1,000 */
    VOLUME_OCTETS = 1000000000, /* of messages: no ZIP64 */
    VOLUMES_MAX = 500,          /* each is an open file */
};

/* An entry that goes into the file: one of the dossier, or the message that a decision put there
   ("NNNa"), or one that tells about that message's keys ("NNNb" and so on). */
struct placed {
    uint64_t seq;
    size_t item;     /* the entry of the timeline that brings it */
    char stem[STEM]; /* "007", "007a" */
    bool outbound;
    bool has_message;
    bool erased;
    uint64_t key_of; /* the message (its number in the log) whose keys it tells about; 0 */
    uint64_t size;   /* of the message */
    uint64_t batch;  /* that dates it; 0: not yet */
    unsigned volume; /* from 0 */
};

struct plan {
    struct placed *entries;
    size_t count;
    unsigned volumes;
    unsigned digits; /* of NNN */
};

struct making {
    const struct evidence_order *order;
    const struct settings *settings; /* of the order, as these two */
    const char *invoice;
    uint64_t last; /* entry of the log */
    int64_t now;
    struct timeline_sources sources;
    struct exhibit_witnesses witnesses;
    struct timeline timeline;
    struct dossier dossier;
    struct plan plan;
    char *origin;
    struct seal_key *export_key;
    char fingerprint[65], export_fingerprint[65];
    struct log_proofs *proofs; /* NULL: there is no checkpoint */
    struct batch_db *dates;    /* NULL: nothing is dated */
    struct dossier_view view;
    struct store_error *err;

    /* the volume at work */
    unsigned volume; /* from 0 */
    struct container *container;
    struct batch_token *tokens; /* by number */
    size_t token_count;
    bool stamped;                   /* an authority dates the volume as a whole */
    struct strings signed_messages; /* evidence_list_keys() */
    bool has_keys;                  /* there are files in dkim/ */
    bool chains;                    /* one of them has a chain of DNSSEC */
};

enum store_status evidence_no_memory(struct making *m);

/* Which entries there are, and in which volume. plan_free() in any case. */
enum store_status plan_make(struct making *m, struct plan *p);
void plan_free(struct plan *p);
/* The entries of a volume are count ones from `first` in the timeline. */
void plan_range(const struct plan *p, unsigned volume, size_t *first, size_t *count);

enum store_status evidence_put_entries(struct making *m);

/* dkim/NNN.txt; and, for LISEZMOI, which there are: m->has_keys, m->chains, and as "NNN:domain" in
   m->signed_messages the signatures that were good at arrival and whose key is there. */
enum store_status evidence_put_keys(struct making *m);
enum store_status evidence_list_keys(struct making *m);
void evidence_free_keys(struct making *m);

/* Add a file of the system (certificates, public keys) under a name. */
enum store_status evidence_put_file(struct making *m, const char *file, const char *name);

/* What is dated, by whom. Leaves m->dates NULL when nothing ever was. */
enum store_status evidence_dates_open(struct making *m);
/* The batch that dates an entry; 0: none yet. */
enum store_status evidence_batch_of(struct making *m, uint64_t seq, uint64_t *number);
/* As dossier_view's `bounds`; the context is a struct making. */
enum store_status evidence_bounds(void *context, uint64_t seq, struct view_bounds *out,
                                  struct store_error *err);
/* The tokens that date the entries of the volume, in m->tokens; what shows them; and, once the
   container is signed, the evidence records. */
enum store_status evidence_load_tokens(struct making *m);
void evidence_free_tokens(struct making *m);
enum store_status evidence_put_tokens(struct making *m);
enum store_status evidence_put_records(struct making *m);

/* The newest checkpoint, when it speaks of entry m->last: waits a moment for the sealer. Leaves
   m->proofs NULL when the log has no key for checkpoints. */
enum store_status log_proofs_open(struct making *m);
void log_proofs_close(struct log_proofs *p); /* NULL does nothing */
uint64_t log_proofs_size(const struct log_proofs *p);
enum store_status evidence_put_log(struct making *m);

enum store_status evidence_put_texts(struct making *m);

#endif
