/*
 * pending_file - a new file that nobody sees before it is complete
 *
 * Synopsis
 *      struct pending_file f;
 *      st = pending_file_open("dir/F-1.zip", &f, &err);
 *      ... write to f.fd ...
 *      st = pending_file_publish(&f, &err);     // synced, named, never over another file
 *      pending_file_close(&f);                  // in any case; removes what was not published
 *
 * Where the file system can (O_TMPFILE), the file has no name until it is published, so that
 * even a power failure leaves nothing behind; elsewhere it has a hidden one beside its target.
 */
#ifndef TEMOIN_DB_PENDING_FILE_H
#define TEMOIN_DB_PENDING_FILE_H

#include "db/store.h"

struct pending_file {
    int fd;          /* mode 0600, empty */
    char *target;    /* owned */
    char *temporary; /* owned; NULL: it has no name */
    char *directory; /* owned */
};

/* STORE_INVALID: the target is there already. */
enum store_status pending_file_open(const char *target, struct pending_file *f,
                                    struct store_error *err);
enum store_status pending_file_publish(struct pending_file *f, struct store_error *err);
void pending_file_close(struct pending_file *f);

#endif
