/*
 * erasure - what may be erased, on which grounds, and from when on it has to be
 */
#include "policy/erasure.h"

#include <string.h>
#include <time.h>

static const struct erasure_ground grounds[] = {
    {"person-request",
     {"demande de la personne concernée (RGPD, art. 17)",
      "request of the person concerned (GDPR, art. 17)"}},
    {"objection",
     {"opposition de la personne concernée (RGPD, art. 21)",
      "objection of the person concerned (GDPR, art. 21)"}},
    {"retention-expired", {"durée de conservation échue", "the time of retention is over"}},
    {"unlawful",
     {"donnée qui n'aurait pas dû être traitée (RGPD, art. 17.1 d)",
      "data that should never have been processed (GDPR, art. 17.1 d)"}},
    {"mistake", {"message versé par erreur", "message filed by mistake"}},
    {"privileged",
     {"secret professionnel (correspondance avec un avocat)",
      "professional secrecy (a lawyer's correspondence)"}},
    {"personal-mail", {"correspondance privée d'un salarié", "an employee's private mail"}},
    {"court-order",
     {"décision d'une juridiction ou d'une autorité", "order of a court or an authority"}},
};

const struct erasure_ground *erasure_ground_at(size_t index)
{
    return index < sizeof grounds / sizeof *grounds ? &grounds[index] : NULL;
}

const struct erasure_ground *erasure_ground(const char *name)
{
    for (size_t i = 0; name && i < sizeof grounds / sizeof *grounds; i++)
        if (strcmp(grounds[i].name, name) == 0)
            return &grounds[i];
    return NULL;
}

static bool listed(const char *const *list, size_t count, const char *event)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], event) == 0)
            return true;
    return false;
}

bool erasure_allowed(const char *event)
{
    static const char *const kept[] = {
        "erasure", "hold",  "release",       "export", "read", "init",  "restore",    "start",
        "stop",    "clock", "configuration", "key",    "seal", "batch", "checkpoint", "timestamp"};
    return event && *event && !listed(kept, sizeof kept / sizeof *kept, event);
}

bool retention_is_accounting(const char *event)
{
    static const char *const documents[] = {"invoice", "credit-note", "payment", "piece"};
    return event && listed(documents, sizeof documents / sizeof *documents, event);
}

int64_t retention_end(int64_t settled, int64_t recorded, const char *event,
                      const struct retention_years *years)
{
    time_t from = (time_t)(recorded > settled ? recorded : settled);
    struct tm tm;
    if (!gmtime_r(&from, &tm))
        return INT64_MAX; /* no such year: it never ends */
    tm.tm_year += (int)(retention_is_accounting(event) ? years->accounting : years->general);
    return (int64_t)timegm(&tm);
}
