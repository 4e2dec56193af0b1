/*
 * suggest_match - which rules hold in a sentence, and where
 */
#include "policy/suggest_match.h"

#include <string.h>

#include "policy/suggest_amount.h"
#include "policy/suggest_contact.h"
#include "policy/suggest_pay.h"

enum { DEFAULT_GAP = 2, NOWHERE = -1 };

/* --- moods -----------------------------------------------------------------------------------*/

static bool ends_thought(const struct word *w)
{
    return w->kind == WORD_MARK ? !strchr("\"'+/%", w->text[0]) : word_in(w, TURN);
}

static void mark(struct clause *c, size_t from, size_t to, enum mood mood)
{
    for (size_t i = from; i < to && i < c->words.count; i++)
        c->mood[i] |= (unsigned char)mood;
}

/* Does the main sentence begin here, behind a condition without a comma: "… nous réglerons"? */
static bool begins_main(const struct words *w, size_t at)
{
    if (!word_in(&w->items[at], I) && !word_in(&w->items[at], WE))
        return false;
    for (size_t i = at + 1; i < w->count && i < at + 4; i++)
        if (word_in(&w->items[i], PAY_FUT) || word_in(&w->items[i], DO_FUT) ||
            word_in(&w->items[i], WILL) || word_in(&w->items[i], GO))
            return true;
    return false;
}

/* From a conjunction or "vous dites" to the end of its part of the sentence. */
static void mark_part(struct clause *c, enum word_class opener, enum mood mood)
{
    const struct words *w = &c->words;
    for (size_t i = 0; i < w->count; i++) {
        if (!word_in(&w->items[i], opener))
            continue;
        size_t end = i + 1;
        while (end < w->count && !ends_thought(&w->items[end]) &&
               !(end > i + 3 && begins_main(w, end)))
            end++;
        mark(c, i, end, mood);
    }
}

static void mark_question(struct clause *c)
{
    const struct words *w = &c->words;
    size_t from = 0, ask = w->count;
    bool asked = false;
    for (size_t i = 0; i < w->count; i++) {
        asked = asked || (w->items[i].kind == WORD_MARK && w->items[i].text[0] == '?');
        if (ask == w->count && word_in(&w->items[i], ASK))
            ask = i;
    }
    if (ask < w->count) {
        from = ask;
        while (from > 0 && !ends_thought(&w->items[from - 1]) &&
               !word_in(&w->items[from - 1], JOIN))
            from--;
        /* "Pouvez-vous m'envoyer la facture" without its mark is a question too. */
        asked = asked || (ask == from && !word_in(&w->items[ask], WHEN));
    }
    if (asked)
        mark(c, from, w->count, MOOD_ASKED);
}

/* --- rules -----------------------------------------------------------------------------------*/

static bool is_negation(const struct word *w)
{
    return word_in(w, NEG);
}

/* "ne", or "n" before an apostrophe: "n°" is something else. */
static bool is_ne(const struct words *w, size_t at)
{
    const struct word *one = &w->items[at];
    if (word_is(one, "ne"))
        return true;
    size_t away = at + 1 < w->count ? one[1].begin - one->end : 0;
    return word_is(one, "n") && at + 1 < w->count && one[1].joined && (away == 1 || away == 3);
}

/* "Nous ne saurions payer": denied without its second word, unless "que" follows ("ne … que"). */
static bool is_half_denied(const struct words *w, const struct hit *h)
{
    for (size_t i = h->begin > 2 ? h->begin - 2 : 0; i < h->end; i++) {
        bool only = !is_ne(w, i) || (i < h->begin && ends_thought(&w->items[i + 1]));
        for (size_t k = i; k < w->count && k < i + 10; k++)
            only =
                only || (k > i && word_is(&w->items[k], "que qu")) || word_in(&w->items[k], NO_NEG);
        if (!only)
            return true;
    }
    return false;
}

/* Is what the hit says denied: within it, just before it, or just behind it? */
static bool is_denied(const struct words *w, const struct hit *h)
{
    for (size_t i = h->begin; i < h->end; i++)
        if (is_negation(&w->items[i]))
            return true;
    if (is_half_denied(w, h))
        return true;
    for (size_t i = h->begin; i > 0 && i + 3 > h->begin; i--) {
        if (ends_thought(&w->items[i - 1]) || word_in(&w->items[i - 1], JOIN))
            break;
        if (is_negation(&w->items[i - 1]))
            return true;
    }
    for (size_t i = h->end; i < w->count && i < h->end + 2; i++) {
        if (ends_thought(&w->items[i]) || word_in(&w->items[i], JOIN))
            break;
        if (word_is(&w->items[i], "pas plus jamais not rien aucun aucune never") &&
            is_negation(&w->items[i]))
            return true;
    }
    return false;
}

