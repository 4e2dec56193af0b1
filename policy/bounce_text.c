/*
 * bounce_text - the recipients that the words of a notice tell of, and what was said about each
 */
#include "policy/bounce_text.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/bounce_phrases.h"
#include "policy/bounce_said.h"

enum { PASSAGES_MAX = 4 }; /* of one recipient: they overlap, and time is to stay linear */

/* --- who -------------------------------------------------------------------------------------*/

static bool is_known(const struct understood *u, const char *address)
{
    for (size_t i = 0; i < u->recipient_count; i++)
        if (u->recipients[i].final && strcmp(u->recipients[i].final, address) == 0)
            return true;
    return false;
}

static bool add_recipient(struct understood *u, const char *address)
{
    if (u->recipient_count == READ_RECIPIENTS_MAX || is_known(u, address))
        return true;
    struct read_recipient *one = understood_recipient(u);
    return one && (one->final = strdup(address)) != NULL;
}

/* The recipients of one form, if there are any. */
static bool add_form(const struct notice *n, enum mention_form form, struct understood *u)
{
    for (size_t i = 0; i < n->mention_count; i++)
        if (n->mentions[i].form == form && !add_recipient(u, n->mentions[i].address))
            return false;
    return true;
}

/* Is one of the recipients listed, and not only named in a sentence? */
static bool lists_any(const struct notice *n, const struct understood *u)
{
    for (size_t i = 0; i < n->mention_count; i++)
        if (n->mentions[i].form == MENTION_LISTED && is_known(u, n->mentions[i].address))
            return true;
    return false;
}

/* Whom the line below or beside a recipient names as the address that we wrote to. */
static bool take_source(const struct notice *n, const struct passage *p, struct read_recipient *r)
{
    for (size_t i = 0; i < n->mention_count && !r->original; i++) {
        const struct mention *m = &n->mentions[i];
        if (m->form == MENTION_SOURCE && m->line >= p->begin && m->line < p->end &&
            !(r->original = strdup(m->address)))
            return false;
    }
    return true;
}

/* --- what ------------------------------------------------------------------------------------*/

/* The passage that begins at a mention: until another recipient is listed. */
static struct passage passage_at(const struct notice *n, size_t mention)
{
    const struct mention *first = &n->mentions[mention];
    struct passage p = {.begin = first->line, .after = first->after, .end = n->line_count};
    for (size_t i = mention + 1; i < n->mention_count; i++)
        if (n->mentions[i].form == MENTION_LISTED && n->mentions[i].line > first->line &&
            strcmp(n->mentions[i].address, first->address) != 0) {
            p.end = n->mentions[i].line;
            break;
        }
    return p;
}

bool text_complete(const struct notice *n, struct read_recipient *r, bool alone,
                   struct evidence *evidence)
{
    const char *address = r->final ? r->final : r->original;
    struct said best = {0};
    bool done = true;
    size_t passages = 0;
    for (size_t i = 0; done && address && i < n->mention_count && passages < PASSAGES_MAX; i++) {
        const struct mention *m = &n->mentions[i];
        if (m->form != MENTION_LISTED || strcmp(m->address, address) != 0)
            continue;
        passages++;
        struct passage p = passage_at(n, i);
        done = take_source(n, &p, r) && said_in_passage(n, &p, address, &best);
    }
    struct passage all = {.begin = 0, .after = 0, .end = n->line_count};
    if (done && !best.reply && address && !alone)
        done = said_about(n, address, &best);
    if (done && !best.reply && alone)
        done = said_in_passage(n, &all, address, &best);
    if (done && !best.reply && !best.words && alone)
        done = said_in_quotes(n, &best);
    if (done && alone && !best.remote)
        done = said_remote(n, &all, &best);
    evidence->replied = evidence->replied || best.reply || *best.status;
    return said_give(&best, r) && done;
}

bool text_recipients(const struct notice *n, const struct strings *failed, struct understood *u,
                     struct evidence *evidence)
{
    static const enum mention_form forms[] = {MENTION_LISTED, MENTION_SENTENCE, MENTION_DIALOGUE};
    size_t first = u->recipient_count;
    for (size_t i = 0; i < failed->count; i++)
        if (!add_recipient(u, failed->items[i]))
            return false;
    for (size_t i = 0; i < sizeof forms / sizeof *forms && u->recipient_count == first; i++)
        if (!add_form(n, forms[i], u))
            return false;
    evidence->listed = evidence->listed || lists_any(n, u);
    evidence->named = evidence->named || u->recipient_count > first;
    bool alone = u->recipient_count - first == 1;
    for (size_t i = first; i < u->recipient_count; i++)
        if (!text_complete(n, &u->recipients[i], alone, evidence))
            return false;
    return true;
}
