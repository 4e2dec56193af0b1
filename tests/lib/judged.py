"""The test case of the judges: one evidence file, and copies of it with an octet changed.

    class Mine(Judged, Dated, JudgedCase): make() gives the file; each judge then is a test: yes to the file as it is, no to the copy for
every kind of file that this judge answers for. A judge that accepts a touched copy fails.
"""

import base64
import fnmatch
import hashlib
import re
import zipfile

from .case import Case
from .judges import Judges, files_of

CONTENT = [
    "dossier.pdf", "index.html", "LISEZMOI.txt", "index.json", "entries/*.eml", "entries/???.json",
    "entries/*.private.json", "entries/*.json.p7s", "log/checkpoint", "log/*.proof.json",
    "log/consistency-*.json", "log/log.pub.pem", "batches/*.tst", "batches/*.checkpoint",
    "certs/*.pem",
]  # fmt: skip
#: only where a message was signed and its key asked for
KEYS = "dkim/*.txt"
SIGNED = [*CONTENT, KEYS, "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"]
DATED = [
    *SIGNED, "META-INF/ASiCEvidenceRecordManifest*.xml", "META-INF/evidencerecord*.ers",
    "META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp001.tst",
]  # fmt: skip


def place(name, octets):
    """Where one octet is changed so that the file then means something else."""
    if name.endswith((".p7s", ".tst", ".ers")):
        return len(octets) - 8  # in the signature's value
    if name.endswith(".proof.json") or "/consistency-" in name:
        return re.search(rb'"hashes":\s*\[\s*"', octets).end() + 5
    if name.endswith(".xml"):
        return octets.index(b"DigestValue>") + 20
    if name.endswith("checkpoint"):
        return octets.index(b"\n") + 1
    return len(octets) // 2


def touched(files, kinds):
    """(name, octets with one changed) of one file of each kind."""
    for kind in kinds:
        names = [n for n in sorted(files) if fnmatch.fnmatch(n, kind)]
        if kind == KEYS and not names:
            continue
        name = names[-1]
        at = place(name, files[name])
        yield name, files[name][:at] + bytes([files[name][at] ^ 1]) + files[name][at + 1 :]


class Judged:
    """Judges of the container and of signatures."""

    #: the kinds of files that it must have; None: every kind
    needed = None

    def judge(self, name, kinds, where=place):
        judge = getattr(self.judges, name)
        self.assertEqual(judge(self.container), "", "the file as it is")
        for kind in kinds:
            names = [n for n in files_of(self.container) if fnmatch.fnmatch(n, kind)]
            if not names and (kind == KEYS or (self.needed and kind not in self.needed)):
                continue
            self.assertTrue(names, f"{kind}: the evidence file has none")
            path = self.container / names[-1]
            octets = path.read_bytes()
            at = where(names[-1], octets)
            path.write_bytes(octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :])
            try:
                self.assertNotEqual(judge(self.container), "", f"{name} accepts a changed {path}")
            finally:
                path.write_bytes(octets)

    def test_cades_by_openssl(self):
        self.judge("cades_openssl", SIGNED)

    def test_cades_by_certtool(self):
        self.judge("cades_certtool", SIGNED)

    def test_cades_by_gpgsm(self):
        self.judge("cades_gpgsm", SIGNED)

    def test_records_by_openssl(self):
        self.judge("records_openssl", ["entries/???.json", "entries/*.json.p7s"])

    def test_manifests_by_xmllint(self):
        kinds = ["META-INF/ASiCManifest001.xml", "META-INF/ASiCEvidenceRecordManifest*.xml",
                 "META-INF/ASiCArchiveManifest.xml"]  # fmt: skip
        self.judge("xmllint", kinds, lambda name, octets: octets.index(b"DigestMethod") + 3)

    def test_zip_by_unzip(self):
        self.assertEqual(self.judges.unzip(self.file), "")
        octets = self.file.read_bytes()
        touched = self.directory / "touched.asice"
        with zipfile.ZipFile(self.file) as archive:
            for info in archive.infolist():
                if not info.compress_size:
                    continue
                head = info.header_offset
                names = int.from_bytes(octets[head + 26 : head + 28], "little")
                extra = int.from_bytes(octets[head + 28 : head + 30], "little")
                at = head + 30 + names + extra + info.compress_size // 2
                touched.write_bytes(octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :])
                self.assertNotEqual(self.judges.unzip(touched), "", info.filename)

    def test_form_by_zipinfo(self):
        self.assertEqual(self.judges.zipinfo(self.file), "")
        touched = self.directory / "order.asice"
        with zipfile.ZipFile(self.file) as archive:
            names = archive.namelist()
            for order, method in ((names[1:] + names[:1], 0), (names, zipfile.ZIP_DEFLATED)):
                with zipfile.ZipFile(touched, "w") as other:
                    for name in order:
                        other.writestr(name, archive.read(name), method)
                self.assertNotEqual(self.judges.zipinfo(touched), "")


class Dated:
    """Judges of time, and of the log's order."""

    #: what evidence records are about besides entries
    grouped = ()

    def test_archive_by_openssl(self):
        self.judge("archive_openssl", DATED)

    def test_batches_by_openssl(self):
        self.judge("batches_openssl", ["batches/*.tst"])

    def test_evidence_records_by_bouncycastle(self):
        kinds = ["META-INF/evidencerecord*.ers", "entries/???.json", "entries/*.json.p7s",
                 "entries/*.private.json", "entries/*.eml", *self.grouped]  # fmt: skip
        self.judge("records_bouncycastle", kinds)

    def test_evidence_records_by_bouncycastle_with_a_manifest_that_follows(self):
        """A file and its hash in the manifest changed together: the record says no by itself."""
        judge, done = self.judges.records_bouncycastle, 0
        for kind in ("entries/???.json", "entries/*.eml"):
            name = [n for n in files_of(self.container) if fnmatch.fnmatch(n, kind)][0]
            path = self.container / name
            octets = path.read_bytes()
            other = octets[:-5] + bytes([octets[-5] ^ 1]) + octets[-4:]
            old, new = (base64.b64encode(hashlib.sha256(o).digest()) for o in (octets, other))
            for manifest in sorted(self.container.glob("META-INF/ASiCEvidenceRecordManifest*.xml")):
                text = manifest.read_bytes()
                if old not in text:
                    continue
                path.write_bytes(other)
                manifest.write_bytes(text.replace(old, new))
                self.assertRegex(judge(self.container), r"(?i)hash", name)
                path.write_bytes(octets)
                manifest.write_bytes(text)
                done += 1
        self.assertEqual(done, 2)

    def test_log_by_go(self):
        kinds = ["log/checkpoint", "log/*.proof.json", "log/consistency-*.json", "log/log.pub.pem",
                 "entries/???.json", "batches/*.checkpoint"]  # fmt: skip
        self.judge("log_go", kinds)


class JudgedCase(Case):
    """make() gives the file and whom to trust."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.file, trust = cls.make()
        cls.container = cls.directory / "container"
        cls.container.mkdir()
        with zipfile.ZipFile(cls.file) as archive:
            archive.extractall(cls.container)
        cls.judges = Judges(cls.directory / "programs", trust)
        cls.addClassCleanup(cls.judges.close)
