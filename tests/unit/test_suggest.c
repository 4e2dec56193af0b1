/*
 * test_suggest - sentences of debtors, and what each suggests
 *
 * The messages are written on Friday, 27 November 2026.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/suggest.h"

#define FRIDAY "Fri, 27 Nov 2026 10:00:00 +0100"

/* Read a text as the answer of bob@debiteur.example; what is suggested as "what:date:amount". */
static void understand_text(const char *date, enum read_kind kind, const char *text,
                            struct understood *u)
{
    char message[200];
    struct mail m = {0};
    snprintf(message, sizeof message, "From: Bob <bob@debiteur.example>\r\n%s%s\r\n\r\n",
             date ? "Date: " : "X: ", date ? date : "y");
    *u = (struct understood){.kind = kind};
    assert_true(mail_parse(message, strlen(message), &m));
    assert_true(suggest_read(&m, text, u));
    mail_free(&m);
}

static void describe(const struct understood *u, char *text, size_t room)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < u->suggestion_count && len < room; i++) {
        const struct suggestion *s = &u->suggestions[i];
        len += (size_t)snprintf(text + len, room - len, "%s%s%s%s", i ? " " : "", s->what,
                                *s->date || s->has_amount ? ":" : "", s->date);
        if (s->has_amount && len < room)
            len += (size_t)snprintf(text + len, room - len, ":%" PRId64, s->amount);
    }
}

struct sentence {
    const char *text, *suggested;
};

/* Each sentence suggests just this, and rests on itself. */
static void check_all(const struct sentence *sentences, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct understood u;
        char got[500];
        understand_text(FRIDAY, READ_REPLY, sentences[i].text, &u);
        describe(&u, got, sizeof got);
        if (strcmp(got, sentences[i].suggested) != 0) {
            print_message("\"%s\"\n  suggests \"%s\", not \"%s\"\n", sentences[i].text, got,
                          sentences[i].suggested);
            wrong++;
        }
        for (size_t k = 0; k < u.suggestion_count; k++)
            assert_string_equal(u.suggestions[k].quote, sentences[i].text);
        understood_free(&u);
    }
    assert_int_equal(wrong, 0);
}

#define CHECK(sentences) check_all(sentences, sizeof(sentences) / sizeof *(sentences))

