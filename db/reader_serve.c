/*
 * reader_serve - the process that starts one for each order, and never looks into a message
 *
 * It is one thread with nothing to wait for but its socket, its children and the clock. What it
 * tells of an end is its own observation: a child cannot write into the second pipe.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/reader_private.h"
#include "db/wire.h"

enum { SECONDS_MAX = 24 * 3600 };

/* --- an order --------------------------------------------------------------------------------*/

static void close_fds(struct order *o)
{
    for (size_t i = 0; i < ORDER_FDS; i++)
        if (o->fds[i] >= 0)
            close(o->fds[i]);
}

static void take_fds(struct msghdr *m, struct order *o)
{
    size_t taken = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (taken < ORDER_FDS)
                o->fds[taken++] = fd;
            else
                close(fd);
        }
    }
}

/* One that an order does not bring stays as it is. */
static bool take_limits(const json_t *json, struct reader_limits *limits)
{
    const json_t *memory = json_object_get(json, "memory");
    const json_t *seconds = json_object_get(json, "seconds");
    json_int_t octets = json_integer_value(memory), time = json_integer_value(seconds);
    if ((memory && octets <= 0) || (seconds && (time <= 0 || time > SECONDS_MAX)))
        return false;
    limits->memory = memory ? (uint64_t)octets : limits->memory;
    limits->seconds = seconds ? (unsigned)time : limits->seconds;
    return true;
}

static bool take_json(const json_t *json, struct order *o)
{
    const json_t *sizes = json_object_get(json, "sizes");
    const char *delimiter = json_string_value(json_object_get(json, "delimiter"));
    o->options =
        (struct reader_options){.facts = json_is_true(json_object_get(json, "facts")),
                                .text = json_is_true(json_object_get(json, "text")),
                                .header_only = json_is_true(json_object_get(json, "header_only")),
                                .candidates = json_is_true(json_object_get(json, "candidates")),
                                .domain = json_string_value(json_object_get(json, "domain")),
                                .delimiter = delimiter ? *delimiter : '\0'};
    o->count = json_array_size(sizes);
    for (size_t i = 0; i < o->count && i < READER_BATCH; i++) {
        json_int_t size = json_integer_value(json_array_get(sizes, i));
        o->sizes[i] = size > 0 ? (size_t)size : 0;
        if (o->octets + o->sizes[i] < o->octets)
            return false;
        o->octets += o->sizes[i];
    }
    return o->count > 0 && o->count <= READER_BATCH && take_limits(json, &o->limits);
}

/* Is everything there that was announced? A file that is too short would kill with SIGBUS. */
static bool order_good(const struct order *o)
{
    struct stat info;
    for (size_t i = 0; i < ORDER_FDS; i++)
        if (o->fds[i] < 0)
            return false;
    return fstat(o->fds[FD_MESSAGES], &info) == 0 && (uint64_t)info.st_size >= o->octets;
}

/* --- the child -------------------------------------------------------------------------------*/

_Noreturn static void become_worker(struct order *o, struct confinement *c, pid_t parent)
{
    const char *messages = "";
    if (o->octets) {
        void *map = mmap(NULL, o->octets, PROT_READ, MAP_PRIVATE, o->fds[FD_MESSAGES], 0);
        if (map == MAP_FAILED)
            _exit(WORK_NO_MEMORY);
        messages = map;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
        dup2(o->fds[FD_ANSWERS], CONFINED_OUT) < 0 || close_range(CONFINED_OUT + 1, ~0U, 0) != 0)
        _exit(WORK_NOT_CONFINED);
    close(STDIN_FILENO);
    reader_work(o, messages, c);
}

static void verdict(int to, const struct reader_limits *limits, bool ended, int status)
{
    char text[200] = "";
    unsigned long long mb = limits->memory / (1024 * 1024);
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (!ended)
        snprintf(text, sizeof text, "was not done within %d s", order_wall_ms(limits) / 1000);
    else if (signal == SIGXCPU)
        snprintf(text, sizeof text, "took more than %u s of processor time", limits->seconds);
    else if (signal == SIGSYS)
        snprintf(text, sizeof text, "tried what no reader of messages does, and was killed");
    else if (signal)
        snprintf(text, sizeof text, "ended by signal %d (%s), with %llu MB to use", signal,
                 sigdescr_np(signal) ? sigdescr_np(signal) : "unknown", mb);
    else if (code == WORK_NO_MEMORY)
        snprintf(text, sizeof text, "needs more than %llu MB of memory", mb);
    else if (code == WORK_NOT_CONFINED)
        snprintf(text, sizeof text, "the kernel does not let the reader be confined");
    else if (code != WORK_DONE)
        snprintf(text, sizeof text, "ended with status %d", code);
    else
        strcpy(text, "done");
    ssize_t n = write(to, text, strlen(text));
    (void)n; /* whoever asked may have gone */
}

