/*
 * test_store - appending, reading, and what must survive
 */
#include "tests/unit/store_world.h"

#include <grp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "db/schema.h"

static int setup(void **state)
{
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    world_make(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

/* --- appending and reading ------------------------------------------------------------------*/

static void what_was_appended_is_read_back(void **state)
{
    struct world *w = *state;
    struct entry e;
    struct stored_entry found;
    uint64_t last;
    fact(&e, "note", "F-1");
    struct appended done = append(w, &e);
    assert_int_equal(done.seq, 1);
    assert_false(done.duplicate);
    assert_ok(w, store_entry(w->store, 1, &found, &w->err));
    assert_string_equal(found.event, "note");
    assert_false(found.has_message);
    assert_non_null(strstr(found.record.data, "\"seq\":1,"));
    assert_non_null(strstr(found.private_part.data, "called, no answer"));
    stored_entry_free(&found);
    assert_ok(w, store_last_seq(w->store, &last, &w->err));
    assert_int_equal(last, 1);
    assert_int_equal(store_entry(w->store, 2, &found, &w->err), STORE_NOT_FOUND);
    assert_int_equal(store_message(w->store, 1, collect, NULL, &w->err), STORE_NOT_FOUND);
}

static void public_part_names_nobody(void **state)
{
    struct world *w = *state;
    struct entry e;
    struct stored_entry found;
    fact(&e, "note", "F-1");
    append(w, &e);
    assert_ok(w, store_entry(w->store, 1, &found, &w->err));
    assert_null(strstr(found.record.data, "jeanne"));
    assert_null(strstr(found.record.data, "F-1"));
    assert_non_null(strstr(found.record.data, "\"login\":\""));
    stored_entry_free(&found);
}

struct chain {
    unsigned char leaf[64][HASH_OCTETS];
    uint64_t next;
};

static bool take_leaf(const struct stored_entry *e, void *context)
{
    struct chain *c = context;
    assert_int_equal(e->seq, c->next);
    memcpy(c->leaf[c->next++], e->leaf, HASH_OCTETS);
    return true;
}

static void dossiers_are_chains(void **state)
{
    struct world *w = *state;
    struct chain c = {.next = 1};
    struct dossier d;
    struct entry e;
    for (int i = 0; i < 9; i++) {
        fact(&e, "note", i % 3 ? "F-1" : "F-2");
        if (i == 4) /* in both; named twice counts once */
            assert_true(strings_add(&e.dossiers, "F-2") && strings_add(&e.dossiers, "F-2"));
        append(w, &e);
    }
    assert_ok(w, store_each_entry(w->store, 1, take_leaf, &c, &w->err));
    assert_int_equal(c.next, 10);
    assert_ok(w, store_dossier(w->store, "F-2", &d, &w->err));
    assert_int_equal(d.count, 4);
    for (uint64_t n = 1; n <= d.count; n++) {
        struct stored_entry found;
        char id[33], prev[2 * HASH_OCTETS + 1], expected[200];
        assert_ok(w, store_entry(w->store, d.seqs[n - 1], &found, &w->err));
        record_hex(d.id, sizeof d.id, id);
        if (n == 1) {
            snprintf(expected, sizeof expected, "{\"id\":\"%s\",\"n\":1}", id);
        } else {
            record_hex(c.leaf[d.seqs[n - 2]], HASH_OCTETS, prev);
            snprintf(expected, sizeof expected, "{\"id\":\"%s\",\"n\":%d,\"prev\":\"%s\"}", id,
                     (int)n, prev);
        }
        assert_non_null(strstr(found.record.data, expected));
        stored_entry_free(&found);
    }
    assert_int_equal(d.seqs[1], 4);
    assert_int_equal(d.seqs[2], 5);
    dossier_free(&d);
    assert_int_equal(store_dossier(w->store, "F-3", &d, &w->err), STORE_NOT_FOUND);
}

static void dossiers_are_listed(void **state)
{
    struct world *w = *state;
    struct strings invoices = {0};
    struct entry e;
    fact(&e, "note", "F-2");
    append(w, &e);
    fact(&e, "note", "F-1");
    append(w, &e);
    assert_ok(w, store_dossiers(w->store, &invoices, &w->err));
    assert_int_equal(invoices.count, 2);
    assert_string_equal(invoices.items[0], "F-1");
    strings_free(&invoices);
}

static void a_bad_request_does_not_spoil_the_group(void **state)
{
    struct world *w = *state;
    struct appended done;
    struct entry good, bad, real;
    uint64_t last;
    fact(&good, "note", "F-1");
    fact(&bad, "", "F-1");
    fact(&real, "note", "F-1");
    json_object_set_new(real.private_part, "x", json_real(0.5));
    assert_ok(w, store_begin(w->store, &w->err));
    assert_int_equal(store_append(w->store, &world_context, &bad, &done, &w->err), STORE_INVALID);
    assert_ok(w, store_append(w->store, &world_context, &good, &done, &w->err));
    assert_int_equal(store_append(w->store, &world_context, &real, &done, &w->err), STORE_INVALID);
    assert_ok(w, store_append(w->store, &world_context, &good, &done, &w->err));
    assert_int_equal(done.seq, 2);
    assert_ok(w, store_commit(w->store, &w->err));
    assert_ok(w, store_last_seq(w->store, &last, &w->err));
    assert_int_equal(last, 2);
    entry_free(&good);
    entry_free(&bad);
    entry_free(&real);
}

static void a_body_that_is_not_what_was_said_is_refused_alone(void **state)
{
    struct world *w = *state;
    struct appended done;
    struct entry bad, good;
    mail(w, &bad, "outbound", "F-1", NULL, "12345", 5, true);
    assert_int_equal(ftruncate(bad.message.body_fd, 3), 0);
    fact(&good, "note", "F-1");
    assert_ok(w, store_begin(w->store, &w->err));
    assert_int_equal(store_append(w->store, &world_context, &bad, &done, &w->err), STORE_INVALID);
    assert_ok(w, store_append(w->store, &world_context, &good, &done, &w->err));
    assert_int_equal(done.seq, 1);
    assert_ok(w, store_commit(w->store, &w->err));
    entry_free(&bad);
    entry_free(&good);
}

static void rollback_leaves_nothing_and_no_gap(void **state)
{
    struct world *w = *state;
    struct appended done;
    struct store_figures f;
    struct entry e;
    char *body = pattern(300000);
    assert_ok(w, store_begin(w->store, &w->err));
    mail(w, &e, "outbound", "F-1", "<a@b>", body, 300000, true);
    assert_ok(w, store_append(w->store, &world_context, &e, &done, &w->err));
    entry_free(&e);
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.bodies, 1);
    store_rollback(w->store);
    assert_ok(w, store_figures(w->store, &f, &w->err));
    assert_int_equal(f.bodies, 0);
    assert_int_equal(f.entries, 0);
    assert_int_equal(f.messages, 0);
    fact(&e, "note", "F-1");
    assert_int_equal(append(w, &e).seq, 1);
    free(body);
}

/* --- duplicates -----------------------------------------------------------------------------*/

static void with_retry(struct entry *e, unsigned char key)
{
    e->has_retry = true;
    memset(e->retry, key, sizeof e->retry);
}

static void a_retry_appends_nothing(void **state)
{
    struct world *w = *state;
    struct appended done;
    struct entry e;
    for (int i = 0; i < 2; i++) {
        mail(w, &e, "outbound", "F-1", "<a@b>", "x", 1, false);
        with_retry(&e, 5);
        e.token = 40 + (uint64_t)i;
        assert_true(edits_add(&e.edits, EDIT_ADD, "Temoin-Token", 0, i ? " new" : " old", NULL));
        done = append(w, &e);
        assert_int_equal(done.seq, 1);
        assert_int_equal(done.duplicate, i == 1);
    }
    assert_int_equal(done.token, 40);
    assert_int_equal(done.edits.count, 1);
    assert_string_equal(done.edits.items[0].value, " old");
    appended_free(&done);
    fact(&e, "note", "F-1"); /* also in one group */
    with_retry(&e, 6);
    assert_ok(w, store_begin(w->store, &w->err));
    assert_ok(w, store_append(w->store, &world_context, &e, &done, &w->err));
    assert_false(done.duplicate);
    assert_ok(w, store_append(w->store, &world_context, &e, &done, &w->err));
    assert_true(done.duplicate);
    assert_int_equal(done.seq, 2);
    assert_ok(w, store_commit(w->store, &w->err));
    entry_free(&e);
}

static void the_window_ends_for_messages_only(void **state)
{
    struct world *w = *state;
    struct db *log;
    char file[128];
    struct entry e;
    mail(w, &e, "outbound", "F-1", "<a@b>", "x", 1, false);
    with_retry(&e, 5);
    append(w, &e);
    fact(&e, "note", "F-1");
    with_retry(&e, 6);
    append(w, &e);
    snprintf(file, sizeof file, "%s/log.db", w->directory);
    assert_ok(w, db_open(file, DB_WRITE, &log, &w->err));
    assert_ok(w, db_exec(log, "UPDATE retry SET time = time - 3700", &w->err));
    db_close(log);
    mail(w, &e, "outbound", "F-1", "<a@b>", "x", 1, false);
    with_retry(&e, 5);
    assert_false(append(w, &e).duplicate);
    fact(&e, "note", "F-1");
    with_retry(&e, 6);
    assert_true(append(w, &e).duplicate);
    mail(w, &e, "outbound", "F-1", "<a@b>", "x", 1, false); /* known again from now on */
    with_retry(&e, 5);
    struct appended done = append(w, &e);
    assert_true(done.duplicate);
    assert_int_equal(done.seq, 3);
}

static void a_message_id_seen_before_stops_nothing(void **state)
{
    struct world *w = *state;
    struct entry e;
    for (uint64_t i = 1; i <= 3; i++) {
        mail(w, &e, "inbound", "F-1", "<same@id>", "x", 1, false);
        assert_int_equal(append(w, &e).seq, i);
    }
}

/* --- numbers, pause, review -----------------------------------------------------------------*/

static void numbers_are_never_given_twice(void **state)
{
    struct world *w = *state;
    uint64_t first, again;
    assert_ok(w, store_reserve_numbers(w->store, 100, &first, &w->err));
    assert_int_equal(first, 1);
    world_restart(w);
    assert_ok(w, store_reserve_numbers(w->store, 5, &again, &w->err));
    assert_int_equal(again, 101);
    assert_int_equal(store_reserve_numbers(w->store, UINT64_C(1) << 40, &again, &w->err),
                     STORE_INVALID);
    assert_int_equal(store_reserve_numbers(w->store, (UINT64_C(1) << 40) - 1, &again, &w->err),
                     STORE_INVALID);
}

static void the_first_strong_reply_pauses(void **state)
{
    struct world *w = *state;
    struct dossier d;
    struct entry e;
    for (int i = 0; i < 3; i++) {
        mail(w, &e, i ? "inbound" : "outbound", "F-1", NULL, "x", 1, false);
        e.pauses = i > 0;
        append(w, &e);
        assert_ok(w, store_dossier(w->store, "F-1", &d, &w->err));
        assert_int_equal(d.paused_by, i ? 2 : 0);
        dossier_free(&d);
    }
}

static void review_is_decided_once(void **state)
{
    struct world *w = *state;
    struct appended done;
    struct review_item *items;
    size_t count;
    struct entry e;
    mail(w, &e, "inbound", NULL, "<r@x>", "x", 1, false);
    e.review_invoice = strdup("F-1");
    append(w, &e);
    assert_ok(w, store_reviews(w->store, true, &items, &count, &w->err));
    assert_int_equal(count, 1);
    assert_string_equal(items[0].invoice, "F-1");
    assert_string_equal(items[0].state, "open");
    review_items_free(items, count);
    fact(&e, "review", "F-2");
    e.decides = 1;
    e.decision = "assign";
    assert_int_equal(append(w, &e).seq, 2);
    assert_ok(w, store_reviews(w->store, true, &items, &count, &w->err));
    assert_int_equal(count, 0);
    review_items_free(items, count);
    assert_ok(w, store_reviews(w->store, false, &items, &count, &w->err));
    assert_string_equal(items[0].state, "assigned");
    assert_int_equal(items[0].decided_by, 2);
    review_items_free(items, count);
    fact(&e, "review", "F-1");
    e.decision = "dismiss";
    assert_ok(w, store_begin(w->store, &w->err));
    e.decides = 1; /* decided */
    assert_int_equal(store_append(w->store, &world_context, &e, &done, &w->err), STORE_INVALID);
    e.decides = 2; /* not up for review */
    assert_int_equal(store_append(w->store, &world_context, &e, &done, &w->err), STORE_INVALID);
    store_rollback(w->store);
    entry_free(&e);
}

/* --- lock, schema, readers ------------------------------------------------------------------*/

static void one_writer_only(void **state)
{
    struct world *w = *state;
    struct store *second;
    char pid[32];
    assert_int_equal(store_open(w->directory, STORE_WRITE, &second, &w->err), STORE_BUSY);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(w->err.text, pid));
    store_close(w->store);
    w->store = NULL;
    assert_ok(w, store_open(w->directory, STORE_WRITE, &w->store, &w->err));
}

