/*
 * parent - temoind's first process: configuration, sockets, children, signals
 *
 * It keeps root's rights, when it has them, for three things: to start children under their
 * own users, to keep the sockets' directories out of their hands, and to remove the sockets at
 * the end. A stop goes against the flow: first the paths, so that the MTA is answered by its
 * own milter_default_action at once, then milters, scribe, and the sealer when it has signed
 * scribe's last entry.
 */
#include "milter/parent.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "db/msg.h"
#include "db/wire.h"
#include "milter/listener.h"
#include "milter/pidfile.h"
#include "milter/privileges.h"
#include "milter/reload.h"
#include "milter/supervisor.h"

enum {
    POLL_MAX = 256,
    FILES_WANTED = 65536,
    STOP_DRAIN_MS = 5000, /* at a stop, sessions get so long; MTAs queue again what is cut */
    SCRIBE_MODE = 0660,
};

enum phase { RUNNING, MILTERS_LEAVE, SCRIBE_LEAVES, OTHERS_LEAVE, STOPPED };

struct parent {
    const struct parent_options *options;
    struct candidate *started; /* what the sockets were bound from */
    struct candidate *current; /* what children get; may be `started` */
    struct pidfile pidfile;
    struct bound scribe;
    struct bound *listeners; /* one per listener of `started` */
    int *listener_fds;
    size_t listener_count;
    struct supervisor *supervisor;
    int signal_fd;
    int report_fd;
    enum phase phase;
    bool announced; /* that all is ready */
};

/* --- telling the service manager ------------------------------------------------------------*/

static void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "%s\nMONOTONIC_USEC=%lld", state,
               (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
#else
    (void)state;
#endif
}

static void announce(struct parent *p)
{
    if (p->announced || p->phase != RUNNING || !supervisor_ready(p->supervisor))
        return;
    p->announced = true;
    msg_info("ready: %zu listener%s, configuration %.16s", p->listener_count,
             p->listener_count == 1 ? "" : "s", p->current->settings->sha256);
    notify("READY=1");
    if (p->report_fd < 0)
        return;
    ssize_t n = write(p->report_fd, "", 1); /* whoever started us may have gone */
    (void)n;
    close(p->report_fd);
    p->report_fd = -1;
}

/* --- beginning ------------------------------------------------------------------------------*/

static int config_take(struct parent *p)
{
    p->started = calloc(1, sizeof *p->started);
    if (!p->started)
        return EX_OSERR;
    p->current = p->started;
    return candidate_read(p->options->config_file, p->started);
}

static bool socket_group(const struct settings *s, gid_t *gid, struct store_error *err)
{
    if (!s->socket_group)
        return privileges_group(s->user, gid, err);
    const struct group *g = getgrnam(s->socket_group);
    if (!g) {
        store_fail(err, STORE_INVALID, "socket_group: group \"%s\" does not exist: create it",
                   s->socket_group);
        return false;
    }
    *gid = g->gr_gid;
    return true;
}

static bool bind_scribe(struct parent *p, struct store_error *err)
{
    const struct settings *s = p->started->settings;
    struct bytes spec = {0};
    gid_t gid;
    if (!privileges_group(s->user, &gid, err))
        return false;
    bool done = bytes_printf(&spec, "unix:%s/scribe.sock", s->run_directory);
    if (!done)
        store_fail(err, STORE_NO_MEMORY, "out of memory");
    done = done && listener_bind(spec.data, SCRIBE_MODE, gid, &p->scribe, err);
    bytes_free(&spec);
    return done;
}

