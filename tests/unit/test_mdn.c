/*
 * test_mdn - read receipts, with a machine part and without (policy/mdn.h)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mdn.h"

#define HEAD "From: a@debtor.example\nTo: j@creditor.example\nMessage-ID: <r@debtor.example>\n"
#define REPORT                                                                                    \
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\n" \
    "Text\n--b\n"
#define MACHINE "Content-Type: message/disposition-notification\n\n"
#define READ_BODY "\n\nVotre message\n\nObjet : F-1\n\na été lu le 23/11/2026 09:00.\n"

/* What is understood, as one line; "-" where nothing is. */
static void expect(const char *message, const char *expected)
{
    struct understood u = {0};
    struct understanding_tools tools = {0};
    struct bytes line = {0};
#define OR_DASH(s) ((s) ? (s) : "-")
    assert_true(understand(message, strlen(message), &tools, &u));
    assert_true(bytes_printf(&line, "%s %s %s %s %s", read_kind_name(u.kind),
                             OR_DASH(u.disposition_type), OR_DASH(u.disposition_mode),
                             OR_DASH(u.original_message_id), OR_DASH(u.original_envelope_id)));
    for (size_t i = 0; i < u.recipient_count; i++) {
        assert_null(u.recipients[i].action);
        assert_true(bytes_printf(&line, " %s/%s", OR_DASH(u.recipients[i].final),
                                 OR_DASH(u.recipients[i].original)));
    }
    if (strcmp(line.data, expected) != 0)
        fail_msg("understood %s\ninstead of %s\nin %s", line.data, expected, message);
    bytes_free(&line);
    understood_free(&u);
}

static void test_the_machine_part(void **state)
{
    (void)state;
    expect(HEAD REPORT MACHINE "Final-Recipient: rfc822; A@Debtor.example\n"
                               "Original-Recipient: rfc822; b@debtor.example\n"
                               "Original-Message-ID: <o@x>\nOriginal-Envelope-Id: a+2Db\n"
                               "Disposition: manual-action / MDN-sent-manually ; Displayed/error\n"
                               "--b--\n",
           "mdn displayed manual-action/MDN-sent-manually <o@x> a-b "
           "a@debtor.example/b@debtor.example");
    /* parted by empty lines; without brackets; without mode */
    expect(HEAD REPORT MACHINE "\nFinal-Recipient: a@debtor.example\n\n"
                               "Original-Recipient: rfc822; b@debtor.example\n"
                               "Original-Message-ID: o@x\nDisposition: denied\n--b--\n",
           "mdn denied - <o@x> - a@debtor.example/b@debtor.example");
    expect(HEAD REPORT MACHINE "Original-Recipient: rfc822; b@debtor.example\n"
                               "Disposition: automatic-action/MDN-sent-automatically;dispatched\n"
                               "--b--\n",
           "mdn dispatched automatic-action/MDN-sent-automatically - - -/b@debtor.example");
    /* nothing in it; cut off */
    expect(HEAD "Subject: Not read: x\n" REPORT MACHINE "\n--b--\n", "mdn deleted - - -");
    expect(HEAD REPORT, "mdn - - - -");
}

static void test_the_original_is_named_by_what_there_is(void **state)
{
    (void)state;
#define PART MACHINE "Final-Recipient: rfc822; a@d.example\nDisposition: a/b; displayed\n"
    expect(HEAD "In-Reply-To: <i@x>\nReferences: <1@x> <2@x>\n" REPORT PART
                "Original-Message-ID: <o@x>\n--b\n"
                "Content-Type: text/rfc822-headers\n\nMessage-ID: <h@x>\n--b--\n",
           "mdn displayed a/b <o@x> - a@d.example/-");
    expect(HEAD "In-Reply-To: <i@x>\nReferences: <1@x> <2@x>\n" REPORT PART
                "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <h@x>\n--b--\n",
           "mdn displayed a/b <h@x> - a@d.example/-");
    expect(HEAD "In-Reply-To: <i@x>\nReferences: <1@x> <2@x>\n" REPORT PART "--b--\n",
           "mdn displayed a/b <i@x> - a@d.example/-");
    expect(HEAD "References: <1@x> <2@x>\n" REPORT PART "--b--\n",
           "mdn displayed a/b <2@x> - a@d.example/-");
}

