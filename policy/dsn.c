/*
 * dsn - delivery status notifications, as their machine part tells them
 */
#include "policy/dsn.h"

#include <stdlib.h>
#include <string.h>

#include "policy/bounce_reply.h"
#include "policy/bounce_returned.h"
#include "policy/bounce_signs.h"
#include "policy/bounce_words.h"
#include "policy/dsn_fields.h"

static bool is_status_part(const struct mail *m, size_t part)
{
    return !m->parts[part].returned && (mail_is(m, part, "message/delivery-status") ||
                                        mail_is(m, part, "message/global-delivery-status"));
}

static bool read_part(const struct mail *m, size_t part, struct understood *u)
{
    struct bytes text = {0};
    bool done = mail_text(m, part, &text) && dsn_fields(text.data ? text.data : "", text.len, u);
    bytes_free(&text);
    return done;
}

/* What a recipient's fields leave out, from the others. */
static bool complete(struct read_recipient *r)
{
    char status[STATUS_CHARS + 1];
    const char *said = r->diagnostic;
    if (!r->status && said && reply_status(said, status) && !(r->status = strdup(status)))
        return false;
    if (!r->action && r->status)
        r->action = reply_action(r->status);
    return r->remote_mta || !said || words_remote(said, strlen(said), &r->remote_mta);
}

bool dsn_complete(struct understood *u)
{
    for (size_t i = 0; i < u->recipient_count; i++)
        if (!complete(&u->recipients[i]))
            return false;
    return true;
}

bool dsn_read(const struct mail *m, struct understood *u, bool *found)
{
    struct bounce_signs signs;
    *found = false;
    if (!bounce_signs(m, &signs))
        return false;
    if (!signs.report || signs_tell_forward(&signs))
        return true;
    for (size_t i = 0; i < m->count; i++) {
        if (!is_status_part(m, i))
            continue;
        if (!read_part(m, i, u))
            return false;
    }
    *found = u->recipient_count && (u->recipients[0].final || u->recipients[0].original);
    if (!*found)
        understood_forget_recipients(u);
    return !*found || (dsn_complete(u) && returned_parts(m, u) && returned_thread(m, u));
}
