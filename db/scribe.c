/*
 * scribe - the only writer of log, volumes and facts: group commit over a UNIX socket
 *
 * One thread and one loop: whatever has arrived on all connections is gathered, at most one
 * frame a connection, served in one transaction, and answered. While the disk syncs one group
 * the next gathers in the sockets, so groups grow by themselves when many wait and nobody is
 * delayed when few do. A peer that sends no frames, or half of one for too long, or does not
 * take its answer, is hung up on; the others do not notice. What was committed is read in depth
 * by another thread and another process (scribe_facts.c).
 *
 * Limits: CONNECTIONS_MAX peers (more wait in the listening socket), GROUP_MAX entries and
 * about GROUP_OCTETS a group, PARTIAL_MS for a frame to arrive completely, PARTIAL_OCTETS of
 * unfinished frames altogether.
 */
#include "db/scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/clock.h"
#include "db/msg.h"
#include "db/scribe_facts.h"
#include "db/scribe_requests.h"
#include "db/scribe_upkeep.h"
#include "db/store_erase.h"

enum {
    CONNECTIONS_MAX = 1000,
    ACCEPT_MAX = 64, /* in one turn */
    GROUP_MAX = 256,
    GROUP_OCTETS = 16 * 1024 * 1024,
    PARTIAL_MS = 30000,
    PARTIAL_OCTETS = 64 * 1024 * 1024,
    ANSWER_MS = 50, /* an answer that does not fit the socket's buffer waits so long */
    TICK_MS = 1000,
    TIDY_BUSY_MS = 200,    /* housekeeping between groups, at most so often */
    TIDY_IDLE_MS = 600000, /* nothing to tidy: look again after that */
    LOCK_WAIT_MS = 30000,  /* a command may hold the store's lock */
    LOCK_STEP_MS = 50,
    REMEMBERED = 10000, /* stamps */
    OWED_MAX = 8,
};

struct connection {
    int fd;
    uid_t uid;
    struct wire_reader reader;
    int64_t since_ms; /* when the unfinished frame began; 0: none is pending */
    size_t at;        /* in scribe.connections */
};

struct scribe {
    struct desk desk;
    struct settings *reloaded; /* owned; NULL until the first reload */
    int listen_fd, control_fd, sealer_fd, epoll_fd;
    struct wire_reader control;
    struct connection *connections[CONNECTIONS_MAX];
    size_t connection_count;
    bool accepting; /* the listening socket is being watched */
    size_t partial; /* octets of unfinished frames */
    struct request group[GROUP_MAX];
    struct connection *asked[GROUP_MAX]; /* who sent group[i] */
    size_t group_count, group_octets;
    struct request owed[OWED_MAX]; /* facts of our own that are not committed yet */
    size_t owed_count;
    struct clock_watch clock;
    struct upkeep *upkeep;
    struct scribe_facts *facts; /* NULL: nobody reads messages */
    bool register_seen;
    int64_t tidy_ms; /* when to tidy next */
    bool erasing;    /* tidying is about erasures */
    bool stop;
};

/* --- connections ----------------------------------------------------------------------------*/

static bool watch(struct scribe *s, int fd, void *what)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void accept_more(struct scribe *s, bool more)
{
    if (s->accepting == more)
        return;
    if (more)
        s->accepting = watch(s, s->listen_fd, &s->listen_fd);
    else if (epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->listen_fd, NULL) == 0)
        s->accepting = false;
}

static void hang_up(struct scribe *s, struct connection *c, const char *why)
{
    if (why)
        msg_error("connection of uid %u closed: %s", (unsigned)c->uid, why);
    s->partial -= c->reader.pending.len;
    close(c->fd);
    wire_reader_free(&c->reader);
    struct connection *last = s->connections[--s->connection_count];
    s->connections[c->at] = last;
    last->at = c->at;
    free(c);
    accept_more(s, true);
}

static uid_t peer_uid(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.uid : (uid_t)-1;
}

static void turn_away(int fd, uid_t uid)
{
    msg_error("uid %u may not ask scribe anything", (unsigned)uid);
    json_t *answer = json_pack("{s:i, s:s}", "status", STORE_DENIED, "error",
                               "this user may not ask scribe anything");
    if (answer)
        wire_send(fd, answer, NULL, 0, NULL, 0, 0);
    json_decref(answer);
    close(fd);
}

