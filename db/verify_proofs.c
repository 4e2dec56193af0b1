/*
 * verify_proofs - the log behind an evidence file: its checkpoint, that each entry is in it, and
 *                 that the checkpoints which went out earlier are beginnings of it
 *
 * The key in log/log.pub.pem is the company's own. That the log is one, and was not written
 * again, is shown only by whoever holds an earlier checkpoint: a reminder that was delivered
 * carries one, and so do the batches that an authority dated.
 */
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/verify_parts.h"
#include "db/wire.h"
#include "policy/note.h"
#include "policy/proof.h"

struct log_seen {
    struct inspection *in;
    bool has_key;
    unsigned char key[NOTE_KEY];
    struct part *part; /* log/checkpoint */
    struct checkpoint head;
};

/* --- reading --------------------------------------------------------------------------------*/

static const char *entries_word(uint64_t count)
{
    return count == 1 ? "entry" : "entries";
}

/* Hexadecimal or base64 of 32 octets. */
static bool hash_read(const json_t *json, unsigned char hash[TREE_HASH])
{
    enum { DIGITS = 44 };
    unsigned char octets[DIGITS / 4 * 3];
    const char *text = json_string_value(json);
    if (hex_from_json(json, hash, TREE_HASH))
        return true;
    if (!text || strlen(text) != DIGITS || text[DIGITS - 1] != '=' || text[DIGITS - 2] == '=' ||
        EVP_DecodeBlock(octets, (const unsigned char *)text, DIGITS) != (int)sizeof octets)
        return false;
    memcpy(hash, octets, TREE_HASH);
    return true;
}

static bool hashes_read(const json_t *list, struct bytes *hashes)
{
    size_t i;
    const json_t *item;
    if (!json_is_array(list) || json_array_size(list) > TREE_DEPTH * 2)
        return false;
    json_array_foreach(list, i, item)
    {
        unsigned char hash[TREE_HASH];
        if (!hash_read(item, hash) || !bytes_append(hashes, hash, sizeof hash))
            return false;
    }
    return true;
}

