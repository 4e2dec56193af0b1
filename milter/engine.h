/*
 * engine - libmilter behind the session interface
 *
 * The only file that includes libmilter/mfapi.h is engine.c: it registers the callbacks,
 * negotiates, and turns SMFICTX into struct session and struct mta (session.h), so that
 * another engine may replace libmilter one day.
 */
#ifndef TEMOIN_MILTER_ENGINE_H
#define TEMOIN_MILTER_ENGINE_H

#include "policy/settings.h"
#include "policy/token.h"

struct engine_setup {
    int listen_fd;    /* bound, listening, O_NONBLOCK; inherited from the parent */
    int control_fd;   /* frames from the parent: {"op": "reload", "config": text, "keys": text},
                         {"op": "drain"}, {"op": "stop"}; the process answers {"op": "ready"} */
    const char *name; /* of the listener */
    struct settings *settings; /* first snapshot; one reference is taken over */
    struct keyring *keyring;   /* malloc'd, taken over */
};

/* Runs libmilter in a thread of its own (HUP, TERM, INT blocked in all of them) and waits on
   the control socket in the calling one. Returns a sysexits status after a drain (all
   sessions ended, or drain_timeout_s passed) or a stop. The process should _exit with it. */
int engine_run(const struct engine_setup *setup);

#endif
