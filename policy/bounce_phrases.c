/*
 * bounce_phrases - what servers say when mail did not arrive, or not yet
 *
 * Stems rather than sentences, so that one entry covers what versions and translations vary.
 */
#include "policy/bounce_phrases.h"

#include <glib.h>
#include <string.h>

#include "policy/text.h"

static const char *const answer[] = {
    "re:",  "re :", "fwd:", "fwd :", "fw:", "fw :", "tr:",  "tr :",  "aw:", "wg:",
    "antw", "sv:",  "rv:",  "rif:",  "r:",  "i:",   "ref:", "ref :", NULL};

static const char *const subject[] = {
    /* English */
    "undeliver", "non-deliver", "nondeliver", "non deliver", "not delivered", "not be delivered",
    "not be sent", "failed delivery", "delivery failed", "delivery failure", "delivery has failed",
    "delivery status", "delivery notification", "delivery report", "delivery error",
    "delivery problem", "delivery delay", "delivery incomplete", "delivery unsuccessful",
    "delivery is delayed", "delivery was", "delivery attempt", "mail delivery", "email delivery",
    "message delivery", "delayed mail", "failure notice", "failure notification", "failed mail",
    "mail failure", "mail error", "mail system error", "message status", "mail status",
    "returned mail", "returned email", "returned to sender", "returning message",
    "message returned", "return receipt", "could not send", "unable to deliver", "user unknown",
    "unknown user", "warning: message", "message delayed", "message rejected", "mail rejected",
    "rejected mail", "message blocked", "sent blocked", "blocked by", "message you sent", "bounced",
    "message refused", "message could not", "message not sent", "address not found",
    "error while delivering", "error delivering", "error sending",
    /* French */
    "non remis", "non-remis", "non distribu", "non delivr", "non livr", "non achemin",
    "echec de la remise", "echec de remise", "echec de distribution", "echec de la distribution",
    "echec de livraison", "echec de la livraison", "echec de l'envoi", "echec d'envoi",
    "echec d'acheminement", "echec de transmission", "echec de la transmission", "remise echou",
    "remise retard", "remise differ", "remise impossible", "retour a l'expediteur",
    "retourne a l'expediteur", "message retourne", "courrier retourne", "etat de remise",
    "etat de la remise", "etat de distribution", "etat de la distribution", "statut de remise",
    "statut de distribution", "notification de remise", "avis de remise", "rapport de remise",
    "retard de remise", "message retard", "message en attente", "message differe",
    "impossible de remettre", "impossible de delivrer", "impossible de distribuer",
    "n'a pas pu etre", "n'a pas ete", "n'a pu etre", "erreur de remise", "erreur de distribution",
    "erreur de livraison", "erreur d'envoi", "erreur d'acheminement", "message rejete",
    "courrier rejete", "message refuse", "courrier refuse", "message bloque", "envoye bloque",
    "adresse introuvable",
    /* German, Spanish, Italian, Dutch, Portuguese */
    "unzustell", "nicht zugestellt", "zustellungs", "zustellstatus", "zustellung", "zuruck an",
    "no entregad", "no se puede entregar", "no se pudo entregar", "no se ha podido entregar",
    "error de entrega", "error en la entrega", "fallo en la entrega", "fallo de entrega",
    "estado de entrega", "estado de la entrega", "devuelto", "entrega retrasada",
    "mancato recapito", "mancata consegna", "non recapit", "non consegnat", "errore di consegna",
    "stato del recapito", "stato della consegna", "onbestelbaar", "nao entregue", NULL};

static const char *const subject_delay[] = {
    "delay",    "warning:", "still being retried",   "not yet",    "deferred",
    "retard",   "differe",  "message en attente",    "pas encore", "verzoger",
    "retrasad", "ritard",   "mail delivery warning", "temporary",  "notification: warning",
    NULL};