static void only_a_store_is_opened(void **state)
{
    struct world *w = *state;
    struct store *other;
    char file[128];
    assert_int_equal(store_create(w->directory, "again", &w->err), STORE_INVALID);
    assert_int_equal(store_open("/nowhere", STORE_READ, &other, &w->err), STORE_NOT_FOUND);
    snprintf(file, sizeof file, "%s/log.db", w->directory);
    world_end(w);
    assert_int_equal(mkdir(w->directory, 0700), 0);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", f);
    fclose(f);
    assert_int_equal(store_open(w->directory, STORE_READ, &other, &w->err), STORE_CORRUPT);
    assert_non_null(strstr(w->err.text, file));
}

static void schemas_migrate_forward_only(void **state)
{
    struct world *w = *state;
    struct store *other;
    struct db *db;
    char file[128];
    int64_t value;
    static const char *const steps[] = {
        "CREATE TABLE t (a); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN b DEFAULT 5;",
        "UPDATE t SET b = a + b;",
    };
    const struct schema old = {steps, 1}, new = {steps, 3};
    static const char *const broken_steps[] = {"SELECT 1;", "CREATE TABLE u (a);", "nonsense;"};
    const struct schema broken = {broken_steps, 3};
    snprintf(file, sizeof file, "%s/some.db", w->directory);
    close(open(file, O_CREAT | O_RDWR, 0600));
    assert_ok(w, db_open(file, DB_WRITE, &db, &w->err));
    assert_ok(w, schema_migrate(db, &old, &w->err));
    assert_int_equal(schema_check(db, &new, &w->err), STORE_SCHEMA);
    assert_int_not_equal(schema_migrate(db, &broken, &w->err), STORE_OK);
    assert_ok(w, schema_check(db, &old, &w->err)); /* nothing of the broken one stays */
    assert_ok(w, schema_migrate(db, &new, &w->err));
    assert_ok(w, schema_check(db, &new, &w->err));
    assert_ok(w, db_number(db, "SELECT b FROM t", 0, &value, &w->err, ""));
    assert_int_equal(value, 6);
    assert_int_equal(schema_migrate(db, &old, &w->err), STORE_SCHEMA);
    db_close(db);
    store_close(w->store);
    w->store = NULL;
    snprintf(file, sizeof file, "%s/log.db", w->directory);
    assert_ok(w, db_open(file, DB_WRITE, &db, &w->err));
    assert_ok(w, db_exec(db, "PRAGMA user_version = 99", &w->err));
    db_close(db);
    assert_int_equal(store_open(w->directory, STORE_WRITE, &other, &w->err), STORE_SCHEMA);
    assert_int_equal(store_open(w->directory, STORE_READ, &other, &w->err), STORE_SCHEMA);
}

