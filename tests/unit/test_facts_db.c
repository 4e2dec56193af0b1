/*
 * test_facts_db - what was read is kept, is made anew when it is gone, and goes with an erasure
 */
#include "store_world.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "db/facts_feed.h"
#include "db/reader_private.h"
#include "db/store_erase.h"

#define ORIGIN "temoin.creditor.example"

static struct facts_db *open_facts(struct world *w)
{
    struct facts_db *db;
    assert_ok(w, facts_db_open(w->directory, STORE_WRITE, ORIGIN, &db, &w->err));
    return db;
}

static uint64_t add_mail(struct world *w, const char *body)
{
    struct entry e;
    mail(w, &e, "inbound", "F-1", NULL, body, strlen(body), false);
    return append(w, &e).seq;
}

static void put_read(struct world *w, struct facts_db *db, uint64_t seq, const char *text)
{
    struct fact_row row = {.seq = seq, .state = FACT_READ, .version = FACTS_VERSION};
    row.facts = json_pack("{s:s, s:s}", "kind", "reply", "reply_text", text);
    assert_ok(w, facts_db_put(db, w->store, &row, 1, false, &w->err));
    fact_row_free(&row);
}

static struct facts_figures figures(struct world *w, struct facts_db *db)
{
    struct facts_figures f;
    assert_ok(w, facts_db_figures(db, w->store, &f, &w->err));
    return f;
}

static void rows(void **state)
{
    struct world w;
    struct fact_row row;
    struct facts_next next;
    (void)state;
    world_make(&w);
    struct facts_db *db = open_facts(&w);
    uint64_t first = add_mail(&w, "one"), second = add_mail(&w, "two");
    assert_int_equal(figures(&w, db).waiting, 2);
    assert_ok(&w, facts_db_next(db, w.store, &next, &w.err));
    assert_int_equal(next.count, 2);
    assert_false(next.again);
    assert_int_equal(next.seqs[0], first);
    put_read(&w, db, first, "un");
    struct fact_row failed = {.seq = second,
                              .state = FACT_UNREAD,
                              .version = FACTS_VERSION,
                              .reason = strdup("took too long")};
    assert_ok(&w, facts_db_put(db, w.store, &failed, 1, false, &w.err));
    fact_row_free(&failed);
    assert_ok(&w, facts_db_get(db, first, &row, &w.err));
    assert_int_equal(row.state, FACT_READ);
    assert_string_equal(json_string_value(json_object_get(row.facts, "reply_text")), "un");
    fact_row_free(&row);
    assert_ok(&w, facts_db_get(db, second, &row, &w.err));
    assert_int_equal(row.state, FACT_UNREAD);
    assert_string_equal(row.reason, "took too long");
    fact_row_free(&row);
    assert_int_equal(facts_db_get(db, second + 1, &row, &w.err), STORE_NOT_FOUND);
    struct facts_figures f = figures(&w, db);
    assert_true(f.read == 1 && f.unread == 1 && f.waiting == 0);
    /* Again: what failed; one; all. */
    assert_ok(&w, facts_db_again_stale(db, &w.err));
    assert_ok(&w, facts_db_next(db, w.store, &next, &w.err));
    assert_true(next.again && next.count == 1 && next.seqs[0] == second);
    assert_ok(&w, facts_db_again_one(db, w.store, first, &w.err));
    assert_int_equal(figures(&w, db).waiting, 2);
    assert_int_equal(facts_db_again_one(db, w.store, 99, &w.err), STORE_NOT_FOUND);
    assert_ok(&w, facts_db_again_all(db, &w.err));
    assert_int_equal(figures(&w, db).waiting, 2);
    facts_db_close(db);
    world_end(&w);
}

