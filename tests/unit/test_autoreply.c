/*
 * test_autoreply - what programs answer for people, and what people write themselves
 *                  (policy/autoreply.h, autoreply_signs.h, other.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/understood.h"

static enum read_kind kind_of(const char *header, const char *body)
{
    struct understood u = {0};
    struct understanding_tools tools = {0};
    struct bytes message = {0};
    assert_true(bytes_printf(&message,
                             "From: Paul <paul@debtor.example>\nTo: Jeanne <j@creditor.example>\n"
                             "Message-ID: <r@debtor.example>\n%s"
                             "Content-Type: text/plain; charset=utf-8\n\n%s\n",
                             header, body));
    assert_true(understand(message.data, message.len, &tools, &u));
    enum read_kind kind = u.kind;
    understood_free(&u);
    bytes_free(&message);
    return kind;
}

static void expect(const char *header, const char *body, enum read_kind kind)
{
    enum read_kind got = kind_of(header, body);
    if (got != kind)
        fail_msg("%s instead of %s: %s%s", read_kind_name(got), read_kind_name(kind), header, body);
}

#define THREAD "Subject: Re: F-1\nIn-Reply-To: <o@creditor.example>\n"
#define AWAY "Je suis absent jusqu'au 15 décembre."
#define PAYS AWAY " Je vous règle à mon retour."
#define CONTACT AWAY " En cas d'urgence, merci de contacter Luc."

static void test_fields_that_suffice(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-replied (vacation)\n",
        "Auto-Submitted: auto-generated\n",
        "Precedence: auto_reply\n",
        "X-Autoreply: yes\n",
        "X-Autorespond: F-1\n",
        "X-Mailer: vacation 1.2\n",
        "X-POST-MessageClass: 9; Autoresponder\n",
        "Precedence: bulk\nX-Loop: a@b\n",
        "X-Amazon-Auto-Reply: true\n",
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct bytes header = {0};
        assert_true(bytes_printf(&header, "%s" THREAD, fields[i]));
        expect(header.data, "Je vous règle demain.", READ_AUTO_REPLY);
        bytes_free(&header);
    }
    expect("Auto-Submitted: no\n" THREAD, "Oui.", READ_REPLY);
    expect("X-Autoreply: no\n" THREAD, "Oui.", READ_REPLY);
    expect("Precedence: bulk\n" THREAD, "Oui.", READ_REPLY);
    expect("X-Auto-Response-Suppress: All\n" THREAD, "Oui.", READ_REPLY);
    expect("X-MS-Exchange-Generated-Message-Source:\n" THREAD, "Oui.", READ_REPLY);
}

static void test_absence_by_its_words(void **state)
{
    (void)state;
    expect("Subject: F-1\n", AWAY, READ_AUTO_REPLY);
    expect("Subject: F-1\n", PAYS, READ_REPLY);
    expect(THREAD, AWAY, READ_REPLY); /* somebody's short answer */
    expect(THREAD, CONTACT, READ_AUTO_REPLY);
    expect(THREAD, PAYS, READ_REPLY);
    expect("Return-Path: <>\n" THREAD, AWAY, READ_AUTO_REPLY);
    expect("Return-Path: <>\n" THREAD, PAYS, READ_REPLY);
    expect(THREAD, CONTACT "\n\n> Bonjour", READ_REPLY);
    expect(THREAD, "Bonjour Jeanne,\n" CONTACT, READ_REPLY);
    expect(THREAD, "Bonjour,\n" CONTACT, READ_AUTO_REPLY);
    expect("User-Agent: Mozilla Thunderbird\n" THREAD, CONTACT, READ_REPLY);
    expect("Subject: TR: F-1\n", CONTACT, READ_REPLY);
    expect(THREAD, "Ok.\n\nLe 20 novembre, Jeanne a écrit :\n" CONTACT, READ_REPLY);
    expect("Subject: Fermeture annuelle\n", "Nos bureaux sont fermés du 1er au 21 août.",
           READ_AUTO_REPLY);
    expect("Subject: Absence de bon de commande\n", "Il manque le numéro de commande.", READ_REPLY);
    expect("Subject: Out of office: F-1\n", "x", READ_AUTO_REPLY);
    expect("Subject: Re: Out of office: F-1\n", "I am back.", READ_REPLY);
    expect("Subject: Absent(e) du bureau : F-1\n", "x", READ_AUTO_REPLY);
    expect("Subject: [Auto-réponse] F-1\n", AWAY, READ_AUTO_REPLY);
    expect(THREAD, "Boîte non surveillée. Merci de déposer vos factures ailleurs.",
           READ_AUTO_REPLY);
    expect(THREAD, "Je suis en arrêt maladie, mon associé s'en charge.", READ_REPLY);
}

static void test_acknowledgements(void **state)
{
    (void)state;
    static const char received[] = "Nous avons bien reçu votre demande.";
    expect(THREAD, received, READ_REPLY);
    expect(THREAD, "Nous avons bien reçu votre demande. Ticket #4512.", READ_AUTO_REPLY);
    expect(THREAD, "Nous avons bien reçu votre demande, je regarde. Ticket #4512.", READ_REPLY);
    expect("Precedence: bulk\n" THREAD, received, READ_AUTO_REPLY);
    expect(THREAD, "Ceci est un message automatique. Nous avons bien reçu votre demande.",
           READ_AUTO_REPLY);
    expect("Subject: F-1\n",
           "Merci pour votre message. Un conseiller vous répondra dans les meilleurs délais.",
           READ_AUTO_REPLY);
    expect(THREAD, "Nous avons bien reçu votre relance, le virement est parti.", READ_REPLY);
    expect(THREAD, "Ci-joint l'avis. Message automatique de l'antivirus : rien trouvé.",
           READ_REPLY);
    expect("Subject: RIB\n",
           "Merci de ne pas répondre à l'ancienne adresse. Pouvez-vous "
           "envoyer un RIB ?",
           READ_REPLY);
    expect("Subject: F-1\n",
           "Votre message est en attente. Cliquez sur ce lien pour vous "
           "authentifier.",
           READ_AUTO_REPLY);
}

static void test_programs_that_answer_nothing(void **state)
{
    (void)state;
    expect("Auto-Submitted: auto-generated\nSubject: Facture 7\n", "Notre facture.", READ_OTHER);
    expect("Auto-Submitted: auto-generated\nSubject: Re: F-1\n", "Notre facture.", READ_AUTO_REPLY);
    expect("Auto-Submitted: auto-generated\nSubject: F-1\n", "Votre ticket a été créé.",
           READ_AUTO_REPLY);
    expect("List-Unsubscribe: <x>\nSubject: Soldes\n", "-30 %", READ_OTHER);
    expect("List-Id: <compta.debtor.example>\n" THREAD, "C'est payé.", READ_REPLY);
    expect("Subject: Soldes\n", "-30 %. Pour vous désinscrire, cliquez ici.", READ_OTHER);
    expect("Subject: Relevé\n", "Ceci est un message automatique.", READ_OTHER);
    expect("Content-Class: urn:content-classes:calendarmessage\n" THREAD, "Oui", READ_OTHER);
    expect("Subject: x\n", "", READ_OTHER);
    expect(THREAD, "", READ_REPLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_that_suffice),
        cmocka_unit_test(test_absence_by_its_words),
        cmocka_unit_test(test_acknowledgements),
        cmocka_unit_test(test_programs_that_answer_nothing),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