/* What is still to come makes no report. */
static bool is_to_come(const struct word *w)
{
    return word_in(w, WILL_BE) || word_in(w, WILL) || word_in(w, GO) || word_in(w, BE) ||
           word_in(w, PLANNED);
}

static bool in_future(const struct words *w, const struct hit *h)
{
    for (size_t i = h->begin; i < h->end; i++)
        if (is_to_come(&w->items[i]) && !word_in(&w->items[i], BEEN))
            return true;
    for (size_t i = h->begin; i > 0 && i + 3 > h->begin; i--) {
        if (ends_thought(&w->items[i - 1]))
            break;
        if (is_to_come(&w->items[i - 1]))
            return true;
    }
    return false;
}

/* Others pay us ("notre client nous paiera"), or you paid: nothing of the writer's. */
static bool is_others(const struct words *w, const struct hit *h)
{
    const struct word *first = &w->items[h->begin];
    const struct word *before = h->begin ? first - 1 : NULL;
    size_t len = strlen(first->text);
    bool third = word_is(first, "a ont") ||
                 (len > 3 && strcmp(first->text + len - 3, "era") == 0) ||
                 (len > 5 && strcmp(first->text + len - 5, "eront") == 0);
    if (third && before && word_is(before, "nous m me"))
        return true;
    for (size_t i = h->begin; i > 0 && i + 2 > h->begin; i--)
        if (word_is(&w->items[i - 1], "you"))
            return true;
    return false;
}

/* "Le litige est réglé": of a quarrel, not of a debt. */
static bool is_of_quarrel(const struct words *w, const struct hit *h)
{
    size_t from = h->begin > 3 ? h->begin - 3 : 0;
    bool quarrel = false, settled = false;
    for (size_t i = from; i < w->count && i < h->end + 3; i++) {
        if (ends_thought(&w->items[i]))
            continue;
        quarrel = quarrel || word_in(&w->items[i], QUARREL) || word_in(&w->items[i], TROUBLE);
        settled = settled || word_in(&w->items[i], PAY_PAST) || word_in(&w->items[i], SETTLED);
    }
    return quarrel && settled;
}

/* "attendre l'avoir avant de payer", "check before we pay": what comes first, not a promise. */
static bool is_only_before(const struct words *w, const struct hit *h)
{
    for (size_t i = h->begin; i + 1 < h->end; i++)
        if ((word_is(&w->items[i], "avant") && word_is(&w->items[i + 1], "de d que")) ||
            (word_is(&w->items[i], "before") && word_is(&w->items[i + 1], "i we")))
            return true;
    return false;
}

static bool is_calm(const struct words *w)
{
    static const enum word_class unrest[] = {REQUEST, NEED, WAIT, RECEIVED, ASK, WHEN, CONTEST};
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < sizeof unrest / sizeof *unrest; k++)
            if (word_in(&w->items[i], unrest[k]))
                return false;
    return true;
}

static bool has_participle(const struct words *w, const struct hit *h)
{
    for (size_t i = h->begin; i < h->end; i++) {
        const struct word *one = &w->items[i];
        if (one->acute || word_in(one, PAY_PAST) || word_in(one, SETTLED) ||
            word_in(one, DO_PAST) || word_in(one, ISSUED))
            return true;
    }
    return false;
}

static bool at_start(const struct words *w, size_t at)
{
    while (at > 0 && word_is(&w->items[at - 1], "le la notre mon un une l our the votre my"))
        at--;
    return at == 0 || ends_thought(&w->items[at - 1]) || word_in(&w->items[at - 1], JOIN);
}

/* Does anything but the payment and its date stand there: a verb that says something else? */
static bool says_more(const struct words *w, size_t from)
{
    static const enum word_class verbs[] = {HAVE,    IS,   BEEN,    WAS, REQUEST, NEG, NEED,   WAIT,
                                            DO_PAST, DONE, WILL_BE, CAN, ISSUED,  YOU, CONTEST};
    for (size_t i = from + 1; i < w->count && !ends_thought(&w->items[i]); i++)
        for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++)
            if (word_in(&w->items[i], verbs[k]))
                return true;
    return false;
}

