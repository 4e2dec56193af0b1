/*
 * autoreply_words - what an automatic answer says
 *
 * Lists are in the notation of phrases.h: no accents, words apart from their apostrophes.
 */
#include "policy/autoreply_words.h"

static const char *const declarations[] = {
    "reponse ~ automatique",
    "reponse automatisee",
    "ceci est ~ ~ automatique|automatiquement",
    "ce|cet message|mail|email|courriel|courrier ~ ~ automatique|automatiquement",
    "ce|cet e mail ~ ~ automatique|automatiquement",
    "message|mail|email|courriel automatique $",
    "message|mail|email|courriel automatique ne|merci|veuillez|envoye|genere",
    "genere|envoye|emis|transmis automatiquement",
    "accuse de reception automatique",
    "repondeur automatique",
    "envoi automatique",
    "automatic|automated|auto "
    "reply|response|message|email|mail|answer|acknowledgement|notification",
    "automatically generated|sent",
    "auto generated",
    "sent|generated automatically",
    "autoreply|autoresponder",
    "automatische antwort|nachricht|email|mail|abwesenheitsnotiz",
    "automatisch generiert|generierte|erstellt|erstellte|erzeugte",
    "respuesta|mensaje automatica|automatico",
    "risposta|messaggio automatica|automatico",
    NULL,
};

static const char *const absent[] = {
    "je suis|serai ~ absent*",
    "je suis|serai ~ conge|conges|vacances|deplacement|arret|formation|rtt",
    "je suis|serai ~ maternite|paternite",
    "je suis|serai ~ indisponible|injoignable",
    "je suis|serai ~ hors du bureau",
    "je ne suis|serai pas ~ bureau|disponible|joignable",
    "actuellement|absent*|momentanement absent*|du|jusqu",
    "absent* du bureau",
    "absent* du 9",
    "absent* jusqu",
    "absent* a partir|compter",
    "absent* pour ~ conges|vacances|raison*",
    "est|sera|etant ~ absent* ~ jusqu|du|et|pour|bureau|depuis|a",
    "etant ~ absent*",
    "est|sera ~ conge|conges ~ jusqu|du|maternite|paternite|maladie",
    "est|sont|etes|sera|seront|serons|sommes ~ ferme|fermes|fermee|fermees",
    "ferme|fermes|fermee|fermees ~ conges|vacances|du|jusqu|pour",
    "fermeture ~ annuelle|estivale|conges|exceptionnelle|bureaux|hivernale",
    "actuellement|deja ~ conges|conge|vacances|deplacement|arret|formation",
    "en conge|conges|vacances|deplacement|arret|formation|rtt ~ 9|jusqu|du|maladie|toute",
    "conge|conges maternite|paternite|maladie|parental|annuel|annuels",
    "arret maladie|travail",
    "non surveille*|consulte*|releve*",
    "absent e du bureau",
    "de retour le|au|lundi|mardi|mercredi|jeudi|vendredi|en|des|apres|a|dans|9",
    "mon|son|notre retour ~ prevu",
    "je rentre|reviens ~ 9|lundi|mardi|mercredi|jeudi|vendredi",
    "ne fait|font plus partie",
    "a|ai|ont quitte ~ entreprise|societe|groupe|fonctions|cabinet|etablissement|poste|equipe",
    "ne travaille plus ~ pour|chez|dans|au|avec|ici",
    "n est plus ~ collaborateur|salarie|employe|joignable|poste|effectifs",
    "n est plus chez|dans|parmi",
    "n exerce plus",
    "adresse|boite|messagerie|mail|compte ~ n est|sera plus ~ utilise*|active|actif|valide|"
    "consulte*|releve*|lue|lu|en|surveille*",
    "adresse|boite|messagerie ~ n est|sera pas ~ consulte*|releve*|surveille*|lue",
    "adresse ~ est|sera|a ~ desactivee|supprimee|inactive|obsolete|change",
    "parti|partie ~ retraite",
    "retraite depuis|le",
    "i am|m|will|ll ~ away until|from|on|at|for|this|next|and|$",
    "i am|m|will|ll ~ out of",
    "i am|m|will|ll ~ on ~ leave|vacation|holiday|holidays",
    "i ~ be ~ back on|in",
    "currently away",
    "is|be ~ away ~ until|from|on|for|this|next",
    "am|is|be|currently out of the|my|office|town",
    "out of the|my office",
    "out of office",
    "away from the|my office|desk|mail|email",
    "on annual|maternity|parental|sick|paternity|medical|vacation leave",
    "on vacation|holiday|leave ~ until|from|till|through|and",
    "office|offices ~ is|are|will ~ closed",
    "closed for|from|until",
    "return|returning to the office|work",
    "no longer ~ with|works|working|employed|at|part",
    "no longer ~ monitored|active|valid|use|used|checked",
    "not monitored|unmonitored",
    "has|have left the|our company|organisation|organization|firm|group",
    "nicht im buro|haus",
    "bin|ist ~ abwesend|urlaub",
    "im urlaub",
    "nicht mehr ~ tatig|unternehmen|beschaftigt",
    "estoy|estare ~ fuera|ausente|vacaciones",
    "fuera de la oficina",
    "sono|saro ~ ufficio|assente|ferie|vacanza",
    "in ferie",
    NULL,
};

