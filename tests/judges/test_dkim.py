"""An answer signed by DKIM, and its key, as both come out of the evidence file: two independent
libraries still verify it, and no more once an octet of the answer or the key is changed; a third
one validates the key by DNSSEC, and no more once it is another one's."""

import pathlib
import re
import unittest

import dns.dnssec
import dns.exception
import dns.name
import dns.rdatatype
import dns.rrset
from lib import dns as private_dns
from lib import mails
from lib.case import DaemonCase
from lib.judges import HERE, run
from lib.signing import Signer

PYTHON = "/usr/bin/python3"  # the one that Debian's python3-dkim is for
KEY_NAME = "s1._domainkey.debtor.example"


def judge_python(message, record):
    return run(PYTHON, HERE / "programs/dkim_judge.py", "verify", message, f"{KEY_NAME}={record}")


def judge_perl(message, record):
    return run("perl", HERE / "programs/dkim.pl", message, f"{KEY_NAME}={record}")


class Zone:
    """What dnspython says of the records in dkim/NNN.txt, with a trust anchor and a time."""

    def __init__(self, text, anchor, now):
        self.now, self.sets = now, {}
        for line in text.splitlines():
            if line and not line.startswith(";"):
                owner, _, _, kind, data = line.split(" ", 4)
                kind = (kind, data.split(" ")[0] if kind == "RRSIG" else "")
                self.sets.setdefault((owner, *kind), []).append(data)
        self.anchor = dns.rrset.from_text(".", 0, "IN", "DS", anchor)

    def get(self, owner, kind, covers=""):
        return dns.rrset.from_text_list(owner, 0, "IN", kind, self.sets[owner, kind, covers])

    def trusted(self, owner, kind):
        """The records, when their signatures lead to the anchor."""
        found, signatures = self.get(owner, kind), self.get(owner, "RRSIG", kind)
        keys = {signature.signer: self.keys(signature.signer) for signature in signatures}
        dns.dnssec.validate(found, signatures, keys, None, self.now)
        return found

    def keys(self, zone):
        owner = zone.to_text()
        delegation = self.anchor if owner == "." else self.trusted(owner, "DS")
        found = self.get(owner, "DNSKEY")
        good = [key for key in found for ds in delegation
                if dns.dnssec.make_ds(zone, key, ds.digest_type) == ds]  # fmt: skip
        if not good:
            raise dns.exception.DNSException(f"{owner}: no key that its parent vouches for")
        entry = dns.rrset.from_rdata_list(zone, 0, good)
        dns.dnssec.validate(found, self.get(owner, "RRSIG", "DNSKEY"), {zone: entry}, None, self.now)
        return found


@unittest.skipIf(private_dns.missing(), f"not installed: {private_dns.missing()}")
class Dkim(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        cls.signer = Signer(cls.directory)
        cls.names = private_dns.Names(cls.directory / "dns")
        cls.names.texts["debtor.example"]["s1._domainkey"] = cls.signer.record
        cls.names.start()
        cls.addClassCleanup(cls.names.stop)
        daemon.settings["dns_server"] = [cls.names.address]
        daemon.settings["dns_trust_anchor"] = cls.names.anchor

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        invoice, raw, _ = case.remind()
        answer = mails.reply(raw)
        for how in ("relaxed/relaxed", "simple/simple"):
            answer = cls.signer.sign(answer, "debtor.example", "s1", how)
        case.arrive(answer)
        cls.daemon.temoin("keys")
        cls.names.stop()  # what follows needs no DNS
        members = cls.daemon.evidence(invoice)
        cls.answer, cls.zone = members["entries/002.eml"], members["dkim/002.txt"].decode()
        (cls.record,) = re.findall(rf"(?m)^; key {KEY_NAME} (.*)$", cls.zone)
        cls.asked = re.search(r"(?m)^; asked (.*)Z$", cls.zone)[1]

    def judged(self, judge):
        path = pathlib.Path(self.directory) / "answer.eml"
        path.write_bytes(self.answer)
        done = judge(path, self.record)
        self.assertEqual(done.returncode, 0, done.stdout)
        at = len(self.record) // 2
        other = "B" if self.record[at] == "A" else "A"
        self.assertNotEqual(judge(path, self.record[:at] + other + self.record[at + 1 :]).returncode, 0)
        for text in (b"Nous payons", b"Subject: Re: ", b"paul@debtor.example"):
            at = self.answer.index(text) + len(text) - 1
            touched = self.answer[:at] + bytes([self.answer[at] ^ 1]) + self.answer[at + 1 :]
            path.write_bytes(touched)
            self.assertNotEqual(judge(path, self.record).returncode, 0, text)

    def test_dkimpy(self):
        self.judged(judge_python)

    def test_mail_dkim(self):
        self.judged(judge_perl)

    def validated(self, text, anchor=None, later=0):
        import calendar
        import time

        asked = calendar.timegm(time.strptime(self.asked, "%Y-%m-%dT%H:%M:%S"))
        words = self.names.anchor.read_text().split()
        zone = Zone(text, anchor or " ".join(words[words.index("DS") + 1 :]), asked + later)
        return zone.trusted(f"{KEY_NAME}.", "TXT")

    def test_dnspython(self):
        found = self.validated(self.zone)
        self.assertEqual(b"".join(found[0].strings).decode(), self.record)

    def test_dnspython_refuses(self):
        lines = self.zone.splitlines()
        for kind in (" IN TXT ", " IN DNSKEY ", " IN DS ", " IN RRSIG "):
            for number, line in enumerate(lines):
                if kind not in line:
                    continue
                at = len(line) - 12
                digit = "1" if line[at] != "1" else "0"
                touched = [*lines]
                touched[number] = line[:at] + digit + line[at + 1 :]
                with self.subTest(line=line[:60]), self.assertRaises(Exception):  # noqa: B017
                    self.validated("\n".join(touched))
        with self.assertRaises(dns.exception.DNSException):
            self.validated(self.zone, later=400 * 86400)
        with self.assertRaises(dns.exception.DNSException):
            self.validated(self.zone, "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D")
