/*
 * reader - asking the process that reads: an order out, answers in
 */
#include "db/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/reader_private.h"
#include "db/wire.h"

enum {
    MARGIN_MS = 10000,
    WALL_FACTOR = 3,
};

const struct reader_limits reader_limits_default = {.memory = 256 * 1024 * 1024, .seconds = 10};

int order_wall_ms(const struct reader_limits *limits)
{
    return (int)limits->seconds * 1000 * WALL_FACTOR;
}

/* --- bundles ---------------------------------------------------------------------------------*/

void reader_bundle_init(struct reader_bundle *b)
{
    *b = (struct reader_bundle){.fd = -1};
}

void reader_bundle_free(struct reader_bundle *b)
{
    if (b->fd >= 0)
        close(b->fd);
    reader_bundle_init(b);
}

bool reader_bundle_begin(struct reader_bundle *b)
{
    if (b->fd < 0)
        b->fd = memfd_create("messages", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (b->fd < 0 || b->count == READER_BATCH)
        return false;
    b->sizes[b->count++] = 0;
    return true;
}

bool reader_bundle_put(struct reader_bundle *b, const void *octets, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(b->fd, (const char *)octets + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    b->sizes[b->count - 1] += len;
    b->octets += len;
    return true;
}

bool reader_bundle_undo(struct reader_bundle *b)
{
    b->octets -= b->sizes[--b->count];
    return ftruncate(b->fd, (off_t)b->octets) == 0 && lseek(b->fd, 0, SEEK_END) >= 0;
}

/* --- the reader --------------------------------------------------------------------------------*/

struct reader_limits reader_limits_of(const struct settings *s)
{
    return (struct reader_limits){.memory = s->reader_memory, .seconds = s->reader_timeout_s};
}

struct reader *reader_attach(int fd, const struct reader_limits *limits)
{
    struct reader *r = calloc(1, sizeof *r);
    if (r)
        *r = (struct reader){.limits = *limits, .margin_ms = MARGIN_MS, .fd = fd, .pid = -1};
    return r;
}

void reader_limit(struct reader *reader, const struct reader_limits *limits)
{
    reader->limits = *limits;
}

void reader_stop(struct reader *reader)
{
    if (!reader)
        return;
    if (reader->pid > 0) {
        close(reader->fd);
        while (waitpid(reader->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    free(reader);
}

/* --- asking ----------------------------------------------------------------------------------*/

struct asking {
    int answers, verdict; /* our ends */
    int cancel_fd;
    int64_t deadline;
    struct bytes line;
    struct reader_outcome *how;
    size_t wanted;
    bool (*each)(size_t i, json_t *answer, void *context);
    void *context;
    bool spoiled; /* an answer is none, or is not wanted */
};

static json_t *order_json(const struct reader_bundle *b, const struct reader_options *o,
                          const struct reader_limits *limits)
{
    char delimiter[2] = {o->delimiter, '\0'};
    json_t *sizes = json_array();
    for (size_t i = 0; sizes && i < b->count; i++)
        if (json_array_append_new(sizes, json_integer((json_int_t)b->sizes[i])) != 0) {
            json_decref(sizes);
            sizes = NULL;
        }
    return json_pack("{s:o, s:b, s:b, s:b, s:b, s:s*, s:s, s:I, s:i}", "sizes", sizes, "facts",
                     o->facts, "text", o->text, "header_only", o->header_only, "candidates",
                     o->candidates, "domain", o->domain, "delimiter", delimiter, "memory",
                     (json_int_t)limits->memory, "seconds", (int)limits->seconds);
}

/* WIRE_OK, WIRE_AGAIN when cancelled, WIRE_TIMEOUT, WIRE_ERROR. */
static enum wire_result wait_on(const struct asking *a, int fd, short events)
{
    for (;;) {
        int64_t left = a->deadline - wire_clock_ms();
        struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = a->cancel_fd, .events = POLLIN}};
        int n = poll(p, 2, left > 0 ? (int)left : 0);
        if (n < 0 && errno == EINTR)
            continue;
        return n < 0 ? WIRE_ERROR : n == 0 ? WIRE_TIMEOUT : p[1].revents ? WIRE_AGAIN : WIRE_OK;
    }
}

/* One packet, with the descriptors. */
static enum wire_result send_order(const struct asking *a, int fd, const char *text,
                                   const int fds[ORDER_FDS])
{
    union {
        char space[CMSG_SPACE(sizeof(int) * ORDER_FDS)];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {(void *)text, strlen(text)};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * ORDER_FDS);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * ORDER_FDS);
    for (;;) {
        if (sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return WIRE_OK;
        if (errno != EAGAIN && errno != EINTR)
            return WIRE_ERROR;
        enum wire_result ready = wait_on(a, fd, POLLOUT);
        if (ready != WIRE_OK)
            return ready;
    }
}

/* A line is an answer. */
static void take_line(struct asking *a, const char *line, size_t len)
{
    json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json) || a->how->answered == a->wanted) {
        json_decref(json);
        a->spoiled = true;
        return;
    }
    a->spoiled = !a->each(a->how->answered, json, a->context);
    a->how->answered += !a->spoiled;
}

static void take_lines(struct asking *a)
{
    size_t begin = 0;
    const char *end;
    while (!a->spoiled && begin < a->line.len &&
           (end = memchr(a->line.data + begin, '\n', a->line.len - begin)) != NULL) {
        take_line(a, a->line.data + begin, (size_t)(end - a->line.data) - begin);
        begin = (size_t)(end - a->line.data) + 1;
    }
    if (begin) {
        memmove(a->line.data, a->line.data + begin, a->line.len - begin);
        a->line.len -= begin;
    }
}

/* Until the other side has closed its end. */
static enum wire_result collect(struct asking *a)
{
    char chunk[65536];
    for (;;) {
        enum wire_result ready = wait_on(a, a->answers, POLLIN);
        if (ready != WIRE_OK)
            return ready;
        ssize_t n = read(a->answers, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? WIRE_OK : WIRE_ERROR;
        const bool ends = memchr(chunk, '\n', (size_t)n) != NULL;
        if (a->line.len > READER_ANSWER_MAX || !bytes_append(&a->line, chunk, (size_t)n))
            a->spoiled = true;
        else if (ends)
            take_lines(a);
        if (a->spoiled)
            return WIRE_OK;
    }
}

static enum wire_result take_verdict(struct asking *a)
{
    char text[sizeof a->how->why];
    size_t len = 0;
    while (len < sizeof text - 1) {
        enum wire_result ready = wait_on(a, a->verdict, POLLIN);
        if (ready != WIRE_OK)
            return ready;
        ssize_t n = read(a->verdict, text + len, sizeof text - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    if (len == 0)
        strcpy(text, "the reader of messages was killed");
    if (a->how->answered < a->wanted)
        snprintf(a->how->why, sizeof a->how->why, "%s",
                 strcmp(text, "done") ? text : "its answer makes no sense");
    return WIRE_OK;
}

static enum wire_result ask(struct asking *a, struct reader *reader, const char *text, int messages)
{
    int answers[2], verdict[2] = {-1, -1};
    if (pipe2(answers, O_CLOEXEC) != 0)
        return WIRE_ERROR;
    if (pipe2(verdict, O_CLOEXEC) != 0) {
        close(answers[0]);
        close(answers[1]);
        return WIRE_ERROR;
    }
    a->answers = answers[0];
    a->verdict = verdict[0];
    const int fds[ORDER_FDS] = {messages, answers[1], verdict[1]};
    enum wire_result result = send_order(a, reader->fd, text, fds);
    close(answers[1]);
    close(verdict[1]);
    if (result == WIRE_OK)
        result = collect(a);
    if (result == WIRE_OK && a->spoiled)
        snprintf(a->how->why, sizeof a->how->why, "its answer makes no sense");
    else if (result == WIRE_OK)
        result = take_verdict(a);
    int code = errno;
    close(answers[0]); /* ends a process that still writes */
    close(verdict[0]);
    errno = code;
    return result;
}

/* Nobody has taken what was sent. */
static bool order_waits(int fd)
{
    int octets = 0;
    return ioctl(fd, SIOCOUTQ, &octets) == 0 && octets > 0;
}

enum store_status reader_ask(struct reader *reader, struct reader_bundle *bundle,
                             const struct reader_options *options, int cancel_fd,
                             bool (*each)(size_t i, json_t *answer, void *context), void *context,
                             struct reader_outcome *how, struct store_error *err)
{
    *how = (struct reader_outcome){0};
    struct asking a = {.cancel_fd = cancel_fd,
                       .deadline =
                           wire_clock_ms() + order_wall_ms(&reader->limits) + reader->margin_ms,
                       .how = how,
                       .wanted = bundle->count,
                       .each = each,
                       .context = context};
    json_t *json = order_json(bundle, options, &reader->limits);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum wire_result result = WIRE_ERROR;
    if (fcntl(bundle->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
            0 ||
        errno == EPERM) /* sealed: it is asked again */
        result = ask(&a, reader, text, bundle->fd);
    int code = errno;
    free(text);
    bytes_free(&a.line);
    if (result == WIRE_OK)
        return STORE_OK;
    if (result == WIRE_ERROR)
        return store_fail_errno(err, code, "cannot ask the reader of messages");
    how->late = result == WIRE_TIMEOUT && !order_waits(reader->fd);
    return store_fail(err, STORE_BUSY, "the reader of messages does not answer");
}

static bool keep(size_t i, json_t *answer, void *context)
{
    json_t **to = context;
    (void)i;
    *to = answer;
    return true;
}

enum store_status reader_read(struct reader *reader, const void *octets, size_t len,
                              const struct reader_options *options, json_t **answer,
                              struct reader_outcome *how, struct store_error *err)
{
    struct reader_bundle b;
    reader_bundle_init(&b);
    *answer = NULL;
    enum store_status st = STORE_OK;
    if (!reader_bundle_begin(&b) || !reader_bundle_put(&b, octets, len))
        st = store_fail_errno(err, errno, "cannot hand a message to its reader");
    if (st == STORE_OK)
        st = reader_ask(reader, &b, options, -1, keep, answer, how, err);
    reader_bundle_free(&b);
    if (st != STORE_OK) {
        json_decref(*answer);
        *answer = NULL;
    }
    return st;
}
