"""The whole road on real Postfix: reminder, answers, reports, and who may not."""

import smtplib

from lib import mails
from lib.case import BUILD
from lib.mails import JEANNE, PAUL
from lib.postfix import delivered_copy
from lib.world import World
from lib.worldcase import WorldCase

BOSS, EVE = "boss@creditor.example", "eve@stranger.example"


class Road(WorldCase):
    def test_reminder_is_stamped_and_delivered_as_archived(self):
        invoice, copy = self.remind()
        self.assertRegex(mails.field(copy, "Temoin-Token"), "^[a-z2-7]{26}$")
        self.assertRegex(self.return_path(invoice), r"^jeanne\+g[a-z2-7]{26}@creditor\.example$")
        self.assertEqual(self.daemon.archived(invoice), [copy])
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_eight_bit_long_lines_and_folding_arrive_as_archived(self):
        invoice = self.invoice()
        body = "é" * 300 + "\n" + "x" * 900 + "\n.\n..\n\n\n"
        extra = [("X-Folded", "un\n\tdeux\n  trois"), ("X-Empty", "")]
        _, copy = self.remind(invoice, body=body, extra=extra)
        self.assertEqual(self.daemon.archived(invoice), [copy])

    def test_nul_octets_and_a_body_without_final_crlf(self):
        """Postfix ends a field at its first NUL when it shows it to a milter; the body it shows
        whole, and both are delivered as they came."""
        invoice = self.invoice()
        raw = mails.reminder(invoice, extra=[("X-Nul", "un\0deux"), ("X-After", "trois")])
        raw = raw.rstrip(b"\r\n") + b"\r\n\0\0\xff\0 fin"
        self.submit(raw)
        copy = delivered_copy(self.debtor.arrived(PAUL, mails.field(raw, "Message-ID")))
        self.assertIn(b"\r\n\0\0\xff\0 fin\r\n", copy)
        (archived,) = self.daemon.archived(invoice)
        self.assertEqual(archived, copy.replace(b"X-Nul: un\0deux", b"X-Nul: un"))

    def test_header_of_1_mb(self):
        """Postfix cuts the field (at 60 kB), and shows us what it keeps."""
        invoice = self.invoice()
        long = "\n ".join("x" * 70 for _ in range(15000))
        _, copy = self.remind(invoice, extra=[("X-Long", long)])
        (archived,) = self.daemon.archived(invoice)
        self.assertEqual(archived, copy)
        self.assertGreater(len(archived), 50000)

    def test_reply_is_filed_strong_and_pauses(self):
        invoice, copy = self.remind()
        self.assertFalse(self.daemon.paused(invoice))
        answer = mails.reply(copy)
        delivered = self.from_debtor(answer, self.return_path(invoice))
        self.assertEqual(
            mails.field(delivered, "Temoin-Dossier"), f"{invoice}; kind=reply; match=strong"
        )
        self.assertTrue(self.daemon.paused(invoice))
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])

    def test_reply_is_archived_as_it_came_in(self):
        """With the debtor's own Received line, without ours and without Temoin-Dossier."""
        invoice, copy = self.remind()
        answer = mails.reply(copy)
        self.from_debtor(answer, JEANNE)
        archived = self.daemon.archived(invoice)[1]
        received, rest = archived.split(b"From: ", 1)
        self.assertTrue(received.startswith(b"Received: by mail.debtor.example (Postfix"))
        self.assertEqual(b"From: " + rest, answer)

    def test_postfix_own_bounce_is_filed_as_failed(self):
        """A user whom the debtor's server does not know: our Postfix makes the bounce."""
        invoice = self.invoice("HOUSE")
        self.daemon.import_csv("nx.csv", "debtor,address,name\nHOUSE,nobody@debtor.example,\n")
        raw = mails.reminder(invoice, to="nobody@debtor.example")
        self.submit(raw, ["nobody@debtor.example"])
        self.until_events(invoice, ["prepared", "failed"])
        delivered = self.creditor.arrived(JEANNE, f"{invoice}; kind=dsn; match=strong")
        self.assertIn(b"5.1.1", delivered)
        self.assertFalse(self.daemon.paused(invoice))

    def test_success_notice_of_the_debtors_server(self):
        """Its server says "delivered" when asked at injection (sendmail -N)."""
        invoice, copy = self.remind()
        tagged = self.return_path(invoice)
        report = mails.bounce(copy, tagged, action="delivered", status="2.0.0")
        self.debtor.sendmail("", [tagged], report)
        self.until_events(invoice, ["prepared", "reported-delivered"])

    def test_read_receipt_is_reported_displayed(self):
        invoice, copy = self.remind()
        wanted = mails.field(copy, "Disposition-Notification-To")
        self.assertIn(self.return_path(invoice), wanted)
        self.from_debtor(mails.read_receipt(copy), self.return_path(invoice))
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reported-displayed"])
        self.assertFalse(self.daemon.paused(invoice))

    def test_accountant_answers_the_answer_without_naming_the_invoice(self):
        invoice, copy = self.remind()
        answer = self.from_debtor(mails.reply(copy), JEANNE)
        back = mails.reply(delivered_copy(answer), JEANNE, PAUL, "Merci.\n", subject="Re: lundi")
        self.submit(back)
        delivered = self.debtor.arrived(PAUL, mails.field(back, "Message-ID"))
        self.assertIsNotNone(mails.field(delivered, "Temoin-Token"))
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply", "prepared"])
        self.daemon.temoin("verify", "--log")


