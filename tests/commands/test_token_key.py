"""Keys in a token (PKCS#11, SoftHSM): records and evidence files are signed there, and what goes
wrong is said without the PIN."""

import subprocess
import time
import unittest
import zipfile

from lib import pkcs11, wait
from lib.case import BUILD, Case, contacts_csv, invoices_csv
from lib.temoind import Temoind


class Tokened(Temoind):
    """Its seal's key and its export's are in a token."""

    token = None
    changed = {}

    def environment(self):
        return {**super().environment(), **self.token.environment(), **self.changed}

    def use(self, **settings):
        self.settings.update(settings)
        self.write_configuration()


@unittest.skipUnless(pkcs11.available(), "softhsm2 or opensc is not installed")
class TokenCase(Case):
    def setUp(self):
        directory = self.directory / self._testMethodName
        directory.mkdir(mode=0o755)
        self.token = pkcs11.Token(directory / "token")
        for number, name in enumerate(("seal", "export"), 1):
            self.token.key(name, "Exemple SAS", f"0{number}")
        self.daemon = Tokened(directory, BUILD)
        self.daemon.token, self.daemon.changed = self.token, {}
        self.log_files.append(self.daemon.log_file)
        for name in ("seal", "export"):
            self.daemon.settings[f"{name}_key"] = self.token.uri(name)
            self.daemon.settings[f"{name}_certificate"] = self.token.certificate(name)
        self.daemon.prepare()
        self.temoin = self.daemon.temoin

    def tearDown(self):
        self.assertEqual(self.daemon.sanitizer_reports(), "")

    def start(self):
        self.daemon.start()
        self.addCleanup(self.daemon.stop)

    def fill(self):
        self.daemon.import_csv("i.csv", invoices_csv([("F-1", "ACME")]))
        self.daemon.import_csv("c.csv", contacts_csv())
        self.temoin("note", "F-1", "appelé")

    def unsigned(self):
        return self.daemon.json("stats")["seal"]["unsigned"]

    def assert_signed_soon(self):
        wait.until(lambda: self.unsigned() == 0, 10, "all records to be signed")

    def assert_no_pin_in(self, text):
        for pin in (pkcs11.PIN, "".join(f"%{o:02X}" for o in pkcs11.PIN.encode()), "pin-value=%"):
            self.assertNotIn(pin, text)


class Signing(TokenCase):
    def cms_verify(self, content, signature, certificate):
        done = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER",
             "-in", signature, "-content", content, "-CAfile", certificate, "-purpose", "any",
             "-out", "/dev/null"], capture_output=True, text=True, timeout=30)  # fmt: skip
        return done.returncode == 0, done.stdout + done.stderr

    def test_records_and_evidence(self):
        self.assertFalse(list(self.daemon.keys.glob("seal.*")))  # no key of it lies in a file
        self.start()
        self.fill()
        self.assert_signed_soon()
        self.temoin("verify", "--log")
        path = self.daemon.directory / "f.asice"
        self.temoin("evidence", "F-1", "-o", path)
        seal, export = map(self.token.certificate, ("seal", "export"))
        self.temoin("verify", path, "--seal", seal, "--seal", export)
        out = self.daemon.directory / "unpacked"
        with zipfile.ZipFile(path) as container:
            container.extractall(out)
        checked = 0
        for signature in out.glob("entries/*.p7s"):
            good, said = self.cms_verify(signature.with_suffix(""), signature, seal)
            self.assertTrue(good, said)
            self.assertFalse(self.cms_verify(seal, signature, seal)[0])
            checked += 1
        self.assertGreaterEqual(checked, 2)
        manifest = out / "META-INF/ASiCManifest001.xml"
        good, said = self.cms_verify(manifest, out / "META-INF/signature001.p7s", export)
        self.assertTrue(good, said)
        # a key that is another's in the same token does not do
        self.assertFalse(self.cms_verify(manifest, out / "META-INF/signature001.p7s", seal)[0])
        self.assert_no_pin_in(self.daemon.log())

    def test_check(self):
        said = self.temoin("check", status=None).stdout
        for name in ("seal", "export"):
            self.assertRegex(said, rf"{name}( seal)?: key and certificate agree, SHA-256 [0-9a-f]{{64}}")


