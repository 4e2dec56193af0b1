/*
 * check - the lines of temoin check: what is well, what is odd, what is wrong and its mend
 */
#ifndef TEMOIN_DB_CHECK_H
#define TEMOIN_DB_CHECK_H

#include "db/command.h"

enum check_level { CHECK_OK, CHECK_WARNING, CHECK_ERROR };

struct check {
    json_t *lines; /* with --json, else NULL: printed as they come */
    int status;    /* of the first error, sysexits; 0 */
    unsigned warnings, errors;
};

/* One line "ok what", "warning what: mend", "error what: mend". `status` counts for errors. */
void check_say(struct check *check, enum check_level level, int status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* An error of the store. */
void check_say_store(struct check *check, const char *what, enum store_status status,
                     const struct store_error *err);

/* What the running Postfix says about our listeners (check_live.c). Needs root to try the
   sockets as Postfix's own user. */
void check_live(struct check *check, const struct settings *s);

#endif
