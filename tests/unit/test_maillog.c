/*
 * test_maillog - lines of Postfix and Sendmail of many versions, as syslog daemons write them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/maillog.h"

static struct maillog_line parsed(const char *text)
{
    struct maillog_line line;
    if (!maillog_parse(text, strlen(text), &line))
        fail_msg("not taken apart: %s", text);
    return line;
}

static void same(struct slice s, const char *expected)
{
    if (!expected) {
        assert_null(s.text);
        return;
    }
    assert_non_null(s.text);
    if (s.len != strlen(expected) || memcmp(s.text, expected, s.len) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.text, expected);
}

#define SMTP "Nov 27 20:15:38 mail postfix/smtp[4711]: 3FA81A0: to=<paul@debtor.example>, "

static void test_accepted(void **state)
{
    (void)state;
    struct maillog_line l =
        parsed(SMTP "relay=mx.debtor.example[192.0.2.1]:25, delay=0.5, delays=0.1/0/0.2/0.2, "
                    "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4F00ABC)");
    assert_int_equal(l.kind, MAILLOG_DELIVERY);
    assert_int_equal(l.agent, AGENT_SMTP);
    assert_int_equal(l.status, STATUS_SENT);
    assert_int_equal(l.pid, 4711);
    assert_false(l.sendmail);
    same(l.host, "mail");
    same(l.service, "smtp");
    same(l.queue_id, "3FA81A0");
    same(l.to, "paul@debtor.example");
    same(l.orig_to, NULL);
    same(l.peer_name, "mx.debtor.example");
    same(l.peer_address, "192.0.2.1");
    assert_int_equal(l.peer_port, 25);
    same(l.dsn, "2.0.0");
    same(l.reply, "250 2.0.0 Ok: queued as 4F00ABC");
    same(l.reason, NULL);
    same(l.queued_as, "4F00ABC");
}

/* Postfix 2.2: no dsn; 2.6: conn_use; IPv6; several instances; long queue IDs. */
static void test_versions(void **state)
{
    (void)state;
    struct maillog_line l =
        parsed("Nov  7 08:05:08 mx postfix/smtp[99]: 3FA81A0: to=<a@b.example>, "
               "relay=b.example[192.0.2.1], delay=2, status=sent (250 ok)");
    assert_int_equal(l.status, STATUS_SENT);
    assert_int_equal(l.stamp.day, 7);
    assert_int_equal(l.peer_port, 0);
    same(l.dsn, NULL);
    same(l.reply, "250 ok");
    l = parsed("2026-11-27T20:15:38.123456+01:00 mail postfix-out/relay/smtp[7]: 4TQdRc1Zz9z2Kq: "
               "to=<a@b.example>, orig_to=<team@creditor.example>, "
               "relay=b.example[2001:db8::1]:25, conn_use=3, delay=1, delays=0/0/0/1, dsn=2.0.0, "
               "status=sent (250 2.0.0 ok)");
    same(l.program, "postfix-out/relay/smtp");
    same(l.queue_id, "4TQdRc1Zz9z2Kq");
    same(l.orig_to, "team@creditor.example");
    same(l.peer_address, "2001:db8::1");
    assert_true(l.reused);
    assert_int_equal(maillog_seconds(&l.stamp), 1795806938);
    l = parsed("<22>1 2026-11-27T19:15:38Z mail postfix/smtp 812 - [x@1 a=\"\\]b\"] 3FA81A0: "
               "to=<a@b.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.3, status=deferred "
               "(Host or domain name not found)");
    assert_int_equal(l.pid, 812);
    assert_int_equal(l.status, STATUS_DEFERRED);
    assert_int_equal(maillog_seconds(&l.stamp), 1795806938);
    same(l.reply, NULL);
    same(l.reason, "Host or domain name not found");
    l = parsed("<22>Nov 27 20:15:38 mail postfix/qmgr[1]: [ID 197553 mail.info] 3FA81A0: removed");
    assert_int_equal(l.kind, MAILLOG_REMOVED);
}

static void test_refusals(void **state)
{
    (void)state;
    struct maillog_line l = parsed(
        SMTP "relay=mx.x[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host "
             "mx.x[192.0.2.1] said: 550 5.1.1 <paul@debtor.example>: no such user (in reply to "
             "nothing) (in reply to RCPT TO command))");
    assert_int_equal(l.status, STATUS_BOUNCED);
    same(l.reply, "550 5.1.1 <paul@debtor.example>: no such user (in reply to nothing)");
    l = parsed(SMTP "relay=mx.x[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred "
                    "(host mx.x[192.0.2.1] refused to talk to me: 421 busy)");
    same(l.reply, "421 busy");
    l = parsed(SMTP "relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to "
                    "mx.x[192.0.2.1]:25: Connection refused)");
    same(l.reply, NULL);
    same(l.reason, "connect to mx.x[192.0.2.1]:25: Connection refused");
    /* Our own bounce service's words are not the remote server's. */
    l = parsed("Nov 27 20:15:38 mail postfix/error[3]: 3FA81A0: to=<a@b.example>, relay=none, "
               "delay=1, delays=0/0/0/1, dsn=5.0.0, status=bounced (550 made up)");
    assert_int_equal(l.agent, AGENT_NOBODY);
    same(l.reply, NULL);
    same(l.reason, "550 made up");
}

