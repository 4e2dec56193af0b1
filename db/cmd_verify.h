/*
 * cmd_verify - what the parts of temoin verify share
 */
#ifndef TEMOIN_DB_CMD_VERIFY_H
#define TEMOIN_DB_CMD_VERIFY_H

#include "db/command.h"
#include "db/verify.h"

struct verify_log_wishes {
    bool json;
    const char *checkpoint; /* a file with a checkpoint from outside; NULL: none */
    const char *log_key;    /* a file with the log's public key; NULL: that of key_directory */
};

/* temoin verify --log; returns a status. */
int verify_log_command(const struct command_context *c, const struct verify_log_wishes *w);

#endif
