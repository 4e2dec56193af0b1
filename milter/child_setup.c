/*
 * child_setup - what a child does first: its parent's setup, its own user, the configuration
 *
 * Children leave TERM, INT, HUP and USR1 to the parent (a terminal and some supervisors signal
 * the whole group): their word comes over the control socket, and its end means that the
 * parent is gone.
 */
#include "milter/child_setup.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "db/msg.h"
#include "milter/privileges.h"

enum { SETUP_MS = 10000, READY_MS = 1000 };

const char *child_text(const struct child_setup *s, const char *key)
{
    return json_string_value(json_object_get(s->frame.json, key));
}

static void leave_signals_to_parent(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_IGN);
}

bool child_say_ready(void)
{
    json_t *ready = json_pack("{s:s}", "op", "ready");
    bool sent = ready && wire_send(CHILD_CONTROL, ready, NULL, 0, NULL, 0, READY_MS) == WIRE_OK;
    json_decref(ready);
    return sent;
}

/* The name under which this process logs; it lives as long as the process. */
static const char *log_tag(enum child_role role, const char *name)
{
    struct bytes tag = {0};
    bool done = role == CHILD_MILTER ? bytes_printf(&tag, "temoind/milter/%s", name)
                                     : bytes_printf(&tag, "temoind/%s", child_roles[role]);
    return done ? tag.data : "temoind";
}

static int prepare(struct child_setup *s, const char *tag)
{
    struct store_error err = {{0}};
    struct strings errors = {0};
    const char *user = child_text(s, "user"), *config = child_text(s, "config"),
               *config_name = child_text(s, "config_name");
    if (!user || !config || !config_name) {
        msg_error("the parent's setup is not complete");
        return EX_SOFTWARE;
    }
    if (!privileges_drop(user, child_text(s, "group_of"), &err) || !privileges_confine(&err)) {
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

int child_setup_take(const char *role, const char *name, struct child_setup *s)
{
    size_t known = 0;
    *s = (struct child_setup){.name = name};
    frame_init(&s->frame);
    while (known < CHILD_ROLES && strcmp(role, child_roles[known]) != 0)
        known++;
    if (known == CHILD_ROLES)
        return EX_USAGE;
    s->role = (enum child_role)known;
    const char *tag = log_tag(s->role, name);
    msg_open(tag, NULL);
    leave_signals_to_parent();
    if (fcntl(CHILD_CONTROL, F_SETFD, FD_CLOEXEC) != 0 ||
        wire_receive(CHILD_CONTROL, &s->frame, SETUP_MS) != WIRE_OK ||
        strcmp(frame_op(&s->frame), "setup") != 0) {
        msg_error("started without a parent: use temoind without --child");
        return EX_USAGE;
    }
    return prepare(s, tag);
}

void child_setup_free(struct child_setup *s)
{
    settings_unref(s->settings);
    frame_free(&s->frame);
}
