/*
 * entry_message - hashing, compressing and naming the bytes of a message
 *
 * Everything is done in one pass over the bytes, a large file by way of a 64 kB buffer. Safe
 * from any number of threads, each with a packer of its own. Of a spilled message only the header
 * is compressed here, its body stays in its file until a volume takes it.
 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/entry.h"

enum { READ_OCTETS = 64 * 1024 };

/* --- hashing --------------------------------------------------------------------------------*/

/* Feed a part of a message to both of an entry's hashes, or to one. */
struct hashes {
    EVP_MD_CTX *plain;
    EVP_MD_CTX *commitment; /* NULL: not wanted */
};

static bool hashes_add(const struct hashes *h, const void *data, size_t len)
{
    return EVP_DigestUpdate(h->plain, data, len) == 1 &&
           (!h->commitment || EVP_DigestUpdate(h->commitment, data, len) == 1);
}

/* The whole file from its start; its offset stays. *size: octets read. */
static bool hashes_add_file(const struct hashes *h, int fd, uint64_t *size)
{
    char *buffer = malloc(READ_OCTETS);
    ssize_t got = -1;
    *size = 0;
    while (buffer && (got = pread(fd, buffer, READ_OCTETS, (off_t)*size)) > 0) {
        if (!hashes_add(h, buffer, (size_t)got)) {
            got = -1;
            break;
        }
        *size += (uint64_t)got;
    }
    free(buffer);
    return got == 0;
}

static EVP_MD_CTX *sha256_start(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1)
        return ctx;
    EVP_MD_CTX_free(ctx);
    return NULL;
}

/* --- the message of an entry ----------------------------------------------------------------*/

static bool hash_message(struct entry_message *m, const struct bytes *head, const char *body,
                         size_t body_len)
{
    struct hashes h = {sha256_start(), sha256_start()};
    uint64_t read = 0;
    bool ok = h.plain && h.commitment && RAND_bytes(m->nonce, NONCE_OCTETS) == 1 &&
              EVP_DigestUpdate(h.commitment, m->nonce, NONCE_OCTETS) == 1 &&
              hashes_add(&h, head->data ? head->data : "", head->len);
    if (ok && m->body_fd >= 0)
        ok = hashes_add_file(&h, m->body_fd, &read) && read == m->body_size;
    else if (ok && body_len)
        ok = hashes_add(&h, body, body_len);
    ok = ok && EVP_DigestFinal_ex(h.plain, m->sha256, NULL) == 1 &&
         EVP_DigestFinal_ex(h.commitment, m->commitment, NULL) == 1;
    EVP_MD_CTX_free(h.plain);
    EVP_MD_CTX_free(h.commitment);
    return ok;
}

bool entry_take_message(struct entry *e, const struct bytes *head, const char *body,
                        size_t body_len, int body_fd, uint64_t body_size, bool keep,
                        struct packer *packer)
{
    struct entry_message *m = &e->message;
    m->present = true;
    m->body_fd = body_fd;
    m->body_size = body_fd >= 0 ? body_size : 0;
    m->size = (uint64_t)head->len + (body_fd >= 0 ? body_size : body_len);
    m->bytes_dropped = !keep;
    if (!hash_message(m, head, body, body_len))
        return false;
    if (!keep) {
        if (body_fd >= 0)
            close(body_fd); /* is thrown away */
        m->body_fd = -1;
        m->body_size = 0;
        return true;
    }
    struct packer *own = packer ? NULL : packer_new();
    bool ok =
        (packer || own) && packer_pack(packer ? packer : own, head, body_fd >= 0 ? NULL : body,
                                       body_fd >= 0 ? 0 : body_len, &m->packed);
    packer_free(own);
    return ok;
}

/* --- the name of a message as received ------------------------------------------------------*/

/* Length before text, so that no two lists of parts give the same octets. */
static bool add_text(const struct hashes *h, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    unsigned char prefix[9];
    prefix[0] = text != NULL;
    for (int i = 0; i < 8; i++)
        prefix[1 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
    return hashes_add(h, prefix, sizeof prefix) && (len == 0 || hashes_add(h, text, len));
}

static bool add_envelope(const struct hashes *h, const char *direction, const struct envelope *env)
{
    struct strings sorted = {0};
    bool ok = strings_add_all(&sorted, &env->recipients) && add_text(h, direction) &&
              add_text(h, env->sender) && add_text(h, env->login);
    strings_sort(&sorted);
    for (size_t i = 0; ok && i < sorted.count; i++)
        ok = add_text(h, sorted.items[i]);
    strings_free(&sorted);
    return ok && add_text(h, NULL); /* ends the list */
}

bool entry_retry_key(const char *direction, const struct envelope *env,
                     const struct fields *received, const char *body, size_t body_len, int body_fd,
                     unsigned char key[HASH_OCTETS])
{
    struct hashes h = {sha256_start(), NULL};
    struct bytes head = {0};
    uint64_t read;
    bool ok = h.plain && add_envelope(&h, direction, env) && fields_render(received, &head) &&
              hashes_add(&h, head.data ? head.data : "", head.len);
    if (ok && body_fd >= 0)
        ok = hashes_add_file(&h, body_fd, &read);
    else if (ok && body_len)
        ok = hashes_add(&h, body, body_len);
    ok = ok && EVP_DigestFinal_ex(h.plain, key, NULL) == 1;
    EVP_MD_CTX_free(h.plain);
    bytes_free(&head);
    return ok;
}
