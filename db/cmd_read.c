/*
 * cmd_read - temoin read < MESSAGE: what the reader understands, as JSON
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/identify.h"
#include "db/read_json.h"

static const char USAGE[] = "usage: temoin read < MESSAGE\n\n"
                            "Prints what a message says, as JSON: its kind, tokens, recipients,\n"
                            "the sender's words, attachments, suggestions. Needs no store.\n";

static int take_message(struct bytes *octets)
{
    char chunk[65536];
    ssize_t n;
    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return command_fail(EX_IOERR, "cannot read the message from standard input: %s",
                                strerror(errno));
        if (!bytes_append(octets, chunk, (size_t)n))
            return command_fail(EX_OSERR, "out of memory");
    }
    return EX_OK;
}

static int print_facts(const struct bytes *octets)
{
    struct identify *identify = identify_open();
    struct understanding_tools tools = {.identify = identify_octets, .context = identify};
    struct understood u = {0};
    bool done = understand(octets->data ? octets->data : "", octets->len, &tools, &u);
    int status = done ? command_print_json(read_json(&u)) : command_fail(EX_OSERR, "out of memory");
    understood_free(&u);
    identify_close(identify);
    return status;
}

int command_read(const struct command_context *c, int argc, char **argv)
{
    (void)c;
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    int option = getopt_long(argc, argv, "", options, NULL);
    if (option == 'h') {
        fputs(USAGE, stdout);
        return EX_OK;
    }
    if (option != -1 || optind != argc)
        return command_misused("read", "takes a message on standard input, and no arguments");
    struct bytes octets = {0};
    int status = take_message(&octets);
    if (status == EX_OK)
        status = print_facts(&octets);
    bytes_free(&octets);
    return status;
}
