/*
 * supervisor - temoind's children: started, watched, restarted, replaced, stopped
 *
 * Every deadline of a child is a time in its row, so nothing here ever waits. A child that
 * does not react to a word is told again in a stronger one: drain, stop, SIGKILL.
 */
#include "milter/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/msg.h"
#include "db/wire.h"

enum {
    BACK_OFF_FIRST_MS = 100,
    BACK_OFF_MOST_MS = 10000,
    STEADY_MS = 60000,       /* a life of this length forgives former deaths */
    BEHIND_SCRIBE_MS = 1000, /* at start the others wait for scribe, at most so long */
    STOP_MS = 5000,          /* for a child to end after "stop" */
    DRAIN_MARGIN_MS = 10000, /* beyond drain_timeout */
    TELL_MS = 3000,          /* a frame beyond the socket's buffer waits for a child that is busy */
};

enum { STARTING, READY, LEAVING };

enum { SCRIBE, SEALER, READER, FIRST_MILTER }; /* in supervisor.services */

struct service {
    enum child_role role;
    const char *name; /* the listener's; "" else */
    int fds[3];       /* handed to each child; not owned, but for pipe and pair below */
    size_t fd_count;
    bool wanted;
    int64_t start_at; /* monotonic ms; 0: not due */
    int back_off_ms;
};

struct child {
    pid_t pid;
    int control; /* -1 once it has hung up */
    struct wire_reader reader;
    struct service *service;
    int state;
    int64_t started;
    int64_t stop_at, kill_at; /* 0: not due */
};

struct supervisor {
    struct supervisor_plan plan;
    struct service *services; /* scribe, sealer, reader, then the milters */
    size_t service_count;
    struct child **children;
    size_t child_count, child_room;
    int wake[2];      /* scribe writes, sealer reads */
    int orders[2];    /* scribe asks, the reader answers: both outlive them */
    bool sealer_next; /* a replacement waits for scribe's successor */
    char **names;     /* of listeners */
};

/* --- services -------------------------------------------------------------------------------*/

static void free_services(struct supervisor *s)
{
    for (size_t i = 0; s->names && i + FIRST_MILTER < s->service_count; i++)
        free(s->names[i]);
    free(s->names);
    free(s->services);
}

static bool make_services(struct supervisor *s)
{
    const struct settings *settings = s->plan.candidate->settings;
    size_t milters = settings->listener_count;
    int64_t now = wire_clock_ms();
    s->service_count = milters + FIRST_MILTER;
    s->services = calloc(s->service_count, sizeof *s->services);
    s->names = calloc(milters + 1, sizeof *s->names);
    if (!s->services || !s->names)
        return false;
    s->services[SCRIBE] = (struct service){.role = CHILD_SCRIBE,
                                           .name = "",
                                           .fds = {s->plan.scribe_fd, s->wake[1], s->orders[0]},
                                           .fd_count = 3};
    s->services[SEALER] =
        (struct service){.role = CHILD_SEALER, .name = "", .fds = {s->wake[0]}, .fd_count = 1};
    s->services[READER] =
        (struct service){.role = CHILD_READER, .name = "", .fds = {s->orders[1]}, .fd_count = 1};
    for (size_t i = 0; i < milters; i++) {
        s->names[i] = strdup(settings->listeners[i].name);
        if (!s->names[i])
            return false;
        s->services[i + FIRST_MILTER] = (struct service){.role = CHILD_MILTER,
                                                         .name = s->names[i],
                                                         .fds = {s->plan.listener_fds[i]},
                                                         .fd_count = 1};
    }
    for (size_t i = 0; i < s->service_count; i++) {
        s->services[i].wanted = true;
        s->services[i].start_at = i == SCRIBE ? now : now + BEHIND_SCRIBE_MS;
    }
    return true;
}

struct supervisor *supervisor_new(const struct supervisor_plan *plan)
{
    struct supervisor *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->plan = *plan;
    if (pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(s);
        return NULL;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->orders) != 0) {
        close(s->wake[0]);
        close(s->wake[1]);
        free(s);
        return NULL;
    }
    /* While no reader lives, only a few orders and the messages that they hold may pile up. */
    setsockopt(s->orders[0], SOL_SOCKET, SO_SNDBUF, &(int){1}, sizeof(int));
    if (make_services(s))
        return s;
    supervisor_free(s);
    return NULL;
}

