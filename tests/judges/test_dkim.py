"""An answer signed by DKIM, as it comes out of the evidence file: two independent libraries still
verify it with the key of that day, and no more once an octet of the answer or the key is changed."""

import base64
import os
import pathlib
import shutil
import subprocess
import unittest

from lib import mails
from lib.case import DaemonCase
from lib.judges import HERE, run

PYTHON = "/usr/bin/python3"  # the one that Debian's python3-dkim is for
KEY_NAME = "s1._domainkey.debtor.example"


def judge_python(message, record):
    return run(PYTHON, HERE / "programs/dkim_judge.py", "verify", message, f"{KEY_NAME}={record}")


def judge_perl(message, record):
    return run("perl", HERE / "programs/dkim.pl", message, f"{KEY_NAME}={record}")


@unittest.skipUnless(shutil.which("openssl") and os.path.exists(PYTHON), "openssl is not installed")
class Dkim(DaemonCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key = cls.directory / "dkim.key"
        run("openssl", "genrsa", "-out", key, "2048")
        public = run("openssl", "rsa", "-in", key, "-pubout", "-outform", "DER").stdout
        public = public[public.index(b"\x30\x82") :]
        cls.record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
        case = cls()
        invoice, raw, _ = case.remind()
        answer = mails.reply(raw)
        fields = [cls.sign(key, answer, how) for how in ("relaxed/relaxed", "simple/simple")]
        case.arrive(b"".join(fields) + answer)
        members = cls.daemon.evidence(invoice)
        (cls.answer,) = [
            octets for name, octets in members.items()
            if name.endswith(".eml") and b"DKIM-Signature" in octets
        ]  # fmt: skip

    @staticmethod
    def sign(key, message, canonicalization):
        done = subprocess.run(
            [PYTHON, HERE / "programs/dkim_judge.py", "sign", key, "debtor.example", "s1",
             canonicalization], input=message, capture_output=True, timeout=30, check=True)  # fmt: skip
        return done.stdout

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
