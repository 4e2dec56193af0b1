/*
 * batch_group - the files that an entry consists of, as hashes
 *
 * The message's hash is taken from the private part, which the signed record commits to: a
 * message that has been altered since is not dated by its batch, and nothing need be unpacked.
 */
#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "db/batch_internal.h"
#include "db/wire.h"

bool batch_hash(const void *data, size_t len, struct ers_hash *hash)
{
    return EVP_Digest(data, len, hash->octets, NULL, EVP_sha256(), NULL) == 1;
}

static bool of(EVP_MD_CTX *hash, const struct bytes *octets, struct ers_hash *out)
{
    return sha256_of(hash, octets->data, octets->len, NULL, 0, out->octets);
}

enum store_status batch_group_of(EVP_MD_CTX *hash, const struct stored_entry *e,
                                 const struct bytes *signature, const json_t *private_part,
                                 struct ers_hash group[GROUP_MOST], size_t *count,
                                 struct store_error *err)
{
    *count = 0;
    bool hashed = of(hash, &e->record, &group[0]) && of(hash, signature, &group[1]) &&
                  (!e->private_part.data || of(hash, &e->private_part, &group[2]));
    if (!hashed)
        return store_fail(err, STORE_IO, "the crypto library cannot hash");
    *count = e->private_part.data ? 3 : 2;
    if (!e->has_message)
        return STORE_OK;
    if (!hex_from_json(json_object_get(private_part, "sha256"), group[(*count)++].octets, ERS_HASH))
        return store_fail(err, STORE_CORRUPT,
                          "entry %" PRIu64 ": its private part does not name its message: run "
                          "\"temoin verify --log\"",
                          e->seq);
    return STORE_OK;
}

enum store_status batch_group(struct batch_db *db, const struct stored_entry *e,
                              struct ers_hash group[GROUP_MOST], size_t *count,
                              struct store_error *err)
{
    struct bytes signature = {0};
    *count = 0;
    enum store_status st = seal_signature(db->seals, e->seq, &signature, err);
    if (st == STORE_OK) {
        json_t *part = e->has_message ? json_loadb(e->private_part.data, e->private_part.len,
                                                   JSON_REJECT_DUPLICATES, NULL)
                                      : NULL;
        st = batch_group_of(db->hash, e, &signature, part, group, count, err);
        json_decref(part);
    }
    bytes_free(&signature);
    return st;
}

bool batch_checkpoint_group(const struct bytes *checkpoint, const struct bytes *log_key,
                            struct ers_hash group[2])
{
    return batch_hash(checkpoint->data, checkpoint->len, &group[0]) &&
           batch_hash(log_key->data, log_key->len, &group[1]);
}
