/*
 * test_reply_text - the sender's words and nobody else's; near misses of each rule are words
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "policy/reply_text.h"
#include "policy/reply_text_lines.h"
#include "policy/understood.h"

static void gives(const char *body, const char *words)
{
    struct bytes text = {0};
    /* A copy of just this length: a read beyond it is then seen by the sanitizers. */
    size_t len = strlen(body);
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, body, len);
    assert_true(reply_text(copy, len, &text));
    if (strcmp(text.data ? text.data : "", words) != 0)
        fail_msg("\"%s\"\ngave \"%s\"\ninstead of \"%s\"", body, text.data ? text.data : "", words);
    bytes_free(&text);
    free(copy);
}

static void same(const char *body)
{
    gives(body, body);
}

static void test_attributions_in_their_languages(void **state)
{
    (void)state;
    static const char *const attributions[] = {
        "Le mar. 24 nov. 2026 à 10:12, Jeanne Martin <jeanne@a.example> a écrit :",
        "Le mar. 24 nov. 2026 à 10:12, Jeanne Martin <jeanne@a.example> a\nécrit\u00a0:",
        "Le 24/11/2026 à 10:12, Jeanne Martin a écrit\u202f:",
        "Le mardi 24 novembre 2026 à 10:12:33 UTC+1,\nJeanne Martin <jeanne@a.example>\na écrit :",
        "Jeanne Martin <jeanne@a.example> a écrit (24/11/2026 10:12) :",
        "Jeanne Martin <jeanne@a.example> a écrit sur 24/11/2026 10:12:03 :",
        "On Tue, Nov 24, 2026 at 10:12 AM Jeanne Martin <\njeanne@a.example> wrote:",
        "May 4, 2026, 10:26 AM, \"Jeanne\" <jeanne@a.example> wrote:",
        "Quoting Jeanne Martin <jeanne@a.example>:",
        "Am 24.11.2026 um 10:12 schrieb Jeanne Martin:",
        "Jeanne Martin <jeanne@a.example> schrieb am Di., 24. Nov. 2026, 10:12:",
        "El mar, 24 nov 2026 a las 10:12, Jeanne (<jeanne@a.example>) escribió:",
        "Il giorno mar 24 nov 2026 alle ore 10:12 Jeanne <jeanne@a.example> ha scritto:",
        "Op di 24 nov. 2026 om 10:12 schreef Jeanne <jeanne@a.example>:",
        "Em ter., 24 de nov. de 2026 às 10:12, Jeanne <jeanne@a.example>\nescreveu:",
        "LE MAR. 24 NOV. 2026 A 10:12, JEANNE <jeanne@a.example> A ECRIT :",
        "---- On Tue, 24 Nov 2026 10:12:00 +0100 Jeanne <jeanne@a.example> wrote ----",
        "-----Jeanne Martin/ACME a écrit : -----",
    };
    for (size_t i = 0; i < sizeof attributions / sizeof *attributions; i++) {
        char body[1024];
        snprintf(body, sizeof body, "Oui.\n\n%s\n\n> Bonjour\n", attributions[i]);
        gives(body, "Oui.");
        snprintf(body, sizeof body, "Oui.\n\n%s\n\nBonjour,\nviendrez-vous ?\n", attributions[i]);
        gives(body, "Oui.");
    }
}

static void test_headers_and_separators_begin_history(void **state)
{
    (void)state;
    static const char *const histories[] = {
        "De : Jeanne <j@a.example>\nEnvoyé : mardi 24 novembre 2026 10:12\nÀ : Marie\nObjet : x",
        "*De :* Jeanne [mailto:j@a.example]\n*Envoyé :* mardi\n*À :* Marie\n*Objet :* x",
        "________________________________\nDe\u00a0: Jeanne\nEnvoyé\u00a0: mardi 10:12",
        "From: Jeanne <j@a.example>\nSent: Tuesday\nTo: a@b.example;\n c@d.example\nSubject: x",
        "Von: Jeanne <j@a.example>\nGesendet: Dienstag\nAn: Klaus\nBetreff: x",
        "De: Jeanne <j@a.example>\nEnviado el: martes\nPara: Carmen\nAsunto: x",
        "Da: Jeanne <j@a.example>\nInviato: martedì\nA: Luca\nOggetto: x",
        "Sujet : x\nDate : Tue, 24 Nov 2026 10:12:00 +0100\nDe : J <j@a.example>\nPour : m",
        "De : Jeanne Envoyé : mardi 24 novembre 2026 10:12 À : Marie Objet : x",
        "-----Message d'origine-----",
        "-----Original Message-----",
        "-------- Message transféré --------",
        "---------- Forwarded message ---------",
        "-----Ursprüngliche Nachricht-----",
        "----- Mail original -----",
        "Début du message réexpédié :",
        "Begin forwarded message:",
        "##- Merci de répondre au-dessus de cette ligne -##",
    };
    for (size_t i = 0; i < sizeof histories / sizeof *histories; i++) {
        char body[1024];
        snprintf(body, sizeof body, "Oui.\n\n%s\n\nBonjour,\nviendrez-vous ?\n", histories[i]);
        gives(body, "Oui.");
    }
}

