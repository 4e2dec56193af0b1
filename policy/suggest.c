/*
 * suggest - what a reply may mean for the claim: a promise, a dispute, a payment made, a request
 *
 * The text is read sentence by sentence, since each suggestion names the one that it rests on.
 * Words get their classes from a vocabulary, rules say which rows of classes mean what, and what
 * turns a meaning round (denial, question, condition, someone else's words) is looked at once for
 * all rules (suggest_match.c). Dates and amounts are given to the payment that they stand beside
 * (suggest_pay.c).
 */
#include "policy/suggest.h"

#include <glib.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/suggest_match.h"
#include "policy/suggest_pay.h"
#include "policy/suggest_sentence.h"

enum { WRITTEN_FIRST = 2000, WRITTEN_LAST = 2099 };

static const char *const names[SUGGEST_KINDS] = {
    [SUGGEST_PROMISE] = "promise", [SUGGEST_PAID] = "already-paid",
    [SUGGEST_DISPUTE] = "dispute", [SUGGEST_DOCUMENT] = "asks-document",
    [SUGGEST_TIME] = "asks-time",  [SUGGEST_PERSON] = "wrong-person",
};

/* The day on which the message was written, in its own time zone; month 0: it does not say, or
   its clock was plainly wrong. */
static struct day written_on(const struct mail *m)
{
    struct day d = {0, 0, 0};
    size_t at = fields_find(&m->header, "Date", 1);
    GDateTime *date =
        at < m->header.count ? g_mime_utils_header_decode_date(m->header.items[at].value) : NULL;
    if (date) {
        int year = g_date_time_get_year(date);
        if (year >= WRITTEN_FIRST && year <= WRITTEN_LAST)
            d = (struct day){year, g_date_time_get_month(date), g_date_time_get_day_of_month(date)};
        g_date_time_unref(date);
    }
    return d;
}

/* The same meaning of the same sentence once, unless it is another day or sum. */
static bool is_new(const struct understood *u, const char *what, const char *date,
                   const int64_t *amount, const char *quote)
{
    for (size_t i = 0; i < u->suggestion_count; i++) {
        const struct suggestion *s = &u->suggestions[i];
        if (strcmp(s->what, what) == 0 && strcmp(s->quote, quote) == 0 &&
            strcmp(s->date, date ? date : "") == 0 && s->has_amount == (amount != NULL) &&
            (!amount || s->amount == *amount))
            return false;
    }
    return true;
}

static bool put(struct understood *u, enum suggestion_kind kind, const struct payment *p,
                const char *quote)
{
    const char *date = p && *p->date ? p->date : NULL;
    const int64_t *amount = p && p->has_amount ? &p->amount : NULL;
    return !is_new(u, names[kind], date, amount, quote) ||
           understood_suggest(u, names[kind], date, amount, quote);
}

static bool put_kind(const struct clause *c, enum suggestion_kind kind, const char *quote,
                     struct understood *u)
{
    struct payment payments[PAYMENTS_MAX];
    size_t count = payments_of(c, kind, payments);
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = put(u, kind, &payments[i], quote);
    return count ? done : put(u, kind, NULL, quote);
}

/* In the order in which the sentence says them. */
static bool put_all(const struct clause *c, const char *quote, struct understood *u)
{
    bool done = true, put[SUGGEST_KINDS] = {false};
    for (int round = 0; done && round < SUGGEST_KINDS; round++) {
        const struct hit *first = NULL;
        for (size_t i = 0; i < c->hit_count; i++) {
            const struct hit *h = &c->hits[i];
            if (!put[h->kind] && (!first || h->begin < first->begin ||
                                  (h->begin == first->begin && h->kind < first->kind)))
                first = h;
        }
        if (!first)
            break;
        put[first->kind] = true;
        done = put_kind(c, first->kind, quote, u);
    }
    return done;
}

bool suggest_read(const struct mail *m, const char *text, struct understood *u)
{
    struct strings sentences = {0};
    struct vocabulary *v = malloc(sizeof *v);
    struct clause *c = malloc(sizeof *c);
    struct day day = written_on(m);
    bool done = v && c && vocabulary_open(v) && sentences_read(text, &sentences);
    for (size_t i = 0; done && i < sentences.count; i++) {
        done = clause_read(c, v, sentences.items[i], &day, &m->reading.from,
                           u->kind == READ_AUTO_REPLY) &&
               put_all(c, sentences.items[i], u);
        clause_free(c);
    }
    strings_free(&sentences);
    free(c);
    free(v);
    return done;
}
