/*
 * intake - a message read from a file descriptor: header in memory, a large body in a file
 *
 * Synopsis
 *      struct intake in;
 *      intake_begin(&in, "/var/lib/temoin/spool", spill_size, max_message_size);
 *      status = intake_read(&in, STDIN_FILENO, &err);
 *      ... in.head, in.memory or in.fd, in.size ...
 *      intake_free(&in);
 *
 * Line ends become CRLF, as the mail side archives them: a file kept by local delivery has LF.
 * The first line of an mbox ("From ") is passed over. Bodies above `spill_size` go to an
 * unnamed file in the spool directory, as they come.
 */
#ifndef TEMOIN_DB_INTAKE_H
#define TEMOIN_DB_INTAKE_H

#include "db/store.h"

enum { INTAKE_HEAD_MAX = 16 * 1024 * 1024 };

struct intake {
    const char *directory; /* borrowed */
    uint64_t spill_size, max_size;
    struct bytes head;   /* as it came, with the empty line that ends it */
    struct bytes memory; /* the body while fd is -1 */
    int fd;              /* -1, or the file that holds the whole body; owned */
    uint64_t size;       /* of the body, octets */
    bool in_body;        /* private */
    bool after_cr;       /* private: the last octet was a CR */
};

void intake_begin(struct intake *in, const char *directory, uint64_t spill_size, uint64_t max_size);

/* Read to the end of `from`. STORE_INVALID: larger than max_size, or no header within
   INTAKE_HEAD_MAX. A body in a file is synced. */
enum store_status intake_read(struct intake *in, int from, struct store_error *err);

/* Show the whole body at once (a file is mapped for the time of the call). */
enum store_status intake_show(const struct intake *in,
                              bool (*look)(const char *data, size_t len, void *context),
                              void *context, struct store_error *err);

void intake_free(struct intake *in);

#endif
