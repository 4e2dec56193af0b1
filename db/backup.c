/*
 * backup - a copy of the store that is of one moment, taken while the daemon runs
 *
 * Bodies are the difficulty: a file in bodies/ may have come after our look, or be moved to a
 * volume before our copy. So they are copied first, then the log; a body that the log's copy
 * names and that we have not is fetched, and when it is gone by then (a day has ended meanwhile)
 * the log is copied once more.
 */
#include "db/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/backup_private.h"
#include "db/store_erase.h"
#include "db/store_private.h"

enum { TRIES = 3 };

struct making {
    const char *from, *to;
    const char *previous;   /* directory, or NULL */
    struct backup *earlier; /* its list; count 0: none */
    struct backup *b;
    struct store_error *err;
};

static enum store_status no_memory(struct making *m)
{
    return store_fail(m->err, STORE_NO_MEMORY, "out of memory");
}

static enum store_status paths(struct making *m, const char *name, char from[PATH_MAX],
                               char to[PATH_MAX])
{
    enum store_status st = store_path(m->from, name, from, PATH_MAX, m->err);
    return st == STORE_OK ? store_path(m->to, name, to, PATH_MAX, m->err) : st;
}

/* Put what was copied on the list. */
static enum store_status enlist(struct making *m, const char *name, uint32_t change)
{
    char path[PATH_MAX];
    struct backup_file *f = backup_add(m->b, name);
    if (!f)
        return no_memory(m);
    f->change = change;
    enum store_status st = store_path(m->to, name, path, sizeof path, m->err);
    return st == STORE_OK ? backup_hash(path, &f->size, f->sha256, m->err) : st;
}

/* --- databases ------------------------------------------------------------------------------*/

/* One that is not there (no register, no batches yet) is left out. */
static enum store_status take_database(struct making *m, const char *name, bool needed)
{
    char from[PATH_MAX], to[PATH_MAX];
    enum store_status st = paths(m, name, from, to);
    if (st == STORE_OK)
        st = backup_database(from, to, m->err);
    if (st == STORE_NOT_FOUND && !needed)
        return STORE_OK;
    return st == STORE_OK ? enlist(m, name, 0) : st;
}

/* --- bodies ---------------------------------------------------------------------------------*/

/* STORE_NOT_FOUND: it is gone. */
static enum store_status take_body(struct making *m, const char *name)
{
    char below[64], from[PATH_MAX], to[PATH_MAX];
    snprintf(below, sizeof below, "bodies/%.40s", name);
    enum store_status st = paths(m, below, from, to);
    if (st != STORE_OK || access(to, F_OK) == 0)
        return st;
    return backup_plain(from, to, 0600, m->err);
}

static enum store_status take_bodies(struct making *m)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct dirent *item;
    enum store_status st = paths(m, "bodies", from, to);
    DIR *dir = st == STORE_OK ? opendir(from) : NULL;
    if (st == STORE_OK && !dir)
        return store_fail_errno(m->err, errno, "%s", from);
    while (st == STORE_OK && (item = readdir(dir)) != NULL)
        if (strlen(item->d_name) == BODY_NAME - 1) {
            st = take_body(m, item->d_name);
            st = st == STORE_NOT_FOUND ? STORE_OK : st; /* moved meanwhile */
        }
    if (dir)
        closedir(dir);
    return st;
}

/* The bodies that the log's copy names. */
static enum store_status take_named_bodies(struct making *m, const char *log, bool enlists)
{
    struct db *db;
    sqlite3_stmt *s;
    bool row = true;
    enum store_status st = db_open(log, DB_READ, &db, m->err);
    if (st != STORE_OK)
        return st;
    st = db_query(db, "SELECT body FROM message WHERE body IS NOT NULL", &s, m->err, "");
    while (st == STORE_OK && row) {
        st = db_step(db, s, &row, m->err);
        const char *name = st == STORE_OK && row ? (const char *)sqlite3_column_text(s, 0) : NULL;
        char below[64];
        if (name)
            snprintf(below, sizeof below, "bodies/%.40s", name);
        if (name)
            st = enlists ? enlist(m, below, 0) : take_body(m, name);
    }
    db_done(s);
    db_close(db);
    return st;
}

/* What reading the copy left behind is no part of it. */
static void remove_companions(const char *file)
{
    static const char *const ends[] = {"-wal", "-shm", "-journal"};
    char path[PATH_MAX + 16];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", file, ends[i]);
        unlink(path);
    }
}

static enum store_status take_log(struct making *m)
{
    char from[PATH_MAX], to[PATH_MAX];
    enum store_status st = paths(m, "log.db", from, to);
    for (int tries = 0; st == STORE_OK && tries < TRIES; tries++) {
        st = backup_database(from, to, m->err);
        if (st == STORE_OK)
            st = take_named_bodies(m, to, false);
        remove_companions(to);
        if (st == STORE_OK)
            break;
        if (st != STORE_NOT_FOUND || tries + 1 == TRIES)
            return st;
        unlink(to);
        st = STORE_OK;
    }
    if (st == STORE_OK)
        st = enlist(m, "log.db", 0);
    if (st == STORE_OK)
        st = take_named_bodies(m, to, true);
    remove_companions(to);
    return st;
}

/* --- volumes --------------------------------------------------------------------------------*/

