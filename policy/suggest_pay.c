/*
 * suggest_pay - which days and sums belong to a promise, a payment or a request for time
 */
#include "policy/suggest_pay.h"

#include <string.h>

/* --- which dates count -----------------------------------------------------------------------*/

static const struct word *word_at(const struct clause *c, size_t at)
{
    return &c->words.items[at];
}

/* "votre facture du 15 octobre", "your email of 3 November": the date of a paper. */
static bool is_of_document(const struct clause *c, size_t date)
{
    size_t begin = c->dates[date].begin;
    bool of = word_is(word_at(c, begin), "du") ||
              (begin > 0 && word_is(word_at(c, begin - 1), "of dated from du"));
    if (!of)
        return false;
    for (size_t i = begin; i > 0 && i + 6 > begin; i--) {
        const struct word *w = word_at(c, i - 1);
        if (word_in(w, PAY_PAST) || word_in(w, WILL_BE) || word_in(w, BEEN) || word_in(w, IS))
            return false;
        if (word_parts(w) || word_in(w, PAY_RUN) || (i > 1 && word_in(w - 1, PAY_RUN)))
            return false;
        if (word_in(w, PAYMENT))
            return false;
        if (word_is(w, "facture* fact fac invoice* bill echeance") || word_in(w, GOODS) ||
            word_in(w, DOCUMENT) || word_in(w, ORDER) ||
            word_is(w, "mail mails mel email courriel courrier relance relances message appel "
                       "letter reminder demande "
                       "entretien conversation dated call echange reclamation fourniture"))
            return true;
    }
    return false;
}

/* "après le 15": not a day that one can wait for; "absent jusqu'au 15": not one of payment. */
static bool is_bound(const struct clause *c, size_t date, enum suggestion_kind kind)
{
    size_t begin = c->dates[date].begin;
    for (size_t i = begin > 0 ? begin - 1 : 0; i <= begin; i++)
        if ((i < begin && word_is(word_at(c, i), "apres after")) ||
            (kind != SUGGEST_TIME && word_is(word_at(c, i), "jusqu jusque until till")))
            return true;
    return false;
}

static bool counts(const struct clause *c, size_t date, enum suggestion_kind kind)
{
    const struct spoken_date *d = &c->dates[date];
    if (is_of_document(c, date) || is_bound(c, date, kind))
        return false;
    /* "les factures du 15 octobre et du 20 novembre" */
    if (date > 0 && d->begin <= c->dates[date - 1].end + 2 && is_of_document(c, date - 1) &&
        word_is(word_at(c, d->begin), "du"))
        return false;
    return !(c->mood[d->begin] & (MOOD_SUPPOSED | MOOD_REPORTED));
}

bool clause_mark_days(struct clause *c)
{
    bool any = false;
    for (size_t i = 0; i < c->date_count; i++)
        if (*c->dates[i].ahead && counts(c, i, SUGGEST_PROMISE)) {
            word_class_set(&c->words.items[c->dates[i].begin], DAY_AHEAD);
            any = true;
        }
    return any;
}

/* --- which part of the sentence --------------------------------------------------------------*/

static bool is_dated_kind(enum suggestion_kind kind)
{
    return kind == SUGGEST_PROMISE || kind == SUGGEST_PAID || kind == SUGGEST_TIME;
}

/* The kind of payment that word `at` belongs to: that of the last hit before it, or, between two,
   of the next when a comma or "et" stands before the word; SUGGEST_KINDS: none. */
static enum suggestion_kind kind_at(const struct clause *c, size_t at)
{
    const struct hit *before = NULL, *behind = NULL;
    for (size_t i = 0; i < c->hit_count; i++) {
        const struct hit *h = &c->hits[i];
        if (!is_dated_kind(h->kind))
            continue;
        if (h->begin <= at && (!before || h->begin > before->begin ||
                               (h->begin == before->begin && h->kind < before->kind)))
            before = h;
        if (h->begin > at && (!behind || h->begin < behind->begin))
            behind = h;
    }
    if (!before)
        return behind ? behind->kind : SUGGEST_KINDS;
    if (!behind || behind->kind == before->kind || at < before->end)
        return before->kind;
    for (size_t i = at; i > before->end; i--)
        if (word_at(c, i - 1)->kind == WORD_MARK || word_in(word_at(c, i - 1), JOIN) ||
            word_in(word_at(c, i - 1), TURN))
            return behind->kind;
    return before->kind;
}

/* --- pairing ---------------------------------------------------------------------------------*/

enum item_kind { ITEM_SUM, ITEM_SHARE, ITEM_DAY };

struct item {
    enum item_kind kind;
    size_t begin, end;
    const char *date;
    int64_t amount;
};

enum { ITEMS_MAX = 32 };

struct pairing {
    struct payment *payments;
    size_t count;
    bool share, sum, day; /* what the last payment has */
    size_t end;           /* of the last item */
    enum item_kind last;
};

/* Does a word that adds another thing stand between? */
static bool is_parted(const struct clause *c, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < c->words.count; i++)
        if (word_in(word_at(c, i), JOIN) || word_at(c, i)->kind == WORD_MARK)
            return true;
    return false;
}

/* "entre le 15 et le 20", "le 15 ou le 16", "du 15 au 20": one day, the last. */
static bool is_range(const struct clause *c, const struct pairing *p, const struct item *it)
{
    if (p->last != ITEM_DAY || it->begin > p->end + 2)
        return false;
    bool range = it->begin == p->end; /* "demain vendredi" */
    for (size_t i = p->end; i < it->begin; i++)
        range = range || word_is(word_at(c, i), "ou or a to au");
    range = range || word_is(word_at(c, it->begin), "au to");
    for (size_t i = p->end; i > 0 && i + 8 > p->end; i--)
        range = range || word_is(word_at(c, i - 1), "entre between");
    return range;
}

