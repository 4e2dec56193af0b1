"""Independent programs that say yes or no to an unpacked evidence file.

    trust = Trust(seal, export, tsa)          # PEM files, obtained elsewhere
    judges = Judges(directory_for_programs, trust)
    judges.cades_openssl(container)           # "" is yes; a text says why not

`container` is the directory that an evidence file was unpacked into. Nothing of temoin is used:
what the files mean is read from the specification (EN 319 162, RFC 4998, RFC 6962, C2SP).
"""

import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import xml.etree.ElementTree as xml
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent.parent / "judges"
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
MANIFEST, SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
ARCHIVE, TIMESTAMP = "META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp001.tst"
JARS = [f"/usr/share/java/{name}.jar" for name in ("bcpkix", "bcprov", "bcutil")]
GO_PATH = pathlib.Path("/usr/share/gocode")


@dataclass
class Trust:
    seal: pathlib.Path
    export: pathlib.Path
    tsa: pathlib.Path


def run(*argv, data=None, env=None, cwd=None):
    return subprocess.run(
        list(map(str, argv)), input=data, stdin=None if data is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90, env=env, cwd=cwd,
    )  # fmt: skip


def verdict(done, words=b""):
    """ "" when the program ended well and said what it says then."""
    if done.returncode == 0 and words in done.stdout:
        return ""
    return done.stdout.decode(errors="replace")[-600:] or f"exit status {done.returncode}"


def listed(container, manifest):
    """{name: base64 of SHA-256} and what the manifest says its signature is."""
    tree = xml.parse(container / manifest).getroot()
    names = {
        urllib.parse.unquote(item.get("URI")): item.find(f"{DS}DigestValue").text.strip()
        for item in tree.findall(f"{ASIC}DataObjectReference")
    }
    return names, tree.find(f"{ASIC}SigReference").get("URI")


def files_of(container):
    return sorted(
        str(path.relative_to(container)) for path in container.rglob("*") if path.is_file()
    )


def digests(container, manifest, whole=()):
    """Is every listed file there with its hash? `whole`: these files must be in the list, too."""
    try:
        names, _ = listed(container, manifest)
    except (xml.ParseError, OSError, AttributeError) as error:
        return f"{manifest}: {error}"
    for name, digest in names.items():
        path = container / name
        if not path.is_file():
            return f"{name}: is not there"
        if base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode() != digest:
            return f"{name}: another hash"
    missing = [name for name in whole if name not in names]
    return f"not in {manifest}: {missing[0]}" if missing else ""