static const char *service_words(const struct service *v)
{
    return v->role == CHILD_MILTER ? "milter " : child_roles[v->role];
}

/* --- children -------------------------------------------------------------------------------*/

static void remove_child(struct supervisor *s, size_t at)
{
    struct child *c = s->children[at];
    if (c->control >= 0)
        close(c->control);
    wire_reader_free(&c->reader);
    free(c);
    s->children[at] = s->children[--s->child_count];
}

void supervisor_free(struct supervisor *s)
{
    if (!s)
        return;
    while (s->child_count) {
        kill(s->children[0]->pid, SIGKILL);
        waitpid(s->children[0]->pid, NULL, 0);
        remove_child(s, 0);
    }
    free(s->children);
    free_services(s);
    close(s->wake[0]);
    close(s->wake[1]);
    close(s->orders[0]);
    close(s->orders[1]);
    free(s);
}

/* Send a word; a child that does not take it is of no more use. */
static void tell(struct child *c, const json_t *json, const int *fds, size_t fd_count)
{
    if (c->control < 0)
        return;
    if (!json || wire_send(c->control, json, NULL, 0, fds, fd_count, TELL_MS) != WIRE_OK)
        c->kill_at = wire_clock_ms();
}

static void tell_op(struct child *c, const char *op)
{
    json_t *json = json_pack("{s:s}", "op", op);
    tell(c, json, NULL, 0);
    json_decref(json);
}

static json_t *setup_frame(const struct supervisor *s, const struct service *v)
{
    const struct candidate *now = s->plan.candidate;
    const struct settings *settings = now->settings;
    const char *user = v->role == CHILD_MILTER   ? settings->milter_user
                       : v->role == CHILD_SEALER ? settings->sealer_user
                       : v->role == CHILD_READER ? settings->reader_user
                                                 : settings->user;
    const char *keys = v->role == CHILD_MILTER ? now->keys : NULL;
    bool reads_store = v->role == CHILD_MILTER || v->role == CHILD_SEALER;
    const char *group_of = reads_store ? settings->user : NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s, s:s*, s:b}", "op", "setup", "role",
                     child_roles[v->role], "config", now->config, "config_name",
                     s->plan.config_name, "keys", keys, "user", user, "group_of", group_of,
                     "foreground", s->plan.foreground);
}

static struct child *add_child(struct supervisor *s)
{
    if (s->child_count == s->child_room) {
        size_t room = s->child_room ? s->child_room * 2 : 8;
        struct child **grown = realloc(s->children, room * sizeof(*grown));
        if (!grown)
            return NULL;
        s->children = grown;
        s->child_room = room;
    }
    struct child *c = calloc(1, sizeof *c);
    if (c)
        s->children[s->child_count++] = c;
    return c;
}

static void later(struct service *v)
{
    v->back_off_ms = v->back_off_ms == 0 ? BACK_OFF_FIRST_MS : v->back_off_ms * 2;
    if (v->back_off_ms > BACK_OFF_MOST_MS)
        v->back_off_ms = BACK_OFF_MOST_MS;
    v->start_at = wire_clock_ms() + v->back_off_ms;
}

static void start(struct supervisor *s, struct service *v)
{
    struct store_error err = {{0}};
    v->start_at = 0;
    const char *program = v->role == CHILD_READER ? s->plan.reader_program : s->plan.program;
    struct child *c = add_child(s);
    if (!c || !child_start(program, v->role, v->name, &c->pid, &c->control, &err)) {
        msg_error("%s%s: cannot be started: %s", service_words(v), v->name,
                  c ? err.text : "out of memory");
        if (c) {
            c->control = -1;
            remove_child(s, s->child_count - 1);
        }
        later(v);
        return;
    }
    c->service = v;
    c->state = STARTING;
    c->started = wire_clock_ms();
    msg_info("%s%s: started, pid %ld", service_words(v), v->name, (long)c->pid);
    json_t *setup = setup_frame(s, v);
    tell(c, setup, v->fds, v->fd_count);
    json_decref(setup);
}