static const struct sentence promise_french[] = {
    {"je vous règle le 15 décembre", "promise:2026-12-15"},
    {"le virement partira vendredi prochain", "promise:2026-12-04"},
    {"nous procéderons au paiement fin de mois", "promise:2026-11-30"},
    {"nous procéderons au paiement fin décembre", "promise:2026-12-31"},
    {"nous procéderons au paiement début janvier", "promise:2027-01-01"},
    {"nous procéderons au paiement sous huitaine", "promise:2026-12-05"},
    {"nous procéderons au paiement d'ici 10 jours", "promise:2026-12-07"},
    {"nous procéderons au paiement la semaine prochaine", "promise:2026-12-04"},
    {"nous procéderons au paiement demain", "promise:2026-11-28"},
    {"nous procéderons au paiement lundi", "promise:2026-11-30"},
    {"Je vous propose un acompte de 1 200,00 € le 15/12 puis le solde au 31/01.",
     "promise:2026-12-15:120000 promise:2027-01-31"},
    {"Nous verserons un acompte de 1 200,00 € le 15/12 puis le solde au 31/01.",
     "promise:2026-12-15:120000 promise:2027-01-31"},
    {"JE VOUS REGLE LE 15 DECEMBRE", "promise:2026-12-15"},
    {"je vous regle 1.200 € le 15 decembre", "promise:2026-12-15:120000"},
    {"Nous vous virerons 1 200,50 EUR le 15/12/2026.", "promise:2026-12-15:120050"},
    {"Nous vous virerons 1200 euros le 15.12.2026.", "promise:2026-12-15:120000"},
    {"Je vous verserai 1,2 k€ le 15 décembre.", "promise:2026-12-15:120000"},
    {"Pas de souci, je règle demain.", "promise:2026-11-28"},
    {"Nous ne manquerons pas de vous régler le 15 décembre.", "promise:2026-12-15"},
    {"Bonjour, je vous fais le virement lundi sans faute.", "promise:2026-11-30"},
    {"Le règlement de votre facture est prévu pour le 10 décembre.", "promise:2026-12-10"},
    {"Nous vous confirmons que le virement de 2 340,50 € sera effectué le 05/12/2026.",
     "promise:2026-12-05:234050"},
    {"Je vous paie dès que possible.", "promise"},
    {"Votre facture sera mise en paiement lors de notre prochaine échéance du 15 décembre.",
     "promise:2026-12-15"},
    {"Ok, ce sera payé en fin de semaine.", "promise:2026-11-27"},
    {"Désolé pour le retard, je règle ça demain matin.", "promise:2026-11-28"},
    {"Virement prévu mardi prochain.", "promise:2026-12-01"},
    {"On peut vous payer 500 euros tout de suite et le reste fin janvier.",
     "promise::50000 promise:2027-01-31"},
    {"Je m'engage à solder cette facture avant le 31/12.", "promise:2026-12-31"},
    {"Un chèque de 850€ vous sera adressé en début de semaine prochaine.",
     "promise:2026-11-30:85000"},
    {"Le paiement interviendra sous 8 jours.", "promise:2026-12-05"},
    {"Notre comptable passera le virement d'ici mercredi.", "promise:2026-12-02"},
    {"Nous attendons un règlement de notre client et vous paierons aussitôt.", "promise"},
    {"Nous serons en mesure de vous régler le 20 janvier 2027.", "promise:2027-01-20"},
    {"la facture FA-2026-118 sera reglée au 30 novembre", "promise:2026-11-30"},
    {"Je ferai le virement de 1.250,00€ vendredi 4 décembre.", "promise:2026-12-04:125000"},
    {"Vous recevrez notre règlement avant la fin du mois.", "promise:2026-11-30"},
    {"Nous avons bien noté votre relance et procédons au règlement ce jour.", "promise:2026-11-27"},
    {"nous avons programme le virement pour le 2 decembre", "promise:2026-12-02"},
    {"Le règlement est en cours de signature, il partira la semaine prochaine.",
     "promise:2026-12-04"},
    {"Je vous envoie un chèque cette semaine.", "promise:2026-11-27"},
    {"Comptez sur un paiement mi-décembre.", "promise:2026-12-15"},
    {"Le solde vous sera versé le 1er février.", "promise:2027-02-01"},
    {"Nous vous réglerons les 3 factures en retard, soit 4 520 euros, au plus tard le 18/12.",
     "promise:2026-12-18:452000"},
    {"Je vous règle 300 € aujourd'hui, 300 € le 31 décembre et le solde le 31 janvier.",
     "promise:2026-11-27:30000 promise:2026-12-31:30000 promise:2027-01-31"},
};

static const struct sentence promise_english[] = {
    {"We will pay by 15 December.", "promise:2026-12-15"},
    {"we will pay next Friday", "promise:2026-12-04"},
    {"We'll pay at the end of the month.", "promise:2026-11-30"},
    {"We will pay within 10 days.", "promise:2026-12-07"},
    {"We will transfer 1,200.50 on 15 December.", "promise:2026-12-15:120050"},
    {"We will transfer EUR 500 on Monday.", "promise:2026-11-30:50000"},
    {"We'll get this paid by the end of next week.", "promise:2026-12-04"},
    {"Payment will be released on Monday.", "promise:2026-11-30"},
    {"This invoice is scheduled for payment on 10 December 2026.", "promise:2026-12-10"},
    {"I'm going to transfer the full amount of £1,450.00 tomorrow.", "promise:2026-11-28:145000"},
    {"Your invoice has been approved and will be paid in our next payment run on December 15th.",
     "promise:2026-12-15"},
    {"We expect to settle the outstanding balance within 14 days.", "promise:2026-12-11"},
    {"You should have the money by Wednesday.", "promise:2026-12-02"},
    {"We'll send you a cheque for EUR 320 on the 5th.", "promise:2026-12-05:32000"},
    {"I can pay half now and the remainder in January.", "promise:2027-01-31"},
    {"We are planning to pay you at the end of the month.", "promise:2026-11-30"},
};

