/*
 * test_store_erase - an erasure takes the octets out of every file and leaves a skeleton
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <time.h>

#include "db/dkim_index.h"
#include "db/exhibit.h"
#include "db/sqlite.h"
#include "db/store_erase.h"
#include "policy/erasure.h"
#include "tests/unit/store_world.h"

enum { DAY = 86400 };

static void make_erasure(struct entry *e, const char *invoice, const uint64_t *seqs, size_t count)
{
    const struct erasure what = {
        .ground = "person-request", .by = "jeanne", .seqs = seqs, .count = count};
    entry_init(e);
    e->event = "erasure";
    e->actor = "root";
    if (invoice)
        assert_true(strings_add(&e->dossiers, invoice));
    assert_non_null(e->private_part = erasure_private(&what));
}

static uint64_t erase(struct world *w, const char *invoice, const uint64_t *seqs, size_t count)
{
    struct entry e;
    make_erasure(&e, invoice, seqs, count);
    struct appended done = append(w, &e);
    uint64_t seq = done.seq;
    appended_free(&done);
    return seq;
}

static void finish(struct world *w)
{
    bool more = true;
    while (more)
        assert_ok(w, store_tidy(w->store, (int64_t)time(NULL), 3600, &more, &w->err));
    assert_false(store_erases(w->store));
}

/* What refuses an erasure leaves everything as it was. */
static void refused(struct world *w, const char *invoice, const uint64_t *seqs, size_t count,
                    const char *why)
{
    struct entry e;
    struct appended done;
    make_erasure(&e, invoice, seqs, count);
    assert_ok(w, store_begin(w->store, &w->err));
    assert_int_equal(store_append(w->store, &world_context, &e, &done, &w->err), STORE_INVALID);
    assert_non_null(strstr(w->err.text, why));
    assert_ok(w, store_commit(w->store, &w->err));
    entry_free(&e);
}

static bool file_holds(const char *path, const void *octets, size_t len)
{
    struct stat info;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &info), 0);
    char *data = malloc((size_t)info.st_size + 1);
    assert_non_null(data);
    size_t got = fread(data, 1, (size_t)info.st_size, f);
    fclose(f);
    bool found = memmem(data, got, octets, len) != NULL;
    free(data);
    return found;
}

/* Do these octets stand in any file of the store? */
static bool store_holds(const struct world *w, const void *octets, size_t len)
{
    static const char *const below[] = {"", "volumes", "bodies", "spool"};
    bool found = false;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", w->directory, below[i]);
        DIR *dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *item; (item = readdir(dir));) {
            struct stat info;
            snprintf(path, sizeof path, "%.100s/%s/%.200s", w->directory, below[i], item->d_name);
            if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
                found = file_holds(path, octets, len) || found;
        }
        closedir(dir);
    }
    return found;
}

/* A mail whose octets do not compress, the packed form of which is given too. */
static uint64_t add_mail(struct world *w, const char *invoice, const char *id, const char *body,
                         size_t len, bool spilled, struct bytes *packed)
{
    struct entry e;
    mail(w, &e, "inbound", invoice, id, body, len, spilled);
    assert_true(strings_add(&e.recipients, "someone-quite-private@debtor.example"));
    assert_int_equal(
        json_object_set_new(e.private_part, "marker", json_string("most-secret-words")), 0);
    if (packed)
        assert_true(bytes_append(packed, e.message.packed.data + 40, 64));
    return append(w, &e).seq;
}

static int64_t number(struct world *w, const char *sql, uint64_t seq)
{
    struct db *db;
    char file[128];
    int64_t n;
    snprintf(file, sizeof file, "%s/log.db", w->directory);
    assert_ok(w, db_open(file, DB_READ, &db, &w->err));
    assert_ok(w, db_number(db, sql, 0, &n, &w->err, "i", (int64_t)seq));
    db_close(db);
    return n;
}

