"""The real temoind: start, signals, deaths of its children, who may do what, stop.

    TEMOIN_BUILD=/path/to/build python3 -m lib.runner daemon/test_daemon.py     (in tests/)
"""

import grp
import hashlib
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import mails, milter, namespace, wait  # noqa: E402
from lib.case import BUILD, Case  # noqa: E402
from lib.temoind import Temoind  # noqa: E402

KINDS = ("scribe", "sealer", "milter")
EX_NOINPUT, EX_UNAVAILABLE, EX_CONFIG = 66, 69, 78
STORE_OK, STORE_DENIED = 0, 6


def ask(path, request):
    """One request to scribe; its answer, or None when it hangs up."""
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(path))
        try:
            s.sendall(struct.pack("!II", len(text) + 4, len(text)) + text)
            head = s.recv(8, socket.MSG_WAITALL)
            if len(head) < 8:
                return None
            total, length = struct.unpack("!II", head)
            return json.loads(s.recv(total - 4, socket.MSG_WAITALL)[:length])
        except (BrokenPipeError, ConnectionResetError):
            return None


class DaemonTest(Case):
    """A daemon for each test."""

    def setUp(self):
        self.daemon = Temoind(self.directory / self._testMethodName[:24], BUILD)
        self.log_files.append(self.daemon.log_file)
        self.daemon.prepare()
        self.addCleanup(self.daemon.kill)

    def ready(self, count=1):
        wait.until(lambda: self.daemon.log().count(": ready: ") >= count, 20, "readiness")

    def start(self):
        self.daemon.start(ready=False)
        self.ready()

    def pids(self):
        return {kind: self.daemon.children(kind) for kind in KINDS}

    def events(self):
        """The event names of the whole log, by the scribe's own store."""
        with sqlite3.connect(f"file:{self.daemon.store}/log.db?mode=ro", uri=True) as log:
            return [row[0] for row in log.execute("SELECT event FROM entry ORDER BY seq")]