/* --- stopping -------------------------------------------------------------------------------*/

static void drain(struct child *c, int64_t stop_in_ms)
{
    bool draining = c->state == LEAVING;
    c->state = LEAVING;
    c->stop_at = wire_clock_ms() + stop_in_ms;
    c->kill_at = c->stop_at + STOP_MS;
    if (!draining)
        tell_op(c, "drain");
}

static void stop(struct child *c)
{
    c->state = LEAVING;
    c->stop_at = 0;
    c->kill_at = wire_clock_ms() + STOP_MS;
    tell_op(c, "stop");
}

void supervisor_stop(struct supervisor *s, enum child_role role, int drain_ms)
{
    for (size_t i = 0; i < s->service_count; i++)
        if (s->services[i].role == role) {
            s->services[i].wanted = false;
            s->services[i].start_at = 0;
        }
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        if (c->service->role != role)
            continue;
        if (drain_ms > 0)
            drain(c, drain_ms);
        else
            stop(c);
    }
}

size_t supervisor_count(const struct supervisor *s, enum child_role role)
{
    size_t count = 0;
    for (size_t i = 0; i < s->child_count; i++)
        count += s->children[i]->service->role == role;
    return count;
}

void supervisor_kill(struct supervisor *s)
{
    for (size_t i = 0; i < s->service_count; i++) {
        s->services[i].wanted = false;
        s->services[i].start_at = 0;
    }
    for (size_t i = 0; i < s->child_count; i++)
        kill(s->children[i]->pid, SIGKILL);
}

/* --- replacing ------------------------------------------------------------------------------*/

static void stop_service(struct supervisor *s, struct service *v)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i]->service == v && s->children[i]->state != LEAVING)
            stop(s->children[i]);
}

static void tell_reload(struct supervisor *s, struct child *c)
{
    const struct candidate *next = s->plan.candidate;
    const char *keys = c->service->role == CHILD_MILTER ? next->keys : NULL;
    json_t *json = json_pack("{s:s, s:s, s:s, s:s*}", "op", "reload", "config", next->config,
                             "config_name", s->plan.config_name, "keys", keys);
    tell(c, json, NULL, 0);
    json_decref(json);
}

void supervisor_take(struct supervisor *s, struct candidate *candidate)
{
    s->plan.candidate = candidate;
    stop_service(s, &s->services[SEALER]);
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        /* Any word ends the reader, and the message that it reads; orders bring its limits. */
        if (c->state != LEAVING && c->service->role != CHILD_READER)
            tell_reload(s, c);
    }
}

void supervisor_replace(struct supervisor *s)
{
    int64_t now = wire_clock_ms();
    s->sealer_next = true;
    stop_service(s, &s->services[SCRIBE]);
    stop_service(s, &s->services[READER]);
    for (size_t i = 0; i < s->service_count; i++)
        if (s->services[i].role == CHILD_MILTER && s->services[i].wanted)
            s->services[i].start_at = now;
}

/* A child said that it serves: those before it may leave. */
static void became_ready(struct supervisor *s, struct child *c)
{
    const struct settings *settings = s->plan.candidate->settings;
    struct service *v = c->service;
    if (c->state != STARTING)
        return;
    c->state = READY;
    msg_info("%s%s: ready, pid %ld", service_words(v), v->name, (long)c->pid);
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *other = s->children[i];
        if (other != c && other->service == v && other->state != LEAVING)
            drain(other, (int64_t)settings->drain_timeout_s * 1000 + DRAIN_MARGIN_MS);
    }
    if (v->role != CHILD_SCRIBE)
        return;
    for (size_t i = 1; i < s->service_count; i++) /* the first start: they waited for scribe */
        if (s->services[i].start_at && s->services[i].back_off_ms == 0)
            s->services[i].start_at = wire_clock_ms();
    if (s->sealer_next) {
        s->sealer_next = false;
        stop_service(s, &s->services[SEALER]);
    }
}

/* --- what happens ---------------------------------------------------------------------------*/

