/*
 * log_key - the key that signs checkpoints: made, loaded, its public half read
 *
 * Ed25519, as C2SP's signed notes want it. It is no key of the seal: losing one does not cost the
 * other, and a witness needs no X.509.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/checkpoint.h"
#include "db/log_key.h"
#include "db/seal_internal.h"

enum { KEY_FILE_MAX = 4096 };

static enum store_status path_in(char path[PATH_MAX], const char *directory, const char *name,
                                 struct store_error *err)
{
    int len = snprintf(path, PATH_MAX, "%s/%s", directory, name);
    if (len > 0 && len < PATH_MAX)
        return STORE_OK;
    return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
}

static enum store_status pair_write(const char *directory, BIO *key, BIO *public_key,
                                    struct store_error *err)
{
    char key_file[PATH_MAX], public_file[PATH_MAX];
    enum store_status st = path_in(key_file, directory, "log.key", err);
    if (st == STORE_OK)
        st = path_in(public_file, directory, "log.pub.pem", err);
    if (st != STORE_OK)
        return st;
    if (access(key_file, F_OK) == 0 || access(public_file, F_OK) == 0)
        return store_fail(err, STORE_INVALID,
                          "%s: a log key is there already and is not overwritten", directory);
    st = seal_file_create(key_file, 0400, key, err);
    if (st != STORE_OK)
        return st;
    st = seal_file_create(public_file, 0444, public_key, err);
    if (st == STORE_OK)
        return seal_directory_sync(directory, err);
    unlink(key_file);
    return st;
}

enum store_status log_key_create(const char *directory, struct store_error *err)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *key_text = BIO_new(BIO_s_secmem()), *public_text = BIO_new(BIO_s_mem());
    enum store_status st;
    if (key && key_text && public_text &&
        PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_PUBKEY(public_text, key) == 1)
        st = pair_write(directory, key_text, public_text, err);
    else
        st = store_fail(err, STORE_INVALID, "cannot make a log key: %s", seal_crypto_reason());
    BIO_free(public_text);
    BIO_free(key_text);
    EVP_PKEY_free(key);
    return st;
}

/* The sealer has no terminal to ask at. */
static int no_pass_phrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

enum store_status log_key_load(const char *directory, struct log_key **key, struct store_error *err)
{
    char file[PATH_MAX];
    *key = NULL;
    enum store_status st = path_in(file, directory, "log.key", err);
    if (st != STORE_OK)
        return st;
    FILE *f = fopen(file, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s: cannot be opened", file);
    EVP_PKEY *read = PEM_read_PrivateKey(f, NULL, no_pass_phrase, NULL);
    fclose(f);
    struct log_key *made = read && EVP_PKEY_is_a(read, "ED25519") ? malloc(sizeof *made) : NULL;
    if (!made) {
        st = store_fail(err, STORE_CORRUPT, "%s: holds no Ed25519 key in clear PEM: %s", file,
                        seal_crypto_reason());
        EVP_PKEY_free(read);
        return st;
    }
    made->key = read;
    *key = made;
    return STORE_OK;
}

void log_key_free(struct log_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

/* --- the public half ------------------------------------------------------------------------*/

static bool public_from_pem(const char *text, size_t len, unsigned char key[NOTE_KEY])
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *read = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_pass_phrase, NULL) : NULL;
    size_t octets = NOTE_KEY;
    bool done = read && EVP_PKEY_is_a(read, "ED25519") &&
                EVP_PKEY_get_raw_public_key(read, key, &octets) == 1 && octets == NOTE_KEY;
    EVP_PKEY_free(read);
    BIO_free(bio);
    ERR_clear_error();
    return done;
}

enum store_status log_public_key_file(const char *file, unsigned char key[NOTE_KEY], char **name,
                                      struct store_error *err)
{
    char text[KEY_FILE_MAX];
    *name = NULL;
    FILE *f = fopen(file, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s: cannot be opened", file);
    size_t len = fread(text, 1, sizeof text - 1, f);
    bool whole = !ferror(f) && len < sizeof text - 1;
    fclose(f);
    text[whole ? len : 0] = '\0';
    if (whole && (public_from_pem(text, len, key) || note_verifier_parse(text, name, key)))
        return STORE_OK;
    return store_fail(err, STORE_CORRUPT,
                      "%s: holds no public key of a log: give log.pub.pem, or a line "
                      "\"name+hex+base64\"",
                      file);
}

enum store_status log_public_key(const char *directory, unsigned char key[NOTE_KEY],
                                 struct store_error *err)
{
    char file[PATH_MAX], *name;
    enum store_status st = path_in(file, directory, "log.pub.pem", err);
    if (st == STORE_OK)
        st = log_public_key_file(file, key, &name, err);
    if (st == STORE_OK)
        free(name);
    return st;
}