class StartAndStop(DaemonTest):
    def test_leaves_nothing_behind_and_says_so_in_the_log(self):
        self.start()
        pid_file = self.daemon.run / "temoind.pid"
        self.assertEqual(int(pid_file.read_text()), self.daemon.process.pid)
        self.assertTrue(pathlib.Path(self.daemon.socket("both")).is_socket())
        self.daemon.stop()
        self.assertEqual(list(self.daemon.run.iterdir()), [])
        self.assertEqual(self.daemon.json("stats")["seal"]["unsigned"], 0, "the last entry is signed, too")
        self.assertFalse(os.path.exists(self.daemon.socket("both")))
        self.assertEqual(self.events()[-2:], ["start", "stop"])

    def test_second_instance_is_refused_and_the_first_goes_on(self):
        self.start()
        second = subprocess.run(
            [BUILD / "temoind", "-f", "-c", self.daemon.config_file],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        self.assertEqual(second.returncode, EX_UNAVAILABLE)
        self.assertIn("running already", second.stderr)
        self.assertEqual(ask(self.daemon.run / "scribe.sock", {"op": "ping"})["status"], STORE_OK)
        self.daemon.stop()

    def test_after_kill_9_of_the_parent_its_successor_serves(self):
        self.start()
        before = [pid for kind in KINDS for pid in self.daemon.children(kind)]
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.assertTrue((self.daemon.run / "scribe.sock").is_socket())

        def gone(pid):
            try:
                return "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                return True

        wait.until(lambda: all(map(gone, before)), 15, "the orphans' end")
        self.daemon.start(ready=False)
        self.ready(2)
        self.daemon.stop()

    def test_background_returns_when_ready_and_holds_no_terminal(self):
        done = subprocess.run(  # returns only when nobody holds the pipes any more
            [BUILD / "temoind", "-c", self.daemon.config_file],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
            env=self.daemon.environment(),
        )  # fmt: skip
        pid_file = self.daemon.run / "temoind.pid"
        self.assertEqual(done.returncode, 0, done.stderr)
        pid = int(pid_file.read_text())
        self.addCleanup(wait.until, lambda: not pid_file.exists(), 20, "its end")
        self.addCleanup(os.kill, pid, signal.SIGTERM)
        answer = ask(self.daemon.run / "scribe.sock", {"op": "ping"})
        self.assertEqual(answer["status"], STORE_OK)

    def test_background_tells_that_it_failed(self):
        self.daemon.sockets.chmod(0o777)
        done = subprocess.run(
            [BUILD / "temoind", "-c", self.daemon.config_file],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
            env=self.daemon.environment(),
        )  # fmt: skip
        self.assertEqual(done.returncode, EX_UNAVAILABLE)
        self.assertIn("chmod go-w", done.stderr)

    def test_notifies_the_service_manager(self):
        if "HAVE_SYSTEMD 1" not in (BUILD / "config.h").read_text():
            self.skipTest("built without libsystemd")
        path = str(self.directory / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            os.chmod(path, 0o777)
            manager.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = path
            try:
                self.daemon.start(ready=False)
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertIn("READY=1", manager.recv(4096).decode())
            self.assertIn(": ready: ", self.daemon.log())
            self.daemon.reload()
            self.assertRegex(manager.recv(4096).decode(), r"RELOADING=1\nMONOTONIC_USEC=\d+")
            self.assertIn("READY=1", manager.recv(4096).decode())
            self.daemon.process.terminate()
            self.assertIn("STOPPING=1", manager.recv(4096).decode())
            self.daemon.stop()


PRIVATE_DEV = """
set -e
mount --make-rprivate /
mkdir -p "$1/dev"
mount -t tmpfs -o mode=0755 tmpfs "$1/dev"
for name in null zero full random urandom tty; do
    : >"$1/dev/$name"
    mount --bind "/dev/$name" "$1/dev/$name"
done
ln -s "$1/syslog.sock" "$1/dev/log"
mount --rbind "$1/dev" /dev
shift
exec "$@"
"""


@unittest.skipUnless(os.geteuid() == 0, "needs root: a /dev/log of its own")
@unittest.skipUnless(namespace.possible(), namespace.WHY)
class Log(DaemonTest):
    """Where the lines go; the daemon sees a /dev whose log is ours."""

    def setUp(self):
        super().setUp()
        path = self.daemon.directory / "syslog.sock"
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.syslog.close)
        self.syslog.bind(str(path))
        path.chmod(0o666)
        self.syslog.settimeout(10)
        self.heard = []

    def listen(self, *texts):
        while not (self.heard and all(t in self.heard[-1] for t in texts)):
            self.heard.append(self.syslog.recv(4096).decode())
        return self.heard[-1]

    def command(self, *options):
        return ["unshare", "-m", "sh", "-c", PRIVATE_DEV, "sh", self.daemon.directory,
                BUILD / "temoind", *options, "-c", self.daemon.config_file]  # fmt: skip

    def remind(self):
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", "4TQSYSLOG")
        raw = mails.reminder(subject="F-2026-000")
        self.assertEqual(milter.deliver(self.daemon.socket("both"), env, raw).code, 2)

    def test_in_the_background_all_goes_to_syslog(self):
        self.daemon.settings["syslog_facility"] = "local3"
        self.daemon.write_configuration()
        done = subprocess.run(
            self.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
            env=self.daemon.environment(),
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        pid_file = self.daemon.run / "temoind.pid"
        pid = int(pid_file.read_text())
        self.addCleanup(wait.until, lambda: not pid_file.exists(), 20, "its end")
        self.addCleanup(os.kill, pid, signal.SIGTERM)
        line = self.listen(": ready: ")
        # local3 is 19: priority 19 * 8 + 6 (info)
        self.assertRegex(line, rf"^<158>\w+ .* temoind\[{pid}\]: ready: ")
        self.remind()
        self.assertRegex(self.listen("4TQSYSLOG"), r"^<158>.* temoind/milter\S*\[\d+\]: 4TQSYSLOG: ")

    def test_in_the_foreground_nothing_does(self):
        with open(self.daemon.log_file, "wb") as log:
            self.daemon.process = subprocess.Popen(
                self.command("-f"), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.daemon.environment(),
            )  # fmt: skip
        self.ready()
        self.remind()
        self.daemon.logged("4TQSYSLOG: ")
        self.syslog.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            self.syslog.recv(4096)
        self.daemon.stop()


class Options(DaemonTest):
    def temoind(self, *argv):
        return subprocess.run(
            [BUILD / "temoind", *argv], capture_output=True, text=True, timeout=20,
            env=self.daemon.environment(),
        )  # fmt: skip

    def test_version_and_usage(self):
        self.assertRegex(self.temoind("-V").stdout, r"^temoind \d+\.\d+")
        self.assertEqual(self.temoind("--no-such").returncode, 64)
        self.assertEqual(self.temoind("--child", "scribe").returncode, 64)

    def test_configuration_is_tried(self):
        config = self.daemon.config_file
        self.assertEqual(self.temoind("-t", "-c", config).returncode, 0)
        config.write_text(config.read_text() + "\nnonsense = 1\n")
        tried = self.temoind("-t", "-c", config)
        self.assertEqual(tried.returncode, EX_CONFIG)
        self.assertRegex(tried.stderr, r"temoin\.conf:\d+:.*nonsense")
        self.assertEqual(self.temoind("-t", "-c", "/nonexistent").returncode, EX_NOINPUT)

    def test_token_keys_are_tried_too(self):
        keys = self.daemon.keys / "token.keys"
        keys.write_text("1 abcd active\n")
        tried = self.temoind("-t", "-c", self.daemon.config_file)
        self.assertEqual(tried.returncode, EX_CONFIG)
        self.assertIn("token.keys:1", tried.stderr)
        keys.unlink()
        tried = self.temoind("-t", "-c", self.daemon.config_file)
        self.assertIn("temoin init", tried.stderr)

    def test_a_configuration_that_anybody_may_write_is_refused(self):
        self.daemon.config_file.chmod(0o666)
        tried = self.temoind("-t", "-c", self.daemon.config_file)
        self.assertIn("chmod o-w", tried.stderr)
        self.assertNotEqual(tried.returncode, 0)

    def test_socket_directory_of_others_is_refused(self):
        self.daemon.sockets.chmod(0o777)
        done = self.temoind("-f", "-c", self.daemon.config_file)
        self.assertEqual(done.returncode, EX_UNAVAILABLE)
        self.assertIn("chmod go-w", done.stderr)


class Supervision(DaemonTest):
    def test_each_child_is_restarted_and_no_connection_is_refused(self):
        self.start()
        for kind in KINDS:
            with self.subTest(kind):
                (old,) = self.daemon.signal(kind, signal.SIGKILL)
                for path in (self.daemon.socket("both"), self.daemon.run / "scribe.sock"):
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(str(path))
                wait.until(
                    lambda kind=kind, old=old: self.daemon.children(kind) not in ([], [old]),
                    10, f"a new {kind}",
                )  # fmt: skip
                self.daemon.logged(kind, "signal 9", str(old))
        self.assertIsNone(self.daemon.process.poll())
        wait.until(lambda: self.daemon.log().count("ready, pid") >= 6, 10, "all ready again")
        answer = ask(self.daemon.run / "scribe.sock", {"op": "ping"})
        self.assertEqual(answer["status"], STORE_OK)
        self.daemon.stop()

    def test_back_off_doubles(self):
        self.start()
        for least in (0.1, 0.2, 0.4, 0.8):
            (old,) = self.daemon.signal("sealer", signal.SIGKILL)
            begun = time.monotonic()
            wait.until(
                lambda old=old: self.daemon.children("sealer") not in ([], [old]), 10, "a sealer"
            )
            self.assertGreaterEqual(time.monotonic() - begun, least)
        delays = [int(n) for n in re.findall(r"starting again in (\d+) ms", self.daemon.log())]
        self.assertEqual(delays, [100, 200, 400, 800])
        self.daemon.stop()

    def test_scribe_answers_what_was_asked_while_it_was_dead(self):
        self.start()
        self.daemon.signal("scribe", signal.SIGKILL)
        answer = ask(self.daemon.run / "scribe.sock", {"op": "reserve", "count": 3})
        self.assertEqual(answer["status"], STORE_OK)
        self.assertGreater(answer["first"], 0)
        self.daemon.stop()


class Signals(DaemonTest):
    def test_reload_keeps_processes_and_records_the_configuration(self):
        self.start()
        (reader,) = wait.until(lambda: self.daemon.children("reader"), 10, "the reader")
        before = self.pids()
        self.daemon.settings["retry_window"] = "2d"
        self.daemon.write_configuration()
        self.daemon.reload()
        self.daemon.logged("configuration taken over")
        wait.until(lambda: "configuration" in self.events(), 10, "the entry")
        after = self.pids()
        for name in ("milter", "scribe"):
            self.assertEqual(after[name], before[name])
        wait.until(  # a key that was changed or mended is taken
            lambda: self.pids()["sealer"] not in ([], before["sealer"]), 10, "another sealer"
        )
        self.assertEqual(self.daemon.children("reader"), [reader])
        self.assertNotIn("ended with status", self.daemon.log())
        self.daemon.stop()

    def test_reload_follows_a_symbolic_link(self):
        """Whoever deploys by switching a link is not told that the old file was taken over."""
        config = self.daemon.config_file
        first, second = (config.with_name(name) for name in ("one.conf", "two.conf"))
        config.rename(first)
        config.symlink_to(first)
        self.start()
        second.write_text(first.read_text() + "\n# the next\n")
        config.unlink()
        config.symlink_to(second)
        self.daemon.reload()
        digest = hashlib.sha256(second.read_bytes()).hexdigest()[:16]
        self.daemon.logged(f"configuration taken over: {digest}")
        self.daemon.stop()

    def test_bad_configuration_is_refused_with_its_line(self):
        self.start()
        before = self.pids()
        self.daemon.config_file.write_text("nonsense {\n")
        self.daemon.reload()
        self.daemon.logged("temoin.conf:1:")
        self.daemon.logged("the one from before stays")
        (old,) = self.daemon.signal("scribe", signal.SIGKILL)  # its successor: the old one too
        wait.until(lambda: self.daemon.children("scribe") not in ([], [old]), 10, "a scribe")
        self.assertEqual(ask(self.daemon.run / "scribe.sock", {"op": "ping"})["status"], STORE_OK)
        self.assertEqual(self.daemon.children("milter"), before["milter"])
        self.daemon.stop()

    def test_what_needs_a_restart_is_named(self):
        self.start()
        self.daemon.settings["socket_mode"] = "0600"
        self.daemon.write_configuration()
        self.daemon.reload()
        self.daemon.logged("socket_mode needs a restart")
        self.daemon.logged("configuration taken over")
        self.daemon.settings["run_directory"] = self.daemon.directory / "elsewhere"
        self.daemon.write_configuration()
        self.daemon.reload()
        self.daemon.logged("run_directory needs a restart", "nothing is taken over")
        self.daemon.stop()

    def test_replacement_renews_every_process_on_the_same_socket(self):
        self.start()
        before, inode = self.pids(), os.stat(self.daemon.socket("both")).st_ino
        self.daemon.replace()
        wait.until(
            lambda: all(len(p) == 1 and p != before[k] for k, p in self.pids().items()),
            20, "new processes",
        )  # fmt: skip
        self.assertEqual(os.stat(self.daemon.socket("both")).st_ino, inode)
        self.assertEqual(ask(self.daemon.run / "scribe.sock", {"op": "ping"})["status"], STORE_OK)
        self.assertNotIn("killing", self.daemon.log())
        self.daemon.stop()

    def test_terminal_signals_to_the_whole_group_end_it_cleanly(self):
        self.start()
        for kind in KINDS:
            self.daemon.signal(kind, signal.SIGINT)
            self.daemon.signal(kind, signal.SIGTERM)
        before = self.pids()
        self.assertEqual(ask(self.daemon.run / "scribe.sock", {"op": "ping"})["status"], STORE_OK)
        self.assertEqual(self.pids(), before)
        self.daemon.process.send_signal(signal.SIGINT)
        self.assertEqual(self.daemon.process.wait(20), 0)
        self.assertEqual(self.events()[-1], "stop")


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Rights(DaemonTest):
    def status(self, kind):
        (pid,) = self.daemon.children(kind)
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return {k: v.split() for k, v in (line.split(":", 1) for line in text.splitlines())}

    def test_children_have_users_of_their_own_and_no_way_back(self):
        self.start()
        accounts = self.daemon.accounts
        group = str(pwd.getpwnam(accounts.user).pw_gid)
        users = {
            "scribe": accounts.user, "milter": accounts.milter, "sealer": accounts.sealer
        }  # fmt: skip
        for kind, user in users.items():
            with self.subTest(kind):
                status = self.status(kind)
                self.assertEqual(status["Uid"], [str(pwd.getpwnam(user).pw_uid)] * 4)
                self.assertEqual(set(status["CapEff"] + status["CapPrm"]), {"0" * 16})
                self.assertEqual(status["NoNewPrivs"], ["1"])
                self.assertIn(group, status["Groups"] + status["Gid"])
        self.daemon.stop()

    def as_user(self, user, request):
        """Ask scribe as this user, in its primary group."""
        account, path = pwd.getpwnam(user), self.daemon.run / "scribe.sock"
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setgid(account.pw_gid)
                os.setuid(account.pw_uid)
                os.write(writing, json.dumps(ask(path, request)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with open(reading) as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        return json.loads(answer)

    def test_scribe_looks_at_who_asks(self):
        self.start()
        accounts = self.daemon.accounts
        fact = {"op": "append", "event": "note", "dossiers": ["F1"], "private": {"text": "x"}}
        mail = {**fact, "event": "prepared", "direction": "outbound", "level": "prepared"}
        self.assertEqual(self.as_user(accounts.milter, {"op": "ping"})["status"], STORE_OK)
        self.assertEqual(self.as_user(accounts.milter, mail)["status"], STORE_OK)
        self.assertEqual(self.as_user(accounts.milter, fact)["status"], STORE_DENIED)
        self.assertEqual(self.as_user(accounts.user, fact)["status"], STORE_OK)
        refused = self.as_user(accounts.sealer, {"op": "ping"})
        self.assertTrue(refused is None or refused["status"] == STORE_DENIED)
        self.daemon.logged("may not ask scribe", str(pwd.getpwnam(accounts.sealer).pw_uid))
        self.assertEqual(ask(self.daemon.run / "scribe.sock", fact)["status"], STORE_OK)
        self.daemon.stop()

    def test_sockets_have_group_and_mode(self):
        self.daemon.settings["socket_mode"] = "0620"
        self.daemon.settings["socket_group"] = "daemon"
        self.daemon.write_configuration()
        self.start()
        milter = os.stat(self.daemon.socket("both"))
        self.assertEqual((milter.st_uid, milter.st_mode & 0o7777), (0, 0o620))
        self.assertEqual(milter.st_gid, grp.getgrnam("daemon").gr_gid)
        scribe = os.stat(self.daemon.run / "scribe.sock")
        self.assertEqual(scribe.st_mode & 0o7777, 0o660)
        self.assertEqual(scribe.st_gid, pwd.getpwnam(self.daemon.accounts.user).pw_gid)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
