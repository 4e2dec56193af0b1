"""What comes back: to which dossier, how surely, and what it does there."""

from lib import mails, milter, tokens
from lib.case import DaemonCase



def token_of(raw):
    return mails.field(raw, "Temoin-Token")


class Inbound(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.accountants["jeanne"]["plus_address"] = True

    def tagged(self, raw):
        return f"jeanne+g{token_of(raw)}@creditor.example"

    # --- strong -------------------------------------------------------------------------------
    def test_reply_is_strong_filed_and_pauses(self):
        invoice, raw, _ = self.remind()
        self.assertFalse(self.daemon.paused(invoice))
        answer = mails.reply(raw)
        outcome = self.arrive(answer, recipients=[self.tagged(raw)])
        self.assert_dossier(outcome, invoice, "reply", "strong")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
        self.assertTrue(self.daemon.paused(invoice))
        self.assertEqual(outcome.state.recipients, [self.tagged(raw)])
        self.assertEqual(self.daemon.archived(invoice), [raw, answer])

    def test_reply_by_thread_alone(self):
        """A client that knows neither Reply-To nor plus addresses."""
        raw = mails.reminder(self.invoice(), sender="marc@creditor.example")
        sent = self.submit(raw, sender="marc@creditor.example", login="marc")
        left = sent.state.render()
        answer = mails.plain(
            mails.PAUL, "marc@creditor.example", "Re: votre rappel",
            extra=[("In-Reply-To", mails.field(left, "Message-ID"))],
        )  # fmt: skip
        outcome = self.arrive(answer, recipients=["marc@creditor.example"])
        invoice = mails.field(raw, "Subject").split()[1]
        self.assert_dossier(outcome, invoice, "reply", "strong")

    def test_token_in_upper_case(self):
        invoice, raw, _ = self.remind()
        tagged = f"jeanne+G{token_of(raw).upper()}@CREDITOR.example"
        outcome = self.arrive(mails.reply(raw), recipients=[tagged])
        self.assert_dossier(outcome, invoice, "reply", "strong")
        answer = mails.plain(
            mails.PAUL, mails.JEANNE, "Re: rappel",
            extra=[("References", f"<{token_of(raw).upper()}@TEMOIN.creditor.example>")],
        )  # fmt: skip
        outcome = self.arrive(answer)
        self.assertIn(invoice, outcome.state.get("Temoin-Dossier")[0])

    def test_in_reply_to_with_comments(self):
        invoice, raw, _ = self.remind()
        mid = mails.field(raw, "Message-ID")
        for value in (f"(your (nested) mail) {mid}", f"{mid} (of Friday \\) <no@t.it>)"):
            with self.subTest(value):
                answer = mails.plain(
                    mails.PAUL, mails.JEANNE, "Re: rappel", extra=[("In-Reply-To", value)]
                )
                self.assert_dossier(self.arrive(answer), invoice, "reply", "strong")

    def test_an_id_inside_a_comment_is_no_thread(self):
        _, raw, _ = self.remind()
        mid = mails.field(raw, "Message-ID")
        for value in (f"<never@was.example> (as in {mid})", f"(({mid}) {mid}) <never@was.example>"):
            with self.subTest(value):
                self.unrelated(
                    mails.plain(
                        mails.PAUL, mails.JEANNE, "Re: rappel", extra=[("In-Reply-To", value)]
                    )
                )

    def test_subject_of_a_known_contact(self):
        """Rule 3 of inbound: the number in the subject, from a contact: found, not sure."""
        invoice = self.invoice()
        answer = mails.plain(mails.PAUL, mails.JEANNE, f"Votre facture {invoice}")
        outcome = self.arrive(answer)
        self.assertIn(invoice, outcome.state.get("Temoin-Dossier")[0])

    def test_foreign_dossier_header_is_removed(self):
        invoice, raw, _ = self.remind()
        answer = mails.reply(
            raw, extra=[("Temoin-Dossier", "F-1; kind=reply; match=strong"), ("X-After", "1")]
        )
        outcome = self.arrive(answer, recipients=[self.tagged(raw)])
        self.assert_dossier(outcome, invoice, "reply", "strong")

    def test_accountant_answers_the_answer_without_a_number(self):
        invoice, raw, _ = self.remind()
        answer = self.arrive(mails.reply(raw), recipients=[self.tagged(raw)]).state.render()
        back = mails.reply(answer, mails.JEANNE, mails.PAUL, "Merci.\n", subject="Re: lundi")
        outcome = self.submit(back)
        self.assert_stamped(outcome)
        self.assertEqual(outcome.state.get("Disposition-Notification-To"), [])
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply", "prepared"])

    def test_entries_of_a_dossier_are_chained(self):
        invoice, raw, _ = self.remind()
        self.arrive(mails.reply(raw), recipients=[self.tagged(raw)])
        self.assertEqual([e["n"] for e in self.daemon.entries(invoice)], [1, 2])

    # --- reports ------------------------------------------------------------------------------
    def test_bounce_by_token_in_the_recipient(self):
        invoice, raw, _ = self.remind()
        report = mails.bounce(raw, self.tagged(raw))
        outcome = self.arrive(report, sender="", recipients=[self.tagged(raw)])
        self.assert_dossier(outcome, invoice, "dsn", "strong")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "failed"])
        self.assertFalse(self.daemon.paused(invoice))

    def test_bounce_by_returned_header(self):
        """Without plus addresses: token and Message-ID stand in the returned header."""
        invoice, raw, _ = self.remind()
        outcome = self.arrive(mails.bounce(raw, mails.JEANNE), sender="")
        self.assert_dossier(outcome, invoice, "dsn", "strong")

    def test_bounce_by_envelope_id_alone(self):
        invoice, raw, _ = self.remind()
        report = mails.bounce(raw, mails.JEANNE, envid=token_of(raw), returned=False)
        outcome = self.arrive(report, sender="")
        self.assert_dossier(outcome, invoice, "dsn", "strong")

    def test_delayed_and_delivered(self):
        for action, event in (("delayed", "delayed"), ("delivered", "reported-delivered")):
            with self.subTest(action):
                invoice, raw, _ = self.remind()
                report = mails.bounce(raw, self.tagged(raw), action=action, status="4.4.1")
                self.arrive(report, sender="", recipients=[self.tagged(raw)])
                self.assertEqual(self.daemon.events(invoice), ["prepared", event])

    def test_postfix_own_bounce(self):
        """Through non_smtpd_milters: an empty MAIL argument, no angle brackets, {i} at MAIL."""
        invoice, raw, _ = self.remind()
        env = milter.Envelope(
            "", [self.tagged(raw)], None, self.queue_id(), smtp=False, late_queue_id=False,
            family="L", host="localhost", address="",
        )  # fmt: skip
        outcome = milter.deliver(
            self.daemon.socket("both"), env, mails.bounce(raw, self.tagged(raw))
        )
        self.assert_dossier(outcome, invoice, "dsn", "strong")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "failed"])

    def test_read_receipt(self):
        invoice, raw, _ = self.remind()
        outcome = self.arrive(mails.read_receipt(raw), recipients=[self.tagged(raw)])
        self.assert_dossier(outcome, invoice, "mdn", "strong")
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reported-displayed"])
        self.assertFalse(self.daemon.paused(invoice))

    def test_debtors_vacation_notice(self):
        invoice, raw, _ = self.remind()
        notice = mails.vacation(raw, mails.PAUL, self.tagged(raw))
        outcome = self.arrive(notice, sender="", recipients=[self.tagged(raw)])
        self.assertEqual(outcome.code, 2)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "auto-reply"])
        self.assertFalse(self.daemon.paused(invoice))

    # --- weak ---------------------------------------------------------------------------------
    def review_of(self, invoice):
        return [r for r in self.daemon.reviews() if r["invoice"] == invoice]

    def test_stranger_with_the_token_goes_to_review(self):
        invoice, raw, _ = self.remind()
        answer = mails.plain("eve@stranger.example", self.tagged(raw), "Bonjour")
        outcome = self.arrive(answer, "eve@stranger.example", [self.tagged(raw)])
        self.assert_dossier(outcome, invoice, "reply", "review")
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertFalse(self.daemon.paused(invoice))
        self.assertEqual(len(self.review_of(invoice)), 1)

    def test_review_assign_and_dismiss(self):
        invoice, raw, _ = self.remind()
        for _ in range(2):
            answer = mails.plain("eve@stranger.example", self.tagged(raw), "Bonjour")
            self.arrive(answer, "eve@stranger.example", [self.tagged(raw)])
        first, second = [r["seq"] for r in self.review_of(invoice)]
        self.daemon.temoin("review", "assign", first, invoice)
        self.daemon.temoin("review", "dismiss", second, "--reason", "sans objet")
        self.assertEqual(self.review_of(invoice), [])
        decisions = [(e["event"], e["about"]) for e in self.daemon.entries(invoice)[1:]]
        self.assertEqual(decisions, [("assign", first), ("dismiss", second)])
        self.daemon.temoin("verify", "--log")

    def test_message_id_reused_by_a_stranger(self):
        """A stranger sends our Message-ID as his own, and answers it."""
        invoice, raw, _ = self.remind()
        mid = mails.field(raw, "Message-ID")
        copy = mails.plain("eve@stranger.example", mails.JEANNE, "Bonjour", mid=mid)
        self.assert_untouched(self.arrive(copy, "eve@stranger.example"))
        answer = mails.plain(
            "eve@stranger.example", mails.JEANNE, "Re: rappel", extra=[("In-Reply-To", mid)]
        )
        self.arrive(answer, "eve@stranger.example")
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertFalse(self.daemon.paused(invoice))

    def test_same_message_id_from_the_debtor_twice_is_kept_twice(self):
        invoice, raw, _ = self.remind()
        mid = mails.message_id("debtor.example")
        for body in ("Oui.\n", "Non.\n"):
            answer = mails.reply(raw, body=body).replace(b"Message-ID: <", b"X-Was: <")
            answer = b"Message-ID: " + mid.encode() + b"\r\n" + answer
            self.arrive(answer, recipients=[self.tagged(raw)])
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply", "reply"])

    # --- not ours -----------------------------------------------------------------------------
    def unrelated(self, raw, **keywords):
        before = self.daemon.last_seq()
        outcome = self.arrive(raw, **keywords)
        self.assert_untouched(outcome)
        self.assertEqual(self.daemon.last_seq(), before)
        return outcome

    def test_forged_token(self):
        invoice, raw, _ = self.remind()
        forged = f"jeanne+g{tokens.forged(token_of(raw))}@creditor.example"
        answer = mails.plain("eve@stranger.example", forged, "Bonjour")
        self.unrelated(answer, sender="eve@stranger.example", recipients=[forged])
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_right_token_for_a_wrong_domain(self):
        _, raw, _ = self.remind()
        key, secret = tokens.active_key(self.daemon.keys)
        number = tokens.number(token_of(raw))
        wrong = tokens.make(key, secret, number, "rival.example")
        address = f"jeanne+g{wrong}@creditor.example"
        answer = mails.plain("eve@stranger.example", address, "Bonjour")
        self.unrelated(answer, sender="eve@stranger.example", recipients=[address])

    def test_reply_to_an_unknown_message_id(self):
        answer = mails.plain(
            mails.PAUL, mails.JEANNE, "Re: autre chose",
            extra=[("In-Reply-To", "<never@was.example>"), ("References", "<never@was.example>")],
        )  # fmt: skip
        self.unrelated(answer)

    def test_ordinary_mail_from_a_contact(self):
        self.unrelated(mails.plain(mails.PAUL, mails.JEANNE, "Bonne année"))

    def test_new_subject_to_an_old_tagged_address(self):
        """Found in the debtor's address book, used for something else: not the dossier's."""
        invoice, raw, _ = self.remind()
        answer = mails.plain(mails.PAUL, self.tagged(raw), "Invitation au salon")
        outcome = self.arrive(answer, recipients=[self.tagged(raw)])
        self.assertEqual(outcome.code, 2)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertFalse(self.daemon.paused(invoice))

    # --- temoin file --------------------------------------------------------------------------
    def test_temoin_file_takes_what_the_milter_did_not_see(self):
        invoice, raw, _ = self.remind()
        self.daemon.temoin("file", stdin=mails.bounce(raw, self.tagged(raw)))
        self.assertEqual(self.daemon.events(invoice), ["prepared", "failed"])


class TwoDebtors(DaemonCase):
    """Without the guard, one token may serve two debtors."""

    @classmethod
    def configure(cls, daemon):
        daemon.guards["recipient"] = "off"

    def test_message_to_two_debtors_is_answered_by_one(self):
        one, two = self.invoice("ACME"), self.invoice("OTHER")
        raw = mails.reminder(
            one, subject=f"Factures {one} et {two}", to=f"{mails.PAUL}, lise@other.example"
        )
        sent = self.submit(raw, [mails.PAUL, "lise@other.example"])
        self.assert_stamped(sent)
        self.assertEqual(self.daemon.events(one), ["prepared"])
        self.assertEqual(self.daemon.events(two), ["prepared"])
        self.arrive(mails.reply(sent.state.render(), "lise@other.example"), "lise@other.example")
        self.assertEqual(self.daemon.events(one), ["prepared"])
        self.assertEqual(self.daemon.events(two), ["prepared", "reply"])
        self.assertFalse(self.daemon.paused(one))
        self.assertTrue(self.daemon.paused(two))
