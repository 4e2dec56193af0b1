/*
 * test_bounce - notices that follow no RFC: signs, words, recipients (policy/bounce.h and below)
 */
#include "tests/unit/recipients.h"

#include "policy/bounce_notice.h"
#include "policy/bounce_phrases.h"
#include "policy/bounce_reply.h"
#include "policy/bounce_returned.h"
#include "policy/bounce_text.h"

static void test_where_replies_begin(void **state)
{
    static const struct {
        const char *text;
        int at; /* -1: nowhere */
        bool introduced;
    } cases[] = {
        {"550 5.1.1 no such user", 0, true},
        {"host mx[192.0.2.1] said: 550 no", 25, true},
        {"Remote Server returned '550 5.1.10 x'", 24, true},
        {"#550 5.1.1 RESOLVER ##", 1, true},
        {"(reason: 452 4.2.2 full)", 9, true},
        {"Erreur\t552 full", 7, true},
        {"an error 550 occurred", 9, true},
        {"we saw 550 5.1.1 there", 7, false},
        {"spaces. 550 5.1.1 NoSuchUser", 8, true},
        {"you owe us 550 euros", -1, false},
        {"220 mx.b.example ESMTP", -1, false},
        {"version 4.550", -1, false},
        {"said: 5501", -1, false},
        {"said: 550", 6, true},
        {"said: 55", -1, false},
        {"said: 599 x", -1, false},
        {"", -1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t at = 0;
        bool introduced = false;
        bool found = reply_begins(cases[i].text, 0, strlen(cases[i].text), &at, &introduced);
        if (found != (cases[i].at >= 0) ||
            (found && ((int)at != cases[i].at || introduced != cases[i].introduced)))
            fail_msg("%s: %zu", cases[i].text, at);
    }
}

static void test_folding_makes_phrases_comparable(void **state)
{
    (void)state;
    static const char text[] = "  Votre message N\xe2\x80\x99"
                               "A  PAS\n\xc3\x89T\xc3\x89\xc2\xa0REMIS ";
    char *folded = bounce_fold(text, sizeof text - 1);
    assert_string_equal(folded, "votre message n'a pas ete remis");
    assert_true(bounce_says(folded, BOUNCE_OPENING));
    assert_false(bounce_says(folded, BOUNCE_DELAY));
    free(folded);
    folded = bounce_fold("\xff\xfe", 2);
    assert_non_null(folded);
    free(folded);
}

static void test_where_what_comes_back_begins(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"a\n--- Below this line is a copy of the message.\nx\n", 2},
        {"a\nReceived: from x\n", 2},
        {"a\nFrom: a@b\nTo: c@d\nMessage-ID: <x@y>\n", 2},
        {"a\nFrom: a@b\nTo: c@d\nSubject: x\n\nReason: y\n", 42},
        {"a\nOriginal message headers:\n\nReceived: x\n", 2},
        {"a\nYour original message was fine\nand so on\n", 43},
        {"", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(returned_begins(cases[i].text, strlen(cases[i].text)), cases[i].at);
}

static struct understood read_words(const char *text, const char *other)
{
    struct understood u = {0};
    struct notice n = {0};
    struct strings others = {0}, failed = {0};
    struct evidence evidence = {0};
    assert_true(strings_add(&others, other));
    assert_true(notice_read(text, strlen(text), &others, &n));
    assert_true(text_recipients(&n, &failed, &u, &evidence));
    notice_free(&n);
    strings_free(&others);
    return u;
}

static void test_listed_recipients_each_with_its_reason(void **state)
{
    (void)state;
    struct understood u = read_words("Contact postmaster@b.example if in doubt, or me@a.example.\n"
                                     "\n"
                                     "<One@b.example>:\n"
                                     "    550 5.1.1 unknown here\n"
                                     "two@b.example\n"
                                     "    (generated from all@b.example)\n"
                                     "    mailbox is full\n"
                                     "* three@b.example : host mx.c.example[192.0.2.1] said: 451\n"
                                     "    4.7.1 later (in reply to RCPT TO command)\n",
                                     "me@a.example");
    assert_int_equal(u.recipient_count, 3);
    check(&u, 0, "one@b.example", NULL, NULL, "5.1.1");
    same(u.recipients[0].diagnostic, "550 5.1.1 unknown here");
    check(&u, 1, "two@b.example", "all@b.example", NULL, NULL);
    check(&u, 2, "three@b.example", NULL, NULL, "4.7.1");
    same(u.recipients[2].remote_mta, "mx.c.example");
    same(u.recipients[2].diagnostic, "451 4.7.1 later");
    understood_free(&u);
}

static void test_a_sentence_names_one(void **state)
{
    (void)state;
    struct understood u = read_words("Your message to a@b.example wasn't delivered because:\n"
                                     "\n"
                                     "the address does not exist.\n"
                                     "\n"
                                     "> quoted@c.example\n",
                                     "me@a.example");
    assert_int_equal(u.recipient_count, 1);
    check(&u, 0, "a@b.example", NULL, NULL, NULL);
    understood_free(&u);
}

/* Whoever writes a notice may write anything: recipients stay bounded, and it ends. */
static void test_hostile_notices(void **state)
{
    static const char *const units[] = {
        "a@b.example\n",
        "<a@b.example>: host b.example[192.0.2.1] said: 550 5.1.1 no\n",
        "550 ",
        "host ",
        "@",
        "a@b.example, ",
        "((((",
        "x@y.example: ",
        "\xc3\xa9@",
        "--- original message ---\n",
        "Message-ID: <\n",
        "From: a\n",
        "because:\n",
        "\n",
        "550-5.1.1 x\n",
        ">>> RCPT TO:<a@b.example>\n",
    };
    static const char head[] = "From: MAILER-DAEMON@b.example\nSubject: Undelivered Mail\n"
                               "MIME-Version: 1.0\nContent-Type: text/plain\n\n";
    (void)state;
    struct understanding_tools tools = {0};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct bytes mail = {0};
        struct understood u = {0};
        assert_true(bytes_puts(&mail, head));
        while (mail.len < 300 * 1024)
            assert_true(bytes_puts(&mail, units[i]));
        assert_true(understand(mail.data, mail.len, &tools, &u));
        assert_true(u.recipient_count <= READ_RECIPIENTS_MAX);
        understood_free(&u);
        bytes_free(&mail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_replies_begin),
        cmocka_unit_test(test_folding_makes_phrases_comparable),
        cmocka_unit_test(test_where_what_comes_back_begins),
        cmocka_unit_test(test_listed_recipients_each_with_its_reason),
        cmocka_unit_test(test_a_sentence_names_one),
        cmocka_unit_test(test_hostile_notices),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
