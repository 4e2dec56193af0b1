/*
 * child - starting one of temoind's processes, and what it does first
 *
 * The parent executes its own program file again as "temoind --child ROLE NAME" with one end
 * of a socket pair at descriptor CHILD_CONTROL, and sends one frame over it:
 * {"op": "setup", "config": text, "config_name": file, "keys": text (milter only),
 * "user": name, "group_of": name, "foreground": bool} with descriptors (supervisor.c says
 * which). The child gives up root's rights before it looks at the configuration.
 *
 * The reader is another program file, started the same way.
 *
 * A role more is one more word in child_roles, one more branch in child_main.c, and one more
 * service in supervisor.c.
 */
#ifndef TEMOIN_MILTER_CHILD_H
#define TEMOIN_MILTER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "db/store.h"

enum { CHILD_CONTROL = 3 };

enum child_role { CHILD_SCRIBE, CHILD_SEALER, CHILD_MILTER, CHILD_READER };
enum { CHILD_ROLES = 4 };

/* "scribe", "sealer", "milter", "reader". */
extern const char *const child_roles[CHILD_ROLES];

/* Parent: execute `program` as a child. *control is the parent's end, close-on-exec. False: err
   says what failed. The setup frame is the caller's next step. */
bool child_start(const char *program, enum child_role role, const char *name, pid_t *pid,
                 int *control, struct store_error *err);

/* Child of any role but the reader's: all its life. Returns a sysexits status for _exit(2);
   EX_USAGE when it was not started by a parent. */
int child_main(const char *role, const char *name);

#endif