static bool holds(const struct clause *c, const struct rule *r, const struct hit *h)
{
    unsigned mood = 0;
    for (size_t i = h->begin; i < h->end; i++)
        mood |= c->mood[i];
    if ((mood & MOOD_ASKED) ? !(r->flags & (ASKED | ASKED_ONLY)) : (r->flags & ASKED_ONLY) != 0)
        return false;
    if ((mood & MOOD_SUPPOSED) && !(r->flags & SUPPOSED))
        return false;
    if (mood & MOOD_REPORTED)
        return false;
    if (!(r->flags & ANYHOW) && is_denied(&c->words, h) != ((r->flags & DENIED) != 0))
        return false;
    if ((r->flags & PAST) && in_future(&c->words, h))
        return false;
    if ((r->kind == SUGGEST_PROMISE || r->kind == SUGGEST_PAID) && is_others(&c->words, h))
        return false;
    if (r->kind == SUGGEST_PROMISE && is_only_before(&c->words, h))
        return false;
    if ((r->kind == SUGGEST_DISPUTE || r->kind == SUGGEST_PAID) && is_of_quarrel(&c->words, h))
        return false;
    if ((r->flags & CALM) && !is_calm(&c->words))
        return false;
    if ((r->flags & PLAIN) && has_participle(&c->words, h))
        return false;
    if ((r->flags & VERBLESS) && says_more(&c->words, h->begin))
        return false;
    bool day = c->has_day, sum = c->amount_count > 0;
    if (((r->flags & DAYED) && !day) || ((r->flags & DATED) && !day && !sum) ||
        ((r->flags & UNDATED) && day))
        return false;
    return true;
}

static void add_hit(struct clause *c, const struct rule *r, size_t begin, size_t end)
{
    struct hit h = {r->kind, r->flags, begin, end};
    if (c->hit_count < HITS_MAX && holds(c, r, &h))
        c->hits[c->hit_count++] = h;
}

/* One step over the whole sentence: to[i] is where the row begins that reaches word i. */
static bool step(const struct words *w, const uint64_t mask[CLASS_SETS], size_t gap, bool first,
                 const int16_t *from, int16_t *to)
{
    size_t last = 0;
    bool reached = false, any = false;
    for (size_t i = 0; i < w->count; i++) {
        const struct word *one = &w->items[i];
        uint64_t common = 0;
        for (size_t k = 0; k < CLASS_SETS; k++)
            common |= one->classes[k] & mask[k];
        bool near = first || (reached && i - last <= gap + 1);
        to[i] = common && near ? (first ? (int16_t)i : from[last]) : NOWHERE;
        any = any || to[i] != NOWHERE;
        if (!first && from[i] != NOWHERE) {
            last = i;
            reached = true;
        } else if (word_parts(one) || word_in(one, TURN)) {
            reached = false;
        }
    }
    return any;
}

static void try_rule(struct clause *c, const struct rule *r)
{
    int16_t a[WORDS_MAX], b[WORDS_MAX], *from = a, *to = b;
    size_t gap = DEFAULT_GAP;
    bool first = true;
    for (const uint8_t *s = r->steps; *s;) {
        uint64_t mask[CLASS_SETS] = {0};
        if (*s < CLASS_FIRST) {
            gap = *s == NEXT ? 0 : *s;
            s++;
        }
        mask[*s / 64] |= UINT64_C(1) << (*s % 64);
        for (s++; *s == OR; s += 2)
            mask[s[1] / 64] |= UINT64_C(1) << (s[1] % 64);
        if (!step(&c->words, mask, gap, first, from, to))
            return;
        for (size_t i = 0; first && (r->flags & AT_START) && i < c->words.count; i++)
            if (to[i] != NOWHERE && !at_start(&c->words, i))
                to[i] = NOWHERE;
        int16_t *swap = from;
        from = to;
        to = swap;
        first = false;
        gap = DEFAULT_GAP;
    }
    for (size_t i = 0; i < c->words.count; i++)
        if (from[i] != NOWHERE)
            add_hit(c, r, (size_t)from[i], i + 1);
}

static bool all_there(const uint64_t present[CLASS_SETS], const struct rule *r)
{
    for (const uint8_t *s = r->steps; *s; s++) {
        if (*s < CLASS_FIRST)
            continue;
        bool there = (present[*s / 64] >> (*s % 64)) & 1;
        for (; s[1] == OR; s += 2)
            there = there || ((present[s[2] / 64] >> (s[2] % 64)) & 1);
        if (!there)
            return false;
    }
    return !r->unless || !((present[r->unless / 64] >> (r->unless % 64)) & 1);
}

