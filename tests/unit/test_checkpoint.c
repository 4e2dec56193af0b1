/*
 * test_checkpoint - the log key, checkpoints in seal.db, subtrees, proofs out of a store
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/checkpoint.h"
#include "db/proof_maker.h"
#include "tests/unit/sealed_store.h"

static struct store_error err;

#define must(call)                                                       \
    do {                                                                 \
        enum store_status must_status = (call);                          \
        if (must_status != STORE_OK)                                     \
            fail_msg("%s: status %d: %s", #call, must_status, err.text); \
    } while (0)

enum { ENTRIES = 300, DAY = 86400 };
static const int64_t begin = 20000 * (int64_t)DAY + 100;

static int make(void **state)
{
    struct sealed_store *w = calloc(1, sizeof *w);
    assert_non_null(w);
    sealed_store_make(w);
    must(log_key_create(w->keys, &err));
    *state = w;
    return 0;
}

static int clear(void **state)
{
    sealed_store_remove(*state);
    free(*state);
    return 0;
}

/* Append many in one group. */
static void add_many(struct sealed_store *w, int count)
{
    struct store *store;
    must(store_open(w->store, STORE_WRITE, &store, &err));
    must(store_begin(store, &err));
    for (int i = 0; i < count; i++) {
        struct entry e;
        struct appended done = {0};
        entry_init(&e);
        e.event = "note";
        assert_non_null(e.private_part = json_pack("{s:i}", "text", i));
        must(store_append(store, &w->context, &e, &done, &err));
        appended_free(&done);
        entry_free(&e);
    }
    must(store_commit(store, &err));
    store_close(store);
    sealed_store_sign(w);
}

struct open {
    struct store *log;
    struct seal_store *seals;
};

static struct open open_both(struct sealed_store *w, enum store_mode mode)
{
    struct open o;
    must(store_open(w->store, STORE_READ, &o.log, &err));
    must(seal_store_open(w->store, mode, &o.seals, &err));
    return o;
}

static void close_both(struct open *o)
{
    seal_store_close(o->seals);
    store_close(o->log);
}

static void write_checkpoint(struct sealed_store *w, int64_t now)
{
    struct open o = open_both(w, STORE_WRITE);
    struct log_key *key;
    must(log_key_load(w->keys, &key, &err));
    must(checkpoint_write(o.seals, key, "test.example", now, &err));
    log_key_free(key);
    close_both(&o);
}

/* --- keys -----------------------------------------------------------------------------------*/

static void test_key(void **state)
{
    struct sealed_store *w = *state;
    struct log_key *key;
    struct stat info;
    char file[200], *name;
    unsigned char public_key[NOTE_KEY], again[NOTE_KEY];
    assert_int_equal(log_key_create(w->keys, &err), STORE_INVALID);
    snprintf(file, sizeof file, "%s/log.key", w->keys);
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0400);
    must(log_public_key(w->keys, public_key, &err));
    struct bytes text = {0};
    assert_true(note_verifier("test.example", public_key, &text));
    snprintf(file, sizeof file, "%s/vkey", w->keys);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fprintf(f, "%s\n", text.data);
    fclose(f);
    bytes_free(&text);
    must(log_public_key_file(file, again, &name, &err));
    assert_string_equal(name, "test.example");
    assert_memory_equal(again, public_key, NOTE_KEY);
    free(name);
    snprintf(file, sizeof file, "%s/seal.pem", w->keys); /* a certificate is no public key */
    assert_int_equal(log_public_key_file(file, again, &name, &err), STORE_CORRUPT);
    assert_int_equal(log_key_load("/nonexistent", &key, &err), STORE_NOT_FOUND);
    char command[300];
    snprintf(command, sizeof command, "cp -f %s/seal.key %s/log.key", w->keys, w->keys);
    assert_int_equal(system(command), 0);
    assert_int_equal(log_key_load(w->keys, &key, &err), STORE_CORRUPT); /* it is P-256 */
    assert_null(key);
}

/* --- checkpoints ----------------------------------------------------------------------------*/