static void break_file(const struct world *w)
{
    char path[128];
    static const char noise[4096] = "no database";
    snprintf(path, sizeof path, "%s/facts.db-wal", w->directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/facts.db", w->directory);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, noise, sizeof noise), (ssize_t)sizeof noise);
    close(fd);
}

static void made_anew(void **state)
{
    struct world w;
    struct facts_db *db;
    struct fact_row row;
    char path[128];
    (void)state;
    world_make(&w);
    uint64_t seq = add_mail(&w, "one");
    db = open_facts(&w);
    put_read(&w, db, seq, "un");
    assert_true(facts_db_current(db));
    snprintf(path, sizeof path, "%s/facts.db", w.directory);
    unlink(path);
    assert_false(facts_db_current(db));
    facts_db_close(db);
    assert_int_equal(facts_db_open(w.directory, STORE_READ, NULL, &db, &w.err), STORE_NOT_FOUND);
    db = open_facts(&w);
    assert_int_equal(facts_db_get(db, seq, &row, &w.err), STORE_NOT_FOUND);
    put_read(&w, db, seq, "un");
    facts_db_close(db);
    break_file(&w);
    db = open_facts(&w);
    assert_int_equal(figures(&w, db).waiting, 1);
    put_read(&w, db, seq, "un");
    facts_db_close(db);
    /* Facts of another log are none of ours. */
    assert_ok(&w, facts_db_open(w.directory, STORE_WRITE, "other.example", &db, &w.err));
    assert_int_equal(facts_db_get(db, seq, &row, &w.err), STORE_NOT_FOUND);
    facts_db_close(db);
    world_end(&w);
}

static void erased(void **state)
{
    struct world w;
    struct entry e;
    struct fact_row row;
    bool more = true;
    (void)state;
    world_make(&w);
    uint64_t seq = add_mail(&w, "one"), kept = add_mail(&w, "two");
    struct facts_db *db = open_facts(&w);
    put_read(&w, db, seq, "un");
    put_read(&w, db, kept, "deux");
    const struct erasure what = {.ground = "person-request", .by = "Ana", .seqs = &seq, .count = 1};
    entry_init(&e);
    e.event = "erasure";
    e.private_part = erasure_private(&what);
    append(&w, &e);
    facts_db_close(db);
    /* Somebody writes facts.db: the store's writer does not wait, and comes back. */
    char path[128];
    sqlite3 *other;
    snprintf(path, sizeof path, "%s/facts.db", w.directory);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(&w, store_erase_step(w.store, 0, &more, &w.err));
    assert_false(more);
    assert_true(store_erases(w.store));
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    more = true;
    while (store_erases(w.store) && more)
        assert_ok(&w, store_erase_step(w.store, 0, &more, &w.err));
    db = open_facts(&w);
    assert_int_equal(facts_db_get(db, seq, &row, &w.err), STORE_NOT_FOUND);
    assert_ok(&w, facts_db_get(db, kept, &row, &w.err));
    fact_row_free(&row);
    put_read(&w, db, seq, "read before it was erased");
    assert_int_equal(facts_db_get(db, seq, &row, &w.err), STORE_NOT_FOUND);
    facts_db_close(db);
    world_end(&w);
}

/* A reader that dies of every message that says so, and answers to the others; it stands in for
   temoin-reader, to be sure of what it does. */
_Noreturn static void mock_reader(int fd)
{
    char text[4096], octets[4096];
    for (;;) {
        union {
            char space[CMSG_SPACE(3 * sizeof(int))];
            struct cmsghdr align;
        } control;
        struct iovec iov = {text, sizeof text - 1};
        struct msghdr m = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control.space,
                           .msg_controllen = sizeof control.space};
        ssize_t n = recvmsg(fd, &m, 0);
        int fds[3];
        if (n <= 0)
            _exit(0);
        memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fds);
        json_t *order = json_loadb(text, (size_t)n, 0, NULL);
        const json_t *sizes = json_object_get(order, "sizes");
        off_t at = 0;
        const char *verdict = "done";
        for (size_t i = 0; i < json_array_size(sizes); i++) {
            ssize_t size = (ssize_t)json_integer_value(json_array_get(sizes, i));
            ssize_t got = pread(fds[0], octets, (size_t)size, at);
            if (got != size || memmem(octets, (size_t)got, "BOMB", 4)) {
                verdict = "blew up";
                break;
            }
            dprintf(fds[1], "{\"facts\":{\"kind\":\"reply\"}}\n");
            at += size;
        }
        dprintf(fds[2], "%s", verdict);
        for (int i = 0; i < 3; i++)
            close(fds[i]);
        json_decref(order);
    }
}

static void a_bomb_among_others(void **state)
{
    static const char *const bodies[] = {"a", "BOMB", "b", "c", "BOMB", "d"};
    struct world w;
    int ends[2];
    (void)state;
    world_make(&w);
    uint64_t first = 0;
    for (size_t i = 0; i < 6; i++) {
        uint64_t seq = add_mail(&w, bodies[i]);
        first = first ? first : seq;
    }
    store_close(w.store); /* no handle crosses a fork */
    w.store = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        mock_reader(ends[1]);
    }
    close(ends[1]);
    assert_ok(&w, store_open(w.directory, STORE_WRITE, &w.store, &w.err));
    struct settings settings = {.store_directory = w.directory,
                                .company_domain = (char *)"creditor.example"};
    struct reader *reader = reader_attach(ends[0], &reader_limits_default);
    struct facts_feed feed;
    size_t read = 1, all = 0;
    facts_feed_init(&feed, &settings, reader, -1);
    for (int steps = 0; read && steps < 10; steps++) {
        assert_ok(&w, facts_feed_step(&feed, &read, &w.err));
        all += read;
    }
    assert_int_equal(all, 6);
    for (size_t i = 0; i < 6; i++) {
        struct fact_row row;
        assert_ok(&w, facts_db_get(feed.db, first + i, &row, &w.err));
        assert_int_equal(row.state, strcmp(bodies[i], "BOMB") == 0 ? FACT_UNREAD : FACT_READ);
        if (row.state == FACT_UNREAD)
            assert_string_equal(row.reason, "blew up");
        fact_row_free(&row);
    }
    facts_feed_end(&feed);
    reader_stop(reader);
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    world_end(&w);
}

