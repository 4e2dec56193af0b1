/*
 * dossier_claims - what the documents claim, what they do not, and how to check it
 */
#include <inttypes.h>
#include <string.h>

#include "db/dossier_words.h"

const char *const *words_shown(enum language language)
{
    static const char *const french[] = {
        "Les octets de chaque message (entries/NNN.eml) sont ceux auxquels la fiche de la pièce "
        "(entries/NNN.json) s'engage par une empreinte SHA-256.",
        "La société a signé chaque fiche (CAdES) au moment où elle l'a archivée, et scellé "
        "l'ensemble à l'export, avec une autre clé.",
        "Les pièces sont numérotées sans trou, et chaque fiche contient l'empreinte de la "
        "précédente : en retirer, en ajouter ou en déplacer une obligerait à refaire et à signer "
        "de nouveau toutes les suivantes.",
        "Là où un jeton d'horodatage est joint (colonne «\u00a0Datée par un tiers\u00a0»), un "
        "tiers atteste "
        "que la pièce existait au plus tard à cet instant, et le jeton précédent, qu'elle n'est "
        "pas plus ancienne.",
        "Une clé DNS conservée (dkim/NNN.txt) permet de vérifier encore la signature DKIM d'un "
        "message reçu. «\u00a0Authentique selon DNSSEC\u00a0», elle ne dépend pas de la société ; "
        "«\u00a0vue de "
        "notre seul serveur\u00a0», la société seule l'atteste.",
        NULL};
    static const char *const english[] = {
        "The octets of each message (entries/NNN.eml) are those that the exhibit's record "
        "(entries/NNN.json) commits to by a SHA-256 hash.",
        "The company signed each record (CAdES) when it archived it, and sealed the whole when it "
        "was exported, with another key.",
        "The exhibits are numbered without a gap, and each record holds the hash of the one "
        "before: to remove, insert or move one would mean making and signing all later ones "
        "again.",
        "Where a timestamp token comes along (column \"Dated by a third party\"), a third party "
        "attests that the exhibit existed at that instant, and the token before it, that it is "
        "not older.",
        "With a DNS key that was kept (dkim/NNN.txt), the DKIM signature of a message received can "
        "still be checked. \"Validated by DNSSEC\", the key does not rest on the company; \"seen "
        "by "
        "our server only\", the company alone attests it.",
        NULL};
    return IN(language, french, english);
}

const char *const *words_not_shown(enum language language)
{
    static const char *const french[] = {
        "Aucun message n'est dit «\u00a0reçu\u00a0» ou «\u00a0lu\u00a0». Chaque pièce a un niveau, "
        "défini ci-dessous, "
        "et ne prouve rien au-delà.",
        "Les heures de la colonne «\u00a0Date\u00a0» sont celles de l'horloge de la société. Seule "
        "la "
        "colonne «\u00a0Datée par un tiers\u00a0» dépend d'autrui.",
        "La société détient ses clés : ses signatures seules n'excluent pas qu'elle ait tenu un "
        "autre journal. Les points de contrôle partis avec les relances, et les jetons "
        "d'horodatage, permettent de le détecter à qui les détient.",
        "Un courrier qui n'a pas été reconnu comme relatif à la facture, ou qui n'est pas passé "
        "par le serveur de messagerie de la société, n'est dans aucun dossier.",
        "Le jeton d'un message (Temoin-Token) l'achemine ; il ne prouve pas qui a écrit. Une "
        "adresse ordinaire prouve un compte, non une société.",
        "Une note, un appel ou une promesse saisis par la société n'engagent qu'elle.",
        "Les octets archivés sont ceux que montre le protocole milter : la ligne Received que le "
        "serveur de messagerie ajoute lui-même n'y est pas.",
        "La société n'est pas un prestataire de services de confiance : rien ici n'est un envoi "
        "recommandé.",
        NULL};
    static const char *const english[] = {
        "No message is said to be \"received\" or \"read\". Each exhibit has a level, defined "
        "below, and proves nothing beyond it.",
        "The times in the column \"Date\" are those of the company's clock. Only the column "
        "\"Dated by a third party\" rests on somebody else.",
        "The company holds its keys: its signatures alone do not rule out that it kept another "
        "log. Checkpoints that left with reminders, and timestamp tokens, reveal this to whoever "
        "holds them.",
        "Mail that was not recognised as being about the invoice, or that did not pass through "
        "the company's mail server, is in no dossier.",
        "A message's token (Temoin-Token) routes it; it does not prove who wrote. An ordinary "
        "address proves an account, not a company.",
        "A note, a call or a promise that the company entered commits nobody but the company.",
        "The archived octets are those that the milter protocol shows: the Received line that the "
        "mail server itself adds is not there.",
        "The company is no trust service provider: nothing here is registered mail.",
        NULL};
    return IN(language, french, english);
}

