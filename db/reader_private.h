/*
 * reader_private - what the two sides of a reader's socket share
 *
 * reader.c asks, reader_start.c starts one for a command, reader_serve.c starts a process for each
 * order, reader_work.c is that process.
 */
#ifndef TEMOIN_DB_READER_PRIVATE_H
#define TEMOIN_DB_READER_PRIVATE_H

#include <sys/types.h>

#include "db/reader.h"

enum { ORDER_MAX = 4096, ORDER_FDS = 3 };

enum { FD_MESSAGES, FD_ANSWERS, FD_VERDICT };

/* Exit statuses of the process that reads. */
enum { WORK_DONE, WORK_NO_MEMORY = 2, WORK_NOT_CONFINED, WORK_NO_ONE_LISTENS };

struct reader {
    struct reader_limits limits; /* of each order */
    int margin_ms;               /* for the other side to tell of an end, or to be started again */
    int fd;
    pid_t pid; /* -1: somebody else's */
};

struct order {
    struct reader_options options;
    struct reader_limits limits;
    size_t sizes[READER_BATCH];
    size_t count, octets;
    int fds[ORDER_FDS]; /* -1: not there */
};

/* How long an order may take by the clock: the machine may have better things to do. */
int order_wall_ms(const struct reader_limits *limits);

/* Read each message of the order and answer to CONFINED_OUT. Never returns. */
_Noreturn void reader_work(const struct order *o, const char *messages, struct confinement *c);

#endif
