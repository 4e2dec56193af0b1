"""The reader: what messages say reaches facts.db and `show`; deaths of the reader; reread; erasure.

    TEMOIN_BUILD=/path/to/build python3 -m lib.runner daemon/test_reader.py     (in tests/)
"""

import base64
import json
import os
import pathlib
import pwd
import signal
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import mails, wait  # noqa: E402
from lib.case import BOUNDED, HAS_BOUNDS, DaemonCase  # noqa: E402


def with_attachment(answer, name, declared, octets):
    """The answer with an attachment behind its text."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = [
        line
        for line in head.split(b"\r\n")
        if not line.lower().startswith((b"content-type", b"content-transfer"))
    ]
    coded = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    return (
        b"\r\n".join(lines)
        + b'\r\nContent-Type: multipart/mixed; boundary="a"\r\n\r\n'
        + b"--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + body
        + b"\r\n--a\r\nContent-Type: "
        + declared.encode()
        + b'\r\nContent-Disposition: attachment; filename="'
        + name.encode()
        + b'"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + coded
        + b"\r\n--a--\r\n"
    )


class ReaderCase(DaemonCase):
    def facts(self):
        """All rows of facts.db that were read, by entry; unread ones are their reason."""
        path = self.daemon.store / "facts.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT seq, state, facts, reason FROM fact WHERE state > 0")
            return {seq: json.loads(f) if state == 1 else why for seq, state, f, why in rows}

    def figures(self):
        return self.daemon.json("stats")["facts"]

    def until_read(self):
        wait.until(lambda: self.figures()["waiting"] == 0, 20, "all is read")

    def entries(self, invoice):
        return {e["n"]: e for e in self.daemon.show(invoice)["entries"]}

    def answer(self, sent, **keywords):
        outcome = self.arrive(mails.reply(sent, **keywords))
        self.assertEqual(outcome.code, 2, outcome)


class Reading(ReaderCase):
    def test_a_reply_is_read_and_shown(self):
        invoice, sent, _ = self.remind()
        answer = mails.reply(sent, body="Bonjour,\n\nnous payons lundi.\n")
        self.arrive(with_attachment(answer, "devis.pdf", "application/pdf", b"MZ" + bytes(300)))
        self.until_read()
        entry = self.entries(invoice)[2]
        self.assertEqual(entry["reading"]["state"], "read")
        facts = entry["reading"]["facts"]
        self.assertEqual(facts["kind"], "reply")
        self.assertIn("nous payons lundi.", facts["reply_text"])
        self.assertEqual(facts["attachments"][0]["name"], "devis.pdf")
        self.assertEqual(facts["attachments"][0]["actual"], "application/x-dosexec")
        text = self.daemon.temoin("show", invoice).stdout
        self.assertIn("wrote    Bonjour,", text)
        self.assertRegex(text, r"attached devis\.pdf, application/pdf \(content: application/x-do")
        self.assertIn('WARNING  "devis.pdf" is said to be application/pdf, but', text)

    def test_what_came_back_is_never_called_delivered(self):
        invoice, sent, _ = self.remind()
        self.assertEqual(self.arrive(mails.bounce(sent, mails.JEANNE), sender="<>").code, 2)
        self.until_read()
        entries = self.entries(invoice)
        self.assertEqual(entries[2]["reading"]["facts"]["kind"], "dsn")
        (back,) = entries[1]["returned"]
        self.assertEqual((back["n"], back["action"], back["status"]), (2, "failed", "5.1.1"))
        text = self.daemon.temoin("show", invoice).stdout
        mark = "RETURNED paul@debtor.example: not delivered, 5.1.1 (no such mailbox) (report: "
        self.assertIn(mark, text)
        self.assertLess(text.index(mark), text.index("←"))
        self.assertNotIn("delivered, says this report", text)

    def receipt(self, mode):
        """The dossier's entries and text after a receipt: deleted, in this mode."""
        invoice, sent, _ = self.remind()
        receipt = mails.read_receipt(sent, disposition="deleted")
        receipt = receipt.replace(b"manual-action/MDN-sent-manually", mode.encode())
        self.assertEqual(self.arrive(receipt, sender="<>").code, 2)
        self.until_read()
        return self.entries(invoice), self.daemon.temoin("show", invoice).stdout

    def test_what_a_program_did_away_with_is_marked_at_the_reminder(self):
        entries, text = self.receipt("automatic-action/MDN-sent-automatically")
        (back,) = entries[1]["returned"]
        self.assertEqual((back["n"], back["action"]), (2, "deleted"))
        self.assertEqual(back["final"], mails.PAUL)
        words = f"{mails.PAUL}: deleted or refused automatically at the recipient's: not read"
        self.assertIn(f"NOT READ {words} (report: number 2, not authenticated)", text)
        self.assertIn(f"receipt  {words} (automatic-action/", text)
        self.assertNotIn("unknown outcome", text)

    def test_what_a_person_deleted_unread_is_said_at_the_receipt_alone(self):
        entries, text = self.receipt("manual-action/MDN-sent-manually")
        self.assertNotIn("returned", entries[1])
        words = f"{mails.PAUL}: deleted without being displayed, says the recipient's software"
        self.assertIn(f"receipt  {words}: not read (manual-action/", text)

    def test_an_evidence_file_is_read_anew(self):
        invoice, sent, _ = self.remind()
        self.arrive(mails.bounce(sent, mails.JEANNE), sender="<>")
        self.until_read()
        # What facts.db says does not matter to it.
        with sqlite3.connect(self.daemon.store / "facts.db") as db:
            db.execute("UPDATE fact SET facts = '{\"kind\": \"reply\", \"reply_text\": \"payé\"}'")
        members = self.daemon.evidence(invoice)
        entries = json.loads(members["index.json"])["timeline"]["entries"]
        self.assertEqual(entries[1]["reading"]["facts"]["kind"], "dsn")
        self.assertEqual(entries[0]["returned"][0]["status"], "5.1.1")
        page = members["index.html"].decode()
        self.assertIn("REVENU", page)
        self.assertIn("par le programme, dans la Pièce\u00a0n°\u00a02", page)
        self.assertNotIn("reply_text", page)
        self.daemon.temoin("reread", "--all")
        self.assertEqual(self.entries(invoice)[2]["reading"]["facts"]["kind"], "dsn")

    def test_reread_gives_the_same_with_the_daemon_and_without(self):
        for i in range(3):
            _, sent, _ = self.remind()
            self.answer(sent, body=f"Réponse {i}\n")
        self.until_read()
        before = self.facts()
        self.assertGreaterEqual(len(before), 6)
        for stopped in (False, True):
            if stopped:
                self.daemon.terminate()
            for name in ("facts.db", "facts.db-wal", "facts.db-shm"):
                (self.daemon.store / name).unlink(missing_ok=True)
            done = self.daemon.temoin("reread")
            self.assertEqual(done.stdout, f"{len(before)} messages read, 0 could not be read\n")
            self.assertEqual(self.facts(), before)
            first = min(before)
            done = self.daemon.temoin("reread", first, first)
            self.assertEqual(done.stdout, "1 messages read, 0 could not be read\n")
            done = self.daemon.temoin("reread")
            self.assertEqual(done.stdout, "0 messages read, 0 could not be read\n")
            done = self.daemon.temoin("reread", "--all")
            self.assertEqual(done.stdout, f"{len(before)} messages read, 0 could not be read\n")
            self.assertEqual(self.facts(), before)
        done = self.daemon.temoin("reread", 1, status=66)
        self.assertIn("entry 1 has no message", done.stderr)
        self.daemon.start()

    def test_erasure_takes_facts_along(self):
        invoice, sent, _ = self.remind()
        self.answer(sent, body="Un secret 4711\n")
        self.until_read()
        seq = self.entries(invoice)[2]["seq"]
        self.assertIn(seq, self.facts())
        self.daemon.temoin("erase", "--entry", seq, "--ground", "person-request", "--by", "Ana")
        self.assertNotIn(seq, self.facts())
        for name in ("facts.db", "facts.db-wal"):
            self.assertNotIn(b"4711", (self.daemon.store / name).read_bytes(), name)
        self.daemon.temoin("reread", "--all")
        self.assertNotIn(seq, self.facts())


