"""What temoind costs a real Postfix: ratios, all sides measured in one run.

    make bench                                   # in a build directory, as root
    make bench BENCH="--messages 2000 --rounds 3 --only throughput"

Sides, each an smtpd service of one private Postfix with its own smtpd_milters, fed by Postfix's
smtp-source with 20 sessions at a time:

    none        no milter
    yardstick   a do-nothing libmilter filter: every callback, one header added (yardstick.c)
    unrelated   temoind, mail from strangers that is about nothing of ours
    reminder    temoind, an accountant's reminders: stamped, archived, durable before the answer
    opendkim    OpenDKIM signing with RSA-2048

A ratio is a side's messages per second over the yardstick's in the same round; the median of the
rounds counts. Every other round goes backwards, so that a machine that gets busier favours no
side. Nothing here passes or fails: machines differ, so the sync latency stands beside, and behind
what is aimed at that aim.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE))
from tests.lib import mails, milter, wait  # noqa: E402
from tests.lib.case import contacts_csv, invoices_csv  # noqa: E402
from tests.lib.postfix import Postfix  # noqa: E402
from tests.lib.temoind import Temoind  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TEMOIN_BUILD", ".")).resolve()
INVOICE = "F-2026-100"
STRANGER = ("ann@elsewhere.example", "jeanne@creditor.example", "Nouvelles du salon")
REMINDER = (mails.JEANNE, mails.PAUL, f"Facture {INVOICE}")
AIMS = {"unrelated": 1.0, "reminder": 0.75, "reminder / opendkim": 1.4}  # at least
MEMORY_AIM_MB = 64  # at most
SIDES = {
    "none": STRANGER,
    "yardstick": STRANGER,
    "unrelated": STRANGER,
    "reminder": REMINDER,
    "opendkim": REMINDER,
}


def sync_latency_ms(directory, count=200):
    """Median time of appending 4 kB and fdatasync, in milliseconds."""
    times = []
    path = directory / "sync"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(count):
        start = time.perf_counter()
        os.write(fd, b"x" * 4096)
        os.fdatasync(fd)
        times.append((time.perf_counter() - start) * 1000)
    os.close(fd)
    path.unlink()
    return statistics.median(times)


class Bench:
    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        self.daemon = Temoind(directory / "temoind", BUILD)
        self.postfix = Postfix(directory / "postfix", "mail.creditor.example", ["creditor.example"])

    def sockets(self):
        return {
            "none": "",
            "yardstick": f"unix:{self.directory}/yardstick.sock",
            "unrelated": f"unix:{self.daemon.socket('both')}",
            "reminder": f"unix:{self.daemon.socket('both')}",
            "opendkim": f"unix:{self.directory}/opendkim.sock",
        }

    def start(self):
        self.daemon.settings["trusted_networks"] = ["127.0.0.0/8"]
        self.daemon.prepare()
        self.daemon.import_csv("invoices.csv", invoices_csv([(INVOICE, "ACME")]))
        self.daemon.import_csv("contacts.csv", contacts_csv())
        self.daemon.start()
        self.start_yardstick()
        self.start_opendkim()
        for side, milters in self.sockets().items():
            self.postfix.listen(
                side,
                {
                    "smtpd_milters": milters,
                    "smtpd_recipient_restrictions": "permit_inet_interfaces, reject",
                    "smtpd_relay_restrictions": "permit_inet_interfaces, reject",
                    "milter_default_action": "tempfail",
                    "smtpd_client_connection_count_limit": "0",
                },
            )
        self.postfix.mailbox(mails.JEANNE)
        self.postfix.transports.update({"debtor.example": "discard:", "creditor.example": "discard:"})
        self.postfix.settings["message_size_limit"] = "60000000"
        self.postfix.settings["default_process_limit"] = "200"
        self.postfix.start()

    def start_yardstick(self):
        path = self.directory / "yardstick.sock"
        self.processes.append(subprocess.Popen([BUILD / "tests/bench/yardstick", f"unix:{path}"]))
        wait.until(path.exists, 10, "the yardstick")
        path.chmod(0o777)

    def start_opendkim(self):
        key = self.directory / "dkim.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        key.chmod(0o600)
        path = self.directory / "opendkim.sock"
        configuration = self.directory / "opendkim.conf"
        configuration.write_text(
            f"Mode s\nDomain creditor.example\nSelector bench\nKeyFile {key}\n"
            f"Socket local:{path}\nInternalHosts 127.0.0.0/8\nCanonicalization relaxed/relaxed\n"
            f"Background no\nUMask 000\nRequireSafeKeys no\nSignatureAlgorithm rsa-sha256\n"
        )
        self.processes.append(subprocess.Popen(["opendkim", "-f", "-x", configuration]))
        wait.until(path.exists, 10, "opendkim")
        path.chmod(0o777)

    def stop(self):
        self.postfix.stop()
        self.daemon.stop()
        for process in self.processes:
            process.terminate()
            process.wait(10)

    def rate(self, side, messages, sessions, size):
        """Messages per second that smtp-source gets through this side."""
        sender, recipient, subject = SIDES[side]
        argv = ["smtp-source", "-s", sessions, "-m", messages, "-l", size, "-f", sender,
                "-t", recipient, "-S", subject, f"inet:127.0.0.1:{self.postfix.ports[side]}"]  # fmt: skip
        start = time.perf_counter()
        subprocess.run([str(word) for word in argv], check=True, timeout=600)
        seconds = time.perf_counter() - start
        self.postfix.settle(120)
        return messages / seconds

    def stats(self):
        return self.daemon.json("stats")

    def sealer_lag(self):
        """Seconds from now until every entry is signed."""
        start = time.perf_counter()
        wait.until(lambda: self.signed(), 60, "the sealer", every=0.05)
        return time.perf_counter() - start

    def signed(self):
        return self.stats()["seal"]["unsigned"] == 0

    def throughput(self, rounds, messages, sessions, size):
        print(f"\n{sessions} at a time, {messages} messages of {size} octets, {rounds} rounds; "
              f"sync latency {sync_latency_ms(self.directory):.2f} ms")  # fmt: skip
        rates = {side: [] for side in SIDES}
        lags = []
        before = self.stats()["log"]["entries"]
        for number in range(rounds):
            for side in list(SIDES)[:: -1 if number % 2 else 1]:
                rates[side].append(self.rate(side, messages, sessions, size))
                if side == "reminder":
                    lags.append(self.sealer_lag())
        gained = self.stats()["log"]["entries"] - before
        if gained < rounds * messages:
            raise SystemExit(f"{gained} entries for {rounds * messages} reminders")
        self.report(rates, aimed=sessions == 20 and size == 4096)
        print(f"  all signed after the last message: {max(lags):.2f} s at the most")
        print(f"  entries gained: {gained} for {rounds * messages} reminders")

    @staticmethod
    def report(rates, aimed):
        """The sides' rates and ratios; with the aims where they are for this kind of mail."""

        def ratio(above, below, name):
            ratios = [a / b for a, b in zip(rates[above], rates[below])]
            aim = f", wanted: {AIMS[name]:.2f}" if aimed and name in AIMS else ""
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}{aim}"
            return f"{statistics.median(ratios):5.2f}  ({spread})"

        for side, values in rates.items():
            print(f"  {side:10} {statistics.median(values):8.0f} a second   "
                  f"of the yardstick {ratio(side, 'yardstick', side)}")  # fmt: skip
        name = "reminder / opendkim"
        print(f"  {name:51} {ratio('reminder', 'opendkim', name)}")

    # --- memory -------------------------------------------------------------------------------
    def memory(self, connections=100, size=20_000_000):
        (pid,) = self.daemon.children("milter")
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from now on
        body = (b"x" * 76 + b"\r\n") * (size // 78)
        outcomes, barrier = [], threading.Barrier(connections)

        def send(number):
            env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", f"4MEM{number:05d}",
                                  address="127.0.0.1")  # fmt: skip
            head = mails.reminder(INVOICE, body="")
            barrier.wait()
            out = milter.deliver(self.daemon.socket("both"), env, head + body, timeout=300)
            outcomes.append(out.code)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(connections)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        peak = next(
            int(line.split()[1])
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
        codes = {code: outcomes.count(code) for code in sorted(set(outcomes))}
        print(f"\nmemory: {connections} connections, a reminder of {size / 1e6:.0f} MB each: "
              f"milter's peak {peak / 1024:.1f} MB resident (wanted: at most {MEMORY_AIM_MB}), "
              f"{seconds:.1f} s, "
              f"answers by class {codes}")  # fmt: skip


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--messages", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", choices=["throughput", "others", "memory"])
    chosen = arguments.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("bench: Postfix's master needs root: run it as root")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="temoin-bench."))
    directory.chmod(0o755)
    bench = Bench(directory)
    try:
        bench.start()
        if chosen.only in (None, "throughput"):
            bench.throughput(chosen.rounds, chosen.messages, 20, 4096)
        if chosen.only in (None, "others"):
            bench.throughput(1, max(chosen.messages // 8, 50), 1, 4096)
            bench.throughput(1, max(chosen.messages // 8, 50), 20, 300_000)
        if chosen.only in (None, "memory"):
            bench.memory()
    finally:
        bench.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
