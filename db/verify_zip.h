/*
 * verify_zip - the files of a container that may be hostile
 *
 * Synopsis
 *      struct zip_reader *z;
 *      st = zip_reader_open(fd, &z, &err);
 *      for (i = 0; i < zip_reader_count(z); i++)
 *          zip_reader_stream(z, i, sink, context, &why, &err);
 *      zip_reader_close(z);
 *
 * Nothing is unpacked to disk. Names, methods and declared sizes are judged before anything is
 * inflated, and inflating ends at the declared size: the work is bounded by FILE_RATIO_MAX times
 * the length of the file.
 */
#ifndef TEMOIN_DB_VERIFY_ZIP_H
#define TEMOIN_DB_VERIFY_ZIP_H

#include "db/verify_file.h"

struct zip_reader;

/* STORE_CORRUPT: no zip, cut off, contradicting itself, or beyond the limits. */
enum store_status zip_reader_open(int fd, struct zip_reader **reader, struct store_error *err);
void zip_reader_close(struct zip_reader *z);

size_t zip_reader_count(const struct zip_reader *z);
const char *zip_reader_name(const struct zip_reader *z, size_t i);
uint64_t zip_reader_size(const struct zip_reader *z, size_t i);

/* What is wrong with a name, or with the form of the zip around this file; NULL: nothing.
   Static text. */
const char *zip_reader_fault(const struct zip_reader *z, size_t i);

/* True: the container begins as ASiC-E demands (ETSI EN 319 162-1, A.1): "mimetype" first,
   stored, without extra field, holding nothing but the type. */
bool zip_reader_typed(const struct zip_reader *z);

/* False ends the reading. */
typedef bool (*zip_sink)(const void *data, size_t len, void *context);

/* Hand the content to `sink` in pieces. STORE_OK with *why NULL: all of it; with *why (static
   text): it cannot be unpacked or is not what its checksum says; STORE_NO_MEMORY: the sink
   ended it. */
enum store_status zip_reader_stream(struct zip_reader *z, size_t i, zip_sink sink, void *context,
                                    const char **why, struct store_error *err);

#endif
