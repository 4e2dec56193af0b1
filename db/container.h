/*
 * container - a zip file written to a descriptor, with a list of its files' hashes
 *
 * Synopsis
 *      struct container *c = container_new(fd, &err);
 *      container_add(c, "index.json", &bytes, &err);
 *      container_add_later(c, "entries/001.eml", size, sha256, load, context, &err);
 *      st = container_finish(c, &err);    // writes SHA256SUMS last
 *      container_free(c);
 *
 * Nothing is written to any other file: no temporary copy of a message. Large content is
 * loaded when its turn comes, one at a time, and must then have the hash that was announced.
 */
#ifndef TEMOIN_DB_CONTAINER_H
#define TEMOIN_DB_CONTAINER_H

#include "db/store.h"

struct container;

/* `fd` is open for reading and writing and stays the caller's. NULL: *err says why. */
struct container *container_new(int fd, struct store_error *err);
void container_free(struct container *c);

/* Takes over the contents: `data` is empty afterwards, whatever happens. */
enum store_status container_add(struct container *c, const char *name, struct bytes *data,
                                struct store_error *err);

/* Append the content to `out`; a failure is returned with its sentence. */
typedef enum store_status (*container_load)(uint64_t key, struct bytes *out, void *context,
                                            struct store_error *err);

enum store_status container_add_later(struct container *c, const char *name, uint64_t size,
                                      const unsigned char sha256[HASH_OCTETS], container_load load,
                                      uint64_t key, void *context, struct store_error *err);

enum store_status container_finish(struct container *c, struct store_error *err);

#endif