static const char *const topics[] = {
    "absence",
    "absent*",
    "conges",
    "conge",
    "vacances",
    "fermeture",
    "indisponible",
    "indisponibilite",
    "out of office",
    "out of the office",
    "ooo",
    "vacation",
    "on leave",
    "away",
    "holiday|holidays",
    "depart",
    "changement d adresse|email|mail",
    "ne fait plus partie",
    "abwesenheit|abwesend",
    "urlaub",
    "ausente|ausencia|vacaciones",
    "assente|assenza|ferie",
    "nouvelle adresse",
    "repondeur",
    "closed",
    NULL,
};

static const char *const defers[] = {
    "cas d urgence|absolue",
    "toute urgence|question|demande ~ contacter|adresser|joindre|ecrire|appeler",
    "si ~ urgent|urgente ~",
    "urgence|urgences|urgent|urgente|urgentes ~ "
    "contacter|contactez|joindre|appeler|appelez|adresser",
    "pouvez|pourrez ~ contacter|joindre|adresser|prendre|appeler|ecrire",
    "merci|veuillez|priere|invite|invitons ~ "
    "contacter|deposer|adresser|prendre|joindre|envoyer|ecrire|"
    "rapprocher|noter|utiliser|transmettre",
    "contactez",
    "ecrivez|adressez|envoyez|appelez ~ a|au|votre|vos|vous",
    "contacter ~ collegue|collaborateur|collaboratrice|service|standard|mon|ma|le|la|notre",
    "des|a mon retour",
    "des|a son|notre retour",
    "prendrai|prendrons|prendra connaissance",
    "repondrai|repondrons|repondra|traiterai|traiterons|reviendrai|reviendrons|recontacterai|"
    "recontacterons",
    "ne sera|seront pas ~ lu|lus|traite|traites|transfere|transferes|transmis|redirige",
    "sera|seront ~ traite|traites|lu|lus ~ retour",
    "reprendr*|reouverture|rouvr*|rouvri*",
    "acces ~ limite|reduit|restreint",
    "n aurai|ai pas|plus ~ acces",
    "consulterai ~ messages|mails|messagerie|email|emails|courriels",
    "in ~ urgent|emergency|urgency",
    "urgent|emergency|emergencies|immediate|assistance ~ contact|call|email",
    "please|kindly contact|direct|email|call|reach|forward|send",
    "you can|may ~ contact|reach",
    "limited|no|intermittent access",
    "will|ll ~ respond|reply|answer|get|return|attend|read",
    "upon|on|when|after my|i return|am|get",
    "will|has|have|is not be|been|being ~ forwarded|read|answered|delivered",
    "will not be ~ forwarded|read|answered",
    "n a|ont pas ete ~ transfere|transferes|transmis|lu|lus|distribue",
    "dringend*|notfall ~",
    "wenden ~ sich ~ an",
    "nach meiner ruckkehr",
    "caso ~ urgencia|urgente|urgenza",
    "a mi regreso|vuelta",
    "al mio rientro|ritorno",
    NULL,
};

