/*
 * cmd_restore - temoin restore DIR: a store out of a backup, under a new origin
 *
 * With the daemon stopped. A store that is there is moved aside, never removed: who restores in
 * haste may have named the wrong backup. Run by root, files are copied by root and given to
 * their owners; the log is opened by its own user.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/command.h"
#include "db/restore.h"
#include "db/scribe_client.h"
#include "db/store_erase.h"

enum { PING_MS = 2000, FINISH_MS = 600000, LISTS_MAX = 3 };

static const char help[] =
    "usage: temoin restore [--replace] [--erasures FILE] DIR\n\n"
    "Puts the store back from a backup, with the daemon stopped. The log goes on under a new\n"
    "origin, and its first entry there names the old one's head. What was erased since the\n"
    "backup is erased again, as far as a list of erasures is at hand.\n\n"
    "  --replace        there is a store: move it aside, to its name with \".before-\" and the "
    "time\n"
    "  --erasures FILE  a copy of the file \"erasures\" that was kept elsewhere\n";

struct job {
    const struct command_context *context;
    const struct backup *backup;
    struct restore_head *replaced; /* shared with child processes */
    char aside[PATH_MAX];          /* "" nothing was moved */
    const char *lists[LISTS_MAX];  /* of erasures; NULL: none */
};

/* --- before ---------------------------------------------------------------------------------*/

/* As `user`: is the daemon stopped, and what is it that will be replaced? */
static int look(void *context)
{
    struct job *job = context;
    const struct settings *s = job->context->settings;
    struct store_error err = {.text = ""};
    struct scribe_client *client = scribe_client_new(s->run_directory);
    if (!client)
        return command_fail(EX_OSERR, "out of memory");
    enum store_status st = scribe_ping(client, PING_MS, &err);
    scribe_client_free(client);
    if (st != STORE_NOT_FOUND)
        return command_fail(EX_TEMPFAIL,
                            "temoind is running: stop it first (systemctl stop temoind)");
    restore_look(s, job->replaced);
    return EX_OK;
}

static int move_aside(struct job *job, bool replaces)
{
    const char *store = job->context->settings->store_directory;
    char stamp[32];
    struct tm tm;
    time_t now = time(NULL);
    if (rmdir(store) == 0 || errno == ENOENT)
        return EX_OK; /* empty, or not there */
    if (!replaces)
        return command_fail(EX_CANTCREAT,
                            "%s: there is a store: --replace moves it aside and restores", store);
    if (!gmtime_r(&now, &tm) || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) == 0)
        return command_fail(EX_SOFTWARE, "no clock");
    int len = snprintf(job->aside, sizeof job->aside, "%s.before-%s", store, stamp);
    if (len < 0 || (size_t)len >= sizeof job->aside || rename(store, job->aside) < 0)
        return command_fail(EX_CANTCREAT, "%s: cannot be moved aside: %s", store, strerror(errno));
    return EX_OK;
}

static int find_owners(const struct settings *s, struct restore_owners *o)
{
    *o = (struct restore_owners){geteuid(), geteuid(), getegid()};
    if (geteuid() != 0)
        return EX_OK;
    const struct passwd *pw = getpwnam(s->user);
    if (!pw)
        return command_fail(EX_NOUSER, "user %s does not exist: create it", s->user);
    o->uid = pw->pw_uid;
    o->gid = pw->pw_gid;
    pw = getpwnam(s->sealer_user);
    if (!pw)
        return command_fail(EX_NOUSER, "user %s does not exist: create it", s->sealer_user);
    o->seal_uid = pw->pw_uid;
    return EX_OK;
}

/* --- keys -----------------------------------------------------------------------------------*/

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);
    return len > tail && strcmp(name + len - tail, end) == 0;
}

