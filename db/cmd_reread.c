/*
 * cmd_reread - temoin reread [--all | SEQ…]: what messages say, out of the archive again
 *
 * What is wanted is put down in facts.db. The daemon's reader then does it, or this command in
 * its place, under the store's lock; which of the two may change meanwhile.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/command.h"
#include "db/facts_feed.h"
#include "db/scribe_client.h"
#include "db/wire.h"

static const char USAGE[] =
    "usage: temoin reread [--all | ENTRY...]\n\n"
    "Has archived messages read again: those that could not be read, or were read by another\n"
    "version. facts.db can be removed at any time: this makes it anew.\n\n"
    "  --all  every message of the archive\n"
    "  ENTRY  the messages of these entries (their number in the log)\n";

enum { ASK_MS = 2000, PAUSE_MS = 50, STUCK_MS = 60000, SHOWN_MS = 1000 };

struct wanted {
    bool all;
    char *const *seqs; /* as written; NULL: none */
    int count;
};

static enum store_status want(struct facts_db *db, struct store *log, const struct wanted *w,
                              struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (w->all)
        return facts_db_again_all(db, err);
    if (w->count == 0)
        return facts_db_again_stale(db, err);
    for (int i = 0; st == STORE_OK && i < w->count; i++) {
        uint64_t seq;
        st = command_number(w->seqs[i], &seq)
                 ? facts_db_again_one(db, log, seq, err)
                 : store_fail(err, STORE_INVALID, "%s is no entry's number", w->seqs[i]);
    }
    return st;
}

static enum store_status open_both(const struct settings *s, struct store **log,
                                   struct facts_db **db, struct store_error *err)
{
    char *origin = NULL;
    *db = NULL;
    enum store_status st = store_open(s->store_directory, STORE_READ, log, err);
    if (st == STORE_OK)
        st = store_origin(*log, &origin, err);
    if (st == STORE_OK)
        st = facts_db_open(s->store_directory, STORE_WRITE, origin, db, err);
    free(origin);
    return st;
}

/* --- progress --------------------------------------------------------------------------------*/

struct progress {
    int64_t begun_ms, moved_ms;
    uint64_t waiting; /* when it last moved */
    bool shown;
};

static void show_progress(struct progress *p, uint64_t waiting)
{
    int64_t now = wire_clock_ms();
    if (waiting < p->waiting || !p->moved_ms)
        p->moved_ms = now;
    p->waiting = waiting;
    if (isatty(STDERR_FILENO) && now - p->begun_ms > SHOWN_MS) {
        fprintf(stderr, "\r%" PRIu64 " messages to be read \033[K", waiting);
        p->shown = true;
    }
}

/* --- reading ---------------------------------------------------------------------------------*/

/* In the daemon's place. STORE_BUSY: somebody else writes. */
static enum store_status read_here(const struct settings *s, struct reader *reader,
                                   struct store_error *err)
{
    struct store *lock;
    struct facts_feed feed;
    size_t read;
    enum store_status st = store_open(s->store_directory, STORE_WRITE, &lock, err);
    if (st != STORE_OK)
        return st;
    facts_feed_init(&feed, s, reader, -1);
    /* What fails for one message ends: it is marked then. */
    while ((st = facts_feed_step(&feed, &read, err)) != STORE_OK && feed.tries)
        poll(NULL, 0, PAUSE_MS);
    facts_feed_end(&feed);
    store_close(lock);
    return st;
}

/* One look, one push. *waiting is what is left. */
static enum store_status push(const struct settings *s, struct scribe_client *scribe,
                              struct reader *reader, uint64_t *waiting, struct store_error *err)
{
    struct store *log = NULL;
    struct facts_db *db = NULL;
    struct facts_figures figures = {0};
    enum store_status st = open_both(s, &log, &db, err);
    if (st == STORE_OK)
        st = facts_db_figures(db, log, &figures, err);
    facts_db_close(db);
    store_close(log);
    *waiting = figures.waiting;
    if (st != STORE_OK || figures.waiting == 0)
        return st;
    struct store_error why;
    enum store_status asked = scribe_reread(scribe, ASK_MS, &why);
    if (asked == STORE_NOT_FOUND)
        st = read_here(s, reader, err);
    else
        poll(NULL, 0, PAUSE_MS);
    return st == STORE_BUSY ? STORE_OK : st;
}

