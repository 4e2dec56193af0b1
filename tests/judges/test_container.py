"""What temoin evidence writes, before the judges: a reminder that carried a checkpoint, an answer
signed by DKIM, a note, a payment; dated in two batches."""

import shutil
import unittest

from lib import mails, wait
from lib.case import DaemonCase
from lib.judged import Judged, JudgedCase
from lib.judges import Trust
from lib.temoind import section
from lib.tsa import Authority


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Container(Judged, JudgedCase, DaemonCase):
    needed = [
        "LISEZMOI.txt", "index.json", "entries/*.eml", "entries/???.json", "certs/*.pem",
        "entries/*.private.json", "entries/*.json.p7s", "META-INF/ASiCManifest001.xml",
        "META-INF/signature001.p7s",
    ]  # fmt: skip

    @classmethod
    def configure(cls, daemon):
        cls.authority = Authority(cls.directory, "authority").start()
        cls.addClassCleanup(cls.authority.stop)
        daemon.settings["witness"] = True
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
        case.arrive(mails.reply(raw))
        daemon.temoin("seal")
        daemon.temoin("note", invoice, "par téléphone")
        daemon.import_csv(
            "p.csv", f"invoice,reference,amount,currency,date\n{invoice},V1,1.00,EUR,2026-11-02\n"
        )
        file = daemon.directory / "file.asice"
        daemon.temoin("evidence", invoice, "-o", file)
        return file, Trust(daemon.keys / "seal.pem", daemon.keys / "export.pem",
                           cls.authority.certificate)  # fmt: skip
