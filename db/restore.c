/*
 * restore - a store out of a backup, under a new name
 */
#include "db/restore.h"

#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/backup_private.h"
#include "db/erase_order.h"
#include "db/record.h"
#include "db/scribe_client.h"
#include "db/seal.h"
#include "db/store_private.h"
#include "db/wire.h"

enum { NUMBERS_SKIPPED = 100000000, LINE_MAX_OCTETS = 4096 };

void restore_look(const struct settings *s, struct restore_head *head)
{
    struct store *store;
    *head = (struct restore_head){.known = false};
    if (store_open(s->store_directory, STORE_READ, &store, NULL) != STORE_OK)
        return;
    char *origin = NULL;
    head->known = store_origin(store, &origin, NULL) == STORE_OK &&
                  store_last_seq(store, &head->entries, NULL) == STORE_OK;
    snprintf(head->origin, sizeof head->origin, "%s", origin ? origin : "");
    free(origin);
    store_close(store);
}

/* --- copying --------------------------------------------------------------------------------*/

static enum store_status give(const char *path, uid_t uid, gid_t gid, mode_t mode,
                              struct store_error *err)
{
    if ((geteuid() == 0 && lchown(path, uid, gid) < 0) || chmod(path, mode) < 0)
        return store_fail_errno(err, errno, "%s: cannot give it to its owner", path);
    return STORE_OK;
}

static enum store_status make_directories(const char *directory, const struct restore_owners *o,
                                          struct store_error *err)
{
    static const struct {
        const char *name;
        mode_t mode;
        bool seal;
    } all[] = {{".", 0750, false},
               {"bodies", 0700, false},
               {"volumes", 0750, false},
               {"spool", 02770, false},
               {"seal", 0750, true}};
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < sizeof all / sizeof *all; i++) {
        char path[PATH_MAX];
        st = store_path(directory, all[i].name, path, sizeof path, err);
        if (st == STORE_OK && mkdir(i ? path : directory, 0700) < 0)
            st = store_fail_errno(err, errno, "%s: mkdir", path);
        if (st == STORE_OK)
            st = give(path, all[i].seal ? o->seal_uid : o->uid, o->gid, all[i].mode, err);
    }
    return st;
}

static enum store_status copy_one(const struct backup_file *f, const char *from,
                                  const char *directory, const struct restore_owners *o,
                                  struct store_error *err)
{
    char source[PATH_MAX], target[PATH_MAX];
    bool seal = strncmp(f->name, "seal/", 5) == 0, body = strncmp(f->name, "bodies/", 7) == 0;
    enum store_status st = store_path(from, f->name, source, sizeof source, err);
    if (st == STORE_OK)
        st = store_path(directory, f->name, target, sizeof target, err);
    if (st == STORE_OK)
        st = backup_plain(source, target, 0600, err);
    return st == STORE_OK
               ? give(target, seal ? o->seal_uid : o->uid, o->gid, body ? 0600 : 0640, err)
               : st;
}

enum store_status restore_copy(const struct backup *b, const char *from, const char *directory,
                               const struct restore_owners *owners, struct store_error *err)
{
    char lock[PATH_MAX];
    bool created;
    enum store_status st = make_directories(directory, owners, err);
    for (size_t i = 0; st == STORE_OK && i < b->count; i++)
        st = copy_one(&b->files[i], from, directory, owners, err);
    if (st == STORE_OK)
        st = store_path(directory, "seal/seal.lock", lock, sizeof lock, err);
    if (st == STORE_OK)
        st = db_create_file(lock, 0640, &created, err);
    return st == STORE_OK ? backup_sync(directory, err) : st;
}

/* --- the new name ---------------------------------------------------------------------------*/

static enum store_status rename_log(const struct settings *s, struct store_error *err)
{
    struct store *store;
    struct bytes origin = {0};
    unsigned char random[4];
    if (RAND_bytes(random, sizeof random) != 1 ||
        !bytes_printf(&origin, "temoin.%s/%02x%02x%02x%02x", s->company_domain, random[0],
                      random[1], random[2], random[3]))
        return store_fail(err, STORE_NO_MEMORY, "out of memory, or no random numbers");
    enum store_status st = store_open(s->store_directory, STORE_WRITE, &store, err);
    if (st == STORE_OK) {
        st = db_run(store->log, "BEGIN IMMEDIATE", err, "");
        if (st == STORE_OK)
            st = db_run(store->log, "UPDATE meta SET value = ? WHERE key = 'origin'", err, "t",
                        origin.data);
        if (st == STORE_OK)
            st = db_run(store->log, "UPDATE meta SET value = value + ? WHERE key = 'next_number'",
                        err, "i", (int64_t)NUMBERS_SKIPPED);
        if (st == STORE_OK)
            st = db_run(store->log, "COMMIT", err, "");
        db_rollback(store->log);
        store_close(store);
    }
    bytes_free(&origin);
    return st;
}

