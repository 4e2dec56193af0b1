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
#include "policy/suggest_words.h"
#include "tests/unit/suggest_english.h"
#include "tests/unit/suggest_french.h"

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

/* Each sentence suggests just this, and rests on itself. */
static void check_all(const struct said *sentences, size_t count)
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
    check_text("Fri, 27 Nov 1998 10:00:00 +0100", READ_REPLY, "Je vous r\u00e8gle demain.",
               "promise", NULL);
    check_text("Fri, 27 Nov 2100 10:00:00 +0100", READ_REPLY, "Je vous r\u00e8gle le 15/12.",
               "promise", NULL);
    check_text("Fri, 27 Nov 2099 10:00:00 +0100", READ_REPLY, "Je vous r\u00e8gle demain.",
               "promise:2099-11-28", NULL);
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

static void test_the_vocabulary_is_whole(void **state)
{
    (void)state;
    static struct vocabulary v;
    assert_true(vocabulary_open(&v));
    assert_true(v.first[27] > 1000 && v.first[27] < VOCABULARY_MAX);
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
        cmocka_unit_test(test_the_vocabulary_is_whole),
        cmocka_unit_test(test_hostile_text_is_read_in_bounds),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
