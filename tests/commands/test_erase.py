"""temoin erase, hold and retention, with the daemon running and stopped."""

import json
import sqlite3

from lib import mails
from lib.case import DaemonCase

BY = ("--ground", "person-request", "--by", "Jeanne")


class EraseCase(DaemonCase):
    def holds(self, *texts):
        """Which of these octets stand in any file of the store."""
        found = set()
        for path in self.daemon.store.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found |= {text for text in texts if text in data}
        return found

    def verified(self):
        return self.daemon.temoin("verify", "--log").stdout

    def filled(self):
        """An invoice with a reminder and its answer; their envelopes are private."""
        invoice, raw, _ = self.remind()
        self.arrive(mails.reply(raw))
        self.daemon.temoin("note", invoice, f"words about {invoice} that are to go")
        return invoice


class Erase(EraseCase):
    def test_dossier(self):
        invoice = self.filled()
        words = f"words about {invoice} that are to go".encode()
        self.assertEqual(self.holds(words), {words})
        done = self.daemon.temoin("erase", invoice, *BY)
        self.assertIn("3 entries erased", done.stdout)
        self.assertEqual(self.holds(words), set())
        self.assertIn("intact", self.verified())
        entries = self.daemon.entries(invoice)
        self.assertEqual([e["event"] for e in entries], ["prepared", "reply", "note", "erasure"])
        self.assertEqual([e["erased"] for e in entries], [True, True, True, False])
        for entry in entries[:3]:
            self.assertEqual(entry["erasure"]["ground"], "person-request")
            self.assertEqual(entry["erasure"]["seq"], entries[3]["seq"])
        shown = self.daemon.temoin("show", invoice).stdout
        self.assertRegex(shown, r"ERASED   on \d{4}-\d\d-\d\d .*request of the person concerned")

    def test_evidence_of_what_is_left(self):
        invoice = self.filled()
        self.daemon.temoin("erase", invoice, *BY)
        members = self.daemon.evidence(invoice)
        names = [n for n in members if n.startswith("entries/")]
        for kept in ("001.json", "001.json.p7s", "004.json", "004.private.json"):
            self.assertIn(f"entries/{kept}", names)
        for gone in ("001.eml", "001.private.json", "002.eml", "003.private.json"):
            self.assertNotIn(f"entries/{gone}", names)
        erasure = json.loads(members["entries/004.private.json"])
        seqs = [json.loads(members[f"entries/00{n}.json"])["seq"] for n in (1, 2, 3)]
        self.assertEqual(erasure["erased"], seqs)
        self.assertEqual((erasure["ground"], erasure["by"]), ("person-request", "Jeanne"))
        page = members["index.html"].decode().replace("\u00a0", " ")
        self.assertIn("<bdi>pièces n° 1, 2, 3 ; motif : demande de la personne concernée "
                      "(RGPD, art. 17)</bdi>", page)  # fmt: skip
        self.assertRegex(page, r"<dt>Saisi par</dt><dd><bdi>Jeanne \(compte [^<]+\)</bdi>")

    def test_one_entry_and_what_is_shared(self):
        first, second = self.invoice(), self.invoice()
        raw = mails.reminder(f"{first} {second}")
        self.assert_stamped(self.submit(raw))
        self.daemon.temoin("note", first, "of one dossier only")
        kept = self.daemon.temoin("erase", first, *BY).stdout
        self.assertRegex(kept, r"entry \d+ \(prepared\) is kept: it is in the dossiers of")
        self.assertIn("1 entry erased", kept)
        seq = self.daemon.entries(first)[0]["seq"]
        self.daemon.temoin("erase", "--entry", seq, *BY)
        for invoice in (first, second):
            entries = self.daemon.entries(invoice)
            self.assertTrue(entries[0]["erased"])
            self.assertEqual(entries[-1]["event"], "erasure")
        self.daemon.temoin("erase", "--entry", seq, *BY, status=65)
        self.assertIn("intact", self.verified())

    def test_hold(self):
        invoice = self.filled()
        self.daemon.temoin("hold", invoice)
        self.daemon.temoin("hold", invoice, status=65)
        done = self.daemon.temoin("erase", invoice, *BY, status=65)
        self.assertIn("on hold since entry", done.stderr)
        seq = self.daemon.entries(invoice)[0]["seq"]
        self.daemon.temoin("erase", "--entry", seq, *BY, status=65)
        self.assertFalse(self.daemon.entries(invoice)[0]["erased"])
        self.daemon.temoin("hold", invoice, "--release")
        self.daemon.temoin("hold", invoice, "--release", status=65)
        self.daemon.temoin("erase", invoice, *BY)
        self.assertIn("intact", self.verified())

    def test_what_is_refused(self):
        invoice = self.filled()
        for arguments in (
            (invoice, "--by", "Jeanne"),
            (invoice, "--ground", "whim", "--by", "Jeanne"),
            (invoice, "--ground", "mistake"),
            (invoice, "--ground", "mistake", "--by", " "),
            (invoice, "--ground", "mistake", "--by", "Jeanne", "--confirm-by", " JEANNE"),
            ("--entry", "0", *BY),
            ("--entry", "x", *BY),
            (invoice, "--entry", "3", *BY),
            (*BY,),
        ):
            with self.subTest(arguments):
                self.daemon.temoin("erase", *arguments, status=64)
        self.daemon.temoin("erase", "never-heard-of", *BY, status=66)
        self.daemon.temoin("erase", "--entry", 999999, *BY, status=66)
        self.daemon.temoin("erase", "--entry", 1, *BY, status=65)
        self.assertFalse(any(e["erased"] for e in self.daemon.entries(invoice)))

    def test_with_the_daemon_stopped(self):
        invoice = self.filled()
        words = f"words about {invoice} that are to go".encode()
        self.daemon.stop()
        try:
            self.daemon.temoin("erase", invoice, *BY)
            self.assertEqual(self.holds(words), set())
        finally:
            self.daemon.start()
        self.assertTrue(self.daemon.entries(invoice)[0]["erased"])
        self.assertIn("intact", self.verified())


