/*
 * child - starting one of temoind's processes
 */
#include "milter/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

const char *const child_roles[CHILD_ROLES] = {"scribe", "sealer", "milter", "reader"};

/* Between fork and exec. */
_Noreturn static void become(const char *program, char *const argv[], int control)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    unsetenv("NOTIFY_SOCKET"); /* readiness is the parent's to tell */
    int kept = control == CHILD_CONTROL ? fcntl(control, F_SETFD, 0) : dup2(control, CHILD_CONTROL);
    if (kept >= 0)
        execv(program, argv);
    _exit(EX_OSERR);
}

bool child_start(const char *program, enum child_role role, const char *name, pid_t *pid,
                 int *control, struct store_error *err)
{
    int pair[2];
    char role_word[16], *own_name = strdup(name), *own_program = strdup(program);
    char flag[] = "--child";
    strcpy(role_word, child_roles[role]);
    char *argv[] = {own_program, flag, role_word, own_name, NULL};
    bool paired = false;
    *pid = -1;
    if (!own_name || !own_program)
        store_fail(err, STORE_NO_MEMORY, "out of memory");
    else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        store_fail_errno(err, errno, "socketpair");
    else
        paired = true;
    if (paired) {
        *pid = fork();
        if (*pid == 0)
            become(program, argv, pair[1]);
        if (*pid < 0)
            store_fail_errno(err, errno, "fork");
        close(pair[1]);
        if (*pid > 0)
            *control = pair[0];
        else
            close(pair[0]);
    }
    free(own_name);
    free(own_program);
    return *pid > 0;
}
