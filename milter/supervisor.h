/*
 * supervisor - temoind's children: started, watched, restarted, replaced, stopped
 *
 * Synopsis
 *      struct supervisor *s = supervisor_new(&plan);
 *      for (;;) {
 *          poll(... supervisor_poll(s, fds) ..., supervisor_timers(s));
 *          supervisor_heard(s, fds);          // control sockets
 *          supervisor_reap(s);                // after SIGCHLD
 *      }
 *      supervisor_free(s);
 *
 * A service is a duty with its sockets, which live as long as the parent; a child is a process
 * that fulfils it for a while. A service has one child; while it is being replaced, two (or
 * more, when old ones still finish their sessions).
 */
#ifndef TEMOIN_MILTER_SUPERVISOR_H
#define TEMOIN_MILTER_SUPERVISOR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "milter/child.h"
#include "milter/trial.h"

struct supervisor;

struct supervisor_plan {
    const char *program;         /* file to execute; lives as long as the supervisor */
    const char *reader_program;  /* the reader's; likewise */
    const char *config_name;     /* likewise */
    bool foreground;             /* children log to stderr */
    struct candidate *candidate; /* the configuration; see supervisor_take() */
    int scribe_fd;               /* listening sockets; they stay the caller's */
    const int *listener_fds;     /* one per listener of the configuration */
};

/* Nothing is started before the first supervisor_timers(). NULL: out of memory or descriptors. */
struct supervisor *supervisor_new(const struct supervisor_plan *plan);

/* Kills what still lives. */
void supervisor_free(struct supervisor *s);

/* The configuration that children get from now on; the caller keeps it alive. Milters and scribe
   are told ({"op": "reload"}); the sealer, for which no mail waits, begins anew, so that a key that
   was changed or mended is taken. */
void supervisor_take(struct supervisor *s, struct candidate *candidate);

/* Start and kill what is due. Gives the milliseconds until the next time; -1: nothing is due. */
int supervisor_timers(struct supervisor *s);

/* Fill in control sockets to poll, at most `room`; gives how many. */
size_t supervisor_poll(const struct supervisor *s, struct pollfd *fds, size_t room);
void supervisor_heard(struct supervisor *s, const struct pollfd *fds, size_t count);

/* Collect children that died. */
void supervisor_reap(struct supervisor *s);

/* Has every service that mail needs a child that said it is ready? */
bool supervisor_ready(const struct supervisor *s);

/* Replace all processes by new ones of the file as it is installed now: milters side by side,
   the old ones finishing their sessions; scribe, then sealer, one after the other. */
void supervisor_replace(struct supervisor *s);

/* Ask all children of a role to end, without restarting any: with "drain" first for `drain_ms`
   when that is above 0, then with "stop", then by force. */
void supervisor_stop(struct supervisor *s, enum child_role role, int drain_ms);

/* Children of this role that are still alive. */
size_t supervisor_count(const struct supervisor *s, enum child_role role);

/* Kill all at once (the impatient second SIGTERM). */
void supervisor_kill(struct supervisor *s);

#endif
