/*
 * cmd_evidence - temoin evidence INVOICE [-o FILE]: write the evidence file
 *
 * Run by root, each step is done by who may do it: the output file is opened by root, the
 * entry is appended and the dossier read as the store's user, and, with the daemon stopped, the
 * entry is signed as the sealer's. Run by anybody else, it is all done in this process.
 */
#include <getopt.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <time.h>

#include "db/command.h"
#include "db/evidence.h"
#include "db/pending_file.h"
#include "db/seal.h"

enum { SEAL_WAIT_MS = 30000 };

static const char USAGE[] =
    "usage: temoin evidence INVOICE [-o FILE]\n\n"
    "Writes a container (ASiC-E, a zip) with the dossier's messages, records and signatures, "
    "sealed\n"
    "as a whole, and a LISEZMOI.txt with the commands that verify it. The export is itself an "
    "entry\n"
    "of the dossier.\n\n"
    "  -o, --output FILE  where to; by default the invoice number with \".asice\" in the current\n"
    "                     directory. A file that is there is not overwritten.\n";

/* `last` is what one step tells the next, which may be another process. */
struct job {
    const struct command_context *context;
    const char *invoice;
    const char *file; /* its name, without directories */
    int fd;
    uint64_t *last; /* in shared memory */
};

static int announce(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    enum store_status st = evidence_announce(job->context->settings, job->invoice,
                                             job->context->actor, job->file, job->last, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int wait_for_seal(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    enum store_status st = seal_wait(job->context->settings, *job->last, SEAL_WAIT_MS, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int write_file(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    g_mime_init();
    enum store_status st = evidence_write(job->context->settings, job->invoice, *job->last,
                                          (int64_t)time(NULL), job->fd, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int run_steps(struct job *job)
{
    const struct settings *s = job->context->settings;
    int status = command_as_user(s->user, announce, job);
    if (status == EX_OK)
        status = command_as_user(s->sealer_user, wait_for_seal, job);
    if (status == EX_OK)
        status = command_as_user(s->user, write_file, job);
    return status;
}

static int evidence(const struct command_context *c, const char *invoice, const char *target)
{
    struct pending_file out = {.fd = -1};
    struct store_error err = {0};
    void *shared =
        mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return command_fail(EX_OSERR, "out of memory");
    enum store_status st = pending_file_open(target, &out, &err);
    int status = st == STORE_INVALID ? command_fail(EX_CANTCREAT, "%s", err.text)
                 : st != STORE_OK    ? command_fail_store(st, &err)
                                     : EX_OK;
    if (status == EX_OK) {
        const char *slash = strrchr(target, '/');
        struct job job = {c, invoice, slash ? slash + 1 : target, out.fd, shared};
        status = run_steps(&job);
    }
    if (status == EX_OK) {
        st = pending_file_publish(&out, &err);
        status = st == STORE_OK ? EX_OK : command_fail_store(st, &err);
    }
    pending_file_close(&out);
    munmap(shared, sizeof(uint64_t));
    if (status == EX_OK && (printf("%s\n", target) < 0 || fflush(stdout) != 0))
        status = command_fail(EX_IOERR, "cannot write to standard output");
    return status;
}

int command_evidence(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *output = NULL;
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
        if (o == 'h')
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        if (o == '?')
            return command_misused("evidence", "wrong option %s", argv[optind - 1]);
        output = optarg;
    }
    if (argc - optind != 1)
        return command_misused("evidence", "evidence takes one invoice number");
    if (output)
        return evidence(c, argv[optind], output);
    char *name = evidence_file_name(argv[optind]);
    int status = name ? evidence(c, argv[optind], name) : command_fail(EX_OSERR, "out of memory");
    free(name);
    return status;
}
