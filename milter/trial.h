/*
 * trial - a configuration is tried by an unprivileged process before it is believed
 *
 * Synopsis
 *      struct candidate c;
 *      if (candidate_read(file, &c) == EX_OK) ... c.settings, c.config, c.keys ...
 *      candidate_free(&c);
 *
 * The file may be wrong in ways that a parser does not survive; then that process dies, and
 * the one with root's rights goes on with what it had.
 */
#ifndef TEMOIN_MILTER_TRIAL_H
#define TEMOIN_MILTER_TRIAL_H

#include <stdbool.h>

#include "policy/settings.h"

struct candidate {
    char *config; /* the file's text */
    char *keys;   /* the text of <key_directory>/token.keys */
    struct settings *settings;
};

/* Read, try and take a configuration and its token keys. Complaints are logged, one line each.
   EX_OK; EX_CONFIG: it is wrong; EX_NOINPUT, EX_NOPERM: a file cannot be read; EX_OSERR. */
int candidate_read(const char *file, struct candidate *out);

/* The keys are overwritten. */
void candidate_free(struct candidate *c);

#endif
