"""A private SoftHSM token with key pairs that never leave it, and their certificates.

    token = Token(directory)             # directory/softhsm2.conf, tokens/, pin
    token.key("seal", "Exemple SAS")     # and directory/seal.pem
    token.uri("seal")                    # pkcs11:token=temoin;object=seal?pin-source=…
    token.environment()                  # for whoever is to use it
"""

import os
import pathlib
import shutil
import subprocess

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "84%1;7&?"  # what has a meaning in a URI is none of the token's business


def available():
    return all(map(shutil.which, ("softhsm2-util", "pkcs11-tool", "openssl")))


class Token:
    label = "temoin"

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.tokens, self.pin_file = self.directory / "tokens", self.directory / "pin"
        self.tokens.mkdir(parents=True)
        (self.directory / "softhsm2.conf").write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        self.write_pin(PIN)
        self.run("softhsm2-util", "--init-token", "--free", "--label", self.label,
                 "--so-pin", "12345678", "--pin", PIN)  # fmt: skip

    def environment(self):
        return {
            "SOFTHSM2_CONF": str(self.directory / "softhsm2.conf"),
            "PKCS11_MODULE_PATH": MODULE,
        }

    def run(self, *argv):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **self.environment()})  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def write_pin(self, text):
        """With a line end, as editors write it."""
        self.pin_file.write_text(text + "\n")
        self.pin_file.chmod(0o444)

    def uri(self, name, pin=True):
        query = f"?pin-source=file:{self.pin_file}" if pin else ""
        return f"pkcs11:token={self.label};object={name}{query}"

    def certificate(self, name):
        return self.directory / f"{name}.pem"

    def key(self, name, company, identity):
        made = self.run("pkcs11-tool", "--module", MODULE, "--token-label", self.label, "--login",
                        "--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1",
                        "--label", name, "--id", identity)  # fmt: skip
        if "never extractable" not in made:
            raise AssertionError(made)
        quoted = "".join(f"%{octet:02x}" for octet in PIN.encode())
        self.run("openssl", "req", "-engine", "pkcs11", "-keyform", "engine", "-new", "-x509",
                 "-key", f"pkcs11:token={self.label};object={name}?pin-value={quoted}",
                 "-subj", f"/O={company}/CN={company}", "-days", "400", "-sha256",
                 "-addext", "keyUsage=critical,digitalSignature,nonRepudiation",
                 "-out", self.certificate(name))  # fmt: skip
        self.share()

    def share(self):
        """SoftHSM locks and reads its files as whoever uses it: here several users do."""
        for path in (self.tokens, *self.tokens.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def unplug(self):
        self.tokens.rename(self.directory / "away")
        self.tokens.mkdir(mode=0o755)

    def plug_in(self):
        self.tokens.rmdir()
        (self.directory / "away").rename(self.tokens)