static void readers_see_commits_while_the_writer_writes(void **state)
{
    struct world *w = *state;
    struct store *a, *b;
    struct appended done;
    uint64_t last;
    struct entry e;
    assert_ok(w, store_open(w->directory, STORE_READ, &a, &w->err));
    assert_ok(w, store_open(w->directory, STORE_READ, &b, &w->err));
    for (uint64_t i = 1; i <= 20; i++) {
        fact(&e, "note", "F-1");
        assert_ok(w, store_begin(w->store, &w->err));
        assert_ok(w, store_append(w->store, &world_context, &e, &done, &w->err));
        entry_free(&e);
        assert_ok(w, store_last_seq(a, &last, &w->err));
        assert_int_equal(last, i - 1); /* not before the commit */
        assert_ok(w, store_commit(w->store, &w->err));
        assert_ok(w, store_last_seq(b, &last, &w->err));
        assert_int_equal(last, i);
        if (i == 10) {
            assert_ok(w, store_checkpoint_passive(w->directory, &w->err));
            assert_ok(w, store_checkpoint_restart(w->store, &w->err));
        }
    }
    assert_int_equal(store_begin(a, &w->err), STORE_INVALID);
    store_close(a);
    store_close(b);
}

/* The other program: may read but not write the store (another user of its group). Begun by
   exec, since SQLite remembers in a process which files it has open, across a fork too. */
