/*
 * backup_list - backup.json: what a backup consists of
 *
 * Restoring writes files by the names in the list, as root: only names that a backup has are
 * believed.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/backup.h"
#include "db/backup_private.h"
#include "db/store_private.h"

void backup_free(struct backup *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->files[i].name);
    free(b->files);
    free(b->origin);
    *b = (struct backup){0};
}

struct backup_file *backup_add(struct backup *b, const char *name)
{
    if ((b->count & (b->count - 1)) == 0) { /* grows at powers of two */
        size_t room = b->count ? 2 * b->count : 1;
        struct backup_file *more = realloc(b->files, room * sizeof *more);
        if (!more)
            return NULL;
        b->files = more;
    }
    struct backup_file *f = &b->files[b->count];
    *f = (struct backup_file){.name = strdup(name)};
    if (!f->name)
        return NULL;
    b->count++;
    return f;
}

/* --- writing --------------------------------------------------------------------------------*/

static json_t *file_json(const struct backup_file *f)
{
    return json_pack("{s:s, s:I, s:s, s:o*}", "name", f->name, "size", (json_int_t)f->size,
                     "sha256", f->sha256, "change",
                     f->change ? json_integer((json_int_t)f->change) : NULL);
}

enum store_status backup_write_list(const char *directory, const struct backup *b,
                                    struct store_error *err)
{
    char path[PATH_MAX];
    json_t *files = json_array();
    for (size_t i = 0; files && i < b->count; i++)
        if (json_array_append_new(files, file_json(&b->files[i])) != 0) {
            json_decref(files);
            files = NULL;
        }
    json_t *json = json_pack("{s:s, s:i, s:s, s:I, s:I, s:o}", "format", "temoin backup", "v", 1,
                             "log", b->origin, "time", (json_int_t)b->time, "entries",
                             (json_int_t)b->entries, "files", files);
    enum store_status st = store_path(directory, BACKUP_LIST, path, sizeof path, err);
    FILE *f = st == STORE_OK && json ? fopen(path, "wxe") : NULL;
    if (st == STORE_OK && !json)
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    else if (st == STORE_OK && (!f || json_dumpf(json, f, JSON_SORT_KEYS | JSON_INDENT(1)) != 0 ||
                                fflush(f) != 0 || fsync(fileno(f)) != 0))
        st = store_fail_errno(err, errno, "%s: cannot be written", path);
    if (f)
        fclose(f);
    json_decref(json);
    return st;
}

/* --- reading --------------------------------------------------------------------------------*/

/* "volumes/2026-11.db" and the like: `#` stands for a digit, `x` for a hexadecimal one. */
static bool matches(const char *name, const char *form)
{
    for (; *form && *name; form++, name++) {
        bool fits = *form == '#'   ? isdigit((unsigned char)*name)
                    : *form == 'x' ? isdigit((unsigned char)*name) || (*name >= 'a' && *name <= 'f')
                                   : *form == *name;
        if (!fits)
            return false;
    }
    return !*form && !*name;
}

static bool is_name(const char *name)
{
    static const char *const forms[] = {
        "log.db",       "register.db", "batch.db",          "facts.db",
        "seal/seal.db", "erasures",    "volumes/####-##.db"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (matches(name, forms[i]))
            return true;
    return strlen(name) == strlen("bodies/") + BODY_NAME - 1 &&
           matches(name, "bodies/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static bool take_file(const json_t *json, struct backup *b)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *sha256 = json_string_value(json_object_get(json, "sha256"));
    const json_t *size = json_object_get(json, "size");
    if (!name || !is_name(name) || !sha256 || strlen(sha256) != 64 || !json_is_integer(size))
        return false;
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->files[i].name, name) == 0)
            return false;
    struct backup_file *f = backup_add(b, name);
    if (!f)
        return false;
    f->size = (uint64_t)json_integer_value(size);
    f->change = (uint32_t)json_integer_value(json_object_get(json, "change"));
    memcpy(f->sha256, sha256, sizeof f->sha256);
    return true;
}

static bool take_list(const json_t *json, struct backup *b)
{
    const char *format = json_string_value(json_object_get(json, "format"));
    const char *origin = json_string_value(json_object_get(json, "log"));
    const json_t *files = json_object_get(json, "files");
    if (!format || strcmp(format, "temoin backup") != 0 || !origin ||
        !(b->origin = strdup(origin)) || json_integer_value(json_object_get(json, "v")) != 1)
        return false;
    b->time = (int64_t)json_integer_value(json_object_get(json, "time"));
    b->entries = (uint64_t)json_integer_value(json_object_get(json, "entries"));
    for (size_t i = 0; i < json_array_size(files); i++)
        if (!take_file(json_array_get(files, i), b))
            return false;
    return backup_find(b, "log.db") && backup_find(b, "seal/seal.db");
}

const struct backup_file *backup_find(const struct backup *b, const char *name)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->files[i].name, name) == 0)
            return &b->files[i];
    return NULL;
}

enum store_status backup_read(const char *directory, struct backup *b, struct store_error *err)
{
    char path[PATH_MAX];
    json_error_t why;
    *b = (struct backup){0};
    enum store_status st = store_path(directory, BACKUP_LIST, path, sizeof path, err);
    if (st != STORE_OK)
        return st;
    if (access(path, R_OK) < 0)
        return store_fail_errno(err, errno, "%s", path);
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!json || !take_list(json, b)) {
        backup_free(b);
        st = store_fail(err, STORE_CORRUPT, "%s: is not the list of a backup", path);
    }
    json_decref(json);
    return st;
}

enum store_status backup_check(const char *directory, struct backup *b, struct store_error *err)
{
    enum store_status st = backup_read(directory, b, err);
    for (size_t i = 0; st == STORE_OK && i < b->count; i++) {
        char path[PATH_MAX], sha256[65];
        uint64_t size;
        const struct backup_file *f = &b->files[i];
        st = store_path(directory, f->name, path, sizeof path, err);
        if (st == STORE_OK)
            st = backup_hash(path, &size, sha256, err);
        if (st == STORE_OK && (size != f->size || strcmp(sha256, f->sha256) != 0))
            st = store_fail(err, STORE_CORRUPT, "%s: is not what was backed up: use another backup",
                            path);
    }
    if (st != STORE_OK)
        backup_free(b);
    return st;
}
