"""Group commit: what waits together is synced together, in one transaction."""

import os
import pathlib
import signal
import struct
import threading

from lib import mails, wait
from lib.case import DaemonCase


def commits(wal):
    """(generation, transactions in it) of a write-ahead log: SQLite's file format, 4.1 and 4.2."""
    octets = pathlib.Path(wal).read_bytes()
    size, salts = struct.unpack("!I", octets[8:12])[0], octets[16:24]
    count = 0
    for at in range(32, len(octets) - 23, 24 + size):
        frame = octets[at : at + 24]
        if frame[8:16] != salts:
            break
        count += frame[4:8] != b"\0\0\0\0"
    return salts, count


class GroupCommit(DaemonCase):
    listeners = {f"l{i}": "both" for i in range(8)}  # of one, libmilter works with few threads

    @classmethod
    def configure(cls, daemon):
        daemon.store_settings["commit_timeout"] = "20s"

    def test_reminders_of_many_sessions(self):
        names = list(self.listeners)
        for name in names:  # each milter has its numbers
            self.assert_stamped(self.submit(mails.reminder(self.invoice()), listener=name))
        wal = self.daemon.store / "log.db-wal"
        before_seq, (generation, before) = self.daemon.last_seq(), commits(wal)
        (scribe,) = self.daemon.signal("scribe", signal.SIGSTOP)
        outcomes = []

        def send(raw, name):
            outcomes.append(self.submit(raw, listener=name))

        threads = [
            threading.Thread(target=send, args=(mails.reminder(self.invoice()), name))
            for name in names * 2
        ]
        try:
            for thread in threads:
                thread.start()
            threading.Event().wait(1)  # what can be asked is in scribe's sockets
        finally:
            os.kill(scribe, signal.SIGCONT)
        for thread in threads:
            thread.join()
        for outcome in outcomes:
            self.assert_stamped(outcome)
        wait.until(lambda: self.daemon.last_seq() == before_seq + len(threads), 10, "all entries")
        after_generation, after = commits(wal)
        made = after - before if after_generation == generation else after
        self.assertIn(made, range(1, len(threads) // 2 + 1))