static void test_what_only_looks_like_history_is_words(void **state)
{
    (void)state;
    same("Le 12 novembre 2026 à 15h30, votre collègue m'a écrit :\n« Tout est prêt. »");
    same("Paul a écrit :\nje viendrai.");
    same("Trajet :\nDe : Nantes\nÀ : Rennes\nDate : lundi\nVoilà.");
    same("On Tuesday 24 November 2026 we moved.\nCome and see.");
    same("Le 24/11/2026 à 10:12 le camion est parti.\nIl arrive.");
    same("De : Nantes\nÀ : Rennes\nvoilà");
    same("--- Adresse ---\n12 rue des Lilas");
    same("Votre message d'origine est arrivé.\nMerci.");
    same("| jour | heure |\n| lundi | 8h |");
}

static void test_answers_inside_the_quote_keep_their_line(void **state)
{
    (void)state;
    gives("> Qui ?\nPaul.\n> Quand ?\nLundi.\n", "> Qui ?\nPaul.\n> Quand ?\nLundi.");
    gives("Voir plus bas.\n\nLe 24/11/2026 à 10:12, J a écrit :\n> Bonjour\n>\n> Qui "
          "?\n>\n\nPaul.\n\n"
          "> Quand ?\n\nLundi.\n\n>\n> Cordialement\n> Jeanne\n\nBonne soirée\n",
          "Voir plus bas.\n\n> Qui ?\nPaul.\n\n> Quand ?\nLundi.\n\nBonne soirée");
    gives(">> Qui ?\nPaul.\n> Quand ?\n", "> > Qui ?\nPaul.");
    /* Below the whole quote is not inside it. */
    gives("> Qui ?\n> Quand ?\n\nPaul, lundi.\n", "Paul, lundi.");
    gives("Paul.\n\n> Qui ?\n> Quand ?\n\nLundi.\n", "Paul.\n\nLundi.");
}

static void test_other_marks_of_quotation(void **state)
{
    (void)state;
    gives("J a écrit :\n| Qui ?\n| Quand ?\n\nPaul.\n", "Paul.");
    gives("On 24 Nov 2026 at 10:12, J wrote:\n\n\tWho?\n\tWhen?\n\nPaul.\n", "Paul.");
    gives("JM> Qui ?\nJM> Quand ?\nPaul.\n", "Paul.");
    gives(" > Qui ?\n >> Quand ?\nPaul.\n", "Paul.");
    /* The line end behind the attribution was lost. */
    gives("Oui.\n\nLe mar., nov. 24, 2026 à 10:12, J<j@a.example> a écrit :   Bonjour,\nqui ?\n",
          "Oui.");
    /* The rest of a quoted line that was broken on its way is not an answer. */
    gives(
        "> Nous souhaitons visiter vos locaux au cours de la semaine\nprochaine\n> si possible.\n\n"
        "Oui.\n",
        "Oui.");
}

static void test_nothing_left(void **state)
{
    (void)state;
    gives("", "");
    gives("\n \n\t\n", "");
    gives("> a\n> b\n", "");
    gives("---------- Forwarded message ---------\nDe : J <j@a.example>\nDate: x\n\nBonjour\n", "");
    gives("Cordialement,\nMarie Durand\nComptable\n\nLe 24/11/2026 à 10:12, J a écrit :\n> a\n",
          "");
}

static void test_signatures_go_and_words_stay(void **state)
{
    (void)state;
    gives("Oui.\n-- \nMarie\n", "Oui.");
    gives("Oui.\n\nBien cordialement,\nMarie Durand\nComptable\nTél. 01 02 03 04 05\n", "Oui.");
    gives("Oui.\nCordialement, Marie\n", "Oui.");
    gives("Oui.\n*Cordialement*\nMarie", "Oui.");
    gives("Oui.\n\nJe vous prie d'agréer, Madame, mes salutations distinguées.\n\nM. Durand\n",
          "Oui.");
    gives("Ja.\n\nMit freundlichen Grüßen\ni. A. Klaus Weber\n", "Ja.");
    gives("Yes.\n\nKind regards\nJohn\n", "Yes.");
    gives("Oui.\n\nMarie Durand\nComptable\nTél. : 01 02 03 04 05\nwww.a.example\n", "Oui.");
    gives("Oui.\n\nMerci,\nMarie\n", "Oui.");
    gives("Oui.\n\nCordialement,\nMarie\n\nPS : la clé est chez Paul.\n",
          "Oui.\n\nPS : la clé est chez Paul.");
    same("Oui.\n\nMerci\nMarie");
    same("Cordialement parlant, la porte reste ouverte à tous.");
    same("Regards were sent to you by Paul.");
    same("Horaires :\n- lundi\n-- sauf fêtes\nÀ bientôt");
    same("Adresse :\n\nSociété Dupont\n12 rue des Lilas\nTél. 02 40 00 00 00");
    same("Oui.\n\nVous pouvez me joindre au\n02 40 00 00 00");
    same("Oui.\n\nNotre nouveau compte\nFR76 3000 4000 0300 0000 0000 143");
    same("Salutations,\nnous avons changé de bureaux et vous attendons dans les nouveaux locaux.\n"
         "Passez quand vous voulez.");
}

