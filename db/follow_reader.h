/*
 * follow_reader - the octets of one log file, plain or compressed
 *
 * Synopsis
 *      struct follow_reader r;
 *      st = follow_reader_open(&r, fd, name, &err);       // takes the descriptor over
 *      st = follow_reader_skip(&r, offset, &err);
 *      n = follow_reader_read(&r, buffer, room);
 *      follow_reader_close(&r);
 *
 * gzip, xz, zstd and bzip2 are known by their first octets, and unpacked by the programs of these
 * names, each with this process's rights and the file as its standard input.
 */
#ifndef TEMOIN_DB_FOLLOW_READER_H
#define TEMOIN_DB_FOLLOW_READER_H

#include <sys/types.h>

#include "db/follow.h"

struct follow_reader {
    int fd;                         /* -1: closed */
    pid_t child;                    /* that unpacks; -1: none */
    uint64_t device, inode, offset; /* offset: of the next octet, unpacked */
    uint64_t size;   /* of the file, when it was opened; unpacked only when it is plain */
    int64_t written; /* st_mtime */
};

/* `fd` is taken over, also by a failure. */
enum store_status follow_reader_open(struct follow_reader *r, int fd, const char *name,
                                     struct store_error *err);
/* Go to an offset behind the present one. STORE_NOT_FOUND: the file ends before it. */
enum store_status follow_reader_skip(struct follow_reader *r, uint64_t offset,
                                     struct store_error *err);
/* As read(2), but whole: less than `room` is the end. */
ssize_t follow_reader_read(struct follow_reader *r, char *to, size_t room);
/* STORE_CORRUPT: the program that unpacks did not come to a good end. */
enum store_status follow_reader_close(struct follow_reader *r, const char *name, bool whole,
                                      struct store_error *err);

#endif
