"""Who wrote: only what our own server found about DKIM makes a reply more than received."""

from lib import mails
from lib.case import DaemonCase

US = "mx.creditor.example"


def found(domain, by=US, result="pass"):
    """The field that our server puts on top."""
    return f"Authentication-Results: {by};\r\n\tdkim={result} header.d={domain}\r\n".encode()


class Attribution(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["authserv_id"] = US

    def answered(self, top, sender=mails.PAUL):
        invoice, raw, _ = self.remind()
        self.arrive(top + mails.reply(raw, sender), sender)
        return self.daemon.entries(invoice)[-1]

    def test_a_signed_reply_of_a_contact_is_acknowledged(self):
        entry = self.answered(found("debtor.example"))
        self.assertEqual(entry["level"], "acknowledged")
        self.assertEqual(entry["attribution"]["to"], "contact")
        self.assertEqual(entry["attribution"]["by"], US)
        self.assertIn("DKIM", entry["words_fr"])

    def test_what_does_not_count(self):
        received = b"Received: from a by b; Sat, 21 Nov 2026 20:00:00 +0000\r\n"
        for top in (
            b"",
            found("debtor.example", by="mx.debtor.example"),
            found("other.example"),
            received + found("debtor.example"),
        ):
            with self.subTest(top=top):
                entry = self.answered(top)
                self.assertEqual(entry["event"], "reply")
                self.assertEqual(entry["level"], "none")
                self.assertEqual(entry["attribution"]["to"], "none")

    def test_failed_authentication_waits_in_review(self):
        invoice, raw, _ = self.remind()
        before = len(self.daemon.entries(invoice))
        self.arrive(found("debtor.example", result="fail") + mails.reply(raw, mails.PAUL), mails.PAUL)
        shown = self.daemon.show(invoice)
        self.assertEqual(len(shown["entries"]), before)
        self.assertNotIn("paused_by", shown)
        waiting = shown["review"][-1]
        self.assertEqual((waiting["event"], waiting["attribution"]["to"]), ("reply", "none"))
        self.assertTrue(waiting["attribution"]["disowned"])

    def test_a_stranger_who_holds_the_token(self):
        entry = self.answered(found("evil.example"), "x@evil.example")
        self.assertEqual((entry["level"], entry["attribution"]["to"]), ("none", "signed"))
