/*
 * writer - who writes the log: what each record says about the program and its seal
 */
#include "db/writer.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "db/clock.h"
#include "db/seal.h"

enum { PIECE = 64 * 1024 };

static bool digest_file(int fd, EVP_MD_CTX *md)
{
    char piece[PIECE];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || EVP_DigestUpdate(md, piece, (size_t)n) != 1)
            return false;
    }
    return true;
}

/* The file that this process runs, even when a newer one has taken its path meanwhile. */
static enum store_status hash_program(char hex[65], struct store_error *err)
{
    unsigned char digest[HASH_OCTETS];
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return store_fail_errno(err, errno, "/proc/self/exe");
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool done = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 && digest_file(fd, md) &&
                EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    close(fd);
    if (!done)
        return store_fail(err, STORE_IO, "/proc/self/exe: cannot be hashed");
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return STORE_OK;
}

enum store_status writer_identify(const struct settings *s, struct writer *w,
                                  struct store_error *err)
{
    enum store_status st = seal_fingerprint(s->seal_certificate, w->fingerprint, err);
    return st == STORE_OK ? hash_program(w->software_hash, err) : st;
}

struct store_context writer_context(const struct writer *w, const struct settings *s,
                                    const char *process, unsigned uid)
{
    return (struct store_context){.key_fingerprint = w->fingerprint,
                                  .software = PACKAGE_VERSION,
                                  .software_hash = w->software_hash,
                                  .process = process,
                                  .uid = uid,
                                  .retry_window_s = s->retry_window_s};
}

json_t *writer_versions(const struct settings *s)
{
    struct utsname system;
    if (uname(&system) != 0)
        return NULL;
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:s}}", "configuration", s->sha256, "versions",
                     "temoin", PACKAGE_VERSION, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING),
                     "jansson", jansson_version_str(), "kernel", system.release);
}

json_t *writer_start(const struct settings *s)
{
    struct clock_reading now;
    json_t *part = writer_versions(s);
    json_t *clock = part && clock_read(&now) ? clock_json(&now, 0) : NULL;
    if (!clock || json_object_set_new(part, "clock", clock) == 0)
        return part;
    json_decref(part);
    return NULL;
}
