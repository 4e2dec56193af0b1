/*
 * sealer - signs what was committed, within a second, and catches up after a crash
 *
 * Where to begin follows from seal.db's head alone: an entry is signed in the same transaction
 * that moves the head past it. Before it signs, the sealer computes the leaf from the record's
 * octets and compares it with the stored one: it never signs what is not what was written, and
 * never steps over it either. Sealing then stands still, loudly, and is tried again.
 *
 * Wakes are gathered for GATHER_MS, so that many small groups of the scribe become one
 * transaction here. Nothing else is waited for in a loop: a failure is retried after a second
 * and reported once a minute. Mail never waits for any of this.
 */
#include "db/seal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/checkpoint.h"
#include "db/msg.h"
#include "db/wire.h"

enum {
    BATCH = 200,     /* entries in one transaction, some 15 ms of signing */
    GATHER_MS = 100, /* after a wake, wait so long for more */
    TICK_MS = 1000,  /* look without being woken */
    LAST_ROUND_MS = 1000,
    COMPLAINT_S = 60,   /* the same trouble is said once in so long */
    WAIT_STEP_MS = 20,  /* a command that waits looks so often */
    OWN_TURN_MS = 1500, /* and after so long sees whether it must sign itself */
};

/* --- one batch ------------------------------------------------------------------------------*/

struct batch {
    struct seal_store *seals;
    const struct seal_key *key;
    struct tree tree;
    size_t limit, done;
    enum store_status status;
    struct store_error *err;
};

static enum store_status sign_entry(struct batch *b, const struct stored_entry *e)
{
    if (e->seq != b->tree.size + 1)
        return store_fail(b->err, STORE_CORRUPT,
                          "entry %llu is missing in the log: sealing stops there, run "
                          "\"temoin verify --log\"",
                          (unsigned long long)b->tree.size + 1);
    unsigned char leaf[TREE_HASH];
    if (!tree_leaf_hash(e->record.data, e->record.len, leaf))
        return store_fail(b->err, STORE_INVALID, "the crypto library cannot hash");
    if (memcmp(leaf, e->leaf, sizeof leaf) != 0)
        return store_fail(b->err, STORE_CORRUPT,
                          "entry %llu: record and leaf contradict each other: sealing stops "
                          "there, run \"temoin verify --log\"",
                          (unsigned long long)e->seq);
    struct bytes signature = {0};
    enum store_status st = seal_sign(b->key, e->record.data, e->record.len, &signature, b->err);
    if (st == STORE_OK)
        st = seal_store_put(b->seals, e->seq, &signature, b->err);
    bytes_free(&signature);
    return st == STORE_OK ? seal_tree_append(b->seals, &b->tree, leaf, b->err) : st;
}

static bool batch_take(const struct stored_entry *e, void *context)
{
    struct batch *b = context;
    b->status = sign_entry(b, e);
    if (b->status != STORE_OK)
        return false;
    return ++b->done < b->limit;
}

/* What came before the damaged entry is sound and is signed all the same. */
static enum store_status batch_finish(struct batch *b, struct store_error *err)
{
    if (b->done == 0) {
        seal_store_rollback(b->seals);
        return STORE_OK;
    }
    enum store_status st = seal_store_commit(b->seals, &b->tree, err);
    if (st != STORE_OK)
        seal_store_rollback(b->seals);
    return st;
}

/* A log that was cut off before what was signed, and has grown again since, is another log. What
   cannot be read is for verify to name. */
static enum store_status check_last(struct store *log, struct seal_store *seals, uint64_t seq,
                                    struct store_error *err)
{
    struct stored_entry e = {0};
    struct bytes signature = {0};
    struct store_error why;
    enum store_status st = STORE_OK;
    if (seq && store_entry(log, seq, &e, &why) == STORE_OK &&
        seal_signature(seals, seq, &signature, &why) == STORE_OK &&
        !seal_names(signature.data, signature.len, e.record.data, e.record.len))
        st = store_fail(err, STORE_CORRUPT,
                        "entry %llu is not the one that was signed: the log was cut off and has "
                        "grown again, or was written anew: run \"temoin verify --log\"",
                        (unsigned long long)seq);
    bytes_free(&signature);
    stored_entry_free(&e);
    return st;
}