static void test_notices_go(void **state)
{
    (void)state;
    gives("Oui.\n\nEnvoyé de mon iPhone\n", "Oui.");
    gives("Oui.\n\nTélécharger Outlook pour iOS<https://aka.ms/o0ukef>\n", "Oui.");
    gives("Oui.\n\nSent from my Galaxy\n", "Oui.");
    gives("Oui.\n\nEnvoyé depuis l'application Mail Orange\n", "Oui.");
    gives("Oui.\n\nCe message et ses pièces jointes sont confidentiels.\n", "Oui.");
    gives("Oui.\n\nThis email and any attachments are confidential.\n\nMore.\n", "Oui.");
    gives("Oui.\n\nPensez à l'environnement avant d'imprimer ce message.\n", "Oui.");
    gives("Oui.\n\n<https://www.avast.com/x>\nGaranti sans virus.www.avast.com\n<#DAB4FAD8>\n",
          "Oui.");
    gives("[EXTERNAL]\n\nOui.\n", "Oui.");
    gives("[EXTERNAL] Oui.\n", "Oui.");
    gives("CAUTION: This email originated from outside.\nDo not click links.\n----\nOui.\n",
          "Oui.");
    gives("Oui.\n____________________\nAmis mailing list\nAmis@l.example\n", "Oui.");
    gives("Oui.\n\nbegin 644 plan.txt\n#86)C\n`\nend\nFin.\n", "Oui.\n\nFin.");
    same("Ce message est arrivé hier, merci.");
    same("Ce message m'a été adressé par erreur, je ne suis pas votre destinataire.\nPaul");
    same("This email was sent to me in error, please delete my address.\nPaul");
    same("Le contenu de ce courrier est strictement faux à nos yeux.\nPaul");
    same("Conformément au règlement du marché, la visite est libre.");
    same("Analyse effectuée par notre atelier : tout va bien.");
    gives("Oui.\n\nCe courriel est destiné à la seule attention de ses destinataires.\n", "Oui.");
    same("Attention : notre expéditeur externe a perdu le colis hier.\nPaul");
    gives("Attention : ce courriel provient d'un expéditeur hors de notre société.\n\nOui.\n",
          "Oui.");
    same("Attention, la rue est barrée.");
    same("Envoyé par Paul hier, il arrive demain.");
    same("Le colis est parti de mon iPhone à Nantes ? Non.");
}

static void test_only_cleaning(void **state)
{
    (void)state;
    gives("  retrait gardé \t\n\n\n\n\nfin\u00a0\n", "  retrait gardé\n\nfin");
    gives("a\x07"
          "b\x7f\xc2\x85\u200b\u202ec\td\n",
          "abc\td");
    struct bytes text = {0};
    assert_true(reply_text("a\0b\xff\xc3", 5, &text));
    assert_string_equal(text.data, "ab");
    bytes_free(&text);
}

static void test_limits(void **state)
{
    (void)state;
    struct bytes body = {0}, text = {0};
    for (int i = 0; i < 20000; i++)
        assert_true(bytes_printf(&body, "mot %d\n", i));
    assert_true(reply_text(body.data, body.len, &text));
    assert_true(text.len <= READ_REPLY_MAX && text.len > READ_REPLY_MAX - 20);
    assert_int_equal(strncmp(text.data, "mot 0\nmot 1\n", 12), 0);
    assert_true(g_utf8_validate(text.data, (gssize)text.len, NULL));
    bytes_free(&text);
    body.len = 0;
    for (int i = 0; i < REPLY_LINES_MAX + 10; i++)
        assert_true(bytes_puts(&body, i < REPLY_LINES_MAX ? "\n" : "x\n"));
    assert_true(reply_text(body.data, body.len, &text));
    assert_int_equal(text.len, 0);
    bytes_free(&text);
    bytes_free(&body);
}

static void test_keys(void **state)
{
    (void)state;
    char key[REPLY_KEY_MAX + 1];
    static const char line[] = "  *ENVOYÉ\u00a0:* l’Œuvre\u202f\u2013  de\tStraße e\u0301t\u00e9 ";
    key_make(line, strlen(line), key);
    assert_string_equal(key, "envoye: l'oeuvre - de strasse ete");
    assert_true(key_has_time("a 9h05") && key_has_time("10:12") && !key_has_time("24.11.2026"));
    assert_true(key_has_date("24/11/26") && key_has_date("nov. 2026") && !key_has_date("12 rue"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributions_in_their_languages),
        cmocka_unit_test(test_headers_and_separators_begin_history),
        cmocka_unit_test(test_what_only_looks_like_history_is_words),
        cmocka_unit_test(test_answers_inside_the_quote_keep_their_line),
        cmocka_unit_test(test_other_marks_of_quotation),
        cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_signatures_go_and_words_stay),
        cmocka_unit_test(test_notices_go),
        cmocka_unit_test(test_only_cleaning),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