static const struct sentence already_paid_french[] = {
    {"virement parti hier", "already-paid:2026-11-26"},
    {"déjà réglé le 3 novembre", "already-paid:2026-11-03"},
    {"Payé par chèque n° 1234567.", "already-paid"},
    {"la facture a été réglée", "already-paid"},
    {"virement émis ce jour", "already-paid:2026-11-27"},
    {"Virement émis aujourd’hui.", "already-paid:2026-11-27"},
    {"Le virement a été émis hier pour 450,00 €.", "already-paid:2026-11-26:45000"},
    {"Avez-vous reçu notre paiement ?", "already-paid"},
    {"J'ai payé 500 € le 3 novembre et je règle le solde le 15 décembre.",
     "already-paid:2026-11-03:50000 promise:2026-12-15"},
    {"Votre facture a été réglée par virement le 12 novembre.", "already-paid:2026-11-12"},
    {"Bonjour, le virement a été fait hier.", "already-paid:2026-11-26"},
    {"Nous avons déjà payé cette facture, merci de vérifier vos comptes.", "already-paid"},
    {"Sauf erreur de notre part, cette facture est soldée depuis le 30/10.",
     "already-paid:2026-10-30"},
    {"J'ai envoyé un chèque de 480 € vendredi dernier.", "already-paid:2026-11-20:48000"},
    {"Chèque n° 4512278 posté le 23/11.", "already-paid:2026-11-23"},
    {"Je viens de faire le virement.", "already-paid"},
    {"C'est payé depuis lundi !", "already-paid:2026-11-23"},
    {"Vous trouverez ci-joint l'avis de virement.", "already-paid"},
    {"Ci-joint la preuve du virement effectué ce matin.", "already-paid:2026-11-27"},
    {"La somme de 1 980,00 EUR a été débitée de notre compte le 2 novembre 2026.",
     "already-paid:2026-11-02:198000"},
    {"Le paiement vous a été adressé la semaine dernière.", "already-paid"},
    {"virement fait ce jour", "already-paid:2026-11-27"},
    {"Nous l'avons réglée avant-hier par carte bancaire.", "already-paid:2026-11-25"},
    {"Il me semble que nous vous avons réglé le 5/11.", "already-paid:2026-11-05"},
    {"Je ne comprends pas votre relance, tout est réglé de notre côté.", "already-paid"},
    {"Nous sommes à jour de nos paiements.", "already-paid"},
    {"Votre chèque est parti ce matin au courrier.", "already-paid:2026-11-27"},
    {"Avez-vous bien reçu notre virement du 18 novembre ?", "already-paid:2026-11-18"},
};

static const struct sentence already_paid_english[] = {
    {"we paid this last week", "already-paid"},
    {"Payment was sent on 20 November.", "already-paid:2026-11-20"},
    {"This was paid on 3 November.", "already-paid:2026-11-03"},
    {"We have already settled this invoice.", "already-paid"},
    {"The transfer went out yesterday.", "already-paid:2026-11-26"},
    {"Our records show that this invoice was paid on 30/10/2026.", "already-paid:2026-10-30"},
    {"I've just made the payment.", "already-paid"},
    {"Please find attached the proof of payment.", "already-paid"},
    {"A cheque for €600 was posted to you last Friday.", "already-paid:2026-11-20:60000"},
    {"Payment done.", "already-paid"},
};

