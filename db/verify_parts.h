/*
 * verify_parts - what the parts of `verify FILE` share: the files of a container, each with what
 *                is to be said about it
 *
 *      verify_parts.c    loads them, finds them, collects sentences
 *      verify_file.c     form of the container, manifests, signature of the export
 *      verify_dating.c   archive timestamp, batches' tokens, evidence records
 *      verify_entries.c  records, seals, commitments, messages
 *      verify_keys.c     DNS keys of signatures
 *      verify_dossier.c  the chain of the dossier, erasures, index.json, volumes
 *      verify_proofs.c   checkpoint, inclusion, consistency
 *
 * Whoever finds something says it with part_fault(); memory that runs out and a file that cannot
 * be read are kept in inspection.status, which the caller looks at in the end.
 */
#ifndef TEMOIN_DB_VERIFY_PARTS_H
#define TEMOIN_DB_VERIFY_PARTS_H

#include "db/exhibit.h"
#include "db/verify_crypto.h"
#include "db/verify_zip.h"

enum {
    TIME_SLACK_S = 300, /* by which the company's clock may be off before it contradicts a token */
    MESSAGE_HEAD = 64 * 1024, /* octets of a message that are kept, for its header */
};

struct part {
    const char *name;
    size_t index; /* in the zip */
    uint64_t size;
    bool readable;
    unsigned char sha256[HASH_OCTETS];
    struct bytes data; /* the content, or a message's first MESSAGE_HEAD octets; empty for what is
                          only shown (pdf, html, text) */
    bool accounted;    /* a signature or a manifest has its place for it */
    bool listed;       /* by the manifest of the export's signature */
    bool archived;     /* by the archive's manifest */
    int64_t dated;     /* genTime of the first token over it; -1: none */
    enum file_answer answer;
    struct strings faults;
    struct bytes praise; /* what is said when there is no fault */
};

struct inspection {
    struct zip_reader *zip;
    const struct file_pins *pins;
    struct file_verdict *verdict;
    struct store_error *err;
    enum store_status status;
    struct part *parts;
    size_t count;
    STACK_OF(X509) * certificates; /* of certs/ */
    int64_t archived_at;           /* genTime of the archive timestamp; -1: none */
    int64_t exported_at;           /* the export's signing time; -1: not known */
    struct dossier_entry *entries; /* by number, the assigned message after its decision */
    size_t entry_count;
};

/* An entry of the dossier; or the message that a review decision added to it, and the entries
   about that message's keys ("NNNa", and "NNNb" and so on). */
struct dossier_entry {
    char stem[32];
    uint64_t n;
    bool assigned; /* one of the latter: */
    char letter;   /* its letter; else '\0' */
    struct part *record;
    struct part *signature; /* these three may be NULL */
    struct part *private_part;
    struct part *message;
    struct exhibit exhibit;
    bool sound; /* record and place in the dossier may be relied on */
};

/* Load all files once. Anything but STORE_OK: see verify_file(). */
enum store_status parts_load(struct inspection *in);
void parts_free(struct inspection *in);

/* The sentences become the verdict's lines, before those about the whole. */
void parts_report(struct inspection *in);

/* NULL: there is none. */
struct part *part_find(const struct inspection *in, const char *name);
struct part *part_findf(const struct inspection *in, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool part_is_in(const struct part *p, const char *directory, const char *suffix);

/* The answer about a part is its gravest fault's. `p` NULL: about the whole. */
void part_fault(struct inspection *in, struct part *p, enum file_answer answer, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
/* A file that should be there and is not. */
void part_missing(struct inspection *in, const char *name, enum file_answer answer,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The file that a manifest lists with this hash. NULL: it is missing, or altered; that is said. */
struct part *part_listed(struct inspection *in, const struct part *manifest, const char *name,
                         const unsigned char sha256[HASH_OCTETS]);
void part_praise(struct inspection *in, struct part *p, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Hash the content again, with `prefix` before it. False: in->status says why. */
bool part_hash(struct inspection *in, const struct part *p, const EVP_MD *md, const void *prefix,
               size_t prefix_len, unsigned char *hash);

void inspection_fail(struct inspection *in, enum store_status status, const char *text);

/* Add a line to a verdict, without control characters. False: out of memory. */
bool verdict_line(struct file_verdict *v, const char *file, enum file_answer answer,
                  const char *what);

/* Each says what it finds; they are called in this order. */
void inspect_signatures(struct inspection *in); /* verify_file.c */
void inspect_dating(struct inspection *in);
void inspect_entries(struct inspection *in);
void inspect_dossier(struct inspection *in);
void inspect_keys(struct inspection *in);
void inspect_proofs(struct inspection *in);

#endif
