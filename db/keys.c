/*
 * keys - the token keys on disk: made, rotated, read
 *
 * Secrets are wiped from memory as soon as they are written or parsed.
 */
#include "db/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 64 * 1024, KEY_FILE_MODE = 0640, PATH_ROOM = 1024 };

static enum store_status fail_errno(struct store_error *err, const char *what, const char *path)
{
    int code = errno;
    enum store_status status = code == ENOENT                     ? STORE_NOT_FOUND
                               : code == EACCES || code == EPERM  ? STORE_DENIED
                               : code == ENOSPC || code == EDQUOT ? STORE_FULL
                                                                  : STORE_IO;
    const char *mend = status == STORE_NOT_FOUND ? ": run temoin init"
                       : status == STORE_DENIED  ? ": run as root or as its owner"
                                                 : "";
    return store_fail(err, status, "cannot %s %s: %s%s", what, path, strerror(code), mend);
}

static bool key_path(const char *directory, const char *name, char path[PATH_ROOM])
{
    int len = snprintf(path, PATH_ROOM, "%s/%s", directory, name);
    return len > 0 && len < PATH_ROOM;
}

/* The whole file into text[KEY_FILE_MAX + 1]; *st tells owner and mode (may be NULL). */
static enum store_status read_file(const char *path, char *text, struct stat *st,
                                   struct store_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "open", path);
    size_t len = 0;
    ssize_t got = 0;
    while (len <= KEY_FILE_MAX && (got = read(fd, text + len, KEY_FILE_MAX + 1 - len)) > 0)
        len += (size_t)got;
    enum store_status status = STORE_OK;
    if (got < 0 || (st && fstat(fd, st) != 0))
        status = fail_errno(err, "read", path);
    else if (len > KEY_FILE_MAX || memchr(text, '\0', len))
        status =
            store_fail(err, STORE_CORRUPT, "%s: is no key file: restore it from a backup", path);
    close(fd);
    text[len <= KEY_FILE_MAX ? len : 0] = '\0';
    return status;
}

static bool parse(const char *text, const char *path, struct keyring *ring, struct store_error *err)
{
    char *error = NULL;
    if (keyring_parse(text, path, ring, &error))
        return true;
    store_fail(err, STORE_CORRUPT, "%s", error ? error : "out of memory");
    free(error);
    return false;
}

static bool add_line(struct bytes *text, unsigned number, const unsigned char *secret,
                     const char *state)
{
    char hex[2 * TOKEN_KEY_OCTETS + 1];
    for (size_t i = 0; i < TOKEN_KEY_OCTETS; i++)
        snprintf(hex + 2 * i, 3, "%02x", secret[i]);
    /* Room first: a buffer that moves would leave a copy of the secrets behind. */
    bool done = bytes_reserve(text, 128) && bytes_printf(text, "%u %s %s\n", number, hex, state);
    OPENSSL_cleanse(hex, sizeof hex);
    return done;
}

/* The file's text for a ring: its keys as old ones, `fresh` as the active one. */
static bool compose(const struct keyring *ring, unsigned number, const unsigned char *fresh,
                    struct bytes *text)
{
    bool done =
        bytes_reserve(text, KEY_FILE_MAX) &&
        bytes_puts(text, "# temoin token keys: number, secret, state. Keep it private, keep a "
                         "backup, remove no line.\n");
    for (unsigned i = 0; ring && i < TOKEN_KEYS_MAX && done; i++)
        if (ring->present[i])
            done = add_line(text, i, ring->secret[i], "old");
    return done && add_line(text, number, fresh, "active");
}

static bool sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

/* Write to <path>.new with this owner and mode, then give it the name: by link(2) when nothing
   must be overwritten, else by rename(2). */
