"""temoin follow on real Postfix: what became of a reminder, as its log tells."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

from lib import mails, wait
from lib.case import BUILD
from lib.mails import JEANNE, PAUL
from lib.world import World
from lib.worldcase import WorldCase

DEFERRED, REFUSED = "later@debtor.example", "never@debtor.example"
BOSS = "boss@creditor.example"


def privates(daemon, event):
    with sqlite3.connect(f"file:{daemon.store}/log.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT private FROM entry WHERE event = ? ORDER BY seq", (event,))
        return [json.loads(private) for (private,) in rows]


class FollowCase(WorldCase):
    @classmethod
    def make_world(cls):
        world = World(cls.directory, BUILD)
        answers = world.directory / "debtor" / "answers"
        world.debtor.settings["smtpd_recipient_restrictions"] = (
            f"check_recipient_access texthash:{answers}, permit_auth_destination, reject"
        )
        answers.parent.mkdir(parents=True)
        answers.write_text(
            f"{DEFERRED} 450 4.2.1 the mailbox is busy\n{REFUSED} 550 5.1.1 nobody of that name\n"
        )
        world.debtor.mailbox(DEFERRED)
        return world

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        contacts = f"debtor,address,name\nACME,{DEFERRED},\nACME,{REFUSED},\n"
        cls.daemon.import_csv("contacts.csv", contacts)

    def follow(self, *argv):
        done = self.daemon.temoin("follow", "--once", "--json", *argv, self.creditor.log)
        return json.loads(done.stdout)

    def events_of(self, invoice):
        """Events of the mail server's log, with what they say."""
        return [e for e in self.daemon.entries(invoice) if "log" in e]

    def until_logged(self, invoice, event, count=1):
        """Wait for so many entries; what is deferred is tried again meanwhile."""

        def look():
            self.creditor.flush()
            self.follow()
            found = [e for e in self.events_of(invoice) if e["event"] == event]
            return found if len(found) >= count else None

        try:
            return wait.until(look, 30, f"{event} of {invoice}", every=0.3)
        except wait.Late as late:
            raise AssertionError(f"{late}\n{self.creditor.log_text()[-4000:]}") from None


class Follow(FollowCase):
    def test_accepted_by_the_debtors_server(self):
        invoice, _ = self.remind()
        (handed,) = self.until_logged(invoice, "handed-over")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "submitted", "handed-over"])
        self.assertEqual(handed["level"], "handed-over")
        self.assertRegex(handed["log"]["smtp_reply"], r"^250 2\.0\.0 Ok: queued as [0-9A-F]+$")
        self.assertEqual(handed["log"]["to"], [PAUL])
        self.assertIn(f"[127.0.0.1]:{self.debtor.ports['mx']}", handed["log"]["remote"])
        self.assertEqual(handed["about"], self.daemon.entries(invoice)[0]["seq"])
        self.assertEqual(self.daemon.entries(invoice)[0]["outcomes"][0]["event"], "handed-over")
        # the debtor's server knows the queue ID that it named
        self.assertIn(handed["log"]["smtp_reply"].split()[-1], self.debtor.log_text())

    def test_the_line_is_kept_with_its_place(self):
        invoice, _ = self.remind()
        self.until_logged(invoice, "handed-over")
        part = [p for p in privates(self.daemon, "handed-over") if invoice in p["invoice"]][0]
        self.assertIn(part["line"], self.creditor.log_text().splitlines())
        status = os.stat(self.creditor.log)
        self.assertEqual(part["source"]["file"], str(self.creditor.log))
        self.assertEqual(part["source"]["inode"], status.st_ino)
        with open(self.creditor.log, "rb") as log:
            log.seek(part["source"]["offset"])
            self.assertEqual(log.readline().decode().rstrip("\n"), part["line"])
        self.assertRegex(part["occurred"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_twice_is_once(self):
        invoice, _ = self.remind()
        self.until_logged(invoice, "handed-over")
        before = self.daemon.events(invoice)
        for state in (self.daemon.store / "follow").iterdir():
            state.unlink()
        self.assertGreater(self.follow()["known"], 0)
        self.assertEqual(self.daemon.events(invoice), before)
        self.daemon.temoin("verify", "--log")

    def test_deferred_then_accepted(self):
        answers = self.world.directory / "debtor" / "answers"
        invoice = self.invoice()
        self.submit(mails.reminder(invoice, to=DEFERRED), [DEFERRED])
        delayed = self.until_logged(invoice, "delayed", 2)
        self.assertEqual(delayed[0]["level"], "prepared")
        self.assertTrue(delayed[0]["log"]["smtp_reply"].startswith("450 4.2.1 <later@"))
        self.assertIn("mail server's log", delayed[0]["words_en"])
        text = answers.read_text()
        try:
            answers.write_text(text.replace("450 4.2.1 the mailbox is busy", "OK"))
            self.debtor.reload()
            (handed,) = self.until_logged(invoice, "handed-over")
        finally:
            answers.write_text(text)
            self.debtor.reload()
        (outcome,) = self.daemon.entries(invoice)[0]["outcomes"]
        self.assertEqual((outcome["to"], outcome["seq"]), (DEFERRED, handed["seq"]))

    def test_refused(self):
        invoice = self.invoice()
        self.submit(mails.reminder(invoice, to=REFUSED), [REFUSED])
        (failed,) = self.until_logged(invoice, "failed")
        self.assertTrue(failed["log"]["smtp_reply"].startswith("550 5.1.1 <never@debtor.example>"))
        self.assertNotIn("in reply to", failed["log"]["smtp_reply"])
        self.assertEqual(failed["level"], "prepared")
        self.assertNotIn("handed-over", self.daemon.events(invoice))

    def test_a_colleague_in_copy_is_no_hand_over(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, extra=[("Cc", BOSS)])
        self.submit(raw, [PAUL, BOSS])
        self.until_logged(invoice, "handed-over")
        (local,) = self.until_logged(invoice, "delivered-locally")
        self.assertEqual(local["log"]["to"], [BOSS])
        self.assertEqual(local["level"], "prepared")

    def test_requeued(self):
        invoice = self.invoice()
        self.submit(mails.reminder(invoice, to=DEFERRED), [DEFERRED])
        self.until_logged(invoice, "delayed")
        before = {e["log"]["line"].split(": ")[1] for e in self.events_of(invoice)}
        self.creditor.command("postsuper", "-c", self.creditor.etc, "-r", "ALL", "deferred")
        self.creditor.flush()

        def another():
            self.follow()
            ids = {e["log"]["line"].split(": ")[1] for e in self.events_of(invoice)}
            return ids - before

        wait.until(another, 30, "delivery under another queue ID")
        self.creditor.command("postsuper", "-c", self.creditor.etc, "-d", "ALL")

    def test_evidence_shows_it(self):
        invoice, _ = self.remind()
        (handed,) = self.until_logged(invoice, "handed-over")
        members = self.daemon.evidence(invoice)
        page = members["index.html"].decode()
        self.assertIn(handed["log"]["smtp_reply"], page)
        self.assertIn("paul@debtor.example\u00a0: remis au serveur distant", page)
        index = json.loads(members["index.json"])
        self.assertIn("handed-over", json.dumps(index))
        self.daemon.temoin("verify", self.daemon.output / f"{invoice}.asice", status=2)

    def test_show_in_words(self):
        invoice, _ = self.remind()
        self.until_logged(invoice, "handed-over")
        text = self.daemon.temoin("show", invoice).stdout
        self.assertIn("outcome  number 3, for paul@debtor.example: handed over", text)
        self.assertIn("reply    250 2.0.0 Ok: queued as", text)
