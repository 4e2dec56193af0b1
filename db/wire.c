/*
 * wire - frames between processes of temoin over UNIX stream sockets
 *
 * A frame goes out with one sendmsg(2) when the socket has room. It is read in two steps, the
 * eight octets of lengths and then exactly the rest: the kernel may join the end of one frame
 * and the beginning of the next in one recvmsg(2), and the descriptors of the next would then
 * look like ours. Memory grows with what has arrived, not with what was announced.
 */
#include "db/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_OCTETS = 8,
    READ_PIECE = 64 * 1024,
    KEEP_ROOM = 64 * 1024, /* a larger buffer is not kept for the next frame */
};

void frame_init(struct frame *f)
{
    *f = (struct frame){0};
    for (size_t i = 0; i < WIRE_FDS; i++)
        f->fds[i] = -1;
}

static void close_all(int *fds, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
    *count = 0;
}

void frame_free(struct frame *f)
{
    json_decref(f->json);
    bytes_free(&f->blob);
    close_all(f->fds, &f->fd_count);
    frame_init(f);
}

int frame_take_fd(struct frame *f, size_t index)
{
    if (index >= f->fd_count)
        return -1;
    int fd = f->fds[index];
    f->fds[index] = -1;
    return fd;
}

const char *frame_op(const struct frame *f)
{
    const char *op = json_string_value(json_object_get(f->json, "op"));
    return op ? op : "";
}

int64_t wire_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for `events` until the deadline (-1: for ever). */
static enum wire_result wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        int wait = -1;
        if (deadline >= 0) {
            int64_t left = deadline - wire_clock_ms();
            if (left < 0)
                left = 0;
            wait = left > 3600000 ? 3600000 : (int)left;
        }
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, wait);
        if (n > 0)
            return WIRE_OK; /* an error or hang-up shows at the next read or write */
        if (n == 0 && deadline >= 0 && wire_clock_ms() >= deadline)
            return WIRE_TIMEOUT;
        if (n < 0 && errno != EINTR)
            return WIRE_ERROR;
    }
}

static int64_t deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : wire_clock_ms() + timeout_ms;
}

/* --- sending --------------------------------------------------------------------------------*/

static void put32(unsigned char *at, size_t n)
{
    at[0] = (unsigned char)(n >> 24);
    at[1] = (unsigned char)(n >> 16);
    at[2] = (unsigned char)(n >> 8);
    at[3] = (unsigned char)n;
}

static void skip_sent(struct iovec *iov, int *first, int count, size_t sent)
{
    while (*first < count && sent >= iov[*first].iov_len)
        sent -= iov[(*first)++].iov_len;
    if (*first < count) {
        iov[*first].iov_base = (char *)iov[*first].iov_base + sent;
        iov[*first].iov_len -= sent;
    }
}

static enum wire_result send_parts(int fd, struct iovec *iov, int count, const int *fds,
                                   size_t fd_count, int64_t deadline)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
        struct cmsghdr align;
    } control;
    int first = 0;
    while (first < count) {
        struct msghdr m = {.msg_iov = iov + first, .msg_iovlen = (size_t)(count - first)};
        if (fd_count) { /* with the first octets only */
            memset(&control, 0, sizeof control);
            m.msg_control = control.space;
            m.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
            struct cmsghdr *c = CMSG_FIRSTHDR(&m);
            c->cmsg_level = SOL_SOCKET;
            c->cmsg_type = SCM_RIGHTS;
            c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
            memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
        }
        ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            fd_count = 0;
            skip_sent(iov, &first, count, (size_t)n);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return WIRE_ERROR;
        enum wire_result ready = wait_for(fd, POLLOUT, deadline);
        if (ready != WIRE_OK)
            return ready;
    }
    return WIRE_OK;
}

enum wire_result wire_send(int fd, const json_t *json, const void *blob, size_t blob_len,
                           const int *fds, size_t fd_count, int timeout_ms)
{
    if (fd_count > WIRE_FDS) {
        errno = EINVAL;
        return WIRE_ERROR;
    }
    int64_t deadline = deadline_of(timeout_ms);
    char *text = json_dumps(json, JSON_COMPACT);
    if (!text) {
        errno = ENOMEM;
        return WIRE_ERROR;
    }
    size_t text_len = strlen(text);
    enum wire_result result = WIRE_ERROR;
    if (blob_len > WIRE_MAX || text_len > WIRE_MAX || 4 + text_len + blob_len > WIRE_MAX) {
        errno = EMSGSIZE;
    } else {
        unsigned char head[HEAD_OCTETS];
        put32(head, 4 + text_len + blob_len);
        put32(head + 4, text_len);
        struct iovec iov[3] = {{head, sizeof head}, {text, text_len}, {(void *)blob, blob_len}};
        result = send_parts(fd, iov, blob_len ? 3 : 2, fds, fd_count, deadline);
    }
    int saved = errno;
    free(text);
    errno = saved;
    return result;
}