static void test_write_and_find(void **state)
{
    struct sealed_store *w = *state;
    struct bytes note = {0}, other = {0};
    struct checkpoint c;
    const char *why;
    unsigned char key[NOTE_KEY], root[TREE_HASH];
    struct tree head;
    struct open o = open_both(w, STORE_READ);
    assert_int_equal(checkpoint_latest(o.seals, &note, &err), STORE_NOT_FOUND);
    close_both(&o);
    write_checkpoint(w, begin); /* of an empty log: none */
    add_many(w, 5);
    write_checkpoint(w, begin);
    write_checkpoint(w, begin); /* says nothing new */
    add_many(w, 2);
    write_checkpoint(w, begin + 1);
    o = open_both(w, STORE_READ);
    must(checkpoint_latest(o.seals, &note, &err));
    must(log_public_key(w->keys, key, &err));
    assert_int_equal(note_judge(note.data, note.len, "test.example", key), NOTE_SIGNED);
    assert_true(checkpoint_parse(note.data, note.len, &c, &why));
    assert_string_equal(c.origin, "test.example");
    assert_int_equal(c.size, 7);
    must(seal_head(o.seals, &head, &err));
    assert_true(tree_root(&head, root));
    assert_memory_equal(c.root, root, TREE_HASH);
    checkpoint_free(&c);
    must(checkpoint_at(o.seals, 7, &other, &err));
    assert_string_equal(other.data, note.data);
    bytes_free(&other);
    must(checkpoint_at(o.seals, 5, &other, &err));
    assert_int_equal(checkpoint_at(o.seals, 6, &other, &err), STORE_NOT_FOUND);
    close_both(&o);
    char count[20];
    sealed_store_value(w, "seal/seal.db", "SELECT count(*) FROM checkpoint", count, sizeof count);
    assert_string_equal(count, "2");
    bytes_free(&other);
    bytes_free(&note);
}

/* Two days whole, the last one of each day before. */
static void test_thinned(void **state)
{
    struct sealed_store *w = *state;
    for (int day = 0; day < 4; day++)
        for (int i = 0; i < 2; i++) {
            add_many(w, 1);
            write_checkpoint(w, begin + day * DAY + i);
        }
    char sizes[100];
    sealed_store_value(w, "seal/seal.db",
                       "SELECT group_concat(size) FROM (SELECT size FROM checkpoint ORDER BY size)",
                       sizes, sizeof sizes);
    assert_string_equal(sizes, "2,4,5,6,7,8");
}

static bool count_one(uint64_t size, const void *note, size_t len, void *context)
{
    struct checkpoint c;
    const char *why;
    assert_true(checkpoint_parse(note, len, &c, &why));
    assert_int_equal(c.size, size);
    checkpoint_free(&c);
    return ++*(int *)context < 3;
}

static void test_each(void **state)
{
    struct sealed_store *w = *state;
    int count = 0;
    for (int i = 0; i < 5; i++) {
        add_many(w, 1);
        write_checkpoint(w, begin);
    }
    struct open o = open_both(w, STORE_READ);
    must(checkpoint_each(o.seals, count_one, &count, &err));
    assert_int_equal(count, 3);
    close_both(&o);
}

/* --- proofs ---------------------------------------------------------------------------------*/

/* Roots and leaves as the log itself says. */
struct truth {
    unsigned char leaves[ENTRIES][TREE_HASH], roots[ENTRIES + 1][TREE_HASH];
};

static struct truth *truth_of(struct open *o)
{
    struct truth *t = calloc(1, sizeof *t);
    struct tree tree = {0};
    assert_non_null(t);
    must(store_leaves(o->log, 1, ENTRIES, t->leaves[0], &err));
    for (int i = 0; i < ENTRIES; i++) {
        assert_true(tree_append(&tree, t->leaves[i]));
        assert_true(tree_root(&tree, t->roots[i + 1]));
    }
    return t;
}

static void prove_all(struct open *o, const struct truth *t, uint64_t size)
{
    struct proof_maker *maker;
    unsigned char root[TREE_HASH];
    must(proof_open(o->log, o->seals, size, &maker, &err));
    proof_root(maker, root);
    assert_memory_equal(root, t->roots[size], TREE_HASH);
    for (uint64_t i = 1; i <= size; i += 1 + i % 7) {
        struct bytes path = {0}, link = {0};
        must(proof_inclusion(maker, i, &path, &err));
        assert_true(proof_path_check(t->leaves[i - 1], i - 1, size, path.data ? path.data : "",
                                     path.len, root));
        must(proof_consistency(maker, i, &link, &err));
        assert_true(
            proof_link_check(i, t->roots[i], size, root, link.data ? link.data : "", link.len));
        bytes_free(&path);
        bytes_free(&link);
    }
    proof_close(maker);
}