static void test_our_own_mailboxes(void **state)
{
    (void)state;
    static const char *const services[] = {"local", "virtual", "lmtp", "pipe", "discard"};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "Nov 27 20:15:38 mail postfix/%s[3]: 3FA81A0: to=<a@b.example>, relay=x[private/y]"
                 ", delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Saved)",
                 services[i]);
        struct maillog_line l = parsed(text);
        assert_int_equal(l.agent, AGENT_LOCAL);
        same(l.reply, NULL);
    }
}

static void test_other_lines_of_postfix(void **state)
{
    (void)state;
    struct maillog_line l = parsed("Nov 27 20:15:38 m postfix/submission/smtpd[3]: 3FA81A0: "
                                   "client=c.example[192.0.2.5], sasl_method=PLAIN, "
                                   "sasl_username=jeanne@creditor.example, sasl_sender=x");
    assert_int_equal(l.kind, MAILLOG_ARRIVAL);
    same(l.login, "jeanne@creditor.example");
    l = parsed("Nov 27 20:15:38 m postfix/smtpd[3]: 3FA81A1: client=localhost[127.0.0.1], "
               "orig_queue_id=3FA81A0, orig_client=c.example[192.0.2.5]");
    same(l.orig_id, "3FA81A0");
    same(l.login, NULL);
    l = parsed("Nov 27 20:15:38 m postfix/pickup[3]: 3FA81A1: uid=89 from=<j@creditor.example> "
               "orig_id=3FA81A0");
    assert_int_equal(l.kind, MAILLOG_ARRIVAL);
    same(l.orig_id, "3FA81A0");
    l = parsed("Nov 27 20:15:38 m postfix/cleanup[3]: 3FA81A1: message-id=<a@b>");
    same(l.message_id, "<a@b>");
    l = parsed(
        "Nov 27 20:15:38 m postfix/qmgr[3]: 3FA81A1: from=<>, size=9, nrcpt=1 (queue active)");
    assert_int_equal(l.kind, MAILLOG_QUEUED);
    same(l.from, "");
    l = parsed(
        "Nov 27 20:15:38 m postfix/qmgr[3]: 3FA81A1: from=<a@b>, status=expired, returned to "
        "sender");
    assert_int_equal(l.kind, MAILLOG_EXPIRED);
    l = parsed("Nov 27 20:15:38 m postfix/cleanup[3]: 3FA81A1: milter-reject: END-OF-MESSAGE from "
               "c.example[192.0.2.5]: 5.7.1 virus; from=<a@b> to=<c@d> proto=ESMTP helo=<x>");
    assert_int_equal(l.kind, MAILLOG_REJECTED);
    assert_int_equal(l.status, STATUS_BOUNCED);
    same(l.reason, "5.7.1 virus");
    l = parsed(
        "Nov 27 20:15:38 m postfix/smtp[31]: Untrusted TLS connection established to "
        "mx.x[192.0.2.1]:25: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)");
    assert_int_equal(l.kind, MAILLOG_TLS_UP);
    assert_int_equal(l.pid, 31);
    same(l.relay, "mx.x[192.0.2.1]:25");
    same(l.tls_version, "TLSv1.2");
    same(l.tls_trust, "Untrusted");
}

#define MTA "Nov 27 20:15:38 mail sm-mta[4711]: 5ARKFcXX012345: "

