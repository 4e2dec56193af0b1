"""temoin read: any octets get an answer, in bounded memory and time, without store and rights.

    TEMOIN_BUILD=/path/to/build python3 -m lib.runner commands/test_read.py     (in tests/)
"""

import base64
import io
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import mails  # noqa: E402
from lib.case import BOUNDED, BUILD, HAS_BOUNDS, SANITIZED, SOURCE, Case, DaemonCase  # noqa: E402

MB = 1024 * 1024
MEMORY = 256 * MB
SECONDS = 20  # of processor time, the reader's start and a sanitizer's included
HEAD = (
    b"From: Claire <claire@debtor.example>\r\nTo: jeanne@creditor.example\r\n"
    b"Subject: Re: facture\r\nMessage-ID: <1@debtor.example>\r\nMIME-Version: 1.0\r\n"
)


def attachment(name, declared, octets):
    return (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        + b"Content-Type: text/plain; charset=utf-8\r\n\r\nBonjour,\r\n\r\nci-joint.\r\n--b\r\n"
        + f'Content-Type: {declared}; name="{name}"\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(octets).replace(b"\n", b"\r\n")
        + b"--b--\r\n"
    )


class ReadCase(Case):
    arguments = ("--config", "/nonexistent/temoin.conf")
    build = BUILD

    def run_read(self, octets, arguments=None, status=0):
        """(what it printed, standard error, its and its children's usage)."""
        child, parent = os.pipe()
        with open(child, "rb") as back:
            pid = os.fork()
            if pid == 0:
                try:
                    done = subprocess.run(
                        [self.build / "temoin", *(arguments or self.arguments), "read"],
                        input=octets, capture_output=True, timeout=100, check=False,
                    )  # fmt: skip
                    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
                    answer = [
                        done.returncode, done.stdout.decode(), done.stderr.decode(),
                        usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime,
                    ]  # fmt: skip
                    os.write(parent, json.dumps(answer).encode()[: 60 * 1024])
                finally:
                    os._exit(0)
            os.close(parent)
            code, out, err, memory, seconds = json.loads(back.read())
            os.waitpid(pid, 0)
        self.assertEqual(code, status, err)
        if self.build != BUILD or not SANITIZED:
            self.assertLessEqual(memory, MEMORY)
            self.assertLessEqual(seconds, SECONDS)
        return (json.loads(out) if out else None), err

    def read(self, octets):
        facts, err = self.run_read(octets)
        self.assertEqual(err, "")
        return facts


