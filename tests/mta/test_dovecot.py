"""Dovecot as delivery agent, with what its users' Sieve scripts make of a reminder: vacation
notices, rejections, redirects; a full mailbox; nobody of that name. And our own accountant's."""

import json

from lib import mails, wait
from lib.dovecot import Dovecot
from lib.mails import JEANNE, PAUL
from lib.worldcase import WorldCase

AWAY, REFUSING, MOVED = "away@debtor.example", "refusing@debtor.example", "moved@debtor.example"
FULL, GONE, LISE = "full@debtor.example", "gone@debtor.example", "lise@other.example"
REASON = "Nous ne traitons pas de relances par courriel."
NOTICE = """\
Bonjour,
je suis en congé jusqu'au 15 décembre 2026.
En cas d'urgence : compta@debtor.example"""


def vacation(text):
    return f'''require "vacation";
vacation :days 1 :subject "Absence du bureau" text:
{text}
.
;'''


SCRIPTS = {
    AWAY: vacation(NOTICE),
    REFUSING: f'require "reject"; reject "{REASON}";',
    MOVED: f'redirect "{LISE}";',
    FULL: "keep;",
}


class DovecotCase(WorldCase):
    @classmethod
    def make_world(cls):
        world = super().make_world()
        cls.dovecot = cls.make_dovecot(world)
        return world

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log_files.append(cls.dovecot.log)
        cls.addClassCleanup(cls.dovecot.stop)
        cls.dovecot.start()

    def read(self, raw):
        return json.loads(self.daemon.temoin("read", stdin=raw).stdout)