/* A feed whose reader is the other end of a socket. */
static void feed_begin(struct world *w, struct facts_feed *feed, struct settings *settings,
                       int ends[2])
{
    *settings = (struct settings){.store_directory = w->directory,
                                  .company_domain = (char *)"creditor.example"};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    const struct reader_limits none = {.memory = 1, .seconds = 0};
    struct reader *reader = reader_attach(ends[0], &none);
    assert_non_null(reader);
    reader->margin_ms = 200;
    facts_feed_init(feed, settings, reader, -1);
}

static void feed_end(struct facts_feed *feed, int ends[2])
{
    facts_feed_end(feed);
    reader_stop(feed->reader);
    close(ends[0]);
    close(ends[1]);
}

static void assert_unread(struct world *w, struct facts_feed *feed, uint64_t seq, const char *why)
{
    struct fact_row row;
    assert_ok(w, facts_db_get(feed->db, seq, &row, &w->err));
    assert_int_equal(row.state, FACT_UNREAD);
    assert_non_null(strstr(row.reason, why));
    fact_row_free(&row);
}

/* Takes all orders, and tells of the end of none: they are kept here. */
static void take_orders(int fd)
{
    char text[4096];
    union {
        char space[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {text, sizeof text};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    while (recvmsg(fd, &m, 0) > 0)
        m.msg_controllen = sizeof control.space;
    _exit(0);
}

static void a_reader_that_never_answers(void **state)
{
    struct world w;
    struct facts_feed feed;
    struct settings settings;
    struct facts_next next;
    int ends[2];
    size_t read = 0;
    (void)state;
    world_make(&w);
    uint64_t first = add_mail(&w, "one"), second = add_mail(&w, "two");
    feed_begin(&w, &feed, &settings, ends);
    /* One that is not there is waited for, however long. */
    for (int i = 0; i < 2 * FEED_TRIES; i++) {
        assert_int_equal(facts_feed_step(&feed, &read, &w.err), STORE_BUSY);
        assert_int_equal(feed.tries, 0);
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        take_orders(ends[1]);
    }
    for (unsigned i = 1; i < FEED_TRIES; i++) {
        assert_int_equal(facts_feed_step(&feed, &read, &w.err), STORE_BUSY);
        assert_int_equal(feed.tries, i);
    }
    assert_ok(&w, facts_feed_step(&feed, &read, &w.err));
    assert_int_equal(read, 1);
    assert_unread(&w, &feed, first, "does not answer");
    assert_ok(&w, facts_db_next(feed.db, w.store, &next, &w.err));
    assert_int_equal(next.seqs[0], second);
    /* When somebody asks for it, it has all its tries again. */
    assert_ok(&w, facts_db_again_one(feed.db, w.store, first, &w.err));
    assert_int_equal(facts_feed_step(&feed, &read, &w.err), STORE_BUSY);
    assert_int_equal(feed.tries, 1);
    assert_int_equal(feed.blamed, first);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    feed_end(&feed, ends);
    world_end(&w);
}

/* Its octets cannot be had: the messages before and behind it are read all the same. */
static void a_message_that_cannot_be_had(void **state)
{
    struct world w;
    struct facts_feed feed;
    struct settings settings;
    struct entry e;
    struct stat info;
    char path[400];
    int ends[2];
    size_t read = 0;
    (void)state;
    world_make(&w);
    char *body = pattern(300000);
    uint64_t first = add_mail(&w, "one");
    mail(&w, &e, "inbound", "F-1", NULL, body, 300000, true);
    uint64_t lost = append(&w, &e).seq, last = add_mail(&w, "two");
    free(body);
    snprintf(path, sizeof path, "%s/bodies", w.directory);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *item; (item = readdir(dir));) {
        snprintf(path, sizeof path, "%.100s/bodies/%.200s", w.directory, item->d_name);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
            assert_true(unlink(path) == 0 && mkdir(path, 0700) == 0); /* reading it: EISDIR */
    }
    closedir(dir);
    feed_begin(&w, &feed, &settings, ends);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        mock_reader(ends[1]);
    }
    assert_ok(&w, facts_feed_step(&feed, &read, &w.err));
    assert_int_equal(read, 1); /* the first */
    for (unsigned i = 1; i < FEED_TRIES; i++) {
        assert_int_equal(facts_feed_step(&feed, &read, &w.err), STORE_IO);
        assert_int_equal(feed.tries, i);
    }
    assert_ok(&w, facts_feed_step(&feed, &read, &w.err));
    assert_unread(&w, &feed, lost, "body ends after");
    assert_ok(&w, facts_feed_step(&feed, &read, &w.err));
    assert_int_equal(read, 1);
    struct facts_figures f = figures(&w, feed.db);
    assert_true(f.read == 2 && f.unread == 1 && f.waiting == 0);
    assert_true(first < lost && lost < last);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    feed_end(&feed, ends);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(made_anew),
        cmocka_unit_test(erased),
        cmocka_unit_test(a_bomb_among_others),
        cmocka_unit_test(a_reader_that_never_answers),
        cmocka_unit_test(a_message_that_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
