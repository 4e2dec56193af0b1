/*
 * dsn - delivery status notifications: the thin form
 */
#include "policy/dsn.h"

#include <stdlib.h>
#include <string.h>

#include "policy/report.h"

static bool move_text(char **from, char **to)
{
    *to = *from;
    *from = NULL;
    return true;
}

static const char *action_of(const char *word)
{
    static const char *const actions[] = {"failed", "delayed", "delivered", "relayed", "expanded"};
    for (size_t i = 0; word && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(word, actions[i]) == 0)
            return actions[i];
    return NULL;
}

static bool take_report(struct report *r, struct understood *u)
{
    for (size_t i = 0; i < r->count; i++) {
        struct read_recipient *one = understood_recipient(u);
        if (!one)
            return u->recipient_count == READ_RECIPIENTS_MAX;
        move_text(&r->recipients[i].final, &one->final);
        move_text(&r->recipients[i].original, &one->original);
        move_text(&r->recipients[i].status, &one->status);
        one->action = action_of(r->recipients[i].action);
    }
    if (!u->original_envelope_id)
        move_text(&r->envelope_id, &u->original_envelope_id);
    return true;
}

static bool take_returned(const struct mail *m, struct understood *u)
{
    for (size_t i = 0; i < m->count && !u->original_message_id; i++) {
        struct reading r = {0};
        bool done = reading_take(&m->parts[i].inner, &r);
        if (done && r.message_id)
            move_text(&r.message_id, &u->original_message_id);
        reading_free(&r);
        if (!done)
            return false;
    }
    return true;
}

bool dsn_read(const struct mail *m, struct understood *u, bool *found)
{
    size_t at = mail_find(m, 0, "message/delivery-status");
    if (at == m->count)
        at = mail_find(m, 0, "message/global-delivery-status");
    *found = at < m->count;
    if (!*found)
        return true;
    struct bytes text = {0};
    struct report r = {0};
    bool done = mail_text(m, at, &text);
    if (done) {
        report_feed(&r, text.data ? text.data : "", text.len);
        report_end(&r);
        done = !r.out_of_memory && take_report(&r, u) && take_returned(m, u);
    }
    report_free(&r);
    bytes_free(&text);
    return done;
}