class MayNot(WorldCase):
    def left_alone(self, invoice, events=()):
        self.creditor.settle()
        self.assertEqual(self.daemon.events(invoice), list(events))
        self.assertFalse(self.daemon.paused(invoice))

    def test_colleague_in_cc_replies_to_all(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, extra=[("Cc", BOSS)])
        self.submit(raw, [PAUL, BOSS])
        copy = delivered_copy(self.creditor.arrived(BOSS, invoice))
        answer = mails.reply(copy, BOSS, f"{JEANNE}, {PAUL}")
        self.submit(answer, [JEANNE, PAUL], BOSS, "boss")
        delivered = self.debtor.arrived(PAUL, mails.field(answer, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.left_alone(invoice, ["prepared"])

    def test_accountants_vacation_notice(self):
        invoice, copy = self.remind()
        self.from_debtor(mails.vacation(copy, PAUL, JEANNE), JEANNE, "")
        answer = self.from_debtor(mails.reply(copy), JEANNE)
        events = self.daemon.events(invoice)
        notice = mails.vacation(delivered_copy(answer), JEANNE, PAUL)
        self.creditor.sendmail("", [PAUL], notice)
        delivered = self.debtor.arrived(PAUL, mails.field(notice, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.assertEqual(self.daemon.events(invoice), events)

    def test_forward_to_a_lawyer(self):
        invoice, copy = self.remind()
        forward = mails.reply(copy, JEANNE, "maitre@avocat.example", subject=f"Fwd: {invoice}")
        self.submit(forward, ["maitre@avocat.example"])
        self.debtor.arrived("maitre@avocat.example", mails.field(forward, "Message-ID"))
        self.left_alone(invoice, ["prepared"])

    def test_local_user_with_sendmail_f(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.creditor.sendmail(JEANNE, [PAUL], raw)
        delivered = self.debtor.arrived(PAUL, mails.field(raw, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.left_alone(invoice)

    def test_stranger_on_port_25_writes_as_the_accountant(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, to=BOSS)
        self.creditor.send("mx", JEANNE, [BOSS], raw)
        delivered = self.creditor.arrived(BOSS, mails.field(raw, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.assertIsNone(mails.field(delivered, "Temoin-Dossier"))
        self.left_alone(invoice)

    def test_login_that_is_not_hers(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.submit(raw, login="boss")
        delivered = self.debtor.arrived(PAUL, mails.field(raw, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.left_alone(invoice)

    def test_guard_is_read_by_the_accountant(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, to=f"{PAUL}, spy@rival.example")
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.submit(raw, [PAUL, "spy@rival.example"])
        self.assertEqual(refused.exception.smtp_code // 100, 5)
        self.assertIn(b"spy@rival.example", refused.exception.smtp_error)
        self.left_alone(invoice)

    def test_stranger_with_the_token_goes_to_review(self):
        invoice, _ = self.remind()
        raw = mails.plain(EVE, self.return_path(invoice), "Bonjour")
        delivered = self.from_debtor(raw, self.return_path(invoice), EVE)
        self.assertEqual(
            mails.field(delivered, "Temoin-Dossier"), f"{invoice}; kind=reply; match=review"
        )
        self.left_alone(invoice, ["prepared"])


class ContentFilter(WorldCase):
    """A content filter that hands the mail back on a port without login."""

    @classmethod
    def make_world(cls):
        world = World(cls.directory, BUILD)
        port = world.creditor.listen(
            "again",
            {
                "smtpd_milters": world.milter_of("mx"),
                "mynetworks": "127.0.0.0/8",
                "smtpd_recipient_restrictions": "permit_mynetworks, reject",
                "myhostname": "filter.creditor.example",
                "content_filter": "",
            },
        )
        world.submission_options["content_filter"] = f"smtp:[127.0.0.1]:{port}"
        return world

    def test_second_pass_is_untouched(self):
        invoice, copy = self.remind()
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [copy])
        answer = mails.reply(copy)
        self.from_debtor(answer, JEANNE)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])


class TrustedContentFilter(ContentFilter):
    """Loopback is named in trusted_networks: the token tells the second pass, and a local user
    still proves nothing."""

    @classmethod
    def make_world(cls):
        world = super().make_world()
        world.daemon.settings["trusted_networks"] = ["127.0.0.0/8"]
        return world

    def test_local_user_with_sendmail_f(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.creditor.sendmail(JEANNE, [PAUL], raw)
        delivered = self.debtor.arrived(PAUL, mails.field(raw, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.assertEqual(self.daemon.events(invoice), [])
