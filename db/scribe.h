/*
 * scribe - the only writer of log, volumes and facts: group commit over a UNIX socket
 *
 * scribe_run() serves until `stop_fd` becomes readable or is hung up (the parent's control
 * socket), then commits what it has and returns. All requests that wait are put into one
 * transaction: one sync a group; each is answered only after the commit.
 */
#ifndef TEMOIN_DB_SCRIBE_H
#define TEMOIN_DB_SCRIBE_H

#include "policy/settings.h"

struct scribe_setup {
    int listen_fd;  /* bound and listening UNIX socket, non-blocking */
    int control_fd; /* frames from the parent: {"op": "reload", "config": text}, {"op": "stop"} */
    int reader_fd;  /* where messages are read in depth (db/reader.h); -1: nowhere */
    int sealer_fd;  /* one octet is written after each group; -1: none */
    const struct settings *settings;
};

/* Returns a sysexits status. */
int scribe_run(const struct scribe_setup *setup);

#endif
