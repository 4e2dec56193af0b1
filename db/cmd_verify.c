/*
 * cmd_verify - temoin verify: reads the command line (cmd_verify_log.c does the work)
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "db/cmd_verify.h"

static const char USAGE[] =
    "usage: temoin verify --log [--checkpoint FILE [--log-key FILE]] [--json]\n\n"
    "  --log              check every record, leaf, signature, message, dossier and the root\n"
    "  --checkpoint FILE  and that the log begins with this checkpoint, which somebody outside\n"
    "                     kept: a signed note, or a reminder as it was delivered\n"
    "  --log-key FILE     the log's public key as it was obtained outside (log.pub.pem, or a line\n"
    "                     name+hex+base64)\n"
    "  --json             print the result for programs\n\n"
    "Exit status: 0 intact; 1 altered or left unsigned, naming what, or not what the checkpoint\n"
    "says; 2 intact, but the checkpoint is not signed by the log key; 66, 74, 77 the store cannot\n"
    "be read.\n";

int command_verify(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"log", no_argument, NULL, 'l'},           {"checkpoint", required_argument, NULL, 'c'},
        {"log-key", required_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {0}};
    struct verify_log_wishes w = {0};
    bool log = false;
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'h')
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        if (o == '?')
            return command_wrong_option("verify", argv, "", options);
        log |= o == 'l';
        w.json |= o == 'j';
        if (o == 'c')
            w.checkpoint = optarg;
        if (o == 'k')
            w.log_key = optarg;
    }
    if (log && optind < argc)
        return command_misused("verify",
                               "verify --log takes no file: to hold a checkpoint against the log, "
                               "write --checkpoint %s",
                               argv[optind]);
    if (!log)
        return command_misused("verify", "verify takes --log and, if you like, --json");
    if (w.log_key && !w.checkpoint)
        return command_misused("verify", "--log-key is for a --checkpoint");
    return verify_log_command(c, &w);
}
