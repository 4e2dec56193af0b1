/*
 * command - the subcommands of temoin(1), and what they share
 *
 * Each takes argv beginning with its own name, prints results on stdout and errors on stderr
 * (one line: what, where, how to mend), and returns a sysexits(3) status.
 *
 * Run as root, a command becomes the configured `user` before it touches the store, so that no
 * file of root's appears there. main does that for most; those that first need root's rights
 * (init, check, import, file, evidence, which open files of the caller's) do it themselves.
 */
#ifndef TEMOIN_DB_COMMAND_H
#define TEMOIN_DB_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "db/store.h"
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
int command_verify_files(const struct command_context *c, int argc, char **argv);
int command_seal(const struct command_context *c, int argc, char **argv);
int command_keys(const struct command_context *c, int argc, char **argv);
int command_stats(const struct command_context *c, int argc, char **argv);
int command_read(const struct command_context *c, int argc, char **argv);
int command_follow(const struct command_context *c, int argc, char **argv);
int command_reread(const struct command_context *c, int argc, char **argv);
int command_evidence(const struct command_context *c, int argc, char **argv);

int command_backup(const struct command_context *c, int argc, char **argv);
int command_restore(const struct command_context *c, int argc, char **argv);
int command_erase(const struct command_context *c, int argc, char **argv);
int command_hold(const struct command_context *c, int argc, char **argv);
int command_retention(const struct command_context *c, int argc, char **argv);

/* The sysexits status that a store status becomes: 66 not found, 75 busy, 74 input/output,
   77 denied, 65 invalid or corrupt, 70 else. */
int exit_status(int store_status);

/* One line "temoin: …" on stderr; returns `status`, to be returned in turn. Control
   characters of foreign text are shown as "?". */
int command_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what the store says. */
int command_fail_store(enum store_status status, const struct store_error *err);

/* A wrong command line: the sentence and where help is; returns 64. */
int command_misused(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for what getopt_long() just answered with '?': an option that is not there, that lacks
   its value, or that was given one and takes none. `shorts` and `options` are what it was given. */
struct option;
int command_wrong_option(const char *command, char **argv, const char *shorts,
                         const struct option *options);

/* Read and parse a configuration. 0 and *out (settings_unref it), or a status, said on stderr
   with file and line. */
int command_settings(const char *config_file, struct settings **out);

/* The same with the errors appended to a list instead. */
int command_settings_list(const char *config_file, struct settings **out, struct strings *errors);

/* Become the settings' user when running as root, for good; else nothing. 0 or a status. */
int command_become_user(const struct settings *s);

/* Do `work` as `user` (a name): in a child process when running as root, in this one
   otherwise. Returns its status, at most 255. Nothing open (SQLite handles above all) may be
   used on both sides. */
int command_as_user(const char *user, int (*work)(void *context), void *context);

/* Parse a decimal number of at most 18 digits; false when it is none. */
bool command_number(const char *text, uint64_t *number);

/* Print a JSON value sorted and indented on stdout and release it; NULL is out of memory.
   Returns 0 or a status (a full disk or a closed pipe behind stdout is an error). */
int command_print_json(json_t *json);

/* Does the register know this invoice, or is there a dossier of it? 0, 66 (said on stderr), or
   another status. */
int command_knows_invoice(const struct settings *s, const char *invoice);

/* log_append(), with failures said on stderr. 0 or a status; appended_free(done) in any case. */
int command_append(const struct settings *s, struct entry *e, struct appended *done);

/* Octets from the random source of OpenSSL, for keys of entries that are never retried.
   False: it has none. */
bool command_random(unsigned char *octets, size_t len);

#endif
