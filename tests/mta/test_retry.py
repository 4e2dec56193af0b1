"""A message that the mail server refuses after us comes again, with a new queue ID."""

import re
import smtplib

from lib import mails, wait
from lib.case import BUILD
from lib.mails import JEANNE, PAUL
from lib.postfix import delivered_copy
from lib.refuser import Refuser
from lib.world import World
from lib.worldcase import WorldCase


class Retry(WorldCase):
    """The milter behind ours, on both services, refuses at the end of the message."""

    @classmethod
    def make_world(cls):
        cls.refuser = Refuser(cls.directory / "refuser.sock", 0)
        cls.addClassCleanup(cls.refuser.stop)
        world = World(cls.directory, BUILD)
        own, behind = world.milter_of, f"unix:{cls.directory}/refuser.sock"
        world.submission_options["smtpd_milters"] = f"{own('submission')}, {behind}"
        world.mx_options = {"smtpd_milters": f"{own('mx')}, {behind}"}
        return world

    def queue_ids(self, invoice):
        return re.findall(rf" (\w+): outbound stamped invoice={invoice} ", self.daemon.log())

    def test_reminder(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.refuser.left = 2
        for _ in range(2):
            with self.assertRaises(smtplib.SMTPResponseException) as refused:
                self.submit(raw)
            self.assertEqual(refused.exception.smtp_code // 100, 4)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.submit(raw)
        delivered = self.debtor.arrived(PAUL, mails.field(raw, "Message-ID"))
        self.assertEqual(len(set(self.queue_ids(invoice))), 3)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [delivered_copy(delivered)])

    def test_answer(self):
        """The debtor's own server keeps it in its queue and tries again."""
        invoice, copy = self.remind()
        self.refuser.refused, self.refuser.left = 0, 1
        answer = mails.reply(copy)
        delivered = self.from_debtor(answer, JEANNE)
        self.assertEqual(self.refuser.refused, 1)
        self.assertEqual(
            mails.field(delivered, "Temoin-Dossier"), f"{invoice}; kind=reply; match=strong"
        )
        wait.until(lambda: self.debtor.is_empty(), 10)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