class Thief(EraseCase):
    def test_taken_away_without_an_erasure(self):
        """By who knows the tables: the private part alone, with a row that blames an entry, and
        an erasure undone."""
        daemon = self.daemon
        daemon.stop()
        self.addCleanup(daemon.start)
        daemon.temoin("note", "F-2026-100", "one")
        daemon.temoin("note", "F-2026-100", "two")

        def change(*statements):
            with sqlite3.connect(daemon.store / "log.db") as log:
                for statement in statements:
                    log.execute(statement)

        def findings():
            done = daemon.temoin("verify", "--log", status=1)
            return done.stdout

        ((one,), (two,)) = sqlite3.connect(daemon.store / "log.db").execute(
            "SELECT seq FROM entry WHERE event = 'note' ORDER BY seq")  # fmt: skip
        daemon.temoin("evidence", "F-2026-100", "-o", daemon.directory / "all.zip")
        ((saved,),) = sqlite3.connect(daemon.store / "log.db").execute(
            f"SELECT private FROM entry WHERE seq = {one}")  # fmt: skip
        change(f"UPDATE entry SET private = NULL WHERE seq = {one}")
        self.assertRegex(findings(), rf"(?m)^entry {one}: private part missing")
        change(f"INSERT INTO erased VALUES ({one}, {two})")
        self.assertRegex(findings(), rf"(?m)^entry {one}: private part missing \(no erasure")
        with sqlite3.connect(daemon.store / "log.db") as log:
            log.execute("UPDATE entry SET private = ? WHERE seq = ?", (saved, one))
            log.execute("DELETE FROM erased")
        daemon.temoin("erase", "--entry", one, *BY)
        daemon.temoin("evidence", "F-2026-100", "-o", daemon.directory / "left.zip")
        daemon.temoin("verify", "--log")
        change(f"DELETE FROM erased WHERE seq = {one}")
        self.assertRegex(findings(), r"what it erased is not what it says")
        self.assertRegex(findings(), rf"(?m)^entry {one}: private part missing")


class SecondPerson(EraseCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["erase_needs_second"] = True

    def test_is_needed(self):
        invoice = self.filled()
        done = self.daemon.temoin("erase", invoice, *BY, status=64)
        self.assertIn("second person", done.stderr)
        self.daemon.temoin("retention", "--apply", status=64)
        self.daemon.temoin("erase", invoice, *BY, "--confirm-by", "Marc")
        members = self.daemon.evidence(invoice)
        erasure = json.loads(members["entries/004.private.json"])
        self.assertEqual((erasure["by"], erasure["confirmed_by"]), ("Jeanne", "Marc"))


class Retention(EraseCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["retention_years"] = 1
        daemon.settings["accounting_retention_years"] = 2

    def plan(self):
        return {c["invoice"]: c for c in self.daemon.json("retention", "--all")["dossiers"]}

    def pay(self, invoice, date):
        self.daemon.import_csv(
            "pay.csv", f"invoice,reference,amount,currency,date\n{invoice},R-{invoice},1200.00,EUR,{date}\n"
        )  # fmt: skip

    def test_what_runs_and_what_does_not(self):
        opened, paid, held = self.invoice(), self.invoice(), self.invoice()
        for invoice in (opened, paid, held):
            self.daemon.temoin("note", invoice, "something")
        self.pay(paid, "2020-03-01")
        self.pay(held, "2020-03-01")
        self.daemon.temoin("hold", held)
        plan = self.plan()
        self.assertEqual(plan[opened]["state"], "open")
        self.assertEqual((plan[paid]["state"], plan[paid]["settled"]), ("settled", "2020-03-01"))
        self.assertEqual(plan[held]["state"], "on hold")
        # entries are younger than the settlement: their own time counts
        for invoice in (opened, paid, held):
            self.assertEqual(plan[invoice]["expired"], 0)
        self.assertRegex(plan[paid]["next"], r"^20\d\d-")
        done = self.daemon.temoin("retention")
        self.assertIn("0 entries have expired", done.stdout)