static enum store_status write_file(const char *directory, const char *path,
                                    const struct bytes *text, uid_t owner, gid_t group, mode_t mode,
                                    bool overwrite, struct store_error *err)
{
    char temporary[PATH_ROOM];
    if (!key_path(directory, "token.keys.new", temporary))
        return store_fail(err, STORE_INVALID, "%s: the path is too long", directory);
    if (unlink(temporary) != 0 && errno != ENOENT)
        return fail_errno(err, "remove", temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_errno(err, "create", temporary);
    bool written = write(fd, text->data, text->len) == (ssize_t)text->len &&
                   fchown(fd, owner, group) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int code = errno;
    if (close(fd) != 0 && written) {
        written = false;
        code = errno;
    }
    bool named = written && (overwrite ? rename(temporary, path) : link(temporary, path)) == 0;
    if (written && !named)
        code = errno;
    if (!named || !overwrite)
        unlink(temporary);
    if (!named && code == EEXIST)
        return store_fail(err, STORE_INVALID,
                          "%s exists: keep it, or add a key with temoin init --rotate-token-key",
                          path);
    errno = code;
    if (!named)
        return fail_errno(err, "write", path);
    return sync_directory(directory) ? STORE_OK : fail_errno(err, "sync", directory);
}

enum store_status keys_create(const char *directory, gid_t group, struct store_error *err)
{
    char path[PATH_ROOM];
    if (!key_path(directory, "token.keys", path))
        return store_fail(err, STORE_INVALID, "%s: the path is too long", directory);
    unsigned char fresh[TOKEN_KEY_OCTETS];
    struct bytes text = {0};
    enum store_status status;
    if (RAND_priv_bytes(fresh, sizeof fresh) != 1)
        status =
            store_fail(err, STORE_IO, "OpenSSL gives no random octets: check its configuration");
    else if (!compose(NULL, 1, fresh, &text))
        status = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else
        status = write_file(directory, path, &text, (uid_t)-1, group, KEY_FILE_MODE, false, err);
    OPENSSL_cleanse(fresh, sizeof fresh);
    if (text.data)
        OPENSSL_cleanse(text.data, text.len);
    bytes_free(&text);
    return status;
}

/* Key numbers are given in turn and never reused: an old token must not fit a new key. */
static bool next_number(const struct keyring *ring, unsigned *number)
{
    unsigned last = 0;
    for (unsigned i = 0; i < TOKEN_KEYS_MAX; i++)
        if (ring->present[i])
            last = i;
    *number = last + 1;
    return *number < TOKEN_KEYS_MAX;
}

static enum store_status rotate(const char *directory, const char *path, char *old,
                                unsigned *number, struct store_error *err)
{
    struct keyring ring = {.active = 0};
    struct stat st;
    unsigned char fresh[TOKEN_KEY_OCTETS];
    struct bytes text = {0};
    enum store_status status = read_file(path, old, &st, err);
    if (status != STORE_OK)
        return status;
    if (!parse(old, path, &ring, err))
        return STORE_CORRUPT;
    if (!next_number(&ring, number))
        status =
            store_fail(err, STORE_INVALID, "%s: holds 255 keys, and has no room for more", path);
    else if (RAND_priv_bytes(fresh, sizeof fresh) != 1)
        status =
            store_fail(err, STORE_IO, "OpenSSL gives no random octets: check its configuration");
    else if (!compose(&ring, *number, fresh, &text))
        status = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else
        status =
            write_file(directory, path, &text, st.st_uid, st.st_gid, st.st_mode & 07777, true, err);
    keyring_wipe(&ring);
    OPENSSL_cleanse(fresh, sizeof fresh);
    if (text.data)
        OPENSSL_cleanse(text.data, text.len);
    bytes_free(&text);
    return status;
}

enum store_status keys_rotate(const char *directory, unsigned *number, struct store_error *err)
{
    char path[PATH_ROOM];
    if (!key_path(directory, "token.keys", path))
        return store_fail(err, STORE_INVALID, "%s: the path is too long", directory);
    char *old = calloc(1, KEY_FILE_MAX + 1);
    if (!old)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status status = rotate(directory, path, old, number, err);
    OPENSSL_cleanse(old, KEY_FILE_MAX + 1);
    free(old);
    return status;
}

enum store_status keys_read(const char *directory, struct keyring *ring, struct store_error *err)
{
    char path[PATH_ROOM];
    if (!key_path(directory, "token.keys", path))
        return store_fail(err, STORE_INVALID, "%s: the path is too long", directory);
    char *text = calloc(1, KEY_FILE_MAX + 1);
    if (!text)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum store_status status = read_file(path, text, NULL, err);
    if (status == STORE_OK && !parse(text, path, ring, err))
        status = STORE_CORRUPT;
    OPENSSL_cleanse(text, KEY_FILE_MAX + 1);
    free(text);
    return status;
}
