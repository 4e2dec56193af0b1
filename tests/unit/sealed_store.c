/*
 * sealed_store - a store with a seal in a temporary directory, for tests
 */
#include "tests/unit/sealed_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char text_of[] = "Société d'essai";

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char command[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

#define must(call)                                                       \
    do {                                                                 \
        struct store_error err = {0};                                    \
        enum store_status must_status = (call);                          \
        if (must_status != STORE_OK)                                     \
            fail_msg("%s: status %d: %s", #call, must_status, err.text); \
    } while (0)

static void name_keys(struct sealed_store *w)
{
    snprintf(w->seal_key, sizeof w->seal_key, "file:%s/seal.key", w->keys);
    snprintf(w->seal_certificate, sizeof w->seal_certificate, "%s/seal.pem", w->keys);
    snprintf(w->export_key, sizeof w->export_key, "file:%s/export.key", w->keys);
    snprintf(w->export_certificate, sizeof w->export_certificate, "%s/export.pem", w->keys);
    w->settings.seal_key = w->seal_key;
    w->settings.seal_certificate = w->seal_certificate;
    w->settings.export_key = w->export_key;
    w->settings.export_certificate = w->export_certificate;
}

void sealed_store_make(struct sealed_store *w)
{
    *w = (struct sealed_store){.directory = "/tmp/temoin-sealed.XXXXXX"};
    assert_non_null(mkdtemp(w->directory));
    snprintf(w->keys, sizeof w->keys, "%s/keys", w->directory);
    snprintf(w->store, sizeof w->store, "%s/store", w->directory);
    snprintf(w->run, sizeof w->run, "%s/run", w->directory);
    assert_int_equal(mkdir(w->keys, 0700), 0);
    assert_int_equal(mkdir(w->run, 0700), 0);
    w->settings.company_name = text_of;
    w->settings.key_directory = w->keys;
    w->settings.store_directory = w->store;
    w->settings.run_directory = w->run;
    w->settings.retry_window_s = 3600;
    w->context = (struct store_context){
        .key_fingerprint = "f00d", .software = "0", .software_hash = "cafe", .process = "test"};
    must(seal_key_create(w->keys, "seal", text_of, &err));
    must(seal_key_create(w->keys, "export", text_of, &err));
    name_keys(w);
    must(store_create(w->store, "test.example", &err));
    must(seal_store_create(w->store, &err));
}

void sealed_store_remove(struct sealed_store *w)
{
    run("rm -rf '%s' '%s.saved'", w->directory, w->directory);
}

static void take_message(struct sealed_store *w, const struct wanted_entry *wanted, struct entry *e)
{
    const char *split = strstr(wanted->message, "\r\n\r\n");
    assert_non_null(split);
    const char *body = split + 4;
    size_t body_len = strlen(body);
    struct bytes head = {0};
    assert_true(bytes_append(&head, wanted->message, (size_t)(body - wanted->message)));
    int fd = -1;
    if (wanted->spilled) {
        char spool[100];
        snprintf(spool, sizeof spool, "%s/spool", w->store);
        fd = open(spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, body, body_len), (ssize_t)body_len);
    }
    assert_true(entry_take_message(e, &head, fd < 0 ? body : NULL, fd < 0 ? body_len : 0, fd,
                                   fd < 0 ? 0 : body_len, !wanted->dropped, NULL));
    bytes_free(&head);
}

uint64_t sealed_store_add(struct sealed_store *w, const struct wanted_entry *wanted)
{
    struct entry e;
    struct appended done = {0};
    struct store *store = NULL;
    entry_init(&e);
    e.event = wanted->event;
    e.direction = wanted->direction;
    e.level = wanted->level;
    e.actor = "tester";
    e.pauses = wanted->pauses;
    e.token = wanted->token;
    e.decides = wanted->decides;
    e.decision = wanted->decides ? wanted->event : NULL;
    if (wanted->id)
        assert_true(strings_add(&e.ids, wanted->id));
    if (wanted->review)
        assert_non_null(e.review_invoice = strdup(wanted->review));
    if (wanted->invoice)
        assert_true(strings_add(&e.dossiers, wanted->invoice));
    if (wanted->second_invoice)
        assert_true(strings_add(&e.dossiers, wanted->second_invoice));
    const char *private_json = wanted->private_json ? wanted->private_json : "{}";
    assert_non_null(e.private_part = json_loads(private_json, 0, NULL));
    if (wanted->message)
        take_message(w, wanted, &e);
    must(store_open(w->store, STORE_WRITE, &store, &err));
    must(store_begin(store, &err));
    must(store_append(store, &w->context, &e, &done, &err));
    must(store_commit(store, &err));
    store_close(store);
    uint64_t seq = done.seq;
    appended_free(&done);
    entry_free(&e);
    return seq;
}

void sealed_store_sign(struct sealed_store *w)
{
    struct store *log;
    struct seal_store *seals;
    struct seal_key *key;
    size_t done;
    must(store_open(w->store, STORE_READ, &log, &err));
    must(seal_store_open(w->store, STORE_WRITE, &seals, &err));
    must(seal_key_open(w->settings.seal_key, w->settings.seal_certificate, &key, &err));
    do {
        must(seal_pending(log, seals, key, 200, &done, &err));
    } while (done);
    seal_key_free(key);
    seal_store_close(seals);
    store_close(log);
}

static sqlite3 *database(struct sealed_store *w, const char *file)
{
    char path[200];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", w->store, file);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

void sealed_store_sql(struct sealed_store *w, const char *file, const char *sql)
{
    sqlite3 *db = database(w, file);
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    assert_true(sqlite3_total_changes(db) > 0);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void sealed_store_value(struct sealed_store *w, const char *file, const char *sql, char *out,
                        size_t room)
{
    sqlite3 *db = database(w, file);
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    snprintf(out, room, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void sealed_store_flip(struct sealed_store *w, const char *file, const char *table,
                       const char *column, const char *where, int at)
{
    char select[200];
    sqlite3 *db = database(w, file);
    sqlite3_stmt *row = NULL;
    snprintf(select, sizeof select, "SELECT rowid, length(%s) FROM %s WHERE %s", column, table,
             where);
    assert_int_equal(sqlite3_prepare_v2(db, select, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    sqlite3_int64 rowid = sqlite3_column_int64(row, 0);
    int len = sqlite3_column_int(row, 1);
    sqlite3_finalize(row);
    sqlite3_blob *blob = NULL;
    unsigned char octet;
    int offset = at < 0 ? len + at : at;
    assert_true(offset >= 0 && offset < len);
    assert_int_equal(sqlite3_blob_open(db, "main", table, column, rowid, 1, &blob), SQLITE_OK);
    assert_int_equal(sqlite3_blob_read(blob, &octet, 1, offset), SQLITE_OK);
    octet ^= 1;
    assert_int_equal(sqlite3_blob_write(blob, &octet, 1, offset), SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void sealed_store_save(struct sealed_store *w)
{
    run("rm -rf '%s.saved' && cp -a '%s' '%s.saved'", w->directory, w->directory, w->directory);
}

void sealed_store_restore(struct sealed_store *w)
{
    run("rm -rf '%s' && cp -a '%s.saved' '%s'", w->directory, w->directory, w->directory);
}