class Trouble(TokenCase):
    def test_a_token_that_comes_later(self):
        self.token.unplug()
        self.start()
        self.fill()
        line = self.daemon.logged("records are not being signed", "token=temoin;object=seal")
        self.assertRegex(line, "token (can be reached|that is there)")
        self.assertIn("trying again every second", line)
        self.assertGreater(self.unsigned(), 0)
        self.token.plug_in()
        self.assert_signed_soon()
        self.temoin("verify", "--log")

    def test_a_refused_pin_is_tried_once(self):
        """Tokens lock themselves after three, and SoftHSM, which does not, cannot be asked how
        many there were: a PIN that is right by now is not tried either."""
        self.token.write_pin("wrong-one")
        self.start()
        self.fill()
        line = self.daemon.logged("records are not being signed", "refuses the PIN")
        self.assertIn("not tried again before a reload", line)
        self.token.write_pin(pkcs11.PIN)
        path = self.daemon.directory / "f.asice"
        argv = [BUILD / "temoin", "--config", self.daemon.config_file, "evidence", "F-1", "-o", path]
        command = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True,
                                   stdout=subprocess.DEVNULL, env=self.daemon.environment())  # fmt: skip
        self.addCleanup(command.stderr.close)
        time.sleep(3)  # the command may not sign in the sealer's place: it would try the PIN, too
        self.assertGreater(self.unsigned(), 0)
        self.assertIsNone(command.poll())
        self.daemon.reload()
        said = command.communicate(timeout=60)[1]
        self.assertEqual(command.returncode, 0, said)
        self.temoin("verify", "--log")
        for text in (self.daemon.log(), said):
            self.assertNotIn("wrong-one", text)
            self.assert_no_pin_in(text)

    def test_a_reload_takes_another_key(self):
        good = self.token.uri("seal")
        self.daemon.use(seal_key=good.replace("object=seal", "object=export"))
        self.start()
        self.fill()
        self.daemon.logged("records are not being signed", "is not the key of the certificate")
        self.daemon.use(seal_key=good)
        self.daemon.reload()
        self.assert_signed_soon()
        self.temoin("verify", "--log")

    def forgive_the_engine(self):
        """libp11 loses memory when it is loaded, when it fails and at exit; ours is still seen."""
        path = self.daemon.directory / "leaks"
        path.write_text("leak:engines-3/pkcs11.so\nleak:ENGINE_by_id\nleak:OPENSSL_cleanup\n")
        return {
            "LSAN_OPTIONS": f"suppressions={path}:print_suppressions=0",
            "ASAN_OPTIONS": self.daemon.environment()["ASAN_OPTIONS"] + ":fast_unwind_on_malloc=0",
        }

    def test_what_is_wrong_is_said(self):
        forgiving = self.daemon.changed = self.forgive_the_engine()
        wrong = self.daemon.directory / "wrong"
        wrong.write_text("4321\n")
        empty = self.daemon.directory / "empty"
        empty.write_text("\n")
        good = self.token.uri("seal")
        bare = self.token.uri("seal", pin=False)
        for uri, words in (
            (f"{bare}?pin-source={wrong}", r"refuses the PIN \(PIN incorrect\)"),
            (f"{bare}?pin-value=4321", r"pin-value=…: the token refuses the PIN"),
            (bare, "wants a PIN: name a file"),
            (f"{bare}?pin-source=/nowhere", "/nowhere: the PIN's file cannot be opened"),
            (f"{bare}?pin-source=file:{empty}", "empty: holds no PIN"),
            (f"{bare}?pin-source=relative", "absolute path"),
            (f"{bare}?pin-source=/%2", "absolute path"),
            (good.replace("token=temoin", "token=other"), "is the token connected"),
            (good.replace("object=seal", "object=other"), "is the token connected"),
            (good.replace("object=seal", "object=%zz"), "is no PKCS#11 URI"),
            (good.replace("object=seal", "object=export"), "is not the key of the certificate"),
        ):  # fmt: skip
            with self.subTest(uri=uri):
                self.daemon.use(seal_key=uri)
                done = self.temoin("check", status=None)
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stdout + done.stderr, words)
                self.assertNotIn("4321", done.stdout + done.stderr)
                self.assert_no_pin_in(done.stdout + done.stderr)
        self.daemon.use(seal_key=good)
        for name, value, words in (
            ("PKCS11_MODULE_PATH", "/nowhere.so", "no token can be reached"),
            ("OPENSSL_ENGINES", "/nowhere", "install libengine-pkcs11-openssl"),
        ):
            with self.subTest(name=name):
                self.daemon.changed = {**forgiving, name: value}
                done = self.temoin("check", status=None)
                self.assertRegex(done.stdout + done.stderr, words)

    def test_pin_source_percent_encoded(self):
        path = self.daemon.directory / "a;b"
        path.write_text(pkcs11.PIN + "\r\n")
        uri = self.token.uri("seal", pin=False)
        self.daemon.use(seal_key=f"{uri}?pin-source=file://{str(path).replace(';', '%3b')}")
        self.assertRegex(self.temoin("check", status=None).stdout, "seal: key and certificate agree")


if __name__ == "__main__":
    unittest.main()
