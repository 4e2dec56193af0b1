/*
 * note - signed notes and the checkpoints of a log that they carry, in the forms of C2SP
 *
 * Synopsis
 *      struct bytes note = {0};
 *      checkpoint_text(origin, size, root, &note) && note_sign(origin, key, &note);
 *
 *      struct checkpoint c;
 *      if (checkpoint_parse(data, len, &c, &why)) ... c.origin, c.size, c.root ...
 *      if (note_judge(data, len, c.origin, public_key) == NOTE_SIGNED) ...
 *      checkpoint_free(&c);
 *
 * A note (c2sp.org/signed-note) is a text, an empty line and signature lines "— name base64",
 * where the base64 holds the first 4 octets of SHA-256(name, LF, 0x01, public key) and the
 * Ed25519 signature of the text. A checkpoint (c2sp.org/tlog-checkpoint) is a note whose text
 * has the lines origin, size and base64 of the root; further lines are extensions. Go's
 * golang.org/x/mod/sumdb/note and tlog read both.
 *
 * Limits: NOTE_MAX octets, NOTE_SIGNATURES_MAX signature lines. Pure.
 */
#ifndef TEMOIN_POLICY_NOTE_H
#define TEMOIN_POLICY_NOTE_H

#include <openssl/types.h>

#include "policy/bytes.h"
#include "policy/message.h"
#include "policy/tree.h"

enum { NOTE_KEY = 32, NOTE_KEY_ID = 4, NOTE_MAX = 16 * 1024, NOTE_SIGNATURES_MAX = 16 };

#define CHECKPOINT_FIELD "Temoin-Checkpoint"

struct checkpoint {
    char *origin; /* which log; also the name of its key */
    uint64_t size;
    unsigned char root[TREE_HASH]; /* RFC 6962, of the first `size` entries */
};
void checkpoint_free(struct checkpoint *c);

/* Append the text of a checkpoint. False: out of memory, or an origin that no note can hold
   (empty, blanks, "+", control characters, no UTF-8). */
bool checkpoint_text(const char *origin, uint64_t size, const unsigned char root[TREE_HASH],
                     struct bytes *text);

/* Read a checkpoint; signatures are not looked at. False: *why is a static phrase (also when out
   of memory), *c is empty. */
bool checkpoint_parse(const char *note, size_t len, struct checkpoint *c, const char **why);

/* Make a note of the text in `note`: append the empty line and the signature of an Ed25519 key.
   False: out of memory, or the crypto library refuses. */
bool note_sign(const char *name, EVP_PKEY *key, struct bytes *note);

enum note_judgement {
    NOTE_SIGNED,
    NOTE_UNSIGNED, /* no signature line names this key */
    NOTE_FORGED,   /* one does, and is not by it */
    NOTE_MALFORMED,
};
enum note_judgement note_judge(const char *note, size_t len, const char *name,
                               const unsigned char public_key[NOTE_KEY]);

/* The key as Go's note.NewVerifier takes it, "name+hex+base64", and back. False: out of memory /
   not such a text (a line end behind it is passed over); the name is owned by the caller. */
bool note_verifier(const char *name, const unsigned char public_key[NOTE_KEY], struct bytes *out);
bool note_verifier_parse(const char *text, char **name, unsigned char public_key[NOTE_KEY]);

/* A note as the value of a header field: base64, folded, with the leading space and LF between
   lines (struct field). False: out of memory. */
bool note_field(const char *note, size_t len, struct bytes *value);

/* And back; blanks and line ends between the characters do not count. False: not base64, over
   NOTE_MAX, or out of memory. */
bool note_from_field(const char *value, struct bytes *note);

/* The note in a file: a note itself, or a message that carries it in Temoin-Checkpoint. False:
   neither, or out of memory. */
bool note_find(const char *file, size_t len, struct bytes *note);

#endif
