"""Servers that debtors have, each with bounces and delay notices of its own making for our
reminder: filed for sure, and read right."""

import json
import pathlib
import shutil
import tempfile
import unittest

from lib import mails, namespace, sendmail, wait
from lib.foreign import Exim, OpenSMTPD
from lib.gate import Gate
from lib.mails import JEANNE
from lib.worldcase import WorldCase
from lib.postfix import free_port


class Servers(WorldCase):
    """One world, and beside it the debtor's server of another make."""

    domain = "foreign.example"
    port = None

    @classmethod
    def make_world(cls):
        world = super().make_world()
        cls.port = free_port()
        world.creditor.route(cls.domain, cls.port)
        return world

    def reminded(self, local):
        """Remind this local part at the foreign server; the notice as archived, once filed."""
        invoice, address = self.invoice("HOUSE"), f"{local}@{self.domain}"
        self.daemon.import_csv("more.csv", f"debtor,address,name\nHOUSE,{address},\n")
        self.submit(mails.reminder(invoice, to=address), [address])
        event = {"nx": "failed", "late": "delayed"}[local]
        wait.until(lambda: event in self.daemon.events(invoice), 60,
                   lambda: self.daemon.events(invoice), every=0.2)  # fmt: skip
        at, entry = next(
            (i, e) for i, e in enumerate(self.daemon.entries(invoice)) if e["event"] == event
        )
        self.assertEqual((entry["match"], entry["direction"]), ("strong", "inbound"))
        self.assertFalse(self.daemon.paused(invoice))
        return address, self.daemon.archived(invoice)[at]

    def read(self, raw):
        return json.loads(self.daemon.temoin("read", stdin=raw).stdout)

    def check(self, local, action, status, words):
        address, raw = self.reminded(local)
        facts = self.read(raw)
        self.assertEqual(facts["kind"], "dsn", raw.decode(errors="replace"))
        (recipient,) = facts["recipients"]
        self.assertEqual((recipient["final"], recipient["action"]), (address, action))
        self.assertRegex(recipient["status"], status)
        if words:
            self.assertIn(words, recipient["diagnostic"])
        self.assertRegex(facts["original"]["message_id"], "^<.+@.+>$")
        self.assertTrue(any(t["valid"] for t in facts["tokens"]))


@unittest.skipUnless(namespace.possible(), namespace.WHY)
class ForeignServers(Servers):
    server_class = None

    @classmethod
    def setUpClass(cls):
        if not cls.server_class:
            raise unittest.SkipTest("the tests are those of its children")
        super().setUpClass()
        server = cls.server_class(cls.directory / "foreign", cls.domain, cls.creditor.ports["mx"])
        server.port = cls.port
        cls.log_files.append(server.log)
        cls.addClassCleanup(server.stop)
        server.start()


def on(server, failed, failed_words, delayed, delayed_words):
    """The two tests of a server."""

    class Both(ForeignServers):
        server_class = server

        def test_bounce(self):
            self.check("nx", "failed", failed, failed_words)

        def test_delay(self):
            self.check("late", "delayed", delayed, delayed_words)

    Both.__qualname__ = f"On{server.__name__}"
    return unittest.skipUnless(server.unpacked(), "TEMOIN_SERVERS names no such server")(Both)


# The machine part of neither gives a reason; their words do.
OnExim = on(Exim, r"^5\.0\.0$", "Unrouteable mailbox", r"^4\.0\.0$", "mailbox is locked")
OnOpenSMTPD = on(OpenSMTPD, r"^5\.", "exited abnormally", r"^4\.", "exited abnormally")
del ForeignServers


class OnPostfix(Servers):
    """It takes the mail for a next hop that refuses it, or makes it wait."""

    domain = "debtor.example"

    @classmethod
    def make_world(cls):
        world = super(Servers, cls).make_world()
        gate = Gate(None)
        cls.addClassCleanup(gate.stop)
        gate.start()
        for address in ("nx@debtor.example", "late@debtor.example"):
            world.debtor.mailbox(address)
            world.debtor.route(address, gate.port)
        world.debtor.settings["delay_warning_time"] = "1s"
        return world

    def test_bounce(self):
        self.check("nx", "failed", r"^5\.1\.1$", "no such user here")

    def test_delay(self):
        self.check("late", "delayed", r"^4\.2\.2$", "mailbox is locked")


@unittest.skipUnless(sendmail.PROGRAM.exists(), "TEMOIN_SENDMAIL names no unpacked Sendmail")
@unittest.skipUnless(namespace.possible(), namespace.WHY)
class OnSendmail(Servers):
    """Likewise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        safe = pathlib.Path(tempfile.mkdtemp(prefix="tt", dir="/run"))
        safe.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, safe, ignore_errors=True)
        gate = Gate(cls.creditor.ports["mx"])
        cls.addClassCleanup(gate.stop)
        gate.start()
        server = sendmail.Sendmail(safe / "sendmail", f"mail.{cls.domain}", None, gate.port)
        server.port = cls.port
        cls.addClassCleanup(server.stop)
        server.start()

    def test_bounce(self):
        self.check("nx", "failed", r"^5\.1\.1$", "no such user here")

    def test_delay(self):
        self.check("late", "delayed", r"^4\.3\.0$", "mailbox is locked")
