/*
 * suggest_contact - does a sentence send the reader to somebody else?
 */
#include "policy/suggest_contact.h"

#include <string.h>
#include <strings.h>

enum { REACH = 12, NAME_REACH = 8, PHONE_DIGITS = 9 };

static bool is_sender(const struct word *w, const char *sentence, const struct strings *senders)
{
    for (size_t i = 0; i < senders->count; i++)
        if (strlen(senders->items[i]) == w->end - w->begin &&
            strncasecmp(senders->items[i], sentence + w->begin, w->end - w->begin) == 0)
            return true;
    return false;
}

/* A telephone number at this word: French ones begin with 0, others with +. */
static bool is_phone(const struct words *w, size_t at)
{
    size_t digits = 0;
    const struct word *one = &w->items[at];
    bool plus = one->kind == WORD_MARK && one->text[0] == '+';
    if (!plus && !(one->kind == WORD_NUMBER && one->text[0] == '0'))
        return false;
    for (size_t i = at + plus; i < w->count && i < at + 8; i++) {
        if (w->items[i].kind == WORD_MARK && strchr("()", w->items[i].text[0]))
            continue;
        if (w->items[i].kind != WORD_NUMBER || strpbrk(w->items[i].text, "/,"))
            break;
        for (const char *c = w->items[i].text; *c; c++)
            digits += *c >= '0' && *c <= '9';
    }
    return digits >= PHONE_DIGITS && digits <= 15;
}

/* A person's name: a title and a capital, or two capitals in a row inside the sentence. */
static bool is_name(const struct words *w, size_t at)
{
    const struct word *one = &w->items[at];
    if (at + 1 >= w->count || w->items[at + 1].kind != WORD_LETTERS)
        return false;
    bool next = w->items[at + 1].capital;
    return next &&
           (word_in(one, TITLE) ? one->capital || strlen(one->text) > 1 : one->capital && at > 0);
}

struct target {
    bool address, phone, name, service;
};

static struct target target_behind(const struct words *w, const char *sentence,
                                   const struct strings *senders, size_t from, size_t to)
{
    struct target t = {false, false, false, false};
    for (size_t i = from; i < w->count && i < to; i++) {
        const struct word *one = &w->items[i];
        if (one->kind == WORD_MARK && strchr("?!.", one->text[0]))
            break;
        t.address = t.address || (one->kind == WORD_ADDRESS && !is_sender(one, sentence, senders));
        t.phone = t.phone || is_phone(w, i);
        t.name = t.name || (i < from + NAME_REACH && is_name(w, i));
        t.service = t.service || (i < from + 6 && word_in(one, SERVICE));
    }
    return t;
}

static bool any_of(const struct words *w, size_t from, size_t to, enum word_class class)
{
    for (size_t i = from; i < to && i < w->count; i++)
        if (word_in(&w->items[i], class))
            return true;
    return false;
}

/* "me contacter", "contact me": the writer himself. */
static bool is_about_writer(const struct words *w, size_t verb)
{
    return (verb > 0 && word_is(&w->items[verb - 1], "me m nous")) ||
           (verb + 1 < w->count && word_is(&w->items[verb + 1], "moi me us nous")) ||
           (verb > 1 && word_is(&w->items[verb - 2], "me m nous") &&
            word_is(&w->items[verb - 1], "re"));
}

/* "Je vais contacter": what the writer will do himself. */
static bool is_writers_own(const struct words *w, size_t verb)
{
    for (size_t i = verb; i > 0 && i + 3 > verb && w->items[i - 1].kind != WORD_MARK; i--)
        if (word_is(&w->items[i - 1], "je j i"))
            return true;
    return false;
}

/* Is one told to do this: "merci de …", "veuillez …", "please …", or the imperative? */
static bool is_told(const struct words *w, size_t verb)
{
    const struct word *one = &w->items[verb];
    size_t len = strlen(one->text), from = verb > 4 ? verb - 4 : 0;
    bool imperative = len > 4 && strcmp(one->text + len - 2, "ez") == 0;
    if (imperative)
        return verb == 0 || !word_is(&w->items[verb - 1], "vous");
    for (size_t i = from; i < verb; i++)
        if (word_in(&w->items[i], REQUEST) ||
            word_is(&w->items[i], "pouvez invite prie veuillez faut faudrait devez should need "
                                  "must hesitez conseille suggest vous"))
            return true;
    return verb == 0 || (w->items[verb - 1].kind == WORD_MARK &&
                         !word_is(one, "contact service address copy relation interlocuteur"));
}

bool contact_named(const struct words *w, const char *sentence, const struct strings *senders,
                   bool automatic, size_t *begin, bool *sends)
{
    bool writer = false;
    for (size_t i = 0; i < w->count; i++) {
        if (!word_in(&w->items[i], CONTACT))
            continue;
        if (is_about_writer(w, i)) {
            writer = true;
            continue;
        }
        struct target t = target_behind(w, sentence, senders, i + 1, i + 1 + REACH);
        *sends = word_is(
            &w->items[i],
            "envoyer envoyez renvoyer renvoyez resend adresser adressez transmettre send forward "
            "direct redirect rediriger email address");
        bool person = t.address || (!*sends && (t.phone || t.name || t.service)) ||
                      (*sends && t.service && !any_of(w, i + 1, i + 3, TO_ME));
        *begin = i;
        if (person && is_told(w, i) && !is_writers_own(w, i))
            return true;
    }
    if (!automatic || writer)
        return false;
    struct target t = target_behind(w, sentence, senders, 0, w->count);
    *begin = 0;
    *sends = false;
    /* "Votre message à x@… est en attente" names nobody to turn to. */
    bool alone = w->count <= 4;
    bool told = alone || t.name || t.service || any_of(w, 0, w->count, CONTACT);
    return (t.address && told) || (t.phone && t.name);
}
