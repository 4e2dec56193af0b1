/*
 * parent - temoind's first process: configuration, sockets, children, signals
 *
 * HUP: read the configuration again. USR1: replace all processes by new ones of the installed
 * file, without losing a session. TERM, INT: stop; a second one stops at once. It parses no
 * mail and opens no store.
 */
#ifndef TEMOIN_MILTER_PARENT_H
#define TEMOIN_MILTER_PARENT_H

#include <stdbool.h>

struct parent_options {
    const char *program;        /* this program's file, resolved */
    const char *reader_program; /* temoin-reader's */
    const char *config_file;    /* absolute */
    bool foreground;            /* log to stderr */
    int report_fd;              /* one octet is written when all is ready, then closed; -1: none */
};

/* Runs until it is stopped. Returns a sysexits status: EX_OK after a clean stop. */
int parent_run(const struct parent_options *options);

#endif