static int other_program(const char *directory, uint64_t expected)
{
    gid_t group = 1;
    struct store_error err = {""};
    struct lookup *lookup = NULL;
    struct store *store = NULL;
    struct query q = {0};
    struct facts f = {0};
    uint64_t last = 0;
    char file[128];
    if (setgroups(1, &group) < 0 || setresgid(2, 2, 2) < 0 || setresuid(2, 2, 2) < 0)
        return 9;
    snprintf(file, sizeof file, "%s/log.db-shm", directory);
    bool ok = access(file, R_OK) == 0 && access(file, W_OK) < 0 &&
              store_open(directory, STORE_READ, &store, &err) == STORE_OK &&
              store_last_seq(store, &last, &err) == STORE_OK && last == expected &&
              lookup_open(directory, &lookup, &err) == STORE_OK && strings_add(&q.numbers, "F-1") &&
              lookup_facts(lookup, &q, NULL, &f, &err) == STORE_OK && f.invoice_count == 1;
    if (!ok)
        fprintf(stderr, "as another user: %s\n", err.text);
    facts_free(&f);
    query_free(&q);
    lookup_close(lookup);
    store_close(store);
    return ok ? 0 : 1;
}

static int read_as_other(const char *directory, int expected)
{
    char number[16];
    snprintf(number, sizeof number, "%d", expected);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "test_store", directory, number, (char *)NULL);
        _exit(9);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static void chown_all(const char *directory)
{
    char command[200];
    snprintf(command, sizeof command, "chown -R 1:1 %s && chmod 0750 %s", directory, directory);
    assert_int_equal(system(command), 0);
}

