"""temoin backup and restore: of one moment while the daemon runs; a new origin; erasures again."""

import json
import pathlib
import shutil
import sqlite3
import tempfile

from lib import mails
from lib.case import DaemonCase

BY = ("--ground", "person-request", "--by", "Jeanne")


class BackupCase(DaemonCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="tb")) / "backup"
        self.place.parent.chmod(0o755)
        if self.daemon.accounts:
            shutil.chown(self.place.parent, self.daemon.accounts.user)
        self.addCleanup(shutil.rmtree, self.place.parent, ignore_errors=True)

    def backup(self, *argv, status=0):
        return self.daemon.temoin("backup", *argv, self.place, status=status)

    def restore(self, *argv, status=0):
        return self.daemon.temoin("restore", *argv, self.place, status=status)

    def stopped(self):
        self.daemon.stop()
        self.addCleanup(lambda: self.daemon.process or self.daemon.start())

    def origin(self):
        with sqlite3.connect(self.daemon.store / "log.db") as log:
            return log.execute("SELECT value FROM meta WHERE key = 'origin'").fetchone()[0]

    def filled(self, size=0):
        invoice, raw, _ = self.remind()
        self.arrive(mails.reply(raw) + b"une ligne de plus\r\n" * size)
        return invoice

    def event(self, seq):
        with sqlite3.connect(self.daemon.store / "log.db") as log:
            event, record, private = log.execute(
                "SELECT event, record, private FROM entry WHERE seq = ?", (seq,)
            ).fetchone()
        return event, json.loads(record), json.loads(private)


class Backup(BackupCase):
    def test_there_and_back(self):
        invoice = self.filled()
        big = self.filled(40000)  # a body of its own
        self.backup()
        listed = json.loads((self.place / "backup.json").read_text())
        names = [f["name"] for f in listed["files"]]
        self.assertIn("log.db", names)
        self.assertTrue([n for n in names if n.startswith("bodies/")])
        self.assertFalse((self.place / "keys").exists())
        self.assertEqual(listed["entries"], self.daemon.last_seq())
        late = self.filled()
        old, last = self.origin(), self.daemon.last_seq()
        done = self.restore("--replace", status=75)
        self.assertIn("running", done.stderr)
        self.stopped()
        last += 1  # "stop"
        self.restore(status=73)
        said = self.restore("--replace").stdout
        first = listed["entries"] + 1
        self.assertIn(f"lost: entries {first} to {last} of the former log", said)
        self.assertNotEqual(self.origin(), old)
        event, record, private = self.event(first)
        self.assertEqual((event, record["log"]), ("restore", self.origin()))
        self.assertEqual(private["former"]["log"], old)
        self.assertEqual(private["former"]["entries"], listed["entries"])
        self.assertEqual(private["lost"], {"from": first, "to": last})
        self.daemon.start()
        self.assertIn("intact", self.daemon.temoin("verify", "--log").stdout)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
        self.assertEqual(len(self.daemon.archived(big)), 2)
        self.assertNotIn("prepared", self.daemon.events(late))
        # numbers that were given out after the backup are not given out again
        self.filled()
        self.assertGreater(self.number(), 10**8)

    def number(self):
        with sqlite3.connect(self.daemon.store / "log.db") as log:
            return log.execute("SELECT max(number) FROM token").fetchone()[0]


class Erasures(BackupCase):
    def test_are_applied_again(self):
        first, second, kept = self.filled(), self.filled(), self.filled()
        self.backup()
        self.daemon.temoin("erase", first, *BY)
        elsewhere = self.place.parent / "list"
        shutil.copy(self.daemon.store / "erasures", elsewhere)
        self.daemon.temoin("erase", second, *BY)
        self.stopped()
        said = self.restore("--replace").stdout
        self.assertIn("erased again: 4", said)
        for aside in self.daemon.store.parent.glob("store.before-*"):
            shutil.rmtree(aside)
        self.daemon.temoin("verify", "--log", status=None)
        for invoice in (first, second):
            self.assertEqual([e["erased"] for e in self.daemon.entries(invoice)][:2], [True] * 2)
        self.assertFalse(self.daemon.entries(kept)[0]["erased"])
        # the disk is gone, the list is not
        shutil.rmtree(self.daemon.store)
        said = self.restore("--erasures", elsewhere).stdout
        self.assertIn("erased again: 2", said)
        self.assertTrue(self.daemon.entries(first)[0]["erased"])
        self.assertFalse(self.daemon.entries(second)[0]["erased"])
        self.daemon.start()
        self.assertIn("intact", self.daemon.temoin("verify", "--log").stdout)


class Places(BackupCase):
    def test_again_in_the_same_place(self):
        self.filled()
        self.backup()
        first = json.loads((self.place / "backup.json").read_text())["entries"]
        self.filled()
        self.backup("--with-keys")
        self.assertGreater(json.loads((self.place / "backup.json").read_text())["entries"], first)
        self.assertFalse(self.place.with_name("backup.new").exists())
        self.assertTrue((self.place / "keys" / "seal.key").exists())
        self.assertEqual(self.place.stat().st_mode & 0o777, 0o700)

    def test_a_place_that_is_taken(self):
        self.place.mkdir()
        (self.place / "thesis.txt").write_text("ten years of work")
        self.backup(status=73)
        self.assertTrue((self.place / "thesis.txt").exists())

    def test_keys_come_back_where_they_are_missing(self):
        self.backup("--with-keys")
        self.stopped()
        shutil.move(self.daemon.keys, self.daemon.directory / "lost-keys")
        self.restore("--replace")
        self.daemon.start()
        self.filled()
        self.assertIn("intact", self.daemon.temoin("verify", "--log").stdout)

    def test_a_backup_that_was_altered(self):
        self.filled()
        self.backup()
        self.stopped()
        with open(self.place / "log.db", "r+b") as out:
            out.seek(5000)
            out.write(b"x")
        self.restore("--replace", status=65)
        listed = json.loads((self.place / "backup.json").read_text())
        for name in ("../../etc/cron.d/x", "volumes/../../x", "/etc/passwd", "seal/x", "bodies/.."):
            listed["files"][0]["name"] = name
            (self.place / "backup.json").write_text(json.dumps(listed))
            with self.subTest(name):
                self.restore("--replace", status=65)
        (self.place / "backup.json").write_text("{")
        self.restore("--replace", status=65)
        (self.place / "backup.json").unlink()
        self.restore("--replace", status=66)
        self.daemon.temoin("verify", "--log")
