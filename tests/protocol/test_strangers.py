"""Who may not, and what must not happen."""

from lib import mails, milter
from lib.case import DaemonCase


class Strangers(DaemonCase):
    def nothing_filed(self, invoice, outcome):
        self.assert_untouched(outcome)
        self.assertEqual(self.daemon.events(invoice), [])

    def test_stranger_on_port_25_writes_as_the_accountant(self):
        invoice = self.invoice()
        outcome = self.arrive(mails.reminder(invoice), sender=mails.JEANNE, recipients=[mails.PAUL])
        self.nothing_filed(invoice, outcome)

    def test_loopback_is_no_proof(self):
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), login=None, address="127.0.0.1")
        self.nothing_filed(invoice, outcome)

    def test_login_that_is_not_hers(self):
        for login in ("marc", "paul", "Jeanne", "jeanne@creditor.example", ""):
            with self.subTest(login):
                invoice = self.invoice()
                self.nothing_filed(invoice, self.submit(mails.reminder(invoice), login=login))

    def test_log_names_a_login_that_the_configuration_does_not(self):
        reason = "untouched reason=login is no accountant's login=jeanne@mail.creditor.example"
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), login="jeanne@mail.creditor.example")
        self.nothing_filed(invoice, outcome)
        self.assertIn(f"{reason} sender={mails.JEANNE}", self.daemon.log())

    def test_her_login_with_another_from(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, sender="marc@creditor.example")
        self.nothing_filed(invoice, self.submit(raw))
        raw = mails.reminder(invoice, sender=f"{mails.JEANNE}, marc@creditor.example")
        self.nothing_filed(invoice, self.submit(raw))

    def test_her_login_with_another_envelope_sender(self):
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), sender="marc@creditor.example")
        self.nothing_filed(invoice, outcome)

    def test_local_user_with_sendmail_f(self):
        invoice = self.invoice()
        env = milter.Envelope(
            mails.JEANNE, [mails.PAUL], None, self.queue_id(), smtp=False, late_queue_id=False,
            family="L", host="localhost", address="",
        )  # fmt: skip
        outcome = milter.deliver(self.daemon.socket("both"), env, mails.reminder(invoice))
        self.nothing_filed(invoice, outcome)

    def test_reinjected_copy_of_our_own_mail(self):
        """A content filter hands it back from loopback, without login: no second entry."""
        invoice, raw, sent = self.remind()
        outcome = self.submit(raw, login=None, sender=sent.state.sender, address="127.0.0.1")
        self.assert_untouched(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_colleague_in_cc_who_replies(self):
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw, "boss@creditor.example", f"{mails.JEANNE}, {mails.PAUL}")
        outcome = self.submit(
            answer, [mails.JEANNE, mails.PAUL], "boss@creditor.example", "boss"
        )
        self.assert_untouched(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertFalse(self.daemon.paused(invoice))

    def test_colleague_without_login_is_no_debtor(self):
        """From inside by a path without login: own domain in From, so never inbound."""
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw, "boss@creditor.example", mails.JEANNE)
        outcome = self.arrive(answer, "boss@creditor.example")
        self.assert_untouched(outcome)
        self.assertFalse(self.daemon.paused(invoice))

    def test_accountants_own_vacation_notice(self):
        invoice, raw, _ = self.remind()
        answer = self.arrive(mails.reply(raw)).state.render()
        before = self.daemon.events(invoice)
        notice = mails.vacation(answer, mails.JEANNE, mails.PAUL)
        env = milter.Envelope(
            "", [mails.PAUL], None, self.queue_id(), smtp=False, late_queue_id=False,
            family="L", host="localhost", address="",
        )  # fmt: skip
        self.assert_untouched(milter.deliver(self.daemon.socket("both"), env, notice))
        self.assertEqual(self.daemon.events(invoice), before)

    def test_trusted_network_is_named_to_be_trusted(self):
        """The one way without login; see Trusted below for the other half."""
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), login=None, address="192.0.2.77")
        self.nothing_filed(invoice, outcome)


class Trusted(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["trusted_networks"] = ["192.0.2.64/26", "127.0.0.0/8"]

    def test_client_in_a_trusted_network(self):
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), login=None, address="192.0.2.77")
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_client_beside_it(self):
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice), login=None, address="192.0.2.33")
        self.assert_untouched(outcome)

    def test_local_user_is_no_client_of_a_trusted_network(self):
        """sendmail -f, with loopback named for a content filter's sake: the MTA makes a client up."""
        invoice = self.invoice()
        env = milter.Envelope(
            mails.JEANNE, [mails.PAUL], None, self.queue_id(), smtp=False, late_queue_id=False,
            host="localhost", address="127.0.0.1", port=0,
        )  # fmt: skip
        outcome = milter.deliver(self.daemon.socket("both"), env, mails.reminder(invoice))
        self.assert_untouched(outcome)
        self.assertEqual(self.daemon.events(invoice), [])
        from_smtp = self.submit(mails.reminder(invoice), login=None, address="127.0.0.1")
        self.assert_stamped(from_smtp)

    def test_second_pass_from_a_trusted_network(self):
        invoice, raw, sent = self.remind()
        outcome = self.submit(raw, login=None, sender=sent.state.sender, address="127.0.0.1")
        self.assert_untouched(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