static void assert_skeleton(struct world *w, uint64_t seq, uint64_t by, uint64_t size)
{
    struct stored_entry e;
    assert_ok(w, store_entry(w->store, seq, &e, &w->err));
    assert_null(e.private_part.data);
    assert_false(e.has_message);
    assert_int_equal(e.erased_by, by);
    assert_int_equal(e.size, size);
    assert_true(e.record.len > 100);
    stored_entry_free(&e);
    assert_int_equal(store_message(w->store, seq, NULL, NULL, &w->err), STORE_NOT_FOUND);
    int64_t recorded, now = (int64_t)time(NULL);
    assert_ok(w, exhibit_time(w->store, seq, &recorded, &w->err));
    assert_in_range(recorded, now - 3600, now);
    assert_int_equal(exhibit_time(w->store, by + 1, &recorded, &w->err), STORE_NOT_FOUND);
    assert_int_equal(recorded, -1);
}

static void nothing_is_left_of_a_small_message(void **state)
{
    (void)state;
    struct world w;
    struct bytes packed = {0};
    char *body = pattern(6000);
    world_make(&w);
    add_mail(&w, "F-1", "<other@x>", "kept", 4, false, NULL);
    uint64_t seq = add_mail(&w, "F-1", "<a@b>", body, 6000, false, &packed);
    add_mail(&w, "F-1", "<third@x>", "kept", 4, false, NULL);
    assert_true(store_holds(&w, packed.data, packed.len));
    uint64_t by = erase(&w, "F-1", &seq, 1);
    assert_true(store_erases(w.store));
    finish(&w);
    assert_false(store_holds(&w, packed.data, packed.len));
    assert_skeleton(&w, seq, by, strlen(MAIL_HEAD) + 6000);
    assert_int_equal(number(&w, "SELECT count(*) FROM message_id WHERE seq = ?", seq), 0);
    assert_int_equal(number(&w, "SELECT count(*) FROM message_id WHERE seq = ?", seq - 1), 1);
    assert_int_equal(number(&w, "SELECT recipients IS NULL FROM entry WHERE seq = ?", seq), 1);
    struct store_figures figures;
    assert_ok(&w, store_figures(w.store, &figures, &w.err));
    assert_int_equal(figures.messages, 2);
    world_restart(&w);
    assert_false(store_erases(w.store));
    assert_false(store_holds(&w, packed.data, packed.len));
    bytes_free(&packed);
    free(body);
    world_end(&w);
}

/* The private part is not compressed: its words are to be found while it is there. */
static void nothing_is_left_of_a_private_part(void **state)
{
    (void)state;
    struct world w;
    struct entry e;
    static const char words[] = "words that nobody should read again";
    static const unsigned char retry[HASH_OCTETS] = "0123456789abcdef0123456789abcde";
    world_make(&w);
    for (int i = 0; i < 40; i++) {
        fact(&e, "note", "F-1");
        append(&w, &e);
    }
    fact(&e, "note", "F-1");
    e.has_retry = true;
    memcpy(e.retry, retry, sizeof retry);
    assert_int_equal(json_object_set_new(e.private_part, "text", json_string(words)), 0);
    uint64_t seq = append(&w, &e).seq;
    assert_true(store_holds(&w, words, strlen(words)));
    assert_true(store_holds(&w, retry, sizeof retry));
    erase(&w, "F-1", &seq, 1);
    finish(&w);
    assert_false(store_holds(&w, words, strlen(words)));
    assert_false(store_holds(&w, retry, sizeof retry));
    world_end(&w);
}

/* A line of the mail server's log that was erased would come back when the log is read again. */
static void the_key_of_a_line_stays(void **state)
{
    (void)state;
    struct world w;
    struct entry e;
    struct appended before;
    static const unsigned char retry[2][HASH_OCTETS] = {"0123456789abcdef0123456789abcde",
                                                        "123456789abcdef0123456789abcdef"};
    uint64_t seqs[2];
    world_make(&w);
    fact(&e, "failed", "F-1");
    e.has_retry = true;
    memcpy(e.retry, retry[0], sizeof e.retry);
    seqs[0] = append(&w, &e).seq;
    mail(&w, &e, "inbound", "F-1", "<a@b>", "hello", 5, false);
    e.event = "failed"; /* one that was taken in with its message */
    e.has_retry = true;
    memcpy(e.retry, retry[1], sizeof e.retry);
    seqs[1] = append(&w, &e).seq;
    erase(&w, "F-1", seqs, 2);
    finish(&w);
    assert_ok(&w, store_find_retry(w.store, retry[0], UINT_MAX, &before, &w.err));
    assert_int_equal(before.seq, seqs[0]);
    appended_free(&before);
    assert_int_equal(store_find_retry(w.store, retry[1], UINT_MAX, &before, &w.err),
                     STORE_NOT_FOUND);
    world_end(&w);
}

