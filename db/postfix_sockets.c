/*
 * postfix_sockets - a milter's socket as Postfix sees it: which file, and may it be opened?
 *
 * Paths are relative to the queue directory, which smtpd and cleanup have as their working
 * directory; inside the chroot an absolute path begins at the queue directory too. They run as
 * mail_owner with its groups.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/postfix.h"

enum { GROUPS_MAX = 256 };

char *postfix_socket_file(const struct postfix *p, const struct postfix_service *service,
                          const char *address)
{
    if (strncmp(address, "unix:", 5) != 0)
        return NULL;
    const char *path = address + 5;
    struct bytes file = {0};
    bool outside = path[0] == '/' && !service->chrooted;
    bool done = outside ? bytes_puts(&file, path)
                        : bytes_printf(&file, "%s%s%s", p->queue_directory,
                                       path[0] == '/' ? "" : "/", path);
    char *text = done ? bytes_steal(&file) : NULL;
    bytes_free(&file);
    return text;
}

static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static bool same_host(const char *a, size_t a_len, const char *b, size_t b_len)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "::1", "[::1]"};
    bool a_local = false, b_local = false;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        a_local = a_local || (strlen(local[i]) == a_len && strncasecmp(local[i], a, a_len) == 0);
        b_local = b_local || (strlen(local[i]) == b_len && strncasecmp(local[i], b, b_len) == 0);
    }
    return (a_local && b_local) || (a_len == b_len && strncasecmp(a, b, a_len) == 0);
}

/* Postfix "inet:host:port", libmilter "inet:port@host". */
static bool same_port(const char *address, const char *listener)
{
    const char *host = address + 5, *colon = strrchr(host, ':');
    const char *port = listener + 5, *at = strchr(port, '@');
    if (strncmp(address, "inet:", 5) != 0 || strncmp(listener, "inet:", 5) != 0 || !colon || !at)
        return false;
    size_t port_len = (size_t)(at - port);
    return strlen(colon + 1) == port_len && strncmp(colon + 1, port, port_len) == 0 &&
           same_host(host, (size_t)(colon - host), at + 1, strlen(at + 1));
}

bool postfix_same_socket(const struct postfix *p, const struct postfix_service *service,
                         const char *address, const char *listener)
{
    if (strncmp(listener, "unix:", 5) != 0)
        return same_port(address, listener);
    char *file = postfix_socket_file(p, service, address);
    bool same = file && same_file(file, listener + 5);
    free(file);
    return same;
}

/* --- may it be opened? ----------------------------------------------------------------------*/

static int try_connect(const char *file)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(file) >= sizeof to.sun_path)
        return ENAMETOOLONG;
    strcpy(to.sun_path, file);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int code = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
    close(fd);
    return code == EAGAIN ? 0 : code; /* the queue is full: somebody is there */
}

static int try_as(const struct passwd *pw, const char *file)
{
    pid_t child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        int code = initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
                           setuid(pw->pw_uid) != 0
                       ? errno
                       : try_connect(file);
        _exit(code <= 255 ? code : 255);
    }
    int ended;
    while (waitpid(child, &ended, 0) < 0)
        if (errno != EINTR)
            return errno;
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : EIO;
}

/* Does this user have `wanted` (4 read, 2 write, 1 search) on a file? */
static bool permits(const struct stat *st, const struct passwd *pw, const gid_t *groups, int count,
                    mode_t wanted)
{
    if (pw->pw_uid == 0)
        return true;
    if (st->st_uid == pw->pw_uid)
        return (st->st_mode >> 6 & wanted) == wanted;
    for (int i = 0; i < count; i++)
        if (st->st_gid == groups[i])
            return (st->st_mode >> 3 & wanted) == wanted;
    return (st->st_mode & wanted) == wanted;
}

static int judge_path(const struct passwd *pw, const char *file)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    char path[PATH_MAX];
    struct stat st;
    if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &count) < 0)
        count = GROUPS_MAX;
    int len = snprintf(path, sizeof path, "%s", file);
    if (len < 0 || (size_t)len >= sizeof path)
        return ENAMETOOLONG;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (stat(path, &st) != 0)
            return errno;
        *slash = '/';
        if (!permits(&st, pw, groups, count, 1))
            return EACCES;
    }
    if (stat(file, &st) != 0)
        return errno;
    if (!S_ISSOCK(st.st_mode))
        return ENOTSOCK;
    return permits(&st, pw, groups, count, 2) ? 0 : EACCES;
}

int postfix_try_socket(const char *user, const char *file, bool *tried)
{
    const struct passwd *pw = getpwnam(user);
    *tried = geteuid() == 0 && pw;
    if (!pw)
        return ESRCH;
    if (!*tried && pw->pw_uid == geteuid()) {
        *tried = true;
        return try_connect(file);
    }
    return *tried ? try_as(pw, file) : judge_path(pw, file);
}