static const char *const opening[] = {
    /* English */
    "not be delivered", "not been delivered", "not delivered", "n't be delivered", "n't delivered",
    "not yet been delivered", "not be sent", "cannot be delivered", "can't be delivered",
    "could not deliver", "couldn't deliver", "unable to deliver", "n't able to deliver",
    "not able to deliver", "failed to deliver", "cannot deliver", "not deliver", "undeliver",
    "undelivered", "delivery to the following", "delivery to these", "delivery has failed",
    "delivery failed", "delivery failure", "delivery error", "delivery status notification",
    "did not reach", "didn't reach", "fatal errors", "fatal delivery errors", "non-fatal errors",
    "transcript of session", "attempting to deliver", "trying to deliver", "tried to deliver",
    "rejected your message", "been rejected", "was rejected", "message rejected", "been blocked",
    "was blocked", "been delayed", "is delayed", "was delayed", "message delayed",
    "return to sender", "returned to sender", "following address", "following recipient",
    "not receive your message", "unknown user", "user unknown", "mailbox unavailable",
    "mailbox is full", "mailbox full", "no such user", "over quota", "message could not",
    "could not be", "not listed in", "address not found", "message not sent", "been returned",
    "is undeliverable", "successfully delivered", "was delivered to", "ete remis au", "is complete",
    "est terminee", "receipt of your message", "bounced",
    /* French */
    "n'a pas pu", "n'a pu etre", "n'ont pas pu", "n'a pas ete", "n'ont pas ete", "n'a pas atteint",
    "n'est pas parvenu", "n'a pas encore", "n'ont pas recu", "n'avons pas pu", "n'avons pu",
    "n'ai pas pu", "n'a pas reussi", "ne peut pas etre", "ne peut etre", "ne pouvait pas etre",
    "pas pu etre", "pas ete remis", "pas ete delivre", "pas ete distribue", "echec de",
    "remise a echoue", "remise de votre message", "livraison a echoue", "distribution a echoue",
    "la remise", "la distribution", "impossible de", "non remis", "non delivre", "non distribue",
    "a rejete votre", "a refuse votre", "a ete rejete", "a ete refuse", "a ete bloque",
    "a ete retard", "a ete differe", "adresse introuvable", "destinataire inconnu",
    "utilisateur inconnu", "boite pleine", "erreur lors de", "erreur est survenue",
    "erreur s'est produite", "retourne a l'expediteur",
    /* German, Spanish, Italian, Dutch, Portuguese */
    "nicht zugestellt", "nicht zustell", "nachrichtenzustellung", "zustellung", "unzustellbar",
    "konnte nicht", "no se pudo", "no se ha podido", "no se puede entregar", "no ha podido",
    "no pudo ser", "no se entrego", "no ha sido entregado", "error al entregar", "error de entrega",
    "no ha llegado", "non e stato possibile", "non e stato recapitato", "non e stato consegnato",
    "impossibile recapitare", "impossibile consegnare", "recapito", "niet worden bezorgd",
    "niet bezorgd", "nao foi entregue", "nao pode ser entregue", NULL};

static const char *const delay[] = {"not yet been delivered",
                                    "not yet delivered",
                                    "been delayed",
                                    "is delayed",
                                    "was delayed",
                                    "delayed for more",
                                    "delivery delayed",
                                    "still undelivered",
                                    "will keep trying",
                                    "keep trying to deliver",
                                    "will be retried",
                                    "will retry",
                                    "will continue to",
                                    "continue to try",
                                    "continue trying",
                                    "do not need to resend",
                                    "do not need to re-send",
                                    "no need to resend",
                                    "need not resend",
                                    "warning message only",
                                    "this is a warning only",
                                    "temporary failure report",
                                    "transient non-fatal",
                                    "delayed mail",
                                    "n'a pas encore",
                                    "n'ont pas encore",
                                    "a ete retard",
                                    "est retard",
                                    "a ete differe",
                                    "est differe",
                                    "nouvelles tentatives",
                                    "continuera a",
                                    "continuerons",
                                    "tentera de nouveau",
                                    "reessay",
                                    "pas necessaire de renvoyer",
                                    "pas besoin de renvoyer",
                                    "inutile de renvoyer",
                                    "simple avertissement",
                                    "noch nicht zugestellt",
                                    "verzogert",
                                    "se ha retrasado",
                                    "aun no se ha",
                                    "e in ritardo",
                                    "non e ancora stato",
                                    NULL};

static const char *const success[] = {
    "successful mail delivery",
    "successfully delivered",
    "was successfully",
    "has been delivered",
    "was delivered to the following",
    "delivered to the following recipient",
    "a ete remis aux",
    "a ete remis au destinataire",
    "ont recu votre message",
    "delivery to these recipients or groups is complete",
    "delivery to these recipients or distribution lists is complete",
    "a ete remis avec succes",
    "a bien ete remis",
    "la remise a ces destinataires est terminee",
    "remis a ces destinataires",
    "return receipt",
    "erfolgreich zugestellt",
    NULL};

static const char *const relayed[] = {"notification was not sent",
                                      "no delivery notification",
                                      "aucune notification de remise",
                                      "notification de remise n'a pas ete envoyee",
                                      "was relayed",
                                      NULL};

static const char *const subject_arrived[] = {
    "delivered:", "remis :", "remis:", "relayed:", "relaye :", "relaye:", "zugestellt:", NULL};

static const char *const greeting[] = {
    "bonjour", "bonsoir",     "madame",     "monsieur",     "mesdames",  "chere ",
    "cher ",   "hello",       "dear ",      "good morning", "guten tag", "sehr geehrte",
    "hola",    "buenos dias", "buongiorno", "gentile",      NULL};

