"""temoin verify --log --checkpoint: what somebody outside holds against the log of today."""

import base64
import json
import os
import shutil
import sqlite3
import subprocess

from lib import wait
from lib.case import DaemonCase

ALTERED, UNIDENTIFIED = 1, 2


class CheckpointCase(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["witness"] = "yes"

    def sealed(self):
        path = self.daemon.store / "seal" / "seal.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return db.execute("SELECT size, note FROM checkpoint ORDER BY size DESC").fetchall()

    def newest(self):
        """The note of everything that is in the log now."""
        last = self.daemon.last_seq()
        wait.until(lambda: self.sealed()[0][0] == last, 10, "the checkpoint")
        return self.sealed()[0][1]

    def file(self, content, name="outside"):
        path = self.directory / name
        path.write_bytes(content)
        path.chmod(0o644)
        return path

    def verify(self, content, *more, status=0, daemon=None):
        daemon = daemon or self.daemon
        path = self.file(content)
        return daemon.temoin("verify", "--log", "--checkpoint", path, *more, status=status).stdout


class Outside(CheckpointCase):
    def test_a_delivered_reminder(self):
        _, raw, outcome = self.remind()
        self.assertTrue(outcome.state.get("Temoin-Checkpoint"))
        self.remind()
        said = self.verify(b"Return-Path: <x@y>\r\nReceived: from a\r\n\tby b\r\n" + raw)
        self.assertIn("is a beginning of this log", said)
        self.assertIn("intact", said)
        self.verify(raw.replace(b"\r\n", b"\n"))

    def test_a_note(self):
        note = self.newest()
        self.remind()
        self.verify(note)
        path = self.file(note)
        found = self.daemon.json("verify", "--log", "--checkpoint", path)
        self.assertEqual(found["checkpoint"]["size"], int(note.split(b"\n")[1]))
        self.assertTrue(found["checkpoint"]["prefix"] and found["checkpoint"]["signed"])

    def test_keys_from_outside(self):
        note = self.newest()
        self.verify(note, "--log-key", self.daemon.keys / "log.pub.pem")
        init = self.first_entry()
        self.assertEqual(init["seal"]["origin"], note.split(b"\n")[0].decode())
        key = self.file(init["seal"]["log_key"].encode() + b"\n", "vkey")
        self.verify(note, "--log-key", key)
        pair = self.file(b"", "pair")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pair], check=True)
        other = subprocess.run(
            ["openssl", "pkey", "-in", pair, "-pubout"], check=True, capture_output=True
        ).stdout
        said = self.verify(note, "--log-key", self.file(other, "other"), status=UNIDENTIFIED)
        self.assertIn("not signed by the log key", said)
        self.assertNotIn("beginning", said)
        bad = self.file(b"nothing", "bad")
        self.verify(note, "--log-key", bad, status=65)

    def first_entry(self):
        with sqlite3.connect(f"file:{self.daemon.store}/log.db?mode=ro", uri=True) as db:
            return json.loads(db.execute("SELECT private FROM entry WHERE seq = 1").fetchone()[0])

    def test_touched_notes(self):
        note = self.newest()
        lines = note.split(b"\n")
        for at, new in ((0, b"temoin.rival.example/1"), (1, b"1"), (1, b"999999"),
                        (2, b"A" * 43 + b"=")):  # fmt: skip
            touched = b"\n".join(lines[:at] + [new] + lines[at + 1 :])
            self.verify(touched, status=UNIDENTIFIED)
        signature = lines[4][:-8] + b"AAAAAA=="
        self.verify(b"\n".join([*lines[:4], signature, b""]), status=UNIDENTIFIED)

    def test_no_checkpoints(self):
        note = self.newest()
        for bad in (b"", b"From: a@b\r\n\r\nbonjour\r\n", note[:40], note[:-1], os.urandom(3000),
                    b"Temoin-Checkpoint: AAAA\r\n\r\n", note + b"\n"):  # fmt: skip
            with self.subTest(bad=bad[:30]):
                self.verify(bad, status=65)
        missing = self.directory / "missing"
        self.daemon.temoin("verify", "--log", "--checkpoint", missing, status=66)
        self.daemon.temoin("verify", "--log", "--log-key", self.file(b"x"), status=64)


