/*
 * levels - what an event may be said to prove, and in which words
 */
#include "policy/levels.h"

#include <stddef.h>
#include <string.h>

struct event_meaning {
    const char *event;
    enum proof_level own;     /* when the record says nothing */
    enum proof_level highest; /* whatever the record says */
    const char *words[2];     /* by language */
    const char *nearest;
};

static const struct event_meaning meanings[] = {
    {"prepared",
     LEVEL_PREPARED,
     LEVEL_PREPARED,
     {"message préparé : notre copie, avant son départ",
      "message prepared: our copy, before it left"},
     NULL},
    {"submitted",
     LEVEL_PREPARED,
     LEVEL_PREPARED,
     {"pris en charge par notre serveur de messagerie, selon son journal",
      "queued by our own mail server, according to its log"},
     "SubmissionAcceptance"},
    {"handed-over",
     LEVEL_HANDED_OVER,
     LEVEL_HANDED_OVER,
     {"remis au serveur distant, dont la réponse figure dans le journal de notre serveur de "
      "messagerie",
      "handed over to the remote server, whose answer is in our mail server's log"},
     "RelayToNonERDS"},
    {"relayed",
     LEVEL_PREPARED,
     LEVEL_PREPARED,
     {"passé à un autre serveur de la société ou de son prestataire, selon le journal de notre "
      "serveur de messagerie ; pas encore au serveur du destinataire",
      "passed on to another server of the company's or its provider's, according to our mail "
      "server's log; not yet to the recipient's server"},
     NULL},
    {"delivered-locally",
     LEVEL_PREPARED,
     LEVEL_PREPARED,
     {"remis par notre propre serveur à une boîte ou un programme de la société, selon son journal",
      "delivered by our own mail server to a mailbox or program of the company's, according to its "
      "log"},
     NULL},
    {"unrecorded",
     LEVEL_NONE,
     LEVEL_NONE,
     {"alerte : message d'un comptable à un débiteur, parti sans copie dans ce journal",
      "alarm: an accountant's message to a debtor left without a copy in this log"},
     NULL},
    {"failed",
     LEVEL_REPORTED,
     LEVEL_REPORTED,
     {"échec de remise, selon un rapport non authentifié",
      "reported: delivery failed, says a report that is not authenticated"},
     "RelayToNonERDSFailure"},
    {"delayed",
     LEVEL_REPORTED,
     LEVEL_REPORTED,
     {"remise retardée, selon un rapport non authentifié",
      "reported: delivery delayed, says a report that is not authenticated"},
     NULL},
    {"reported-delivered",
     LEVEL_REPORTED,
     LEVEL_REPORTED,
     {"remise annoncée par un rapport non authentifié",
      "reported: delivered, says a report that is not authenticated"},
     "ReceivedFromNonERDS"},
    {"reported-displayed",
     LEVEL_REPORTED,
     LEVEL_REPORTED,
     {"affichage annoncé par un accusé non authentifié, ce qui ne prouve pas la lecture",
      "reported: displayed, says a receipt that is not authenticated; this does not prove "
      "reading"},
     "ReceivedFromNonERDS"},
    {"dsn",
     LEVEL_REPORTED,
     LEVEL_REPORTED,
     {"rapport de remise sans issue lisible",
      "reported: a delivery report without a clear outcome"},
     "ReceivedFromNonERDS"},
    {"mdn",
     LEVEL_REPORTED,
     LEVEL_REPORTED,
     {"accusé du logiciel du destinataire, autre qu'un affichage",
      "reported: a receipt of the recipient's software, other than a display"},
     "ReceivedFromNonERDS"},
    {"reply",
     LEVEL_NONE,
     LEVEL_ACKNOWLEDGED,
     {"réponse reçue ; son auteur n'est pas authentifié",
      "reply received; its author is not authenticated"},
     "ReceivedFromNonERDS"},
    {"auto-reply",
     LEVEL_NONE,
     LEVEL_NONE,
     {"réponse automatique reçue, non authentifiée", "automatic reply received, not authenticated"},
     "ReceivedFromNonERDS"},
    {"note",
     LEVEL_NONE,
     LEVEL_NONE,
     {"note saisie par la société", "note entered by the company"},
     NULL},
    {"call",
     LEVEL_NONE,
     LEVEL_NONE,
     {"appel téléphonique, tel que la société l'a noté", "telephone call, as the company noted it"},
     NULL},
    {"promise",
     LEVEL_NONE,
     LEVEL_NONE,
     {"promesse de paiement, telle que la société l'a notée",
      "promise to pay, as the company noted it"},
     NULL},
    {"dispute",
     LEVEL_NONE,
     LEVEL_NONE,
     {"contestation, telle que la société l'a notée", "dispute, as the company noted it"},
     NULL},
    {"payment",
     LEVEL_NONE,
     LEVEL_NONE,
     {"paiement saisi par la société", "payment entered by the company"},
     NULL},
    {"letter",
     LEVEL_NONE,
     LEVEL_NONE,
     {"courrier postal, tel que la société l'a noté", "postal letter, as the company noted it"},
     NULL},
    {"piece",
     LEVEL_NONE,
     LEVEL_NONE,
     {"pièce versée par la société", "document added by the company"},
     NULL},
    {"dkim-key",
     LEVEL_NONE,
     LEVEL_NONE,
     {"clés DNS des signatures d'un message reçu, telles que le DNS les donnait alors",
      "DNS keys of the signatures of a received message, as the DNS gave them then"},
     NULL},
    {"assign",
     LEVEL_NONE,
     LEVEL_NONE,
     {"message versé au dossier par décision de la société",
      "message put into this dossier by a decision of the company"},
     NULL},
    {"dismiss",
     LEVEL_NONE,
     LEVEL_NONE,
     {"message écarté du dossier par décision de la société",
      "message kept out of this dossier by a decision of the company"},
     NULL},
    {"hold",
     LEVEL_NONE,
     LEVEL_NONE,
     {"conservation imposée : rien ne peut être effacé", "put on hold: nothing may be erased"},
     NULL},
    {"release", LEVEL_NONE, LEVEL_NONE, {"fin de la conservation imposée", "hold released"}, NULL},
    {"restore",
     LEVEL_NONE,
     LEVEL_NONE,
     {"journal restauré d'une sauvegarde, sous un nouveau nom",
      "log restored from a backup, under a new name"},
     NULL},
    {"export",
     LEVEL_NONE,
     LEVEL_NONE,
     {"export du dossier demandé", "export of this dossier asked for"},
     NULL},
    {"erasure",
     LEVEL_NONE,
     LEVEL_NONE,
     {"données personnelles effacées", "personal data erased"},
     NULL},
};