class BadInput(ReadCase):
    def test_nothing_and_next_to_nothing(self):
        for octets in (b"", b"\n", b"\0", b":", b"\r\n\r\n", b"From", b"\xff\xfe"):
            self.assertEqual(self.read(octets)["kind"], "other", octets)

    def test_nested_a_thousand_deep(self):
        for kind in (b"multipart/mixed; boundary=b%d\r\n\r\n--b%d", b"message/rfc822\r\n"):
            nested = b"".join(
                b"Content-Type: " + (kind % (i, i) if b"%" in kind else kind) + b"\r\n"
                for i in range(1000)
            )
            facts = self.read(HEAD + nested + b"Content-Type: text/plain\r\n\r\nau fond\r\n")
            self.assertEqual(facts["message_id"], "<1@debtor.example>")

    def test_large_attachment(self):
        octets = random.Random(4).randbytes(35 * MB)
        facts = self.read(attachment("plan.bin", "application/octet-stream", octets))
        (found,) = facts["attachments"]
        self.assertEqual(found["size"], len(octets))
        self.assertEqual(facts["reply_text"], "Bonjour,\n\nci-joint.")

    def test_zip_bomb(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", bytes(200 * MB))
        facts = self.read(attachment("devis.zip", "application/zip", packed.getvalue()))
        (found,) = facts["attachments"]
        self.assertEqual((found["actual"], found["size"]),
                         ("application/zip", len(packed.getvalue())))  # fmt: skip

    def test_a_million_header_lines(self):
        lines = b"".join(b"X-%d: v\r\n" % i for i in range(1_000_000))
        self.assertEqual(self.read(HEAD + lines + b"\r\nBonjour\r\n")["message_id"],
                         "<1@debtor.example>")  # fmt: skip
        self.assertEqual(self.read(lines + HEAD + b"\r\nBonjour\r\n")["kind"], "other")

    def test_boundaries(self):
        long = b"b" * 10_000
        self.read(HEAD + b'Content-Type: multipart/mixed; boundary="' + long + b'"\r\n\r\n--'
                  + long + b"\r\n\r\nBonjour\r\n--" + long + b"--\r\n")  # fmt: skip
        self.read(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 2_000_000)

    def test_charsets_that_do_not_exist(self):
        for charset in (b"x-no-such", b"../../etc/passwd", b"utf-8\\0", b"a" * 5000):
            facts = self.read(HEAD + b"Content-Type: text/plain; charset=" + charset
                              + b"\r\n\r\nd\xe9j\xe0 pay\xe9\r\n")  # fmt: skip
            self.assertEqual(facts["kind"], "reply")

    def test_documents_that_are_broken(self):
        bodies = [
            b"%PDF-1.7\n" + b"[" * 100_000,
            b"%PDF-1.7\n1 0 obj\n<< /Length 99999999999 >>\nstream\n" + bytes(1000),
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000,
            b"PK\x03\x04" + b"\xff" * 5000,
        ]
        for octets in bodies:
            (found,) = self.read(attachment("f.pdf", "application/pdf", octets))["attachments"]
            self.assertEqual(found["size"], len(octets))

    def test_no_end(self):
        for octets in (
            b"a" * 49_000_000,
            bytes(10_000_000),
            HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 5_000_000,
            HEAD + b"\r\n" + b"> a\r\n" * 5_000_000,
            HEAD + b"\r\n" + b">" * 5_000_000,
            HEAD + b"References: " + b" ".join(b"<%d@x>" % i for i in range(2_000_000)) + b"\r\n\r\n",
            HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=C3=A9" * 8_000_000,
        ):
            self.assertIn(self.read(octets)["kind"], ("reply", "other"))

    def test_whatever_it_prints_is_one_object(self):
        rng = random.Random(8)
        for path in rng.sample(sorted((SOURCE / "tests/corpus").glob("*.eml")), 10):
            octets = bytearray(path.read_bytes())
            for _ in range(20):
                octets[rng.randrange(len(octets))] = rng.randrange(256)
            self.assertIn("kind", self.read(bytes(octets[: rng.randrange(len(octets))])))


if SANITIZED and HAS_BOUNDS:

    class BadInputInBounds(BadInput):
        """The same, with the memory measured."""

        build = BOUNDED


class Limits(ReadCase):
    build = BOUNDED

    def test_too_long_is_said(self):
        facts, err = self.run_read(HEAD + b"\r\n" + b"a" * (50 * MB), status=65)
        self.assertIsNone(facts)
        self.assertIn("more than 52428800 octets", err)

    @unittest.skipUnless(HAS_BOUNDS, "TEMOIN_HARDENED names no build: a sanitizer's memory has no bounds")
    def test_a_message_that_its_reader_dies_of_is_read_by_its_header(self):
        settings = self.directory / "small.conf"
        settings.write_text('reader_memory = 64M\ncompany "C" { domain = "creditor.example" }\n'
                            'accountant "J" { login = { "j" } address = { "j@creditor.example" } }\n'
                            f'listener "both" {{ socket = "unix:{self.directory}/s" }}\n')  # fmt: skip
        octets = HEAD + b"In-Reply-To: <9@creditor.example>\r\n\r\n" + b"a" * (49 * MB)
        facts, err = self.run_read(octets, ("--config", settings))
        self.assertEqual(
            facts,
            {"kind": "other", "message_id": "<1@debtor.example>",
             "in_reply_to": ["<9@creditor.example>"]},
        )  # fmt: skip
        self.assertIn("only its header is", err)

    def test_a_configuration_that_is_wrong_costs_the_tokens_only(self):
        settings = self.directory / "wrong.conf"
        settings.write_text("no such = key\n")
        facts, err = self.run_read(HEAD + b"\r\nBonjour\r\n", ("--config", settings))
        self.assertEqual(facts["kind"], "reply")
        self.assertIn("tokens are not checked", err)


class Tokens(DaemonCase):
    def test_tokens_are_judged_where_the_keys_can_be_read(self):
        _, sent, outcome = self.remind()
        (token,) = outcome.state.get("Temoin-Token")
        token = token.strip()
        fake = "a" * 26
        body = f"Votre référence {token}, et {fake}.\n"
        raw = mails.reply(sent, body=body, extra=[("Delivered-To", f"j+g{fake}@creditor.example")])
        facts = json.loads(self.daemon.temoin("read", stdin=raw).stdout)
        found = {(t["token"], t["where"]): t["valid"] for t in facts["tokens"]}
        self.assertEqual(found[token, "references"], True)
        self.assertEqual(found[token, "body"], True)
        self.assertEqual(found[fake, "recipient"], False)
        self.assertNotIn((fake, "body"), found)
        done = subprocess.run(
            [BUILD / "temoin", "--config", "/nonexistent", "read"],
            input=raw, capture_output=True, check=True,
        )  # fmt: skip
        for one in json.loads(done.stdout)["tokens"]:
            self.assertNotIn("valid", one)
            self.assertNotEqual(one["where"], "candidate")
