/*
 * seal_key - keys that sign records and exports, with their certificates: made
 *
 * The default is a self-signed P-256 certificate. It identifies nobody by itself: its
 * fingerprint is in the first log entry and in every evidence file, to be checked with the
 * company. Any other key may take its place (seal_key_load.c).
 */
#include "db/seal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CERTIFICATE_DAYS = 3652, /* ten years */
    NAME_CHARACTERS = 64,    /* ub-common-name and ub-organization-name, RFC 5280 A.1 */
    SERIAL_BITS = 126,
};

const char *seal_crypto_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "no reason given";
}

static bool path_join(char path[PATH_MAX], const char *directory, const char *name,
                      const char *suffix)
{
    int len = snprintf(path, PATH_MAX, "%s/%s%s", directory, name, suffix);
    return len > 0 && len < PATH_MAX;
}

/* --- making ---------------------------------------------------------------------------------*/

/* Octets of the first NAME_CHARACTERS characters of a UTF-8 text: longer names are no valid
   CN or O. */
static int name_length(const char *company)
{
    size_t len = 0;
    unsigned characters = 0;
    for (; company[len]; len++) {
        if (((unsigned char)company[len] & 0xc0) != 0x80 && ++characters > NAME_CHARACTERS)
            break;
    }
    return (int)len;
}

static bool certificate_name(X509 *x, const char *company)
{
    X509_NAME *name = X509_get_subject_name(x);
    const unsigned char *text = (const unsigned char *)company;
    int len = name_length(company);
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, text, len, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, len, -1, 0) == 1 &&
           X509_set_issuer_name(x, name) == 1;
}

static bool certificate_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool certificate_serial(X509 *x)
{
    BIGNUM *number = BN_new();
    bool done = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    return done;
}

static X509 *certificate_make(EVP_PKEY *key, const char *company)
{
    X509 *x = X509_new();
    bool done =
        x && X509_set_version(x, X509_VERSION_3) == 1 && certificate_serial(x) &&
        X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
        X509_time_adj_ex(X509_getm_notAfter(x), CERTIFICATE_DAYS, 0, NULL) &&
        certificate_name(x, company) && X509_set_pubkey(x, key) == 1 &&
        certificate_extension(x, NID_subject_key_identifier, "hash") &&
        certificate_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
        certificate_extension(x, NID_key_usage, "critical,nonRepudiation,digitalSignature") &&
        X509_sign(x, key, EVP_sha256()) > 0;
    if (!done) {
        X509_free(x);
        return NULL;
    }
    return x;
}

enum store_status seal_file_create(const char *path, mode_t mode, BIO *content,
                                   struct store_error *err)
{
    char *data = NULL;
    long len = BIO_get_mem_data(content, &data);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return store_fail_errno(err, errno, "%s: cannot be created", path);
    long written = 0;
    while (written < len) {
        ssize_t n = write(fd, data + written, (size_t)(len - written));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        written += n;
    }
    /* the umask must not decide who can read the certificate */
    bool done = written == len && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && done) {
        done = false;
        error = errno;
    }
    if (done)
        return STORE_OK;
    unlink(path);
    return store_fail_errno(err, error, "%s: cannot be written", path);
}

enum store_status seal_directory_sync(const char *directory, struct store_error *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return done ? STORE_OK : store_fail_errno(err, error, "%s: cannot be synced", directory);
}

static enum store_status pair_write(const char *directory, const char *name, BIO *key,
                                    BIO *certificate, struct store_error *err)
{
    char key_file[PATH_MAX], certificate_file[PATH_MAX];
    if (!path_join(key_file, directory, name, ".key") ||
        !path_join(certificate_file, directory, name, ".pem"))
        return store_fail(err, STORE_INVALID, "%s: the name is too long", directory);
    if (access(key_file, F_OK) == 0 || access(certificate_file, F_OK) == 0)
        return store_fail(err, STORE_INVALID,
                          "%s: %s.key or %s.pem is there already and is not overwritten", directory,
                          name, name);
    enum store_status st = seal_file_create(key_file, 0400, key, err);
    if (st != STORE_OK)
        return st;
    st = seal_file_create(certificate_file, 0444, certificate, err);
    if (st == STORE_OK)
        return seal_directory_sync(directory, err);
    unlink(key_file);
    return st;
}

enum store_status seal_key_create(const char *directory, const char *name, const char *company,
                                  struct store_error *err)
{
    if (!company[0])
        return store_fail(err, STORE_INVALID, "the seal needs the company's name");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key ? certificate_make(key, company) : NULL;
    BIO *key_text = BIO_new(BIO_s_secmem());
    BIO *certificate_text = BIO_new(BIO_s_mem());
    enum store_status st;
    if (x && key_text && certificate_text &&
        PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(certificate_text, x) == 1)
        st = pair_write(directory, name, key_text, certificate_text, err);
    else
        st = store_fail(err, STORE_INVALID, "cannot make a key for \"%s\": %s", company,
                        seal_crypto_reason());
    BIO_free(certificate_text);
    BIO_free(key_text);
    X509_free(x);
    EVP_PKEY_free(key);
    return st;
}
