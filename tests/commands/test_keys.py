"""temoin keys: the DNS keys of signatures, out of a private DNS that is signed, not signed, forged,
silent; kept in the log, in the evidence file, and good for other people's programs."""

import json
import re
import sqlite3
import subprocess
import time
import unittest

from lib import dns, mails
from lib.case import DaemonCase
from lib.signing import Signer

US = "mx.creditor.example"
NAME = "s1._domainkey.debtor.example"


def passed(*domains):
    """The field that our server puts on top of what it found good."""
    found = "".join(f";\r\n\tdkim=pass header.d={domain}" for domain in domains)
    return f"Authentication-Results: {US}{found}\r\n".encode()


@unittest.skipIf(dns.missing(), f"not installed: {dns.missing()}")
class KeysCase(DaemonCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.signer = Signer(cls.directory)
        cls.names = dns.Names(cls.directory / "dns")
        cls.names.texts["debtor.example"]["s1._domainkey"] = cls.signer.record
        cls.names.texts["plain.example"]["s1._domainkey"] = cls.signer.record
        cls.names.texts["plain.example"]["k2._domainkey"] = cls.signer.record
        cls.names.names["debtor.example"]["c1._domainkey"] = "k2._domainkey.plain.example"
        cls.names.names["debtor.example"]["c2._domainkey"] = NAME
        cls.names.start()
        cls.addClassCleanup(cls.names.stop)

    @classmethod
    def configure(cls, daemon):
        daemon.settings["authserv_id"] = US

    def setUp(self):
        self.use(self.names.address)

    def use(self, *servers, **more):
        settings = self.daemon.settings
        settings.pop("dkim_keys", None)
        settings["dns_server"] = list(servers)
        settings["dns_trust_anchor"] = self.names.anchor
        settings.update(more)
        self.daemon.write_configuration()

    def keys(self, *argv, status=0):
        """What `temoin keys` prints as JSON; None when it printed nothing."""
        done = self.daemon.temoin("keys", "--json", *argv, status=status)
        self.said = done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def answered(self, *signatures, sender=mails.PAUL, good=("debtor.example",)):
        """A reminder and its answer, signed like this, which our server found good."""
        invoice, raw, _ = self.remind()
        answer = mails.reply(raw, sender)
        for domain, selector in signatures or [("debtor.example", "s1")]:
            answer = self.signer.sign(answer, domain, selector)
        self.arrive(passed(*good) + answer, sender)
        return invoice

    def kept(self, invoice):
        """(the entries about keys, their private parts' keys)"""
        members = self.daemon.evidence(invoice)
        parts = [json.loads(octets) for name, octets in sorted(members.items())
                 if name.endswith(".private.json")]  # fmt: skip
        return [part for part in parts if "signed_entry" in part], members

    def author(self, invoice):
        entries = self.daemon.entries(invoice)
        return next(e["attribution"] for e in entries if e.get("attribution"))

    def rows(self, sql):
        with sqlite3.connect(self.daemon.store / "dkim.db", timeout=10) as db:
            return db.execute(sql).fetchall()

    def paste(self, invoice):
        """Unpack the evidence file and run LISEZMOI's commands about keys: (status, output)."""
        path = self.directory / f"unpacked-{invoice}"
        members = self.daemon.evidence(invoice)
        for name, octets in members.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(octets)
        return path

    def commands(self, path, word):
        """The group of commands that holds `word`, as it is printed, blanks and all."""
        text = (path / "LISEZMOI.txt").read_text()
        groups = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
        (group,) = [group for group in groups if word in group]
        return group.replace("/usr/share/dns/root.ds", str(self.names.anchor))

    def run_commands(self, path, word):
        done = subprocess.run(["sh", "-c", self.commands(path, word)], cwd=path, text=True,
                              capture_output=True, timeout=60, env={"PATH": "/usr/bin:/bin"})  # fmt: skip
        return done.returncode, done.stdout + done.stderr


class Keys(KeysCase):
    def test_validated(self):
        invoice = self.answered()
        self.assertEqual(self.author(invoice)["dns_key"], "none")
        self.assertIn("n'est pas conservée", self.author(invoice)["words_fr"])
        done = self.keys()
        self.assertEqual((done["entries"], done["found"], done["waiting"]), (1, 1, 0))
        entries = self.daemon.entries(invoice)
        self.assertEqual([e["event"] for e in entries], ["prepared", "reply", "dkim-key"])
        self.assertEqual(entries[2]["dns_keys"]["message"], entries[1]["seq"])
        self.assertEqual(entries[1]["attribution"]["dns_key"], "validated")
        self.assertIn("authentique selon DNSSEC", entries[1]["attribution"]["words_fr"])
        (part,), members = self.kept(invoice)
        (key,) = part["keys"]
        self.assertEqual((key["name"], key["result"], key["dnssec"]), (NAME, "found", "secure"))
        self.assertTrue(key["chain"])
        self.assertEqual(key["texts"], [self.signer.record])
        kinds = {(line.split()[0], line.split()[3]) for line in key["records"]}
        for zone in ("debtor.example.", "example."):
            self.assertLessEqual({(zone, "DNSKEY"), (zone, "DS"), (zone, "RRSIG")}, kinds)
        self.assertIn((".", "DNSKEY"), kinds)
        self.assertIn(f"; key {NAME} {self.signer.record}\n".encode(), members["dkim/002.txt"])
        self.assertIn("keys     of entry", self.daemon.temoin("show", invoice).stdout)
        page = members["index.html"].decode()
        self.assertIn("pièce n° 2 ; s1._domainkey", page)
        # how to check it: both fingerprints as openssl prints them, and both certificates in
        # temoin's own command
        hexes = r"([0-9A-F]{2}:){31}[0-9A-F]{2}"
        self.assertRegex(page, rf"# sceau des fiches :\n# {hexes}\n(?s:.*)# export :\n# {hexes}<")
        self.assertIn("--seal seal.pem --seal export.pem", page)
        # nothing is asked for twice
        self.assertEqual(self.keys()["entries"], 0)

    def test_commands_of_lisezmoi(self):
        invoice = self.answered()
        self.keys()
        path = self.paste(invoice)
        for word in ("import dkim", "dns.dnssec"):
            self.assertEqual(self.run_commands(path, word)[0], 0, self.run_commands(path, word))
        self.assertIn("DNSSEC OK", self.run_commands(path, "dns.dnssec")[1])
        text = (path / "dkim/002.txt").read_text()
        # a key that is touched: the signature is not good with it, and DNSSEC does not vouch for it
        at = text.index(" TXT ") + 60
        other = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        (path / "dkim/002.txt").write_text(other)
        status, said = self.run_commands(path, "dns.dnssec")
        self.assertNotEqual(status, 0)
        self.assertIn("ALTERED", said)
        at = text.index("; key ") + 80
        other = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        (path / "dkim/002.txt").write_text(other)
        status, said = self.run_commands(path, "import dkim")
        self.assertNotEqual(status, 0)
        self.assertIn("ALTERED", said)
        # another company's root
        (path / "dkim/002.txt").write_text(text)
        anchor = self.directory / "other.ds"
        digits = self.names.anchor.read_text().split()[-1]
        anchor.write_text(self.names.anchor.read_text().replace(digits, digits[::-1]))
        done = subprocess.run(
            ["sh", "-c", self.commands(path, "dns.dnssec").replace(str(self.names.anchor), str(anchor))],
            cwd=path, capture_output=True, timeout=60, env={"PATH": "/usr/bin:/bin"})  # fmt: skip
        self.assertNotEqual(done.returncode, 0)

    def test_verify_file(self):
        invoice = self.answered()
        self.keys()
        file = self.directory / "kept.asice"
        self.daemon.evidence(invoice)
        (self.daemon.output / f"{invoice}.asice").rename(file)
        done = self.daemon.temoin("verify", "--json", file, status=2)  # signer not identified
        (verdict,) = json.loads(done.stdout)["volumes"]
        lines = {line["file"]: line for line in verdict["files"]}
        self.assertEqual(lines["dkim/002.txt"]["answer"], "intact")
        self.assertIn("as the records tell", lines["dkim/002.txt"]["what"])

    def test_not_signed_zone(self):
        invoice, raw, outcome = self.remind()
        (token,) = outcome.state.get("Temoin-Token")
        stranger = mails.plain("x@plain.example", [mails.JEANNE], "Bonjour",
                               extra=[("References", f"<{token.strip()}@temoin.creditor.example>")])  # fmt: skip
        self.arrive(passed("plain.example") + self.signer.sign(stranger, "plain.example"),
                    "x@plain.example")  # fmt: skip
        # it has the token, but not the thread, and From is nobody whom the register knows
        self.assertEqual(self.keys()["found"], 1)
        (item,) = [r for r in self.daemon.reviews() if r["invoice"] == invoice]
        self.daemon.temoin("review", "assign", item["seq"], invoice)
        entries = self.daemon.entries(invoice)
        self.assertEqual([e["event"] for e in entries], ["prepared", "assign"])
        self.assertEqual(entries[1]["attribution"]["dns_key"], "seen")
        self.assertIn("notre seul serveur", entries[1]["attribution"]["words_fr"])
        (part,), members = self.kept(invoice)
        self.assertEqual(part["keys"][0]["dnssec"], "insecure")
        self.assertFalse(part["keys"][0]["chain"])
        self.assertIn("entries/002b.json", members)
        self.assertIn("dkim/002a.txt", members)
        path = self.paste(invoice)
        self.assertEqual(self.run_commands(path, "import dkim")[0], 0)
        self.assertNotIn("dns.dnssec", (path / "LISEZMOI.txt").read_text())
        done = self.daemon.temoin("verify", "--json", self.daemon.output / f"{invoice}.asice", status=2)
        self.assertIn('"not-identified"', done.stdout)
        # what is erased with the dossier are these, too
        self.daemon.temoin("erase", invoice, "--ground", "person-request", "--by", "Jeanne")
        self.assertEqual(self.kept(invoice)[0], [])
        self.assertNotIn("dkim/002a.txt", self.daemon.evidence(invoice))
        self.daemon.temoin("verify", self.daemon.output / f"{invoice}.asice", status=2)
        self.daemon.temoin("verify", "--log")

    def test_aliases(self):
        invoice = self.answered(("debtor.example", "c1"), ("debtor.example", "c2"))
        self.assertEqual(self.keys()["found"], 2)
        (part,), members = self.kept(invoice)
        states = {key["selector"]: (key["dnssec"], key["chain"]) for key in part["keys"]}
        # the alias is signed, what it leads to is not
        self.assertEqual(states, {"c1": ("insecure", False), "c2": ("secure", True)})
        path = self.paste(invoice)
        for word in ("import dkim", "dns.dnssec"):
            self.assertEqual(self.run_commands(path, word)[0], 0, self.run_commands(path, word))

    def test_no_key(self):
        invoice = self.answered(("debtor.example", "gone"), good=())
        done = self.keys()
        self.assertEqual((done["absent"], done["waiting"]), (1, 0))
        (part,), members = self.kept(invoice)
        self.assertEqual(part["keys"][0]["result"], "absent")
        self.assertEqual(part["keys"][0]["dnssec"], "secure")
        self.assertTrue(any(" NSEC " in line for line in part["keys"][0]["records"]))
        self.assertEqual(self.author(invoice)["to"], "none")
        path = self.paste(invoice)
        self.assertEqual(self.run_commands(path, "dns.dnssec")[0], 0)
        self.assertNotIn("import dkim", (path / "LISEZMOI.txt").read_text())

    def test_forged(self):
        """What DNSSEC contradicts is said to be so, at once; a good answer that comes later is kept
        beside it."""
        self.names.forge("debtor.example", "s1._domainkey", "v=DKIM1; k=rsa; p=QUFB")
        self.addCleanup(self.names.publish)
        invoice = self.answered()
        done = self.keys()
        self.assertEqual((done["bogus"], done["found"], done["waiting"]), (1, 0, 1))
        (part,), _ = self.kept(invoice)
        self.assertEqual(part["keys"][0]["dnssec"], "bogus")
        self.assertIn("signature", part["keys"][0]["why"])
        self.assertEqual(self.author(invoice)["dns_key"], "bogus")
        self.assertIn("contradicted by DNSSEC", self.author(invoice)["words_en"])
        self.assertEqual(self.keys("--timer")["bogus"], 0)  # it rests
        self.assertEqual(self.keys()["entries"], 0)  # and is not entered again
        self.names.publish()
        self.assertEqual(self.keys()["found"], 1)
        self.assertEqual(self.author(invoice)["dns_key"], "validated")
        _, members = self.kept(invoice)
        self.assertIn(b"; dnssec: bogus", members["dkim/002.txt"])
        self.assertIn(b"; dnssec, chain complete: secure", members["dkim/002.txt"])
        self.daemon.temoin("verify", self.daemon.output / f"{invoice}.asice", status=2)

    def test_nothing_to_validate_with(self):
        for anchor in ("/nonexistent", ""):
            with self.subTest(anchor=anchor):
                self.use(self.names.address, dns_trust_anchor=anchor)
                invoice = self.answered()
                self.assertEqual(self.keys()["found"], 1)
                self.assertIn("dns_trust_anchor", self.said)
                self.assertEqual(self.author(invoice)["dns_key"], "seen")

    def test_name_servers_without_dnssec(self):
        """The anchor is the real root's, the name server's is ours: as with one that passes no
        signatures on."""
        self.use(self.names.address, dns_trust_anchor="/usr/share/dns/root.key")
        invoice = self.answered()
        self.assertEqual(self.keys()["found"], 1)
        self.assertIn("pass no DNSSEC records on", self.said)
        (part,), _ = self.kept(invoice)
        self.assertEqual(part["keys"][0]["dnssec"], "unchecked")
        self.assertEqual(part["keys"][0]["texts"], [self.signer.record])
        self.assertEqual(self.author(invoice)["dns_key"], "seen")

    def test_nobody_asks(self):
        self.use(self.names.address, dkim_keys=False)
        invoice = self.answered()
        self.assertIn("dkim_keys = no", self.daemon.temoin("keys").stdout)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
        self.use(self.names.address)
        self.keys()
        self.assertEqual(self.daemon.events(invoice)[-1], "dkim-key")

    def test_only_what_came_and_was_matched(self):
        invoice, raw, _ = self.remind()
        self.arrive(self.signer.sign(mails.plain("x@else.example", [mails.JEANNE], "publicité")),
                    "x@else.example")  # fmt: skip
        self.arrive(mails.reply(raw))  # bears no signature
        self.arrive(b"DKIM-Signature: v=1; d=../x; s=s1; a=rsa-sha256; b=x; bh=x; h=from\r\n"
                    + mails.reply(raw))  # fmt: skip
        done = self.keys()
        self.assertEqual((done["entries"], done["unanswered"], done["waiting"]), (0, 0, 0))

    def test_many_signatures(self):
        """At most 8 keys of a message are asked for."""
        invoice = self.answered(*[("debtor.example", f"n{i}") for i in range(12)], good=())
        self.assertEqual(self.keys()["absent"], 8)
        (part,), _ = self.kept(invoice)
        self.assertEqual(len(part["keys"]), 8)

    def test_erased_with_a_message_that_no_dossier_holds(self):
        """An entry about its keys goes along, also when dkim.db is lost."""
        invoice = self.remind()[0]
        answer = mails.plain(mails.PAUL, [mails.JEANNE], f"Facture {invoice}")
        self.arrive(self.signer.sign(answer, "debtor.example"), mails.PAUL)
        self.assertEqual(self.keys()["entries"], 1)
        (waiting,) = [r for r in self.daemon.reviews() if r["invoice"] == invoice]
        self.daemon.temoin("review", "assign", waiting["seq"], invoice)
        for file in self.daemon.store.glob("dkim.db*"):
            file.unlink()
        done = self.daemon.temoin("erase", invoice, "--ground", "person-request", "--by", "Jeanne")
        self.assertIn("4 entries erased", done.stdout)
        log = sqlite3.connect(self.daemon.store / "log.db")
        self.addCleanup(log.close)
        kept = log.execute("SELECT count(*) FROM entry WHERE event = 'dkim-key'"
                           " AND seq > ? AND private IS NOT NULL", (waiting["seq"],))  # fmt: skip
        self.assertEqual(kept.fetchone(), (0,))

    def test_the_index_is_made_again(self):
        invoice = self.answered()
        self.keys()
        for file in self.daemon.store.glob("dkim.db*"):
            file.unlink()
        self.assertEqual(self.keys()["entries"], 0)
        self.assertEqual(self.daemon.events(invoice), ["prepared", "reply", "dkim-key"])
        self.assertGreaterEqual(self.daemon.json("stats")["dns_keys"]["messages"], 1)

    def test_erased_before_it_was_asked(self):
        """Whose key was to be asked for is not in dkim.db any more either, at once."""
        self.use(self.names.address, dkim_keys=False)
        invoice = self.answered(("private-person.example", "s1"), good=())
        self.keys()
        domains = "SELECT domain FROM wanted WHERE domain = 'private-person.example'"
        self.assertEqual(len(self.rows(domains)), 1)
        self.daemon.temoin("erase", invoice, "--ground", "person-request", "--by", "Jeanne")
        self.assertEqual(self.rows(domains), [])
        for file in self.daemon.store.glob("dkim.db*"):
            self.assertNotIn(b"private-person", file.read_bytes(), file.name)
        self.use(self.names.address)
        done = self.keys()
        self.assertEqual((done["entries"], done["waiting"]), (0, 0))

    def test_one_at_a_time(self):
        self.keys()
        lock = subprocess.Popen(["flock", self.daemon.store / "dkim.lock", "sleep", "30"],
                                start_new_session=True)  # fmt: skip
        self.addCleanup(lock.wait)
        self.addCleanup(subprocess.run, ["kill", "--", f"-{lock.pid}"])
        deadline = time.monotonic() + 10
        while self.daemon.temoin("keys", status=None).returncode == 0:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertIn("another process", self.daemon.temoin("keys", status=75).stderr)

    def test_wrong_command_line(self):
        self.daemon.temoin("keys", "now", status=64)
        self.daemon.temoin("keys", "--never", status=64)
        self.assertIn("--timer", self.daemon.temoin("keys", "--help").stdout)
        bad = self.directory / "anchor.bad"
        bad.write_text(". IN DS nonsense\n")
        self.answered()
        self.use(self.names.address, dns_trust_anchor=bad)
        self.assertIn("anchor.bad", self.daemon.temoin("keys", status=65).stderr)


class Silence(KeysCase):
    """No answer: mail is not concerned, turns are short, keys are asked for again, and in the end
    given up."""

    def bad(self, mode):
        server = dns.Bad(mode)
        self.addCleanup(server.stop)
        self.use(server.address)
        return server

    def test_nobody_answers(self):
        server = self.bad("silent")
        invoices = [self.answered() for _ in range(4)]
        begun = time.monotonic()
        self.daemon.temoin("keys", "--timer", status=75)
        self.assertLess(time.monotonic() - begun, 30)  # two waits, not four
        waiting = self.daemon.json("stats")["dns_keys"]
        self.assertEqual(waiting["waiting"], 4)
        asked = server.asked
        self.assertGreater(asked, 0)
        self.assertEqual([n for (n,) in self.rows("SELECT tries FROM wanted ORDER BY seq")],
                         [1, 1, 0, 0])  # fmt: skip
        self.use(self.names.address)
        self.assertEqual(self.keys("--timer")["found"], 2)  # those that do not rest
        self.assertEqual(self.keys()["found"], 2)
        for invoice in invoices:
            self.assertEqual(self.author(invoice)["dns_key"], "validated")

    def test_answers_that_are_none(self):
        for mode in ("servfail", "refused", "garbage", "echo"):
            with self.subTest(mode=mode):
                self.bad(mode)
                invoice = self.answered()
                self.daemon.temoin("keys", status=75)
                self.assertEqual(self.daemon.events(invoice), ["prepared", "reply"])
                self.use(self.names.address)
                self.keys()
                self.assertEqual(self.author(invoice)["dns_key"], "validated")

    def test_given_up(self):
        self.bad("refused")
        invoice = self.answered()
        self.daemon.temoin("keys", status=75)
        with sqlite3.connect(self.daemon.store / "dkim.db", timeout=10) as db:
            db.execute("UPDATE wanted SET first_try = first_try - 3 * 86400 - 1")
        done = self.keys()
        self.assertEqual((done["given_up"], done["waiting"]), (1, 0))
        (part,), members = self.kept(invoice)
        self.assertEqual(part["keys"][0]["result"], "unanswered")
        self.assertIn("answer with code", part["keys"][0]["why"])
        self.assertEqual(self.author(invoice)["dns_key"], "none")
        self.assertIn("given up", self.daemon.temoin("show", invoice).stdout)
        self.assertIn("no answer, given up", members["dkim/002.txt"].decode())
        self.use(self.names.address)
        self.assertEqual(self.keys()["entries"], 0)

    def test_rests_get_longer(self):
        self.bad("refused")
        self.answered()
        rests = []
        for _ in range(3):
            self.daemon.temoin("keys", status=75)
            rests += [n for (n,) in self.rows("SELECT next_try - strftime('%s') FROM wanted")]
        for rest, wanted in zip(rests, (60, 120, 240)):
            self.assertAlmostEqual(rest, wanted, delta=20)
        self.use(self.names.address)
        self.keys()
