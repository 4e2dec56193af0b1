/*
 * listener - sockets that the parent binds and keeps for its whole life
 *
 * Synopsis
 *      struct bound b;
 *      if (!listener_bind("unix:/var/spool/postfix/temoin/smtp", 0660, gid, &b, &err)) ...
 *      ... pass b.fd to each child that serves it ...
 *      listener_close(&b);
 *
 * A child that restarts meets the connections that came meanwhile: none is refused. A socket's
 * directory must be its parent's own and writable by nobody else, or a child could replace the
 * socket (MILTER, libmilter 1).
 */
#ifndef TEMOIN_MILTER_LISTENER_H
#define TEMOIN_MILTER_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "db/store.h"

struct bound {
    int fd;       /* listening, O_NONBLOCK, close-on-exec; -1: none */
    char *path;   /* of a UNIX socket; NULL: inet */
    dev_t device; /* of the socket's file, so that only ours is unlinked */
    ino_t inode;
};

/* `spec` is "unix:/path", "inet:port@address" or "inet6:port@address" (numeric). A missing
   directory is made (one level), a stale socket is replaced; one that somebody answers is not.
   `group` (gid_t)-1 leaves the group alone. False: err names the socket and the mend. */
bool listener_bind(const char *spec, mode_t mode, gid_t group, struct bound *out,
                   struct store_error *err);

/* Unlink the path, if it is still ours, and close. */
void listener_close(struct bound *b);

/* Make (0755) or check a directory that nobody but this process's user may change. */
bool listener_directory(const char *path, struct store_error *err);

#endif
