"""kill -9 at the worst moments, and the retries of clients: one entry, never none, never two."""

import contextlib
import os
import select
import signal
import sqlite3
import threading
import time

from lib import mails, milter, wait
from lib.case import DaemonCase


class Retries(DaemonCase):
    def test_same_message_with_a_new_queue_id_is_one_entry(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        first, second = self.submit(raw), self.submit(raw)
        self.assert_stamped(first)
        self.assertEqual(first.state.render(), second.state.render())
        self.assertEqual(first.state.sender, second.state.sender)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_recipients_in_another_order_are_the_same_message(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        two = [mails.PAUL, "compta@debtor.example"]
        first, second = self.submit(raw, two), self.submit(raw, two[::-1])
        self.assertEqual(first.state.render(), second.state.render())
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_other_bytes_are_another_message(self):
        invoice = self.invoice()
        mid = mails.message_id()
        for body in ("un\n", "deux\n"):
            self.assert_stamped(self.submit(mails.reminder(invoice, mid=mid, body=body)))
        self.assertEqual(self.daemon.events(invoice), ["prepared", "prepared"])

    def test_other_recipients_are_another_message(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.submit(raw, [mails.PAUL])
        self.submit(raw, ["compta@debtor.example"])
        self.assertEqual(self.daemon.events(invoice), ["prepared", "prepared"])

    def test_inbound_retry_is_one_entry(self):
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw)
        for _ in range(2):
            self.assert_dossier(self.arrive(answer), invoice, "reply", "strong")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])


class ShortWindow(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["retry_window"] = "1s"

    def test_after_the_window_it_is_a_new_message(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        self.submit(raw)

        def again():
            self.submit(raw)
            return self.daemon.events(invoice) == ["prepared", "prepared"]

        wait.until(again, 10, "a second entry", every=0.7)


class KillCase(DaemonCase):
    """Tests make a reminder and kill a process while it is under way. A class, and so a daemon,
    for a few such deaths: with each the next start is put off longer."""

    def send_until_accepted(self, raw):
        """As a client that tries again, with a new queue ID each time; (outcome, attempts)."""
        attempts = []

        def attempt():
            try:
                outcome = self.submit(raw)
            except (OSError, milter.Closed):
                outcome = None
            attempts.append(outcome)
            return outcome if outcome and outcome.accepted else None

        return wait.until(attempt, 30, "an accepted message", every=0.1), attempts

    def at_end_of_message(self, raw, act):
        """Run a message up to its end; then act() and end it at the same time."""
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        client = milter.Client(self.daemon.socket("both"), timeout=20)
        with client:
            self.assertIsNone(milter.start_connection(client, env))
            for letter, function in milter.walk(client, env, raw, 65535):
                if letter == "E":
                    client.macro("E", {"i": env.queue_id})
                    client.send("E")
                    act()
                    try:
                        return client.verdict()
                    except (OSError, milter.Closed):
                        return None
                function()
        raise AssertionError("no end")

    def judge(self, invoice, raw, reply):
        """After the retry there is one entry, and it is what left."""
        outcome, _ = self.send_until_accepted(raw)
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])
        if reply is not None and reply.code == 2:
            self.assertIn("prepared", self.daemon.events(invoice))

    def last_seq(self):
        """The last committed entry, without troubling the daemon."""
        url = f"file:{self.daemon.store}/log.db?mode=ro"
        with contextlib.closing(sqlite3.connect(url, uri=True)) as log:
            return log.execute("SELECT max(seq) FROM entry").fetchone()[0]


class ScribeAtAnyMoment(KillCase):
    def test_scribe_dies_at_any_moment_around_the_commit(self):
        for delay in (0, 0.001, 0.003, 0.006, 0.01, 0.02):
            with self.subTest(delay=delay):
                invoice = self.invoice()
                raw = mails.reminder(invoice)

                def act(delay=delay):
                    threading.Event().wait(delay)
                    self.daemon.signal("scribe", signal.SIGKILL)

                reply = self.at_end_of_message(raw, act)
                self.judge(invoice, raw, reply)
        self.daemon.temoin("verify", "--log")


