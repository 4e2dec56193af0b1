/*
 * cmd_verify_file - temoin verify FILE…: is an evidence file what its company sealed?
 *
 * Several files are the volumes of one dossier. 0: intact, and signed by whom the caller named;
 * 1: altered; 2: intact, signer not identified; 3: unaltered, but the dossier is not complete;
 * 66, 74, 77: a file cannot be read. Run by root, the files are opened as root and judged as
 * nobody: they come from strangers.
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
#include "db/verify_file.h"

enum { EXIT_ALTERED = 1, EXIT_NOT_IDENTIFIED = 2, EXIT_INCOMPLETE = 3, VOLUMES_MAX = 100 };

static const char USAGE[] =
    "usage: temoin verify [--seal CERT]... [--tsa CERT]... [--json] FILE...\n"
    "       temoin verify --log ...\n\n"
    "Says of each file in an evidence file whether it is what was signed, and whether the dossier\n"
    "is whole. Several FILEs are the volumes of one dossier. No store is needed.\n\n"
    "  --seal CERT  a certificate of the company (PEM), obtained from the company: those of its\n"
    "               seal and of its exports, in one file or by several --seal\n"
    "  --tsa CERT   the timestamp authority's certificate, or one above it (PEM), obtained from "
    "it\n"
    "  --json       print the result for programs\n\n"
    "Exit status: 0 intact; 1 altered; 2 intact, signer not identified; 3 not altered, dossier "
    "not\n"
    "complete; 66, 74, 77 a file cannot be read.\n";

struct judging {
    const struct file_pins *pins;
    char **names;
    const int *fds;
    size_t count;
    bool as_json;
};

static int status_of(enum file_answer answer)
{
    static const int statuses[] = {[FILE_INTACT] = EX_OK,
                                   [FILE_NOT_IDENTIFIED] = EXIT_NOT_IDENTIFIED,
                                   [FILE_INCOMPLETE] = EXIT_INCOMPLETE,
                                   [FILE_ALTERED] = EXIT_ALTERED};
    return statuses[answer];
}

static const char *sentence_of(enum file_answer answer)
{
    static const char *const sentences[] = {
        [FILE_INTACT] =
            "INTACT: not altered; signed, and dated where it says so, by whom you named",
        [FILE_NOT_IDENTIFIED] = "INTACT, SIGNER NOT IDENTIFIED: not altered; name with --seal and "
                                "--tsa the certificates "
                                "that you\nobtained elsewhere",
        [FILE_INCOMPLETE] = "DOSSIER NOT COMPLETE: what is there was not altered",
        [FILE_ALTERED] = "ALTERED: it is not what was signed, see above",
    };
    return sentences[answer];
}

static void print_text(const struct judging *j, const struct file_verdict *verdicts,
                       enum file_answer gravest)
{
    static const char *const marks[] = {[FILE_INTACT] = "ok",
                                        [FILE_NOT_IDENTIFIED] = "unknown",
                                        [FILE_INCOMPLETE] = "missing",
                                        [FILE_ALTERED] = "ALTERED"};
    for (size_t i = 0; i < j->count; i++) {
        if (j->count > 1)
            printf("%s\n", j->names[i]);
        for (size_t k = 0; k < verdicts[i].count; k++) {
            const struct file_line *l = &verdicts[i].lines[k];
            printf("%-8s %s%s%s\n", marks[l->answer], l->file, *l->file ? ": " : "", l->what);
        }
    }
    printf("%s\n", sentence_of(gravest));
}

static int print_json(const struct judging *j, const struct file_verdict *verdicts,
                      enum file_answer gravest)
{
    json_t *list = json_array();
    bool done = list != NULL;
    for (size_t i = 0; done && i < j->count; i++) {
        json_t *one = file_verdict_json(&verdicts[i]);
        done = one && json_object_set_new(one, "name", json_foreign(j->names[i])) == 0;
        if (json_array_append_new(list, one) < 0)
            done = false;
    }
    json_t *all =
        done ? json_pack("{s:s, s:O}", "answer", file_answer_name(gravest), "volumes", list) : NULL;
    json_decref(list);
    return command_print_json(all);
}

static int print_result(const struct judging *j, const struct file_verdict *verdicts)
{
    enum file_answer gravest = FILE_INTACT;
    int status = EX_OK;
    for (size_t i = 0; i < j->count; i++)
        gravest = verdicts[i].answer > gravest ? verdicts[i].answer : gravest;
    if (j->as_json)
        status = print_json(j, verdicts, gravest);
    else {
        print_text(j, verdicts, gravest);
        if (fflush(stdout) != 0 || ferror(stdout))
            status = command_fail(EX_IOERR, "cannot write to standard output");
    }
    return status == EX_OK ? status_of(gravest) : status;
}

/* "Cannot be read" is 66, 74 or 77, whatever the reason. */
static int unreadable(enum store_status st, const char *name, const struct store_error *err)
{
    int status = exit_status(st);
    return command_fail(status == EX_DATAERR ? EX_IOERR : status, "%s: cannot be read: %s", name,
                        err->text[0] ? err->text : store_status_text(st));
}

