/*
 * cmd_follow - temoin follow: what the mail server's log says about our messages
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/command.h"
#include "db/follow.h"
#include "db/msg.h"
#include "db/wire.h"

enum {
    POLL_MS = 500,
    SAVE_MS = 1000,
    SAVE_OCTETS = 64 * 1024 * 1024,
    REOPEN_S = 24 * 3600,
    DOUBT_LINES = 100
};

static const char help[] =
    "usage: temoin follow [--once] [--json] [FILE]\n"
    "       temoin follow [--once] [--json] --journal[=DIRECTORY]\n"
    "       temoin follow [--json] - < LOG\n\n"
    "Reads the mail server's log and enters what became of each message of ours. Goes on where\n"
    "it stopped the last time. Without an argument, the log that mail_log names.\n\n"
    "  --journal  read the systemd journal, or the journal files of a directory\n"
    "  --once     stop at the log's present end\n"
    "  --json     print figures as JSON at the end\n";

struct following {
    const struct command_context *c;
    const char *path;                         /* a log file; NULL: not one */
    bool journal, standard_input, configured; /* mail_log names it */
    const char *journal_directory;            /* NULL: the system's */
    bool once, json, doubted;
    char *absolute;
    struct follow_opener *opener;
    struct follow_source *source;
    struct follow_run *run;
    struct follow_state state;
    struct follow_figures before; /* of runs that were closed */
    int64_t saved_ms, opened;
    uint64_t saved_octets;
};

static volatile int stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: a read ends, too */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* --- the place ------------------------------------------------------------------------------*/

static enum store_status save(struct following *f, struct store_error *err)
{
    struct delivery_tracker *tracker = follow_index_tracker(follow_run_index(f->run));
    if (f->standard_input)
        return STORE_OK;
    strings_free(&f->state.tracker);
    if (!f->source->place(f->source, &f->state) || !delivery_save(tracker, &f->state.tracker))
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    f->state.saved = (int64_t)time(NULL);
    f->state.stamp = follow_index_stamp(follow_run_index(f->run));
    f->saved_ms = wire_clock_ms();
    f->saved_octets = follow_run_figures(f->run)->octets;
    return follow_state_save(f->c->settings->store_directory, &f->state, err);
}

static bool save_is_due(const struct following *f, bool idle)
{
    uint64_t octets = follow_run_figures(f->run)->octets - f->saved_octets;
    return octets && (idle || octets >= SAVE_OCTETS || wire_clock_ms() >= f->saved_ms + SAVE_MS);
}

/* --- opening --------------------------------------------------------------------------------*/

static const char *source_name(const struct following *f)
{
    return f->path ? f->absolute : f->journal_directory ? f->absolute : "journal";
}

static enum store_status open_run(struct following *f, struct store_error *err)
{
    enum store_status st =
        follow_run_open(f->c->settings, f->c->actor, f->once || f->standard_input, &f->run, err);
    f->opened = (int64_t)time(NULL);
    f->saved_octets = 0;
    return st;
}

/* What an earlier run remembers of messages has its place once they are known. */
static enum store_status restore(struct following *f, int64_t since, struct store_error *err)
{
    struct follow_index *index = follow_run_index(f->run);
    if (!f->state.known)
        return STORE_OK;
    follow_index_resume(index, f->state.stamp);
    enum store_status st = follow_index_refresh(index, since, err);
    if (st == STORE_OK && !delivery_restore(follow_index_tracker(index), &f->state.tracker))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    return st;
}

static enum store_status open_source(struct following *f, struct store_error *err)
{
    int64_t oldest = -1;
    enum store_status st = STORE_OK;
    if (f->standard_input)
        return follow_stdin_open(&f->source, err);
    st = follow_state_load(f->c->settings->store_directory, source_name(f), &f->state, err);
    if (st == STORE_OK && !f->state.known)
        st = follow_index_oldest(follow_run_index(f->run), &oldest, err);
    if (st == STORE_OK && !f->state.known && oldest < 0)
        oldest = (int64_t)time(NULL); /* nothing to find in predecessors */
    if (st != STORE_OK)
        return st;
    return f->journal ? follow_journal_open(f->journal_directory, &f->state, oldest, f->once,
                                            &f->source, err)
                      : follow_file_open(f->opener, f->absolute, &f->state, oldest, f->once,
                                         &f->source, err);
}

/* --- the loop -------------------------------------------------------------------------------*/

static void add_figures(struct follow_figures *to, const struct follow_figures *from)
{
    to->lines += from->lines;
    to->octets += from->octets;
    to->known += from->known;
    to->mail = to->mail || from->mail;
    for (size_t i = 0; i <= DELIVERY_UNRECORDED; i++)
        to->entries[i] += from->entries[i];
}

/* Once a day the messages are read anew, so that old ones are forgotten. */
static enum store_status renew(struct following *f, struct store_error *err)
{
    int64_t now = (int64_t)time(NULL);
    if (now < f->opened + REOPEN_S)
        return STORE_OK;
    enum store_status st = save(f, err);
    if (st != STORE_OK)
        return st;
    add_figures(&f->before, follow_run_figures(f->run));
    follow_run_close(f->run);
    f->run = NULL;
    st = open_run(f, err);
    f->state.known = true;
    return st == STORE_OK ? restore(f, now - 11 * 24 * 3600, err) : st;
}

/* Once: the wrong log would be followed for ever without a word. A log that was read before may
   well have grown by a few lines of others. */
static void doubt_log(struct following *f)
{
    const struct follow_figures *now = follow_run_figures(f->run);
    uint64_t few = f->state.known ? DOUBT_LINES : 0;
    if (f->doubted || f->before.mail || now->mail || now->lines <= few)
        return;
    f->doubted = true;
    msg_warn("no line of a mail server in %s: %s",
             f->standard_input ? "standard input" : source_name(f),
             f->configured ? "is mail_log right?" : "is it the mail server's log?");
}

