/*
 * suggest_classes - the classes of words that the rules for suggestions are written in
 *
 * The first numbers stay free: a rule has distances and signs there (suggest_rules.h). A verb
 * whose entry ends in "~" gives the classes of its forms, which follow one another.
 */
#ifndef TEMOIN_POLICY_SUGGEST_CLASSES_H
#define TEMOIN_POLICY_SUGGEST_CLASSES_H

enum verb_form {
    FORM_INF,  /* régler */
    FORM_FUT,  /* réglerai, réglera, réglerons, régleront */
    FORM_ONE,  /* règle */
    FORM_ONS,  /* réglons */
    FORM_ENT,  /* règlent */
    FORM_PAST, /* réglé, réglée, réglés, réglées */
    FORM_YOU,  /* réglez */
};

enum word_class {
    CLASS_FIRST = 16,
    /* régler, payer, solder: what is done to a debt */
    PAY = CLASS_FIRST,
    PAY_FUT,
    PAY_ONE,
    PAY_ONS,
    PAY_ENT,
    PAY_PAST,
    PAY_YOU,
    /* effectuer, procéder à, envoyer: what is done to a payment */
    DO,
    DO_FUT,
    DO_ONE,
    DO_ONS,
    DO_ENT,
    DO_PAST,
    DO_YOU,
    PAYMENT,     /* virement, règlement, chèque */
    BILL,        /* facture, montant, somme */
    SETTLE,      /* pay, settle, transfer */
    SETTLING,    /* paying */
    SETTLED,     /* paid */
    ISSUE,       /* send, make, process */
    ISSUING,     /* sending */
    ISSUED,      /* sent, made */
    LEAVES,      /* partira, interviendra */
    LEAVE,       /* partir, intervenir */
    LEFT_PAST,   /* parti */
    I,           /* je */
    WE,          /* nous, on */
    YOU,         /* vous */
    IT,          /* ce, cela, it */
    THEM,        /* objects: le, la, les, ça, en */
    GO,          /* vais, allons: what comes surely */
    CAN,         /* peux, pensons: what comes perhaps */
    WILL,        /* will, going to */
    BE,          /* be */
    WILL_BE,     /* sera */
    IS,          /* est */
    HAVE,        /* ai, avons, a, ont */
    HAVING,      /* avoir */
    BEEN,        /* a été */
    WAS,         /* was, were, been, got */
    JUST,        /* venons de */
    ALREADY,     /* déjà */
    PLANNED,     /* prévu, programmé, en cours */
    RECEIVE_FUT, /* recevrez */
    RECEIVE,     /* receive */
    COUNT_ON,    /* comptez sur */
    NECESSARY,   /* faisons le nécessaire */
    PAY_RUN,     /* campagne de règlement */
    BY_MEANS,    /* par chèque */
    PROOF,       /* avis de virement */
    ATTACHED,    /* ci-joint */
    UP_TO_DATE,  /* à jour */
    DEBITED,     /* débité, encaissé */
    BALANCE,     /* le solde, le reste */
    PART,        /* acompte, moitié */
    /* how it is said */
    NEG,      /* pas, jamais */
    NO_NEG,   /* pas de souci: denies nothing */
    TURN,     /* mais, car: another thought */
    JOIN,     /* et, puis, ou */
    WHEN,     /* si, dès que: a condition */
    NO_WHEN,  /* s'il vous plaît: none */
    REPORTED, /* vous dites que */
    ASK,      /* quand, pourquoi, pouvez-vous */
    OFTEN,    /* chaque mois */
    RELATIVE, /* dont, que */
    /* disputes */
    CONTEST,   /* contestons */
    QUARREL,   /* litige */
    RESOLVED,  /* clos */
    REFUSE,    /* refusons */
    WITHHOLD,  /* suspendons */
    OWE,       /* devons */
    GOODS,     /* marchandise, commande */
    WORK,      /* prestation, travaux */
    RECEIVED,  /* reçu */
    DELIVERED, /* livré */
    ORDERED,   /* commandé */
    ORDER,     /* commande, contrat */
    PLACED,    /* passé, signé */
    MATCH,     /* correspond */
    CANCELLED, /* annulé */
    DAMAGED,   /* endommagé */
    CONFORM,   /* conforme */
    MISSING,   /* manquant */
    ERROR,     /* erreur */
    NO_ERROR,  /* sauf erreur */
    FIGURE,    /* prix, quantité, TVA */
    WRONG,     /* erroné */
    AGREED,    /* convenu */
    AGREE,     /* d'accord */
    CHARGED,   /* facturé */
    TWICE,     /* deux fois */
    OVERDONE,  /* surfacturé, à tort */
    CREDIT,    /* avoir */
    DONE,      /* réalisé, terminé */
    BOTCHED,   /* bâclé, malfaçon */
    RUN,       /* fonctionne */
    CONCERN,   /* concerne */
    /* documents */
    REQUEST,  /* merci de, pourriez-vous */
    SEND,     /* envoyer */
    SEND_IMP, /* envoyez */
    NEED,     /* besoin de */
    WAIT,     /* attendons */
    DOCUMENT, /* copie, RIB */
    FIND,     /* trouve */
    POSSESS,  /* avez-vous */
    UPON,     /* dès réception */
    TO_ME,    /* m', nous */
    AGAIN,    /* renvoyer */
    ENCLOSED, /* voici, je vous envoie */
    THANKS,   /* merci pour */
    CORRECT,  /* corriger, rectifier */
    BANK,     /* RIB, IBAN */
    LACK,     /* en l'absence de */
    /* time */
    DELAY,    /* délai */
    NO_DELAY, /* meilleurs délais */
    GRANT,    /* accorder */
    SCHEDULE, /* échéancier */
    SPREAD,   /* étaler, reporter */
    TIMES,    /* en trois fois */
    TROUBLE,  /* difficultés */
    CASH,     /* trésorerie */
    TIGHT,    /* tendue */
    PATIENCE, /* patienter */
    TIME,     /* temps */
    MORE,     /* supplémentaire */
    UNTIL,    /* jusqu'au */
    BEFORE,   /* avant */
    UNABLE,   /* pas en mesure */
    NOW,      /* pour le moment */
    WISH,     /* souhaitons */
    /* persons */
    MISTAKEN,  /* vous vous trompez */
    PERSON,    /* interlocuteur, destinataire */
    IN_CHARGE, /* en charge, m'occupe */
    QUIT,      /* quitté */
    COMPANY,   /* société */
    EMPLOYED,  /* travaille, work */
    NO_LONGER, /* no longer */
    CONTACT,   /* contacter */
    ME,        /* me, nous */
    SERVICE,   /* comptabilité */
    TITLE,     /* Mme, M. */
    REPLACED,  /* remplacé par */
    GOOD_ONE,  /* bon, right */
    /* more of all */
    CONFIRM,    /* confirmons */
    BIDDEN,     /* demandé à la banque */
    ORDER_IT,   /* did not order */
    DIFFERS,    /* supérieure à */
    WHEREAS,    /* alors que, au lieu de */
    APPLIED,    /* appliqué, déduit */
    REGARDS,    /* tient compte de */
    RESPECTED,  /* respecté */
    DUE,        /* due, exigible */
    PLEASE,     /* svp */
    SPLIT,      /* en (trois fois) */
    COUNT,      /* trois */
    PORTION,    /* fois, mensualités */
    RETIRED,    /* parti à la retraite */
    HENCEFORTH, /* désormais */
    AGENT,      /* interlocuteur */
    FREE,       /* gratuit */
    HE,         /* he, she */
    HERE,       /* here, any more */
    MYSELF,     /* à moi */
    POSTED,     /* in the post */
    /* what is no word: set where a day to come or a sum begins */
    DAY_AHEAD,
    SUM,
    DATE_WORD, /* where a date may begin */
    CLASS_COUNT
};

#endif
