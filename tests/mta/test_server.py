"""temoind as a part of a mail server: check --live, a dead daemon, a signer between two listeners."""

import base64
import os
import signal
import smtplib
import subprocess
import unittest

from lib import mails, wait
from lib.case import BUILD
from lib.mails import PAUL
from lib.world import World
from lib.worldcase import WorldCase

try:
    import dkim
except ImportError:
    dkim = None


class Live(WorldCase):
    def test_check_live_is_content_with_this_set_up(self):
        done = self.daemon.temoin("check", "--live", status=None)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_check_live_names_a_socket_that_postfix_cannot_open(self):
        socket = self.daemon.socket("submission")
        os.chmod(socket, 0o600)
        try:
            done = self.daemon.temoin("check", "--live", status=None)
        finally:
            os.chmod(socket, 0o666)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(socket, done.stdout + done.stderr)

    def test_check_live_names_a_socket_that_is_gone(self):
        socket = self.daemon.socket("mx")
        os.rename(socket, socket + ".away")
        try:
            done = self.daemon.temoin("check", "--live", status=None)
        finally:
            os.rename(socket + ".away", socket)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"(?m)^error .*cannot open.*{socket}.*does not exist")

    def test_check_live_names_a_milter_that_is_not_configured(self):
        self.creditor.settings["non_smtpd_milters"] = ""
        self.creditor.reload()
        try:
            done = self.daemon.temoin("check", "--live", status=None)
        finally:
            self.creditor.settings["non_smtpd_milters"] = self.world.milter_of("mx")
            self.creditor.reload()
        self.assertIn("non_smtpd_milters", done.stdout + done.stderr)

    def test_daemon_down_submission_is_told_to_come_again_port_25_accepts(self):
        invoice = self.invoice()
        self.daemon.terminate()
        try:
            with self.assertRaises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused,
                                    smtplib.SMTPRecipientsRefused,
                                    smtplib.SMTPResponseException)) as refused:  # fmt: skip
                self.submit(mails.reminder(invoice))
            self.assertRegex(str(refused.exception), r"\b4\d\d\b")
            raw = mails.plain("eve@stranger.example", "boss@creditor.example", "Bonjour")
            self.creditor.send("mx", "eve@stranger.example", ["boss@creditor.example"], raw)
            self.creditor.arrived("boss@creditor.example", mails.field(raw, "Message-ID"))
        finally:
            self.daemon.start()
        self.remind(invoice)

    def test_kill_9_of_milter_under_postfix_then_retry_is_one_entry(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        for _ in range(3):
            self.daemon.signal("milter", signal.SIGKILL)
            try:
                self.submit(raw)
                break
            except smtplib.SMTPException:
                continue

        def accepted():
            try:
                self.submit(raw)
                return True
            except smtplib.SMTPException:
                return False

        wait.until(accepted, 20, "an accepted message")
        self.assertEqual(self.daemon.events(invoice), ["prepared"])


@unittest.skipUnless(os.path.exists("/usr/sbin/opendkim"), "opendkim is not installed")
class Signer(WorldCase):
    """smtpd_milters = stamp, opendkim, archive."""

    @classmethod
    def make_world(cls):
        path = cls.directory / "opendkim"
        path.mkdir()
        path.chmod(0o755)
        key = path / "key.pem"
        subprocess.run(
            ["openssl", "genrsa", "-traditional", "-out", key, "2048"],
            check=True, capture_output=True,
        )  # fmt: skip
        public = subprocess.run(
            ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"],
            check=True, capture_output=True,
        ).stdout  # fmt: skip
        cls.record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        socket = path / "sock"
        (path / "conf").write_text(
            f"Socket local:{socket}\nMode s\nDomain creditor.example\nSelector k\n"
            f"KeyFile {key}\nRequireSafeKeys no\nCanonicalization simple/simple\n"
            "Background no\nUMask 000\nSyslog no\nOversignHeaders From\n"
        )
        cls.opendkim = subprocess.Popen(
            ["/usr/sbin/opendkim", "-x", path / "conf"], stderr=subprocess.DEVNULL
        )
        cls.addClassCleanup(cls.end_opendkim)
        wait.until(socket.exists, 10, "opendkim's socket")
        return World(cls.directory, BUILD, sealed=[f"unix:{socket}"])

    @classmethod
    def end_opendkim(cls):
        cls.opendkim.terminate()
        cls.opendkim.wait(10)

    def valid(self, raw):
        return dkim.verify(raw, dnsfunc=lambda name, timeout=5: self.record)

    @unittest.skipIf(dkim is None, "python3-dkim is not installed")
    def test_signature_verifies_on_the_archived_copy(self):
        invoice, copy = self.remind()
        (archived,) = self.daemon.archived(invoice)
        self.assertEqual(archived, copy)
        self.assertIn(b"DKIM-Signature:", archived)
        self.assertIn(b"Temoin-Token:", archived)
        self.assertTrue(self.valid(copy), "as delivered")
        self.assertTrue(self.valid(archived), "as archived")
        self.assertFalse(self.valid(archived.replace(b"Madame", b"Madane")))

    def test_nothing_else_is_stamped(self):
        raw = mails.plain(mails.JEANNE, PAUL, "Bonjour")
        self.submit(raw)
        delivered = self.debtor.arrived(PAUL, mails.field(raw, "Message-ID"))
        self.assertIsNone(mails.field(delivered, "Temoin-Token"))
        self.assertIsNotNone(mails.field(delivered, "DKIM-Signature"))
