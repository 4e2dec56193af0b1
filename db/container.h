/*
 * container - a zip file written to a descriptor, with a list of its files' hashes
 *
 * Synopsis
 *      struct container *c = container_new(fd, "application/vnd.etsi.asic-e+zip", &err);
 *      container_add(c, "index.json", &bytes, &err);
 *      container_add_later(c, "entries/001.eml", &later, &err);
 *      files = container_files(c, &count);    // all that was added
 *      st = container_finish(c, &err);
 *      container_free(c);
 *
 * Nothing is written to any other file: no temporary copy of a message. Large content is
 * loaded when its turn comes, one at a time, and must then have the hash that was announced.
 */
#ifndef TEMOIN_DB_CONTAINER_H
#define TEMOIN_DB_CONTAINER_H

#include "db/store.h"

/* What is larger is stored rather than deflated: verifiers refuse what inflates too much. */
enum { CONTAINER_STORED_FROM = 200000 };

struct container;

/* `fd` is open for reading and writing and stays the caller's. The first file, "mimetype", holds
   `type`; it is stored, and not one of container_files(). NULL: *err says why. */
struct container *container_new(int fd, const char *type, struct store_error *err);
void container_free(struct container *c);

struct container_file {
    char *name;
    unsigned char sha256[HASH_OCTETS];
};
/* In the order in which they were added; valid until the next one is. */
const struct container_file *container_files(const struct container *c, size_t *count);

/* Takes over the contents: `data` is empty afterwards, whatever happens. */
enum store_status container_add(struct container *c, const char *name, struct bytes *data,
                                struct store_error *err);

/* A file whose content is loaded when it is written. */
struct container_later {
    uint64_t size; /* octets */
    unsigned char sha256[HASH_OCTETS];
    bool stored; /* not deflated */
    uint64_t key;
    void *context;
    /* Append the content to `out`; a failure is returned with its sentence. */
    enum store_status (*load)(uint64_t key, struct bytes *out, void *context,
                              struct store_error *err);
};
enum store_status container_add_later(struct container *c, const char *name,
                                      const struct container_later *content,
                                      struct store_error *err);

enum store_status container_finish(struct container *c, struct store_error *err);

#endif
