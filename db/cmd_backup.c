/*
 * cmd_backup - temoin backup DIR: a copy of the store, and of the keys if asked for
 *
 * The copy is made beside its place, as DIR.new, and takes it when it is complete: at any moment
 * DIR is a whole backup. Run by root, the store is read by its own user in a child process; keys
 * are copied by root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db/backup.h"
#include "db/command.h"

static const char help[] =
    "usage: temoin backup [--with-keys] DIR\n\n"
    "Copies the store to DIR while the daemon runs. A backup that is there is replaced once the\n"
    "new one is complete; volumes that have not changed are not copied again.\n\n"
    "  --with-keys  the key directory too: whoever has DIR can then sign as you do\n";

struct job {
    const struct settings *settings;
    const char *directory, *place;
};

static int make(void *context)
{
    const struct job *job = context;
    struct store_error err = {.text = ""};
    struct backup b;
    enum store_status st =
        backup_make(job->settings, job->directory, job->place, (int64_t)time(NULL), &b, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    printf("%s: %llu entries of %s, %zu files\n", job->place, (unsigned long long)b.entries,
           b.origin, b.count);
    backup_free(&b);
    return EX_OK;
}

/* --- keys -----------------------------------------------------------------------------------*/

static int copy_key(const char *from, const char *to, const char *name)
{
    char source[PATH_MAX], target[PATH_MAX];
    struct stat info;
    struct store_error err = {.text = ""};
    int a = snprintf(source, sizeof source, "%s/%s", from, name);
    int b = snprintf(target, sizeof target, "%s/%s", to, name);
    if (a < 0 || b < 0 || (size_t)a >= sizeof source || (size_t)b >= sizeof target)
        return command_fail(EX_CONFIG, "%s: the name is too long", from);
    if (lstat(source, &info) < 0 || !S_ISREG(info.st_mode))
        return EX_OK;
    enum store_status st = backup_plain(source, target, 0400, &err);
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int copy_keys(const char *from, const char *directory)
{
    char to[PATH_MAX];
    struct dirent *item;
    int status = EX_OK;
    int len = snprintf(to, sizeof to, "%s/keys", directory);
    if (len < 0 || (size_t)len >= sizeof to || mkdir(to, 0700) < 0)
        return command_fail(EX_CANTCREAT, "%s/keys: %s", directory, strerror(errno));
    DIR *dir = opendir(from);
    if (!dir)
        return command_fail(EX_NOPERM, "%s: %s", from, strerror(errno));
    while (status == EX_OK && (item = readdir(dir)) != NULL)
        if (item->d_name[0] != '.')
            status = copy_key(from, to, item->d_name);
    closedir(dir);
    return status;
}

/* --- the place ------------------------------------------------------------------------------*/

/* A place that is taken by something else is left alone. */
static int check_place(const char *place, bool *taken)
{
    char list[PATH_MAX];
    struct stat info;
    *taken = lstat(place, &info) == 0;
    if (!*taken)
        return errno == ENOENT ? EX_OK
                               : command_fail(EX_CANTCREAT, "%s: %s", place, strerror(errno));
    int len = snprintf(list, sizeof list, "%s/" BACKUP_LIST, place);
    if (!S_ISDIR(info.st_mode))
        return command_fail(EX_CANTCREAT, "%s: is no directory", place);
    if (len > 0 && (size_t)len < sizeof list && access(list, F_OK) == 0)
        return EX_OK;
    if (rmdir(place) < 0)
        return command_fail(EX_CANTCREAT,
                            "%s: holds something that is no backup: name a directory of its own",
                            place);
    *taken = false;
    return EX_OK;
}

static int make_beside(const struct command_context *c, const char *directory)
{
    struct store_error err = {.text = ""};
    const struct passwd *pw = geteuid() == 0 ? getpwnam(c->settings->user) : NULL;
    enum store_status st = backup_remove(directory, &err);
    if (st != STORE_OK)
        return command_fail_store(st, &err);
    if (mkdir(directory, 0700) < 0)
        return command_fail(EX_CANTCREAT, "%s: %s", directory, strerror(errno));
    if (pw && chown(directory, pw->pw_uid, pw->pw_gid) < 0)
        return command_fail(EX_CANTCREAT, "%s: cannot give it to %s: %s", directory,
                            c->settings->user, strerror(errno));
    return EX_OK;
}

/* Exchange the two names, so that there is a backup at any moment, and remove the old one. */
static int take_place(const char *directory, const char *place, bool taken)
{
    struct store_error err = {.text = ""};
    int done = taken ? renameat2(AT_FDCWD, directory, AT_FDCWD, place, RENAME_EXCHANGE)
                     : rename(directory, place);
    if (done < 0)
        return command_fail(EX_CANTCREAT,
                            "%s: cannot take the place of %s: %s (the backup is complete there)",
                            directory, place, strerror(errno));
    enum store_status st = taken ? backup_remove(directory, &err) : STORE_OK;
    return st == STORE_OK ? EX_OK : command_fail_store(st, &err);
}

static int backup(const struct command_context *c, const char *place, bool with_keys)
{
    char directory[PATH_MAX];
    bool taken;
    int len = snprintf(directory, sizeof directory, "%s.new", place);
    if (len < 0 || (size_t)len >= sizeof directory)
        return command_fail(EX_USAGE, "%s: the name is too long", place);
    int status = check_place(place, &taken);
    if (status == EX_OK)
        status = make_beside(c, directory);
    if (status != EX_OK)
        return status;
    struct job job = {c->settings, directory, place};
    status = command_as_user(c->settings->user, make, &job);
    if (status == EX_OK && with_keys)
        status = copy_keys(c->settings->key_directory, directory);
    if (status == EX_OK)
        return take_place(directory, place, taken);
    backup_remove(directory, NULL);
    return status;
}

int command_backup(const struct command_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"with-keys", no_argument, NULL, 'k'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool with_keys = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
        if (option == '?')
            return command_wrong_option("backup", argv, "", options);
        with_keys = true;
    }
    if (argc - optind != 1)
        return command_misused("backup", "backup takes one directory");
    char *place = argv[optind];
    for (size_t len = strlen(place); len > 1 && place[len - 1] == '/'; len--)
        place[len - 1] = '\0';
    umask(077);
    return backup(c, place, with_keys);
}
