"""Two listeners with a signer between them: stamp, then archive."""

import signal

from lib import mails, milter, wait
from lib.case import DaemonCase

SIGNATURE = b"DKIM-Signature: v=1; a=rsa-sha256; d=creditor.example; s=k; h=from; b=AAAA\r\n"


class Roles(DaemonCase):
    listeners = {"stamp": "stamp", "archive": "archive"}

    def stamp(self, raw, **keywords):
        return self.submit(raw, listener="stamp", **keywords)

    def archive(self, stamped, queue_id):
        """The same message, with its edits and a signature on top, at the second listener."""
        raw = SIGNATURE + stamped.state.render()
        return raw, self.submit(
            raw, sender=stamped.state.sender, listener="archive", queue_id=queue_id
        )

    def test_stamp_writes_nothing_archive_takes_the_copy(self):
        invoice, queue_id = self.invoice(), self.queue_id()
        stamped = self.stamp(mails.reminder(invoice), queue_id=queue_id)
        self.assert_stamped(stamped)
        self.assertEqual(self.daemon.events(invoice), [])
        raw, archived = self.archive(stamped, queue_id)
        self.assertEqual(archived.code, 2)
        self.assertEqual(archived.edits, [])
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [raw])

    def test_a_reply_is_filed_by_the_archiving_listener(self):
        invoice, queue_id = self.invoice(), self.queue_id()
        raw, _ = self.archive(self.stamp(mails.reminder(invoice), queue_id=queue_id), queue_id)
        outcome = self.arrive(mails.reply(raw), listener="archive")
        self.assert_dossier(outcome, invoice, "reply", "strong")

    def test_the_stamping_listener_leaves_inbound_alone(self):
        invoice, queue_id = self.invoice(), self.queue_id()
        raw, _ = self.archive(self.stamp(mails.reminder(invoice), queue_id=queue_id), queue_id)
        outcome = self.arrive(mails.reply(raw), listener="stamp")
        self.assertEqual(outcome.edits, [])
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def test_guards_say_no_before_anything_is_stamped(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, to=f"{mails.PAUL}, spy@rival.example")
        outcome = self.stamp(raw, recipients=[mails.PAUL, "spy@rival.example"])
        self.assertEqual(outcome.code, 5)

    def test_retry_is_stamped_alike(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        first, second = self.stamp(raw), self.stamp(raw)
        self.assertEqual(first.state.render(), second.state.render())
        queue_id = self.queue_id()
        self.archive(first, queue_id)
        self.archive(second, self.queue_id())
        self.assertEqual(self.daemon.events(invoice), ["prepared"])

    def kill_scribe(self):
        (old,) = self.daemon.signal("scribe", signal.SIGKILL)
        wait.until(lambda: self.daemon.children("scribe") not in ([], [old]), 10, "a new scribe")

    def test_scribe_dies_between_stamp_and_archive(self):
        """What it was told is lost: the client is told to come again, and then all is well."""
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        stamped = self.stamp(raw)
        self.assert_stamped(stamped)
        self.kill_scribe()
        _, refused = self.archive(stamped, self.queue_id())
        self.assertEqual(refused.code, 4, "not without its copy")
        self.assertEqual(self.daemon.events(invoice), [])
        again = self.stamp(raw)
        self.assert_stamped(again)
        left, archived = self.archive(again, self.queue_id())
        self.assertEqual(archived.code, 2)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [left])

    def test_scribe_dies_after_archive_and_the_client_comes_again(self):
        """The MTA refused it after us: the stamp of the first time, and no second entry."""
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        first = self.stamp(raw)
        left, archived = self.archive(first, self.queue_id())
        self.assertEqual(archived.code, 2)
        self.kill_scribe()
        second = self.stamp(raw)
        self.assertEqual(second.state.render(), first.state.render())
        self.assertEqual(self.archive(second, self.queue_id())[1].code, 2)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [left])

    def test_numbers_are_distinct(self):
        tokens = {
            self.stamp(mails.reminder(self.invoice())).state.get("Temoin-Token")[0]
            for _ in range(30)
        }
        self.assertEqual(len(tokens), 30)

    def test_archive_without_stamp_takes_no_stranger(self):
        """A forged token at the archiving listener."""
        invoice = self.invoice()
        raw = b"Temoin-Token: " + b"a" * 26 + b"\r\n" + mails.reminder(invoice)
        outcome = self.arrive(raw, mails.JEANNE, [mails.PAUL], listener="archive")
        self.assertEqual(outcome.code, 2)
        self.assertEqual(self.daemon.events(invoice), [])


class OneListener(DaemonCase):
    """Many connections at once, on one listener."""

    def test_parallel_sessions_do_not_mix(self):
        invoices = [self.invoice() for _ in range(10)]
        clients = []
        for invoice in invoices:
            client = milter.Client(self.daemon.socket("both"))
            env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
            milter.start_connection(client, env)
            clients.append((client, env, mails.reminder(invoice)))
        walks = [(c, e, raw, milter.walk(c, e, raw, 50)) for c, e, raw in clients]
        outcomes = []
        # a step of each in turn: all ten messages are under way at the same time
        live = list(zip(walks, invoices))
        while live:
            for walk in list(live):
                (client, env, raw, steps), invoice = walk
                try:
                    letter, function = next(steps)
                except StopIteration:
                    live.remove(walk)
                    continue
                reply = function()
                if letter == "E":
                    state = milter.MessageState(env.sender, env.recipients, raw)
                    for edit in client.edits:
                        state.apply(edit)
                    outcomes.append((invoice, reply.kind, state))
        for client, _, _ in clients:
            client.quit()
        self.assertEqual(len(outcomes), 10)
        for invoice, kind, state in outcomes:
            self.assertIn(kind, ("accept", "continue"))
            self.assertEqual(self.daemon.archived(invoice), [state.render()])
