/*
 * temoin-reader - temoind's process that reads archived messages in depth
 *
 * A program of its own, so that temoind is not linked to what only this needs: libmagic, libxml2,
 * GMime's parser. temoind executes it as "… --child reader" with one end of a socket pair at
 * descriptor 3 and sends it an end of the socket that orders come from (db/reader.h). It has a
 * user of its own, which needs to reach nothing, and gives up all rights before the first order.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "db/msg.h"
#include "db/reader.h"
#include "milter/child_setup.h"

enum { NICE = 10 }; /* mail goes first */

static int run(struct child_setup *s)
{
    const struct reader_limits limits = reader_limits_of(s->settings);
    int fd = frame_take_fd(&s->frame, 0);
    if (fd < 0)
        return EX_SOFTWARE;
    if (setpriority(PRIO_PROCESS, 0, NICE) != 0)
        msg_warn("reading goes at the pace of mail: its priority cannot be lowered");
    int status = reader_serve(fd, CHILD_CONTROL, &limits, child_say_ready);
    if (status != EX_OK)
        msg_error("messages cannot be read: the kernel lacks seccomp or refuses it");
    return status;
}

int main(int argc, char **argv)
{
    struct child_setup s;
    if (argc < 3 || strcmp(argv[1], "--child") != 0 || strcmp(argv[2], "reader") != 0) {
        fputs("temoin-reader is started by temoind\n", stderr);
        return EX_USAGE;
    }
    int status = child_setup_take("reader", "", &s);
    if (status == EX_OK)
        status = run(&s);
    child_setup_free(&s);
    _exit(status);
}
