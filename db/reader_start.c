/*
 * reader_start - a reader of one's own, for commands
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "db/reader_private.h"

enum { NOBODY = 65534 };

/* Root reads no messages. */
static bool become_nobody(void)
{
    if (geteuid() != 0)
        return true;
    const struct passwd *pw = getpwnam("nobody");
    uid_t uid = pw ? pw->pw_uid : NOBODY;
    gid_t gid = pw ? pw->pw_gid : NOBODY;
    return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
           setresuid(uid, uid, uid) == 0;
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

_Noreturn static void become_reader(int end, const struct reader_limits *limits)
{
    /* Descriptors 0 to 2 may have been closed: then the socket is one of them. */
    int fd = fcntl(end, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || !let_go(fd) || !become_nobody() || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        _exit(1);
    _exit(reader_serve(fd, -1, limits, NULL));
}

enum store_status reader_start(const struct reader_limits *limits, struct reader **reader,
                               struct store_error *err)
{
    int ends[2];
    *reader = NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return store_fail_errno(err, errno, "cannot start the reader of messages");
    struct reader *r = reader_attach(ends[0], limits);
    pid_t pid = r ? fork() : -1;
    int code = r ? errno : ENOMEM;
    if (pid == 0)
        become_reader(ends[1], limits);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        free(r);
        return store_fail_errno(err, code, "cannot start the reader of messages");
    }
    r->pid = pid;
    *reader = r;
    return STORE_OK;
}
