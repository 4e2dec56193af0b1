/*
 * settings_follow - what the configuration says about the mail server's log and the servers that
 *                   mail passes before it leaves the house
 */
#include <stdlib.h>
#include <string.h>

#include "policy/settings_build.h"
#include "policy/settings_values.h"

static void take_log(struct build *b)
{
    const char *text = cfg_getstr(b->file->root, "mail_log");
    if (!text)
        return;
    if (strcmp(text, "journal") != 0 && !value_path(text))
        COMPLAIN(b, b->file->root, "mail_log", 0,
                 "mail_log = \"%s\": write an absolute path such as /var/log/mail.log, or journal",
                 text);
    b->s->mail_log = build_copy(b, text);
}

/* A network or an address. */
static void take_network(struct build *b, const struct network *read)
{
    struct settings *s = b->s;
    struct network *kept =
        build_grow(b, (void **)&s->own_relay_networks, s->own_relay_network_count, sizeof *kept);
    if (kept) {
        *kept = *read;
        s->own_relay_network_count++;
    }
}

void build_follow(struct build *b)
{
    cfg_t *root = b->file->root;
    take_log(b);
    for (unsigned i = 0; i < cfg_size(root, "own_relays"); i++) {
        const char *text = cfg_getnstr(root, "own_relays", i);
        struct network read;
        bool host_bits = false;
        if (value_network(text, &read, &host_bits) && !host_bits) {
            take_network(b, &read);
            continue;
        }
        if (host_bits || strchr(text, '/')) {
            COMPLAIN(b, root, "own_relays", i,
                     "own_relays: \"%s\" is no network: write 192.0.2.0/24, an address, or a "
                     "host's name",
                     text);
            continue;
        }
        char *normal = build_domain(b, root, "own_relays", i, text);
        if (normal)
            build_add(b, &b->s->own_relays, normal);
        free(normal);
    }
}