class ScribeAfterCommit(KillCase):
    def dies_unanswered(self, raw):
        """Stop scribe as soon as the entry can be seen. Was nobody told yet? Then it dies there;
        otherwise it may go on."""
        (scribe,) = self.daemon.children("scribe")
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        url = f"file:{self.daemon.store}/log.db?mode=ro"
        with (
            contextlib.closing(sqlite3.connect(url, uri=True)) as log,
            milter.Client(self.daemon.socket("both")) as client,
        ):
            milter.start_connection(client, env)
            *steps, _ = [function for _, function in milter.walk(client, env, raw, 65535)]
            for function in steps:
                function()
            query = "SELECT max(seq) FROM entry"
            before = log.execute(query).fetchone()
            deadline = time.monotonic() + 5
            client.macro("E", {"i": env.queue_id})
            client.send("E")
            while log.execute(query).fetchone() == before:
                self.assertLess(time.monotonic(), deadline, "no commit")
            os.kill(scribe, signal.SIGSTOP)
            unanswered = not select.select([client.sock], [], [], 0.05)[0]
            os.kill(scribe, signal.SIGKILL if unanswered else signal.SIGCONT)
            self.assertEqual(client.verdict().code, 2)  # scribe's successor knew of it
        return unanswered

    def test_scribe_dies_between_commit_and_reply(self):
        invoice, deadline = self.invoice(), time.monotonic() + 40
        while time.monotonic() < deadline:
            self.remind(invoice)  # the milter has numbers
            raw = mails.reminder(invoice)
            before = len(self.daemon.log())
            if self.dies_unanswered(raw):
                break
        else:
            self.fail("the moment was never met")
        self.assertIn("duplicate=yes", self.daemon.log()[before:])
        seq = self.last_seq()
        outcome, _ = self.send_until_accepted(raw)
        self.assert_stamped(outcome)
        self.assertEqual(self.last_seq(), seq)
        self.daemon.temoin("verify", "--log")


class Kill(KillCase):
    def dies_between_commit_and_reply(self, raw, patience):
        """scribe is stopped until the milter has asked it; then the milter is stopped, and killed
        when its entry is on disk. False: it had not asked yet."""
        self.remind()  # the milter has numbers
        before = self.last_seq()
        (milter_pid,), (scribe,) = self.daemon.children("milter"), self.daemon.children("scribe")

        def act():
            os.kill(scribe, signal.SIGSTOP)
            try:
                threading.Event().wait(patience)
                os.kill(milter_pid, signal.SIGSTOP)
            finally:
                os.kill(scribe, signal.SIGCONT)
            with contextlib.suppress(wait.Late):
                wait.until(lambda: self.last_seq() > before, 3, "the commit")
            os.kill(milter_pid, signal.SIGKILL)

        self.assertIsNone(self.at_end_of_message(raw, act))
        wait.until(lambda: milter_pid not in self.daemon.children("milter"), 10, "its end")
        return self.last_seq() > before

    def test_milter_dies_between_commit_and_reply(self):
        """Nobody was told of the entry; the retry finds it."""
        for patience in (0.2, 0.5, 1.0, 1.5):
            invoice = self.invoice()
            raw = mails.reminder(invoice)
            if self.dies_between_commit_and_reply(raw, patience):
                before = self.last_seq()
                outcome, _ = self.send_until_accepted(raw)
                self.assert_stamped(outcome)
                self.assertEqual(self.last_seq(), before)
                self.judge(invoice, raw, None)
                return
            self.judge(invoice, raw, None)
        self.fail("the milter never asked in time")

    def test_milter_dies_at_end_of_message(self):
        for delay in (0, 0.002, 0.005, 0.01):
            with self.subTest(delay=delay):
                invoice = self.invoice()
                raw = mails.reminder(invoice)

                def act(delay=delay):
                    threading.Event().wait(delay)
                    self.daemon.signal("milter", signal.SIGKILL)

                reply = self.at_end_of_message(raw, act)
                self.judge(invoice, raw, reply)

    def test_milter_dies_while_a_large_body_comes_in(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, body=("x" * 70 + "\n") * 20000)
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        with milter.Client(self.daemon.socket("both")) as client:
            milter.start_connection(client, env)
            chunks = 0
            for letter, function in milter.walk(client, env, raw, 65535):
                chunks += letter == "B"
                if chunks == 8:
                    self.daemon.signal("milter", signal.SIGKILL)
                    break
                function()
        self.judge(invoice, raw, None)

    def test_both_die_together(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)

        def act():
            self.daemon.signal("scribe", signal.SIGKILL)
            self.daemon.signal("milter", signal.SIGKILL)

        self.judge(invoice, raw, self.at_end_of_message(raw, act))

    def test_whole_daemon_dies_and_comes_back(self):
        invoice, raw, _ = self.remind()
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.daemon.archived(invoice), [raw])
        self.assert_dossier(self.arrive(mails.reply(raw)), invoice, "reply", "strong")
        self.daemon.temoin("verify", "--log")