/* --- those that are at work ------------------------------------------------------------------*/

struct child {
    pid_t pid; /* 0: the place is free */
    int pidfd, verdict;
    int64_t deadline; /* wire_clock_ms() */
    struct reader_limits limits;
};

struct serving {
    int fd, control_fd;
    struct confinement *confinement;
    const struct reader_limits *limits;
    struct child children[READER_PARALLEL];
    size_t busy;
};

static struct child *place_free(struct serving *s)
{
    for (size_t i = 0; i < READER_PARALLEL; i++)
        if (s->children[i].pid == 0)
            return &s->children[i];
    return NULL;
}

/* Wait for its end, which has come or comes now. */
static void child_end(struct serving *s, struct child *c, bool ended)
{
    int status = 0;
    if (!ended)
        kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    verdict(c->verdict, &c->limits, ended, status);
    close(c->pidfd);
    close(c->verdict);
    *c = (struct child){0};
    s->busy--;
}

static void child_start(struct serving *s, struct order *o)
{
    static const char failed[] = "no process can be started";
    struct child *c = place_free(s);
    pid_t self = getpid(), pid = c ? fork() : -1;
    if (pid == 0)
        become_worker(o, s->confinement, self);
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pid > 0 && pidfd < 0) { /* nobody could tell when it ends */
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (pidfd < 0) {
        ssize_t n = write(o->fds[FD_VERDICT], failed, sizeof failed - 1);
        (void)n;
        return;
    }
    *c = (struct child){.pid = pid,
                        .pidfd = pidfd,
                        .verdict = o->fds[FD_VERDICT],
                        .deadline = wire_clock_ms() + order_wall_ms(&o->limits),
                        .limits = o->limits};
    o->fds[FD_VERDICT] = -1;
    s->busy++;
}

/* --- the loop --------------------------------------------------------------------------------*/

/* False: nobody is there any more. */
static bool take_order(struct serving *s)
{
    char text[ORDER_MAX];
    union {
        char space[CMSG_SPACE(sizeof(int) * ORDER_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec iov = {text, sizeof text};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    struct order o = {.fds = {-1, -1, -1}, .limits = *s->limits};
    ssize_t n = recvmsg(s->fd, &m, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    take_fds(&m, &o);
    json_t *json = json_loadb(text, (size_t)n, 0, NULL);
    if (json && take_json(json, &o) && order_good(&o))
        child_start(s, &o);
    json_decref(json);
    close_fds(&o);
    return true;
}

static int next_deadline(const struct serving *s)
{
    int64_t left = INT_MAX;
    for (size_t i = 0; i < READER_PARALLEL; i++)
        if (s->children[i].pid && s->children[i].deadline - wire_clock_ms() < left)
            left = s->children[i].deadline - wire_clock_ms();
    return s->busy == 0 ? -1 : left > 0 ? (int)left : 0;
}

/* One wait, and what came of it. False: that was all. */
static bool serve(struct serving *s)
{
    struct pollfd p[2 + READER_PARALLEL] = {{.fd = s->control_fd, .events = POLLIN},
                                            {.fd = s->fd, .events = POLLIN}};
    if (s->busy == READER_PARALLEL)
        p[1].fd = -1; /* orders wait in the socket */
    for (size_t i = 0; i < READER_PARALLEL; i++)
        p[2 + i] =
            (struct pollfd){.fd = s->children[i].pid ? s->children[i].pidfd : -1, .events = POLLIN};
    int n = poll(p, 2 + READER_PARALLEL, next_deadline(s));
    if (n < 0)
        return errno == EINTR;
    if (p[0].revents)
        return false;
    for (size_t i = 0; i < READER_PARALLEL; i++) {
        struct child *c = &s->children[i];
        if (c->pid && (p[2 + i].revents || c->deadline <= wire_clock_ms()))
            child_end(s, c, p[2 + i].revents != 0);
    }
    return !p[1].revents || take_order(s);
}

int reader_serve(int fd, int control_fd, const struct reader_limits *limits, bool (*ready)(void))
{
    struct serving s = {
        .fd = fd, .control_fd = control_fd, .confinement = confinement_prepare(), .limits = limits};
    signal(SIGPIPE, SIG_IGN);
    if (!s.confinement || !confinement_enter(s.confinement) || (ready && !ready()))
        return EX_OSERR;
    while (serve(&s))
        ;
    for (size_t i = 0; i < READER_PARALLEL; i++)
        if (s.children[i].pid)
            child_end(&s, &s.children[i], false);
    return EX_OK;
}
