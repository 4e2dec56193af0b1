"""The test cases that others are made of: a daemon per class, invoices that no other test uses."""

import itertools
import os
import pathlib
import shutil
import tempfile
import unittest

from . import mails, milter
from .temoind import Temoind

BUILD = pathlib.Path(os.environ.get("TEMOIN_BUILD", "."))
SANITIZED = b"__asan_init" in (BUILD / "temoin").read_bytes() if (BUILD / "temoin").exists() else False
#: a build whose memory has bounds: a sanitizer's has none
BOUNDED = pathlib.Path(os.environ.get("TEMOIN_HARDENED") or BUILD)
HAS_BOUNDS = not SANITIZED or BOUNDED != BUILD
SOURCE = pathlib.Path(
    os.environ.get("TEMOIN_SOURCE", pathlib.Path(__file__).resolve().parent.parent.parent)
)

DEBTORS = {
    "ACME": ("Acme SARL", ["paul@debtor.example", "compta@debtor.example"]),
    "OTHER": ("Autre SA", ["lise@other.example"]),
    "HOUSE": ("Maison SAS", ["@house.example"]),
    "NEW": ("Neuf EURL", []),
}


def invoices_csv(numbers):
    lines = ["invoice,debtor,name,amount,currency,issued,due"]
    for number, debtor in numbers:
        name = DEBTORS[debtor][0]
        lines.append(f"{number},{debtor},{name},1200.00,EUR,2026-09-01,2026-10-01")
    return "\n".join(lines) + "\n"


def contacts_csv():
    lines = ["debtor,address,name"]
    lines += [f"{code},{contact}," for code, (_, all_) in DEBTORS.items() for contact in all_]
    return "\n".join(lines) + "\n"


class Case(unittest.TestCase):
    """Directory, and the logs of what runs in it when a test fails."""

    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="tt"))
        cls.directory.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.log_files = []

    def logs(self):
        text = ""
        for path in self.log_files:
            if path.exists():
                text += f"\n--- {path}\n{path.read_text(errors='replace')[-8000:]}"
        return text


class DaemonCase(Case):
    """One temoind per class, with 4 debtors; invoice() gives an unused open invoice."""

    #: class attributes that a case may set before the daemon is made
    listeners = {"both": "both"}
    build = BUILD

    @classmethod
    def configure(cls, daemon):
        """Change the configuration before `temoin init`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = cls.make_daemon("d")
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.stop)

    @classmethod
    def make_daemon(cls, name):
        daemon = Temoind(cls.directory / name, cls.build)
        daemon.listeners = dict(cls.listeners)
        cls.configure(daemon)
        cls.log_files.append(daemon.log_file)
        daemon.prepare()
        cls.fill_register(daemon)
        return daemon

    @classmethod
    def fill_register(cls, daemon):
        cls.unused = {
            debtor: iter([f"F-2026-{first + i:03d}" for i in range(100)])
            for debtor, first in zip(DEBTORS, itertools.count(100, 100))
        }
        numbers = [
            (f"F-2026-{first + i:03d}", debtor)
            for debtor, first in zip(DEBTORS, itertools.count(100, 100))
            for i in range(100)
        ]
        daemon.import_csv("invoices.csv", invoices_csv(numbers))
        daemon.import_csv("contacts.csv", contacts_csv())

    def invoice(self, debtor="ACME"):
        return next(self.unused[debtor])

    # --- sending ------------------------------------------------------------------------------
    queue_ids = itertools.count(1)

    def queue_id(self):
        return f"4TQ{next(self.queue_ids):05d}"

    def submit(self, raw, recipients=(mails.PAUL,), sender=mails.JEANNE, login="jeanne",
               listener="both", **keywords):  # fmt: skip
        """As a logged-in user; the outcome."""
        env = milter.Envelope(
            sender, list(recipients), login, keywords.pop("queue_id", None) or self.queue_id(),
            **keywords,
        )  # fmt: skip
        return milter.deliver(self.daemon.socket(listener), env, raw)

    def arrive(self, raw, sender=mails.PAUL, recipients=(mails.JEANNE,), listener="both",
               **keywords):  # fmt: skip
        """From outside, on port 25."""
        return self.submit(raw, recipients, sender, None, listener, **keywords)

    def remind(self, invoice=None, **keywords):
        """A stamped reminder: (invoice, raw as it left, outcome)."""
        invoice = invoice or self.invoice()
        outcome = self.submit(mails.reminder(invoice, **keywords))
        self.assert_stamped(outcome)
        return invoice, outcome.state.render(), outcome

    # --- judging ------------------------------------------------------------------------------
    def assert_stamped(self, outcome):
        self.assertEqual(outcome.code, 2, outcome)
        self.assertRegex(" ".join(outcome.state.get("Temoin-Token")), r"^[a-z2-7]{26}$")

    def assert_untouched(self, outcome):
        self.assertEqual(outcome.code, 2, outcome)
        self.assertEqual(outcome.edits, [])

    def assert_dossier(self, outcome, invoice, kind, match):
        self.assertEqual(outcome.code, 2, outcome)
        self.assertEqual(
            outcome.state.get("Temoin-Dossier"), [f"{invoice}; kind={kind}; match={match}"]
        )
