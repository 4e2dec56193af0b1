"""Runs the Python tests: one process a test file, a few at a time, a time limit on everything.

    python3 -m lib.runner [--only PATTERN] [--without KIND] [--jobs N] [--tally FILE] [FILE…]

Prints one line a test, failures in full with the logs that the test case can show, and writes
"passed failed skipped" to the tally file. Exit status 1 when something failed.
"""

import argparse
import faulthandler
import fnmatch
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

from . import live

HERE = pathlib.Path(__file__).resolve().parent.parent
TEST_SECONDS = 120  # of one test, set-up of its class included
FILE_SECONDS = 600
KINDS = ("mta", "faults", "protocol", "daemon", "commands", "judges")  # the long ones first


class TooLong(AssertionError):
    pass


def _alarm(signum, frame):
    raise TooLong(f"the test took over {TEST_SECONDS} s")


class Result(unittest.TestResult):
    def __init__(self, out):
        super().__init__()
        self.out, self.counts = out, {"passed": 0, "failed": 0, "skipped": 0}
        self.begun = time.monotonic()
        self.bad = set()

    def _line(self, word, test, note=""):
        seconds = time.monotonic() - self.begun
        print(f"{word:5} {seconds:6.2f} s  {test.id()}{note}", file=self.out, flush=True)

    def startTest(self, test):
        super().startTest(test)
        signal.alarm(TEST_SECONDS)
        self.begun = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        signal.alarm(TEST_SECONDS)

    def addSuccess(self, test):
        if test.id() not in self.bad:
            self.counts["passed"] += 1
            self._line("ok", test)

    def addSkip(self, test, reason):
        self.counts["skipped"] += 1
        self._line("SKIP", test, f": {reason}")

    def _bad(self, test, error):
        if test.id() in self.bad:
            first = False
        else:
            first = True
            self.counts["failed"] += 1
        self.bad.add(test.id())
        self._line("FAIL", test)
        text = self._exc_info_to_string(error, test)
        logs = getattr(test, "logs", None)
        if first and logs:
            try:
                text += logs()
            except Exception:  # a broken log must not hide the failure
                text += traceback.format_exc()
        print("".join(f"      | {line}\n" for line in text.splitlines()), file=self.out, flush=True)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._bad(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self._bad(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._bad(subtest, error)
            self.bad.add(test.id())

    def addExpectedFailure(self, test, error):
        self._bad(test, error)  # there are none: a known failure is a failure

    def addUnexpectedSuccess(self, test):
        self.counts["passed"] += 1


def selected(suite, pattern):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from selected(test, pattern)
        elif pattern is None or fnmatch.fnmatch(test.id(), f"*{pattern}*"):
            yield test


def run_file(path, pattern, tally):
    """Child: all tests of one file."""
    signal.signal(signal.SIGALRM, _alarm)
    faulthandler.dump_traceback_later(FILE_SECONDS, exit=True)
    sys.path.insert(0, str(HERE))
    name = f"{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    suite = unittest.TestSuite()
    suite.addTests(selected(unittest.defaultTestLoader.loadTestsFromModule(module), pattern))
    result = Result(sys.stdout)
    signal.alarm(TEST_SECONDS)
    try:
        suite.run(result)
    finally:
        signal.alarm(0)
        live.stop_all()
    tally.write_text(json.dumps(result.counts))
    return 1 if result.counts["failed"] else 0


class Job:
    """Parent: one such child, its output kept until it ends."""

    def __init__(self, path, pattern, directory):
        self.path = path
        self.output = tempfile.TemporaryFile(mode="w+", dir=directory)
        self.tally = pathlib.Path(directory) / f"{path.stem}.tally"
        argv = [sys.executable, "-B", "-X", "utf8", "-m", "lib.runner", "--file", str(path)]
        argv += ["--tally", str(self.tally)] + (["--only", pattern] if pattern else [])
        self.process = subprocess.Popen(
            argv, cwd=HERE, stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        self.deadline = time.monotonic() + FILE_SECONDS + 30

    def done(self):
        if self.process.poll() is None and time.monotonic() > self.deadline:
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def counts(self):
        self.output.seek(0)
        sys.stdout.write(self.output.read())
        sys.stdout.flush()
        try:
            counts = json.loads(self.tally.read_text())
        except (OSError, ValueError):
            print(f"FAIL  {self.path.name}: did not come to its end ({self.process.returncode})")
            return {"passed": 0, "failed": 1, "skipped": 0}
        if self.process.returncode not in (0, 1):
            counts["failed"] += 1
        return counts


def run_all(paths, pattern, jobs):
    total = {"passed": 0, "failed": 0, "skipped": 0}
    waiting, running = list(paths), []
    with tempfile.TemporaryDirectory() as directory:
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    running.append(Job(waiting.pop(0), pattern, directory))
                for job in [j for j in running if j.done()]:
                    running.remove(job)
                    for key, value in job.counts().items():
                        total[key] += value
                time.sleep(0.1)
        finally:
            for job in running:  # interrupted: each child stops what it has started
                job.process.send_signal(signal.SIGINT)
            for job in running:
                job.process.wait()
    return total


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--only")
    options.add_argument("--jobs", type=int, default=min(3, (os.cpu_count() or 1) + 1))
    options.add_argument("--tally", type=pathlib.Path)
    options.add_argument("--without", choices=KINDS, help="leave out the tests of this directory")
    options.add_argument("--file", type=pathlib.Path, help="(inside) run this file's tests here")
    options.add_argument("files", nargs="*", type=pathlib.Path)
    chosen = options.parse_args()
    if chosen.file:
        sys.exit(run_file(chosen.file.resolve(), chosen.only, chosen.tally))
    files = chosen.files or sorted(
        (path for kind in KINDS if kind != chosen.without
         for path in (HERE / kind).glob("test_*.py")),
        key=lambda path: (KINDS.index(path.parent.name), path.name),
    )
    total = run_all([f.resolve() for f in files], chosen.only, chosen.jobs)
    if chosen.tally:
        chosen.tally.write_text("{passed} {failed} {skipped}\n".format(**total))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**total))
    sys.exit(1 if total["failed"] else 0)


if __name__ == "__main__":
    main()