static bool undated_words(const struct dossier_view *v, enum language language, struct bytes *s)
{
    size_t undated = v->exhibit_count - v->dated;
    if (v->dated == 0)
        return bytes_puts(s, IN(language,
                                "Aucune pièce n'est encore datée par un tiers : toutes les dates "
                                "sont celles de l'horloge de la société.",
                                "No exhibit is dated by a third party yet: all times are those of "
                                "the company's clock."));
    return undated == 0 ||
           bytes_printf(s,
                        IN(language, "Pièces qui ne sont pas encore datées par un tiers : %zu.",
                           "Exhibits that are not yet dated by a third party: %zu."),
                        undated);
}

static bool authority_words(const struct view_authority *a, enum language language, struct bytes *s)
{
    return bytes_printf(
               s,
               IN(language,
                  "Le tiers est l'autorité d'horodatage qui se nomme «\u00a0%s\u00a0» "
                  "(jetons RFC 3161\u00a0: %zu)\u00a0; obtenez d'elle le certificat auquel "
                  "vous vous fiez.",
                  "The third party is the timestamp authority that calls itself \"%s\" "
                  "(RFC 3161 tokens: %zu); obtain from it the certificate that you "
                  "trust."),
               a->name, a->tokens) &&
           (!a->qualified ||
            bytes_printf(s,
                         IN(language,
                            " Jetons qui se disent qualifiés\u00a0: %zu\u00a0; à vérifier dans la "
                            "liste de confiance de l'Union européenne, à leur date.",
                            " Tokens that claim qualified status: %zu; check the EU trusted list "
                            "at their time."),
                         a->qualified));
}

bool words_dating(const struct dossier_view *v, enum language language, struct strings *out)
{
    struct bytes s = {0};
    bool done = true;
    for (size_t i = 0; done && i < v->authority_count; i++) {
        done = authority_words(&v->authorities[i], language, &s) && strings_add(out, s.data);
        bytes_free(&s);
    }
    done = done && undated_words(v, language, &s) && (!s.len || strings_add(out, s.data));
    bytes_free(&s);
    return done;
}

const char *words_unchanged(enum language language)
{
    return IN(
        language,
        "Le corps, l'objet, l'expéditeur (From) et l'identifiant (Message-ID) d'un message ne "
        "sont jamais modifiés. Les modifications de l'enveloppe et des en-têtes servent à ce "
        "qui suit\u00a0:",
        "A message's body, Subject, From and Message-ID are never changed. Changes of "
        "envelope and header are for this:");
}

const char *const *words_fields(enum language language)
{
    static const char *const french[] = {
        "Temoin-Token, References, ENVID, expéditeur d'enveloppe, Reply-To : un jeton par message, "
        "par lequel les réponses et les rapports retrouvent leur dossier.",
        "Disposition-Notification-To, RET : demandes d'accusé et de rapport, que le destinataire "
        "et "
        "son serveur sont libres d'ignorer.",
        "Temoin-Checkpoint : l'état signé du journal avant ce message, confié ainsi à son "
        "destinataire.",
        "Temoin-Dossier : ajouté à un message reçu, pour le personnel de la société : le dossier "
        "auquel il est rattaché.",
        NULL};
    static const char *const english[] = {
        "Temoin-Token, References, ENVID, envelope sender, Reply-To: a token for each message, by "
        "which answers and reports find their dossier.",
        "Disposition-Notification-To, RET: requests for receipts and reports, which the recipient "
        "and its server are free to ignore.",
        "Temoin-Checkpoint: the signed state of the log before this message, thus left with its "
        "recipient.",
        "Temoin-Dossier: added to a message received, for the company's people: the dossier that "
        "it belongs to.",
        NULL};
    return IN(language, french, english);
}

