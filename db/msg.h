/*
 * msg - what programs of this house say about their work
 *
 * Five words, as Postfix uses them: info (one line per decision), warn (odd, but handled),
 * error (something was refused or lost service; names what, where, how to mend), fatal (the
 * environment is unusable; exits), panic (a bug of ours; exits). Lines go to syslog or stderr.
 */
#ifndef TEMOIN_DB_MSG_H
#define TEMOIN_DB_MSG_H

#include <stdbool.h>

/* `tag` stands before each line on stderr ("temoind/scribe"); it must outlive the process.
   `facility` NULL: stderr; else a syslog facility name such as "mail". Call once, before
   threads start. */
void msg_open(const char *tag, const char *facility);

void msg_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void msg_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void msg_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Exits with `status` (sysexits). */
_Noreturn void msg_fatal(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A bug of ours: says where, and exits with EX_SOFTWARE after abort-free cleanup. */
_Noreturn void msg_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