static bool has_other(const struct supervisor *s, const struct child *c)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i] != c && s->children[i]->service == c->service &&
            s->children[i]->state != LEAVING)
            return true;
    return false;
}

static void say_death(const struct child *c, int status)
{
    const struct service *v = c->service;
    const char *words = service_words(v);
    long pid = (long)c->pid;
    if (c->state == LEAVING && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        msg_info("%s%s: ended, pid %ld", words, v->name, pid);
    else if (WIFEXITED(status))
        msg_error("%s%s: ended with status %d, pid %ld", words, v->name, WEXITSTATUS(status), pid);
    else
        msg_error("%s%s: killed by signal %d (%s), pid %ld", words, v->name, WTERMSIG(status),
                  strsignal(WTERMSIG(status)), pid);
}

static void died(struct supervisor *s, size_t at, int status)
{
    struct child *c = s->children[at];
    struct service *v = c->service;
    say_death(c, status);
    bool others = has_other(s, c);
    if (v->wanted && others && c->state == STARTING)
        msg_error("%s%s: not replaced: the process before goes on", service_words(v), v->name);
    if (wire_clock_ms() - c->started >= STEADY_MS)
        v->back_off_ms = 0;
    if (v->wanted && !others && !v->start_at) {
        if (c->state == LEAVING) {
            v->start_at = wire_clock_ms(); /* it was asked to make room */
        } else {
            later(v);
            msg_warn("%s%s: starting again in %d ms", service_words(v), v->name, v->back_off_ms);
        }
    }
    remove_child(s, at);
}

void supervisor_reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < s->child_count; i++)
            if (s->children[i]->pid == pid) {
                died(s, i, status);
                break;
            }
}

size_t supervisor_poll(const struct supervisor *s, struct pollfd *fds, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < s->child_count && count < room; i++)
        if (s->children[i]->control >= 0)
            fds[count++] = (struct pollfd){.fd = s->children[i]->control, .events = POLLIN};
    return count;
}

static void hear(struct supervisor *s, struct child *c)
{
    struct frame f;
    enum wire_result result;
    frame_init(&f);
    while ((result = wire_read(&c->reader, c->control, &f)) == WIRE_OK) {
        if (strcmp(frame_op(&f), "ready") == 0)
            became_ready(s, c);
        frame_free(&f);
    }
    if (result == WIRE_AGAIN)
        return;
    close(c->control); /* it is dying, or else must: nobody can tell it anything any more */
    c->control = -1;
    if (!c->kill_at)
        c->kill_at = wire_clock_ms() + STOP_MS;
}

void supervisor_heard(struct supervisor *s, const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; fds[i].revents && k < s->child_count; k++)
            if (s->children[k]->control == fds[i].fd) {
                hear(s, s->children[k]);
                break;
            }
}

static void sooner(int64_t *next, int64_t at)
{
    if (at && (*next == 0 || at < *next))
        *next = at;
}

int supervisor_timers(struct supervisor *s)
{
    int64_t now = wire_clock_ms(), next = 0;
    for (size_t i = 0; i < s->service_count; i++)
        if (s->services[i].start_at && s->services[i].start_at <= now)
            start(s, &s->services[i]);
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        if (c->stop_at && c->stop_at <= now)
            stop(c);
        if (c->kill_at && c->kill_at <= now) {
            msg_warn("%s%s: does not end: killing pid %ld", service_words(c->service),
                     c->service->name, (long)c->pid);
            kill(c->pid, SIGKILL);
            c->kill_at = 0;
        }
        sooner(&next, c->stop_at);
        sooner(&next, c->kill_at);
    }
    for (size_t i = 0; i < s->service_count; i++)
        sooner(&next, s->services[i].start_at);
    now = wire_clock_ms();
    return next == 0 ? -1 : next <= now ? 0 : (int)(next - now);
}

bool supervisor_ready(const struct supervisor *s)
{
    for (size_t i = 0; i < s->service_count; i++) {
        bool ready = s->services[i].role == CHILD_READER; /* mail does not wait for it */
        for (size_t k = 0; k < s->child_count && !ready; k++)
            ready = s->children[k]->service == &s->services[i] && s->children[k]->state == READY;
        if (!ready)
            return false;
    }
    return true;
}