static bool bind_listeners(struct parent *p, struct store_error *err)
{
    const struct settings *s = p->started->settings;
    gid_t gid;
    if (!socket_group(s, &gid, err))
        return false;
    p->listeners = calloc(s->listener_count + 1, sizeof *p->listeners);
    p->listener_fds = calloc(s->listener_count + 1, sizeof *p->listener_fds);
    if (!p->listeners || !p->listener_fds) {
        store_fail(err, STORE_NO_MEMORY, "out of memory");
        return false;
    }
    for (size_t i = 0; i < s->listener_count; i++) {
        if (!listener_bind(s->listeners[i].socket, s->socket_mode, gid, &p->listeners[i], err))
            return false;
        p->listener_fds[i] = p->listeners[i].fd;
        p->listener_count++;
    }
    return true;
}

/* Every connection of every listener is a descriptor in a child; the limit is inherited. */
static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= FILES_WANTED)
        return;
    r.rlim_cur = r.rlim_max < FILES_WANTED ? r.rlim_max : FILES_WANTED;
    if (setrlimit(RLIMIT_NOFILE, &r) != 0)
        msg_warn("descriptors stay limited: %s", strerror(errno));
}

static bool take_signals(struct parent *p, struct store_error *err)
{
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGHUP);
    sigaddset(&mine, SIGUSR1);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_SETMASK, &mine, NULL) == 0)
        p->signal_fd = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
    if (p->signal_fd < 0)
        store_fail_errno(err, errno, "signalfd");
    return p->signal_fd >= 0;
}

/* In the background nothing holds the terminal; children inherit this. */
static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0)
        msg_warn("/dev/null: %s", strerror(errno));
    if (null >= 0)
        close(null);
}

static int begin(struct parent *p)
{
    struct store_error err = {{0}};
    int status = config_take(p);
    if (status != EX_OK)
        return status;
    const struct settings *s = p->started->settings;
    raise_file_limit();
    if (!take_signals(p, &err) || !listener_directory(s->run_directory, &err) ||
        !pidfile_take(s->run_directory, &p->pidfile, &err) || !bind_scribe(p, &err) ||
        !bind_listeners(p, &err)) {
        msg_error("%s", err.text);
        return EX_UNAVAILABLE;
    }
    struct supervisor_plan plan = {.program = p->options->program,
                                   .reader_program = p->options->reader_program,
                                   .config_name = p->options->config_file,
                                   .foreground = p->options->foreground,
                                   .candidate = p->current,
                                   .scribe_fd = p->scribe.fd,
                                   .listener_fds = p->listener_fds};
    p->supervisor = supervisor_new(&plan);
    if (!p->supervisor) {
        msg_error("cannot start: out of memory or descriptors");
        return EX_OSERR;
    }
    if (!p->options->foreground)
        msg_open("temoind", s->syslog_facility);
    if (p->report_fd >= 0)
        leave_terminal();
    return EX_OK;
}

/* --- reload ---------------------------------------------------------------------------------*/

static void free_candidate(struct candidate *c)
{
    if (!c)
        return;
    candidate_free(c);
    free(c);
}

/* Names what needs a restart. False: nothing may be taken over. */
static bool changes_allow(const struct parent *p, const struct candidate *next)
{
    struct reload_changes changes;
    bool allowed = reload_compare(p->started->settings, next->settings, &changes);
    if (!allowed)
        msg_error("reload: out of memory");
    for (size_t i = 0; i < changes.later.count; i++)
        msg_warn("reload: %s needs a restart; until then it stays as it was",
                 changes.later.items[i]);
    for (size_t i = 0; i < changes.stop.count; i++)
        msg_error("reload: %s needs a restart; until then nothing is taken over",
                  changes.stop.items[i]);
    allowed = allowed && changes.stop.count == 0;
    reload_changes_free(&changes);
    return allowed;
}

static void reload(struct parent *p)
{
    struct candidate *next = calloc(1, sizeof *next);
    notify("RELOADING=1");
    if (!next || candidate_read(p->options->config_file, next) != EX_OK ||
        !changes_allow(p, next)) {
        msg_error("configuration not taken over: the one from before stays");
        free_candidate(next);
    } else {
        struct candidate *old = p->current;
        p->current = next;
        supervisor_take(p->supervisor, next);
        if (old != p->started)
            free_candidate(old);
        msg_info("configuration taken over: %.16s", next->settings->sha256);
    }
    notify("READY=1");
}

