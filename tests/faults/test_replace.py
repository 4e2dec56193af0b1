"""Reload and replacement under load: nothing is refused, open sessions are finished."""

import os
import re
import signal
import threading

from lib import mails, milter, wait
from lib.case import DaemonCase


class Reload(DaemonCase):
    def setUp(self):
        accountants = dict(self.daemon.accountants)
        self.addCleanup(self.as_before, accountants)

    def as_before(self, accountants):
        self.daemon.accountants = accountants
        self.daemon.write_configuration()
        self.daemon.reload()

        def stamped():
            return self.submit(mails.reminder(self.invoice())).edits

        wait.until(stamped, 10, "reminders as before")

    def test_new_accountant_after_a_reload_same_process(self):
        before = self.daemon.children("milter")
        anne = "anne@creditor.example"
        raw = mails.reminder(self.invoice(), sender=anne)
        self.assert_untouched(self.submit(raw, sender=anne, login="anne"))
        self.daemon.accountants["anne"] = {"login": ["anne"], "address": [anne]}
        self.daemon.write_configuration()
        self.daemon.reload()

        def stamped():
            raw = mails.reminder(self.invoice(), sender=anne)
            return self.submit(raw, sender=anne, login="anne").edits

        wait.until(stamped, 10, "a reminder stamped for the new accountant")
        self.assertEqual(self.daemon.children("milter"), before)

    def test_open_session_keeps_its_configuration(self):
        """Jeanne is no accountant any more, but was when her message began."""
        invoice = self.invoice()
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        with milter.Client(self.daemon.socket("both")) as client:
            milter.start_connection(client, env)
            steps = milter.walk(client, env, mails.reminder(invoice), 65535)
            for letter, function in steps:
                function()
                if letter == "L":
                    break
            del self.daemon.accountants["jeanne"]
            self.daemon.write_configuration()
            self.daemon.reload()
            wait.until(
                lambda: not self.submit(mails.reminder(self.invoice())).edits, 10,
                "a reminder that is none under the new configuration",
            )  # fmt: skip
            for letter, function in steps:
                reply = function()
            self.assertEqual((letter, reply.code), ("E", 2))
            self.assertTrue(client.edits)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_bad_configuration_is_refused_and_the_old_one_stays(self):
        self.daemon.config_file.write_text(self.daemon.configuration() + "nonsense = 1\n")
        before = self.daemon.children("milter")
        self.daemon.reload()
        line = self.daemon.logged("nonsense")
        self.assertRegex(line, r"temoin\.conf:\d+:")
        self.remind()
        self.assertEqual(self.daemon.children("milter"), before)


class Replace(DaemonCase):
    connections = 40

    def test_forty_connections_under_load_none_refused(self):
        before = self.daemon.children("milter")
        results, stop = [], threading.Event()
        lock = threading.Lock()
        raw_of = mails.reminder
        invoices = [self.invoice() for _ in range(self.connections)]

        def work(invoice):
            count = 0
            while not stop.is_set() or count == 0:
                try:
                    outcome = self.submit(raw_of(invoice), queue_id=f"{invoice}N{count}")
                    word = outcome.reply.kind
                except OSError as error:
                    word = repr(error)
                with lock:
                    results.append(word)
                count += 1

        threads = [threading.Thread(target=work, args=(i,)) for i in invoices]
        for thread in threads:
            thread.start()
        try:
            wait.until(lambda: len(results) > 40, 30, "traffic")
            self.daemon.replace()
            wait.until(
                lambda: set(self.daemon.children("milter")) - set(before), 20, "a new milter"
            )
            mark = len(results)
            wait.until(lambda: len(results) > mark + 80, 30, "traffic after the replacement")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(set(results), {"accept"} if "accept" in results else {"continue"})
        wait.until(
            lambda: not set(self.daemon.children("milter")) & set(before), 30, "the old one's end"
        )
        self.assertEqual(len(self.daemon.children("milter")), 1)
        entries = sum(len(self.daemon.events(invoice)) for invoice in invoices)
        self.assertEqual(entries, len(results))

    def served_by(self):
        """Process ID of the milter that takes a new connection."""
        queue_id = self.queue_id()
        self.assert_stamped(self.submit(mails.reminder(self.invoice()), queue_id=queue_id))
        line = self.daemon.logged(f"{queue_id}: ")
        return int(re.search(r"milter/both\[(\d+)\]", line).group(1))

    def test_open_session_is_finished_by_the_old_process(self):
        invoice = self.invoice()
        before = self.daemon.children("milter")
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        raw = mails.reminder(invoice)
        with milter.Client(self.daemon.socket("both")) as client:
            milter.start_connection(client, env)
            steps = milter.walk(client, env, raw, 65535)
            for letter, function in steps:
                function()
                if letter == "L":
                    break
            self.daemon.replace()
            wait.until(
                lambda: set(self.daemon.children("milter")) - set(before), 20, "a new milter"
            )
            self.assertTrue(set(self.daemon.children("milter")) & set(before))
            (new,) = set(self.daemon.children("milter")) - set(before)
            wait.until(lambda: f"ready, pid {new}" in self.daemon.log(), 10, "its readiness")
            wait.until(lambda: self.served_by() == new, 10, "the old one off the socket", every=0.05)
            served = [self.served_by() for _ in range(20)]
            self.assertEqual(served, [new] * 20, "by the new one alone")
            self.assertTrue(set(self.daemon.children("milter")) & set(before))
            for letter, function in steps:
                reply = function()
            self.assertEqual((letter, reply.code), ("E", 2))
            client.quit()
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        wait.until(
            lambda: not set(self.daemon.children("milter")) & set(before), 30, "the old one's end"
        )


class Supervision(DaemonCase):
    def test_a_dead_child_is_restarted_with_back_off(self):
        for kind in ("milter", "scribe", "sealer"):
            with self.subTest(kind):
                (old,) = self.daemon.signal(kind, signal.SIGKILL)
                wait.until(
                    lambda kind=kind, old=old: self.daemon.children(kind)
                    and old not in self.daemon.children(kind),
                    20, f"a new {kind}",
                )  # fmt: skip
        wait.until(lambda: self.submit(mails.reminder(self.invoice())).code == 2, 10, "service")

    def test_clean_stop_and_start(self):
        _, raw, _ = self.remind()
        self.assertEqual(self.daemon.terminate(), 0)
        self.assertEqual(self.daemon.children("milter"), [])
        self.daemon.start()
        self.assertEqual(self.arrive(mails.reply(raw)).code, 2)

    def test_commands_work_with_the_daemon_stopped(self):
        invoice, raw, _ = self.remind()
        self.daemon.terminate()
        self.daemon.temoin("note", invoice, "appelé, sans réponse")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "note"])
        self.daemon.temoin("file", stdin=mails.bounce(raw, mails.JEANNE))
        self.assertEqual(self.daemon.events(invoice), ["prepared", "note", "failed"])
        self.daemon.temoin("verify", "--log")
        self.daemon.start()

    def test_one_log_line_a_decision_begins_with_the_queue_id(self):
        queue_id = self.queue_id()
        invoice = self.invoice()
        self.submit(mails.reminder(invoice), queue_id=queue_id)
        self.assertTrue(self.daemon.logged(f"{queue_id}: ", invoice))
        lines = [line for line in self.daemon.log().splitlines() if queue_id in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], rf"(^|[ \]]){re.escape(queue_id)}: ")

    def test_socket_directory_and_mode(self):
        path = self.daemon.socket("both")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o666)
        self.assertEqual(os.stat(os.path.dirname(path)).st_uid, 0)
