/*
 * dossier_view - what dossier.pdf and index.html both show of a dossier
 *
 * Synopsis
 *      st = reader_start(&limits, &reader, &err);              // before any store is opened
 *      ... open the stores ...
 *      struct dossier_view_sources from = {.timeline = sources, .company = …, .reader = reader};
 *      struct dossier_view v = {0};
 *      st = dossier_view_load(&from, "F-2026-001", last_seq, &v, &err);
 *      dossier_pdf_write(&v, LANGUAGE_FR, &pdf, &err);
 *      dossier_html_write(&v, LANGUAGE_FR, &page);
 *      dossier_view_free(&v);
 *
 * An exhibit ("Pièce n° 7") is the entry of that number in the dossier: number, files and
 * records agree. Nothing is verified here; who writes a container does that (db/exhibit.h).
 * All text is valid UTF-8 without control characters (line feeds and tabs in message_text).
 */
#ifndef TEMOIN_DB_DOSSIER_VIEW_H
#define TEMOIN_DB_DOSSIER_VIEW_H

#include "db/batch.h"
#include "db/message_text.h"
#include "db/reader.h"
#include "db/record.h"
#include "db/timeline.h"

/* Between which instants an entry was made, as others than the company attest it: tokens of a
   timestamp authority. "" where nobody does. */
struct view_bounds {
    char not_before[RECORD_TIME];
    char not_after[RECORD_TIME];
    uint64_t batch; /* whose token says `not_after`; 0: none */
};

/* Who dated exhibits. */
struct view_authority {
    char *name; /* as its certificate calls it */
    size_t tokens;
    size_t qualified; /* of them, those that claim to be qualified (ETSI EN 319 422, 9.1) */
};

struct dossier_view_sources {
    struct timeline_sources timeline;
    const char *company;
    const char *domain;             /* of the company; NULL: not shown */
    const char *origin;             /* of the log */
    const char *seal_fingerprint;   /* hex SHA-256 of the seal's certificate; may be NULL */
    const char *export_fingerprint; /* of the certificate that seals the container; may be NULL */
    const char *file;               /* the container's name, without directories; may be NULL */
    int64_t exported;               /* seconds since 1970 */
    struct reader *reader;          /* NULL: the messages are not read */

    /* Fill in what is known of entry `seq`; NULL, or both left "": not yet dated. */
    enum store_status (*bounds)(void *context, uint64_t seq, struct view_bounds *out,
                                struct store_error *err);
    void *bounds_context;
    struct batch_db *dates; /* where their tokens are; NULL: their authorities are not named */
};

/* dossier_bounds.c: a `bounds` out of batch.db; its context is a struct batch_db. */
enum store_status dossier_bounds_of_batches(void *context, uint64_t seq, struct view_bounds *out,
                                            struct store_error *err);

/* A message or a decision about one, or a fact. */
struct view_exhibit {
    const struct timeline_item *item; /* in the view's timeline */
    struct view_bounds bounds;
    char record_sha256[2 * HASH_OCTETS + 1];  /* of record_file */
    char message_sha256[2 * HASH_OCTETS + 1]; /* of message_file; "": none, or erased */
    char *record_file;                        /* "entries/007.json" */
    char *message_file; /* "entries/007.eml", "entries/007a.eml" of an assigned message; NULL */
    struct edits edits; /* what the milter changed */
    char *sender;       /* of the envelope; "" is the null sender; NULL: not known */
    char *queue_id, *login, *peer, *smtp_reply; /* NULL: not known */
    struct message_text text;                   /* empty: not read */
};

/* A time without the service. */
struct view_gap {
    int64_t from, to; /* seconds since 1970; `to` -1: until the export */
    bool announced;   /* it stopped and said so; otherwise it broke off after `from` */
};

/* What the system told of its clock (db/clock.h). */
struct view_clock {
    bool there; /* the entry speaks of the clock */
    bool told;  /* the system told its state: */
    bool synchronised;
    int64_t offset_us, maximum_error_us;
    int64_t step_us; /* it jumped by this much; 0: it did not */
};

/* Another fact about the service: clock, configuration, keys. */
struct view_fact {
    uint64_t seq;
    char *time, *event;
    char *words; /* the hash of a configuration; else "" */
    struct view_clock clock;
};

/* The clock at the starts of the service, from the last one before the first exhibit on. */
struct view_starts {
    size_t count, synchronised, loose; /* `loose`: not synchronised; the others were not told */
    int64_t maximum_error_us;          /* the greatest that was told */
};

struct dossier_view {
    struct timeline timeline;
    char *company, *domain, *origin, *seal_fingerprint, *export_fingerprint,
        *file; /* NULL where not known */
    int64_t exported;
    unsigned digits; /* of NNN in file names */
    struct view_exhibit *exhibits;
    size_t exhibit_count;
    struct view_gap *gaps;
    size_t gap_count;
    size_t short_gaps; /* restarts within GAP_MIN_S, not in `gaps` */
    struct view_fact *facts;
    size_t fact_count;
    struct view_starts starts;
    bool service_cut; /* more gaps or facts than are listed */
    size_t waiting;   /* messages matched weakly on which nobody has decided */
    size_t dated;     /* exhibits with not_after */
    struct view_authority *authorities;
    size_t authority_count;
};

enum { GAP_MIN_S = 10, GAPS_MAX = 500 };

/* Entries after `last` (in the log) are left out. STORE_NOT_FOUND: nothing was ever filed. */
enum store_status dossier_view_load(const struct dossier_view_sources *from, const char *invoice,
                                    uint64_t last, struct dossier_view *v, struct store_error *err);
void dossier_view_free(struct dossier_view *v);

/* dossier_authorities.c: who gave the tokens of the batches that date the exhibits. */
enum store_status dossier_authorities_load(struct batch_db *dates, struct dossier_view *v,
                                           struct store_error *err);

/* How many digits NNN has in a container's file names, so that they sort as the entries do. */
unsigned dossier_digits(size_t entries);

/* dossier_service.c: gaps and facts between the first and the last entry. */
enum store_status dossier_service_load(struct store *store, struct dossier_view *v,
                                       struct store_error *err);

#endif