enum store_status seal_pending(struct store *log, struct seal_store *seals,
                               const struct seal_key *key, size_t limit, size_t *done,
                               struct store_error *err)
{
    *done = 0;
    struct batch b = {.seals = seals, .key = key, .limit = limit, .err = err};
    uint64_t last = 0;
    enum store_status st = seal_head(seals, &b.tree, err);
    if (st == STORE_OK)
        st = store_last_seq(log, &last, err);
    if (st != STORE_OK || limit == 0)
        return st;
    if (last < b.tree.size)
        return store_fail(err, STORE_CORRUPT,
                          "the log ends at entry %llu, but %llu were signed: entries were lost, "
                          "run \"temoin verify --log\"",
                          (unsigned long long)last, (unsigned long long)b.tree.size);
    if (last == b.tree.size)
        return STORE_OK;
    st = check_last(log, seals, b.tree.size, err);
    if (st == STORE_OK)
        st = seal_store_begin(seals, err);
    if (st != STORE_OK)
        return st;
    st = seal_tree_catch_up(log, seals, &b.tree, err);
    if (st == STORE_OK)
        st = store_each_entry(log, b.tree.size + 1, batch_take, &b, err);
    if (b.status != STORE_OK)
        st = b.status;
    struct store_error commit_error;
    enum store_status committed = batch_finish(&b, &commit_error);
    if (committed != STORE_OK) {
        if (st == STORE_OK && err)
            *err = commit_error;
        return st == STORE_OK ? committed : st;
    }
    *done = b.done;
    return st;
}

/* --- the process ----------------------------------------------------------------------------*/

struct complaint {
    time_t since; /* monotonic, when it was said; 0: nothing to complain about */
    char text[sizeof(struct store_error)];
};

