/*
 * reader_confine - giving up every right before hostile octets are parsed
 *
 * Synopsis
 *      struct confinement *c = confinement_prepare();  // loads what cannot be loaded later
 *      confinement_enter(c);                // this process: no file, network, program; may fork
 *      if (fork() == 0) {
 *          dup2(out, CONFINED_OUT);
 *          if (!confinement_drop(c, &limits)) _exit(1);
 *          ...parse...
 *      }
 *
 * In two steps. A process that starts others, and looks into no message, gives up files, network
 * and programs (seccomp, and Landlock where the kernel has it). Each of those that do look
 * gives up all but memory, and writing to one descriptor.
 */
#ifndef TEMOIN_DB_READER_CONFINE_H
#define TEMOIN_DB_READER_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/identify.h"

enum { CONFINED_OUT = 1 }; /* the descriptor that may be written to */

struct reader_limits {
    uint64_t memory;  /* octets that reading messages may take */
    unsigned seconds; /* of processor time for one message, or one batch of small ones */
};

/* 256 MB, 10 s. */
extern const struct reader_limits reader_limits_default;

struct confinement;

/* Load charsets, time zone, libmagic's patterns, the digest; build the filters. NULL: out of
   memory, or the kernel has no seccomp. It is kept until the process ends. */
struct confinement *confinement_prepare(void);

/* NULL where libmagic cannot be used. */
struct identify *confinement_identify(struct confinement *c);

/* For good. False: the kernel refused. */
bool confinement_enter(const struct confinement *c);

/* Likewise, for one that confinement_enter()'s process forked, or any other: memory and time are
   limited, opening fails (EPERM), and what no reader of messages ever does (sockets, programs,
   processes, signals) ends the process. */
bool confinement_drop(const struct confinement *c, const struct reader_limits *limits);

#endif
