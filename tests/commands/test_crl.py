"""seal_crls: revocation lists in the signature of an export (CAdES-B-LT), and what comes of them."""

import shutil
import subprocess
import zipfile

from lib import cms
from lib.case import DaemonCase


class Copies:
    """Keys by name, as cms.py wants them, where files may be left behind."""

    def __init__(self, keys, directory):
        self.directory = directory
        directory.mkdir()
        for end in ("key", "pem"):
            shutil.copy(keys / f"export.{end}", directory)

    def path(self, name):
        return self.directory / name


class Revocation(DaemonCase):
    @classmethod
    def configure(cls, daemon):
        cls.list = cls.directory / "export.crl"
        daemon.settings["seal_crls"] = [str(cls.list)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice, _, _ = DaemonCase.remind(cls())
        cls.copies = Copies(cls.daemon.keys, cls.directory / "copies")

    def export(self, status=0):
        self.file = self.directory / "f.asice"
        self.file.unlink(missing_ok=True)
        self.list.chmod(0o644)
        return self.daemon.temoin("evidence", self.invoice, "-o", self.file, status=status).stderr

    def judge(self, status):
        pins = [a for name in ("seal", "export") for a in ("--seal", self.daemon.keys / f"{name}.pem")]
        return self.daemon.temoin("verify", *pins, self.file, status=status).stdout

    def printed(self):
        with zipfile.ZipFile(self.file) as z:
            signature = z.read("META-INF/signature001.p7s")
        return subprocess.run(
            ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER"], input=signature,
            capture_output=True, check=True, timeout=30).stdout.decode(errors="replace")  # fmt: skip

    def test_a_list_goes_along(self):
        der = cms.revocation(self.copies, "export", "350101000000Z")
        pem = subprocess.run(["openssl", "crl", "-inform", "DER"], input=der, capture_output=True,
                             check=True, timeout=30).stdout  # fmt: skip
        for octets, count in ((der, 1), (pem, 1), (pem + pem, 2)):
            self.list.write_bytes(octets)
            self.export()
            self.assertEqual(self.printed().count("revocationDate:"), count)
            self.assertIn("INTACT: ", self.judge(0))

    def test_a_key_that_was_revoked_before(self):
        self.list.write_bytes(cms.revocation(self.copies, "export", "200101000000Z"))
        self.export()
        self.assertIn("its certificate had been revoked when it was signed", self.judge(2))

    def test_what_is_no_list(self):
        self.list.write_bytes(b"nothing\n")
        self.assertIn("holds no certificate revocation list", self.export(status=None))
        self.assertFalse(self.file.exists())
        self.list.unlink()
        self.list.symlink_to("/nonexistent/list")
        self.addCleanup(self.list.unlink)
        said = self.daemon.temoin("evidence", self.invoice, "-o", self.file, status=None)
        self.assertIn("cannot be opened", said.stderr)
        self.assertFalse(self.file.exists())