struct sealer {
    const struct settings *settings;
    struct seal_key *key;
    struct log_key *log_key; /* NULL: no checkpoints */
    char *origin;
    struct store *log;
    struct seal_store *seals;
    struct wire_reader control;
    struct complaint unsealed, unwitnessed;
    struct store_error refusal; /* of a token; "": none */
    int64_t until;              /* monotonic ms when work ends in any case; 0: when all is signed */
    bool stop;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A token that refuses is not asked again by this process: it would lock itself. */
static enum store_status sealer_key(struct sealer *s, struct store_error *err)
{
    const struct settings *settings = s->settings;
    enum store_status st =
        seal_key_open(settings->seal_key, settings->seal_certificate, &s->key, err);
    if (st == STORE_INVALID && seal_key_in_token(settings->seal_key))
        s->refusal = *err;
    return st;
}

static enum store_status sealer_open(struct sealer *s, struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (s->refusal.text[0])
        return store_fail(err, STORE_INVALID, "%s", s->refusal.text);
    if (!s->seals)
        st = seal_store_open(s->settings->store_directory, STORE_WRITE, &s->seals, err);
    if (st == STORE_OK && !s->key)
        st = sealer_key(s, err);
    if (st == STORE_OK && !s->log)
        st = store_open(s->settings->store_directory, STORE_READ, &s->log, err);
    if (st == STORE_OK && !s->origin)
        st = store_origin(s->log, &s->origin, err);
    return st;
}

/* Handles are opened anew after a failure: the store may have been restored meanwhile. */
static void sealer_close(struct sealer *s)
{
    store_close(s->log);
    seal_store_close(s->seals);
    seal_key_free(s->key);
    log_key_free(s->log_key);
    free(s->origin);
    s->log = NULL;
    s->seals = NULL;
    s->key = NULL;
    s->log_key = NULL;
    s->origin = NULL;
}

/* Is it time to say this? */
static bool complaint_due(struct complaint *c, const struct store_error *err)
{
    time_t now = (time_t)(monotonic_ms() / 1000) + 1;
    bool same = c->since && strcmp(c->text, err->text) == 0;
    if (same && now - c->since < COMPLAINT_S)
        return false;
    c->since = now;
    snprintf(c->text, sizeof c->text, "%s", err->text);
    return true;
}

static void complain(struct sealer *s, enum store_status status, const struct store_error *err)
{
    if (!complaint_due(&s->unsealed, err))
        return;
    const char *mend =
        (status == STORE_NOT_FOUND || status == STORE_DENIED) &&
                seal_key_file(s->settings->seal_key)
            ? ": seal_key and seal_certificate (by default in key_directory) must be there and "
              "readable by the sealer's user"
            : "";
    msg_error("records are not being signed: %s%s (%s)", err->text, s->key ? "" : mend,
              s->refusal.text[0] ? "not tried again before a reload, so that no token is locked"
                                 : "trying again every second");
}

static void control_read(struct sealer *s, int fd)
{
    for (;;) {
        struct frame f;
        frame_init(&f);
        enum wire_result got = wire_read(&s->control, fd, &f);
        const char *op = got == WIRE_OK ? json_string_value(json_object_get(f.json, "op")) : NULL;
        bool stop = op && strcmp(op, "stop") == 0;
        frame_free(&f);
        if (stop || got == WIRE_EOF || got == WIRE_ERROR)
            s->stop = true;
        if (s->stop || got != WIRE_OK)
            return;
    }
}

/* Empty the wake pipe. False: the other end is gone, do not poll it any more. */
static bool wake_drain(int fd)
{
    char sink[512];
    for (;;) {
        ssize_t n = read(fd, sink, sizeof sink);
        if (n > 0)
            continue;
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
}

/* Wait until woken, told to stop, or timeout_ms have passed. True: woken by the scribe. */
static bool sealer_wait(struct sealer *s, int control_fd, int *wake_fd, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = control_fd, .events = POLLIN},
                            {.fd = *wake_fd, .events = POLLIN}};
    if (poll(fds, 2, timeout_ms) <= 0)
        return false;
    if (fds[0].revents)
        control_read(s, control_fd);
    if (!fds[1].revents)
        return false;
    if (!wake_drain(*wake_fd))
        *wake_fd = -1; /* nobody will wake us any more, but the tick goes on */
    return true;
}

/* What was signed, said in a checkpoint. Records are signed all the same when that fails. */
static enum store_status sealer_checkpoint(struct sealer *s, struct store_error *err)
{
    enum store_status st = STORE_OK;
    if (!s->log_key)
        st = log_key_load(s->settings->key_directory, &s->log_key, err);
    if (st == STORE_OK)
        st = checkpoint_write(s->seals, s->log_key, s->origin, (int64_t)time(NULL), err);
    return st;
}

static void sealer_witness(struct sealer *s)
{
    struct store_error err = {0};
    enum store_status st = sealer_checkpoint(s, &err);
    if (st == STORE_OK)
        s->unwitnessed.since = 0;
    else if (complaint_due(&s->unwitnessed, &err))
        msg_error("no checkpoint of the log can be made: %s%s", err.text,
                  st == STORE_NOT_FOUND ? ": run \"temoin init --missing-keys\"" : "");
}

/* Sign until nothing is left. */
static void sealer_work(struct sealer *s, int control_fd)
{
    struct store_error err = {0};
    enum store_status st = sealer_open(s, &err);
    size_t done = BATCH;
    int none = -1;
    while (st == STORE_OK && done == BATCH && !s->stop &&
           (!s->until || monotonic_ms() < s->until)) {
        st = seal_pending(s->log, s->seals, s->key, BATCH, &done, &err);
        if (st == STORE_OK)
            sealer_witness(s);
        if (st == STORE_OK && done == BATCH)
            sealer_wait(s, control_fd, &none, 0);
    }
    if (st == STORE_OK) {
        if (s->unsealed.since)
            msg_info("records are being signed again");
        s->unsealed.since = 0;
        return;
    }
    complain(s, st, &err);
    if (!s->refusal.text[0]) /* else no command may try in our place */
        sealer_close(s);
}

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