/* --- stopping -------------------------------------------------------------------------------*/

static void stop(struct parent *p)
{
    if (p->phase != RUNNING) {
        msg_warn("stopping at once");
        supervisor_kill(p->supervisor);
        return;
    }
    msg_info("stopping");
    notify("STOPPING=1");
    for (size_t i = 0; i < p->listener_count; i++)
        listener_close(&p->listeners[i]);
    supervisor_stop(p->supervisor, CHILD_MILTER, STOP_DRAIN_MS);
    p->phase = MILTERS_LEAVE;
}

static void advance(struct parent *p)
{
    if (p->phase == MILTERS_LEAVE && supervisor_count(p->supervisor, CHILD_MILTER) == 0) {
        listener_close(&p->scribe);
        supervisor_stop(p->supervisor, CHILD_SCRIBE, 0);
        p->phase = SCRIBE_LEAVES;
    }
    if (p->phase == SCRIBE_LEAVES && supervisor_count(p->supervisor, CHILD_SCRIBE) == 0) {
        supervisor_stop(p->supervisor, CHILD_READER, 0);
        supervisor_stop(p->supervisor, CHILD_SEALER, 0); /* signs scribe's last entry first */
        p->phase = OTHERS_LEAVE;
    }
    if (p->phase == OTHERS_LEAVE && supervisor_count(p->supervisor, CHILD_SEALER) == 0 &&
        supervisor_count(p->supervisor, CHILD_READER) == 0)
        p->phase = STOPPED;
}

/* --- the loop -------------------------------------------------------------------------------*/

static void read_signals(struct parent *p)
{
    struct signalfd_siginfo info;
    while (read(p->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            supervisor_reap(p->supervisor);
            break;
        case SIGHUP:
            if (p->phase == RUNNING)
                reload(p);
            break;
        case SIGUSR1:
            if (p->phase == RUNNING) {
                msg_info("replacing all processes");
                supervisor_replace(p->supervisor);
            }
            break;
        default:
            stop(p);
        }
    }
}

static int loop(struct parent *p)
{
    struct pollfd fds[POLL_MAX];
    while (p->phase != STOPPED) {
        int wait = supervisor_timers(p->supervisor);
        fds[0] = (struct pollfd){.fd = p->signal_fd, .events = POLLIN};
        size_t count = supervisor_poll(p->supervisor, fds + 1, POLL_MAX - 1);
        int n = poll(fds, count + 1, wait);
        if (n < 0 && errno != EINTR) {
            msg_error("poll: %s", strerror(errno));
            return EX_OSERR;
        }
        if (n > 0)
            supervisor_heard(p->supervisor, fds + 1, count);
        if (n > 0 && fds[0].revents)
            read_signals(p);
        announce(p);
        advance(p);
    }
    msg_info("stopped");
    return EX_OK;
}

static void end(struct parent *p)
{
    supervisor_free(p->supervisor);
    for (size_t i = 0; i < p->listener_count; i++)
        listener_close(&p->listeners[i]);
    listener_close(&p->scribe);
    pidfile_release(&p->pidfile);
    free(p->listeners);
    free(p->listener_fds);
    if (p->current != p->started)
        free_candidate(p->current);
    free_candidate(p->started);
    if (p->signal_fd >= 0)
        close(p->signal_fd);
    if (p->report_fd >= 0)
        close(p->report_fd);
}

int parent_run(const struct parent_options *options)
{
    struct parent p = {.options = options,
                       .pidfile = {.fd = -1},
                       .scribe = {.fd = -1},
                       .signal_fd = -1,
                       .report_fd = options->report_fd};
    int status = begin(&p);
    if (status == EX_OK)
        status = loop(&p);
    end(&p);
    return status;
}
