/*
 * child - starting one of temoind's processes, and what it does first
 *
 * Children leave TERM, INT, HUP and USR1 to the parent (a terminal and some supervisors signal
 * the whole group): their word comes over the control socket, and its end means that the
 * parent is gone.
 */
#include "milter/child.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/msg.h"
#include "db/scribe.h"
#include "db/seal.h"
#include "db/wire.h"
#include "milter/engine.h"
#include "milter/privileges.h"

enum {
    SETUP_MS = 10000,
    READY_MS = 1000,
    MILTER_ARENAS = 2,
    KEEP_OCTETS = 4 * 1024 * 1024, /* of freed memory, instead of giving it back at once */
};

const char *const child_roles[3] = {"scribe", "sealer", "milter"};

/* --- in the parent --------------------------------------------------------------------------*/

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

/* --- in the child ---------------------------------------------------------------------------*/

struct setup {
    struct frame frame;
    enum child_role role;
    const char *name;
    struct settings *settings;
};

static const char *text_of(const struct setup *s, const char *key)
{
    return json_string_value(json_object_get(s->frame.json, key));
}

static void leave_signals_to_parent(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_IGN);
}

static bool say_ready(void)
{
    json_t *ready = json_pack("{s:s}", "op", "ready");
    bool sent = ready && wire_send(CHILD_CONTROL, ready, NULL, 0, NULL, 0, READY_MS) == WIRE_OK;
    json_decref(ready);
    return sent;
}

static int run_scribe(struct setup *s)
{
    struct scribe_setup setup = {.listen_fd = frame_take_fd(&s->frame, 0),
                                 .control_fd = CHILD_CONTROL,
                                 .sealer_fd = frame_take_fd(&s->frame, 1),
                                 .settings = s->settings};
    return setup.listen_fd >= 0 ? scribe_run(&setup) : EX_SOFTWARE;
}

static int run_sealer(struct setup *s)
{
    int wake_fd = frame_take_fd(&s->frame, 0);
    return say_ready() ? sealer_run(s->settings, CHILD_CONTROL, wake_fd) : EX_OSERR;
}

/* The keys' text is overwritten once it has become a keyring. */
static struct keyring *take_keys(struct setup *s)
{
    const char *text = text_of(s, "keys");
    struct keyring *ring = calloc(1, sizeof *ring);
    char *error = NULL;
    if (!ring || !text || !keyring_parse(text, "token.keys", ring, &error)) {
        msg_error("%s", error ? error : "token.keys: no text or no memory");
        free(error);
        free(ring);
        return NULL;
    }
    OPENSSL_cleanse((void *)text, strlen(text));
    return ring;
}

static int run_milter(struct setup *s)
{
    mallopt(M_ARENA_MAX, MILTER_ARENAS); /* libmilter's threads would each keep a heap */
    /* A compressor is taken and given back with every message: pages that come and go with it
       cost a tenth of the work. */
    mallopt(M_MMAP_THRESHOLD, KEEP_OCTETS);
    mallopt(M_TRIM_THRESHOLD, KEEP_OCTETS);
    struct engine_setup setup = {.listen_fd = frame_take_fd(&s->frame, 0),
                                 .control_fd = CHILD_CONTROL,
                                 .name = s->name,
                                 .settings = settings_ref(s->settings),
                                 .keyring = take_keys(s)};
    if (!setup.keyring)
        return EX_CONFIG;
    return setup.listen_fd >= 0 ? engine_run(&setup) : EX_SOFTWARE;
}

static int run_role(struct setup *s)
{
    switch (s->role) {
    case CHILD_SCRIBE:
        return run_scribe(s);
    case CHILD_SEALER:
        return run_sealer(s);
    case CHILD_MILTER:
        return run_milter(s);
    }
    return EX_SOFTWARE;
}

/* The name under which this process logs; it lives as long as the process. */
static const char *log_tag(enum child_role role, const char *name)
{
    struct bytes tag = {0};
    bool done = role == CHILD_MILTER ? bytes_printf(&tag, "temoind/milter/%s", name)
                                     : bytes_printf(&tag, "temoind/%s", child_roles[role]);
    return done ? tag.data : "temoind";
}

static int prepare(struct setup *s, const char *tag)
{
    struct store_error err = {{0}};
    struct strings errors = {0};
    const char *user = text_of(s, "user"), *config = text_of(s, "config"),
               *config_name = text_of(s, "config_name");
    if (!user || !config || !config_name) {
        msg_error("the parent's setup is not complete");
        return EX_SOFTWARE;
    }
    if (!privileges_drop(user, text_of(s, "group_of"), &err) || !privileges_confine(&err)) {
        msg_error("%s", err.text);
        return EX_NOUSER;
    }
    umask(0027);
    if (!settings_parse(config, config_name, &s->settings, &errors)) {
        msg_error("%s", errors.count ? errors.items[0] : "configuration: out of memory");
        strings_free(&errors);
        return EX_CONFIG;
    }
    bool foreground = json_is_true(json_object_get(s->frame.json, "foreground"));
    msg_open(tag, foreground ? NULL : s->settings->syslog_facility);
    return EX_OK;
}

int child_main(const char *role, const char *name)
{
    struct setup s = {.name = name};
    size_t known = 0;
    while (known < 3 && strcmp(role, child_roles[known]) != 0)
        known++;
    if (known == 3)
        return EX_USAGE;
    s.role = (enum child_role)known;
    const char *tag = log_tag(s.role, name);
    msg_open(tag, NULL);
    leave_signals_to_parent();
    frame_init(&s.frame);
    if (fcntl(CHILD_CONTROL, F_SETFD, FD_CLOEXEC) != 0 ||
        wire_receive(CHILD_CONTROL, &s.frame, SETUP_MS) != WIRE_OK ||
        strcmp(frame_op(&s.frame), "setup") != 0) {
        msg_error("started without a parent: use temoind without --child");
        frame_free(&s.frame);
        return EX_USAGE;
    }
    int status = prepare(&s, tag);
    if (status == EX_OK)
        status = run_role(&s);
    settings_unref(s.settings);
    frame_free(&s.frame);
    return status;
}
