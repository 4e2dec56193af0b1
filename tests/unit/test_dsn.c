/*
 * test_dsn - fields of delivery status notifications (policy/dsn_fields.h), SMTP replies
 */
#include "tests/unit/recipients.h"

#include "policy/bounce_reply.h"
#include "policy/bounce_words.h"
#include "policy/dsn.h"
#include "policy/dsn_fields.h"

static struct understood read_fields(const char *text)
{
    struct understood u = {0};
    assert_true(dsn_fields(text, strlen(text), &u));
    assert_true(dsn_complete(&u));
    return u;
}

static void test_status_of_replies(void **state)
{
    static const struct {
        const char *text, *status;
    } cases[] = {
        {"550 5.1.1 <a@b.example>: unknown", "5.1.1"},
        {"550-5.1.1 The email account", "5.1.1"},
        {"550 #5.1.1 RESOLVER.ADR.RecipNotFound", "5.1.1"},
        {"550 [5.7.1] no", "5.7.1"},
        {"554 mail for b.example loops (#5.4.6)", "5.4.6"},
        {"550 no such user", "5.0.0"},
        {"451 try later", "4.0.0"},
        {"452 4.2.2 full", "4.2.2"},
        {"550 from 5.1.1.7 rejected", "5.0.0"},
        {"550 by 192.5.1.1 rejected", "5.0.0"},
        {"sorry, no mailbox here by that name. (#5.1.1)", "5.1.1"},
        {"250 2.1.5 OK", "2.1.5"},
        {"550 5.4.310 DNS domain does not exist", "5.4.310"},
        {"550 Exim 4.94.2 says no", "5.0.0"},
        {"550 4.2.2 later", "5.0.0"},
        {"Connection timed out", NULL},
        {"port 25", NULL},
        {"after 72 hours, 10.550.1", NULL},
        {"5.9.1", NULL},
        {"15.1.1", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char status[STATUS_CHARS + 1] = "";
        bool told = reply_status(cases[i].text, status);
        if (told != (cases[i].status != NULL) || (told && strcmp(status, cases[i].status) != 0))
            fail_msg("%s: %s", cases[i].text, told ? status : "none");
    }
}

static void test_addresses_of_fields(void **state)
{
    static const struct {
        const char *value;
        bool original;
        const char *address;
    } cases[] = {
        {"rfc822; Compta@Debtor.example", false, "compta@debtor.example"},
        {"rfc822;<a@b.example>", false, "a@b.example"},
        {"RFC822 ; a@b.example (Anne (B.))", false, "a@b.example"},
        {"rfc822; Anne B <a@b.example>", false, "a@b.example"},
        {"a@b.example", false, "a@b.example"},
        {"rfc822;smtp:a@b.example", false, "a@b.example"},
        {"rfc822; a+2Bc@b.example", true, "a+c@b.example"},
        {"rfc822; a+2Bc@b.example", false, "a+2bc@b.example"},
        {"rfc822; a+40b.example", true, "a@b.example"},
        {"rfc822; a+gab@b.example", true, "a+gab@b.example"},
        {"utf-8; ren\\x{E9}@b.example", false, "ren\xc3\xa9@b.example"},
        {"utf-8; ren\xc3\xa9@b\xc3\xa9.example", false, "ren\xc3\xa9@xn--b-bga.example"},
        {"x400; /C=FR/ADMD= /O=B/S=Anne", false, NULL},
        {"local; 17", false, NULL},
        {"x-local; a@b.example", false, "a@b.example"},
        {"rfc822; <>", false, NULL},
        {"rfc822;", false, NULL},
        {"", false, NULL},
        {"rfc822; root", false, "root"},
        {"rfc822; \"Anne B\"@b.example", false, "\"anne b\"@b.example"},
        {"rfc822; (unfinished a@b.example", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *address;
        assert_true(dsn_address(cases[i].value, cases[i].original, &address));
        if ((address != NULL) != (cases[i].address != NULL) ||
            (address && strcmp(address, cases[i].address) != 0))
            fail_msg("%s: %s", cases[i].value, address ? address : "none");
        free(address);
    }
}

static void test_groups(void **state)
{
    (void)state;
    struct understood u = read_fields("Reporting-MTA: dns; mx.creditor.example\n"
                                      "Original-Envelope-Id: a+2Bb\n"
                                      "\n"
                                      "Final-Recipient: rfc822; a@b.example\n"
                                      "Original-Recipient: rfc822;o@b.example\n"
                                      "Action: failed\n"
                                      "Status: 5.1.1 (bad destination)\n"
                                      "Remote-MTA: dns; mx.b.example. (192.0.2.1)\n"
                                      "Diagnostic-Code: smtp; 550 5.1.1 <a@b.example>:\n"
                                      "    unknown\n"
                                      "X-Actual-Recipient: rfc822; z@z.example\n"
                                      "\n"
                                      "Final-Recipient: rfc822; c@b.example\n"
                                      "Action: delayed\n"
                                      "Status: 4.4.1\n");
    assert_int_equal(u.recipient_count, 2);
    check(&u, 0, "a@b.example", "o@b.example", "failed", "5.1.1");
    same(u.recipients[0].remote_mta, "mx.b.example");
    same(u.recipients[0].diagnostic, "550 5.1.1 <a@b.example>: unknown");
    check(&u, 1, "c@b.example", NULL, "delayed", "4.4.1");
    same(u.original_envelope_id, "a+b");
    understood_free(&u);
}

static void test_groups_without_empty_lines(void **state)
{
    (void)state;
    struct understood u = read_fields("Reporting-MTA: dns; mx.creditor.example\n"
                                      "Final-Recipient: rfc822; a@b.example\n"
                                      "Final-Recipient: rfc822; A@B.example\n"
                                      "Status: 5.1.1\n"
                                      "Status: 5.2.2\n"
                                      "Final-Recipient: rfc822; c@b.example\n"
                                      "Diagnostic-Code: smtp; 452 4.2.2 full\n"
                                      "Original-Recipient: rfc822; d@b.example\n"
                                      "Original-Recipient: rfc822; e@b.example\n"
                                      "Action: Expanded (list)");
    assert_int_equal(u.recipient_count, 3);
    check(&u, 0, "a@b.example", NULL, "failed", "5.1.1");
    check(&u, 1, "c@b.example", "d@b.example", "delayed", "4.2.2");
    check(&u, 2, NULL, "e@b.example", "expanded", NULL);
    understood_free(&u);
}

static void test_groups_with_too_many_empty_lines(void **state)
{
    (void)state;
    struct understood u = read_fields("\n\nStatus: 5.0.0\n\n"
                                      "Final-Recipient: rfc822; a@b.example\n\n"
                                      "Action: failed\n\n"
                                      "Diagnostic-Code: smtp; 550 5.7.1 refused,\n"
                                      "see https://b.example/why\n"
                                      " \t\n"
                                      "Final-Recipient: rfc822; a@b.example\n"
                                      "Action: failed\n");
    assert_int_equal(u.recipient_count, 1);
    check(&u, 0, "a@b.example", NULL, "failed", "5.7.1");
    same(u.recipients[0].diagnostic, "550 5.7.1 refused, see https://b.example/why");
    understood_free(&u);
}

static void test_more_recipients_than_the_limit(void **state)
{
    (void)state;
    struct bytes text = {0};
    for (int i = 0; i < READ_RECIPIENTS_MAX + 50; i++)
        assert_true(bytes_printf(&text, "Final-Recipient: rfc822; a%d@b.example\n\n", i));
    struct understood u = read_fields(text.data);
    assert_int_equal(u.recipient_count, READ_RECIPIENTS_MAX);
    bytes_free(&text);
    understood_free(&u);
}

static void test_hosts_in_words(void **state)
{
    static const struct {
        const char *text, *host;
    } cases[] = {
        {"host mx.b.example[192.0.2.1] said: 550 no", "mx.b.example"},
        {"connect to mx.b.example[192.0.2.1]:25: Connection refused", "mx.b.example"},
        {"... while talking to mx.b.example.:", "mx.b.example"},
        {"lost connection with [192.0.2.1] while", "[192.0.2.1]"},
        {"Host or domain name not found", NULL},
        {"ghost mx.b.example", NULL},
        {"host ", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *host = NULL;
        assert_true(words_remote(cases[i].text, strlen(cases[i].text), &host));
        same(host, cases[i].host);
        free(host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_of_replies),
        cmocka_unit_test(test_addresses_of_fields),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_groups_without_empty_lines),
        cmocka_unit_test(test_groups_with_too_many_empty_lines),
        cmocka_unit_test(test_more_recipients_than_the_limit),
        cmocka_unit_test(test_hosts_in_words),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
