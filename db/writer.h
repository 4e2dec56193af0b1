/*
 * writer - who writes the log: what each record says about the program and its seal
 *
 * Used by scribe and by commands that take its place (log_append.c).
 */
#ifndef TEMOIN_DB_WRITER_H
#define TEMOIN_DB_WRITER_H

#include "db/store.h"
#include "policy/settings.h"

struct writer {
    char fingerprint[65];   /* hex SHA-256 of the seal certificate */
    char software_hash[65]; /* hex SHA-256 of this program's file */
};

/* Read both. STORE_NOT_FOUND: there is no seal certificate (temoin init makes it). */
enum store_status writer_identify(const struct settings *s, struct writer *w,
                                  struct store_error *err);

/* The context of an append on behalf of `uid`; it points into `w`. */
struct store_context writer_context(const struct writer *w, const struct settings *s,
                                    const char *process, unsigned uid);

/* The private part of "stop" and "configuration": the configuration's hash and the
   versions of program and libraries. NULL: out of memory. */
json_t *writer_versions(const struct settings *s);

/* The same for "start", with the clock's state (db/clock.h) as "clock". */
json_t *writer_start(const struct settings *s);

#endif
