"""What an entry holds, when it is signed, and where its message is after a day."""

import json
import signal
import sqlite3
import time

from lib import mails, wait
from lib.case import DaemonCase


class Records(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.accountants["jeanne"]["plus_address"] = True

    def parts(self, invoice):
        """(public, private) of each entry of a dossier but its export."""
        members = self.daemon.evidence(invoice)
        stems = sorted(n.removesuffix(".private.json") for n in members if "private" in n)
        both = [
            tuple(json.loads(members[stem + end]) for end in (".json", ".private.json"))
            for stem in stems
        ]
        return [(public, private) for public, private in both if public["event"] != "export"]

    def test_fields_of_the_record(self):
        """EVIDENCE 2, of a reminder and of its answer."""
        invoice, raw, sent = self.remind()
        token = mails.field(raw, "Temoin-Token")
        tagged = f"jeanne+g{token}@creditor.example"
        answer = mails.reply(raw)
        self.arrive(answer, recipients=[tagged])
        (out, own), (back, theirs) = self.parts(invoice)
        common = {"v", "log", "seq", "event", "time", "direction", "dossiers", "private", "message",
                  "size", "actor", "software", "algorithms", "key"}  # fmt: skip
        self.assertEqual(set(out), common | {"level"})
        self.assertEqual(set(back), common)
        self.assertEqual((out["event"], out["direction"], out["level"]), ("prepared", "outbound",
                                                                        "prepared"))  # fmt: skip
        self.assertEqual((back["event"], back["direction"]), ("reply", "inbound"))
        self.assertEqual((out["size"], back["size"]), (len(raw), len(answer)))
        self.assertEqual(set(out["software"]), {"name", "version", "sha256"})
        self.assertEqual(set(out["actor"]), {"process", "uid", "login"})
        self.assertNotIn("jeanne", json.dumps(out), "a pseudonym")
        self.assertEqual(out["dossiers"][0].keys(), {"id", "n"})
        self.assertEqual(back["dossiers"][0].keys(), {"id", "n", "prev"})

        self.assertLessEqual(
            {"nonce", "invoice", "sha256", "envelope", "peer", "ids", "edits"}, set(own)
        )
        self.assertEqual(set(own["envelope"]), {"from", "to", "envid", "queue_id", "auth"})
        self.assertEqual(own["envelope"]["envid"], token)
        self.assertEqual(own["envelope"]["auth"], "jeanne")
        self.assertEqual(set(own["peer"]), {"ip", "helo", "tls"})
        self.assertEqual(len(own["edits"]), len(sent.edits))
        self.assertLessEqual(
            {"nonce", "invoice", "sha256", "envelope", "peer", "ids", "match"}, set(theirs)
        )
        self.assertEqual(set(theirs["match"]), {"how", "strength"})
        self.assertEqual(theirs["ids"]["in_reply_to"], [mails.field(raw, "Message-ID")])
        self.assertEqual(theirs["envelope"]["to"], [tagged])

    def test_stored_form(self):
        """Sorted, compact, integers only; the same octets in the evidence file."""
        invoice, _, _ = self.remind()
        members = self.daemon.evidence(invoice)
        texts = [members[name] for name in members if name.startswith("entries/")
                 and name.endswith(".json")]  # fmt: skip
        self.assertEqual(len(texts), 4)  # the reminder, and the export
        for text in texts:
            value = json.loads(text, parse_float=lambda digits: self.fail(digits))
            again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self.assertEqual(text.decode(), again)


class Sealing(DaemonCase):
    def counts(self):
        """(entries, signatures), read beside the daemon."""
        found = []
        for file, table in (("log.db", "entry"), ("seal/seal.db", "signature")):
            with sqlite3.connect(f"file:{self.daemon.store}/{file}?mode=ro", uri=True) as db:
                found.append(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        return tuple(found)

    def signed(self):
        entries, signatures = self.counts()
        return entries == signatures

    def test_signed_within_a_second(self):
        wait.until(self.signed, 10, "signatures", every=0.2)
        took = []
        for _ in range(5):
            self.remind()
            begun = time.monotonic()
            wait.until(self.signed, 10, "the signature")
            took.append(time.monotonic() - begun)
        self.assertLess(sorted(took)[3], 1.0, "one of five may meet a busy machine")

    def test_signed_after_a_crash(self):
        """What was committed while there was no sealer, or a stopped one."""
        (old,) = self.daemon.signal("sealer", signal.SIGSTOP)
        entries, signatures = self.counts()
        for _ in range(3):
            self.remind()
        self.assertEqual(self.counts(), (entries + 3, signatures), "mail waits for no signature")
        self.daemon.signal("sealer", signal.SIGKILL)
        wait.until(self.signed, 20, "a log that is signed to its end", every=0.1)
        self.assertNotEqual(self.daemon.children("sealer"), [old])
        self.daemon.temoin("verify", "--log")


class Volumes(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["spill_size"] = "64k"

    def log(self, sql):
        with sqlite3.connect(f"{self.daemon.store}/log.db") as db:
            return db.execute(sql).fetchall()

    def test_messages_of_past_days_move_and_stay_good(self):
        invoice, raw, _ = self.remind()
        large, large_raw, _ = self.remind(body=("x" * 70 + "\n") * 5000)
        answer = mails.reply(raw)
        self.arrive(answer)
        self.daemon.stop()
        self.log("UPDATE message SET time = time - 3 * 86400")
        self.daemon.start()
        wait.until(
            lambda: self.log("SELECT count(*) FROM message WHERE volume = 0") == [(0,)], 20,
            "messages in a volume", every=0.1,
        )  # fmt: skip
        self.assertEqual(self.log("SELECT count(*) FROM message WHERE packed IS NOT NULL"), [(0,)])
        self.assertTrue(list((self.daemon.store / "volumes").glob("20??-??.db")))
        wait.until(
            lambda: not list((self.daemon.store / "bodies").iterdir()), 10, "the body's file's end"
        )
        self.assertEqual(self.daemon.archived(invoice), [raw, answer])
        self.assertEqual(self.daemon.archived(large), [large_raw])
        self.daemon.temoin("verify", "--log")
        today, today_raw, _ = self.remind()
        self.assertEqual(self.daemon.archived(today), [today_raw])
        self.assert_dossier(self.arrive(mails.reply(large_raw)), large, "reply", "strong")
