/*
 * test_batch - what batch.db keeps, and the evidence records built from it
 *
 * Tokens are real ones: an `openssl ts` authority is asked through an HTTP server in
 * tests/commands/test_seal.py; here batch.db is filled by SQL with a token that is only a DER
 * SEQUENCE, so that trees of many sizes can be tried quickly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/batch_internal.h"
#include "db/batch_ledger.h"
#include "tests/unit/ers_read.h"
#include "tests/unit/sealed_store.h"

enum { ENTRIES = 5, FOREIGN = 700 };

#define must(call)                                                       \
    do {                                                                 \
        struct store_error err = {0};                                    \
        enum store_status must_status = (call);                          \
        if (must_status != STORE_OK)                                     \
            fail_msg("%s: status %d: %s", #call, must_status, err.text); \
    } while (0)

static const unsigned char TOKEN[] = {0x30, 0x03, 0x02, 0x01, 0x07};

struct world {
    struct sealed_store sealed;
    struct batch_db *db;
};

static struct ers_hash foreign(unsigned n)
{
    struct ers_hash h;
    SHA256((const unsigned char *)&n, sizeof n, h.octets);
    return h;
}

/* A batch over entries 1 to ENTRIES and FOREIGN other groups, as batch_close.c stores it. */
static void put_batch(struct world *w, bool in_order)
{
    struct ers_hash leaves[ENTRIES + FOREIGN], group[GROUP_MOST], copy[ENTRIES + FOREIGN], root;
    size_t count, n = 0;
    must(batch_open_log(w->db, &err));
    for (uint64_t seq = 1; seq <= ENTRIES; seq++) {
        struct stored_entry e = {0};
        must(store_entry(w->db->store, seq, &e, &err));
        must(batch_group(w->db, &e, group, &count, &err));
        assert_true(ers_node(w->db->hash, group, count, &leaves[n++]));
        stored_entry_free(&e);
    }
    for (unsigned i = 0; i < FOREIGN; i++)
        leaves[n++] = foreign(i);
    qsort(leaves, n, sizeof *leaves, ers_compare);
    if (!in_order) {
        struct ers_hash first = leaves[0];
        leaves[0] = leaves[2];
        leaves[2] = first;
    }
    memcpy(copy, leaves, sizeof copy);
    assert_true(ers_root(copy, n, &root));
    must(db_run(w->db->db, "INSERT INTO chain(id, pem) VALUES(1, 'pem')", &err, ""));
    must(db_run(w->db->db,
                "INSERT INTO batch(number, first, last, gen_time, clock, ends, qualified, root,"
                " tsa, token, chain) VALUES(1, 1, 5, 1000, 1000, 9000, 0, ?, 'tsa', ?, 1)",
                &err, "bb", (const void *)&root, sizeof root, (const void *)TOKEN, sizeof TOKEN));
    for (size_t at = 0; at < n; at += TILE) {
        size_t some = n - at < TILE ? n - at : TILE;
        memcpy(copy, leaves + at, some * sizeof *copy);
        assert_true(ers_root(copy, some, &root));
        must(db_run(
            w->db->db, "INSERT INTO tile(batch, place, first, node, leaves) VALUES(1, ?, ?, ?, ?)",
            &err, "ibbb", (int64_t)(at / TILE), (const void *)&leaves[at], sizeof root,
            (const void *)&root, sizeof root, (const void *)&leaves[at], some * sizeof root));
    }
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    sealed_store_make(&w->sealed);
    sealed_store_add(&w->sealed, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    sealed_store_add(&w->sealed, &(struct wanted_entry){.event = "reply",
                                                        .direction = "inbound",
                                                        .invoice = "F-1",
                                                        .message = "A: b\r\n\r\nc\r\n"});
    for (int i = 2; i < ENTRIES; i++)
        sealed_store_add(&w->sealed, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    sealed_store_sign(&w->sealed);
    must(batch_open_write(w->sealed.store, &w->db, &err));
    put_batch(w, true);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    batch_close_db(w->db);
    sealed_store_remove(&w->sealed);
    free(w);
    return 0;
}

static void each_entry_has_its_record(void **state)
{
    struct world *w = *state;
    struct batch_token t = {0};
    must(batch_by_number(w->db, 1, &t, &err));
    for (uint64_t seq = 1; seq <= ENTRIES; seq++) {
        struct bytes ers = {0};
        struct ers_record record;
        struct stored_entry e = {0};
        struct ers_hash group[GROUP_MOST], root;
        size_t count;
        must(batch_evidence_record(w->db, seq, &ers, &err));
        assert_true(ers_decode(ers.data, ers.len, &record));
        must(store_entry(w->db->store, seq, &e, &err));
        must(batch_group(w->db, &e, group, &count, &err));
        assert_int_equal(count, seq == 2 ? 4 : 3);
        assert_true(ers_stamp_root(&record.stamps[0], group, count, &root));
        assert_memory_equal(root.octets, t.root, ERS_HASH);
        assert_memory_equal(record.stamps[0].token.data, TOKEN, sizeof TOKEN);
        assert_in_range(ers.len, 100, 1700);
        stored_entry_free(&e);
        ers_record_free(&record);
        bytes_free(&ers);
    }
    batch_token_free(&t);
}

/* The message's octets are the fourth file: their SHA-256, not anything else. */
static void the_message_is_in_its_group(void **state)
{
    struct world *w = *state;
    struct stored_entry e = {0};
    struct ers_hash group[GROUP_MOST], expected;
    size_t count;
    must(store_entry(w->db->store, 2, &e, &err));
    must(batch_group(w->db, &e, group, &count, &err));
    SHA256((const unsigned char *)"A: b\r\n\r\nc\r\n", 11, expected.octets);
    assert_int_equal(count, 4);
    assert_memory_equal(group[3].octets, expected.octets, ERS_HASH);
    stored_entry_free(&e);
}

static void bounds_follow_from_the_log(void **state)
{
    struct world *w = *state;
    struct batch_bounds bounds;
    struct batch_token t;
    struct store_error error;
    must(batch_bounds(w->db, 3, &bounds, &err));
    assert_int_equal(bounds.not_after, 1000);
    assert_int_equal(bounds.not_before, 0);
    must(db_run(w->db->db, "UPDATE batch SET entry = 6", &err, ""));
    must(batch_bounds(w->db, 6, &bounds, &err)); /* the token's own entry came after it, too */
    assert_int_equal(bounds.not_before, 0);
    must(batch_bounds(w->db, 7, &bounds, &err));
    assert_int_equal(bounds.not_before, 1000);
    assert_int_equal(bounds.previous_number, 1);
    assert_int_equal(bounds.not_after, 0);
    assert_int_equal(batch_for_entry(w->db, 0, &t, &error), STORE_NOT_FOUND);
    assert_int_equal(batch_for_entry(w->db, 6, &t, &error), STORE_NOT_FOUND);
    assert_int_equal(batch_for_entry(w->db, UINT64_MAX, &t, &error), STORE_NOT_FOUND);
    assert_int_equal(batch_by_number(w->db, 2, &t, &error), STORE_NOT_FOUND);
    assert_int_equal(batch_previous(w->db, 1, &t, &error), STORE_NOT_FOUND);
}

static enum store_status record_of(struct world *w, uint64_t seq)
{
    struct bytes ers = {0};
    struct store_error error;
    enum store_status st = batch_evidence_record(w->db, seq, &ers, &error);
    bytes_free(&ers);
    return st;
}

static void damage_is_seen(void **state)
{
    struct world *w = *state;
    struct sealed_store *s = &w->sealed;
    assert_int_equal(record_of(w, 2), STORE_OK);
    sealed_store_flip(s, "log.db", "entry", "private", "seq = 3", 5);
    assert_int_equal(record_of(w, 3), STORE_CORRUPT);
    assert_int_equal(record_of(w, 4), STORE_OK);
    sealed_store_flip(s, "batch.db", "tile", "node", "place = 0", 1);
    assert_int_equal(record_of(w, 4), STORE_CORRUPT);
    sealed_store_flip(s, "batch.db", "tile", "node", "place = 0", 1);
    sealed_store_flip(s, "batch.db", "batch", "root", "number = 1", 1);
    assert_int_equal(record_of(w, 4), STORE_CORRUPT);
    sealed_store_flip(s, "batch.db", "batch", "root", "number = 1", 1);
    assert_int_equal(record_of(w, 4), STORE_OK);
    sealed_store_sql(s, "batch.db", "UPDATE batch SET token = x'02'");
    assert_int_equal(record_of(w, 4), STORE_CORRUPT);
    sealed_store_sql(s, "batch.db", "DELETE FROM tile");
    assert_int_equal(record_of(w, 4), STORE_CORRUPT);
}

static void what_was_erased_has_no_record_of_its_own(void **state)
{
    struct world *w = *state;
    sealed_store_sql(&w->sealed, "log.db", "UPDATE entry SET private = NULL WHERE seq = 4");
    assert_int_equal(record_of(w, 4), STORE_NOT_FOUND);
    assert_int_equal(record_of(w, 5), STORE_OK);
}

static void a_renewal_is_in_the_record(void **state)
{
    struct world *w = *state;
    static const unsigned char newer[] = {0x30, 0x03, 0x02, 0x01, 0x08};
    struct ers_hash old, other = foreign(12345), root, found;
    struct bytes ers = {0};
    struct ers_record record;
    SHA256(TOKEN, sizeof TOKEN, old.octets);
    struct ers_hash both[2] = {old, other};
    assert_true(ers_node(w->db->hash, both, 2, &root));
    must(db_run(w->db->db,
                "INSERT INTO renewal(number, gen_time, clock, ends, qualified, root, tsa, token,"
                " chain) VALUES(1, 2000, 2000, 99000, 0, ?, 'tsa', ?, 1)",
                &err, "bb", (const void *)&root, sizeof root, (const void *)newer, sizeof newer));
    must(db_run(w->db->db, "INSERT INTO renewed(batch, renewal, hash) VALUES(1, 1, ?)", &err, "b",
                (const void *)&old, sizeof old));
    must(db_exec(w->db->db, "PRAGMA foreign_keys = OFF", &err));
    must(db_run(w->db->db, "INSERT INTO renewed(batch, renewal, hash) VALUES(2, 1, ?)", &err, "b",
                (const void *)&other, sizeof other));
    must(batch_evidence_record(w->db, 1, &ers, &err));
    assert_true(ers_decode(ers.data, ers.len, &record));
    assert_int_equal(record.count, 2);
    assert_memory_equal(record.stamps[1].token.data, newer, sizeof newer);
    assert_true(ers_stamp_root(&record.stamps[1], &old, 1, &found));
    assert_memory_equal(found.octets, root.octets, ERS_HASH);
    ers_record_free(&record);
    bytes_free(&ers);
    sealed_store_sql(&w->sealed, "batch.db", "DELETE FROM renewed WHERE batch = 1");
    sealed_store_sql(&w->sealed, "batch.db",
                     "INSERT INTO renewed(batch, renewal, hash) VALUES(1, 1, zeroblob(32))");
    assert_int_equal(record_of(w, 1), STORE_CORRUPT);
}

static size_t ledger_problems(struct world *w, const char *what)
{
    struct batch_ledger *ledger = NULL;
    struct strings problems = {0};
    must(batch_ledger_open(&w->sealed.settings, &ledger, &problems, &err));
    assert_int_equal(batch_ledger_count(ledger), 1);
    must(batch_ledger_judge(ledger, 0, w->db, &w->sealed.settings, &problems, &err));
    size_t count = problems.count;
    if (count)
        assert_non_null(strstr(problems.items[0], what));
    strings_free(&problems);
    batch_ledger_close(ledger);
    return count;
}

/* A tree whose leaves are in no order leads to its root, but nothing can be found in it. */
static void a_batch_in_disorder(void **state)
{
    struct world *w = *state;
    assert_int_equal(ledger_problems(w, ""), 0);
    must(db_exec(w->db->db, "DELETE FROM tile; DELETE FROM batch; DELETE FROM chain;", &err));
    put_batch(w, false);
    assert_int_equal(ledger_problems(w, "batch 1: its tree does not lead to its root"), 1);
}

static void one_writer(void **state)
{
    struct world *w = *state;
    struct batch_db *second;
    struct store_error error;
    assert_int_equal(batch_open_write(w->sealed.store, &second, &error), STORE_BUSY);
    must(batch_open(w->sealed.store, &second, &err));
    batch_close_db(second);
}

static void nothing_was_ever_dated(void **state)
{
    (void)state;
    struct sealed_store s;
    struct batch_db *db;
    struct batch_figures f;
    struct store_error error;
    sealed_store_make(&s);
    assert_int_equal(batch_open(s.store, &db, &error), STORE_NOT_FOUND);
    must(batch_figures(s.store, &f, &err));
    assert_int_equal(f.batches + f.open + (uint64_t)f.open_since, 0);
    sealed_store_add(&s, &(struct wanted_entry){.event = "timestamp"});
    must(batch_figures(s.store, &f, &err));
    assert_int_equal(f.open, 1);
    assert_int_equal(f.open_since, 0);
    sealed_store_add(&s, &(struct wanted_entry){.event = "note"});
    must(batch_figures(s.store, &f, &err));
    assert_int_equal(f.open, 2);
    assert_true(f.open_since > 1700000000);
    batch_figures_free(&f);
    sealed_store_remove(&s);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(each_entry_has_its_record),
        WITH_WORLD(the_message_is_in_its_group),
        WITH_WORLD(bounds_follow_from_the_log),
        WITH_WORLD(damage_is_seen),
        WITH_WORLD(what_was_erased_has_no_record_of_its_own),
        WITH_WORLD(a_renewal_is_in_the_record),
        WITH_WORLD(a_batch_in_disorder),
        WITH_WORLD(one_writer),
        cmocka_unit_test(nothing_was_ever_dated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
