/*
 * temoind - the witness in the mail server: options, and where to go from there
 *
 * Synopsis
 *      temoind [-f] [-c FILE]        run; -f: stay in the foreground and log to stderr
 *      temoind -t [-c FILE]          try the configuration, say what is wrong, and exit
 *      temoind -V                    version
 *
 * Without -f it goes to the background once everything is ready, unless a service manager
 * listens (NOTIFY_SOCKET). "--child ROLE NAME" is how the parent starts its other processes;
 * see child.h. Exit statuses are those of sysexits(3). See temoind(8).
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/msg.h"
#include "milter/child.h"
#include "milter/parent.h"
#include "milter/trial.h"

#define DEFAULT_CONFIG SYSCONFDIR "/temoin/temoin.conf"

enum { READY_WAIT_MS = 60000 };

struct arguments {
    const char *config;
    bool foreground, test, version, help;
    const char *child; /* role; NULL: the parent */
    const char *name;  /* of the child's listener */
};

static const char usage[] = "usage: temoind [-f] [-t] [-V] [-c FILE]\n"
                            "  -c, --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
                            "  -f, --foreground   stay in the foreground, log to stderr\n"
                            "  -t, --test         try the configuration and exit\n"
                            "  -V, --version\n";

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"foreground", no_argument, NULL, 'f'},
                                            {"test", no_argument, NULL, 't'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"child", required_argument, NULL, 'C'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "c:ftVh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            a->config = optarg;
            break;
        case 'f':
            a->foreground = true;
            break;
        case 't':
            a->test = true;
            break;
        case 'V':
            a->version = true;
            break;
        case 'h':
            a->help = true;
            break;
        case 'C':
            a->child = optarg;
            break;
        default:
            return false;
        }
    }
    a->name = a->child && optind < argc ? argv[optind++] : "";
    return optind == argc;
}

static int test_configuration(const char *file)
{
    struct candidate c;
    int status = candidate_read(file, &c);
    if (status == EX_OK)
        printf("%s: no error found\n", file);
    candidate_free(&c);
    return status;
}

/* The file that runs now. It is resolved once: after an upgrade the same path is executed. */
static bool find_program(char path[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return true;
}

/* The reader's file: beside this one (a build tree), else where it is installed. */
static bool find_reader(const char *program, char path[PATH_MAX])
{
    int beside = (int)(strrchr(program, '/') - program);
    int n = snprintf(path, PATH_MAX, "%.*s/temoin-reader", beside, program);
    if (n < 0 || n >= PATH_MAX || access(path, X_OK) != 0)
        n = snprintf(path, PATH_MAX, "%s/temoin-reader", PKGLIBEXECDIR);
    return n > 0 && n < PATH_MAX;
}

/* In the process that was started: wait until the other one is ready, or has failed. */
_Noreturn static void await_ready(pid_t pid, int fd)
{
    char octet;
    int status = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, READY_WAIT_MS);
    while (n < 0 && errno == EINTR);
    if (n == 0) {
        msg_error("not ready after %d s, still trying: see the log", READY_WAIT_MS / 1000);
        _exit(EX_TEMPFAIL);
    }
    if (n > 0 && read(fd, &octet, 1) == 1)
        _exit(EX_OK);
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    _exit(EX_SOFTWARE);
}

/* Go to the background. Returns in the process that stays; *report_fd tells the other one. */
static int go_to_background(int *report_fd)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        msg_error("pipe: %s", strerror(errno));
        return EX_OSERR;
    }
    pid_t pid = fork();
    if (pid < 0) {
        msg_error("fork: %s", strerror(errno));
        return EX_OSERR;
    }
    if (pid > 0) {
        close(fds[1]);
        await_ready(pid, fds[0]);
    }
    close(fds[0]);
    *report_fd = fds[1];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        msg_error("cannot go to the background: %s", strerror(errno));
        return EX_OSERR;
    }
    close(null);
    return EX_OK; /* stderr stays: a service manager or a terminal may still read it */
}

/* The file's absolute name. Symbolic links stay in it: a reload follows where they lead then. */
static bool absolute(const char *file, char path[PATH_MAX])
{
    char here[PATH_MAX] = "";
    if (access(file, F_OK) != 0 || (*file != '/' && !getcwd(here, sizeof here)))
        return false;
    int n = snprintf(path, PATH_MAX, "%s%s%s", here, *here ? "/" : "", file);
    if (n > 0 && n < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static int run(const struct arguments *a)
{
    char program[PATH_MAX], reader[PATH_MAX], config[PATH_MAX];
    struct parent_options options = {.program = program,
                                     .reader_program = reader,
                                     .config_file = config,
                                     .foreground = a->foreground,
                                     .report_fd = -1};
    if (!find_program(program) || !find_reader(program, reader)) {
        msg_error("/proc/self/exe: %s", strerror(errno));
        return EX_OSERR;
    }
    if (!absolute(a->config, config)) {
        msg_error("%s: %s: run \"temoin init\" or use -c", a->config, strerror(errno));
        return EX_NOINPUT;
    }
    if (chdir("/") != 0) {
        msg_error("/: %s", strerror(errno));
        return EX_OSERR;
    }
    if (!a->foreground && !getenv("NOTIFY_SOCKET")) {
        int status = go_to_background(&options.report_fd);
        if (status != EX_OK)
            return status;
    }
    return parent_run(&options);
}

/* 0, 1 and 2 must be open, or a socket would take their place and get log lines. */
static bool open_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    struct arguments a = {.config = DEFAULT_CONFIG};
    if (!read_arguments(argc, argv, &a)) {
        fputs(usage, stderr);
        return EX_USAGE;
    }
    if (a.child)
        _exit(child_main(a.child, a.name)); /* no exit handlers of libraries under live threads */
    msg_open("temoind", NULL);
    if (a.help || a.version) {
        a.help ? (void)fputs(usage, stdout) : (void)printf("temoind %s\n", PACKAGE_VERSION);
        return EX_OK;
    }
    if (!open_standard_files())
        return EX_OSERR;
    return a.test ? test_configuration(a.config) : run(&a);
}
