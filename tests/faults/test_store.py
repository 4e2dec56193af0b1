"""A store that is slow, gone or full: our mail is told to come again, other mail never waits."""

import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from lib import mails, milter, wait
from lib.case import DaemonCase

UNRELATED = mails.plain("x@y.example", mails.JEANNE, "Bonjour")
CHATTER = mails.plain(mails.JEANNE, "x@y.example", "Bonjour")


class Slow(DaemonCase):
    """scribe is stopped: it accepts connections and never answers."""

    listeners = {"both": "both", "mx": "both"}  # as two services have them

    @classmethod
    def configure(cls, daemon):
        daemon.store_settings["commit_timeout"] = "1s"

    def stopped(self):
        pids = self.daemon.signal("scribe", signal.SIGSTOP)

        def go_on():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass

        self.addCleanup(go_on)
        return go_on

    def test_ours_is_told_to_come_again_within_the_timeout(self):
        """The milter has message numbers: it is the commit that is waited for."""
        self.remind()
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        go_on = self.stopped()
        begun = time.monotonic()
        outcome = self.submit(raw)
        took = time.monotonic() - begun
        self.assertEqual(outcome.code, 4, outcome)
        self.assertLess(took, 2.5)
        self.assertEqual(outcome.edits, [])
        begun = time.monotonic()
        self.assertEqual(self.submit(mails.reminder(self.invoice())).code, 4)
        self.assertLess(time.monotonic() - begun, 1.0, "at once until scribe recovers")
        go_on()

        def accepted():
            done = self.submit(raw)
            return done if done.code == 2 else None

        outcome = wait.until(accepted, 15, "an accepted reminder", every=0.2)
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_unrelated_mail_does_not_wait(self):
        go_on = self.stopped()
        threads = [
            threading.Thread(target=self.submit, args=(mails.reminder(self.invoice()),))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for _ in range(20):
            begun = time.monotonic()
            self.assert_untouched(self.arrive(UNRELATED, "x@y.example", listener="mx"))
            self.assertLess(time.monotonic() - begun, 0.5)
        begun = time.monotonic()
        self.assert_untouched(self.submit(CHATTER, ["x@y.example"]))
        self.assertLess(time.monotonic() - begun, 1.5, "libmilter's few threads wait at most once")
        for thread in threads:
            thread.join()
        go_on()
        wait.until(lambda: self.submit(mails.reminder(self.invoice())).code == 2, 15, "recovery")


class SlowAccepted(Slow):
    """on_store_failure = accept: it leaves, unstamped and without a copy, and a log line says so."""

    @classmethod
    def configure(cls, daemon):
        super().configure(daemon)
        daemon.store_settings["on_store_failure"] = "accept"

    def test_ours_is_told_to_come_again_within_the_timeout(self):
        go_on = self.stopped()
        invoice, queue_id = self.invoice(), self.queue_id()
        outcome = self.submit(mails.reminder(invoice), queue_id=queue_id)
        self.assertEqual(outcome.code, 2)
        self.assertEqual(outcome.edits, [])
        self.assertTrue(self.daemon.logged(f"{queue_id}: ", "accepted WITHOUT A COPY"))
        go_on()
        wait.until(lambda: self.submit(mails.reminder(self.invoice())).edits, 15, "recovery")
        self.assertEqual(self.daemon.events(invoice), [])


@unittest.skipUnless(os.geteuid() == 0, "mounts a tmpfs: only root may")
class FullDisk(DaemonCase):
    size = "24m"

    @classmethod
    def configure(cls, daemon):
        disk = cls.directory / "disk"
        disk.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={cls.size},mode=0755", "tmpfs", disk], check=True
        )
        cls.addClassCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        daemon.store = disk / "store"
        daemon.store_settings["directory"] = daemon.store
        daemon.settings["spill_size"] = "64k"
        cls.disk = disk

    def fill(self):
        ballast = self.disk / "ballast"
        with open(ballast, "wb", buffering=0) as out:
            try:
                while out.write(b"\0" * 4096):
                    pass
            except OSError:
                pass
        self.addCleanup(lambda: ballast.unlink(missing_ok=True))
        return ballast

    def test_full_disk_refuses_ours_only_and_recovers(self):
        kept, raw, _ = self.remind()
        ballast = self.fill()
        invoice = self.invoice()
        small = mails.reminder(invoice)
        large_invoice = self.invoice()
        large = mails.reminder(large_invoice, body=os.urandom(300000).hex() + "\n")

        def refused():
            return self.submit(mails.reminder(self.invoice())).code == 4

        wait.until(refused, 20, "a refusal on a full disk")
        self.assertEqual(self.submit(large).code, 4)
        self.assertEqual(self.submit(small).code, 4)
        self.assert_untouched(self.arrive(UNRELATED, "x@y.example"))
        self.assertGreater(shutil.disk_usage(self.disk).total, 0)
        ballast.unlink()

        def accepted(message):
            outcome = self.submit(message)
            return outcome if outcome.code == 2 else None

        outcome = wait.until(lambda: accepted(small), 20, "room again", every=0.2)
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])
        outcome = wait.until(lambda: accepted(large), 20, "room again", every=0.2)
        self.assertEqual(self.daemon.archived(large_invoice), [outcome.state.render()])
        self.assertEqual(self.daemon.archived(kept), [raw])
        self.daemon.temoin("verify", "--log")


class Closed(DaemonCase):
    def test_store_directory_is_closed_to_others_and_to_the_milter(self):
        import pwd

        self.remind()
        if not self.daemon.accounts:
            self.skipTest("only root can look with other accounts")
        milter_user = pwd.getpwnam(self.daemon.accounts.milter)
        script = (
            "import os,sys\n"
            f"os.setgroups([]); os.setgid({milter_user.pw_gid}); os.setuid({milter_user.pw_uid})\n"
            "bad = []\n"
            f"for top, _, files in os.walk({str(self.daemon.store)!r}):\n"
            "    for f in files:\n"
            "        p = os.path.join(top, f)\n"
            "        if os.access(p, os.W_OK) and not f.endswith('-shm'): bad.append(p)\n"
            f"for top, _, files in os.walk({str(self.daemon.keys)!r}):\n"
            "    bad += [f for f in files if f == 'seal.key'"
            " and os.access(os.path.join(top, f), os.R_OK)]\n"
            "sys.exit(' '.join(bad) or 0)\n"
        )
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script], capture_output=True, text=True, timeout=30
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_processes_have_given_up_root(self):
        if not self.daemon.accounts:
            self.skipTest("only root can give up root")
        for kind in ("milter", "scribe", "sealer"):
            self.daemon.logged(kind, "ready")  # until then it may still be root
            for pid in self.daemon.children(kind):
                status = open(f"/proc/{pid}/status").read()
                uids = status.split("Uid:")[1].split("\n")[0].split()
                self.assertNotIn("0", uids, kind)
                self.assertEqual(status.split("CapEff:")[1].split()[0].strip("0"), "", kind)
