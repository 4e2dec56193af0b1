"""What the reader suggests becomes a fact when a person confirms it, once."""

import os
import signal
import subprocess

from lib import mails, wait
from lib.case import BUILD, DaemonCase


class Confirm(DaemonCase):
    def suggested(self, words):
        """(invoice, number of the entry) of an answer with these words, once it was read."""
        invoice, raw, _ = self.remind()
        self.arrive(mails.reply(raw, mails.PAUL, body=words), mails.PAUL)
        seq = self.daemon.entries(invoice)[-1]["seq"]
        wait.until(lambda: self.confirm(seq, 99).returncode == 66
                   and "no suggestion" in self.confirm(seq, 99).stderr, 20, "the reader")  # fmt: skip
        return invoice, seq

    def confirm(self, *words):
        return self.daemon.temoin("review", "confirm", *map(str, words), status=None)

    def test_a_promise_is_entered_with_day_and_sum(self):
        invoice, seq = self.suggested("Bonjour,\n\nJe vous règle 1 200,00 € le 15 décembre 2026.\n")
        done = self.confirm(seq, 1)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        entry = self.daemon.entries(invoice)[-1]
        self.assertEqual((entry["event"], entry["about"]), ("promise", seq))
        self.assertRegex(entry["text"], r"le 15 décembre 2026\. \(2026-12-15\)$")
        self.assertEqual(entry["amount"], {"minor_units": 120000, "currency": "EUR"})
        self.daemon.temoin("verify", "--log")

    def test_a_second_time_is_refused(self):
        invoice, seq = self.suggested("Je vous règle le 15 décembre 2026.\n")
        self.assertEqual(self.confirm(seq, 1).returncode, 0)
        before = self.daemon.events(invoice)
        again = self.confirm(seq, 1)
        self.assertEqual(again.returncode, 65)
        self.assertIn("confirmed already, by entry", again.stderr)
        self.assertEqual(self.daemon.events(invoice), before)

    def connections(self):
        """To scribe's socket, waiting or served."""
        name = f"{self.daemon.settings['run_directory']}/scribe.sock"
        return sum(line.endswith(name) for line in open("/proc/net/unix").read().splitlines())

    def test_two_at_the_same_instant(self):
        """Both have looked and found nothing before either is entered: one is."""
        invoice, seq = self.suggested("Je vous règle le 15 décembre 2026.\n")
        before, open_before = self.daemon.events(invoice), self.connections()
        argv = [BUILD / "temoin", "--config", self.daemon.config_file, "review", "confirm",
                str(seq), "1"]  # fmt: skip
        scribes = self.daemon.signal("scribe", signal.SIGSTOP)
        try:
            both = [subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True,
                                     env=self.daemon.environment()) for _ in range(2)]  # fmt: skip
            wait.until(lambda: self.connections() == open_before + 2, 10, "both ask")
        finally:
            for pid in scribes:
                os.kill(pid, signal.SIGCONT)
        said = [process.communicate(timeout=30) for process in both]
        self.assertEqual(sorted(process.returncode for process in both), [0, 65], said)
        self.assertEqual(self.daemon.events(invoice), [*before, "promise"])
        entry = self.daemon.entries(invoice)[-1]["seq"]
        (refused,) = [err for _, err in said if err]
        self.assertIn(f"was confirmed already, by entry {entry}", refused)

    def test_what_is_no_promise_is_a_note(self):
        invoice, seq = self.suggested("Merci de nous envoyer une copie de la facture.\n")
        self.assertEqual(self.confirm(seq, 1).returncode, 0)
        entry = self.daemon.entries(invoice)[-1]
        self.assertEqual(entry["event"], "note")
        self.assertIn("copie de la facture", entry["text"])

    def test_what_was_weakly_matched_is_confirmed_where_it_was_assigned(self):
        invoice, other = self.invoice(), self.invoice("OTHER")
        for decided in ("assigned", "dismissed"):
            answer = mails.plain(
                mails.PAUL, mails.JEANNE, f"Facture {invoice}", "Je vous règle le 15 décembre 2026.\n"
            )
            self.arrive(answer, mails.PAUL)
            seq = self.daemon.reviews()[-1]["seq"]
            self.assertRefused(seq, "waits in review")
            self.assertRefused(seq, "waits in review", invoice)
            if decided == "dismissed":
                self.daemon.temoin("review", "dismiss", str(seq), "--reason", "spam")
                self.assertRefused(seq, "was dismissed, by entry")
                continue
            self.daemon.temoin("review", "assign", str(seq), other)
            self.assertRefused(seq, f"in the dossier of {other}, not in that of {invoice}", invoice)
            decision = self.daemon.entries(other)[-1]["seq"]
            self.assertRefused(decision, f"is about entry {seq}: name that one")
            wait.until(lambda seq=seq: self.confirm(seq, 1).returncode in (0, 65), 20, "the reader")
            self.assertEqual(self.daemon.events(other)[-1], "promise")
            self.assertNotIn("promise", self.daemon.events(invoice))

    def assertRefused(self, seq, said, *invoice):
        done = self.confirm(seq, 1, *invoice)
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn(said, done.stderr)

    def test_what_is_not_there(self):
        invoice, seq = self.suggested("Je vous règle le 15 décembre 2026.\n")
        before = self.daemon.events(invoice)
        for words, status, said in (
            ((seq, 2), 66, "no suggestion 2"),
            ((seq, 0), 64, "no number of a suggestion"),
            ((999999, 1), 66, "no entry 999999"),
            ((seq, 1, "F-1999-001"), 65, "not in that of F-1999-001"),
        ):
            with self.subTest(words=words):
                done = self.confirm(*words)
                self.assertEqual(done.returncode, status)
                self.assertIn(said, done.stderr)
        self.assertEqual(self.daemon.events(invoice), before)
