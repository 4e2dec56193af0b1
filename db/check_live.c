/*
 * check_live - does the running Postfix reach our listeners, and what when we are down?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "db/check.h"
#include "db/postfix.h"

/* Postfix's milter of this service that is meant to be our listener; `count` when there is
   none. One that names the same path but sees another file from inside its chroot counts: that
   is the error to find. */
static size_t find_milter(const struct postfix *p, const struct postfix_service *service,
                          const struct listener *listener)
{
    for (size_t i = 0; i < service->count; i++) {
        const char *address = service->milters[i].address;
        if (strcmp(address, listener->socket) == 0 ||
            postfix_same_socket(p, service, address, listener->socket))
            return i;
    }
    return service->count;
}

static void say_socket(struct check *check, const struct postfix *p,
                       const struct postfix_service *service, const struct listener *listener,
                       const char *file, int code, bool tried)
{
    const char *chrooted = service->chrooted ? ", which is chrooted," : "";
    if (code == 0)
        check_say(check, CHECK_OK, 0, "listener %s: %s%s can open %s%s", listener->name,
                  service->name, chrooted, file, tried ? "" : " (judged by permissions only)");
    else if (code == ENOENT || code == ENOTDIR)
        check_say(check, CHECK_ERROR, EX_UNAVAILABLE,
                  "listener %s: a socket that Postfix cannot open: %s%s looks for %s, which does "
                  "not exist: start temoind, and put the socket below %s",
                  listener->name, service->name, chrooted, file, p->queue_directory);
    else if (code == EACCES || code == EPERM)
        check_say(check, CHECK_ERROR, EX_NOPERM,
                  "listener %s: a socket that Postfix cannot open: user %s of %s may not write %s "
                  "or search a directory above it: set socket_group to a group of %s and restart "
                  "both",
                  listener->name, p->mail_owner, service->name, file, p->mail_owner);
    else
        check_say(check, CHECK_ERROR, EX_UNAVAILABLE,
                  "listener %s: a socket that Postfix cannot open: %s at %s: %s: start temoind",
                  listener->name, service->name, file, strerror(code));
}

/* A path that only looks like ours: inside the chroot it is another file. */
static bool is_elsewhere(const char *file, const struct listener *listener)
{
    return strncmp(listener->socket, "unix:", 5) == 0 && strcmp(file, listener->socket + 5) != 0;
}

static void check_socket(struct check *check, const struct postfix *p,
                         const struct postfix_service *service, const struct listener *listener,
                         const char *address)
{
    char *file = postfix_socket_file(p, service, address);
    if (!file) {
        check_say(check, CHECK_OK, 0, "listener %s: %s names %s", listener->name, service->name,
                  address);
        return;
    }
    bool tried;
    int code = postfix_try_socket(p->mail_owner, file, &tried);
    if (code == ENOENT && is_elsewhere(file, listener))
        check_say(check, CHECK_ERROR, EX_UNAVAILABLE,
                  "listener %s: a socket that Postfix cannot open: %s is chrooted and looks for "
                  "%s, but the listener is at %s: put it below %s",
                  listener->name, service->name, file, listener->socket + 5, p->queue_directory);
    else
        say_socket(check, p, service, listener, file, code, tried);
    free(file);
}

/* What happens with this service's mail when temoind is down? */
static void check_action(struct check *check, const struct postfix_service *service,
                         const struct postfix_milter *milter)
{
    const char *action = milter->default_action ? milter->default_action : service->default_action;
    bool accepts = strcmp(action, "accept") == 0;
    if (service->offers_login && accepts)
        check_say(check, CHECK_WARNING, 0,
                  "%s: milter_default_action is accept: with temoind down reminders leave without "
                  "a copy: set -o milter_default_action=tempfail there",
                  service->name);
    else if (!service->offers_login && !service->cleanup && !accepts)
        check_say(check, CHECK_WARNING, 0,
                  "%s: milter_default_action is %s: with temoind down mail from outside waits: "
                  "accept is better there",
                  service->name, action);
}

/* Does any service give mail to this listener? *login: one with SASL does. */
static void check_listener(struct check *check, const struct postfix *p,
                           const struct listener *listener, bool *login)
{
    bool named = false;
    for (size_t i = 0; i < p->count; i++) {
        const struct postfix_service *service = &p->services[i];
        size_t at = find_milter(p, service, listener);
        if (at == service->count)
            continue;
        named = true;
        *login = *login || (service->offers_login && listener->role != ROLE_ARCHIVE);
        check_socket(check, p, service, listener, service->milters[at].address);
    }
    if (!named)
        check_say(check, CHECK_ERROR, EX_CONFIG,
                  "listener %s: no service of Postfix names %s: add it to smtpd_milters",
                  listener->name, listener->socket);
}

/* Stamped before signed before archived: the stamp must stand first in each list. */
static void check_order(struct check *check, const struct settings *s, const struct postfix *p,
                        const struct postfix_service *service)
{
    size_t stamp = service->count, archive = service->count;
    for (size_t i = 0; i < s->listener_count; i++) {
        size_t at = find_milter(p, service, &s->listeners[i]);
        if (at == service->count)
            continue;
        check_action(check, service, &service->milters[at]);
        if (s->listeners[i].role == ROLE_STAMP)
            stamp = at;
        else if (s->listeners[i].role == ROLE_ARCHIVE)
            archive = at;
    }
    if (stamp < service->count && archive < stamp)
        check_say(check, CHECK_ERROR, EX_CONFIG,
                  "%s: the archiving listener stands before the stamping one: exchange them in "
                  "smtpd_milters",
                  service->name);
    if (stamp < service->count && archive == service->count)
        check_say(check, CHECK_ERROR, EX_CONFIG,
                  "%s: names a stamping listener and no archiving one: reminders would be kept "
                  "nowhere",
                  service->name);
}

/* Bounces that Postfix makes itself come through cleanup only. */
static void check_bounces(struct check *check, const struct settings *s, const struct postfix *p)
{
    bool named = false;
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < s->listener_count && p->services[i].cleanup; k++)
            named =
                named || find_milter(p, &p->services[i], &s->listeners[k]) < p->services[i].count;
    if (!named)
        check_say(check, CHECK_WARNING, 0,
                  "non_smtpd_milters names none of our listeners: Postfix's own bounces of "
                  "reminders will not be seen: add one");
    if (!strstr(p->filter_classes, "bounce"))
        check_say(check, CHECK_WARNING, 0,
                  "internal_mail_filter_classes lacks bounce: Postfix's own bounces of reminders "
                  "will not be seen: set it to bounce, notify");
}

void check_live(struct check *check, const struct settings *s)
{
    struct postfix p;
    struct store_error err = {.text = ""};
    enum store_status status = postfix_ask(s->postfix_config_directory, &p, &err);
    if (status != STORE_OK) {
        check_say_store(check, "Postfix", status, &err);
        postfix_free(&p);
        return;
    }
    if (strtol(p.protocol, NULL, 10) < 6)
        check_say(check, CHECK_ERROR, EX_CONFIG,
                  "milter_protocol is %s: temoin needs 6: remove the line from main.cf",
                  p.protocol);
    bool login = false;
    for (size_t i = 0; i < s->listener_count; i++)
        check_listener(check, &p, &s->listeners[i], &login);
    for (size_t i = 0; i < p.count; i++)
        check_order(check, s, &p, &p.services[i]);
    if (!login)
        check_say(check, CHECK_WARNING, 0,
                  "no service with SASL login names a stamping listener: reminders are recognised "
                  "only by login (or trusted_networks)");
    check_bounces(check, s, &p);
    postfix_free(&p);
}
