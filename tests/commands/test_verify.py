"""temoin verify --log says no, and names it, whatever one octet is changed in or entry removed.

The log is one that a daemon wrote: a reminder, a large one, an answer, a note, a payment. With
TEMOIN_EVERY_OCTET=1 no octet is left out; that takes some minutes.
"""

import ctypes
import os
import re
import shutil
import sqlite3

from lib import mails, wait
from lib.case import DaemonCase

EVERY = os.environ.get("TEMOIN_EVERY_OCTET")
OCTETS = 12  # of each blob, otherwise


def unpacked(blob):
    """What a packed message says; None: nothing. Not every change of the packed octets is a change
    of the message: zstd's frame has an unused bit, and equal text may be copied from elsewhere."""
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t] * 2
    room = ctypes.create_string_buffer(1 << 20)
    size = zstd.ZSTD_decompress(room, len(room), blob, len(blob))
    return None if zstd.ZSTD_isError(ctypes.c_size_t(size)) else room.raw[:size]


class Verify(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["spill_size"] = "64k"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        invoice, raw, _ = DaemonCase.remind(case)
        DaemonCase.remind(case, body=("x" * 70 + "\n") * 1500)
        case.arrive(mails.reply(raw))
        cls.daemon.temoin("note", invoice, "par téléphone")
        cls.daemon.import_csv(
            "p.csv", f"invoice,reference,amount,currency,date\n{invoice},V1,1.00,EUR,2026-11-02\n"
        )
        wait.until(cls.is_signed, 20, "signatures", every=0.2)
        cls.daemon.stop()
        cls.files = {}  # open to the end: whoever closes the last takes -wal and -shm away
        cls.saved = {}
        shutil.copytree(cls.daemon.store, cls.directory / "saved")
        for file in ("log.db", "seal/seal.db"):
            cls.files[file] = sqlite3.connect(cls.daemon.store / file, isolation_level=None)
            cls.saved[file] = sqlite3.connect(cls.directory / "saved" / file)
            cls.addClassCleanup(cls.files[file].close)
            cls.addClassCleanup(cls.saved[file].close)

    @classmethod
    def is_signed(cls):
        figures = cls.daemon.json("stats")
        return figures["log"]["entries"] == figures["seal"]["signatures"]

    def setUp(self):
        self.said(0, "intact")
        self.addCleanup(self.restore)

    def restore(self):
        for file, saved in self.saved.items():
            saved.backup(self.files[file])

    def said(self, status, *words):
        done = self.daemon.temoin("verify", "--log", status=None)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
        for word in words:
            self.assertIn(word, done.stdout)
        return done.stdout

    def sql(self, file, text, *values):
        return self.files[file].execute(text, values).fetchall()

    def places(self, blob):
        """Where to change it: everywhere, or at both ends and evenly between, and which bit."""
        count = len(blob)
        step = 1 if EVERY else max(1, count // OCTETS)
        for at in sorted({*range(0, count, step), count - 1}):
            yield at, 1 << at % 8

    def altered(self, file, table, column, what, meaning=bytes):
        """A change that leaves the blob's meaning as it was must not be named."""
        rows = self.sql(file, f"SELECT seq, {column} FROM {table} WHERE {column} IS NOT NULL")
        self.assertTrue(rows)
        update = f"UPDATE {table} SET {column} = ? WHERE seq = ?"
        for seq, blob in rows if EVERY else rows[-2:]:
            for at, bit in self.places(blob):
                octets = bytearray(blob)
                octets[at] ^= bit
                self.sql(file, update, bytes(octets), seq)
                with self.subTest(f"{table}.{column} of entry {seq}, octet {at}"):
                    if meaning(bytes(octets)) == meaning(blob):
                        self.said(0, "intact")
                        continue
                    self.assertRegex(self.said(1, "NOT INTACT"), rf"(?m)^entry {seq}: .*{what}")
            self.sql(file, update, blob, seq)
        self.said(0, "intact")

    def test_record(self):
        self.altered("log.db", "entry", "record", "record")

    def test_private_part(self):
        self.altered("log.db", "entry", "private", "private part")

    def test_leaf(self):
        self.altered("log.db", "entry", "leaf", "leaf")

    def test_message(self):
        ((blob,),) = self.sql("log.db", "SELECT packed FROM message LIMIT 1")
        self.assertIn(b"Subject: ", unpacked(blob))
        self.altered("log.db", "message", "packed", "message", unpacked)

    def test_signature(self):
        self.altered("seal/seal.db", "signature", "p7s", "signature")

    def test_body_in_a_file(self):
        (path,) = (self.daemon.store / "bodies").iterdir()
        ((seq,),) = self.sql("log.db", "SELECT seq FROM message WHERE body IS NOT NULL")
        blob = path.read_bytes()
        for at, bit in [(0, 1), (len(blob) // 2, 128), (len(blob) - 1, 4)]:
            with open(path, "r+b") as out:
                out.seek(at)
                out.write(bytes([blob[at] ^ bit]))
            self.assertRegex(self.said(1), rf"(?m)^entry {seq}: .*message altered")
            path.write_bytes(blob)
        self.said(0, "intact")

    def test_entry_removed(self):
        """Its rows everywhere, in each of the two files or in both, by who knows the tables."""
        ((last,),) = self.sql("log.db", "SELECT max(seq) FROM entry")
        for seq in range(1, last + 1):
            with self.subTest(seq):
                self.sql("log.db", "DELETE FROM message WHERE seq = ?", seq)
                self.sql("log.db", "DELETE FROM dossier_entry WHERE seq = ?", seq)
                self.sql("log.db", "DELETE FROM entry WHERE seq = ?", seq)
                self.assertRegex(self.said(1), rf"(?m)^entry {seq}: .*missing")
                self.sql("seal/seal.db", "DELETE FROM signature WHERE seq = ?", seq)
                self.assertRegex(self.said(1), rf"(?m)^entry {seq}: .*missing")
                self.restore()
        self.said(0, "intact")

    def test_entry_removed_and_the_rest_moved_up(self):
        """No gap is left; the entries are not who they say they are."""
        ((last,),) = self.sql("log.db", "SELECT max(seq) FROM entry")
        seq = last - 2
        for file, tables in (("log.db", ("message", "dossier_entry", "entry")),
                             ("seal/seal.db", ("signature",))):  # fmt: skip
            for table in tables:
                self.sql(file, f"DELETE FROM {table} WHERE seq = ?", seq)
                for later in range(seq + 1, last + 1):
                    self.sql(file, f"UPDATE {table} SET seq = seq - 1 WHERE seq = ?", later)
        said = self.said(1)
        self.assertTrue(re.search(rf"(?m)^entry {seq}: ", said), said)
        self.restore()
        self.said(0, "intact")

    def test_a_damaged_page(self):
        """The entries on it are named; whatever follows from their absence is not said again. The
        last page is where the log ends, too."""
        path = self.daemon.store / "log.db"
        ((size,),) = self.sql("log.db", "PRAGMA page_size")
        for which in ("event = 'note'", "seq = (SELECT max(seq) FROM entry)", "seq = 1"):
            with self.subTest(which):
                ((seq, record),) = self.sql("log.db", f"SELECT seq, record FROM entry WHERE {which}")
                self.sql("log.db", "PRAGMA wal_checkpoint(TRUNCATE)")
                whole = path.read_bytes()
                page = whole.index(record) // size * size
                path.write_bytes(whole[:page] + b"\xff" + whole[page + 1 :])
                said = self.said(1, "NOT INTACT")
                path.write_bytes(whole)
                self.assertRegex(said, rf"(?m)^entry {seq}: .*malformed")
                for line in said.splitlines():
                    self.assertNotRegex(line, "missing|root|checkpoint")
                self.said(0, "intact")
