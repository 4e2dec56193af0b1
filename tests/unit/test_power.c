/*
 * test_power - the power fails before each sync, and after the last: what was committed is there
 *
 * Messages, small ones and such whose body takes the road through a file, are committed, alone
 * and in groups; the write-ahead log is checkpointed; the messages move into their month's
 * volume. See power.h for what is left each time.
 */
#include "tests/unit/store_world.h"

#include <time.h>

#include "db/follow.h"
#include "milter/spool.h"
#include "tests/unit/power.h"

enum { DAY = 86400, SMALL = 700, LARGE = 70000, SPILL = 66000, FAILURES_MAX = 400 };

struct play {
    struct world w;
    char left[42];      /* what each failure leaves is below it */
    uint64_t committed; /* the MTA was told so */
    unsigned failures;
    uint64_t then[FAILURES_MAX]; /* `committed` at that failure */
};

static void place(const struct play *p, unsigned number, char *path, size_t size)
{
    snprintf(path, size, "%s/%u", p->left, number);
}

static void the_power_fails(void *context)
{
    struct play *p = context;
    char to[64];
    assert_true(p->failures < FAILURES_MAX);
    place(p, p->failures, to, sizeof to);
    p->then[p->failures++] = p->committed;
    power_fail(to);
}

static size_t size_of(uint64_t seq)
{
    return seq % 3 == 0 ? LARGE : SMALL;
}

/* As the milter does: the body arrives, is complete, is taken into an entry. */
static void arrive(struct play *p, uint64_t seq, struct entry *e)
{
    char directory[96];
    struct spool spool;
    struct bytes head = {0};
    char *body = pattern(size_of(seq));
    snprintf(directory, sizeof directory, "%s/spool", p->w.directory);
    spool_begin(&spool, directory, SPILL);
    assert_true(spool_add(&spool, body, size_of(seq)));
    assert_true(spool_end(&spool, true));
    assert_int_equal(spool.fd >= 0, size_of(seq) == LARGE);
    fact(e, "prepared", "F-1");
    assert_true(bytes_puts(&head, MAIL_HEAD));
    int fd = spool_take_file(&spool);
    assert_true(entry_take_message(e, &head, spool.memory.data, spool.memory.len, fd,
                                   fd >= 0 ? spool.size : 0, true, NULL));
    bytes_free(&head);
    spool_free(&spool);
    free(body);
}

static void commit(struct play *p, unsigned count)
{
    struct world *w = &p->w;
    uint64_t seq = p->committed;
    assert_ok(w, store_begin(w->store, &w->err));
    for (unsigned i = 0; i < count; i++) {
        struct entry e;
        struct appended done = {0};
        arrive(p, ++seq, &e);
        assert_ok(w, store_append(w->store, &world_context, &e, &done, &w->err));
        assert_int_equal(done.seq, seq);
        entry_free(&e);
    }
    assert_ok(w, store_commit(w->store, &w->err));
    p->committed = seq;
}

static void tidy(struct play *p)
{
    struct world *w = &p->w;
    bool more = true;
    while (more)
        assert_ok(w, store_tidy(w->store, time(NULL) + DAY, 3600, &more, &w->err));
}

/* Start again with what is left. */
static void judge(const struct play *p, unsigned number)
{
    struct world left = {0};
    uint64_t last = 0;
    place(p, number, left.directory, sizeof left.directory);
    assert_ok(&left, store_open(left.directory, STORE_WRITE, &left.store, &left.err));
    assert_ok(&left, store_last_seq(left.store, &last, &left.err));
    if (last < p->then[number])
        fail_msg("failure %u: entry %d of %d is the last", number, (int)last, (int)p->then[number]);
    for (uint64_t seq = 1; seq <= last; seq++) {
        char *body = pattern(size_of(seq));
        assert_message(&left, left.store, seq, body, size_of(seq));
        free(body);
    }
    world_end(&left);
}

static void what_was_committed_outlasts_a_power_failure(void **state)
{
    static struct play p;
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(p.left, sizeof p.left, "%.26s/temoin-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p.left));
    world_make(&p.w);
    power_watch(p.w.directory, the_power_fails, &p);
    for (unsigned i = 0; i < 3; i++)
        commit(&p, 1);
    commit(&p, 4);
    assert_ok(&p.w, store_checkpoint_passive(p.w.directory, &p.w.err));
    commit(&p, 2);
    assert_ok(&p.w, store_checkpoint_restart(p.w.store, &p.w.err));
    commit(&p, 1);
    unsigned before = p.failures;
    tidy(&p);
    assert_true(p.failures > before + 3);
    commit(&p, 3);
    tidy(&p);
    the_power_fails(&p);
    world_end(&p.w);
    power_ignore();
    assert_true(p.failures > 20);
    for (unsigned i = 0; i < p.failures; i++)
        judge(&p, i);
    assert_int_equal(rmdir(p.left), 0);
}

/* Where follow stopped: what was said to be saved is there; before, what was saved last. */
static void the_place_in_a_log_outlasts_a_power_failure(void **state)
{
    static struct play p;
    struct follow_state place_of = {.source = (char *)"journal", .known = true};
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(p.left, sizeof p.left, "%.26s/temoin-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p.left));
    world_make(&p.w);
    power_watch(p.w.directory, the_power_fails, &p);
    for (p.committed = 0; p.committed < 3; p.committed++) {
        place_of.offset = p.committed + 1;
        assert_ok(&p.w, follow_state_save(p.w.directory, &place_of, &p.w.err));
    }
    the_power_fails(&p);
    world_end(&p.w);
    power_ignore();
    for (unsigned i = 0; i < p.failures; i++) {
        struct world left = {0};
        struct follow_state found = {0};
        place(&p, i, left.directory, sizeof left.directory);
        assert_ok(&left, follow_state_load(left.directory, "journal", &found, &left.err));
        if (found.offset < p.then[i])
            fail_msg("failure %u: %d, not %d", i, (int)found.offset, (int)p.then[i]);
        follow_state_free(&found);
        world_end(&left);
    }
    assert_int_equal(rmdir(p.left), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_outlasts_a_power_failure),
        cmocka_unit_test(the_place_in_a_log_outlasts_a_power_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