static void test_proofs(void **state)
{
    struct sealed_store *w = *state;
    struct proof_maker *maker;
    struct bytes hashes = {0};
    add_many(w, ENTRIES);
    struct open o = open_both(w, STORE_READ);
    struct truth *t = truth_of(&o);
    static const uint64_t sizes[] = {1, 2, 15, 16, 17, 33, 127, 255, 256, 257, 272, ENTRIES};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        prove_all(&o, t, sizes[i]);
    assert_int_equal(proof_open(o.log, o.seals, 0, &maker, &err), STORE_INVALID);
    assert_int_equal(proof_open(o.log, o.seals, ENTRIES + 1, &maker, &err), STORE_INVALID);
    must(proof_open(o.log, o.seals, 100, &maker, &err));
    assert_int_equal(proof_inclusion(maker, 101, &hashes, &err), STORE_INVALID);
    assert_int_equal(proof_inclusion(maker, 0, &hashes, &err), STORE_INVALID);
    assert_int_equal(proof_consistency(maker, 0, &hashes, &err), STORE_INVALID);
    assert_int_equal(proof_consistency(maker, 101, &hashes, &err), STORE_INVALID);
    proof_close(maker);
    free(t);
    close_both(&o);
}

/* Rows of subtrees that are not there are made again when the sealer goes on. */
static void test_made_again(void **state)
{
    struct sealed_store *w = *state;
    struct proof_maker *maker;
    add_many(w, ENTRIES - 1);
    sealed_store_sql(w, "seal/seal.db", "DELETE FROM node");
    struct open o = open_both(w, STORE_READ);
    assert_int_equal(proof_open(o.log, o.seals, ENTRIES - 1, &maker, &err), STORE_CORRUPT);
    close_both(&o);
    add_many(w, 1);
    o = open_both(w, STORE_READ);
    struct truth *t = truth_of(&o);
    prove_all(&o, t, ENTRIES);
    free(t);
    close_both(&o);
}

static void test_contradictions(void **state)
{
    struct sealed_store *w = *state;
    struct proof_maker *maker;
    struct bytes hashes = {0};
    add_many(w, ENTRIES);
    sealed_store_save(w);
    sealed_store_flip(w, "log.db", "entry", "leaf", "seq = 5", 3);
    struct open o = open_both(w, STORE_READ);
    must(proof_open(o.log, o.seals, ENTRIES, &maker, &err)); /* which needs no leaf of the past */
    assert_int_equal(proof_inclusion(maker, 5, &hashes, &err), STORE_CORRUPT);
    assert_int_equal(proof_inclusion(maker, 6, &hashes, &err), STORE_CORRUPT);
    assert_int_equal(hashes.len, 0);
    must(proof_inclusion(maker, 17, &hashes, &err));
    bytes_free(&hashes);
    proof_close(maker);
    close_both(&o);
    sealed_store_restore(w);
    sealed_store_sql(w, "seal/seal.db",
                     "UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND n = 0");
    o = open_both(w, STORE_READ);
    assert_int_equal(proof_open(o.log, o.seals, ENTRIES, &maker, &err), STORE_CORRUPT);
    assert_null(maker);
    close_both(&o);
}

/* Signatures aside, at most a few octets an entry. */
static void test_size(void **state)
{
    struct sealed_store *w = *state;
    char octets[30];
    add_many(w, ENTRIES);
    sealed_store_value(w, "seal/seal.db", "SELECT sum(length(hash)) FROM node", octets,
                       sizeof octets);
    assert_int_equal(atoi(octets), (ENTRIES / 16 + ENTRIES / 256) * TREE_HASH);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_key),    test(test_write_and_find), test(test_thinned),        test(test_each),
        test(test_proofs), test(test_made_again),     test(test_contradictions), test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
