/*
 * spool - a message body as it arrives: small ones in memory, large ones in a file
 *
 * Synopsis
 *      struct spool spool;
 *      spool_begin(&spool, "/var/lib/temoin/spool", spill_size);
 *      spool_add(&spool, chunk, len);              split anywhere
 *      if (!spool_end(&spool, durable)) ...spool_status(&spool), spool.error...
 *      ... spool.memory, spool.fd, spool.size ...
 *      spool_free(&spool);
 *
 * Up to SPOOL_MEMORY octets stay in memory, so that a hundred sessions stay small; beyond, the
 * body goes to an unnamed file (O_TMPFILE) in the store's spool directory, which scribe can link
 * into place. The kernel is told to write it out as it grows, so that the last fdatasync is
 * short. A body that is in a file but not above `spill_size` is read back at the end: the store
 * wants those compressed, in the commit itself.
 */
#ifndef TEMOIN_MILTER_SPOOL_H
#define TEMOIN_MILTER_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/store.h"
#include "policy/bytes.h"

enum { SPOOL_MEMORY = 64 * 1024 };

struct spool {
    const char *directory; /* borrowed */
    uint64_t spill_size;   /* octets above which the body stays in its file */
    struct bytes memory;   /* the body while fd is -1 */
    int fd;                /* -1, or the file that holds the whole body; owned */
    uint64_t size;         /* octets so far */
    uint64_t written_out;  /* private: up to where the kernel was told to write */
    int error;             /* errno of the first failure; nothing is taken in after it */
};

/* `directory` must outlive the spool. */
void spool_begin(struct spool *spool, const char *directory, uint64_t spill_size);

/* False: failed, now or before (spool->error); what was collected is given up. */
bool spool_add(struct spool *spool, const void *data, size_t len);

/* The body is complete. `durable`: a body that stays in its file is on disk when this returns
   true. False: spool->error. */
bool spool_end(struct spool *spool, bool durable);

/* The failure in the store's words: STORE_FULL, STORE_DENIED, STORE_NO_MEMORY, STORE_IO; STORE_OK
   when there was none. */
enum store_status spool_status(const struct spool *spool);

/* The file, which the caller owns from now on; -1 when there is none. */
int spool_take_file(struct spool *spool);

/* Give up everything. Safe on a zeroed spool whose fd is -1, and twice. */
void spool_free(struct spool *spool);

#endif