static void test_sendmail(void **state)
{
    (void)state;
    struct maillog_line l = parsed(
        MTA "to=<a@x.example>,<b@x.example>, ctladdr=<j@y.example> (1000/1000), delay=00:00:01, "
            "xdelay=00:00:01, mailer=esmtp, pri=120342, relay=mx.x.example. [192.0.2.1], "
            "dsn=2.0.0, stat=Sent (2.0.0 Ok: queued as 4F00ABC)");
    struct slice address;
    assert_true(l.sendmail);
    assert_int_equal(l.kind, MAILLOG_DELIVERY);
    assert_int_equal(l.agent, AGENT_SMTP);
    same(l.peer_name, "mx.x.example");
    same(l.peer_address, "192.0.2.1");
    same(l.reply, "2.0.0 Ok: queued as 4F00ABC");
    same(l.queued_as, "4F00ABC");
    assert_true(maillog_next_address(&l.to, &address));
    same(address, "a@x.example");
    assert_true(maillog_next_address(&l.to, &address));
    same(address, "b@x.example");
    assert_false(maillog_next_address(&l.to, &address));
    l = parsed(MTA "to=<a@x.example>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.x.example. "
                   "[192.0.2.1], dsn=5.1.1, stat=User unknown");
    assert_int_equal(l.status, STATUS_BOUNCED);
    same(l.reason, "User unknown");
    same(l.reply, NULL);
    l = parsed(MTA "to=<a@x.example>, mailer=relay, pri=1, relay=hub.y. [192.0.2.9], dsn=2.0.0, "
                   "stat=Sent (ok)");
    assert_int_equal(l.agent, AGENT_OUR_HUB);
    l = parsed(MTA "to=<a@x.example>, mailer=local, pri=1, dsn=2.0.0, stat=Sent");
    assert_int_equal(l.agent, AGENT_LOCAL);
    l = parsed(MTA "to=<a@x.example>, mailer=esmtp, pri=1, relay=mx.x., dsn=4.0.0, stat=Deferred: "
                   "Connection refused by mx.x.");
    assert_int_equal(l.status, STATUS_DEFERRED);
    same(l.reply, NULL);
    l = parsed(MTA "from=<j@y.example>, size=7, class=0, nrcpts=1, msgid=<m@y>, proto=ESMTP, "
                   "daemon=MTA, relay=c [192.0.2.5]");
    assert_int_equal(l.kind, MAILLOG_QUEUED);
    same(l.message_id, "<m@y>");
    l = parsed("Nov 27 20:15:38 mail sm-mta[4711]: STARTTLS=client, relay=mx.x.example., "
               "version=TLSv1.3, verify=FAIL, cipher=TLS_AES_256_GCM_SHA384, bits=256/256");
    assert_int_equal(l.kind, MAILLOG_TLS_UP);
    same(l.tls_version, "TLSv1.3");
}

/* What a stranger may write: addresses and replies that look like more than they are. */
static void test_disguise(void **state)
{
    (void)state;
    struct maillog_line l = parsed(
        SMTP "relay=mx.x[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (host "
             "mx.x[192.0.2.1] said: 450 no, status=sent (250 ok: queued as 4F00ABC))");
    assert_int_equal(l.status, STATUS_DEFERRED);
    same(l.reply, "450 no, status=sent (250 ok: queued as 4F00ABC)");
    l = parsed(MTA "to=<a@x.example>, mailer=esmtp, relay=mx.x. [192.0.2.1], dsn=4.0.0, "
                   "stat=Deferred: 451 x, stat=Sent (ok)");
    assert_int_equal(l.status, STATUS_DEFERRED);
    l = parsed(
        "Nov 27 20:15:38 m postfix/cleanup[3]: 3FA81A1: message-id=<x>: to=<a@b>, status=sent");
    assert_int_equal(l.kind, MAILLOG_MESSAGE_ID);
    l = parsed(MTA "to=<a@x.example>, mailer=esmtp, relay=mx.x. [192.0.2.1], dsn=5.1.1, reply=550 "
                   "no, really, stat=Sent (ok), stat=User unknown");
    assert_int_equal(l.status, STATUS_BOUNCED);
    same(l.reply, "550 no, really");
}

static void test_years(void **state)
{
    (void)state;
    struct maillog_stamp december = {.month = 12, .day = 31}, leap = {.month = 2, .day = 29};
    struct maillog_stamp january = {.year = 2027, .month = 1, .day = 2};
    struct maillog_stamp tomorrow = {.month = 1, .day = 3}, later = {.month = 1, .day = 9};
    assert_int_equal(maillog_year(&december, &january), 2026);
    assert_int_equal(maillog_year(&tomorrow, &january), 2027);
    assert_int_equal(maillog_year(&later, &january), 2026);
    january.year = 2028;
    january.month = 3;
    assert_int_equal(maillog_year(&leap, &january), 2028);
    struct maillog_stamp eve = {.year = 2026, .month = 12, .day = 31}, new = {.month = 1, .day = 1};
    assert_int_equal(maillog_year(&new, &eve), 2027);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char *const whole[] = {
        SMTP "relay=mx.x[192.0.2.1]:25, conn_use=2, delay=1, delays=0/0/0/1, dsn=5.1.1, "
             "status=bounced (host mx.x[192.0.2.1] said: 550 no (in reply to RCPT TO command))",
        MTA "to=<a@x>, mailer=esmtp, relay=mx.x. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)",
        "<22>1 2026-11-27T19:15:38.1+01:00 mail postfix/smtp 8 - [x a=\"b\"] 3FA81A0: removed"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        for (size_t n = 0; n <= strlen(whole[i]); n++) {
            struct maillog_line l;
            char *exact = malloc(n ? n : 1); /* so that a sanitizer sees each octet too many */
            assert_non_null(exact);
            memcpy(exact, whole[i], n);
            maillog_parse(exact, n, &l);
            free(exact);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_our_own_mailboxes),
        cmocka_unit_test(test_other_lines_of_postfix),
        cmocka_unit_test(test_sendmail),
        cmocka_unit_test(test_disguise),
        cmocka_unit_test(test_years),
        cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
