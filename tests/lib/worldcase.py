"""The test case with real Postfix: one world per class."""

import os
import unittest

from . import mails, wait
from .case import BUILD, Case, DaemonCase
from .mails import JEANNE, PAUL
from .postfix import delivered_copy
from .world import World


@unittest.skipUnless(os.geteuid() == 0, "Postfix's master needs root")
class WorldCase(Case):
    @classmethod
    def make_world(cls):
        return World(cls.directory, BUILD)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = cls.make_world()
        cls.daemon = cls.world.daemon
        cls.creditor, cls.debtor = cls.world.creditor, cls.world.debtor
        cls.log_files += [cls.daemon.log_file, cls.creditor.log, cls.debtor.log]
        cls.addClassCleanup(cls.world.stop)
        cls.world.start(lambda daemon: DaemonCase.fill_register.__func__(cls, daemon))

    invoice = DaemonCase.invoice

    def submit(self, raw, recipients=(PAUL,), sender=JEANNE, login="jeanne"):
        self.creditor.send("submission", sender, list(recipients), raw, self.world.login(login))

    def remind(self, invoice=None, to=PAUL, **keywords):
        """(invoice, the bytes as delivered to the debtor without trace lines)."""
        invoice = invoice or self.invoice()
        raw = mails.reminder(invoice, to=to, **keywords)
        self.submit(raw, [to])
        delivered = self.debtor.arrived(to, mails.field(raw, "Message-ID"))
        return invoice, delivered_copy(delivered)

    def from_debtor(self, raw, to, sender=PAUL):
        """Through the debtor's server to the creditor's port 25; the delivered bytes."""
        self.debtor.sendmail(sender, [to], raw)
        return self.creditor.arrived(JEANNE, mails.field(raw, "Message-ID"))

    def until_events(self, invoice, events):
        try:
            wait.until(lambda: self.daemon.events(invoice) == events, 30, events, every=0.2)
        except wait.Late as late:
            raise AssertionError(f"{late}; {self.daemon.events(invoice)}") from None

    def return_path(self, invoice):
        delivered = self.debtor.arrived(PAUL, invoice)
        return mails.field(delivered, "Return-Path").strip("<>")