static const char *const receives[] = {
    "avons|ai ~ bien ~ recu|recue|receptionne|enregistre ~ votre|vos",
    "avons|ai|a|ont ~ bien ~ pris ~ compte|note|connaissance|charge",
    "votre|vos message|demande|mail|email|courriel|courrier|requete|messages|reclamation ~ a|ont ~ "
    "recu|recue|recus|enregistre|enregistree|transmis|transmise|pris|prise|receptionne|cree|creee",
    "accusons|accuse ~ reception",
    "accuse de reception",
    "confirmons|confirmation|confirme ~ reception",
    "reponse ~ vous sera|parviendra",
    "recevrez|aurez ~ reponse",
    "vous venez d envoyer|ecrire|adresser",
    "vous avez ~ ecrit|contacte|sollicite",
    "nous vous en remercions",
    "votre|vos message|demande|mail|email|e ~ bien ~ parvenu|parvenue|parvenus",
    "tout en oeuvre ~ repondre|traiter|satisfaire",
    "au plus vite|tot",
    "we|ve ~ got|received|have your message|request|email|enquiry",
    "merci|remercions|remercie ~ contacte|contactes|message|mail|demande|email|courriel|sollicite|"
    "ecrit",
    "dans les ~ meilleurs|brefs delais",
    "dans un delai de",
    "sous 9",
    "un|une|l ~ "
    "conseiller|conseillere|collaborateur|gestionnaire|technicien|operateur|equipe|agent|"
    "interlocuteur|membre ~ "
    "repondra|reviendront|repondront|contactera|recontactera|traitera|reviendra|prendra",
    "equipe|equipes|service|services ~ "
    "repondra|repondront|traitera|traiteront|reviendra|reviendront|prendra|"
    "recontactera|met|mettent",
    "sera|est ~ traite|traitee|pris|prise ~ charge|delais|compte|jours|ordre|service|equipe",
    "ticket|demande|incident|dossier ~ a ~ ete ~ cree|creee|ouvert|ouverte|enregistre|enregistree",
    "have|has|ve ~ received your",
    "your message|request|email|mail|enquiry|inquiry|ticket ~ has|was ~ "
    "received|created|registered|logged|opened|assigned",
    "thank|thanks ~ contacting|reaching|email|message|writing|request|enquiry|inquiry|getting",
    "as soon as possible",
    "within 9|the",
    "will|ll ~ get back|in|to",
    "our team|support|agents|staff|representatives|customer",
    "request|ticket|case ~ has been|was ~ created|opened|received|logged",
    "haben ~ ihre anfrage|nachricht|email|mail ~ erhalten",
    "ihre anfrage|nachricht ~ erhalten|eingegangen",
    "hemos recibido su",
    "abbiamo ricevuto la",
    NULL,
};

static const char *const tickets[] = {
    "ticket|incident|requete|case|tracking|request|demande|dossier|suivi ~ numero|n|no|id|number|"
    "reference|ref ~ 9",
    "ticket|incident|request|case|demande|requete|dossier # 9",
    "ticket|incident|request|case|demande|requete|dossier ~ # 9",
    "ticket|incident|case|request|requete|demande 9",
    "ticket|incident|case|request|requete|demande : 9|#",
    "n|no de ticket|demande|dossier|requete|suivi|incident",
    "numero|reference ~ de|du|votre ~ ticket|demande|dossier|requete|suivi|incident",
    "reference|numero ~ suivante|suivant|unique",
    "ticket id|number|numero|reference",
    "# 9",
    "your ticket|case",
    "votre ticket",
    NULL,
};

