/*
 * follow_rotation - in which order a log and its predecessors are to be read
 */
#include "db/follow_rotation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREDECESSORS_MAX = 1000 };

void follow_plan_free(struct follow_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        free(plan->parts[i].name);
    free(plan->parts);
    *plan = (struct follow_plan){0};
}

static enum store_status no_memory(struct store_error *err)
{
    return store_fail(err, STORE_NO_MEMORY, "out of memory");
}

/* --- what is there --------------------------------------------------------------------------*/

/* "mail.log.1", "mail.log-20261127.gz", "mail.log.2.zst"; not "mail.log.new~", "mail.logx". */
static bool is_predecessor(const char *name, const char *base)
{
    size_t len = strlen(base);
    return strncmp(name, base, len) == 0 && (name[len] == '.' || name[len] == '-') &&
           name[len + 1] >= '0' && name[len + 1] <= '9' && name[strlen(name) - 1] != '~';
}

static bool plan_add(struct follow_plan *plan, const char *name, const struct stat *st)
{
    struct follow_part *grown = reallocarray(plan->parts, plan->count + 1, sizeof *grown);
    if (!grown)
        return false;
    plan->parts = grown;
    struct follow_part *p = &plan->parts[plan->count];
    *p = (struct follow_part){.device = (uint64_t)st->st_dev,
                              .inode = (uint64_t)st->st_ino,
                              .written = (int64_t)st->st_mtime};
    if (name && !(p->name = strdup(name)))
        return false;
    plan->count++;
    return true;
}

/* The number behind the log's name: the higher, the older. Dates (eight digits) the other way. */
static long age_of(const char *name, size_t base)
{
    char *end;
    long n = strtol(name + base + 1, &end, 10);
    return end - (name + base + 1) >= 8 ? -n : n;
}

static int older_first(const void *a, const void *b, void *context)
{
    const struct follow_part *one = a, *other = b;
    const size_t *base = context;
    if (one->written != other->written)
        return one->written < other->written ? -1 : 1;
    long x = age_of(one->name, *base), y = age_of(other->name, *base);
    return x > y ? -1 : x < y;
}

/* All predecessors, the oldest first. */
static enum store_status list(struct follow_opener *o, const char *path, struct follow_plan *plan,
                              struct store_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    int fd = follow_opener_open(o, "");
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return store_fail_errno(err, code, "%s: its directory", path);
    }
    const struct dirent *d;
    enum store_status st = STORE_OK;
    while (st == STORE_OK && (d = readdir(dir)) != NULL) {
        struct stat status;
        if (!is_predecessor(d->d_name, base) || plan->count == PREDECESSORS_MAX ||
            fstatat(dirfd(dir), d->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(status.st_mode))
            continue;
        if (!plan_add(plan, d->d_name, &status))
            st = no_memory(err);
    }
    closedir(dir);
    size_t len = strlen(base);
    if (plan->count > 1)
        qsort_r(plan->parts, plan->count, sizeof *plan->parts, older_first, &len);
    return st;
}

/* Keep the parts from `first` on. */
static void plan_cut(struct follow_plan *plan, size_t first)
{
    for (size_t i = 0; i < first; i++)
        free(plan->parts[i].name);
    plan->count -= first;
    memmove(plan->parts, plan->parts + first, plan->count * sizeof *plan->parts);
}

/* --- where it stopped -----------------------------------------------------------------------*/

/* Does this file begin as the one in which following stopped, and reach as far? */
static bool is_the_one(struct follow_opener *o, const char *name, const struct follow_state *state)
{
    struct follow_reader r;
    struct store_error why;
    char head[FOLLOW_HEAD];
    unsigned char hash[SHA256_DIGEST_LENGTH];
    int fd = follow_opener_open(o, name);
    if (fd < 0 || state->head_len == 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool same = follow_reader_open(&r, fd, name ? name : "", &why) == STORE_OK &&
                r.size >= state->offset &&
                follow_reader_read(&r, head, state->head_len) == (ssize_t)state->head_len &&
                SHA256((const unsigned char *)head, state->head_len, hash) &&
                memcmp(hash, state->head, sizeof hash) == 0;
    follow_reader_close(&r, "", false, NULL);
    return same;
}

static enum store_status add_current(struct follow_opener *o, const char *path,
                                     struct follow_plan *plan, struct store_error *err)
{
    struct stat status = {.st_mtime = 0};
    int fd = follow_opener_open(o, NULL);
    if (fd < 0 && errno != ENOENT) /* it may be between two rotations */
        return store_fail_errno(err, errno, "%s", path);
    if (fd >= 0) {
        fstat(fd, &status);
        close(fd);
    }
    return plan_add(plan, NULL, &status) ? STORE_OK : no_memory(err);
}

/* The part in which following stopped; plan->count: none. The youngest of equal ones, so that a
   copy is not read behind its original. */
static size_t find_place(struct follow_opener *o, const struct follow_plan *plan,
                         const struct follow_state *state)
{
    for (size_t i = plan->count; i-- > 0;)
        if (is_the_one(o, plan->parts[i].name, state))
            return i;
    return plan->count;
}

enum store_status follow_plan_resume(struct follow_opener *o, const char *path,
                                     const struct follow_state *state, int64_t oldest,
                                     struct follow_plan *plan, struct store_error *err)
{
    enum store_status st = list(o, path, plan, err);
    if (st == STORE_OK)
        st = add_current(o, path, plan, err);
    if (st != STORE_OK)
        return st;
    size_t first = 0;
    if (state->known && state->offset > 0) {
        size_t found = find_place(o, plan, state);
        if (found < plan->count) {
            plan->parts[found].offset = state->offset;
            plan_cut(plan, found);
            return STORE_OK;
        }
        plan->lost = true;
    }
    int64_t since = state->known ? state->saved : oldest;
    while (first + 1 < plan->count && (since < 0 || plan->parts[first].written < since))
        first++;
    plan_cut(plan, first);
    return STORE_OK;
}
