"""What the reader suggests becomes a fact when a person confirms it, once."""

from lib import mails, wait
from lib.case import DaemonCase


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

    def test_what_is_no_promise_is_a_note(self):
        invoice, seq = self.suggested("Merci de nous envoyer une copie de la facture.\n")
        self.assertEqual(self.confirm(seq, 1).returncode, 0)
        entry = self.daemon.entries(invoice)[-1]
        self.assertEqual(entry["event"], "note")
        self.assertIn("copie de la facture", entry["text"])

    def test_what_is_not_there(self):
        invoice, seq = self.suggested("Je vous règle le 15 décembre 2026.\n")
        before = self.daemon.events(invoice)
        for words, status, said in (
            ((seq, 2), 66, "no suggestion 2"),
            ((seq, 0), 64, "no number of a suggestion"),
            ((999999, 1), 66, "no entry 999999"),
            ((seq, 1, "F-1999-001"), 66, "F-1999-001"),
        ):
            with self.subTest(words=words):
                done = self.confirm(*words)
                self.assertEqual(done.returncode, status)
                self.assertIn(said, done.stderr)
        self.assertEqual(self.daemon.events(invoice), before)
