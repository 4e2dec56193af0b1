"""Bad input: none of it kills the daemon, is lost, or is accepted without its copy."""

import hashlib
import json
import os
import socket
import struct

from lib import mails, milter, wait
from lib.case import DaemonCase

MAX = 2 * 1024 * 1024


class BadInput(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        daemon.settings["max_message_size"] = str(MAX)

    def setUp(self):
        self.before = self.daemon.children("milter")

    def tearDown(self):
        """The same process is still there and does its work."""
        self.assertEqual(self.daemon.children("milter"), self.before)
        self.remind()

    def archived_as_left(self, invoice, outcome):
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])

    def fresh(self, raw_of):
        invoice = self.invoice()
        self.archived_as_left(invoice, self.submit(raw_of(invoice)))
        return invoice

    # --- headers ------------------------------------------------------------------------------
    def test_header_of_1_mb(self):
        long = ("x" * 70 + "\n ") * 15000
        self.fresh(lambda invoice: mails.reminder(invoice, extra=[("X-Long", long + "end")]))

    def test_references_of_1_mb(self):
        ids = "\n ".join(f"<{i:040d}@debtor.example>" for i in range(17000))
        self.fresh(lambda invoice: mails.reminder(invoice, extra=[("References", ids)]))

    def test_subject_of_1_mb(self):
        """The number stands in the part that is read."""
        long = "\n ".join("mot " * 15 for _ in range(17000))
        self.fresh(
            lambda invoice: mails.reminder(invoice, subject=f"Facture {invoice}\n {long}")
        )

    def test_ten_thousand_fields(self):
        extra = [(f"X-{i}", "v") for i in range(10000)]
        self.fresh(lambda invoice: mails.reminder(invoice, extra=extra))

    def test_eight_bit_and_control_octets_in_every_header(self):
        junk = bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"")
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        for name in (b"X-Junk", b"Comments", b"Reply-To", b"References", b"In-Reply-To",
                     b"Content-Type", b"Content-Disposition", b"Cc", b"Keywords"):  # fmt: skip
            raw = name + b": " + junk + b"\r\n" + raw
        outcome = self.submit(raw)
        self.assertEqual(outcome.code, 2)
        self.archived_as_left(invoice, outcome)

    def test_nul_octets_in_header_fields(self):
        """The milter protocol ends a value at its first NUL: so does the copy."""
        invoice = self.invoice()
        extra = [("X-Nul", "un\0deux"), ("X-Only-Nul", "\0"), ("Reply-To", f"{mails.PAUL}\0x"),
                 ("References", "<a@b.example>\0<c@d.example>")]  # fmt: skip
        outcome = self.submit(mails.reminder(invoice, extra=extra))
        self.assert_stamped(outcome)
        (archived,) = self.daemon.archived(invoice)
        self.assertNotIn(b"\0", archived)
        self.assertIn(b"\r\nX-Nul: un\r\nX-Only-Nul: \r\n", archived)
        self.assertEqual(mails.field(archived, "Reply-To"), mails.PAUL)
        token = mails.field(archived, "Temoin-Token")
        self.assertEqual(
            mails.field(archived, "References"), f"<{token}@temoin.creditor.example> <a@b.example>"
        )
        self.daemon.temoin("verify", "--log")

    def test_invalid_utf8_in_subject_and_from_name(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        raw = raw.replace(b"Subject: ", b"Subject: \xff\xfe\xc3( ")
        raw = raw.replace(b"From: jeanne@", b"From: \"\xe9\xff\" <jeanne@").replace(
            b"creditor.example\r\n", b"creditor.example>\r\n", 1
        )
        self.archived_as_left(invoice, self.submit(raw))
        self.assertEqual(self.daemon.show(invoice)["invoice"], invoice)

    def test_field_without_value_and_odd_names(self):
        invoice = self.invoice()
        raw = b"X-Empty:\r\nX-Blank: \r\nX:y\r\n" + mails.reminder(invoice)
        self.archived_as_left(invoice, self.submit(raw))

    def test_no_space_after_the_colon(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice).replace(b"Subject: ", b"Subject:")
        self.archived_as_left(invoice, self.submit(raw))

    def test_no_header_at_all(self):
        outcome = self.submit(b"\r\n\r\nbody\r\n")
        self.assert_untouched(outcome)

    # --- envelope -----------------------------------------------------------------------------
    def test_invalid_utf8_in_helo(self):
        invoice = self.invoice()
        env = milter.Envelope(
            mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id(), helo=b"\xff\xfe\x01\x80",
            host=b"\xc3\x28.example",
        )  # fmt: skip
        outcome = milter.deliver(self.daemon.socket("both"), env, mails.reminder(invoice))
        self.archived_as_left(invoice, outcome)
        self.daemon.temoin("verify", "--log")

    def test_invalid_utf8_in_addresses(self):
        outcome = self.submit(mails.reminder(self.invoice()), [b"\xff\xfe@debtor.example".decode(
            "utf-8", "surrogateescape")])  # fmt: skip
        self.assertEqual(outcome.code in (2, 5), True)
        self.assertEqual(outcome.edits, [])

    def test_family_u(self):
        invoice = self.invoice()
        env = milter.Envelope(
            mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id(), family="U", host="unknown"
        )
        outcome = milter.deliver(self.daemon.socket("both"), env, mails.reminder(invoice))
        self.archived_as_left(invoice, outcome)

    def test_families_4_6_and_l(self):
        for family, address in (("4", "192.0.2.1"), ("6", "IPv6:2001:db8::1"), ("6", "2001:db8::1"),
                                ("L", "/run/x")):  # fmt: skip
            with self.subTest(family=family, address=address):
                invoice = self.invoice()
                env = milter.Envelope(
                    mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id(), family=family,
                    address=address,
                )  # fmt: skip
                outcome = milter.deliver(self.daemon.socket("both"), env, mails.reminder(invoice))
                self.assert_stamped(outcome)

    def test_odd_rcpt_arguments(self):
        raw = mails.plain("x@y.example", mails.JEANNE, "Bonjour")
        for recipient in ("", "@", "a@", "@b", "<<a@b>>", "a" * 5000 + "@b.example", '"a b"@c',
                          "@route.example:a@b.example", "a@[192.0.2.1]"):  # fmt: skip
            with self.subTest(recipient[:30]):
                self.assertEqual(self.arrive(raw, "x@y.example", [recipient]).code, 2)

    # --- internationalised addresses ----------------------------------------------------------
    def test_eai_contact(self):
        """Contacts with 8-bit local parts and U-label domains match in any form."""
        code, address = "EAI", "hélène@débiteur.example"
        number = "F-2026-990"
        self.daemon.import_csv(
            "eai.csv",
            "invoice,debtor,name,amount,currency,issued,due\n"
            f"{number},{code},Débiteur,10.00,EUR,2026-09-01,2026-10-01\n",
        )
        self.daemon.import_csv("eaic.csv", f"debtor,address,name\n{code},{address},Hélène\n")
        outcome = self.submit(mails.reminder(number, to=address), [address])
        self.assert_stamped(outcome)
        answer = mails.reply(outcome.state.render(), "hélène@xn--dbiteur-bya.example")
        outcome = self.arrive(answer, "hélène@xn--dbiteur-bya.example")
        self.assert_dossier(outcome, number, "reply", "strong")

    def test_references_longer_than_any_reader_takes(self):
        """The parent is the last of thousands: it is read, the token stands before it."""
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw)
        self.arrive(answer)
        parent = mails.field(answer, "Message-ID")
        others = [f"<{i}.{'y' * 60}@elsewhere.example>" for i in range(1500)]
        field = ("References", "\n ".join([*others, parent]))
        outcome = self.submit(mails.plain(mails.JEANNE, mails.PAUL, "Bonjour", extra=[field]))
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.archived(invoice)[2:], [outcome.state.render()])
        ids = " ".join(outcome.state.get("References")).split()
        self.assertEqual(ids[:1500], others)
        self.assertRegex(ids[1500], r"^<[a-z2-7]{26}@temoin\.creditor\.example>$")
        self.assertEqual(ids[1501:], [parent])
        self.assertLess(max(map(len, outcome.state.render().splitlines())), 998)

    # --- bodies -------------------------------------------------------------------------------
    def test_body_without_final_crlf(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice).rstrip(b"\r\n") + b" fin"
        self.archived_as_left(invoice, self.submit(raw))

    def test_nul_octets_and_bare_line_ends_in_the_body(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice) + b"\0\0\r\n\n\r\r\n.\r\n\xff\0" + bytes(range(256)) * 10
        self.archived_as_left(invoice, self.submit(raw))

    def test_empty_body(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        self.archived_as_left(invoice, self.submit(raw))

    def of_size(self, invoice, size):
        raw = mails.reminder(invoice)
        line = b"y" * 76 + b"\r\n"
        missing = size - len(raw)
        return raw + line * (missing // len(line)) + b"z" * (missing % len(line))

    def test_message_at_and_over_the_limit(self):
        """One octet more, and the entry has hash and size of what left, not the octets."""
        invoice = self.invoice()
        self.archived_as_left(invoice, self.submit(self.of_size(invoice, MAX)))
        invoice = self.invoice()
        outcome = self.submit(self.of_size(invoice, MAX + 1))
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.events(invoice), ["prepared"])
        self.assertEqual(self.daemon.archived(invoice), [])
        left = outcome.state.render()
        members = self.daemon.evidence(invoice)
        public = json.loads(members["entries/001.json"])
        private = json.loads(members["entries/001.private.json"])
        self.assertEqual(public["size"], len(left))
        self.assertEqual(private["sha256"], hashlib.sha256(left).hexdigest())
        committed = hashlib.sha256(bytes.fromhex(private["nonce"]) + left).hexdigest()
        self.assertEqual(public["message"], committed)
        self.daemon.temoin("verify", "--log")

    def test_structured_damage(self):
        """Reports and multiparts that are broken at every turn."""
        _, raw, _ = self.remind()
        report = mails.bounce(raw, mails.JEANNE)
        for cut in range(200, len(report), max(1, len(report) // 25)):
            outcome = self.arrive(report[:cut], sender="")
            self.assertEqual(outcome.code, 2)

    # --- the protocol itself ------------------------------------------------------------------
    def client(self):
        return milter.Client(self.daemon.socket("both"))

    def test_port_probe(self):
        for _ in range(20):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.connect(self.daemon.socket("both"))
        with self.client() as client:  # negotiates, says no more
            client.negotiate()

    def test_garbage_instead_of_a_packet(self):
        for junk in (b"GET / HTTP/1.0\r\n\r\n", struct.pack("!I", 0), struct.pack("!I", 2**31),
                     b"\0\0\0\1?", os.urandom(300), struct.pack("!I", 5) + b"O\0\0\0\1"):  # fmt: skip
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(10)
                s.connect(self.daemon.socket("both"))
                s.sendall(junk)
                s.shutdown(socket.SHUT_WR)
                try:
                    while s.recv(4096):
                        pass
                except ConnectionError:
                    pass

    def go(self, client, raw, stop):
        """Up to (and with) step `stop` of a reminder."""
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        for letter, function in milter.walk(client, env, raw, 65535):
            function()
            if letter == stop:
                return

    def test_abort_after_each_step(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice)
        for stop in "MRTLNBE":
            with self.subTest(stop), self.client() as client:
                env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", "Q")
                self.assertIsNone(milter.start_connection(client, env))
                if stop != "E":
                    self.go(client, raw, stop)
                client.abort()
                client.abort()
                other = self.invoice()
                env.queue_id = self.queue_id()
                outcome = milter.transact(client, env, mails.reminder(other))
                self.archived_as_left(other, outcome)
                client.quit()
        self.assertEqual(self.daemon.events(invoice), [])

    def test_hang_up_after_each_step(self):
        invoice = self.invoice()
        raw = mails.reminder(invoice, body="x" * 300000 + "\n")
        for stop in "CMRTLNB":
            with self.client() as client:
                env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", "Q")
                milter.start_connection(client, env)
                if stop != "C":
                    self.go(client, raw, stop)
        self.assertEqual(self.daemon.events(invoice), [])

    def test_mail_again_without_abort(self):
        first, second = self.invoice(), self.invoice()
        with self.client() as client:
            env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
            milter.start_connection(client, env)
            self.go(client, mails.reminder(first), "L")
            outcome = milter.transact(client, env, mails.reminder(second))
            self.archived_as_left(second, outcome)
        self.assertEqual(self.daemon.events(first), [])

    def test_several_messages_on_one_connection(self):
        with self.client() as client:
            env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", "Q")
            milter.start_connection(client, env)
            for _ in range(5):
                invoice = self.invoice()
                env.queue_id = self.queue_id()
                self.archived_as_left(
                    invoice, milter.transact(client, env, mails.reminder(invoice))
                )

    def test_unknown_command(self):
        with self.client() as client:
            env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", "Q")
            milter.start_connection(client, env)
            reply = client.unknown("XYZZY \xff")
            self.assertIn(reply.kind if reply else "continue", ("continue", "accept"))

    def test_mta_without_an_action_we_need_is_told_at_negotiation(self):
        with self.client() as client:
            try:
                reply = client.negotiate(actions=milter.ALL_ACTIONS & ~milter.CHGFROM)
                refused = reply.kind != "optneg"
            except milter.Closed:
                refused = True
        self.assertTrue(refused)
        line = self.daemon.logged("MTA", seconds=5)
        self.assertTrue(line)

    def test_mta_that_offers_less_protocol(self):
        """No NR_*, no SKIP, no leading spaces: more talk, same result."""
        invoice = self.invoice()
        env = milter.Envelope(mails.JEANNE, [mails.PAUL], "jeanne", self.queue_id())
        with self.client() as client:
            client.negotiate(offer=0)
            client.connect()
            client.helo()
            outcome = milter.transact(client, env, mails.reminder(invoice))
        self.assert_stamped(outcome)
        self.assertEqual(self.daemon.archived(invoice), [outcome.state.render()])

    def test_descriptors_are_given_back(self):
        def open_files():
            return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.before)

        self.test_hang_up_after_each_step()
        level = wait.until(open_files, 5)
        for _ in range(5):
            self.test_hang_up_after_each_step()
        wait.until(lambda: open_files() <= level + 4, 10, "closed descriptors")


class Oversize(DaemonCase):
    """The other two answers to a message that is too large."""

    action = "reject"
    code = 5

    @classmethod
    def configure(cls, daemon):
        daemon.settings["max_message_size"] = "100000"
        daemon.settings["on_oversize"] = cls.action

    def test_over_the_limit(self):
        invoice = self.invoice()
        outcome = self.submit(mails.reminder(invoice, body="x" * 70 + "\n" + "y" * 100000 + "\n"))
        self.assertEqual(outcome.code, self.code)
        self.assertEqual(self.daemon.events(invoice), [])

    def test_under_the_limit(self):
        self.remind()


class OversizeTempfail(Oversize):
    action = "tempfail"
    code = 4
