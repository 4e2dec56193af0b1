/*
 * verify_file - is an evidence file what its company sealed, and is it whole?
 *
 * Synopsis
 *      struct file_pins pins = {0};
 *      st = file_pins_add(&pins, PIN_SEAL, "seal.pem", &err);
 *      struct file_verdict v = {0};
 *      st = verify_file(fd, &pins, &v, &err);
 *      st = file_volumes_judge(&v, 1, &err);
 *      ... v.answer, v.lines[i].file, v.lines[i].what ...
 *      file_verdict_free(&v);
 *      file_pins_free(&pins);
 *
 * Written from the container's specification (EVIDENCE 6), not from the code that writes it: it
 * shares no line with that. It needs no store, no configuration and no clock: signatures are
 * judged at the time of the archive timestamp, or else at the time at which they say they were
 * made.
 *
 * What is inside identifies nobody: the seal and the timestamp authority are identified only by
 * certificates that the caller obtained elsewhere.
 *
 * Read of JSON members in log/ (others are ignored); a hash is lower-case hexadecimal or base64:
 *      NNN.proof.json      {"seq": 17, "size": 20, "hashes": [...]}: RFC 9162, 2.1.3, of leaf
 *                          seq - 1 in the tree of `size` leaves, which is log/checkpoint's
 *      consistency-*.json  {"old_size": 12, "old_root": hash, "size": 20, "hashes": [...]}:
 *                          RFC 9162, 2.1.4
 * and of index.json: {"dossier": id, "timeline": {"entries": [{"n", "seq", "event", "time"}]},
 *      "volume": {"number": k, "of": n}}
 *
 * Limits: FILE_* below. What exceeds them is not judged at all.
 */
#ifndef TEMOIN_DB_VERIFY_FILE_H
#define TEMOIN_DB_VERIFY_FILE_H

#include <jansson.h>
#include <openssl/x509.h>

#include "db/store.h"

enum {
    FILE_ENTRIES_MAX = 2000,        /* names in the zip */
    FILE_NAME_MAX = 200,            /* octets of a name */
    FILE_RATIO_MAX = 100,           /* of inflation, for what is larger than: */
    FILE_RATIO_FROM = 1024 * 1024,  /* octets */
    FILE_PART_MAX = 8 * 1024 * 1024 /* octets of a file that must be read as a whole: records,
                                       signatures, manifests, proofs; messages may be larger */
};

/* In order of gravity: the answer about a file is its gravest line's. */
enum file_answer {
    FILE_INTACT,
    FILE_NOT_IDENTIFIED, /* intact, but nobody known has signed or dated it */
    FILE_INCOMPLETE,     /* entries of the dossier are not there */
    FILE_ALTERED,        /* something is not what was signed, or contradicts it */
};

struct file_line {
    char *file; /* name in the zip; "": about the whole */
    enum file_answer answer;
    char *what; /* one sentence, without its full stop */
};

/* Which part of which dossier a file holds, when its chain is sound. */
struct file_span {
    unsigned char dossier[16];
    uint64_t volume, of;  /* 1 of 1: a dossier in one file */
    uint64_t first, last; /* numbers in the dossier; 0: nothing that can be relied on */
    unsigned char before[HASH_OCTETS]; /* leaf that the first one follows */
    unsigned char leaf[HASH_OCTETS];   /* of the last one */
    bool ends;                         /* with the entry of its export */
};

struct file_verdict {
    enum file_answer answer;
    struct file_span span;
    struct file_line *lines; /* one for each file in the zip, then those about the whole */
    size_t count;
    size_t room;
};

enum pin { PIN_SEAL, PIN_TSA };

struct file_pins {
    STACK_OF(X509) * seal; /* the very certificates of seal and export key; NULL: none */
    STACK_OF(X509) * tsa;  /* the authority's certificate, or one above it; NULL: none */
};

/* Add all certificates of a PEM file. STORE_CORRUPT: it holds none. */
enum store_status file_pins_add(struct file_pins *pins, enum pin kind, const char *pem_file,
                                struct store_error *err);
void file_pins_free(struct file_pins *pins);

/* Judge the evidence file that `fd` (seekable, stays the caller's) is open on. Any other status
   than STORE_OK is no judgement: STORE_IO, it cannot be read; STORE_CORRUPT, it is no zip, or
   one that is cut off, contradicts itself or exceeds the limits. */
enum store_status verify_file(int fd, const struct file_pins *pins, struct file_verdict *v,
                              struct store_error *err);
void file_verdict_free(struct file_verdict *v);

/* Add to the last of several volumes whether they are together a whole dossier; to a single file
   the same. STORE_NO_MEMORY. */
enum store_status file_volumes_judge(struct file_verdict *volumes, size_t count,
                                     struct store_error *err);

/* "intact", "not-identified", "incomplete", "altered". */
const char *file_answer_name(enum file_answer answer);

/* {"answer": "...", "files": [{"file": "...", "answer": "...", "what": "..."}]}; NULL: no memory.
 */
json_t *file_verdict_json(const struct file_verdict *v);

#endif