static const struct event_meaning unknown = {
    "", LEVEL_NONE, LEVEL_NONE, {"fait consigné", "recorded fact"}, NULL};

static const char *const acknowledged[] = {
    "réponse signée (DKIM) du domaine d'un contact connu, qui renvoie notre jeton",
    "acknowledged: a DKIM-signed reply from a known contact's domain that returns our token"};

/* The same outcomes, told by our own mail server's log and not by a report that came in. */
static const struct {
    const char *event, *words[2];
} logged[] = {
    {"failed",
     {"échec de remise, selon le journal de notre serveur de messagerie",
      "delivery failed, according to our mail server's log"}},
    {"delayed",
     {"remise retardée, selon le journal de notre serveur de messagerie",
      "delivery delayed, according to our mail server's log"}},
};

static const char *const names[] = {"none", "prepared", "handed-over", "reported", "acknowledged"};

static const char *const explanations[][2] = {
    {"", ""},
    {"préparé : notre copie, prise avant le départ du message ; ne prouve ni remise ni lecture.",
     "prepared: our copy, taken before the message left; proves neither delivery nor reading."},
    {"remis au serveur distant : le journal de notre serveur de messagerie montre la réponse de ce "
     "serveur ; ne prouve pas l'arrivée dans la boîte du destinataire.",
     "handed over: our mail server's log shows the remote server's answer; does not prove arrival "
     "in the recipient's mailbox."},
    {"rapporté : un rapport de remise ou un accusé le dit ; il n'est pas authentifié.",
     "reported: a delivery report or a receipt says so; it is not authenticated."},
    {"reconnu : une réponse signée DKIM, alignée sur le domaine d'un contact connu, renvoie le "
     "jeton du message.",
     "acknowledged: a DKIM-signed reply, aligned with a known contact's domain, returns the "
     "message's token."},
};

static const struct event_meaning *meaning_of(const char *event)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (event && strcmp(meanings[i].event, event) == 0)
            return &meanings[i];
    return &unknown;
}

enum proof_level event_level(const char *event, const char *recorded)
{
    const struct event_meaning *m = meaning_of(event);
    for (size_t i = 0; recorded && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], recorded) == 0)
            return (enum proof_level)i < m->highest ? (enum proof_level)i : m->highest;
    return m->own;
}

const char *level_name(enum proof_level level)
{
    return names[level];
}

const char *event_words(const char *event, enum proof_level level, enum language language)
{
    if (level == LEVEL_ACKNOWLEDGED)
        return acknowledged[language];
    for (size_t i = 0; level == LEVEL_PREPARED && i < sizeof logged / sizeof *logged; i++)
        if (event && strcmp(logged[i].event, event) == 0)
            return logged[i].words[language];
    return meaning_of(event)->words[language];
}

const char *event_words_elsewhere(enum language language)
{
    static const char *const words[] = {
        "message attribué à un autre dossier par décision de la société",
        "message assigned to another dossier by a decision of the company"};
    return words[language];
}

const char *level_words(enum proof_level level, enum language language)
{
    return explanations[level][language];
}

const char *event_nearest(const char *event)
{
    return meaning_of(event)->nearest;
}