class OfTheDebtor(DovecotCase):
    @classmethod
    def make_dovecot(cls, world):
        dovecot = Dovecot(cls.directory / "dovecot", world.debtor)
        for address, script in SCRIPTS.items():
            dovecot.mailbox(address, script, quota="1B" if address == FULL else None)
        dovecot.hand_over(GONE)
        return dovecot

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        contacts = "".join(f"HOUSE,{address},\n" for address in (*SCRIPTS, GONE))
        cls.daemon.import_csv("boxes.csv", "debtor,address,name\n" + contacts)

    def reminded(self, address, event):
        """Remind it; (invoice, the entry of what came back once it was read, that as archived)."""
        invoice = self.invoice("HOUSE")
        self.submit(mails.reminder(invoice, to=address), [address])
        self.until_events(invoice, ["prepared", event])
        entry = wait.until(lambda: self.entry_read(invoice), 30, "the reader")
        self.assertEqual((entry["match"], entry["direction"]), ("strong", "inbound"))
        self.assertFalse(self.daemon.paused(invoice))
        return invoice, entry, self.daemon.archived(invoice)[1]

    def entry_read(self, invoice):
        entry = self.daemon.entries(invoice)[1]
        return entry if entry.get("reading") else None

    def reported(self, address, status, words):
        """Postfix's own bounce, with what Dovecot told it."""
        invoice, _, raw = self.reminded(address, "failed")
        facts = self.read(raw)
        self.assertEqual(facts["kind"], "dsn")
        (recipient,) = facts["recipients"]
        self.assertEqual(
            (recipient["final"], recipient["action"], recipient["status"]),
            (address, "failed", status),
        )
        self.assertIn(words, recipient["diagnostic"])
        self.assertIn(words, self.daemon.temoin("show", invoice).stdout)

    def test_vacation(self):
        invoice, entry, raw = self.reminded(AWAY, "auto-reply")
        self.assertEqual(entry["message"]["subject"], "Absence du bureau")
        facts = self.read(raw)
        self.assertEqual((facts["kind"], facts["reply_text"]), ("auto-reply", NOTICE))
        self.assertEqual({t["where"] for t in facts["tokens"]}, {"recipient", "references"})
        self.assertTrue(all(t["valid"] for t in facts["tokens"]))
        # the reminder is in the mailbox; one sender is told once a day, and each reminder has a
        # sender of its own
        self.debtor.arrived(AWAY, invoice)
        self.reminded(AWAY, "auto-reply")

    def test_reject_means_refused_and_not_read(self):
        invoice, _, raw = self.reminded(REFUSING, "mdn")
        facts = self.read(raw)
        self.assertEqual(facts["kind"], "mdn")
        self.assertEqual(
            facts["disposition"],
            {"type": "deleted", "mode": "automatic-action/MDN-sent-automatically"},
        )
        self.assertEqual([r["final"] for r in facts["recipients"]], [REFUSING])
        reminder = self.daemon.archived(invoice)[0]
        self.assertEqual(facts["original"]["message_id"], mails.field(reminder, "Message-ID"))
        shown = self.daemon.temoin("show", invoice).stdout
        self.assertNotIn("displayed", shown)
        # at the reminder, and at the receipt
        words = f"{REFUSING}: deleted or refused automatically at the recipient's: not read"
        self.assertIn(f"NOT READ {words} (report: number 2, not authenticated)", shown)
        self.assertIn(
            f"receipt  {words} (automatic-action/MDN-sent-automatically; deleted)", shown
        )
        (returned,) = self.daemon.entries(invoice)[0]["returned"]
        self.assertEqual((returned["final"], returned["action"]), (REFUSING, "deleted"))
        self.assertEqual(self.debtor.raw_messages(REFUSING), [])

    def test_full_mailbox(self):
        self.reported(FULL, "5.2.2", "Quota exceeded (mailbox for user is full)")

    def test_nobody_of_that_name(self):
        self.reported(GONE, "5.1.1", "User doesn't exist: gone@debtor.example")

    def test_redirect(self):
        """Another's mailbox, and an answer from there."""
        invoice = self.invoice("HOUSE")
        raw = mails.reminder(invoice, to=MOVED)
        self.submit(raw, [MOVED])
        copy = self.debtor.arrived(LISE, mails.field(raw, "Message-ID"))
        token = mails.field(copy, "Temoin-Token")
        self.assertRegex(token, "^[a-z2-7]{26}$")
        answer = mails.reply(copy, MOVED)
        delivered = self.from_debtor(answer, mails.field(copy, "Reply-To"), MOVED)
        self.assertEqual(
            mails.field(delivered, "Temoin-Dossier"), f"{invoice}; kind=reply; match=strong"
        )
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
        self.assertTrue(self.daemon.paused(invoice))


class OfTheAccountant(DovecotCase):
    """Her own notices go where notices go: to the debtor, and into no dossier."""

    @classmethod
    def make_dovecot(cls, world):
        milters = {"smtpd_milters": world.milter_of("mx")}
        dovecot = Dovecot(cls.directory / "dovecot", world.creditor, milters)
        dovecot.mailbox(JEANNE, vacation("Je suis en congé."))
        return dovecot

    def test_vacation(self):
        invoice, copy = self.remind()
        notice = mails.vacation(copy, PAUL, JEANNE)
        self.from_debtor(notice, self.return_path(invoice), "")
        self.until_events(invoice, ["prepared", "auto-reply"])
        self.assertFalse(self.daemon.paused(invoice))
        answer = mails.reply(copy, PAUL)
        self.from_debtor(answer, self.return_path(invoice))
        hers = self.debtor.arrived(PAUL, f"In-Reply-To: {mails.field(answer, 'Message-ID')}")
        self.assertEqual(mails.field(hers, "Auto-Submitted"), "auto-replied (vacation)")
        self.assertIsNone(mails.field(hers, "Temoin-Token"))
        self.assertIsNone(mails.field(hers, "Temoin-Dossier"))
        self.creditor.settle()
        self.assertEqual(self.daemon.events(invoice), ["prepared", "auto-reply", "reply"])
        self.assertEqual(len(self.daemon.archived(invoice)), 3)
