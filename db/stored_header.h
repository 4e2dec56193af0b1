/*
 * stored_header - the header of an archived message, without its body
 *
 * Synopsis
 *      struct fields f = {0};
 *      st = stored_header_read(store, seq, &f, &err);
 *      ... fields_find(&f, "Subject", 1) ...
 *      fields_free(&f);
 */
#ifndef TEMOIN_DB_STORED_HEADER_H
#define TEMOIN_DB_STORED_HEADER_H

#include "db/store.h"
#include "policy/message.h"

enum { STORED_HEADER_MAX = 256 * 1024 }; /* octets of it that are looked at */

/* Fields are appended to `f`. A message that is not there or cannot be read has none: that is
   for verify to say, and the rest is to be seen all the same. Else STORE_BUSY, STORE_DENIED or
   STORE_NO_MEMORY. */
enum store_status stored_header_read(struct store *store, uint64_t seq, struct fields *f,
                                     struct store_error *err);

#endif
