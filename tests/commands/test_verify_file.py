"""`temoin verify FILE` on containers that were made without temoin, good, hostile and forged."""

import base64
import json
import os
import re
import resource
import struct
import time
import warnings
import zipfile
import zlib

from lib import asice
from lib.verifycase import (ALTERED, INCOMPLETE, INTACT, NO_INPUT, UNKNOWN, UNREADABLE,
                            VerifyCase)  # fmt: skip


class Good(VerifyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.file = asice.write(cls.directory / "good.asice", asice.Maker(cls.keys).fill().make())

    def test_pinned(self):
        done = self.judge(INTACT, *self.pins(), self.file, says=[
            "^ok +mimetype: ", "^INTACT: ", "^ok +dossier complete: numbers 1 to 4",
            '^ok +entries/002.json.p7s: seals 002.json, by "Exemple SAS seal", identified',
            "^ok +META-INF/signature001.p7s: .*identified by --seal",
            "^ok +META-INF/timestamp001.tst: .*identified by --tsa",
        ])  # fmt: skip
        self.assertNotRegex(done.stdout, "(?m)^(ALTERED|unknown|missing)")

    def test_one_sentence_for_each_file(self):
        lines = self.judge(INTACT, *self.pins(), self.file).stdout.splitlines()
        for name in zipfile.ZipFile(self.file).namelist():
            self.assertEqual(sum(f" {name}: " in line for line in lines), 1, name)

    def test_nobody_is_identified_by_what_comes_along(self):
        self.judge(UNKNOWN, self.file, says="^INTACT, SIGNER NOT IDENTIFIED")

    def test_each_pin_is_needed(self):
        for pins in (self.pins("seal"), self.pins("export"), self.pins(tsa=None),
                     ["--tsa", self.keys.path("tsa-ca.pem")], self.pins("rival"),
                     self.pins(tsa="false-tsa-ca")):  # fmt: skip
            self.judge(UNKNOWN, *pins, self.file, says="NOT IDENTIFIED")

    def test_pins_in_one_file_and_the_authority_itself(self):
        both = self.directory / "both.pem"
        both.write_bytes(self.keys.pem("seal") + self.keys.pem("export"))
        self.judge(INTACT, "--seal", both, "--tsa", self.keys.path("tsa.pem"), self.file)

    def test_pins_that_are_none(self):
        self.judge(65, "--seal", self.keys.path("seal.key"), self.file, says="no certificate")
        self.judge(NO_INPUT, "--seal", "/nonexistent", self.file, says="nonexistent")

    def test_json(self):
        done = self.judge(INTACT, "--json", *self.pins(), self.file)
        result = json.loads(done.stdout)
        self.assertEqual(result["answer"], "intact")
        files = {f["file"]: f for f in result["volumes"][0]["files"]}
        self.assertEqual(files["entries/001.eml"]["answer"], "intact")
        done = self.judge(UNKNOWN, "--json", self.file)
        self.assertEqual(json.loads(done.stdout)["answer"], "not-identified")

    def test_wrong_command_lines(self):
        self.judge(64, says="verify")
        self.judge(64, "--frobnicate", self.file)
        self.judge(64, "--seal")
        self.judge(0, "--help", says="Exit status")

    def test_a_file_that_only_its_owner_may_read(self):
        private = self.directory / "private.asice"
        private.write_bytes(self.file.read_bytes())
        private.chmod(0o600)
        self.judge(INTACT, *self.pins(), private)


class Touched(VerifyCase):
    def test_one_octet_of_every_file(self):
        good = self.maker().make()
        for name, data in good.items():
            for at in (0, len(data) // 2, len(data) - 1):
                files = dict(good)
                files[name] = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
                done = self.run_verify(*self.pins(), self.write(files))
                self.assertEqual(done.returncode, ALTERED, (name, at, done.stdout, done.stderr))
                self.assertIn("ALTERED", done.stdout)
                self.assertNotIn("Sanitizer", done.stderr)

    def test_the_altered_file_is_named(self):
        files = self.maker().make()
        files["entries/002.eml"] += b"PS: et une remise.\r\n"
        self.judge_files(ALTERED, files, [
            "^ALTERED +entries/002.eml: altered", "^ALTERED: ", "^ok +entries/001.eml",
            rf"^ALTERED +{asice.MANIFEST}: 1 of the \d+ files that it lists are not as it says",
        ])  # fmt: skip

    def test_each_file_missing(self):
        good = self.maker().make()
        for name in good:
            if name in (asice.ARCHIVE, asice.TIMESTAMP):
                continue
            files = {n: d for n, d in good.items() if n != name}
            self.judge_files(ALTERED, files, rf"^ALTERED +{re.escape(name)}: missing")

    def test_the_archive_timestamp_taken_off(self):
        files = self.maker().make()
        del files[asice.TIMESTAMP]
        self.judge_files(ALTERED, files, "timestamp001.tst: missing")
        del files[asice.ARCHIVE]
        self.judge_files(UNKNOWN, files, "not yet dated")

    def test_added_files(self):
        for name in ("entries/009.eml", "note.txt", "META-INF/other.xml", "META-INF/manifest.xml"):
            files = self.maker().make()
            files[name] = b"added"
            self.judge_files(ALTERED, files, rf"^ALTERED +{re.escape(name)}: .*added")

    def test_mimetype(self):
        good = self.maker().make()
        items = list(good.items())
        self.judge_files(ALTERED, items[1:] + items[:1], "^ALTERED +mimetype: ")
        self.judge_files(ALTERED, dict(good, mimetype=b"application/zip"), "^ALTERED +mimetype: ")
        path = self.directory / "packed.asice"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
            for name, data in items:
                z.writestr(name, data)
        self.judge(ALTERED, *self.pins(), path, says="^ALTERED +mimetype: ")


class Hostile(VerifyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = asice.Maker(cls.keys).fill().make()

    def test_no_zip(self):
        for content in (b"", b"PK", b"Bonjour\n" * 100, b"PK\x05\x06" + bytes(18)):
            path = self.directory / "no.asice"
            path.write_bytes(content)
            done = self.run_verify(path)
            wanted = ALTERED if content.startswith(b"PK\x05\x06") else UNREADABLE
            self.assertEqual(done.returncode, wanted, (content[:8], done.stdout, done.stderr))
        self.judge(NO_INPUT, self.directory / "nonexistent", says="cannot be opened")
        self.judge(UNREADABLE, self.directory, says="cannot be")

    def test_cut_off_anywhere(self):
        data = self.write(self.good, "whole.asice").read_bytes()
        path = self.directory / "cut.asice"
        for end in range(1, len(data), len(data) // 40):
            path.write_bytes(data[:end])
            self.judge(UNREADABLE, *self.pins(), path, says="cannot be read")

    def test_octets_of_the_zip_itself(self):
        data = bytearray(self.write(self.good, "whole.asice").read_bytes())
        path = self.directory / "flip.asice"
        for at in range(0, len(data), len(data) // 150):
            path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
            done = self.run_verify(*self.pins(), path)
            self.assertIn(done.returncode, (INTACT, ALTERED, UNREADABLE), (at, done.stderr))
            self.assertNotIn("Sanitizer", done.stderr)

    def test_a_stored_octet_and_its_checksum(self):
        path = self.write(dict(self.good), "crc.asice")
        data = path.read_bytes()
        at = data.index(asice.MIMETYPE)
        path.write_bytes(data[:at] + b"X" + data[at + 1 :])
        self.judge(ALTERED, *self.pins(), path, says="^ALTERED +mimetype: ")

    def test_a_name_twice(self):
        items = list(self.good.items())
        warnings.simplefilter("ignore", UserWarning)
        for twin in (self.good["entries/002.eml"], b"another"):
            self.judge_files(ALTERED, items + [("entries/002.eml", twin)], "twice")

    def test_names_that_lead_out(self):
        for name in ("../evil", "/etc/evil", "entries/../../evil", "entries/./x", "a\\b", "a//b",
                     "x" * 300, "dir/"):  # fmt: skip
            files = dict(self.good)
            files[name] = b""
            self.judge_files(ALTERED, files, "^ALTERED: ")

    def test_names_do_not_reach_the_terminal_raw(self):
        files = dict(self.good)
        files["entries/\x1b[2J.txt"] = b""
        files["\u009b2J"] = b""
        self.assertNotRegex(self.judge_files(ALTERED, files).stdout, "[\x1b\u009b]")

    def bomb(self, z, name, declared, blocks=10240):
        """10 GB of zeros: the same packed megabyte over and over."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packer.compress(bytes(1 << 20))
        packer.flush(zlib.Z_FULL_FLUSH)
        block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
        raw = block * blocks + packer.flush(zlib.Z_FINISH)
        info = zipfile.ZipInfo(name, (2026, 11, 21, 12, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.file_size, info.compress_size, info.CRC = declared, len(raw), 0
        info.header_offset = z.fp.tell()
        z.fp.write(info.FileHeader(zip64=declared > 1 << 31))
        z.fp.write(raw)
        z.start_dir = z.fp.tell()
        z.filelist.append(info)
        z.NameToInfo[name] = info
        z._didModify = True

    def bombed(self, declared):
        path = self.write(self.good, "bomb.asice")
        with zipfile.ZipFile(path, "a") as z:
            self.bomb(z, "entries/004.eml", declared)
        return path

    def measured(self, *argv):
        """(status, output, seconds, megabytes)"""
        begun = time.monotonic()
        done = self.run_verify(*argv)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return done, time.monotonic() - begun, usage.ru_maxrss / 1024

    def test_a_bomb_that_says_so(self):
        done, seconds, megabytes = self.measured(*self.pins(), self.bombed(10 << 30))
        self.assertEqual(done.returncode, UNREADABLE, done.stdout + done.stderr)
        self.assertIn("more than 100 to 1", done.stderr)
        self.assertLess(seconds, 10)
        self.assertLess(megabytes, 500)

    def test_a_bomb_that_lies(self):
        for declared in (0, 1000, 900_000):
            done, seconds, megabytes = self.measured(*self.pins(), self.bombed(declared))
            self.assertEqual(done.returncode, ALTERED, done.stdout + done.stderr)
            self.assertRegex(done.stdout, "(?m)^ALTERED +entries/004.eml: ")
            self.assertLess(seconds, 10)
            self.assertLess(megabytes, 500)

    def test_files_that_overlap(self):
        """Many directory entries for one packed megabyte."""
        path = self.directory / "overlap.asice"
        with zipfile.ZipFile(path, "w") as z:
            z.writestr("mimetype", asice.MIMETYPE)
            z.writestr("a.eml", os.urandom(1 << 20))
            first = z.getinfo("a.eml")
            for i in range(500):
                info = zipfile.ZipInfo("a.eml", first.date_time)
                info.file_size, info.compress_size = first.file_size, first.compress_size
                info.CRC, info.header_offset = first.CRC, first.header_offset
                info.external_attr, info.create_system = first.external_attr, first.create_system
                z.filelist.append(info)
        self.judge(UNREADABLE, path, says="cannot be read")

    def test_too_many_files(self):
        files = dict(self.good)
        files.update({f"entries/x{i}": b"" for i in range(2100)})
        self.judge_files(UNREADABLE, files, "more than 2000")

    def test_a_record_of_nine_megabytes(self):
        files = dict(self.good)
        files["entries/001.json"] = os.urandom(9 << 20)
        self.judge_files(UNREADABLE, files, "larger than")

    def test_a_comment(self):
        path = self.write(self.good, "comment.asice")
        with zipfile.ZipFile(path, "a") as z:
            z.comment = b"PK\x05\x06"
        self.assertIn(self.run_verify(*self.pins(), path).returncode, (UNREADABLE,))

    def test_an_encrypted_file(self):
        path = self.write(self.good, "locked.asice")
        data = bytearray(path.read_bytes())
        at = data.rindex(b"PK\x01\x02")  # the directory's last: its flags, and the header's
        (offset,) = struct.unpack_from("<L", data, at + 42)
        data[at + 8] |= 1
        data[offset + 6] |= 1
        path.write_bytes(data)
        self.judge(ALTERED, *self.pins(), path, says="encrypted")


class Manifests(VerifyCase):
    """What the company signs may be wrong as well."""

    def signed(self, change):
        """A container whose manifest is changed, then signed as it should be."""
        keys = self.keys

        class Changed(asice.Maker):
            def put_signature(self):
                super().put_signature()
                self.files[asice.MANIFEST] = change(self.files[asice.MANIFEST])
                self.files[asice.SIGNATURE] = keys.sign("export", self.files[asice.MANIFEST])

        return Changed(keys).fill().make()

    def test_a_file_that_is_not_there(self):
        extra = (b'<asic:DataObjectReference URI="entries/099.json"><ds:DigestMethod Algorithm="'
                 b'http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>' +
                 base64.b64encode(bytes(32)) + b"</ds:DigestValue></asic:DataObjectReference>"
                 b"</asic:ASiCManifest>")  # fmt: skip
        files = self.signed(lambda xml: xml.replace(b"</asic:ASiCManifest>", extra))
        self.judge_files(ALTERED, files, r"^ALTERED +entries/099.json: missing")

    def test_a_file_that_is_not_listed(self):
        files = self.signed(
            lambda xml: re.sub(rb'<asic:DataObjectReference URI="dossier.pdf".*?Reference>\n', b"",
                               xml, flags=re.S)  # fmt: skip
        )
        self.judge_files(ALTERED, files, r"^ALTERED +dossier.pdf: added")

    def test_other_than_the_schema(self):
        def changes():
            yield lambda xml: xml.replace(b"xmlenc#sha256", b"xmlenc#sha1", 1)
            yield lambda xml: xml.replace(b"02918/v1.2.1#", b"02918/v9#")
            yield lambda xml: xml[: len(xml) // 2]
            yield lambda xml: b""
            yield lambda xml: xml.replace(b"<asic:SigReference ", b"<asic:Other ")
            yield lambda xml: xml.replace(b"application/pkcs7-signature", b"text/plain")
            yield lambda xml: xml.replace(
                b"?>", b'?><!DOCTYPE a [<!ENTITY b "' + b"c" * 1000 + b'">]>', 1
            )
            yield lambda xml: xml.replace(
                b"</asic:ASiCManifest>",
                b"<asic:ASiCManifestExtensions/></asic:ASiCManifest>",
            )

        for change in changes():
            self.judge_files(ALTERED, self.signed(change), rf"^ALTERED +{asice.MANIFEST}: ")

    def test_a_rival_signs_the_same(self):
        maker = self.maker()
        maker.export_key = "rival"
        self.judge_files(ALTERED, maker.make(), "signature001.p7s: signed by a certificate that is "
                         "not in certs/")  # fmt: skip

    def test_a_rival_brings_his_certificate(self):
        keys = self.keys

        class Rival(asice.Maker):
            def put_certificates(self):
                super().put_certificates()
                self.files["certs/export.pem"] = keys.pem("rival")

        maker = Rival(keys).fill()
        maker.export_key = "rival"
        self.judge_files(UNKNOWN, maker.make(), "^unknown +META-INF/signature001.p7s: ")

    def test_dates_of_the_seal(self):
        for name, dates, words in (
            ("expired", ("20200101000000Z", "20210101000000Z"), "had expired"),
            ("future", ("20900101000000Z", "20990101000000Z"), "not yet valid"),
        ):
            self.keys.certificate(name, f"Exemple {name}", dates)
            maker = self.maker()
            maker.export_key = name

            def certificates(maker=maker, name=name):
                asice.Maker.put_certificates(maker)
                maker.files[f"certs/{name}.pem"] = self.keys.pem(name)

            maker.put_certificates = certificates
            self.judge_files(UNKNOWN, maker.make(), f"signature001.p7s: .*{words}",
                             self.pins("seal", "export", name))  # fmt: skip

    def test_the_archive_does_not_cover_all(self):
        class Late(asice.Maker):
            def put_archive(self):
                held = self.files.pop("META-INF/evidencerecord001.ers")
                super().put_archive()
                self.files["META-INF/evidencerecord001.ers"] = held

        self.judge_files(ALTERED, Late(self.keys).fill().make(), "evidencerecord001.ers: added")


class Dossier(VerifyCase):
    def test_an_entry_left_out(self):
        class Without(asice.Maker):
            def before_signature(self):
                for name in [n for n in self.files if "/002." in n]:
                    del self.files[name]
                self.groups.pop("002")
                self.lists.pop(1)

        self.judge_files(INCOMPLETE, Without(self.keys).fill().make(), [
            "^missing +dossier not complete: number 2 is missing", "^DOSSIER NOT COMPLETE"
        ])  # fmt: skip

    def test_the_end_cut_off(self):
        maker = self.maker()
        maker.entries.pop()
        self.judge_files(INCOMPLETE, maker.make(), "does not end with the entry of its export")

    def test_the_beginning_cut_off(self):
        maker = self.maker()
        maker.first = 3
        maker.entries[0].prev = bytes(32)
        self.judge_files(INCOMPLETE, maker.make(), "first entries")

    def test_nothing_in_it(self):
        maker = asice.Maker(self.keys)
        maker.dated = False
        self.judge_files(INCOMPLETE, maker.make(), "there is no entry", self.pins(tsa=None))

    def test_another_history(self):
        maker = self.maker()
        maker.entries[2].prev = os.urandom(32)
        self.judge_files(ALTERED, maker.make(), "003.json: it does not follow 002.json")

    def test_an_entry_of_another_dossier(self):
        class Other(asice.Maker):
            def record(self, entry, commitment):
                record = super().record(entry, commitment)
                return record.replace(asice.DOSSIER.encode(), b"f" * 32) if entry.n == 2 else record

        self.judge_files(ALTERED, Other(self.keys).fill().make(), "002.json: .*not of this dossier")

    def test_commitments_that_do_not_open(self):
        """Signed by the company all the same."""
        for name, octets in (("entries/002.eml", b"Rien."), ("entries/003.private.json", b"{}")):

            class Swapped(asice.Maker):
                def put_entries(self, name=name, octets=octets):
                    super().put_entries()
                    self.files[name] = octets

            self.judge_files(ALTERED, Swapped(self.keys).fill().make(), f"{name}: altered: the "
                             "record is bound to another")  # fmt: skip

    def test_a_message_that_is_not_there(self):
        class Without(asice.Maker):
            def put_entries(self):
                super().put_entries()
                del self.files["entries/002.eml"]
                self.groups["002"].remove("entries/002.eml")

        self.judge_files(ALTERED, Without(self.keys).fill().make(), "its message is missing")

    def test_erased(self):
        maker = asice.Maker(self.keys)
        maker.fill()
        gone = maker.entries[1]
        gone.erased = True
        erasure = asice.Entry("erasure", ground="person-request", erased=[8])
        maker.entries.insert(3, erasure)
        self.judge_files(INTACT, maker.make(), "002.json: .*erased, as 004.json says")
        erasure.private["erased"] = [9]
        for entry in maker.entries:
            entry.prev = None
        self.judge_files(ALTERED, maker.make(), "no erasure in this dossier names it")

    def test_a_message_from_review(self):
        class Assigned(asice.Maker):
            def put_entries(self):
                super().put_entries()
                waiting = asice.Entry("reply", b"Bonjour.\r\n", "inbound")
                waiting.n, waiting.seq, waiting.time = 1, 1, self.entries[0].time
                record = super().put_entry(waiting, "002a")
                self.files["entries/002a.json"] = record
                self.leaves[0] = asice.leaf_hash(record)
                proof = asice.Entry("x")
                proof.seq = 1
                self.waiting = proof

            def put_log(self):
                super().put_log()
                self.files["log/002a.proof.json"] = self.proof(self.waiting)

        maker = Assigned(self.keys).fill()
        maker.entries[1] = asice.Entry("assign", about=1)
        self.judge_files(INTACT, maker.make(), "002a.eml: the message of entry 1,")
        maker = Assigned(self.keys).fill()
        maker.entries[1] = asice.Entry("assign", about=2)
        self.judge_files(ALTERED, maker.make(), "002a.json: no decision")

    def test_a_message_from_review_that_is_missing(self):
        class Decided(asice.Maker):
            """The decision of number 2 stands in two dossiers; the first has the message."""

            went_to = asice.DOSSIER

            def record(self, entry, commitment):
                public = json.loads(super().record(entry, commitment))
                if entry.event == "assign":
                    here = public["dossiers"][0]
                    other = {"id": "e" * 32, "n": 1}
                    public["dossiers"] = [here, other] if self.went_to == asice.DOSSIER else [other, here]
                return asice.compact(public)

        def decided(went_to):
            maker = Decided(self.keys).fill()
            maker.went_to = went_to
            maker.entries[1] = asice.Entry("assign", about=1)
            return maker.make()

        self.judge_files(INTACT, decided("e" * 32), "002.json: ")
        self.judge_files(INCOMPLETE, decided(asice.DOSSIER), "002.json: .*entry 1, is missing")

    KEY = {"domain": "debtor.example", "selector": "s1", "algorithm": "rsa-sha256",
           "name": "s1._domainkey.debtor.example", "asked": "2026-11-21T21:07:07Z",
           "result": "found", "dnssec": "insecure", "chain": False, "texts": ["p=\\AA\n"],
           "records": ['s1._domainkey.debtor.example. 60 IN TXT "p=AA"']}  # fmt: skip
    ZONE = (
        "; Clés DNS des signatures DKIM / DNS keys of the DKIM signatures\n"
        '; message : 8 ("seq")\n;\n; name s1._domainkey.debtor.example\n'
        "; algorithm rsa-sha256\n; asked 2026-11-21T21:07:07Z\n"
        "; clé reçue, vue de notre seul serveur / key found, seen by our server only\n"
        "; dnssec: insecure\n; key s1._domainkey.debtor.example p=\\AA\\010\n"
        's1._domainkey.debtor.example. 60 IN TXT "p=AA"\n'
    )

    def keys_maker(self, zone, name="dkim/002.txt", about=8, volume=None):
        """The second entry's message is signed, the third entry tells about its key."""

        class Keyed(asice.Maker):
            def before_signature(self):
                if zone:
                    self.files[name] = zone.encode()

        maker = Keyed(self.keys).fill()
        maker.entries[2] = asice.Entry("dkim-key", signed_entry=about, keys=[self.KEY])
        maker.volume = volume
        return maker.make()

    def test_dns_keys(self):
        told = self.judge_files(INTACT, self.keys_maker(self.ZONE), r"dkim/002.txt: DNS keys of entry 8, ")
        self.assertIn("DKIM library on entries/002.eml", told.stdout)
        for zone in (self.ZONE.replace("p=AA", "p=AB"), self.ZONE + "\n", self.ZONE[:-1], "x",
                     self.ZONE.replace("insecure", "secure")):  # fmt: skip
            self.judge_files(ALTERED, self.keys_maker(zone), "dkim/002.txt: .*not say what the records say")
        self.judge_files(ALTERED, self.keys_maker(None), "dkim/002.txt is missing")
        for name in ("dkim/003.txt", "dkim/009.txt", "dkim/.txt", "dkim/002/x.txt"):
            self.judge_files(ALTERED, self.keys_maker(self.ZONE, name), f"{name}: .*no message")
        self.judge_files(ALTERED, self.keys_maker(self.ZONE, about=5), "no entry of the dossier tells")
        # in one volume of several, the entry may be in another one
        files = self.keys_maker(self.ZONE, about=5, volume=(1, 2))
        self.judge_files(INCOMPLETE, files, "dkim/002.txt: .*in another volume")

    def test_dns_keys_of_a_message_from_review(self):
        class Assigned(asice.Maker):
            key = self.KEY
            message, event = 1, "dkim-key"

            def put_entries(self):
                super().put_entries()
                waiting = asice.Entry("reply", b"Bonjour.\r\n", "inbound")
                waiting.n, waiting.seq, waiting.time = 1, 1, self.entries[0].time
                told = asice.Entry(self.event, signed_entry=self.message, keys=[self.key])
                told.n, told.seq, told.time = 2, 2, self.entries[0].time
                for entry, stem in ((waiting, "002a"), (told, "002b")):
                    record = super().put_entry(entry, stem)
                    self.files[f"entries/{stem}.json"] = record
                    self.leaves[entry.seq - 1] = asice.leaf_hash(record)
                self.late = [waiting, told]

            def put_log(self):
                super().put_log()
                for entry, stem in zip(self.late, ("002a", "002b")):
                    self.files[f"log/{stem}.proof.json"] = self.proof(entry)

            def before_signature(self):
                zone = VerifyEntries.ZONE.replace("message : 8", f"message : {self.message}")
                self.files["dkim/002a.txt"] = zone.encode()

        VerifyEntries = type(self)
        maker = Assigned(self.keys).fill()
        maker.entries[1] = asice.Entry("assign", about=1)
        self.judge_files(INTACT, maker.make(), r"dkim/002a.txt: DNS keys of entry 1, ")
        for change in ({"message": 4}, {"event": "note"}):
            maker = Assigned(self.keys).fill()
            maker.entries[1] = asice.Entry("assign", about=1)
            vars(maker).update(change)
            self.judge_files(ALTERED, maker.make(), "002b.json: no message of its number has these keys")

    def test_an_index_that_lies(self):
        for old, new in ((b'"event": "reply"', b'"event": "dispute"'), (b'"n": 2', b'"n": 7'),
                         (asice.DOSSIER.encode(), b"e" * 32)):  # fmt: skip

            class Lying(asice.Maker):
                def put_index(self, old=old, new=new):
                    super().put_index()
                    self.files["index.json"] = self.files["index.json"].replace(old, new)

            self.judge_files(ALTERED, Lying(self.keys).fill().make(), "^ALTERED: ")

    def volumes(self):
        whole = self.maker()
        head, tail = asice.Maker(self.keys), asice.Maker(self.keys)
        head.entries, tail.entries = whole.entries[:2], whole.entries[2:]
        head.volume, tail.volume = (1, 2), (2, 2)
        tail.first = 3
        first = head.make()
        tail.entries[0].prev = asice.leaf_hash(first["entries/002.json"])
        return self.write(first, "v1.asice"), self.write(tail.make(), "v2.asice")

    def test_volumes(self):
        one, two = self.volumes()
        self.judge(INTACT, *self.pins(), one, two, says="dossier complete: numbers 1 to 4")
        self.judge(INTACT, *self.pins(), two, one)
        for given in ([one], [two], [one, one]):
            self.judge(INCOMPLETE, *self.pins(), *given, says="dossier not complete: ")
        stranger = self.write(self.maker().make(), "stranger.asice")
        self.judge(INCOMPLETE, *self.pins(), one, stranger)


class Log(VerifyCase):
    def test_an_entry_that_is_not_in_the_log(self):
        class Outside(asice.Maker):
            def put_log(self):
                self.leaves[self.entries[1].seq - 1] = asice.leaf_hash(b"what was there before")
                super().put_log()

        self.judge_files(ALTERED, Outside(self.keys).fill().make(), "002.proof.json: it does not")

    def test_a_checkpoint_by_another_key(self):
        class Forged(asice.Maker):
            def before_signature(self):
                other = asice.Keys.__new__(asice.Keys)
                other.__dict__.update(self.keys.__dict__)
                other.log = self.keys.path("other-log.key")
                asice.openssl("genpkey", "-algorithm", "ED25519", "-out", other.log)
                self.files["log/checkpoint"] = other.note(
                    len(self.leaves), asice.root_of(self.leaves)
                )

        self.judge_files(ALTERED, Forged(self.keys).fill().make(), "log/checkpoint: altered")

    def carrying(self, proves, another=False):
        """A reminder that carried the checkpoint of what was before it."""

        class Carrying(asice.Maker):
            def before_entry(self, entry):
                if entry.event == "prepared":
                    self.carried = len(self.leaves)
                    root = os.urandom(32) if another else asice.root_of(self.leaves)
                    note = base64.b64encode(self.keys.note(self.carried, root)).decode()
                    folded = "\r\n ".join(note[i : i + 70] for i in range(0, len(note), 70))
                    entry.message = (f"From: a@b.example\r\nTemoin-Checkpoint: {folded}\r\n\r\n"
                                     "Payez.\r\n").encode()  # fmt: skip

            def put_log(self):
                super().put_log()
                if proves:
                    self.put_consistency(self.carried)

        return Carrying(self.keys).fill().make()

    def test_what_a_reminder_carried(self):
        self.judge_files(INTACT, self.carrying(True), "001.eml: .*it carried the checkpoint of the "
                         "first 3 entries: the log begins with it")  # fmt: skip
        self.judge_files(ALTERED, self.carrying(False), "001.eml: .*no proof in log/")
        self.judge_files(ALTERED, self.carrying(True, another=True), "001.eml: .*two logs")

    def test_a_batch_of_another_log(self):
        class Two(asice.Maker):
            def before_signature(self):
                self.files["batches/001.checkpoint"] = self.keys.note(
                    len(self.leaves) - 1, os.urandom(32)
                )

            def put_records(self):
                self.groups.pop("checkpoint")
                super().put_records()

        self.judge_files(ALTERED, Two(self.keys).fill().make(), "001.checkpoint: .*two logs")


class Dating(VerifyCase):
    def test_not_yet_dated(self):
        maker = self.maker()
        maker.dated = False
        files = maker.make()
        self.judge_files(INTACT, files, "not yet dated", self.pins(tsa=None))
        self.judge_files(UNKNOWN, files, "not yet dated")

    def test_a_record_from_after_its_timestamp(self):
        maker = self.maker()
        maker.entries[2].time = "2099-01-01T00:00:00Z"
        self.judge_files(ALTERED, maker.make(), "003.json: .*after its timestamp")

    def test_another_authority(self):
        maker = self.maker()
        maker.tsa = "false-tsa"
        self.judge_files(UNKNOWN, maker.make(), "timestamp authority not identified")

    def test_a_token_over_something_else(self):
        class Other(asice.Maker):
            def put_batches(self):
                super().put_batches()
                self.files["batches/001.tst"] = self.keys.stamp(os.urandom(32))

        self.judge_files(ALTERED, Other(self.keys).fill().make(), "does not reduce")

    def test_a_token_that_is_not_the_batchs(self):
        class Other(asice.Maker):
            def evidence(self, lists, token):
                return super().evidence(lists, self.keys.stamp(self.lists[0][1]))

        self.judge_files(ALTERED, Other(self.keys).fill().make(), "none of those in batches/")

    def test_the_archive_token_over_something_else(self):
        class Other(asice.Maker):
            def put_archive(self):
                super().put_archive()
                self.files[asice.TIMESTAMP] = self.keys.stamp(os.urandom(32))

        self.judge_files(ALTERED, Other(self.keys).fill().make(), "timestamp001.tst: it is not over")

    def renewed(self, wrong=False):
        """The timestamp renewed once, then the tree (RFC 4998, 5.2)."""

        class Renewed(asice.Maker):
            def evidence(self, lists, token):
                first = asice.archive_timestamp(lists, token)
                covered = asice.sha256(token, b"x" if wrong == "token" else b"")
                again = asice.archive_timestamp([[covered]], self.keys.stamp(covered))
                past = asice.sha256(asice.der(0x30, asice.der(0x30, first, again)))
                if wrong == "tree":
                    past = os.urandom(32)
                group = sorted(asice.sha256(h, past) for h in lists[0])
                root = asice.node([asice.node(group), asice.sha256(b"another")])
                tree = asice.archive_timestamp(
                    [group, [asice.sha256(b"another")]], self.keys.stamp(root)
                )
                return asice.evidence_record([first, again], [tree])

        return Renewed(self.keys).fill().make()

    def test_renewals(self):
        self.judge_files(INTACT, self.renewed(), "timestamp renewed since")
        for wrong in ("token", "tree"):
            self.judge_files(ALTERED, self.renewed(wrong), "evidencerecord001.ers: altered")

    def test_evidence_records_that_are_none(self):
        good = self.maker().make()["META-INF/evidencerecord001.ers"]

        for bad in (b"", b"\x30\x80", good[:-1], good + b"\0", b"\x30\x84\xff\xff\xff\xff",
                    asice.evidence_record(), asice.evidence_record([])):  # fmt: skip

            class Bad(asice.Maker):
                def evidence(self, lists, token, bad=bad):
                    return bad

            self.judge_files(ALTERED, Bad(self.keys).fill().make(), "evidencerecord001.ers: altered")

    def test_a_record_over_more_than_its_group(self):
        class More(asice.Maker):
            def put_batches(self):
                super().put_batches()
                lists = [sorted(self.lists[0][0][0] + [os.urandom(32)])]
                self.lists = [(lists, asice.node(lists[0]))] * len(self.lists)
                self.files["batches/001.tst"] = self.keys.stamp(self.lists[0][1])

        self.judge_files(ALTERED, More(self.keys).fill().make(), "not about these files")