static int judge(void *context)
{
    const struct judging *j = context;
    struct file_verdict verdicts[VOLUMES_MAX] = {0};
    struct store_error err = {0};
    int status = EX_OK;
    for (size_t i = 0; status == EX_OK && i < j->count; i++) {
        enum store_status st = verify_file(j->fds[i], j->pins, &verdicts[i], &err);
        if (st != STORE_OK)
            status = unreadable(st, j->names[i], &err);
    }
    if (status == EX_OK) {
        enum store_status st = file_volumes_judge(verdicts, j->count, &err);
        status = st == STORE_OK ? print_result(j, verdicts) : command_fail_store(st, &err);
    }
    for (size_t i = 0; i < j->count; i++)
        file_verdict_free(&verdicts[i]);
    return status;
}

static int open_and_judge(const struct file_pins *pins, char **names, int count, bool as_json)
{
    int fds[VOLUMES_MAX], opened = 0, status = EX_OK;
    for (; status == EX_OK && opened < count; opened++) {
        fds[opened] = open(names[opened], O_RDONLY | O_CLOEXEC);
        if (fds[opened] < 0) {
            status = command_fail(errno == ENOENT                     ? EX_NOINPUT
                                  : errno == EACCES || errno == EPERM ? EX_NOPERM
                                                                      : EX_IOERR,
                                  "%s: cannot be opened: %s", names[opened], strerror(errno));
            break;
        }
    }
    struct judging j = {pins, names, fds, (size_t)count, as_json};
    if (status == EX_OK)
        status = command_as_user("nobody", judge, &j);
    while (opened > 0)
        close(fds[--opened]);
    return status;
}

static int pin(struct file_pins *pins, enum pin kind, const char *file)
{
    struct store_error err = {0};
    enum store_status st = file_pins_add(pins, kind, file, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

int command_verify_files(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"seal", required_argument, NULL, 's'},
                                            {"tsa", required_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct file_pins pins = {0};
    bool as_json = false;
    int status = EX_OK;
    (void)c;
    optind = 0;
    for (int o; status == EX_OK && (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'h') {
            file_pins_free(&pins);
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        }
        if (o == '?')
            status = command_wrong_option("verify", argv, "", options);
        as_json |= o == 'j';
        if (o == 's' || o == 't')
            status = pin(&pins, o == 's' ? PIN_SEAL : PIN_TSA, optarg);
    }
    int count = argc - optind;
    if (status == EX_OK && (count < 1 || count > VOLUMES_MAX))
        status = command_misused("verify", "verify takes --log, or one or more evidence files");
    if (status == EX_OK)
        status = open_and_judge(&pins, argv + optind, count, as_json);
    file_pins_free(&pins);
    return status;
}
