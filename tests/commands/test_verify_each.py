"""`temoin verify FILE`: each check refuses by itself, when all else is as it should be.

The company holds the keys: what is wrong here is what it has signed, listed and dated itself, so
that no hash and no other check speaks for the one that is asked.
"""

import hashlib
import json
import re
import struct
import zipfile
from datetime import datetime, timedelta, timezone

from lib import asice, cms
from lib.verifycase import ALTERED, INCOMPLETE, INTACT, UNKNOWN, UNREADABLE, VerifyCase

SHA1 = bytes.fromhex("300906052b0e03021a0500")
SHA512 = bytes.fromhex("300b0609608648016503040203")


def later(hours):
    return (datetime.now(timezone.utc) + timedelta(hours=hours)).strftime("%Y%m%d%H%M%SZ")


class EachCase(VerifyCase):
    def altered(self, steps, says, fill=None, status=ALTERED, pins=None):
        """`steps`: methods of the maker by name, each called with it after the true one."""
        maker = self.maker()
        if fill:
            fill(maker)
        for name, after in steps.items():
            self.follow(maker, name, after)
        return self.judge_files(status, maker.make(), says, pins)

    @staticmethod
    def follow(maker, name, after):
        true = getattr(maker, name)

        def both(*argv):
            value = true(*argv)
            changed = after(maker, *argv, *([value] if value is not None else []))
            return value if changed is None else changed

        setattr(maker, name, both)

    def signed_with(self, files, says, **more):
        """Files that the company puts in, lists and signs."""
        self.altered({"before_signature": lambda maker: maker.files.update(files)}, says, **more)

    def record(self, n, change, says, **more):
        """The record of entry n says something else; it is sealed, and in the log."""

        def changed(maker, entry, commitment, record):
            public = json.loads(record)
            if entry.n == n:
                change(public)
            return asice.compact(public)

        return self.altered({"record": changed}, says, **more)