/* What a view shows does not change while it lasts. */
static void a_view_is_of_one_moment(void **state)
{
    struct world *w = *state;
    struct store *reader;
    struct entry e;
    struct dossier d;
    uint64_t last;
    fact(&e, "note", "F-1");
    append(w, &e);
    assert_ok(w, store_open(w->directory, STORE_READ, &reader, &w->err));
    assert_ok(w, store_view_begin(reader, &w->err));
    assert_ok(w, store_last_seq(reader, &last, &w->err));
    assert_int_equal(last, 1);
    fact(&e, "note", "F-1");
    assert_int_equal(append(w, &e).seq, 2);
    assert_ok(w, store_last_seq(reader, &last, &w->err));
    assert_int_equal(last, 1);
    assert_ok(w, store_dossier(reader, "F-1", &d, &w->err)); /* which wants a view of its own */
    assert_int_equal(d.count, 1);
    dossier_free(&d);
    assert_ok(w, store_last_seq(reader, &last, &w->err));
    assert_int_equal(last, 1);
    store_view_end(reader);
    assert_ok(w, store_last_seq(reader, &last, &w->err));
    assert_int_equal(last, 2);
    store_view_end(reader);
    store_close(reader);
}

static void another_user_may_read(void **state)
{
    struct world *w = *state;
    struct register_db *r;
    struct register_invoice invoice = {
        .number = (char *)"F-1", .debtor = (char *)"D", .currency = (char *)"EUR", .amount = 1};
    bool changed;
    struct entry e;
    if (geteuid() != 0) {
        print_message("needs root to become two users\n");
        skip();
    }
    assert_ok(w, register_open(w->directory, STORE_WRITE, &r, &w->err));
    assert_ok(w, register_put_debtor(r, "D", "Debtor", &changed, &w->err));
    assert_ok(w, register_put_invoice(r, &invoice, &changed, &w->err));
    register_close(r);
    chown_all(w->directory);
    assert_ok(w, store_hold_register(w->store, &w->err));
    fact(&e, "note", "F-1");
    append(w, &e);
    assert_int_equal(read_as_other(w->directory, 1), 0); /* while the writer is there */
    fact(&e, "note", "F-1");
    append(w, &e);
    store_close(w->store);
    w->store = NULL;
    chown_all(w->directory);
    assert_int_equal(read_as_other(w->directory, 2), 0); /* and after it ended */
}

