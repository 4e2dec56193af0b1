/*
 * follow_opener - opening the mail server's log with root's rights, reading it without
 *
 * Logs are often root's alone (Postfix's maillog_file is 0600), and after a rotation the new one
 * must be opened again, long after rights were given up. So a child process keeps them. It is asked
 * for names over a socket pair and gives back descriptors that are open for reading: of the log, of
 * plain files beside it whose names begin with the log's, of the directory. It ends when the
 * other end of the socket is closed. Not run as root, there is no child, and one opens oneself.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/follow.h"
#include "db/wire.h"

enum { ANSWER_MS = 30000 };

struct follow_opener {
    char *path, *directory;
    const char *name; /* the last part of `path` */
    int socket;       /* -1: one opens oneself */
    pid_t child;
};

/* --- opening --------------------------------------------------------------------------------*/

static int open_plain(int directory, const char *name, int flags)
{
    struct stat st;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        int code = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

static int open_here(const struct follow_opener *o, const char *name)
{
    if (!name)
        return open_plain(AT_FDCWD, o->path, 0);
    int directory = open(o->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || !*name)
        return directory;
    errno = EPERM;
    int fd = !strchr(name, '/') && strncmp(name, o->name, strlen(o->name)) == 0
                 ? open_plain(directory, name, O_NOFOLLOW)
                 : -1;
    int code = errno;
    close(directory);
    errno = code;
    return fd;
}

/* --- the child ------------------------------------------------------------------------------*/

static void serve(const struct follow_opener *o)
{
    struct frame f;
    for (;;) {
        frame_init(&f);
        if (wire_receive(o->socket, &f, -1) != WIRE_OK)
            _exit(0);
        int fd = open_here(o, json_string_value(json_object_get(f.json, "name")));
        json_t *answer = json_pack("{s:i}", "errno", fd < 0 ? errno : 0);
        frame_free(&f);
        if (!answer || wire_send(o->socket, answer, NULL, 0, &fd, fd >= 0, ANSWER_MS) != WIRE_OK)
            _exit(1);
        json_decref(answer);
        if (fd >= 0)
            close(fd);
    }
}

static enum store_status start_child(struct follow_opener *o, struct store_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return store_fail_errno(err, errno, "socketpair");
    o->child = fork();
    if (o->child < 0) {
        int code = errno;
        close(pair[0]);
        close(pair[1]);
        return store_fail_errno(err, code, "fork");
    }
    if (o->child == 0) {
        close(pair[0]);
        o->socket = pair[1];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_IGN); /* a terminal's Ctrl-C is for the other one */
        serve(o);
    }
    close(pair[1]);
    o->socket = pair[0];
    return STORE_OK;
}

/* --- the calls ------------------------------------------------------------------------------*/

enum store_status follow_opener_start(const char *path, struct follow_opener **out,
                                      struct store_error *err)
{
    struct follow_opener *o = calloc(1, sizeof *o);
    char *copy = o ? strdup(path) : NULL;
    const char *slash = strrchr(path, '/');
    enum store_status st = STORE_OK;
    *out = NULL;
    if (o) {
        o->socket = -1;
        o->child = -1;
        o->path = strdup(path);
        o->directory = copy ? strdup(dirname(copy)) : NULL;
    }
    free(copy);
    if (!o || !o->path || !o->directory)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else
        o->name = slash ? o->path + (slash - path) + 1 : o->path;
    if (st == STORE_OK && geteuid() == 0)
        st = start_child(o, err);
    if (st != STORE_OK)
        follow_opener_stop(o);
    else
        *out = o;
    return st;
}

int follow_opener_open(struct follow_opener *o, const char *name)
{
    struct frame f;
    int fd = -1, code = EIO;
    if (o->socket < 0)
        return open_here(o, name);
    json_t *json = json_pack("{s:s*}", "name", name);
    bool sent = json && wire_send(o->socket, json, NULL, 0, NULL, 0, ANSWER_MS) == WIRE_OK;
    json_decref(json);
    frame_init(&f);
    if (sent && wire_receive(o->socket, &f, ANSWER_MS) == WIRE_OK) {
        code = (int)json_integer_value(json_object_get(f.json, "errno"));
        fd = code ? -1 : frame_take_fd(&f, 0);
    }
    frame_free(&f);
    errno = code;
    return fd;
}

void follow_opener_stop(struct follow_opener *o)
{
    if (!o)
        return;
    if (o->socket >= 0)
        close(o->socket);
    if (o->child > 0)
        while (waitpid(o->child, NULL, 0) < 0 && errno == EINTR)
            ;
    free(o->path);
    free(o->directory);
    free(o);
}
