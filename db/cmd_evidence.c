/*
 * cmd_evidence - temoin evidence INVOICE [-o FILE] [--lang LANGUAGE]: write the evidence file
 *
 * Run by root, each step is done by who may do it: output files are opened by root, the entry is
 * appended, the batch closed and the dossier read as the store's user, and, with the daemon
 * stopped, the entry is signed as the sealer's. Run by anybody else, it is all done in this
 * process.
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
    "usage: temoin evidence INVOICE [-o FILE] [--lang fr|en]\n\n"
    "Writes a container (ASiC-E, a zip): the dossier to read (dossier.pdf, index.html), its\n"
    "messages, records, signatures and timestamps, sealed as a whole, and a LISEZMOI.txt with the\n"
    "commands that verify it. The export is itself an entry of the dossier.\n\n"
    "  -o, --output FILE  where to; by default the invoice number with \".asice\" in the current\n"
    "                     directory. A file that is there is not overwritten. A large dossier\n"
    "                     becomes several, such as F-1-1-of-3.asice.\n"
    "      --lang fr|en   language of dossier.pdf and index.html: French by default\n";

/* What one step, which may be another process, tells the next; in shared memory. */
struct told {
    uint64_t last;
    unsigned volumes;
};

struct job {
    const struct command_context *context;
    struct evidence_order order;
    struct told *told;
    int *fds;
};

static int say_remarks(const struct strings *remarks, int status)
{
    for (size_t i = 0; i < remarks->count; i++)
        command_fail(status, "not yet dated: %s", remarks->items[i]);
    return status;
}

static int announce(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    enum store_status st = evidence_announce(&job->order, &job->told->last, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int wait_for_seal(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    enum store_status st = seal_wait(job->context->settings, job->told->last, SEAL_WAIT_MS, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int date(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    struct strings remarks = {0};
    enum store_status st = evidence_date(&job->order, &remarks, &err);
    if (st == STORE_OK)
        st = evidence_volumes(&job->order, job->told->last, &job->told->volumes, &err);
    say_remarks(&remarks, EX_OK);
    strings_free(&remarks);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int write_volumes(void *context)
{
    const struct job *job = context;
    struct store_error err = {0};
    struct strings remarks = {0};
    g_mime_init();
    enum store_status st = evidence_write(&job->order, job->told->last, (int64_t)time(NULL),
                                          job->fds, job->told->volumes, &remarks, &err);
    say_remarks(&remarks, EX_OK);
    strings_free(&remarks);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

/* --- files ----------------------------------------------------------------------------------*/

/* "dir/F-1.asice" and 2 of 3 make "dir/F-1-2-of-3.asice". NULL: out of memory. */
static char *volume_name(const char *target, unsigned number, unsigned of)
{
    struct bytes name = {0};
    const char *slash = strrchr(target, '/'), *dot = strrchr(target, '.');
    size_t stem =
        dot && dot > (slash ? slash + 1 : target) ? (size_t)(dot - target) : strlen(target);
    bool done = of == 1 ? bytes_puts(&name, target)
                        : bytes_append(&name, target, stem) &&
                              bytes_printf(&name, "-%u-of-%u%s", number, of, target + stem);
    char *made = done ? bytes_steal(&name) : NULL;
    bytes_free(&name);
    return made;
}

static int open_volume(const char *target, unsigned number, unsigned of, struct pending_file *f)
{
    struct store_error err = {0};
    char *name = volume_name(target, number, of);
    if (!name)
        return command_fail(EX_OSERR, "out of memory");
    enum store_status st = pending_file_open(name, f, &err);
    free(name);
    return st == STORE_INVALID ? command_fail(EX_CANTCREAT, "%s", err.text)
           : st != STORE_OK    ? command_fail_store(st, &err)
                               : EX_OK;
}

/* All of them, or as good as none: a volume is named only when every one is written. */
static int publish(struct pending_file *files, unsigned count)
{
    struct store_error err = {0};
    for (unsigned i = 0; i < count; i++) {
        enum store_status st = pending_file_publish(&files[i], &err);
        if (st != STORE_OK)
            return command_fail_store(st, &err);
        if (printf("%s\n", files[i].target) < 0)
            return command_fail(EX_IOERR, "cannot write to standard output");
    }
    return fflush(stdout) == 0 ? EX_OK : command_fail(EX_IOERR, "cannot write to standard output");
}

static int write_files(struct job *job, const char *target)
{
    unsigned count = job->told->volumes;
    struct pending_file *files = calloc(count, sizeof *files);
    job->fds = calloc(count, sizeof *job->fds);
    int status = files && job->fds ? EX_OK : command_fail(EX_OSERR, "out of memory");
    unsigned opened = 0;
    for (; status == EX_OK && opened < count; opened++) {
        files[opened].fd = -1;
        status = open_volume(target, opened + 1, count, &files[opened]);
        job->fds[opened] = files[opened].fd;
    }
    if (status == EX_OK)
        status = command_as_user(job->context->settings->user, write_volumes, job);
    if (status == EX_OK)
        status = publish(files, count);
    for (unsigned i = 0; i < opened; i++)
        pending_file_close(&files[i]);
    free(files);
    free(job->fds);
    return status;
}

/* Nothing is entered in the log when the target is there already or cannot be written. */
static int try_target(const char *target)
{
    struct pending_file f = {.fd = -1};
    int status = open_volume(target, 1, 1, &f);
    pending_file_close(&f);
    return status;
}

static int evidence(const struct command_context *c, const char *invoice, const char *target,
                    enum language language)
{
    const char *slash = strrchr(target, '/');
    const struct settings *s = c->settings;
    struct job job = {.context = c,
                      .order = {s, invoice, c->actor, slash ? slash + 1 : target, language},
                      .told = mmap(NULL, sizeof *job.told, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    if (job.told == MAP_FAILED)
        return command_fail(EX_OSERR, "out of memory");
    int status = try_target(target);
    if (status == EX_OK)
        status = command_as_user(s->user, announce, &job);
    if (status == EX_OK)
        status = command_as_user(s->sealer_user, wait_for_seal, &job);
    if (status == EX_OK)
        status = command_as_user(s->user, date, &job);
    if (status == EX_OK)
        status = write_files(&job, target);
    munmap(job.told, sizeof *job.told);
    return status;
}

int command_evidence(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"lang", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *output = NULL;
    enum language language = LANGUAGE_FR;
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
        if (o == 'h')
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        if (o == '?')
            return command_wrong_option("evidence", argv, "o:", options);
        if (o == 'o')
            output = optarg;
        else if (strcmp(optarg, "en") == 0)
            language = LANGUAGE_EN;
        else if (strcmp(optarg, "fr") != 0)
            return command_misused("evidence", "--lang %s: write fr or en", optarg);
    }
    if (argc - optind != 1)
        return command_misused("evidence", "evidence takes one invoice number");
    if (output)
        return evidence(c, argv[optind], output, language);
    char *name = evidence_file_name(argv[optind]);
    int status =
        name ? evidence(c, argv[optind], name, language) : command_fail(EX_OSERR, "out of memory");
    free(name);
    return status;
}
