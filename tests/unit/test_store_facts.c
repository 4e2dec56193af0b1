/*
 * test_store_facts - starts, stops and the like, found without reading the log
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "db/sqlite.h"
#include "db/store_facts.h"
#include "tests/unit/store_world.h"

static const char *const service[] = {"start", "stop"};

static void add(struct world *w, const char *event, const char *invoice)
{
    struct entry e;
    fact(&e, event, invoice);
    append(w, &e);
}

/* 1 start, 2 note, 3 stop, 4 start, 5 a message, 6 stop */
static void fill(struct world *w)
{
    struct entry e;
    add(w, "start", NULL);
    add(w, "note", "F-1");
    add(w, "stop", NULL);
    add(w, "start", NULL);
    mail(w, &e, "outbound", "F-1", "<a@b>", "hello", 5, false);
    append(w, &e);
    add(w, "stop", NULL);
}

static void in_order(void **state)
{
    (void)state;
    struct world w;
    struct fact_list list = {0};
    world_make(&w);
    fill(&w);
    assert_ok(&w, store_facts(w.store, service, 2, 1, 6, &list, &w.err));
    static const uint64_t seqs[] = {1, 3, 4, 6};
    assert_int_equal(list.count, 4);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].seq, seqs[i]);
        assert_string_equal(list.items[i].event, service[i % 2]);
    }
    assert_false(list.more);
    fact_list_free(&list);
    world_end(&w);
}

static void range_and_none(void **state)
{
    (void)state;
    struct world w;
    struct fact_list list = {0};
    world_make(&w);
    fill(&w);
    assert_ok(&w, store_facts(w.store, service, 2, 2, 4, &list, &w.err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].seq, 3);
    fact_list_free(&list);
    static const char *const never[] = {"never", "prepared"};
    assert_ok(&w, store_facts(w.store, never, 2, 1, 6, &list, &w.err));
    assert_int_equal(list.count, 0);
    fact_list_free(&list);
    world_end(&w);
}

/* A store that the first version made gets the index when it is next opened for writing. */
static void older_schema(void **state)
{
    (void)state;
    struct world w;
    struct fact_list list = {0};
    struct db *db;
    char file[128];
    world_make(&w);
    fill(&w);
    store_close(w.store);
    w.store = NULL;
    snprintf(file, sizeof file, "%s/log.db", w.directory);
    assert_ok(&w, db_open(file, DB_WRITE, &db, &w.err));
    assert_ok(&w, db_exec(db,
                          "DROP INDEX entry_fact; DROP TABLE erased; DROP TABLE erasing;"
                          "PRAGMA user_version = 1",
                          &w.err));
    db_close(db);
    assert_ok(&w, store_open(w.directory, STORE_WRITE, &w.store, &w.err));
    assert_ok(&w, store_facts(w.store, service, 2, 1, 6, &list, &w.err));
    assert_int_equal(list.count, 4);
    fact_list_free(&list);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(range_and_none),
        cmocka_unit_test(older_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
