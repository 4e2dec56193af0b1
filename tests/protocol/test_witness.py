"""Checkpoints: ours go out in reminders, those of other logs come in and are entered."""

import base64
import hashlib
import json
import sqlite3
import time

from lib import mails, wait
from lib.case import DaemonCase

ROOT = base64.b64encode(bytes(32)).decode()


def foreign(size, origin="temoin.rival.example/00000000"):
    """A note of another log; its signature is nobody's, which cannot be told here."""
    signature = base64.b64encode(bytes(68)).decode()
    return f"{origin}\n{size}\n{ROOT}\n\n\u2014 {origin} {signature}\n".encode()


def field(note):
    packed = base64.b64encode(note).decode()
    return "\r\n\t".join(packed[i : i + 60] for i in range(0, len(packed), 60))


def stranger(note, subject="Offre"):
    value = note if isinstance(note, str) else field(note)
    return (
        f"From: eve@stranger.example\r\nTo: jeanne@creditor.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{hashlib.sha256(value.encode()).hexdigest()[:20]}@stranger.example>\r\n"
        f"Temoin-Checkpoint: {value}\r\n\r\nBonjour\r\n"
    ).encode()


class WitnessCase(DaemonCase):
    def kept(self):
        """[(size, note)] of seal.db, the oldest first."""
        path = self.daemon.store / "seal" / "seal.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return db.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()

    def checkpoints(self):
        """Private parts of the entries "checkpoint"."""
        path = self.daemon.store / "log.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT private FROM entry WHERE event = 'checkpoint' ORDER BY seq")
            return [json.loads(row[0]) for row in rows]

    def come(self, count):
        wait.until(lambda: len(self.checkpoints()) >= count, 10, f"{count} checkpoints")
        return self.checkpoints()


class Witness(WitnessCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["witness"] = "yes"

    def test_reminders_carry_the_newest(self):
        sizes = []
        for _ in range(2):
            before = self.daemon.last_seq()
            wait.until(lambda: self.kept()[-1][0] == before, 10, "the checkpoint")
            _, raw, outcome = self.remind()
            (value,) = outcome.state.get("Temoin-Checkpoint")
            note = base64.b64decode("".join(value.split()))
            self.assertEqual(note, self.kept_note(before))
            self.assertTrue(all(len(line) <= 78 for line in raw.decode().splitlines()))
            sizes.append(before)
        self.assertLess(*sizes)

    def kept_note(self, size):
        return dict(self.kept())[size]

    def test_archived_as_it_left(self):
        invoice, raw, _ = self.remind()
        self.assertIn(b"Temoin-Checkpoint:", raw)
        self.assertEqual(self.daemon.archived(invoice)[0], raw)

    def test_an_answer_carries_none(self):
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw, subject="Votre demande")
        self.assert_dossier(self.arrive(answer), invoice, "reply", "strong")
        own = self.submit(mails.reply(answer, sender=mails.JEANNE, to=mails.PAUL))
        self.assert_stamped(own)
        self.assertEqual(own.state.get("Temoin-Checkpoint"), [])

    def test_of_a_stranger_once(self):
        """Mail that is not ours passes untouched and at once; its checkpoint is entered once."""
        count = len(self.checkpoints())
        for subject in ("un", "deux"):
            self.assert_untouched(self.arrive(stranger(foreign(7), subject), "eve@stranger.example"))
        self.assert_untouched(self.arrive(stranger(foreign(8)), "eve@stranger.example"))
        entries = self.come(count + 2)
        self.assertEqual([e["size"] for e in entries[count:]], [7, 8])
        self.assertEqual(entries[count]["note"].encode(), foreign(7))
        self.assertEqual(entries[count]["origin"], "temoin.rival.example/00000000")
        self.assertEqual(entries[count]["root"], "00" * 32)
        self.assertEqual(entries[count]["envelope"], {"from": "eve@stranger.example"})

    def test_bad_ones_are_passed_over(self):
        count = len(self.checkpoints())
        ours = foreign(9, "temoin.creditor.example/12345678")
        for bad in (ours, b"x", "=", "AAAA", foreign(2**63), "\u00e9", field(foreign(3)) + "=",
                    b"\n" * 300, foreign(1)[:-1], "A" * 50000):  # fmt: skip
            self.assert_untouched(self.arrive(stranger(bad), "eve@stranger.example"))
        self.arrive(stranger(foreign(10)), "eve@stranger.example")
        self.assertEqual([e["size"] for e in self.come(count + 1)[count:]], [10])

    def test_of_a_debtor_in_his_dossier(self):
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw).replace(
            b"\r\n\r\n", b"\r\nTemoin-Checkpoint: " + field(foreign(77)).encode() + b"\r\n\r\n", 1
        )
        self.assert_dossier(self.arrive(answer), invoice, "reply", "strong")
        wait.until(lambda: "checkpoint" in self.daemon.events(invoice), 10, "the entry")
        (entry,) = [e for e in self.checkpoints() if e["size"] == 77]
        self.assertEqual(entry["invoice"], [invoice])
        replies = [e["seq"] for e in self.daemon.entries(invoice) if e["event"] == "reply"]
        self.assertEqual(entry["brought_by"], replies[0])


class Silent(WitnessCase):
    """witness = no, the default."""

    def test_nothing_goes_out_and_strangers_are_not_listened_to(self):
        _, raw, _ = self.remind()
        self.assertNotIn(b"Temoin-Checkpoint", raw)
        self.assert_untouched(self.arrive(stranger(foreign(7)), "eve@stranger.example"))
        time.sleep(0.5)
        self.assertEqual(self.checkpoints(), [])


class NoSeal(WitnessCase):
    """seal.db is gone: reminders leave without a checkpoint."""

    @classmethod
    def configure(cls, daemon):
        daemon.settings["witness"] = "yes"

    def test_leaves_without(self):
        directory = self.daemon.store / "seal"
        directory.rename(directory.with_name("gone"))
        try:
            _, raw, outcome = self.remind()
        finally:
            directory.with_name("gone").rename(directory)
        self.assertEqual(outcome.state.get("Temoin-Checkpoint"), [])
        self.daemon.logged("leaves without a checkpoint")