/* False: there is no more, or none can be taken now. */
static bool take_connection(struct scribe *s)
{
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            accept_more(s, false); /* until a connection closes, or the next tick */
        return false;
    }
    uid_t uid = peer_uid(fd);
    if (!desk_admits(&s->desk, uid)) {
        turn_away(fd, uid);
        return true;
    }
    struct connection *c = calloc(1, sizeof *c);
    if (c)
        *c = (struct connection){.fd = fd, .uid = uid, .at = s->connection_count};
    if (!c || !watch(s, fd, c)) {
        free(c);
        close(fd);
        return false;
    }
    s->connections[s->connection_count++] = c;
    if (s->connection_count < CONNECTIONS_MAX)
        return true;
    accept_more(s, false);
    return false;
}

static void take_connections(struct scribe *s)
{
    int taken = 0;
    while (taken++ < ACCEPT_MAX && take_connection(s))
        continue;
}

/* Read at most one frame of a connection into the group. */
static void gather(struct scribe *s, struct connection *c)
{
    struct frame f;
    frame_init(&f);
    s->partial -= c->reader.pending.len;
    enum wire_result result = wire_read(&c->reader, c->fd, &f);
    int why = errno;
    s->partial += c->reader.pending.len;
    if (result == WIRE_OK) {
        c->since_ms = 0;
        struct request *r = &s->group[s->group_count];
        request_decode(r, &f, c->uid, &s->desk);
        frame_free(&f);
        s->asked[s->group_count++] = c;
        s->group_octets += request_octets(r);
    } else if (result != WIRE_AGAIN) {
        bool quiet = result == WIRE_EOF || why == ECONNRESET;
        hang_up(s, c, quiet ? NULL : why == EPROTO ? "what it sends is no frame" : strerror(why));
    } else if (s->partial > PARTIAL_OCTETS) {
        hang_up(s, c, "too many unfinished requests at once");
    } else if (c->since_ms == 0) {
        c->since_ms = wire_clock_ms();
    }
}

static void hang_up_slow(struct scribe *s)
{
    int64_t now = wire_clock_ms();
    for (size_t i = s->connection_count; i-- > 0;) {
        struct connection *c = s->connections[i];
        if (c->since_ms && now - c->since_ms > PARTIAL_MS)
            hang_up(s, c, "its request did not arrive completely in time");
    }
}

/* --- groups ---------------------------------------------------------------------------------*/

static void committed(struct scribe *s, size_t octets)
{
    if (s->sealer_fd >= 0) {
        ssize_t n = write(s->sealer_fd, "", 1); /* a full pipe wakes it as well */
        (void)n;
    }
    upkeep_wrote(s->upkeep, octets);
    scribe_facts_wake(s->facts);
    if (!s->erasing && store_erases(s->desk.store)) {
        s->erasing = true;
        s->tidy_ms = 0; /* who ordered it waits */
    }
    if (!upkeep_wants_restart(s->upkeep))
        return;
    struct store_error err = {{0}};
    enum store_status st = store_checkpoint_restart(s->desk.store, &err);
    if (st != STORE_OK)
        msg_warn("write-ahead log above 64 MB: %s", err.text);
}

static void answer(struct scribe *s, struct request *r, struct connection *c)
{
    json_t *json = request_answer(r);
    bool sent = json && wire_send(c->fd, json, NULL, 0, NULL, 0, ANSWER_MS) == WIRE_OK;
    if (!sent)
        hang_up(s, c, !json ? "out of memory" : errno == EPIPE ? NULL : "it takes no answer");
    json_decref(json);
    request_free(r);
}

static void serve_group(struct scribe *s)
{
    if (s->group_count == 0)
        return;
    if (desk_serve(&s->desk, s->group, s->group_count))
        committed(s, s->group_octets);
    for (size_t i = 0; i < s->group_count; i++) {
        if (s->group[i].op == OP_REREAD)
            scribe_facts_wake(s->facts);
        answer(s, &s->group[i], s->asked[i]);
    }
    s->group_count = s->group_octets = 0;
}

/* --- facts of our own -----------------------------------------------------------------------*/

/* "start", "stop", "configuration", "clock" (EVIDENCE 2); kept until the store takes it. `part` is
   taken over. */
static void owe(struct scribe *s, const char *event, json_t *part)
{
    if (s->owed_count == OWED_MAX) {
        msg_error("%s cannot be recorded: the store has taken nothing for long", event);
        json_decref(part);
        return;
    }
    struct request *r = &s->owed[s->owed_count];
    *r = (struct request){.op = OP_APPEND, .uid = s->desk.own_uid};
    entry_init(&r->entry);
    r->entry.event = event;
    r->entry.actor = "scribe";
    r->entry.private_part = part;
    if (r->entry.private_part)
        s->owed_count++;
    else
        msg_error("%s cannot be recorded: out of memory", event);
}

