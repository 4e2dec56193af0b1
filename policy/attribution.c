/*
 * attribution - who wrote a message, as far as that is shown, and what it may be said to prove
 */
#include "policy/attribution.h"

#include <string.h>

/* Where anybody can have an address: a signature there proves an account, not a company. The list
   cannot be complete; what is said of it is a reservation more, never a claim. */
static const char *const freemail[] = {
    "aol.com",        "bbox.fr",        "fastmail.com",  "free.fr",     "gmail.com",
    "gmx.at",         "gmx.ch",         "gmx.com",       "gmx.de",      "gmx.fr",
    "gmx.net",        "googlemail.com", "hotmail.co.uk", "hotmail.com", "hotmail.fr",
    "icloud.com",     "laposte.net",    "live.com",      "live.fr",     "mac.com",
    "mail.com",       "mail.ru",        "me.com",        "msn.com",     "neuf.fr",
    "numericable.fr", "orange.fr",      "outlook.com",   "outlook.fr",  "pm.me",
    "proton.me",      "protonmail.com", "sfr.fr",        "t-online.de", "wanadoo.fr",
    "web.de",         "yahoo.co.uk",    "yahoo.com",     "yahoo.de",    "yahoo.fr",
    "yandex.com",     "ymail.com",
};

static const char *const names[] = {"none", "signed", "domain", "contact"};

static bool is_freemail(const char *domain)
{
    for (size_t i = 0; i < sizeof freemail / sizeof *freemail; i++)
        if (strcmp(freemail[i], domain) == 0)
            return true;
    return false;
}

bool attribution_aligned(const char *domain, const char *from_domain)
{
    size_t len = strlen(domain), from = strlen(from_domain);
    if (len == from)
        return strcmp(domain, from_domain) == 0;
    /* A domain of one label is a registry: it signs for nobody. */
    return strchr(domain, '.') && from > len && from_domain[from - len - 1] == '.' &&
           strcmp(from_domain + from - len, domain) == 0;
}

/* The domain that signed for From; NULL: none. */
static const char *signer(const struct attribution_facts *f)
{
    if (!f->from_domain || !*f->from_domain || !f->passed)
        return NULL;
    for (size_t i = 0; i < f->passed->count; i++)
        if (attribution_aligned(f->passed->items[i], f->from_domain))
            return f->passed->items[i];
    return NULL;
}

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

struct attribution attribution_find(const struct attribution_facts *f)
{
    struct attribution a = {.level = event_level(f->event, f->level)};
    if (f->erased)
        return a; /* the record says which level it had; nobody can say why any more */
    a.domain = signer(f);
    if (a.domain) {
        a.by = f->by;
        a.freemail = is_freemail(f->from_domain);
        a.to = f->known == SENDER_CONTACT                 ? ATTRIBUTED_CONTACT
               : f->known == SENDER_DOMAIN && !a.freemail ? ATTRIBUTED_DOMAIN
                                                          : ATTRIBUTED_SIGNED;
    }
    a.disowned = f->disowned && !a.domain;
    if (a.disowned && a.level == LEVEL_REPORTED)
        a.level = LEVEL_NONE;
    if (is(f->event, "reply"))
        a.level = is(f->how, "token") && is(f->strength, "strong") && a.to >= ATTRIBUTED_DOMAIN
                      ? LEVEL_ACKNOWLEDGED
                      : LEVEL_NONE;
    return a;
}

/* --- names ----------------------------------------------------------------------------------*/

const char *attribution_name(enum attributed_to to)
{
    return names[to];
}

const char *key_kept_name(enum key_kept kept)
{
    static const char *const kinds[] = {"none", "bogus", "seen", "validated"};
    return kinds[kept];
}

const char *sender_known_name(enum sender_known known)
{
    return known == SENDER_CONTACT ? "contact" : known == SENDER_DOMAIN ? "domain" : NULL;
}

enum sender_known sender_known_from(const char *name)
{
    return is(name, "contact")  ? SENDER_CONTACT
           : is(name, "domain") ? SENDER_DOMAIN
                                : SENDER_UNKNOWN;
}

