/*
 * command - what the subcommands of temoin(1) share: errors, configuration, users
 */
#include "db/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { CONFIG_MAX = 1024 * 1024, NUMBER_DIGITS = 18 };

int exit_status(int store_status)
{
    switch ((enum store_status)store_status) {
    case STORE_OK:
        return EX_OK;
    case STORE_NOT_FOUND:
        return EX_NOINPUT;
    case STORE_BUSY:
        return EX_TEMPFAIL;
    case STORE_FULL:
    case STORE_IO:
        return EX_IOERR;
    case STORE_DENIED:
        return EX_NOPERM;
    case STORE_CORRUPT:
    case STORE_INVALID:
        return EX_DATAERR;
    case STORE_SCHEMA:
    case STORE_NO_MEMORY:
        break;
    }
    return EX_SOFTWARE;
}

static void say(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static void say(const char *format, va_list args)
{
    char line[2000];
    if (vsnprintf(line, sizeof line, format, args) < 0)
        return;
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    fprintf(stderr, "temoin: %s\n", line);
}

int command_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return status;
}

int command_fail_store(enum store_status status, const struct store_error *err)
{
    return command_fail(exit_status(status), "%s",
                        err->text[0] ? err->text : store_status_text(status));
}

int command_misused(const char *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    fprintf(stderr, "temoin: see temoin %s --help\n", command);
    return EX_USAGE;
}

int command_wrong_option(const char *command, char **argv, const char *shorts,
                         const struct option *options)
{
    const char *word = argv[optind - 1];
    if (optopt && strncmp(word, "--", 2) != 0) {
        const char *known = strchr(shorts, optopt);
        return known ? command_misused(command, "-%c needs a value", optopt)
                     : command_misused(command, "wrong option -%c", optopt);
    }
    size_t len = strncmp(word, "--", 2) == 0 ? strcspn(word + 2, "=") : 0;
    for (const struct option *o = options; optopt && o->name; o++)
        if (o->val == optopt && strncmp(o->name, word + 2, len) == 0)
            return command_misused(command, "--%s %s", o->name,
                                   o->has_arg == required_argument ? "needs a value"
                                                                   : "takes no value");
    return command_misused(command, "wrong option %s", word);
}

/* Note an error; returns `status`, or that memory is short. */
static int note(struct strings *errors, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int note(struct strings *errors, int status, const char *format, ...)
{
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return strings_add(errors, text) ? status : EX_OSERR;
}

static int read_config(const char *file, struct bytes *text, struct strings *errors)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return note(errors, errno == EACCES ? EX_NOPERM : EX_CONFIG, "cannot open %s: %s%s", file,
                    strerror(errno),
                    errno == ENOENT ? ": run temoin init, or name it with --config" : "");
    char chunk[4096];
    ssize_t got = 0;
    bool grown = true;
    while (grown && text->len <= CONFIG_MAX && (got = read(fd, chunk, sizeof chunk)) > 0)
        grown = bytes_append(text, chunk, (size_t)got);
    int code = errno;
    close(fd);
    if (!grown)
        return note(errors, EX_OSERR, "out of memory");
    if (text->len > CONFIG_MAX)
        return note(errors, EX_CONFIG, "%s: larger than 1 MB: is it a configuration?", file);
    if (got < 0)
        return note(errors, EX_IOERR, "cannot read %s: %s", file, strerror(code));
    if (text->data && memchr(text->data, '\0', text->len))
        return note(errors, EX_CONFIG, "%s: holds a NUL octet: is it a configuration?", file);
    return EX_OK;
}

int command_settings_list(const char *config_file, struct settings **out, struct strings *errors)
{
    struct bytes text = {0};
    *out = NULL;
    int status = read_config(config_file, &text, errors);
    if (status == EX_OK && !settings_parse(text.data ? text.data : "", config_file, out, errors))
        status = EX_CONFIG;
    bytes_free(&text);
    return status;
}

int command_settings(const char *config_file, struct settings **out)
{
    struct strings errors = {0};
    int status = command_settings_list(config_file, out, &errors);
    for (size_t i = 0; i < errors.count; i++)
        command_fail(status, "%s", errors.items[i]);
    strings_free(&errors);
    return status;
}

static int become(const char *user)
{
    errno = 0;
    const struct passwd *pw = getpwnam(user);
    if (!pw)
        return command_fail(EX_NOUSER,
                            "user %s does not exist: create it (adduser --system --group %s), or "
                            "name another in the configuration",
                            user, user);
    if (initgroups(user, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
        return command_fail(EX_OSERR, "cannot become user %s: %s", user, strerror(errno));
    if (pw->pw_uid != 0 && setuid(0) == 0)
        return command_fail(EX_SOFTWARE, "root's rights came back after they were given up");
    return EX_OK;
}

int command_become_user(const struct settings *s)
{
    return geteuid() == 0 ? become(s->user) : EX_OK;
}

int command_as_user(const char *user, int (*work)(void *context), void *context)
{
    if (geteuid() != 0)
        return work(context);
    fflush(NULL); /* or the child would print it again */
    pid_t child = fork();
    if (child < 0)
        return command_fail(EX_OSERR, "cannot fork: %s", strerror(errno));
    if (child == 0) {
        int status = become(user);
        if (status == EX_OK)
            status = work(context);
        fflush(NULL);
        _exit(status);
    }
    int ended;
    while (waitpid(child, &ended, 0) < 0)
        if (errno != EINTR)
            return command_fail(EX_OSERR, "cannot wait for a child process: %s", strerror(errno));
    if (WIFEXITED(ended))
        return WEXITSTATUS(ended);
    return command_fail(EX_SOFTWARE, "a child process as user %s died of signal %d", user,
                        WIFSIGNALED(ended) ? WTERMSIG(ended) : 0);
}

bool command_number(const char *text, uint64_t *number)
{
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > NUMBER_DIGITS || text[len])
        return false;
    *number = strtoull(text, NULL, 10);
    return true;
}

int command_print_json(json_t *json)
{
    if (!json)
        return command_fail(EX_OSERR, "out of memory");
    int failed = json_dumpf(json, stdout, JSON_SORT_KEYS | JSON_INDENT(2) | JSON_ENCODE_ANY);
    json_decref(json);
    if (failed || putchar('\n') == EOF || fflush(stdout) != 0)
        return command_fail(EX_IOERR, "cannot write to standard output: %s", strerror(errno));
    return EX_OK;
}

bool command_random(unsigned char *octets, size_t len)
{
    return len <= 4096 && RAND_bytes(octets, (int)len) == 1;
}