static const struct sentence dispute_french[] = {
    {"nous contestons cette facture", "dispute"},
    {"Il y a une erreur sur la facture.", "dispute"},
    {"La marchandise est non conforme.", "dispute"},
    {"nous ne paierons pas avant la livraison des pièces manquantes", "dispute"},
    {"Nous contestons formellement cette facture.", "dispute"},
    {"Les travaux ne sont pas terminés, nous ne réglerons pas le solde en l'état.", "dispute"},
    {"La marchandise est arrivée cassée.", "dispute"},
    {"Il y a une erreur sur le montant de la TVA.", "dispute"},
    {"Nous n'avons jamais passé cette commande.", "dispute"},
    {"Le montant facturé ne correspond pas au devis signé.", "dispute"},
    {"Nous sommes toujours en attente de l'avoir que vous nous aviez promis.", "dispute"},
    {"La prestation n'a pas été réalisée.", "dispute"},
    {"Cette facture fait doublon avec la précédente.", "dispute"},
    {"Il manquait 3 cartons à la livraison.", "dispute"},
    {"Suite à notre réclamation du 12 octobre, nous bloquons le paiement.", "dispute"},
    {"Le matériel livré ne fonctionne pas.", "dispute"},
    {"Vous nous avez facturé deux fois la même intervention.", "dispute"},
    {"Je refuse de payer pour un travail bâclé.", "dispute"},
    {"Ce n'est pas le tarif convenu.", "dispute"},
    {"Nous n'avons pas reçu la totalité de la commande.", "dispute"},
    {"Merci d'établir un avoir pour les articles retournés.", "dispute"},
    {"Nous avions annulé cette commande.", "dispute"},
    {"We never ordered these goods.", "dispute"},
    {"We are still waiting for a credit note.", "dispute"},
    {"The price does not match our purchase order.", "dispute"},
};

static const struct sentence dispute_english[] = {
    {"We dispute this invoice.", "dispute"},
    {"The matter is in litigation.", "dispute"},
    {"The amount on the invoice is wrong.", "dispute"},
    {"The goods arrived damaged and we will not be paying until they are replaced.", "dispute"},
    {"We were charged twice for the same delivery.", "dispute"},
    {"This invoice is in dispute.", "dispute"},
    {"The work has not been completed.", "dispute"},
};

static const struct sentence asks_document_french[] = {
    {"merci de m'envoyer une copie de la facture", "asks-document"},
    {"Merci de nous envoyer le RIB.", "asks-document"},
    {"Merci de m’envoyer le bon de livraison.", "asks-document"},
    {"dès réception de la copie, nous réglerons", "asks-document promise"},
    {"Merci de m'envoyer la facture et nous réglerons aussitôt.", "asks-document promise"},
    {"Pouvez-vous me renvoyer la facture svp ?", "asks-document"},
    {"Merci de nous transmettre votre RIB afin que nous puissions effectuer le virement.",
     "asks-document"},
    {"Je n'ai pas cette facture, pourriez-vous me la renvoyer ?", "asks-document"},
    {"Il nous faudrait le bon de livraison signé.", "asks-document"},
    {"J'aurais besoin d'un duplicata de la facture n° 2026-114.", "asks-document"},
    {"Nous n'avons jamais reçu cette facture.", "asks-document"},
    {"Nous ne retrouvons pas trace de votre facture.", "asks-document"},
    {"Veuillez nous adresser un relevé de compte.", "asks-document"},
    {"Auriez-vous un relevé des factures impayées ?", "asks-document"},
    {"Il manque le numéro de bon de commande sur votre facture, merci de nous la renvoyer "
     "corrigée.",
     "asks-document"},
};

static const struct sentence asks_document_english[] = {
    {"Could you resend the invoice?", "asks-document"},
    {"Please provide a statement.", "asks-document"},
    {"Could you please send me a copy of the invoice?", "asks-document"},
    {"We don't seem to have received this invoice.", "asks-document"},
    {"Please provide your bank details.", "asks-document"},
    {"Can you resend it with our PO number?", "asks-document"},
    {"We need a signed proof of delivery before we can process this.", "asks-document"},
};

static const struct sentence asks_time_french[] = {
    {"pourriez-vous nous accorder un délai", "asks-time"},
    {"Pourriez-vous nous accorder un échéancier ?", "asks-time"},
    {"Est-ce qu'un paiement en trois fois est envisageable ?", "asks-time"},
    {"nous avons des difficultés de trésorerie", "asks-time"},
    {"Serait-il possible d'obtenir un délai de paiement ?", "asks-time"},
    {"Nous traversons une période difficile et sollicitons un échéancier.", "asks-time"},
    {"Pouvez-vous patienter jusqu'au 15 janvier ?", "asks-time:2027-01-15"},
    {"Accepteriez-vous un règlement en 4 fois ?", "asks-time"},
    {"Notre trésorerie est très tendue en ce moment.", "asks-time"},
    {"Je ne peux pas vous régler pour le moment.", "asks-time"},
    {"Est-il possible d'échelonner le paiement sur trois mois ?", "asks-time"},
    {"Je vous demande un peu de patience, j'attends moi-même des paiements.", "asks-time"},
    {"Nous souhaiterions reporter l'échéance au 28 février.", "asks-time:2027-02-28"},
    {"Nous ne pourrons pas vous payer avant fin janvier.", "asks-time:2027-01-31"},
    {"We need a few more weeks to pay.", "asks-time"},
};

