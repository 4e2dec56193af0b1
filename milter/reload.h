/*
 * reload - what a new configuration changes that a running daemon cannot follow
 */
#ifndef TEMOIN_MILTER_RELOAD_H
#define TEMOIN_MILTER_RELOAD_H

#include <stdbool.h>

#include "policy/settings.h"

struct reload_changes {
    struct strings later; /* names of what needs a restart; the rest can be taken over */
    struct strings stop;  /* names of what forbids to take over anything before a restart */
};

/* Compare. False: out of memory. */
bool reload_compare(const struct settings *running, const struct settings *next,
                    struct reload_changes *out);
void reload_changes_free(struct reload_changes *c);

#endif