/* --- words ----------------------------------------------------------------------------------*/

bool attribution_words(const struct attribution *a, enum language language, struct bytes *out)
{
    static const char *const who[][2] = {
        {"auteur non authentifié : aucune signature DKIM valide du domaine de l'expéditeur n'a été "
         "constatée",
         "author not authenticated: no valid DKIM signature of the sender's domain was found"},
        {"l'expéditeur n'était pas un contact connu", "the sender was not a known contact"},
        {"ce domaine était connu comme celui du débiteur, l'adresse n'était pas celle d'un contact",
         "this domain was known as the debtor's, the address was not that of a contact"},
        {"l'adresse était celle d'un contact connu du débiteur",
         "the address was that of a known contact of the debtor"}};
    static const char *const public[] = {" ; messagerie ouverte à tous : prouve un compte, non une "
                                         "société",
                                         "; a mail service open to all: proves an account, not a "
                                         "company"};
    static const char *const disowned[] = {
        "l'authentification du domaine de l'expéditeur a échoué : l'expéditeur est peut-être "
        "contrefait",
        "the authentication of the sender's domain failed: the sender may be forged"};
    static const char *const server[] = {"notre serveur", "our server"};
    static const char *const keys[][2] = {
        {" ; sa clé DNS n'est pas conservée", "; its DNS key is not kept"},
        {" ; la clé DNS reçue est contredite par DNSSEC", "; its DNS key is contradicted by "
                                                          "DNSSEC"},
        {" ; clé DNS conservée, vue de notre seul serveur",
         "; its DNS key is kept, seen by our server only"},
        {" ; clé DNS conservée, authentique selon DNSSEC",
         "; its DNS key is kept, validated by DNSSEC"}};
    if (a->disowned)
        return bytes_puts(out, disowned[language]);
    if (a->to == ATTRIBUTED_NONE)
        return bytes_puts(out, who[0][language]);
    const char *by = a->by ? a->by : server[language], *author = who[a->to][language];
    bool done =
        language == LANGUAGE_FR
            ? bytes_printf(out, "signature DKIM du domaine %s, valide selon %s ; %s", a->domain, by,
                           author)
            : bytes_printf(out, "DKIM signature of the domain %s, valid according to %s; %s",
                           a->domain, by, author);
    return done && (!a->freemail || bytes_puts(out, public[language])) &&
           bytes_puts(out, keys[a->key][language]);
}

const char *attribution_event_words(const char *event, const struct attribution *a,
                                    enum language language)
{
    static const struct {
        const char *event, *words[2];
    } reports[] = {
        {"failed",
         {"échec de remise, selon un rapport signé (DKIM) du domaine du débiteur",
          "reported: delivery failed, says a report signed (DKIM) by the debtor's domain"}},
        {"delayed",
         {"remise retardée, selon un rapport signé (DKIM) du domaine du débiteur",
          "reported: delivery delayed, says a report signed (DKIM) by the debtor's domain"}},
        {"reported-delivered",
         {"remise annoncée par un rapport signé (DKIM) du domaine du débiteur",
          "reported: delivered, says a report signed (DKIM) by the debtor's domain"}},
        {"reported-displayed",
         {"affichage annoncé par un accusé signé (DKIM) du domaine du débiteur, ce qui ne prouve "
          "pas la lecture",
          "reported: displayed, says a receipt signed (DKIM) by the debtor's domain; this does "
          "not prove reading"}},
    };
    static const char *const forged[] = {
        "rapport ou accusé dont l'authentification a échoué, peut-être contrefait",
        "a report or receipt that fails authentication, perhaps forged"};
    for (size_t i = 0; a->disowned && i < sizeof reports / sizeof *reports; i++)
        if (is(event, reports[i].event))
            return forged[language];
    if (a->disowned && (is(event, "dsn") || is(event, "mdn")))
        return forged[language];
    for (size_t i = 0; a->to >= ATTRIBUTED_DOMAIN && i < sizeof reports / sizeof *reports; i++)
        if (is(event, reports[i].event))
            return reports[i].words[language];
    return event_words(event, a->level, language);
}
