/*
 * pidfile - one temoind a run directory
 *
 * The lock counts, not the number in the file: it goes with the process, however that ends.
 */
#ifndef TEMOIN_MILTER_PIDFILE_H
#define TEMOIN_MILTER_PIDFILE_H

#include <stdbool.h>

#include "db/store.h"

struct pidfile {
    int fd;
    char *path;
};

/* Lock <directory>/temoind.pid and write our number. False: err says who holds it. */
bool pidfile_take(const char *directory, struct pidfile *p, struct store_error *err);

/* Remove the file and give the lock back. */
void pidfile_release(struct pidfile *p);

#endif