int sealer_run(const struct settings *settings, int control_fd, int wake_fd)
{
    if (!set_nonblocking(control_fd) || (wake_fd >= 0 && !set_nonblocking(wake_fd))) {
        msg_error("sealer: a descriptor from the parent is not usable: %s", strerror(errno));
        return EX_OSERR;
    }
    struct sealer s = {.settings = settings};
    while (!s.stop) {
        sealer_work(&s, control_fd);
        if (s.stop)
            break;
        int muted = -1; /* after a failure a second passes, however often the scribe wakes us */
        bool woken = sealer_wait(&s, control_fd, s.unsealed.since ? &muted : &wake_fd, TICK_MS);
        int64_t until = woken ? monotonic_ms() + GATHER_MS : 0;
        for (int64_t left = GATHER_MS; woken && left > 0 && !s.stop; left = until - monotonic_ms())
            sealer_wait(&s, control_fd, &muted, (int)left);
        if (woken && wake_fd >= 0 && !wake_drain(wake_fd))
            wake_fd = -1;
    }
    s.stop = false; /* a last round; what is left after it is signed at the next start */
    s.until = monotonic_ms() + LAST_ROUND_MS;
    sealer_work(&s, -1);
    sealer_close(&s);
    wire_reader_free(&s.control);
    return EX_OK;
}

/* --- for commands ---------------------------------------------------------------------------*/

/* Sign in the sealer's place. STORE_BUSY: a sealer is at work. */
static enum store_status seal_oneself(const struct settings *s, uint64_t seq,
                                      struct store_error *err)
{
    struct sealer own = {.settings = s};
    struct tree head = {0};
    size_t done = 1;
    enum store_status st = seal_store_open(s->store_directory, STORE_WRITE, &own.seals, err);
    if (st == STORE_OK)
        st = sealer_open(&own, err);
    while (st == STORE_OK && head.size < seq && done > 0) {
        st = seal_pending(own.log, own.seals, own.key, BATCH, &done, err);
        if (st == STORE_OK)
            st = seal_head(own.seals, &head, err);
    }
    struct store_error unsaid; /* the sealer will say what hinders it, and make it up */
    if (st == STORE_OK)
        (void)sealer_checkpoint(&own, &unsaid);
    sealer_close(&own);
    return st;
}

static enum store_status signed_so_far(const struct settings *s, uint64_t *seq,
                                       struct store_error *err)
{
    struct seal_store *seals = NULL;
    struct tree head = {0};
    enum store_status st = seal_store_open(s->store_directory, STORE_READ, &seals, err);
    if (st == STORE_OK)
        st = seal_head(seals, &head, err);
    seal_store_close(seals);
    *seq = head.size;
    return st;
}

enum store_status seal_wait(const struct settings *s, uint64_t seq, int timeout_ms,
                            struct store_error *err)
{
    int64_t begin = monotonic_ms(), own_turn = begin;
    struct store_error own_error = {0};
    for (;;) {
        uint64_t so_far = 0;
        enum store_status st = signed_so_far(s, &so_far, err);
        if ((st == STORE_OK && so_far >= seq) || (st != STORE_OK && st != STORE_BUSY))
            return st;
        int64_t now = monotonic_ms();
        if (now >= own_turn) { /* at once, since nobody may be there; then now and again */
            st = seal_oneself(s, seq, &own_error);
            own_turn = monotonic_ms() + OWN_TURN_MS;
            if (st == STORE_CORRUPT || st == STORE_SCHEMA)
                return store_fail(err, st, "%s", own_error.text);
            if (st == STORE_OK)
                continue;
        }
        if (now - begin >= timeout_ms)
            return store_fail(err, STORE_BUSY,
                              "entry %llu was not signed within %d ms: is temoind's sealer "
                              "running, and can it read its key? (%s)",
                              (unsigned long long)seq, timeout_ms,
                              own_error.text[0] ? own_error.text : "waiting for the sealer");
        poll(NULL, 0, WAIT_STEP_MS);
    }
}