static const struct sentence asks_time_english[] = {
    {"Could we have until the end of January?", "asks-time:2027-01-31"},
    {"Would you accept payment in three instalments?", "asks-time"},
    {"We are having cash flow problems at the moment.", "asks-time"},
    {"Could you give us until 15 January?", "asks-time:2027-01-15"},
    {"Can we set up a payment plan?", "asks-time"},
};

static const struct sentence wrong_person_french[] = {
    {"vous vous trompez d'interlocuteur", "wrong-person"},
    {"je ne suis plus en charge de ce dossier", "wrong-person"},
    {"merci de contacter compta@debiteur.example", "wrong-person"},
    {"Mme Martin a quitté la société.", "wrong-person"},
    {"Je ne travaille plus dans cette société depuis septembre.", "wrong-person"},
    {"M. Durand a quitté l'entreprise.", "wrong-person"},
    {"Vous vous êtes trompé de destinataire.", "wrong-person"},
    {"Merci de vous adresser à notre service comptabilité : compta@debiteur.example",
     "wrong-person"},
    {"Ce n'est pas moi qui gère les factures, voyez avec Sophie Bernard.", "wrong-person"},
    {"Je ne suis pas la bonne personne.", "wrong-person"},
    {"Merci d'envoyer vos factures à factures@debiteur.example.", "wrong-person"},
    {"Cette adresse n'est plus utilisée, écrivez à facturation@debiteur.example.", "wrong-person"},
};

static const struct sentence wrong_person_english[] = {
    {"I no longer work here.", "wrong-person"},
    {"She left the company in June.", "wrong-person"},
    {"I'm not the right person to deal with this.", "wrong-person"},
    {"Please contact our accounts department at ap@debtor.example.", "wrong-person"},
    {"John has left the company.", "wrong-person"},
    {"I no longer handle supplier payments.", "wrong-person"},
    {"You have the wrong email address.", "wrong-person"},
};

static const struct sentence nothing_french[] = {
    {"quand devons-nous payer ?", ""},
    {"si vous réglez avant le 15 décembre", ""},
    {"votre facture n'a pas été réglée", ""},
    {"nous ne contestons pas", ""},
    {"Nous réglons nos fournisseurs le 10 de chaque mois.", ""},
    {"Bonjour, bien reçu, je regarde et je reviens vers vous.", ""},
    {"Je transmets votre message à mon comptable.", ""},
    {"Merci pour votre relance.", ""},
    {"Quand devons-nous payer cette facture ?", ""},
    {"Quel est le montant exact à régler ?", ""},
    {"Votre facture du 15 octobre est bien arrivée.", ""},
    {"Je n'ai pas encore réglé cette facture.", ""},
    {"Si vous ne recevez pas le virement, dites-le moi.", ""},
    {"Nous ne contestons pas cette facture.", ""},
    {"Merci de votre patience.", ""},
    {"Vous dites que la facture n'est pas réglée.", ""},
    {"Je vous rappelle lundi.", ""},
    {"Je suis absent jusqu'au 15 décembre.", ""},
    {"Notre société sera fermée du 24 décembre au 3 janvier.", ""},
    {"Le problème est réglé.", ""},
    {"La commande du 12 novembre a bien été livrée.", ""},
    {"Bonne journée et bon week-end.", ""},
    {"Vous serait-il possible de nous appeler mardi ?", ""},
    {"Nous avons réglé le litige avec votre commercial.", ""},
    {"Nous vous répondrons dans les meilleurs délais.", ""},
    {"Nous avons bien reçu votre facture de 1 200 €.", ""},
    {"N'hésitez pas à me contacter au 06 12 34 56 78.", ""},
    {"Merci de ne plus m'envoyer de relance.", ""},
};