/* --- crash ----------------------------------------------------------------------------------*/

/* Append groups of three until killed; tell on `fd` the last seq that was committed. */
_Noreturn static void write_until_killed(const char *directory, int fd)
{
    struct world w = {0};
    struct store *store;
    snprintf(w.directory, sizeof w.directory, "%s", directory);
    char *body = malloc(5000);
    if (!body || store_open(directory, STORE_WRITE, &store, &w.err) != STORE_OK)
        _exit(1);
    memset(body, 'b', 5000);
    for (;;) {
        struct appended done = {0};
        enum store_status st = store_begin(store, &w.err);
        for (int i = 0; i < 3 && st == STORE_OK; i++) {
            struct entry e;
            mail(&w, &e, "outbound", "F-1", "<a@b>", body, 5000, i == 1);
            st = store_append(store, &world_context, &e, &done, &w.err);
            entry_free(&e);
        }
        if (st != STORE_OK || store_commit(store, &w.err) != STORE_OK ||
            write(fd, &done.seq, sizeof done.seq) != sizeof done.seq)
            _exit(1);
    }
}

static bool count_up(const struct stored_entry *e, void *context)
{
    uint64_t *next = context;
    return e->seq == *next && ++*next;
}

static void killed_in_the_middle_nothing_committed_is_lost(void **state)
{
    struct world *w = *state;
    uint64_t told = 0, seq, last = 0;
    store_close(w->store);
    w->store = NULL;
    for (int round = 0; round < 4; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            write_until_killed(w->directory, ends[1]);
        }
        close(ends[1]);
        for (int i = 0; i < 5 + round; i++)
            if (read(ends[0], &seq, sizeof seq) == sizeof seq)
                told = seq;
        usleep((useconds_t)(300 * round));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &seq, sizeof seq) == sizeof seq)
            told = seq;
        close(ends[0]);
        assert_true(told > last);
        assert_ok(w, store_open(w->directory, STORE_WRITE, &w->store, &w->err));
        assert_ok(w, store_last_seq(w->store, &last, &w->err));
        assert_true(last >= told && last % 3 == 0); /* whole groups only */
        uint64_t next = 1;
        struct dossier d;
        struct store_figures f;
        assert_ok(w, store_dossier(w->store, "F-1", &d, &w->err));
        assert_int_equal(d.count, last);
        dossier_free(&d);
        assert_ok(w, store_each_entry(w->store, 1, count_up, &next, &w->err));
        assert_int_equal(next, last + 1); /* no gap */
        assert_ok(w, store_figures(w->store, &f, &w->err));
        assert_int_equal(f.bodies, last / 3); /* no orphan stays */
        char *body = malloc(5000);
        assert_non_null(body);
        memset(body, 'b', 5000);
        for (uint64_t s = last; s > last - 3; s--)
            assert_message(w, w->store, s, body, 5000);
        free(body);
        store_close(w->store);
        w->store = NULL;
    }
}