static const char *const automatic[] = {"absence",
                                        "absent",
                                        "out of office",
                                        "out of the office",
                                        "automatic reply",
                                        "reponse automatique",
                                        "auto-reply",
                                        "autoreply",
                                        "auto reply",
                                        "auto:",
                                        "abwesen",
                                        "automatische antwort",
                                        "respuesta automatica",
                                        "risposta automatica",
                                        "fuera de",
                                        "vacation",
                                        "conges",
                                        NULL};

static const char *const returned[] = {"below this line is",
                                       "copy of the message",
                                       "copy of your message",
                                       "copy of the original",
                                       "copy of the body",
                                       "original message",
                                       "original mail",
                                       "original email",
                                       "returned message",
                                       "unsent message",
                                       "message header",
                                       "message follows",
                                       "message headers",
                                       "undelivered message",
                                       "returned mail",
                                       "your message follows",
                                       "your original",
                                       "start of returned",
                                       "begin message",
                                       "message d'origine",
                                       "message original",
                                       "message initial",
                                       "message retourne",
                                       "copie du message",
                                       "copie de votre message",
                                       "en-tetes du message",
                                       "en-tetes de message",
                                       "en-tete du message",
                                       "entetes du message",
                                       "votre message initial",
                                       "rappel du message",
                                       "ursprungliche nachricht",
                                       "kopie der nachricht",
                                       "originalnachricht",
                                       "mensaje original",
                                       "encabezados",
                                       "copia del mensaje",
                                       "messaggio originale",
                                       "intestazioni",
                                       "copia del messaggio",
                                       NULL};

static const char *const daemon_name[] = {"daemon",
                                          "mail delivery",
                                          "maildelivery",
                                          "mail-delivery",
                                          "microsoftexchange",
                                          "microsoft exchange",
                                          "microsoft outlook",
                                          "mail transfer agent",
                                          "delivery subsystem",
                                          "courier mail server",
                                          "remise du courrier",
                                          "service de distribution",
                                          "mail router",
                                          NULL};

static const char *const office_name[] = {"postmaster",
                                          "postmaitre",
                                          "mail administrator",
                                          "mail system",
                                          "system administrator",
                                          "administrateur systeme",
                                          "systeme de messagerie",
                                          "mail gateway",
                                          "mailgateway",
                                          "email security",
                                          "mail security",
                                          "mailsecurity",
                                          "messaging gateway",
                                          "bounce",
                                          "interscan",
                                          NULL};

static const char *const *const tables[] = {
    [BOUNCE_ANSWER] = answer,
    [BOUNCE_SUBJECT] = subject,
    [BOUNCE_SUBJECT_DELAY] = subject_delay,
    [BOUNCE_OPENING] = opening,
    [BOUNCE_DELAY] = delay,
    [BOUNCE_SUBJECT_ARRIVED] = subject_arrived,
    [BOUNCE_RELAYED] = relayed,
    [BOUNCE_SUCCESS] = success,
    [BOUNCE_GREETING] = greeting,
    [BOUNCE_AUTOMATIC] = automatic,
    [BOUNCE_RETURNED] = returned,
    [BOUNCE_DAEMON_NAME] = daemon_name,
    [BOUNCE_OFFICE_NAME] = office_name,
};

/* One character of decomposed text: its letters only, apostrophes and hyphens as ASCII. */
static void fold_character(GString *out, gunichar c)
{
    if (g_unichar_ismark(c))
        return;
    if (c == 0x2019 || c == 0x2018 || c == 0x00b4 || c == '`')
        c = '\'';
    else if (c == 0x2010 || c == 0x2011 || c == 0x2013)
        c = '-';
    bool blank = g_unichar_isspace(c);
    if (blank && (!out->len || out->str[out->len - 1] == ' '))
        return;
    g_string_append_unichar(out, blank ? ' ' : g_unichar_tolower(c));
}

/* Runs of marks make decomposing slow: so a character at a time, since no order is needed. */
char *bounce_fold(const char *text, size_t len)
{
    GString *out = g_string_new(NULL);
    char *valid = g_utf8_make_valid(text, (gssize)(len < BOUNCE_FOLD_MAX ? len : BOUNCE_FOLD_MAX));
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar parts[8];
        gsize n = g_unichar_fully_decompose(g_utf8_get_char(p), TRUE, parts, 8);
        for (gsize i = 0; i < n && i < 8; i++)
            fold_character(out, parts[i]);
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_free(valid);
    return text_from_glib(g_string_free(out, FALSE));
}

bool bounce_says(const char *folded, enum bounce_phrases which)
{
    for (const char *const *p = tables[which]; *p; p++)
        if (strstr(folded, *p))
            return true;
    return false;
}

bool bounce_opens(const char *folded, enum bounce_phrases which)
{
    for (const char *const *p = tables[which]; *p; p++)
        if (strncmp(folded, *p, strlen(*p)) == 0)
            return true;
    return false;
}