static const struct sentence nothing_english[] = {
    {"Thanks, I'll look into it and get back to you.", ""},
    {"When is the payment due?", ""},
    {"We have not paid this invoice yet.", ""},
    {"If you have not been paid by Friday, let me know.", ""},
    {"I will check with my accountant tomorrow.", ""},
    {"I'm on holiday until 3 January.", ""},
    {"Do you accept payment by card?", ""},
    {"Your invoice dated 15 October has been received.", ""},
};

static void test_promise_french(void **state)
{
    (void)state;
    CHECK(promise_french);
}

static void test_promise_english(void **state)
{
    (void)state;
    CHECK(promise_english);
}

static void test_already_paid_french(void **state)
{
    (void)state;
    CHECK(already_paid_french);
}

static void test_already_paid_english(void **state)
{
    (void)state;
    CHECK(already_paid_english);
}

static void test_dispute_french(void **state)
{
    (void)state;
    CHECK(dispute_french);
}

static void test_dispute_english(void **state)
{
    (void)state;
    CHECK(dispute_english);
}

static void test_asks_document_french(void **state)
{
    (void)state;
    CHECK(asks_document_french);
}

static void test_asks_document_english(void **state)
{
    (void)state;
    CHECK(asks_document_english);
}

static void test_asks_time_french(void **state)
{
    (void)state;
    CHECK(asks_time_french);
}

static void test_asks_time_english(void **state)
{
    (void)state;
    CHECK(asks_time_english);
}

static void test_wrong_person_french(void **state)
{
    (void)state;
    CHECK(wrong_person_french);
}

static void test_wrong_person_english(void **state)
{
    (void)state;
    CHECK(wrong_person_english);
}

static void test_nothing_french(void **state)
{
    (void)state;
    CHECK(nothing_french);
}

static void test_nothing_english(void **state)
{
    (void)state;
    CHECK(nothing_english);
}

/* --- texts ------------------------------------------------------------------------------------*/

static void check_text(const char *date, enum read_kind kind, const char *text,
                       const char *suggested, const char *first_quote)
{
    struct understood u;
    char got[500];
    understand_text(date, kind, text, &u);
    describe(&u, got, sizeof got);
    assert_string_equal(got, suggested);
    if (first_quote)
        assert_string_equal(u.suggestions[0].quote, first_quote);
    understood_free(&u);
}

static void test_a_suggestion_rests_on_its_sentence(void **state)
{
    (void)state;
    check_text(FRIDAY, READ_REPLY,
               "Bonjour,\n\nNous avons bien re\u00e7u votre mail. Le virement   "
               "de\n1\u00a0200\u00a0\u20ac "
               "partira lundi.  Merci.\nCordialement",
               "promise:2026-11-30:120000", "Le virement de 1 200 \u20ac partira lundi.");
    check_text(FRIDAY, READ_REPLY,
               "Nous vous confirmons que le r\u00e8glement de votre facture sera effectu\u00e9 par "
               "virement\nbancaire le 15 d\u00e9cembre.\nBonne journ\u00e9e",
               "promise:2026-12-15",
               "Nous vous confirmons que le r\u00e8glement de votre facture sera effectu\u00e9 par "
               "virement bancaire le 15 d\u00e9cembre.");
    check_text(FRIDAY, READ_REPLY, "Bonjour M. Dupont, le virement est parti hier. merci",
               "already-paid:2026-11-26", "Bonjour M. Dupont, le virement est parti hier.");
}

static void test_quoted_lines_suggest_nothing(void **state)
{
    (void)state;
    check_text(FRIDAY, READ_REPLY,
               "> Nous avons pay\u00e9 le 3 novembre.\n> Merci de r\u00e9gler avant le 15/12.\n"
               "Je vous r\u00e8gle demain.\n > Je conteste la facture.\n",
               "promise:2026-11-28", "Je vous r\u00e8gle demain.");
}