static uint64_t size_of(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static void key_read(struct log_seen *l)
{
    struct part *p = part_find(l->in, "log/log.pub.pem");
    if (!p) {
        part_missing(l->in, "log/log.pub.pem", FILE_ALTERED, "missing");
        return;
    }
    size_t len = sizeof l->key;
    BIO *text = BIO_new_mem_buf(p->data.data, (int)p->data.len);
    EVP_PKEY *key = text ? PEM_read_bio_PUBKEY(text, NULL, NULL, NULL) : NULL;
    l->has_key = key && EVP_PKEY_is_a(key, "ED25519") &&
                 EVP_PKEY_get_raw_public_key(key, l->key, &len) == 1 && len == sizeof l->key;
    if (l->has_key)
        part_praise(l->in, p, "the log's public key");
    else
        part_fault(l->in, p, FILE_ALTERED, "it is no Ed25519 public key");
    EVP_PKEY_free(key);
    BIO_free(text);
    ERR_clear_error();
}

/* A checkpoint that the log's key signed. False: said at `p`. */
static bool checkpoint_read(struct log_seen *l, struct part *p, struct checkpoint *c)
{
    const char *why;
    if (!p->readable || !l->has_key)
        return false;
    if (!checkpoint_parse(p->data.data, p->data.len, c, &why)) {
        part_fault(l->in, p, FILE_ALTERED, "altered: %s", why);
        return false;
    }
    if (note_judge(p->data.data, p->data.len, c->origin, l->key) == NOTE_SIGNED)
        return true;
    part_fault(l->in, p, FILE_ALTERED, "altered: the log's key did not sign it");
    checkpoint_free(c);
    return false;
}

/* --- inclusion ------------------------------------------------------------------------------*/

static void inclusion_check(struct log_seen *l, struct dossier_entry *e)
{
    struct inspection *in = l->in;
    struct part *p = part_findf(in, "log/%s.proof.json", e->stem);
    struct bytes hashes = {0};
    if (!p) {
        part_fault(in, e->record, FILE_ALTERED,
                   "its place in the log is not shown: log/%s.proof."
                   "json is missing",
                   e->stem);
        return;
    }
    json_t *proof = json_loadb(p->data.data, p->data.len, JSON_REJECT_DUPLICATES, NULL);
    if (p->readable && (!hashes_read(json_object_get(proof, "hashes"), &hashes) ||
                        size_of(proof, "seq") != e->exhibit.seq ||
                        size_of(proof, "size") != l->head.size || e->exhibit.seq > l->head.size ||
                        !proof_path_check(e->exhibit.leaf, e->exhibit.seq - 1, l->head.size,
                                          hashes.data, hashes.len, l->head.root)))
        part_fault(in, p, FILE_ALTERED,
                   "it does not show that %s.json is entry %" PRIu64 " of the log", e->stem,
                   e->exhibit.seq);
    part_praise(in, p, "shows that %s.json is entry %" PRIu64 " of the log of log/checkpoint",
                e->stem, e->exhibit.seq);
    json_decref(proof);
    bytes_free(&hashes);
}

/* --- consistency ----------------------------------------------------------------------------*/

enum link { LINK_SHOWN, LINK_NOT_SHOWN, LINK_BROKEN };

/* Is the old checkpoint a beginning of the log? */
static enum link link_judge(struct log_seen *l, const struct checkpoint *old)
{
    struct inspection *in = l->in;
    if (old->size == l->head.size)
        return memcmp(old->root, l->head.root, TREE_HASH) == 0 ? LINK_SHOWN : LINK_BROKEN;
    enum link result = LINK_NOT_SHOWN;
    for (size_t i = 0; i < in->count && result != LINK_SHOWN; i++) {
        struct part *p = &in->parts[i];
        struct bytes hashes = {0};
        if (!part_is_in(p, "log/consistency-", ".json"))
            continue;
        json_t *proof = json_loadb(p->data.data, p->data.len, JSON_REJECT_DUPLICATES, NULL);
        if (size_of(proof, "old_size") == old->size)
            result = size_of(proof, "size") == l->head.size &&
                             hashes_read(json_object_get(proof, "hashes"), &hashes) &&
                             proof_link_check(old->size, old->root, l->head.size, l->head.root,
                                              hashes.data, hashes.len)
                         ? LINK_SHOWN
                         : LINK_BROKEN;
        json_decref(proof);
        bytes_free(&hashes);
    }
    return result;
}

static const char *const link_words[] = {
    [LINK_SHOWN] = "the log begins with it",
    [LINK_NOT_SHOWN] = "no proof in log/ says whether the log begins with it",
    [LINK_BROKEN] = "the log of log/checkpoint does not begin with it: there are two logs",
};

/* Each proof by itself, from the root that it names. */
static void links_check(struct log_seen *l)
{
    for (size_t i = 0; i < l->in->count; i++) {
        struct part *p = &l->in->parts[i];
        struct bytes hashes = {0};
        unsigned char root[TREE_HASH];
        if (!part_is_in(p, "log/consistency-", ".json"))
            continue;
        json_t *proof = json_loadb(p->data.data, p->data.len, JSON_REJECT_DUPLICATES, NULL);
        uint64_t size = size_of(proof, "old_size");
        if (size == 0 || size > l->head.size || size_of(proof, "size") != l->head.size ||
            !hash_read(json_object_get(proof, "old_root"), root) ||
            !hashes_read(json_object_get(proof, "hashes"), &hashes) ||
            !proof_link_check(size, root, l->head.size, l->head.root, hashes.data, hashes.len))
            part_fault(l->in, p, FILE_ALTERED,
                       "it does not show that an earlier checkpoint is a "
                       "beginning of log/checkpoint");
        part_praise(l->in, p, "shows that the first %" PRIu64 " %s of the log were the same then",
                    size, entries_word(size));
        json_decref(proof);
        bytes_free(&hashes);
    }
}

/* The checkpoint that a reminder carried out. */
static void reminder_check(struct log_seen *l, struct dossier_entry *e)
{
    struct bytes note = {0};
    struct checkpoint c = {0};
    struct part *p = e->message;
    const char *why;
    if (!p || !p->readable || !e->exhibit.direction ||
        strcmp(e->exhibit.direction, "outbound") != 0)
        return;
    if (note_find(p->data.data, p->data.len, &note) &&
        checkpoint_parse(note.data, note.len, &c, &why) && l->has_key &&
        strcmp(c.origin, l->head.origin) == 0) {
        enum link link = link_judge(l, &c);
        if (note_judge(note.data, note.len, c.origin, l->key) != NOTE_SIGNED)
            part_fault(l->in, p, FILE_ALTERED, "the log's key did not sign the checkpoint in it");
        else if (link != LINK_SHOWN)
            part_fault(l->in, p, FILE_ALTERED, "the checkpoint that it carried: %s",
                       link_words[link]);
        part_praise(l->in, p, "it carried the checkpoint of the first %" PRIu64 " %s: %s", c.size,
                    entries_word(c.size), link_words[link]);
    }
    checkpoint_free(&c);
    bytes_free(&note);
}

/* What an authority dated together with a batch. */
static void batch_check(struct log_seen *l, struct part *p)
{
    struct checkpoint c = {0};
    if (!checkpoint_read(l, p, &c))
        return;
    enum link link = link_judge(l, &c);
    if (link == LINK_BROKEN)
        part_fault(l->in, p, FILE_ALTERED, "%s", link_words[link]);
    part_praise(l->in, p,
                "checkpoint of the first %" PRIu64
                " entries of the log, when a batch was closed: %s",
                c.size, link_words[link]);
    checkpoint_free(&c);
}

/* --- all ------------------------------------------------------------------------------------*/

void inspect_proofs(struct inspection *in)
{
    struct log_seen l = {.in = in, .part = part_find(in, "log/checkpoint")};
    if (!l.part) {
        /* Taken out of a signed file, it is missed by the manifest. */
        part_missing(in, "log/checkpoint", FILE_INCOMPLETE,
                     "not there: where the entries stand in the log is not shown");
        return;
    }
    key_read(&l);
    if (checkpoint_read(&l, l.part, &l.head)) {
        part_praise(in, l.part, "checkpoint of the log %s, %" PRIu64 " entries", l.head.origin,
                    l.head.size);
        links_check(&l);
        for (size_t i = 0; i < in->entry_count; i++) {
            struct dossier_entry *e = &in->entries[i];
            if (e->exhibit.seq == 0)
                continue;
            inclusion_check(&l, e);
            reminder_check(&l, e);
        }
        for (size_t i = 0; i < in->count; i++)
            if (part_is_in(&in->parts[i], "batches/", ".checkpoint"))
                batch_check(&l, &in->parts[i]);
    }
    checkpoint_free(&l.head);
}
