/*
 * evidence_log - what an evidence file says about the log: the newest checkpoint, that each entry
 *                is in that log, and that the checkpoints which went out with the dossier's
 *                reminders, or were dated with its batches, are beginnings of it
 *
 * A reminder's checkpoint is read from the archived copy, and counts when the log's own key
 * signed it: a header that somebody else wrote is none of ours.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/checkpoint.h"
#include "db/evidence_internal.h"
#include "db/proof_maker.h"
#include "db/record.h"

enum { WAIT_MS = 5000, STEP_MS = 20, HEADER_MOST = 256 * 1024 };

struct log_proofs {
    struct bytes note;
    struct checkpoint checkpoint;
    unsigned char key[NOTE_KEY];
    struct proof_maker *maker;
};

void log_proofs_close(struct log_proofs *p)
{
    if (!p)
        return;
    proof_close(p->maker);
    checkpoint_free(&p->checkpoint);
    bytes_free(&p->note);
    free(p);
}

uint64_t log_proofs_size(const struct log_proofs *p)
{
    return p->checkpoint.size;
}

/* --- the newest checkpoint ------------------------------------------------------------------*/

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    nanosleep(&pause, NULL);
}

/* The sealer writes it just after the signatures; one that is older says nothing of the export. */
static enum store_status newest(struct making *m, struct log_proofs *p)
{
    const char *why = "";
    for (int waited = 0;; waited += STEP_MS) {
        enum store_status st = checkpoint_latest(m->sources.seals, &p->note, m->err);
        if (st != STORE_OK && st != STORE_NOT_FOUND)
            return st;
        if (st == STORE_OK && !checkpoint_parse(p->note.data, p->note.len, &p->checkpoint, &why))
            return store_fail(m->err, STORE_CORRUPT, "the newest checkpoint: %s", why);
        if (st == STORE_OK && p->checkpoint.size >= m->last)
            return STORE_OK;
        if (waited >= WAIT_MS)
            return store_fail(m->err, STORE_BUSY,
                              "no checkpoint of the log covers entry %" PRIu64
                              " yet: does temoind's sealer run, and can it read log.key?",
                              m->last);
        checkpoint_free(&p->checkpoint);
        bytes_free(&p->note);
        pause_ms(STEP_MS);
    }
}

/* What is exported must be what was signed. */
static enum store_status judge(struct making *m, const struct log_proofs *p)
{
    unsigned char root[TREE_HASH];
    proof_root(p->maker, root);
    if (strcmp(p->checkpoint.origin, m->origin) != 0 ||
        note_judge(p->note.data, p->note.len, m->origin, p->key) != NOTE_SIGNED)
        return store_fail(m->err, STORE_CORRUPT,
                          "the newest checkpoint is not signed by log.pub.pem of key_directory");
    if (memcmp(root, p->checkpoint.root, sizeof root) != 0)
        return store_fail(m->err, STORE_CORRUPT,
                          "the log's root is not that of its checkpoint of %" PRIu64
                          " entries: run \"temoin verify --log\"",
                          p->checkpoint.size);
    return STORE_OK;
}

enum store_status log_proofs_open(struct making *m)
{
    struct log_proofs *p = calloc(1, sizeof *p);
    if (!p)
        return evidence_no_memory(m);
    enum store_status st = log_public_key(m->settings->key_directory, p->key, m->err);
    if (st == STORE_NOT_FOUND) {
        log_proofs_close(p);
        return STORE_OK;
    }
    if (st == STORE_OK)
        st = newest(m, p);
    if (st == STORE_OK)
        st = proof_open(m->sources.store, m->sources.seals, p->checkpoint.size, &p->maker, m->err);
    if (st == STORE_OK)
        st = judge(m, p);
    if (st == STORE_OK)
        m->proofs = p;
    else
        log_proofs_close(p);
    return st;
}

/* --- proofs as files ------------------------------------------------------------------------*/