static void test_the_same_is_suggested_once(void **state)
{
    (void)state;
    check_text(FRIDAY, READ_REPLY, "Je conteste la facture. Je conteste la facture.", "dispute",
               NULL);
    check_text(FRIDAY, READ_REPLY,
               "Nous contestons la facture et refusons de payer, la commande est annul\u00e9e.",
               "dispute", NULL);
}

static void test_dates_count_from_the_message(void **state)
{
    (void)state;
    static const char promise[] = "Je vous r\u00e8gle demain, le solde fin de mois.";
    check_text("Wed, 30 Dec 2026 23:30:00 -0500", READ_REPLY, "Je vous r\u00e8gle demain.",
               "promise:2026-12-31", NULL);
    check_text("Sat, 27 Feb 2027 00:10:00 +0100", READ_REPLY, promise, "promise:2027-02-28", NULL);
    check_text(NULL, READ_REPLY, "Je vous r\u00e8gle demain.", "promise", NULL);
    check_text(NULL, READ_REPLY, "Je vous r\u00e8gle le 15 d\u00e9cembre.", "promise", NULL);
    check_text(NULL, READ_REPLY, "Je vous r\u00e8gle le 15/12/2026.", "promise:2026-12-15", NULL);
    check_text("nonsense", READ_REPLY, "Je vous r\u00e8gle demain.", "promise", NULL);
}

static void test_a_programs_answer_names_a_contact_only(void **state)
{
    (void)state;
    check_text(FRIDAY, READ_AUTO_REPLY,
               "Je suis absent jusqu'au 15 d\u00e9cembre.\nEn cas d'urgence, vous pouvez contacter "
               "Claire Martin au 01 23 45 67 89.\nVotre facture sera pay\u00e9e le 20/12.",
               "wrong-person",
               "En cas d'urgence, vous pouvez contacter Claire Martin au 01 23 45 67 89.");
    check_text(FRIDAY, READ_AUTO_REPLY, "Facturation : compta@debiteur.example", "wrong-person",
               "Facturation : compta@debiteur.example");
    check_text(FRIDAY, READ_AUTO_REPLY,
               "I am out of the office. You can reach me at bob@debiteur.example or on "
               "+33 6 12 34 56 78.",
               "", NULL);
    check_text(FRIDAY, READ_AUTO_REPLY,
               "Je suis absent. En cas d'urgence me joindre au 06 12 34 56 78.", "", NULL);
}

static void test_hostile_text_is_read_in_bounds(void **state)
{
    (void)state;
    static char text[60000];
    static const char *const pieces[] = {"je regle le 15 ", "pas ",        "a@b.",   "1 200,50 ",
                                         "d'ici ",          "\xc3\xa9",    "a.b.c.", "?!",
                                         "fin de ",         "\xe2\x82\xac"};
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        struct understood u;
        size_t len = strlen(pieces[p]), at = 0;
        for (; at + len < sizeof text; at += len)
            memcpy(text + at, pieces[p], len);
        text[at] = '\0';
        understand_text(FRIDAY, READ_REPLY, text, &u);
        assert_true(u.suggestion_count <= READ_SUGGESTIONS_MAX);
        understood_free(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promise_french),
        cmocka_unit_test(test_promise_english),
        cmocka_unit_test(test_already_paid_french),
        cmocka_unit_test(test_already_paid_english),
        cmocka_unit_test(test_dispute_french),
        cmocka_unit_test(test_dispute_english),
        cmocka_unit_test(test_asks_document_french),
        cmocka_unit_test(test_asks_document_english),
        cmocka_unit_test(test_asks_time_french),
        cmocka_unit_test(test_asks_time_english),
        cmocka_unit_test(test_wrong_person_french),
        cmocka_unit_test(test_wrong_person_english),
        cmocka_unit_test(test_nothing_french),
        cmocka_unit_test(test_nothing_english),
        cmocka_unit_test(test_a_suggestion_rests_on_its_sentence),
        cmocka_unit_test(test_quoted_lines_suggest_nothing),
        cmocka_unit_test(test_the_same_is_suggested_once),
        cmocka_unit_test(test_dates_count_from_the_message),
        cmocka_unit_test(test_a_programs_answer_names_a_contact_only),
        cmocka_unit_test(test_hostile_text_is_read_in_bounds),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
