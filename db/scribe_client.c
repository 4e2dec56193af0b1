/*
 * scribe_client - asking the only writer to take something in
 *
 * Idle connections wait in a pool; a request takes one, or makes one, and gives it back after
 * a whole answer. A connection on which anything went wrong is closed. The parent of the
 * daemon keeps scribe's listening socket, so that while scribe restarts a new connection is
 * not refused but waits: a request needs only its own deadline to bound it.
 */
#include "db/scribe_client.h"

#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "db/stamped.h"
#include "db/wire.h"

enum { POOL_MAX = 64, RETRY_PAUSE_MS = 10, SHORTEST_TRY_MS = 1 };

struct scribe_client {
    struct sockaddr_un address;
    pthread_mutex_t lock;
    int idle[POOL_MAX];
    size_t idle_count;
};

struct scribe_client *scribe_client_new(const char *run_directory)
{
    struct scribe_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->address.sun_family = AF_UNIX;
    int len =
        snprintf(c->address.sun_path, sizeof c->address.sun_path, "%s/scribe.sock", run_directory);
    if (len < 0 || (size_t)len >= sizeof c->address.sun_path)
        c->address.sun_path[0] = '\0'; /* said at the first request, with its name */
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return NULL;
    }
    return c;
}

void scribe_client_free(struct scribe_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->idle_count; i++)
        close(c->idle[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* --- connections ----------------------------------------------------------------------------*/

static int pool_take(struct scribe_client *c)
{
    pthread_mutex_lock(&c->lock);
    int fd = c->idle_count ? c->idle[--c->idle_count] : -1;
    pthread_mutex_unlock(&c->lock);
    return fd;
}

static void pool_give(struct scribe_client *c, int fd)
{
    pthread_mutex_lock(&c->lock);
    bool kept = c->idle_count < POOL_MAX;
    if (kept)
        c->idle[c->idle_count++] = fd;
    pthread_mutex_unlock(&c->lock);
    if (!kept)
        close(fd);
}

static void pause_ms(int ms)
{
    poll(NULL, 0, ms);
}

static enum store_status refused(struct scribe_client *c, int why, struct store_error *err)
{
    const char *path = c->address.sun_path;
    if (!path[0])
        return store_fail(err, STORE_NOT_FOUND,
                          "run_directory is too long for a socket's path: choose a shorter one");
    if (why == EACCES || why == EPERM)
        return store_fail(err, STORE_DENIED,
                          "%s: permission denied: run as root or as the configured user", path);
    return store_fail(err, STORE_NOT_FOUND, "%s: %s: temoind is not running (start it)", path,
                      strerror(why));
}

/* A connected socket in *fd. A full backlog (EAGAIN) is waited for until the deadline. */
static enum store_status connect_scribe(struct scribe_client *c, int64_t deadline, int *fd,
                                        struct store_error *err)
{
    for (;;) {
        *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (*fd < 0)
            return store_fail_errno(err, errno, "no socket for scribe");
        if (connect(*fd, (struct sockaddr *)&c->address, sizeof c->address) == 0)
            return STORE_OK;
        int why = errno;
        close(*fd);
        *fd = -1;
        if (why != EAGAIN && why != EINTR)
            return refused(c, why, err);
        if (wire_clock_ms() >= deadline)
            return store_fail(err, STORE_BUSY, "scribe accepts no connection in time");
        pause_ms(RETRY_PAUSE_MS);
    }
}

/* --- a request ------------------------------------------------------------------------------*/

static int left_ms(int64_t deadline)
{
    int64_t left = deadline - wire_clock_ms();
    return left < SHORTEST_TRY_MS ? SHORTEST_TRY_MS : (int)left;
}

static enum store_status late(int timeout_ms, struct store_error *err)
{
    return store_fail(err, STORE_BUSY,
                      "scribe did not answer within %d ms (slow disk, or scribe is restarting)",
                      timeout_ms);
}

/* What one request brings along beside its JSON. */
struct luggage {
    const void *blob;
    size_t blob_len;
    int fd; /* -1: none */
};

static enum wire_result exchange(int fd, const json_t *json, const struct luggage *l,
                                 int64_t deadline, struct frame *answer)
{
    enum wire_result sent =
        wire_send(fd, json, l->blob, l->blob_len, &l->fd, l->fd >= 0 ? 1 : 0, left_ms(deadline));
    return sent == WIRE_OK ? wire_receive(fd, answer, left_ms(deadline)) : sent;
}

/* Status and error text of an answer. */
static enum store_status answer_status(const struct frame *answer, struct store_error *err)
{
    const json_t *status = json_object_get(answer->json, "status");
    const char *text = json_string_value(json_object_get(answer->json, "error"));
    json_int_t code = json_integer_value(status);
    if (!json_is_integer(status) || code < STORE_OK || code > STORE_INVALID) {
        code = STORE_CORRUPT;
        text = "scribe's answer makes no sense (two versions of temoin?)";
    }
    if (code == STORE_OK)
        return STORE_OK;
    return store_fail(err, (enum store_status)code, "%s",
                      text ? text : store_status_text((enum store_status)code));
}

/* Send and wait, again on a new connection when scribe hangs up, as long as time allows.
   Whatever the status, frame_free(answer). */
static enum store_status ask(struct scribe_client *c, const json_t *json, const struct luggage *l,
                             int timeout_ms, struct frame *answer, struct store_error *err)
{
    int64_t deadline = wire_clock_ms() + timeout_ms;
    frame_init(answer);
    for (;;) {
        int fd = pool_take(c);
        bool fresh = fd < 0;
        if (fresh) {
            enum store_status st = connect_scribe(c, deadline, &fd, err);
            if (st != STORE_OK)
                return st;
        }
        enum wire_result result = exchange(fd, json, l, deadline, answer);
        if (result == WIRE_OK) {
            pool_give(c, fd);
            return answer_status(answer, err);
        }
        int why = errno;
        close(fd);
        if (result == WIRE_ERROR && (why == EMSGSIZE || why == ENOMEM || why == EBADF))
            return store_fail(err, why == ENOMEM ? STORE_NO_MEMORY : STORE_INVALID,
                              "cannot ask scribe: %s", strerror(why));
        if (result == WIRE_TIMEOUT || wire_clock_ms() >= deadline)
            return late(timeout_ms, err);
        if (fresh) /* a stale one of the pool says nothing about scribe */
            pause_ms(RETRY_PAUSE_MS);
    }
}

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static enum store_status ask_plain(struct scribe_client *c, json_t *json, int timeout_ms,
                                   struct frame *answer, struct store_error *err)
{
    frame_init(answer);
    if (!json)
        return no_memory(err);
    struct luggage none = {.fd = -1};
    enum store_status st = ask(c, json, &none, timeout_ms, answer, err);
    json_decref(json);
    return st;
}

/* --- what can be asked ----------------------------------------------------------------------*/

static enum store_status read_appended(const struct frame *answer, struct appended *out,
                                       struct store_error *err)
{
    const json_t *edits = json_object_get(answer->json, "edits");
    out->seq = (uint64_t)json_integer_value(json_object_get(answer->json, "seq"));
    out->duplicate = json_is_true(json_object_get(answer->json, "duplicate"));
    out->token = (uint64_t)json_integer_value(json_object_get(answer->json, "token"));
    return edits && !edits_from_json(edits, &out->edits) ? no_memory(err) : STORE_OK;
}

enum store_status scribe_append(struct scribe_client *c, struct entry *e, int timeout_ms,
                                struct appended *out, struct store_error *err)
{
    *out = (struct appended){0};
    if (!e->has_retry) {
        if (RAND_bytes(e->retry, sizeof e->retry) != 1)
            return store_fail(err, STORE_IO, "the crypto library gives no random numbers");
        e->has_retry = true;
    }
    json_t *json = entry_to_json(e, "append");
    if (!json)
        return no_memory(err);
    struct luggage l = {.blob = e->message.packed.data,
                        .blob_len = e->message.packed.len,
                        .fd = e->message.present ? e->message.body_fd : -1};
    struct frame answer;
    enum store_status st = ask(c, json, &l, timeout_ms, &answer, err);
    if (st == STORE_OK)
        st = read_appended(&answer, out, err);
    if (st != STORE_OK)
        appended_free(out);
    frame_free(&answer);
    json_decref(json);
    return st;
}

enum store_status scribe_reserve(struct scribe_client *c, uint64_t count, int timeout_ms,
                                 uint64_t *first, struct store_error *err)
{
    struct frame answer;
    json_t *json = json_pack("{s:s, s:I}", "op", "reserve", "count", (json_int_t)count);
    enum store_status st = ask_plain(c, json, timeout_ms, &answer, err);
    *first =
        st == STORE_OK ? (uint64_t)json_integer_value(json_object_get(answer.json, "first")) : 0;
    frame_free(&answer);
    return st;
}

enum store_status scribe_ping(struct scribe_client *c, int timeout_ms, struct store_error *err)
{
    struct frame answer;
    enum store_status st = ask_plain(c, json_pack("{s:s}", "op", "ping"), timeout_ms, &answer, err);
    frame_free(&answer);
    return st;
}

enum store_status scribe_reread(struct scribe_client *c, int timeout_ms, struct store_error *err)
{
    struct frame answer;
    enum store_status st =
        ask_plain(c, json_pack("{s:s}", "op", "reread"), timeout_ms, &answer, err);
    frame_free(&answer);
    return st;
}

enum store_status scribe_stamped(struct scribe_client *c, struct stamped *s, int timeout_ms,
                                 bool *known, struct store_error *err)
{
    struct frame answer;
    *known = false;
    enum store_status st = ask_plain(c, stamped_to_json(s, "stamped"), timeout_ms, &answer, err);
    if (st == STORE_OK && json_is_true(json_object_get(answer.json, "known"))) {
        struct edits edits = {0};
        if (edits_from_json(json_object_get(answer.json, "edits"), &edits)) {
            *known = true;
            s->token = (uint64_t)json_integer_value(json_object_get(answer.json, "token"));
            edits_free(&s->edits);
            s->edits = edits;
        } else {
            edits_free(&edits);
            st = no_memory(err);
        }
    }
    frame_free(&answer);
    return st;
}

enum store_status scribe_recall(struct scribe_client *c, uint64_t token, int timeout_ms,
                                struct stamped *s, struct store_error *err)
{
    struct frame answer;
    *s = (struct stamped){0};
    json_t *json = json_pack("{s:s, s:I}", "op", "recall", "token", (json_int_t)token);
    enum store_status st = ask_plain(c, json, timeout_ms, &answer, err);
    if (st == STORE_OK && !stamped_from_json(json_object_get(answer.json, "stamped"), s)) {
        stamped_free(s);
        st = no_memory(err);
    }
    frame_free(&answer);
    return st;
}
