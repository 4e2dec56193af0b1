/*
 * cmd_keys - temoin keys [--timer] [--json]: keep the DNS keys of signatures on matched mail
 *
 * 0: all that was due was answered, or nothing was; 75: nobody answered, they wait for the next
 * time.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "db/command.h"
#include "db/dkim_keys.h"

static const char help[] =
    "usage: temoin keys [--timer] [--json]\n\n"
    "Asks the DNS for the keys of DKIM signatures on inbound mail that was matched to an\n"
    "invoice, and enters them in the log: they may not be there for long.\n\n"
    "  --timer  leave alone what failed a short time ago\n"
    "  --json   print the result for programs\n";

static int print_json(const struct dkim_keys_done *d)
{
    return command_print_json(json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "entries", (json_int_t)d->entries, "found",
        (json_int_t)d->found, "absent", (json_int_t)d->absent, "bogus", (json_int_t)d->bogus,
        "given_up", (json_int_t)d->given_up, "unanswered", (json_int_t)d->unanswered, "waiting",
        (json_int_t)d->waiting, "remarks", json_strings(&d->remarks)));
}

static int print_text(const struct settings *s, const struct dkim_keys_done *d)
{
    if (!s->dkim_keys)
        puts("dkim_keys = no: nothing is asked for.");
    else if (d->entries == 0 && d->unanswered == 0)
        puts("No key to ask for.");
    else
        printf("Keys found: %" PRIu64 ", absent: %" PRIu64 ", contradicted by DNSSEC: %" PRIu64
               ", given up: %" PRIu64 "; waiting: %" PRIu64 "\n",
               d->found, d->absent, d->bogus, d->given_up, d->waiting);
    return fflush(stdout) == 0 ? EX_OK : command_fail(EX_IOERR, "cannot write to standard output");
}

static int fetch(const struct command_context *c, bool timer, bool json)
{
    struct dkim_keys_done done;
    struct store_error err = {.text = ""};
    enum store_status st = dkim_keys_fetch(c->settings, c->actor, timer, &done, &err);
    /* the first remark of a failure is in the error itself */
    for (size_t i = st == STORE_BUSY; i < done.remarks.count; i++)
        command_fail(EX_OK, "%s", done.remarks.items[i]);
    int status = EX_OK;
    if (st == STORE_OK || done.entries)
        status = json ? print_json(&done) : print_text(c->settings, &done);
    dkim_keys_done_free(&done);
    return st == STORE_OK ? status : command_fail_store(st, &err);
}

int command_keys(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"timer", no_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool timer = false, json = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("keys", argv, "", options);
        timer |= option == 't';
        json |= option == 'j';
    }
    if (optind != argc)
        return command_misused("keys", "keys takes no argument");
    return fetch(c, timer, json);
}