/* As init makes them: private keys are the sealer's, the token key is the group's. */
static int restore_key(const char *from, const char *to, const char *name,
                       const struct restore_owners *o)
{
    char source[PATH_MAX], target[PATH_MAX];
    struct store_error err = {.text = ""};
    int a = snprintf(source, sizeof source, "%s/%s", from, name);
    int b = snprintf(target, sizeof target, "%s/%s", to, name);
    if (a < 0 || b < 0 || (size_t)a >= sizeof source || (size_t)b >= sizeof target)
        return command_fail(EX_CONFIG, "%s: the name is too long", to);
    if (access(target, F_OK) == 0)
        return EX_OK;
    bool private_key = ends_with(name, ".key"), token = strcmp(name, "token.keys") == 0;
    mode_t mode = private_key ? 0400 : token ? 0640 : 0444;
    enum store_status st = backup_plain(source, target, mode, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    if (geteuid() == 0 && lchown(target, private_key ? o->seal_uid : 0, o->gid) < 0)
        return command_fail(EX_CANTCREAT, "%s: %s", target, strerror(errno));
    printf("%s: restored\n", target);
    return EX_OK;
}

/* Keys that the backup has and the key directory has not. */
static int restore_keys(const char *backup, const char *to, const struct restore_owners *o)
{
    char from[PATH_MAX];
    struct dirent *item;
    int status = EX_OK;
    int len = snprintf(from, sizeof from, "%s/keys", backup);
    DIR *dir = len > 0 && (size_t)len < sizeof from ? opendir(from) : NULL;
    if (!dir)
        return errno == ENOENT ? EX_OK : command_fail(EX_NOINPUT, "%s: %s", from, strerror(errno));
    if (mkdir(to, 0700) == 0 &&
        ((geteuid() == 0 && chown(to, 0, o->gid) < 0) || chmod(to, 0750) < 0))
        status = command_fail(EX_CANTCREAT, "%s: %s", to, strerror(errno));
    while (status == EX_OK && (item = readdir(dir)) != NULL)
        if (item->d_name[0] != '.')
            status = restore_key(from, to, item->d_name, o);
    closedir(dir);
    return status;
}

/* --- after ----------------------------------------------------------------------------------*/

/* As `sealer_user`. */
static int read_seal(void *context)
{
    const struct job *job = context;
    struct store_error err = {.text = ""};
    enum store_status st = restore_seal(job->context->settings, job->replaced, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

/* As `user`. */
static int begin_again(void *context)
{
    const struct job *job = context;
    const struct settings *s = job->context->settings;
    struct store_error err = {.text = ""};
    uint64_t seq;
    size_t erased = 0;
    enum store_status st =
        restore_begin(s, job->backup, job->replaced, job->context->actor, &seq, &err);
    for (size_t i = 0; st == STORE_OK && i < LISTS_MAX; i++)
        if (job->lists[i])
            st = restore_erasures(s, job->lists[i], job->context->actor, &erased, &err);
    if (st == STORE_OK)
        st = log_erase_finish(s, FINISH_MS, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    printf("restored: %llu entries of %s; the log goes on under a new name with entry %llu\n",
           (unsigned long long)job->backup->entries, job->backup->origin, (unsigned long long)seq);
    if (job->replaced->known && job->replaced->entries > job->backup->entries)
        printf("lost: entries %llu to %llu of the former log\n",
               (unsigned long long)job->backup->entries + 1,
               (unsigned long long)job->replaced->entries);
    if (erased)
        printf("erased again: %zu\n", erased);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* Where lists of erasures may be: in the store that was there, given by whoever kept a copy, and
   in the backup, since an erasure may have been committed after its log was copied. */
struct lists {
    char old[PATH_MAX], given[PATH_MAX], own[PATH_MAX];
};

static bool in_directory(const char *directory, const char *name, char path[PATH_MAX])
{
    int len = snprintf(path, PATH_MAX, "%s/%s", directory, name);
    return *directory && len > 0 && len < PATH_MAX;
}

/* What root may read and the store's user may not is lent to it. */
static int lend_list(const struct settings *s, const char *file, const struct restore_owners *o,
                     char path[PATH_MAX])
{
    struct store_error err = {.text = ""};
    if (!in_directory(s->store_directory, ERASURES_FILE ".given", path))
        return command_fail(EX_CONFIG, "%s: the name is too long", s->store_directory);
    enum store_status st = backup_plain(file, path, 0600, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    if (geteuid() == 0 && lchown(path, o->uid, o->gid) < 0)
        return command_fail(EX_CANTCREAT, "%s: %s", path, strerror(errno));
    return EX_OK;
}

static int find_lists(struct job *job, struct lists *l, const char *given,
                      const struct restore_owners *o)
{
    const struct settings *s = job->context->settings;
    int status = given ? lend_list(s, given, o, l->given) : EX_OK;
    if (status != EX_OK)
        return status;
    job->lists[0] = in_directory(job->aside, ERASURES_FILE, l->old) && access(l->old, R_OK) == 0
                        ? l->old
                        : NULL;
    job->lists[1] = given ? l->given : NULL;
    job->lists[2] =
        in_directory(s->store_directory, ERASURES_FILE, l->own) && access(l->own, R_OK) == 0
            ? l->own
            : NULL;
    return EX_OK;
}

/* The new store is in place: give it its keys, its name, and the erasures. */
static int settle(struct job *job, const char *from, const struct restore_owners *owners,
                  const char *erasures)
{
    const struct settings *s = job->context->settings;
    struct lists lists = {.given = ""};
    int status = restore_keys(from, s->key_directory, owners);
    if (status == EX_OK)
        status = command_as_user(s->sealer_user, read_seal, job);
    if (status == EX_OK)
        status = find_lists(job, &lists, erasures, owners);
    if (status == EX_OK)
        status = command_as_user(s->user, begin_again, job);
    if (*lists.given)
        unlink(lists.given);
    return status;
}

static int run(struct job *job, const char *from, bool replaces, const char *erasures)
{
    const struct settings *s = job->context->settings;
    struct store_error err = {.text = ""};
    struct restore_owners owners;
    int status = find_owners(s, &owners);
    if (status == EX_OK)
        status = command_as_user(s->user, look, job);
    if (status == EX_OK)
        status = move_aside(job, replaces);
    if (status == EX_OK) {
        enum store_status st = restore_copy(job->backup, from, s->store_directory, &owners, &err);
        status = st == STORE_OK ? EX_OK : command_fail_store(st, &err);
    }
    if (status == EX_OK)
        status = settle(job, from, &owners, erasures);
    if (*job->aside)
        printf("The store that was there is in %s: it holds what was erased since, so remove it "
               "when you are sure.\n",
               job->aside);
    if (status == EX_OK)
        puts("Next: temoin verify --log, then start temoind");
    return status;
}

static int restore(const struct command_context *c, const char *from, bool replaces,
                   const char *erasures)
{
    struct store_error err = {.text = ""};
    struct backup b;
    if (erasures && access(erasures, R_OK) < 0)
        return command_fail(EX_NOINPUT, "%s: %s", erasures, strerror(errno));
    enum store_status st = backup_check(from, &b, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    struct job job = {.context = c, .backup = &b};
    job.replaced =
        mmap(NULL, sizeof *job.replaced, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = job.replaced == MAP_FAILED ? command_fail(EX_OSERR, "out of memory")
                                            : run(&job, from, replaces, erasures);
    if (job.replaced != MAP_FAILED)
        munmap(job.replaced, sizeof *job.replaced);
    backup_free(&b);
    return status;
}

int command_restore(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"replace", no_argument, NULL, 'r'},
                                            {"erasures", required_argument, NULL, 'e'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *erasures = NULL;
    bool replaces = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("restore", argv, "", options);
        replaces = replaces || option == 'r';
        erasures = option == 'e' ? optarg : erasures;
    }
    if (argc - optind != 1)
        return command_misused("restore", "restore takes one directory");
    umask(077);
    return restore(c, argv[optind], replaces, erasures);
}
