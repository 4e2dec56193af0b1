/*
 * cmd_import - temoin import: invoices, contacts and payments from CSV files
 *
 * Files are opened with the caller's rights, before root's are given up, and are held in
 * memory: at most FILE_MAX octets each. The register is asked before anything is written, so
 * that --strict is all or nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/import.h"
#include "db/scribe_client.h"

enum { FILE_MAX = 256 * 1024 * 1024 };

static const char help[] =
    "usage: temoin import [--strict] [--dry-run] FILE...\n\n"
    "Takes in tables (CSV) of invoices, contacts or payments; the kind is told from the header\n"
    "line, in French or English. \"-\" is standard input. Importing twice changes nothing.\n\n"
    "  --strict   refuse a whole file when one of its lines is bad\n"
    "  --dry-run  show what the columns mean and what is wrong; change nothing\n\n"
    "Exit status: 0, or 65 when a line was skipped or a file refused.\n";

struct options {
    bool strict, dry_run;
};

struct source {
    const char *name;
    struct bytes data;
};

static int read_source(struct source *source)
{
    bool standard = strcmp(source->name, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(source->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return command_fail(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "cannot open %s: %s",
                            source->name, strerror(errno));
    char chunk[65536];
    ssize_t got = 0;
    bool grown = true;
    while (grown && source->data.len <= FILE_MAX && (got = read(fd, chunk, sizeof chunk)) > 0)
        grown = bytes_append(&source->data, chunk, (size_t)got);
    int code = errno;
    if (!standard)
        close(fd);
    if (!grown)
        return command_fail(EX_OSERR, "out of memory");
    if (source->data.len > FILE_MAX)
        return command_fail(EX_DATAERR, "%s: larger than 256 MB: split it", source->name);
    return got < 0 ? command_fail(EX_IOERR, "cannot read %s: %s", source->name, strerror(code))
                   : EX_OK;
}

static void show_mapping(const struct import *plan)
{
    printf("%s: %s, %s, %zu good lines\n", plan->name, import_kind_name(plan->map.kind),
           plan->charset, plan->count);
    for (size_t i = 0; i < plan->header.count; i++) {
        const char *meaning = NULL;
        for (int k = 0; k < COLUMN_COUNT && !meaning; k++)
            if (plan->map.at[k] == (int)i)
                meaning = import_column_name(k);
        if (plan->map.kind != IMPORT_UNKNOWN)
            printf("  %-12s %s\n", meaning ? meaning : "(not used)", plan->header.items[i]);
    }
}

static void tell(const struct import *plan, const struct options *o, bool refused)
{
    for (size_t i = 0; i < plan->problems.count; i++)
        command_fail(EX_DATAERR, "%s", plan->problems.items[i]);
    for (size_t i = 0; i < plan->warnings.count; i++)
        command_fail(EX_OK, "warning: %s", plan->warnings.items[i]);
    if (o->dry_run)
        show_mapping(plan);
    else if (refused)
        command_fail(EX_DATAERR, "%s: refused, nothing was changed: mend the lines above%s",
                     plan->name,
                     plan->map.kind == IMPORT_UNKNOWN ? "" : ", or import without --strict");
    else
        printf("%s: %s: %zu changed, %zu unchanged, %zu skipped\n", plan->name,
               import_kind_name(plan->map.kind), plan->added, plan->unchanged, plan->skipped);
}

static int import_source(const struct command_context *c, const struct options *o,
                         struct register_db *db, const struct source *source)
{
    struct import plan;
    struct store_error err = {.text = ""};
    enum store_status status = STORE_OK;
    const struct bytes *data = &source->data;
    if (!import_parse(data->data ? data->data : "", data->len, source->name, &plan))
        status = STORE_NO_MEMORY;
    if (status == STORE_OK)
        status = import_check(&plan, c->settings, db, &err);
    bool refused = plan.map.kind == IMPORT_UNKNOWN || (o->strict && plan.skipped);
    if (status == STORE_OK && !refused && !o->dry_run)
        status = import_write(&plan, db, c->actor, &err);
    int result = EX_OK;
    if (status == STORE_OK) {
        tell(&plan, o, refused);
        result = plan.skipped ? EX_DATAERR : EX_OK;
    } else {
        result = command_fail_store(status, &err);
    }
    import_free(&plan);
    return result;
}

/* Hand entries of the outbox to the log; what fails stays for the next command. */
struct delivery {
    const struct settings *settings;
    size_t count;
    bool terminal; /* somebody is watching */
    enum store_status status;
    struct store_error err;
};

static size_t deliver(struct entry *entries, size_t count, void *context)
{
    struct delivery *d = context;
    size_t taken = 0;
    d->status = log_append_all(d->settings, entries, count, &taken, &d->err);
    d->count += taken;
    if (d->terminal)
        fprintf(stderr, "\r%zu entries handed to the log", d->count);
    return taken;
}

static int flush_outbox(const struct command_context *c, struct register_db *db)
{
    struct delivery d = {
        .settings = c->settings, .terminal = isatty(STDERR_FILENO), .status = STORE_OK};
    struct store_error err = {.text = ""};
    enum store_status status = register_outbox_flush(db, deliver, &d, &err);
    if (d.terminal && d.count)
        fputc('\n', stderr);
    if (d.status != STORE_OK) {
        command_fail_store(d.status, &d.err);
        return command_fail(exit_status(d.status), "the register is changed, the log will take it "
                                                   "in with the next import");
    }
    return status == STORE_OK ? EX_OK : command_fail_store(status, &err);
}

static int import_all(const struct command_context *c, const struct options *o,
                      const struct source *sources, size_t count)
{
    struct register_db *db;
    struct store_error err = {.text = ""};
    enum store_status status = register_open(c->settings->store_directory,
                                             o->dry_run ? STORE_READ : STORE_WRITE, &db, &err);
    if (status != STORE_OK)
        return command_fail_store(status, &err);
    int worst = EX_OK;
    for (size_t i = 0; i < count && (worst == EX_OK || worst == EX_DATAERR); i++) {
        int result = import_source(c, o, db, &sources[i]);
        worst = result ? result : worst;
    }
    int flushed = o->dry_run ? EX_OK : flush_outbox(c, db);
    register_close(db);
    return flushed ? flushed : worst;
}

int command_import(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"strict", no_argument, NULL, 's'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct options o = {.strict = false};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("import", argv, "", options);
        o.strict = o.strict || option == 's';
        o.dry_run = o.dry_run || option == 'n';
    }
    size_t count = (size_t)(argc - optind);
    if (count == 0)
        return command_misused("import", "import needs a file");
    struct source *sources = calloc(count, sizeof *sources);
    if (!sources)
        return command_fail(EX_OSERR, "out of memory");
    int status = EX_OK;
    for (size_t i = 0; i < count && status == EX_OK; i++) {
        sources[i].name = argv[optind + (int)i];
        status = read_source(&sources[i]);
    }
    if (status == EX_OK)
        status = command_become_user(c->settings);
    if (status == EX_OK)
        status = import_all(c, &o, sources, count);
    for (size_t i = 0; i < count; i++)
        bytes_free(&sources[i].data);
    free(sources);
    return status;
}
