/*
 * other - what came in and is neither a report about our mail nor anybody's answer
 */
#include "policy/other.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/autoreply.h"
#include "policy/autoreply_words.h"

enum { FAREWELL_OCTETS = 1500 };

/* --- by its form -----------------------------------------------------------------------------*/

static bool has_end(const char *name, const char *end)
{
    size_t len = strlen(name), n = strlen(end);
    return len >= n && strcasecmp(name + len - n, end) == 0;
}

/* "receiver!policy-domain!begin!end.xml.gz" (RFC 7489, 7.2.1.1; RFC 8460, 5.1). */
static bool is_report_name(const char *name)
{
    unsigned parts = 0;
    for (const char *p = name; *p; p++)
        parts += *p == '!';
    return parts >= 3 && (has_end(name, ".xml") || has_end(name, ".gz") || has_end(name, ".zip") ||
                          has_end(name, ".json"));
}

static bool is_other_report(const struct mail *m, size_t part)
{
    return mail_is(m, part, "message/feedback-report") ||
           mail_is(m, part, "application/tlsrpt+gzip") ||
           mail_is(m, part, "application/tlsrpt+json") || is_report_name(m->parts[part].name);
}

/* A calendar's own mail (RFC 6047) has the event beside its text, not as a file. */
static bool is_calendar(const struct mail *m, size_t part)
{
    const struct mail_part *p = &m->parts[part];
    bool body = part == 0 || mail_is(m, p->parent, "multipart/alternative");
    return mail_is(m, part, "text/calendar") && body && !p->attachment;
}

bool other_by_form(const struct mail *m)
{
    if (m->reading.signs.calendar_class)
        return true;
    for (size_t i = 0; i < m->count; i++)
        if (!m->parts[i].returned && m->parts[i].form == PART_LEAF &&
            (is_other_report(m, i) || is_calendar(m, i)))
            return true;
    return false;
}

/* --- nobody's answer -------------------------------------------------------------------------*/

static bool is_blank(const struct bytes *body)
{
    return !body->data || !body->data[strspn(body->data, " \t\n")];
}

/* A scanned letter alone says something, too. */
static bool is_text(const struct mail *m)
{
    return m->count == 0 || mail_is(m, 0, "text/*");
}

/* Newsletters have to say how one is rid of them. */
static const char *const farewells[] = {
    "desinscrire|desabonner|desinscription|desabonnement|unsubscribe|unsubscribing",
    "vous recevez ce|cet ~ car|parce|suite",
    "you are|re receiving this",
    "newsletter|abbestellen",
    NULL,
};

/* A program's notice says that it is one, at its end or at its beginning. */
static bool says_so(const struct mail *m, const struct bytes *body, bool *found)
{
    struct phrases words = {0}, end = {0}, subject = {0};
    struct autoreply_words w;
    const char *text = body->data ? body->data : "";
    size_t skip = body->len > FAREWELL_OCTETS ? body->len - FAREWELL_OCTETS : 0;
    bool done = phrases_take(text, body->len, &words) &&
                phrases_take(text + skip, body->len - skip, &end) &&
                phrases_take(m->reading.subject, strlen(m->reading.subject), &subject);
    if (done) {
        autoreply_words_read(&words, &subject, &w);
        *found = !w.engages && !w.first_person &&
                 (w.declares || w.no_reply || phrases_say(&end, farewells));
    }
    phrases_free(&words);
    phrases_free(&end);
    phrases_free(&subject);
    return done;
}

bool other_read(const struct mail *m, const struct bytes *body, bool *found)
{
    const struct autoreply_signs *s = &m->reading.signs;
    bool threaded = m->reading.in_reply_to.count || m->reading.references.count;
    *found = true;
    if (m->header.count == 0 || (m->reading.from.count == 0 && !threaded))
        return true;
    if (!threaded && (s->bulk || (is_blank(body) && m->count < 2 && is_text(m))))
        return true;
    if (!autoreply_answers(m) && (s->generated || s->low || s->no_reply))
        return true;
    *found = false;
    return autoreply_answers(m) || says_so(m, body, found);
}
