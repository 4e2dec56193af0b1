"""An evidence file made without temoin, from its specification: zipfile, openssl, and what there
is to hash. What `temoin verify` says of it is then no echo of the program that writes such files.

    keys = Keys(directory)
    maker = Maker(keys)
    maker.fill()
    files = maker.make()          # {name: octets}, in the order of the zip
    write(path, files)
"""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import zipfile
from datetime import datetime, timedelta, timezone

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/ASiCManifest001.xml"
SIGNATURE = "META-INF/signature001.p7s"
ARCHIVE = "META-INF/ASiCArchiveManifest.xml"
TIMESTAMP = "META-INF/timestamp001.tst"
ORIGIN = "temoin.creditor.example/0123abcd"
DOSSIER = "00112233445566778899aabbccddeeff"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def openssl(*argv, data=None):
    done = subprocess.run(
        ["openssl", *map(str, argv)], input=data, capture_output=True, timeout=60
    )
    if done.returncode:
        raise AssertionError(f"openssl {argv}: {done.stderr.decode(errors='replace')}")
    return done.stdout


# --- keys -------------------------------------------------------------------------------------


class Keys:
    """Seal, export, a second pair of somebody else, log key, and a timestamp authority."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in ("seal", "export", "rival"):
            self.certificate(name, f"Exemple SAS {name}")
        self.log = self.path("log.key")
        openssl("genpkey", "-algorithm", "ED25519", "-out", self.log)
        self.log_pem = openssl("pkey", "-in", self.log, "-pubout")
        self.log_raw = openssl("pkey", "-in", self.log, "-pubout", "-outform", "DER")[-32:]
        for name in ("tsa", "false-tsa"):
            self.authority(name)

    def path(self, name):
        return self.directory / name

    def pem(self, name):
        return self.path(f"{name}.pem").read_bytes()

    def certificate(self, name, title, dates=None):
        key, pem = self.path(f"{name}.key"), self.path(f"{name}.pem")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        request = openssl("req", "-new", "-key", key, "-subj", f"/O=Exemple SAS/CN={title}")
        extensions = self.path("seal.ext")
        extensions.write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,nonRepudiation,digitalSignature\n"
            "subjectKeyIdentifier=hash\n"
        )
        if not dates:
            openssl("x509", "-req", "-key", key, "-days", "3650", "-extfile", extensions, "-out",
                    pem, data=request)  # fmt: skip
            return
        database = self.path(f"{name}.db")
        database.write_text("")
        self.path(f"{name}.serial").write_text("01\n")
        config = self.path(f"{name}.cnf")
        config.write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nserial={self.path(name + '.serial')}\n"
            f"new_certs_dir={self.directory}\ndefault_md=sha256\npolicy=p\n"
            "[p]\norganizationName=supplied\ncommonName=supplied\n"
        )
        self.path(f"{name}.csr").write_bytes(request)
        openssl("ca", "-batch", "-notext", "-selfsign", "-config", config, "-keyfile", key, "-in",
                self.path(f"{name}.csr"), "-startdate", dates[0], "-enddate", dates[1], "-extfile",
                extensions, "-out", pem)  # fmt: skip

    def authority(self, name):
        ca_key, ca = self.path(f"{name}-ca.key"), self.path(f"{name}-ca.pem")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca,
                "-days", "3650", "-subj", f"/CN=CA of {name}")  # fmt: skip
        key, pem = self.path(f"{name}.key"), self.path(f"{name}.pem")
        request = openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj",
                          f"/CN=Time by {name}")  # fmt: skip
        extensions = self.path("tsa.ext")
        extensions.write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=critical,timeStamping\n"
        )
        openssl("x509", "-req", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "3000",
                "-extfile", extensions, "-out", pem, data=request)  # fmt: skip
        self.path(f"{name}.serial").write_text("01\n")
        self.path(f"{name}.cnf").write_text(
            f"[tsa]\ndefault_tsa=t\n[t]\nserial={self.path(name + '.serial')}\ncrypto_device=builtin\n"
            f"signer_cert={pem}\nsigner_key={key}\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
            "digests=sha256,sha512\nordering=no\ntsa_name=no\ness_cert_id_alg=sha256\n"
        )

    def sign(self, name, data):
        """CAdES-B-B, detached."""
        return openssl("cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256",
                       "-signer", self.path(f"{name}.pem"), "-inkey", self.path(f"{name}.key"),
                       "-outform", "DER", data=data)  # fmt: skip

    def stamp(self, digest, name="tsa"):
        """A token over a SHA-256."""
        query = openssl("ts", "-query", "-digest", digest.hex(), "-sha256", "-cert")
        path = self.path("query.tsq")
        path.write_bytes(query)
        return openssl("ts", "-reply", "-config", self.path(f"{name}.cnf"), "-queryfile", path,
                       "-token_out")  # fmt: skip

    def note(self, size, root):
        """A C2SP checkpoint."""
        text = f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        path = self.path("note.txt")
        path.write_bytes(text)
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.log, "-in", path)
        key_id = sha256(ORIGIN.encode(), b"\n\x01", self.log_raw)[:4]
        line = base64.b64encode(key_id + signature).decode()
        return text + f"\n\u2014 {ORIGIN} {line}\n".encode()


# --- RFC 6962 ---------------------------------------------------------------------------------


def leaf_hash(data):
    return sha256(b"\0", data)


def split(count):
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = split(len(leaves))
    return sha256(b"\1", root_of(leaves[:half]), root_of(leaves[half:]))


def inclusion(index, leaves):
    if len(leaves) == 1:
        return []
    half = split(len(leaves))
    if index < half:
        return inclusion(index, leaves[:half]) + [root_of(leaves[half:])]
    return inclusion(index - half, leaves[half:]) + [root_of(leaves[:half])]


def consistency(old, leaves, whole=True):
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = split(len(leaves))
    if old <= half:
        return consistency(old, leaves[:half], whole) + [root_of(leaves[half:])]
    return consistency(old - half, leaves[half:], False) + [root_of(leaves[:half])]


# --- RFC 4998 ---------------------------------------------------------------------------------

SHA256_ALGORITHM = bytes.fromhex("300b0609608648016503040201")


def der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def node(hashes):
    return hashes[0] if len(hashes) == 1 else sha256(*sorted(hashes))


def reduced(groups, index):
    """The lists for one group, and the root."""
    level = [node([sha256(f) for f in group]) for group in groups]
    lists = [sorted(sha256(f) for f in groups[index])]
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            lists.append([level[sibling]])
        level = [node(level[i : i + 2]) for i in range(0, len(level), 2)]
        index //= 2
    return lists, level[0]


def archive_timestamp(lists, token):
    tree = der(0xA2, *[der(0x30, *[der(4, h) for h in one]) for one in lists])
    return der(0x30, der(0x80 | 0x20, SHA256_ALGORITHM[2:]), tree, token)


def evidence_record(*chains):
    """Each chain is a list of archive timestamps."""
    return der(0x30, der(2, b"\1"), der(0x30, SHA256_ALGORITHM),
               der(0x30, *[der(0x30, *stamps) for stamps in chains]))  # fmt: skip


# --- the container ----------------------------------------------------------------------------


def manifest(signature, mime, names, files):
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" '
        'xmlns:ds="http://www.w3.org/2000/09/xmldsig#">',
        f'<asic:SigReference URI="{signature}"' + (f' MimeType="{mime}"/>' if mime else "/>"),
    ]
    for name in names:
        digest = base64.b64encode(sha256(files[name])).decode()
        lines.append(
            f'<asic:DataObjectReference URI="{name}" MimeType="application/octet-stream">'
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
            f"<ds:DigestValue>{digest}</ds:DigestValue></asic:DataObjectReference>"
        )
    return "\n".join(lines + ["</asic:ASiCManifest>"]).encode()


def write(path, files):
    """`files`: a dict, or a list of (name, octets) in which a name may be twice."""
    items = list(files.items()) if isinstance(files, dict) else files
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in items:
            info = zipfile.ZipInfo(name, (2026, 11, 21, 12, 0, 0))
            stored = name == "mimetype" or len(data) > 100_000
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            z.writestr(info, data)
    return path


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Entry:
    def __init__(self, event, message=None, direction=None, **private):
        self.event, self.message, self.direction = event, message, direction
        self.private = private
        self.nonce = os.urandom(32)
        self.n = self.seq = None
        self.time = None
        self.seal = "seal"
        self.erased = False
        self.prev = None  # None: the true one


class Maker:
    """One dossier in a log that holds other entries too. Change attributes, or override the
    steps, before make()."""

    def __init__(self, keys):
        self.keys = keys
        self.entries = []
        self.export_key = "export"
        self.tsa = "tsa"
        self.dated = True  # batches and archive
        self.first = 1
        self.volume = None
        self.begun = datetime.now(timezone.utc) - timedelta(minutes=2)
        self.filler = 3  # entries of other dossiers between two

    # --- contents -----------------------------------------------------------------------------

    def add(self, event, message=None, direction=None, **private):
        entry = Entry(event, message, direction, **private)
        self.entries.append(entry)
        return entry

    def fill(self):
        """A dossier with one of each: reminder, reply, a note, the export."""
        self.add("prepared", b"From: jeanne@creditor.example\r\nSubject: F-1\r\n\r\nPayez.\r\n",
                 "outbound", kind="reminder")  # fmt: skip
        self.add("reply", b"From: paul@debtor.example\r\n\r\nVendredi, c'est promis.\r\n", "inbound")
        self.add("note", text="appelé, rien")
        self.add("export", what="evidence")
        return self

    # --- steps --------------------------------------------------------------------------------

    def record(self, entry, commitment):
        public = {
            "v": 1, "log": ORIGIN, "seq": entry.seq, "event": entry.event, "time": entry.time,
            "dossiers": [{"id": DOSSIER, "n": entry.n}], "private": commitment.hex(),
            "actor": {"process": "scribe", "uid": 1}, "key": "0" * 64,
            "software": {"name": "temoin", "version": "0", "sha256": "0" * 64},
            "algorithms": {"commitment": "sha256(nonce||data)", "leaf": "rfc6962-sha256"},
        }  # fmt: skip
        if entry.prev:
            public["dossiers"][0]["prev"] = entry.prev.hex()
        if entry.direction:
            public["direction"] = entry.direction
        if entry.message is not None:
            public["message"] = sha256(entry.nonce, entry.message).hex()
            public["size"] = len(entry.message)
        return compact(public)

    def put_entry(self, entry, stem):
        private = dict(entry.private, nonce=entry.nonce.hex())
        if entry.message is not None:
            private["sha256"] = sha256(entry.message).hex()
        private = compact(private)
        record = self.record(entry, sha256(entry.nonce, private))
        names = {f"entries/{stem}.json": record,
                 f"entries/{stem}.json.p7s": self.keys.sign(entry.seal, record)}  # fmt: skip
        if not entry.erased:
            names[f"entries/{stem}.private.json"] = private
            if entry.message is not None:
                names[f"entries/{stem}.eml"] = entry.message
        self.files.update(names)
        if not entry.erased:
            self.groups[stem] = list(names)
        return record

    def put_entries(self):
        """Records, in a log in which other dossiers write, too."""
        self.leaves, self.groups = [], {}
        before = None
        for i, entry in enumerate(self.entries):
            self.leaves += [leaf_hash(os.urandom(8)) for _ in range(self.filler)]
            self.before_entry(entry)
            entry.n, entry.seq = self.first + i, len(self.leaves) + 1
            when = self.begun + timedelta(seconds=i)
            entry.time = entry.time or when.strftime("%Y-%m-%dT%H:%M:%SZ")
            if entry.prev is None and before:
                entry.prev = before
            record = self.put_entry(entry, f"{entry.n:03}")
            before = leaf_hash(record)
            self.leaves.append(before)
        self.leaves.append(leaf_hash(b"another's"))

    def before_entry(self, entry):
        """A hook: the log is self.leaves so far."""

    def checkpoint(self, size=None):
        size = size or len(self.leaves)
        return self.keys.note(size, root_of(self.leaves[:size]))

    def put_log(self):
        self.files["log/log.pub.pem"] = self.keys.log_pem
        self.files["log/checkpoint"] = self.checkpoint()
        for entry in self.entries:
            self.files[f"log/{entry.n:03}.proof.json"] = self.proof(entry)

    def proof(self, entry):
        hashes = [h.hex() for h in inclusion(entry.seq - 1, self.leaves)]
        return compact({"seq": entry.seq, "size": len(self.leaves), "hashes": hashes})

    def put_consistency(self, size):
        hashes = [h.hex() for h in consistency(size, self.leaves)]
        old = {"old_size": size, "old_root": root_of(self.leaves[:size]).hex()}
        self.files[f"log/consistency-{size}.json"] = compact(
            {**old, "size": len(self.leaves), "hashes": hashes}
        )

    def put_batches(self):
        """One batch with all; its evidence records come later, since nobody signs them."""
        size = len(self.leaves) - 1
        self.files["batches/001.checkpoint"] = self.checkpoint(size)
        self.put_consistency(size)
        self.groups["checkpoint"] = ["batches/001.checkpoint", "log/log.pub.pem"]
        trees = [[self.files[name] for name in group] for group in self.groups.values()]
        trees += [[b"another's record", b"its signature"]]
        self.lists = [reduced(trees, i) for i in range(len(self.groups))]
        self.files["batches/001.tst"] = self.keys.stamp(self.lists[0][1], self.tsa)

    def put_index(self):
        items = [
            {"n": e.n, "seq": e.seq, "event": e.event, "time": e.time} for e in self.entries
        ]
        index = {"dossier": DOSSIER, "timeline": {"invoice": "F-1", "entries": items}}
        if self.volume:
            index["volume"] = {"number": self.volume[0], "of": self.volume[1]}
        self.files["index.json"] = json.dumps(index, indent=1).encode()
        self.files["LISEZMOI.txt"] = b"Comment verifier.\n"
        self.files["index.html"] = b"<!doctype html><title>F-1</title>"
        self.files["dossier.pdf"] = b"%PDF-1.7\n%%EOF\n"

    def put_certificates(self):
        for name in ("seal", "export"):
            self.files[f"certs/{name}.pem"] = self.keys.pem(name)
        if self.dated:
            self.files["certs/tsa.pem"] = self.keys.pem(self.tsa) + self.keys.pem(f"{self.tsa}-ca")

    def put_signature(self):
        names = [n for n in self.files if n != "mimetype"]
        self.files[MANIFEST] = manifest(SIGNATURE, "application/pkcs7-signature", names, self.files)
        self.files[SIGNATURE] = self.keys.sign(self.export_key, self.files[MANIFEST])

    def put_records(self):
        token = self.files["batches/001.tst"]
        for i, (names, (lists, _)) in enumerate(zip(self.groups.values(), self.lists), 1):
            name = f"META-INF/evidencerecord{i:03}.ers"
            self.files[f"META-INF/ASiCEvidenceRecordManifest{i:03}.xml"] = manifest(
                name, None, names, self.files
            )
            self.files[name] = self.evidence(lists, token)

    def evidence(self, lists, token):
        return evidence_record([archive_timestamp(lists, token)])

    def put_archive(self):
        names = [n for n in self.files if n != "mimetype"]
        self.files[ARCHIVE] = manifest(
            TIMESTAMP, "application/vnd.etsi.timestamp-token", names, self.files
        )
        self.files[TIMESTAMP] = self.keys.stamp(sha256(self.files[ARCHIVE]), self.tsa)

    def before_signature(self):
        """A hook: what the company itself puts in, and signs."""

    def before_archive(self):
        """A hook: what is there besides when the archive is dated."""

    def make(self):
        self.files = {"mimetype": MIMETYPE}
        self.put_entries()
        self.put_log()
        if self.dated:
            self.put_batches()
        self.put_index()
        self.put_certificates()
        self.before_signature()
        self.put_signature()
        if self.dated:
            self.put_records()
            self.before_archive()
            self.put_archive()
        return self.files
