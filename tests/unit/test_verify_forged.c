/*
 * test_verify_forged - verify --log against whoever has every key: what is forged here is hashed,
 *                      sealed and in the tree as if it had been written so, and one thing is wrong
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "db/record.h"
#include "db/verify.h"
#include "policy/tree.h"
#include "tests/unit/sealed_store.h"

#define MAIL "From: a@b.example\r\nSubject: facture\r\n\r\nBonjour.\r\n"

/* Three signed entries; the forged one will be the fourth. */
static int make_world(void **state)
{
    struct sealed_store *w = calloc(1, sizeof *w);
    assert_non_null(w);
    sealed_store_make(w);
    sealed_store_add(w, &(struct wanted_entry){.event = "start"});
    for (int i = 0; i < 2; i++)
        sealed_store_add(w, &(struct wanted_entry){.event = "prepared",
                                                   .direction = "outbound",
                                                   .level = "prepared",
                                                   .invoice = "F-1",
                                                   .message = MAIL});
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

static int restore(void **state)
{
    sealed_store_restore(*state);
    return 0;
}

/* --- forging --------------------------------------------------------------------------------*/

struct forged {
    sqlite3 *db; /* log.db */
    uint64_t seq;
};

static void run(struct forged *f, const char *sql, const void *octets, size_t len)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
    assert_int_equal(sqlite3_bind_int64(s, 1, (sqlite3_int64)f->seq), SQLITE_OK);
    if (octets)
        assert_int_equal(sqlite3_bind_blob(s, 2, octets, (int)len, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
}

static size_t blob_read(struct forged *f, const char *column, unsigned char *octets, size_t room)
{
    char sql[100];
    sqlite3_stmt *row = NULL;
    snprintf(sql, sizeof sql, "SELECT %s FROM entry WHERE seq = ?", column);
    assert_int_equal(sqlite3_prepare_v2(f->db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_int64(row, 1, (sqlite3_int64)f->seq), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    size_t len = (size_t)sqlite3_column_bytes(row, 0);
    assert_true(len <= room);
    if (len)
        memcpy(octets, sqlite3_column_blob(row, 0), len);
    sqlite3_finalize(row);
    return len;
}

/* The record is bound to the private part as it is now. */
static void commit_private(struct forged *f)
{
    unsigned char part[4096], nonce[NONCE_OCTETS], commitment[HASH_OCTETS];
    char hex[2 * HASH_OCTETS + 1];
    size_t len = blob_read(f, "private", part, sizeof part);
    assert_true(record_nonce(part, len, nonce) && record_commit(nonce, part, len, commitment));
    record_hex(commitment, sizeof commitment, hex);
    run(f,
        "UPDATE entry SET record = CAST(json_set(CAST(record AS TEXT), '$.private',"
        " CAST(?2 AS TEXT)) AS BLOB) WHERE seq = ?1",
        hex, sizeof hex - 1);
}

/* Leaf and dossier follow the record. */
static void follow_record(struct forged *f)
{
    unsigned char record[4096], leaf[TREE_HASH];
    size_t len = blob_read(f, "record", record, sizeof record);
    assert_true(tree_leaf_hash(record, len, leaf));
    run(f, "UPDATE entry SET leaf = ?2 WHERE seq = ?1", leaf, sizeof leaf);
    run(f,
        "UPDATE dossier SET last_leaf = ?2 WHERE id IN"
        " (SELECT dossier FROM dossier_entry WHERE seq = ?1)",
        leaf, sizeof leaf);
}

/* Append an entry and change it. `record` and `private_part`: SQL of their new text; NULL: as it
   is. Nothing is signed yet. */
static void forge(struct sealed_store *w, const struct wanted_entry *wanted, const char *record,
                  const char *private_part)
{
    static const char update[] = "UPDATE entry SET %s = CAST(%s AS BLOB) WHERE seq = ?";
    char path[200], sql[500];
    struct forged f = {.seq = sealed_store_add(w, wanted)};
    snprintf(path, sizeof path, "%s/log.db", w->store);
    assert_int_equal(sqlite3_open_v2(path, &f.db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (private_part) {
        snprintf(sql, sizeof sql, update, "private", private_part);
        run(&f, sql, NULL, 0);
        commit_private(&f);
    }
    if (record) {
        snprintf(sql, sizeof sql, update, "record", record);
        run(&f, sql, NULL, 0);
    }
    follow_record(&f);
    assert_int_equal(sqlite3_close(f.db), SQLITE_OK);
}

#define RECORD "CAST(record AS TEXT)"
#define PRIVATE "CAST(private AS TEXT)"
#define ZEROS "'0000000000000000000000000000000000000000000000000000000000000000'"

static const struct wanted_entry message = {.event = "prepared",
                                            .direction = "outbound",
                                            .level = "prepared",
                                            .invoice = "F-1",
                                            .message = MAIL};
static const struct wanted_entry note = {.event = "note", .invoice = "F-1"};
static const struct wanted_entry stop = {.event = "stop"};
static const struct wanted_entry first = {.event = "note", .invoice = "F-2"};

static const struct {
    const char *name;
    const struct wanted_entry *wanted;
    const char *record, *private_part, *sql; /* on log.db, afterwards; NULL: none */
    uint64_t seq;                            /* of the finding */
    const char *what;                        /* NULL: nothing is to be found */
} forgeries[] = {
    {"as it is", &message, NULL, NULL, NULL, 0, NULL},
    {"as it is, bound anew", &message, "json_set(" RECORD ", '$.level', 'prepared')",
     "json_set(" PRIVATE ", '$.text', 'x')", NULL, 0, NULL},
    {"no JSON", &stop, "'none'", NULL, NULL, 4, "record is no JSON object"},
    {"a list", &stop, "'[]'", NULL, NULL, 4, "record is no JSON object"},
    {"another number", &note, "json_set(" RECORD ", '$.seq', 7)", NULL, NULL, 4,
     "record bears another number"},
    {"a size", &message, "json_set(" RECORD ", '$.size', 9)", NULL,
     "UPDATE entry SET size = 9 WHERE seq = 4", 4, "message altered"},
    {"a commitment", &message, "json_set(" RECORD ", '$.message', " ZEROS ")", NULL, NULL, 4,
     "message altered"},
    {"a hash in the private part", &message, NULL, "json_set(" PRIVATE ", '$.sha256', " ZEROS ")",
     NULL, 4, "message altered"},
    {"bound to another private part", &note, "json_set(" RECORD ", '$.private', " ZEROS ")", NULL,
     NULL, 4, "private part altered"},
    {"a place in the dossier", &note, "json_set(" RECORD ", '$.dossiers[0].n', 7)", NULL, NULL, 4,
     "bears number 7 in its dossier after number 2"},
    {"another before it", &note, "json_set(" RECORD ", '$.dossiers[0].prev', " ZEROS ")", NULL,
     NULL, 4, "does not hold the leaf of entry 3"},
    {"none before it", &note, "json_remove(" RECORD ", '$.dossiers[0].prev')", NULL, NULL, 4,
     "does not hold the leaf of entry 3"},
    {"one before the first", &first, "json_set(" RECORD ", '$.dossiers[0].prev', " ZEROS ")", NULL,
     NULL, 4, "is the first of its dossier but names an entry before it"},
    {"of another invoice", &note, NULL, "json_set(" PRIVATE ", '$.invoice', 'F-9')", NULL, 0,
     "says that it is of another invoice"},
};

static bool among(const struct verdict *v, uint64_t seq, const char *what)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->findings[i].seq == seq && strstr(v->findings[i].what, what))
            return true;
    return false;
}

static void each_is_found(void **state)
{
    struct sealed_store *w = *state;
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        struct verdict v = {0};
        struct store_error err = {0};
        forge(w, forgeries[i].wanted, forgeries[i].record, forgeries[i].private_part);
        sealed_store_sign(w);
        if (forgeries[i].sql)
            sealed_store_sql(w, "log.db", forgeries[i].sql);
        if (verify_log(&w->settings, (int64_t)time(NULL), NULL, &v, &err) != STORE_OK)
            fail_msg("%s: %s", forgeries[i].name, err.text);
        bool right = forgeries[i].what ? among(&v, forgeries[i].seq, forgeries[i].what) &&
                                             !among(&v, 4, "signature") && v.root_checked
                                       : v.count == 0;
        for (size_t k = 0; !right && k < v.count; k++)
            print_error("%lu %s\n", (unsigned long)v.findings[k].seq, v.findings[k].what);
        if (!right)
            fail_msg("%s: not found, or something else", forgeries[i].name);
        verdict_free(&v);
        sealed_store_restore(w);
    }
}

/* --- erasures -------------------------------------------------------------------------------*/

#define GONE(seq) "UPDATE entry SET private = NULL WHERE seq = " seq ";"
#define BY(seq) "UPDATE entry SET event = 'erasure' WHERE seq = " seq ";"

static const struct wanted_entry erases_1 = {
    .event = "note", .invoice = "F-1", .private_json = "{\"erased\":[1]}"};
static const struct wanted_entry erases_4 = {
    .event = "note", .invoice = "F-1", .private_json = "{\"erased\":[4]}"};
static const struct wanted_entry erases_5 = {
    .event = "note", .invoice = "F-1", .private_json = "{\"erased\":[5]}"};
static const char ERASURE[] = "json_set(" RECORD ", '$.event', 'erasure')";

/* Entries 4 and 5; what is done to log.db; and what is found. */
static const struct {
    const char *name;
    const struct wanted_entry *fourth, *fifth;
    const char *fourth_record, *fifth_record, *sql;
    uint64_t seq; /* 0: nothing is to be found */
    const char *what;
} erasures[] = {
    {"as it should be", &note, &erases_4, NULL, ERASURE,
     BY("5") GONE("4") "INSERT INTO erased VALUES (4, 5)", 0, NULL},
    {"by an erasure of before", &erases_5, &note, ERASURE, NULL,
     BY("4") GONE("5") "INSERT INTO erased VALUES (5, 4)", 5,
     "private part missing (no erasure names it)"},
    {"by what is no erasure", &note, &erases_4, NULL, NULL,
     GONE("4") "INSERT INTO erased VALUES (4, 5)", 4, "private part missing (no erasure names it)"},
    {"by an erasure of another entry", &note, &erases_1, NULL, ERASURE,
     BY("5") GONE("4") "INSERT INTO erased VALUES (4, 5)", 4,
     "private part missing (no erasure names it)"},
    {"there again", &note, &erases_4, NULL, ERASURE, BY("5") "INSERT INTO erased VALUES (4, 5)", 5,
     "what it erased is there again"},
};

static void erased_by_nobody(void **state)
{
    struct sealed_store *w = *state;
    for (size_t i = 0; i < sizeof erasures / sizeof *erasures; i++) {
        struct verdict v = {0};
        struct store_error err = {0};
        forge(w, erasures[i].fourth, erasures[i].fourth_record, NULL);
        forge(w, erasures[i].fifth, erasures[i].fifth_record, NULL);
        sealed_store_sign(w);
        sealed_store_sql(w, "log.db", erasures[i].sql);
        if (verify_log(&w->settings, (int64_t)time(NULL), NULL, &v, &err) != STORE_OK)
            fail_msg("%s: %s", erasures[i].name, err.text);
        bool right = erasures[i].seq ? v.count == 1 && among(&v, erasures[i].seq, erasures[i].what)
                                     : v.count == 0;
        for (size_t k = 0; !right && k < v.count; k++)
            print_error("%lu %s\n", (unsigned long)v.findings[k].seq, v.findings[k].what);
        if (!right)
            fail_msg("%s: not found, or something else", erasures[i].name);
        verdict_free(&v);
        sealed_store_restore(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_is_found, restore),
        cmocka_unit_test_setup(erased_by_nobody, restore),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