/* SQLite's file change counter: another one after each transaction of a rollback journal. */
static uint32_t change_counter(const char *file)
{
    unsigned char octets[4] = {0};
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool got = fd >= 0 && pread(fd, octets, sizeof octets, 24) == sizeof octets;
    if (fd >= 0)
        close(fd);
    return got ? (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
                     octets[3]
               : 0;
}

/* True: linked from the previous backup. */
static bool link_volume(struct making *m, const char *name, uint32_t change, const char *to)
{
    char before[PATH_MAX];
    const struct backup_file *f = backup_find(m->earlier, name);
    if (!f || !change || f->change != change || !m->previous ||
        store_path(m->previous, name, before, sizeof before, NULL) != STORE_OK ||
        link(before, to) < 0)
        return false;
    struct backup_file *mine = backup_add(m->b, name);
    if (!mine) {
        unlink(to);
        return false;
    }
    mine->size = f->size;
    mine->change = change;
    memcpy(mine->sha256, f->sha256, sizeof mine->sha256);
    return true;
}

static enum store_status take_volume(struct making *m, const char *file)
{
    char name[64], from[PATH_MAX], to[PATH_MAX];
    snprintf(name, sizeof name, "volumes/%.40s", file);
    enum store_status st = paths(m, name, from, to);
    if (st != STORE_OK)
        return st;
    uint32_t change = change_counter(from); /* before: a later change is copied next time */
    if (link_volume(m, name, change, to))
        return STORE_OK;
    st = backup_database(from, to, m->err);
    if (st == STORE_NOT_FOUND)
        return STORE_OK; /* dropped meanwhile */
    return st == STORE_OK ? enlist(m, name, change) : st;
}

static enum store_status take_volumes(struct making *m)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct dirent *item;
    enum store_status st = paths(m, "volumes", from, to);
    DIR *dir = st == STORE_OK ? opendir(from) : NULL;
    if (st == STORE_OK && !dir)
        return store_fail_errno(m->err, errno, "%s", from);
    while (st == STORE_OK && (item = readdir(dir)) != NULL)
        if (strlen(item->d_name) == strlen("2026-11.db") &&
            strcmp(item->d_name + strlen("2026-11"), ".db") == 0)
            st = take_volume(m, item->d_name);
    if (dir)
        closedir(dir);
    return st;
}

/* --- all ------------------------------------------------------------------------------------*/

static enum store_status make_directories(struct making *m)
{
    static const char *const below[] = {"seal", "bodies", "volumes"};
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < sizeof below / sizeof *below; i++) {
        char path[PATH_MAX];
        st = store_path(m->to, below[i], path, sizeof path, m->err);
        if (st == STORE_OK && mkdir(path, 0700) < 0)
            st = store_fail_errno(m->err, errno, "%s: mkdir", path);
    }
    return st;
}

static enum store_status take_erasures(struct making *m)
{
    char from[PATH_MAX], to[PATH_MAX];
    enum store_status st = paths(m, ERASURES_FILE, from, to);
    if (st != STORE_OK || (access(from, F_OK) < 0 && errno == ENOENT))
        return st;
    st = backup_plain(from, to, 0600, m->err);
    return st == STORE_OK ? enlist(m, ERASURES_FILE, 0) : st;
}

/* What the copy says of itself, not what the store has become since. */
static enum store_status describe(struct making *m, int64_t now)
{
    char log[PATH_MAX];
    struct store *store;
    enum store_status st = store_path(m->to, "log.db", log, sizeof log, m->err);
    if (st == STORE_OK)
        st = store_open(m->to, STORE_READ, &store, m->err);
    if (st != STORE_OK)
        return st;
    m->b->time = now;
    st = store_origin(store, &m->b->origin, m->err);
    if (st == STORE_OK)
        st = store_last_seq(store, &m->b->entries, m->err);
    store_close(store);
    remove_companions(log);
    return st;
}

static enum store_status sync_all(struct making *m)
{
    static const char *const below[] = {"seal", "bodies", "volumes", "."};
    enum store_status st = STORE_OK;
    for (size_t i = 0; st == STORE_OK && i < sizeof below / sizeof *below; i++) {
        char path[PATH_MAX];
        st = store_path(m->to, below[i], path, sizeof path, m->err);
        if (st == STORE_OK)
            st = backup_sync(path, m->err);
    }
    return st;
}

enum store_status backup_make(const struct settings *s, const char *directory, const char *previous,
                              int64_t now, struct backup *b, struct store_error *err)
{
    struct backup earlier = {0};
    struct making m = {.from = s->store_directory,
                       .to = directory,
                       .previous = previous,
                       .earlier = &earlier,
                       .b = b,
                       .err = err};
    *b = (struct backup){0};
    if (previous && backup_read(previous, &earlier, NULL) != STORE_OK)
        earlier = (struct backup){0};
    enum store_status st = make_directories(&m);
    if (st == STORE_OK)
        st = take_bodies(&m);
    if (st == STORE_OK)
        st = take_database(&m, "batch.db", false);
    if (st == STORE_OK)
        st = take_database(&m, "seal/seal.db", true);
    if (st == STORE_OK)
        st = take_database(&m, "register.db", false);
    if (st == STORE_OK)
        st = take_log(&m);
    if (st == STORE_OK)
        st = take_volumes(&m);
    if (st == STORE_OK)
        st = take_erasures(&m);
    if (st == STORE_OK)
        st = describe(&m, now);
    if (st == STORE_OK)
        st = backup_write_list(directory, b, err);
    if (st == STORE_OK)
        st = sync_all(&m);
    backup_free(&earlier);
    if (st != STORE_OK)
        backup_free(b);
    return st;
}