static enum store_status read_all(const struct settings *s, struct reader *reader,
                                  struct store_error *err)
{
    struct progress p = {.begun_ms = wire_clock_ms()};
    struct scribe_client *scribe = scribe_client_new(s->run_directory);
    uint64_t waiting = 1;
    enum store_status st = scribe ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
    while (st == STORE_OK && waiting) {
        st = push(s, scribe, reader, &waiting, err);
        show_progress(&p, waiting);
        if (st == STORE_OK && waiting && wire_clock_ms() - p.moved_ms > STUCK_MS)
            st =
                store_fail(err, STORE_BUSY,
                           "%" PRIu64 " messages still wait to be read: does temoind's reader run? "
                           "see the log",
                           waiting);
    }
    if (p.shown)
        fputs("\r\033[K", stderr);
    scribe_client_free(scribe);
    return st;
}

/* What became of the entries that were named, each once. */
static enum store_status count_named(struct facts_db *db, const struct wanted *w,
                                     struct facts_figures *figures, struct store_error *err)
{
    enum store_status st = STORE_OK;
    *figures = (struct facts_figures){0};
    for (int i = 0; st == STORE_OK && i < w->count; i++) {
        uint64_t seq, other;
        struct fact_row row = {0};
        bool again = !command_number(w->seqs[i], &seq);
        for (int k = 0; k < i && !again; k++)
            again = command_number(w->seqs[k], &other) && other == seq;
        if (again)
            continue;
        st = facts_db_get(db, seq, &row, err);
        figures->read += st == STORE_OK && row.state == FACT_READ;
        figures->unread += st == STORE_OK && row.state != FACT_READ;
        if (st == STORE_NOT_FOUND) /* erased meanwhile */
            st = STORE_OK;
        fact_row_free(&row);
    }
    return st;
}

/* What this command had read; `wanted` messages waited. With --all that is the whole archive;
   without an argument those that could not be read were all tried again. */
static enum store_status count(struct facts_db *db, struct store *log, const struct wanted *w,
                               uint64_t wanted, struct facts_figures *figures,
                               struct store_error *err)
{
    if (w->count)
        return count_named(db, w, figures, err);
    enum store_status st = facts_db_figures(db, log, figures, err);
    if (st == STORE_OK && !w->all)
        figures->read = wanted > figures->unread ? wanted - figures->unread : 0;
    return st;
}

static enum store_status reread(const struct settings *s, const struct wanted *w,
                                struct facts_figures *figures, struct store_error *err)
{
    struct store *log = NULL;
    struct facts_db *db = NULL;
    struct reader *reader = NULL;
    struct facts_figures waiting = {0};
    const struct reader_limits limits = reader_limits_of(s);
    enum store_status st = reader_start(&limits, &reader, err); /* before a store is opened */
    if (st == STORE_OK)
        st = open_both(s, &log, &db, err);
    if (st == STORE_OK)
        st = want(db, log, w, err);
    if (st == STORE_OK)
        st = facts_db_figures(db, log, &waiting, err);
    if (st == STORE_OK)
        st = read_all(s, reader, err);
    if (st == STORE_OK)
        st = count(db, log, w, waiting.waiting, figures, err);
    facts_db_close(db);
    store_close(log);
    reader_stop(reader);
    return st;
}

int command_reread(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct wanted w = {0};
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'h')
            return fputs(USAGE, stdout) == EOF ? EX_IOERR : EX_OK;
        if (o == '?')
            return command_wrong_option("reread", argv, "", options);
        w.all = true;
    }
    w.seqs = argv + optind;
    w.count = argc - optind;
    if (w.all && w.count)
        return command_misused("reread", "--all, or the numbers of entries, not both");
    struct store_error err = {{0}};
    struct facts_figures figures;
    enum store_status st = reread(c->settings, &w, &figures, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    printf("%" PRIu64 " messages read, %" PRIu64 " could not be read\n", figures.read,
           figures.unread);
    return fflush(stdout) == 0 ? EX_OK
                               : command_fail(EX_IOERR, "cannot write: %s", strerror(errno));
}
