/*
 * mdn_words - what a receipt says to a person
 */
#include "policy/mdn_words.h"

/* Gateways write warnings above what comes from outside. */
enum { BANNER_WORDS_MAX = 60 };

/* Templates that speak of the message and say what became of it. */
static const char *const openings[] = {
    "votre message|courriel|mail|document",
    "le message|courriel",
    "your message|mail|email",
    "the message|mail",
    "ihre|deine nachricht",
    "die nachricht",
    "el|su mensaje",
    "se ha leido",
    "il ~ messaggio",
    "messaggio",
    "message",
    "a sua mensagem",
    "uw bericht",
    "de suivi de message lu",
    NULL,
};

static const char *const displayed[] = {
    "a|as ete lu|lue|affiche|affichee|ouvert|ouverte|consulte le|par|a|sur",
    "a ete lu|affiche|ouvert",
    "a ete affiche sur l ordinateur",
    "was|has ~ read|opened|displayed|viewed on|by|at",
    "has been read|opened|displayed|viewed",
    "message was read",
    "was displayed",
    "wurde ~ ~ gelesen|geoffnet|angezeigt",
    "se leyo",
    "ha|fue sido|leido leido|el|por",
    "fue leido|abierto",
    "e stato ~ letto|aperto|visualizzato",
    "foi lida|lido|aberta",
    "is gelezen",
    "gelezen op",
    NULL,
};

static const char *const deleted[] = {
    "supprime|supprimee|efface ~ sans ~ lu|lue|lecture|ouvert",
    "n a pas ete lu",
    "deleted without being read|opened|displayed",
    "deleted ~ unread",
    "was not read",
    "ungelesen|ohne ~ geloscht",
    "geloscht ~ ohne ~ gelesen",
    "eliminado|elimino|borrado ~ sin ~ leer|leerse|leido|leerlo",
    "eliminato|cancellato senza ~ letto|leggerlo|lettura",
    "excluida|excluido sem ~ lida|lido",
    "verwijderd zonder",
    NULL,
};

/* It says itself that it is a receipt. */
static const char *const declarations[] = {
    "is a|the return|read receipt for|of",
    "this return receipt only",
    "receipt only acknowledges",
    "no guarantee that the message|recipient|addressee ~ read",
    "ceci|voici ~ accuse de reception|lecture ~ votre|du|pour",
    "ceci|voici ~ confirmation de lecture",
    "cet accuse de reception|lecture ~ que|uniquement|seulement|indique|atteste|certifie",
    "cet accuse de reception|lecture ne",
    "aucune garantie que|quant ~ destinataire|message|lecture ~ lu",
    "ne garantit ~ lu|lue",
    "rien ne garantit que",
    "dies ist eine empfangsbestatigung|lesebestatigung",
    "eine empfangsbestatigung|lesebestatigung fur",
    "este|esto es un acuse de recibo|lectura",
    "questa|questo e una|la ricevuta di ritorno|lettura",
    "return receipt . your document",
    "your ~ ~ document : . was",
    "was ~ ~ received by :",
    "votre ~ ~ document : . a ete recu",
    "a ete recu ~ ~ par :",
    "accuse de reception . votre document",
    "accuse de lecture . votre message",
    NULL,
};

static const char *const persons[] = {
    "je", "j", "nous", "moi", "i", "we", "ich", "wir", "yo", "nosotros", "io", "noi", NULL,
};

void receipt_words_read(const struct phrases *p, struct receipt_words *w)
{
    *w = (struct receipt_words){.declares = phrases_say(p, declarations),
                                .personal = phrases_say(p, persons)};
    bool opens = w->declares || phrases_begin(p, openings, BANNER_WORDS_MAX);
    bool gone = opens && phrases_say(p, deleted);
    bool seen = opens && !gone && phrases_say(p, displayed);
    w->both = w->declares && (gone || seen);
    if (gone)
        w->type = "deleted";
    else if (seen || w->declares)
        w->type = "displayed";
}