bool words_nature(const struct dossier_view *v, enum language language, struct bytes *out)
{
    return language == LANGUAGE_FR
               ? bytes_printf(out,
                              "Document privé de la société %s, établi par elle à partir de son "
                              "journal. Il n'émane d'aucune juridiction, d'aucun officier public "
                              "ni d'aucun tiers de confiance.",
                              v->company)
               : bytes_printf(out,
                              "Private document of the company %s, made by itself from its own "
                              "log. It was issued by no court, no public officer and no trusted "
                              "third party.",
                              v->company);
}

/* --- how to verify ---------------------------------------------------------------------------*/

static bool step(struct strings *out, const char *sentence, const char *command)
{
    return strings_add(out, sentence) && strings_add(out, command);
}

static const char FINGERPRINT[] = "openssl x509 -noout -fingerprint -sha256 -in";

/* -attime: otherwise nothing could be checked any more once the certificate has expired. */
static bool step_seal(const struct dossier_view *v, enum language language, struct strings *out)
{
    struct bytes command = {0};
    bool done =
        bytes_printf(&command,
                     "openssl cms -verify -binary -cades -purpose any -inform DER \\\n"
                     "    -in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml "
                     "\\\n"
                     "    -CAfile certs/export.pem -attime %" PRId64 " -out /dev/null",
                     v->exported) &&
        step(
            out,
            IN(language,
               "Le sceau de l'ensemble, par la clé d'export. Les empreintes des fichiers sont dans "
               "le manifeste.",
               "The seal of the whole, by the export's key. The files' hashes are in the "
               "manifest."),
            command.data);
    bytes_free(&command);
    return done;
}

static bool step_hash(const struct dossier_view *v, enum language language, struct strings *out)
{
    struct bytes command = {0};
    const struct view_exhibit *shown = &v->exhibits[0];
    for (size_t i = 0; i < v->exhibit_count && !shown->message_file; i++)
        if (v->exhibits[i].message_file)
            shown = &v->exhibits[i];
    bool done =
        bytes_printf(&command, "sha256sum %s",
                     shown->message_file ? shown->message_file : shown->record_file) &&
        step(out,
             IN(language, "Une pièce à la main : l'empreinte affichée est celle du bordereau.",
                "One exhibit by hand: the hash that is printed is the one in the list "
                "of exhibits."),
             command.data);
    bytes_free(&command);
    return done;
}

static bool step_fingerprint(const struct dossier_view *v, enum language language,
                             struct strings *out)
{
    struct bytes command = {0};
    if (!v->seal_fingerprint || !v->export_fingerprint)
        return true;
    bool done =
        bytes_printf(&command,
                     IN(language, "%s certs/seal.pem\n# sceau des fiches :\n# ",
                        "%s certs/seal.pem\n# seal of the records:\n# "),
                     FINGERPRINT) &&
        words_fingerprint(v->seal_fingerprint, &command) &&
        bytes_printf(&command,
                     IN(language, "\n%s certs/export.pem\n# export :\n# ",
                        "\n%s certs/export.pem\n# export:\n# "),
                     FINGERPRINT) &&
        words_fingerprint(v->export_fingerprint, &command) &&
        step(out,
             IN(language,
                "Les certificats joints n'identifient personne à eux seuls : demandez leurs "
                "empreintes à la société, par un autre moyen que ce dossier, et "
                "comparez-les à celles que donnent ces commandes.",
                "The certificates that come along identify nobody by themselves: ask the "
                "company for their fingerprints, by other means than this file, and compare "
                "them with what these commands print."),
             command.data);
    bytes_free(&command);
    return done;
}