class Attacks(CheckpointCase):
    """The company itself, with all keys."""

    def start_again(self):
        self.daemon.start()
        return self.newest()

    def test_a_cut_log_and_a_second_one(self):
        store, kept = self.daemon.store, self.directory / "kept"
        self.remind()
        self.newest()
        self.daemon.stop()
        shutil.copytree(store, kept)
        subprocess.run(["cp", "-a", "--", f"{store}/.", kept], check=True)
        self.daemon.start()
        self.remind()
        held = self.newest()  # in the debtor's hands
        self.daemon.stop()
        subprocess.run(["rm", "-rf", store], check=True)
        subprocess.run(["cp", "-a", kept, store], check=True)
        cut = self.daemon.temoin("verify", "--log")
        self.assertIn("intact", cut.stdout, "by itself it cannot tell")
        self.assertIn("cut off", self.verify(held, status=ALTERED))
        self.daemon.start()
        for _ in range(3):
            self.remind()
        self.newest()
        self.assertIn("no beginning of this log", self.verify(held, status=ALTERED))
        self.assertFalse(json.loads(self.verify(held, "--json", status=ALTERED))["checkpoint"]["prefix"])

    def signed(self, size, root):
        """A note that the log's key signs, whatever it says."""
        text, signature = self.sealed()[0][1].split(b"\n\n")
        origin = text.split(b"\n")[0]
        text = b"%s\n%d\n%s\n" % (origin, size, base64.b64encode(root))
        path = self.file(text, "text")
        octets = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.daemon.keys / "log.key", "-in",
             path], check=True, capture_output=True).stdout  # fmt: skip
        head, line = signature.rstrip().rsplit(b" ", 1)
        key_id = base64.b64decode(line)[:4]
        return text + b"\n" + head + b" " + base64.b64encode(key_id + octets) + b"\n"

    def test_seal_db_is_held_against_the_log(self):
        self.remind()
        self.newest()
        self.daemon.stop()
        size = self.sealed()[0][0]  # with the entry of the stop
        beyond, other = self.signed(size + 500, bytes(32)), self.signed(size, bytes(32))
        path = self.daemon.store / "seal" / "seal.db"
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        untouched = path.read_bytes()
        newest = "WHERE size = (SELECT max(size) FROM checkpoint)"
        for change, values, words in (
            (f"UPDATE checkpoint SET note = x'00' {newest}", (), f"of {size} entries is altered"),
            ("UPDATE checkpoint SET note = replace(note, 'temoin.', 'temoim.')", (),
             f"the checkpoint of {size} entries is not signed by the log key"),
            (f"UPDATE checkpoint SET size = size + 1000 {newest}", (),
             f"of {size + 1000} entries is altered"),
            ("INSERT INTO checkpoint SELECT size + 500, time, note FROM checkpoint LIMIT 1", (),
             "entries is altered"),
            ("INSERT INTO checkpoint VALUES (?, 0, ?)", (size + 500, beyond),
             f"a checkpoint speaks of {size + 500} entries, which its head does not"),
            (f"UPDATE checkpoint SET note = ? {newest}", (other,),
             f"the root of the checkpoint of {size} entries is not the log's"),
        ):  # fmt: skip
            with self.subTest(change=change), sqlite3.connect(path) as db:
                db.execute(change, values)
            done = self.daemon.temoin("verify", "--log", status=ALTERED)
            self.assertIn(words, done.stdout)
            with sqlite3.connect(path) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            path.write_bytes(untouched)
        self.assertNotIn("not yet signed", self.daemon.temoin("verify", "--log").stdout)
        self.daemon.start()


class Mailed(CheckpointCase):
    """temoin seal --mail-checkpoint, with a sendmail of our own."""

    @classmethod
    def configure(cls, daemon):
        cls.program, cls.outbox = cls.directory / "sendmail", cls.directory / "outbox"
        cls.outbox.mkdir()
        cls.outbox.chmod(0o777)
        cls.program.write_text(
            f"#!/bin/sh\n[ -e {cls.outbox}/down ] && exit 75\n"
            f'echo "$@" > {cls.outbox}/args; cat > {cls.outbox}/mail\n'
        )
        cls.program.chmod(0o755)
        daemon.settings["checkpoint_to"] = ["auditor@audit.example", "maitre@avocat.example"]
        daemon.settings["sendmail_path"] = cls.program

    def sent(self):
        with sqlite3.connect(f"file:{self.daemon.store}/log.db?mode=ro", uri=True) as db:
            rows = db.execute("SELECT private FROM entry WHERE event = 'checkpoint' ORDER BY seq")
            return [json.loads(row[0]) for row in rows]

    def test_mailed_logged_and_good_later(self):
        note = self.newest()
        before = len(self.sent())
        self.daemon.temoin("seal", "--mail-checkpoint")
        mail = (self.outbox / "mail").read_bytes()
        self.assertEqual((self.outbox / "args").read_text().split(), ["-i", "-t"])
        self.assertIn(b"\nTo: auditor@audit.example,\n\tmaitre@avocat.example\n", mail)
        self.assertTrue(mail.endswith(note))
        entry = self.sent()[before]
        self.assertEqual(entry["sent_to"], ["auditor@audit.example", "maitre@avocat.example"])
        self.assertEqual(entry["note"].encode(), note)
        self.remind()
        self.newest()
        self.assertIn("is a beginning", self.verify(mail))

    def test_sendmail_that_fails(self):
        self.newest()
        before = len(self.sent())
        down = self.outbox / "down"
        down.touch()
        try:
            self.daemon.temoin("seal", "--mail-checkpoint", status=75)
        finally:
            down.unlink()
        self.program.rename(self.directory / "gone")
        try:
            self.daemon.temoin("seal", "--mail-checkpoint", status=69)
        finally:
            (self.directory / "gone").rename(self.program)
        self.assertEqual(len(self.sent()), before, "what was not sent is not said to be")
        self.daemon.temoin("seal", "--mail-checkpoint", "--renew", status=64)


class Nobody(CheckpointCase):
    def test_nobody_to_mail_to(self):
        done = self.daemon.temoin("seal", "--mail-checkpoint", status=78)
        self.assertIn("checkpoint_to", done.stderr)
