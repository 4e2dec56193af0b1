"""How fast `temoin follow` reads a mail server's log, beside grep on the same file in the same run.

    make bench-follow                                # in a build directory, as root
    make bench-follow BENCH="--lines 5000000 --rounds 7"

A log of a busy Postfix is written (nine lines a message, as a server with TLS logging writes them; one
message in --every is a reminder of ours), and read in turn by `grep -c status=` and by
`temoin follow --once`, the state of following removed each time. Measured: lines a second of each
and the median of the rounds' ratios. The first round also enters the deliveries; `known` tells that
the later ones found them again. Nothing here passes or fails: machines differ.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests"))
from lib import mails, milter  # noqa: E402
from lib.case import contacts_csv, invoices_csv  # noqa: E402
from lib.temoind import Temoind  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TEMOIN_BUILD", ".")).resolve()
LETTERS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


def long_id(number):
    text = ""
    for _ in range(10):
        number, digit = divmod(number * 7919 + 13, 52)
        text += LETTERS[digit]
    return f"4{text}z{number % 9}Kq"


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.123456+00:00", time.gmtime(seconds))


def message(number, queue_id, to, now):
    """The lines of one message on its way through."""
    at, peer = stamp(now), f"mx{number % 97}.debtor.example[192.0.2.{number % 250}]:25"
    smtpd, smtp = 1000 + number % 50, 2000 + number % 80
    return (
        f"{at} mail postfix/submission/smtpd[{smtpd}]: connect from client[198.51.100.7]\n"
        f"{at} mail postfix/submission/smtpd[{smtpd}]: {queue_id}: client=client[198.51.100.7], "
        f"sasl_method=PLAIN, sasl_username=user{number % 500}\n"
        f"{at} mail postfix/cleanup[{smtpd + 5000}]: {queue_id}: "
        f"message-id=<{number}.a7c9@client.example>\n"
        f"{at} mail postfix/qmgr[77]: {queue_id}: from=<user{number % 500}@creditor.example>, "
        f"size={1000 + number % 9000}, nrcpt=1 (queue active)\n"
        f"{at} mail postfix/submission/smtpd[{smtpd}]: disconnect from client[198.51.100.7] ehlo=2 "
        "starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8\n"
        f"{at} mail postfix/smtp[{smtp}]: Untrusted TLS connection established to {peer}: TLSv1.3 "
        "with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519\n"
        f"{at} mail postfix/smtp[{smtp}]: {queue_id}: to=<{to}>, relay={peer}, delay=0.82, "
        f"delays=0.1/0.02/0.4/0.3, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4F{number:010X})\n"
        f"{at} mail postfix/qmgr[77]: {queue_id}: removed\n"
        f"{at} mail temoind/submission[88]: {queue_id}: untouched reason=no recipient is a contact\n"
    )


def write_log(path, args, queue_ids):
    """The number of lines."""
    now, messages = time.time() + 1, args.lines // 9
    ours = iter(queue_ids)
    with open(path, "w") as log:
        for number in range(messages):
            at = now + number * 0.001
            queue_id = next(ours, None) if number % args.every == args.every - 1 else None
            to = mails.PAUL if queue_id else f"u{number}@other{number % 900}.example"
            log.write(message(number, queue_id or long_id(number), to, at))
    return 9 * messages


def prepare(directory, args):
    """A stopped temoin with reminders in its log; their queue IDs."""
    daemon = Temoind(directory / "d", BUILD)
    daemon.prepare()
    count = max(1, args.lines // 9 // args.every)
    numbers = [f"F-2026-{n:06d}" for n in range(count)]
    daemon.import_csv("i.csv", invoices_csv([(number, "ACME") for number in numbers]))
    daemon.import_csv("c.csv", contacts_csv())
    daemon.start()
    queue_ids = []
    try:
        for n, number in enumerate(numbers):
            queue_ids.append(f"4TQ{n:08d}Zz")
            envelope = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", queue_ids[-1])
            milter.deliver(daemon.socket("both"), envelope, mails.reminder(number))
    finally:
        daemon.stop()
    return daemon, queue_ids


def timed(*argv, **keywords):
    begun = time.perf_counter()
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, **keywords)
    return time.perf_counter() - begun, done.stdout


def measure(daemon, log, lines, args):
    ratios = []
    for turn in range(args.rounds + 1):
        shutil.rmtree(daemon.store / "follow", ignore_errors=True)
        grep, found = timed("grep", "-c", "status=", log, env={"LC_ALL": "C.UTF-8"})
        argv = [BUILD / "temoin", "--config", daemon.config_file, "follow", "--once", "--json", log]
        follow, text = timed(*argv, env=daemon.environment())
        figures = json.loads(text)
        assert figures["lines"] == lines and int(found) == lines // 9, figures
        if turn == 0:
            print(f"first     entries {figures['entries']} in {follow:.2f} s")
            continue
        ratios.append(grep / follow)
        print(f"round {turn:2}  grep {lines / grep / 1e6:6.2f} M lines/s   follow "
              f"{lines / follow / 1e6:6.2f} M lines/s   ratio {grep / follow:.2f}   "
              f"known {figures['known']}")  # fmt: skip
    return statistics.median(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--every", type=int, default=2000, help="one message in so many is ours")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="tb"))
    directory.chmod(0o755)
    try:
        daemon, queue_ids = prepare(directory, args)
        log = directory / "mail.log"
        lines = write_log(log, args, queue_ids)
        log.chmod(0o644)
        print(f"log       {lines} lines, {log.stat().st_size / 1e6:.0f} MB, "
              f"{len(queue_ids)} reminders; load {os.getloadavg()[0]:.1f}")  # fmt: skip
        print(f"ratio     {measure(daemon, log, lines, args):.2f} (median; aim 0.5, or 200,000 lines/s)")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