static void test_fields_in_the_wrong_place(void **state)
{
    (void)state;
#define FIELDS "Final-Recipient: rfc822; a@d.example\nOriginal-Message-ID: <o@x>\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText\n--b\n"
    static const char found[] = "mdn deleted a/b <o@x> - a@d.example/-";
    expect(HEAD MIXED "Content-Type: text/plain\n\n" FIELDS "Disposition: a/b; deleted\n--b--\n",
           found);
    expect(HEAD MIXED "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
                      "\nRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAZC5leGFtcGxlCk9yaWdpbmFsLU1lc3NhZ2Ut\n"
                      "SUQ6IDxvQHg+CkRpc3Bvc2l0aW9uOiBhL2I7IGRlbGV0ZWQK\n--b--\n",
           found);
    expect(HEAD MACHINE FIELDS "Disposition: a/b; deleted\n", found);
    /* quoted, told, or without what makes a receipt */
    expect(HEAD "Subject: x\n\nHello\n\n" FIELDS "Disposition: a/b; deleted\n", "reply - - - -");
    expect(HEAD MIXED "Content-Type: text/plain\n\n> " FIELDS "Disposition: a/b; deleted\n--b--\n",
           "reply - - - -");
    expect(HEAD MIXED "Content-Type: text/plain\n\n" FIELDS "--b--\n", "reply - - - -");
    expect(HEAD "Subject: TR: Lu : x\n" MIXED "Content-Type: text/plain\n\n" FIELDS
                "Disposition: a/b; deleted\n--b--\n",
           "reply - - - -");
}

static void test_words_alone(void **state)
{
    (void)state;
    static const char read[] = "mdn displayed - - -", deleted[] = "mdn deleted - - -",
                      none[] = "reply - - - -";
#define UTF8 "Content-Type: text/plain; charset=utf-8\n"
    expect(HEAD UTF8 "Subject: Lu : F-1" READ_BODY, read);
    expect(HEAD UTF8 "Subject: [EXT] Lu: F-1\n\nAttention, message externe." READ_BODY, read);
    expect(HEAD UTF8 "Subject: Re: Lu : F-1" READ_BODY, none);
    expect(HEAD UTF8 "Subject: Facture" READ_BODY, none);
    expect(HEAD UTF8 "Return-Path: <>\nSubject: Facture" READ_BODY, read);
    expect(HEAD UTF8 "Subject: Lu : F-1\n\nBonjour, je l'ai lu.\n", none);
    expect(HEAD UTF8 "Subject: Lu : F-1" READ_BODY "\nNous vous réglons demain.\n", none);
    expect(HEAD UTF8 "Subject: Lu : F-1" READ_BODY "\n> Bonjour\n", none);
    expect(HEAD UTF8 "Subject: Lu : F-1\n\nVotre message\n  Objet : Je paie, nous payons\n\n"
                     "a été lu le 23/11/2026.\n",
           read);
    expect(HEAD UTF8 "Subject: Not read: F-1\n\nYour message\n\nTo: A\n\n"
                     "was deleted without being read on Monday.\n",
           deleted);
    expect(HEAD UTF8 "Subject: Return Receipt\n\nReturn Receipt\n\nYour F-1\ndocument:\n\n"
                     "was A/B\nreceived\nby:\n\nat: 23/11/2026\n",
           read);
    expect(HEAD UTF8 "Subject: Read: F-1\n\n\n", "other - - - -");
    expect(HEAD UTF8 "Return-Path: <>\nSubject: Read: F-1\n\n\n", read);
    expect(HEAD UTF8 "Content-Class: urn:content-classes:mdn\nSubject: Read: F-1\n\n\n", read);
    expect(HEAD UTF8 "X-MS-Exchange-MessageClass: REPORT.IPM.Note.IPNNRN\n\nx\n", deleted);
}

static void test_winmail(void **state)
{
    (void)state;
#define TNEF "Content-Type: application/ms-tnef; name=winmail.dat\n\nx\x9f>\"...."
    static const char none[] = "reply - - - -";
    expect(HEAD "Subject: F-1\n" TNEF "IPM.Microsoft Mail.Read Receipt", "mdn displayed - - -");
    expect(HEAD TNEF "REPORT.IPM.Note.IPNRN", "mdn displayed - - -");
    expect(HEAD TNEF "REPORT.IPM.Note.IPNNRN", "mdn deleted - - -");
    expect(HEAD "Subject: Lu : F-1\n" TNEF, "mdn displayed - - -");
    expect(HEAD "Subject: F-1\n" TNEF "IPM.Microsoft Mail.Note", none);
}

static void test_a_refusal_is_not_read(void **state)
{
    (void)state;
    static const char message[] =
        HEAD "Auto-Submitted: auto-replied (rejected)\nPrecedence: bulk\n"
             "Subject: Automatically rejected mail\n" REPORT MACHINE
             "Final-Recipient: rfc822; a@d.example\n"
             "Disposition: automatic-action/MDN-sent-automatically; deleted\n--b--\n";
    expect(message, "mdn deleted automatic-action/MDN-sent-automatically - - a@d.example/-");
}

static void test_bounces_are_none(void **state)
{
    (void)state;
    expect(HEAD "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
                "\nText\n--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; "
                "a@d.example\n\n--b\nContent-Type: message/disposition-notification\n\n"
                "Disposition: a/b; displayed\n--b--\n",
           "dsn - - - - a@d.example/-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_machine_part),
        cmocka_unit_test(test_the_original_is_named_by_what_there_is),
        cmocka_unit_test(test_fields_in_the_wrong_place),
        cmocka_unit_test(test_words_alone),
        cmocka_unit_test(test_winmail),
        cmocka_unit_test(test_a_refusal_is_not_read),
        cmocka_unit_test(test_bounces_are_none),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
