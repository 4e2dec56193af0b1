/*
 * trial - a configuration is tried by an unprivileged process before it is believed
 *
 * The child gets text, not files: it parses as "nobody" with a bound on its time, and writes
 * its complaints to a pipe. Only what it survived and approved is parsed here.
 */
#include "milter/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/msg.h"
#include "milter/privileges.h"
#include "policy/bytes.h"
#include "policy/token.h"

enum { FILE_OCTETS = 1024 * 1024, SAID_OCTETS = 64 * 1024, TRIAL_S = 10 };

/* --- files ----------------------------------------------------------------------------------*/

static bool read_all(int fd, struct bytes *text)
{
    for (;;) {
        if (text->len > FILE_OCTETS || !bytes_reserve(text, 4096)) {
            errno = text->len > FILE_OCTETS ? EFBIG : ENOMEM;
            return false;
        }
        ssize_t n = read(fd, text->data + text->len, 4096);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text->len += (size_t)n;
        text->data[text->len] = '\0';
    }
    if (text->len == strlen(text->data))
        return true;
    errno = EILSEQ; /* NUL octets would hide the rest */
    return false;
}

/* A plain file that only its owner (and his group) may write. */
static int read_text(const char *file, char **text)
{
    struct stat st;
    struct bytes b = {0};
    int status = EX_NOINPUT;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        status = errno == EACCES ? EX_NOPERM : EX_NOINPUT;
        msg_error("%s: %s", file, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        msg_error("%s: is no plain file", file);
    } else if (st.st_mode & S_IWOTH) {
        status = EX_NOPERM;
        msg_error("%s: anybody may write it: chmod o-w it", file);
    } else if (!read_all(fd, &b)) {
        msg_error("%s: %s", file, strerror(errno));
    } else {
        *text = bytes_steal(&b);
        status = *text ? EX_OK : EX_OSERR;
    }
    if (b.data)
        OPENSSL_cleanse(b.data, b.len);
    bytes_free(&b);
    if (fd >= 0)
        close(fd);
    return status;
}

/* --- the trial ------------------------------------------------------------------------------*/

static void say_line(int fd, const char *line)
{
    size_t len = strlen(line);
    ssize_t n = write(fd, line, len);
    if (n == (ssize_t)len)
        n = write(fd, "\n", 1);
    (void)n; /* the exit status says no in any case */
}

static bool try_keys(const char *keys, int fd)
{
    struct keyring *ring = calloc(1, sizeof *ring);
    char *error = NULL;
    bool good = ring && keyring_parse(keys, "token.keys", ring, &error);
    if (!good)
        say_line(fd, error ? error : "token.keys: out of memory");
    return good;
}

/* In the child. `keys` is NULL in the first round, when their directory is not known yet. */
_Noreturn static void try_all(const char *config, const char *name, const char *keys, int fd)
{
    struct settings *s = NULL;
    struct strings errors = {0};
    struct store_error err = {{0}};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(TRIAL_S);
    if (!privileges_drop_all(&err)) {
        say_line(fd, err.text);
        _exit(EX_OSERR);
    }
    bool good = settings_parse(config, name, &s, &errors);
    for (size_t i = 0; i < errors.count; i++)
        say_line(fd, errors.items[i]);
    if (good && keys)
        good = try_keys(keys, fd);
    _exit(good ? EX_OK : EX_CONFIG);
}

static void log_lines(struct bytes *said)
{
    char *rest = said->data, *line;
    while (rest && (line = strsep(&rest, "\n")))
        if (*line)
            msg_error("%s", line);
}

static void listen_to(int fd, struct bytes *said)
{
    ssize_t n;
    while (said->len < SAID_OCTETS && bytes_reserve(said, 4096) &&
           ((n = read(fd, said->data + said->len, 4096)) > 0 || (n < 0 && errno == EINTR))) {
        if (n < 0)
            continue;
        said->len += (size_t)n;
        said->data[said->len] = '\0';
    }
}

static int judge(pid_t pid, const char *name)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            msg_error("waitpid: %s", strerror(errno));
            return EX_OSERR;
        }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    msg_error("%s: the process that tried it died (signal %d)", name, WTERMSIG(status));
    return EX_CONFIG;
}

static int try(const char *config, const char *name, const char *keys)
{
    int pipe_fds[2];
    struct bytes said = {0};
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        msg_error("pipe: %s", strerror(errno));
        return EX_OSERR;
    }
    pid_t pid = fork();
    if (pid == 0)
        try_all(config, name, keys, pipe_fds[1]);
    close(pipe_fds[1]);
    int status = EX_OSERR;
    if (pid > 0) {
        listen_to(pipe_fds[0], &said);
        close(pipe_fds[0]); /* a child that says more than we listen to gets SIGPIPE */
        status = judge(pid, name);
        log_lines(&said);
    } else {
        msg_error("fork: %s", strerror(errno));
        close(pipe_fds[0]);
    }
    bytes_free(&said);
    return status;
}

/* --- the candidate --------------------------------------------------------------------------*/

static int take_settings(const char *name, struct candidate *c)
{
    struct strings errors = {0};
    bool good = settings_parse(c->config, name, &c->settings, &errors);
    for (size_t i = 0; i < errors.count; i++)
        msg_error("%s", errors.items[i]);
    strings_free(&errors);
    return good ? EX_OK : EX_CONFIG;
}

static int take_keys(struct candidate *c)
{
    struct bytes file = {0};
    if (!bytes_printf(&file, "%s/token.keys", c->settings->key_directory))
        return EX_OSERR;
    int status = read_text(file.data, &c->keys);
    if (status == EX_NOINPUT)
        msg_error("no token keys: run \"temoin init\"");
    bytes_free(&file);
    return status;
}

int candidate_read(const char *file, struct candidate *out)
{
    *out = (struct candidate){0};
    int status = read_text(file, &out->config);
    if (status == EX_OK)
        status = try(out->config, file, NULL);
    if (status == EX_OK)
        status = take_settings(file, out);
    if (status == EX_OK)
        status = take_keys(out);
    if (status == EX_OK)
        status = try(out->config, file, out->keys);
    if (status != EX_OK)
        candidate_free(out);
    return status;
}

void candidate_free(struct candidate *c)
{
    if (c->keys)
        OPENSSL_cleanse(c->keys, strlen(c->keys));
    free(c->config);
    free(c->keys);
    settings_unref(c->settings);
    *c = (struct candidate){0};
}
