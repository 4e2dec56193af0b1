/*
 * test_verify - verify names every single change, and nothing when there is none
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/command.h"
#include "db/verify.h"
#include "tests/unit/sealed_store.h"

#define MAIL(n) "From: a@b.example\r\nSubject: facture " n "\r\n\r\nBonjour,\r\nnuméro " n "\r\n"

/* Entries 1 to 8; 3 has its body in a file, 6 is in two dossiers. */
static int make_world(void **state)
{
    struct sealed_store *w = calloc(1, sizeof *w);
    assert_non_null(w);
    sealed_store_make(w);
    sealed_store_add(w, &(struct wanted_entry){.event = "start"});
    sealed_store_add(w, &(struct wanted_entry){.event = "prepared",
                                               .direction = "outbound",
                                               .level = "prepared",
                                               .invoice = "F-1",
                                               .message = MAIL("2")});
    sealed_store_add(w, &(struct wanted_entry){.event = "prepared",
                                               .direction = "outbound",
                                               .level = "prepared",
                                               .invoice = "F-1",
                                               .message = MAIL("3"),
                                               .spilled = true});
    sealed_store_add(w, &(struct wanted_entry){.event = "reply",
                                               .direction = "inbound",
                                               .invoice = "F-1",
                                               .message = MAIL("4"),
                                               .pauses = true});
    sealed_store_add(w, &(struct wanted_entry){.event = "note",
                                               .invoice = "F-2",
                                               .private_json = "{\"text\":\"appelé\"}"});
    sealed_store_add(w, &(struct wanted_entry){.event = "prepared",
                                               .direction = "outbound",
                                               .invoice = "F-1",
                                               .second_invoice = "F-2",
                                               .message = MAIL("6")});
    sealed_store_add(w, &(struct wanted_entry){.event = "reply",
                                               .direction = "inbound",
                                               .invoice = "F-2",
                                               .message = MAIL("7"),
                                               .dropped = true});
    sealed_store_add(w, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    sealed_store_sign(w);
    sealed_store_save(w);
    *state = w;
    return 0;
}

static int drop_world(void **state)
{
    sealed_store_remove(*state);
    free(*state);
    return 0;
}

static void verify(struct sealed_store *w, int64_t now, struct verdict *v)
{
    struct store_error err = {0};
    *v = (struct verdict){0};
    enum store_status st = verify_log(&w->settings, now, NULL, v, &err);
    if (st != STORE_OK)
        fail_msg("verify: %d: %s", st, err.text);
}

/* Exactly one thing is named, and it is this one; the world is then as before. */
static void expect(struct sealed_store *w, uint64_t seq, const char *what)
{
    struct verdict v;
    verify(w, (int64_t)time(NULL), &v);
    bool right = v.count == 1 && v.findings[0].seq == seq && strstr(v.findings[0].what, what);
    for (size_t i = 0; !right && i < v.count; i++)
        print_error("not %lu %s, but: %lu %s\n", (unsigned long)seq, what,
                    (unsigned long)v.findings[i].seq, v.findings[i].what);
    if (!right)
        fail_msg("%zu findings where %lu %s was wanted", v.count, (unsigned long)seq, what);
    verdict_free(&v);
    sealed_store_restore(w);
}

static void intact(void **state)
{
    struct verdict v;
    verify(*state, (int64_t)time(NULL), &v);
    for (size_t i = 0; i < v.count; i++)
        print_error("%lu %s\n", (unsigned long)v.findings[i].seq, v.findings[i].what);
    assert_int_equal(v.count, 0);
    assert_int_equal(v.entries, 8);
    assert_int_equal(v.sealed, 8);
    assert_int_equal(v.unsigned_yet, 0);
    assert_int_equal(v.messages, 4);
    assert_int_equal(v.dossiers, 2);
    assert_true(v.root_checked);
    verdict_free(&v);
}

static void one_octet(void **state)
{
    struct sealed_store *w = *state;
    static const int places[] = {0, 100, -2};
    for (size_t i = 0; i < 3; i++) {
        sealed_store_flip(w, "log.db", "entry", "record", "seq = 4", places[i]);
        expect(w, 4, "record altered");
    }
    sealed_store_flip(w, "log.db", "entry", "leaf", "seq = 4", 31);
    expect(w, 4, "leaf altered");
    for (size_t i = 0; i < 3; i++) {
        sealed_store_flip(w, "log.db", "entry", "private", "seq = 5", i == 1 ? 20 : places[i]);
        expect(w, 5, "private part altered");
    }
    sealed_store_flip(w, "log.db", "message", "packed", "seq = 2", -10);
    expect(w, 2, "message altered");
    sealed_store_sql(w, "log.db", "UPDATE entry SET private = NULL WHERE seq = 5");
    expect(w, 5, "private part missing");
    sealed_store_sql(w, "log.db", "UPDATE entry SET event = 'note' WHERE seq = 4");
    expect(w, 4, "index altered");
    sealed_store_sql(w, "log.db", "UPDATE entry SET size = size + 1 WHERE seq = 4");
    expect(w, 4, "index altered");
    sealed_store_sql(w, "log.db", "UPDATE entry SET held = 0 WHERE seq = 4");
    expect(w, 4, "index altered");
    sealed_store_sql(w, "log.db", "DELETE FROM message WHERE seq = 4");
    expect(w, 4, "message altered");
}

/* As if it had never been kept. */
static void message_denied(void **state)
{
    struct sealed_store *w = *state;
    struct verdict v;
    sealed_store_sql(w, "log.db",
                     "DELETE FROM message WHERE seq = 4; UPDATE entry SET held = 0 WHERE seq = 4");
    verify(w, (int64_t)time(NULL), &v);
    assert_int_equal(v.count, 2);
    assert_non_null(strstr(v.findings[0].what, "index altered"));
    assert_string_equal(v.findings[1].what, "message missing");
    verdict_free(&v);
}

static void body_file(void **state)
{
    struct sealed_store *w = *state;
    char command[300];
    snprintf(command, sizeof command,
             "f=$(ls %s/bodies/*) && printf X | dd of=$f bs=1 seek=3 conv=notrunc status=none",
             w->store);
    assert_int_equal(system(command), 0);
    expect(w, 3, "message altered");
    snprintf(command, sizeof command, "rm %s/bodies/*", w->store);
    assert_int_equal(system(command), 0);
    expect(w, 3, "message altered");
}

static void volume(void **state)
{
    struct sealed_store *w = *state;
    struct store *store;
    struct store_error err = {0};
    bool more = true;
    sealed_store_sql(w, "log.db", "UPDATE message SET time = time - 200000");
    assert_int_equal(store_open(w->store, STORE_WRITE, &store, &err), STORE_OK);
    for (int i = 0; more && i < 100; i++)
        assert_int_equal(store_tidy(store, (int64_t)time(NULL), 3600, &more, &err), STORE_OK);
    store_close(store);
    char month[20], file[40];
    sealed_store_value(w, "log.db", "SELECT volume FROM message WHERE seq = 2", month,
                       sizeof month);
    assert_int_equal(strlen(month), 6);
    snprintf(file, sizeof file, "volumes/%.4s-%s.db", month, month + 4);
    struct verdict v;
    verify(w, (int64_t)time(NULL), &v);
    assert_int_equal(v.count, 0);
    verdict_free(&v);
    sealed_store_flip(w, file, "piece", "data", "seq = 2", -10);
    expect(w, 2, "message altered");
}

static void signatures(void **state)
{
    struct sealed_store *w = *state;
    for (int at = 0; at < 900; at += 60) {
        sealed_store_flip(w, "seal/seal.db", "signature", "p7s", "seq = 6", at);
        expect(w, 6, "signature altered");
    }
    sealed_store_sql(w, "seal/seal.db", "DELETE FROM signature WHERE seq = 6");
    expect(w, 6, "signature missing");
    sealed_store_sql(w, "seal/seal.db",
                     "UPDATE signature SET (p7s, sha256) ="
                     " (SELECT p7s, sha256 FROM signature WHERE seq = 7) WHERE seq = 6");
    expect(w, 6, "record and signature do not belong together");
    sealed_store_sql(w, "seal/seal.db",
                     "INSERT INTO signature SELECT 9, p7s, sha256 FROM signature WHERE seq = 8");
    expect(w, 0, "holds 1 signatures that its head, of 8 entries, does not know");
    sealed_store_flip(w, "seal/seal.db", "head", "state", "id = 1", -1);
    expect(w, 0, "head");
    sealed_store_flip(w, "seal/seal.db", "head", "root", "id = 1", 0);
    expect(w, 0, "head");
    sealed_store_sql(w, "seal/seal.db", "UPDATE head SET size = 7");
    expect(w, 0, "head");
}

/* A head that agrees with itself but not with the log. */
static void foreign_head(void **state)
{
    struct sealed_store *w = *state;
    struct sealed_store other;
    sealed_store_make(&other);
    for (int i = 0; i < 8; i++)
        sealed_store_add(&other, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    sealed_store_sign(&other);
    char sql[300];
    snprintf(sql, sizeof sql,
             "ATTACH '%s/seal/seal.db' AS other; DELETE FROM main.head;"
             "INSERT INTO main.head SELECT * FROM other.head",
             other.store);
    sealed_store_sql(w, "seal/seal.db", sql);
    expect(w, 0, "the root of its head is not that of the log's first 8 entries");
    sealed_store_remove(&other);
}

static void removed(void **state)
{
    struct sealed_store *w = *state;
    sealed_store_sql(w, "log.db", "PRAGMA foreign_keys = OFF; DELETE FROM entry WHERE seq = 5");
    expect(w, 5, "missing, although it was signed");
    sealed_store_sql(w, "log.db", "PRAGMA foreign_keys = OFF; DELETE FROM entry WHERE seq = 8");
    expect(w, 8, "missing, although it was signed");
    sealed_store_sql(w, "log.db",
                     "PRAGMA foreign_keys = OFF; DELETE FROM entry WHERE seq IN (4, 5)");
    expect(w, 4, "missing, up to entry 5");
}

static void dossiers(void **state)
{
    struct sealed_store *w = *state;
    sealed_store_sql(w, "log.db", "UPDATE dossier_entry SET seq = 3 WHERE n = 1 AND seq = 2");
    expect(w, 0, "dossier F-1: the index lists entry 3 as number 1");
    sealed_store_sql(w, "log.db", "DELETE FROM dossier_entry WHERE seq = 8");
    expect(w, 0, "dossier F-1: the index cannot be read");
    sealed_store_sql(w, "log.db",
                     "DELETE FROM dossier_entry WHERE seq = 8;"
                     "UPDATE dossier SET n = 4, last_leaf = (SELECT leaf FROM entry WHERE seq = 6)"
                     " WHERE invoice = 'F-1'");
    expect(w, 0, "dossier F-1: the index lists 4 entries, the records name 5");
    sealed_store_sql(w, "log.db", "UPDATE dossier SET invoice = 'F-9' WHERE invoice = 'F-2'");
    expect(w, 0, "dossier F-9: entry ");
    sealed_store_flip(w, "log.db", "dossier", "last_leaf", "invoice = 'F-1'", 5);
    expect(w, 0, "dossier F-1: the index does not hold the leaf of entry 8");
    sealed_store_sql(w, "log.db", "UPDATE dossier SET paused_by = 4 WHERE invoice = 'F-2'");
    expect(w, 0, "dossier F-2: the index says that entry 4, which is not in it, paused it");
    sealed_store_sql(w, "log.db", "UPDATE dossier SET paused_by = 6 WHERE invoice = 'F-2'");
    expect(w, 6, "it paused no dossier");
    sealed_store_sql(w, "log.db", "UPDATE dossier SET paused_by = 0");
    expect(w, 4, "the dossier that it paused says otherwise");
    sealed_store_sql(w, "log.db",
                     "DELETE FROM dossier_entry WHERE dossier = 2;"
                     "PRAGMA foreign_keys = OFF; DELETE FROM dossier WHERE id = 2");
    expect(w, 0, "the index has no dossier for 1");
}

/* Entries 9 and 10 wait for review, 11 assigns one, 12 has a token and an id. */
static void add_indexed(struct sealed_store *w)
{
    for (int i = 0; i < 2; i++)
        sealed_store_add(w, &(struct wanted_entry){.event = "reply",
                                                   .direction = "inbound",
                                                   .message = MAIL("9"),
                                                   .review = "F-1"});
    sealed_store_add(
        w, &(struct wanted_entry){.event = "assign",
                                  .invoice = "F-2",
                                  .second_invoice = "F-1",
                                  .private_json = "{\"invoice\":\"F-2\",\"proposed\":\"F-1\"}",
                                  .decides = 9,
                                  .pauses = true});
    sealed_store_add(w,
                     &(struct wanted_entry){.event = "prepared",
                                            .direction = "outbound",
                                            .invoice = "F-1",
                                            .message = MAIL("12"),
                                            .private_json = "{\"ids\":{\"message_id\":\"<a@b>\"}}",
                                            .id = "<a@b>",
                                            .token = 300});
    sealed_store_sign(w);
}

/* What is shown to people, and decides where the next reply goes. */
static void indexes(void **state)
{
    static const struct {
        const char *sql;
        uint64_t seq;
        const char *what;
    } changes[] = {
        {"DELETE FROM review WHERE seq = 10", 10, "missing in the review"},
        {"UPDATE review SET invoice = 'F-2' WHERE seq = 10", 10, "proposes another invoice"},
        {"UPDATE review SET state = 'dismissed' WHERE seq = 10", 10, "that nobody took"},
        {"UPDATE review SET state = 'dismissed', decided_by = 8 WHERE seq = 10", 10,
         "that nobody took"},
        {"UPDATE review SET state = 'dismissed', decided_by = 99 WHERE seq = 10", 10,
         "that nobody took"},
        {"UPDATE review SET state = 'assigned', assigned = 'F-2', decided_by = 11 WHERE seq = 10",
         10, "that nobody took"},
        {"UPDATE review SET assigned = 'F-1' WHERE seq = 9", 9, "that nobody took"},
        {"UPDATE review SET assigned = 'F-1' WHERE seq = 10", 10, "that nobody took"},
        {"UPDATE review SET state = 'dismissed' WHERE seq = 9", 9, "that nobody took"},
        {"UPDATE review SET state = 'open', decided_by = 0, assigned = NULL WHERE seq = 9", 11,
         "does not know its decision"},
        {"INSERT INTO review VALUES (8, 'F-1', 'open', 0, NULL)", 8, "never up for review"},
        {"INSERT INTO review VALUES (77, 'F-1', 'open', 0, NULL)", 0, "that no entry knows"},
        {"UPDATE token SET seq = 2", 12, "its token leads elsewhere"},
        {"UPDATE token SET number = 301", 12, "its token leads elsewhere"},
        {"DELETE FROM token", 12, "its token leads elsewhere"},
        {"INSERT INTO token VALUES (301, 2)", 0, "that no entry knows"},
        {"UPDATE entry SET token = 301 WHERE seq = 12", 12, "its message number"},
        {"UPDATE entry SET outbound = 0 WHERE seq = 12", 12, "its direction"},
        {"UPDATE message_id SET hash = hash + 1", 12, "not found by its Message-ID"},
        {"UPDATE message_id SET seq = 2", 12, "not found by its Message-ID"},
        {"UPDATE dossier SET paused_by = 0 WHERE invoice = 'F-2'", 11, "that it paused"},
    };
    struct sealed_store *w = *state;
    struct verdict v;
    add_indexed(w);
    verify(w, (int64_t)time(NULL), &v);
    for (size_t i = 0; i < v.count; i++)
        print_error("%lu %s\n", (unsigned long)v.findings[i].seq, v.findings[i].what);
    assert_int_equal(v.count, 0);
    verdict_free(&v);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (i)
            add_indexed(w);
        sealed_store_sql(w, "log.db", changes[i].sql);
        expect(w, changes[i].seq, changes[i].what);
    }
}

/* A token leads to the first of the entries that bear it. */
static void token_of_two(void **state)
{
    struct sealed_store *w = *state;
    struct verdict v;
    add_indexed(w);
    sealed_store_add(w, &(struct wanted_entry){.event = "prepared",
                                               .direction = "outbound",
                                               .invoice = "F-1",
                                               .message = MAIL("13"),
                                               .token = 300});
    sealed_store_sign(w);
    verify(w, (int64_t)time(NULL), &v);
    assert_int_equal(v.count, 0);
    verdict_free(&v);
    sealed_store_sql(w, "log.db", "UPDATE token SET seq = 13");
    expect(w, 12, "its token leads elsewhere");
}

/* A dossier says which entry paused it: the first that did. */
static void paused_by_two(void **state)
{
    struct sealed_store *w = *state;
    sealed_store_add(w, &(struct wanted_entry){.event = "reply",
                                               .direction = "inbound",
                                               .invoice = "F-1",
                                               .message = MAIL("9"),
                                               .pauses = true});
    sealed_store_sign(w);
    sealed_store_sql(w, "log.db", "UPDATE dossier SET paused_by = 9 WHERE invoice = 'F-1'");
    expect(w, 4, "the dossier that it paused says otherwise");
}

static void not_yet_signed(void **state)
{
    struct sealed_store *w = *state;
    struct verdict v;
    sealed_store_add(w, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    verify(w, (int64_t)time(NULL), &v);
    assert_int_equal(v.count, 0);
    assert_int_equal(v.unsigned_yet, 1);
    assert_int_equal(v.entries, 9);
    verdict_free(&v);
    verify(w, (int64_t)time(NULL) + 2 * VERIFY_UNSIGNED_S, &v);
    assert_int_equal(v.count, 1);
    assert_int_equal(v.findings[0].seq, 9);
    assert_non_null(strstr(v.findings[0].what, "not signed since"));
    verdict_free(&v);
    sealed_store_flip(w, "log.db", "entry", "record", "seq = 9", 20);
    expect(w, 9, "record or leaf altered");
}

/* No judgement where nothing can be read. */
static void unreadable(void **state)
{
    struct sealed_store *w = *state;
    struct verdict v = {0};
    struct store_error err = {0};
    char file[200];
    snprintf(file, sizeof file, "%s/seal.pem", w->keys);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(verify_log(&w->settings, 0, NULL, &v, &err), STORE_NOT_FOUND);
    verdict_free(&v);
    sealed_store_restore(w);
    snprintf(file, sizeof file, "%s/log.db", w->store);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(verify_log(&w->settings, 0, NULL, &v, &err), STORE_NOT_FOUND);
    verdict_free(&v);
    sealed_store_restore(w);
}

/* Enough entries for several slices and threads; findings come in order. */
static void many(void **state)
{
    struct sealed_store *w = *state;
    for (int i = 9; i <= 450; i++)
        sealed_store_add(w, &(struct wanted_entry){.event = "note", .invoice = "F-1"});
    sealed_store_sign(w);
    struct verdict v;
    sealed_store_sql(w, "seal/seal.db",
                     "UPDATE node SET hash = zeroblob(32) WHERE level = 4 AND n = 3");
    verify(w, (int64_t)time(NULL), &v);
    assert_int_equal(v.count, 1);
    assert_string_equal(v.findings[0].what,
                        "seal.db: a subtree of proofs is altered or missing (entry 64)");
    verdict_free(&v);
    sealed_store_flip(w, "log.db", "entry", "record", "seq = 440", 10);
    sealed_store_flip(w, "log.db", "entry", "private", "seq = 230", 10);
    sealed_store_flip(w, "log.db", "entry", "record", "seq = 10", 10);
    verify(w, (int64_t)time(NULL), &v);
    assert_int_equal(v.count, 4); /* and the subtree */
    assert_int_equal(v.findings[0].seq, 10);
    assert_int_equal(v.findings[1].seq, 230);
    assert_int_equal(v.findings[2].seq, 440);
    json_t *json = verdict_json(&v);
    assert_false(json_boolean_value(json_object_get(json, "intact")));
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 4);
    json_decref(json);
    verdict_free(&v);
    sealed_store_restore(w);
}

static int run_command(struct sealed_store *w, const char *option)
{
    char command[] = "verify", word[20];
    snprintf(word, sizeof word, "%s", option);
    char *argv[] = {command, word, NULL};
    const struct command_context context = {
        .config_file = "none", .settings = &w->settings, .actor = "tester"};
    return command_verify(&context, 2, argv);
}

static void exit_codes(void **state)
{
    struct sealed_store *w = *state;
    char file[200];
    assert_int_equal(run_command(w, "--log"), 0);
    assert_int_equal(run_command(w, "--json"), 64); /* verify FILE does not exist yet */
    sealed_store_flip(w, "log.db", "entry", "record", "seq = 4", 40);
    assert_int_equal(run_command(w, "--log"), 1);
    snprintf(file, sizeof file, "%s/seal/seal.db", w->store);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(run_command(w, "--log"), 66);
    assert_int_equal(truncate(file, 0), -1);
    sealed_store_restore(w);
    assert_int_equal(truncate(file, 5000), 0); /* half a database */
    assert_int_equal(run_command(w, "--log"), 74);
}

static int restore(void **state)
{
    sealed_store_restore(*state);
    return 0;
}

#define test(name) cmocka_unit_test_setup(name, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(message_denied), test(paused_by_two), test(token_of_two), test(intact),
        test(one_octet),      test(body_file),     test(volume),       test(signatures),
        test(foreign_head),   test(removed),       test(dossiers),     test(indexes),
        test(not_yet_signed), test(unreadable),    test(many),         test(exit_codes),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
