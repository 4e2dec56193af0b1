/*
 * child_setup - what a child does first: its parent's setup, its own user, the configuration
 *
 * Synopsis
 *      struct child_setup s;
 *      int status = child_setup_take("reader", "", &s);
 *      if (status == EX_OK && child_say_ready()) ...
 *      child_setup_free(&s);
 */
#ifndef TEMOIN_MILTER_CHILD_SETUP_H
#define TEMOIN_MILTER_CHILD_SETUP_H

#include "db/wire.h"
#include "milter/child.h"
#include "policy/settings.h"

struct child_setup {
    struct frame frame; /* the parent's */
    enum child_role role;
    const char *name; /* of the listener; "" */
    struct settings *settings;
};

/* A sysexits status, what is wrong is logged; child_setup_free() in any case. EX_USAGE: not started
   by a parent. */
int child_setup_take(const char *role, const char *name, struct child_setup *s);
void child_setup_free(struct child_setup *s);

/* A text of the parent's setup; NULL: it has none of that name. */
const char *child_text(const struct child_setup *s, const char *key);

/* Tell the parent. False: it is gone. */
bool child_say_ready(void);

#endif