enum store_status restore_seal(const struct settings *s, struct restore_head *head,
                               struct store_error *err)
{
    struct seal_store *seals;
    struct tree tree;
    enum store_status st = seal_store_open(s->store_directory, STORE_WRITE, &seals, err);
    if (st != STORE_OK)
        return st;
    st = seal_head(seals, &tree, err);
    seal_store_close(seals);
    if (st == STORE_OK && !tree_root(&tree, head->root))
        st = store_fail(err, STORE_IO, "the crypto library failed");
    head->sealed = tree.size;
    return st;
}

static json_t *describe(const struct backup *b, const struct restore_head *replaced)
{
    bool lost = replaced->known && strcmp(replaced->origin, b->origin) == 0;
    json_t *gap = lost && replaced->entries > b->entries
                      ? json_pack("{s:I, s:I}", "from", (json_int_t)b->entries + 1, "to",
                                  (json_int_t)replaced->entries)
                      : NULL;
    return json_pack("{s:{s:I}, s:{s:o, s:I, s:I, s:o}, s:o*}", "backup", "time",
                     (json_int_t)b->time, "former", "log", json_foreign(b->origin), "entries",
                     (json_int_t)b->entries, "sealed", (json_int_t)replaced->sealed, "root",
                     hex_json(replaced->root, sizeof replaced->root), "lost", gap);
}

enum store_status restore_begin(const struct settings *s, const struct backup *b,
                                const struct restore_head *replaced, const char *actor,
                                uint64_t *seq, struct store_error *err)
{
    struct entry e;
    struct appended done = {0};
    enum store_status st = rename_log(s, err);
    if (st != STORE_OK)
        return st;
    entry_init(&e);
    e.event = "restore";
    e.actor = actor;
    e.private_part = describe(b, replaced);
    st = e.private_part ? log_append(s, &e, &done, err)
                        : store_fail(err, STORE_NO_MEMORY, "out of memory");
    *seq = done.seq;
    appended_free(&done);
    entry_free(&e);
    return st;
}

/* --- erasures again -------------------------------------------------------------------------*/

struct erased_line {
    json_t *json;
    uint64_t seq, by;
    const char *log, *ground;
    unsigned char leaf[HASH_OCTETS];
};

static bool line_read(const char *text, struct erased_line *l)
{
    *l = (struct erased_line){.json = json_loads(text, JSON_REJECT_DUPLICATES, NULL)};
    json_int_t seq = json_integer_value(json_object_get(l->json, "seq"));
    json_int_t by = json_integer_value(json_object_get(l->json, "by"));
    l->log = json_string_value(json_object_get(l->json, "log"));
    l->ground = json_string_value(json_object_get(l->json, "ground"));
    l->seq = seq > 0 ? (uint64_t)seq : 0;
    l->by = by > 0 ? (uint64_t)by : 0;
    return l->seq && l->by && l->log && l->ground &&
           hex_from_json(json_object_get(l->json, "leaf"), l->leaf, sizeof l->leaf);
}

/* Is it the same entry, and still there? */
static enum store_status find(const struct settings *s, const struct erased_line *l,
                              struct erasables *out, struct store_error *err)
{
    struct store *store;
    struct stored_entry e = {0};
    enum store_status st = store_open(s->store_directory, STORE_READ, &store, err);
    if (st != STORE_OK)
        return st;
    st = store_entry(store, l->seq, &e, err);
    if (st == STORE_OK && e.private_part.data && memcmp(e.leaf, l->leaf, sizeof l->leaf) == 0)
        st = store_erasable(store, l->seq, out, err);
    stored_entry_free(&e);
    store_close(store);
    return st == STORE_NOT_FOUND ? STORE_OK : st;
}

static enum store_status erase_again(const struct settings *s, const struct erased_line *l,
                                     const char *actor, size_t *erased, struct store_error *err)
{
    struct erasables list = {0};
    size_t done = 0;
    struct erase_order order = {.ground = l->ground,
                                .by = "temoin restore",
                                .actor = actor,
                                .again_log = l->log,
                                .again_seq = l->by};
    enum store_status st = find(s, l, &list, err);
    if (st == STORE_OK && list.count)
        st = erase_order_run(s, &order, &list, &done, err);
    *erased += done;
    erasables_free(&list);
    return st;
}

enum store_status restore_erasures(const struct settings *s, const char *file, const char *actor,
                                   size_t *erased, struct store_error *err)
{
    char text[LINE_MAX_OCTETS];
    FILE *f = fopen(file, "re");
    if (!f)
        return store_fail_errno(err, errno, "%s", file);
    enum store_status st = STORE_OK;
    while (st == STORE_OK && fgets(text, sizeof text, f)) {
        struct erased_line l;
        if (line_read(text, &l))
            st = erase_again(s, &l, actor, erased, err);
        json_decref(l.json);
    }
    if (st == STORE_OK && ferror(f))
        st = store_fail_errno(err, EIO, "%s", file);
    fclose(f);
    return st;
}