class Zip(EachCase):
    def test_names_though_they_are_signed(self):
        for name, why in (("../evil", "leads out"), ("entries/../../evil", "leads out"),
                          ("/etc/evil", "leads out"), ("entries/./x", "leads out"),
                          ("entries//x", "leads out"), ("a\\b", "backslash"),
                          ("dkim/" + "x" * 200, "too long"), ("folder/", "directory")):  # fmt: skip
            self.signed_with({name: b""}, rf"^ALTERED +{re.escape(name)}: its? .*{why}")
        files = self.maker().make()
        files["entries/\x1b[2J.txt"] = b""
        self.judge_files(ALTERED, files, "control character")

    def test_a_name_as_long_as_may_be(self):
        self.signed_with({"x" * 200: b""}, "^INTACT: ", status=INTACT)

    def test_ways_of_packing(self):
        path = self.write(self.maker().make(), "packed.asice")
        with zipfile.ZipFile(path) as old:
            items = [(info, old.read(info)) for info in old.infolist()]
        for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            with zipfile.ZipFile(path, "w") as z:
                for info, data in items:
                    if info.filename == "dossier.pdf":
                        info.compress_type = method
                    z.writestr(info, data)
            self.judge(ALTERED, *self.pins(), path, says="^ALTERED +dossier.pdf: it is packed in a way")

    def flipped(self, where):
        """The container with octets of dossier.pdf's two headers changed: {offset: value} each,
        from the header in the directory and the one before the file."""
        path = self.write(self.maker().make(), "flipped.asice")
        data = bytearray(path.read_bytes())
        directory = data.rindex(b"dossier.pdf") - 46
        (local,) = struct.unpack_from("<L", data, directory + 42)
        for at, before, change in where:
            for place in (directory + at, local + before):
                data[place] = change(data[place]) & 0xFF
        path.write_bytes(data)
        return path

    def test_a_checksum_that_is_not_the_files(self):
        path = self.flipped([(16, 14, lambda octet: octet ^ 1)])
        self.judge(ALTERED, *self.pins(), path, says="^ALTERED +dossier.pdf: altered: its octets are "
                   "not those that were packed$")  # fmt: skip

    def test_a_size_that_is_not_the_files(self):
        for step in (1, -1):
            path = self.flipped([(24, 22, lambda octet, step=step: octet + step)])
            self.judge(ALTERED, *self.pins(), path, says="^ALTERED +dossier.pdf: altered: [^;]*$")

    def test_the_header_and_the_directory_differ(self):
        """Some readers go by the one, some by the other."""
        path = self.write(self.maker().make(), "differ.asice")
        data = bytearray(path.read_bytes())
        data[data.index(b"dossier.pdf")] ^= 1
        path.write_bytes(data)
        self.judge(UNREADABLE, *self.pins(), path, says="cannot be read")

    def test_sizes_whose_sum_is_too_large_to_count(self):
        """libzip looks at them before it looks at names, so that the second opening is not tried."""
        path = self.write(self.maker().make(), "sum.asice")
        with zipfile.ZipFile(path, "a") as z:
            pdf = z.getinfo("dossier.pdf")
            for _ in range(4):  # of 2^62 octets each
                info = zipfile.ZipInfo("dossier.pdf", pdf.date_time)
                info.compress_size, info.file_size, info.CRC = 1 << 62, 10, pdf.CRC
                info.header_offset = pdf.header_offset
                z.filelist.append(info)
            z._didModify = True
        self.judge(UNREADABLE, *self.pins(), path, says="cannot be read")

    def test_more_than_is_kept(self):
        """Each file and the number of files are within their limits."""
        path = self.write(self.maker().make(), "much.asice")
        with zipfile.ZipFile(path, "a") as z:
            for i in range(33):
                info = zipfile.ZipInfo(f"entries/x{i}", (2026, 11, 21, 12, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                info.file_size, info.compress_size, info.CRC = 8 << 20, 90000, 0
                info.header_offset = z.fp.tell()
                z.fp.write(info.FileHeader(zip64=False) + bytes(90000))
                z.start_dir = z.fp.tell()
                z.filelist.append(info)
            z._didModify = True
        self.judge(UNREADABLE, *self.pins(), path, says="octets of records and signatures")

    def test_the_type_is_there_for_all_who_look(self):
        """A further field before the content: whoever looks for the type where it ought to stand
        finds it, but it is not what is unpacked."""
        path = self.write(self.maker().make(), "type.asice")
        with zipfile.ZipFile(path) as old:
            items = [(info, old.read(info)) for info in old.infolist()]
        extra = asice.MIMETYPE.ljust(4 + int.from_bytes(asice.MIMETYPE[2:4], "little"), b"\0")
        with zipfile.ZipFile(path, "w") as z:
            for info, data in items:
                info.extra = extra if info.filename == "mimetype" else b""
                z.writestr(info, data)
        self.judge(ALTERED, *self.pins(), path, says="^ALTERED +mimetype: it is not what an ASiC-E")

    def test_the_type_is_not_the_first_in_the_directory(self):
        path = self.write(self.maker().make(), "second.asice")
        with zipfile.ZipFile(path, "a") as z:
            z.filelist.append(z.filelist.pop(0))
            z._didModify = True
        self.judge(ALTERED, *self.pins(), path, says="^ALTERED +mimetype: it is not what an ASiC-E")

    def test_a_packed_type(self):
        path = self.write(self.maker().make(), "deflated.asice")
        data = bytearray(path.read_bytes())
        for at in (8, data.rindex(b"mimetype") - 46 + 10):
            data[at] = zipfile.ZIP_DEFLATED
        path.write_bytes(data)
        self.judge(ALTERED, *self.pins(), path, says="^ALTERED +mimetype: .*it is not what an ASiC-E")


class Manifests(EachCase):
    def listed(self, change, why):
        def signed_anew(maker):
            maker.files[asice.MANIFEST] = change(maker.files[asice.MANIFEST])
            maker.files[asice.SIGNATURE] = self.keys.sign("export", maker.files[asice.MANIFEST])

        self.altered({"put_signature": signed_anew}, f"^ALTERED +{asice.MANIFEST}: [^;]*{why}")

    def test_what_is_wrong_is_said(self):
        digest = rb"<ds:DigestValue>[^<]*</ds:DigestValue>"
        end = b"</asic:ASiCManifest>"
        one = rb"<asic:DataObjectReference.*?</asic:DataObjectReference>\n?"
        for change, why in (
            (lambda x: x.replace(b"xmlenc#sha256", b"xmlenc#sha1", 1), "another hash than SHA-256"),
            (lambda x: x.replace(b"asic:ASiCManifest", b"asic:Manifest"), "root is no ASiCManifest"),
            (lambda x: x.replace(b"02918/v1.2.1#", b"02918/v9#"), "root is no ASiCManifest"),
            (lambda x: x[: len(x) // 2], "no well-formed XML"),
            (lambda x: x.replace(b"<asic:SigReference ", b"<asic:Other "), "no SigReference"),
            (lambda x: x.replace(b"<asic:SigReference ", b"<ds:SigReference "), "no SigReference"),
            (lambda x: x.replace(b"SigReference URI", b"SigReference Id"), "SigReference has no URI"),
            (lambda x: x.replace(b"ObjectReference URI", b"ObjectReference Id", 1), "has no URI"),
            (lambda x: x.replace(b"application/pkcs7-signature", b"text/plain"), "no CMS signature"),
            (lambda x: x.replace(b"?>", b"?><!DOCTYPE a>", 1), "a DTD"),
            (lambda x: x.replace(end, b"<asic:ASiCManifestExtensions/>" + end), "unknown use"),
            (lambda x: re.sub(one, b"", x, flags=re.S), "lists no file"),
            (lambda x: re.sub(one, lambda m: m[0] + m[0], x, count=1, flags=re.S), "a file twice"),
            (lambda x: re.sub(digest, b"<ds:DigestValue>AAAA</ds:DigestValue>", x, count=1),
             "is no SHA-256"),
            (lambda x: re.sub(digest, lambda m: m[0] + b"<ds:Transforms/>", x, count=1),
             "not the elements that the schema asks for"),
        ):  # fmt: skip
            self.listed(change, why)

    def test_two_answers_to_what_was_listed(self):
        """The same name with another hash: who looks at the first only is content."""

        def change(xml):
            lie = re.search(rb'<asic:DataObjectReference URI="dossier.pdf".*?Reference>\n', xml, re.S)[0]
            lie = re.sub(rb"<ds:DigestValue>....", b"<ds:DigestValue>AAAA", lie)
            return xml.replace(b"</asic:ASiCManifest>", lie + b"</asic:ASiCManifest>")

        self.listed(change, "a file twice")

    def test_the_archives_manifest(self):
        def other_type(maker):
            xml = maker.files[asice.ARCHIVE].replace(b"vnd.etsi.timestamp-token", b"octet-stream")
            maker.files[asice.ARCHIVE] = xml
            maker.files[asice.TIMESTAMP] = self.keys.stamp(asice.sha256(xml))

        def other_hash(maker):
            """Of a file that nothing else speaks for."""
            xml = re.sub(rb'(evidencerecord001.ers".*?<ds:DigestValue>)....', rb"\1AAAA",
                         maker.files[asice.ARCHIVE], flags=re.S)  # fmt: skip
            maker.files[asice.ARCHIVE] = xml
            maker.files[asice.TIMESTAMP] = self.keys.stamp(asice.sha256(xml))

        self.altered({"put_archive": other_type}, f"^ALTERED +{asice.ARCHIVE}: it names no timestamp")
        self.altered({"put_archive": other_hash}, f"^ALTERED +{asice.ARCHIVE}: 1 of the")


    def test_a_file_of_meta_inf_that_only_the_archive_lists(self):
        self.altered({"before_archive": lambda maker: maker.files.update({"META-INF/more.xml": b"<a/>"})},
                     "META-INF/more.xml: added: no manifest has a place for it")  # fmt: skip

    def test_nothing_signs_and_nothing_dates(self):
        for name, says in ((asice.SIGNATURE, "missing: nobody signs"),
                           (asice.MANIFEST, "missing: nothing in this file is signed")):  # fmt: skip
            maker = self.maker()
            maker.dated = False
            files = maker.make()
            del files[name]
            self.judge_files(ALTERED, files, f"{name}: {says}", self.pins(tsa=None))


class Seals(EachCase):
    """Of records and of the export."""

    def export(self, signature, says, status=ALTERED, **more):
        def put(maker):
            maker.files[asice.SIGNATURE] = signature(maker.files[asice.MANIFEST])

        self.altered({"put_signature": put}, says, status=status, **more)

    def test_who_has_no_key_makes_the_lists_anew(self):
        """And has it dated by the same authority, which dates for anybody."""
        files = self.maker().make()
        files["dossier.pdf"] = b"%PDF-1.7\nrien\n%%EOF\n"
        names = [n for n in files if not n.startswith("META-INF") and n != "mimetype"]
        files[asice.MANIFEST] = asice.manifest(asice.SIGNATURE, "application/pkcs7-signature", names,
                                               files)  # fmt: skip
        names = [n for n in files if n not in ("mimetype", asice.ARCHIVE, asice.TIMESTAMP)]
        files[asice.ARCHIVE] = asice.manifest(
            asice.TIMESTAMP, "application/vnd.etsi.timestamp-token", names, files
        )
        files[asice.TIMESTAMP] = self.keys.stamp(asice.sha256(files[asice.ARCHIVE]))
        done = self.judge_files(ALTERED, files, "signature001.p7s: altered, or the manifest was")
        self.assertEqual(done.stdout.count("\nALTERED "), 1, done.stdout)

    def test_a_seal_over_another_record(self):
        def swap(maker, entry, stem, record):
            if entry.n == 2:
                maker.files["entries/002.json.p7s"] = self.keys.sign("seal", b"{}")

        self.altered({"put_entry": swap}, "002.json.p7s: altered, or the record was")

    def test_a_record_that_a_stranger_seals(self):
        def fill(maker):
            maker.entries[1].seal = "rival"

        self.altered({}, "002.json.p7s: signed by a certificate that is not in certs/", fill)

    def test_a_record_without_its_seal(self):
        def take(maker):
            del maker.files["entries/002.json.p7s"]
            maker.groups["002"].remove("entries/002.json.p7s")

        self.altered({"put_entries": take}, "002.json: its signature is missing")

    def test_the_made_ones_are_good(self):
        """What cms.py makes is a signature, so that what is wrong below is what is meant."""
        sign = lambda data: cms.signed(self.keys, "export", data)  # noqa: E731
        self.export(sign, "^INTACT: ", INTACT)

    def test_who_has_the_certificate_and_not_the_key(self):
        """The digest is right, and the certificate; the signature is another's."""
        self.export(lambda data: cms.signed(self.keys, "export", data, key="rival"),
                    "signature001.p7s: altered,")  # fmt: skip

        def put(maker):
            record = maker.files["entries/002.json"]
            maker.files["entries/002.json.p7s"] = cms.signed(self.keys, "seal", record, key="rival")

        self.altered({"put_entries": put}, "002.json.p7s: altered, or the record was")

    def test_octets_behind_a_signature(self):
        self.export(lambda data: self.keys.sign("export", data) + b"\0", "signature001.p7s: altered,")

    def test_a_signature_that_names_another_certificate(self):
        """RFC 5035: one that names none, or not the signer's."""
        self.export(
            lambda data: asice.openssl(
                "cms", "-sign", "-binary", "-nosmimecap", "-md", "sha256", "-signer",
                self.keys.path("export.pem"), "-inkey", self.keys.path("export.key"), "-outform",
                "DER", data=data), "signature001.p7s: altered,")  # fmt: skip
        self.export(lambda data: cms.signed(self.keys, "export", data, named=b"another"),
                    "signature001.p7s: altered,")  # fmt: skip

    def test_hashes(self):
        def sign(md):
            return lambda data: asice.openssl(
                "cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", md, "-signer",
                self.keys.path("export.pem"), "-inkey", self.keys.path("export.key"), "-outform",
                "DER", data=data)  # fmt: skip

        self.export(sign("sha1"), "signature001.p7s: altered, .*too weak")
        self.export(sign("sha512"), "^INTACT: ", INTACT)

    def test_two_signers(self):
        self.export(lambda data: cms.signed(self.keys, "export", data, more=["rival"]),
                    "signature001.p7s: .*not exactly one signer")  # fmt: skip

    def test_times(self):
        self.export(lambda data: cms.signed(self.keys, "export", data, times=[cms.NOW, cms.NOW]),
                    "signature001.p7s: altered,")  # fmt: skip
        for times in ((), (asice.der(0x0C, b"261121120000Z"),), (asice.der(5),)):
            maker = self.maker()
            maker.dated = False
            self.follow(maker, "put_signature", lambda m, t=times: m.files.update({
                asice.SIGNATURE: cms.signed(self.keys, "export", m.files[asice.MANIFEST], times=t)}))  # fmt: skip
            self.judge_files(UNKNOWN, maker.make(), "signature001.p7s: .*does not say when",
                             self.pins(tsa=None))  # fmt: skip

    def test_revocation(self):
        cases = (("export", "export", "200101000000Z", UNKNOWN, "had been revoked"),
                 ("export", "export", "350101000000Z", INTACT, "identified by --seal"),
                 ("rival", "export", "200101000000Z", INTACT, "identified by --seal"),
                 ("export", "rival", "200101000000Z", INTACT, "identified by --seal"))  # fmt: skip
        for by, of, when, status, says in cases:
            crl = cms.revocation(self.keys, by, when, of)
            self.export(lambda data, crl=crl: cms.signed(self.keys, "export", data, crl=crl),
                        f"signature001.p7s: .*{says}", status)  # fmt: skip

    def test_expired_when_the_archive_was_dated(self):
        """What the signature says of its own time is not asked then."""
        self.keys.certificate("short", "Exemple court", ("20200101000000Z", "20280101000000Z"))

        def fill(maker):
            maker.export_key = "short"

        def put(maker):
            maker.files["certs/short.pem"] = self.keys.pem("short")

        def late(maker):
            maker.files[asice.TIMESTAMP] = cms.token(
                self.keys, asice.sha256(maker.files[asice.ARCHIVE]), cms.at("20300101000000Z")
            )

        self.altered({"put_certificates": put}, "^INTACT: ", fill, INTACT, self.pins("seal", "short"))
        self.altered({"put_certificates": put, "put_archive": late},
                     "signature001.p7s: .*had expired", fill, UNKNOWN, self.pins("seal", "short"))  # fmt: skip

    def test_pins_with_something_broken(self):
        path = self.directory / "broken.pem"
        path.write_bytes(self.keys.pem("seal") + self.keys.pem("export").replace(b"MI", b"??", 1))
        self.judge(65, "--seal", path, self.write(self.maker().make()), says="no certificate")

    def test_certificates_that_are_none(self):
        self.signed_with({"certs/more.pem": b"nothing\n"}, "certs/more.pem: it holds no certificates")


class Entries(EachCase):
    def test_what_is_no_record(self):
        for key, value in (("seq", 0), ("time", "hier"), ("event", "")):
            self.record(2, lambda public, k=key, v=value: public.update({k: v}), "002.json: .*no record")

    def test_a_size_that_is_not_the_messages(self):
        self.record(2, lambda public: public.update(size=public["size"] + 1),
                    "^ALTERED +entries/002.eml: altered: the record is bound to another message$")  # fmt: skip

    def test_a_message_that_the_record_is_not_bound_to(self):
        self.record(2, lambda public: public.update(message="0" * 64),
                    "^ALTERED +entries/002.eml: altered: the record is bound to another message$")  # fmt: skip

    def test_a_message_that_the_private_part_does_not_name(self):
        def put(maker, entry, stem, _):
            if entry.n == 2:
                private = dict(entry.private, nonce=entry.nonce.hex(), sha256="0" * 64)
                private = asice.compact(private)
                record = maker.record(entry, asice.sha256(entry.nonce, private))
                seal = self.keys.sign("seal", record)
                maker.files.update({"entries/002.private.json": private, "entries/002.json": record,
                                    "entries/002.json.p7s": seal})  # fmt: skip
                return record

        self.altered({"put_entry": put},
                     "^ALTERED +entries/002.eml: altered: the record is bound to another message$")  # fmt: skip

    def test_another_private_part_under_the_same_nonce(self):
        def put(maker):
            name = "entries/003.private.json"
            maker.files[name] = maker.files[name].replace("appelé".encode(), b"rien")

        self.altered({"put_entries": put},
                     "003.private.json: altered: the record is bound to another private part")  # fmt: skip

    def test_a_message_of_a_record_without_one(self):
        self.signed_with({"entries/003.eml": b"x"},
                         "003.eml: added: its record is about no message$")  # fmt: skip

    def test_a_message_without_the_private_part(self):
        def fill(maker):
            maker.entries[1].erased = True
            maker.entries.insert(3, asice.Entry("erasure", erased=[8]))

        def put(maker):
            maker.files["entries/002.eml"] = maker.entries[1].message

        self.altered({"before_signature": put}, "002.eml: it cannot be held against its record", fill)

    def test_a_number_that_is_there_twice(self):
        def put(maker):
            for end in ("json", "json.p7s", "private.json", "eml"):
                maker.files[f"entries/2.{end}"] = maker.files[f"entries/002.{end}"]
            maker.files["log/2.proof.json"] = maker.files["log/002.proof.json"]

        self.altered({"before_signature": put}, "^ALTERED +entries/0*2.json: .*number is there twice")

    def test_files_of_no_record(self):
        for name in ("entries/009.eml", "entries/readme", "entries/0.json", "entries/a.json"):
            self.signed_with({name: b"{}"}, f"{name}: it belongs to no record$")

    def test_after_the_archive(self):
        """An entry without a timestamp of its own has that of the archive."""

        def fill(maker):
            maker.entries[3].time = "2099-01-01T00:00:00Z"

        self.altered({"put_log": lambda maker: maker.groups.pop("004") and None},
                     "004.json: .*after the archive timestamp", fill)  # fmt: skip

    def test_sealed_after_its_timestamp(self):
        """The batch was dated two hours ago, the record sealed just now."""

        def fill(maker):
            maker.begun -= timedelta(hours=4)

        def earlier(maker):
            maker.files["batches/001.tst"] = cms.token(
                self.keys, maker.lists[0][1], cms.at(later(-2))
            )

        self.altered({"put_batches": earlier},
                     "^ALTERED +entries/002.json.p7s: says .*after the timestamp over it", fill)  # fmt: skip


class Log(EachCase):
    def test_keys(self):
        rsa = asice.openssl("pkey", "-in", self.keys.path("tsa.key"), "-pubout")
        self.signed_with({"log/log.pub.pem": rsa}, "log.pub.pem: it is no Ed25519 public key")
        path = self.keys.path("x25519.key")  # as many octets
        asice.openssl("genpkey", "-algorithm", "X25519", "-out", path)
        other = asice.openssl("pkey", "-in", path, "-pubout")
        self.signed_with({"log/log.pub.pem": other}, "log.pub.pem: it is no Ed25519 public key")
        self.altered({"put_log": lambda maker: maker.files.pop("log/log.pub.pem") and None},
                     "^ALTERED +log/log.pub.pem: missing", lambda maker: setattr(maker, "dated", False),
                     pins=self.pins(tsa=None))  # fmt: skip

    def test_no_checkpoint(self):
        def take(maker):
            for name in [n for n in maker.files if n.startswith("log/")]:
                del maker.files[name]

        self.altered({"put_log": take}, "log/checkpoint: not there",
                     lambda maker: setattr(maker, "dated", False), INCOMPLETE, self.pins(tsa=None))  # fmt: skip

    def test_a_checkpoint_that_is_none(self):
        self.signed_with({"log/checkpoint": b"nothing\n"}, "log/checkpoint: altered: ")

    def test_proofs(self):
        for change in ({"seq": 5}, {"size": 18}, {"hashes": []}, {"seq": 400, "size": 400}):

            def put(maker, change=change):
                proof = json.loads(maker.files["log/002.proof.json"])
                maker.files["log/002.proof.json"] = asice.compact({**proof, **change})

            self.altered({"put_log": put}, "002.proof.json: it does not show that 002.json is entry 8")

    def test_an_entry_without_a_proof(self):
        self.altered({"put_log": lambda maker: maker.files.pop("log/002.proof.json") and None},
                     "002.json: .*its place in the log is not shown")  # fmt: skip

    def test_an_entry_behind_the_logs_end(self):
        def fill(maker):
            maker.dated = False

        def put(maker):
            """A checkpoint over three entries of the four."""
            size = maker.entries[3].seq - 1
            maker.files["log/checkpoint"] = maker.checkpoint(size)
            maker.leaves = maker.leaves[:size]
            for entry in maker.entries[:3]:
                maker.files[f"log/{entry.n:03}.proof.json"] = maker.proof(entry)
            proof = {"seq": size + 1, "size": size, "hashes": []}
            maker.files["log/004.proof.json"] = asice.compact(proof)

        self.altered({"put_log": put}, "004.proof.json: it does not show", fill,
                     pins=self.pins(tsa=None))  # fmt: skip

    def test_links(self):
        """A proof that nobody's checkpoint asks for is held against the log all the same."""
        for change in ({"old_root": "0" * 64}, {"hashes": []}, {"size": 3}, {"old_size": 0}):

            def put(maker, change=change):
                maker.put_consistency(6)
                link = json.loads(maker.files["log/consistency-6.json"])
                maker.files["log/consistency-6.json"] = asice.compact({**link, **change})

            self.altered({"put_log": put}, "^ALTERED +log/consistency-6.json: it does not show")
        self.altered({"put_log": lambda maker: maker.put_consistency(6)}, "consistency-6", status=INTACT)

    def test_a_checkpoint_in_a_reminder_that_the_log_did_not_sign(self):
        def before(maker, entry):
            if entry.event == "prepared":
                note = self.keys.note(3, asice.root_of(maker.leaves))
                head, line = note.rsplit(b" ", 1)
                signature = asice.base64.b64decode(line)
                signature = signature[:-1] + bytes([signature[-1] ^ 1])
                note = head + b" " + asice.base64.b64encode(signature) + b"\n"
                field = asice.base64.b64encode(note).decode()
                folded = "\r\n ".join(field[i : i + 70] for i in range(0, len(field), 70))
                entry.message = f"From: a@b.example\r\nTemoin-Checkpoint: {folded}\r\n\r\nP\r\n".encode()

        self.altered({"before_entry": before, "put_log": lambda maker: maker.put_consistency(3)},
                     "001.eml: the log's key did not sign the checkpoint in it")  # fmt: skip


class Dossier(EachCase):
    def test_another_number(self):
        self.record(2, lambda public: public["dossiers"][0].update(n=7),
                    "002.json: its record bears another number")  # fmt: skip

    def test_another_order_than_the_logs(self):
        def fill(maker):
            maker.filler = 0

        def put(maker):
            """Numbers 2 and 3 change places in the log, and only there."""
            for n, seq in ((2, 3), (3, 2)):
                maker.entries[n - 1].seq = seq
            leaves, before = [], None
            for entry in maker.entries:
                entry.prev = before
                record = maker.put_entry(entry, f"{entry.n:03}")
                before = asice.leaf_hash(record)
                leaves.append(before)
            maker.leaves[:4] = [leaves[0], leaves[2], leaves[1], leaves[3]]

        done = self.altered({"put_entries": put},
                            "^ALTERED +entries/003.json: it stands after 002.json, but not in the log$",
                            fill)  # fmt: skip
        self.assertNotIn("does not follow", done.stdout)

    def test_the_first_names_an_entry_before_it(self):
        self.record(1, lambda public: public["dossiers"][0].update(prev="0" * 64),
                    "001.json: whether it is the first is contradictory")  # fmt: skip

    def test_erased_by_what_came_before(self):
        def fill(maker):
            maker.entries[2].erased = True
            maker.entries.insert(1, asice.Entry("erasure", erased=[16]))

        self.altered({}, "004.json: .*no erasure in this dossier names it", fill)

    def test_erased_by_what_is_no_erasure(self):
        def fill(maker):
            maker.entries[1].erased = True
            maker.entries[2].private["erased"] = [8]

        self.altered({}, "002.json: .*no erasure in this dossier names it", fill)

    def test_erased_perhaps_in_another_volume(self):
        def fill(maker):
            maker.entries[1].erased = True
            maker.volume = (1, 2)

        self.altered({}, "^missing +entries/002.json: .*no erasure in this volume names it", fill,
                     INCOMPLETE)  # fmt: skip

    def test_brought_by_what_is_no_decision(self):
        class Assigned(asice.Maker):
            def put_entries(self):
                super().put_entries()
                waiting = asice.Entry("reply", b"Bonjour.\r\n", "inbound")
                waiting.n, waiting.seq, waiting.time = 1, 1, self.entries[0].time
                record = super().put_entry(waiting, "002a")
                self.leaves[0] = asice.leaf_hash(record)
                self.waiting = waiting

            def put_log(self):
                super().put_log()
                self.files["log/002a.proof.json"] = self.proof(self.waiting)

        maker = Assigned(self.keys).fill()
        maker.entries[1] = asice.Entry("note", about=1)
        self.judge_files(ALTERED, maker.make(), "002a.json: no decision of the dossier added it")

    def test_the_index(self):
        def item(change):
            def put(maker):
                index = json.loads(maker.files["index.json"])
                change(index)
                maker.files["index.json"] = json.dumps(index).encode()

            self.altered({"put_index": put}, "^ALTERED +index.json: it does not say", status=ALTERED)

        for key, value in (("seq", 9), ("event", "dispute"), ("time", "2020-01-01T00:00:00Z")):
            item(lambda index, k=key, v=value: index["timeline"]["entries"][1].update({k: v}))
        item(lambda index: index["timeline"]["entries"].pop(1))
        item(lambda index: index.update(volume={"number": 3, "of": 2}))
        item(lambda index: index.update(volume={"number": 0, "of": 2}))
        item(lambda index: index.update(dossier="x"))
        self.signed_with({"index.json": b"[]"}, "index.json: it is no JSON object")

    def volumes(self, says, tail=None, second=(2, 2), first=3, prev=None):
        """Two volumes, and what is wrong with the second."""
        whole = self.maker()
        head, rest = asice.Maker(self.keys), asice.Maker(self.keys)
        head.entries, rest.entries = whole.entries[:2], whole.entries[2:]
        head.volume, rest.volume, rest.first = (1, 2), second, first
        one = head.make()
        rest.entries[0].prev = prev or asice.leaf_hash(one["entries/002.json"])
        for name, after in (tail or {}).items():
            self.follow(rest, name, after)
        paths = self.write(one, "v1.asice"), self.write(rest.make(), "v2.asice")
        status = INCOMPLETE if says else INTACT
        self.judge(status, *self.pins(), *paths, says=f"dossier not complete: {says}" if says else ())

    def test_volumes(self):
        def other(maker, entry, commitment, record):
            return record.replace(asice.DOSSIER.encode(), b"f" * 32)

        def index(maker):
            maker.files["index.json"] = maker.files["index.json"].replace(
                asice.DOSSIER.encode(), b"f" * 32
            )

        self.volumes(None)
        self.volumes("the files are not volumes of one dossier", {"record": other, "put_index": index})
        self.volumes("the files are not volumes of one dossier", second=(2, 3))
        self.volumes("not all of its volumes were given", second=(1, 2))
        self.volumes("its first entries, or those between two volumes", first=4)
        self.volumes("two volumes do not follow each other", prev=b"x" * 32)

    def test_one_volume(self):
        """It ends as a whole one does: the dossier was exported before."""

        def fill(maker):
            maker.volume = (1, 2)

        self.altered({}, "not complete: not all of its volumes were given", fill, INCOMPLETE)

    def test_a_file_without_a_chain(self):
        """Nothing in it is of the dossier that it says."""

        def other(maker, entry, commitment, record):
            return record.replace(asice.DOSSIER.encode(), b"f" * 32)

        self.altered({"record": other}, "not complete: a file has no chain of entries")


class Keys(EachCase):
    def test_of_a_record_without_message(self):
        self.signed_with({"dkim/003.txt": b"x\n"}, "dkim/003.txt: it belongs to no message")


class Dating(EachCase):
    """Tokens and evidence records."""

    def archive(self, token, says, status=ALTERED):
        def put(maker):
            digest = asice.sha256(maker.files[asice.ARCHIVE])
            maker.files[asice.TIMESTAMP] = token(digest)

        return self.altered({"put_archive": put}, says, status=status)

    def changed(self, change, says, status=ALTERED):
        return self.archive(lambda digest: cms.token(self.keys, digest, change), says, status)

    def test_the_made_ones_are_good(self):
        done = self.changed(lambda info: info, "^INTACT: ", INTACT)
        self.assertNotIn("qualified", done.stdout)

    def test_octets_behind_a_token(self):
        self.archive(lambda digest: self.keys.stamp(digest) + b"\0", "timestamp001.tst: altered: ")

    def test_another_version(self):
        self.changed(cms.version_2, "timestamp001.tst: altered: ")

    def test_the_authority_was_not_valid_then(self):
        for time in ("20200101000000Z", "20460101000000Z"):
            done = self.judge_files(
                UNKNOWN if time > "2026" else ALTERED, self.dated(time),
                "timestamp001.tst: .*timestamp authority not identified")  # fmt: skip
            self.assertIn("INTACT" if time > "2026" else "after the archive timestamp", done.stdout)

    def dated(self, time):
        maker = self.maker()
        self.follow(maker, "put_archive", lambda m: m.files.update({asice.TIMESTAMP: cms.token(
            self.keys, asice.sha256(m.files[asice.ARCHIVE]), cms.at(time))}))  # fmt: skip
        return maker.make()

    def test_a_claim_to_be_qualified_is_told_as_a_claim(self):
        self.changed(cms.qualified, "timestamp001.tst: .*claims qualified status: check", INTACT)

    def test_weak_and_wrong_imprints(self):
        def sha1(maker):
            digest = hashlib.sha1(maker.files[asice.ARCHIVE]).digest()
            return cms.token(self.keys, bytes(32), cms.imprint(SHA1, digest))

        for change in (cms.imprint(cms.SHA256, bytes(20)), cms.imprint(SHA512, bytes(32)),
                       cms.imprint(cms.SHA256, b"x" * 200)):  # fmt: skip
            self.changed(change, "timestamp001.tst: (it is not over|altered)")
        self.altered({"put_archive": lambda m: m.files.update({asice.TIMESTAMP: sha1(m)})},
                     "timestamp001.tst: it is not over")  # fmt: skip

    def test_a_batch_whose_token_is_altered(self):
        """One that no evidence record of the file rests on."""
        token = self.keys.stamp(bytes(32))
        token = token[:-1] + bytes([token[-1] ^ 1])
        self.signed_with({"batches/002.tst": token}, "batches/002.tst: altered: its signature")

    # --- evidence records -----------------------------------------------------------------------

    def evidence(self, make, says, status=ALTERED):
        """`make`: the first record, out of the maker, the lists and the token."""
        maker = self.maker()
        true, made = maker.evidence, []

        def evidence(lists, token):
            made.append(True)
            return make(maker, lists, token) if len(made) == 1 else true(lists, token)

        maker.evidence = evidence
        return self.judge_files(status, maker.make(), rf"^\w+ +META-INF/evidencerecord001.ers: {says}")

    def stamp(self, lists, token, algorithm=cms.SHA256, end=b""):
        tree = asice.der(0xA2, *[asice.der(0x30, *[asice.der(4, h) for h in one]) for one in lists])
        return asice.der(0x30, asice.der(0xA0, algorithm[2:]) if algorithm else b"", tree, token, end)

    def test_forms_of_a_record(self):
        good = asice.evidence_record
        wrap = asice.der
        for make, why in (
            (lambda m, lists, token: wrap(0x30, wrap(2, b"\2"), *cms.elements(cms.inside(
                good([asice.archive_timestamp(lists, token)])))[1:]), "it is no evidence record"),
            (lambda m, lists, token: wrap(0x30, cms.inside(good([asice.archive_timestamp(
                lists, token)])), wrap(5)), "it is no evidence record"),
            (lambda m, lists, token: good([asice.archive_timestamp(lists, token)]) + b"\0",
             "it is no evidence record"),
            (lambda m, lists, token: good([self.stamp(lists, token, end=wrap(5))]),
             "one of its archive timestamps is malformed"),
            (lambda m, lists, token: good([self.stamp(lists, token, SHA1)]),
             "it uses a hash that is not known here"),
            (lambda m, lists, token: good([self.stamp([], token)]), "its hash tree is empty"),
            (lambda m, lists, token: good([self.stamp([*lists, [b"short"]], token)]),
             "its hash tree is malformed"),
            (lambda m, lists, token: good([self.stamp([*lists, [
                asice.sha256(bytes([i])) for i in range(70)]], token)]), "its hash tree is malformed"),
            (lambda m, lists, token: good([self.stamp(lists, token)], []), "one of its chains is empty"),
            (lambda m, lists, token: good(), "it holds no timestamp"),
            (lambda m, lists, token: good([self.stamp(lists, token, SHA512)]),
             "its timestamp is over another kind of hash"),
            (lambda m, lists, token: good([self.stamp(lists, cms.token(
                self.keys, bytes(32), cms.imprint(SHA512, bytes(32))))]),
             "its timestamp is over another kind of hash"),
            (lambda m, lists, token: good([self.stamp(lists, cms.token(
                self.keys, bytes(32), cms.imprint(cms.SHA256, bytes(20))))]),
             "its timestamp is over another kind of hash"),
        ):  # fmt: skip
            self.evidence(make, f"altered: {why}")

    def test_no_tree_for_several_files(self):
        """The token is over the first of them, whichever that is."""
        for i in range(4):

            def make(maker, lists, token, i=i):
                over = self.keys.stamp(lists[0][i])
                return asice.evidence_record([asice.der(0x30, asice.der(0xA0, cms.SHA256[2:]), over)])

            self.evidence(make, "altered: it has no hash tree for several files")

    def test_a_weak_hash_that_only_the_token_names(self):
        """Whether the record names its hash or leaves that to the token: SHA-1 dates nothing."""

        def dated(maker):
            names = list(maker.groups.values())[0]
            maker.hashes = sorted(hashlib.sha1(maker.files[n]).digest() for n in names)
            root = hashlib.sha1(b"".join(maker.hashes)).digest()
            maker.files["batches/002.tst"] = cms.token(self.keys, bytes(32), cms.imprint(SHA1, root))

        def records(maker):
            token = self.stamp([maker.hashes], maker.files["batches/002.tst"], None)
            maker.files["META-INF/evidencerecord001.ers"] = asice.evidence_record([token])

        done = self.altered({"put_batches": dated, "put_records": records},
                            "evidencerecord001.ers: altered: it uses a hash that is not known here")  # fmt: skip
        self.assertEqual(done.stdout.count("\nALTERED "), 1, done.stdout)

    def test_a_chain_that_changes_its_hash(self):
        def make(maker, lists, token):
            covered = hashlib.sha512(token).digest()
            again = self.stamp([[covered]], cms.token(self.keys, bytes(32),
                               cms.imprint(SHA512, covered)), SHA512)  # fmt: skip
            return asice.evidence_record([self.stamp(lists, token), again])

        self.evidence(make, "altered: one of its chains changes its hash")

    def renewed(self, token, again):
        covered = asice.sha256(token)
        return asice.archive_timestamp([[covered]], again(covered))

    def test_a_renewal_that_is_older(self):
        def make(maker, lists, token):
            again = self.renewed(token, lambda c: cms.token(self.keys, c, cms.at(later(-2))))
            return asice.evidence_record([asice.archive_timestamp(lists, token), again])

        self.evidence(make, ".*its renewal is older than what it renews")

    def test_a_renewal_that_is_altered(self):
        def spoilt(covered):
            token = self.keys.stamp(covered)
            return token[:-1] + bytes([token[-1] ^ 1])

        def make(maker, lists, token):
            return asice.evidence_record(
                [asice.archive_timestamp(lists, token), self.renewed(token, spoilt)]
            )

        self.evidence(make, "altered: its signature is not over these octets")

    def test_a_renewal_by_a_stranger(self):
        def make(maker, lists, token):
            again = self.renewed(token, lambda c: self.keys.stamp(c, "false-tsa"))
            return asice.evidence_record([asice.archive_timestamp(lists, token), again])

        self.evidence(make, '.*"Time by false-tsa": timestamp authority not identified', UNKNOWN)

    def test_renewed_too_often(self):
        def make(maker, lists, token):
            stamps = [asice.archive_timestamp(lists, token)]
            for _ in range(100):
                covered = asice.sha256(token)
                token = self.keys.stamp(covered)
                stamps.append(asice.archive_timestamp([[covered]], token))
            return asice.evidence_record(stamps)

        self.evidence(make, "altered: it was renewed too often")

    def test_the_first_of_two_dates(self):
        """A file that is in two groups was there at the earlier time."""

        def fill(maker):
            maker.begun -= timedelta(hours=4)

        def put(maker):
            maker.earlier = cms.token(self.keys, maker.lists[0][1], cms.at(later(-2)))
            maker.files["batches/002.tst"] = maker.earlier

        def records(maker):
            """The first group's record comes a second time, as the last, with the later token."""
            token = maker.files["batches/001.tst"]
            first = "META-INF/evidencerecord001.ers"
            maker.files[first] = asice.evidence_record(
                [asice.archive_timestamp(maker.lists[0][0], maker.earlier)]
            )
            again = "META-INF/evidencerecord099.ers"
            maker.files["META-INF/ASiCEvidenceRecordManifest099.xml"] = asice.manifest(
                again, None, list(maker.groups.values())[0], maker.files
            )
            maker.files[again] = asice.evidence_record(
                [asice.archive_timestamp(maker.lists[0][0], token)]
            )

        self.altered({"put_batches": put, "put_records": records},
                     "^ALTERED +entries/001.json.p7s: says .*after the timestamp over it", fill)  # fmt: skip

    def test_a_group_with_a_file_that_is_not_as_it_says(self):
        def records(maker):
            xml = maker.files["META-INF/ASiCEvidenceRecordManifest001.xml"]
            xml = re.sub(rb"<ds:DigestValue>....", b"<ds:DigestValue>AAAA", xml, count=1)
            maker.files["META-INF/ASiCEvidenceRecordManifest001.xml"] = xml

        self.altered({"put_records": records}, "ASiCEvidenceRecordManifest001.xml: its group is not")

    def test_a_group_without_a_record(self):
        def records(maker):
            del maker.files["META-INF/evidencerecord001.ers"]

        self.altered({"put_records": records}, "evidencerecord001.ers: missing, though")

    def test_a_group_of_too_many(self):
        def put(maker):
            for i in range(14):
                maker.files[f"dkim/{i}"] = bytes([i])
                maker.groups["001"].append(f"dkim/{i}")

        self.altered({"put_log": put}, "ASiCEvidenceRecordManifest001.xml: its group has more than 16")
