/*
 * listener - sockets that the parent binds and keeps for its whole life
 *
 * "Stale" is asked of the socket itself: a connect(2) that is refused. Right after the death
 * of a former parent its children may still hold theirs, so an answering socket is asked again
 * for a while before it counts as somebody else's.
 */
#include "milter/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libgen.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, STALE_TRIES = 50, STALE_PAUSE_MS = 100, PORT_MAX = 32, HOST_MAX = 64 };

static bool fail(struct store_error *err, const char *what, const char *name)
{
    store_fail_errno(err, errno, "%s: %s", name, what);
    return false;
}

/* --- directories ----------------------------------------------------------------------------*/

bool listener_directory(const char *path, struct store_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0 && errno == ENOENT) {
        if (mkdir(path, 0755) != 0 || chmod(path, 0755) != 0)
            return fail(err, "cannot be made (make it, owned by root)", path);
    }
    if (stat(path, &st) != 0)
        return fail(err, "cannot be looked at", path);
    if (!S_ISDIR(st.st_mode)) {
        store_fail(err, STORE_INVALID, "%s: is no directory", path);
        return false;
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        store_fail(err, STORE_DENIED,
                   "%s: belongs to uid %u, who could replace the socket: chown root it", path,
                   (unsigned)st.st_uid);
        return false;
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        store_fail(err, STORE_DENIED, "%s: others could replace the socket: chmod go-w it", path);
        return false;
    }
    return true;
}

static bool socket_directory(const char *path, struct store_error *err)
{
    char *copy = strdup(path);
    bool good = copy && listener_directory(dirname(copy), err);
    if (!copy)
        store_fail(err, STORE_NO_MEMORY, "out of memory");
    free(copy);
    return good;
}

/* --- UNIX sockets ---------------------------------------------------------------------------*/

static bool answers(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool refused = connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 &&
                   (errno == ECONNREFUSED || errno == ENOENT);
    close(fd);
    return !refused;
}

/* Take away what a former process left. */
static bool clear_path(const struct sockaddr_un *a, struct store_error *err)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return errno == ENOENT || fail(err, "cannot be looked at", a->sun_path);
    if (!S_ISSOCK(st.st_mode)) {
        store_fail(err, STORE_INVALID, "%s: is there and is no socket: remove it", a->sun_path);
        return false;
    }
    for (int i = 0; answers(a); i++) {
        if (i == STALE_TRIES) {
            store_fail(err, STORE_BUSY, "%s: another process serves this socket: stop it",
                       a->sun_path);
            return false;
        }
        poll(NULL, 0, STALE_PAUSE_MS);
    }
    return unlink(a->sun_path) == 0 || errno == ENOENT || fail(err, "unlink", a->sun_path);
}

static bool bind_at(const struct sockaddr_un *a, mode_t mode, gid_t group, struct bound *b,
                    struct store_error *err)
{
    struct stat st;
    mode_t before = umask(0177);
    int bound = bind(b->fd, (const struct sockaddr *)a, sizeof *a);
    int why = errno;
    umask(before);
    errno = why;
    if (bound != 0)
        return fail(err, "cannot be bound", a->sun_path);
    b->path = strdup(a->sun_path);
    if (!b->path || lstat(b->path, &st) != 0)
        return fail(err, "cannot be looked at", a->sun_path);
    b->device = st.st_dev;
    b->inode = st.st_ino;
    if (group != (gid_t)-1 && chown(b->path, (uid_t)-1, group) != 0)
        return fail(err, "chgrp", b->path);
    if (chmod(b->path, mode) != 0)
        return fail(err, "chmod", b->path);
    return listen(b->fd, BACKLOG) == 0 || fail(err, "listen", b->path);
}

static bool bind_unix(const char *path, mode_t mode, gid_t group, struct bound *b,
                      struct store_error *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path) {
        store_fail(err, STORE_INVALID, "%s: longer than the %zu octets of a socket's path", path,
                   sizeof a.sun_path - 1);
        return false;
    }
    memcpy(a.sun_path, path, strlen(path));
    if (!socket_directory(path, err) || !clear_path(&a, err))
        return false;
    b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->fd < 0)
        return fail(err, "socket", path);
    return bind_at(&a, mode, group, b, err);
}

/* --- inet sockets ---------------------------------------------------------------------------*/

static bool bind_address(const struct addrinfo *ai, const char *spec, struct bound *b,
                         struct store_error *err)
{
    int on = 1;
    b->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->fd < 0)
        return fail(err, "socket", spec);
    if (setsockopt(b->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return fail(err, "SO_REUSEADDR", spec);
    if (ai->ai_family == AF_INET6 &&
        setsockopt(b->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return fail(err, "IPV6_V6ONLY", spec);
    if (bind(b->fd, ai->ai_addr, ai->ai_addrlen) != 0)
        return fail(err, "cannot be bound", spec);
    return listen(b->fd, BACKLOG) == 0 || fail(err, "listen", spec);
}

/* "port@address"; an IPv6 address may stand in brackets. */
static bool bind_inet(const char *spec, const char *rest, struct bound *b, struct store_error *err)
{
    char port[PORT_MAX], host[HOST_MAX];
    const char *at = strchr(rest, '@');
    size_t port_len = at ? (size_t)(at - rest) : 0;
    const char *address = at ? at + 1 : "";
    size_t len = strlen(address);
    if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (port_len == 0 || port_len >= sizeof port || len == 0 || len >= sizeof host) {
        store_fail(err, STORE_INVALID, "%s: write inet:port@address", spec);
        return false;
    }
    memcpy(port, rest, port_len);
    port[port_len] = '\0';
    memcpy(host, address, len);
    host[len] = '\0';
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) {
        store_fail(err, STORE_INVALID, "%s: %s: write a numeric port and address", spec,
                   gai_strerror(code));
        return false;
    }
    bool good = bind_address(found, spec, b, err);
    freeaddrinfo(found);
    return good;
}

bool listener_bind(const char *spec, mode_t mode, gid_t group, struct bound *out,
                   struct store_error *err)
{
    *out = (struct bound){.fd = -1};
    bool good = false;
    if (strncmp(spec, "unix:", 5) == 0)
        good = bind_unix(spec + 5, mode, group, out, err);
    else if (strncmp(spec, "inet:", 5) == 0)
        good = bind_inet(spec, spec + 5, out, err);
    else if (strncmp(spec, "inet6:", 6) == 0)
        good = bind_inet(spec, spec + 6, out, err);
    else
        store_fail(err, STORE_INVALID, "%s: write unix:/path or inet:port@address", spec);
    if (!good)
        listener_close(out);
    return good;
}

void listener_close(struct bound *b)
{
    struct stat st;
    if (b->path && lstat(b->path, &st) == 0 && st.st_dev == b->device && st.st_ino == b->inode)
        unlink(b->path);
    free(b->path);
    if (b->fd >= 0)
        close(b->fd);
    *b = (struct bound){.fd = -1};
}
