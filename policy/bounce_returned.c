/*
 * bounce_returned - which message of ours a notice is about
 */
#include "policy/bounce_returned.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "policy/msgid.h"

/* Keep the id of a field's value, if it is text. */
static bool keep_id(const char *value, struct understood *u)
{
    if (!msgid_first(value, &u->original_message_id))
        return false;
    if (u->original_message_id && !g_utf8_validate(u->original_message_id, -1, NULL)) {
        free(u->original_message_id);
        u->original_message_id = NULL;
    }
    return true;
}

bool returned_parts(const struct mail *m, struct understood *u)
{
    for (size_t i = 0; i < m->count && !u->original_message_id; i++) {
        const struct fields *inner = &m->parts[i].inner;
        size_t at = fields_find(inner, "Message-ID", 1);
        /* what a returned message holds in turn is another message */
        if (!m->parts[i].returned && at < inner->count && !keep_id(inner->items[at].value, u))
            return false;
    }
    return true;
}

bool returned_thread(const struct mail *m, struct understood *u)
{
    const struct strings *ids = &m->reading.in_reply_to;
    if (ids->count == 0)
        ids = &m->reading.references;
    return u->original_message_id || ids->count == 0 || keep_id(ids->items[ids->count - 1], u);
}
