"""The company with all its keys against its own log: what it tries is refused by a check, or is
seen in what the evidence file prints.

Others hold: the reminders that were delivered (each with a checkpoint), and the tokens' dates.
"""

import contextlib
import json
import shutil
import subprocess
import unittest
import zipfile

from lib import mails, wait
from lib.case import DaemonCase
from lib.forger import Forger
from lib.temoind import section
from lib.tsa import Authority


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Attacker(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        cls.authority = Authority(cls.directory, "authority").start()
        cls.addClassCleanup(cls.authority.stop)
        daemon.settings["witness"] = True
        write = daemon.configuration
        daemon.configuration = lambda: write() + section("tsa", "one", cls.authority.section())

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.other, _, _ = case.remind()
        cls.sign()
        cls.invoice, raw, _ = case.remind()
        cls.first = raw
        case.arrive(mails.reply(raw, body="Nous contestons cette facture.\n"))
        cls.sign()
        cls.daemon.temoin("seal")
        cls.sign()
        cls.last = cls.deliver(case, "second.eml")  # carries a checkpoint over all of that
        cls.sign()
        cls.daemon.stop()
        cls.saved = cls.directory / "saved"
        subprocess.run(["cp", "-a", cls.daemon.store, cls.saved], check=True)

    @classmethod
    def deliver(cls, case, name):
        _, raw, outcome = case.remind(cls.invoice)
        assert outcome.state.get("Temoin-Checkpoint"), "the reminder carries no checkpoint"
        path = cls.directory / name
        path.write_bytes(raw)
        path.chmod(0o644)
        return path

    @classmethod
    def sign(cls):
        wait.until(lambda: cls.daemon.json("stats")["seal"]["unsigned"] == 0, 20, "signatures",
                   every=0.1)  # fmt: skip

    def setUp(self):
        self.forger = Forger(self.daemon)
        self.addCleanup(self.restore, self.saved)
        self.holds("", "")

    def restore(self, saved):
        """The store's files, with their owners."""
        if self.daemon.process:
            self.daemon.stop()
        shutil.rmtree(self.daemon.store)
        subprocess.run(["cp", "-a", saved, self.daemon.store], check=True)

    def resign(self):
        """The true sealer with the true keys signs what was written. Until it has opened seal.db,
        others can read that only while somebody holds -wal and -shm, which go with the last."""
        self.give_back()
        with contextlib.closing(self.forger.open("seal/seal.db")) as held:
            held.execute("SELECT count(*) FROM signature").fetchall()
            self.daemon.start()
            self.sign()
        self.daemon.stop()

    def give_back(self):
        """Files that the forger made as root belong to whom they belonged."""
        for path in self.daemon.store.rglob("*"):
            model = self.saved / path.relative_to(self.daemon.store)
            if not model.exists():
                model = self.saved / "log.db"
                if path.parent.name == "seal":
                    model = self.saved / "seal/seal.db"
            shutil.chown(path, model.stat().st_uid, model.stat().st_gid)

    # --- what others can ask ------------------------------------------------------------------
    def log_itself(self):
        done = self.daemon.temoin("verify", "--log", status=None)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout if done.returncode else ""

    def against(self, reminder):
        done = self.daemon.temoin("verify", "--log", "--checkpoint", reminder, status=None)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        return done.stdout if done.returncode else ""

    def holds(self, alone, reminder):
        """"": passes; a text: refused, and says that."""
        for said, wanted in ((self.log_itself(), alone), (self.against(self.last), reminder)):
            if wanted:
                self.assertIn(wanted, said)
            else:
                self.assertEqual(said, "")

    def index(self):
        """index.json of an evidence file that the company makes now."""
        path = self.daemon.directory / "forged.asice"
        path.unlink(missing_ok=True)
        self.daemon.start()
        self.daemon.temoin("evidence", self.invoice, "-o", path)
        self.daemon.stop()
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("index.json"))

    def rewritten(self, change):
        """Write the log again after a change, with and without what was dated."""
        entries = self.forger.read()
        change(entries)
        self.forger.write(entries)
        self.resign()
        # While the dated batches are kept, their tokens contradict the log.
        self.assertIn("NOT INTACT", self.log_itself())
        # Without them it is right in itself, and whoever got a reminder holds the proof that it
        # is not the log that there was.
        self.forger.forget_batches()
        said = self.log_itself()
        for line in said.splitlines():
            self.assertNotRegex(line, r"signature|record altered|leaf")
        self.assertIn("NOT INTACT", self.against(self.last))

    def reply_of(self, entries):
        return next(i for i, e in enumerate(entries) if e.event == "reply")

    # --- attempts -----------------------------------------------------------------------------
    def test_drop_a_reply(self):
        self.rewritten(lambda entries: entries.pop(self.reply_of(entries)))

    def test_insert_a_reminder(self):
        def insert(entries):
            made = next(e for e in entries if e.event == "prepared").copy()
            for table in ("token", "retry", "message_id", "learned_contact"):
                made.others[table] = []
            entries.insert(self.reply_of(entries), made)

        self.rewritten(insert)

    def test_reorder(self):
        def swap(entries):
            at = self.reply_of(entries)
            entries[at], entries[at - 1] = entries[at - 1], entries[at]

        self.rewritten(swap)

    def test_change_a_date(self):
        def earlier(entries):
            entries[self.reply_of(entries)].record["time"] = "2026-01-02T03:04:05Z"

        self.rewritten(earlier)

    def test_a_second_log(self):
        """One for the debtor and one for the court, both signed by the same keys."""
        self.daemon.start()
        self.daemon.temoin("note", self.invoice, "une note")
        self.sign()
        shown = self.deliver(self, "shown.eml")
        self.sign()
        self.daemon.stop()
        self.assertEqual(self.against(shown), "")
        self.restore(self.saved)
        self.daemon.start()
        for text in ("autre", "log"):
            self.daemon.temoin("note", self.invoice, text)
        for _ in range(3):
            self.remind(self.other)
        self.sign()
        self.daemon.stop()
        self.assertEqual(self.log_itself(), "")
        self.assertEqual(self.against(self.last), "")  # the common beginning
        self.assertIn("NOT INTACT", self.against(shown))

    def test_restore_a_cut_log(self):
        """An old copy is put back; what came after it is not to have been."""
        self.daemon.start()
        self.arrive(mails.reply(self.first, body="Voici la preuve du paiement.\n"))
        self.sign()
        later = self.deliver(self, "later.eml")
        self.daemon.stop()
        self.restore(self.saved)
        self.assertEqual(self.log_itself(), "")
        self.assertIn("NOT INTACT", self.against(later))

    def test_erase_without_trace(self):
        entries = self.forger.read()
        seq = self.reply_of(entries) + 1
        db = self.forger.open("log.db")
        db.execute("UPDATE entry SET private = NULL WHERE seq = ?", (seq,))
        db.execute("DELETE FROM message WHERE seq = ?", (seq,))
        db.commit()
        db.close()
        self.give_back()
        self.assertRegex(self.log_itself(), rf"(?m)^entry {seq}: ")

    def test_back_date_past_a_token(self):
        """The last entry, that nobody outside knows yet, is given a time before the token."""
        self.daemon.start()
        self.daemon.temoin("note", self.invoice, "mise en demeure remise en main propre")
        self.sign()
        self.daemon.stop()
        entries = self.forger.read()
        at = max(i for i, e in enumerate(entries) if e.event == "note")
        del entries[at + 1 :]
        entries[at].record["time"] = "2026-01-02T03:04:05Z"
        self.forger.write(entries, keep=self.saved)
        self.resign()
        self.assertEqual(self.against(self.last), "")
        index = self.index()
        note = [e for e in index["timeline"]["entries"] if e["event"] == "note"][-1]
        bounds = next(d for d in index["dates"] if d["seq"] == note["seq"])
        self.assertEqual(note["time"], "2026-01-02T03:04:05Z")
        self.assertGreater(bounds["not_before"], "2026-02")  # what it says and what is shown