/* "500 € HT, soit 600 € TTC": the same once more. */
static bool is_restated(const struct clause *c, size_t begin)
{
    return begin > 0 && word_is(word_at(c, begin - 1), "soit");
}

static bool opens_payment(const struct clause *c, const struct pairing *p, const struct item *it)
{
    if (p->count == 0)
        return true;
    if (it->kind == ITEM_DAY) /* "validé lundi, vous le recevrez mardi" is one */
        return p->day && !is_range(c, p, it) && (p->last != ITEM_DAY || it->begin <= p->end + 2);
    if (it->kind == ITEM_SUM)
        return p->sum && is_parted(c, p->end, it->begin) && !is_restated(c, it->begin);
    return (p->sum || p->share) && is_parted(c, p->end, it->begin);
}

static void take_item(const struct clause *c, struct pairing *p, const struct item *it)
{
    if (opens_payment(c, p, it)) {
        if (p->count == PAYMENTS_MAX)
            return;
        p->payments[p->count++] = (struct payment){.has_amount = false};
        p->share = p->sum = p->day = false;
    }
    struct payment *last = &p->payments[p->count - 1];
    if (it->kind == ITEM_DAY && p->day && p->last == ITEM_DAY && !is_range(c, p, it))
        return;
    if (it->kind == ITEM_DAY) {
        memcpy(last->date, it->date, strlen(it->date) + 1);
        p->day = true;
    } else if (it->kind == ITEM_SUM && (!p->sum || is_restated(c, it->begin))) {
        last->has_amount = true;
        last->amount = it->amount;
        p->sum = true;
    } else if (it->kind == ITEM_SHARE) {
        p->share = true;
    }
    p->end = it->end;
    p->last = it->kind;
}

static bool is_percentage(const struct clause *c, size_t at)
{
    return at + 1 < c->words.count && word_at(c, at)->kind == WORD_NUMBER &&
           word_at(c, at + 1)->kind == WORD_MARK && word_at(c, at + 1)->text[0] == '%';
}

/* "200 € de moins", "l'avoir de 200 €", "une remise de 200 €", "less 200 €": what is taken off or
   owed to the writer is not what he pays. */
static bool is_taken_off(const struct clause *c, const struct spoken_amount *a)
{
    size_t count = c->words.count, end = a->end;
    if (end + 1 < count && word_is(word_at(c, end), "de en") &&
        word_is(word_at(c, end + 1), "moins"))
        return true;
    if (end < count && word_is(word_at(c, end), "less") &&
        !(end + 1 < count && word_in(word_at(c, end + 1), SUM)))
        return true;
    size_t i = a->begin;
    if (i > 0 && word_is(word_at(c, i - 1), "moins less minus"))
        return i == 1 || !word_is(word_at(c, i - 2), "au du pas no not"); /* "au moins" */
    while (i > 0 && i + 7 > a->begin &&
           (word_is(word_at(c, i - 1), "de d un une montant hauteur valeur a of for the amount ttc "
                                       "ht about environ") ||
            (word_at(c, i - 1)->kind == WORD_MARK && word_at(c, i - 1)->text[0] == '(')))
        i--;
    /* "avoir" without an article, and "note de crédit" by its first word */
    for (size_t k = i; k > 0 && k + 3 > i && word_at(c, k - 1)->kind != WORD_MARK; k--)
        if (word_in(word_at(c, k - 1), CREDIT))
            return true;
    return i > 0 &&
           (word_is(word_at(c, i - 1), "avoir avoirs remise rabais ristourne escompte "
                                       "retenue discount rebate") ||
            (i > 2 && word_in(word_at(c, i - 3), CREDIT) && word_is(word_at(c, i - 3), "note")));
}

/* The sums, shares ("le solde") and days of this kind in the order of their words. */
static size_t items_of(const struct clause *c, enum suggestion_kind kind,
                       struct item items[ITEMS_MAX])
{
    size_t count = 0, date = 0, sum = 0;
    for (size_t i = 0; i < c->words.count && count < ITEMS_MAX; i++) {
        struct item it = {ITEM_SHARE, i, i + 1, NULL, 0};
        bool found =
            word_in(word_at(c, i), BALANCE) || word_in(word_at(c, i), PART) || is_percentage(c, i);
        if (date < c->date_count && c->dates[date].begin == i) {
            const struct spoken_date *d = &c->dates[date];
            it = (struct item){ITEM_DAY, i, d->end, kind == SUGGEST_PAID ? d->back : d->ahead, 0};
            found = *it.date && counts(c, date, kind);
            date++;
        } else if (sum < c->amount_count && c->amounts[sum].begin == i) {
            it = (struct item){ITEM_SUM, i, c->amounts[sum].end, NULL, c->amounts[sum].amount};
            found = kind != SUGGEST_TIME && !is_taken_off(c, &c->amounts[sum]);
            sum++;
        }
        if (found && kind_at(c, i) == kind)
            items[count++] = it;
    }
    return count;
}

size_t payments_of(const struct clause *c, enum suggestion_kind kind,
                   struct payment payments[PAYMENTS_MAX])
{
    struct item items[ITEMS_MAX];
    struct pairing p = {.payments = payments};
    if (!is_dated_kind(kind))
        return 0;
    size_t count = items_of(c, kind, items), kept = 0;
    for (size_t i = 0; i < count; i++)
        take_item(c, &p, &items[i]);
    for (size_t i = 0; i < p.count; i++)
        if (*payments[i].date || payments[i].has_amount)
            payments[kept++] = payments[i];
    return kind == SUGGEST_TIME && kept > 1 ? 1 : kept;
}
