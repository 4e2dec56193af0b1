/*
 * attend - the main thread of a milter process: wait for the parent's word, then end gently
 */
#ifndef TEMOIN_MILTER_ATTEND_H
#define TEMOIN_MILTER_ATTEND_H

#include <stdatomic.h>

#include "milter/engine.h"
#include "milter/services.h"

/* Obey the control socket until a stop, or until a drain is done: no new sessions, and all open
   ones (*open_sessions, counted by the engine) have ended or drain_timeout has passed. `ended`
   becomes readable when the engine gives up by itself. Returns a sysexits status. */
int attend(const struct engine_setup *setup, struct services *services, atomic_uint *open_sessions,
           int ended);

#endif
