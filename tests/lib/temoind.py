"""A private temoind in a directory of its own, and the command temoin for it.

    daemon = Temoind(directory, build)
    daemon.prepare()        # configuration, temoin init
    daemon.start()
    outcome = milter.deliver(daemon.socket("both"), envelope, message)
    daemon.show("F-2026-001")
    daemon.stop()

stop() fails when a sanitizer has written a report.
"""

import io
import json
import os
import pathlib
import signal
import subprocess
import zipfile

from . import live, milter, wait
from .accounts import Accounts

COMPANY = "creditor.example"


class CommandFailed(AssertionError):
    pass


def quoted(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def setting(key, value):
    if isinstance(value, (list, tuple)):
        return f"{key} = {{{', '.join(quoted(v) for v in value)}}}\n"
    if isinstance(value, bool):
        return f"{key} = {'yes' if value else 'no'}\n"
    return f"{key} = {quoted(value)}\n"


def section(kind, title, values):
    title = f" {quoted(title)}" if title is not None else ""
    return f"{kind}{title} {{\n" + "".join("    " + setting(*v) for v in values.items()) + "}\n"


class Temoind:
    def __init__(self, directory, build, prefix="temoin-test"):
        self.directory, self.build = pathlib.Path(directory), pathlib.Path(build)
        self.accounts = Accounts(prefix) if os.geteuid() == 0 else None
        self.config_file = self.directory / "temoin.conf"
        self.store, self.run = self.directory / "store", self.directory / "run"
        self.sockets, self.keys = self.directory / "milter", self.directory / "keys"
        self.output = self.directory / "out"
        self.log_file, self.reports = self.directory / "temoind.log", self.directory / "asan"
        self.process = None
        self.listeners = {"both": "both"}
        self.accountants = {
            "jeanne": {"login": ["jeanne"], "address": ["jeanne@creditor.example"]},
            "marc": {"login": ["marc"], "address": ["marc@creditor.example"]},
        }
        self.company = {"domain": COMPANY}
        self.guards = {}
        self.store_settings = {"directory": self.store}
        self.settings = {
            "run_directory": self.run,
            "key_directory": self.keys,
            "socket_mode": "0666",
            "drain_timeout": "20s",
        }
        if self.accounts:
            self.settings["user"] = self.accounts.user
            self.settings["milter_user"] = self.accounts.milter
            self.settings["sealer_user"] = self.accounts.sealer
            self.settings["reader_user"] = self.accounts.reader

    # --- configuration ------------------------------------------------------------------------
    def socket(self, listener):
        return str(self.sockets / f"{listener}.sock")

    def configuration(self):
        parts = [setting(*item) for item in self.settings.items()]
        parts.append(section("company", "Exemple SAS", self.company))
        for name, values in self.accountants.items():
            parts.append(section("accountant", name, values))
        for name, role in self.listeners.items():
            values = {"socket": f"unix:{self.socket(name)}", "role": role}
            parts.append(section("listener", name, values))
        for name, action in self.guards.items():
            parts.append(section("guard", name, {"action": action}))
        parts.append(section("store", None, self.store_settings))
        return "".join(parts)

    def write_configuration(self):
        self.config_file.write_text(self.configuration())

    def prepare(self, init=True):
        if self.accounts:
            self.accounts.ensure()
        for path in (self.directory, self.run, self.sockets, self.reports):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        self.reports.chmod(0o777)
        self.write_configuration()
        if init:
            self.temoin("init")

    def environment(self):
        log = f"log_path={self.reports}/report"
        return {
            **os.environ,
            "ASAN_OPTIONS": f"{log}:detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=0",
            "UBSAN_OPTIONS": f"{log}:print_stacktrace=1",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    # --- the daemon ---------------------------------------------------------------------------
    def start(self, ready=True):
        live.add(self)
        log = open(self.log_file, "ab")
        with log:
            self.process = subprocess.Popen(
                [self.build / "temoind", "-f", "--config", self.config_file],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                start_new_session=True,
            )  # fmt: skip
        if ready:
            self.wait_ready()

    def wait_ready(self, seconds=20):
        def negotiates(listener):
            if self.process.poll() is not None:
                raise AssertionError(f"temoind ended: {self.process.returncode}\n{self.log()}")
            try:
                with milter.Client(self.socket(listener), timeout=5) as client:
                    return client.negotiate().kind == "optneg"
            except OSError:
                return False

        for listener in self.listeners:
            wait.until(lambda name=listener: negotiates(name), seconds, f"listener {listener}")
        wait.until(lambda: self.children("scribe"), seconds, "scribe")

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def logged(self, *texts, seconds=10):
        """Wait for a log line that holds all these texts; gives it back."""

        def find():
            lines = self.log().splitlines()
            return next((line for line in lines if all(t in line for t in texts)), None)

        try:
            return wait.until(find, seconds, f"a log line with {texts}")
        except wait.Late as late:
            raise AssertionError(f"{late}\n{self.log()[-4000:]}") from None

    def children(self, name):
        """Process ids of the daemon's children of this kind: "milter", "scribe", "sealer",
        "reader"."""
        found = []
        for path in pathlib.Path("/proc").iterdir():
            if not path.name.isdigit():
                continue
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
                status = (path / "status").read_text()
            except OSError:
                continue
            parent = int(status.split("PPid:")[1].split()[0])
            zombie = "State:\tZ" in status
            if parent == self.process.pid and b"--child" in words and not zombie:
                if words[words.index(b"--child") + 1].decode() == name:
                    found.append(int(path.name))
        return sorted(found)

    def signal(self, name, number):
        """Signal every child of this kind; gives their process ids."""
        pids = wait.until(lambda: self.children(name), 10, f"a child {name}")
        for pid in pids:
            os.kill(pid, number)
        return pids

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def replace(self):
        self.process.send_signal(signal.SIGUSR1)

    def terminate(self, seconds=30):
        """Ask it to stop; its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"temoind did not stop\n{self.log()[-4000:]}") from None
        return self.process.returncode

    def kill(self):
        """kill -9 of all its processes."""
        if self.process and self.process.poll() is None:
            kinds = ("milter", "scribe", "sealer", "reader")
            pids = [pid for kind in kinds for pid in self.children(kind)]
            self.process.kill()
            self.process.wait()
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def stop(self):
        status = self.terminate()
        self.process = None
        live.remove(self)
        reports = self.sanitizer_reports()
        if reports:
            raise AssertionError(reports)
        if status not in (None, 0):
            raise AssertionError(f"temoind ended with {status}\n{self.log()[-4000:]}")

    def sanitizer_reports(self):
        files = sorted(self.reports.glob("report.*")) if self.reports.exists() else []
        return "\n".join(f"{f.name}:\n{f.read_text(errors='replace')}" for f in files)

    # --- the command --------------------------------------------------------------------------
    def temoin(self, *argv, stdin=None, status=0, text=True):
        """Run temoin; its result. `status` None: any exit status will do."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run(
            [self.build / "temoin", "--config", self.config_file, *map(str, argv)],
            input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True, timeout=60, env=self.environment(),
        )  # fmt: skip
        if text:
            done.stdout = done.stdout.decode("utf-8", "backslashreplace")
        done.stderr = done.stderr.decode("utf-8", "backslashreplace")
        if status is not None and done.returncode != status:
            reports = self.sanitizer_reports()
            raise CommandFailed(
                f"temoin {' '.join(map(str, argv))}: {done.returncode}, not {status}\n"
                f"{done.stdout}\n{done.stderr}\n{reports}"
            )
        return done

    def json(self, *argv):
        return json.loads(self.temoin(*argv, "--json").stdout)

    def import_csv(self, name, text, status=0):
        path = self.directory / name
        path.write_text(text)
        return self.temoin("import", path, status=status)

    def show(self, invoice):
        """The dossier as `show --json` has it; None when nothing is filed or known."""
        done = self.temoin("show", invoice, "--json", status=None)
        if done.returncode == 66:
            return None
        if done.returncode != 0:
            raise CommandFailed(f"temoin show: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def entries(self, invoice):
        dossier = self.show(invoice)
        return dossier["entries"] if dossier else []

    def events(self, invoice):
        """What happened in the dossier; our own looking at it (exports) left out."""
        events = [entry["event"] for entry in self.entries(invoice)]
        return [event for event in events if event != "export"]

    def paused(self, invoice):
        dossier = self.show(invoice)
        return bool(dossier and dossier.get("paused_by"))

    def reviews(self):
        return self.json("review")

    def evidence(self, invoice):
        """The evidence file's members: {name: bytes}."""
        self.output.mkdir(exist_ok=True)
        path = self.output / f"{invoice}.asice"
        path.unlink(missing_ok=True)
        self.temoin("evidence", invoice, "-o", path)
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def archived(self, invoice):
        """The messages of a dossier as archived, in order."""
        members = self.evidence(invoice)
        return [members[name] for name in sorted(members) if name.endswith(".eml")]

    def last_seq(self):
        return self.json("stats")["log"]["entries"]
