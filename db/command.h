/*
 * command - the subcommands of temoin(1)
 *
 * Each takes argv beginning with its own name, prints results on stdout and errors on stderr
 * (one line: what, where, how to mend), and returns a sysexits(3) status.
 */
#ifndef TEMOIN_DB_COMMAND_H
#define TEMOIN_DB_COMMAND_H

#include <stdbool.h>

#include "policy/settings.h"

struct command_context {
    const char *config_file;
    struct settings *settings; /* NULL for commands that need none (read, verify FILE) */
    const char *actor;         /* who runs it: SUDO_USER or the user's name */
};

int command_init(const struct command_context *c, int argc, char **argv);
int command_check(const struct command_context *c, int argc, char **argv);
int command_import(const struct command_context *c, int argc, char **argv);
int command_show(const struct command_context *c, int argc, char **argv);
int command_note(const struct command_context *c, int argc, char **argv);
int command_review(const struct command_context *c, int argc, char **argv);
int command_file(const struct command_context *c, int argc, char **argv);
int command_verify(const struct command_context *c, int argc, char **argv);
int command_stats(const struct command_context *c, int argc, char **argv);
int command_evidence(const struct command_context *c, int argc, char **argv);

/* The sysexits status that a store status becomes: 66 not found, 75 busy, 74 input/output,
   77 denied, 65 invalid or corrupt, 70 else. */
int exit_status(int store_status);

#endif