static enum store_status follow_on(struct following *f, struct store_error *err)
{
    struct follow_chunk chunk = {0};
    enum store_status st = STORE_OK;
    bool restored = f->standard_input;
    while (st == STORE_OK && !stop) {
        st = f->source->read(f->source, &chunk, err);
        if (st == STORE_OK && chunk.len && !restored) {
            st = restore(f, f->state.saved - 11 * 24 * 3600, err);
            restored = true;
        }
        if (st == STORE_OK && chunk.len)
            st = follow_run_chunk(f->run, &chunk, &stop, err);
        if (st == STORE_OK && save_is_due(f, chunk.len == 0))
            st = save(f, err);
        if (st == STORE_OK && chunk.len == 0)
            doubt_log(f);
        if (st != STORE_OK || chunk.ended)
            break;
        if (chunk.len == 0) {
            if (!f->standard_input)
                st = renew(f, err);
            poll(NULL, 0, POLL_MS);
        }
    }
    return st;
}

/* --- what was done --------------------------------------------------------------------------*/

static int print_figures(const struct following *f)
{
    struct follow_figures all = f->before;
    json_t *entries = json_object();
    if (f->run)
        add_figures(&all, follow_run_figures(f->run));
    for (size_t i = 1; i <= DELIVERY_UNRECORDED; i++)
        if (f->json && json_object_set_new(entries, delivery_event_name((enum delivery_kind)i),
                                           json_integer((json_int_t)all.entries[i])) < 0) {
            json_decref(entries);
            return command_fail(EX_OSERR, "out of memory");
        }
    if (f->json)
        return command_print_json(json_pack("{s:s, s:I, s:I, s:o, s:I}", "source",
                                            f->standard_input ? "-" : source_name(f), "lines",
                                            (json_int_t)all.lines, "octets", (json_int_t)all.octets,
                                            "entries", entries, "known", (json_int_t)all.known));
    json_decref(entries);
    if (!f->once && !f->standard_input)
        return EX_OK;
    printf("%" PRIu64 " lines: %" PRIu64 " queued, %" PRIu64 " handed over, %" PRIu64
           " relayed, %" PRIu64 " delivered here, %" PRIu64 " delayed, %" PRIu64 " failed, %" PRIu64
           " without an entry; %" PRIu64 " known before\n",
           all.lines, all.entries[DELIVERY_SUBMITTED], all.entries[DELIVERY_HANDED_OVER],
           all.entries[DELIVERY_RELAYED], all.entries[DELIVERY_LOCAL],
           all.entries[DELIVERY_DELAYED], all.entries[DELIVERY_FAILED],
           all.entries[DELIVERY_UNRECORDED], all.known);
    return EX_OK;
}

static void following_free(struct following *f)
{
    if (f->source)
        f->source->close(f->source);
    follow_run_close(f->run);
    follow_opener_stop(f->opener);
    follow_state_free(&f->state);
    free(f->absolute);
}

static int follow(struct following *f)
{
    struct store_error err = {.text = ""};
    enum store_status st = open_run(f, &err);
    if (st == STORE_OK)
        st = open_source(f, &err);
    if (st == STORE_OK) {
        catch_signals();
        st = follow_on(f, &err);
    }
    if (st == STORE_OK && save_is_due(f, true))
        st = save(f, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    return print_figures(f);
}

/* --- the command line -----------------------------------------------------------------------*/

static int choose(struct following *f, int count, char **names)
{
    const char *log = f->c->settings->mail_log;
    if (f->journal && count)
        return command_misused("follow", "--journal takes no file");
    if (count > 1)
        return command_misused("follow", "one log at a time");
    if (count == 1 && strcmp(names[0], "-") == 0)
        f->standard_input = true;
    else if (count == 1)
        f->path = names[0];
    else if (!f->journal && log && strcmp(log, "journal") == 0)
        f->journal = true;
    else if (!f->journal && log)
        f->path = log;
    else if (!f->journal)
        return command_misused("follow", "name a log file or --journal, or set mail_log");
    f->configured = log && f->path == log;
    const char *given = f->path ? f->path : f->journal_directory;
    if (!given)
        return EX_OK;
    char here[PATH_MAX] = "";
    struct bytes made = {0};
    if (*given != '/' && !getcwd(here, sizeof here))
        return command_fail(EX_OSERR, "the working directory has no name: %s", strerror(errno));
    if (!bytes_printf(&made, "%s%s%s", here, *given == '/' ? "" : "/", given) ||
        !(f->absolute = bytes_steal(&made)))
        return command_fail(EX_OSERR, "out of memory");
    if (f->journal_directory)
        f->journal_directory = f->absolute;
    return EX_OK;
}

int command_follow(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"journal", optional_argument, NULL, 'j'},
                                            {"once", no_argument, NULL, 'o'},
                                            {"json", no_argument, NULL, 'J'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct following f = {.c = c};
    struct store_error err = {.text = ""};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("follow", argv, "", options);
        f.once = f.once || option == 'o';
        f.json = f.json || option == 'J';
        f.journal = f.journal || option == 'j';
        f.journal_directory = option == 'j' ? optarg : f.journal_directory;
    }
    int status = choose(&f, argc - optind, argv + optind);
    if (status == EX_OK && f.path) {
        enum store_status st = follow_opener_start(f.absolute, &f.opener, &err);
        status = st == STORE_OK ? EX_OK : command_fail_store(st, &err);
    }
    if (status == EX_OK)
        status = command_become_user(c->settings);
    if (status == EX_OK)
        status = follow(&f);
    following_free(&f);
    return status;
}