static const char *const challenges[] = {
    "cliquez|cliquer ~ lien|bouton ~ authentifier|valider|confirmer|verifier",
    "authentifier|identifier ~ adresse|expediteur|message|mail|email",
    "confirmer|valider|verifier ~ que ~ vous|n etes|robot",
    "confirmer ~ identite|envoi|adresse ~ pour|afin",
    "message|mail|email ~ est|a ~ en attente",
    "ne recevra|recevront ~ vos|votre ~ qu|que",
    "antispam|anti ~ spam ~",
    "confirm ~ you ~ human|person|sender",
    "verify ~ email|address|sender|yourself|human",
    "your message|email|mail ~ held|waiting|pending|quarantine|quarantined",
    "is being held",
    "awaits|awaiting moderator|moderation|approval",
    "attente ~ moderation|approbation",
    NULL,
};

static const char *const no_reply[] = {
    "ne pas ~ repondre ~ a ce|cet|cette",
    "ne pas ~ repondre directement|svp",
    "ne pas ~ repondre $",
    "ne pas y repondre",
    "ne repondez pas",
    "ne ~ repondez pas",
    "do not ~ reply|respond",
    "don t ~ reply|respond",
    "no reply",
    "nicht ~ antworten|beantworten",
    "no responda|responder",
    "non rispondere",
    NULL,
};

/* Somebody who knows what the message is about. */
static const char *const engages[] = {
    "je|j ~ regle|reglerai|paye|paie|payerai|paierai|verse|verserai|vire|solde|solderai|effectue|"
    "effectuerai",
    "je|j ~ ferai|fais|vais|fait|m|ai ~ virement|cheque|paiement|reglement|necessaire|paye|regle|"
    "payer|regler|transmis|vu",
    "je m en occupe|occuperai",
    "nous ~ reglons|reglerons|payons|paierons|payerons|solderons|effectuerons|ferons|procederons|"
    "avons ~ regle|paye|vire|effectue|procede|conteste*",
    "nous|je|j contestons|conteste*|refuse|refusons",
    "on ~ regle|paye|paie|vous",
    "virement|reglement|paiement|cheque ~ "
    "parti|partira|fait|effectue|emis|envoye|poste|passe|lance|"
    "sera|est|a|programme|prevu",
    "sera|seront ~ reglee|regle|reglees|payee|payees|paye|soldee|virement",
    "pouvez vous|pourriez vous|pourrais tu|peux tu",
    "facture ~ a ~ ete ~ payee|reglee|contestee|transmise|validee",
    "je|j ~ transmets|transfere|fais suivre|verifie|regarde|renvoie|envoie|confirme|comprends|"
    "attends|propose|demande",
    "i|we ~ pay|paid|settle|settled|transfer|transferred|send|sent|make|made|arrange|dispute|check|"
    "checked|forwarded",
    "payment ~ was|has|will|is ~ made|sent|done|scheduled|be",
    "can|could you",
    "vous ~ reglerai|reglerons|paierai|ferai|enverrai",
    "te ~ regle|paie|fais|envoie",
    "votre|vos|cette relance|rappel|relances",
    "your reminder|dunning",
    NULL,
};

static const char *const first_person[] = {"je", "j", "i", "ich", NULL};

void autoreply_words_read(const struct phrases *body, const struct phrases *subject,
                          struct autoreply_words *w)
{
    *w = (struct autoreply_words){
        .declares = phrases_say(body, declarations) || phrases_say(subject, declarations),
        .absent = phrases_say(body, absent),
        .away = phrases_say(subject, absent),
        .topic = phrases_say(subject, topics),
        .defers = phrases_say(body, defers),
        .receives = (unsigned)(phrases_count(body, receives) + phrases_count(subject, receives)),
        .ticket = phrases_say(body, tickets) || phrases_say(subject, tickets),
        .challenges = phrases_say(body, challenges) || phrases_say(subject, challenges),
        .no_reply = phrases_say(body, no_reply),
        .engages = phrases_say(body, engages),
        .first_person = phrases_say(body, first_person),
    };
}
