/*
 * mdn - read receipts: the thin form
 */
#include "policy/mdn.h"

#include <stdlib.h>
#include <string.h>

#include "policy/report.h"

bool mdn_read(const struct mail *m, const struct bytes *body, struct understood *u, bool *found)
{
    (void)body;
    size_t at = mail_find(m, 0, "message/disposition-notification");
    *found = at < m->count;
    if (!*found)
        return true;
    struct bytes text = {0};
    struct report r = {0};
    bool done = mail_text(m, at, &text);
    if (done) {
        report_feed(&r, text.data ? text.data : "", text.len);
        report_end(&r);
        done = !r.out_of_memory;
    }
    if (done) {
        u->disposition_type = r.disposition;
        r.disposition = NULL;
        u->original_message_id = r.original_message_id;
        r.original_message_id = NULL;
    }
    report_free(&r);
    bytes_free(&text);
    return done;
}
