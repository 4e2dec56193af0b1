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
#include "db/scribe_client.h"
#include "db/timeline.h"

static const char USAGE[] = "usage: temoin show [--json] INVOICE\n\n"
                            "Prints sums, debtor, contacts, whether reminders are paused, every\n"
                            "entry of the dossier, and what waits in review for it. That somebody\n"
                            "looked is itself an entry of the log.\n\n"
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
    st = dkim_index_open(s->store_directory, STORE_READ, &from->keys, err);
    if (st != STORE_OK && st != STORE_NOT_FOUND)
        return st;
    st = facts_db_open(s->store_directory, STORE_READ, NULL, &from->facts, err);
    if (st != STORE_OK && st != STORE_NOT_FOUND && st != STORE_CORRUPT && st != STORE_SCHEMA)
        return st; /* such a file is made anew; until then nothing is read */
    st = register_open(s->store_directory, STORE_READ, &from->bills, err);
    if (st == STORE_NOT_FOUND)
        from->bills = NULL;
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

static void sources_close(struct timeline_sources *from)
{
    dkim_index_close(from->keys);
    facts_db_close(from->facts);
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

/* Who looked at a dossier, and when, is an entry of the log (not of the dossier, which would grow
   by being looked at). Whoever may read the files but not write is warned, not hindered. */
static void record_read(const struct command_context *c, const char *invoice)
{
    struct entry e;
    struct appended done = {0};
    struct store_error err = {"out of memory"};
    enum store_status st = STORE_NO_MEMORY;
    entry_init(&e);
    e.event = "read";
    e.actor = c->actor;
    e.private_part = json_pack("{s:s, s:o}", "what", "show", "dossier", json_foreign(invoice));
    if (e.private_part)
        st = log_append(c->settings, &e, &done, &err);
    if (st != STORE_OK)
        command_fail(EX_OK, "the log does not tell that this dossier was looked at: %s", err.text);
    appended_free(&done);
    entry_free(&e);
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
    if (st == STORE_OK)
        record_read(c, invoice);
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
            return command_wrong_option("show", argv, "", options);
        as_json |= o == 'j';
    }
    if (argc - optind != 1)
        return command_misused("show", "show takes one invoice number");
    if (!*argv[optind])
        return command_misused("show", "the invoice number is empty");
    return show(c, argv[optind], as_json);
}
