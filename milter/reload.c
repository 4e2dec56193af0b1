/*
 * reload - what a new configuration changes that a running daemon cannot follow
 *
 * Sockets are bound once: a change waits for a restart, by name, and all else is taken over.
 * Directories and users are different: half of the processes with the old ones and, after a
 * crash, half with the new ones would write one store and read another. So with such a change
 * nothing is taken over.
 */
#include "milter/reload.h"

#include <string.h>

static bool differ(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) != 0 : a != b;
}

static bool note(struct strings *list, bool changed, const char *name)
{
    return !changed || strings_add(list, name);
}

static const struct listener *by_name(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->listener_count; i++)
        if (strcmp(s->listeners[i].name, name) == 0)
            return &s->listeners[i];
    return NULL;
}

static bool note_listener(struct strings *list, const char *name, const char *what)
{
    struct bytes text = {0};
    bool done =
        bytes_printf(&text, "listener \"%s\"%s", name, what) && strings_add(list, text.data);
    bytes_free(&text);
    return done;
}

static bool compare_listeners(const struct settings *running, const struct settings *next,
                              struct reload_changes *out)
{
    for (size_t i = 0; i < running->listener_count; i++) {
        const struct listener *old = &running->listeners[i], *new = by_name(next, old->name);
        if (!new && !note_listener(&out->stop, old->name, " removed"))
            return false;
        if (new &&differ(old->socket, new->socket) &&
            !note_listener(&out->later, old->name, " socket"))
            return false;
    }
    for (size_t i = 0; i < next->listener_count; i++)
        if (!by_name(running, next->listeners[i].name) &&
            !note_listener(&out->later, next->listeners[i].name, " added"))
            return false;
    return true;
}

bool reload_compare(const struct settings *running, const struct settings *next,
                    struct reload_changes *out)
{
    const struct settings *a = running, *b = next;
    *out = (struct reload_changes){0};
    return compare_listeners(a, b, out) &&
           note(&out->later, differ(a->socket_group, b->socket_group), "socket_group") &&
           note(&out->later, a->socket_mode != b->socket_mode, "socket_mode") &&
           note(&out->later, differ(a->syslog_facility, b->syslog_facility), "syslog_facility") &&
           note(&out->stop, differ(a->store_directory, b->store_directory), "store directory") &&
           note(&out->stop, differ(a->key_directory, b->key_directory), "key_directory") &&
           note(&out->stop, differ(a->run_directory, b->run_directory), "run_directory") &&
           note(&out->stop, differ(a->user, b->user), "user") &&
           note(&out->stop, differ(a->milter_user, b->milter_user), "milter_user") &&
           note(&out->stop, differ(a->sealer_user, b->sealer_user), "sealer_user") &&
           note(&out->later, differ(a->reader_user, b->reader_user), "reader_user");
}

void reload_changes_free(struct reload_changes *c)
{
    strings_free(&c->later);
    strings_free(&c->stop);
}
