/*
 * attend - see attend.h
 *
 * smfi_stop() would cut open sessions, and a process that has it called resets new ones. So
 * another, never connected listener is put over the descriptor that libmilter listens on; the
 * parent and a successor hold the real one, and nobody is refused.
 */
#include "milter/attend.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/msg.h"
#include "milter/control.h"

enum { DRAIN_STEP_MS = 100, DRAIN_QUIET_STEPS = 3 };

/* A new listener that nobody can find takes the descriptor's place. */
static bool leave_listener(int listen_fd)
{
    struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && bind(fd, (struct sockaddr *)&nowhere, sizeof nowhere.sun_family) == 0 &&
                listen(fd, 1) == 0 && dup2(fd, listen_fd) == listen_fd;
    if (!done)
        msg_error("cannot leave the listening socket: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}

/* Let the open sessions end. A connection that was accepted but has not negotiated yet is not
   counted, so the count must stay at zero for a moment. `control` -1: there is no parent. */
static int drain(const struct engine_setup *setup, struct services *services,
                 atomic_uint *open_sessions, int control)
{
    struct snapshot *now = current_take(services->current);
    long left_ms = (long)now->settings->drain_timeout_s * 1000;
    snapshot_unref(now);
    int quiet = 0;
    if (!leave_listener(setup->listen_fd))
        return EX_OSERR;
    while (quiet < DRAIN_QUIET_STEPS && left_ms > 0) {
        struct pollfd wait = {.fd = control, .events = POLLIN};
        if (poll(&wait, 1, DRAIN_STEP_MS) > 0) {
            enum control_order order = control_receive(control, services, setup->name);
            if (order == CONTROL_STOP)
                return EX_OK;
            if (order == CONTROL_GONE)
                control = -1; /* poll() passes over it */
        } else {
            left_ms -= DRAIN_STEP_MS;
            quiet = atomic_load(open_sessions) == 0 ? quiet + 1 : 0;
        }
    }
    if (quiet < DRAIN_QUIET_STEPS)
        msg_warn("%u sessions are cut: drain_timeout has passed", atomic_load(open_sessions));
    return EX_OK;
}

int attend(const struct engine_setup *setup, struct services *services, atomic_uint *open_sessions,
           int ended)
{
    for (;;) {
        struct pollfd wait[2] = {{.fd = setup->control_fd, .events = POLLIN},
                                 {.fd = ended, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            msg_error("poll: %s", strerror(errno));
            return EX_OSERR;
        }
        if (wait[1].revents != 0) {
            msg_error("libmilter has given up (its reason is in the system's mail log)");
            return EX_SOFTWARE;
        }
        switch (control_receive(setup->control_fd, services, setup->name)) {
        case CONTROL_NONE:
            break;
        case CONTROL_STOP:
            return EX_OK;
        case CONTROL_DRAIN:
            return drain(setup, services, open_sessions, setup->control_fd);
        case CONTROL_GONE:
            msg_warn("the parent process has died: no new sessions, the open ones are finished");
            return drain(setup, services, open_sessions, -1);
        }
    }
}