static void pay(struct scribe *s)
{
    for (size_t i = 0; i < s->owed_count; i++)
        s->owed[i].status = STORE_OK;
    if (s->owed_count == 0 || !desk_serve(&s->desk, s->owed, s->owed_count))
        return;
    committed(s, s->owed_count);
    for (size_t i = 0; i < s->owed_count; i++)
        request_free(&s->owed[i]);
    s->owed_count = 0;
}

/* --- the parent -----------------------------------------------------------------------------*/

static uid_t uid_of(const char *user)
{
    const struct passwd *pw = getpwnam(user);
    return pw ? pw->pw_uid : geteuid();
}

static void reload(struct scribe *s, const struct frame *f)
{
    const char *text = json_string_value(json_object_get(f->json, "config"));
    struct settings *next = NULL;
    struct strings errors = {0};
    if (text && settings_parse(text, "temoin.conf", &next, &errors)) {
        settings_unref(s->reloaded);
        s->reloaded = next;
        s->desk.settings = next;
        scribe_facts_reload(s->facts, next);
        owe(s, "configuration", writer_versions(s->desk.settings));
        pay(s);
    } else {
        msg_error("configuration not taken over: %s", errors.count ? errors.items[0] : "no text");
    }
    strings_free(&errors);
}

static void read_control(struct scribe *s)
{
    struct frame f;
    frame_init(&f);
    enum wire_result result = wire_read(&s->control, s->control_fd, &f);
    if (result == WIRE_OK && strcmp(frame_op(&f), "reload") == 0)
        reload(s, &f);
    else if (result == WIRE_OK && strcmp(frame_op(&f), "stop") == 0)
        s->stop = true;
    else if (result == WIRE_EOF || result == WIRE_ERROR)
        s->stop = true; /* the parent is gone: its successor wants the store */
    frame_free(&f);
}

/* --- the loop -------------------------------------------------------------------------------*/

static void tidy(struct scribe *s, bool idle)
{
    int64_t now = wire_clock_ms();
    bool more = false;
    struct store_error err = {{0}};
    if (now < s->tidy_ms)
        return;
    enum store_status st =
        store_tidy(s->desk.store, time(NULL), s->desk.settings->retry_window_s, &more, &err);
    if (st != STORE_OK)
        msg_warn("housekeeping: %s", err.text);
    s->erasing = store_erases(s->desk.store);
    int rest = s->erasing ? TICK_MS : TIDY_IDLE_MS;
    s->tidy_ms = now + (st != STORE_OK || !more ? rest : idle ? 0 : TIDY_BUSY_MS);
}

/* A register that a command makes later is held from the next tick on. */
static void hold_register(struct scribe *s)
{
    struct store_error err = {{0}};
    if (s->register_seen)
        return;
    enum store_status st = store_hold_register(s->desk.store, &err);
    s->register_seen = st != STORE_NOT_FOUND;
    if (st != STORE_OK && st != STORE_NOT_FOUND)
        msg_warn("register: %s", err.text);
}

static int wait_ms(const struct scribe *s)
{
    int64_t until_tidy = s->tidy_ms - wire_clock_ms();
    return until_tidy <= 0 ? 0 : until_tidy < TICK_MS ? (int)until_tidy : TICK_MS;
}

/* One turn: gather what is ready, serve it, answer. Gives how many were ready; -1: broken. */
static int turn(struct scribe *s, int timeout_ms)
{
    struct epoll_event ready[GROUP_MAX];
    int n = epoll_wait(s->epoll_fd, ready, GROUP_MAX, timeout_ms);
    if (n < 0 && errno != EINTR) {
        msg_error("epoll: %s", strerror(errno));
        return -1;
    }
    for (int i = 0; i < n; i++) {
        void *what = ready[i].data.ptr;
        if (what == &s->listen_fd)
            take_connections(s);
        else if (what == &s->control_fd)
            read_control(s);
        else if (s->group_octets < GROUP_OCTETS)
            gather(s, what); /* what does not fit stays ready for the next turn */
    }
    serve_group(s);
    return n < 0 ? 0 : n;
}

