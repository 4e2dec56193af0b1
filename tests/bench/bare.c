/*
 * bare - what the hashes and signatures of a log cost and nothing else, on all processors
 *
 * Synopsis
 *      tests/bench/bare STORE_DIRECTORY        # prints seconds
 *
 * For every entry, side by side on as many threads as there are processors: SHA-256 of the public
 * record (the leaf; again, as what was signed), of the private part, of nonce and message, and
 * one verification by a P-256 key. Everything is in memory and every signature made, by a key of
 * its own, before the clock starts: this is the least that `temoin verify --log` can cost.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/record.h"

enum { SIGNATURE_MAX = 80, THREADS_MAX = 256 };

struct item {
    struct bytes record, private_part, message;
    unsigned char signature[SIGNATURE_MAX];
    size_t signature_len;
};

struct load {
    struct item *items;
    size_t count, room;
    EVP_PKEY *key;
    struct store *store;
    bool failed;
};

struct share {
    const struct load *load;
    size_t first, step;
    bool failed;
};

static bool sign(EVP_PKEY *key, struct item *i)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    i->signature_len = sizeof i->signature;
    bool ok = md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(md, i->signature, &i->signature_len,
                             (const unsigned char *)i->record.data, i->record.len) == 1;
    EVP_MD_CTX_free(md);
    return ok;
}

static bool keep(const void *data, size_t len, void *context)
{
    return bytes_append(context, data, len);
}

static bool take(const struct stored_entry *e, void *context)
{
    struct load *l = context;
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 1024;
        struct item *more = realloc(l->items, room * sizeof *more);
        if (!more)
            return !(l->failed = true);
        l->items = more;
        l->room = room;
    }
    struct item *i = &l->items[l->count++];
    *i = (struct item){0};
    bool ok = bytes_append(&i->record, e->record.data, e->record.len) &&
              bytes_append(&i->private_part, e->private_part.data, e->private_part.len) &&
              sign(l->key, i);
    return ok || !(l->failed = true);
}

static bool messages(struct load *l)
{
    unsigned char nonce[NONCE_OCTETS];
    struct store_error err;
    for (size_t n = 0; n < l->count; n++) {
        struct item *i = &l->items[n];
        if (!record_nonce(i->private_part.data, i->private_part.len, nonce) ||
            !bytes_append(&i->message, nonce, sizeof nonce))
            return false;
        enum store_status st = store_message(l->store, n + 1, keep, &i->message, &err);
        if (st == STORE_NOT_FOUND)
            bytes_free(&i->message);
        else if (st != STORE_OK)
            return false;
    }
    return true;
}

static bool hash(const struct bytes *b)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    return b->len == 0 || EVP_Digest(b->data, b->len, digest, NULL, EVP_sha256(), NULL) == 1;
}

static void *work(void *context)
{
    struct share *s = context;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    s->failed = !md;
    for (size_t n = s->first; !s->failed && n < s->load->count; n += s->step) {
        const struct item *i = &s->load->items[n];
        s->failed = !hash(&i->record) || !hash(&i->private_part) || !hash(&i->message) ||
                    EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, s->load->key) != 1 ||
                    EVP_DigestVerify(md, i->signature, i->signature_len,
                                     (const unsigned char *)i->record.data, i->record.len) != 1;
        EVP_MD_CTX_reset(md);
    }
    EVP_MD_CTX_free(md);
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds; negative: something failed. */
static double measure(const struct load *l)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
    pthread_t threads[THREADS_MAX];
    struct share shares[THREADS_MAX];
    bool ok = true;
    double begun = now();
    for (size_t t = 0; t < count; t++) {
        shares[t] = (struct share){.load = l, .first = t, .step = count};
        if (pthread_create(&threads[t], NULL, work, &shares[t]) != 0)
            return -1;
    }
    for (size_t t = 0; t < count; t++)
        ok = pthread_join(threads[t], NULL) == 0 && !shares[t].failed && ok;
    return ok ? now() - begun : -1;
}

int main(int argc, char **argv)
{
    struct load l = {0};
    struct store_error err = {0};
    double seconds = -1;
    if (argc != 2 || !(l.key = EVP_EC_gen("P-256"))) {
        fprintf(stderr, "usage: bare STORE_DIRECTORY\n");
        return EX_USAGE;
    }
    enum store_status st = store_open(argv[1], STORE_READ, &l.store, &err);
    if (st == STORE_OK)
        st = store_each_entry(l.store, 1, take, &l, &err);
    if (st == STORE_OK && !l.failed && messages(&l))
        seconds = measure(&l);
    if (st != STORE_OK)
        fprintf(stderr, "bare: %s\n", err.text);
    else if (seconds >= 0)
        printf("%.6f\n", seconds);
    for (size_t n = 0; n < l.count; n++) {
        bytes_free(&l.items[n].record);
        bytes_free(&l.items[n].private_part);
        bytes_free(&l.items[n].message);
    }
    free(l.items);
    store_close(l.store);
    EVP_PKEY_free(l.key);
    return seconds >= 0 ? EX_OK : EX_SOFTWARE;
}