/* --- full disk ------------------------------------------------------------------------------*/

static void a_full_disk_is_said_and_survived(void **state)
{
    (void)state;
    char directory[] = "/tmp/temoin-full-XXXXXX", inner[64], filler[64];
    struct world w = {0};
    assert_non_null(mkdtemp(directory));
    if (geteuid() != 0 || mount("tmpfs", directory, "tmpfs", 0, "size=2m") < 0) {
        rmdir(directory);
        print_message("needs root to mount a small tmpfs\n");
        skip();
    }
    snprintf(inner, sizeof inner, "%s/store", directory);
    snprintf(filler, sizeof filler, "%s/filler", directory);
    snprintf(w.directory, sizeof w.directory, "%s", inner);
    assert_ok(&w, store_create(inner, "o", &w.err));
    assert_ok(&w, store_open(inner, STORE_WRITE, &w.store, &w.err));
    char *body = pattern(100000);
    struct entry e;
    enum store_status st = STORE_OK;
    uint64_t committed = 0;
    int fd = open(filler, O_CREAT | O_RDWR, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 700000), 0);
    for (int i = 0; i < 50 && st == STORE_OK; i++) {
        struct appended done;
        mail(&w, &e, "outbound", "F-1", NULL, body, 100000, false);
        st = store_begin(w.store, &w.err);
        if (st == STORE_OK)
            st = store_append(w.store, &world_context, &e, &done, &w.err);
        if (st == STORE_OK)
            st = store_commit(w.store, &w.err);
        committed += st == STORE_OK;
        entry_free(&e);
    }
    assert_int_equal(st, STORE_FULL);
    assert_non_null(strstr(w.err.text, "log.db"));
    assert_non_null(strstr(w.err.text, "free some space"));
    store_rollback(w.store);
    close(fd);
    assert_int_equal(unlink(filler), 0); /* space returns */
    mail(&w, &e, "outbound", "F-1", NULL, body, 100000, false);
    assert_int_equal(append(&w, &e).seq, committed + 1);
    assert_message(&w, w.store, committed + 1, body, 100000);
    free(body);
    store_close(w.store);
    assert_int_equal(umount(directory), 0);
    rmdir(directory);
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return other_program(argv[1], strtoull(argv[2], NULL, 10));
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(what_was_appended_is_read_back),
        TEST(public_part_names_nobody),
        TEST(dossiers_are_chains),
        TEST(dossiers_are_listed),
        TEST(a_bad_request_does_not_spoil_the_group),
        TEST(a_body_that_is_not_what_was_said_is_refused_alone),
        TEST(rollback_leaves_nothing_and_no_gap),
        TEST(a_retry_appends_nothing),
        TEST(the_window_ends_for_messages_only),
        TEST(a_message_id_seen_before_stops_nothing),
        TEST(numbers_are_never_given_twice),
        TEST(the_first_strong_reply_pauses),
        TEST(review_is_decided_once),
        TEST(one_writer_only),
        TEST(only_a_store_is_opened),
        TEST(schemas_migrate_forward_only),
        TEST(readers_see_commits_while_the_writer_writes),
        TEST(a_view_is_of_one_moment),
        TEST(another_user_may_read),
        TEST(killed_in_the_middle_nothing_committed_is_lost),
        cmocka_unit_test(a_full_disk_is_said_and_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
