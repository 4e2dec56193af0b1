"""Reminders: which mail is one, what is changed in it, what is archived, what is refused."""

import re

from lib import mails, milter, tokens
from lib.case import DaemonCase


class Outbound(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.accountants["jeanne"]["plus_address"] = True
        daemon.settings["never_archive"] = ["maitre@avocat.example", "@barreau.example"]

    # --- the edits ----------------------------------------------------------------------------
    def test_all_edits_of_a_reminder(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        outcome = self.submit(raw)
        self.assert_stamped(outcome)
        state = outcome.state
        token = state.get("Temoin-Token")[0]
        tagged = f"jeanne+g{token}@creditor.example"
        self.assertEqual(state.sender, tagged)
        self.assertEqual(sorted(state.parameters.split()), [f"ENVID={token}", "RET=HDRS"])
        self.assertIn(tagged, state.get("Reply-To")[0])
        self.assertIn(tagged, state.get("Disposition-Notification-To")[0])
        self.assertEqual(state.get("References"), [f"<{token}@temoin.creditor.example>"])
        for name in ("Subject", "From", "Message-ID", "To"):
            self.assertEqual(state.get(name), [mails.field(raw, name)])
        self.assertEqual(state.body, milter.split_message(raw)[1])
        self.assertEqual(state.recipients, [mails.PAUL])

    def test_token_is_bound_to_key_and_domain(self):
        _, _, outcome = self.remind()
        token = outcome.state.get("Temoin-Token")[0]
        key, secret = tokens.active_key(self.daemon.keys)
        self.assertEqual(
            token, tokens.make(key, secret, tokens.number(token), "creditor.example")
        )

    def test_each_message_has_a_token_of_its_own(self):
        seen = {self.remind()[2].state.get("Temoin-Token")[0] for _ in range(3)}
        self.assertEqual(len(seen), 3)

    def test_without_plus_addresses(self):
        raw = mails.reminder(self.invoice(), sender="marc@creditor.example")
        outcome = self.submit(raw, sender="marc@creditor.example", login="marc")
        self.assert_stamped(outcome)
        token = outcome.state.get("Temoin-Token")[0]
        self.assertEqual(outcome.state.sender, "marc@creditor.example")
        self.assertIn(f"ENVID={token}", outcome.state.parameters)
        self.assertNotIn("+g", " ".join(outcome.state.get("Reply-To")))
        self.assertIn(f"<{token}@temoin.creditor.example>", outcome.state.get("References")[0])

    def test_own_reply_to_is_tagged_a_foreign_one_left(self):
        raw = mails.reminder(self.invoice(), extra=[("Reply-To", "jeanne@creditor.example")])
        outcome = self.submit(raw)
        self.assertRegex(outcome.state.get("Reply-To")[0], r"jeanne\+g[a-z2-7]{26}@creditor")
        self.assertEqual(len(outcome.state.get("Reply-To")), 1)
        raw = mails.reminder(self.invoice(), extra=[("Reply-To", "boss@elsewhere.example")])
        outcome = self.submit(raw)
        self.assert_stamped(outcome)
        self.assertEqual(outcome.state.get("Reply-To"), ["boss@elsewhere.example"])

    def test_existing_references_keep_their_parent_last(self):
        raw = mails.reminder(
            self.invoice(), extra=[("References", "<one@x.example> <two@x.example>")]
        )
        ids = self.submit(raw).state.get("References")[0].split()
        self.assertEqual(ids[-1], "<two@x.example>")
        self.assertEqual(ids[0], "<one@x.example>")
        self.assertEqual(len([i for i in ids if i.endswith("@temoin.creditor.example>")]), 1)

    def test_signed_message_gets_envelope_edits_only(self):
        raw = mails.reminder(
            self.invoice(), extra=[("DKIM-Signature", "v=1; a=rsa-sha256; d=x; s=y; b=z")]
        )
        outcome = self.submit(raw)
        self.assertEqual(outcome.code, 2)
        self.assertRegex(outcome.state.sender, r"^jeanne\+g[a-z2-7]{26}@creditor.example$")
        self.assertEqual([e.kind for e in outcome.edits], ["chgfrom"])

    def test_without_message_id_one_is_added(self):
        invoice = self.invoice()
        raw = re.sub(rb"Message-ID:[^\r]*\r\n", b"", mails.reminder(invoice))
        outcome = self.submit(raw)
        self.assert_stamped(outcome)
        self.assertEqual(len(outcome.state.get("Message-ID")), 1)
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])

    def test_tokens_that_came_along_are_removed(self):
        raw = mails.reminder(self.invoice(), extra=[("Temoin-Token", "a" * 26)])
        outcome = self.submit(raw)
        self.assert_stamped(outcome)
        self.assertEqual(len(outcome.state.get("Temoin-Token")), 1)

    # --- the copy -----------------------------------------------------------------------------
    def test_archived_bytes_are_those_that_left(self):
        invoice, raw, _ = self.remind()
        self.assertEqual(self.daemon.archived(invoice), [raw])
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_copy_of_a_large_message(self):
        """Over spill_size: the body takes the road through a file."""
        invoice = self.invoice()
        body = "".join(f"ligne {i} " + "x" * 60 + "\n" for i in range(20000))
        outcome = self.submit(mails.reminder(invoice, body=body))
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])

    def test_body_chunks_split_anywhere(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, body="une\ndeux\ntrois\n" * 50)
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        outcome = milter.deliver(self.daemon.socket("both"), env, raw, chunk=7)
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])

    # --- which invoice ------------------------------------------------------------------------
    def test_header_names_the_invoice_and_is_removed(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, subject="Petit rappel", extra=[("Temoin-Invoice", invoice)])
        outcome = self.submit(raw)
        self.assert_stamped(outcome)
        self.assertEqual(outcome.state.get("Temoin-Invoice"), [])
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_attachment_names_the_invoice(self):
        invoice = self.invoice()
        body = (
            "--b\nContent-Type: text/plain\n\nci-joint\n"
            f'--b\nContent-Type: application/pdf; name="{invoice}.pdf"\n'
            f'Content-Disposition: attachment; filename="{invoice}.pdf"\n\n%PDF\n--b--\n'
        )
        raw = mails.compose(
            [("From", mails.JEANNE), ("To", mails.PAUL), ("Subject", "Votre facture"),
             ("Message-ID", mails.message_id()), ("MIME-Version", "1.0"),
             ("Content-Type", 'multipart/mixed; boundary="b"')],
            body,
        )  # fmt: skip
        outcome = self.submit(raw)
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_encoded_subject(self):
        invoice = self.invoice()
        import base64

        word = base64.b64encode(f"Échéance {invoice}".encode()).decode()
        outcome = self.submit(mails.reminder(invoice, subject=f"=?utf-8?B?{word}?="))
        self.assert_stamped(outcome)

    def test_two_invoices_of_one_debtor(self):
        one, two = self.invoice(), self.invoice()
        outcome = self.submit(mails.reminder(one, subject=f"Factures {one} et {two}"))
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(one), ["prepared"])
        self.assertEqual(self.daemon.events(two), ["prepared"])

    def test_unknown_invoice_is_untouched(self):
        self.assert_untouched(self.submit(mails.reminder("F-2031-999")))
        self.assertIsNone(self.daemon.show("F-2031-999"))

    def test_mail_without_invoice_is_untouched(self):
        self.assert_untouched(self.submit(mails.reminder(subject="Bonjour", body="Bonjour\n")))

    def test_contact_by_company_domain(self):
        invoice = self.invoice("HOUSE")
        raw = mails.reminder(invoice, to="anyone@house.example")
        self.assert_stamped(self.submit(raw, ["anyone@house.example"]))

    def test_debtor_without_contact_learns_from_its_first_reminder(self):
        first, second = self.invoice("NEW"), self.invoice("NEW")
        self.assert_stamped(
            self.submit(mails.reminder(first, to="new@neuf.example"), ["new@neuf.example"])
        )
        raw = mails.reminder(second, to="else@autre.example")
        outcome = self.submit(raw, ["else@autre.example"])
        self.assertEqual(outcome.edits, [])
        self.assertEqual(self.daemon.events(second), [])
        self.assert_stamped(
            self.submit(mails.reminder(second, to="new@neuf.example"), ["new@neuf.example"])
        )

    # --- guards -------------------------------------------------------------------------------
    def test_paid_invoice_is_refused(self):
        invoice = self.invoice()
        self.daemon.import_csv(
            f"pay-{invoice}.csv",
            f"invoice,reference,amount,currency,date\n{invoice},V1,1200.00,EUR,2026-11-02\n",
        )
        outcome = self.submit(mails.reminder(invoice))
        self.assertEqual(outcome.code, 5)
        self.assertTrue(outcome.reply.text.isascii())
        self.assertIn(invoice, outcome.reply.text)
        self.assertNotIn("prepared", self.daemon.events(invoice))

    def test_foreign_recipient_is_refused(self):
        invoice = self.invoice()
        outcome = self.submit(
            mails.reminder(invoice, to=f"{mails.PAUL}, spy@rival.example"),
            [mails.PAUL, "spy@rival.example"],
        )
        self.assertEqual(outcome.code, 5)
        self.assertIn("spy@rival.example", outcome.reply.text)
        self.assertEqual(self.daemon.events(invoice), [])

    def test_colleague_in_cc_is_allowed(self):
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), [mails.PAUL, "boss@creditor.example"])
        self.assert_stamped(outcome)

    def test_two_debtors_at_once_are_refused(self):
        one, two = self.invoice("ACME"), self.invoice("OTHER")
        outcome = self.submit(
            mails.reminder(one, subject=f"Factures {one}, {two}"), [mails.PAUL, "lise@other.example"]
        )
        self.assertEqual(outcome.code, 5)
        self.assertEqual((self.daemon.events(one), self.daemon.events(two)), ([], []))

    # --- never archived -----------------------------------------------------------------------
    def exclusion(self, invoice, raw, recipients=(mails.PAUL,)):
        before = self.daemon.last_seq()
        self.assert_untouched(self.submit(raw, recipients))
        self.assertEqual(self.daemon.last_seq(), before)
        self.assertEqual(self.daemon.events(invoice), [])

    def test_private_mail_with_an_invoice_like_subject(self):
        invoice = self.invoice()
        for subject in (f"Personnel : {invoice}", f"[privé] {invoice}", f"PRIVÉ {invoice}"):
            with self.subTest(subject):
                self.exclusion(invoice, mails.reminder(invoice, subject=subject))
        raw = mails.reminder(invoice, extra=[("Sensitivity", "Personal")])
        self.exclusion(invoice, raw)

    def test_forward_to_a_lawyer(self):
        invoice = self.invoice()
        for lawyer in ("maitre@avocat.example", "x@barreau.example", "MAITRE@Avocat.Example"):
            with self.subTest(lawyer):
                raw = mails.reminder(invoice, to=lawyer, subject=f"Fwd: facture {invoice}")
                self.exclusion(invoice, raw, [lawyer])

    def test_lawyer_in_copy_of_a_reminder(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, to=f"{mails.PAUL}, maitre@avocat.example")
        self.exclusion(invoice, raw, [mails.PAUL, "maitre@avocat.example"])

    def test_internal_note_among_colleagues(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, to="boss@creditor.example")
        self.exclusion(invoice, raw, ["boss@creditor.example"])


LONG = "a" * 40 + "@creditor.example"


class LongLocalPart(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.accountants["long"] = {
            "login": ["long"], "address": [LONG], "plus_address": True,
        }  # fmt: skip

    def test_plus_form_that_does_not_fit_is_left_out(self):
        # 40 octets leave no room for "+g" and 26 more within 64
        invoice = self.invoice()
        raw = mails.reminder(invoice, sender=LONG)
        outcome = self.submit(raw, sender=LONG, login="long")
        self.assert_stamped(outcome)
        self.assertEqual(outcome.state.sender, LONG)
        token = outcome.state.get("Temoin-Token")[0]
        self.assertIn(f"ENVID={token}", outcome.state.parameters)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
