/*
 * store_world - a store in a temporary directory, and short ways to fill it
 *
 * Used by the tests of the store. world_open() makes directory, store and register; entries
 * are composed with fact() and mail(), appended one group each with append().
 */
#ifndef TEMOIN_TESTS_STORE_WORLD_H
#define TEMOIN_TESTS_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/record.h"
#include "db/register.h"
#include "db/store.h"

#define UNUSED __attribute__((unused))

struct world {
    char directory[64];
    struct store *store; /* open for writing */
    struct store_error err;
};

#define assert_ok(world, expression)                                                            \
    do {                                                                                        \
        enum store_status status_ = (expression);                                               \
        if (status_ != STORE_OK)                                                                \
            fail_msg("%s: %s: %s", #expression, store_status_text(status_), (world)->err.text); \
    } while (0)

static const struct store_context world_context = {
    .key_fingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .software = "0.1",
    .software_hash = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
    .process = "command",
    .uid = 7,
    .retry_window_s = 3600,
};

UNUSED static void world_make(struct world *w)
{
    *w = (struct world){0};
    const char *tmp = getenv("TMPDIR");
    snprintf(w->directory, sizeof w->directory, "%.32s/temoin-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->directory));
    assert_ok(w, store_create(w->directory, "temoin.creditor.example", &w->err));
    assert_ok(w, register_create(w->directory, &w->err));
    assert_ok(w, store_open(w->directory, STORE_WRITE, &w->store, &w->err));
}

static int world_unlink(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

UNUSED static void world_end(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
    nftw(w->directory, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* Close and open again, as a restart does. */
UNUSED static void world_restart(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
    assert_ok(w, store_open(w->directory, STORE_WRITE, &w->store, &w->err));
}

UNUSED static void fact(struct entry *e, const char *event, const char *invoice)
{
    entry_init(e);
    e->event = event;
    e->actor = "jeanne";
    if (invoice)
        assert_true(strings_add(&e->dossiers, invoice));
    e->private_part = json_pack("{s:s}", "text", "called, no answer");
    assert_non_null(e->private_part);
}

/* Octets that do not compress to nothing and tell where they are. */
UNUSED static char *pattern(size_t len)
{
    char *data = malloc(len + 1);
    assert_non_null(data);
    uint32_t x = 2463534242u;
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        data[i] = (char)(x & 0x3f ? ' ' + (x & 0x3f) : x >> 8);
    }
    data[len] = '\0';
    return data;
}

#define MAIL_HEAD "From: jeanne@creditor.example\r\nSubject: F-1\r\n\r\n"

/* An unnamed file in spool/ as the mail side makes it. */
UNUSED static int spool(const struct world *w, const char *data, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/spool", w->directory);
    int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0660);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(fdatasync(fd), 0);
    return fd;
}

/* A message of MAIL_HEAD and this body, in memory or spilled. */
UNUSED static void mail(struct world *w, struct entry *e, const char *direction,
                        const char *invoice, const char *id, const char *body, size_t len,
                        bool spilled)
{
    struct bytes head = {0};
    entry_init(e);
    e->event = strcmp(direction, "outbound") == 0 ? "prepared" : "reply";
    e->direction = direction;
    e->level = "prepared";
    if (invoice)
        assert_true(strings_add(&e->dossiers, invoice));
    e->private_part = json_object();
    if (id) {
        assert_true(strings_add(&e->ids, id));
        assert_int_equal(
            json_object_set_new(e->private_part, "ids", json_pack("{s:s}", "message_id", id)), 0);
    }
    assert_true(bytes_puts(&head, MAIL_HEAD));
    int fd = spilled ? spool(w, body, len) : -1;
    assert_true(entry_take_message(e, &head, spilled ? NULL : body, spilled ? 0 : len, fd,
                                   spilled ? len : 0, true, NULL));
    bytes_free(&head);
}

/* Append one entry in a group of its own, and free it. */
UNUSED static struct appended append(struct world *w, struct entry *e)
{
    struct appended done;
    assert_ok(w, store_begin(w->store, &w->err));
    assert_ok(w, store_append(w->store, &world_context, e, &done, &w->err));
    assert_ok(w, store_commit(w->store, &w->err));
    entry_free(e);
    return done;
}

UNUSED static bool collect(const void *data, size_t len, void *context)
{
    return bytes_append(context, data, len);
}

/* Is the stored message MAIL_HEAD and this body, to the octet? */
UNUSED static void assert_message(struct world *w, struct store *store, uint64_t seq,
                                  const char *body, size_t len)
{
    struct bytes found = {0};
    size_t head = strlen(MAIL_HEAD);
    assert_ok(w, store_message(store, seq, collect, &found, &w->err));
    assert_int_equal(found.len, head + len);
    assert_memory_equal(found.data, MAIL_HEAD, head);
    if (len)
        assert_memory_equal(found.data + head, body, len);
    bytes_free(&found);
}

#endif
