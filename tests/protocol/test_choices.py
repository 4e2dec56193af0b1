"""What the configuration lets a company choose: an open register, guards that warn, exclusions."""

import json

from lib import mails
from lib.case import DaemonCase

STRANGE = "F-2031-777"  # in no register


def private_parts(daemon, invoice):
    members = daemon.evidence(invoice)
    return [json.loads(members[n]) for n in sorted(members) if n.endswith(".private.json")]


class OpenRegister(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["register"] = "open"

    def test_an_unknown_number_opens_a_dossier(self):
        outcome = self.submit(mails.reminder(STRANGE))
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(STRANGE), ["prepared"])
        answer = mails.reply(outcome.state.render())
        self.assert_dossier(self.arrive(answer), STRANGE, "reply", "strong")
        self.assertTrue(self.daemon.paused(STRANGE))

    def test_what_is_no_number_opens_none(self):
        self.assert_untouched(self.submit(mails.reminder(subject="Facture en retard")))


class Guards(DaemonCase):
    action = "warn"

    @classmethod
    def configure(cls, daemon):
        daemon.guards.update(paid=cls.action, recipient=cls.action)

    def sent_all_the_same(self, invoice, guard, **keywords):
        queue_id = self.queue_id()
        raw = mails.reminder(invoice, to=", ".join(keywords.get("recipients", [mails.PAUL])))
        self.assert_stamped(self.submit(raw, queue_id=queue_id, **keywords))
        line = self.daemon.logged(f"{queue_id}: ", invoice)
        (part,) = [p for p in private_parts(self.daemon, invoice) if "envelope" in p]
        said = part.get("overridden", [])
        if self.action == "warn":
            self.assertEqual([word.partition(":")[0] for word in said], [guard])
            self.assertIn(guard, line)
        else:
            self.assertEqual(said, [])
            self.assertNotIn(guard, line)

    def test_paid(self):
        invoice = self.invoice()
        self.daemon.import_csv(
            f"pay-{invoice}.csv",
            f"invoice,reference,amount,currency,date\n{invoice},V1,1200.00,EUR,2026-11-02\n",
        )
        self.sent_all_the_same(invoice, "guard paid")

    def test_foreign_recipient(self):
        self.sent_all_the_same(
            self.invoice(), "guard recipient", recipients=[mails.PAUL, "spy@rival.example"]
        )


class GuardsOff(Guards):
    action = "off"


class Exclusions(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["never_archive"] = ["maitre@avocat.example", "@barreau.example"]

    def reason(self, deliver, raw, **keywords):
        """Nothing is kept; the log says why and no more."""
        before, queue_id = self.daemon.last_seq(), self.queue_id()
        self.assert_untouched(deliver(raw, queue_id=queue_id, **keywords))
        self.assertEqual(self.daemon.last_seq(), before)
        line = self.daemon.logged(f"{queue_id}: ")
        said = line.partition("reason=")[2]
        self.assertTrue(said.startswith("excluded: "), line)
        self.assertNotIn("@", said)
        self.assertNotIn("F-2026", said)
        return said

    def test_outbound(self):
        invoice = self.invoice()
        for expected, raw, recipients in (
            ("personal", mails.reminder(invoice, subject=f"Personnel : {invoice}"), [mails.PAUL]),
            ("never archived", mails.reminder(invoice), ["maitre@avocat.example"]),
            ("never archived", mails.reminder(invoice), [mails.PAUL, "x@barreau.example"]),
            ("internal", mails.reminder(invoice), ["boss@creditor.example"]),
        ):
            with self.subTest(expected):
                said = self.reason(self.submit, raw, recipients=recipients)
                self.assertIn(expected, said)

    def test_inbound(self):
        invoice, raw, _ = self.remind()
        private = mails.reply(raw, subject="Privé : pour vous seule")
        self.assertIn("personal", self.reason(self.arrive, private))
        lawyers = mails.reply(raw, "maitre@avocat.example")
        self.assertIn(
            "never archived", self.reason(self.arrive, lawyers, sender="maitre@avocat.example")
        )
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertFalse(self.daemon.paused(invoice))
