/*
 * message_text - a message's text, read by a process that can do nothing else
 *
 * text_reader_start() forks a process that holds no key, no store and no file. For each message
 * it forks another one, which gives up every right (message_confine.c), parses, writes its
 * answer into a pipe and ends. The first one bounds what may come out of that pipe and how long
 * it may take, and passes the octets on; they are taken for what they claim to be by nobody:
 * message_text_from_json() checks each.
 */
#include "db/message_text.h"

#include <errno.h>
#include <fcntl.h>
#include <gmime/gmime.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/message_confine.h"
#include "db/wire.h"

enum { ANSWER_MAX = 2 * 1024 * 1024, ANSWER_MS = 10000, READER_MS = 20000 };

struct text_reader {
    pid_t pid;
    int fd;
};

void message_text_free(struct message_text *t)
{
    for (size_t i = 0; i < t->part_count; i++) {
        free(t->parts[i].name);
        free(t->parts[i].type);
    }
    free(t->parts);
    free(t->header);
    free(t->body);
    *t = (struct message_text){0};
}

/* --- the process that reads one message ------------------------------------------------------*/

static void parse_and_end(const struct bytes *octets, int out)
{
    if (!message_confine(out))
        _exit(1);
    json_t *json = message_parse(octets->data ? octets->data : "", octets->len);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(out, text + done, len - done);
        if (n <= 0)
            _exit(1);
        done += (size_t)n;
    }
    _exit(text ? 0 : 1);
}

/* --- the process that starts it --------------------------------------------------------------*/

/* False: too long, too late, or a read error. */
static bool collect_answer(int fd, struct bytes *answer)
{
    int64_t deadline = wire_clock_ms() + ANSWER_MS;
    char chunk[16384];
    for (;;) {
        int64_t left = deadline - wire_clock_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            return true;
        if (n < 0 || answer->len + (size_t)n > ANSWER_MAX ||
            !bytes_append(answer, chunk, (size_t)n))
            return false;
    }
}

static bool read_apart(const struct bytes *octets, struct bytes *answer)
{
    int ends[2], status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0)
        parse_and_end(octets, ends[1]);
    close(ends[1]);
    bool done = pid > 0 && collect_answer(ends[0], answer);
    close(ends[0]);
    if (pid > 0 && !done)
        kill(pid, SIGKILL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return done && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void serve(int fd)
{
    struct frame f;
    frame_init(&f);
    while (wire_receive(fd, &f, -1) == WIRE_OK) {
        struct bytes answer = {0};
        bool read = read_apart(&f.blob, &answer);
        json_t *json = json_pack("{s:b}", "read", read);
        bool told = json && wire_send(fd, json, answer.data ? answer.data : "",
                                      read ? answer.len : 0, NULL, 0, READER_MS) == WIRE_OK;
        json_decref(json);
        bytes_free(&answer);
        frame_free(&f);
        frame_init(&f);
        if (!told)
            break;
    }
    frame_free(&f);
}

/* Nothing of the parent's but the socket and /dev/null in place of the standard streams. */
static bool let_go(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool done = null >= 0;
    for (int i = 0; done && i < 3; i++)
        done = dup2(null, i) == i;
    unsigned keep = (unsigned)fd;
    return done && (keep == 3 || close_range(3, keep - 1, 0) == 0) &&
           close_range(keep + 1, ~0U, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

enum store_status text_reader_start(struct text_reader **reader, struct store_error *err)
{
    int ends[2];
    struct text_reader *r = calloc(1, sizeof *r);
    *reader = NULL;
    if (!r)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(r);
        return store_fail_errno(err, errno, "cannot start the reader of messages");
    }
    r->pid = fork();
    if (r->pid == 0) {
        /* Descriptors 0 to 2 may have been closed: then the socket is one of them. */
        int fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
        if (fd < 0 || !let_go(fd))
            _exit(1);
        message_prepare();
        serve(fd);
        _exit(0);
    }
    close(ends[1]);
    if (r->pid < 0) {
        int code = errno;
        close(ends[0]);
        free(r);
        return store_fail_errno(err, code, "cannot start the reader of messages");
    }
    r->fd = ends[0];
    *reader = r;
    return STORE_OK;
}

void text_reader_stop(struct text_reader *reader)
{
    if (!reader)
        return;
    close(reader->fd);
    while (waitpid(reader->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(reader);
}

enum store_status text_reader_read(struct text_reader *reader, const void *octets, size_t len,
                                   struct message_text *out, struct store_error *err)
{
    struct frame f;
    frame_init(&f);
    json_t *ask = json_pack("{s:s}", "op", "read");
    size_t part = len < TEXT_READ_MAX ? len : TEXT_READ_MAX;
    bool told = ask && wire_send(reader->fd, ask, octets ? octets : "", part, NULL, 0, READER_MS) ==
                           WIRE_OK;
    json_decref(ask);
    if (!told || wire_receive(reader->fd, &f, READER_MS) != WIRE_OK) {
        frame_free(&f);
        return store_fail(err, STORE_IO, "the reader of messages does not answer");
    }
    json_t *json = json_is_true(json_object_get(f.json, "read"))
                       ? json_loadb(f.blob.data ? f.blob.data : "", f.blob.len, 0, NULL)
                       : NULL;
    bool done = !json || message_text_from_json(json, out);
    out->cut = out->cut || (out->read && part < len);
    json_decref(json);
    frame_free(&f);
    return done ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}
