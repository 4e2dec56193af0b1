/*
 * cmd_show - temoin show INVOICE [--json]: the whole dossier as a timeline
 */
#include <errno.h>
#include <getopt.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "db/command.h"
#include "db/timeline.h"

static const char USAGE[] = "usage: temoin show [--json] INVOICE\n\n"
                            "Prints sums, debtor, contacts, whether reminders are paused, every\n"
                            "entry of the dossier, and what waits in review for it.\n\n"
                            "  --json  print the same for programs\n";

/* The register may not have been made yet; all else must be there. */
static enum store_status sources_open(const struct settings *s, struct timeline_sources *from,
                                      struct store_error *err)
{
    enum store_status st = store_open(s->store_directory, STORE_READ, &from->store, err);
    if (st == STORE_OK)
        st = seal_store_open(s->store_directory, STORE_READ, &from->seals, err);
    if (st != STORE_OK)
        return st;
    st = register_open(s->store_directory, STORE_READ, &from->bills, err);
    if (st == STORE_NOT_FOUND)
        from->bills = NULL;
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

static void sources_close(struct timeline_sources *from)
{
    register_close(from->bills);
    seal_store_close(from->seals);
    store_close(from->store);
}

static int print_text(const struct timeline *t)
{
    struct bytes out = {0};
    int status = EX_OK;
    if (!timeline_text(t, &out))
        status = command_fail(EX_OSERR, "out of memory");
    else if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
        status = command_fail(EX_IOERR, "cannot write to standard output: %s", strerror(errno));
    bytes_free(&out);
    return status;
}

static int show(const struct command_context *c, const char *invoice, bool as_json)
{
    struct timeline_sources from = {0};
    struct timeline t = {0};
    struct store_error err = {0};
    g_mime_init();
    enum store_status st = sources_open(c->settings, &from, &err);
    if (st == STORE_OK)
        st = timeline_load(&from, invoice, &t, &err);
    int status = st != STORE_OK ? command_fail_store(st, &err)
                 : as_json      ? command_print_json(timeline_json(&t))
                                : print_text(&t);
    timeline_free(&t);
    sources_close(&from);
    return status;
}

int command_show(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool as_json = false;
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'h')
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        if (o == '?')
            return command_misused("show", "wrong option %s", argv[optind - 1]);
        as_json |= o == 'j';
    }
    if (argc - optind != 1)
        return command_misused("show", "show takes one invoice number");
    return show(c, argv[optind], as_json);
}