static json_t *hash_list(const struct bytes *hashes)
{
    json_t *list = json_array();
    for (size_t at = 0; list && at < hashes->len; at += TREE_HASH) {
        char hex[2 * TREE_HASH + 1];
        record_hex((const unsigned char *)hashes->data + at, TREE_HASH, hex);
        if (json_array_append_new(list, json_string(hex)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Takes over `json`. */
static enum store_status put_json(struct making *m, const char *name, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
    struct bytes data = {0};
    bool done = text && bytes_puts(&data, text) && bytes_puts(&data, "\n");
    free(text);
    json_decref(json);
    enum store_status st =
        done ? container_add(m->container, name, &data, m->err) : evidence_no_memory(m);
    bytes_free(&data);
    return st;
}

static enum store_status put_inclusion(struct making *m, const struct placed *e)
{
    struct bytes hashes = {0};
    char name[STEM + 40];
    enum store_status st = proof_inclusion(m->proofs->maker, e->seq, &hashes, m->err);
    snprintf(name, sizeof name, "log/%s.proof.json", e->stem);
    if (st == STORE_OK)
        st = put_json(m, name,
                      json_pack("{s:I, s:I, s:o}", "seq", (json_int_t)e->seq, "size",
                                (json_int_t)m->proofs->checkpoint.size, "hashes",
                                hash_list(&hashes)));
    bytes_free(&hashes);
    return st;
}

static enum store_status put_consistency(struct making *m, const struct checkpoint *old)
{
    struct bytes hashes = {0};
    struct proof_maker *then = NULL;
    unsigned char root[TREE_HASH];
    char name[60], hex[2 * TREE_HASH + 1];
    enum store_status st = proof_open(m->sources.store, m->sources.seals, old->size, &then, m->err);
    if (st == STORE_OK) {
        proof_root(then, root);
        if (memcmp(root, old->root, sizeof root) != 0)
            st = store_fail(m->err, STORE_CORRUPT,
                            "a reminder or a batch has a checkpoint of %" PRIu64
                            " entries that today's log does not continue: run \"temoin verify "
                            "--log\" and compare with the backup",
                            old->size);
    }
    proof_close(then);
    if (st == STORE_OK)
        st = proof_consistency(m->proofs->maker, old->size, &hashes, m->err);
    record_hex(old->root, sizeof old->root, hex);
    snprintf(name, sizeof name, "log/consistency-%" PRIu64 ".json", old->size);
    if (st == STORE_OK)
        st = put_json(m, name,
                      json_pack("{s:I, s:s, s:I, s:o}", "old_size", (json_int_t)old->size,
                                "old_root", hex, "size", (json_int_t)m->proofs->checkpoint.size,
                                "hashes", hash_list(&hashes)));
    bytes_free(&hashes);
    return st;
}

/* --- the checkpoints that went out ----------------------------------------------------------*/

static bool header_collect(const void *data, size_t len, void *context)
{
    struct bytes *header = context;
    return header->len < HEADER_MOST && bytes_append(header, data, len);
}

/* Is this name in the container? */
static bool is_there(const struct container *c, const char *name)
{
    size_t count;
    const struct container_file *files = container_files(c, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].name, name) == 0)
            return true;
    return false;
}

static enum store_status put_carried(struct making *m, const struct placed *e)
{
    struct bytes message = {0}, note = {0};
    struct checkpoint old = {0};
    struct store_error stopped = {0};
    const char *why;
    char name[60];
    enum store_status st =
        store_message(m->sources.store, e->seq, header_collect, &message, &stopped);
    /* More than a header was enough; whether the message is whole was judged before. */
    if (st != STORE_OK && message.len < HEADER_MOST)
        st = store_fail(m->err, st, "%s", stopped.text);
    else
        st = STORE_OK;
    bool ours = st == STORE_OK && note_find(message.data, message.len, &note) &&
                checkpoint_parse(note.data, note.len, &old, &why) &&
                strcmp(old.origin, m->origin) == 0 && old.size > 0 &&
                note_judge(note.data, note.len, m->origin, m->proofs->key) == NOTE_SIGNED;
    snprintf(name, sizeof name, "log/consistency-%" PRIu64 ".json", old.size);
    if (ours && old.size > m->proofs->checkpoint.size)
        st = store_fail(m->err, STORE_CORRUPT,
                        "entry %" PRIu64 " carried a checkpoint of %" PRIu64
                        " entries, more than the log has: run \"temoin verify --log\"",
                        e->seq, old.size);
    else if (ours && !is_there(m->container, name))
        st = put_consistency(m, &old);
    checkpoint_free(&old);
    bytes_free(&note);
    bytes_free(&message);
    return st;
}

/* What an authority dated together with entries. One of another log, before a restore, or by
   another key is none of this log's. */
static enum store_status put_dated(struct making *m, const struct batch_token *t)
{
    struct checkpoint old = {0};
    const char *why;
    char name[60];
    const struct bytes *note = &t->checkpoint;
    bool ours = note->len && checkpoint_parse(note->data, note->len, &old, &why) &&
                strcmp(old.origin, m->origin) == 0 && old.size > 0 &&
                old.size < m->proofs->checkpoint.size &&
                note_judge(note->data, note->len, m->origin, m->proofs->key) == NOTE_SIGNED;
    snprintf(name, sizeof name, "log/consistency-%" PRIu64 ".json", old.size);
    enum store_status st =
        ours && !is_there(m->container, name) ? put_consistency(m, &old) : STORE_OK;
    checkpoint_free(&old);
    return st;
}

enum store_status evidence_put_log(struct making *m)
{
    char key[4096];
    struct bytes note = {0};
    struct log_proofs *p = m->proofs;
    if (!p)
        return STORE_OK;
    int len = snprintf(key, sizeof key, "%s/log.pub.pem", m->settings->key_directory);
    if (len < 0 || (size_t)len >= sizeof key)
        return store_fail(m->err, STORE_INVALID, "key_directory is too long a name");
    enum store_status st = bytes_append(&note, p->note.data, p->note.len)
                               ? container_add(m->container, "log/checkpoint", &note, m->err)
                               : evidence_no_memory(m);
    bytes_free(&note);
    if (st == STORE_OK)
        st = evidence_put_file(m, key, "log/log.pub.pem");
    for (size_t i = 0; st == STORE_OK && i < m->plan.count; i++) {
        const struct placed *e = &m->plan.entries[i];
        if (e->volume != m->volume)
            continue;
        st = put_inclusion(m, e);
        if (st == STORE_OK && e->outbound && e->has_message)
            st = put_carried(m, e);
    }
    for (size_t i = 0; st == STORE_OK && i < m->token_count; i++)
        st = put_dated(m, &m->tokens[i]);
    return st;
}
