/*
 * bounce - non-delivery notices that follow no RFC
 */
#include "policy/bounce.h"

bool bounce_read(const struct mail *m, const struct bytes *body, struct understood *u, bool *found)
{
    (void)body;
    (void)u;
    *found = m->reading.kind == KIND_DSN;
    return true;
}
