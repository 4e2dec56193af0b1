/*
 * entry - what somebody asks the log to take in: a message or a fact, before it has a number
 *
 * Synopsis
 *      struct entry e;
 *      entry_init(&e);
 *      e.event = "note";
 *      e.actor = user;
 *      strings_add(&e.dossiers, "F-2026-001");
 *      e.private_part = json_pack("{s:s}", "text", "called, no answer");
 *      scribe_append(client, &e, timeout_ms, &appended, &err);
 *      entry_free(&e);
 *
 * The writer adds what only it knows: seq, time, the numbers in each dossier with the previous
 * leaf's hash, the nonce of facts (EVIDENCE 2). For messages the caller brings nonce and
 * hashes, since hashing is work that many callers can do side by side and one writer cannot.
 */
#ifndef TEMOIN_DB_ENTRY_H
#define TEMOIN_DB_ENTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "db/packer.h"
#include "policy/bytes.h"
#include "policy/edits.h"
#include "policy/inbound.h"
#include "policy/message.h"
#include "policy/outbound.h"

enum { HASH_OCTETS = 32, NONCE_OCTETS = 32 };

/* The bytes of a message. Small ones travel compressed; a large body stays in the file that
   it was spilled to, already synced. */
struct entry_message {
    bool present;
    uint64_t size;                         /* of the whole message, octets */
    unsigned char nonce[NONCE_OCTETS];     /* shared with the private part */
    unsigned char sha256[HASH_OCTETS];     /* of the message */
    unsigned char commitment[HASH_OCTETS]; /* SHA-256(nonce || message) */
    struct bytes packed; /* zstd frame: the whole message, or the header when body_fd >= 0 */
    int body_fd;         /* -1, or an O_TMPFILE in the store's spool directory, owned; counts
                            only when `present` */
    uint64_t body_size;  /* octets in body_fd */
    bool bytes_dropped;  /* over max_message_size: hash and size only */
};

struct entry {
    const char *event;     /* EVIDENCE 3; static */
    const char *direction; /* "outbound", "inbound", or NULL for facts; static */
    const char *level;     /* "prepared", "reported", …; NULL; static */
    const char *actor;     /* who: a login, or a command's user; NULL; not owned, but see `held` */
    struct strings held;   /* text that the pointers above may point to: entry_hold() */
    struct strings dossiers; /* invoice numbers */
    json_t *private_part;    /* everything but nonce and sha256; owned */
    struct entry_message message;

    /* what the writer indexes with it, in the same transaction */
    struct strings ids;        /* message-ids "<…>" that name this entry; each must stand in the
                                  private part as ids.message_id (a text or a list), or a lookup
                                  does not confirm it */
    struct strings recipients; /* normalised; outbound */
    uint64_t token;            /* message number; 0: none */
    char *base_subject;        /* NULL: none */
    bool pauses;               /* pauses its dossiers; a decision pauses the first one only */
    char *review_invoice;      /* goes to review, proposed for this invoice; NULL */
    char *learn_debtor;        /* contacts learned from a first reminder; NULL */
    struct strings learn_addresses;
    uint64_t decides;     /* review decision: the seq it is about; 0 */
    const char *decision; /* "assign" (to the first of `dossiers`) or "dismiss"; static */
    bool has_retry;
    unsigned char retry[HASH_OCTETS]; /* names the same message or fact again */
    struct edits edits; /* stored, returned to whoever brings the same `retry` again */
};

/* What became of it. */
struct appended {
    uint64_t seq;
    bool duplicate;     /* `retry` was known within the window: nothing was appended */
    uint64_t token;     /* duplicate: the message number used then */
    struct edits edits; /* duplicate: the edits of then */
};

void entry_init(struct entry *e); /* empty: body_fd is -1 */
void entry_free(struct entry *e); /* closes body_fd, frees all */

/* A copy of `text` that lives as long as the entry, for event, direction, level, actor and
   decision where no static text is at hand (e.g. decoded from a frame). NULL: out of memory. */
const char *entry_hold(struct entry *e, const char *text);
void appended_free(struct appended *a);

/* A JSON string of foreign octets: clean UTF-8 without NUL as it is, else {"b64": "…"}.
   NULL: out of memory. */
json_t *json_foreign(const char *text);
json_t *json_strings(const struct strings *s);

/* The edits as JSON and back (wire, store, private part). NULL / false: out of memory, or not
   what edits_json() makes. */
json_t *edits_json(const struct edits *e);
bool edits_from_json(const json_t *json, struct edits *e);

/* Compose an entry for a message (private part: envelope, peer, ids, match, edits), for the
   milter and for `temoin file` alike. The message itself is added by the caller
   (entry_take_message). False: out of memory; free `e` in any case. */
bool entry_outbound(const struct outbound *o, const struct accountant *a,
                    const struct envelope *env, const struct reading *r, uint64_t token,
                    const char *token_text, const struct edits *edits, struct entry *e);
bool entry_inbound(const struct inbound *i, const struct envelope *env, const struct reading *r,
                   const struct report *report, const struct edits *edits, struct entry *e);

/* Draw the nonce, hash and compress a message that is `head` followed by `body` (in memory) or
   by the file `body_fd` (taken over; -1: none). `keep` false: over the size limit, only hash
   and size are kept and the file is closed. `packer` compresses; NULL: one that is made for this
   message alone. False: out of memory, read error or the crypto library failed. */
bool entry_take_message(struct entry *e, const struct bytes *head, const char *body,
                        size_t body_len, int body_fd, uint64_t body_size, bool keep,
                        struct packer *packer);

/* The name of a message as received (DESIGN 4, retries): SHA-256 over direction, bytes (header
   as received ‖ body), sender, sorted recipients, login. Same body arguments as above; the file
   is read from its start and not closed. */
bool entry_retry_key(const char *direction, const struct envelope *env,
                     const struct fields *received, const char *body, size_t body_len, int body_fd,
                     unsigned char key[HASH_OCTETS]);

#endif
