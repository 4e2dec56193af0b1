/*
 * autoreply - was a message sent by a program on somebody's behalf?
 */
#include "policy/autoreply.h"

bool autoreply_is(const struct mail *m, const struct bytes *body)
{
    (void)body;
    return m->reading.kind == KIND_AUTO_REPLY;
}