static void try_rules(struct clause *c)
{
    uint64_t present[CLASS_SETS] = {0};
    for (size_t i = 0; i < c->words.count; i++)
        for (size_t k = 0; k < CLASS_SETS; k++)
            present[k] |= c->words.items[i].classes[k];
    for (const struct rule *r = suggestion_rules; r->steps[0]; r++)
        if (all_there(present, r))
            try_rule(c, r);
}

/* --- together --------------------------------------------------------------------------------*/

static bool overlap(const struct hit *a, const struct hit *b)
{
    return a->begin < b->end && b->begin < a->end;
}

static void drop(struct clause *c, size_t at)
{
    c->hits[at] = c->hits[--c->hit_count];
}

/* "J'ai mis la facture en paiement pour le 8/12": done is only the order. */
static bool is_ordered_ahead(const struct clause *c)
{
    bool ahead = false;
    for (size_t i = 0; i < c->date_count; i++) {
        const struct word *first = &c->words.items[c->dates[i].begin];
        if (*c->dates[i].back)
            return false;
        ahead = ahead || (word_in(first, DAY_AHEAD) && word_is(first, "pour for"));
    }
    return ahead;
}

/* A payment that was made is not promised; what is asked for is not promised either; who is told
   to turn to somebody else is not asked for papers. */
static void settle_conflicts(struct clause *c)
{
    bool ordered = is_ordered_ahead(c);
    for (size_t i = 0; i < c->hit_count; i++)
        if (ordered && c->hits[i].kind == SUGGEST_PAID)
            c->hits[i].kind = SUGGEST_PROMISE;
    for (size_t i = 0; i < c->hit_count;) {
        bool gone = false;
        for (size_t k = 0; k < c->hit_count && !gone; k++) {
            const struct hit *a = &c->hits[i], *b = &c->hits[k];
            if (a->kind == SUGGEST_PROMISE && overlap(a, b))
                gone = b->kind == SUGGEST_PAID || (b->kind == SUGGEST_TIME && (a->flags & DATED));
        }
        if (gone)
            drop(c, i);
        else
            i++;
    }
}

static void take_contact(struct clause *c, const struct strings *senders, bool automatic)
{
    size_t begin;
    bool sends;
    if (!contact_named(&c->words, c->sentence, senders, automatic, &begin, &sends))
        return;
    bool again = false;
    for (size_t i = 0; i < c->words.count; i++)
        again = again || word_in(&c->words.items[i], AGAIN) ||
                (i < begin && word_is(&c->words.items[i], "m me nous"));
    for (size_t i = 0; sends && !again && i < c->hit_count;)
        if (c->hits[i].kind == SUGGEST_DOCUMENT)
            drop(c, i);
        else
            i++;
    if (c->hit_count < HITS_MAX)
        c->hits[c->hit_count++] = (struct hit){SUGGEST_PERSON, 0, begin, begin + 1};
}

static void take_amounts(struct clause *c)
{
    for (size_t i = 0; i < c->words.count && c->amount_count < AMOUNTS_MAX;) {
        struct spoken_amount *a = &c->amounts[c->amount_count];
        if (!amount_at(&c->words, i, &a->end, &a->amount)) {
            i++;
            continue;
        }
        a->begin = i;
        word_class_set(&c->words.items[i], SUM);
        i = a->end;
        c->amount_count++;
    }
}

bool clause_read(struct clause *c, const struct vocabulary *v, const char *sentence,
                 const struct day *day, const struct strings *senders, bool automatic)
{
    *c = (struct clause){.sentence = sentence};
    if (!words_read(v, sentence, strlen(sentence), &c->words))
        return false;
    mark_part(c, WHEN, MOOD_SUPPOSED);
    mark_part(c, REPORTED, MOOD_REPORTED);
    mark_question(c);
    c->date_count = spoken_dates(&c->words, day, c->dates);
    take_amounts(c);
    c->has_day = clause_mark_days(c);
    try_rules(c);
    settle_conflicts(c);
    take_contact(c, senders, automatic);
    for (size_t i = 0; automatic && i < c->hit_count;) /* it knows nothing of this claim */
        if (c->hits[i].kind != SUGGEST_PERSON)
            drop(c, i);
        else
            i++;
    return true;
}

void clause_free(struct clause *c)
{
    words_free(&c->words);
}
