/*
 * cmd_verify - temoin verify --log [--json]: is the log what was written?
 *
 * 0: intact; 1: altered, or unsigned for too long, one line for each thing on stdout; 66, 74, 77:
 * it cannot be read.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/command.h"
#include "db/verify.h"

enum { EXIT_ALTERED = 1 };

static const char USAGE[] =
    "usage: temoin verify --log [--json]\n\n"
    "  --log   check every record, leaf, signature, message, dossier and the root\n"
    "  --json  print the result for programs\n\n"
    "Exit status: 0 intact; 1 altered or left unsigned, naming what; 66, 74, 77 the store cannot\n"
    "be read.\n";

static void show_progress(uint64_t done, uint64_t of)
{
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries", done, of);
    fflush(stderr);
}

static void print_text(const struct verdict *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct finding *f = &v->findings[i];
        if (f->seq)
            printf("entry %" PRIu64 ": %s\n", f->seq, f->what);
        else
            printf("%s\n", f->what);
    }
    if (v->count == 0)
        printf("intact: all that was written is there, unchanged (entries: %" PRIu64
               ", messages: %" PRIu64 ", dossiers: %" PRIu64 ")",
               v->entries, v->messages, v->dossiers);
    else
        printf("NOT INTACT (findings: %zu, entries: %" PRIu64 ")", v->count, v->entries);
    if (v->erased)
        printf("; erased: %" PRIu64, v->erased);
    if (v->unsigned_yet)
        printf("; not yet signed: %" PRIu64, v->unsigned_yet);
    printf("\n");
}

static int print_result(const struct verdict *v, bool as_json)
{
    int status = EX_OK;
    if (as_json)
        status = command_print_json(verdict_json(v));
    else {
        print_text(v);
        if (fflush(stdout) != 0 || ferror(stdout))
            status = command_fail(EX_IOERR, "cannot write to standard output");
    }
    return status == EX_OK && v->count ? EXIT_ALTERED : status;
}

/* "cannot be read" is 66 or 74 (or 77): a damaged file gives 74 where exit_status() has 65. */
static int unreadable(enum store_status st, const struct verdict *v, const struct store_error *err)
{
    for (size_t i = 0; i < v->count; i++)
        fprintf(stderr, "temoin: found before: entry %" PRIu64 ": %s\n", v->findings[i].seq,
                v->findings[i].what);
    command_fail_store(st, err);
    return st == STORE_CORRUPT || st == STORE_INVALID ? EX_IOERR : exit_status(st);
}

int command_verify(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"log", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bool log = false, as_json = false;
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'h')
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        if (o == '?')
            return command_misused("verify", "wrong option %s", argv[optind - 1]);
        log |= o == 'l';
        as_json |= o == 'j';
    }
    if (!log || optind < argc)
        return command_misused("verify", "verify takes --log and, if you like, --json");
    if (!c->settings)
        return command_fail(EX_CONFIG, "verify --log needs the configuration %s", c->config_file);
    struct verdict v = {0};
    struct store_error err = {0};
    bool shows = isatty(STDERR_FILENO);
    enum store_status st =
        verify_log(c->settings, (int64_t)time(NULL), shows ? show_progress : NULL, &v, &err);
    if (shows)
        fputs("\r\033[K", stderr);
    int status = st == STORE_OK ? print_result(&v, as_json) : unreadable(st, &v, &err);
    verdict_free(&v);
    return status;
}