bool words_steps(const struct dossier_view *v, enum language language, struct strings *out)
{
    struct bytes unzip = {0}, verify = {0};
    /* A name that a shell would read otherwise is not put into a command. */
    const char *file = v->file && !strchr(v->file, '\'') ? v->file : "dossier.asice";
    bool done =
        bytes_printf(&unzip, "unzip '%s' -d piece && cd piece", file) &&
        bytes_printf(&verify, "temoin verify '%s' \\\n    --seal seal.pem --seal export.pem%s",
                     file, v->dated ? " --tsa tsa.pem" : "") &&
        step(out,
             IN(language,
                "Décompressez le conteneur ; il suit la norme ETSI EN 319 162 (ASiC-E). "
                "LISEZMOI.txt contient toutes les commandes, à copier telles quelles ; "
                "elles n'emploient que des outils courants.",
                "Unpack the container; it follows ETSI EN 319 162 (ASiC-E). LISEZMOI.txt "
                "has all commands, to be copied as they are; they use common tools only."),
             unzip.data) &&
        step_fingerprint(v, language, out) && step_seal(v, language, out) &&
        step_hash(v, language, out) &&
        step(out,
             IN(language,
                "Ou tout à la fois, avec le logiciel libre temoin, et des certificats "
                "obtenus de la société et de l'horodateur, non de ce dossier :",
                "Or all at once, with the free program temoin, and certificates obtained "
                "from the company and the timestamp authority, not from this file:"),
             verify.data);
    bytes_free(&unzip);
    bytes_free(&verify);
    return done;
}

/* --- summary ---------------------------------------------------------------------------------*/

struct tally {
    size_t prepared, taken, replies, acknowledged, reports, failures, facts;
};

static struct tally tally_of(const struct dossier_view *v)
{
    struct tally t = {0};
    for (size_t i = 0; i < v->exhibit_count; i++) {
        const struct timeline_item *item = v->exhibits[i].item;
        if (strcmp(item->event, "prepared") == 0)
            t.prepared++;
        else if (item->level == LEVEL_HANDED_OVER)
            t.taken++;
        else if (strcmp(item->event, "reply") == 0 || item->brings)
            t.replies++;
        else if (strcmp(item->event, "failed") == 0)
            t.failures++;
        else if (item->level == LEVEL_REPORTED)
            t.reports++;
        else
            t.facts++;
        t.acknowledged += item->level == LEVEL_ACKNOWLEDGED;
    }
    return t;
}

static bool count(size_t n, const char *one, const char *many, bool *first, struct bytes *out)
{
    if (n == 0)
        return true;
    bool done = bytes_printf(out, "%s%zu\u00a0%s", *first ? "" : ", ", n, n == 1 ? one : many);
    *first = false;
    return done;
}

static bool period(const struct dossier_view *v, enum language language, struct bytes *out)
{
    const struct timeline *t = &v->timeline;
    const char *first = t->items[0].time, *last = t->items[t->count - 1].time;
    bool one_day = strncmp(first, last, strlen("2026-11-21")) == 0;
    return bytes_puts(out, one_day ? IN(language, "Le ", "On ") : IN(language, "Du ", "From ")) &&
           words_day(first, language, out) &&
           (one_day ||
            (bytes_puts(out, IN(language, " au ", " to ")) && words_day(last, language, out))) &&
           bytes_puts(out, IN(language, "\u00a0: ", ": "));
}

bool words_summary(const struct dossier_view *v, enum language language, struct bytes *out)
{
    bool fr = language == LANGUAGE_FR, first = true;
    struct tally t = tally_of(v);
    return period(v, language, out) &&
           count(t.prepared, fr ? "message préparé" : "message prepared",
                 fr ? "messages préparés" : "messages prepared", &first, out) &&
           count(t.taken, fr ? "remise à un serveur distant" : "handover to a remote server",
                 fr ? "remises à un serveur distant" : "handovers to a remote server", &first,
                 out) &&
           count(t.replies, fr ? "réponse" : "reply", fr ? "réponses" : "replies", &first, out) &&
           (!t.acknowledged ||
            bytes_printf(out,
                         fr ? " (dont %zu signée du domaine d'un contact connu)"
                            : " (%zu of them signed by a known contact's domain)",
                         t.acknowledged)) &&
           count(t.reports, fr ? "rapport ou accusé" : "report or receipt",
                 fr ? "rapports ou accusés" : "reports or receipts", &first, out) &&
           count(t.failures, fr ? "échec de remise" : "delivery failure",
                 fr ? "échecs de remise" : "delivery failures", &first, out) &&
           count(t.facts, fr ? "autre fait consigné" : "other recorded fact",
                 fr ? "autres faits consignés" : "other recorded facts", &first, out) &&
           bytes_puts(out, ".");
}
