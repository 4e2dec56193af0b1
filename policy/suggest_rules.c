/*
 * suggest_rules - the ways of saying that suggestions rest on, as a table
 */
#include "policy/suggest_rules.h"

#define PROMISE(flags, ...)                          \
    {                                                \
        SUGGEST_PROMISE, {__VA_ARGS__}, flags, OFTEN \
    }
#define PAID(flags, ...)                                   \
    {                                                      \
        SUGGEST_PAID, {__VA_ARGS__}, (flags) | PAST, OFTEN \
    }
#define DISPUTE(flags, ...)                             \
    {                                                   \
        SUGGEST_DISPUTE, {__VA_ARGS__}, flags, RESOLVED \
    }
#define DOC(flags, ...)                           \
    {                                             \
        SUGGEST_DOCUMENT, {__VA_ARGS__}, flags, 0 \
    }
#define TIME_(flags, ...)                     \
    {                                         \
        SUGGEST_TIME, {__VA_ARGS__}, flags, 0 \
    }
#define PERSON_(flags, ...)                     \
    {                                           \
        SUGGEST_PERSON, {__VA_ARGS__}, flags, 0 \
    }

const struct rule suggestion_rules[] = {
    /* --- a promise to pay --------------------------------------------------------------------*/
    /* "nous réglerons", "je vous paierai" */
    PROMISE(0, PAY_FUT),
    /* "nous procéderons au paiement", "je ferai le virement" */
    PROMISE(0, DO_FUT, 4, PAYMENT),
    /* "le virement partira", "le règlement interviendra" */
    PROMISE(DATED, PAYMENT, 9, LEAVES),
    PROMISE(0, IT, NEXT, LEAVES, 2, DAY_AHEAD),
    PROMISE(0, PAYMENT, 6, GO, OR, CAN, 2, LEAVE),
    PROMISE(0, PAYMENT, 6, WILL, 2, LEAVE),
    /* "la facture sera réglée", "will be paid", "sera mise en paiement" */
    PROMISE(0, WILL_BE, 3, PAY_PAST, OR, SETTLED),
    PROMISE(0, WILL_BE, 3, DO_PAST, OR, ISSUED, 3, PAYMENT),
    PROMISE(0, PAYMENT, 9, WILL_BE, 3, DO_PAST, OR, ISSUED, OR, DONE),
    PROMISE(DAYED, IT, NEXT, WILL_BE, 2, DO_PAST, OR, DONE),
    /* "je vais vous régler", "nous pouvons payer le 15" */
    PROMISE(0, GO, 4, PAY),
    PROMISE(0, GO, 4, DO, 4, PAYMENT),
    PROMISE(DATED, CAN, 5, PAY),
    PROMISE(DAYED, CAN, 3, PAYMENT),
    PROMISE(DATED, CAN, 5, DO, 4, PAYMENT),
    /* "je vous règle", "nous réglons lundi", "notre comptable vous paie demain" */
    PROMISE(0, I, NEXT, THEM, 2, PAY_ONE),
    PROMISE(DATED, I, OR, WE, OR, THEM, NEXT, PAY_ONE),
    PROMISE(DATED, PAY_ONS),
    PROMISE(0, WE, NEXT, YOU, NEXT, PAY_ONS),
    PROMISE(0, I, OR, WE, 3, DO_ONE, OR, DO_ONS, 3, PAYMENT),
    PROMISE(DATED, DO_ONE, OR, DO_ONS, 3, PAYMENT),
    /* "le règlement est prévu pour le 10", "nous avons programmé le virement" */
    PROMISE(0, PAYMENT, 6, PLANNED),
    PROMISE(DATED, PLANNED, 3, PAYMENT, OR, PAY_RUN),
    PROMISE(DAYED, PLANNED, 3, PAY),
    PROMISE(DAYED, BILL, OR, IT, 6, PLANNED),
    PROMISE(DAYED, PAY_RUN),
    /* "virement lundi", "règlement fin de mois" */
    PROMISE(DAYED | AT_START | VERBLESS, PAYMENT),
    /* "vous recevrez notre chèque", "comptez sur un paiement" */
    PROMISE(0, RECEIVE_FUT, 3, PAYMENT),
    /* "on nous confirme un paiement pour le 4", "j'ai demandé à la banque d'effectuer …" */
    PROMISE(0, CONFIRM, 5, PAYMENT, 3, DAY_AHEAD),
    PROMISE(CALM, PAYMENT, 1, DAY_AHEAD),
    /* "je passe à la banque demain pour faire le virement", "je vous fais ça lundi" */
    PROMISE(DAYED | CALM, I, OR, WE, 8, DO, 2, PAYMENT),
    PROMISE(DAYED | CALM, I, OR, WE, 2, DO_ONE, OR, DO_ONS, NEXT, IT),
    PROMISE(DAYED, HAVE, 1, BIDDEN, 8, DO, OR, ISSUE, 3, PAYMENT),
    PROMISE(DAYED, HAVE, 1, BIDDEN, 8, PAY, OR, SETTLE),
    PROMISE(0, COUNT_ON, 3, PAYMENT),
    PROMISE(DAYED, YOU, 2, WILL, OR, CAN, 2, RECEIVE, 3, PAYMENT, OR, BILL),
    /* "nous faisons le nécessaire pour le paiement" */
    PROMISE(DAYED, DO_ONE, OR, DO_ONS, OR, DO_FUT, OR, DO, 2, NECESSARY),
    /* English: "we will pay", "I'm paying on Friday", "we'll send you a cheque" */
    PROMISE(0, WILL, 4, SETTLE),
    PROMISE(DATED, CAN, 3, SETTLE),
    PROMISE(DATED, IS, 2, SETTLING),
    PROMISE(0, WILL, 3, ISSUE, 5, PAYMENT),
    PROMISE(DATED, CAN, 4, ISSUE, 4, PAYMENT),
    PROMISE(DATED, IS, 2, ISSUING, 4, PAYMENT),
    PROMISE(0, WILL, 2, ISSUE, OR, RECEIVE, 3, SETTLED),
    PROMISE(DAYED, PAYMENT, 4, IS, 2, LEAVE),

    /* --- paid already ------------------------------------------------------------------------*/
    /* "nous avons réglé", "we have paid", "je vous ai déjà payé" */
    PAID(0, HAVE, 3, PAY_PAST, OR, SETTLED),
    PAID(0, HAVE, 3, DO_PAST, OR, ISSUED, 4, PAYMENT),
    PAID(0, HAVE, 2, ALREADY, 2, DO_PAST, OR, ISSUED, 4, PAYMENT),
    PAID(0, HAVING, 2, PAY_PAST),
    /* "la facture a été réglée", "le paiement est parti" */
    PAID(0, BEEN, 4, PAY_PAST),
    PAID(0, IS, 2, PAY_PAST),
    PAID(0, WAS, 2, SETTLED),
    PAID(0, IS, 2, SETTLED),
    PAID(0, PAYMENT, 9, BEEN, 4, DO_PAST, OR, DONE),
    PAID(0, PAYMENT, 9, IS, 2, DO_PAST, OR, LEFT_PAST, OR, DONE),
    PAID(0, PAYMENT, 9, WAS, 2, ISSUED, OR, DO_PAST),
    PAID(0, BEEN, 3, DO_PAST, NEXT, PAYMENT),
    PAID(0, BEEN, 3, DEBITED),
    PAID(0, HAVE, 3, DEBITED, 4, PAYMENT),
    PAID(0, WAS, 2, DEBITED),
    PAID(0, YOU, 3, DEBITED, 3, PAYMENT),
    PAID(0, PAYMENT, 4, LEFT_PAST),
    PAID(0, PAYMENT, 3, POSTED),
    /* "virement fait ce jour", "chèque n° … posté le 23/11", "payé hier", "déjà réglé" */
    PAID(0, PAYMENT, 4, DO_PAST, OR, ISSUED),
    PAID(0, ALREADY, 1, PAY_PAST, OR, SETTLED),
    PAID(AT_START, PAY_PAST, OR, SETTLED),
    PAID(0, BILL, 4, PAY_PAST, OR, SETTLED),
    PAID(0, PAY_PAST, OR, SETTLED, 5, BY_MEANS),
    /* "je viens de faire le virement" */
    PAID(0, JUST, 3, PAY),
    PAID(0, JUST, 3, DO, 4, PAYMENT),
    /* "we paid this last week" */
    PAID(0, I, OR, WE, 2, SETTLED),
    PAID(0, I, OR, WE, 2, ISSUED, 4, PAYMENT),
    /* "ci-joint l'avis de virement" */
    PAID(0, ATTACHED, 6, PROOF),
    PAID(0, PROOF, 5, ATTACHED),
    PAID(0, DO_ONE, OR, DO_ONS, 4, PROOF),
    PAID(0, PROOF, 3, BEEN, 4, DO_PAST),
    /* "nous sommes à jour de nos paiements" */
    PAID(0, UP_TO_DATE, 3, PAYMENT),
    /* "avez-vous reçu notre virement ?", "vous avez dû recevoir notre chèque" */
    PAID(ASKED | ANYHOW, ASK, 4, RECEIVED, 1, WE, NEXT, PAYMENT),
    PAID(0, YOU, 4, RECEIVED, OR, RECEIVE, 1, WE, NEXT, PAYMENT),

    /* --- a dispute ---------------------------------------------------------------------------*/
    DISPUTE(0, CONTEST),
    DISPUTE(0, QUARREL),
    DISPUTE(DENIED, AGREE),
    DISPUTE(0, REFUSE, 4, PAY, OR, PAYMENT, OR, SETTLE),
    DISPUTE(0, WITHHOLD, 4, PAYMENT),
    DISPUTE(0, PAYMENT, 4, WITHHOLD),
    DISPUTE(DENIED | UNDATED, PAY_FUT),
    DISPUTE(DENIED | UNDATED, WILL, 3, SETTLE, OR, SETTLING),
    DISPUTE(DENIED, GO, 3, PAY),
    DISPUTE(DENIED, OWE, 3, BILL),
    /* not received, never ordered */
    DISPUTE(DENIED, RECEIVED, 6, GOODS),
    DISPUTE(DENIED, GOODS, 5, RECEIVED, OR, DELIVERED),
    DISPUTE(DENIED, HAVE, OR, BEEN, OR, IS, OR, WAS, 3, DELIVERED),
    DISPUTE(DENIED | AT_START, DELIVERED),
    DISPUTE(DENIED, HAVE, 3, ORDERED),
    DISPUTE(DENIED, ORDERED, 4, GOODS),
    DISPUTE(DENIED, PLACED, 3, ORDER),
    DISPUTE(DENIED, MATCH),
    DISPUTE(0, CANCELLED, 4, ORDER, OR, GOODS),
    DISPUTE(DENIED, I, OR, WE, 3, ORDER_IT),
    DISPUTE(DENIED, PLACED, 3, WORK),
    DISPUTE(0, ORDER, 5, CANCELLED),
    /* damaged, wrong, missing */
    DISPUTE(0, GOODS, 8, DAMAGED),
    DISPUTE(0, DAMAGED, 4, GOODS),
    DISPUTE(0, RECEIVED, 6, DAMAGED),
    DISPUTE(DENIED, CONFORM),
    DISPUTE(0, MISSING, 4, GOODS),
    DISPUTE(0, GOODS, 4, MISSING),
    DISPUTE(0, BOTCHED),
    DISPUTE(DENIED, WORK, 5, DONE),
    DISPUTE(DENIED, GOODS, OR, WORK, 4, RUN),
    DISPUTE(ASKED, ERROR, 5, BILL, OR, FIGURE),
    DISPUTE(ASKED, BILL, OR, FIGURE, 6, ERROR),
    DISPUTE(ASKED, BILL, OR, FIGURE, 5, WRONG),
    DISPUTE(ASKED, WRONG, 1, FIGURE, OR, BILL),
    DISPUTE(DENIED, FIGURE, 4, AGREED),
    DISPUTE(ASKED, BILL, OR, FIGURE, OR, CHARGED, OR, WORK, 6, DIFFERS),
    DISPUTE(DENIED, RELATIVE, 3, HAVE, 3, PLACED, OR, ORDERED, OR, AGREED),
    DISPUTE(0, WORK, OR, BILL, OR, GOODS, 5, FREE),
    DISPUTE(ASKED, CHARGED, 8, WHEREAS),
    DISPUTE(ANYHOW, SUM, 3, WHEREAS, OR, NEG, 2, SUM),
    DISPUTE(DENIED, FIGURE, 9, APPLIED),
    DISPUTE(DENIED, BILL, 4, REGARDS),
    DISPUTE(DENIED, BILL, 3, DUE),
    DISPUTE(DENIED, RESPECTED),
    DISPUTE(ASKED, CHARGED, 5, TWICE),
    DISPUTE(ASKED, OVERDONE),
    DISPUTE(DENIED, BILL, 4, CONCERN),
    /* a credit note is due */
    DISPUTE(ASKED | ANYHOW, WAIT, OR, NEED, OR, REQUEST, 6, CREDIT),
    DISPUTE(ANYHOW | SUPPOSED, UPON, 4, CREDIT),
    DISPUTE(DENIED | ASKED, RECEIVED, 4, CREDIT),
    DISPUTE(DENIED | ASKED, CREDIT, 5, RECEIVED),

    /* --- asks for a document -----------------------------------------------------------------*/
    DOC(ASKED | SUPPOSED, REQUEST, 8, SEND, 8, DOCUMENT),
    DOC(ASKED, REQUEST, NEXT, DOCUMENT),
    DOC(ASKED, NEED, 5, DOCUMENT),
    DOC(ASKED, WAIT, 4, DOCUMENT),
    DOC(ASKED, SEND_IMP, 6, DOCUMENT),
    {SUGGEST_DOCUMENT, {POSSESS, 3, DOCUMENT}, ASKED_ONLY, PAY_PAST},
    DOC(ASKED_ONLY, ASK, 3, BANK),
    DOC(DENIED, RECEIVED, OR, FIND, 4, DOCUMENT),
    DOC(DENIED | PLAIN, HAVE, OR, RECEIVE, 3, DOCUMENT),
    DOC(DENIED, DOCUMENT, 4, RECEIVED),
    DOC(ASKED | ANYHOW | SUPPOSED, UPON, 4, DOCUMENT),
    DOC(ASKED, REQUEST, 7, AGAIN),
    DOC(ANYHOW, UNABLE, 3, FIND, 4, DOCUMENT),
    DOC(DENIED, ENCLOSED, 3, DOCUMENT),
    DOC(DENIED, DOCUMENT, 5, ENCLOSED),
    DOC(ASKED | AT_START, DOCUMENT, 4, PLEASE),
    /* "nous ne pouvons pas payer en l'absence de numéro de commande" */
    DOC(ANYHOW, CAN, 4, PAY, OR, SETTLE, OR, DO, OR, ISSUE, 8, LACK, 3, DOCUMENT),
    DOC(ANYHOW, LACK, 3, DOCUMENT, 8, CAN, 4, PAY, OR, SETTLE, OR, DO, OR, ISSUE),

    /* --- asks for time -----------------------------------------------------------------------*/
    TIME_(ASKED | SUPPOSED, GRANT, 8, DELAY),
    TIME_(ASKED, DELAY, 4, GRANT),
    TIME_(ASKED, GRANT, 6, SCHEDULE),
    TIME_(ASKED, SCHEDULE),
    TIME_(ASKED, GRANT, 6, SPREAD),
    TIME_(ASKED, CAN, OR, REQUEST, OR, WISH, OR, ASK, 6, SPREAD),
    TIME_(ASKED, PAY, OR, PAYMENT, OR, SETTLE, 4, TIMES),
    TIME_(ASKED, PAY, OR, PAYMENT, OR, SETTLE, 6, SPLIT, NEXT, COUNT, 1, PORTION),
    TIME_(ASKED_ONLY | DAYED, CAN, 4, PAY, OR, SETTLE),
    TIME_(ASKED, TROUBLE, 4, CASH),
    TIME_(ASKED | ANYHOW, CASH, 6, TIGHT, OR, TROUBLE),
    TIME_(ASKED, REQUEST, OR, ASK, OR, GRANT, 6, PATIENCE),
    TIME_(ASKED, GRANT, 5, MORE, 2, TIME),
    TIME_(ASKED, GRANT, 4, TIME, 1, MORE),
    TIME_(ASKED, GRANT, 4, UNTIL),
    TIME_(ASKED_ONLY, ASK, OR, CAN, 6, UNTIL),
    TIME_(DENIED, CAN, 5, PAY, OR, SETTLE, 6, NOW, OR, BEFORE),
    TIME_(0, UNABLE, 4, PAY, OR, SETTLE),
    {SUGGEST_TIME, {CAN, 4, PAY, OR, SETTLE}, DENIED, LACK},

    /* --- the wrong person --------------------------------------------------------------------*/
    PERSON_(0, MISTAKEN),
    PERSON_(DENIED, GOOD_ONE, 1, PERSON),
    PERSON_(DENIED, I, 3, IN_CHARGE),
    {SUGGEST_PERSON, {WRONG, 1, PERSON, OR, COMPANY}, 0, GOODS},
    PERSON_(0, RETIRED),
    PERSON_(0, HENCEFORTH, 3, AGENT),
    PERSON_(0, AGENT, 2, IS, 3, HENCEFORTH),
    PERSON_(0, QUIT, 3, COMPANY),
    PERSON_(DENIED, NO_LONGER, 3, EMPLOYED, OR, IN_CHARGE, OR, PERSON),
    PERSON_(DENIED, EMPLOYED, 2, NO_LONGER),
    PERSON_(DENIED, I, OR, HE, 3, EMPLOYED, 3, HERE),
    PERSON_(DENIED, PERSON, NEXT, IN_CHARGE),
    PERSON_(DENIED, MYSELF, 4, NEED, OR, CONTACT, OR, SEND),
    {SUGGEST_PROMISE, {0}, 0, 0},
};
