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

struct reader_question {
    int answers, verdict; /* our ends */
    int socket;           /* of the reader */
    int64_t deadline;
    size_t wanted;
};

struct asking {
    const struct reader_question *question;
    int cancel_fd;
    struct bytes line;
    struct reader_outcome *how;
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
static enum wire_result wait_on(int fd, short events, int cancel_fd, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - wire_clock_ms();
        struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = cancel_fd, .events = POLLIN}};
        int n = poll(p, 2, left > 0 ? (int)left : 0);
        if (n < 0 && errno == EINTR)
            continue;
        return n < 0 ? WIRE_ERROR : n == 0 ? WIRE_TIMEOUT : p[1].revents ? WIRE_AGAIN : WIRE_OK;
    }
}

/* One packet, with the descriptors. */
static enum wire_result send_order(int fd, const char *text, const int fds[ORDER_FDS],
                                   int cancel_fd, int64_t deadline)
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
        enum wire_result ready = wait_on(fd, POLLOUT, cancel_fd, deadline);
        if (ready != WIRE_OK)
            return ready;
    }
}

/* A line is an answer. */
static void take_line(struct asking *a, const char *line, size_t len)
{
    json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json) || a->how->answered == a->question->wanted) {
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
    const struct reader_question *q = a->question;
    for (;;) {
        enum wire_result ready = wait_on(q->answers, POLLIN, a->cancel_fd, q->deadline);
        if (ready != WIRE_OK)
            return ready;
        ssize_t n = read(q->answers, chunk, sizeof chunk);
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
    const struct reader_question *q = a->question;
    size_t len = 0;
    while (len < sizeof text - 1) {
        enum wire_result ready = wait_on(q->verdict, POLLIN, a->cancel_fd, q->deadline);
        if (ready != WIRE_OK)
            return ready;
        ssize_t n = read(q->verdict, text + len, sizeof text - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    if (len == 0)
        strcpy(text, "the reader of messages was killed");
    if (a->how->answered < q->wanted)
        snprintf(a->how->why, sizeof a->how->why, "%s",
                 strcmp(text, "done") ? text : "its answer makes no sense");
    return WIRE_OK;
}

/* The pipes: our ends into `q`, theirs into `fds`. */
static bool question_open(struct reader_question *q, int fds[ORDER_FDS])
{
    int answers[2], verdict[2];
    if (pipe2(answers, O_CLOEXEC) != 0)
        return false;
    if (pipe2(verdict, O_CLOEXEC) != 0) {
        int code = errno;
        close(answers[0]);
        close(answers[1]);
        errno = code;
        return false;
    }
    q->answers = answers[0];
    q->verdict = verdict[0];
    fds[FD_ANSWERS] = answers[1];
    fds[FD_VERDICT] = verdict[1];
    return true;
}

void reader_forget(struct reader_question *question)
{
    if (!question)
        return;
    close(question->answers); /* ends a process that still writes */
    close(question->verdict);
    free(question);
}

static enum wire_result ask(struct reader *reader, const struct reader_bundle *bundle,
                            const char *text, int cancel_fd, struct reader_question **question)
{
    int fds[ORDER_FDS] = {bundle->fd, -1, -1};
    struct reader_question *q = calloc(1, sizeof *q);
    if (!q || !question_open(q, fds)) {
        int code = q ? errno : ENOMEM;
        free(q);
        errno = code;
        return WIRE_ERROR;
    }
    q->socket = reader->fd;
    q->wanted = bundle->count;
    q->deadline = wire_clock_ms() + order_wall_ms(&reader->limits) + reader->margin_ms;
    enum wire_result result = send_order(reader->fd, text, fds, cancel_fd, q->deadline);
    int code = errno;
    close(fds[FD_ANSWERS]);
    close(fds[FD_VERDICT]);
    if (result == WIRE_OK)
        *question = q;
    else
        reader_forget(q);
    errno = code;
    return result;
}

/* Nobody has taken what was sent. */
static bool order_waits(int fd)
{
    int octets = 0;
    return ioctl(fd, SIOCOUTQ, &octets) == 0 && octets > 0;
}

static enum store_status ended(enum wire_result result, int code, struct store_error *err)
{
    if (result == WIRE_OK)
        return STORE_OK;
    if (result == WIRE_ERROR)
        return store_fail_errno(err, code, "cannot ask the reader of messages");
    return store_fail(err, STORE_BUSY, "the reader of messages does not answer");
}

enum store_status reader_order(struct reader *reader, struct reader_bundle *bundle,
                               const struct reader_options *options, int cancel_fd,
                               struct reader_question **question, struct store_error *err)
{
    *question = NULL;
    json_t *json = order_json(bundle, options, &reader->limits);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    enum wire_result result = WIRE_ERROR;
    if (fcntl(bundle->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
            0 ||
        errno == EPERM) /* sealed: it is asked again */
        result = ask(reader, bundle, text, cancel_fd, question);
    int code = errno;
    free(text);
    return ended(result, code, err);
}

enum store_status reader_take(struct reader_question *question, int cancel_fd,
                              bool (*each)(size_t i, json_t *answer, void *context), void *context,
                              struct reader_outcome *how, struct store_error *err)
{
    *how = (struct reader_outcome){0};
    struct asking a = {
        .question = question, .cancel_fd = cancel_fd, .how = how, .each = each, .context = context};
    enum wire_result result = collect(&a);
    if (result == WIRE_OK && a.spoiled)
        snprintf(how->why, sizeof how->why, "its answer makes no sense");
    else if (result == WIRE_OK)
        result = take_verdict(&a);
    int code = errno;
    how->late = result == WIRE_TIMEOUT && !order_waits(question->socket);
    bytes_free(&a.line);
    reader_forget(question);
    return ended(result, code, err);
}

enum store_status reader_ask(struct reader *reader, struct reader_bundle *bundle,
                             const struct reader_options *options, int cancel_fd,
                             bool (*each)(size_t i, json_t *answer, void *context), void *context,
                             struct reader_outcome *how, struct store_error *err)
{
    struct reader_question *question;
    *how = (struct reader_outcome){0};
    enum store_status st = reader_order(reader, bundle, options, cancel_fd, &question, err);
    return st == STORE_OK ? reader_take(question, cancel_fd, each, context, how, err) : st;
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
