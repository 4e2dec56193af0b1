"""What the evidence file costs: ratios and times, all sides measured in one run.

    make bench-evidence                              # in a build directory, as root
    make bench-evidence BENCH="--large 1000000 --small 10000"

Two logs are filled through the store's own functions (fill.c), each with a dossier of 100
messages spread over its whole length. Measured:

    export   `temoin evidence` of that dossier, out of either log; the ratio of the two
    verify   `temoin verify --log` of either log, beside bare SHA-256 and signature verification of
             the same data on all processors (bare.c); start and end of the process included, which
             weigh on the small one
    batch    `temoin seal` of the small log: time besides the authority's, proof data an entry

Nothing here passes or fails: machines differ. The load of the machine stands beside.
"""

import argparse
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE))
sys.path.insert(0, str(SOURCE / "tests"))
from tests.lib.case import contacts_csv, invoices_csv  # noqa: E402
from tests.lib.temoind import Temoind, section  # noqa: E402
from tests.lib.tsa import Authority  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TEMOIN_BUILD", ".")).resolve()
INVOICE, MESSAGES = "F-2026-100", 100


class Timed(Authority):
    """Knows how long its own answers took."""

    spent = 0.0

    def answer(self, query):
        begun = time.perf_counter()
        try:
            return super().answer(query)
        finally:
            self.spent += time.perf_counter() - begun


class Log:
    def __init__(self, directory, name, entries, authority):
        self.entries, self.authority = entries, authority
        self.daemon = Temoind(directory / name, BUILD)
        write = self.daemon.configuration
        self.daemon.configuration = lambda: write() + section("tsa", "bench", authority.section())
        self.daemon.prepare()
        self.daemon.import_csv("i.csv", invoices_csv([(INVOICE, "ACME")]))
        self.daemon.import_csv("c.csv", contacts_csv())

    def fill(self):
        begun = time.perf_counter()
        subprocess.run([BUILD / "tests/bench/fill", self.daemon.config_file, str(self.entries),
                        INVOICE, str(MESSAGES)], check=True)  # fmt: skip
        written = time.perf_counter() - begun
        self.daemon.start()
        unsigned = 1
        while unsigned:
            time.sleep(0.2)
            unsigned = self.daemon.json("stats")["seal"]["unsigned"]
        signed = time.perf_counter() - begun - written
        print(f"{self.entries} entries: written in {written:.1f} s, signed in {signed:.1f} s",
              flush=True)  # fmt: skip

    def command(self, *argv):
        """Seconds that it took, start of the process included; the command's own limit of 60 s
        does not hold here."""
        begun = time.perf_counter()
        subprocess.run([BUILD / "temoin", "--config", self.daemon.config_file, *argv], check=True,
                       stdout=subprocess.DEVNULL, env=self.daemon.environment())  # fmt: skip
        return time.perf_counter() - begun

    def export(self, number):
        return self.command("evidence", INVOICE, "-o", self.daemon.directory / f"e{number}.asice")

    def seal(self):
        """(seconds, of which the authority's)"""
        before = self.authority.spent
        took = self.command("seal")
        return took, self.authority.spent - before

    def octets(self, file, *without):
        """Octets of a database's tables and indexes but for some."""
        with sqlite3.connect(f"file:{self.daemon.store / file}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT name, sum(payload), sum(pgsize) FROM dbstat GROUP BY name")
            return sum(pages for name, _, pages in rows if name not in without)

    def proof_data(self):
        return self.octets("seal/seal.db", "signature") + self.octets("batch.db")


def export(small, large, rounds):
    times = {log: [] for log in (small, large)}
    for number in range(rounds):
        for log in times:
            times[log].append(log.export(number))
    one, other = (statistics.median(times[log]) for log in (small, large))
    print(f"export of {MESSAGES} messages: {one:.3f} s out of {small.entries} entries, {other:.3f} s "
          f"out of {large.entries}; ratio {other / one:.2f}")  # fmt: skip


def verify(log, rounds):
    ratios = []
    for _ in range(rounds):
        bare = float(subprocess.run([BUILD / "tests/bench/bare", log.daemon.store], check=True,
                                    capture_output=True, text=True).stdout)  # fmt: skip
        took = log.command("verify", "--log")
        ratios.append(bare / took)
    count = log.daemon.last_seq()
    print(f"verify --log of {log.entries}: {count / took:.0f} entries a second; of bare hashing and verifying "
          f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")  # fmt: skip


def batch(log):
    took, authority = log.seal()
    count = log.daemon.last_seq()
    print(f"closing a batch of {log.entries} entries: {took - authority:.2f} s besides the "
          f"authority's {authority:.2f} s; proof data (pages of seal.db and batch.db, signatures "
          f"aside): {log.proof_data() / count:.1f} octets an entry")  # fmt: skip


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--small", type=int, default=10_000)
    arguments.add_argument("--large", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="temoin-bench."))
    directory.chmod(0o755)
    authority = Timed(directory, "authority").start()
    logs = []
    try:
        for name, entries in (("small", chosen.small), ("large", chosen.large)):
            logs.append(Log(directory, name, entries, authority))
            logs[-1].fill()
            if name == "small":
                batch(logs[-1])
                verify(logs[-1], chosen.rounds)
        logs[-1].seal()
        verify(logs[-1], max(1, min(chosen.rounds, 600_000 // chosen.large)))
        export(*logs, chosen.rounds)
        print("load of the machine: {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))
    finally:
        for log in logs:
            log.daemon.stop()
        authority.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
