"""What temoin evidence writes, before the judges: a reminder that carried a checkpoint, an answer
signed by DKIM, a note, a payment; dated in two batches."""

import fnmatch
import re
import shutil
import unittest
import zipfile

from lib import asice, dns, mails, wait
from lib.case import DaemonCase
from lib.judged import DATED, Dated, Judged, JudgedCase, touched
from lib.judges import Trust, files_of
from lib.signing import Signer
from lib.temoind import section
from lib.tsa import Authority


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Container(Judged, Dated, JudgedCase, DaemonCase):
    @classmethod
    def configure(cls, daemon):
        cls.authority = Authority(cls.directory, "authority").start()
        cls.addClassCleanup(cls.authority.stop)
        daemon.settings["witness"] = True
        cls.signer = Signer(cls.directory)
        cls.names = dns.Names(cls.directory / "dns")
        cls.names.texts["debtor.example"]["s1._domainkey"] = cls.signer.record
        cls.names.start()
        cls.addClassCleanup(cls.names.stop)
        daemon.settings["dns_server"] = [cls.names.address]
        daemon.settings["dns_trust_anchor"] = cls.names.anchor
        write = daemon.configuration
        daemon.configuration = lambda: write() + section("tsa", "one", cls.authority.section())

    @classmethod
    def is_signed(cls):
        return cls.daemon.json("stats")["seal"]["unsigned"] == 0

    @classmethod
    def make(cls):
        case, daemon = cls(), cls.daemon
        case.remind()  # in another dossier
        wait.until(cls.is_signed, 20, "signatures", every=0.1)
        invoice, raw, _ = case.remind()
        case.arrive(cls.signer.sign(mails.reply(raw)))
        daemon.temoin("keys")
        daemon.temoin("seal")
        daemon.temoin("note", invoice, "par téléphone")
        daemon.import_csv(
            "p.csv", f"invoice,reference,amount,currency,date\n{invoice},V1,1.00,EUR,2026-11-02\n"
        )
        file = daemon.directory / "file.asice"
        daemon.temoin("evidence", invoice, "-o", file)
        return file, Trust(daemon.keys / "seal.pem", daemon.keys / "export.pem",
                           cls.authority.certificate)  # fmt: skip

    def verify(self, file):
        trust = self.judges.trust
        done = self.daemon.temoin("verify", file, "--seal", trust.seal, "--seal", trust.export,
                                  "--tsa", trust.tsa, status=None)  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def test_temoin_itself(self):
        status, text = self.verify(self.file)
        self.assertEqual(status, 0, text)
        self.assertIn("dkim/002.txt", text)
        self.assertIn("carried the checkpoint of the first ", text)
        self.assertNotIn("first 1 entries", text)
        batches = re.findall(r"batches/\d+\.checkpoint: (.*)", text)
        self.assertEqual(len(batches), 2)
        for said in batches:  # the export's own checkpoint is not the only one that is shown
            self.assertTrue(said.endswith("closed: the log begins with it"), said)
        with zipfile.ZipFile(self.file) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        copy = self.directory / "copy.asice"
        for name, octets in touched(files, DATED):
            asice.write(copy, {**files, name: octets})
            copy.chmod(0o644)
            status, text = self.verify(copy)
            self.assertEqual(status, 1, f"{name}: {text}")

    def test_documents_name_who_dated_and_who_entered(self):
        page = (self.container / "index.html").read_text().replace("\u00a0", " ")
        self.assertIn("qui se nomme « authority unit » (jetons RFC 3161 : 2)", page)
        self.assertIn("<dt>Référence</dt><dd><bdi>V1</bdi>", page)
        self.assertRegex(page, r"<dt>Saisi par</dt><dd><bdi>compte [^<]+</bdi>")

    def prepare_lisezmoi(self):
        self.judges.root_ds = self.names.anchor
        self.judges.instructions = (self.container / "LISEZMOI.txt").read_text()

    def test_commands_of_lisezmoi(self):
        self.prepare_lisezmoi()
        self.judge("lisezmoi", [*DATED, "SHA256SUMS", "mimetype"])

    def test_commands_of_lisezmoi_on_files_too_many_or_too_few(self):
        self.prepare_lisezmoi()
        judge = self.judges.lisezmoi
        for name in ("entries/099.eml", "extra.txt", "META-INF/signature002.p7s"):
            with self.subTest(added=name):
                (self.container / name).write_bytes(b"From: x\r\n\r\n")
                self.assertIn(f"{name}: NOT LISTED", judge(self.container))
                (self.container / name).unlink()
        for kind in DATED:
            for name in [n for n in files_of(self.container) if fnmatch.fnmatch(n, kind)][-1:]:
                with self.subTest(removed=name):
                    octets = (self.container / name).read_bytes()
                    (self.container / name).unlink()
                    self.assertNotEqual(judge(self.container), "")
                    (self.container / name).write_bytes(octets)
        self.assertEqual(judge(self.container), "")