static void a_large_body_goes(void **state)
{
    (void)state;
    struct world w;
    char *body = pattern(300000);
    world_make(&w);
    uint64_t seq = add_mail(&w, "F-1", "<a@b>", body, 300000, true, NULL);
    assert_true(store_holds(&w, body + 1000, 200));
    erase(&w, "F-1", &seq, 1);
    finish(&w);
    assert_false(store_holds(&w, body + 1000, 200));
    free(body);
    world_end(&w);
}

static void tidy_all(struct world *w, int64_t now)
{
    bool more = true;
    while (more)
        assert_ok(w, store_tidy(w->store, now, 3600, &more, &w->err));
}

/* Moved to a volume; the volume goes with the last message of its month. */
static void volumes(void **state)
{
    (void)state;
    struct world w;
    bool more = true;
    struct bytes packed[2] = {{0}};
    uint64_t seqs[2];
    char *body = pattern(12000), file[200];
    world_make(&w);
    int64_t now = (int64_t)time(NULL), later = now + 40 * DAY;
    seqs[0] = add_mail(&w, "F-1", "<a@b>", body, 6000, false, &packed[0]);
    seqs[1] = add_mail(&w, "F-2", "<c@d>", body + 6000, 6000, false, &packed[1]);
    tidy_all(&w, later);
    int64_t month = number(&w, "SELECT volume FROM message WHERE seq = ?", seqs[0]);
    assert_true(month > 0);
    snprintf(file, sizeof file, "%s/volumes/%04d-%02d.db", w.directory, (int)(month / 100),
             (int)(month % 100));
    assert_true(file_holds(file, packed[0].data, packed[0].len));
    erase(&w, "F-1", &seqs[0], 1);
    while (more)
        assert_ok(&w, store_tidy(w.store, later, 3600, &more, &w.err));
    assert_false(store_holds(&w, packed[0].data, packed[0].len));
    assert_true(file_holds(file, packed[1].data, packed[1].len));
    erase(&w, "F-2", &seqs[1], 1);
    tidy_all(&w, later);
    assert_int_equal(access(file, F_OK), -1);
    bytes_free(&packed[0]);
    bytes_free(&packed[1]);
    free(body);
    world_end(&w);
}

/* After the commit the process dies: the next writer finishes. */
static void a_crash_in_between(void **state)
{
    (void)state;
    struct world w;
    char *body = pattern(300000);
    world_make(&w);
    uint64_t seq = add_mail(&w, "F-1", "<a@b>", body, 300000, true, NULL);
    uint64_t by = erase(&w, "F-1", &seq, 1);
    bool pending;
    world_restart(&w);
    assert_true(store_erases(w.store));
    assert_ok(&w, store_erasing(w.store, &pending, &w.err));
    assert_true(pending);
    finish(&w);
    assert_ok(&w, store_erasing(w.store, &pending, &w.err));
    assert_false(pending);
    assert_false(store_holds(&w, body + 1000, 200));
    assert_skeleton(&w, seq, by, strlen(MAIL_HEAD) + 300000);
    free(body);
    world_end(&w);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct entry e;
    world_make(&w);
    fact(&e, "note", "F-1");
    uint64_t note = append(&w, &e).seq, none[] = {99}, wrong[] = {note, note};
    fact(&e, "start", NULL);
    uint64_t start = append(&w, &e).seq;
    refused(&w, "F-1", none, 1, "there is no such entry");
    refused(&w, "F-1", wrong, 2, "in order");
    refused(&w, NULL, &start, 1, "how the log was kept");
    refused(&w, "F-1", NULL, 0, "in order");
    make_erasure(&e, "F-1", &note, 1);
    assert_int_equal(json_object_set_new(e.private_part, "ground", json_string("whim")), 0);
    struct appended done;
    assert_ok(&w, store_begin(w.store, &w.err));
    assert_int_equal(store_append(w.store, &world_context, &e, &done, &w.err), STORE_INVALID);
    assert_ok(&w, store_commit(w.store, &w.err));
    entry_free(&e);
    uint64_t erasure = erase(&w, "F-1", &note, 1);
    refused(&w, "F-1", &note, 1, "erased already");
    refused(&w, "F-1", &erasure, 1, "how the log was kept");
    world_end(&w);
}