class Judges:
    def __init__(self, directory, trust):
        self.directory, self.trust = pathlib.Path(directory), trust
        self.directory.mkdir(parents=True, exist_ok=True)
        self.agent = None

    def close(self):
        if self.agent:
            run("gpgconf", "--kill", "all", env={**os.environ, "GNUPGHOME": str(self.agent)})
            shutil.rmtree(self.agent, ignore_errors=True)

    # --- what the file itself tells people to run -------------------------------------------------
    def lisezmoi(self, container):
        """The commands of LISEZMOI.txt, copied as they are; the first one that does not say yes.
        `self.instructions` is the text, `self.root_ds` the DNS's root of the tests."""
        part = self.instructions.partition("COMMANDES DE VÉRIFICATION")[2]
        blocks = re.findall(r"(?:^    .*\n)+", part.partition("FICHIERS / FILES")[0], re.M)
        if len(blocks) < 10:
            return f"only {len(blocks)} groups of commands"
        for block in blocks:
            block = block.replace("/usr/share/dns/root.ds", str(self.root_ds))
            done = run("sh", "-c", block, cwd=container, env={"PATH": "/usr/bin:/bin"})
            if done.returncode:
                return verdict(done)
        return ""

    # --- the export's signature -----------------------------------------------------------------
    def content(self, container):
        """All that the export's signature covers: every file but mimetype and what came later."""
        whole = [n for n in files_of(container) if n != "mimetype" and not n.startswith("META-INF/")]
        return digests(container, MANIFEST, whole)

    def cades_openssl(self, container):
        done = run("openssl", "cms", "-verify", "-binary", "-cades", "-purpose", "any", "-inform",
                   "DER", "-in", container / SIGNATURE, "-content", container / MANIFEST,
                   "-CAfile", self.trust.export, "-out", "/dev/null")  # fmt: skip
        return verdict(done, b"CAdES Verification successful") or self.content(container)

    def cades_certtool(self, container):
        done = run("certtool", "--p7-verify", "--inder", "--infile", container / SIGNATURE,
                   "--load-data", container / MANIFEST, "--load-ca-certificate", self.trust.export)  # fmt: skip
        return verdict(done, b"Signature status: ok") or self.content(container)

    def cades_gpgsm(self, container):
        if not self.agent:
            self.prepare_gpgsm()
        env = {**os.environ, "GNUPGHOME": str(self.agent), "LANG": "C"}
        done = run("gpgsm", "--batch", "--disable-dirmngr", "--disable-crl-checks",
                   "--assume-binary", "--verify", container / SIGNATURE, container / MANIFEST,
                   env=env)  # fmt: skip
        return verdict(done, b"Good signature from") or self.content(container)

    def prepare_gpgsm(self):
        self.agent = pathlib.Path(tempfile.mkdtemp(prefix="gs", dir="/tmp"))  # sockets: short
        self.agent.chmod(0o700)
        print_ = run("openssl", "x509", "-in", self.trust.export, "-noout", "-fingerprint", "-sha1")
        print_ = print_.stdout.decode().strip().partition("=")[2]
        (self.agent / "trustlist.txt").write_text(f"{print_} S relax\n")
        env = {**os.environ, "GNUPGHOME": str(self.agent)}
        run("gpgsm", "--batch", "--disable-dirmngr", "--import", self.trust.export, env=env)

    # --- records --------------------------------------------------------------------------------
    def records_openssl(self, container):
        found = sorted(container.glob("entries/*.json.p7s"))
        for signature in found:
            record = signature.with_suffix("")
            done = run("openssl", "cms", "-verify", "-binary", "-cades", "-purpose", "any",
                       "-inform", "DER", "-in", signature, "-content", record, "-CAfile",
                       self.trust.seal, "-out", "/dev/null")  # fmt: skip
            why = verdict(done, b"CAdES Verification successful")
            if why:
                return f"{signature.name}: {why}"
        return "" if found else "no records"

    # --- manifests ------------------------------------------------------------------------------
    def xmllint(self, container):
        found = sorted((container / "META-INF").glob("ASiC*.xml"))
        schema = HERE / "schemas" / "en_31916201v010101.xsd"
        done = run("xmllint", "--nonet", "--noout", "--schema", schema, *found)
        return verdict(done) if found else "no manifest"

    # --- time -----------------------------------------------------------------------------------
    def archive_openssl(self, container):
        done = run("openssl", "ts", "-verify", "-data", container / ARCHIVE, "-in",
                   container / TIMESTAMP, "-token_in", "-CAfile", self.trust.tsa)  # fmt: skip
        whole = [n for n in files_of(container) if n not in ("mimetype", ARCHIVE, TIMESTAMP)]
        return verdict(done, b"Verification: OK") or digests(container, ARCHIVE, whole)

    def batches_openssl(self, container):
        """Each token by itself; its imprint is the root that the evidence records lead to, since
        they hold the same token."""
        records = [p.read_bytes() for p in container.glob("META-INF/evidencerecord*.ers")]
        found = sorted(container.glob("batches/*.tst"))
        for token in found:
            text = run("openssl", "ts", "-reply", "-in", token, "-token_in", "-text").stdout
            done = run("openssl", "ts", "-verify", "-digest", imprint(text), "-in", token,
                       "-token_in", "-CAfile", self.trust.tsa)  # fmt: skip
            why = verdict(done, b"Verification: OK")
            if not why and not any(token.read_bytes() in record for record in records):
                why = "is in no evidence record"
            if why:
                return f"{token.name}: {why}"
        return "" if found else "no batches"

    def records_bouncycastle(self, container):
        classes = self.directory / "java"
        if not classes.exists():
            done = run("javac", "-cp", ":".join(JARS), "-d", classes, HERE / "programs/Ers.java")
            assert done.returncode == 0, done.stdout.decode()
        lines, found = [], sorted(container.glob("META-INF/evidencerecord*.ers"))
        for record in found:
            number = record.stem.removeprefix("evidencerecord")
            manifest = f"META-INF/ASiCEvidenceRecordManifest{number}.xml"
            why = digests(container, manifest)
            if why:
                return why
            names, signature = listed(container, manifest)
            if container / signature != record:
                return f"{manifest}: is about {signature}"
            lines.append("\t".join(map(str, [self.trust.tsa, record, *(container / n for n in names)])))
        done = run("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp",
                   ":".join([*JARS, str(classes)]), "Ers", data="\n".join(lines).encode())  # fmt: skip
        answers = done.stdout.decode(errors="replace").splitlines()
        if done.returncode == 0 and found and answers == ["yes"] * len(found):
            return ""
        return "; ".join(a for a in answers if a != "yes")[:600] or "no evidence records"

    # --- the log --------------------------------------------------------------------------------
    def log_go(self, container):
        program = self.directory / "log"
        if not program.exists():
            env = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOFLAGS": "",
                   "GOCACHE": str(self.directory / "go"), "CGO_ENABLED": "0"}  # fmt: skip
            done = run("go", "build", "-o", program, HERE / "programs/log.go", env=env)
            assert done.returncode == 0, done.stdout.decode()
        done = run(program, container)
        return "" if done.stdout == b"yes\n" else verdict(done, b"yes\n")

    # --- the zip --------------------------------------------------------------------------------
    @staticmethod
    def unzip(file):
        return verdict(run("unzip", "-tqq", file))

    @staticmethod
    def zipinfo(file):
        """mimetype is the first file, stored, without an extra field."""
        done = run("zipinfo", "-v", file, "mimetype")
        short = run("zipinfo", "-1", file).stdout.decode().splitlines()
        text = done.stdout.decode(errors="replace")
        wanted = [
            ("compression method:", "none (stored)"),
            ("length of extra field:", "0 bytes"),
            ("uncompressed size:", "31 bytes"),
            ("offset of local header from start of archive:", "0"),
            ("file security status:", "not encrypted"),
        ]
        for name, value in wanted:
            line = next((line for line in text.splitlines() if name in line), "")
            if line.partition(name)[2].split()[: len(value.split())] != value.split():
                return f"{name} {line}"
        return "" if done.returncode == 0 and short[:1] == ["mimetype"] else "mimetype is not first"


def imprint(text):
    """The hash in `openssl ts -text`, as hexadecimal."""
    digits, inside = "", False
    for line in text.decode(errors="replace").splitlines():
        if line.startswith("Message data:"):
            inside = True
        elif inside and line.startswith("    "):
            digits += line.split(" - ")[1][:49].replace("-", " ").replace(" ", "")
        else:
            inside = False
    return digits[:64] or "00" * 32
