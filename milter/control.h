/*
 * control - what the parent tells a milter process
 *
 * Frames of db/wire.h on the control socket: {"op": "reload", "config": text, "keys": text},
 * {"op": "drain"}, {"op": "stop"}. A reload that does not parse changes nothing.
 */
#ifndef TEMOIN_MILTER_CONTROL_H
#define TEMOIN_MILTER_CONTROL_H

#include <stdbool.h>

#include "milter/services.h"

enum control_order {
    CONTROL_NONE,  /* nothing to do: a reload was carried out, or the order is not known */
    CONTROL_DRAIN, /* take no new sessions, end when the open ones have */
    CONTROL_STOP,  /* end now */
    CONTROL_GONE,  /* the parent has hung up */
};

/* Receive one frame from a readable socket and carry out a reload. `listener` is this
   process's. */
enum control_order control_receive(int fd, struct services *services, const char *listener);

/* {"op": "ready"}. False: errno. */
bool control_say_ready(int fd);

#endif