/* On hold nothing goes, wherever the entry is filed besides. */
static void a_hold(void **state)
{
    (void)state;
    struct world w;
    struct entry e;
    uint64_t hold, seq;
    world_make(&w);
    fact(&e, "note", "F-1");
    assert_true(strings_add(&e.dossiers, "F-2"));
    seq = append(&w, &e).seq;
    fact(&e, "hold", "F-2");
    uint64_t held = append(&w, &e).seq;
    assert_ok(&w, store_hold(w.store, "F-2", &hold, &w.err));
    assert_int_equal(hold, held);
    assert_ok(&w, store_hold(w.store, "F-1", &hold, &w.err));
    assert_int_equal(hold, 0);
    refused(&w, "F-1", &seq, 1, "F-2 is on hold");
    fact(&e, "release", "F-2");
    append(&w, &e);
    assert_ok(&w, store_hold(w.store, "F-2", &hold, &w.err));
    assert_int_equal(hold, 0);
    erase(&w, "F-1", &seq, 1);
    world_end(&w);
}

static void the_list(void **state)
{
    (void)state;
    struct world w;
    struct entry e;
    char path[128], line[600];
    world_make(&w);
    fact(&e, "note", "F-1");
    uint64_t seq = append(&w, &e).seq;
    uint64_t by = erase(&w, "F-1", &seq, 1);
    finish(&w);
    snprintf(path, sizeof path, "%s/erasures", w.directory);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    json_t *json = json_loads(line, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(json, "seq")), seq);
    assert_int_equal(json_integer_value(json_object_get(json, "by")), by);
    assert_string_equal(json_string_value(json_object_get(json, "ground")), "person-request");
    assert_int_equal(strlen(json_string_value(json_object_get(json, "leaf"))), 64);
    json_decref(json);
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
    world_end(&w);
}

static void what_there_is(void **state)
{
    (void)state;
    struct world w;
    struct entry e;
    struct erasables list;
    world_make(&w);
    fact(&e, "note", "F-1");
    assert_true(strings_add(&e.dossiers, "F-2"));
    uint64_t shared = append(&w, &e).seq;
    fact(&e, "export", "F-1");
    append(&w, &e);
    uint64_t mail_seq = add_mail(&w, "F-1", "<a@b>", "hello", 5, false, NULL);
    uint64_t nowhere = add_mail(&w, NULL, "<c@d>", "hello", 5, false, NULL);
    struct dkim_links *keys;
    assert_ok(&w, dkim_links_open(w.store, &keys, &w.err));
    assert_ok(&w, store_erasables(w.store, keys, "F-1", &list, &w.err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].seq, shared);
    assert_int_equal(list.items[0].dossiers.count, 2);
    assert_int_equal(list.items[1].seq, mail_seq);
    assert_true(list.items[1].message);
    erasables_free(&list);
    assert_ok(&w, store_erasables(w.store, keys, NULL, &list, &w.err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].seq, nowhere);
    erasables_free(&list);
    dkim_links_close(keys);
    assert_int_equal(store_erasable(w.store, shared + 1, &list, &w.err), STORE_INVALID);
    world_end(&w);
}

static void write_keys(struct world *w, const char *sql)
{
    struct db *db;
    struct dkim_index *index;
    char file[128];
    assert_ok(w, dkim_index_open(w->directory, STORE_WRITE, &index, &w->err)); /* makes it */
    dkim_index_close(index);
    snprintf(file, sizeof file, "%s/dkim.db", w->directory);
    assert_ok(w, db_open(file, DB_WRITE, &db, &w->err));
    assert_ok(w, db_exec(db, sql, &w->err));
    db_close(db);
}

