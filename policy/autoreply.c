/*
 * autoreply - was a message sent by a program on somebody's behalf?
 */
#include "policy/autoreply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/autoreply_words.h"

/* --- the words of the sender -----------------------------------------------------------------*/

static bool ends_with(const char *line, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len >= n && memcmp(line + len - n, end, n) == 0;
}

/* Does somebody else's mail begin with this line? */
static bool begins_quote(const char *line, size_t len)
{
    static const char *const begins[] = {"-----Message",   "----- Message", "-----Original",
                                         "----- Original", "-----Urspr",    "________",
                                         "---- Message",   "De :",          "De\xc2\xa0:",
                                         "De: ",           "From:",         "Von:"};
    static const char *const ends[] = {"a \xc3\xa9"
                                       "crit\xc2\xa0:",
                                       "a \xc3\xa9"
                                       "crit :",
                                       "a \xc3\xa9"
                                       "crit:",
                                       "wrote:",
                                       "schrieb:",
                                       "scritto:",
                                       "escribi\xc3\xb3:"};
    while (len && strchr(" \t\r", line[len - 1]))
        len--;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (len >= strlen(begins[i]) && memcmp(line, begins[i], strlen(begins[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(line, len, ends[i]))
            return true;
    return false;
}

/* The beginning of the body without lines that quote. False: out of memory. */
static bool own_words(const struct bytes *body, struct bytes *own, bool *quotes)
{
    *quotes = false;
    for (size_t at = 0; at < body->len && own->len < PHRASES_OCTETS_MAX;) {
        const char *line = body->data + at;
        const char *lf = memchr(line, '\n', body->len - at);
        size_t len = lf ? (size_t)(lf - line) + 1 : body->len - at;
        bool quoted = *line == '>';
        at += len;
        if (!quoted && begins_quote(line, lf ? len - 1 : len)) {
            *quotes = true;
            break;
        }
        *quotes = *quotes || quoted;
        if (!quoted && !bytes_append(own, line, len))
            return false;
    }
    return true;
}

/* --- what they mean --------------------------------------------------------------------------*/

bool autoreply_answers(const struct mail *m)
{
    const struct reading *r = &m->reading;
    return r->in_reply_to.count || r->references.count || r->signs.lead == SUBJECT_REPLY;
}

static bool is_threaded(const struct mail *m)
{
    return m->reading.in_reply_to.count || m->reading.references.count;
}

/* "Bonjour Jeanne": does the text greet somebody whom To names? Whoever answers for all that
   write does not know their names. False in *greets where it cannot be told. */
static bool greets(const struct mail *m, const struct phrases *words, bool *greets)
{
    static const char *const greetings[] = {
        "bonjour|bonsoir|cher|chere|hello|hi|dear|madame|monsieur|hallo|hola|buongiorno", NULL};
    struct phrases to = {0};
    char *value;
    *greets = false;
    if (!phrases_begin(words, greetings, 0))
        return true;
    bool done =
        mail_field(&m->header, "To", &value) && (!value || phrases_take(value, strlen(value), &to));
    for (size_t i = 1;
         done && i < 4 && i < words->count && isalpha((unsigned char)*words->words[i]); i++)
        for (size_t k = 0; k < to.count; k++)
            *greets = *greets || strcmp(words->words[i], to.words[k]) == 0;
    free(value);
    phrases_free(&to);
    return done;
}

/* A notice of absence; the fewer signs of a program, the more its words must be a notice's. */
static bool is_absence(const struct mail *m, const struct autoreply_words *w, bool quotes)
{
    const struct autoreply_signs *s = &m->reading.signs;
    bool absent = w->absent || (w->away && s->lead == SUBJECT_PLAIN);
    if (!absent || w->engages || s->lead == SUBJECT_FORWARD)
        return false;
    if (autoreply_signs_hints(s) > 0 || w->declares)
        return true;
    if (quotes || w->greets || (s->client && is_threaded(m)))
        return false;
    return w->defers || (w->topic && s->lead != SUBJECT_REPLY) || !is_threaded(m);
}

/* A ticket system's or a shared mailbox's acknowledgement. */
static bool is_acknowledgement(const struct mail *m, const struct autoreply_words *w, bool quotes)
{
    const struct autoreply_signs *s = &m->reading.signs;
    if (!w->receives || w->engages || s->lead == SUBJECT_FORWARD)
        return false;
    if (w->declares || autoreply_signs_hints(s) > 0)
        return true;
    if (w->first_person || s->client)
        return false;
    if (w->ticket || w->no_reply)
        return true;
    return !quotes && w->receives > (is_threaded(m) ? 2 : 1);
}

static bool is_machines(const struct mail *m, const struct autoreply_words *w, bool quotes)
{
    const struct autoreply_signs *s = &m->reading.signs;
    bool answers = autoreply_answers(m);
    unsigned hints = autoreply_signs_hints(s);
    if (is_absence(m, w, quotes) || is_acknowledgement(m, w, quotes))
        return true;
    if (answers && hints > 1)
        return true;
    if (w->engages)
        return false;
    if (w->declares && (answers || w->defers || w->challenges))
        return true;
    if (w->challenges && (hints > 0 || !is_threaded(m)))
        return true;
    return answers && s->no_reply;
}

bool autoreply_read(const struct mail *m, const struct bytes *body, bool *found)
{
    const struct autoreply_signs *s = &m->reading.signs;
    *found = s->replied || s->automatic_subject || (s->generated && autoreply_answers(m));
    if (*found)
        return true;
    struct bytes own = {0};
    struct phrases words = {0}, subject = {0};
    struct autoreply_words w;
    bool quotes, done = own_words(body, &own, &quotes) &&
                        phrases_take(own.data ? own.data : "", own.len, &words) &&
                        phrases_take(m->reading.subject, strlen(m->reading.subject), &subject);
    if (done) {
        autoreply_words_read(&words, &subject, &w);
        done = greets(m, &words, &w.greets);
        *found = is_machines(m, &w, quotes) ||
                 (s->generated && (w.absent || w.receives || w.ticket || w.challenges));
    }
    phrases_free(&subject);
    phrases_free(&words);
    bytes_free(&own);
    return done;
}