/* --- receiving ------------------------------------------------------------------------------*/

static size_t get32(const char *at)
{
    const unsigned char *u = (const unsigned char *)at;
    return (size_t)u[0] << 24 | (size_t)u[1] << 16 | (size_t)u[2] << 8 | u[3];
}

static enum wire_result malformed(void)
{
    errno = EPROTO;
    return WIRE_ERROR;
}

/* Keep the descriptors that came with some octets; all are closed when they are too many. */
static bool take_fds(struct wire_reader *r, struct msghdr *m)
{
    bool good = !(m->msg_flags & MSG_CTRUNC);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (r->fd_count < WIRE_FDS) {
                r->fds[r->fd_count++] = fd;
            } else {
                close(fd);
                good = false;
            }
        }
    }
    return good;
}

/* Read at most `want` further octets of the frame. */
static enum wire_result read_piece(struct wire_reader *r, int fd, size_t want)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
        struct cmsghdr align;
    } control;
    if (want > READ_PIECE)
        want = READ_PIECE;
    if (!bytes_reserve(&r->pending, want)) {
        errno = ENOMEM;
        return WIRE_ERROR;
    }
    struct iovec iov = {r->pending.data + r->pending.len, want};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    ssize_t n;
    do
        n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? WIRE_AGAIN : WIRE_ERROR;
    if (!take_fds(r, &m))
        return malformed();
    if (n == 0)
        return r->pending.len ? malformed() : WIRE_EOF;
    r->pending.len += (size_t)n;
    r->pending.data[r->pending.len] = '\0';
    return WIRE_OK;
}

/* The pending octets are a whole frame: hand it over. */
static enum wire_result finish(struct wire_reader *r, size_t json_len, struct frame *f)
{
    struct bytes *p = &r->pending;
    frame_init(f);
    f->json = json_loadb(p->data + HEAD_OCTETS, json_len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(f->json)) {
        frame_free(f);
        return malformed();
    }
    size_t blob = p->len - HEAD_OCTETS - json_len;
    if (blob) {
        memmove(p->data, p->data + HEAD_OCTETS + json_len, blob);
        p->len = blob;
        p->data[blob] = '\0';
        f->blob = *p;
        *p = (struct bytes){0};
    } else if (p->room > KEEP_ROOM) {
        bytes_free(p);
    }
    p->len = 0;
    memcpy(f->fds, r->fds, r->fd_count * sizeof *r->fds);
    f->fd_count = r->fd_count;
    r->fd_count = 0;
    return WIRE_OK;
}

enum wire_result wire_read(struct wire_reader *r, int fd, struct frame *f)
{
    for (;;) {
        size_t want = HEAD_OCTETS, json_len = 0;
        if (r->pending.len >= HEAD_OCTETS) {
            size_t total = get32(r->pending.data);
            json_len = get32(r->pending.data + 4);
            if (total > WIRE_MAX || total < 4 || json_len == 0 || json_len > total - 4)
                return malformed();
            want = 4 + total;
        }
        if (want > HEAD_OCTETS && r->pending.len == want)
            return finish(r, json_len, f);
        enum wire_result result = read_piece(r, fd, want - r->pending.len);
        if (result != WIRE_OK)
            return result;
    }
}

void wire_reader_free(struct wire_reader *r)
{
    bytes_free(&r->pending);
    close_all(r->fds, &r->fd_count);
}

enum wire_result wire_receive(int fd, struct frame *f, int timeout_ms)
{
    int64_t deadline = deadline_of(timeout_ms);
    struct wire_reader r = {0};
    enum wire_result result;
    do { /* wait first: an answer is never there at once */
        result = wait_for(fd, POLLIN, deadline);
        if (result == WIRE_OK)
            result = wire_read(&r, fd, f);
    } while (result == WIRE_AGAIN);
    int saved = errno;
    wire_reader_free(&r);
    errno = saved;
    return result;
}