/* The keys that were to be asked for name who wrote. */
static void nothing_is_left_in_dkim_db(void **state)
{
    (void)state;
    struct world w;
    world_make(&w);
    uint64_t seq = add_mail(&w, "F-1", "<a@b>", "hello", 5, false, NULL);
    uint64_t other = add_mail(&w, "F-2", "<c@d>", "hello", 5, false, NULL);
    char sql[400];
    snprintf(sql, sizeof sql,
             "INSERT INTO wanted (seq, domain, selector, algorithm, came) VALUES"
             " (%d, 'madame-martin.example', 's1', 'rsa-sha256', 1),"
             " (%d, 'madame-durand.example', 's1', 'rsa-sha256', 1)",
             (int)seq, (int)other);
    write_keys(&w, sql);
    assert_true(store_holds(&w, "madame-martin", 13));
    /* `temoin keys` is writing just now: not a failure, only a later time. */
    bool more = true;
    struct db *busy;
    char file[128];
    snprintf(file, sizeof file, "%s/dkim.db", w.directory);
    assert_ok(&w, db_open(file, DB_WRITE, &busy, &w.err));
    assert_ok(&w, db_exec(busy, "BEGIN IMMEDIATE", &w.err));
    erase(&w, "F-1", &seq, 1);
    assert_ok(&w, store_erase_step(w.store, 0, &more, &w.err));
    assert_false(more);
    assert_true(store_erases(w.store));
    db_rollback(busy);
    finish(&w); /* `busy` is open all along, so the write-ahead log stays */
    assert_false(store_holds(&w, "madame-martin", 13));
    assert_true(store_holds(&w, "madame-durand", 13));
    db_close(busy);
    world_end(&w);
}

static uint64_t add_key(struct world *w, uint64_t message)
{
    struct entry e;
    entry_init(&e);
    e.event = DKIM_EVENT;
    e.actor = "root";
    e.private_part = json_pack("{s:I, s:[]}", "signed_entry", (json_int_t)message, "keys");
    assert_non_null(e.private_part);
    return append(w, &e).seq;
}

static void assert_listed(struct world *w, const uint64_t *seqs, size_t count)
{
    struct dkim_links *keys;
    struct erasables list;
    assert_ok(w, dkim_links_open(w->store, &keys, &w->err));
    assert_ok(w, store_erasables(w->store, keys, NULL, &list, &w->err));
    dkim_links_close(keys);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list.items[i].seq, seqs[i]);
    erasables_free(&list);
}

/* Entries about keys are found whether dkim.db is missing, behind, brought forward, of another
   log or no database. */
static void keys_that_dkim_db_does_not_know(void **state)
{
    (void)state;
    struct world w;
    struct dkim_index *index;
    world_make(&w);
    uint64_t seqs[4];
    seqs[0] = add_mail(&w, NULL, "<a@b>", "hello", 5, false, NULL);
    seqs[1] = add_key(&w, seqs[0]);
    assert_listed(&w, seqs, 2);
    assert_ok(&w, dkim_index_open(w.directory, STORE_WRITE, &index, &w.err));
    assert_listed(&w, seqs, 2);
    assert_ok(&w, dkim_index_follow(index, w.store, &w.err));
    assert_listed(&w, seqs, 2);
    seqs[2] = add_mail(&w, NULL, "<c@d>", "hello", 5, false, NULL);
    seqs[3] = add_key(&w, seqs[0]);
    assert_listed(&w, seqs, 4);
    assert_ok(&w, dkim_index_follow(index, w.store, &w.err));
    assert_listed(&w, seqs, 4);
    dkim_index_close(index);
    write_keys(&w, "UPDATE log SET origin = 'another'; DELETE FROM kept;"
                   " INSERT INTO kept VALUES (1, 3)");
    assert_listed(&w, seqs, 4);
    write_keys(&w, "UPDATE log SET origin = 'temoin.creditor.example', last = 99");
    assert_listed(&w, seqs, 4);
    char file[128];
    snprintf(file, sizeof file, "%s/dkim.db", w.directory);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    for (int i = 0; i < 500; i++)
        fputs("no database ", f);
    assert_int_equal(fclose(f), 0);
    assert_listed(&w, seqs, 4);
    erase(&w, NULL, seqs, 4);
    finish(&w);
    assert_int_not_equal(access(file, F_OK), 0); /* it goes: it is made anew */
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_a_small_message),
        cmocka_unit_test(nothing_is_left_of_a_private_part),
        cmocka_unit_test(the_key_of_a_line_stays),
        cmocka_unit_test(a_large_body_goes),
        cmocka_unit_test(volumes),
        cmocka_unit_test(a_crash_in_between),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(a_hold),
        cmocka_unit_test(the_list),
        cmocka_unit_test(what_there_is),
        cmocka_unit_test(nothing_is_left_in_dkim_db),
        cmocka_unit_test(keys_that_dkim_db_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