static bool loop(struct scribe *s)
{
    int64_t ticked = wire_clock_ms();
    while (!s->stop) {
        int n = turn(s, wait_ms(s));
        if (n < 0)
            return false;
        tidy(s, n == 0);
        if (wire_clock_ms() - ticked < TICK_MS)
            continue;
        ticked = wire_clock_ms();
        hang_up_slow(s);
        accept_more(s, s->connection_count < CONNECTIONS_MAX);
        hold_register(s);
        json_t *news = clock_news(&s->clock);
        if (news)
            owe(s, "clock", news);
        pay(s);
    }
    turn(s, 0); /* what had arrived */
    owe(s, "stop", writer_versions(s->desk.settings));
    pay(s);
    return true;
}

/* --- beginning and end ----------------------------------------------------------------------*/

/* A command may be writing, or a killed predecessor be dying: wait for the store's lock. */
static enum store_status open_store(struct scribe *s, struct store_error *err)
{
    int64_t deadline = wire_clock_ms() + LOCK_WAIT_MS;
    for (;;) {
        enum store_status st =
            store_open(s->desk.settings->store_directory, STORE_WRITE, &s->desk.store, err);
        if (st != STORE_BUSY || wire_clock_ms() >= deadline)
            return st;
        struct pollfd control = {.fd = s->control_fd, .events = 0}; /* hang-up ends the wait */
        if (poll(&control, 1, LOCK_STEP_MS) > 0)
            return st;
    }
}

static int exit_of(enum store_status status)
{
    return status == STORE_NOT_FOUND                           ? EX_NOINPUT
           : status == STORE_DENIED                            ? EX_NOPERM
           : status == STORE_BUSY                              ? EX_TEMPFAIL
           : status == STORE_CORRUPT || status == STORE_SCHEMA ? EX_DATAERR
                                                               : EX_IOERR;
}

static int begin(struct scribe *s)
{
    struct store_error err = {{0}};
    enum store_status st = writer_identify(s->desk.settings, &s->desk.writer, &err);
    if (st == STORE_OK)
        st = open_store(s, &err);
    if (st != STORE_OK) {
        msg_error("store: %s", err.text);
        return exit_of(st);
    }
    hold_register(s);
    s->desk.memory = stamped_memory_new(REMEMBERED);
    s->upkeep = upkeep_start(s->desk.settings->store_directory);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!s->desk.memory || !s->upkeep || s->epoll_fd < 0 ||
        !watch(s, s->control_fd, &s->control_fd)) {
        msg_error("scribe cannot start: out of memory or descriptors");
        return EX_OSERR;
    }
    accept_more(s, true);
    return EX_OK;
}

static void end(struct scribe *s)
{
    while (s->connection_count)
        hang_up(s, s->connections[s->connection_count - 1], NULL);
    for (size_t i = 0; i < s->owed_count; i++)
        request_free(&s->owed[i]);
    upkeep_stop(s->upkeep);
    scribe_facts_stop(s->facts);
    store_close(s->desk.store);
    stamped_memory_free(s->desk.memory);
    wire_reader_free(&s->control);
    settings_unref(s->reloaded);
    if (s->epoll_fd >= 0)
        close(s->epoll_fd);
    free(s);
}

static bool say_ready(const struct scribe *s)
{
    json_t *ready = json_pack("{s:s}", "op", "ready");
    bool sent = ready && wire_send(s->control_fd, ready, NULL, 0, NULL, 0, TICK_MS) == WIRE_OK;
    json_decref(ready);
    return sent;
}

/* Without it mail is stamped, archived and matched all the same. */
static void start_facts(struct scribe *s, int reader_fd)
{
    if (reader_fd >= 0)
        s->facts = scribe_facts_start(s->desk.settings, reader_fd);
    if (reader_fd >= 0 && !s->facts)
        msg_error("messages are not read: out of memory, descriptors or threads");
}

int scribe_run(const struct scribe_setup *setup)
{
    struct scribe *s = calloc(1, sizeof *s);
    if (!s)
        return EX_OSERR;
    s->listen_fd = setup->listen_fd;
    s->control_fd = setup->control_fd;
    s->sealer_fd = setup->sealer_fd;
    s->epoll_fd = -1;
    s->desk.settings = setup->settings;
    s->desk.own_uid = geteuid();
    s->desk.milter_uid = uid_of(setup->settings->milter_user);
    int status = begin(s);
    if (status == EX_OK) {
        owe(s, "start", writer_start(s->desk.settings));
        pay(s);
        start_facts(s, setup->reader_fd);
        if (!say_ready(s) || !loop(s))
            status = EX_OSERR;
    }
    end(s);
    return status;
}
