/*
 * bounce_signs - did a program that delivers mail write this, or a person?
 */
#include "policy/bounce_signs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/address.h"
#include "policy/bounce_phrases.h"

static bool has_field(const struct mail *m, const char *name)
{
    return fields_count(&m->header, name) > 0;
}

/* The folded value of the first field of this name, "" when there is none; NULL: no memory. */
static char *folded_field(const struct mail *m, const char *name)
{
    char *value;
    if (!mail_field(&m->header, name, &value))
        return NULL;
    char *folded = bounce_fold(value ? value : "", value ? strlen(value) : 0);
    free(value);
    return folded;
}

/* Return-Path or the mbox line: the null sender. */
static bool is_null_path(const struct mail *m)
{
    size_t at = fields_find(&m->header, "Return-Path", 1);
    if (at == m->header.count)
        return false;
    const char *value = m->header.items[at].value;
    value += strspn(value, " \t\n");
    return strncmp(value, "<>", 2) == 0;
}

/* Local parts that programs and people share. */
static bool is_office(const char *address)
{
    static const char *const names[] = {"postmaster",    "administrat",     "admin@",
                                        "mailadmin",     "noreply",         "no-reply",
                                        "no_reply",      "donotreply",      "do-not-reply",
                                        "nepasrepondre", "ne-pas-repondre", "ne_pas_repondre",
                                        "mailgateway",   "antispam",        "dsn@",
                                        "ndr@",          "notification",    "hostmaster",
                                        "bounce",        "return@",         "mta@",
                                        "smtp@"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(address, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Is From a mail system's address or name, or nobody's? */
static bool take_sender(const struct mail *m, struct bounce_signs *s)
{
    char *from = folded_field(m, "From");
    if (!from)
        return false;
    const struct strings *list = &m->reading.from;
    s->daemon = list->count == 0 || *list->items[0] == '@' || bounce_says(from, BOUNCE_DAEMON_NAME);
    s->office = !s->daemon && (is_office(list->items[0]) || bounce_says(from, BOUNCE_OFFICE_NAME));
    free(from);
    return true;
}

static bool take_subject(const struct mail *m, struct bounce_signs *s)
{
    char *subject = folded_field(m, "Subject");
    if (!subject)
        return false;
    s->answer = bounce_opens(subject, BOUNCE_ANSWER);
    s->delay = bounce_says(subject, BOUNCE_SUBJECT_DELAY);
    s->success =
        bounce_says(subject, BOUNCE_SUCCESS) || bounce_opens(subject, BOUNCE_SUBJECT_ARRIVED);
    s->subject =
        bounce_says(subject, BOUNCE_SUBJECT) || bounce_opens(subject, BOUNCE_SUBJECT_ARRIVED);
    s->person = s->person || bounce_opens(subject, BOUNCE_AUTOMATIC) ||
                (!s->subject && bounce_says(subject, BOUNCE_AUTOMATIC));
    free(subject);
    return true;
}

/* Programs that people write with; some servers name themselves in X-Mailer, too. */
static bool by_mail_program(const struct mail *m)
{
    static const char *const programs[] = {
        "outlook", "thunderbird", "apple mail", "iphone mail", "ipad mail",   "roundcube", "zimbra",
        "k-9",     "evolution",   "kmail",      "mutt",        "lotus notes", "sogo",      "horde"};
    char *agent = folded_field(m, "User-Agent"), *mailer = folded_field(m, "X-Mailer");
    bool found = false;
    for (size_t i = 0; agent && mailer && i < sizeof programs / sizeof *programs; i++)
        found = found || strstr(agent, programs[i]) || strstr(mailer, programs[i]);
    free(agent);
    free(mailer);
    return found;
}

static bool take_parts(const struct mail *m, struct bounce_signs *s)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->parts[i].returned)
            continue;
        s->returned = s->returned || m->parts[i].form == PART_MESSAGE ||
                      mail_is(m, i, "text/rfc822-headers") ||
                      mail_is(m, i, "message/global-headers");
        s->report = s->report || mail_is(m, i, "message/delivery-status") ||
                    mail_is(m, i, "message/global-delivery-status");
    }
    if (!m->count || !mail_is(m, 0, "multipart/report"))
        return true;
    char *type;
    if (!mail_part_parameter(m, 0, "report-type", &type))
        return false;
    s->root = s->report || !type || strcasecmp(type, "delivery-status") == 0;
    free(type);
    return true;
}

bool bounce_signs(const struct mail *m, struct bounce_signs *s)
{
    *s = (struct bounce_signs){.null_path = is_null_path(m),
                               .failed = has_field(m, "X-Failed-Recipients") ||
                                         has_field(m, "X-MS-Exchange-Message-Is-Ndr"),
                               .automatic = m->reading.kind == KIND_AUTO_REPLY,
                               .person = by_mail_program(m),
                               .answers = m->reading.in_reply_to.count > 0,
                               .list = has_field(m, "List-Id") || has_field(m, "List-Post") ||
                                       has_field(m, "X-List-Administrivia")};
    return take_sender(m, s) && take_subject(m, s) && take_parts(m, s);
}

bool signs_may_tell(const struct bounce_signs *s)
{
    bool machine = s->daemon || s->office || s->null_path || s->failed || s->report || s->root ||
                   (s->subject && s->automatic);
    bool passed_on = (s->answer && !s->daemon) || s->list || (s->person && !s->failed && !s->root);
    return machine && !passed_on;
}

bool signs_read_words(const char *notice, size_t len, struct bounce_signs *s)
{
    char *words = bounce_fold(notice, len);
    if (!words)
        return false;
    s->opening = bounce_says(words, BOUNCE_OPENING);
    s->greets = bounce_opens(words, BOUNCE_GREETING);
    s->delay = s->delay || bounce_says(words, BOUNCE_DELAY);
    s->success = s->success || bounce_says(words, BOUNCE_SUCCESS);
    s->relayed = bounce_says(words, BOUNCE_RELAYED);
    free(words);
    return true;
}

bool signs_tell_notice(const struct bounce_signs *s, const struct evidence *e)
{
    if (!signs_may_tell(s) || !(s->subject || s->opening))
        return false;
    if (s->failed || s->report || s->root)
        return true;
    bool told = e->named || e->replied || s->returned;
    unsigned words = s->subject + s->opening + s->returned + (e->listed || e->replied);
    if (s->daemon)
        return words >= 2;
    if (s->greets && !s->automatic)
        return words == 4;
    if (s->office || s->null_path)
        return (s->subject && told && words >= (s->answers && !s->automatic ? 3 : 2)) ||
               (s->opening && e->replied && !s->answers);
    return words >= 3 && (s->returned || e->replied);
}

bool signs_tell_forward(const struct bounce_signs *s)
{
    bool machine = s->daemon || s->office || s->null_path || s->failed || s->automatic;
    return !s->root && (!machine || ((s->answer || s->person) && !s->daemon));
}
