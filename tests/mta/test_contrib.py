"""contrib: the lines to paste are lines that Postfix takes; the quickstart plays to its end."""

import datetime
import os
import pathlib
import re
import signal
import subprocess
import unittest

from lib import wait
from lib.case import BUILD, SOURCE, Case
from lib.postfix import Postfix


class Fragments(Case):
    """Paste into a configuration of their own, and ask Postfix."""

    def settings_of(self, master):
        directory = self.directory / master
        postfix = Postfix(directory, "mail.creditor.example", ["creditor.example"])
        postfix.write()
        for name, fragment in (("main.cf", "main.cf"), ("master.cf", master)):
            text = (SOURCE / "contrib" / "postfix" / fragment).read_text()
            with open(postfix.etc / name, "a") as out:
                out.write(text)
        subprocess.run(
            ["postconf", "-c", postfix.etc, "-e", "mail_owner=postfix"], check=True, timeout=30
        )
        main = subprocess.run(
            ["postconf", "-c", postfix.etc, "-n"], capture_output=True, text=True, timeout=30
        )
        services = subprocess.run(
            ["postconf", "-c", postfix.etc, "-P"], capture_output=True, text=True, timeout=30
        )
        unknown = [
            line for line in (main.stderr + services.stderr).splitlines() if "unused" in line
        ]
        self.assertEqual(unknown, [])
        return main.stdout + services.stdout

    def test_main_and_master(self):
        said = self.settings_of("master.cf")
        for line in (
            "smtpd_milters = unix:temoin/mx.sock",
            "non_smtpd_milters = unix:temoin/mx.sock",
            "internal_mail_filter_classes = bounce, notify",
            "submission/inet/smtpd_milters = unix:temoin/submission.sock",
            "submission/inet/milter_default_action = tempfail",
        ):
            self.assertIn(line, said)

    def test_with_a_signer(self):
        said = self.settings_of("master-dkim.cf")
        found = re.search(r"submission/inet/smtpd_milters = (.*)", said).group(1)
        order = [w.rpartition("/")[2] for w in found.replace(",", " ").split()]
        self.assertEqual(order, ["stamp.sock", "opendkim.sock", "archive.sock"])


@unittest.skipUnless(os.geteuid() == 0, "the quickstart runs as root")
class Quickstart(Case):
    def start(self):
        return subprocess.Popen(
            [SOURCE / "contrib" / "quickstart", "--into", self.directory / "result"],
            env={**os.environ, "TEMOIN_BUILD": str(BUILD.resolve()), "TMPDIR": str(self.directory)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def processes(self):
        """Whatever still runs out of our directory."""
        mark = str(self.directory).encode()
        found = []
        for path in pathlib.Path("/proc").iterdir():
            if path.name.isdigit() and int(path.name) != os.getpid():
                try:
                    line = (path / "cmdline").read_bytes()
                except OSError:
                    continue
                if mark in line:
                    found.append(line.replace(b"\0", b" "))
        return found

    def test_plays_to_its_end_and_leaves_the_result(self):
        play = self.start()
        said = play.communicate(timeout=110)[0]
        self.assertEqual(play.returncode, 0, said)
        for word in ("kind=dsn", "kind=mdn", "kind=reply", "refused:", "intact"):
            self.assertIn(word, said)
        result = self.directory / "result"
        self.assertIn(str(result), said.splitlines()[-1])
        dossier = (result / "F-2026-001.txt").read_text()
        self.assertIn("handed over", dossier)
        promised = re.search(r"promise to pay, (\d{4}-\d\d-\d\d)", dossier)[1]
        days = (datetime.date.fromisoformat(promised) - datetime.date.today()).days
        self.assertTrue(0 <= days <= 7, promised)  # "lundi", as it is said today
        self.assertTrue((result / "F-2026-001.asice").stat().st_size > 1000)
        wait.until(lambda: not self.processes(), 10, "the end of all processes")
        self.assertEqual([p.name for p in self.directory.iterdir()], ["result"])

    def ask(self, *argv, **keywords):
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, **keywords
        )

    def test_help_from_any_directory(self):
        link = self.directory / "play"
        link.symlink_to(SOURCE / "contrib" / "quickstart")
        for argv, place in (
            (["contrib/quickstart", "--help"], SOURCE),
            (["./quickstart", "--help"], SOURCE / "contrib"),
            (["./play", "-h"], self.directory),
        ):
            with self.subTest(argv=argv):
                done = self.ask(*argv, cwd=place)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("contrib/quickstart [--into DIR]", done.stdout)
        link.unlink()

    def test_wrong_arguments(self):
        script = SOURCE / "contrib" / "quickstart"
        for argv, said in (
            (["--into"], "--into needs a directory"),
            (["--into="], "--into needs a directory"),
            (["--nope"], "wrong argument --nope"),
        ):
            with self.subTest(argv=argv):
                done = self.ask(script, *argv)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertIn(said, done.stderr.splitlines()[0])

    def test_interrupted_it_stops_all(self):
        play = self.start()
        for line in play.stdout:
            if "accountant, sends a reminder" in line:
                break
        play.send_signal(signal.SIGTERM)
        said = play.communicate(timeout=60)[0]
        self.assertNotEqual(play.returncode, 0, said)
        wait.until(lambda: not self.processes(), 10, "the end of all processes")
        self.assertEqual([p.name for p in self.directory.iterdir()], ["result"])