class Rights(ReaderCase):
    def test_the_reader_has_a_user_of_its_own_and_nothing_open(self):
        (pid,) = self.daemon.children("reader")
        file = pathlib.Path(f"/proc/{pid}/status")
        # temoind is ready before its reader is: it prepares what it cannot load later.
        wait.until(lambda: "Seccomp:\t2" in file.read_text(), 20, "the reader's confinement")
        status = file.read_text()
        self.assertIn("NoNewPrivs:\t1", status)
        if self.daemon.accounts:
            uid = pwd.getpwnam(self.daemon.accounts.reader).pw_uid
            self.assertRegex(status, rf"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
            group = pwd.getpwnam(self.daemon.accounts.user).pw_gid
            self.assertNotRegex(status, rf"Groups:.*\b{group}\b")
        opened = {os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
        files = {f for f in opened if f.startswith("/")} - {"/dev/null", str(self.daemon.log_file)}
        self.assertEqual(files, set())

    def test_mail_side_processes_do_not_load_what_only_the_reader_needs(self):
        for kind in ("milter", "scribe", "sealer"):
            (pid,) = self.daemon.children(kind)
            maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
            for library in ("libmagic", "libxml2", "libseccomp"):
                self.assertNotIn(library, maps, kind)


class Deaths(ReaderCase):
    """The reader is killed, or a message ends its process: mail and the next messages go on."""

    build = BOUNDED

    @classmethod
    def configure(cls, daemon):
        daemon.settings["reader_memory"] = "64M"

    def reload(self, **settings):
        """Scribe's word that it has the new configuration is an entry of the log."""
        with sqlite3.connect(self.daemon.store / "log.db", timeout=10) as db:
            count = "SELECT count(*) FROM entry WHERE event = 'configuration'"
            before = db.execute(count).fetchone()
            self.daemon.settings.update(settings)
            self.daemon.write_configuration()
            self.daemon.reload()
            wait.until(lambda: db.execute(count).fetchone() > before, 20, "the entry")

    def test_a_message_that_cannot_be_had_is_unread_and_read_when_it_is_there_again(self):
        (pid,) = self.daemon.signal("reader", signal.SIGSTOP)
        invoice, sent, _ = self.remind()
        before = set((self.daemon.store / "bodies").iterdir())
        self.answer(sent, body="Voici.\n" + ("y" * 76 + "\n") * 5_000)
        (body,) = set((self.daemon.store / "bodies").iterdir()) - before
        self.answer(sent, body="Ensuite.\n")
        self.daemon.stop()
        try:
            away = self.directory / "away"
            body.rename(away)
            body.mkdir()
            done = self.daemon.temoin("reread")
            self.assertIn("2 messages read, 1 could not be read", done.stdout)  # with the reminder
            readings = [e["reading"] for e in self.daemon.show(invoice)["entries"]]
            self.assertEqual([r["state"] for r in readings[1:]], ["unread", "read"])
            self.assertIn("body ends", readings[1]["reason"])
            seq = self.entries(invoice)[2]["seq"]
            self.assertEqual(done.stderr.count(f"entry {seq}: message not read: "), 1)
            body.rmdir()
            away.rename(body)
            self.daemon.temoin("reread", seq)
            self.assertEqual(self.entries(invoice)[2]["reading"]["state"], "read")
        finally:
            self.daemon.start()

    def test_a_reader_that_is_killed_is_started_again(self):
        for number in (signal.SIGKILL, signal.SIGSEGV):
            (old,) = self.daemon.signal("reader", number)
            invoice, sent, _ = self.remind()
            self.answer(sent)
            wait.until(lambda old=old: self.daemon.children("reader") not in ([], [old]), 20, "reader")
            self.until_read()
            self.assertEqual(self.entries(invoice)[2]["reading"]["state"], "read")

    def test_a_stopped_reader_stops_nothing_else(self):
        (pid,) = self.daemon.signal("reader", signal.SIGSTOP)
        invoice, sent, _ = self.remind()
        self.answer(sent)
        self.assertEqual(self.entries(invoice)[2]["reading"]["state"], "waiting")
        self.assertIn("read     not yet", self.daemon.temoin("show", invoice).stdout)
        self.assertGreater(self.figures()["waiting"], 0)
        os.kill(pid, signal.SIGKILL)
        self.until_read()
        self.assertEqual(self.entries(invoice)[2]["reading"]["state"], "read")

    @unittest.skipUnless(HAS_BOUNDS, "TEMOIN_HARDENED names no build: a sanitizer's memory has no bounds")
    def test_a_message_that_ends_it_twice_is_unread_and_the_next_ones_are_read(self):
        invoice, sent, _ = self.remind()
        self.answer(sent, body="x" * 76 + "\n" + ("y" * 76 + "\n") * 620_000)  # 48 MB
        self.answer(sent, body="Ensuite.\n")
        self.until_read()
        entries = self.entries(invoice)
        self.assertEqual(entries[2]["reading"]["state"], "unread")
        self.assertIn("64 MB", entries[2]["reading"]["reason"])
        self.assertEqual(entries[3]["reading"]["facts"]["reply_text"], "Ensuite.")
        self.assertIn("unread   this message could not be", self.daemon.temoin("show", invoice).stdout)
        seq = entries[2]["seq"]
        line = f"entry {seq}: message not read: "
        self.assertEqual(self.daemon.log().count(line), 1)
        figures = self.figures()
        self.assertEqual(figures["unread"], 1)
        self.assertEqual(len(self.daemon.children("reader")), 1)
        # It is tried again when somebody asks for it, and then with more memory.
        self.daemon.temoin("reread")
        self.assertEqual(self.daemon.log().count(line), 2)
        readers = self.daemon.children("reader")
        self.reload(reader_memory="512M")
        self.addCleanup(self.reload, reader_memory="64M")
        self.daemon.temoin("reread")
        self.assertEqual(self.daemon.children("reader"), readers)
        self.assertEqual(self.entries(invoice)[2]["reading"]["state"], "read")
