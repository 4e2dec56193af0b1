"""The main road on a real Sendmail: its milter side is not Postfix's."""

import os
import pathlib
import shutil
import smtplib
import tempfile
import unittest

from lib import mails, namespace, sendmail, wait
from lib.case import BUILD, Case, DaemonCase
from lib.mails import JEANNE, PAUL
from lib.postfix import Postfix, delivered_copy
from lib.temoind import Temoind


def parts(raw):
    """(header fields without layout, body): Sendmail lays out address fields anew."""
    fields, body = mails.split_message(raw)
    return [(name, b" ".join(value.split())) for name, value in fields], body


@unittest.skipUnless(sendmail.PROGRAM.exists(), "TEMOIN_SENDMAIL names no unpacked Sendmail")
@unittest.skipUnless(os.geteuid() == 0, "Sendmail needs root")
@unittest.skipUnless(namespace.possible(), namespace.WHY)
class OnSendmail(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        safe = pathlib.Path(tempfile.mkdtemp(prefix="tt", dir="/run"))
        safe.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, safe, ignore_errors=True)
        cls.daemon = Temoind(safe / "temoin", BUILD)
        cls.daemon.settings["trusted_networks"] = ["127.0.0.0/8"]  # this Sendmail has no logins
        cls.daemon.accountants["jeanne"]["plus_address"] = True
        cls.log_files.append(cls.daemon.log_file)
        cls.daemon.prepare()
        DaemonCase.fill_register.__func__(cls, cls.daemon)
        cls.addClassCleanup(cls.daemon.stop)
        cls.daemon.start()
        cls.world = Postfix(
            cls.directory / "world", "mail.world.example", ["debtor.example", "creditor.example"]
        )
        cls.world.mailbox(PAUL, JEANNE)
        cls.world.listen("mx")
        cls.log_files.append(cls.world.log)
        cls.addClassCleanup(cls.world.stop)
        cls.world.start()
        cls.sendmail = sendmail.Sendmail(
            safe / "sendmail", "mail.creditor.example", cls.daemon.socket("both"),
            cls.world.ports["mx"],
        )  # fmt: skip
        cls.addClassCleanup(cls.sendmail.stop)
        cls.sendmail.start()

    invoice = DaemonCase.invoice

    def remind(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.sendmail.send(JEANNE, [PAUL], raw)
        return invoice, self.world.arrived(PAUL, mails.field(raw, "Message-ID"))

    def test_reminder_is_stamped_and_archived_as_it_left(self):
        invoice, delivered = self.remind()
        self.assertRegex(mails.field(delivered_copy(delivered), "Temoin-Token"), "^[a-z2-7]{26}$")
        self.assertRegex(delivered, rb"(?m)^Return-Path: <jeanne\+g[a-z2-7]{26}@creditor.example>")
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        (archived,) = self.daemon.archived(invoice)
        self.assertEqual(parts(archived), parts(delivered_copy(delivered)))

    def test_reply_is_filed_strong_and_pauses(self):
        invoice, delivered = self.remind()
        answer = mails.reply(delivered_copy(delivered))
        self.sendmail.send(PAUL, [JEANNE], answer)
        arrived = self.world.arrived(JEANNE, mails.field(answer, "Message-ID"))
        self.assertEqual(
            mails.field(delivered_copy(arrived), "Temoin-Dossier"),
            f"{invoice}; kind=reply; match=strong",
        )
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
        self.assertTrue(self.daemon.paused(invoice))

    def follow_until(self, invoice, events):
        def told():
            self.daemon.temoin("follow", "--once", self.sendmail.log)
            return self.daemon.events(invoice) == events

        try:
            wait.until(told, 30, events, every=0.3)
        except wait.Late as late:
            seen, log = self.daemon.events(invoice), self.sendmail.log.read_text()[-4000:]
            raise AssertionError(f"{late}; {seen}\n{log}") from None
        return [e for e in self.daemon.entries(invoice) if "log" in e]

    def test_its_log_tells_the_hand_over(self):
        invoice, _ = self.remind()
        queued, handed = self.follow_until(invoice, ["prepared", "submitted", "handed-over"])
        self.assertRegex(handed["log"]["smtp_reply"], r"^Ok: queued as [0-9A-F]+$")
        self.assertIn("127.0.0.1", handed["log"]["remote"])
        self.assertIn(handed["log"]["smtp_reply"].split()[-1], self.world.log_text())

    def test_its_own_bounce_is_failed_by_its_log(self):
        """No milter sees this bounce."""
        invoice = self.invoice("HOUSE")
        nobody = "nobody@debtor.example"
        self.daemon.import_csv("nobody.csv", f"debtor,address,name\nHOUSE,{nobody},\n")
        self.sendmail.send(JEANNE, [nobody], mails.reminder(invoice, to=nobody))
        _, failed = self.follow_until(invoice, ["prepared", "submitted", "failed"])
        self.assertEqual(failed["log"]["to"], [nobody])
        self.assertEqual(failed["level"], "prepared")
        said = failed["log"].get("smtp_reply") or failed["log"]["reason"]
        self.assertIn("unknown", said.lower())

    def test_foreign_recipient_is_refused_in_words(self):
        invoice = self.invoice()
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.sendmail.send(JEANNE, [PAUL, "eve@stranger.example"], mails.reminder(invoice))
        self.assertEqual(refused.exception.smtp_code, 550)
        self.assertIn(b"eve@stranger.example", refused.exception.smtp_error)
        self.assertEqual(self.daemon.events(invoice), [])

    def test_its_own_bounce_is_taken_by_temoin_file(self):
        """Sendmail shows no milter the bounces that it makes itself."""
        invoice = self.invoice()
        raw = mails.reminder(invoice, to=[PAUL, "compta@debtor.example"])
        self.sendmail.send(JEANNE, [PAUL, "compta@debtor.example"], raw)
        bounce = self.world.arrived(JEANNE, "Final-Recipient: RFC822; compta@debtor.example")
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.daemon.temoin("file", stdin=bounce)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "failed"])

    def test_unrelated_mail_passes(self):
        raw = mails.plain("ann@elsewhere.example", JEANNE, "Nouvelles")
        before = self.daemon.last_seq()
        self.sendmail.send("ann@elsewhere.example", [JEANNE], raw)
        arrived = self.world.arrived(JEANNE, mails.field(raw, "Message-ID"))
        self.assertIsNone(mails.field(delivered_copy(arrived), "Temoin-Dossier"))
        self.assertEqual(self.daemon.last_seq(), before)

    def test_what_waits_is_told_to_come_again(self):
        """F=T and a daemon that is down: 4xx, and the same message later is one entry."""
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.daemon.terminate()
        with self.assertRaises(smtplib.SMTPResponseException) as refused:
            self.sendmail.send(JEANNE, [PAUL], raw)
        self.assertEqual(refused.exception.smtp_code // 100, 4)
        self.daemon.start()
        self.sendmail.send(JEANNE, [PAUL], raw)
        self.world.arrived(PAUL, mails.field(raw, "Message-ID"))
        wait.until(lambda: self.daemon.events(invoice) == ["prepared"], 10, "the one entry")
